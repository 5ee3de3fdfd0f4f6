//! The zones that a detector follows, each through the stages of its life.
//!
//! Invariants: never more than the capacity, with the oldest expiring first; a zone is never changed by the
//! bar that bore it; each stage is reported once and in order, several on one bar if the bar went through
//! them. A bar that both touches a zone and closes through it reports both: whoever trades takes the worse.
//!
//! Prices are kept mirrored for bearish zones (negated, which is exact), so that "into the zone" is always
//! downwards. For each direction the list knows the highest price at which any of its zones changes next; a
//! bar that stays above it costs one comparison.

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Event, Zone, ZoneChange, ZoneEvent, ZoneKind};

/// How many live zones a detector follows unless told otherwise.
pub const LIVE_ZONES: usize = 128;

/// The most live zones that a detector can be told to follow.
pub const LIVE_ZONES_MAX: usize = 65_536;

#[derive(Debug, Clone, Copy)]
struct LiveZone {
    zone: Zone,
    /// The change to come; `None` once the zone is through.
    next: Option<ZoneChange>,
    near: f64,
    middle: f64,
    far: f64,
}

impl LiveZone {
    fn new(zone: Zone) -> Self {
        let middle = f64::midpoint(zone.top, zone.bottom);
        let (near, middle, far) = match zone.direction {
            Direction::Bullish => (zone.top, middle, zone.bottom),
            Direction::Bearish => (-zone.bottom, -middle, -zone.top),
        };
        LiveZone { zone, next: Some(ZoneChange::Touched), near, middle, far }
    }

    /// The mirrored price that has to be reached for the next change.
    fn trigger(&self) -> f64 {
        match self.next {
            Some(ZoneChange::Touched) => self.near,
            Some(ZoneChange::Midpoint) => self.middle,
            Some(ZoneChange::Filled | ZoneChange::WickBroken | ZoneChange::ClosedThrough) => self.far,
            Some(ZoneChange::Born | ZoneChange::Expired) | None => f64::NEG_INFINITY,
        }
    }

    /// Whether a bar that reached down to `reach` and closed at `close` (both mirrored) brings the next
    /// change.
    fn changes(&self, reach: f64, close: f64) -> bool {
        match self.next {
            Some(ZoneChange::Touched) => reach <= self.near,
            Some(ZoneChange::Midpoint) => reach <= self.middle,
            Some(ZoneChange::Filled) => reach <= self.far,
            Some(ZoneChange::WickBroken) => reach < self.far,
            Some(ZoneChange::ClosedThrough) => close < self.far,
            Some(ZoneChange::Born | ZoneChange::Expired) | None => false,
        }
    }
}

/// The stage of a zone's life after `change`.
fn after(kind: ZoneKind, change: ZoneChange) -> Option<ZoneChange> {
    match (change, kind) {
        (ZoneChange::Born, _) => Some(ZoneChange::Touched),
        (ZoneChange::Touched, ZoneKind::OrderBlock) => Some(ZoneChange::WickBroken),
        (ZoneChange::Touched, ZoneKind::FairValueGap) => Some(ZoneChange::Midpoint),
        (ZoneChange::Midpoint, _) => Some(ZoneChange::Filled),
        (ZoneChange::Filled | ZoneChange::WickBroken, _) => Some(ZoneChange::ClosedThrough),
        (ZoneChange::ClosedThrough | ZoneChange::Expired, _) => None,
    }
}

/// The live zones, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Zones {
    live: Vec<LiveZone>,
    capacity: usize,
    next_id: u64,
    /// No bullish zone changes above this price.
    trigger_bullish: f64,
    /// The same for bearish zones, mirrored.
    trigger_bearish: f64,
}

impl Zones {
    pub(crate) fn new(capacity: usize) -> Result<Self, SmcError> {
        if !(1..=LIVE_ZONES_MAX).contains(&capacity) {
            return Err(SmcError::Parameter { name: "live_zones", rule: "must be from 1 to 65536" });
        }
        Ok(Zones {
            live: Vec::with_capacity(capacity),
            capacity,
            next_id: 0,
            trigger_bullish: f64::NEG_INFINITY,
            trigger_bearish: f64::NEG_INFINITY,
        })
    }

    /// The live zones, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Zone> {
        self.live.iter().map(|live| &live.zone)
    }

    /// Slots held in memory. It never changes: `push` makes room first.
    pub(crate) fn capacity(&self) -> usize {
        self.live.capacity()
    }

    /// Lets the bar act on every live zone.
    #[inline]
    pub(crate) fn pass(&mut self, bar: &Bar, known_index: u64, sink: &mut impl FnMut(Event)) {
        if bar.low <= self.trigger_bullish || -bar.high <= self.trigger_bearish {
            self.scan(bar, known_index, sink);
        }
    }

    fn scan(&mut self, bar: &Bar, known_index: u64, sink: &mut impl FnMut(Event)) {
        let (mut bullish, mut bearish) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        self.live.retain_mut(|live| {
            let (reach, close, trigger) = match live.zone.direction {
                Direction::Bullish => (bar.low, bar.close, &mut bullish),
                Direction::Bearish => (-bar.high, -bar.close, &mut bearish),
            };
            while let Some(change) = live.next
                && live.changes(reach, close)
            {
                sink(Event::Zone(ZoneEvent { zone: live.zone, change, known_index }));
                live.next = after(live.zone.kind, change);
            }
            *trigger = trigger.max(live.trigger());
            live.next.is_some()
        });
        self.trigger_bullish = bullish;
        self.trigger_bearish = bearish;
    }

    /// Adds a zone, which gets its number here; the oldest expires if there is no room.
    pub(crate) fn push(&mut self, zone: Zone, sink: &mut impl FnMut(Event)) {
        let known_index = zone.known_index;
        if self.live.len() >= self.capacity {
            let oldest = self.live.remove(0).zone;
            sink(Event::Zone(ZoneEvent { zone: oldest, change: ZoneChange::Expired, known_index }));
        }
        let zone = Zone { id: self.next_id, ..zone };
        self.next_id += 1;
        let live = LiveZone::new(zone);
        match zone.direction {
            Direction::Bullish => self.trigger_bullish = self.trigger_bullish.max(live.near),
            Direction::Bearish => self.trigger_bearish = self.trigger_bearish.max(live.near),
        }
        self.live.push(live);
        sink(Event::Zone(ZoneEvent { zone, change: ZoneChange::Born, known_index }));
    }
}
