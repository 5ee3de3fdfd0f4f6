//! What stands in the tables of the page, as text.

use seawall_model::Money;
use serde::Serialize;

use crate::metrics::daily::stamp;
use crate::metrics::groups::exit_name;
use crate::metrics::ratios::ratio;
use crate::metrics::{Facts, Group, Month};
use crate::report::View;
use crate::report::format::{MoneyFormat, NONE, duration, number, percent};

/// Trades that the table shows at most.
pub(super) const TRADES_MAX: usize = 2_000;

/// A row of a table of groups.
#[derive(Debug, Serialize)]
pub(super) struct GroupRow {
    name: String,
    trades: u64,
    profit_avg: String,
    profit: String,
    profit_pct: String,
    r: String,
    duration: String,
    results: String,
    win_rate: String,
    sign: &'static str,
}

/// The rows of a table of groups.
pub(super) fn groups(rows: &[Group], money: &MoneyFormat) -> Vec<GroupRow> {
    rows.iter()
        .map(|row| GroupRow {
            name: row.name.clone(),
            trades: row.trades,
            profit_avg: number(row.profit_avg_pct, 2),
            profit: money.plain(row.profit_abs),
            profit_pct: number(row.profit_total_pct, 2),
            r: number(row.r_avg, 2),
            duration: duration(row.duration_avg_s),
            results: format!("{} / {} / {}", row.wins, row.draws, row.losses),
            win_rate: number(row.win_rate_pct, 1),
            sign: sign(row.profit_abs),
        })
        .collect()
}

/// A bar with its length in percent of the room.
#[derive(Debug, Serialize)]
pub(super) struct Bar {
    name: &'static str,
    help: &'static str,
    count: u64,
    share: String,
    width: f64,
    class: &'static str,
}

/// How decisions ended, the entries first.
pub(super) fn decisions(view: &View<'_>) -> Vec<Bar> {
    let decisions = &view.outcome.decisions;
    let most = decisions.by_gate().map(|(_, count)| count).chain([decisions.entered]).max().unwrap_or(0);
    let bar = |name, help, count: u64, class| Bar {
        name,
        help,
        count,
        share: percent(ratio(count as f64 * 100.0, decisions.total as f64)),
        width: ratio(count as f64 * 100.0, most as f64).unwrap_or(0.0),
        class,
    };
    let entered = bar("entered", "an entry was approved", decisions.entered, "entered");
    let gates = decisions.by_gate().map(|(gate, count)| bar(gate.name(), gate.help(), count, "gate"));
    std::iter::once(entered).chain(gates).collect()
}

/// What the plans that a gate refused would have made.
#[derive(Debug, Serialize)]
pub(super) struct ShadowRow {
    name: &'static str,
    refused: u64,
    followed: u64,
    never_entered: u64,
    results: String,
    r_mean: String,
    r_sum: String,
    sign: &'static str,
}

/// What refused plans would have made, by gate.
pub(super) fn shadows(view: &View<'_>) -> Vec<ShadowRow> {
    let row = |(gate, tally): (seawall_model::Gate, &crate::shadows::ShadowTally)| ShadowRow {
        name: gate.name(),
        refused: tally.refused,
        followed: tally.followed,
        never_entered: tally.never_entered,
        results: format!("{} / {}", tally.won, tally.lost),
        r_mean: number(tally.r_mean(), 2),
        r_sum: number(Some(tally.r_sum), 1),
        sign: match tally.r_sum {
            sum if sum > 0.0 => "pos",
            sum if sum < 0.0 => "neg",
            _ => "",
        },
    };
    view.outcome.shadows.by_gate().map(row).collect()
}

/// A step of the cost waterfall, placed in percent of the room.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    name: &'static str,
    amount: String,
    left: f64,
    width: f64,
    class: &'static str,
}

/// From the profit at decision prices down to what is left.
pub(super) fn waterfall(view: &View<'_>) -> (Vec<Step>, f64) {
    let costs = &view.metrics.costs;
    let value = Money::to_f64;
    let (at_decision, gross, net) =
        (value(costs.gross_at_decision_price), value(costs.gross), value(costs.net));
    let after_fees = gross - value(costs.fees);
    let all = [0.0, at_decision, gross, after_fees, net];
    let low = all.into_iter().fold(0.0, f64::min);
    let high = all.into_iter().fold(0.0, f64::max);
    let place = |at: f64| ratio((at - low) * 100.0, high - low).unwrap_or(0.0);
    let step = |name, amount: Money, from: f64, to: f64, total: bool| Step {
        name,
        amount: view.money.plain(amount),
        left: place(from.min(to)),
        width: place(from.max(to)) - place(from.min(to)),
        class: match (total, amount >= Money::ZERO) {
            (true, true) => "total up",
            (true, false) => "total down",
            (false, true) => "part up",
            (false, false) => "part down",
        },
    };
    let slippage = costs.entry_slippage.negated();
    let steps = vec![
        step("At decision prices", costs.gross_at_decision_price, 0.0, at_decision, true),
        step("Entry slippage", slippage, at_decision, gross, false),
        step("Gross", costs.gross, 0.0, gross, true),
        step("Fees", costs.fees.negated(), gross, after_fees, false),
        step("Funding", costs.funding, after_fees, net, false),
        step("Net", costs.net, 0.0, net, true),
    ];
    (steps, place(0.0))
}

/// One cell of the heatmap.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Cell {
    text: String,
    title: String,
    class: &'static str,
    /// From 0 to 1: how strong the colour is.
    strength: String,
}

/// One year of the heatmap.
#[derive(Debug, Serialize)]
pub(super) struct Year {
    name: String,
    months: Vec<Cell>,
    total: Cell,
}

/// Returns by month, the years in order.
pub(super) fn years(months: &[Month], money: &MoneyFormat) -> Vec<Year> {
    let strongest =
        months.iter().filter_map(|month| month.profit_pct).fold(0.0, |most, pct| pct.abs().max(most));
    let year_of = |month: &Month| month.month.get(..4).unwrap_or_default().to_owned();
    months
        .chunk_by(|one, next| year_of(one) == year_of(next))
        .map(|year| {
            let mut cells = vec![Cell::default(); 12];
            for month in year {
                let number: usize = month.month.get(5..).and_then(|text| text.parse().ok()).unwrap_or(0);
                if let Some(cell) = number.checked_sub(1).and_then(|index| cells.get_mut(index)) {
                    let title = format!("{}: {}", month.month, money.with_currency(month.profit));
                    *cell = heat(month.profit_pct, strongest, title);
                }
            }
            let grown = year.iter().map(|month| 1.0 + month.profit_pct.unwrap_or(0.0) / 100.0);
            let total = (grown.product::<f64>() - 1.0) * 100.0;
            let name = year.first().map(year_of).unwrap_or_default();
            let title = format!("{name}, months compounded");
            Year { name, months: cells, total: heat(Some(total), f64::INFINITY, title) }
        })
        .collect()
}

fn heat(pct: Option<f64>, strongest: f64, title: String) -> Cell {
    let value = pct.unwrap_or(0.0);
    let strength = ratio(value.abs(), strongest).unwrap_or(0.0);
    let class = if value > 0.0 { "up" } else { "down" };
    Cell { text: number(pct, 2), title, class, strength: format!("{:.2}", strength * 0.75) }
}

/// A row of the table of trades.
#[derive(Debug, Serialize)]
pub(super) struct TradeRow {
    cells: [String; 19],
    sign: &'static str,
}

/// Heads of the table of trades; `true` where the column is a number.
pub(super) const TRADE_HEADS: [(&str, bool); 19] = [
    ("#", true),
    ("Instrument", false),
    ("Side", false),
    ("Setup", false),
    ("Score", true),
    ("Entry", false),
    ("Price", true),
    ("Quantity", true),
    ("Stop", true),
    ("Exit", false),
    ("Price", true),
    ("Reason", false),
    ("Fees", true),
    ("Funding", true),
    ("Profit", true),
    ("R", true),
    ("MAE", true),
    ("MFE", true),
    ("Naked ms", true),
];

/// The rows of the table of trades, in the order in which they began.
pub(super) fn trades(view: &View<'_>) -> Vec<TradeRow> {
    let mut ordered: Vec<&Facts<'_>> = view.facts.iter().collect();
    ordered.sort_by_key(|facts| facts.trade.id);
    ordered.into_iter().take(TRADES_MAX).map(|facts| trade(facts, view.money)).collect()
}

fn trade(facts: &Facts<'_>, money: &MoneyFormat) -> TradeRow {
    let Facts { trade, instrument, .. } = *facts;
    let text = |value: Option<String>| value.unwrap_or_else(|| NONE.to_owned());
    let price_decimals = usize::try_from(instrument.price_scale()).unwrap_or(0);
    let price = |price: seawall_model::Price| format!("{price:.price_decimals$}");
    let cells = [
        trade.id.to_string(),
        instrument.name().to_string(),
        trade.side.name().to_owned(),
        trade.setup.name().to_owned(),
        number(trade.score, 1),
        stamp(trade.entry_at),
        price(facts.entry_price()),
        instrument.qty(trade.entry_qty).to_string(),
        text(trade.initial_stop.map(|stop| price(instrument.price(stop)))),
        trade.closed_at.map_or_else(|| "open".to_owned(), stamp),
        text(facts.exit_price().map(price)),
        exit_name(facts).to_owned(),
        money.plain(trade.fees),
        money.plain(trade.funding),
        money.plain(trade.pnl),
        number(facts.r, 2),
        money.plain(facts.mae),
        money.plain(facts.mfe),
        trade.naked.millis().to_string(),
    ];
    TradeRow { cells, sign: sign(trade.pnl) }
}

fn sign(money: Money) -> &'static str {
    match money.cmp(&Money::ZERO) {
        core::cmp::Ordering::Greater => "pos",
        core::cmp::Ordering::Equal => "",
        core::cmp::Ordering::Less => "neg",
    }
}
