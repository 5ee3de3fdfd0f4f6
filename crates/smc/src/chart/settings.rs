//! What a chart's detectors are set to.

use crate::fvg::FairValueGapSettings;
use crate::order_block::WideBars;
use crate::zones::ZoneLimits;

/// Settings of a [`Chart`](super::Chart). The defaults are the usual ones; each detector's own documentation
/// says where they come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChartSettings {
    /// Leg size of internal structure, in bars.
    pub internal_leg: usize,
    /// Leg size of swing structure, in bars.
    pub swing_leg: usize,
    /// Bars to each side of a fractal pivot.
    pub fractal_bars: usize,
    /// How order blocks treat wide bars.
    pub wide_bars: WideBars,
    /// Fair value gaps.
    pub gaps: FairValueGapSettings,
    /// How many zones of each kind are followed and for how long.
    pub limits: ZoneLimits,
}

impl Default for ChartSettings {
    fn default() -> Self {
        ChartSettings {
            internal_leg: 5,
            swing_leg: 50,
            fractal_bars: 5,
            wide_bars: WideBars::ATR_200,
            gaps: FairValueGapSettings::default(),
            limits: ZoneLimits::default(),
        }
    }
}
