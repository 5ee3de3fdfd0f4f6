//! What every event has to satisfy, whichever detector reports it and whatever the bars were.
//!
//! The checks need no knowledge of a detector: they follow each thing from its birth to its end by the words
//! of the event module alone.
#![allow(dead_code, clippy::panic, reason = "each test binary uses a part of it; a test fails by panicking")]

use std::collections::BTreeMap;

use seawall_smc::chart::sources;
use seawall_smc::{Change, Chart, Event, Id, Kind, Source};

/// A thing and what happened to it so far.
#[derive(Debug, Clone)]
struct Thing {
    born: Event,
    /// The latest change and its bar.
    last: (Change, u64),
    /// Every change that came so far.
    seen: Vec<Change>,
    ended: bool,
}

/// Follows all things of one series.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contract {
    things: BTreeMap<Id, Thing>,
    numbers: BTreeMap<Source, u64>,
    /// Of each source the things that have not ended, oldest first.
    open: BTreeMap<Source, Vec<Id>>,
}

impl Contract {
    /// Checks what was reported for bar `index`, all of it in order.
    pub(crate) fn check(&mut self, index: u64, events: &[Event]) {
        for event in events {
            self.check_event(index, event);
        }
    }

    fn check_event(&mut self, index: u64, event: &Event) {
        assert_eq!(event.known_at, index, "known at the bar that was given: {event:?}");
        assert!(event.anchor <= event.known_at, "about a bar that came: {event:?}");
        assert!(event.top >= event.bottom, "top not below bottom: {event:?}");
        assert!(event.top.is_finite() && event.bottom.is_finite(), "prices are finite: {event:?}");
        for parent in event.parents.into_iter().flatten() {
            assert!(self.things.contains_key(&parent), "a parent was reported before: {event:?}");
            assert_ne!(parent, event.id, "nothing is its own parent: {event:?}");
        }
        if event.change == Change::Born { self.bear(event) } else { self.change(event) }
    }

    fn bear(&mut self, event: &Event) {
        let next = self.numbers.entry(event.id.source()).or_default();
        assert_eq!(event.id.number(), *next, "numbers of a source count up: {event:?}");
        *next += 1;
        let last = (Change::Born, event.known_at);
        let seen = vec![Change::Born];
        let ended = ends(event.kind, Change::Born);
        self.things.insert(event.id, Thing { born: *event, last, seen, ended });
        if !ended {
            self.open.entry(event.id.source()).or_default().push(event.id);
        }
    }

    fn change(&mut self, event: &Event) {
        let Some(thing) = self.things.get_mut(&event.id) else {
            panic!("changed before its birth: {event:?}")
        };
        let born = &thing.born;
        assert!(!thing.ended, "changed after its end ({:?}): {event:?}", thing.last);
        assert_eq!((event.kind, event.direction), (born.kind, born.direction), "what it is stays: {event:?}");
        if !grows(event.kind) {
            let prices = |event: &Event| (event.top.to_bits(), event.bottom.to_bits(), event.anchor);
            assert_eq!(prices(event), prices(born), "its prices and its bar stay: {event:?}");
            assert_eq!(event.parents, born.parents, "its parents stay: {event:?}");
        }
        let (last, last_at) = thing.last;
        if last_at == event.known_at {
            assert!(last < event.change, "in the order of a life, after {last:?}: {event:?}");
            let at_birth = born.known_at == event.known_at;
            assert!(!at_birth || on_birth_bar(event.change), "untouched by the bar that bore it: {event:?}");
        }
        if !repeats(event.change) {
            assert!(!thing.seen.contains(&event.change), "a second time: {event:?}");
            thing.seen.push(event.change);
        }
        if is_zone(event.kind) {
            assert!(last < event.change, "a zone's life goes on, after {last:?}: {event:?}");
        }
        thing.last = (event.change, event.known_at);
        if ends(event.kind, event.change) {
            thing.ended = true;
            self.open.entry(event.id.source()).or_default().retain(|id| *id != event.id);
        }
    }

    /// The things of a source that have not ended, oldest first.
    pub(crate) fn open(&self, source: Source) -> &[Id] {
        self.open.get(&source).map_or(&[], Vec::as_slice)
    }

    /// The thing as it was born.
    pub(crate) fn born(&self, id: Id) -> Option<&Event> {
        self.things.get(&id).map(|thing| &thing.born)
    }
}

/// Whether price acts on it by the stages of a zone.
pub(crate) fn is_zone(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::OrderBlock
            | Kind::RejectionBlock
            | Kind::PropulsionBlock
            | Kind::BreakerBlock
            | Kind::MitigationBlock
            | Kind::FairValueGap
            | Kind::InverseFairValueGap
            | Kind::BalancedPriceRange
            | Kind::VolumeImbalance
            | Kind::OpeningGap
            | Kind::NewDayOpeningGap
            | Kind::NewWeekOpeningGap
            | Kind::LiquidityVoid
            | Kind::Unicorn
    )
}

/// Whether it may get other prices after its birth.
fn grows(kind: Kind) -> bool {
    !is_zone(kind)
}

/// What can happen more than once.
fn repeats(change: Change) -> bool {
    matches!(change, Change::Extended)
}

/// What the bar that bore a thing can bring besides: it is pushed out by another of the same bar.
fn on_birth_bar(change: Change) -> bool {
    matches!(change, Change::Expired | Change::Replaced)
}

/// Whether nothing can happen to the thing any more.
fn ends(kind: Kind, change: Change) -> bool {
    match change {
        Change::Inverted
        | Change::Broken
        | Change::Invalidated
        | Change::Closed
        | Change::Expired
        | Change::Replaced => true,
        Change::Filled => kind == Kind::LiquidityVoid,
        Change::Born => !lives_on(kind),
        Change::Swept | Change::Run => kind == Kind::Pool,
        Change::Extended
        | Change::Touched
        | Change::Retested
        | Change::Midpoint
        | Change::Mitigated
        | Change::WickBroken
        | Change::HighBroken
        | Change::LowBroken => false,
    }
}

/// What happens once and is over: pivots, breaks.
fn lives_on(kind: Kind) -> bool {
    !matches!(
        kind,
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
    )
}

/// The lists of live things that a chart shows, each with the source whose things they are.
pub(crate) fn live(chart: &Chart) -> Vec<(Source, Vec<Id>)> {
    let ids = |things: &mut dyn Iterator<Item = &Event>| things.map(|thing| thing.id).collect::<Vec<_>>();
    vec![
        (sources::INTERNAL_BLOCKS, ids(&mut chart.internal_blocks().live())),
        (sources::SWING_BLOCKS, ids(&mut chart.swing_blocks().live())),
        (sources::GAPS, ids(&mut chart.gaps().live())),
    ]
}

impl Contract {
    /// Checks that what a chart shows as live is what its events say.
    pub(crate) fn check_live(&self, chart: &Chart) {
        for (source, live) in live(chart) {
            assert_eq!(live, self.open(source), "live {} are what the events say", sources::name(source));
        }
    }
}
