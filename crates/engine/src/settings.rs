//! Settings of protection: the only table of their defaults. Those of risk are in [`crate::risk::settings`].

use rust_decimal::Decimal;
use seawall_model::{Percent, Span};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

pub use crate::risk::settings::RiskSettings;

/// The `protection` section: deadlines of the promise that no position is without a stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProtectionSettings {
    /// Time within which the venue must have confirmed a stop, from the first fill or the last attempt;
    /// after that the next step of the ladder is taken.
    pub confirm_deadline_ms: u32,
    /// Time that a triggered or passed stop may take to fill before the position is closed at market.
    pub trigger_grace_ms: u32,
    /// Time after which an emergency close that has not finished is tried again.
    pub emergency_retry_ms: u32,
    /// How often a resting stop is proven by asking the venue, in seconds.
    pub prove_interval_s: u32,
    /// Time without any answer after which a submission counts as unknown.
    pub submit_deadline_ms: u32,
    /// Distance of the stop given to a position found at the venue, in percent of the worse of entry and
    /// mark.
    pub takeover_stop_pct: Percent,
}

impl Default for ProtectionSettings {
    fn default() -> Self {
        ProtectionSettings {
            confirm_deadline_ms: 2_000,
            trigger_grace_ms: 5_000,
            emergency_retry_ms: 2_000,
            prove_interval_s: 30,
            submit_deadline_ms: 5_000,
            takeover_stop_pct: Percent::new(Decimal::TWO),
        }
    }
}

impl ProtectionSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        let milliseconds = [
            ("protection.confirm_deadline_ms", self.confirm_deadline_ms),
            ("protection.trigger_grace_ms", self.trigger_grace_ms),
            ("protection.emergency_retry_ms", self.emergency_retry_ms),
            ("protection.submit_deadline_ms", self.submit_deadline_ms),
        ];
        for (key, value) in milliseconds {
            if !(100..=60_000).contains(&value) {
                let rule = "allowed are 100 to 60000 milliseconds".to_owned();
                return Err(EngineError::Setting { key, value: value.to_string(), rule });
            }
        }
        if !(1..=3_600).contains(&self.prove_interval_s) {
            return Err(EngineError::Setting {
                key: "protection.prove_interval_s",
                value: self.prove_interval_s.to_string(),
                rule: "allowed are 1 to 3600 seconds".to_owned(),
            });
        }
        within("protection.takeover_stop_pct", self.takeover_stop_pct.get(), Decimal::ZERO, Decimal::from(50))
    }

    pub(crate) fn confirm_deadline(&self) -> Span {
        Span::from_millis(i64::from(self.confirm_deadline_ms))
    }

    pub(crate) fn trigger_grace(&self) -> Span {
        Span::from_millis(i64::from(self.trigger_grace_ms))
    }

    pub(crate) fn emergency_retry(&self) -> Span {
        Span::from_millis(i64::from(self.emergency_retry_ms))
    }

    pub(crate) fn prove_interval(&self) -> Span {
        Span::from_secs(i64::from(self.prove_interval_s))
    }

    pub(crate) fn submit_deadline(&self) -> Span {
        Span::from_millis(i64::from(self.submit_deadline_ms))
    }
}

pub(crate) fn within(
    key: &'static str,
    value: Decimal,
    above: Decimal,
    up_to: Decimal,
) -> Result<(), EngineError> {
    if value > above && value <= up_to {
        return Ok(());
    }
    Err(EngineError::Setting {
        key,
        value: value.normalize().to_string(),
        rule: format!("allowed is more than {above} up to {up_to}"),
    })
}
