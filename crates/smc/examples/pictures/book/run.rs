//! A chart run over a series, its events put together to the lives of things.

use std::collections::HashMap;

use seawall_smc::{Change, Chart, ChartSettings, EqualRule, EqualSettings, Event, Id, Kind, Source};

use super::data::Series;

/// A thing from its birth to what was last heard of it.
pub(crate) struct Life {
    /// Its birth.
    pub(crate) born: Event,
    /// All that happened to it, the birth included.
    pub(crate) events: Vec<Event>,
}

impl Life {
    /// When something first happened to it.
    pub(crate) fn first(&self, change: Change) -> Option<usize> {
        self.events.iter().find(|event| event.change == change).map(known_at)
    }

    /// The bar of what was last heard of it.
    pub(crate) fn end(&self) -> usize {
        self.events.last().map_or(0, known_at)
    }

    /// What was last heard of it.
    pub(crate) fn last(&self) -> Change {
        self.events.last().unwrap().change
    }

    /// The bar that it is about.
    pub(crate) fn anchor(&self) -> usize {
        anchor(&self.born)
    }

    /// The bar at whose close it was known.
    pub(crate) fn known(&self) -> usize {
        known_at(&self.born)
    }
}

/// The bar at whose close an event was known.
pub(crate) fn known_at(event: &Event) -> usize {
    usize::try_from(event.known_at).unwrap()
}

/// The bar that an event is about.
pub(crate) fn anchor(event: &Event) -> usize {
    usize::try_from(event.anchor).unwrap()
}

/// The settings of all pictures and tables: the full ones, with equal levels as groups, which end.
pub(crate) fn settings() -> ChartSettings {
    let equal = EqualSettings { rule: EqualRule::Groups, ..EqualSettings::default() };
    ChartSettings { equal, ..ChartSettings::default() }
}

/// What a chart reported on a whole series.
pub(crate) struct Run<'a> {
    pub(crate) series: &'a Series,
    /// In order of birth.
    pub(crate) lives: Vec<Life>,
    places: HashMap<Id, usize>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(series: &'a Series, settings: &ChartSettings) -> Self {
        let mut chart = Chart::new(settings).unwrap();
        let mut run = Run { series, lives: Vec::new(), places: HashMap::new() };
        for (time, bar) in series.times.iter().zip(&series.bars) {
            for event in chart.update(*time, *bar).unwrap() {
                run.add(event);
            }
        }
        run
    }

    fn add(&mut self, event: &Event) {
        match self.places.get(&event.id) {
            Some(&place) => self.lives[place].events.push(*event),
            None => {
                self.places.insert(event.id, self.lives.len());
                self.lives.push(Life { born: *event, events: vec![*event] });
            }
        }
    }

    /// The life of a thing.
    pub(crate) fn life(&self, id: Id) -> &Life {
        &self.lives[self.places[&id]]
    }

    /// The lives of what its parents are.
    pub(crate) fn parents(&self, life: &Life) -> Vec<&Life> {
        life.born.parents.iter().flatten().map(|id| self.life(*id)).collect()
    }

    /// The lives of one kind from one detector, in order of birth.
    pub(crate) fn of(&self, source: Source, kind: Kind) -> impl Iterator<Item = &Life> {
        self.lives.iter().filter(move |life| life.born.id.source() == source && life.born.kind == kind)
    }
}
