//! Tiers of liquidity. What is thin is traded with less leverage, in smaller size and with tighter limits.

use serde::{Deserialize, Serialize};

use super::settings::TiersSettings;

/// How liquid an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The most liquid, and the pinned.
    A,
    /// The liquid.
    B,
    /// The rest.
    C,
}

impl Tier {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Tier::A => "A",
            Tier::B => "B",
            Tier::C => "C",
        }
    }

    /// By volume in quote currency and spread in percent. An unknown volume reaches no tier; an unknown
    /// spread is not asked.
    pub(crate) fn of(tiers: &TiersSettings, volume_24h: Option<f64>, spread_pct: Option<f64>) -> Tier {
        let reaches = |volume_min: f64, spread_max: f64| {
            volume_24h.is_some_and(|volume| volume >= volume_min)
                && spread_pct.is_none_or(|spread| spread <= spread_max)
        };
        if reaches(tiers.a_volume_24h_min.to_f64(), tiers.a_spread_max_pct.to_f64()) {
            Tier::A
        } else if reaches(tiers.b_volume_24h_min.to_f64(), tiers.b_spread_max_pct.to_f64()) {
            Tier::B
        } else {
            Tier::C
        }
    }
}
