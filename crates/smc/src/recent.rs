//! The zones of another detector that a detector remembers in order to pair them.
//!
//! They are kept by direction in the order of their birth and forgotten when they are too old, so memory is
//! bounded by the number of zones that one direction can have in that many bars. The dead stay in place,
//! marked, until they are that old.

use std::collections::VecDeque;

use crate::bar::Direction;
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Id};

/// The most bars over which zones are paired.
pub const PAIRING_BARS_MAX: u64 = 10_000;

/// Room that is made at once; more grows as it is needed.
const RESERVED: usize = 256;

/// A zone, and whether it still holds.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    zone: Event,
    lives: bool,
}

/// The zones of one detector, of each direction those born in the last bars.
#[derive(Debug, Clone)]
pub(crate) struct RecentZones {
    zones: ByDirection<VecDeque<Remembered>>,
    bars_max: u64,
}

impl RecentZones {
    /// Remembers zones for `bars_max` bars after they became known.
    pub(crate) fn new(bars_max: u64) -> Result<Self, SmcError> {
        if !(1..=PAIRING_BARS_MAX).contains(&bars_max) {
            return Err(SmcError::Parameter { name: "bars_max", rule: "must be from 1 to 10000 bars" });
        }
        let empty = || VecDeque::with_capacity(RESERVED);
        Ok(RecentZones { zones: ByDirection::new(empty(), empty()), bars_max })
    }

    /// Takes in what happened to a zone.
    pub(crate) fn note(&mut self, event: &Event) {
        let (bars_max, zones) = (self.bars_max, self.zones.of_mut(event.direction));
        if event.change == Change::Born {
            while zones
                .front()
                .is_some_and(|front| front.zone.known_at.saturating_add(bars_max) < event.known_at)
            {
                zones.pop_front();
            }
            zones.push_back(Remembered { zone: *event, lives: true });
            return;
        }
        let extended = event.change == Change::Extended;
        let ended =
            matches!(event.change, Change::Inverted | Change::Broken | Change::Invalidated | Change::Expired);
        if (extended || ended)
            && let Some(remembered) = place_of(zones, event.id).and_then(|place| zones.get_mut(place))
        {
            remembered.lives &= !ended;
            remembered.zone.top = event.top;
            remembered.zone.bottom = event.bottom;
        }
    }

    /// The youngest zone of `direction` that lives, became known at most `bars_max` bars before `now` and
    /// shares prices with the zone `other`; with the top and the bottom of what they share.
    pub(crate) fn youngest_overlap(
        &self,
        direction: Direction,
        other: &Event,
        now: u64,
    ) -> Option<(Event, f64, f64)> {
        let recent = self.zones.of(direction).iter().rev();
        recent
            .take_while(|remembered| remembered.zone.known_at.saturating_add(self.bars_max) >= now)
            .filter(|remembered| remembered.lives)
            .map(|remembered| {
                let zone = remembered.zone;
                (zone, zone.top.min(other.top), zone.bottom.max(other.bottom))
            })
            .find(|(_, top, bottom)| top > bottom)
    }
}

/// Where the zone named `id` is: one detector's zones are in order of their names.
fn place_of(zones: &VecDeque<Remembered>, id: Id) -> Option<usize> {
    zones.binary_search_by_key(&id, |remembered| remembered.zone.id).ok()
}
