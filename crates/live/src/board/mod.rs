//! What a running engine shows to readers in the same process, and the way of commands to it.
//!
//! The engine's thread owns a [`BoardWriter`]; everybody else has the [`Board`]: the newest [`View`], the
//! [`Event`]s by number, the newest candles, durations, and a short queue of commands.
//!
//! Invariants:
//! - the engine's thread never waits: where somebody holds a lock just now, it tries again at its next turn;
//! - a view is made only when somebody has asked since the last one, and not more often than every
//!   [`VIEW_EVERY`]; a view is complete in itself and never changes;
//! - events are numbered from 1 without a gap; who asks for one that is no longer kept is told so;
//! - a command is written into the journal with who and why before the engine is told.

mod candles;
mod command;
mod drill;
mod durations;
mod events;
mod view;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use seawall_model::{Instrument, InstrumentId};
use tokio::sync::{Notify, oneshot};

pub use self::candles::Series;
pub use self::command::{Answer, COMMANDS_MAX, Direction, Done, Order, Refusal};
pub(crate) use self::command::{Ask, obey};
pub use self::drill::{Drill, Drills};
pub use self::durations::{BOUNDS_S, Durations, Reading};
pub use self::events::{EVENTS_KEPT, Event, Missed, Told};
pub use self::view::{
    BlockView, BudgetView, FeedsView, InstrumentView, LockView, QueueView, Surroundings, TradeView, View,
};
pub(crate) use self::writer::{BoardWriter, table};

use self::candles::Candles;
use self::events::Ring;
use crate::net::Inbox;

/// Time between two views.
pub const VIEW_EVERY: Duration = Duration::from_millis(100);

/// What a board shows, from the moment on that a run is ready to begin.
#[derive(Debug, Clone)]
pub struct About {
    /// `paper`, `live` or `demo`.
    pub mode: &'static str,
    /// The folder with journal and database.
    pub folder: PathBuf,
    /// The run's number, as in client order ids.
    pub run: u32,
    /// The instruments in order of their ids, for their names and scales.
    pub instruments: Vec<Instrument>,
}

/// What readers have of a run.
#[derive(Debug)]
pub struct Board {
    about: OnceLock<About>,
    candles: OnceLock<Candles>,
    view: Mutex<Option<Arc<View>>>,
    asked: AtomicBool,
    shown: Notify,
    ring: Mutex<Ring>,
    told: Notify,
    commands: Mutex<Vec<Ask>>,
    has_commands: AtomicBool,
    ended: AtomicBool,
    bell: OnceLock<Arc<Inbox>>,
    steps: Durations,
    acknowledgements: Durations,
    started: Instant,
}

impl Default for Board {
    fn default() -> Self {
        Board {
            about: OnceLock::new(),
            candles: OnceLock::new(),
            view: Mutex::new(None),
            asked: AtomicBool::new(false),
            shown: Notify::new(),
            ring: Mutex::new(Ring::default()),
            told: Notify::new(),
            commands: Mutex::new(Vec::new()),
            has_commands: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            bell: OnceLock::new(),
            steps: Durations::default(),
            acknowledgements: Durations::default(),
            started: Instant::now(),
        }
    }
}

impl Board {
    /// A board that nothing has been written on.
    #[must_use]
    pub fn new() -> Self {
        Board::default()
    }

    /// What the run is; nothing before it is ready to begin.
    pub fn about(&self) -> Option<&About> {
        self.about.get()
    }

    /// The newest closed candles of an instrument; nothing before the first.
    pub fn candles(&self, id: InstrumentId) -> Option<Series> {
        self.candles.get()?.of(id)
    }

    /// Since when the board is there, which is as long as the process wants a run.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The newest view, however old; the next one is asked for.
    pub fn view(&self) -> Option<Arc<View>> {
        self.asked.store(true, Ordering::Release);
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A view that is not older than `age`. Where the engine gives none within `patience`, the newest there
    /// is: its own age says so.
    pub async fn fresh_view(&self, age: Duration, patience: Duration) -> Option<Arc<View>> {
        let shown = self.shown.notified();
        tokio::pin!(shown);
        // Registered before the look, so that nothing is missed between both.
        shown.as_mut().enable();
        let view = self.view();
        if view.as_ref().is_some_and(|view| view.made.elapsed() <= age) {
            return view;
        }
        self.ring_bell();
        // A view that does not come in time is no error here: the old one is shown.
        let _ = tokio::time::timeout(patience, shown).await;
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of the newest event; zero before the first.
    pub fn last_event(&self) -> u64 {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).last()
    }

    /// The events after number `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`Missed`] where some of them are no longer kept, or none has that number yet.
    pub fn events_after(&self, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, Missed> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).after(after, limit)
    }

    /// Ends when there is an event after number `after`.
    pub async fn told_after(&self, after: u64) {
        loop {
            let told = self.told.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if self.last_event() > after {
                return;
            }
            told.await;
        }
    }

    /// How long the engine's steps have taken.
    pub fn steps(&self) -> &Durations {
        &self.steps
    }

    /// How long the venue has taken to answer placements, from leaving to the first word about them.
    pub fn acknowledgements(&self) -> &Durations {
        &self.acknowledgements
    }

    /// Gives a command to the engine and waits for what becomes of it.
    ///
    /// # Errors
    /// [`Refusal`]: nothing was done.
    pub async fn command(&self, order: Order, confirmed: bool, who: String, why: String) -> Answer {
        self.ask(|answer| Ask { order, confirmed, weighed: false, who, why, answer }).await
    }

    /// Whether a command would be carried out as things stand; nothing is done.
    ///
    /// # Errors
    /// [`Refusal`]: why not.
    pub async fn weigh(&self, order: Order) -> Answer {
        let nobody = String::new;
        self.ask(|answer| Ask {
            order,
            confirmed: false,
            weighed: true,
            who: nobody(),
            why: nobody(),
            answer,
        })
        .await
    }

    async fn ask(&self, ask: impl FnOnce(oneshot::Sender<Answer>) -> Ask) -> Answer {
        let (answer, answered) = oneshot::channel();
        {
            let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
            // Looked at under the lock: who ends takes what waits under it as well.
            if self.about().is_none() || self.ended.load(Ordering::Acquire) {
                return Err(Refusal::Ended);
            }
            if commands.len() >= COMMANDS_MAX {
                return Err(Refusal::Busy);
            }
            commands.push(ask(answer));
            self.has_commands.store(true, Ordering::Release);
        }
        self.ring_bell();
        answered.await.unwrap_or(Err(Refusal::Ended))
    }

    /// Wakes the engine's thread where it waits for its inbox.
    fn ring_bell(&self) {
        if let Some(inbox) = self.bell.get() {
            inbox.wake();
        }
    }

    /// What was commanded since the last look.
    fn take_commands(&self) -> Vec<Ask> {
        if !self.has_commands.load(Ordering::Acquire) {
            return Vec::new();
        }
        let Ok(mut commands) = self.commands.try_lock() else { return Vec::new() };
        self.has_commands.store(false, Ordering::Release);
        std::mem::take(&mut *commands)
    }

    /// Whoever waits for an answer is told that there will be none.
    fn end(&self) {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended.store(true, Ordering::Release);
        commands.clear();
        drop(commands);
        self.told.notify_waiters();
    }
}
