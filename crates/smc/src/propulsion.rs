//! Propulsion blocks: bars that trade into an order block and displace away from it.
//!
//! Bullish: bar a is a bullish displacement, and a bullish order block that was known before a and that no
//! bar up to a closed through has its top at or above the low of a and below its close: the bar reaches the
//! block and closes above it. Bearish mirrored. The zone is that bar, from low to high or its body. Known
//! when the displacement is: at a, or at a + 1 if it has to leave a gap. From the next bar on it lives as an
//! order block does. Source: ICT material, as in `spec/smc.md` §6.

use crate::bar::{Bar, Direction};
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::order_block::BlockPrices;
use crate::series::{ClosedBar, Detector};
use crate::zones::{MitigationDepth, ZoneLimits, Zones};

/// What a [`PropulsionBlocks`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PropulsionSources {
    /// The order blocks.
    pub blocks: Source,
    /// The displacements.
    pub displacements: Source,
}

/// Which prices make the zone and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PropulsionSettings {
    /// Which prices of the bar make the zone.
    pub prices: BlockPrices,
    /// How much has to be traded until a block counts as mitigated; `None` does not report it.
    pub mitigation: Option<MitigationDepth>,
    /// How many are followed and for how long.
    pub limits: ZoneLimits,
}

/// The near edge of a live order block, mirrored for bearish ones so that the block lies below it.
#[derive(Debug, Clone, Copy)]
struct NearEdge {
    price: f64,
    id: Id,
}

/// The near edges of the live order blocks of one direction, in order of price, so that the highest below a
/// close is found in a logarithm of their number.
#[derive(Debug, Clone)]
struct NearEdges(Vec<NearEdge>);

impl NearEdges {
    /// Room that is made at once; more grows as it is needed.
    const RESERVED: usize = 256;

    fn new() -> Self {
        NearEdges(Vec::with_capacity(Self::RESERVED))
    }

    fn place(&self, edge: NearEdge) -> usize {
        self.0.partition_point(|other| (other.price, other.id) < (edge.price, edge.id))
    }

    fn insert(&mut self, edge: NearEdge) {
        self.0.insert(self.place(edge), edge);
    }

    fn remove(&mut self, edge: NearEdge) {
        let place = self.place(edge);
        if self.0.get(place).is_some_and(|found| found.id == edge.id) {
            self.0.remove(place);
        }
    }

    /// The highest edge that a bar reaches and closes above; the youngest block of equals.
    fn left_behind(&self, reach: f64, close: f64) -> Option<Id> {
        let below_close = self.0.partition_point(|edge| edge.price < close);
        let highest = self.0.get(below_close.checked_sub(1)?)?;
        (highest.price >= reach).then_some(highest.id)
    }
}

/// A bar with the order block of each direction that it traded into and left.
#[derive(Debug, Clone, Copy)]
struct Entered {
    index: u64,
    bar: Bar,
    blocks: ByDirection<Option<Id>>,
}

/// Finds propulsion blocks and follows them. Order blocks and displacements are updated before it.
///
/// A block is anchored at its bar; its parents are the order block, of several the one reached first, and the
/// displacement.
#[derive(Debug, Clone)]
pub struct PropulsionBlocks {
    upstream: PropulsionSources,
    prices: BlockPrices,
    edges: ByDirection<NearEdges>,
    before: Option<Entered>,
    zones: Zones,
    ids: Ids,
}

impl PropulsionBlocks {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a limit is out of range.
    pub fn new(
        source: Source,
        upstream: PropulsionSources,
        settings: PropulsionSettings,
    ) -> Result<Self, SmcError> {
        let PropulsionSettings { prices, mitigation, limits } = settings;
        Ok(PropulsionBlocks {
            upstream,
            prices,
            edges: ByDirection::new(NearEdges::new(), NearEdges::new()),
            before: None,
            zones: Zones::with_mitigation(limits, mitigation)?,
            ids: Ids::new(source),
        })
    }

    /// The live propulsion blocks as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    /// Adds the blocks born on this bar, or takes out those that ended on it.
    fn follow(&mut self, events: &Events, upstream: usize, births: bool) {
        for block in (0..upstream).filter_map(|position| events.get(position)) {
            if block.kind != Kind::OrderBlock || block.id.source() != self.upstream.blocks {
                continue;
            }
            let price = match block.direction {
                Direction::Bullish => block.top,
                Direction::Bearish => -block.bottom,
            };
            let edge = NearEdge { price, id: block.id };
            let edges = self.edges.of_mut(block.direction);
            if births && block.change == Change::Born {
                edges.insert(edge);
            } else if !births && matches!(block.change, Change::Broken | Change::Expired) {
                edges.remove(edge);
            }
        }
    }

    fn entered(&self, closed: &ClosedBar) -> Entered {
        let bar = closed.bar();
        let up = self.edges.of(Direction::Bullish).left_behind(bar.low, bar.close);
        let down = self.edges.of(Direction::Bearish).left_behind(-bar.high, -bar.close);
        Entered { index: closed.index(), bar: *bar, blocks: ByDirection::new(up, down) }
    }
}

impl Detector for PropulsionBlocks {
    /// First the bar acts on the live ones, then the displacements known now may leave one each.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(closed, events);
        self.follow(events, upstream, false);
        let now = self.entered(closed);
        let before = self.before.replace(now);
        for position in 0..upstream {
            let Some(displacement) = events.get(position).filter(|event| {
                event.kind == Kind::Displacement && event.id.source() == self.upstream.displacements
            }) else {
                continue;
            };
            let at = [Some(now), before].into_iter().flatten().find(|at| at.index == displacement.anchor);
            let Some(at) = at else { continue };
            if let Some(block) = *at.blocks.of(displacement.direction) {
                let (top, bottom) = self.prices.of(&at.bar);
                let (id, kind) = (self.ids.take(), Kind::PropulsionBlock);
                let parents = [Some(block), Some(displacement.id)];
                self.zones.push(Event { id, kind, top, bottom, parents, ..displacement }, events);
            }
        }
        self.follow(events, upstream, true);
    }
}
