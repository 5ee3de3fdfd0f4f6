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
    /// As it was born or, since, extended.
    now: Event,
    /// The latest change and its bar.
    last: (Change, u64),
    /// Every change since it has been where it is.
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
        let seen = Vec::new();
        let ended = ends(event.kind, Change::Born);
        self.things.insert(event.id, Thing { now: *event, last, seen, ended });
        if !ended {
            self.open.entry(event.id.source()).or_default().push(event.id);
        }
    }

    fn change(&mut self, event: &Event) {
        let Some(thing) = self.things.get_mut(&event.id) else {
            panic!("changed before its birth: {event:?}")
        };
        let now = &thing.now;
        assert!(!thing.ended, "changed after its end ({:?}): {event:?}", thing.last);
        // What a session made as a whole is said when it closes.
        let sums_up = event.kind == Kind::Session && event.change == Change::Closed;
        let is = |event: &Event| (event.kind, event.direction);
        assert!(is(event) == is(now) || sums_up, "what it is stays, {now:?}: {event:?}");
        if event.change == Change::Extended {
            // Other prices, for which its life begins anew.
            thing.now = *event;
            thing.seen.clear();
        } else {
            let place =
                |event: &Event| (event.top.to_bits(), event.bottom.to_bits(), event.anchor, event.parents);
            assert!(
                place(event) == place(now) || sums_up,
                "only what extends it moves it, {now:?}: {event:?}"
            );
            let (last, last_at) = thing.last;
            if last_at == event.known_at {
                let began = matches!(last, Change::Born | Change::Extended);
                let allowed = if began { on_birth_bar(event) } else { before(last, event.change) };
                assert!(allowed, "in the order of a life, after {last:?} on this bar: {event:?}");
            }
            assert!(!thing.seen.contains(&event.change), "a second time: {event:?}");
            let in_order = thing.seen.iter().all(|seen| before(*seen, event.change));
            assert!(in_order || !is_zone(event.kind), "a zone's life goes on, after {last:?}: {event:?}");
            thing.seen.push(event.change);
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

    /// The thing as it was last placed.
    pub(crate) fn now(&self, id: Id) -> Option<&Event> {
        self.things.get(&id).map(|thing| &thing.now)
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

/// Whether a life can bring `earlier` before `later`: they stand in that order, and being replaced is an end.
fn before(earlier: Change, later: Change) -> bool {
    earlier != Change::Replaced && (earlier < later || later == Change::Replaced)
}

/// What the bar that bore or moved a thing can bring besides: it is pushed out by another of the same bar.
/// The levels of a period stood before that bar opened, so it may trade beyond them and take their pools.
fn on_birth_bar(event: &Event) -> bool {
    let of_a_period = matches!(
        event.kind,
        Kind::SessionLevels
            | Kind::PreviousDay
            | Kind::PreviousWeek
            | Kind::PreviousMonth
            | Kind::PreviousPeriod
    );
    let beyond = matches!(event.change, Change::HighBroken | Change::LowBroken);
    let taken = event.kind == Kind::Pool && matches!(event.change, Change::Swept | Change::Run);
    matches!(event.change, Change::Expired | Change::Replaced) || (of_a_period && beyond) || taken
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
        (sources::INVERSE_GAPS, ids(&mut chart.inverse_gaps().live())),
        (sources::INTERNAL_POOLS, ids(&mut chart.internal_pools().live())),
        (sources::POOLS, ids(&mut chart.pools().live())),
        (sources::OPTIMAL_ENTRY, ids(&mut chart.optimal_entry().live().into_iter())),
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
