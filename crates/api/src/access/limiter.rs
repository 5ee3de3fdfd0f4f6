//! How often an address may fail to sign in: the generic cell rate algorithm, with the clock handed in.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Addresses that are remembered; at the bound the one is forgotten that may soonest try again.
const PEERS_MAX: usize = 1_024;

/// Counts failures by address.
#[derive(Debug)]
pub struct Limiter {
    /// Time between two failures that may go on for ever.
    interval: Duration,
    /// What may be used up at once.
    burst: Duration,
    /// The instant at which an address would have used up nothing.
    peers: BTreeMap<IpAddr, Instant>,
}

impl Limiter {
    /// So many failures a minute, all of them at once if need be.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        let interval = Duration::from_secs(60) / per_minute;
        Limiter { interval, burst: interval * (per_minute - 1), peers: BTreeMap::new() }
    }

    /// How long `peer` has to wait before it may try again.
    #[must_use]
    pub fn wait(&self, peer: IpAddr, now: Instant) -> Option<Duration> {
        let due = *self.peers.get(&peer)?;
        let wait = due.saturating_duration_since(now).checked_sub(self.burst)?;
        (!wait.is_zero()).then_some(wait)
    }

    /// `peer` has failed.
    pub fn failed(&mut self, peer: IpAddr, now: Instant) {
        if self.peers.len() >= PEERS_MAX && !self.peers.contains_key(&peer) {
            let soonest = self.peers.iter().min_by_key(|(_, due)| **due).map(|(peer, _)| *peer);
            soonest.map(|peer| self.peers.remove(&peer));
        }
        let due = self.peers.entry(peer).or_insert(now);
        *due = (*due).max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_beyond_the_limit_wait_and_another_address_does_not() {
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let mut limiter = Limiter::new(6);
        let start = Instant::now();
        for _ in 0..6 {
            assert_eq!(limiter.wait(a, start), None);
            limiter.failed(a, start);
        }
        assert_eq!(limiter.wait(a, start), Some(Duration::from_secs(10)));
        assert_eq!(limiter.wait(b, start), None);
        let later = start + Duration::from_secs(10);
        assert_eq!(limiter.wait(a, later), None);
        limiter.failed(a, later);
        assert_eq!(limiter.wait(a, later), Some(Duration::from_secs(10)));
    }

    #[test]
    fn addresses_are_remembered_up_to_a_bound() {
        let mut limiter = Limiter::new(6);
        let now = Instant::now();
        for number in 0..u32::try_from(PEERS_MAX).unwrap() + 10 {
            limiter.failed(IpAddr::V4(number.into()), now);
        }
        assert_eq!(limiter.peers.len(), PEERS_MAX);
    }
}
