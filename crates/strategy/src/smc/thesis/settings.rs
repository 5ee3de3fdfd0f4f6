//! Settings of the thesis: the only table of their defaults.

use rust_decimal::Decimal;
use seawall_model::{GuardMode, Ratio};
use serde::{Deserialize, Serialize};

/// The `strategy.smc.thesis` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ThesisSettings {
    /// `shadow`: the age of an idea is shown and changes nothing; `on`: it moves the score, blocks entries
    /// and ends positions.
    pub mode: GuardMode,
    /// Age, counted from its first setup, at which an idea is forgotten.
    pub remembered_hours: u32,
    /// Hours over which the whole `time_decay_points` are lost.
    pub time_decay_hours: u32,
    /// Most conviction lost with time.
    pub time_decay_points: Ratio,
    /// Conviction lost while the price is out of the weekly zone that the first setup lay in.
    pub zone_decay_points: Ratio,
    /// Conviction lost while fewer contracts trade than at the first setup.
    pub volume_decay_points: Ratio,
    /// 4h bars whose mean volume is compared.
    pub volume_bars: u32,
    /// Conviction above which the score gains and below which it loses.
    pub score_neutral: Ratio,
    /// Points gained at full conviction.
    pub score_bonus: Ratio,
    /// Points lost at the least conviction there is, which is 5.
    pub score_penalty: Ratio,
    /// Conviction at which the idea is given up and positions made of it are closed.
    pub exit_conviction: Ratio,
    /// Conviction up to which the idea is not taken up again.
    pub reentry_conviction: Ratio,
}

impl Default for ThesisSettings {
    fn default() -> Self {
        let points = |points: i64| Ratio::new(Decimal::from(points));
        ThesisSettings {
            mode: GuardMode::Shadow,
            remembered_hours: 168,
            time_decay_hours: 12,
            time_decay_points: points(45),
            zone_decay_points: points(35),
            volume_decay_points: points(15),
            volume_bars: 20,
            score_neutral: points(60),
            score_bonus: points(8),
            score_penalty: points(12),
            exit_conviction: points(35),
            reentry_conviction: points(25),
        }
    }
}
