//! Divergence of the 4h RSI from the price.
//!
//! Between the two newest swing lows of the lookback: a lower price with a higher RSI speaks for longs.
//! Between the two newest swing highs: a higher price with a lower RSI speaks for shorts. Both together, or
//! neither, say nothing. Invariant: nothing is computed while nobody asks.

use arrayvec::ArrayVec;
use seawall_model::{GuardMode, StateSink};
use seawall_smc::setup::swing_points;
use seawall_smc::{Bar, PivotKind, Rsi, SmcError};

use super::{SmcSettings, digest_debug, period};
use crate::Direction;

/// The longest lookback.
pub(super) const LOOKBACK_MAX: usize = 100;

/// The RSI of the newest bars, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Divergence {
    watched: bool,
    rsi: Rsi,
    lookback: usize,
    values: ArrayVec<f64, LOOKBACK_MAX>,
    speaks_for: Option<Direction>,
}

impl Divergence {
    pub(super) fn new(settings: &SmcSettings) -> Result<Self, SmcError> {
        Ok(Divergence {
            watched: settings.rsi_divergence != GuardMode::Off,
            rsi: Rsi::new(period(settings.rsi_period))?,
            lookback: period(settings.rsi_divergence_lookback).min(LOOKBACK_MAX),
            values: ArrayVec::new(),
            speaks_for: None,
        })
    }

    /// Takes in the next closed bar, the last of `bars`.
    pub(super) fn push(&mut self, bars: &[Bar]) {
        let Some(last) = bars.last().filter(|_| self.watched) else { return };
        if self.values.len() >= self.lookback {
            self.values.remove(0);
        }
        // A swing without an RSI compares with nothing.
        self.values.push(self.rsi.update(last.close).unwrap_or(f64::NAN));
        self.speaks_for = self.read(bars);
    }

    /// 1 where a divergence speaks for `direction`, -1 where it speaks against it, else 0.
    pub(super) fn reading(&self, direction: Direction) -> f64 {
        match self.speaks_for {
            None => 0.0,
            Some(other) if other == direction => 1.0,
            Some(_) => -1.0,
        }
    }

    fn read(&self, bars: &[Bar]) -> Option<Direction> {
        let oldest = bars.len().checked_sub(self.values.len())?;
        let pair = |kind: PivotKind| {
            let swings = swing_points(bars, self.values.len()).rev().filter(move |swing| swing.kind == kind);
            let mut read = swings.map(|swing| {
                let rsi = swing.index.checked_sub(oldest).and_then(|place| self.values.get(place));
                (swing.price, rsi.copied().unwrap_or(f64::NAN))
            });
            Some((read.next()?, read.next()?))
        };
        let bullish = pair(PivotKind::Low).is_some_and(|((price, rsi), (price_before, rsi_before))| {
            price < price_before && rsi > rsi_before
        });
        let bearish = pair(PivotKind::High).is_some_and(|((price, rsi), (price_before, rsi_before))| {
            price > price_before && rsi < rsi_before
        });
        match (bullish, bearish) {
            (true, false) => Some(Direction::Long),
            (false, true) => Some(Direction::Short),
            (true, true) | (false, false) => None,
        }
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        if self.watched {
            digest_debug(&(&self.rsi, &self.values), sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(mode: GuardMode, lookback: u32, closes: &[f64]) -> [f64; 2] {
        let settings = SmcSettings {
            rsi_divergence: mode,
            rsi_period: 3,
            rsi_divergence_lookback: lookback,
            ..SmcSettings::default()
        };
        let mut divergence = Divergence::new(&settings).unwrap();
        let bars: Vec<Bar> = closes
            .iter()
            .map(|close| Bar { open: *close, high: *close, low: *close, close: *close })
            .collect();
        for count in 1..=bars.len() {
            divergence.push(&bars[..count]);
        }
        [Direction::Long, Direction::Short].map(|direction| divergence.reading(direction))
    }

    fn are(found: [f64; 2], expected: [f64; 2]) -> bool {
        found.map(f64::to_bits) == expected.map(f64::to_bits)
    }

    /// A steep fall to 90, a rise, and a slow fall to 89.5.
    const LOWER_WITH_LESS_FORCE: [f64; 14] =
        [100.0, 100.5, 100.0, 96.0, 93.0, 90.0, 94.0, 94.5, 94.0, 93.0, 92.0, 91.0, 89.5, 91.0];

    #[test]
    fn a_lower_low_with_a_higher_rsi_speaks_for_longs_and_against_shorts() {
        assert!(are(reading(GuardMode::Shadow, 20, &LOWER_WITH_LESS_FORCE), [1.0, -1.0]));
        let mirrored: Vec<f64> = LOWER_WITH_LESS_FORCE.iter().map(|close| 200.0 - close).collect();
        assert!(are(reading(GuardMode::On, 20, &mirrored), [-1.0, 1.0]));
    }

    #[test]
    fn swings_beyond_the_lookback_are_not_compared_and_nothing_is_read_while_off() {
        // The first low lies eight bars before the second one.
        assert!(are(reading(GuardMode::Shadow, 8, &LOWER_WITH_LESS_FORCE), [0.0, 0.0]));
        assert!(are(reading(GuardMode::Off, 20, &LOWER_WITH_LESS_FORCE), [0.0, 0.0]));
    }
}
