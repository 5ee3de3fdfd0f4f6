//! Every instrument can say why: the first record of each at the start, and a schedule that finds those whose
//! newest record went stale.
//!
//! Invariants: an instrument has a record from the start on, before its first candle; one that decides no
//! more is told once, with an alert and a record, and again only after it has decided in between. All of it
//! happens at starts and on wake-ups; a candle pays for the record that it makes and for nothing else.

use seawall_model::{AlertKind, Gate, Outcome, Severity, StateSink, Ts};

use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::gateway::alert;

const NANOS_PER_MINUTE: f64 = 60e9;

/// What is known of an instrument's newest record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Newest {
    /// When it was made; records about missing ones do not count.
    at: Option<Ts>,
    /// Whether its age has been told.
    told: bool,
}

impl Newest {
    pub(crate) const NONE: Newest = Newest { at: None, told: false };

    pub(crate) fn digest(self, sink: &mut dyn StateSink) {
        sink.signed(self.at.map_or(i64::MIN, Ts::nanos));
        sink.number(u64::from(self.told));
    }
}

/// Something that the engine does by the clock, whatever comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Job {
    /// Looking for instruments whose records went stale, every `decisions.stale_check_minutes`.
    StaleRecords,
}

impl Job {
    /// Every job.
    pub const ALL: [Job; 1] = [Job::StaleRecords];
}

impl Engine {
    /// When a job is due next; `None` before the start.
    #[must_use]
    pub fn scheduled(&self, job: Job) -> Option<Ts> {
        let at = match job {
            Job::StaleRecords => self.shared.stale_check_at,
        };
        (at < Ts::FAR_FUTURE).then_some(at)
    }

    /// The start: a record for each instrument that has none, and the schedule.
    pub(crate) fn begin_records(&mut self, at: Ts, effects: &mut Effects) {
        for desk in self.desks.iter().filter(|desk| desk.newest.at.is_none()) {
            let draft = effects.draft(desk.instrument.id(), at, desk.last);
            draft.ask(Gate::StartUp, false, 0.0, 1.0);
            effects.keep_draft();
        }
        self.shared.stale_check_at = at.plus(self.shared.decisions.stale_check());
    }

    /// The decisions of the step are on record: refused plans are followed from here on.
    #[inline]
    pub(crate) fn note_records(&mut self, effects: &mut Effects) {
        for decision in effects.new_decisions() {
            let Some(desk) = self.desks.get_mut(decision.instrument.index()) else { continue };
            if decision.outcome == Outcome::Refused(Gate::Stale) {
                continue;
            }
            desk.newest = Newest { at: Some(decision.at), told: false };
            if decision.planned.is_some() {
                desk.shadows.see(&self.shared.decisions, decision);
            }
        }
    }

    /// Looks for instruments whose newest record is too old, when that is due.
    pub(crate) fn check_records(&mut self, at: Ts, effects: &mut Effects) {
        if at < self.shared.stale_check_at {
            return;
        }
        self.shared.stale_check_at = at.plus(self.shared.decisions.stale_check());
        let Engine { desks, shared, .. } = self;
        for desk in desks.iter_mut().filter(|desk| !desk.newest.told) {
            let Some(newest) = desk.newest.at else { continue };
            let (age, most) = (at.since(newest), shared.decisions.stale_after(desk.strategy.decides_every()));
            if age <= most {
                continue;
            }
            desk.newest.told = true;
            let minutes = age.nanos() as f64 / NANOS_PER_MINUTE;
            let detail = format!("the newest is of {newest}, {minutes:.0} min ago; {}", candles(desk));
            alert(effects, at, Severity::Warning, AlertKind::RecordStale, Some(desk.instrument.id()), detail);
            let draft = effects.draft(desk.instrument.id(), at, desk.last);
            draft.ask(Gate::Stale, false, minutes, most.nanos() as f64 / NANOS_PER_MINUTE);
            effects.keep_draft();
        }
    }
}

/// What is known about the candles of an instrument without decisions.
fn candles(desk: &Desk) -> String {
    if let Some(signal) = &desk.signal {
        let name = signal.instrument.name();
        return format!("its signal {name} has had candles until {}", signal.seen_until);
    }
    if desk.last.is_zero() {
        return "no candle has come".to_owned();
    }
    format!("the newest candle ended at {}", desk.seen_until)
}
