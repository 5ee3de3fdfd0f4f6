//! What an auction's settings must keep to, alone and beside those of risk. An auction that acts and
//! contradicts the limits does not start; the message shows the arithmetic.

use rust_decimal::Decimal;
use seawall_model::GuardMode;

use super::settings::AuctionSettings;
use crate::error::EngineError;
use crate::risk::settings::{RiskSettings, SizingMethod};

/// Longest time that candidates may be collected, in milliseconds.
const COLLECT_MS_MAX: u32 = 30_000;
const MINUTES_MAX: u32 = 1_440;

impl AuctionSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        let whole = [
            ("auction.collect_ms", self.collect_ms, 0, COLLECT_MS_MAX),
            ("auction.cycle_minutes", self.cycle_minutes, 1, MINUTES_MAX),
            ("auction.positions_max", self.positions_max, 1, 1_000),
            ("auction.cluster_positions_max", self.cluster_positions_max, 1, 1_000),
            ("auction.min_hold_minutes", self.min_hold_minutes, 0, MINUTES_MAX),
            ("auction.trades_per_cycle_max", self.trades_per_cycle_max, 1, 1_000),
            ("auction.opens_per_cycle_max", self.opens_per_cycle_max, 1, 1_000),
            ("auction.closes_per_cycle_max", self.closes_per_cycle_max, 0, 1_000),
            ("auction.partial_close_cooldown_s", self.partial_close_cooldown_s, 0, 3_600),
            ("auction.no_signal_persistence_cycles", self.no_signal_persistence_cycles, 0, 1_000),
        ];
        for (key, value, least, most) in whole {
            within(key, Decimal::from(value), least, most)?;
        }
        let numbers = [
            ("auction.margin_use_max_pct", self.margin_use_max_pct.get(), 1, 95),
            ("auction.swap_threshold", self.swap_threshold.get(), 0, 100),
            ("auction.entry_cost", self.entry_cost.get(), 0, 100),
            ("auction.exit_cost", self.exit_cost.get(), 0, 100),
            ("auction.direction_penalty", self.direction_penalty.get(), 0, 100),
            ("auction.boost_factor_max", self.boost_factor_max.get(), 1, 3),
        ];
        for (key, value, least, most) in numbers {
            within(key, value, least, most)?;
        }
        if let Some(target) = self.margin_use_target_pct {
            within("auction.margin_use_target_pct", target.get(), 1, 95)?;
        }
        self.churn.check()?;
        self.chop.check()?;
        self.anti_flip.check()?;
        self.rebalancer.check()
    }

    /// Checks an auction that acts against the limits of the account: what it aims for must lie below what
    /// halts the system (spec 4.9).
    ///
    /// # Errors
    /// The first contradiction, with both numbers.
    pub fn check_with(&self, risk: &RiskSettings) -> Result<(), EngineError> {
        if self.mode != GuardMode::On {
            return Ok(());
        }
        let margin = self.margin_use_max_pct;
        let halts = [
            ("risk.states.margin_use_reduce_only_pct", risk.states.margin_use_reduce_only_pct),
            ("risk.states.margin_use_protect_only_pct", risk.states.margin_use_protect_only_pct),
            ("risk.states.margin_use_flatten_pct", risk.states.margin_use_flatten_pct),
        ];
        for (key, halt) in halts.into_iter().filter_map(|(key, halt)| Some((key, halt?))) {
            if margin >= halt {
                let rule = format!("it must be below {key}: {margin} is not below {halt}");
                return Err(broken("auction.margin_use_max_pct", &margin, rule));
            }
        }
        if let Some(cautious) = risk.states.margin_use_cautious_pct
            && cautious > margin
        {
            let rule = format!(
                "it must not be below risk.states.margin_use_cautious_pct: {margin} is below {cautious}"
            );
            return Err(broken("auction.margin_use_max_pct", &margin, rule));
        }
        if self.positions_max > risk.positions_max {
            let rule = format!(
                "it must not be above risk.positions_max: {} is above {}",
                self.positions_max, risk.positions_max
            );
            return Err(broken("auction.positions_max", &self.positions_max, rule));
        }
        self.check_boost(risk)
    }

    /// An enlarged entry must still fit under the limits of one instrument and of the whole auction.
    fn check_boost(&self, risk: &RiskSettings) -> Result<(), EngineError> {
        let Some(target) = self.margin_use_target_pct else { return Ok(()) };
        if target > self.margin_use_max_pct {
            let rule = format!(
                "it must not be above auction.margin_use_max_pct: {target} is above {}",
                self.margin_use_max_pct
            );
            return Err(broken("auction.margin_use_target_pct", &target, rule));
        }
        let Some(most) = risk.instrument_notional_max.filter(|_| risk.sizing == SizingMethod::Leverage)
        else {
            return Ok(());
        };
        let wanted = risk.risk_per_trade_pct.fraction() * risk.target_leverage.get();
        let boosted = wanted * self.boost_factor_max.get();
        if boosted > most.get() {
            let rule = format!(
                "{} % of equity times {} times {} are {} times equity, more than risk.instrument_notional_max \
                 ({most}); lower one or raise the other",
                risk.risk_per_trade_pct,
                risk.target_leverage,
                self.boost_factor_max,
                boosted.normalize()
            );
            return Err(broken("auction.boost_factor_max", &self.boost_factor_max, rule));
        }
        Ok(())
    }
}

fn broken(key: &'static str, value: &dyn ToString, rule: String) -> EngineError {
    EngineError::Setting { key, value: value.to_string(), rule }
}

fn within(key: &'static str, value: Decimal, least: u32, most: u32) -> Result<(), EngineError> {
    if value >= Decimal::from(least) && value <= Decimal::from(most) {
        return Ok(());
    }
    Err(broken(key, &value.normalize(), format!("allowed are {least} to {most}")))
}
