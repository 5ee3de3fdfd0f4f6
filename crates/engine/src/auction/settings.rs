//! Settings of the auction: the only table of their defaults.

use seawall_model::Span;
use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::overlays::settings::{AntiFlipSettings, ChopSettings, ChurnSettings, RebalancerSettings};

/// Longest time that candidates may be collected, in milliseconds.
const COLLECT_MS_MAX: u32 = 30_000;

/// The `auction` section: which entries compete, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuctionSettings {
    /// How long after the first candidate others may still come in and be judged with it, in milliseconds;
    /// zero is the end of its instant. Candles of a live feed arrive one after the other.
    #[schemars(range(min = 0, max = 30_000))]
    pub collect_ms: u32,
    /// Pause of an instrument that is closed and entered again too quickly.
    pub churn: ChurnSettings,
    /// What happens when many instruments go nowhere.
    pub chop: ChopSettings,
    /// Lock on the side against the last trade.
    pub anti_flip: AntiFlipSettings,
    /// Makes positions smaller that have become too large a part of the account.
    pub rebalancer: RebalancerSettings,
}

impl AuctionSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.collect_ms > COLLECT_MS_MAX {
            return Err(EngineError::Setting {
                key: "auction.collect_ms",
                value: self.collect_ms.to_string(),
                rule: format!("allowed are 0 to {COLLECT_MS_MAX}"),
            });
        }
        self.churn.check()?;
        self.chop.check()?;
        self.anti_flip.check()?;
        self.rebalancer.check()
    }

    pub(crate) fn collect(&self) -> Span {
        Span::from_millis(i64::from(self.collect_ms))
    }
}
