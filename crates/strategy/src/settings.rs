//! Settings of all strategies and the choice among them: the only table of their defaults.

use seawall_model::{Instrument, Timeframe};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Strategy;
use crate::ema_cross::{EmaCross, EmaCrossSettings};
use crate::outside::Outside;
use crate::smc::{Smc, SmcSettings};

/// Which strategy trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrategyKind {
    /// Two moving averages crossing: the documented example.
    #[default]
    EmaCross,
    /// Smart Money Concepts: daily bias, 4h structure, 1h ADX.
    Smc,
    /// None of its own: it waits for signals from outside (`POST /api/signals`).
    Signals,
}

impl StrategyKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            StrategyKind::EmaCross => "ema_cross",
            StrategyKind::Smc => "smc",
            StrategyKind::Signals => "signals",
        }
    }
}

/// The `strategy` section.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StrategySettings {
    /// Which strategy trades.
    pub name: StrategyKind,
    /// Settings of `ema_cross`.
    pub ema_cross: EmaCrossSettings,
    /// Settings of `smc`.
    pub smc: SmcSettings,
}

/// Why a strategy cannot run as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StrategyError {
    /// A setting contradicts a rule or another setting.
    #[error("{key} is {value}: {rule}")]
    Setting {
        /// The full key, e.g. `strategy.ema_cross.fast`.
        key: &'static str,
        /// The value it has.
        value: String,
        /// The broken rule and the fix.
        rule: String,
    },
}

impl StrategySettings {
    /// Checks the settings of the chosen strategy.
    ///
    /// # Errors
    /// The first broken rule, with its key.
    pub fn check(&self) -> Result<(), StrategyError> {
        match self.name {
            StrategyKind::EmaCross => self.ema_cross.check(),
            StrategyKind::Smc => self.smc.check(),
            StrategyKind::Signals => Ok(()),
        }
    }

    /// Whether every plan of the chosen strategy carries a stop.
    #[must_use]
    pub fn always_has_stop(&self) -> bool {
        match self.name {
            StrategyKind::EmaCross => self.ema_cross.stop_pct.is_some(),
            StrategyKind::Smc | StrategyKind::Signals => true,
        }
    }

    /// The chosen strategy for `instrument`, fed with candles of `base`.
    ///
    /// # Errors
    /// A broken rule, also where `base` is coarser than what the strategy needs.
    pub fn build(
        &self,
        instrument: &Instrument,
        base: Timeframe,
    ) -> Result<Box<dyn Strategy>, StrategyError> {
        self.check()?;
        match self.name {
            StrategyKind::EmaCross => Ok(Box::new(EmaCross::new(&self.ema_cross, instrument, base)?)),
            StrategyKind::Smc => Ok(Box::new(Smc::new(&self.smc, instrument, base)?)),
            StrategyKind::Signals => Ok(Box::new(Outside::new(base))),
        }
    }
}
