//! Inducement: the liquidity in front of a zone that is taken before the zone is reached.
//!
//! Bullish, at the close of bar t: the zone is the nearest one below price, that is, of the bullish zones
//! born before t that no bar has touched since, bar t included, the one with the highest top. The pool is a
//! sell side pool that is reported as swept on bar t and lies above that zone; of several swept at once, the
//! lowest. It has to be the last thing in front of the zone: no other pool born before t that is not traded
//! beyond lies between them. Bearish mirrored. Such a pool is always younger than the zone's bars, which
//! would have taken it otherwise; from an internal structure it is the pullback's pivot. (ICT material is
//! informal; this is one crisp form of "the nearest internal pivot of the pullback swept before the zone is
//! touched".)
//!
//! Zones and pools are followed here by price alone, each kind and side up to [`ZoneLimits::live`]; the
//! oldest is forgotten. A bar that reaches none costs a comparison each, else a logarithm of their number.

use arrayvec::ArrayVec;

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::living::{Living, Triggers, check_live};
use crate::series::{ClosedBar, Detector};
use crate::zones::ZoneLimits;

/// How many sources of zones can be read.
pub const ZONE_SOURCES_MAX: usize = 16;

/// How the pool has to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TakenBy {
    /// By a sweep: the bar closes back (ICT's raid).
    #[default]
    Sweep,
    /// By a sweep or a run: price may go on to the zone without closing back.
    SweepOrRun,
}

/// What counts as taken, and how much is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InducementSettings {
    /// How the pool has to be taken; by a sweep by default.
    pub taken_by: TakenBy,
    /// How many untouched zones, and how many untaken pools, are remembered on each side, and for how long.
    pub limits: ZoneLimits,
}

/// Zones or pools of one side that price has not reached. Prices are mirrored so that price comes down to
/// them.
#[derive(Debug, Clone)]
struct Ahead {
    living: Living<(f64, Event)>,
    triggers: Triggers,
    limits: ZoneLimits,
}

impl Ahead {
    fn new(limits: ZoneLimits) -> Self {
        Ahead { living: Living::new(limits.live), triggers: Triggers::new(limits.live), limits }
    }

    /// Forgets what the bar reached and what is too old.
    fn pass(&mut self, index: u64, reach: f64) {
        while let Some((place, id)) = self.triggers.pop_reached(reach) {
            self.living.remove(place, id);
        }
        let Some(age_bars_max) = self.limits.age_bars_max else { return };
        while let Some((place, id, (_, oldest))) = self.living.oldest()
            && index.saturating_sub(oldest.known_at) > age_bars_max
        {
            self.living.remove(place, id);
        }
    }

    /// What price comes to first, with its mirrored price.
    fn nearest(&mut self) -> Option<(f64, Event)> {
        while let Some((place, id)) = self.triggers.pop_reached(f64::NEG_INFINITY) {
            if let Some(&mut (price, event)) = self.living.get_mut(place, id) {
                self.triggers.push(price, place, id);
                return Some((price, event));
            }
        }
        None
    }

    fn push(&mut self, price: f64, event: Event) {
        if self.living.is_full()
            && let Some((place, id, _)) = self.living.oldest()
        {
            self.living.remove(place, id);
        }
        if let Some(place) = self.living.insert(event.id, (price, event)) {
            let living = &self.living;
            self.triggers.tidy(self.limits.live, |place, id| living.contains(place, id));
            self.triggers.push(price, place, event.id);
        }
    }
}

/// The zones of a direction and the pools in front of them.
#[derive(Debug, Clone)]
struct Side {
    direction: Direction,
    zones: Ahead,
    pools: Ahead,
}

impl Side {
    fn new(direction: Direction, limits: ZoneLimits) -> Self {
        Side { direction, zones: Ahead::new(limits), pools: Ahead::new(limits) }
    }

    /// A price such that towards the zones is downwards.
    fn mirrored(&self, price: f64) -> f64 {
        match self.direction {
            Direction::Bullish => price,
            Direction::Bearish => -price,
        }
    }

    fn pass(&mut self, index: u64, bar: &Bar) {
        let reach = match self.direction {
            Direction::Bullish => bar.low,
            Direction::Bearish => -bar.high,
        };
        self.zones.pass(index, reach);
        self.pools.pass(index, reach);
    }

    fn push_zone(&mut self, zone: Event) {
        let near = match self.direction {
            Direction::Bullish => zone.top,
            Direction::Bearish => -zone.bottom,
        };
        self.zones.push(near, zone);
    }

    fn push_pool(&mut self, pool: Event) {
        // Traded beyond is at the next lower float or further down.
        self.pools.push(self.mirrored(pool.level()).next_down(), pool);
    }

    /// The zone that `taken`, the deepest pool taken on this bar, was the last in front of.
    fn zone_behind(&mut self, taken: &Event) -> Option<Event> {
        let (near, zone) = self.zones.nearest()?;
        let free = match self.pools.nearest() {
            Some((_, next)) => self.mirrored(next.level()) <= near,
            None => true,
        };
        (free && near < self.mirrored(taken.level())).then_some(zone)
    }
}

/// Finds inducements. It reads the pools of one source, in use those of an internal structure's pivots, and
/// the zones of several, and is updated after them.
///
/// An inducement has its zone's direction and the pool's bar and level; its parents are the pool and the
/// zone. It is born on the bar that sweeps and has no further life.
#[derive(Debug, Clone)]
pub struct Inducements {
    pools: Source,
    zones: ArrayVec<Source, ZONE_SOURCES_MAX>,
    taken_by: TakenBy,
    sides: [Side; 2],
    ids: Ids,
}

impl Inducements {
    /// A detector that has seen nothing. `zones` name detectors of zones (order blocks, fair value gaps …):
    /// what they bear is taken with the prices that it is born with.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if there is no source of zones, more than [`ZONE_SOURCES_MAX`], or a limit out
    /// of range.
    pub fn new(
        source: Source,
        pools: Source,
        zones: &[Source],
        settings: InducementSettings,
    ) -> Result<Self, SmcError> {
        let InducementSettings { taken_by, limits } = settings;
        check_live("live", limits.live)?;
        let refused = SmcError::Parameter { name: "zones", rule: "must be from 1 to 16 sources" };
        let zones = ArrayVec::try_from(zones).map_err(|_| refused)?;
        if zones.is_empty() {
            return Err(refused);
        }
        let sides = [Direction::Bullish, Direction::Bearish].map(|direction| Side::new(direction, limits));
        Ok(Inducements { pools, zones, taken_by, sides, ids: Ids::new(source) })
    }

    fn is_taken(&self, event: &Event) -> bool {
        let taken = match self.taken_by {
            TakenBy::Sweep => event.change == Change::Swept,
            TakenBy::SweepOrRun => matches!(event.change, Change::Swept | Change::Run),
        };
        taken && event.kind == Kind::Pool && event.id.source() == self.pools
    }

    /// The deepest pool taken on this bar in front of zones of a direction; of equals the first reported.
    fn deepest(&self, side: &Side, upstream: &[Event]) -> Option<Event> {
        let in_front = upstream
            .iter()
            .filter(|event| self.is_taken(event) && event.direction == side.direction.opposite());
        in_front.copied().min_by(|a, b| {
            let (a, b) = (side.mirrored(a.level()), side.mirrored(b.level()));
            a.total_cmp(&b)
        })
    }
}

impl Detector for Inducements {
    /// First the bar reaches what it reaches, then what it took is judged, then what it bore is added.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        for side in &mut self.sides {
            side.pass(closed.index(), closed.bar());
        }
        let taken = self.sides.each_ref().map(|side| self.deepest(side, events.as_slice()));
        for (side, taken) in self.sides.iter_mut().zip(taken) {
            let Some(taken) = taken else { continue };
            let Some(zone) = side.zone_behind(&taken) else { continue };
            events.push(Event {
                id: self.ids.take(),
                kind: Kind::Inducement,
                change: Change::Born,
                direction: side.direction,
                known_at: closed.index(),
                parents: [Some(taken.id), Some(zone.id)],
                ..taken
            });
        }
        for position in 0..upstream {
            let Some(born) = events.get(position).filter(|event| event.change == Change::Born) else {
                continue;
            };
            let [bullish, bearish] = &mut self.sides;
            if self.zones.contains(&born.id.source()) {
                match born.direction {
                    Direction::Bullish => bullish.push_zone(born),
                    Direction::Bearish => bearish.push_zone(born),
                }
            } else if born.kind == Kind::Pool && born.id.source() == self.pools {
                match born.direction {
                    Direction::Bullish => bearish.push_pool(born),
                    Direction::Bearish => bullish.push_pool(born),
                }
            }
        }
    }
}
