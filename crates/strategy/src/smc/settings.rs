//! Settings of `smc`: the only table of their defaults.

use rust_decimal::Decimal;
use seawall_model::{Bps, GuardMode, Percent, Ratio, Timeframe};
use seawall_smc::{Measure, MitigationDepth};
use serde::{Deserialize, Serialize};

use super::thesis::ThesisSettings;

/// What the weekly zone does to a setup outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HigherTimeframeMode {
    /// Nothing: the zone is not looked at.
    Off,
    /// It costs `higher_tf_penalty` points.
    #[default]
    Soft,
    /// It is refused.
    Hard,
}

/// Where in an order block an entry is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderBlockEntry {
    /// At the edge that price reaches first.
    #[default]
    Edge,
    /// In the middle.
    Mid,
    /// Where the block's bar opened.
    Open,
    /// `ob_entry_discount_pct` of the block's height behind the near edge.
    Discount,
}

/// How far a later bar has to trade into a fair value gap to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FvgMitigation {
    /// To its near edge.
    #[default]
    Touched,
    /// To its middle.
    Partial,
    /// To its far edge.
    Full,
}

impl FvgMitigation {
    pub(super) fn depth(self) -> MitigationDepth {
        match self {
            FvgMitigation::Touched => MitigationDepth::Touch,
            FvgMitigation::Partial => MitigationDepth::Half,
            FvgMitigation::Full => MitigationDepth::Full,
        }
    }
}

/// From where the Fibonacci levels of the 4h leg are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FibMeasure {
    /// Back from the end of the leg.
    #[default]
    AlongLeg,
    /// From the low upwards, whichever way the leg points; for comparison with systems that do so.
    LowToHigh,
}

impl FibMeasure {
    pub(super) fn measure(self) -> Measure {
        match self {
            FibMeasure::AlongLeg => Measure::AlongLeg,
            FibMeasure::LowToHigh => Measure::LowToHigh,
        }
    }
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
    /// Where in an order block its entry is planned.
    pub ob_entry_mode: OrderBlockEntry,
    /// Depth of `ob_entry_mode: discount`, in percent of the block's height.
    pub ob_entry_discount_pct: Percent,
    /// Least height of a fair value gap, in percent of the price.
    pub fvg_min_size_pct: Percent,
    /// What ends a fair value gap.
    pub fvg_mitigation_mode: FvgMitigation,
    /// Newest bars that have to exceed the ones before them for a break of structure, on 4h and 1d.
    pub bos_confirmation_candles: u32,
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
    /// What a change of the 4h market structure does to setups while it is unconfirmed or points the other
    /// way.
    pub ms_change: GuardMode,
    /// Whether there has to be a confirmed change of structure for any setup.
    pub require_ms_change_confirmation: bool,
    /// 4h bars in a row that have to hold the break of a change to confirm it.
    pub ms_confirmation_candles: u32,
    /// Whether unusual volatility asks for the numbers of bars below instead.
    pub ms_confirmation_adaptive: bool,
    /// Bars that confirm where the ratio of the 4h ATR to its mean is above `ms_volatility_high_ratio`.
    pub ms_candles_high_volatility: u32,
    /// Bars that confirm where it is below `ms_volatility_low_ratio`.
    pub ms_candles_low_volatility: u32,
    /// ATR over the mean of its last 20 values from which volatility is high.
    pub ms_volatility_high_ratio: Ratio,
    /// The same ratio below which volatility is low.
    pub ms_volatility_low_ratio: Ratio,
    /// 4h bars after which a change of structure is forgotten.
    pub ms_change_expires_bars: u32,
    /// Whether a confirmed change is enough; when off the last ten 15m bars have to take part in it too.
    pub skip_reconfirmation_in_trends: bool,
    /// How many of the last ten 15m bars have to have traded beyond the break of a change.
    pub ms_reconfirmation_candles: u32,
    /// What a divergence of the 4h RSI from the price does to a setup that it speaks against.
    pub rsi_divergence: GuardMode,
    /// Bars of the 4h RSI.
    pub rsi_period: u32,
    /// 4h bars whose swings are compared for a divergence.
    pub rsi_divergence_lookback: u32,
    /// Least distance of the stop beyond the invalidation of a `tight_smc` setup, in 4h ATR.
    pub tight_smc_atr_stop_min: Ratio,
    /// Largest such distance; the stop lies at the mean of the two.
    pub tight_smc_atr_stop_max: Ratio,
    /// Least distance of the stop beyond the invalidation of a `wide_structure` setup, in 4h ATR.
    pub wide_structure_atr_stop_min: Ratio,
    /// Largest such distance; the stop lies at the mean of the two.
    pub wide_structure_atr_stop_max: Ratio,
    /// Whether stops lie further away after several stop-outs on the instrument.
    pub stop_widen: bool,
    /// How far back stop-outs count.
    pub stop_widen_lookback_hours: u32,
    /// Stop-outs from which stops are widened.
    pub stop_widen_stop_outs: u32,
    /// Multiple of the ATR distance at that number.
    pub stop_widen_factor: Ratio,
    /// What each further stop-out adds to the multiple.
    pub stop_widen_step: Ratio,
    /// Largest multiple.
    pub stop_widen_factor_max: Ratio,
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
    /// From where the levels are measured.
    pub fib_measure: FibMeasure,
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
    /// Points lost outside the weekly zone (`soft`): by default what being inside earns.
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
    /// Points lost where an entry would be made outside of its zone.
    pub entry_zone_tolerance_penalty: Ratio,
    /// Pause of the instrument after any of its plans was acted on.
    pub signal_cooldown_hours: u32,
    /// Pause before the same setup is acted on again.
    pub structure_dedupe_minutes: u32,
    /// Pause before a setup whose planned entry has traded is acted on again.
    pub consumed_structure_pause_hours: u32,
    /// The idea behind setups, how it ages, and what its age does.
    pub thesis: ThesisSettings,
}

impl SmcSettings {
    /// Whether 15m bars are asked about changes of structure.
    pub(super) fn needs_15m(&self) -> bool {
        self.ms_change != GuardMode::Off && !self.skip_reconfirmation_in_trends
    }
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
            ob_entry_mode: OrderBlockEntry::Edge,
            ob_entry_discount_pct: percent(25, 0),
            fvg_min_size_pct: percent(7, 2),
            fvg_mitigation_mode: FvgMitigation::Touched,
            bos_confirmation_candles: 3,
            order_block: true,
            fair_value_gap: true,
            break_of_structure: true,
            trend: true,
            require_bos_confirmation: false,
            ms_change: GuardMode::On,
            require_ms_change_confirmation: false,
            ms_confirmation_candles: 1,
            ms_confirmation_adaptive: true,
            ms_candles_high_volatility: 2,
            ms_candles_low_volatility: 2,
            ms_volatility_high_ratio: ratio(15, 1),
            ms_volatility_low_ratio: ratio(5, 1),
            ms_change_expires_bars: 20,
            skip_reconfirmation_in_trends: true,
            ms_reconfirmation_candles: 1,
            rsi_divergence: GuardMode::Off,
            rsi_period: 14,
            rsi_divergence_lookback: 20,
            tight_smc_atr_stop_min: ratio(15, 2),
            tight_smc_atr_stop_max: ratio(30, 2),
            wide_structure_atr_stop_min: ratio(50, 2),
            wide_structure_atr_stop_max: ratio(60, 2),
            stop_widen: true,
            stop_widen_lookback_hours: 24,
            stop_widen_stop_outs: 2,
            stop_widen_factor: ratio(15, 1),
            stop_widen_step: ratio(25, 2),
            stop_widen_factor_max: ratio(2, 0),
            stop_distance_min_pct: percent(1, 1),
            stop_distance_max_pct: percent(20, 0),
            tight_smc_min_rr_multiple: ratio(2, 0),
            wide_structure_min_rr_multiple: ratio(15, 1),
            fib_proximity_bps: Bps::new(Decimal::new(60, 0)),
            fib_measure: FibMeasure::AlongLeg,
            fibonacci_gate: true,
            premium_discount_gate: true,
            higher_tf_mode: HigherTimeframeMode::Soft,
            higher_tf_weekly_weight: ratio(25, 2),
            higher_tf_daily_weight: ratio(15, 2),
            higher_tf_penalty: ratio(5, 0),
            min_score_tight_smc_aligned: ratio(65, 0),
            min_score_tight_smc_neutral: ratio(75, 0),
            min_score_wide_structure_aligned: ratio(60, 0),
            min_score_wide_structure_neutral: ratio(70, 0),
            entry_expires_hours: 4,
            entry_zone_tolerance_pct: percent(15, 1),
            entry_zone_tolerance_atr: ratio(3, 1),
            entry_zone_tolerance_max_pct: percent(5, 0),
            entry_zone_tolerance_penalty: ratio(5, 0),
            signal_cooldown_hours: 1,
            structure_dedupe_minutes: 45,
            consumed_structure_pause_hours: 200,
            thesis: ThesisSettings::default(),
        }
    }
}

fn ratio(digits: i64, scale: u32) -> Ratio {
    Ratio::new(Decimal::new(digits, scale))
}

fn percent(digits: i64, scale: u32) -> Percent {
    Percent::new(Decimal::new(digits, scale))
}
