//! The clock of a real run: UTC as the system tells it, which never goes back and never stands still.
//!
//! Engine, sessions and signatures share one. Where the system's clock is set back, ours goes on at nine
//! tenths of the pace until both agree: a deadline of a minute takes no longer than 67 seconds, and no
//! instant comes twice. Where it is set forward, ours follows at once.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_model::{Span, Ts};

/// A clock that can be shared by threads.
#[derive(Debug)]
pub struct WallClock {
    last: Mutex<(Instant, Ts)>,
}

impl Default for WallClock {
    fn default() -> Self {
        WallClock { last: Mutex::new((Instant::now(), system_now())) }
    }
}

impl WallClock {
    /// A clock that agrees with the system's.
    #[must_use]
    pub fn new() -> Self {
        WallClock::default()
    }

    /// The instant that it is now.
    pub fn now(&self) -> Ts {
        // The pair is replaced as a whole, so it is good even if a thread died meanwhile.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let instant = Instant::now();
        let told = follow(last.1, instant.saturating_duration_since(last.0), system_now());
        *last = (instant, told);
        told
    }

    /// How long it is until `at`; nothing if that has come.
    pub fn until(&self, at: Ts) -> Duration {
        let nanos = at.since(self.now()).nanos().max(0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// The next instant: the system's, unless that is behind ours.
fn follow(last: Ts, elapsed: Duration, system: Ts) -> Ts {
    let elapsed = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
    let slow = last.plus(Span::from_nanos(elapsed - elapsed / 10));
    system.max(slow)
}

fn system_now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Ts {
        Ts::from_millis(ms)
    }

    #[test]
    fn a_step_back_slows_the_clock_down_and_a_step_forward_is_taken_over() {
        let second = Duration::from_secs(1);
        assert_eq!(follow(at(5_000), second, at(6_000)), at(6_000));
        // Set back by four seconds: ours goes on slowly, and agrees again after 40 seconds.
        let (mut ours, mut system, mut seconds) = (at(5_000), at(1_000), 0);
        while ours != system {
            system = system.plus(Span::from_secs(1));
            let next = follow(ours, second, system);
            assert!(next > ours);
            ours = next;
            seconds += 1;
        }
        assert_eq!(seconds, 40);
        assert_eq!(follow(at(5_000), second, at(900_000)), at(900_000));
    }

    #[test]
    fn it_agrees_with_the_system_and_never_goes_back() {
        let clock = WallClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert!(first.since(system_now()).millis().abs() < 1_000);
        assert_eq!(clock.until(first), Duration::ZERO);
        assert!(clock.until(first.plus(Span::from_secs(60))) > Duration::from_secs(50));
    }
}
