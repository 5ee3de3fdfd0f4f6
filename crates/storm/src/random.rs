//! Draws of a world: one stream for each purpose, so that a fault more in one does not shift the others.
//!
//! Invariant: the numbers depend on the seed and the stream's name alone, on every machine.

use seawall_model::{Span, Ts};

use crate::faults::Fault;

/// Parts in a million, in which all rates are told.
pub(crate) const MILLION: u32 = 1_000_000;

/// What a stream is for; each has its own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The sizes and rates of the world.
    Swarm,
    /// How long the messages of an instant travel, by their number within it.
    Latency(Ts, u32),
    /// How long something takes that begins at a time and is no strike: a process to come back, a stream to
    /// connect.
    Delay(Ts),
    /// What the strategy of an instrument does at the close of a candle.
    Strategy(u32, Ts),
    /// Whether a fault strikes at an opportunity.
    Fault(Fault, u32),
    /// How the strike at an opportunity looks.
    Shape(Fault, u32),
    /// Whether the world has a theme, and which.
    Theme,
}

impl Purpose {
    /// Two words that no other purpose has.
    fn words(self) -> (u64, u64) {
        let fault = |kind: u64, fault: Fault, number: u32| (kind, (fault as u64) << 32 | u64::from(number));
        match self {
            Purpose::Swarm => (1, 0),
            Purpose::Latency(at, number) => (2 | u64::from(number) << 8, at.nanos().cast_unsigned()),
            Purpose::Delay(at) => (3, at.nanos().cast_unsigned()),
            Purpose::Strategy(instrument, at) => (4 | u64::from(instrument) << 8, at.nanos().cast_unsigned()),
            Purpose::Fault(of, number) => fault(5, of, number),
            Purpose::Shape(of, number) => fault(6, of, number),
            Purpose::Theme => (7, 0),
        }
    }
}

/// A stream of draws: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stream(u64);

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mixed(word: u64) -> u64 {
    let word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}

impl Stream {
    pub(crate) fn new(seed: u64, purpose: Purpose) -> Self {
        let (kind, which) = purpose.words();
        let begun = mixed(seed.wrapping_add(GAMMA));
        let begun = mixed(begun.wrapping_add(kind).wrapping_add(GAMMA));
        Stream(mixed(begun ^ mixed(which.wrapping_add(GAMMA))))
    }

    /// From `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(0).unsigned_abs().saturating_add(1);
        low.saturating_add(i64::try_from(self.word() % width).unwrap_or(0))
    }

    /// As [`Self::range`], for counts.
    pub(crate) fn count(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.range(i64::from(low), i64::from(high))).unwrap_or(low)
    }

    /// True `ppm` times in a million.
    pub(crate) fn chance(&mut self, ppm: u32) -> bool {
        self.word() % u64::from(MILLION) < u64::from(ppm)
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
        self.0 = self.0.wrapping_add(GAMMA);
        mixed(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_seed_and_purpose() {
        let draw = |seed, purpose| Stream::new(seed, purpose).word();
        let [one, two] = [1, 2].map(Ts::from_nanos);
        assert_eq!(draw(1, Purpose::Swarm), draw(1, Purpose::Swarm));
        assert_ne!(draw(1, Purpose::Swarm), draw(2, Purpose::Swarm));
        assert_ne!(draw(1, Purpose::Delay(one)), draw(1, Purpose::Delay(two)));
        assert_ne!(draw(1, Purpose::Latency(one, 0)), draw(1, Purpose::Latency(one, 1)));
        assert_ne!(draw(1, Purpose::Strategy(0, two)), draw(1, Purpose::Strategy(1, two)));
        let [fault, shape] = [Purpose::Fault(Fault::Kill, 3), Purpose::Shape(Fault::Kill, 3)];
        assert_ne!(draw(1, fault), draw(1, shape));
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
