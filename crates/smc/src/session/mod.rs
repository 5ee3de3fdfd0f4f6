//! Trading sessions and kill zones: hours on a local clock, and the high and low that they made.
//!
//! A session lies on local time, half-open, and is named after the local date on which it starts. A bar
//! belongs to it if its open time does. Start and end are taken as
//! [`Zone::first_reading`](seawall_model::Zone::first_reading) defines: a boundary that the clocks skip is
//! the moment of the skip, of one that they show twice the first time counts. So on a day on which clocks
//! change a session may last an hour more or less, and one that lies within a skipped hour does not take
//! place; it never stops and begins again.
//!
//! Two sessions of different dates are never one, whatever bars are missing between them. That a session is
//! over is known at the close of the first bar after it.

mod hours;
mod presets;

use seawall_model::LocalDate;

use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::previous::{Levels, RangeSoFar};
use crate::series::{ClosedBar, Detector};

pub use hours::{SessionClock, SessionHours, Weekdays};
pub use presets::{KillZone, MarketSession};

/// A session that runs.
#[derive(Debug, Clone, Copy)]
struct Running {
    date: LocalDate,
    born: Event,
    range: RangeSoFar,
}

/// What a running session made so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionRange {
    /// The local date on which it started.
    pub date: LocalDate,
    /// Highest price so far.
    pub high: f64,
    /// Lowest price so far.
    pub low: f64,
}

/// Follows one session.
///
/// [`Kind::Session`] is born on its first bar, with that bar's high and low, and closed on the first bar
/// after it, with the high and low of all; in between [`Session::running`] tells them. With the close
/// [`Kind::SessionLevels`] are born: the same high and low, with the session as first parent. From that bar
/// on (it included, since the levels stood before it opened) the first trade strictly beyond each is
/// reported, until the next levels of this session replace them. The anchor is the first bar of the session,
/// the direction that of its candle.
#[derive(Debug, Clone)]
pub struct Session {
    clock: SessionClock,
    running: Option<Running>,
    closed: Option<(Event, Levels)>,
    ids: Ids,
}

impl Session {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the session takes place on no day.
    pub fn new(source: Source, hours: SessionHours) -> Result<Self, SmcError> {
        let clock = SessionClock::new(hours)?;
        Ok(Session { clock, running: None, closed: None, ids: Ids::new(source) })
    }

    /// The session of the last bar; `None` outside.
    #[must_use]
    pub fn running(&self) -> Option<SessionRange> {
        let Running { date, range, .. } = self.running?;
        Some(SessionRange { date, high: range.high, low: range.low })
    }

    /// The levels of the last session that is over.
    #[must_use]
    pub fn levels(&self) -> Option<Levels> {
        self.closed.map(|(_, levels)| levels)
    }

    fn close(&mut self, running: Running, bar: &ClosedBar, events: &mut Events) {
        let RangeSoFar { high: top, low: bottom, .. } = running.range;
        let over = Event { direction: running.range.direction(), top, bottom, ..running.born };
        events.push(over.changed(Change::Closed, bar.index()));
        if let Some((old, _)) = self.closed {
            events.push(old.changed(Change::Replaced, bar.index()));
        }
        let levels = Event {
            id: self.ids.take(),
            kind: Kind::SessionLevels,
            known_at: bar.index(),
            parents: [Some(over.id), None],
            ..over
        };
        events.push(levels);
        self.closed = Some((levels, Levels::of(&running.range)));
    }

    fn start(&mut self, date: LocalDate, bar: &ClosedBar) -> Running {
        let range = RangeSoFar::new(bar);
        let born = Event {
            id: self.ids.take(),
            kind: Kind::Session,
            change: Change::Born,
            direction: range.direction(),
            anchor: bar.index(),
            known_at: bar.index(),
            top: range.high,
            bottom: range.low,
            parents: [None; 2],
        };
        Running { date, born, range }
    }
}

impl Detector for Session {
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let date = self.clock.session(bar.open_time());
        if let Some(over) = self.running.take_if(|running| Some(running.date) != date) {
            self.close(over, bar, events);
        }
        if let Some((levels, state)) = &mut self.closed {
            state.test(levels, bar, events);
        }
        match (&mut self.running, date) {
            (Some(running), _) => running.range.add(bar.bar()),
            (None, Some(date)) => {
                let running = self.start(date, bar);
                events.push(running.born);
                self.running = Some(running);
            }
            (None, None) => {}
        }
    }
}
