//! The things that events are about, each with its life so far.
//!
//! Invariant: made from the events of a prefix, the things are those of the full run as they were known then.
//! A thing is live from its birth to the first change that [ends](ends) it. What has no life of its own (a
//! pivot, a break) never ends.

use std::collections::BTreeMap;

use seawall_smc::{Change, Event, Id, Kind};

use super::words::{Shape, face};

/// A thing and all its events, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thing {
    /// Its first event.
    pub(crate) born: Event,
    /// The later ones.
    pub(crate) later: Vec<Event>,
}

impl Thing {
    /// Its newest event.
    pub(crate) fn newest(&self) -> &Event {
        self.later.last().unwrap_or(&self.born)
    }

    /// The event that ended it.
    pub(crate) fn end(&self) -> Option<&Event> {
        self.later.iter().find(|event| ends(event.kind, event.change))
    }

    /// Whether price came back to it.
    pub(crate) fn is_touched(&self) -> bool {
        self.later.iter().any(|event| touches(event.change))
    }

    /// Whether it is a zone that is still followed.
    pub(crate) fn is_live_zone(&self) -> bool {
        face(self.born.kind).shape == Shape::Zone && self.end().is_none()
    }

    /// Whether it is liquidity that was not taken.
    pub(crate) fn is_untaken_pool(&self) -> bool {
        self.born.kind == Kind::Pool && self.end().is_none()
    }
}

/// The things of a series, in the order of their births.
#[derive(Debug, Default)]
pub(crate) struct Things {
    list: Vec<Thing>,
    places: BTreeMap<(Id, Kind), usize>,
}

impl Things {
    pub(crate) fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut things = Things::default();
        for event in events {
            things.add(event);
        }
        things
    }

    fn add(&mut self, event: &Event) {
        let known = self.places.get(&(event.id, event.kind)).and_then(|place| self.list.get_mut(*place));
        if let Some(thing) = known {
            thing.later.push(*event);
            return;
        }
        self.places.insert((event.id, event.kind), self.list.len());
        self.list.push(Thing { born: *event, later: Vec::new() });
    }

    pub(crate) fn iter(&self) -> core::slice::Iter<'_, Thing> {
        self.list.iter()
    }

    /// The thing of an id.
    pub(crate) fn get(&self, id: Id) -> Option<&Thing> {
        let (_, place) =
            self.places.range((id, Kind::FractalPivot)..).next().filter(|((of, _), _)| *of == id)?;
        self.list.get(*place)
    }
}

/// Whether a change ends a thing.
pub(crate) const fn ends(kind: Kind, change: Change) -> bool {
    match change {
        Change::Replaced
        | Change::Inverted
        | Change::Broken
        | Change::Swept
        | Change::Run
        | Change::Invalidated
        | Change::Closed
        | Change::Expired => true,
        // A void has no further stage.
        Change::Filled => matches!(kind, Kind::LiquidityVoid),
        Change::Born
        | Change::Extended
        | Change::Touched
        | Change::Retested
        | Change::Midpoint
        | Change::Mitigated
        | Change::WickBroken
        | Change::HighBroken
        | Change::LowBroken => false,
    }
}

/// Whether a change means that price came to the thing.
pub(crate) const fn touches(change: Change) -> bool {
    match change {
        Change::Touched
        | Change::Retested
        | Change::Midpoint
        | Change::Filled
        | Change::Mitigated
        | Change::WickBroken
        | Change::Inverted
        | Change::Broken
        | Change::HighBroken
        | Change::LowBroken
        | Change::Swept
        | Change::Run
        | Change::Invalidated => true,
        Change::Born | Change::Extended | Change::Replaced | Change::Closed | Change::Expired => false,
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::Ts;
    use seawall_smc::chart::sources;
    use seawall_smc::{Bar, Chart, ChartSettings, Source};

    use super::*;

    /// A random walk that turns often enough for every stage of a zone's life.
    fn walk(count: usize) -> Vec<Bar> {
        let mut state: u64 = 7;
        let mut next = |width: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % width) as f64
        };
        let mut last = 10_000.0;
        let mut bars = Vec::with_capacity(count);
        for _ in 0..count {
            let open: f64 = last + next(11) - 5.0;
            let close = open + next(121) - 60.0;
            bars.push(Bar { open, high: open.max(close) + next(20), low: open.min(close) - next(20), close });
            last = close;
        }
        bars
    }

    fn live(things: &Things, source: Source) -> Vec<Event> {
        things
            .iter()
            .filter(|thing| thing.is_live_zone() && thing.born.id.source() == source)
            .map(|thing| thing.born)
            .collect()
    }

    #[test]
    fn after_each_bar_the_live_zones_are_those_that_the_chart_follows() {
        let mut chart = Chart::new(&ChartSettings::default()).unwrap();
        let (mut events, mut most) = (Vec::new(), 0);
        for (at, bar) in (0..).zip(walk(600)) {
            events.extend_from_slice(chart.update(Ts::from_millis(at * 60_000), bar).unwrap().as_slice());
            let things = Things::of(&events);
            let gaps: Vec<Event> = chart.gaps().live().copied().collect();
            assert_eq!(live(&things, sources::GAPS), gaps, "gaps after bar {at}");
            let internal: Vec<Event> = chart.internal_blocks().live().copied().collect();
            assert_eq!(live(&things, sources::INTERNAL_BLOCKS), internal, "blocks after bar {at}");
            most = most.max(gaps.len().min(internal.len()));
        }
        assert!(most > 2, "the walk has to leave several zones alive");
    }

    #[test]
    fn a_thing_is_found_by_its_id() {
        let mut chart = Chart::new(&ChartSettings::default()).unwrap();
        let mut events = Vec::new();
        for (at, bar) in (0..).zip(walk(200)) {
            events.extend_from_slice(chart.update(Ts::from_millis(at * 60_000), bar).unwrap().as_slice());
        }
        let things = Things::of(&events);
        assert!(things.iter().all(|thing| things.get(thing.born.id) == Some(thing)));
        assert!(things.get(Id::new(Source(99), 0)).is_none());
    }
}
