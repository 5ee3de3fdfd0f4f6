//! Where a price stands among the Fibonacci levels of a leg, and what that is worth.

use seawall_smc::FibLeg;

/// Retracements at which a price counts as at a level, with the points it earns.
const RETRACEMENTS: [(f64, f64); 5] =
    [(0.236, 0.0), (0.382, 10.0), (0.5, 10.0), (0.618, 10.0), (0.786, 10.0)];
/// Extensions, likewise.
const EXTENSIONS: [(f64, f64); 2] = [(1.272, 5.0), (1.618, 5.0)];
const OPTIMAL_ENTRY_POINTS: f64 = 15.0;

/// Where a price stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Distance to the nearest level in basis points of the price; zero inside the optimal trade entry.
    pub(super) distance_bps: f64,
    /// Points of the best level within the tolerance.
    pub(super) points: f64,
}

/// The place of `price` in `leg`, with `tolerance_bps` around each level.
pub(super) fn place(leg: &FibLeg, price: f64, tolerance_bps: f64) -> Place {
    if leg.in_ote(price) {
        return Place { distance_bps: 0.0, points: OPTIMAL_ENTRY_POINTS };
    }
    let retracements = RETRACEMENTS.into_iter().map(|(ratio, points)| (leg.retracement(ratio), points));
    let extensions = EXTENSIONS.into_iter().map(|(ratio, points)| (leg.extension(ratio), points));
    let mut place = Place { distance_bps: f64::MAX, points: 0.0 };
    for (level, points) in retracements.chain(extensions) {
        let distance_bps = (price - level).abs() / price * 10_000.0;
        place.distance_bps = place.distance_bps.min(distance_bps);
        if distance_bps <= tolerance_bps {
            place.points = place.points.max(points);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_smc::{Direction, Measure};

    fn leg(direction: Direction) -> FibLeg {
        FibLeg { direction, low: 100.0, high: 200.0, measure: Measure::AlongLeg }
    }

    /// [D-7]: levels were measured from the low upwards for both directions.
    #[test]
    fn the_optimal_entry_is_cheap_in_a_rising_leg_and_dear_in_a_falling_one() {
        assert_eq!(
            place(&leg(Direction::Bullish), 125.0, 60.0),
            Place { distance_bps: 0.0, points: OPTIMAL_ENTRY_POINTS }
        );
        assert!(place(&leg(Direction::Bullish), 175.0, 60.0).points < OPTIMAL_ENTRY_POINTS);
        assert!(place(&leg(Direction::Bearish), 175.0, 60.0).points >= OPTIMAL_ENTRY_POINTS);
        let old = FibLeg { measure: Measure::LowToHigh, ..leg(Direction::Bullish) };
        assert!(place(&old, 175.0, 60.0).points >= OPTIMAL_ENTRY_POINTS, "selectable for comparison");
    }

    #[test]
    fn levels_earn_points_within_the_tolerance_only() {
        let leg = leg(Direction::Bullish);
        for (price, tolerance_bps, points) in [
            // 0.5 lies at 150: 60 basis points are 0.9.
            (150.8, 60.0, 10.0),
            (150.8, 50.0, 0.0),
            (152.0, 60.0, 0.0),
            // 0.236 lies at 176.4 and satisfies the gate without earning anything.
            (176.4, 60.0, 0.0),
            // The extension 1.272 lies beyond the high.
            (227.2, 60.0, 5.0),
        ] {
            assert!((place(&leg, price, tolerance_bps).points - points).abs() < 1e-12, "{price}");
        }
        assert!(place(&leg, 176.4, 60.0).distance_bps < 1e-9);
        assert!((place(&leg, 152.0, 60.0).distance_bps - 2.0 / 152.0 * 10_000.0).abs() < 1e-9);
    }
}
