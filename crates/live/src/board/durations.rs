//! Durations in buckets that are counted without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets in seconds; one more bucket has the rest.
pub const BOUNDS_S: [f64; 25] = [
    0.000_000_1,
    0.000_000_25,
    0.000_000_5,
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
];

/// Counts by duration.
#[derive(Debug, Default)]
pub struct Durations {
    counts: [AtomicU64; BOUNDS_S.len() + 1],
    sum_nanos: AtomicU64,
}

/// The counts of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Upper bound in seconds and how many lay in the bucket (not below it); the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
    /// How many in all.
    pub count: u64,
    /// Seconds in all.
    pub sum_s: f64,
}

impl Durations {
    /// Counts one.
    pub fn note(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS_S.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS_S.len());
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.sum_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The counts so far.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let bounds = BOUNDS_S.iter().copied().chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        Reading {
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
            sum_s: Duration::from_nanos(self.sum_nanos.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_lies_in_one_bucket() {
        let durations = Durations::default();
        for nanos in [50, 1_000, 2_000_000, 60_000_000_000] {
            durations.note(Duration::from_nanos(nanos));
        }
        let reading = durations.reading();
        let filled: Vec<f64> =
            reading.buckets.iter().filter(|(_, count)| *count > 0).map(|(bound, _)| *bound).collect();
        assert_eq!(filled, [0.000_000_1, 0.000_001, 0.002_5, f64::INFINITY]);
        assert_eq!(reading.count, 4);
        assert!((reading.sum_s - 60.002_001_05).abs() < 1e-9);
    }
}
