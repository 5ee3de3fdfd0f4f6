//! Settings of `smc`: the only table of their defaults.

use rust_decimal::Decimal;
use seawall_model::{Bps, Percent, Ratio, Timeframe};
use serde::{Deserialize, Serialize};

/// What the weekly zone does to a setup outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HigherTimeframeMode {
    /// Nothing: the zone is not looked at.
    #[default]
    Off,
    /// It costs `higher_tf_penalty` points.
    Soft,
    /// It is refused.
    Hard,
}

/// The `strategy.smc` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmcSettings {
    /// One decision per closed candle of this timeframe: 15m, 1h or 4h.
    pub evaluate_timeframe: Timeframe,
    /// Days of the average that gives the daily bias.
    pub ema_period: u32,
    /// Distance of the daily close from its average below which the bias is neutral.
    pub ema_neutral_zone_bps: Bps,
    /// Bars of the 1h ADX.
    pub adx_period: u32,
    /// Least 1h ADX of an entry.
    pub adx_threshold: Ratio,
    /// Bars of the 4h ATR.
    pub atr_period: u32,
    /// 4h bars that are searched for an order block.
    pub orderblock_lookback: u32,
    /// Least height of a fair value gap, in percent of the price.
    pub fvg_min_size_pct: Percent,
    /// Whether order blocks are a setup.
    pub order_block: bool,
    /// Whether fair value gaps are a setup.
    pub fair_value_gap: bool,
    /// Whether breaks of structure are a setup.
    pub break_of_structure: bool,
    /// Whether the trend alone is a setup.
    pub trend: bool,
    /// Whether an order block or gap also needs a break of structure its way.
    pub require_bos_confirmation: bool,
    /// Least distance of the stop beyond the invalidation of a `tight_smc` setup, in 4h ATR.
    pub tight_smc_atr_stop_min: Ratio,
    /// Largest such distance; the stop lies at the mean of the two.
    pub tight_smc_atr_stop_max: Ratio,
    /// Least distance of the stop beyond the invalidation of a `wide_structure` setup, in 4h ATR.
    pub wide_structure_atr_stop_min: Ratio,
    /// Largest such distance; the stop lies at the mean of the two.
    pub wide_structure_atr_stop_max: Ratio,
    /// Least distance from entry to stop that makes sense, in percent of the entry.
    pub stop_distance_min_pct: Percent,
    /// Largest distance from entry to stop that makes sense, in percent of the entry.
    pub stop_distance_max_pct: Percent,
    /// Least reward of a `tight_smc` setup in multiples of its risk.
    pub tight_smc_min_rr_multiple: Ratio,
    /// Least reward of a `wide_structure` setup in multiples of its risk.
    pub wide_structure_min_rr_multiple: Ratio,
    /// How near a Fibonacci level counts as at it.
    pub fib_proximity_bps: Bps,
    /// Whether a `tight_smc` entry must lie at a Fibonacci level or in the optimal trade entry zone.
    pub fibonacci_gate: bool,
    /// Whether a `tight_smc` entry must lie in the cheap half of the leg (long) or the dear half (short).
    pub premium_discount_gate: bool,
    /// What the weekly zone does: the part of the weekly leg where a trade along the leg may join it.
    pub higher_tf_mode: HigherTimeframeMode,
    /// Share of the 20 alignment points earned inside the weekly zone.
    pub higher_tf_weekly_weight: Ratio,
    /// Share of the 20 alignment points earned inside the weekly zone with a daily break of structure.
    pub higher_tf_daily_weight: Ratio,
    /// Points lost outside the weekly zone (`soft`).
    pub higher_tf_penalty: Ratio,
    /// Least score of a `tight_smc` setup with the bias.
    pub min_score_tight_smc_aligned: Ratio,
    /// Least score of a `tight_smc` setup without a bias.
    pub min_score_tight_smc_neutral: Ratio,
    /// Least score of a `wide_structure` setup with the bias.
    pub min_score_wide_structure_aligned: Ratio,
    /// Least score of a `wide_structure` setup without a bias.
    pub min_score_wide_structure_neutral: Ratio,
    /// How long an entry rests at its planned price; without effect where it does not wait.
    pub entry_expires_hours: u32,
    /// How far the price may be from the planned entry, in percent, before volatility is added.
    pub entry_zone_tolerance_pct: Percent,
    /// Multiple of the 4h ATR that is added to the tolerance.
    pub entry_zone_tolerance_atr: Ratio,
    /// Largest tolerance.
    pub entry_zone_tolerance_max_pct: Percent,
    /// Pause before the same setup is proposed again.
    pub structure_dedupe_minutes: u32,
    /// Pause before a setup whose planned entry has traded is proposed again.
    pub consumed_structure_pause_hours: u32,
}

impl Default for SmcSettings {
    fn default() -> Self {
        SmcSettings {
            evaluate_timeframe: Timeframe::H1,
            ema_period: 200,
            ema_neutral_zone_bps: Bps::new(Decimal::TEN),
            adx_period: 14,
            adx_threshold: ratio(25, 0),
            atr_period: 14,
            orderblock_lookback: 50,
            fvg_min_size_pct: percent(7, 2),
            order_block: true,
            fair_value_gap: true,
            break_of_structure: true,
            trend: true,
            require_bos_confirmation: false,
            tight_smc_atr_stop_min: ratio(15, 2),
            tight_smc_atr_stop_max: ratio(30, 2),
            wide_structure_atr_stop_min: ratio(50, 2),
            wide_structure_atr_stop_max: ratio(60, 2),
            stop_distance_min_pct: percent(1, 1),
            stop_distance_max_pct: percent(20, 0),
            tight_smc_min_rr_multiple: ratio(2, 0),
            wide_structure_min_rr_multiple: ratio(15, 1),
            fib_proximity_bps: Bps::new(Decimal::new(60, 0)),
            fibonacci_gate: true,
            premium_discount_gate: true,
            higher_tf_mode: HigherTimeframeMode::Off,
            higher_tf_weekly_weight: ratio(25, 2),
            higher_tf_daily_weight: ratio(15, 2),
            higher_tf_penalty: ratio(18, 0),
            min_score_tight_smc_aligned: ratio(65, 0),
            min_score_tight_smc_neutral: ratio(75, 0),
            min_score_wide_structure_aligned: ratio(60, 0),
            min_score_wide_structure_neutral: ratio(70, 0),
            entry_expires_hours: 4,
            entry_zone_tolerance_pct: percent(15, 1),
            entry_zone_tolerance_atr: ratio(3, 1),
            entry_zone_tolerance_max_pct: percent(5, 0),
            structure_dedupe_minutes: 45,
            consumed_structure_pause_hours: 200,
        }
    }
}

fn ratio(digits: i64, scale: u32) -> Ratio {
    Ratio::new(Decimal::new(digits, scale))
}

fn percent(digits: i64, scale: u32) -> Percent {
    Percent::new(Decimal::new(digits, scale))
}
