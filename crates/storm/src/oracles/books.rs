//! O3 and O4 within a life of the process: an execution that is delivered counts at once and once, and a
//! position that is taken over from a picture is the one that the venue had when the picture was taken.
//!
//! What was delivered to an earlier life may have been lost with it, so nothing is concluded about
//! executions of before the start. One that a picture contained when the position was taken over from it
//! does not count a second time. Of more executions than the engine remembers one that is new may be left
//! to the position, if that is asked for at once.

use std::collections::BTreeSet;

use seawall_engine::limits::VENUE_IDS_REMEMBERED;
use seawall_model::{
    Coverage, Fill, Input, InstrumentId, Report, Ts, VenueEvent, VenueId, VenuePosition, VenueRequest,
};

use super::{Finding, Oracle, Step, ensure};

/// What a life of the process has been told.
#[derive(Debug)]
pub(crate) struct Books {
    delivered: BTreeSet<(InstrumentId, VenueId)>,
    /// By the venue's clock: when the life began.
    since: Ts,
    /// By the venue's clock, for each instrument: the picture that its position was last taken over from.
    pictured: Vec<Ts>,
    /// The newest execution that was counted.
    newest: Vec<Ts>,
    /// Instruments of which an execution was left to the position, until the next complete picture.
    left: BTreeSet<InstrumentId>,
}

impl Books {
    pub(crate) fn new(instruments: usize, since: Ts) -> Self {
        let never = vec![Ts::from_nanos(i64::MIN); instruments];
        Books {
            delivered: BTreeSet::new(),
            since,
            pictured: never.clone(),
            newest: never,
            left: BTreeSet::new(),
        }
    }

    pub(crate) fn check(&mut self, step: &Step<'_>) -> Finding {
        match step.input {
            Input::Venue(VenueEvent::Filled(fill)) => self.count(step, fill),
            Input::Venue(VenueEvent::Positions(report)) => self.take_over(step, report),
            Input::Venue(_)
            | Input::Started
            | Input::Candle { .. }
            | Input::Quote { .. }
            | Input::Mark { .. }
            | Input::Submission { .. }
            | Input::Operator(_)
            | Input::Wakeup
            | Input::Book { .. }
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_) => Ok(()),
        }
    }

    fn count(&mut self, step: &Step<'_>, fill: &Fill) -> Finding {
        let id = fill.instrument;
        let is_new = self.delivered.insert((id, fill.fill_id));
        let times = step.effects.fills.iter().filter(|counted| counted.fill_id == fill.fill_id).count();
        ensure(Oracle::Conservation, times <= usize::from(is_new), || {
            format!("{fill:?} counts {times} times, delivered before: {}", !is_new)
        })?;
        let pictured = self.pictured.get(id.index()).copied().unwrap_or(self.since);
        let counts = is_new && fill.venue_time > pictured.max(self.since);
        if counts && times == 0 && self.told_of(id) > VENUE_IDS_REMEMBERED {
            let asks = step.effects.requests.contains(&VenueRequest::QueryPositions);
            let is_left = asks && self.left.insert(id) || self.left.contains(&id);
            return ensure(Oracle::Conservation, is_left, || {
                format!("{fill:?} is neither counted nor asked")
            });
        }
        ensure(Oracle::Conservation, !counts || times == 1, || format!("{fill:?} does not count"))?;
        if let Some(newest) = self.newest.get_mut(id.index()).filter(|_| times > 0) {
            *newest = fill.venue_time.max(*newest);
        }
        Ok(())
    }

    fn told_of(&self, instrument: InstrumentId) -> usize {
        self.delivered.iter().filter(|(of, _)| *of == instrument).count()
    }

    fn take_over(&mut self, step: &Step<'_>, report: &Report<VenuePosition>) -> Finding {
        if report.coverage == Coverage::Complete {
            self.left.clear();
        }
        for fill in &step.effects.fills {
            let id = fill.instrument;
            ensure(Oracle::Invention, report.coverage == Coverage::Complete, || {
                format!("{fill:?} is taken over from a report that is not complete")
            })?;
            let newest = self.newest.get(id.index()).copied().unwrap_or(self.since);
            ensure(Oracle::Invention, report.taken_at >= newest, || {
                format!("{fill:?} is taken over from a picture of {}, older than {newest}", report.taken_at)
            })?;
            let books = step.engine.position(id).map(|position| position.qty).unwrap_or_default();
            let taken_at = report.taken_at.minus(step.venue.skew);
            ensure(Oracle::Invention, step.truth.was_held(id, taken_at, books), || {
                format!("{books:?} of {id:?} taken over, which the venue did not hold at {taken_at}")
            })?;
            if let Some(pictured) = self.pictured.get_mut(id.index()) {
                *pictured = report.taken_at;
            }
        }
        Ok(())
    }
}
