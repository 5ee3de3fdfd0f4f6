//! What readers give: rows with the instrument's name, exact decimals and instants.

use seawall_model::{
    Gate, GateReading, Money, Outcome, PositionSide, Price, Qty, ScorePoints, ShadowEnd, Span, Ts,
};
use serde::{Deserialize, Serialize};

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Its number, as in client order ids.
    pub run: u32,
    /// `backtest`, `paper`, `live` or `storm`.
    pub mode: String,
    /// The seed, as a number.
    pub seed: String,
    /// Hash of the configuration's text.
    pub config_hash: String,
    /// Version of the program that wrote last.
    pub engine_version: String,
    /// When it began.
    pub started_at: Ts,
    /// When it ended, if it did.
    pub ended_at: Option<Ts>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// Hash over decisions, orders and fills.
    pub fingerprint: Option<String>,
}

/// An order in its latest state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// The run.
    pub run: u32,
    /// Our id as the venue sees it.
    pub client_order_id: String,
    /// The instrument's name.
    pub instrument: String,
    /// Why it was placed.
    pub role: String,
    /// Number of the take-profit, for one.
    pub target: Option<u8>,
    /// `buy` or `sell`.
    pub side: String,
    /// The kind's name.
    pub kind: String,
    /// Total quantity.
    pub qty: Qty,
    /// Filled so far.
    pub filled: Qty,
    /// Worst acceptable price.
    pub limit_price: Option<Price>,
    /// Price at which it wakes.
    pub trigger_price: Option<Price>,
    /// Price that is watched for it.
    pub trigger_source: Option<String>,
    /// Whether it may only reduce.
    pub reduce_only: bool,
    /// The state's name.
    pub state: String,
    /// First change.
    pub created_at: Ts,
    /// Last change.
    pub updated_at: Ts,
}

/// A change in an order's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderEventRow {
    /// The run.
    pub run: u32,
    /// Our id as the venue sees it.
    pub client_order_id: String,
    /// When the engine learned of it.
    pub at: Ts,
    /// The state after it.
    pub state: String,
    /// Total quantity after it.
    pub qty: Qty,
    /// Filled by then.
    pub filled: Qty,
    /// Worst acceptable price after it.
    pub limit_price: Option<Price>,
    /// Price at which it wakes after it.
    pub trigger_price: Option<Price>,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FillRow {
    /// The run.
    pub run: u32,
    /// The instrument's name.
    pub instrument: String,
    /// The venue's id.
    pub fill_id: String,
    /// Our order, if it was one of ours.
    pub client_order_id: Option<String>,
    /// `buy` or `sell`.
    pub side: String,
    /// How much.
    pub qty: Qty,
    /// At what price.
    pub price: Price,
    /// Fee in the settle currency, positive when paid.
    pub fee: Money,
    /// `maker` or `taker`.
    pub liquidity: String,
    /// `order` or `liquidation`.
    pub cause: String,
    /// When, on the venue's clock.
    pub venue_time: Ts,
}

/// A closing fill of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRow {
    /// When.
    pub at: Ts,
    /// At what price.
    pub price: Price,
    /// How much.
    pub qty: Qty,
    /// Why.
    pub reason: String,
}

/// A trade.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradeRow {
    /// The run.
    pub run: u32,
    /// Counts the run's trades from 1.
    pub id: u32,
    /// The instrument's name.
    pub instrument: String,
    /// `long` or `short`.
    pub side: String,
    /// What made the strategy enter.
    pub setup: String,
    /// The regime of the setup.
    pub regime: String,
    /// Points of the setup.
    pub score: Option<f64>,
    /// When the entry was decided.
    pub decided_at: Ts,
    /// First fill.
    pub entry_at: Ts,
    /// Value of all entry fills.
    pub entry_value: Money,
    /// Quantity of all entry fills.
    pub entry_qty: Qty,
    /// Price at which the strategy decided.
    pub decision_price: Price,
    /// First confirmed stop.
    pub initial_stop: Option<Price>,
    /// Closing fills.
    pub exits: Vec<ExitRow>,
    /// When it was flat again.
    pub closed_at: Option<Ts>,
    /// Fees paid.
    pub fees: Money,
    /// Funding received.
    pub funding: Money,
    /// Profit or loss after all costs.
    pub pnl: Money,
    /// Planned risk.
    pub risk: Money,
    /// Worst price while open.
    pub worst_price: Price,
    /// Best price while open.
    pub best_price: Price,
    /// Time without full protection, in nanoseconds.
    pub naked: Span,
}

/// The prices of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlannedRow {
    /// `long` or `short`.
    pub side: PositionSide,
    /// Where it was to be entered.
    pub entry: Price,
    /// Its stop.
    pub stop: Price,
    /// Its first take-profit.
    pub target: Price,
}

/// How many decisions on an instrument ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionCount {
    /// The instrument's name.
    pub instrument: String,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
    /// How many of them had a plan.
    pub planned: u64,
    /// The first of them.
    pub first: Ts,
    /// The last of them.
    pub last: Ts,
}

/// What a refused plan would have made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShadowRow {
    /// The run.
    pub run: u32,
    /// The instrument's name.
    pub instrument: String,
    /// When it was refused first.
    pub decided_at: Ts,
    /// The gate that refused it then.
    pub refused_by: Gate,
    /// What the strategy saw.
    pub setup: Option<String>,
    /// The plan.
    pub planned: PlannedRow,
    /// How often it was refused while it was followed.
    pub refusals: u32,
    /// How it would have ended.
    pub outcome: ShadowEnd,
    /// When.
    pub ended_at: Ts,
    /// Profit in multiples of the risk after costs; null where it was never entered.
    pub r: Option<f64>,
    /// Candles from the decision to the end.
    pub bars: u32,
}

/// A decision record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionRow {
    /// The run.
    pub run: u32,
    /// The instrument's name.
    pub instrument: String,
    /// When it was decided.
    pub at: Ts,
    /// The close of the candle.
    pub price: Price,
    /// The answer.
    pub outcome: Outcome,
    /// What the strategy saw.
    pub setup: Option<String>,
    /// The kind of market, where the strategy tells kinds apart.
    pub regime: Option<String>,
    /// Why an open position was being closed.
    pub exit: Option<String>,
    /// The gates in the order they were asked.
    pub gates: Vec<GateReading>,
    /// What the score was made of; empty where none was computed.
    pub score: Vec<ScorePoints>,
    /// What was planned, where a plan could be made.
    pub planned: Option<PlannedRow>,
}

/// A point of the equity curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EquityRow {
    /// The run.
    pub run: u32,
    /// When.
    pub at: Ts,
    /// How much.
    pub equity: Money,
}

/// A position as last recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PositionRow {
    /// The run.
    pub run: u32,
    /// The instrument's name.
    pub instrument: String,
    /// As of when.
    pub updated_at: Ts,
    /// Signed quantity.
    pub qty: Qty,
    /// Where the stop rests.
    pub stop: Option<Price>,
    /// Whether confirmed stops cover all of it.
    pub protected: bool,
    /// Whether it is uncovered and a deadline is running.
    pub escalating: bool,
    /// When the stop was last proven.
    pub proven_at: Option<Ts>,
    /// Profit or loss at the mark, before fees.
    pub unrealised: Money,
}

/// A message for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertRow {
    /// The run.
    pub run: u32,
    /// When.
    pub at: Ts,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// The kind's name.
    pub kind: String,
    /// The instrument's name, if it is about one.
    pub instrument: Option<String>,
    /// Which rule or number.
    pub detail: String,
}
