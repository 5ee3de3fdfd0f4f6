//! What a chart knows from the clock: levels of periods and sessions, opening prices, opening gaps.

use super::settings::ChartSettings;
use super::sources;
use crate::clock::Period;
use crate::error::SmcError;
use crate::event::{Events, Kind, Source};
use crate::open_price::OpenPrice;
use crate::period_gap::PeriodGaps;
use crate::pool::PoolInput;
use crate::previous::PreviousLevels;
use crate::series::{ClosedBar, Detector};
use crate::session::Session;

/// The detectors of time.
#[derive(Debug, Clone)]
pub(super) struct Hours {
    day: PreviousLevels,
    week: PreviousLevels,
    month: PreviousLevels,
    sessions: Vec<Session>,
    open_prices: Vec<OpenPrice>,
    day_gaps: Option<PeriodGaps>,
    week_gaps: Option<PeriodGaps>,
}

impl Hours {
    pub(super) fn new(settings: &ChartSettings) -> Result<Self, SmcError> {
        check_count("sessions", settings.sessions.len())?;
        check_count("open_prices", settings.open_prices.len())?;
        let day = || settings.day.clone();
        let session = |(position, session): (usize, &super::NamedSession)| {
            Session::new(sources::session(position), session.hours.clone())
        };
        let open = |(position, open): (usize, &crate::open_price::OpenPriceSettings)| {
            OpenPrice::new(sources::open_price(position), open.clone())
        };
        let gaps = |source, gaps: &Option<crate::period_gap::PeriodGapSettings>| {
            gaps.clone().map(|gaps| PeriodGaps::new(source, gaps)).transpose()
        };
        Ok(Hours {
            day: PreviousLevels::new(sources::PREVIOUS_DAY, Period::Day(day())),
            week: PreviousLevels::new(sources::PREVIOUS_WEEK, Period::Week(day())),
            month: PreviousLevels::new(sources::PREVIOUS_MONTH, Period::Month(day())),
            sessions: settings.sessions.iter().enumerate().map(session).collect::<Result<_, _>>()?,
            open_prices: settings.open_prices.iter().enumerate().map(open).collect::<Result<_, _>>()?,
            day_gaps: gaps(sources::DAY_GAPS, &settings.day_gaps)?,
            week_gaps: gaps(sources::WEEK_GAPS, &settings.week_gaps)?,
        })
    }

    /// The levels that are pools.
    pub(super) fn pools(&self) -> impl Iterator<Item = PoolInput> {
        let input = |(source, kind): (Source, Kind)| PoolInput { source, kind };
        let periods = [
            (sources::PREVIOUS_DAY, Kind::PreviousDay),
            (sources::PREVIOUS_WEEK, Kind::PreviousWeek),
            (sources::PREVIOUS_MONTH, Kind::PreviousMonth),
        ];
        let sessions =
            (0..self.sessions.len()).map(|position| (sources::session(position), Kind::SessionLevels));
        periods.into_iter().chain(sessions).map(input)
    }
}

fn check_count(name: &'static str, count: usize) -> Result<(), SmcError> {
    if count <= sources::CLOCKS_MAX {
        return Ok(());
    }
    Err(SmcError::Parameter { name, rule: "must be at most 32" })
}

impl Detector for Hours {
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        self.day.update(bar, events);
        self.week.update(bar, events);
        self.month.update(bar, events);
        for session in &mut self.sessions {
            session.update(bar, events);
        }
        for open_price in &mut self.open_prices {
            open_price.update(bar, events);
        }
        for gaps in self.day_gaps.iter_mut().chain(&mut self.week_gaps) {
            gaps.update(bar, events);
        }
    }
}
