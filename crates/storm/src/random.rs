//! Draws of a world: one stream for each purpose, so that a fault more in one does not shift the others.
//!
//! Invariant: the numbers depend on the seed and the stream's name alone, on every machine.

use seawall_model::Span;
use seawall_simulator::synthetic::Dice;

/// Parts in a million, in which all rates are told.
pub(crate) const MILLION: u32 = 1_000_000;

/// What a stream is for; each has its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The sizes and rates of the world.
    Swarm,
    /// How long messages travel.
    Latency,
    /// How large faults are and when within a minute they begin.
    Shape,
    /// What the operator does.
    Operator,
    /// What the strategy of an instrument does, in the life of a process.
    Strategy(u32, u32),
    /// Whether a fault strikes.
    Fault(usize),
}

impl Purpose {
    fn number(self) -> u64 {
        match self {
            Purpose::Swarm => 1_001,
            Purpose::Latency => 1_002,
            Purpose::Shape => 1_003,
            Purpose::Operator => 1_004,
            Purpose::Strategy(instrument, life) => {
                1 << 32 | u64::from(life & 0xffff) << 16 | u64::from(instrument & 0xffff)
            }
            Purpose::Fault(number) => 2_000 + u64::try_from(number).unwrap_or(0),
        }
    }
}

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Stream(Dice);

impl Stream {
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        Stream(Dice::new(seed, purpose.number()))
    }

    /// From `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs().saturating_add(1);
        low.saturating_add(i64::try_from(self.0.word() % width).unwrap_or(0))
    }

    /// As [`Self::range`], for counts.
    pub(crate) fn count(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.range(i64::from(low), i64::from(high))).unwrap_or(low)
    }

    /// True `ppm` times in a million.
    pub(crate) fn chance(&mut self, ppm: u32) -> bool {
        self.0.word() % u64::from(MILLION) < u64::from(ppm)
    }

    /// One of `of`, or the first where it has none.
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, of: [T; N]) -> Option<T> {
        let last = i64::try_from(N).unwrap_or(1) - 1;
        let place = usize::try_from(self.range(0, last)).unwrap_or(0);
        of.get(place).copied()
    }

    /// A time from `low` to `high` milliseconds.
    pub(crate) fn millis(&mut self, low: i64, high: i64) -> Span {
        Span::from_nanos(self.range(low.saturating_mul(1_000_000), high.saturating_mul(1_000_000)))
    }

    /// 64 even bits.
    pub(crate) fn word(&mut self) -> u64 {
        self.0.word()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_and_purpose() {
        let draw = |seed, purpose| Stream::new(seed, purpose).word();
        assert_eq!(draw(1, Purpose::Latency), draw(1, Purpose::Latency));
        assert_ne!(draw(1, Purpose::Latency), draw(2, Purpose::Latency));
        assert_ne!(draw(1, Purpose::Latency), draw(1, Purpose::Shape));
        assert_ne!(draw(1, Purpose::Strategy(0, 1)), draw(1, Purpose::Strategy(1, 0)));
    }

    #[test]
    fn ranges_include_both_ends_and_chances_are_what_they_say() {
        let mut stream = Stream::new(7, Purpose::Swarm);
        let draws: std::collections::BTreeSet<i64> = (0..200).map(|_| stream.range(-1, 2)).collect();
        assert_eq!(draws, [-1, 0, 1, 2].into());
        let hits = (0..10_000).filter(|_| stream.chance(250_000)).count();
        assert!((2_200..2_800).contains(&hits), "{hits}");
        assert!(!stream.chance(0) && stream.chance(MILLION));
    }
}
