//! Fibonacci levels of a price leg: retracements, extensions, optimal trade entry, premium and discount.
//!
//! A leg runs from the earlier to the later of the two absolute extremes of some bars. A retracement is
//! measured back from the leg's end, so the optimal trade entry of a rising leg lies in its lower half
//! (discount) and that of a falling leg in its upper half (premium). Extensions lie beyond the leg's end.
//! [`Measure::LowToHigh`] measures everything from the low upwards whatever the leg's direction, as some
//! systems do; it exists for comparison with them.

use crate::bar::{Bar, Direction};
use crate::setup::extremes;

/// Ratios of the retracement levels.
pub const RETRACEMENTS: [f64; 7] = [0.236, 0.382, 0.5, 0.618, 0.705, 0.786, 0.79];

/// Ratios of the extension levels.
pub const EXTENSIONS: [f64; 2] = [1.272, 1.618];

/// Shallow edge of the optimal trade entry.
pub const OTE_SHALLOW: f64 = 0.705;

/// Deep edge of the optimal trade entry.
pub const OTE_DEEP: f64 = 0.79;

/// From where levels are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Along the leg: retracements back from its end, extensions onwards from its start.
    AlongLeg,
    /// From the low upwards, whatever the leg's direction.
    LowToHigh,
}

/// One level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FibLevel {
    /// Its ratio: below 1 a retracement, above 1 an extension.
    pub ratio: f64,
    /// Its price.
    pub price: f64,
}

/// A leg between two extremes, `low < high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FibLeg {
    /// Bullish if the low came first.
    pub direction: Direction,
    /// The lowest low.
    pub low: f64,
    /// The highest high.
    pub high: f64,
    /// From where levels are measured.
    pub measure: Measure,
}

impl FibLeg {
    /// The leg between the absolute extremes of the last `count` bars; `None` without bars or without a
    /// range.
    ///
    /// If one bar made both extremes, the leg has the direction of its body (bullish if it has none).
    #[must_use]
    pub fn of_bars(bars: &[Bar], count: usize, measure: Measure) -> Option<Self> {
        let found = extremes(bars, count)?;
        if found.high <= found.low {
            return None;
        }
        let bullish = if found.low_index == found.high_index {
            bars.get(found.low_index).is_none_or(|bar| bar.close >= bar.open)
        } else {
            found.low_index < found.high_index
        };
        let direction = if bullish { Direction::Bullish } else { Direction::Bearish };
        Some(FibLeg { direction, low: found.low, high: found.high, measure })
    }

    /// High minus low.
    #[must_use]
    pub fn range(&self) -> f64 {
        self.high - self.low
    }

    /// The price at which `ratio` of the leg is taken back.
    #[must_use]
    pub fn retracement(&self, ratio: f64) -> f64 {
        match (self.measure, self.direction) {
            (Measure::AlongLeg, Direction::Bullish) => self.high - ratio * self.range(),
            (Measure::AlongLeg, Direction::Bearish) | (Measure::LowToHigh, _) => {
                self.low + ratio * self.range()
            }
        }
    }

    /// The price at which the leg, counted from its start, is `ratio` times as long.
    #[must_use]
    pub fn extension(&self, ratio: f64) -> f64 {
        match (self.measure, self.direction) {
            (Measure::AlongLeg, Direction::Bearish) => self.high - ratio * self.range(),
            (Measure::AlongLeg, Direction::Bullish) | (Measure::LowToHigh, _) => {
                self.low + ratio * self.range()
            }
        }
    }

    /// All levels: [`RETRACEMENTS`], then [`EXTENSIONS`].
    pub fn levels(&self) -> impl Iterator<Item = FibLevel> {
        let leg = *self;
        let retracements =
            RETRACEMENTS.into_iter().map(move |ratio| FibLevel { ratio, price: leg.retracement(ratio) });
        let extensions =
            EXTENSIONS.into_iter().map(move |ratio| FibLevel { ratio, price: leg.extension(ratio) });
        retracements.chain(extensions)
    }

    /// The level nearest to `price` among those that `accepts` lets through.
    pub fn nearest(&self, price: f64, accepts: impl Fn(&FibLevel) -> bool) -> Option<FibLevel> {
        let distance = |level: &FibLevel| (level.price - price).abs();
        self.levels().filter(accepts).min_by(|left, right| distance(left).total_cmp(&distance(right)))
    }

    /// Whether `price` lies in the optimal trade entry: a retracement of [`OTE_SHALLOW`] to [`OTE_DEEP`],
    /// edges included.
    #[must_use]
    pub fn in_ote(&self, price: f64) -> bool {
        self.retraced_between(price, OTE_SHALLOW, OTE_DEEP)
    }

    /// Whether `price` lies between two retracements, edges included.
    #[must_use]
    pub fn retraced_between(&self, price: f64, one: f64, other: f64) -> bool {
        let (one, other) = (self.retracement(one), self.retracement(other));
        one.min(other) <= price && price <= one.max(other)
    }

    /// Where `price` lies in the range: 0 at the low, 1 at the high; outside of the leg below 0 or above 1.
    #[must_use]
    pub fn position(&self, price: f64) -> f64 {
        (price - self.low) / self.range()
    }

    /// Whether `price` is on the right side of the middle for a trade: longs in the lower half (discount),
    /// shorts in the upper half (premium); the middle itself serves both.
    #[must_use]
    pub fn is_fair_for(&self, trade: Direction, price: f64) -> bool {
        let middle = f64::midpoint(self.low, self.high);
        match trade {
            Direction::Bullish => price <= middle,
            Direction::Bearish => price >= middle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(low: f64, high: f64) -> Bar {
        Bar { open: low, high, low, close: high }
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn a_rising_leg_retraces_downwards_into_discount() {
        let leg = FibLeg::of_bars(&[bar(100.0, 110.0), bar(150.0, 200.0)], 100, Measure::AlongLeg).unwrap();
        assert_eq!(leg.direction, Direction::Bullish);
        assert!(close(leg.retracement(0.618), 138.2));
        assert!(close(leg.extension(1.272), 227.2));
        assert!(leg.in_ote(125.0) && !leg.in_ote(175.0));
        assert!(close(leg.position(125.0), 0.25));
        assert!(leg.is_fair_for(Direction::Bullish, 125.0) && !leg.is_fair_for(Direction::Bearish, 125.0));
        assert_eq!(leg.levels().count(), 9);
    }

    #[test]
    fn a_falling_leg_retraces_upwards_into_premium() {
        let leg = FibLeg::of_bars(&[bar(150.0, 200.0), bar(100.0, 110.0)], 100, Measure::AlongLeg).unwrap();
        assert_eq!(leg.direction, Direction::Bearish);
        assert!(close(leg.retracement(0.618), 161.8));
        assert!(close(leg.extension(1.618), 38.2));
        assert!(leg.in_ote(175.0) && !leg.in_ote(125.0));
        assert!(leg.is_fair_for(Direction::Bearish, 175.0));
    }

    #[test]
    fn measured_from_the_low_the_direction_does_not_matter() {
        let leg = FibLeg::of_bars(&[bar(100.0, 110.0), bar(150.0, 200.0)], 100, Measure::LowToHigh).unwrap();
        assert!(close(leg.retracement(0.618), 161.8));
        assert!(close(leg.extension(1.272), 227.2));
        assert!(leg.in_ote(175.0));
    }

    #[test]
    fn the_nearest_level_is_found_among_those_accepted() {
        let leg = FibLeg::of_bars(&[bar(100.0, 110.0), bar(150.0, 200.0)], 100, Measure::AlongLeg).unwrap();
        assert!(close(leg.nearest(149.0, |_| true).unwrap().ratio, 0.5));
        assert!(close(leg.nearest(149.0, |level| level.ratio > 1.0).unwrap().ratio, 1.272));
    }

    #[test]
    fn one_bar_and_no_range() {
        assert_eq!(FibLeg::of_bars(&[bar(5.0, 5.0)], 100, Measure::AlongLeg), None);
        assert_eq!(FibLeg::of_bars(&[], 100, Measure::AlongLeg), None);
        let down = Bar { open: 9.0, high: 10.0, low: 5.0, close: 6.0 };
        let leg = FibLeg::of_bars(&[down], 100, Measure::AlongLeg).unwrap();
        assert_eq!(leg.direction, Direction::Bearish);
    }
}
