//! Opening gaps of the day and of the week (NDOG, NWOG): from the last price of one to the first of the next.
//!
//! The day has hours, such as 18:00 to 17:00 in New York; bars outside them are passed over. The gap lies
//! between the close of the last bar before and the open of the first bar of the new day or week; equal
//! prices leave none. In a market that never rests, where a day ends when the next one starts, it is what
//! lies between two bars. The first day of a week has a gap of the week, not of the day.
//!
//! A gap upwards is bullish. It is known at the close of the first bar and lives on from the next one as a
//! fair value gap does: touched, midpoint, filled, closed through. Source: ICT material as in spec/smc.md §6.

use seawall_model::{LocalDate, TimeOfDay};

use crate::bar::Direction;
use crate::clock::new_york;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};
use crate::session::{SessionClock, SessionHours};
use crate::zones::{ZoneLimits, Zones};

/// How many gaps are followed unless told otherwise: the last five (ICT material, spec/smc.md §6).
pub const GAPS_KEPT: usize = 5;

/// What a gap lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapPeriod {
    /// Two days of a week: [`Kind::NewDayOpeningGap`].
    Day,
    /// Two weeks: [`Kind::NewWeekOpeningGap`].
    Week,
}

/// Which gaps are found and how many are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodGapSettings {
    /// Days or weeks.
    pub period: GapPeriod,
    /// The hours of a trading day. One that starts at noon or later is named after the date on which it ends;
    /// weeks are of the days named Monday to Sunday.
    pub hours: SessionHours,
    /// How many gaps are followed and for how long.
    pub limits: ZoneLimits,
}

impl PeriodGapSettings {
    /// Days from 18:00 to 17:00 in New York, the last [`GAPS_KEPT`] gaps.
    ///
    /// # Errors
    /// As [`new_york`].
    pub fn cme(period: GapPeriod) -> Result<Self, SmcError> {
        let hours = SessionHours::daily(new_york()?, TimeOfDay::new(18, 0), TimeOfDay::new(17, 0));
        Ok(PeriodGapSettings { period, hours, limits: ZoneLimits { live: GAPS_KEPT, age_bars_max: None } })
    }
}

/// The last price and the day on which it was paid.
#[derive(Debug, Clone, Copy)]
struct Last {
    day: LocalDate,
    close: f64,
}

/// Finds the gaps between days or weeks and follows them. The anchor is the first bar after the gap.
#[derive(Debug, Clone)]
pub struct PeriodGaps {
    period: GapPeriod,
    /// How many dates after its start a day has its name.
    name_after: i32,
    clock: SessionClock,
    last: Option<Last>,
    zones: Zones,
    ids: Ids,
}

impl PeriodGaps {
    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if there is a trading day on no day of the week or a limit is out of range.
    pub fn new(source: Source, settings: PeriodGapSettings) -> Result<Self, SmcError> {
        let PeriodGapSettings { period, hours, limits } = settings;
        Ok(PeriodGaps {
            period,
            name_after: i32::from(hours.start >= TimeOfDay::new(12, 0)),
            clock: SessionClock::new(hours)?,
            last: None,
            zones: Zones::new(limits)?,
            ids: Ids::new(source),
        })
    }

    /// The live gaps as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    /// The gap from `last` to the first bar of `day`, if that is one of the period's.
    fn gap(&mut self, last: Last, day: LocalDate, bar: &ClosedBar) -> Option<Event> {
        let new_week = day.monday() != last.day.monday();
        let kind = match (self.period, new_week) {
            (GapPeriod::Day, false) => Kind::NewDayOpeningGap,
            (GapPeriod::Week, true) => Kind::NewWeekOpeningGap,
            (GapPeriod::Day, true) | (GapPeriod::Week, false) => return None,
        };
        let open = bar.bar().open;
        let direction = if open > last.close {
            Direction::Bullish
        } else if open < last.close {
            Direction::Bearish
        } else {
            return None;
        };
        Some(Event {
            id: self.ids.take(),
            kind,
            change: Change::Born,
            direction,
            anchor: bar.index(),
            known_at: bar.index(),
            top: open.max(last.close),
            bottom: open.min(last.close),
            parents: [None; 2],
        })
    }
}

impl Detector for PeriodGaps {
    /// First the bar acts on the live gaps, then it may bear a new one.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        self.zones.pass(bar, events);
        let Some(date) = self.clock.session(bar.open_time()) else { return };
        let day = date.plus_days(self.name_after);
        let before = self.last.replace(Last { day, close: bar.bar().close });
        if let Some(last) = before.filter(|last| last.day != day)
            && let Some(gap) = self.gap(last, day, bar)
        {
            self.zones.push(gap, events);
        }
    }
}
