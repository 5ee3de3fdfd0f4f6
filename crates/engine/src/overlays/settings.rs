//! Settings of the portfolio guards: the only table of their defaults.

use rust_decimal::Decimal;
use seawall_model::{GuardMode, Percent, Ratio, Span};
use serde::{Deserialize, Serialize};

use super::chop::REVERSALS_MAX;
use super::churn::EVENTS_MAX;
use crate::auction::settings::AuctionTuning;
use crate::error::EngineError;
use crate::risk::settings::{RiskSettings, SizingMethod};

/// Longest pause in minutes: a week.
const PAUSE_MINUTES_MAX: u32 = 10_080;
/// Longest window in hours: a week.
const WINDOW_HOURS_MAX: u32 = 168;

/// The `auction.churn` section: an instrument that is closed and entered again too quickly pays fees for
/// nothing, so it pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChurnSettings {
    /// Whether the guard is asked, only watches, or acts.
    pub mode: GuardMode,
    /// Longest time that a trade was held for its end to be a quick one, in minutes.
    pub hold_minutes_max: u32,
    /// Longest time from a quick end to the next entry for the two to count, in minutes.
    pub reopen_minutes_max: u32,
    /// How far back they count, in hours.
    pub window_hours: u32,
    /// How many make the next quick end begin a pause.
    pub events_min: u32,
    /// The pause of the instrument, in minutes.
    pub tier_1_minutes: u32,
    /// The pause where the one before ended less than `window_hours` ago.
    pub tier_2_minutes: u32,
    /// The pause after that one, and from there on.
    pub tier_3_minutes: u32,
}

impl Default for ChurnSettings {
    fn default() -> Self {
        ChurnSettings {
            mode: GuardMode::On,
            hold_minutes_max: 60,
            reopen_minutes_max: 120,
            window_hours: 6,
            events_min: 2,
            tier_1_minutes: 30,
            tier_2_minutes: 120,
            tier_3_minutes: 360,
        }
    }
}

impl ChurnSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        counted("auction.churn.hold_minutes_max", self.hold_minutes_max, 1, PAUSE_MINUTES_MAX)?;
        counted("auction.churn.reopen_minutes_max", self.reopen_minutes_max, 1, PAUSE_MINUTES_MAX)?;
        counted("auction.churn.window_hours", self.window_hours, 1, WINDOW_HOURS_MAX)?;
        counted("auction.churn.events_min", self.events_min, 1, bound(EVENTS_MAX))?;
        counted("auction.churn.tier_1_minutes", self.tier_1_minutes, 1, PAUSE_MINUTES_MAX)?;
        counted("auction.churn.tier_2_minutes", self.tier_2_minutes, self.tier_1_minutes, PAUSE_MINUTES_MAX)?;
        counted("auction.churn.tier_3_minutes", self.tier_3_minutes, self.tier_2_minutes, PAUSE_MINUTES_MAX)
    }

    pub(super) fn hold_max(&self) -> Span {
        minutes(self.hold_minutes_max)
    }

    pub(super) fn reopen_max(&self) -> Span {
        minutes(self.reopen_minutes_max)
    }

    pub(super) fn window(&self) -> Span {
        hours(self.window_hours)
    }
}

/// The `auction.chop` section: when enough instruments go nowhere, the auction turns over less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChopSettings {
    /// Whether the guard is asked, only watches, or acts.
    pub mode: GuardMode,
    /// ADX below which an instrument has no momentum.
    pub adx_below: Ratio,
    /// Standard deviation of an instrument's newest scores below which they say nothing new.
    pub score_spread_below: Ratio,
    /// How far back ADX, scores and quick reversals count, in hours.
    pub window_hours: u32,
    /// Longest time that a trade was held for a turn to be a quick one, in minutes.
    pub hold_minutes_max: u32,
    /// Longest time from its end to the entry on the opposite side, in minutes.
    pub reopen_minutes_max: u32,
    /// Quick reversals that make an instrument choppy whatever its ADX.
    pub reversals_min: u32,
    /// Share of all instruments that must be choppy for the auction to slow down, in percent; it takes more
    /// than that.
    pub instruments_pct: Percent,
    /// Points that `auction.swap_threshold` is higher by then.
    pub swap_threshold_add: Ratio,
    /// Factor that `auction.min_hold_minutes` is longer by then.
    pub min_hold_factor: Ratio,
    /// How many fewer positions than `auction.opens_per_cycle_max` may be opened in a cycle then.
    pub opens_per_cycle_less: u32,
    /// How many more cycles than `auction.no_signal_persistence_cycles` a position without a place is kept
    /// then.
    pub persistence_cycles_add: u32,
}

impl Default for ChopSettings {
    fn default() -> Self {
        ChopSettings {
            mode: GuardMode::On,
            adx_below: Ratio::new(Decimal::from(18)),
            score_spread_below: Ratio::new(Decimal::from(6)),
            window_hours: 12,
            hold_minutes_max: 60,
            reopen_minutes_max: 120,
            reversals_min: 2,
            instruments_pct: Percent::new(Decimal::from(50)),
            swap_threshold_add: Ratio::new(Decimal::TWO),
            min_hold_factor: Ratio::new(Decimal::TWO),
            opens_per_cycle_less: 1,
            persistence_cycles_add: 1,
        }
    }
}

impl ChopSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        within("auction.chop.adx_below", self.adx_below.get(), 1, 100)?;
        within("auction.chop.score_spread_below", self.score_spread_below.get(), 0, 100)?;
        counted("auction.chop.window_hours", self.window_hours, 1, WINDOW_HOURS_MAX)?;
        counted("auction.chop.hold_minutes_max", self.hold_minutes_max, 1, PAUSE_MINUTES_MAX)?;
        counted("auction.chop.reopen_minutes_max", self.reopen_minutes_max, 1, PAUSE_MINUTES_MAX)?;
        counted("auction.chop.reversals_min", self.reversals_min, 1, bound(REVERSALS_MAX))?;
        within("auction.chop.instruments_pct", self.instruments_pct.get(), 1, 99)?;
        within("auction.chop.swap_threshold_add", self.swap_threshold_add.get(), 0, 100)?;
        within("auction.chop.min_hold_factor", self.min_hold_factor.get(), 1, 100)?;
        counted("auction.chop.opens_per_cycle_less", self.opens_per_cycle_less, 0, 1_000)?;
        counted("auction.chop.persistence_cycles_add", self.persistence_cycles_add, 0, 1_000)
    }

    /// What the auction does differently in a choppy market.
    pub(super) fn tuning(&self) -> AuctionTuning {
        let signed = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        AuctionTuning {
            swap_delta: self.swap_threshold_add.to_f64(),
            hold_factor: self.min_hold_factor.to_f64(),
            opens_delta: -signed(self.opens_per_cycle_less),
            persistence_delta: signed(self.persistence_cycles_add),
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.mode == GuardMode::Off
    }

    pub(super) fn hold_max(&self) -> Span {
        minutes(self.hold_minutes_max)
    }

    pub(super) fn reopen_max(&self) -> Span {
        minutes(self.reopen_minutes_max)
    }

    pub(super) fn window(&self) -> Span {
        hours(self.window_hours)
    }
}

/// The `auction.anti_flip` section: no entry against the side that was just closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AntiFlipSettings {
    /// Whether the guard is asked, only watches, or acts.
    pub mode: GuardMode,
    /// How long after a close the opposite side of the instrument is locked.
    pub minutes: u32,
}

impl Default for AntiFlipSettings {
    fn default() -> Self {
        AntiFlipSettings { mode: GuardMode::On, minutes: 45 }
    }
}

impl AntiFlipSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        counted("auction.anti_flip.minutes", self.minutes, 1, PAUSE_MINUTES_MAX)
    }

    pub(super) fn lock(&self) -> Span {
        minutes(self.minutes)
    }
}

/// The `auction.rebalancer` section: a position that has become too large a part of the account is made
/// smaller. The defaults lie above what `risk.instrument_notional_max` lets an entry make of a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RebalancerSettings {
    /// Whether positions are not looked at, only watched, or made smaller.
    pub mode: GuardMode,
    /// Notional of a position in percent of equity above which it is made smaller.
    pub trigger_pct: Percent,
    /// What it is made smaller to.
    pub clear_pct: Percent,
    /// Length of a cycle: how often positions are looked at.
    pub cycle_minutes: u32,
    /// Cycles that an instrument is left alone after it was made smaller.
    pub cooldown_cycles: u32,
    /// Most positions made smaller in one cycle, the largest first.
    pub reductions_per_cycle: u32,
    /// Most margin given back in one cycle, in percent of equity.
    pub margin_per_cycle_max_pct: Percent,
}

impl Default for RebalancerSettings {
    fn default() -> Self {
        RebalancerSettings {
            mode: GuardMode::Off,
            trigger_pct: Percent::new(Decimal::from(320)),
            clear_pct: Percent::new(Decimal::from(240)),
            cycle_minutes: 1,
            cooldown_cycles: 2,
            reductions_per_cycle: 1,
            margin_per_cycle_max_pct: Percent::new(Decimal::from(25)),
        }
    }
}

impl RebalancerSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        within("auction.rebalancer.trigger_pct", self.trigger_pct.get(), 1, 12_500)?;
        within("auction.rebalancer.clear_pct", self.clear_pct.get(), 1, 12_500)?;
        counted("auction.rebalancer.cycle_minutes", self.cycle_minutes, 1, 1_440)?;
        counted("auction.rebalancer.cooldown_cycles", self.cooldown_cycles, 0, 1_000)?;
        counted("auction.rebalancer.reductions_per_cycle", self.reductions_per_cycle, 1, 100)?;
        within("auction.rebalancer.margin_per_cycle_max_pct", self.margin_per_cycle_max_pct.get(), 1, 100)?;
        let (clear, trigger) = (self.clear_pct, self.trigger_pct);
        if clear >= trigger {
            let rule = format!(
                "it must be below auction.rebalancer.trigger_pct: {clear} is not below {trigger}, a position \
                 would be made smaller again and again"
            );
            return Err(refused("auction.rebalancer.clear_pct", &clear, rule));
        }
        Ok(())
    }

    /// Checks against what entries may make of a position, and what the account may carry at all.
    ///
    /// # Errors
    /// The first broken rule with its full key and the arithmetic.
    pub fn check_with(&self, risk: &RiskSettings) -> Result<(), EngineError> {
        if self.mode == GuardMode::Off {
            return Ok(());
        }
        let key = "auction.rebalancer.trigger_pct";
        let trigger = self.trigger_pct.get().normalize();
        let percent = |multiple: Decimal| (multiple * Decimal::ONE_HUNDRED).normalize();
        let account = percent(risk.leverage_max.get());
        if trigger >= account {
            let rule = format!(
                "risk.leverage_max ({}) is {account} % of equity for all positions together, so no single one \
                 comes to {trigger} %; lower it below {account}",
                risk.leverage_max
            );
            return Err(refused(key, &trigger, rule));
        }
        let by_leverage = risk.risk_per_trade_pct.get() * risk.target_leverage.get();
        let entry = match (risk.sizing, risk.instrument_notional_max) {
            (SizingMethod::Leverage, cap) => {
                let wanted = by_leverage.normalize();
                let source = format!(
                    "{} % of equity times risk.target_leverage ({})",
                    risk.risk_per_trade_pct, risk.target_leverage
                );
                match cap.map(|cap| percent(cap.get())).filter(|cap| *cap < wanted) {
                    Some(cap) => (cap, format!("risk.instrument_notional_max times equity ({cap} %)")),
                    None => (wanted, source),
                }
            }
            (SizingMethod::RiskPctOfEquity | SizingMethod::Volatility | SizingMethod::Kelly, Some(cap)) => {
                (percent(cap.get()), format!("risk.instrument_notional_max ({cap}) times equity"))
            }
            (SizingMethod::RiskPctOfEquity | SizingMethod::Volatility | SizingMethod::Kelly, None) => {
                (account, format!("risk.leverage_max ({}) times equity", risk.leverage_max))
            }
        };
        let (most, source) = entry;
        if most > trigger {
            let rule = format!(
                "an entry may be as large as {source}: {most} % of equity are more than {trigger} %, so it \
                 would be made smaller at once; raise the trigger to {most} or lower what an entry may be"
            );
            return Err(refused(key, &trigger, rule));
        }
        Ok(())
    }

    pub(super) fn cycle(&self) -> Span {
        minutes(self.cycle_minutes)
    }
}

fn minutes(count: u32) -> Span {
    Span::from_secs(i64::from(count) * 60)
}

fn hours(count: u32) -> Span {
    Span::from_secs(i64::from(count) * 3_600)
}

fn bound(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn refused(key: &'static str, value: &dyn ToString, rule: String) -> EngineError {
    EngineError::Setting { key, value: value.to_string(), rule }
}

fn within(key: &'static str, value: Decimal, least: i64, most: i64) -> Result<(), EngineError> {
    if value >= Decimal::from(least) && value <= Decimal::from(most) {
        return Ok(());
    }
    Err(refused(key, &value.normalize(), format!("allowed are {least} to {most}")))
}

fn counted(key: &'static str, value: u32, least: u32, most: u32) -> Result<(), EngineError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(refused(key, &value, format!("allowed are {least} to {most}")))
}
