//! Settings of risk and protection: the only table of their defaults.

use rust_decimal::Decimal;
use seawall_model::{Percent, Ratio, Span};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// The `risk` section: how much may be at stake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RiskSettings {
    /// Share of equity that one trade may lose at its stop, in percent (sizing `risk`).
    pub risk_per_trade_pct: Percent,
    /// Highest worst-case notional of the whole account as a multiple of equity.
    pub leverage_max: Ratio,
    /// Most instruments with a position or an entry on its way.
    pub positions_max: u32,
    /// Equity that must remain above the maintenance margin when the stop is hit, in percent of the notional.
    pub liquidation_buffer_pct: Percent,
    /// Candles without a hole that must follow a hole before new entries.
    pub recover_candles_after_hole: u32,
}

impl Default for RiskSettings {
    fn default() -> Self {
        RiskSettings {
            risk_per_trade_pct: Percent::new(Decimal::ONE),
            leverage_max: Ratio::new(Decimal::TEN),
            positions_max: 25,
            liquidation_buffer_pct: Percent::new(Decimal::ONE),
            recover_candles_after_hole: 0,
        }
    }
}

impl RiskSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        within("risk.risk_per_trade_pct", self.risk_per_trade_pct.get(), Decimal::ZERO, Decimal::from(5))?;
        within("risk.leverage_max", self.leverage_max.get(), Decimal::ZERO, Decimal::from(125))?;
        within("risk.positions_max", Decimal::from(self.positions_max), Decimal::ZERO, Decimal::from(1_000))?;
        if self.liquidation_buffer_pct.get() < Decimal::ZERO
            || self.liquidation_buffer_pct.get() > Decimal::from(50)
        {
            return Err(EngineError::Setting {
                key: "risk.liquidation_buffer_pct",
                value: self.liquidation_buffer_pct.to_string(),
                rule: "allowed are 0 to 50".to_owned(),
            });
        }
        Ok(())
    }
}

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

fn within(key: &'static str, value: Decimal, above: Decimal, up_to: Decimal) -> Result<(), EngineError> {
    if value > above && value <= up_to {
        return Ok(());
    }
    Err(EngineError::Setting {
        key,
        value: value.normalize().to_string(),
        rule: format!("allowed is more than {above} up to {up_to}"),
    })
}
