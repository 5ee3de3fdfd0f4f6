//! Settings of entries and of the management of open positions: the only table of their defaults.
//!
//! They hold for positions whose setup has a regime (`tight_smc`, `wide_structure`); every other position
//! keeps what its plan says.

use rust_decimal::Decimal;
use seawall_model::{Percent, Ratio, Span, Timeframe};
use serde::{Deserialize, Serialize};

use crate::auction::settings::AuctionSettings;
use crate::error::EngineError;

/// Entries and management together, as an engine is given them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TradeSettings {
    /// How entries are made.
    pub execution: ExecutionSettings,
    /// Where profits are taken.
    pub multi_tp: MultiTpSettings,
    /// How stops follow and when a position is given up.
    pub management: ManagementSettings,
    /// Which entries compete.
    pub auction: AuctionSettings,
}

impl TradeSettings {
    /// Checks the ranges of all.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        self.execution.check()?;
        self.multi_tp.check()?;
        self.management.check()?;
        self.auction.check()
    }
}

/// How the entry of a plan with a planned price is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryOrder {
    /// A limit at the planned price that rests for as long as the plan allows.
    #[default]
    Limit,
    /// At once, at most `slippage_tolerance_pct` from the price of the decision; the rest is cancelled.
    LimitIoc,
    /// At once, at market.
    Market,
}

/// The `execution` section: how entries are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutionSettings {
    /// Whether anything is entered. Positions are managed either way.
    pub entries_enabled: bool,
    /// Whether part of a position may be closed: take-profits smaller than the position, and the rebalancer.
    /// A shock still makes positions smaller.
    pub partials_enabled: bool,
    /// Whether a plan against the position that is held also enters the other side; it closes the position
    /// either way.
    pub reversals_enabled: bool,
    /// How the entry of a plan with a planned price is sent.
    pub entry_order: EntryOrder,
    /// How far from the price of the decision a `limit_ioc` entry may fill, in percent.
    pub slippage_tolerance_pct: Percent,
    /// Distance of the price from a resting entry at which it is given up, in percent of the entry.
    pub order_price_invalidation_pct: Percent,
    /// Most that the price of an instrument may lie away from its signal's for an entry to be made or to go
    /// on resting, in percent of the signal's price. Instruments without a signal are not asked.
    pub basis_max_pct: Percent,
    /// Most that the price of a fill may lie away from the signal's without an alert, in percent of it.
    pub basis_max_post_pct: Percent,
    /// Most that the older of the two prices may be behind for an entry to be judged by them, in seconds.
    pub signal_age_max_s: u32,
}

impl Default for ExecutionSettings {
    fn default() -> Self {
        ExecutionSettings {
            entries_enabled: true,
            partials_enabled: true,
            reversals_enabled: true,
            entry_order: EntryOrder::Limit,
            slippage_tolerance_pct: percent(1, 1),
            order_price_invalidation_pct: percent(3, 0),
            basis_max_pct: percent(75, 2),
            basis_max_post_pct: percent(75, 2),
            signal_age_max_s: 30,
        }
    }
}

impl ExecutionSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        let slippage = self.slippage_tolerance_pct.get();
        within("execution.slippage_tolerance_pct", slippage, (Decimal::ZERO, Decimal::from(5)))?;
        let distance = self.order_price_invalidation_pct.get();
        within("execution.order_price_invalidation_pct", distance, (Decimal::new(1, 1), Decimal::from(50)))?;
        let basis = (Decimal::new(1, 1), Decimal::from(5));
        within("execution.basis_max_pct", self.basis_max_pct.get(), basis)?;
        within("execution.basis_max_post_pct", self.basis_max_post_pct.get(), basis)?;
        counted("execution.signal_age_max_s", self.signal_age_max_s, 1, 3_600)
    }

    pub(crate) fn signal_age_max_s(&self) -> f64 {
        f64::from(self.signal_age_max_s)
    }
}

/// What happens to the runner at the final target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinalTarget {
    /// Nothing is closed; from there on the stop follows at `final_trail_atr`.
    #[default]
    TightenTrail,
    /// A resting take-profit for `final_close_pct` of the runner.
    ClosePartial,
    /// A resting take-profit for all of the runner.
    CloseFull,
}

/// The `multi_tp` section: where profits are taken. Multiples of the risk (R) count from the entry; the
/// shares are of the entered quantity, and what two take-profits leave over is the runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MultiTpSettings {
    /// Whether profits are taken in steps. When off the plan's own targets are used.
    pub enabled: bool,
    /// Least distance of the first take-profit in R.
    pub tp1_r: Ratio,
    /// Least distance of the second take-profit in R.
    pub tp2_r: Ratio,
    /// Distance of the final target in R.
    pub final_r: Ratio,
    /// Share of the first take-profit of a `tight_smc` setup.
    pub tight_smc_tp1_close_pct: Percent,
    /// Share of the second take-profit of a `tight_smc` setup.
    pub tight_smc_tp2_close_pct: Percent,
    /// Share of the first take-profit of a `wide_structure` setup.
    pub wide_structure_tp1_close_pct: Percent,
    /// Share of the second take-profit of a `wide_structure` setup.
    pub wide_structure_tp2_close_pct: Percent,
    /// What happens to the runner at the final target.
    pub final_target: FinalTarget,
    /// Distance at which the stop follows beyond the final target, in ATR (`tighten_trail`).
    pub final_trail_atr: Ratio,
    /// Share of the runner that is closed at the final target (`close_partial`).
    pub final_close_pct: Percent,
    /// Pause before a take-profit that was lost or refused is placed again, in seconds.
    pub backfill_cooldown_s: u32,
}

impl Default for MultiTpSettings {
    fn default() -> Self {
        MultiTpSettings {
            enabled: true,
            tp1_r: ratio(1, 0),
            tp2_r: ratio(25, 1),
            final_r: ratio(3, 0),
            tight_smc_tp1_close_pct: percent(50, 0),
            tight_smc_tp2_close_pct: percent(40, 0),
            wide_structure_tp1_close_pct: percent(35, 0),
            wide_structure_tp2_close_pct: percent(35, 0),
            final_target: FinalTarget::TightenTrail,
            final_trail_atr: ratio(12, 1),
            final_close_pct: percent(50, 0),
            backfill_cooldown_s: 600,
        }
    }
}

impl MultiTpSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        let most = Decimal::from(50);
        within("multi_tp.tp1_r", self.tp1_r.get(), (Decimal::new(1, 1), most))?;
        above("multi_tp.tp2_r", self.tp2_r.get(), ("multi_tp.tp1_r", self.tp1_r.get()), most)?;
        above("multi_tp.final_r", self.final_r.get(), ("multi_tp.tp2_r", self.tp2_r.get()), most)?;
        let hundred = Decimal::ONE_HUNDRED;
        for (first_key, first, second_key, second) in [
            (
                "multi_tp.tight_smc_tp1_close_pct",
                self.tight_smc_tp1_close_pct,
                "multi_tp.tight_smc_tp2_close_pct",
                self.tight_smc_tp2_close_pct,
            ),
            (
                "multi_tp.wide_structure_tp1_close_pct",
                self.wide_structure_tp1_close_pct,
                "multi_tp.wide_structure_tp2_close_pct",
                self.wide_structure_tp2_close_pct,
            ),
        ] {
            within(first_key, first.get(), (Decimal::ZERO, hundred))?;
            within(second_key, second.get(), (Decimal::ZERO, hundred.saturating_sub(first.get())))?;
        }
        within("multi_tp.final_trail_atr", self.final_trail_atr.get(), ATR_RANGE)?;
        within("multi_tp.final_close_pct", self.final_close_pct.get(), (Decimal::ONE, hundred))?;
        counted("multi_tp.backfill_cooldown_s", self.backfill_cooldown_s, 1, 3_600)
    }

    pub(crate) fn backfill_cooldown(&self) -> Span {
        Span::from_secs(i64::from(self.backfill_cooldown_s))
    }
}

/// The `management` section: how stops follow and when a position is given up. Distances in ATR are those of
/// the strategy's decision timeframe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ManagementSettings {
    /// Whether the stop goes to the entry once the first take-profit has filled.
    pub break_even: bool,
    /// How far beyond the average entry, on the winning side, in ticks.
    pub break_even_offset_ticks: u32,
    /// Share of the entered quantity that the first take-profit must have filled, in percent; all of the
    /// take-profit is enough where it is smaller.
    pub break_even_filled_min_pct: Percent,
    /// Whether the stop follows the price.
    pub trailing: bool,
    /// Distance at which the stop follows, in ATR.
    pub trailing_atr: Ratio,
    /// Gain from which the stop follows, in ATR.
    pub trailing_activation_atr: Ratio,
    /// Least improvement that a stop is moved for, in percent of the stop.
    pub trailing_step_min_pct: Percent,
    /// Gain of the first step of the progressive trail, in R.
    pub progressive_1_r: Ratio,
    /// Distance from there on, in ATR.
    pub progressive_1_atr: Ratio,
    /// Gain of the second step, in R.
    pub progressive_2_r: Ratio,
    /// Distance from there on, in ATR.
    pub progressive_2_atr: Ratio,
    /// Gain of the third step, in R.
    pub progressive_3_r: Ratio,
    /// Distance from there on, in ATR.
    pub progressive_3_atr: Ratio,
    /// Whether a close beyond the setup's invalidation closes the position.
    pub premise_exit: bool,
    /// Whether a bias of the higher timeframe against the position closes it.
    pub abandon_ship: bool,
    /// Bars after which a position without a fill of its first take-profit is closed; 0 for never.
    pub time_exit_bars: u32,
    /// Length of these bars.
    pub time_exit_timeframe: Timeframe,
}

impl Default for ManagementSettings {
    fn default() -> Self {
        ManagementSettings {
            break_even: true,
            break_even_offset_ticks: 2,
            break_even_filled_min_pct: percent(30, 0),
            trailing: true,
            trailing_atr: ratio(15, 1),
            trailing_activation_atr: ratio(0, 0),
            trailing_step_min_pct: percent(1, 1),
            progressive_1_r: ratio(3, 0),
            progressive_1_atr: ratio(18, 1),
            progressive_2_r: ratio(5, 0),
            progressive_2_atr: ratio(14, 1),
            progressive_3_r: ratio(8, 0),
            progressive_3_atr: ratio(1, 0),
            premise_exit: true,
            abandon_ship: true,
            time_exit_bars: 20,
            time_exit_timeframe: Timeframe::M15,
        }
    }
}

impl ManagementSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        counted("management.break_even_offset_ticks", self.break_even_offset_ticks, 0, 1_000)?;
        let filled = self.break_even_filled_min_pct.get();
        within("management.break_even_filled_min_pct", filled, (Decimal::ZERO, Decimal::ONE_HUNDRED))?;
        within("management.trailing_atr", self.trailing_atr.get(), ATR_RANGE)?;
        let activation = self.trailing_activation_atr.get();
        within("management.trailing_activation_atr", activation, (Decimal::ZERO, Decimal::from(20)))?;
        let step = self.trailing_step_min_pct.get();
        within("management.trailing_step_min_pct", step, (Decimal::ZERO, Decimal::from(10)))?;
        within("management.progressive_1_r", self.progressive_1_r.get(), (Decimal::new(1, 1), R_MAX))?;
        let first = ("management.progressive_1_r", self.progressive_1_r.get());
        above("management.progressive_2_r", self.progressive_2_r.get(), first, R_MAX)?;
        let second = ("management.progressive_2_r", self.progressive_2_r.get());
        above("management.progressive_3_r", self.progressive_3_r.get(), second, R_MAX)?;
        within("management.progressive_1_atr", self.progressive_1_atr.get(), ATR_RANGE)?;
        within("management.progressive_2_atr", self.progressive_2_atr.get(), ATR_RANGE)?;
        within("management.progressive_3_atr", self.progressive_3_atr.get(), ATR_RANGE)?;
        if self.time_exit_bars == 0 {
            return Ok(());
        }
        counted("management.time_exit_bars", self.time_exit_bars, 5, 10_000)
    }

    /// The steps of the progressive trail: gain in R and distance in ATR, the farthest first.
    pub(crate) fn progressive(&self) -> [(f64, f64); 3] {
        [
            (self.progressive_3_r.to_f64(), self.progressive_3_atr.to_f64()),
            (self.progressive_2_r.to_f64(), self.progressive_2_atr.to_f64()),
            (self.progressive_1_r.to_f64(), self.progressive_1_atr.to_f64()),
        ]
    }
}

/// Multiples of an ATR that make sense as a distance.
const ATR_RANGE: (Decimal, Decimal) =
    (Decimal::from_parts(1, 0, 0, false, 1), Decimal::from_parts(20, 0, 0, false, 0));
const R_MAX: Decimal = Decimal::from_parts(100, 0, 0, false, 0);

fn ratio(digits: i64, scale: u32) -> Ratio {
    Ratio::new(Decimal::new(digits, scale))
}

fn percent(digits: i64, scale: u32) -> Percent {
    Percent::new(Decimal::new(digits, scale))
}

fn within(key: &'static str, value: Decimal, range: (Decimal, Decimal)) -> Result<(), EngineError> {
    let (least, most) = range;
    if value >= least && value <= most {
        return Ok(());
    }
    let rule = format!("allowed are {least} to {most}");
    Err(EngineError::Setting { key, value: value.normalize().to_string(), rule })
}

fn above(
    key: &'static str,
    value: Decimal,
    other: (&'static str, Decimal),
    most: Decimal,
) -> Result<(), EngineError> {
    let (other, floor) = other;
    if value > floor && value <= most {
        return Ok(());
    }
    let rule = format!("allowed is more than {other} ({}) up to {most}", floor.normalize());
    Err(EngineError::Setting { key, value: value.normalize().to_string(), rule })
}

fn counted(key: &'static str, value: u32, least: u32, most: u32) -> Result<(), EngineError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let rule = format!("allowed are {least} to {most}");
    Err(EngineError::Setting { key, value: value.to_string(), rule })
}
