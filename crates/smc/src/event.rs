//! What the detectors report.
//!
//! Every report says which bar it is about (`index`) and at whose close it became known (`known_index`), both
//! counted from 0 in the detector's own bars; it may be acted on after that close. Reports are never
//! withdrawn. Ids count up from 0 for each kind of thing within one detector.

use crate::bar::{Direction, PivotKind};

/// A confirmed pivot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pivot {
    /// Number of the pivot.
    pub id: u64,
    /// High or low.
    pub kind: PivotKind,
    /// The bar that made it.
    pub index: u64,
    /// Its price.
    pub price: f64,
    /// The bar whose close confirmed it.
    pub known_index: u64,
}

/// What a break says about the trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BreakKind {
    /// Break of structure: with the trend, or the first break of all.
    Bos,
    /// Change of character: against the trend, which turns.
    Choch,
}

/// A close beyond the latest pivot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Break {
    /// Number of the break.
    pub id: u64,
    /// With or against the trend.
    pub kind: BreakKind,
    /// Which way price closed through.
    pub direction: Direction,
    /// The broken pivot's number.
    pub pivot_id: u64,
    /// The bar that made the broken pivot.
    pub pivot_index: u64,
    /// The broken price.
    pub level: f64,
    /// The bar that closed beyond it.
    pub known_index: u64,
}

/// What kind of zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneKind {
    /// The extreme bar of the leg that broke structure.
    OrderBlock,
    /// Prices that three bars in a row left out.
    FairValueGap,
}

/// A price zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zone {
    /// Number of the zone.
    pub id: u64,
    /// What kind of zone.
    pub kind: ZoneKind,
    /// Which way price left it.
    pub direction: Direction,
    /// The bar that anchors it: the order block's bar, the gap's middle bar.
    pub index: u64,
    /// The bar at whose close it was born.
    pub known_index: u64,
    /// Upper edge.
    pub top: f64,
    /// Lower edge.
    pub bottom: f64,
    /// The break that an order block comes from.
    pub break_id: Option<u64>,
}

/// What happened to a zone. The near edge is the one that price comes back to first: the top of a bullish
/// zone, the bottom of a bearish one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneChange {
    /// It came to be.
    Born,
    /// A bar reached the near edge.
    Touched,
    /// A bar reached the middle (a gap's consequent encroachment). Gaps only.
    Midpoint,
    /// A bar reached the far edge. Gaps only.
    Filled,
    /// A bar traded beyond the far edge. Order blocks only.
    WickBroken,
    /// A bar closed beyond the far edge: an order block is broken, a gap is inverted. The zone is no longer
    /// followed.
    ClosedThrough,
    /// There were more live zones than the detector follows; the oldest is no longer followed.
    Expired,
}

/// Something happened to a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ZoneEvent {
    /// The zone, with its id.
    pub zone: Zone,
    /// What happened.
    pub change: ZoneChange,
    /// The bar at whose close it is known.
    pub known_index: u64,
}

/// A report of a detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A pivot was confirmed.
    Pivot(Pivot),
    /// Structure broke.
    Break(Break),
    /// A zone was born or changed.
    Zone(ZoneEvent),
}

impl Event {
    /// The bar at whose close the report is known.
    #[must_use]
    pub const fn known_index(&self) -> u64 {
        match self {
            Event::Pivot(pivot) => pivot.known_index,
            Event::Break(broken) => broken.known_index,
            Event::Zone(event) => event.known_index,
        }
    }
}
