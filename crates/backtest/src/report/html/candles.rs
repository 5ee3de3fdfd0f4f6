//! Candle charts: one overview an instrument, and the trades worth a closer look.

use std::fmt::Write;

use seawall_model::{ExitReason, Money, PositionSide};
use seawall_strategy::StrategyKind;

use super::bars::{Bars, coarser, extent};
use super::plot::{Mark, Plot, Scale, TICKS_NARROW, TICKS_WIDE, escape, seconds, time_labels};
use crate::market::MarketSeries;
use crate::metrics::Facts;
use crate::report::View;
use crate::report::format::number;

/// Bars of an overview at most.
const OVERVIEW_BARS: i64 = 600;
/// Bars of a trade's own chart at most.
const DETAIL_BARS: i64 = 150;
/// Trades that an overview shows at most: those that gained or lost most.
const OVERVIEW_TRADES: usize = 300;
/// Trades up to which each is drawn large enough to be told from the next.
const DISTINCT_TRADES: usize = 60;
/// Overviews that are drawn at most.
pub(super) const OVERVIEWS_MAX: usize = 20;
/// How many of the first, the best and the worst trades get their own chart.
pub(super) const DETAILS_EACH: usize = 3;

/// Overviews of the instruments that traded, then of those that did not, each in the order of the market.
pub(super) fn overviews(view: &View<'_>) -> (Vec<Plot>, Vec<Plot>) {
    let traded = |index: &usize| view.facts.iter().any(|one| one.trade.instrument.index() == *index);
    let (busy, idle): (Vec<usize>, Vec<usize>) = (0..view.market.series().len()).partition(traded);
    let room = OVERVIEWS_MAX.saturating_sub(busy.len());
    let draw = |order: Vec<usize>, most: usize| {
        order.into_iter().take(most).filter_map(|index| overview(view, index)).collect()
    };
    (draw(busy, OVERVIEWS_MAX), draw(idle, room))
}

fn overview(view: &View<'_>, index: usize) -> Option<Plot> {
    let series = view.market.series().get(index)?;
    let instrument = view.market.instruments().get(index)?;
    let bars = coarser(series, instrument, &series.candles, OVERVIEW_BARS);
    let (from, to) = extent(&bars, &series.candles);
    let time = Scale::new(from, to);
    let prices = Scale::around(bars.list.iter().flat_map(|bar| [bar.low, bar.high]));
    let mut own: Vec<&Facts<'_>> =
        view.facts.iter().filter(|one| one.trade.instrument == instrument.id()).collect();
    let all = own.len();
    own.sort_by_key(|one| (core::cmp::Reverse(one.trade.pnl.abs()), one.trade.id));
    own.truncate(OVERVIEW_TRADES);
    own.sort_by_key(|one| one.trade.id);
    let crowded = own.len() > DISTINCT_TRADES;
    let drawn = candles(&bars, time, prices);
    let mut svg = if crowded {
        format!("<g class=\"behind\">{drawn}</g><g class=\"many\">")
    } else {
        format!("{drawn}<g>")
    };
    for one in &own {
        connection(one, view, time, prices, &mut svg);
    }
    svg.push_str("</g>");
    let shown = if all > own.len() {
        format!("the {} of {all} trades that gained or lost most", own.len())
    } else {
        format!("{all} trade{}", if all == 1 { "" } else { "s" })
    };
    let colours = if crowded { "; entries that gained are blue, those that lost orange" } else { "" };
    let (first, last) = (series.candles.first()?, series.candles.last()?);
    Some(Plot {
        title: instrument.name().to_string(),
        note: format!("{} bars, {shown}{colours}", bars.label),
        pixels: 280,
        svg,
        x: time_labels(first.open_time, last.known_at, TICKS_WIDE),
        y: prices.labels(6.0, ""),
        marks: Vec::new(),
    })
}

/// The first, the best and the worst trades, each once, in order of time, with why they are here.
pub(super) fn details(view: &View<'_>) -> Vec<Plot> {
    let mut by_profit: Vec<&Facts<'_>> = view.facts.iter().collect();
    by_profit.sort_by_key(|one| (one.trade.pnl, one.trade.id));
    let worst = by_profit.iter().filter(|one| one.trade.pnl < Money::ZERO).take(DETAILS_EACH);
    let best = by_profit.iter().rev().filter(|one| one.trade.pnl > Money::ZERO).take(DETAILS_EACH);
    let mut chosen: Vec<(&Facts<'_>, &'static str)> = Vec::new();
    chosen.extend(worst.map(|one| (*one, "among the worst")));
    chosen.extend(best.map(|one| (*one, "among the best")));
    let mut by_id: Vec<&Facts<'_>> = view.facts.iter().collect();
    by_id.sort_by_key(|one| one.trade.id);
    for one in by_id.into_iter().take(DETAILS_EACH) {
        if !chosen.iter().any(|(known, _)| known.trade.id == one.trade.id) {
            chosen.push((one, "among the first"));
        }
    }
    chosen.sort_by_key(|(one, _)| one.trade.id);
    chosen.into_iter().filter_map(|(one, why)| detail(view, one, why)).collect()
}

fn detail(view: &View<'_>, facts: &Facts<'_>, why: &str) -> Option<Plot> {
    let trade = facts.trade;
    let series = view.market.series().get(trade.instrument.index())?;
    let (_, end) = view.market.span();
    let until = trade.closed_at.unwrap_or(end);
    let base = series.timeframe.span().nanos();
    let room = (until.since(trade.decided_at).nanos() / 3).max(base.saturating_mul(16));
    let from = trade.decided_at.nanos().saturating_sub(room);
    let to = until.nanos().saturating_add(room);
    let first = series.candles.partition_point(|candle| candle.open_time.nanos() < from);
    let last = series.candles.partition_point(|candle| candle.open_time.nanos() < to);
    let candles_shown = series.candles.get(first..last)?;
    let bars = coarser(series, facts.instrument, candles_shown, DETAIL_BARS);
    let (start, stop) = extent(&bars, candles_shown);
    let time = Scale::new(start, stop);
    let lines = Lines::new(view, facts);
    let exits = trade.exits.iter().map(|exit| facts.instrument.price_f64(exit.price));
    let prices =
        Scale::around(bars.list.iter().flat_map(|bar| [bar.low, bar.high]).chain(lines.all()).chain(exits));
    let mut svg = lines.draw(time.x(seconds(trade.entry_at)), time.x(seconds(until)), prices);
    svg.push_str(&candles(&bars, time, prices));
    let profit = view.money.with_currency(trade.pnl);
    let r = facts.r.map_or_else(String::new, |r| format!(", {} R", number(Some(r), 2)));
    Some(Plot {
        title: format!("#{} {} {}: {profit}{r}", trade.id, facts.instrument.name(), trade.side.name()),
        note: format!("{why}; {}; ended by {}; {} bars", trade.setup.name(), ended(facts), bars.label),
        pixels: 260,
        svg,
        x: time_labels(candles_shown.first()?.open_time, candles_shown.last()?.known_at, TICKS_NARROW),
        y: prices.labels(6.0, ""),
        marks: marks(facts, time, prices),
    })
}

fn ended(facts: &Facts<'_>) -> &'static str {
    crate::metrics::groups::exit_name(facts)
}

/// The horizontal lines of a trade.
struct Lines {
    entry: f64,
    stop: Option<f64>,
    target: Option<f64>,
}

impl Lines {
    fn new(view: &View<'_>, facts: &Facts<'_>) -> Self {
        let instrument = facts.instrument;
        let entry = facts.entry_price().to_f64();
        Lines {
            entry,
            stop: facts.trade.initial_stop.map(|stop| instrument.price_f64(stop)),
            target: target(view, facts, entry),
        }
    }

    fn all(&self) -> impl Iterator<Item = f64> {
        [Some(self.entry), self.stop, self.target].into_iter().flatten()
    }

    /// The risk from entry to stop, the reward from entry to target, and the lines themselves.
    fn draw(&self, from: f64, to: f64, prices: Scale) -> String {
        let (entry, width) = (prices.y(self.entry), (to - from).max(1.0));
        let mut svg = String::new();
        for (price, zone) in [(self.stop, "stop"), (self.target, "target")] {
            let Some(y) = price.map(|price| prices.y(price)) else { continue };
            let (top, height) = (y.min(entry), (y - entry).abs());
            // Writing to a string cannot fail.
            let _ = write!(
                svg,
                "<rect class=\"{zone}-zone\" x=\"{from:.0}\" y=\"{top:.0}\" width=\"{width:.0}\" \
                 height=\"{height:.0}\"/><path class=\"{zone}-line\" d=\"M{from:.0} {y:.0}h{width:.0}\"/>"
            );
        }
        let _ = write!(svg, "<path class=\"entry-line\" d=\"M{from:.0} {entry:.0}h{width:.0}\"/>");
        svg
    }
}

/// Where the last target lay: known from its fill, or from the settings where they fix it.
fn target(view: &View<'_>, facts: &Facts<'_>, entry: f64) -> Option<f64> {
    let filled = facts.trade.exits.iter().rev().find_map(|exit| match exit.reason {
        ExitReason::TakeProfit(_) => Some(facts.instrument.price_f64(exit.price)),
        ExitReason::StopLoss
        | ExitReason::BreakEven
        | ExitReason::TrailingStop
        | ExitReason::Signal
        | ExitReason::Reversal
        | ExitReason::Premise
        | ExitReason::AbandonShip
        | ExitReason::TimeExit
        | ExitReason::Manual
        | ExitReason::Flatten
        | ExitReason::Unprotected
        | ExitReason::Liquidation
        | ExitReason::External
        | ExitReason::Shock
        | ExitReason::Rebalance
        | ExitReason::Auction => None,
    });
    let strategy = &view.settings.strategy;
    let share = match strategy.name {
        StrategyKind::EmaCross => strategy.ema_cross.target_pct.map(|pct| pct.to_f64() / 100.0),
        StrategyKind::Smc | StrategyKind::Signals => None,
    };
    filled.or_else(|| share.map(|share| entry * (1.0 + direction(facts) * share)))
}

fn direction(facts: &Facts<'_>) -> f64 {
    match facts.trade.side {
        PositionSide::Short => -1.0,
        PositionSide::Long | PositionSide::Flat => 1.0,
    }
}

fn marks(facts: &Facts<'_>, time: Scale, prices: Scale) -> Vec<Mark> {
    let instrument = facts.instrument;
    let place = |at, price: f64| (time.share(seconds(at)) * 100.0, (1.0 - prices.share(price)) * 100.0);
    let trade = facts.trade;
    let (x, y) = place(trade.entry_at, facts.entry_price().to_f64());
    let is_short = trade.side == PositionSide::Short;
    let entry = Mark {
        x,
        y,
        text: if is_short { "▼" } else { "▲" },
        class: "entry",
        title: format!("entry at {}", facts.entry_price()),
    };
    let exits = trade.exits.iter().map(|exit| {
        let (x, y) = place(exit.at, instrument.price_f64(exit.price));
        let title = format!("{} at {}", exit.reason.name(), instrument.price(exit.price));
        Mark { x, y, text: "✕", class: "exit", title }
    });
    std::iter::once(entry).chain(exits).collect()
}

/// A trade on an overview: a line from entry to last exit, a dot where it began.
fn connection(facts: &Facts<'_>, view: &View<'_>, time: Scale, prices: Scale, svg: &mut String) {
    let trade = facts.trade;
    let (_, end) = view.market.span();
    let instrument = facts.instrument;
    let exit = facts.exit_price().map(|price| price.to_f64());
    let last = view.market.series().get(trade.instrument.index()).and_then(|series| series.candles.last());
    let exit = exit.or_else(|| last.map(|candle| instrument.price_f64(candle.close)));
    let (x, y) = (time.x(seconds(trade.entry_at)), prices.y(facts.entry_price().to_f64()));
    let (to_x, to_y) = (time.x(seconds(trade.closed_at.unwrap_or(end))), prices.y(exit.unwrap_or(0.0)));
    let (class, dot) = if trade.pnl > Money::ZERO { ("win", "dot") } else { ("loss", "dot bad") };
    let title = format!("#{} {} {}", trade.id, trade.side.name(), view.money.with_currency(trade.pnl));
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<path class=\"{class}\" d=\"M{x:.0} {y:.0}L{to_x:.0} {to_y:.0}\"><title>{}</title></path>\
         <path class=\"{dot}\" d=\"M{x:.0} {y:.0}h1\"/>",
        escape(&title)
    );
}

/// Wicks and bodies as four paths: rising and falling.
fn candles(bars: &Bars, time: Scale, prices: Scale) -> String {
    let (mut up, mut down) = ((String::new(), String::new()), (String::new(), String::new()));
    for bar in &bars.list {
        let (left, right) = (time.x(bar.at + bars.length * 0.15), time.x(bar.at + bars.length * 0.85));
        let middle = f64::midpoint(left, right);
        let (open, close) = (prices.y(bar.open), prices.y(bar.close));
        let (wicks, bodies) = if bar.close >= bar.open { &mut up } else { &mut down };
        // Writing to a string cannot fail.
        let _ = write!(wicks, "M{middle:.0} {:.0}V{:.0}", prices.y(bar.high), prices.y(bar.low));
        let (top, bottom) = (open.min(close), open.max(close).max(open.min(close) + 2.0));
        let _ = write!(bodies, "M{left:.0} {top:.0}H{right:.0}V{bottom:.0}H{left:.0}Z");
    }
    format!(
        "<path class=\"wick up\" d=\"{}\"/><path class=\"body up\" d=\"{}\"/>\
         <path class=\"wick down\" d=\"{}\"/><path class=\"body down\" d=\"{}\"/>",
        up.0, up.1, down.0, down.1
    )
}

/// The instrument whose overview is left out, if any are.
pub(super) fn left_out(series: &[MarketSeries]) -> usize {
    series.len().saturating_sub(OVERVIEWS_MAX)
}
