//! The clock of a paced run: simulated time runs a fixed number of times faster than the wall's.

use std::time::{Duration, Instant};

use seawall_model::{Span, Ts};

/// Maps simulated instants to the wall clock. Being late is made up for; being early is slept away.
pub(crate) struct Pacer {
    started: Instant,
    origin: Ts,
    speed: u32,
}

/// Longest sleep in one piece, so that a stop is noticed in time.
const NAP: Duration = Duration::from_millis(50);

impl Pacer {
    /// Simulated `origin` is now.
    pub(crate) fn new(origin: Ts, speed: u32) -> Self {
        Pacer { started: Instant::now(), origin, speed }
    }

    /// Seconds on the wall since the start.
    pub(crate) fn elapsed_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// The simulated instant that it is now.
    pub(crate) fn now(&self) -> Ts {
        let nanos = self.started.elapsed().as_nanos().saturating_mul(u128::from(self.speed));
        self.origin.plus(Span::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)))
    }

    /// Sleeps until `at` has come, in short naps, as long as `go_on` says so; it is asked at least once.
    pub(crate) fn wait_for(&self, at: Ts, mut go_on: impl FnMut() -> bool) {
        let due = at.since(self.origin).max(Span::ZERO).secs_f64() / f64::from(self.speed);
        while go_on() {
            let left = due - self.elapsed_s();
            if left <= 0.0 {
                return;
            }
            std::thread::sleep(Duration::from_secs_f64(left).min(NAP));
        }
    }
}
