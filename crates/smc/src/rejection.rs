//! Rejection blocks: long wicks that swept liquidity.
//!
//! Bullish: on bar t a sell-side pool is reported as swept, bar t itself trades below its level, and the
//! lower wick, `min(open, close) - low`, is a large part of the bar's range; the zone is that wick, from the
//! low to the body. Bearish mirrored. Known at t. From bar t+1 on it lives as an order block does. Source:
//! ICT material, as in `spec/smc.md` §6, which gives no number for a long wick.

use crate::bar::{Bar, Direction};
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;
use crate::zones::{MitigationDepth, ZoneLimits, Zones};

/// What counts as a long wick and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RejectionSettings {
    /// Smallest wick as a fraction of the bar's range, above 0 and at most 1.
    pub wick_fraction_min: f64,
    /// How much has to be traded until a block counts as mitigated; `None` does not report it.
    pub mitigation: Option<MitigationDepth>,
    /// How many are followed and for how long.
    pub limits: ZoneLimits,
}

impl Default for RejectionSettings {
    fn default() -> Self {
        RejectionSettings { wick_fraction_min: 0.5, mitigation: None, limits: ZoneLimits::default() }
    }
}

/// Finds rejection blocks and follows them. Pools are updated before it.
///
/// A block is anchored at its bar; its first parent is the first of the swept pools. Each side of a bar is
/// one block at most.
#[derive(Debug, Clone)]
pub struct RejectionBlocks {
    pools: Sources,
    wick_fraction_min: f64,
    zones: Zones,
    ids: Ids,
}

impl RejectionBlocks {
    /// A detector that has seen nothing and reads the pools of `pools`.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(
        source: Source,
        pools: impl Into<Sources>,
        settings: RejectionSettings,
    ) -> Result<Self, SmcError> {
        let RejectionSettings { wick_fraction_min, mitigation, limits } = settings;
        if !(wick_fraction_min > 0.0 && wick_fraction_min <= 1.0) {
            return Err(SmcError::Parameter {
                name: "wick_fraction_min",
                rule: "must be above 0, at most 1",
            });
        }
        Ok(RejectionBlocks {
            pools: pools.into(),
            wick_fraction_min,
            zones: Zones::with_mitigation(limits, mitigation)?,
            ids: Ids::new(source),
        })
    }

    /// The live rejection blocks as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }
}

impl Detector for RejectionBlocks {
    /// First the bar acts on the live blocks, then what it swept may leave one below and one above.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(closed, events);
        let (bar, known_at) = (closed.bar(), closed.index());
        let mut swept: ByDirection<Option<Id>> = ByDirection::new(None, None);
        for event in (0..upstream).filter_map(|position| events.get(position)) {
            let trades_beyond = match event.direction {
                Direction::Bullish => bar.high > event.level(),
                Direction::Bearish => bar.low < event.level(),
            };
            if event.change == Change::Swept && self.pools.contains(event.id.source()) && trades_beyond {
                swept.of_mut(event.direction.opposite()).get_or_insert(event.id);
            }
        }
        for direction in [Direction::Bullish, Direction::Bearish] {
            let Some(pool) = *swept.of(direction) else { continue };
            let (top, bottom) = wick(bar, direction);
            let wick = top - bottom;
            if wick > 0.0 && wick >= self.wick_fraction_min * bar.range() {
                let zone = Event {
                    id: self.ids.take(),
                    kind: Kind::RejectionBlock,
                    change: Change::Born,
                    direction,
                    anchor: known_at,
                    known_at,
                    top,
                    bottom,
                    parents: [Some(pool), None],
                };
                self.zones.push(zone, events);
            }
        }
    }
}

/// Top and bottom of the wick from which price was rejected in `direction`.
fn wick(bar: &Bar, direction: Direction) -> (f64, f64) {
    match direction {
        Direction::Bullish => (bar.open.min(bar.close), bar.low),
        Direction::Bearish => (bar.high, bar.open.max(bar.close)),
    }
}
