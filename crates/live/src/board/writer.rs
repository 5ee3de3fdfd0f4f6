//! The engine's side of a board: notes what comes in and goes out, and shows it where somebody asks.
//!
//! Invariants: nothing here waits for a lock; what finds one taken is kept and handed over with the next
//! step or turn, in order; per input it costs two looks at the clock and one instant written down.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use seawall_engine::{Effects, Engine};
use seawall_model::{
    Decision, Input, Instrument, InstrumentId, OrderRef, OrderState, OrderUpdate, Severity, Ts,
};

use super::candles::{Candles, Heard, Waiting};
use super::command::Ask;
use super::events::{EVENTS_KEPT, Event, Told};
use super::view::{Surroundings, look};
use super::{About, Board, VIEW_EVERY};
use crate::net::Inbox;
use crate::tally::Tally;

/// Placements whose answer is waited for; further ones are not measured.
const PLACED_MAX: usize = 256;

/// What was seen on the way to and from the engine.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Number of the newest event.
    pub(super) seq: u64,
    /// When the newest market data came in.
    pub(super) market_at: Option<Ts>,
    /// Messages by severity.
    pub(super) alerts: [u64; 3],
    /// Per instrument: when its newest price came in.
    priced: Vec<Option<Ts>>,
    /// Per instrument: its newest decision.
    decisions: Vec<Option<Arc<Decision>>>,
}

impl Seen {
    pub(super) fn priced_at(&self, id: InstrumentId) -> Option<Ts> {
        self.priced.get(id.index()).copied().flatten()
    }

    pub(super) fn decision(&self, id: InstrumentId) -> Option<Arc<Decision>> {
        self.decisions.get(id.index()).cloned().flatten()
    }
}

/// The engine's side of a board.
pub(crate) struct BoardWriter {
    board: Arc<Board>,
    seen: Seen,
    /// Events that found the ring taken.
    waiting: VecDeque<Arc<Event>>,
    /// Candles that found their series taken.
    candles: Waiting,
    placed: Vec<(OrderRef, Ts)>,
    step_began: Instant,
    shown: Option<Instant>,
}

impl BoardWriter {
    /// Writes on `board` what the run is. A second run on one board shows its events and views under the
    /// name of the first.
    pub(crate) fn new(board: Arc<Board>, about: About, bell: Option<Arc<Inbox>>) -> Self {
        let count = about.instruments.len();
        // Set once: a board has one run.
        let _ = board.candles.set(Candles::new(count));
        let _ = board.about.set(about);
        if let Some(bell) = bell {
            let _ = board.bell.set(bell);
        }
        BoardWriter {
            board,
            seen: Seen { priced: vec![None; count], decisions: vec![None; count], ..Seen::default() },
            waiting: VecDeque::new(),
            candles: Waiting::default(),
            placed: Vec::new(),
            step_began: Instant::now(),
            shown: None,
        }
    }

    /// The engine is about to see an input.
    pub(crate) fn heard(&mut self, at: Ts, input: &Input) {
        let priced = match input {
            Input::Candle { instrument, .. }
            | Input::Quote { instrument, .. }
            | Input::Mark { instrument, .. }
            | Input::Book { instrument, .. } => Some(*instrument),
            Input::Started
            | Input::Venue(_)
            | Input::Submission { .. }
            | Input::Operator(_)
            | Input::Wakeup
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_) => None,
        };
        if let Some(id) = priced {
            self.seen.market_at = Some(at);
            if let Some(slot) = self.seen.priced.get_mut(id.index()) {
                *slot = Some(at);
            }
        }
        if let (Some(heard), Some(candles)) = (Heard::of(input), self.board.candles.get()) {
            self.candles.put(candles, heard);
        }
        self.step_began = Instant::now();
    }

    /// The engine has seen it.
    pub(crate) fn stepped(&self) {
        self.board.steps.note(self.step_began.elapsed());
    }

    /// What came of it.
    pub(crate) fn step(&mut self, at: Ts, effects: &Effects) {
        for decision in effects.decisions() {
            let decision = Arc::new(decision.clone());
            if let Some(slot) = self.seen.decisions.get_mut(decision.instrument.index()) {
                *slot = Some(decision.clone());
            }
            self.tell(at, Told::Decision(decision));
        }
        if !effects.is_quiet() {
            for update in &effects.orders {
                self.measure(update);
                self.tell(at, Told::Order(*update));
            }
            effects.fills.iter().for_each(|fill| self.tell(at, Told::Fill(*fill)));
            effects.trades.iter().for_each(|trade| self.tell(at, Told::Trade(trade.clone())));
            for alert in &effects.alerts {
                let place = match alert.severity {
                    Severity::Info => 0,
                    Severity::Warning => 1,
                    Severity::Critical => 2,
                };
                if let Some(count) = self.seen.alerts.get_mut(place) {
                    *count += 1;
                }
                self.tell(at, Told::Alert(alert.clone()));
            }
        }
        if !self.waiting.is_empty() {
            self.hand_over();
        }
    }

    /// How long the venue takes to say the first word about a placement, on the run's clock.
    fn measure(&mut self, update: &OrderUpdate) {
        let answered = match update.state {
            OrderState::InFlight => {
                if self.placed.len() < PLACED_MAX {
                    self.placed.push((update.order, update.at));
                }
                return;
            }
            OrderState::Open
            | OrderState::Triggered
            | OrderState::Filled
            | OrderState::Cancelled
            | OrderState::Rejected
            | OrderState::Expired => true,
            OrderState::Intended | OrderState::Unknown | OrderState::NotSent => false,
        };
        let Some(place) = self.placed.iter().position(|(order, _)| *order == update.order) else { return };
        let (_, sent) = self.placed.swap_remove(place);
        if answered {
            let nanos = u64::try_from(update.at.since(sent).nanos()).unwrap_or(0);
            self.board.acknowledgements.note(Duration::from_nanos(nanos));
        }
    }

    fn tell(&mut self, at: Ts, told: Told) {
        self.seen.seq += 1;
        if self.waiting.len() >= EVENTS_KEPT {
            // They would not be kept either: who asks for them is told that they are gone.
            self.waiting.pop_front();
        }
        self.waiting.push_back(Arc::new(Event { seq: self.seen.seq, at, told }));
    }

    /// Hands over the events that wait, unless somebody reads the ring just now.
    fn hand_over(&mut self) {
        let Ok(mut ring) = self.board.ring.try_lock() else { return };
        self.waiting.drain(..).for_each(|event| ring.push(event));
        drop(ring);
        self.board.told.notify_waiters();
    }

    /// Shows the engine where somebody has asked, and not too often.
    pub(crate) fn show(
        &mut self,
        at: Ts,
        engine: &Engine,
        (tally, rows_dropped): (&Tally, u64),
        surroundings: impl FnOnce() -> Surroundings,
    ) {
        if !self.waiting.is_empty() {
            self.hand_over();
        }
        let due = self.shown.is_none()
            || self.board.asked.load(Ordering::Acquire)
                && self.shown.is_some_and(|shown| shown.elapsed() >= VIEW_EVERY);
        if !due {
            return;
        }
        let Ok(mut slot) = self.board.view.try_lock() else { return };
        self.board.asked.store(false, Ordering::Release);
        self.shown = Some(Instant::now());
        *slot = Some(Arc::new(look(at, engine, (tally, rows_dropped), &self.seen, surroundings())));
        drop(slot);
        self.board.shown.notify_waiters();
    }

    /// The commands that were given since the last look.
    pub(crate) fn take_commands(&self) -> Vec<Ask> {
        self.board.take_commands()
    }

    /// A command was given.
    pub(crate) fn commanded(&mut self, at: Ts, ask: &Ask) {
        let note = ask.note();
        self.tell(at, Told::Command { who: note.who, command: note.command, why: note.why });
        self.hand_over();
    }
}

impl Drop for BoardWriter {
    fn drop(&mut self) {
        self.board.end();
    }
}

/// The instruments of an engine, for [`About`].
pub(crate) fn table(engine: &Engine) -> Vec<Instrument> {
    engine.instruments().cloned().collect()
}
