//! Settings of the auction: the only table of their defaults.

use rust_decimal::Decimal;
use seawall_model::{GuardMode, Percent, Ratio, Span};
use serde::{Deserialize, Serialize};

use crate::overlays::settings::{AntiFlipSettings, ChopSettings, ChurnSettings, RebalancerSettings};

/// The `auction` section: which entries compete, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuctionSettings {
    /// Whether entries compete with each other and with what is held for places and margin. `shadow` shows in
    /// the decision record what the auction would have refused and closes nothing.
    pub mode: GuardMode,
    /// How long after the first candidate others may still come in and be judged with it, in milliseconds;
    /// zero is the end of its instant. Candles of a live feed arrive one after the other.
    #[schemars(range(min = 0, max = 30_000))]
    pub collect_ms: u32,
    /// How often a cycle is held while something is held, in minutes of the clock. One is held at each
    /// instant with entries, too.
    #[schemars(range(min = 1, max = 1_440))]
    pub cycle_minutes: u32,
    /// Most positions held or on their way.
    pub positions_max: u32,
    /// Most margin of everything held or on its way, in percent of equity.
    pub margin_use_max_pct: Percent,
    /// Most positions of the same setup.
    pub cluster_positions_max: u32,
    /// Points by which an entry must be worth more than the position that is closed for it.
    pub swap_threshold: Ratio,
    /// How long a position is held at least before it may be closed for another.
    pub min_hold_minutes: u32,
    /// Most positions opened and closed in one cycle, together.
    pub trades_per_cycle_max: u32,
    /// Most positions opened in one cycle.
    pub opens_per_cycle_max: u32,
    /// Most positions closed in one cycle.
    pub closes_per_cycle_max: u32,
    /// Points that an entry costs.
    pub entry_cost: Ratio,
    /// Points that closing a position costs.
    pub exit_cost: Ratio,
    /// Points lost when all margin lies on the same side, none when at most half of it does.
    pub direction_penalty: Ratio,
    /// Pause of new positions after a part of a position was closed to make it smaller.
    pub partial_close_cooldown_s: u32,
    /// Cycles in a row in which a position must find no place before it is closed without another in its
    /// place.
    pub no_signal_persistence_cycles: u32,
    /// Margin use, in percent of equity, up to which entries are enlarged (sizing `leverage`, mode `on`).
    /// `off`: none is.
    pub margin_use_target_pct: Option<Percent>,
    /// Largest factor by which an entry is enlarged.
    pub boost_factor_max: Ratio,
    /// Pause of an instrument that is closed and entered again too quickly.
    pub churn: ChurnSettings,
    /// What happens when many instruments go nowhere.
    pub chop: ChopSettings,
    /// Lock on the side against the last trade.
    pub anti_flip: AntiFlipSettings,
    /// Makes positions smaller that have become too large a part of the account.
    pub rebalancer: RebalancerSettings,
}

impl Default for AuctionSettings {
    fn default() -> Self {
        let whole = |points: i64| Ratio::new(Decimal::from(points));
        AuctionSettings {
            mode: GuardMode::Shadow,
            collect_ms: 0,
            cycle_minutes: 15,
            positions_max: 25,
            margin_use_max_pct: Percent::new(Decimal::from(90)),
            cluster_positions_max: 8,
            swap_threshold: whole(14),
            min_hold_minutes: 45,
            trades_per_cycle_max: 5,
            opens_per_cycle_max: 5,
            closes_per_cycle_max: 1,
            entry_cost: whole(2),
            exit_cost: whole(2),
            direction_penalty: whole(10),
            partial_close_cooldown_s: 300,
            no_signal_persistence_cycles: 8,
            margin_use_target_pct: None,
            boost_factor_max: whole(2),
            churn: ChurnSettings::default(),
            chop: ChopSettings::default(),
            anti_flip: AntiFlipSettings::default(),
            rebalancer: RebalancerSettings::default(),
        }
    }
}

impl AuctionSettings {
    pub(crate) fn collect(&self) -> Span {
        Span::from_millis(i64::from(self.collect_ms))
    }

    pub(crate) fn cycle(&self) -> Span {
        Span::from_secs(i64::from(self.cycle_minutes) * 60)
    }
}

/// What guards on top of the auction change in one cycle. It is neutral at the start of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AuctionTuning {
    /// Points added to `swap_threshold`.
    pub(crate) swap_delta: f64,
    /// Multiplies `min_hold_minutes`.
    pub(crate) hold_factor: f64,
    /// Added to `opens_per_cycle_max`, never below zero.
    pub(crate) opens_delta: i32,
    /// Added to `no_signal_persistence_cycles`, never below zero.
    pub(crate) persistence_delta: i32,
}

impl AuctionTuning {
    pub(crate) const NEUTRAL: AuctionTuning =
        AuctionTuning { swap_delta: 0.0, hold_factor: 1.0, opens_delta: 0, persistence_delta: 0 };
}

/// The settings of one cycle as numbers, tuning included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rules {
    pub(crate) positions_max: u32,
    pub(crate) margin_use_max_pct: f64,
    pub(crate) cluster_positions_max: u32,
    pub(crate) swap_threshold: f64,
    pub(crate) hold_minutes: f64,
    pub(crate) trades_max: u32,
    pub(crate) opens_max: u32,
    pub(crate) closes_max: u32,
    pub(crate) entry_cost: f64,
    pub(crate) exit_cost: f64,
    pub(crate) direction_penalty: f64,
    pub(crate) persistence: u32,
}

impl Rules {
    pub(crate) fn new(settings: &AuctionSettings, tuning: AuctionTuning) -> Self {
        Rules {
            positions_max: settings.positions_max,
            margin_use_max_pct: settings.margin_use_max_pct.to_f64(),
            cluster_positions_max: settings.cluster_positions_max,
            swap_threshold: settings.swap_threshold.to_f64() + tuning.swap_delta,
            hold_minutes: f64::from(settings.min_hold_minutes) * tuning.hold_factor,
            trades_max: settings.trades_per_cycle_max,
            opens_max: settings.opens_per_cycle_max.saturating_add_signed(tuning.opens_delta),
            closes_max: settings.closes_per_cycle_max,
            entry_cost: settings.entry_cost.to_f64(),
            exit_cost: settings.exit_cost.to_f64(),
            direction_penalty: settings.direction_penalty.to_f64(),
            persistence: settings
                .no_signal_persistence_cycles
                .saturating_add_signed(tuning.persistence_delta),
        }
    }
}
