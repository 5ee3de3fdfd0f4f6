//! Which entries are made: those of one instant are judged together, and compete for places and margin.
//!
//! A strategy's plan is not judged in the step of its candle: whoever came first would take the last room
//! under a cap, and the order in which the candles of one instant come in means nothing. It becomes a
//! [`Candidate`] and waits for the end of the instant, which is the first step of a later one or a wake-up
//! right after it. Then a cycle is held: all candidates are judged, the most valuable first, equal ones by
//! the name of their instrument, each on the account as the ones before it have left it.
//!
//! `select` has the rules of one cycle, `survey` what they are about, `cycle` holds it, `judge` asks risk and
//! places, `boost` enlarges, [`settings`] and `check` say what is allowed. An entry that takes the place of a
//! position waits until that is closed for certain and is then judged again on the account as it is.
//!
//! Invariants: a candidate is judged once and leaves one decision record, or an alert where it had won its
//! place before; exits do not wait; what is decided does not depend on the order of inputs of one instant; in
//! `shadow` nothing but readings is different from `off`.

pub(crate) mod boost;
pub mod settings;

mod check;
mod cycle;
mod judge;
mod select;
mod survey;

use seawall_model::{Decision, ExitReason, InstrumentId, InstrumentName, PriceUnits, Span, StateSink, Ts};
use seawall_strategy::EntryPlan;

use crate::risk::Turn;
use settings::AuctionTuning;

/// The end of an instant: one nanosecond later.
const AFTER: Span = Span::from_nanos(1);

/// Why a candidate is given up before it is judged; the number is what `Gate::Candidate` measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// Its candle is over a candle ago.
    Stale = 1,
    /// The strategy asks for an exit.
    Exit = 2,
    /// The operator closes the instrument.
    Command = 3,
    /// The process was restarted: nothing is known of the venue.
    Restart = 4,
}

/// An entry that waits for the end of its instant.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) instrument: InstrumentId,
    pub(crate) plan: EntryPlan,
    pub(crate) turn: Turn,
    /// When its candle was decided on, and the price then.
    pub(crate) decided_at: Ts,
    pub(crate) decision_price: PriceUnits,
    /// Since when it waits: later than the decision where an opposite position had to be closed first.
    pub(crate) since: Ts,
    /// When it is too old.
    pub(crate) until: Ts,
    /// The record of its candle; the second half of a reversal has none any more.
    pub(crate) record: Option<Decision>,
}

impl Candidate {
    fn score(&self) -> f64 {
        self.plan.score.unwrap_or(0.0)
    }
}

/// An entry that waits for a position of another instrument to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    closing: InstrumentId,
    opening: InstrumentId,
}

/// What the auction remembers.
#[derive(Debug)]
pub(crate) struct Auction {
    /// The candidates of the instant.
    candidates: Vec<Candidate>,
    due_at: Option<Ts>,
    /// The next cycle by the clock.
    pub(crate) cycle_at: Ts,
    /// What guards on top have changed in the newest cycle.
    pub(crate) tuning: AuctionTuning,
    waiting: Vec<Waiting>,
    /// For each instrument the first one of the same canonical name.
    canonical: Vec<usize>,
}

impl Auction {
    /// For instruments of these names, in order of their ids.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a InstrumentName>) -> Self {
        let names: Vec<_> = names.map(InstrumentName::canonical).collect();
        let first = |name| names.iter().position(|other| other == name).unwrap_or_default();
        Auction {
            candidates: Vec::new(),
            due_at: None,
            cycle_at: Ts::FAR_FUTURE,
            tuning: AuctionTuning::NEUTRAL,
            waiting: Vec::new(),
            canonical: names.iter().map(first).collect(),
        }
    }

    /// The first step at or after this holds a cycle. Candidates that are still being collected are waited
    /// for.
    #[inline]
    pub(crate) fn due_at(&self) -> Ts {
        self.due_at.unwrap_or(self.cycle_at)
    }

    /// Takes in a candidate; the first one says when all are judged.
    fn add(&mut self, candidate: Candidate, collect: Span) {
        let due_at = candidate.since.plus(collect.max(AFTER));
        self.due_at.get_or_insert(due_at);
        self.candidates.push(candidate);
    }

    pub(crate) fn waits_for(&self, id: InstrumentId) -> bool {
        self.candidates.iter().any(|candidate| candidate.instrument == id)
    }

    /// Notes an exit on the record of the candle of `at`, if it waits here; says whether it does.
    fn note_exit(&mut self, at: Ts, id: InstrumentId, reason: ExitReason) -> bool {
        let of_candle =
            |one: &&mut Candidate| one.instrument == id && one.decided_at == at && one.record.is_some();
        let record = self.candidates.iter_mut().find(of_candle).and_then(|one| one.record.as_mut());
        record.map(|record| record.exit.get_or_insert(reason)).is_some()
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.due_at().nanos());
        sink.signed(self.cycle_at.nanos());
        let AuctionTuning { swap_delta, hold_factor, opens_delta, persistence_delta } = self.tuning;
        sink.float(swap_delta);
        sink.float(hold_factor);
        sink.signed(i64::from(opens_delta));
        sink.signed(i64::from(persistence_delta));
        for one in &self.waiting {
            sink.number(u64::from(one.closing.0));
            sink.number(u64::from(one.opening.0));
        }
        sink.number(self.candidates.len() as u64);
        for one in &self.candidates {
            sink.number(u64::from(one.instrument.0));
            sink.number(one.turn as u64);
            for time in [one.decided_at, one.since, one.until] {
                sink.signed(time.nanos());
            }
            sink.signed(one.decision_price.get());
            sink.float(one.score());
        }
    }
}
