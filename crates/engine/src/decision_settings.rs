//! Settings of decision records: the only table of their defaults.

use seawall_model::{Span, Timeframe};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// The `decisions` section: what becomes of refused plans, and how old the newest record may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionSettings {
    /// Whether refused plans are followed over later candles, to tell what they would have made.
    pub shadow_outcomes: bool,
    /// Hours after which the planned entry of a refused plan counts as never reached.
    pub shadow_entry_hours_max: u32,
    /// Hours from the entry after which a followed plan is closed at the price of then.
    pub shadow_hours_max: u32,
    /// How often the engine looks for instruments whose records went stale, in minutes.
    pub stale_check_minutes: u32,
    /// How old the newest record of an instrument may be, in periods of the strategy's decisions.
    pub stale_after_periods: u32,
}

impl Default for DecisionSettings {
    fn default() -> Self {
        DecisionSettings {
            shadow_outcomes: true,
            shadow_entry_hours_max: 4,
            shadow_hours_max: 72,
            stale_check_minutes: 60,
            stale_after_periods: 6,
        }
    }
}

impl DecisionSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        for (key, value, most, unit) in [
            ("decisions.shadow_entry_hours_max", self.shadow_entry_hours_max, 24 * 30, "hours"),
            ("decisions.shadow_hours_max", self.shadow_hours_max, 24 * 90, "hours"),
            ("decisions.stale_check_minutes", self.stale_check_minutes, 24 * 60, "minutes"),
            ("decisions.stale_after_periods", self.stale_after_periods, 1_000, "periods"),
        ] {
            if !(1..=most).contains(&value) {
                let rule = format!("allowed are 1 to {most} {unit}");
                return Err(EngineError::Setting { key, value: value.to_string(), rule });
            }
        }
        Ok(())
    }

    pub(crate) fn shadow_entry(&self) -> Span {
        Span::from_secs(i64::from(self.shadow_entry_hours_max) * 3_600)
    }

    pub(crate) fn shadow_hold(&self) -> Span {
        Span::from_secs(i64::from(self.shadow_hours_max) * 3_600)
    }

    pub(crate) fn stale_check(&self) -> Span {
        Span::from_secs(i64::from(self.stale_check_minutes) * 60)
    }

    pub(crate) fn stale_after(&self, period: Timeframe) -> Span {
        Span::from_nanos(period.span().nanos().saturating_mul(i64::from(self.stale_after_periods)))
    }
}
