//! The zones that a detector follows, each through the stages of its life.
//!
//! Invariants: never more than the limit, with the oldest expiring first; a zone is never changed by the bar
//! that bore it; each stage is reported once and in order, several on one bar if the bar went through them. A
//! bar that both touches a zone and closes through it reports both: whoever trades takes the worse.
//!
//! A zone may be extended: it then has new prices, and its life starts anew with the next bar, since what was
//! reached before was a part of it. Its age counts from there.
//!
//! Prices are mirrored for bearish zones (negated, which is exact), so that "into the zone" is always
//! downwards. A bar that reaches no zone costs four comparisons.

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::living::{LIVE_DEFAULT, Living, Triggers, check_live};
use crate::series::ClosedBar;

/// How many zones are followed and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneLimits {
    /// How many live zones are followed, 1 to [`LIVE_MAX`](crate::living::LIVE_MAX); the oldest expires.
    pub live: usize,
    /// A zone expires on the bar that is more than this many bars after its birth; `None` is never.
    pub age_bars_max: Option<u64>,
}

impl Default for ZoneLimits {
    fn default() -> Self {
        ZoneLimits { live: LIVE_DEFAULT, age_bars_max: None }
    }
}

/// How much of a block has to be traded until it counts as mitigated ([`Change::Mitigated`]). Sources differ:
/// ICT material takes a return to the block or to its mean threshold, users of the reference package ask for
/// the whole block too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MitigationDepth {
    /// A bar reaches the near edge.
    Touch,
    /// A bar reaches the middle, the mean threshold.
    Half,
    /// A bar reaches the far edge.
    Full,
}

#[derive(Debug, Clone, Copy)]
enum Edge {
    Near,
    Middle,
    Far,
}

#[derive(Debug, Clone, Copy)]
enum Test {
    /// The bar trades at the edge.
    Reach,
    /// The bar trades beyond the edge.
    Beyond,
    /// The bar closes beyond the edge.
    CloseBeyond,
}

#[derive(Debug, Clone, Copy)]
struct Stage {
    change: Change,
    edge: Edge,
    test: Test,
}

const fn stage(change: Change, edge: Edge, test: Test) -> Stage {
    Stage { change, edge, test }
}

const BLOCK: &[Stage] = &[BLOCK_TOUCHED, BLOCK_MIDPOINT, BLOCK_WICK_BROKEN, BLOCK_BROKEN];
const BLOCK_TOUCHED: Stage = stage(Change::Touched, Edge::Near, Test::Reach);
const BLOCK_MIDPOINT: Stage = stage(Change::Midpoint, Edge::Middle, Test::Reach);
const BLOCK_WICK_BROKEN: Stage = stage(Change::WickBroken, Edge::Far, Test::Beyond);
const BLOCK_BROKEN: Stage = stage(Change::Broken, Edge::Far, Test::CloseBeyond);

const BLOCK_BY_TOUCH: &[Stage] = &[
    BLOCK_TOUCHED,
    stage(Change::Mitigated, Edge::Near, Test::Reach),
    BLOCK_MIDPOINT,
    BLOCK_WICK_BROKEN,
    BLOCK_BROKEN,
];

const BLOCK_BY_HALF: &[Stage] = &[
    BLOCK_TOUCHED,
    BLOCK_MIDPOINT,
    stage(Change::Mitigated, Edge::Middle, Test::Reach),
    BLOCK_WICK_BROKEN,
    BLOCK_BROKEN,
];

const BLOCK_BY_FULL: &[Stage] = &[
    BLOCK_TOUCHED,
    BLOCK_MIDPOINT,
    stage(Change::Mitigated, Edge::Far, Test::Reach),
    BLOCK_WICK_BROKEN,
    BLOCK_BROKEN,
];

const fn block_life(mitigation: Option<MitigationDepth>) -> &'static [Stage] {
    match mitigation {
        None => BLOCK,
        Some(MitigationDepth::Touch) => BLOCK_BY_TOUCH,
        Some(MitigationDepth::Half) => BLOCK_BY_HALF,
        Some(MitigationDepth::Full) => BLOCK_BY_FULL,
    }
}

const GAP: &[Stage] = &[
    stage(Change::Touched, Edge::Near, Test::Reach),
    stage(Change::Midpoint, Edge::Middle, Test::Reach),
    stage(Change::Filled, Edge::Far, Test::Reach),
    stage(Change::Inverted, Edge::Far, Test::CloseBeyond),
];

const VOID: &[Stage] = &[
    stage(Change::Touched, Edge::Near, Test::Reach),
    stage(Change::Midpoint, Edge::Middle, Test::Reach),
    stage(Change::Filled, Edge::Far, Test::Reach),
];

/// A zone that works from the other side.
const TURNED: &[Stage] = &[
    stage(Change::Retested, Edge::Near, Test::Reach),
    stage(Change::Midpoint, Edge::Middle, Test::Reach),
    stage(Change::Invalidated, Edge::Far, Test::CloseBeyond),
];

/// The stages of a zone's life after its birth. What is no zone has none.
const fn life(kind: Kind, mitigation: Option<MitigationDepth>) -> &'static [Stage] {
    match kind {
        Kind::OrderBlock | Kind::RejectionBlock | Kind::PropulsionBlock => block_life(mitigation),
        Kind::FairValueGap
        | Kind::BalancedPriceRange
        | Kind::VolumeImbalance
        | Kind::OpeningGap
        | Kind::NewDayOpeningGap
        | Kind::NewWeekOpeningGap => GAP,
        Kind::LiquidityVoid => VOID,
        Kind::BreakerBlock | Kind::MitigationBlock | Kind::InverseFairValueGap | Kind::Unicorn => TURNED,
        Kind::FractalPivot
        | Kind::LegPivot
        | Kind::HigherHigh
        | Kind::LowerHigh
        | Kind::HigherLow
        | Kind::LowerLow
        | Kind::Bos
        | Kind::Choch
        | Kind::Mss
        | Kind::Displacement
        | Kind::EqualLevels
        | Kind::Pool
        | Kind::Inducement
        | Kind::DealingRange
        | Kind::Premium
        | Kind::Equilibrium
        | Kind::Discount
        | Kind::OptimalTradeEntry
        | Kind::StrongLevel
        | Kind::WeakLevel
        | Kind::Session
        | Kind::SessionLevels
        | Kind::PreviousDay
        | Kind::PreviousWeek
        | Kind::PreviousMonth
        | Kind::PreviousPeriod
        | Kind::OpenPrice
        | Kind::PowerOfThree
        | Kind::SmtDivergence
        | Kind::Confluence => &[],
    }
}

/// How far a bar came towards the zones of a direction, mirrored for bearish ones.
#[derive(Debug, Clone, Copy)]
struct Reach {
    extreme: f64,
    close: f64,
}

impl Reach {
    fn of(bar: &Bar, direction: Direction) -> Self {
        match direction {
            Direction::Bullish => Reach { extreme: bar.low, close: bar.close },
            Direction::Bearish => Reach { extreme: -bar.high, close: -bar.close },
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct LiveZone {
    /// As it was born or last extended.
    zone: Event,
    /// How many stages it has behind it.
    passed: usize,
}

/// What has to be reached, mirrored, for the next change.
#[derive(Debug, Clone, Copy)]
struct Next {
    change: Change,
    price: f64,
    by_close: bool,
}

impl LiveZone {
    fn next(&self, mitigation: Option<MitigationDepth>) -> Option<Next> {
        let Stage { change, edge, test } = *life(self.zone.kind, mitigation).get(self.passed)?;
        let (near, far) = match self.zone.direction {
            Direction::Bullish => (self.zone.top, self.zone.bottom),
            Direction::Bearish => (-self.zone.bottom, -self.zone.top),
        };
        let price = match edge {
            Edge::Near => near,
            Edge::Middle => f64::midpoint(near, far),
            Edge::Far => far,
        };
        Some(match test {
            Test::Reach => Next { change, price, by_close: false },
            // Below a price is at the next lower float or further down.
            Test::Beyond => Next { change, price: price.next_down(), by_close: false },
            Test::CloseBeyond => Next { change, price: price.next_down(), by_close: true },
        })
    }
}

/// The triggers of one direction.
#[derive(Debug, Clone)]
struct Side {
    by_extreme: Triggers,
    by_close: Triggers,
}

impl Side {
    fn new(capacity: usize) -> Self {
        Side { by_extreme: Triggers::new(capacity), by_close: Triggers::new(capacity) }
    }

    #[inline]
    fn is_reached(&self, reach: Reach) -> bool {
        self.by_extreme.reaches(reach.extreme) || self.by_close.reaches(reach.close)
    }
}

/// Where a live zone is; it is asked in vain once the zone has died or was extended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ZonePlace {
    place: u32,
    key: Id,
}

/// The live zones, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Zones {
    living: Living<LiveZone>,
    /// Each zone has a key of its own here, and a new one when it is extended: what waited for its old prices
    /// then belongs to a dead key.
    keys: Ids,
    bullish: Side,
    bearish: Side,
    limits: ZoneLimits,
    mitigation: Option<MitigationDepth>,
}

impl Zones {
    pub(crate) fn new(limits: ZoneLimits) -> Result<Self, SmcError> {
        Self::with_mitigation(limits, None)
    }

    /// Blocks also report that they were mitigated, if a depth is given.
    pub(crate) fn with_mitigation(
        limits: ZoneLimits,
        mitigation: Option<MitigationDepth>,
    ) -> Result<Self, SmcError> {
        check_live("live", limits.live)?;
        Ok(Zones {
            living: Living::new(limits.live),
            keys: Ids::new(Source(0)),
            bullish: Side::new(limits.live),
            bearish: Side::new(limits.live),
            limits,
            mitigation,
        })
    }

    /// The live zones as they were born or last extended, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.living.iter().map(|live| &live.zone)
    }

    /// Lets the bar act on every live zone.
    #[inline]
    pub(crate) fn pass(&mut self, bar: &ClosedBar, events: &mut Events) {
        let reached = self.bullish.is_reached(Reach::of(bar.bar(), Direction::Bullish))
            || self.bearish.is_reached(Reach::of(bar.bar(), Direction::Bearish));
        if reached || self.limits.age_bars_max.is_some() {
            self.act(bar, events);
        }
    }

    fn act(&mut self, bar: &ClosedBar, events: &mut Events) {
        let first = events.len();
        self.expire_old(bar.index(), events);
        for direction in [Direction::Bullish, Direction::Bearish] {
            let reach = Reach::of(bar.bar(), direction);
            while let Some((place, id)) = self.side(direction).by_extreme.pop_reached(reach.extreme) {
                self.advance(place, id, reach, bar.index(), events);
            }
            while let Some((place, id)) = self.side(direction).by_close.pop_reached(reach.close) {
                self.advance(place, id, reach, bar.index(), events);
            }
        }
        if events.len() > first + 1 {
            events.sort_from(first);
        }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Bullish => &mut self.bullish,
            Direction::Bearish => &mut self.bearish,
        }
    }

    /// Reports the change that was reached and those after it that this bar brings too.
    fn advance(&mut self, place: u32, key: Id, reach: Reach, known_at: u64, events: &mut Events) {
        let Some(live) = self.living.get_mut(place, key) else { return };
        let waiting = loop {
            let Some(next) = live.next(self.mitigation) else { break None };
            let reached = if next.by_close { reach.close } else { reach.extreme };
            if reached > next.price {
                break Some(next);
            }
            events.push(live.zone.changed(next.change, known_at));
            live.passed += 1;
        };
        let direction = live.zone.direction;
        match waiting {
            Some(next) => self.wait(direction, next, place, key),
            None => {
                self.living.remove(place, key);
            }
        }
    }

    fn wait(&mut self, direction: Direction, next: Next, place: u32, key: Id) {
        let (living, capacity) = (&self.living, self.limits.live);
        let side = match direction {
            Direction::Bullish => &mut self.bullish,
            Direction::Bearish => &mut self.bearish,
        };
        let triggers = if next.by_close { &mut side.by_close } else { &mut side.by_extreme };
        triggers.tidy(capacity, |place, key| living.contains(place, key));
        triggers.push(next.price, place, key);
    }

    fn expire_old(&mut self, index: u64, events: &mut Events) {
        let Some(age_bars_max) = self.limits.age_bars_max else { return };
        while let Some((place, key, live)) = self.living.oldest()
            && index.saturating_sub(live.zone.known_at) > age_bars_max
        {
            events.push(live.zone.changed(Change::Expired, index));
            self.living.remove(place, key);
        }
    }

    /// Adds a zone and reports its birth; if there is no room, the oldest expires first.
    pub(crate) fn push(&mut self, zone: Event, events: &mut Events) -> Option<ZonePlace> {
        if self.living.is_full()
            && let Some((place, key, oldest)) = self.living.oldest()
        {
            events.push(oldest.zone.changed(Change::Expired, zone.known_at));
            self.living.remove(place, key);
        }
        self.insert(zone, events)
    }

    /// Gives the zone at `place` new prices, a new anchor and a new life, as `extended` has them, and reports
    /// that. `None`, and nothing is reported, if the zone no longer lives.
    pub(crate) fn extend(
        &mut self,
        place: ZonePlace,
        extended: Event,
        events: &mut Events,
    ) -> Option<ZonePlace> {
        let zone = self.living.remove(place.place, place.key)?.zone;
        let Event { anchor, known_at, top, bottom, parents, .. } = extended;
        self.insert(
            Event { change: Change::Extended, anchor, known_at, top, bottom, parents, ..zone },
            events,
        )
    }

    fn insert(&mut self, zone: Event, events: &mut Events) -> Option<ZonePlace> {
        events.push(zone);
        let live = LiveZone { zone, passed: 0 };
        let next = live.next(self.mitigation)?;
        let key = self.keys.take();
        let place = self.living.insert(key, live)?;
        self.wait(zone.direction, next, place, key);
        Some(ZonePlace { place, key })
    }
}
