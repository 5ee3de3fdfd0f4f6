//! The clock of a real run: UTC as the system tells it, which never goes back and never stands still.
//!
//! Engine, sessions and signatures share one. Where the system's clock is set back, ours goes on at nine
//! tenths of the pace until both agree: a deadline of a minute takes no longer than 67 seconds, and no
//! instant comes twice. Where it is set forward, ours follows at once.
//!
//! An exchange in a box with a clock that runs ahead is followed by the same pace ([`Pace`]): the whole run
//! then lives in that time, and its waits are as much shorter.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_model::{Span, Ts};

/// How an exchange in a box counts its time: from `start` on, `speed` seconds a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// When both clocks agreed.
    pub start: Ts,
    /// Seconds of the exchange's clock per second, from 1.
    pub speed: u32,
}

impl Pace {
    /// What the exchange's clock shows when the system's shows `system`.
    fn at(&self, system: Ts) -> Ts {
        let passed = system.since(self.start).nanos().max(0);
        self.start.plus(Span::from_nanos(passed.saturating_mul(i64::from(self.speed))))
    }
}

impl FromStr for Pace {
    type Err = String;

    /// Reads `INSTANT*SPEED`, as `seawall testnet --json` prints it.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write INSTANT*SPEED, like 2026-07-01T12:00:00Z*10";
        let (start, speed) = text.split_once('*').ok_or(form)?;
        let start: Ts = start.parse().map_err(|_| form)?;
        let speed: u32 = speed.parse().ok().filter(|speed| (1..=1_000).contains(speed)).ok_or(form)?;
        Ok(Pace { start, speed })
    }
}

/// A clock that can be shared by threads.
#[derive(Debug)]
pub struct WallClock {
    last: Mutex<(Instant, Ts)>,
    pace: Option<Pace>,
}

impl Default for WallClock {
    fn default() -> Self {
        WallClock::at_pace(None)
    }
}

impl WallClock {
    /// A clock that agrees with the system's.
    #[must_use]
    pub fn new() -> Self {
        WallClock::default()
    }

    /// A clock that agrees with that of an exchange in a box, or with the system's.
    #[must_use]
    pub fn at_pace(pace: Option<Pace>) -> Self {
        let now = shown(pace, system_now());
        WallClock { last: Mutex::new((Instant::now(), now)), pace }
    }

    fn speed(&self) -> u32 {
        self.pace.map_or(1, |pace| pace.speed.max(1))
    }

    /// The instant that it is now.
    pub fn now(&self) -> Ts {
        // The pair is replaced as a whole, so it is good even if a thread died meanwhile.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let instant = Instant::now();
        let elapsed = instant.saturating_duration_since(last.0).saturating_mul(self.speed());
        let told = follow(last.1, elapsed, shown(self.pace, system_now()));
        *last = (instant, told);
        told
    }

    /// How long it is until `at`, in the system's time; nothing if that has come.
    pub fn until(&self, at: Ts) -> Duration {
        let nanos = at.since(self.now()).nanos().max(0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)) / self.speed()
    }
}

/// The next instant: the system's, unless that is behind ours.
fn follow(last: Ts, elapsed: Duration, system: Ts) -> Ts {
    let elapsed = i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX);
    let slow = last.plus(Span::from_nanos(elapsed - elapsed / 10));
    system.max(slow)
}

fn shown(pace: Option<Pace>, system: Ts) -> Ts {
    pace.map_or(system, |pace| pace.at(system))
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
    fn the_clock_of_an_exchange_in_a_box_is_followed_and_waits_are_as_much_shorter() {
        let pace: Pace = "2026-07-01T12:00:00Z*10".parse().unwrap();
        assert_eq!(pace.at(pace.start.plus(Span::from_secs(3))), pace.start.plus(Span::from_secs(30)));
        assert_eq!(pace.at(pace.start.minus(Span::from_secs(3))), pace.start);
        for bad in ["2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z*0", "now*10", "2026-07-01T12:00:00Z*x"] {
            assert!(bad.parse::<Pace>().is_err(), "{bad}");
        }
        let start = system_now();
        let clock = WallClock::at_pace(Some(Pace { start, speed: 100 }));
        std::thread::sleep(Duration::from_millis(20));
        let first = clock.now();
        assert!(first.since(start) >= Span::from_secs(2), "{first} {start}");
        let wait = clock.until(first.plus(Span::from_secs(60)));
        assert!(wait > Duration::from_millis(300) && wait <= Duration::from_millis(600), "{wait:?}");
        assert!(clock.now() >= first);
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
