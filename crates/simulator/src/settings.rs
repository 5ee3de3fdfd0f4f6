//! The `simulator` section of the configuration: the only table of its defaults.

use core::fmt;

use rust_decimal::Decimal;
use seawall_model::{Bps, Percent, Ratio, Span};
use serde::de::{Error as DeError, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::SimulatorError;

const BPS_MAX: i64 = 1_000;
const REBATE_BPS_MAX: i64 = 100;
const LATENCY_MS_MAX: u32 = 60_000;
const LEVERAGE_MAX: i64 = 1_000;

/// A switch. Reads `on` and `off`, and the booleans that some YAML writers make of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Toggle {
    /// In force.
    #[default]
    On,
    /// Not in force.
    Off,
}

impl Toggle {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        match self {
            Toggle::On => true,
            Toggle::Off => false,
        }
    }
}

struct ToggleVisitor;

impl Visitor<'_> for ToggleVisitor {
    type Value = Toggle;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("`on` or `off`")
    }

    fn visit_bool<E: DeError>(self, value: bool) -> Result<Toggle, E> {
        Ok(if value { Toggle::On } else { Toggle::Off })
    }

    fn visit_str<E: DeError>(self, text: &str) -> Result<Toggle, E> {
        match text {
            "on" => Ok(Toggle::On),
            "off" => Ok(Toggle::Off),
            other => Err(E::unknown_variant(other, &["on", "off"])),
        }
    }
}

impl<'de> Deserialize<'de> for Toggle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToggleVisitor)
    }
}

/// What backs a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarginMode {
    /// The whole account.
    #[default]
    Cross,
    /// Only the margin set aside for it.
    Isolated,
}

/// When a resting limit order fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitFill {
    /// The market trades at its price.
    #[default]
    Touch,
    /// The market trades beyond its price: the queue before it is taken as never ending.
    Through,
}

/// How the simulated exchange behaves and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatorSettings {
    /// Fee for taking liquidity, where the instrument states none.
    pub taker_fee_bps: Bps,
    /// Fee for making liquidity, where the instrument states none; negative for a rebate.
    pub maker_fee_bps: Bps,
    /// How much worse than the known price a taking order fills.
    pub slippage_bps: Bps,
    /// Distance from bid to ask where only trades are known; a taking order pays half of it.
    pub spread_bps: Bps,
    /// Milliseconds that a request and an event travel, each way.
    pub latency_ms: u32,
    /// Whether funding is paid.
    pub funding: Toggle,
    /// Funding per 8 hours where no rate is given: a cost for both sides.
    pub funding_rate_bps: Bps,
    /// What backs a position.
    pub margin_mode: MarginMode,
    /// Leverage of the account, at most the instrument's; absent: the instrument's highest.
    pub leverage: Option<Ratio>,
    /// Largest share of a bar's (or tick's) volume that our orders can fill; absent: no limit.
    pub volume_limit_pct: Option<Percent>,
    /// When a resting limit order fills.
    pub limit_fill: LimitFill,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        SimulatorSettings {
            taker_fee_bps: Bps::new(Decimal::from(5)),
            maker_fee_bps: Bps::new(Decimal::TWO),
            slippage_bps: Bps::new(Decimal::TWO),
            spread_bps: Bps::new(Decimal::ONE),
            latency_ms: 100,
            funding: Toggle::On,
            funding_rate_bps: Bps::new(Decimal::ONE),
            margin_mode: MarginMode::Cross,
            leverage: None,
            volume_limit_pct: None,
            limit_fill: LimitFill::Touch,
        }
    }
}

impl SimulatorSettings {
    /// Checks every setting on its own.
    ///
    /// # Errors
    /// The first value outside its range, with its full key and the range.
    pub fn check(&self) -> Result<(), SimulatorError> {
        let costs = [
            ("simulator.taker_fee_bps", self.taker_fee_bps),
            ("simulator.slippage_bps", self.slippage_bps),
            ("simulator.spread_bps", self.spread_bps),
            ("simulator.funding_rate_bps", self.funding_rate_bps),
        ];
        for (key, bps) in costs {
            if bps.get() < Decimal::ZERO || bps.get() > Decimal::from(BPS_MAX) {
                return Err(outside(key, &bps, "0 to 1000 basis points"));
            }
        }
        let maker = self.maker_fee_bps;
        if maker.get() < Decimal::from(-REBATE_BPS_MAX) || maker.get() > Decimal::from(BPS_MAX) {
            return Err(outside("simulator.maker_fee_bps", &maker, "-100 to 1000 basis points"));
        }
        if self.latency_ms > LATENCY_MS_MAX {
            return Err(outside("simulator.latency_ms", &self.latency_ms, "0 to 60000 milliseconds"));
        }
        if let Some(leverage) = self.leverage
            && (leverage.get() < Decimal::ONE || leverage.get() > Decimal::from(LEVERAGE_MAX))
        {
            return Err(outside("simulator.leverage", &leverage, "1 to 1000, or leave it out"));
        }
        if let Some(limit) = self.volume_limit_pct
            && (limit.get() <= Decimal::ZERO || limit.get() > Decimal::ONE_HUNDRED)
        {
            let allowed = "above 0 and up to 100 percent, or leave it out";
            return Err(outside("simulator.volume_limit_pct", &limit, allowed));
        }
        Ok(())
    }

    /// How long a request or an event travels.
    #[must_use]
    pub const fn latency(&self) -> Span {
        Span::from_nanos(self.latency_ms as i64 * 1_000_000)
    }
}

fn outside(key: &'static str, value: &impl ToString, allowed: &'static str) -> SimulatorError {
    SimulatorError::Setting { key, value: value.to_string(), allowed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed() {
        assert_eq!(SimulatorSettings::default().check(), Ok(()));
    }

    #[test]
    fn each_setting_outside_its_range_is_named_with_the_range() {
        let bps = |value: i64| Bps::new(Decimal::from(value));
        let with = |change: &dyn Fn(&mut SimulatorSettings)| {
            let mut settings = SimulatorSettings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        let cases = [
            (with(&|s| s.taker_fee_bps = bps(-1)), "simulator.taker_fee_bps is -1: allowed is 0 to 1000"),
            (with(&|s| s.maker_fee_bps = bps(-101)), "simulator.maker_fee_bps is -101: allowed is -100 to"),
            (with(&|s| s.slippage_bps = bps(1_001)), "simulator.slippage_bps is 1001: allowed is 0 to 1000"),
            (with(&|s| s.spread_bps = bps(1_001)), "simulator.spread_bps is 1001: allowed is 0 to 1000"),
            (with(&|s| s.funding_rate_bps = bps(-1)), "simulator.funding_rate_bps is -1: allowed is 0 to"),
            (with(&|s| s.latency_ms = 60_001), "simulator.latency_ms is 60001: allowed is 0 to 60000"),
            (
                with(&|s| s.leverage = Some(Ratio::ZERO)),
                "simulator.leverage is 0: allowed is 1 to 1000, or leave it out",
            ),
            (
                with(&|s| s.volume_limit_pct = Some(Percent::new(Decimal::from(101)))),
                "simulator.volume_limit_pct is 101: allowed is above 0",
            ),
        ];
        for (text, start) in cases {
            assert!(text.starts_with(start), "{text}");
        }
    }
}
