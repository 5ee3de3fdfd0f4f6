//! The clock of a paced run: simulated time runs a fixed number of times faster than the wall's.

use std::time::{Duration, Instant};

use seawall_model::{Span, Ts};

/// Maps simulated instants to the wall clock. Being late is made up for; being early is waited out.
pub(crate) struct Pacer {
    started: Instant,
    origin: Ts,
    speed: u32,
}

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

    /// How long it takes until `at` has come.
    pub(crate) fn left_until(&self, at: Ts) -> Duration {
        let due = at.since(self.origin).max(Span::ZERO).secs_f64() / f64::from(self.speed);
        Duration::try_from_secs_f64(due - self.elapsed_s()).unwrap_or_default()
    }
}
