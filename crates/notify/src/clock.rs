//! The clock that messages are timed by: the wall's, or in a drill one that runs faster.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_model::{Span, Ts};

/// A clock.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The wall's.
    Wall,
    /// One that showed `from` at `since` and runs `pace` times as fast: hours of an outage in seconds.
    Paced {
        /// When it began to run.
        since: Instant,
        /// What it showed then.
        from: Ts,
        /// How much faster than the wall's it runs.
        pace: u32,
    },
}

impl Clock {
    /// A clock that begins to run now.
    #[must_use]
    pub fn paced(from: Ts, pace: u32) -> Self {
        Clock::Paced { since: Instant::now(), from, pace: pace.max(1) }
    }

    /// What it shows.
    #[must_use]
    pub fn now(self) -> Ts {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        match self {
            Clock::Wall => {
                Ts::from_nanos(nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
            }
            Clock::Paced { since, from, pace } => {
                from.plus(Span::from_nanos(nanos(since.elapsed().saturating_mul(pace))))
            }
        }
    }

    /// How long it takes until the clock has gone on by `span`.
    #[must_use]
    pub fn wait(self, span: Span) -> Duration {
        let whole = Duration::from_nanos(u64::try_from(span.nanos()).unwrap_or_default());
        match self {
            Clock::Wall => whole,
            Clock::Paced { pace, .. } => whole / pace.max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paced_clock_runs_as_much_faster_as_it_says() {
        let from = Ts::from_millis(1_767_225_600_000);
        let clock = Clock::paced(from, 3_600);
        std::thread::sleep(Duration::from_millis(20));
        assert!(clock.now().since(from) >= Span::from_secs(72), "{}", clock.now());
        assert_eq!(clock.wait(Span::from_secs(3_600)), Duration::from_secs(1));
        assert_eq!(Clock::Wall.wait(Span::from_secs(3)), Duration::from_secs(3));
        assert_eq!(Clock::Wall.wait(Span::from_secs(-3)), Duration::ZERO);
    }
}
