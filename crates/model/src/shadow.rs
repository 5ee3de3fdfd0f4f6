//! What a refused plan would have made.

use serde::{Deserialize, Serialize};

use crate::decision::{Gate, PlannedPrices};
use crate::instrument::InstrumentId;
use crate::time::Ts;
use crate::trade::Setup;

/// How a plan that was refused would have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShadowEnd {
    /// The planned entry was not reached in time.
    NeverEntered,
    /// The stop was reached first, or in the same candle as the target.
    Stop,
    /// The first target was reached first.
    Target,
    /// Neither in time: closed at the price of then.
    Time,
}

impl ShadowEnd {
    /// Every end.
    pub const ALL: [ShadowEnd; 4] =
        [ShadowEnd::NeverEntered, ShadowEnd::Stop, ShadowEnd::Target, ShadowEnd::Time];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ShadowEnd::NeverEntered => "never_entered",
            ShadowEnd::Stop => "stop",
            ShadowEnd::Target => "target",
            ShadowEnd::Time => "time",
        }
    }
}

/// What became of a plan that a gate refused, had it been entered with its whole quantity and left to its
/// stop and its first target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShadowOutcome {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// When it was refused first.
    pub decided_at: Ts,
    /// The gate that refused it then.
    pub gate: Gate,
    /// What the strategy had seen.
    pub setup: Option<Setup>,
    /// The plan.
    pub planned: PlannedPrices,
    /// How often it was refused while it was followed, the first time included.
    pub refusals: u32,
    /// How it would have ended.
    pub end: ShadowEnd,
    /// When.
    pub ended_at: Ts,
    /// Profit or loss in multiples of the risk after the estimated cost of a round trip; `None` where it was
    /// never entered.
    pub r: Option<f64>,
    /// Candles from the decision to the end.
    pub bars: u32,
}

impl ShadowOutcome {
    /// Whether it would have been entered and gained.
    #[must_use]
    pub fn is_win(&self) -> bool {
        self.r.is_some_and(|r| r > 0.0)
    }
}
