//! Pools of liquidity: levels beyond which stops rest until price takes them.
//!
//! A pool comes from a level that another detector reports: a pivot, equal highs or lows, the high and low of
//! a session, a day, a week or a month. It is buy side (bullish, stops above a high) or sell side (bearish,
//! stops below a low). The first bar that trades strictly beyond takes it: a sweep if that bar closes at the
//! level or back inside, else a run. Source of the words: ICT's public material; definition: causal pools.
//!
//! The levels of a session or a period stand before the bar that reports them opens, so that bar may take
//! them; a pool from anything else is taken by a later bar.
//!
//! Invariants: each pool has one birth and one end (swept, run or expired); never more pools than the limit,
//! the oldest expires. What a bar does not reach costs a comparison, what it reaches a logarithm of the
//! number of live pools.

use std::collections::VecDeque;

use arrayvec::ArrayVec;

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::living::{Living, Triggers, check_live};
use crate::series::{ClosedBar, Detector};
use crate::zones::ZoneLimits;

/// How many inputs a detector of pools can read.
pub const POOL_INPUTS_MAX: usize = 16;

/// Room that is made at once; more grows as it is needed.
const RESERVED_MAX: usize = 1_024;

/// Levels that become pools: those of one kind from one detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolInput {
    /// The detector.
    pub source: Source,
    /// What it reports. Pivots, their labels, equal levels and strong or weak levels give one pool, at the
    /// top if they are highs and at the bottom if they are lows; session levels and those of the day, week,
    /// month or stretch of minutes before give two.
    pub kind: Kind,
}

/// When a pool counts as swept, and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolSettings {
    /// 0: the bar that trades beyond decides, by its close (ICT's sweep, the default). K > 0: after a close
    /// beyond, a close at the level or back inside on one of the next K bars still makes it a sweep (the
    /// turtle soup of Connors and Raschke; 1 is its "plus one"). The sweep is then known on the bar that
    /// closes back, the run on the K-th bar.
    pub reclaim_bars: u64,
    /// How many pools are followed and for how long.
    pub limits: ZoneLimits,
}

/// The pools on one side, their prices mirrored so that beyond the level is always downwards.
#[derive(Debug, Clone)]
struct Side {
    untaken: Triggers,
    /// Closed beyond, not yet decided; prices mirrored once more, as a close back comes from beyond.
    waiting: Triggers,
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: u64,
    place: u32,
    id: Id,
}

/// Follows pools. It reads what its inputs report on the bar, so it is updated after them.
///
/// A pool's first parent is the thing that it comes from; it has that thing's anchor.
#[derive(Debug, Clone)]
pub struct Pools {
    inputs: ArrayVec<PoolInput, POOL_INPUTS_MAX>,
    settings: PoolSettings,
    living: Living<Event>,
    buy_side: Side,
    sell_side: Side,
    /// When those that wait become runs, earliest first.
    deadlines: VecDeque<Deadline>,
    ids: Ids,
}

impl Pools {
    /// A detector that has seen nothing and makes pools of what `inputs` name.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if there is no input, more than [`POOL_INPUTS_MAX`], one whose kind is no
    /// level, or a limit out of range.
    pub fn new(source: Source, inputs: &[PoolInput], settings: PoolSettings) -> Result<Self, SmcError> {
        let refused = |rule| SmcError::Parameter { name: "inputs", rule };
        let list = ArrayVec::try_from(inputs).map_err(|_| refused("must be 16 at most"))?;
        if list.is_empty() {
            return Err(refused("must be at least one"));
        }
        if !list.iter().all(|input| is_level(input.kind) || is_range(input.kind)) {
            return Err(refused("must be kinds of levels"));
        }
        let live = settings.limits.live;
        check_live("live", live)?;
        let side = || Side { untaken: Triggers::new(live), waiting: Triggers::new(live) };
        let waiting_room = if settings.reclaim_bars == 0 { 0 } else { 2 * live.min(RESERVED_MAX) };
        Ok(Pools {
            inputs: list,
            settings,
            living: Living::new(live),
            buy_side: side(),
            sell_side: side(),
            deadlines: VecDeque::with_capacity(waiting_room),
            ids: Ids::new(source),
        })
    }

    /// The pools that are not taken yet or not yet decided, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.living.iter()
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Bullish => &mut self.buy_side,
            Direction::Bearish => &mut self.sell_side,
        }
    }

    fn end(&mut self, place: u32, id: Id, change: Change, known_at: u64, events: &mut Events) {
        if let Some(pool) = self.living.remove(place, id) {
            events.push(pool.changed(change, known_at));
        }
    }

    fn expire_old(&mut self, index: u64, events: &mut Events) {
        let Some(age_bars_max) = self.settings.limits.age_bars_max else { return };
        while let Some((place, id, pool)) = self.living.oldest()
            && index.saturating_sub(pool.known_at) > age_bars_max
        {
            self.end(place, id, Change::Expired, index, events);
        }
    }

    /// Lets the bar decide about the pools that wait for a close back.
    fn decide(&mut self, closed: &ClosedBar, events: &mut Events) {
        for direction in [Direction::Bullish, Direction::Bearish] {
            let back = -mirrored(direction, closed.bar().close);
            while let Some((place, id)) = self.side(direction).waiting.pop_reached(back) {
                self.end(place, id, Change::Swept, closed.index(), events);
            }
        }
        while let Some(due) = self.deadlines.pop_front_if(|deadline| deadline.at <= closed.index()) {
            self.end(due.place, due.id, Change::Run, closed.index(), events);
        }
    }

    /// Lets the bar take pools.
    fn take(&mut self, closed: &ClosedBar, events: &mut Events) {
        for direction in [Direction::Bullish, Direction::Bearish] {
            let close = mirrored(direction, closed.bar().close);
            let extreme = extreme(direction, closed.bar());
            while let Some((place, id)) = self.side(direction).untaken.pop_reached(extreme) {
                let Some(level) = self.living.get_mut(place, id).map(|pool| pool.level()) else { continue };
                let level = mirrored(direction, level);
                if close >= level {
                    self.end(place, id, Change::Swept, closed.index(), events);
                } else if self.settings.reclaim_bars == 0 {
                    self.end(place, id, Change::Run, closed.index(), events);
                } else {
                    self.wait(direction, level, closed.index(), place, id);
                }
            }
        }
    }

    fn wait(&mut self, direction: Direction, level: f64, taken_at: u64, place: u32, id: Id) {
        let PoolSettings { reclaim_bars, limits } = self.settings;
        let living = &self.living;
        let side = match direction {
            Direction::Bullish => &mut self.buy_side,
            Direction::Bearish => &mut self.sell_side,
        };
        side.waiting.tidy(limits.live, |place, id| living.contains(place, id));
        side.waiting.push(-level, place, id);
        // The dead are dropped once they could outnumber the living, so that memory is bounded.
        if self.deadlines.len() >= 2 * limits.live {
            self.deadlines.retain(|deadline| living.contains(deadline.place, deadline.id));
        }
        self.deadlines.push_back(Deadline { at: taken_at.saturating_add(reclaim_bars), place, id });
    }

    /// Adds a pool and reports its birth; if there is no room, the oldest expires first.
    fn bear(&mut self, parent: &Event, direction: Direction, level: f64, events: &mut Events) {
        if self.living.is_full()
            && let Some((place, id, _)) = self.living.oldest()
        {
            self.end(place, id, Change::Expired, parent.known_at, events);
        }
        let pool = Event {
            id: self.ids.take(),
            kind: Kind::Pool,
            change: Change::Born,
            direction,
            anchor: parent.anchor,
            known_at: parent.known_at,
            top: level,
            bottom: level,
            parents: [Some(parent.id), None],
        };
        events.push(pool);
        let Some(place) = self.living.insert(pool.id, pool) else { return };
        let (living, live) = (&self.living, self.settings.limits.live);
        let side = match direction {
            Direction::Bullish => &mut self.buy_side,
            Direction::Bearish => &mut self.sell_side,
        };
        side.untaken.tidy(live, |place, id| living.contains(place, id));
        // Below a price is at the next lower float or further down.
        side.untaken.push(mirrored(direction, level).next_down(), place, pool.id);
    }
}

impl Pools {
    /// Makes pools of the levels of certain kinds that were reported on this bar.
    fn bear_from(&mut self, upstream: usize, wanted: fn(Kind) -> bool, events: &mut Events) {
        for position in 0..upstream {
            let Some(level) =
                events.get(position).filter(|event| event.change == Change::Born && wanted(event.kind))
            else {
                continue;
            };
            let input = PoolInput { source: level.id.source(), kind: level.kind };
            if !self.inputs.contains(&input) {
                continue;
            }
            if is_range(level.kind) || level.direction == Direction::Bullish {
                self.bear(&level, Direction::Bullish, level.top, events);
            }
            if is_range(level.kind) || level.direction == Direction::Bearish {
                self.bear(&level, Direction::Bearish, level.bottom, events);
            }
        }
    }
}

impl Detector for Pools {
    /// First the bar acts on the live pools, then the levels of this bar become pools, those of sessions and
    /// periods first.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.expire_old(closed.index(), events);
        self.decide(closed, events);
        self.take(closed, events);
        if events.len() > upstream + 1 {
            events.sort_from(upstream);
        }
        let borne = events.len();
        self.bear_from(upstream, is_range, events);
        if events.len() > borne {
            self.take(closed, events);
        }
        self.bear_from(upstream, is_level, events);
    }
}

/// A high or a low, by its direction.
const fn is_level(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::FractalPivot
            | Kind::LegPivot
            | Kind::HigherHigh
            | Kind::LowerHigh
            | Kind::HigherLow
            | Kind::LowerLow
            | Kind::EqualLevels
            | Kind::StrongLevel
            | Kind::WeakLevel
    )
}

/// A high and a low in one event.
const fn is_range(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SessionLevels
            | Kind::PreviousDay
            | Kind::PreviousWeek
            | Kind::PreviousMonth
            | Kind::PreviousPeriod
    )
}

/// A price such that beyond a level is downwards: buy side pools lie above price, sell side ones below.
fn mirrored(direction: Direction, price: f64) -> f64 {
    match direction {
        Direction::Bullish => -price,
        Direction::Bearish => price,
    }
}

/// How far the bar came towards the pools of a side, mirrored.
fn extreme(direction: Direction, bar: &Bar) -> f64 {
    match direction {
        Direction::Bullish => -bar.high,
        Direction::Bearish => bar.low,
    }
}
