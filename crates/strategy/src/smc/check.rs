//! The rules that `strategy.smc` has to keep. What would make every setup impossible is refused here, at
//! start.

mod counts;

use rust_decimal::Decimal;
use seawall_model::{GuardMode, Ratio, Timeframe};
use seawall_smc::WINDOW_BARS;

use super::{SmcSettings, period};
use crate::settings::StrategyError;

/// Longest period of an indicator.
const PERIOD_MAX: u32 = 1_000;
/// Fewest bars that the order block search works on.
const LOOKBACK_MIN: u32 = 20;
/// Longest an entry may rest: one week.
const EXPIRES_HOURS_MAX: u32 = 168;

/// A number that has to lie in a range.
struct Bound {
    key: &'static str,
    value: Decimal,
    least: Decimal,
    most: Decimal,
    fix: &'static str,
}

impl SmcSettings {
    /// Checks each setting and their relations.
    ///
    /// # Errors
    /// The first broken rule, with its key, value and fix.
    pub fn check(&self) -> Result<(), StrategyError> {
        if ![Timeframe::M15, Timeframe::H1, Timeframe::H4].contains(&self.evaluate_timeframe) {
            return Err(broken(
                "strategy.smc.evaluate_timeframe",
                &self.evaluate_timeframe,
                "decisions are made on 15m, 1h or 4h candles; choose one of them",
            ));
        }
        self.check_counts()?;
        self.check_rungs()?;
        let bounds = self.stop_bounds().into_iter().chain(self.widening_bounds()).chain(self.gate_bounds());
        for bound in bounds.chain(self.change_bounds()).chain(self.score_bounds()).chain(self.thesis_bounds())
        {
            if bound.value < bound.least || bound.value > bound.most {
                return Err(StrategyError::Setting {
                    key: bound.key,
                    value: bound.value.normalize().to_string(),
                    rule: format!("it must lie between {} and {}; {}", bound.least, bound.most, bound.fix),
                });
            }
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), StrategyError> {
        for count in self.counts() {
            if !(count.least..=count.most).contains(&count.value) {
                return Err(StrategyError::Setting {
                    key: count.key,
                    value: count.value.to_string(),
                    rule: format!("{} to {} {}; choose within", count.least, count.most, count.what),
                });
            }
        }
        if self.orderblock_lookback < LOOKBACK_MIN || period(self.orderblock_lookback) > WINDOW_BARS {
            return Err(StrategyError::Setting {
                key: "strategy.smc.orderblock_lookback",
                value: self.orderblock_lookback.to_string(),
                rule: format!("the window holds {LOOKBACK_MIN} to {WINDOW_BARS} bars; choose within"),
            });
        }
        Ok(())
    }

    fn check_rungs(&self) -> Result<(), StrategyError> {
        if !(self.order_block || self.fair_value_gap || self.break_of_structure || self.trend) {
            return Err(broken(
                "strategy.smc.order_block",
                &false,
                "with fair_value_gap, break_of_structure and trend off too there is no setup; switch one on",
            ));
        }
        if self.require_bos_confirmation && !self.break_of_structure {
            return Err(broken(
                "strategy.smc.require_bos_confirmation",
                &true,
                "breaks are not searched while strategy.smc.break_of_structure is off; switch it on or this off",
            ));
        }
        if self.require_ms_change_confirmation && self.ms_change != GuardMode::On {
            return Err(broken(
                "strategy.smc.require_ms_change_confirmation",
                &true,
                "changes of structure refuse nothing while strategy.smc.ms_change is not on; switch it on or this off",
            ));
        }
        Ok(())
    }

    fn stop_bounds(&self) -> [Bound; 8] {
        let above = "give the smaller one first";
        [
            bound(
                "strategy.smc.tight_smc_atr_stop_min",
                self.tight_smc_atr_stop_min.get(),
                (Decimal::ZERO, Decimal::TEN),
                "it is a multiple of the 4h ATR",
            ),
            bound(
                "strategy.smc.tight_smc_atr_stop_max",
                self.tight_smc_atr_stop_max.get(),
                (self.tight_smc_atr_stop_min.get(), Decimal::TEN),
                above,
            ),
            bound(
                "strategy.smc.wide_structure_atr_stop_min",
                self.wide_structure_atr_stop_min.get(),
                (Decimal::ZERO, Decimal::TEN),
                "it is a multiple of the 4h ATR",
            ),
            bound(
                "strategy.smc.wide_structure_atr_stop_max",
                self.wide_structure_atr_stop_max.get(),
                (self.wide_structure_atr_stop_min.get(), Decimal::TEN),
                above,
            ),
            bound(
                "strategy.smc.stop_distance_min_pct",
                self.stop_distance_min_pct.get(),
                (Decimal::new(1, 3), Decimal::new(50, 0)),
                "it is a percentage of the entry",
            ),
            bound(
                "strategy.smc.stop_distance_max_pct",
                self.stop_distance_max_pct.get(),
                (self.stop_distance_min_pct.get(), Decimal::new(90, 0)),
                above,
            ),
            bound(
                "strategy.smc.tight_smc_min_rr_multiple",
                self.tight_smc_min_rr_multiple.get(),
                (Decimal::new(1, 1), Decimal::new(20, 0)),
                "it is a multiple of the risk",
            ),
            bound(
                "strategy.smc.wide_structure_min_rr_multiple",
                self.wide_structure_min_rr_multiple.get(),
                (Decimal::new(1, 1), Decimal::new(20, 0)),
                "it is a multiple of the risk",
            ),
        ]
    }

    fn widening_bounds(&self) -> [Bound; 3] {
        let ten = Decimal::TEN;
        [
            bound(
                "strategy.smc.stop_widen_factor",
                self.stop_widen_factor.get(),
                (Decimal::ONE, ten),
                "it is a multiple of the usual distance, and wider",
            ),
            bound(
                "strategy.smc.stop_widen_step",
                self.stop_widen_step.get(),
                (Decimal::ZERO, ten),
                "it is added to strategy.smc.stop_widen_factor for each further stop-out",
            ),
            bound(
                "strategy.smc.stop_widen_factor_max",
                self.stop_widen_factor_max.get(),
                (self.stop_widen_factor.get(), ten),
                "it caps strategy.smc.stop_widen_factor",
            ),
        ]
    }

    fn change_bounds(&self) -> [Bound; 3] {
        [
            bound(
                "strategy.smc.ms_volatility_high_ratio",
                self.ms_volatility_high_ratio.get(),
                (Decimal::ONE, Decimal::TEN),
                "it is the ATR over its mean",
            ),
            bound(
                "strategy.smc.ms_volatility_low_ratio",
                self.ms_volatility_low_ratio.get(),
                (Decimal::ZERO, Decimal::ONE),
                "it is the ATR over its mean",
            ),
            bound(
                "strategy.smc.ob_entry_discount_pct",
                self.ob_entry_discount_pct.get(),
                (Decimal::ZERO, Decimal::ONE_HUNDRED),
                "it is a percentage of the block's height",
            ),
        ]
    }

    fn thesis_bounds(&self) -> [Bound; 8] {
        let thesis = &self.thesis;
        let points = (Decimal::ZERO, Decimal::ONE_HUNDRED);
        let part = |key, value: Ratio| bound(key, value.get(), points, "conviction runs from 0 to 100");
        [
            part("strategy.smc.thesis.time_decay_points", thesis.time_decay_points),
            part("strategy.smc.thesis.zone_decay_points", thesis.zone_decay_points),
            part("strategy.smc.thesis.volume_decay_points", thesis.volume_decay_points),
            bound(
                "strategy.smc.thesis.score_neutral",
                thesis.score_neutral.get(),
                (Decimal::from(6), Decimal::from(99)),
                "conviction runs from 5 to 100, and points are given on both sides of this",
            ),
            part("strategy.smc.thesis.score_bonus", thesis.score_bonus),
            part("strategy.smc.thesis.score_penalty", thesis.score_penalty),
            part("strategy.smc.thesis.exit_conviction", thesis.exit_conviction),
            bound(
                "strategy.smc.thesis.reentry_conviction",
                thesis.reentry_conviction.get(),
                (Decimal::ZERO, thesis.exit_conviction.get()),
                "an idea that is not given up (strategy.smc.thesis.exit_conviction) is not blocked either",
            ),
        ]
    }

    fn gate_bounds(&self) -> [Bound; 7] {
        let bps = (Decimal::ZERO, Decimal::new(1_000, 0));
        let percent = (Decimal::ZERO, Decimal::new(50, 0));
        [
            bound(
                "strategy.smc.ema_neutral_zone_bps",
                self.ema_neutral_zone_bps.get(),
                bps,
                "it is in basis points",
            ),
            bound(
                "strategy.smc.fib_proximity_bps",
                self.fib_proximity_bps.get(),
                bps,
                "it is in basis points",
            ),
            bound(
                "strategy.smc.adx_threshold",
                self.adx_threshold.get(),
                (Decimal::ZERO, Decimal::ONE_HUNDRED),
                "ADX runs from 0 to 100",
            ),
            bound(
                "strategy.smc.fvg_min_size_pct",
                self.fvg_min_size_pct.get(),
                percent,
                "it is a percentage of the price",
            ),
            bound(
                "strategy.smc.entry_zone_tolerance_pct",
                self.entry_zone_tolerance_pct.get(),
                percent,
                "it is a percentage of the price",
            ),
            bound(
                "strategy.smc.entry_zone_tolerance_atr",
                self.entry_zone_tolerance_atr.get(),
                (Decimal::ZERO, Decimal::TEN),
                "it is a multiple of the 4h ATR",
            ),
            bound(
                "strategy.smc.entry_zone_tolerance_max_pct",
                self.entry_zone_tolerance_max_pct.get(),
                (self.entry_zone_tolerance_pct.get(), percent.1),
                "it caps strategy.smc.entry_zone_tolerance_pct",
            ),
        ]
    }

    fn score_bounds(&self) -> [Bound; 8] {
        let points = (Decimal::ZERO, Decimal::ONE_HUNDRED);
        let share = (Decimal::ZERO, Decimal::ONE);
        let score = |key, value| bound(key, value, points, "a score runs from 0 to about 100");
        [
            score("strategy.smc.min_score_tight_smc_aligned", self.min_score_tight_smc_aligned.get()),
            score("strategy.smc.min_score_tight_smc_neutral", self.min_score_tight_smc_neutral.get()),
            score(
                "strategy.smc.min_score_wide_structure_aligned",
                self.min_score_wide_structure_aligned.get(),
            ),
            score(
                "strategy.smc.min_score_wide_structure_neutral",
                self.min_score_wide_structure_neutral.get(),
            ),
            score("strategy.smc.higher_tf_penalty", self.higher_tf_penalty.get()),
            score("strategy.smc.entry_zone_tolerance_penalty", self.entry_zone_tolerance_penalty.get()),
            bound(
                "strategy.smc.higher_tf_weekly_weight",
                self.higher_tf_weekly_weight.get(),
                share,
                "it is a share of the points for alignment",
            ),
            bound(
                "strategy.smc.higher_tf_daily_weight",
                self.higher_tf_daily_weight.get(),
                share,
                "it is a share of the points for alignment",
            ),
        ]
    }
}

fn bound(key: &'static str, value: Decimal, range: (Decimal, Decimal), fix: &'static str) -> Bound {
    Bound { key, value, least: range.0, most: range.1, fix }
}

fn broken(key: &'static str, value: &dyn ToString, rule: &str) -> StrategyError {
    StrategyError::Setting { key, value: value.to_string(), rule: rule.to_owned() }
}
