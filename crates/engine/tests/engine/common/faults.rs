//! Which faults a venue and its network make, and how often.

use super::random::Random;

/// Rates in times per thousand opportunities. All zero: an honest venue behind a perfect network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// A request never reaches the venue.
    pub request_lost: u32,
    /// The transport reports a lost or unanswered placement as unknown instead of staying silent.
    pub unknown_reported: u32,
    /// A placement is refused with a random reason.
    pub reject: u32,
    /// Only stops: refused with a random reason.
    pub stop_reject: u32,
    /// An event never reaches us.
    pub event_lost: u32,
    /// An event reaches us twice.
    pub event_doubled: u32,
    /// An event is late and overtaken by others.
    pub event_late: u32,
    /// An order fills in pieces.
    pub partial: u32,
    /// More is filled than was ordered.
    pub over_fill: u32,
    /// A resting stop is cancelled (per tick), silently in half of the cases.
    pub stop_vanishes: u32,
    /// A triggered stop does not fill.
    pub trigger_sticks: u32,
    /// A cancellation is refused although the order works.
    pub cancel_refused: u32,
    /// A change is refused although the order works.
    pub amend_refused: u32,
    /// A question fails.
    pub report_failed: u32,
    /// A question is answered with an old picture.
    pub report_stale: u32,
    /// Somebody else trades on the account (per tick).
    pub by_hand: u32,
    /// The venue liquidates a position (per tick).
    pub liquidation: u32,
}

impl Faults {
    /// A swarm draw: each class is off in half of the worlds, so that rare ones meet alone, too.
    pub fn draw(seed: u64) -> Self {
        let mut random = Random::stream(seed, 21);
        let mut rate = |highest: i64| -> u32 {
            if random.chance(500) { 0 } else { u32::try_from(random.range(1, highest)).unwrap() }
        };
        Faults {
            request_lost: rate(120),
            unknown_reported: rate(1_000),
            reject: rate(150),
            stop_reject: rate(300),
            event_lost: rate(80),
            event_doubled: rate(200),
            event_late: rate(200),
            partial: rate(600),
            over_fill: rate(30),
            stop_vanishes: rate(20),
            trigger_sticks: rate(300),
            cancel_refused: rate(200),
            amend_refused: rate(300),
            report_failed: rate(300),
            report_stale: rate(200),
            by_hand: rate(6),
            liquidation: rate(4),
        }
    }

    /// Draws without any fault of the network: what the venue says arrives, once and in order.
    pub fn venue_only(seed: u64) -> Self {
        Faults {
            request_lost: 0,
            unknown_reported: 0,
            event_lost: 0,
            event_doubled: 0,
            event_late: 0,
            report_stale: 0,
            ..Faults::draw(seed)
        }
    }
}
