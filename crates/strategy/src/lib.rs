//! The strategy seam and Seawall's strategies.
//!
//! A strategy sees closed candles of one instrument, in order, and answers with an [`Evaluation`]. It has no
//! clock, places no orders and knows no account: the engine decides whether a plan is allowed, how large it
//! is, and protects it. Invariant: an answer depends on the candles seen so far, on the [`View`] and on which
//! plans were taken, and on nothing else, so a run over the first n candles gives the first n answers of the
//! full run.

pub mod ema_cross;
pub mod outside;
pub mod settings;
pub mod smc;

use arrayvec::ArrayVec;
use seawall_model::{
    Candle, Decision, ExitReason, Instrument, Percent, PositionSide, PriceUnits, Qty, Ratio, Setup, Span,
    StateSink, Timeframe, Ts,
};
use serde::{Deserialize, Serialize};

pub use settings::{StrategyError, StrategyKind, StrategySettings};

/// The most take-profits one plan may have.
pub const TARGETS_MAX: usize = 3;

/// The most prices one plan may name at which others are likely to take their profit.
pub const SWINGS_MAX: usize = 5;

/// The most stop-outs of an instrument that a strategy is told of.
pub const STOP_OUTS_MAX: usize = 16;

/// Funding expected over a trade, in basis points of notional, by how long such trades are held.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FundingEstimate {
    /// For a setup of the regime `tight_smc`.
    pub tight_smc_bps: f64,
    /// For a setup of the regime `wide_structure`.
    pub wide_structure_bps: f64,
}

/// What a strategy may know beside the candles.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The instrument and its rules.
    pub instrument: &'a Instrument,
    /// The position held, as the books have it.
    pub position: PositionSide,
    /// Estimated cost of a round trip (fees, spread, slippage) in basis points of notional.
    pub cost_bps: f64,
    /// Estimated funding on top of it.
    pub funding: FundingEstimate,
    /// Whether an entry with a planned price waits there; when not it is made at once.
    pub entry_waits: bool,
    /// When positions of this instrument were closed by a stop that still lay where it was first put: the
    /// newest [`STOP_OUTS_MAX`], oldest first.
    pub stop_outs: &'a [Ts],
}

/// Long or short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Gains when the price rises.
    Long,
    /// Gains when the price falls.
    Short,
}

/// A price of a plan: absolute, or measured from the average entry price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// This price.
    Price(PriceUnits),
    /// This far from the average entry price: on the losing side for a stop, the winning side for a target.
    Percent(Percent),
}

/// How an entry is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// At once, at market.
    Market,
    /// At this planned price, resting there until `expires_after` is over. The engine may be set to make such
    /// an entry at once instead, see [`View::entry_waits`].
    Limit {
        /// The limit.
        price: PriceUnits,
        /// How long it may rest.
        expires_after: Span,
    },
    /// At once, at this price or better; what does not fill at once is cancelled.
    Immediate {
        /// The worst price.
        limit: PriceUnits,
    },
}

/// One take-profit of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Where.
    pub level: Level,
    /// Which share of the entered quantity.
    pub share: Percent,
}

/// How large the position is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizing {
    /// This many contracts.
    Fixed(Qty),
    /// So many that the distance to the stop costs the configured share of equity.
    Risk,
}

/// What a strategy wants to do. It becomes an order only after the risk gate has approved it.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryPlan {
    /// Which way.
    pub direction: Direction,
    /// What was seen.
    pub setup: Setup,
    /// Points of the setup.
    pub score: Option<f64>,
    /// How to enter.
    pub entry: Entry,
    /// Where the stop goes.
    pub stop: Option<Level>,
    /// Take-profits, nearest first; shares sum to at most 100.
    pub targets: ArrayVec<Target, TARGETS_MAX>,
    /// Prices at which a take-profit would have company, in any order.
    pub swings: ArrayVec<PriceUnits, SWINGS_MAX>,
    /// The price beyond which a close proves the setup wrong, if the strategy names one.
    pub invalidation: Option<PriceUnits>,
    /// Least reward in multiples of the risk at the price where the entry fills; zero asks for none.
    pub reward_risk_min: Ratio,
    /// How large.
    pub sizing: Sizing,
}

/// A strategy's answer to one candle.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "written in place by the caller's slot; an entry must not allocate"
)]
pub enum Evaluation {
    /// Nothing is decided on this candle (a coarser one is still forming): no decision record.
    NotDue,
    /// Nothing to do; the last reading in the decision says why.
    Hold,
    /// Enter, reversing an opposite position.
    Enter(EntryPlan),
    /// Close the position.
    Exit(ExitReason),
}

/// A position that a strategy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which way it points.
    pub direction: Direction,
    /// When its entry was decided: only what became known later can have changed.
    pub decided_at: Ts,
    /// The plan's [`EntryPlan::invalidation`].
    pub invalidation: Option<PriceUnits>,
}

/// What has become of the reason for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Premise {
    /// The strategy cannot say.
    Unknown,
    /// It stands.
    Holds,
    /// It is gone: the position has no reason to be held.
    Gone,
}

/// What a strategy says about a position after a candle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Average true range of the decision timeframe in quote units, above zero; `None` where it is not known.
    pub atr: Option<f64>,
    /// The bias of the higher timeframe; `None` where there is none or it is not known.
    pub bias: Option<Direction>,
    /// Whether the reason for the entry still stands.
    pub premise: Premise,
}

/// One strategy on one instrument.
pub trait Strategy: Send {
    /// Takes in the next closed candle of the base timeframe. Gates are asked on `decision`, which the caller
    /// has reset; a strategy that returns [`Evaluation::Hold`] has asked at least one gate that refused.
    fn on_candle(&mut self, view: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation;

    /// An order was made of the plan that [`Strategy::on_candle`] answered last. A plan that is refused on
    /// its way there was never acted on.
    fn plan_taken(&mut self, at: Ts);

    /// What is to be said about a position after the newest candle. Asked only while one is held; the answer
    /// depends on the candles seen and on `held` alone.
    fn outlook(&self, instrument: &Instrument, held: &Held) -> Outlook;

    /// The period of its decisions: while candles come, an answer other than [`Evaluation::NotDue`] comes
    /// this often.
    fn decides_every(&self) -> Timeframe;

    /// Writes the strategy's state for the engine's digest.
    fn digest(&self, sink: &mut dyn StateSink);
}
