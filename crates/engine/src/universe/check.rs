//! Ranges of the sections, and what contradicts itself across their keys. Messages name the keys and show the
//! numbers.

use rust_decimal::Decimal;
use seawall_model::GuardMode;

use super::settings::{
    DataQualitySettings, MarketSettings, QuoteGuardSettings, TiersSettings, UniverseSettings,
};
use crate::error::EngineError;
use crate::risk::settings::{RiskSettings, SizingMethod};

fn broken(key: &'static str, value: &dyn ToString, rule: String) -> EngineError {
    EngineError::Setting { key, value: value.to_string(), rule }
}

/// More than zero, up to `most`.
fn above_zero(key: &'static str, value: Decimal, most: i64) -> Result<(), EngineError> {
    if value > Decimal::ZERO && value <= Decimal::from(most) {
        return Ok(());
    }
    Err(broken(key, &value.normalize(), format!("allowed is more than 0 up to {most}")))
}

fn whole(key: &'static str, value: u32, least: u32, most: u32) -> Result<(), EngineError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(broken(key, &value, format!("allowed are {least} to {most}")))
}

const MONEY_MAX: i64 = 1_000_000_000_000;

impl MarketSettings {
    /// Checks the ranges of all three sections and what contradicts itself between them and `risk`.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self, risk: &RiskSettings) -> Result<(), EngineError> {
        self.universe.check()?;
        self.data_quality.check()?;
        self.quote_guard.check()?;
        self.check_spreads()?;
        self.check_leverage(risk)
    }

    /// An entry that its own guard lets through must not be bad data.
    fn check_spreads(&self) -> Result<(), EngineError> {
        let least = self.data_quality.spread_max_pct;
        let keys = [
            ("quote_guard.perpetual_spread_max_pct", self.quote_guard.perpetual_spread_max_pct),
            ("quote_guard.spot_spread_max_pct", self.quote_guard.spot_spread_max_pct),
        ];
        for (key, widest) in keys {
            if widest >= least {
                let rule = format!(
                    "it must be below data_quality.spread_max_pct, at which a quote is bad data: {widest} is \
                     not below {least}"
                );
                return Err(broken(key, &widest, rule));
            }
        }
        Ok(())
    }

    /// A leverage that no tier allows could never be reached (D-40).
    fn check_leverage(&self, risk: &RiskSettings) -> Result<(), EngineError> {
        let most = self.universe.tiers.a_leverage_max;
        let sized = risk.sizing == SizingMethod::Leverage && self.universe.mode == GuardMode::On;
        if sized && risk.target_leverage > most {
            let rule = format!(
                "no tier allows it: {} is above universe.tiers.a_leverage_max, {most}",
                risk.target_leverage
            );
            return Err(broken("risk.target_leverage", &risk.target_leverage, rule));
        }
        Ok(())
    }
}

impl UniverseSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.refresh_hours == 0 || !24_u32.is_multiple_of(self.refresh_hours) {
            let rule = "allowed are the divisors of 24".to_owned();
            return Err(broken("universe.refresh_hours", &self.refresh_hours, rule));
        }
        let volumes = [
            ("universe.perpetual_volume_24h_min", self.perpetual_volume_24h_min),
            ("universe.spot_volume_24h_min", self.spot_volume_24h_min),
        ];
        for (key, volume) in volumes {
            volume.map_or(Ok(()), |volume| above_zero(key, volume.get(), MONEY_MAX))?;
        }
        let spreads = [
            ("universe.perpetual_spread_max_pct", self.perpetual_spread_max_pct),
            ("universe.spot_spread_max_pct", self.spot_spread_max_pct),
        ];
        for (key, spread) in spreads {
            spread.map_or(Ok(()), |spread| above_zero(key, spread.get(), 50))?;
        }
        whole("universe.shrink_guard_above", self.shrink_guard_above, 1, 10_000)?;
        above_zero("universe.shrink_keep_min_pct", self.shrink_keep_min_pct.get(), 100)?;
        self.tiers.check()
    }
}

impl TiersSettings {
    fn check(&self) -> Result<(), EngineError> {
        let numbers = [
            ("universe.tiers.a_volume_24h_min", self.a_volume_24h_min.get(), MONEY_MAX),
            ("universe.tiers.b_volume_24h_min", self.b_volume_24h_min.get(), MONEY_MAX),
            ("universe.tiers.a_spread_max_pct", self.a_spread_max_pct.get(), 50),
            ("universe.tiers.b_spread_max_pct", self.b_spread_max_pct.get(), 50),
            ("universe.tiers.a_leverage_max", self.a_leverage_max.get(), 125),
            ("universe.tiers.b_leverage_max", self.b_leverage_max.get(), 125),
            ("universe.tiers.c_leverage_max", self.c_leverage_max.get(), 125),
            ("universe.tiers.a_notional_max", self.a_notional_max.get(), MONEY_MAX),
            ("universe.tiers.b_notional_max", self.b_notional_max.get(), MONEY_MAX),
            ("universe.tiers.c_notional_max", self.c_notional_max.get(), MONEY_MAX),
            ("universe.tiers.a_slippage_max_pct", self.a_slippage_max_pct.get(), 5),
            ("universe.tiers.b_slippage_max_pct", self.b_slippage_max_pct.get(), 5),
            ("universe.tiers.c_slippage_max_pct", self.c_slippage_max_pct.get(), 5),
        ];
        numbers.into_iter().try_for_each(|(key, value, most)| above_zero(key, value, most))?;
        self.check_order()
    }

    /// What is more liquid is never allowed less.
    fn check_order(&self) -> Result<(), EngineError> {
        let rising = [
            (
                ("universe.tiers.b_leverage_max", self.b_leverage_max.get()),
                ("universe.tiers.a_leverage_max", self.a_leverage_max.get()),
            ),
            (
                ("universe.tiers.c_leverage_max", self.c_leverage_max.get()),
                ("universe.tiers.b_leverage_max", self.b_leverage_max.get()),
            ),
            (
                ("universe.tiers.b_notional_max", self.b_notional_max.get()),
                ("universe.tiers.a_notional_max", self.a_notional_max.get()),
            ),
            (
                ("universe.tiers.c_notional_max", self.c_notional_max.get()),
                ("universe.tiers.b_notional_max", self.b_notional_max.get()),
            ),
            (
                ("universe.tiers.b_volume_24h_min", self.b_volume_24h_min.get()),
                ("universe.tiers.a_volume_24h_min", self.a_volume_24h_min.get()),
            ),
            (
                ("universe.tiers.a_spread_max_pct", self.a_spread_max_pct.get()),
                ("universe.tiers.b_spread_max_pct", self.b_spread_max_pct.get()),
            ),
        ];
        for ((key, value), (other, most)) in rising {
            if value > most {
                let (value, most) = (value.normalize(), most.normalize());
                let rule = format!("it must not exceed {other}: {value} is above {most}");
                return Err(broken(key, &value, rule));
            }
        }
        Ok(())
    }
}

impl DataQualitySettings {
    /// Checks the ranges, then what contradicts itself.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        whole("data_quality.degrade_after", self.degrade_after, 1, 100)?;
        whole("data_quality.suspend_after", self.suspend_after, 2, 1_000)?;
        whole("data_quality.release_after", self.release_after, 1, 100)?;
        whole("data_quality.degraded_judge_every", self.degraded_judge_every, 1, 100)?;
        whole("data_quality.suspend_hours", self.suspend_hours, 1, 168)?;
        whole("data_quality.probe_minutes", self.probe_minutes, 1, 1_440)?;
        whole("data_quality.reset_hours", self.reset_hours, 1, 720)?;
        whole("data_quality.candle_late_max_s", self.candle_late_max_s, 1, 86_400)?;
        above_zero("data_quality.spread_max_pct", self.spread_max_pct.get(), 100)?;
        whole("data_quality.healthy_candles_min", self.healthy_candles_min, 1, 100_000)?;
        whole("data_quality.healthy_instruments_min", self.healthy_instruments_min, 1, 4_096)?;
        above_zero("data_quality.healthy_share_min_pct", self.healthy_share_min_pct.get(), 100)?;
        self.check_order()
    }

    fn check_order(&self) -> Result<(), EngineError> {
        let (degrade, suspend) = (self.degrade_after, self.suspend_after);
        if suspend <= degrade {
            let rule =
                format!("it must be above data_quality.degrade_after: {suspend} is not above {degrade}");
            return Err(broken("data_quality.suspend_after", &suspend, rule));
        }
        let (suspended, reset) = (self.suspend_hours, self.reset_hours);
        if reset <= suspended {
            let rule =
                format!("it must be above data_quality.suspend_hours: {reset} is not above {suspended}");
            return Err(broken("data_quality.reset_hours", &reset, rule));
        }
        let (probe, minutes) = (self.probe_minutes, self.suspend_hours.saturating_mul(60));
        if probe >= minutes {
            let rule = format!(
                "a suspension would be over before its first probe: {probe} minutes are not below {minutes} \
                 (data_quality.suspend_hours)"
            );
            return Err(broken("data_quality.probe_minutes", &probe, rule));
        }
        Ok(())
    }
}

impl QuoteGuardSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        whole("quote_guard.quote_age_max_s", self.quote_age_max_s, 1, 3_600)?;
        above_zero("quote_guard.perpetual_spread_max_pct", self.perpetual_spread_max_pct.get(), 50)?;
        above_zero("quote_guard.spot_spread_max_pct", self.spot_spread_max_pct.get(), 50)?;
        self.depth_multiple
            .map_or(Ok(()), |multiple| above_zero("quote_guard.depth_multiple", multiple.get(), 1_000))
    }
}
