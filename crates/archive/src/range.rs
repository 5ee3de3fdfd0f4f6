//! Which part of a series is asked for.

use seawall_model::Ts;

/// A range of open times, the end exclusive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    from_ms: i64,
    to_ms: i64,
}

impl Range {
    pub(crate) const ALL: Range = Range { from_ms: i64::MIN, to_ms: i64::MAX };

    pub(crate) fn new(range: Option<(Ts, Ts)>) -> Range {
        // A bound between two milliseconds belongs to the later one: no open time lies between them.
        let ceiling =
            |at: Ts| at.nanos().div_euclid(1_000_000) + i64::from(at.nanos().rem_euclid(1_000_000) > 0);
        range.map_or(Range::ALL, |(from, to)| Range { from_ms: ceiling(from), to_ms: ceiling(to) })
    }

    /// Whether open times from `first_ms` to `last_ms` (inclusive) can lie in the range.
    pub(crate) fn overlaps(&self, first_ms: i64, last_ms: i64) -> bool {
        self.from_ms <= last_ms && first_ms < self.to_ms
    }

    #[inline]
    pub(crate) fn contains(&self, ts_ms: i64) -> bool {
        self.from_ms <= ts_ms && ts_ms < self.to_ms
    }
}
