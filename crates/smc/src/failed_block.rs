//! Failed order blocks: breaker blocks and mitigation blocks.
//!
//! An order block that a bar closes through ([`Change::Broken`]) works from the other side: same prices,
//! opposite direction. Which of the two it becomes, for a bullish block born at b that fails at f (bearish
//! mirrored):
//!
//! * a breaker block, if on some bar s with b < s < f both hold: the high of s is above every high of the
//!   bars b to s - 1, a new extreme; and s takes buy-side liquidity: a pool above is reported as swept or run
//!   on s, or the high of s is the first above the latest high pivot known before s;
//! * a mitigation block, if there is no such bar: a lower high, or a failure swing.
//!
//! It is known at f. From the next bar on: retested, midpoint, invalidated by a close back beyond the other
//! edge, expired. A pool that is only reported as swept on a later bar than that of the extreme does not
//! count. Source: ICT material, as in `spec/smc.md` §6, which leaves open what a sweep is.

use crate::bar::{Bar, Direction};
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;
use crate::zones::{ZoneLimits, Zones};

/// What counts as liquidity and how many failed blocks are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FailedBlockSettings {
    /// Whose pools count.
    pub pools: Sources,
    /// Whose pivots count.
    pub pivots: Sources,
    /// How many are followed and for how long.
    pub limits: ZoneLimits,
}

/// A live order block whose side has not taken liquidity yet.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: Id,
    /// The furthest price of its side from its birth to the birth of the next one that waits; of the
    /// youngest, to the last bar. Mirrored for bearish blocks.
    extreme: f64,
    lives: bool,
}

/// The blocks of one direction, oldest first. A new extreme that takes liquidity does so for all blocks born
/// since the last extreme as far: the youngest ones, which leave. So each comes and goes once.
#[derive(Debug, Clone, Default)]
struct Side {
    waiting: Vec<Waiting>,
    dead: usize,
    /// The latest pivot that no bar traded beyond, mirrored for lows.
    untaken: Option<f64>,
}

impl Side {
    /// Room that is made at once; more grows as it is needed.
    const RESERVED: usize = 256;

    fn new() -> Self {
        Side { waiting: Vec::with_capacity(Self::RESERVED), dead: 0, untaken: None }
    }

    /// A bar reached `price`; it took a pool or not.
    fn reach(&mut self, price: f64, took_pool: bool) {
        let took_pivot = self.untaken.take_if(|level| price > *level).is_some();
        let took = took_pool || took_pivot;
        let mut extreme = price;
        while let Some(youngest) = self.waiting.last() {
            extreme = extreme.max(youngest.extreme);
            if !took || price <= youngest.extreme {
                break;
            }
            if !youngest.lives {
                self.dead = self.dead.saturating_sub(1);
            }
            self.waiting.pop();
        }
        if let Some(youngest) = self.waiting.last_mut() {
            youngest.extreme = extreme;
        }
    }

    /// A block is no longer followed. Whether it still waited.
    fn end(&mut self, id: Id) -> bool {
        let Ok(place) = self.waiting.binary_search_by_key(&id, |waiting| waiting.id) else { return false };
        if let Some(waiting) = self.waiting.get_mut(place) {
            waiting.lives = false;
            self.dead += 1;
        }
        if 2 * self.dead > self.waiting.len() {
            self.tidy();
        }
        true
    }

    /// Lets the dead go; what they saw goes to the one before them.
    fn tidy(&mut self) {
        let mut kept = 0;
        for place in 0..self.waiting.len() {
            let Some(&waiting) = self.waiting.get(place) else { continue };
            if waiting.lives {
                if let Some(slot) = self.waiting.get_mut(kept) {
                    *slot = waiting;
                }
                kept += 1;
            } else if let Some(before) = kept.checked_sub(1).and_then(|last| self.waiting.get_mut(last)) {
                before.extreme = before.extreme.max(waiting.extreme);
            }
        }
        self.waiting.truncate(kept);
        self.dead = 0;
    }
}

/// Finds failed blocks and follows them. Order blocks, pools and pivots are updated before it.
///
/// A failed block is anchored where the order block is, which is its first parent.
#[derive(Debug, Clone)]
pub struct FailedBlocks {
    blocks: Source,
    pools: Sources,
    pivots: Sources,
    sides: ByDirection<Side>,
    zones: Zones,
    ids: Ids,
}

impl FailedBlocks {
    /// A detector that has seen nothing and reads the order blocks of `blocks`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if there is neither a pool nor a pivot to read, or a limit is out of range.
    pub fn new(source: Source, blocks: Source, settings: FailedBlockSettings) -> Result<Self, SmcError> {
        let FailedBlockSettings { pools, pivots, limits } = settings;
        if pools.is_empty() && pivots.is_empty() {
            return Err(SmcError::Parameter { name: "pools", rule: "must be given, or pivots must be" });
        }
        Ok(FailedBlocks {
            blocks,
            pools,
            pivots,
            sides: ByDirection::new(Side::new(), Side::new()),
            zones: Zones::new(limits)?,
            ids: Ids::new(source),
        })
    }

    /// The live failed blocks as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    fn end(&mut self, block: &Event, events: &mut Events) {
        let waited = self.sides.of_mut(block.direction).end(block.id);
        if block.change != Change::Broken {
            return;
        }
        let zone = Event {
            id: self.ids.take(),
            kind: if waited { Kind::MitigationBlock } else { Kind::BreakerBlock },
            change: Change::Born,
            direction: block.direction.opposite(),
            parents: [Some(block.id), None],
            ..*block
        };
        self.zones.push(zone, events);
    }
}

impl Detector for FailedBlocks {
    /// First the bar acts on the live ones, then blocks fail, then the bar may take liquidity, then blocks
    /// and pivots are added.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(bar, events);
        let mut took_pool = ByDirection::new(false, false);
        for position in 0..upstream {
            let Some(event) = events.get(position) else { continue };
            let source = event.id.source();
            if event.kind == Kind::OrderBlock && source == self.blocks {
                if matches!(event.change, Change::Broken | Change::Expired) {
                    self.end(&event, events);
                }
            } else if matches!(event.change, Change::Swept | Change::Run) && self.pools.contains(source) {
                *took_pool.of_mut(event.direction) = true;
            }
        }
        for direction in [Direction::Bullish, Direction::Bearish] {
            let took_pool = *took_pool.of(direction);
            self.sides.of_mut(direction).reach(side_price(bar.bar(), direction), took_pool);
        }
        for event in (0..upstream).filter_map(|position| events.get(position)) {
            let (source, side) = (event.id.source(), self.sides.of_mut(event.direction));
            if event.change != Change::Born {
                continue;
            }
            if event.kind == Kind::OrderBlock && source == self.blocks {
                let extreme = side_price(bar.bar(), event.direction);
                side.waiting.push(Waiting { id: event.id, extreme, lives: true });
            } else if matches!(event.kind, Kind::FractalPivot | Kind::LegPivot)
                && self.pivots.contains(source)
            {
                side.untaken = Some(match event.direction {
                    Direction::Bullish => event.level(),
                    Direction::Bearish => -event.level(),
                });
            }
        }
    }
}

/// The furthest price of a side, mirrored for the lower one.
fn side_price(bar: &Bar, direction: Direction) -> f64 {
    match direction {
        Direction::Bullish => bar.high,
        Direction::Bearish => -bar.low,
    }
}
