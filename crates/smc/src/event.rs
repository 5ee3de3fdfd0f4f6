//! What the detectors report: one kind of event for everything.
//!
//! Bars are counted from 0 in the order of their series. An event says which bar it is about (`anchor`) and
//! at whose close it became known (`known_at`); it may be acted on after that close, never before. Events are
//! never withdrawn: what turns out otherwise is reported as a further change of the same thing.
//!
//! A thing (a pivot, a zone, a pool, a session …) keeps its [`Id`] through all changes of its life. What
//! depends on another thing names it in `parents`.

use core::fmt;

use crate::bar::{Direction, PivotKind};

/// Which detector an event comes from: a number that the owner of the detectors gives to each of them, so
/// that several of one kind (internal and swing structure) can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Source(pub u8);

/// The name of a thing: its detector and a number that counts up from 0 there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u64);

impl Id {
    const NUMBER_BITS: u32 = 56;

    /// The thing `number` of the detector `source`. Numbers wrap at 2^56, which no series reaches.
    #[must_use]
    pub const fn new(source: Source, number: u64) -> Self {
        Id((source.0 as u64) << Self::NUMBER_BITS | (number & ((1 << Self::NUMBER_BITS) - 1)))
    }

    /// The detector.
    #[must_use]
    pub const fn source(self) -> Source {
        Source(self.0.to_be_bytes()[0])
    }

    /// The number within the detector.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0 & ((1 << Self::NUMBER_BITS) - 1)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source().0, self.number())
    }
}

/// Gives out the ids of one detector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    source: Source,
    next: u64,
}

impl Ids {
    pub(crate) const fn new(source: Source) -> Self {
        Ids { source, next: 0 }
    }

    pub(crate) const fn take(&mut self) -> Id {
        let id = Id::new(self.source, self.next);
        self.next += 1;
        id
    }
}

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A bar that stands out on both sides ([`Fractal`](crate::pivot::Fractal)).
    FractalPivot,
    /// The turn of a leg ([`LegPivots`](crate::pivot::LegPivots)).
    LegPivot,
    /// A pivot high above the one before.
    HigherHigh,
    /// A pivot high not above the one before.
    LowerHigh,
    /// A pivot low not below the one before.
    HigherLow,
    /// A pivot low below the one before.
    LowerLow,
    /// Break of structure: a close beyond the latest pivot, with the trend or first of all.
    Bos,
    /// Change of character: a close beyond the latest pivot against the trend, which turns.
    Choch,
    /// Market structure shift: a change of character whose breaking leg holds a displacement.
    Mss,
    /// A bar whose body shows one side in command.
    Displacement,
    /// The bar from which the leg that broke structure started.
    OrderBlock,
    /// An order block that failed after its side had taken liquidity: it works from the other side.
    BreakerBlock,
    /// An order block that failed without that.
    MitigationBlock,
    /// The wick of a bar that swept liquidity.
    RejectionBlock,
    /// A bar that trades into an order block and displaces away from it.
    PropulsionBlock,
    /// Prices that three bars in a row left out.
    FairValueGap,
    /// A fair value gap that was closed through: it works from the other side.
    InverseFairValueGap,
    /// The overlap of a bullish and a bearish fair value gap.
    BalancedPriceRange,
    /// A gap between two bodies whose wicks overlap.
    VolumeImbalance,
    /// A gap between two bars whose wicks do not overlap either.
    OpeningGap,
    /// From the last price of a trading day to the first of the next.
    NewDayOpeningGap,
    /// From the last price of a trading week to the first of the next.
    NewWeekOpeningGap,
    /// A run of displacements with several gaps.
    LiquidityVoid,
    /// A breaker block that overlaps a fair value gap of its direction.
    Unicorn,
    /// Two pivots of a kind at nearly the same price: EQH, EQL.
    EqualLevels,
    /// Resting liquidity beyond a level: buy side above a high (bullish), sell side below a low (bearish).
    Pool,
    /// The pool in front of a zone that is taken before the zone is reached.
    Inducement,
    /// From the last external low to the last external high.
    DealingRange,
    /// A close in the upper part of the dealing range.
    Premium,
    /// A close in the middle of the dealing range.
    Equilibrium,
    /// A close in the lower part of the dealing range.
    Discount,
    /// The part of the breaking leg where an entry is looked for.
    OptimalTradeEntry,
    /// The extreme whose leg broke structure: expected to hold.
    StrongLevel,
    /// The extreme on the other side: a target.
    WeakLevel,
    /// A trading session or kill zone.
    Session,
    /// High and low of a session that closed.
    SessionLevels,
    /// High and low of the day before.
    PreviousDay,
    /// High and low of the week before.
    PreviousWeek,
    /// High and low of the month before.
    PreviousMonth,
    /// High and low of the stretch of minutes before.
    PreviousPeriod,
    /// The first price at a set local time, such as midnight.
    OpenPrice,
    /// Accumulation, manipulation, distribution: a range, the sweep of one side, the shift to the other.
    PowerOfThree,
    /// Two markets disagree about a new extreme.
    SmtDivergence,
    /// Several timeframes and signals agree.
    Confluence,
}

impl Kind {
    /// Whether it is a close through the latest pivot of a structure.
    #[must_use]
    pub const fn is_break(self) -> bool {
        matches!(self, Kind::Bos | Kind::Choch)
    }
}

/// What happened to a thing. The order is that of a life: of several changes on one bar the later ones come
/// later here. The near edge of a zone is the one that price comes back to first: the top of a bullish zone,
/// the bottom of a bearish one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// It came to be.
    Born,
    /// It grew: further members, a new extreme. The event holds the new prices, and the life begins anew with
    /// them, whatever came before on the bar.
    Extended,
    /// A bar reached the near edge.
    Touched,
    /// A bar came back to the near edge of a zone that works from the other side.
    Retested,
    /// A bar reached the middle: consequent encroachment of a gap, mean threshold of a block.
    Midpoint,
    /// A bar reached the far edge.
    Filled,
    /// As much of the zone as the settings ask for was traded.
    Mitigated,
    /// A bar traded beyond the far edge.
    WickBroken,
    /// A bar closed beyond the far edge of a gap: it inverts. It is no longer followed.
    Inverted,
    /// A bar closed beyond the far edge of a block. It is no longer followed.
    Broken,
    /// A bar traded above the high.
    HighBroken,
    /// A bar traded below the low.
    LowBroken,
    /// A bar traded beyond the level and closed back.
    Swept,
    /// A bar closed beyond the level.
    Run,
    /// A bar closed so that the idea no longer holds.
    Invalidated,
    /// Something of its kind took its place.
    Replaced,
    /// Its time is over, as planned.
    Closed,
    /// Too old, or too many of its kind: no longer followed.
    Expired,
}

/// Something that a detector reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// The thing it is about.
    pub id: Id,
    /// What that thing is.
    pub kind: Kind,
    /// What happened to it.
    pub change: Change,
    /// Which way it points. A level points to where it lies: a high is bullish, a low bearish.
    pub direction: Direction,
    /// The bar that the thing is about: the pivot's, the order block's, the middle bar of a gap.
    pub anchor: u64,
    /// The bar at whose close this event became known.
    pub known_at: u64,
    /// Upper price of a zone; the price of a level.
    pub top: f64,
    /// Lower price of a zone; the price of a level.
    pub bottom: f64,
    /// What it comes from; each detector says in which order.
    pub parents: [Option<Id>; 2],
}

impl Event {
    /// Of a level, its price; of a zone, its middle.
    #[must_use]
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }

    /// The price of a level.
    #[must_use]
    pub const fn level(&self) -> f64 {
        self.top
    }

    /// Whether a level is a high or a low.
    #[must_use]
    pub const fn pivot_kind(&self) -> PivotKind {
        match self.direction {
            Direction::Bullish => PivotKind::High,
            Direction::Bearish => PivotKind::Low,
        }
    }

    /// The same thing with another change.
    #[must_use]
    pub const fn changed(self, change: Change, known_at: u64) -> Self {
        Event { change, known_at, ..self }
    }
}

/// The events of one bar, in the order in which they were reported.
///
/// The owner clears it before each bar; detectors read what others reported on this bar and add their own.
/// Its memory grows to what the busiest bar needed and stays.
#[derive(Debug, Clone, Default)]
pub struct Events(Vec<Event>);

impl Events {
    /// An empty log with room for a busy bar.
    #[must_use]
    pub fn new() -> Self {
        Events(Vec::with_capacity(256))
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds an event.
    #[inline]
    pub fn push(&mut self, event: Event) {
        self.0.push(event);
    }

    /// How many events there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The event at `position`, oldest first: a detector that adds while it reads goes by position.
    #[must_use]
    #[inline]
    pub fn get(&self, position: usize) -> Option<Event> {
        self.0.get(position).copied()
    }

    /// The events as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Event] {
        &self.0
    }

    /// The events, oldest first.
    pub fn iter(&self) -> core::slice::Iter<'_, Event> {
        self.0.iter()
    }

    /// Puts the events from `position` on in order of thing and life.
    pub(crate) fn sort_from(&mut self, position: usize) {
        if let Some(tail) = self.0.get_mut(position..) {
            // No two events of one bar agree in both, so the order is fixed although the sort is not stable.
            tail.sort_unstable_by_key(|event| (event.id, event.change));
        }
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = core::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
