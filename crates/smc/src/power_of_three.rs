//! Power of three (accumulation, manipulation, distribution) and its Judas swing: a session makes a range,
//! one side of it is traded through during later hours, and structure then shifts to the other side.
//!
//! Bullish; mirrored for bearish. Let L be the levels of the range session.
//! * Manipulation (the Judas swing): the first bar that trades below the low of L opens within the sweep
//!   hours.
//! * Distribution: a bullish shift on that bar or a later one which opens within the shift hours, before any
//!   earlier bar has traded above the high of L. A range traded through on both sides says nothing.
//! * Each range gives one at most. Without a shift nothing is reported.
//!
//! What is found reaches from the manipulation's extreme (the lowest price from the sweep to the shift) to
//! the range's high, the first target. From the bar after the shift on: [`Change::HighBroken`] once a bar
//! trades above the range's high (bearish: [`Change::LowBroken`] below its low), [`Change::Invalidated`] once
//! a bar closes beyond the manipulation's extreme, and [`Change::Closed`] when the next range is born. One
//! bar may bring target and invalidation both.
//!
//! Source: ICT material as in spec/smc.md §6.

use seawall_model::TimeOfDay;

use crate::bar::Direction;
use crate::clock::new_york;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::session::{KillZone, SessionClock, SessionHours};

/// What counts as the shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// A market structure shift (strict ICT).
    Mss,
    /// A change of character; a market structure shift, which comes with one, is not needed.
    Choch,
}

/// Where range and shift come from and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerOfThreeSettings {
    /// The [`Session`](crate::session::Session) that makes the range.
    pub range: Source,
    /// The detector that reports the shift.
    pub structure: Source,
    /// Which of its events are shifts.
    pub shift: Shift,
    /// When the bar opens that first trades beyond the range.
    pub sweep_hours: SessionHours,
    /// When the bar of the shift opens.
    pub shift_hours: SessionHours,
}

impl PowerOfThreeSettings {
    /// The sweep during the London kill zone, the shift from its start to the end of the New York afternoon
    /// (02:00 to 16:00 in New York).
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn london(range: Source, structure: Source, shift: Shift) -> Result<Self, SmcError> {
        let sweep_hours = KillZone::London.hours()?;
        let shift_hours = SessionHours::daily(new_york()?, TimeOfDay::new(2, 0), TimeOfDay::new(16, 0));
        Ok(PowerOfThreeSettings { range, structure, shift, sweep_hours, shift_hours })
    }
}

/// A side of the range that was traded through.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    at: u64,
    in_hours: bool,
    /// Highest price since for the high, lowest for the low.
    extreme: f64,
}

/// The range in force and what became of it.
#[derive(Debug, Clone, Copy)]
struct Range {
    id: Id,
    high: f64,
    low: f64,
    swept_high: Option<Sweep>,
    swept_low: Option<Sweep>,
    /// Whether it gave what it can give.
    used: bool,
}

/// A power of three that is followed.
#[derive(Debug, Clone, Copy)]
struct Live {
    born: Event,
    target_reached: bool,
}

/// Finds powers of three. It is updated after the session and the structure that its settings name.
///
/// [`Kind::PowerOfThree`]: the anchor is the bar of the sweep, the direction that of the shift, the parents
/// are the [`Kind::SessionLevels`] and the shift.
#[derive(Debug, Clone)]
pub struct PowerOfThree {
    range_source: Source,
    structure: Source,
    shift: Shift,
    sweep_clock: SessionClock,
    shift_clock: SessionClock,
    range: Option<Range>,
    live: Option<Live>,
    ids: Ids,
}

impl PowerOfThree {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if hours take place on no day.
    pub fn new(source: Source, settings: PowerOfThreeSettings) -> Result<Self, SmcError> {
        Ok(PowerOfThree {
            range_source: settings.range,
            structure: settings.structure,
            shift: settings.shift,
            sweep_clock: SessionClock::new(settings.sweep_hours)?,
            shift_clock: SessionClock::new(settings.shift_hours)?,
            range: None,
            live: None,
            ids: Ids::new(source),
        })
    }

    /// The one that is followed, as it was born.
    #[must_use]
    pub fn live(&self) -> Option<Event> {
        self.live.map(|live| live.born)
    }

    /// Lets the bar act on the one that is followed.
    fn pass(&mut self, bar: &ClosedBar, events: &mut Events) {
        let Some(Live { born, target_reached }) = &mut self.live else { return };
        let (target, reached, failed) = match born.direction {
            Direction::Bullish => {
                (Change::HighBroken, bar.bar().high > born.top, bar.bar().close < born.bottom)
            }
            Direction::Bearish => {
                (Change::LowBroken, bar.bar().low < born.bottom, bar.bar().close > born.top)
            }
        };
        if reached && !*target_reached {
            *target_reached = true;
            events.push(born.changed(target, bar.index()));
        }
        if failed {
            events.push(born.changed(Change::Invalidated, bar.index()));
            self.live = None;
        }
    }

    /// Takes in what the range session reports.
    fn follow_range(&mut self, event: &Event, bar: &ClosedBar, events: &mut Events) {
        if event.change == Change::Born {
            if let Some(Live { born, .. }) = self.live.take() {
                events.push(born.changed(Change::Closed, bar.index()));
            }
            let (id, high, low) = (event.id, event.top, event.bottom);
            self.range = Some(Range { id, high, low, swept_high: None, swept_low: None, used: false });
            return;
        }
        let in_hours = self.sweep_clock.session(bar.open_time()).is_some();
        let Some(range) = self.range.as_mut().filter(|range| range.id == event.id) else { return };
        let sweep = |extreme| Some(Sweep { at: bar.index(), in_hours, extreme });
        if event.change == Change::HighBroken {
            range.swept_high = sweep(bar.bar().high);
        } else if event.change == Change::LowBroken {
            range.swept_low = sweep(bar.bar().low);
        }
    }

    /// What a shift in `direction` on this bar completes.
    fn complete(&mut self, shift: &Event, bar: &ClosedBar) -> Option<Event> {
        let in_hours = self.shift_clock.session(bar.open_time()).is_some();
        let range = self.range.as_mut().filter(|range| in_hours && !range.used)?;
        let (swept, other) = match shift.direction {
            Direction::Bullish => (range.swept_low?, range.swept_high),
            Direction::Bearish => (range.swept_high?, range.swept_low),
        };
        let other_in_time = other.is_none_or(|other| other.at == bar.index() && swept.at < other.at);
        if !swept.in_hours || !other_in_time {
            return None;
        }
        range.used = true;
        let (top, bottom) = match shift.direction {
            Direction::Bullish => (range.high, swept.extreme),
            Direction::Bearish => (swept.extreme, range.low),
        };
        Some(Event {
            id: self.ids.take(),
            kind: Kind::PowerOfThree,
            change: Change::Born,
            direction: shift.direction,
            anchor: swept.at,
            known_at: bar.index(),
            top,
            bottom,
            parents: [Some(range.id), Some(shift.id)],
        })
    }

    fn is_shift(&self, event: &Event) -> bool {
        let kind = match self.shift {
            Shift::Mss => Kind::Mss,
            Shift::Choch => Kind::Choch,
        };
        event.id.source() == self.structure && event.kind == kind && event.change == Change::Born
    }
}

impl Detector for PowerOfThree {
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let reported = events.len();
        self.pass(bar, events);
        if let Some(range) = &mut self.range {
            if let Some(sweep) = &mut range.swept_high {
                sweep.extreme = sweep.extreme.max(bar.bar().high);
            }
            if let Some(sweep) = &mut range.swept_low {
                sweep.extreme = sweep.extreme.min(bar.bar().low);
            }
        }
        for position in 0..reported {
            let Some(event) = events.get(position) else { break };
            if event.id.source() == self.range_source && event.kind == Kind::SessionLevels {
                self.follow_range(&event, bar, events);
            }
        }
        for position in 0..reported {
            let Some(event) = events.get(position).filter(|event| self.is_shift(event)) else { continue };
            if let Some(born) = self.complete(&event, bar) {
                events.push(born);
                self.live = Some(Live { born, target_reached: false });
            }
        }
    }
}
