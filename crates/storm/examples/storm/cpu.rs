//! What a thread has cost: its time on a core, which another program's load does not change much.

use std::time::{Duration, Instant};

/// From when on a thread is counted.
pub(crate) struct Spent {
    cpu: Option<Duration>,
    wall: Instant,
}

impl Spent {
    /// From now on, for the calling thread.
    pub(crate) fn begin() -> Self {
        Spent { cpu: on_core(), wall: Instant::now() }
    }

    /// Time on a core since then; time on the wall where the system does not tell.
    pub(crate) fn so_far(&self) -> Duration {
        match (self.cpu, on_core()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            (None | Some(_), None) | (None, Some(_)) => self.wall.elapsed(),
        }
    }
}

/// Linux counts it in nanoseconds for each thread.
fn on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
