//! What has happened: as it is told by the engine, or read from the database.

use rust_decimal::Decimal;
use seawall_model::{
    Alert, Decision, Fill, GateReading, Instrument, Outcome, PlannedPrices, PositionSide, ScorePoints, Trade,
    Verdict,
};
use seawall_store::db::{AlertRow, DecisionRow, FillRow, PlannedRow, TradeRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::run::share_pct;
use super::{At, Exact, word};

/// An execution.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct FillBody {
    /// The instrument.
    pub(crate) instrument: String,
    /// The venue's id.
    pub(crate) fill_id: String,
    /// Our order, if it was one of ours.
    pub(crate) client_order_id: Option<String>,
    /// `buy` or `sell`.
    pub(crate) side: String,
    /// How much.
    pub(crate) qty: Exact,
    /// At what price.
    pub(crate) price: Exact,
    /// Fee in the currency of the books, above zero when paid.
    pub(crate) fee: Exact,
    /// `maker` or `taker`.
    pub(crate) liquidity: String,
    /// `order`, `liquidation` or `deleveraging`.
    pub(crate) cause: String,
    /// When, on the venue's clock.
    pub(crate) at: At,
}

impl FillBody {
    pub(crate) fn of(fill: &Fill, instrument: &Instrument) -> Self {
        FillBody {
            instrument: instrument.name().to_string(),
            fill_id: fill.fill_id.to_string(),
            client_order_id: fill.order.map(|order| order.id.to_string()),
            side: fill.side.name().to_owned(),
            qty: Exact::of(instrument.qty(fill.qty)),
            price: Exact::of(instrument.price(fill.price)),
            fee: Exact::of(fill.fee),
            liquidity: word(&fill.liquidity),
            cause: word(&fill.cause),
            at: At(fill.venue_time),
        }
    }
}

impl From<FillRow> for FillBody {
    fn from(row: FillRow) -> Self {
        FillBody {
            instrument: row.instrument,
            fill_id: row.fill_id,
            client_order_id: row.client_order_id,
            side: row.side,
            qty: Exact::of(row.qty),
            price: Exact::of(row.price),
            fee: Exact::of(row.fee),
            liquidity: row.liquidity,
            cause: row.cause,
            at: At(row.venue_time),
        }
    }
}

/// A closing fill of a trade.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ExitBody {
    /// When.
    pub(crate) at: At,
    /// At what price.
    pub(crate) price: Exact,
    /// How much.
    pub(crate) qty: Exact,
    /// Why.
    pub(crate) reason: String,
}

/// A trade: a position from its first fill until it was flat.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct TradeBody {
    /// Counts the trades of the run, from 1.
    pub(crate) id: u32,
    /// The instrument.
    pub(crate) instrument: String,
    /// `long` or `short`.
    pub(crate) side: String,
    /// What made the strategy enter.
    pub(crate) setup: String,
    /// Points of the setup.
    pub(crate) score: Option<f64>,
    /// When the entry was decided.
    pub(crate) decided_at: At,
    /// First fill.
    pub(crate) entry_at: At,
    /// When it was flat again; null while open.
    pub(crate) closed_at: Option<At>,
    /// Quantity of all entry fills.
    pub(crate) entry_qty: Exact,
    /// Value of all entry fills.
    pub(crate) entry_value: Exact,
    /// Price at which the strategy decided.
    pub(crate) decision_price: Exact,
    /// First confirmed stop.
    pub(crate) initial_stop: Option<Exact>,
    /// Closing fills.
    pub(crate) exits: Vec<ExitBody>,
    /// Why the last part was closed.
    pub(crate) exit_reason: Option<String>,
    /// Fees paid.
    pub(crate) fees: Exact,
    /// Funding received.
    pub(crate) funding: Exact,
    /// Profit or loss after all costs.
    pub(crate) pnl: Exact,
    /// Planned risk.
    pub(crate) risk: Exact,
    /// Profit as a multiple of the planned risk; null without one.
    pub(crate) r: Option<f64>,
    /// Worst price while open.
    pub(crate) worst_price: Exact,
    /// Best price while open.
    pub(crate) best_price: Exact,
    /// Seconds without full protection.
    pub(crate) naked_seconds: f64,
}

fn multiple(pnl: Decimal, risk: Decimal) -> Option<f64> {
    share_pct(pnl, risk).map(|pct| pct / 100.0)
}

fn side(side: PositionSide) -> String {
    word(&side)
}

impl TradeBody {
    pub(crate) fn of(trade: &Trade, instrument: &Instrument) -> Self {
        let exits: Vec<ExitBody> = trade
            .exits
            .iter()
            .map(|exit| ExitBody {
                at: At(exit.at),
                price: Exact::of(instrument.price(exit.price)),
                qty: Exact::of(instrument.qty(exit.qty)),
                reason: exit.reason.name().to_owned(),
            })
            .collect();
        TradeBody {
            id: trade.id,
            instrument: instrument.name().to_string(),
            side: side(trade.side),
            setup: trade.setup.name().to_owned(),
            score: trade.score,
            decided_at: At(trade.decided_at),
            entry_at: At(trade.entry_at),
            closed_at: trade.closed_at.map(At),
            entry_qty: Exact::of(instrument.qty(trade.entry_qty)),
            entry_value: Exact::of(trade.entry_value),
            decision_price: Exact::of(instrument.price(trade.decision_price)),
            initial_stop: trade.initial_stop.map(|stop| Exact::of(instrument.price(stop))),
            exit_reason: exits.last().map(|exit| exit.reason.clone()),
            exits,
            fees: Exact::of(trade.fees),
            funding: Exact::of(trade.funding),
            pnl: Exact::of(trade.pnl),
            risk: Exact::of(trade.risk),
            r: multiple(trade.pnl.get(), trade.risk.get()),
            worst_price: Exact::of(instrument.price(trade.worst_price)),
            best_price: Exact::of(instrument.price(trade.best_price)),
            naked_seconds: trade.naked.secs_f64(),
        }
    }
}

impl From<TradeRow> for TradeBody {
    fn from(row: TradeRow) -> Self {
        let exits: Vec<ExitBody> = row
            .exits
            .into_iter()
            .map(|exit| ExitBody {
                at: At(exit.at),
                price: Exact::of(exit.price),
                qty: Exact::of(exit.qty),
                reason: exit.reason,
            })
            .collect();
        TradeBody {
            id: row.id,
            instrument: row.instrument,
            side: row.side,
            setup: row.setup,
            score: row.score,
            decided_at: At(row.decided_at),
            entry_at: At(row.entry_at),
            closed_at: row.closed_at.map(At),
            entry_qty: Exact::of(row.entry_qty),
            entry_value: Exact::of(row.entry_value),
            decision_price: Exact::of(row.decision_price),
            initial_stop: row.initial_stop.map(Exact::of),
            exit_reason: exits.last().map(|exit| exit.reason.clone()),
            exits,
            fees: Exact::of(row.fees),
            funding: Exact::of(row.funding),
            pnl: Exact::of(row.pnl),
            risk: Exact::of(row.risk),
            r: multiple(row.pnl.get(), row.risk.get()),
            worst_price: Exact::of(row.worst_price),
            best_price: Exact::of(row.best_price),
            naked_seconds: row.naked.secs_f64(),
        }
    }
}

/// A gate with what it measured.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct GateBody {
    /// The gate.
    pub(crate) gate: String,
    /// What is measured, in which unit, against what.
    pub(crate) help: String,
    /// The measured value; null where it is no number.
    pub(crate) measured: Option<f64>,
    /// What it was held against.
    pub(crate) threshold: Option<f64>,
    /// `pass`, `fail` or `shadow`.
    pub(crate) verdict: String,
}

fn gate(reading: &GateReading) -> GateBody {
    let finite = |number: f64| number.is_finite().then_some(number);
    GateBody {
        gate: reading.gate.name().to_owned(),
        help: reading.gate.help().to_owned(),
        measured: finite(reading.measured),
        threshold: finite(reading.threshold),
        verdict: match reading.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Shadow => "shadow",
        }
        .to_owned(),
    }
}

/// Points of one part of a score.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ScoreBody {
    /// Which part.
    pub(crate) part: String,
    /// Its points.
    pub(crate) points: f64,
    /// The most it can give.
    pub(crate) most: f64,
}

fn points(points: &ScorePoints) -> ScoreBody {
    ScoreBody { part: points.part.name().to_owned(), points: points.points, most: points.most }
}

/// The prices of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct PlanBody {
    /// `long` or `short`.
    pub(crate) side: String,
    /// Where it was to be entered.
    pub(crate) entry: Exact,
    /// Its stop.
    pub(crate) stop: Exact,
    /// Its first take-profit.
    pub(crate) target: Exact,
}

impl PlanBody {
    fn of(planned: &PlannedPrices, instrument: &Instrument) -> Self {
        PlanBody {
            side: side(planned.side),
            entry: Exact::of(instrument.price(planned.entry)),
            stop: Exact::of(instrument.price(planned.stop)),
            target: Exact::of(instrument.price(planned.target)),
        }
    }
}

impl From<PlannedRow> for PlanBody {
    fn from(row: PlannedRow) -> Self {
        PlanBody {
            side: side(row.side),
            entry: Exact::of(row.entry),
            stop: Exact::of(row.stop),
            target: Exact::of(row.target),
        }
    }
}

/// A decision record: everything that was asked about one candle of one instrument, and the answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct DecisionBody {
    /// The instrument.
    pub(crate) instrument: String,
    /// When it was decided.
    pub(crate) at: At,
    /// The close of the candle.
    pub(crate) price: Exact,
    /// `entered`, or the gate that refused.
    pub(crate) outcome: String,
    /// What the strategy saw.
    pub(crate) setup: Option<String>,
    /// The kind of market.
    pub(crate) regime: Option<String>,
    /// Why an open position was being closed.
    pub(crate) exit: Option<String>,
    /// The gates in the order they were asked.
    pub(crate) gates: Vec<GateBody>,
    /// What the score was made of.
    pub(crate) score: Vec<ScoreBody>,
    /// What was planned.
    pub(crate) planned: Option<PlanBody>,
}

/// The word for how a decision ended.
pub(super) fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Entered => "entered".to_owned(),
        Outcome::Refused(gate) => gate.name().to_owned(),
    }
}

impl DecisionBody {
    pub(crate) fn of(decision: &Decision, instrument: &Instrument) -> Self {
        DecisionBody {
            instrument: instrument.name().to_string(),
            at: At(decision.at),
            price: Exact::of(instrument.price(decision.price)),
            outcome: outcome(decision.outcome),
            setup: decision.setup.map(|setup| setup.name().to_owned()),
            regime: decision.regime.map(|regime| regime.name().to_owned()),
            exit: decision.exit.map(|exit| exit.name().to_owned()),
            gates: decision.gates.iter().map(gate).collect(),
            score: decision.score.iter().map(points).collect(),
            planned: decision.planned.as_ref().map(|planned| PlanBody::of(planned, instrument)),
        }
    }
}

impl From<DecisionRow> for DecisionBody {
    fn from(row: DecisionRow) -> Self {
        DecisionBody {
            instrument: row.instrument,
            at: At(row.at),
            price: Exact::of(row.price),
            outcome: outcome(row.outcome),
            setup: row.setup,
            regime: row.regime,
            exit: row.exit,
            gates: row.gates.iter().map(gate).collect(),
            score: row.score.iter().map(points).collect(),
            planned: row.planned.map(PlanBody::from),
        }
    }
}

/// A message for the operator.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct AlertBody {
    /// When.
    pub(crate) at: At,
    /// `info`, `warning` or `critical`.
    pub(crate) severity: String,
    /// The kind's name.
    pub(crate) kind: String,
    /// The instrument it is about, if one.
    pub(crate) instrument: Option<String>,
    /// Which rule or number.
    pub(crate) detail: String,
}

impl AlertBody {
    pub(crate) fn of(alert: &Alert, instrument: Option<&Instrument>) -> Self {
        AlertBody {
            at: At(alert.at),
            severity: word(&alert.severity),
            kind: word(&alert.kind),
            instrument: instrument.map(|instrument| instrument.name().to_string()),
            detail: alert.detail.clone(),
        }
    }
}

impl From<AlertRow> for AlertBody {
    fn from(row: AlertRow) -> Self {
        AlertBody {
            at: At(row.at),
            severity: row.severity,
            kind: row.kind,
            instrument: row.instrument,
            detail: row.detail,
        }
    }
}
