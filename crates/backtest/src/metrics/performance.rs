//! What closed trades say together.

use seawall_model::{ModelError, Money, PositionSide, Ts};
use serde::Serialize;

use super::facts::Facts;
use super::groups::{Group, group};
use super::ratios::{deviation, expectancy_ratio, longest_runs, mean, median, ratio, system_quality};

/// Times in the market in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Durations {
    /// Mean.
    pub avg_s: Option<f64>,
    /// Shortest.
    pub min_s: Option<f64>,
    /// Longest.
    pub max_s: Option<f64>,
}

/// One trade, named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedTrade {
    /// Its number.
    pub id: u32,
    /// Its instrument.
    pub instrument: String,
    /// Profit after costs.
    pub profit_abs: Money,
    /// In percent of the value entered with.
    pub profit_pct: Option<f64>,
}

/// Results in multiples of the planned risk, over the closed trades that had one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RStatistics {
    /// How many trades.
    pub count: u64,
    /// Sum.
    pub sum: f64,
    /// Mean: the expectancy in R.
    pub avg: Option<f64>,
    /// Median.
    pub median: Option<f64>,
    /// Sample standard deviation.
    pub deviation: Option<f64>,
    /// Best.
    pub max: Option<f64>,
    /// Worst; below -1 where a stop filled beyond its price or costs were added.
    pub min: Option<f64>,
    /// Share of trades above 3 R.
    pub above_3_pct: Option<f64>,
}

/// How far prices went against and for the closed trades, whole quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Excursions {
    /// Mean of the worst, in percent of the value entered with.
    pub mae_avg_pct: Option<f64>,
    /// The worst of all.
    pub mae_worst: Money,
    /// Mean of the best, in percent of the value entered with.
    pub mfe_avg_pct: Option<f64>,
    /// The best of all.
    pub mfe_best: Money,
    /// Mean of the best among the losers, in percent of the value entered with: what was given back.
    pub mfe_losers_avg_pct: Option<f64>,
}

/// Everything about trades.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performance {
    /// All trades, those open at the end included.
    pub trades: u64,
    /// Closed trades: the ratios below are about these.
    pub trades_closed: u64,
    /// Open at the end, marked at the last price.
    pub trades_open: u64,
    /// Closed with a profit after costs.
    pub wins: u64,
    /// Closed at zero.
    pub draws: u64,
    /// Closed with a loss after costs.
    pub losses: u64,
    /// Share of wins.
    pub win_rate_pct: Option<f64>,
    /// Profits over losses, both after costs; absent without a loss.
    pub profit_factor: Option<f64>,
    /// Mean profit of a trade.
    pub expectancy: Option<f64>,
    /// See [`expectancy_ratio`].
    pub expectancy_ratio: Option<f64>,
    /// System quality number.
    pub sqn: Option<f64>,
    /// Mean profit in percent of the value entered with.
    pub profit_avg_pct: Option<f64>,
    /// Median profit in percent of the value entered with.
    pub profit_median_pct: Option<f64>,
    /// Mean value entered with, all trades.
    pub stake_avg: Option<f64>,
    /// Value of all fills of all trades.
    pub total_volume: Money,
    /// Long trades, open ones included.
    pub long: Group,
    /// Short trades, open ones included.
    pub short: Group,
    /// The closed trade that gained most.
    pub best_trade: Option<NamedTrade>,
    /// The closed trade that lost most.
    pub worst_trade: Option<NamedTrade>,
    /// Time in the market of the winners.
    pub duration_winners: Durations,
    /// Time in the market of the losers.
    pub duration_losers: Durations,
    /// Longest run of wins, in the order in which trades closed.
    pub consecutive_wins_max: u64,
    /// Longest run of losses.
    pub consecutive_losses_max: u64,
    /// Results in R.
    pub r: RStatistics,
    /// Excursions.
    pub excursions: Excursions,
}

/// Computes everything about trades.
///
/// # Errors
/// [`ModelError::Overflow`] where a sum does not fit into 28 digits.
pub fn performance(facts: &[Facts<'_>], initial: Money) -> Result<Performance, ModelError> {
    let closed: Vec<&Facts<'_>> = facts.iter().filter(|one| !one.is_open()).collect();
    let side = |side| facts.iter().filter(|one| one.trade.side == side).collect::<Vec<_>>();
    let whole = group("all", &facts.iter().collect::<Vec<_>>(), initial)?;
    let profits: Vec<f64> = closed.iter().map(|one| one.trade.pnl.to_f64()).collect();
    let percents: Vec<f64> = closed.iter().filter_map(|one| one.profit_pct).collect();
    let stakes: Vec<f64> = facts.iter().map(|one| one.trade.entry_value.to_f64()).collect();
    let total_volume = facts
        .iter()
        .try_fold(Money::ZERO, |sum, one| sum.plus(one.trade.entry_value)?.plus(one.exit_value))?;
    let (runs_of_wins, runs_of_losses) =
        longest_runs(closed.iter().map(|one| one.trade.pnl.cmp(&Money::ZERO)));
    let durations_of = |wins: bool| {
        let wanted = |one: &&&Facts<'_>| {
            if wins { one.trade.pnl > Money::ZERO } else { one.trade.pnl < Money::ZERO }
        };
        durations(&closed.iter().filter(wanted).map(|one| one.duration_s).collect::<Vec<_>>())
    };
    Ok(Performance {
        trades: whole.trades,
        trades_closed: closed.len() as u64,
        trades_open: whole.open,
        wins: whole.wins,
        draws: whole.draws,
        losses: whole.losses,
        win_rate_pct: whole.win_rate_pct,
        profit_factor: profit_factor(&profits),
        expectancy: mean(&profits),
        expectancy_ratio: expectancy_ratio(&profits),
        sqn: system_quality(&profits),
        profit_avg_pct: mean(&percents),
        profit_median_pct: median(&percents),
        stake_avg: mean(&stakes),
        total_volume,
        long: group("long", &side(PositionSide::Long), initial)?,
        short: group("short", &side(PositionSide::Short), initial)?,
        best_trade: closed.iter().copied().reduce(|best, one| better(one, best)).map(named),
        worst_trade: closed.iter().copied().reduce(|worst, one| worse(one, worst)).map(named),
        duration_winners: durations_of(true),
        duration_losers: durations_of(false),
        consecutive_wins_max: runs_of_wins,
        consecutive_losses_max: runs_of_losses,
        r: r_statistics(&closed.iter().filter_map(|one| one.r).collect::<Vec<_>>()),
        excursions: excursions(&closed),
    })
}

/// The first of the best: a later one has to be better, not equal.
fn better<'f, 'a>(one: &'f Facts<'a>, best: &'f Facts<'a>) -> &'f Facts<'a> {
    if one.trade.pnl > best.trade.pnl { one } else { best }
}

fn worse<'f, 'a>(one: &'f Facts<'a>, worst: &'f Facts<'a>) -> &'f Facts<'a> {
    if one.trade.pnl < worst.trade.pnl { one } else { worst }
}

pub(super) fn named(one: &Facts<'_>) -> NamedTrade {
    NamedTrade {
        id: one.trade.id,
        instrument: one.instrument.name().to_string(),
        profit_abs: one.trade.pnl,
        profit_pct: one.profit_pct,
    }
}

fn profit_factor(profits: &[f64]) -> Option<f64> {
    let won: f64 = profits.iter().filter(|profit| **profit > 0.0).sum();
    let lost: f64 = profits.iter().filter(|profit| **profit < 0.0).sum();
    ratio(won, lost.abs())
}

fn extreme(values: &[f64], choose: fn(f64, f64) -> f64) -> Option<f64> {
    values.iter().copied().reduce(choose)
}

fn durations(seconds: &[f64]) -> Durations {
    Durations { avg_s: mean(seconds), min_s: extreme(seconds, f64::min), max_s: extreme(seconds, f64::max) }
}

fn r_statistics(values: &[f64]) -> RStatistics {
    let large = values.iter().filter(|value| **value > 3.0).count();
    RStatistics {
        count: values.len() as u64,
        sum: values.iter().fold(0.0, |sum, value| sum + value),
        avg: mean(values),
        median: median(values),
        deviation: deviation(values),
        max: extreme(values, f64::max),
        min: extreme(values, f64::min),
        above_3_pct: ratio(large as f64 * 100.0, values.len() as f64),
    }
}

fn excursions(closed: &[&Facts<'_>]) -> Excursions {
    let pct = |one: &&&Facts<'_>, part: Money| ratio(part.to_f64() * 100.0, one.trade.entry_value.to_f64());
    let mae: Vec<f64> = closed.iter().filter_map(|one| pct(&one, one.mae)).collect();
    let mfe: Vec<f64> = closed.iter().filter_map(|one| pct(&one, one.mfe)).collect();
    let losers = closed.iter().filter(|one| one.trade.pnl < Money::ZERO);
    let given_back: Vec<f64> = losers.filter_map(|one| pct(&one, one.mfe)).collect();
    Excursions {
        mae_avg_pct: mean(&mae),
        mae_worst: closed.iter().map(|one| one.mae).min().unwrap_or(Money::ZERO),
        mfe_avg_pct: mean(&mfe),
        mfe_best: closed.iter().map(|one| one.mfe).max().unwrap_or(Money::ZERO),
        mfe_losers_avg_pct: mean(&given_back),
    }
}

/// Share of the run, from `start` to `end`, during which at least one position was open.
#[must_use]
pub fn exposure_pct(facts: &[Facts<'_>], start: Ts, end: Ts) -> Option<f64> {
    let mut times: Vec<(Ts, Ts)> =
        facts.iter().map(|one| (one.trade.entry_at, one.trade.closed_at.unwrap_or(end))).collect();
    times.sort_unstable();
    let (mut covered, mut until) = (0.0, start);
    for (from, to) in times {
        let (from, to) = (from.max(until), to.min(end));
        covered += to.since(from).secs_f64().max(0.0);
        until = until.max(to);
    }
    ratio(covered * 100.0, end.since(start).secs_f64())
}
