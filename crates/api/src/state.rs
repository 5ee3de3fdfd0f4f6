//! What every handler has.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use axum::http::StatusCode;
use seawall_config::{ApiSettings, Config, Explained};
use seawall_live::Board;
use seawall_live::board::{About, Drill, Drills, Durations, View};
use serde_json::Value;

use crate::access::{Access, random_word};
use crate::backtests::Backtests;
use crate::books::Books;
use crate::confirmations::Confirmations;
use crate::error::ApiError;
use crate::fault::Fault;
use crate::logs::LogBook;
use crate::names::Names;
use crate::routes::signals::{Signals, wall};
use crate::study::Studies;
use crate::tallies::Tallies;

/// A view that is older is asked for anew.
const VIEW_AGE: Duration = Duration::from_millis(500);
/// How long a request waits for a new one.
const VIEW_PATIENCE: Duration = Duration::from_millis(400);

/// A message about what has changed: from which state, to which.
type Delta = (Arc<Value>, Arc<Value>, Option<Utf8Bytes>);

/// What every handler has; a clone is another handle to the same.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

pub(crate) struct Inner {
    pub(crate) settings: ApiSettings,
    pub(crate) config: Config,
    pub(crate) explained: Vec<Explained>,
    pub(crate) board: Arc<Board>,
    pub(crate) access: Access,
    pub(crate) books: Books,
    pub(crate) confirmations: Confirmations,
    pub(crate) names: Names,
    pub(crate) studies: Studies,
    pub(crate) tallies: Tallies,
    pub(crate) signals: Signals,
    pub(crate) backtests: Backtests,
    /// The newest lines of the program's log.
    pub(crate) logs: Arc<LogBook>,
    /// What can be made to go wrong, in a demo.
    pub(crate) drills: Option<Arc<dyn Drills>>,
    /// What goes wrong just now, and until when.
    drill: Mutex<Option<(Drill, Instant)>>,
    pub(crate) data_dir: PathBuf,
    pub(crate) tls: bool,
    /// Names the stream of this process.
    pub(crate) stream_id: String,
    /// The run as the streams have it, for the view that it was made of: made once for all of them.
    state: Mutex<Option<(Instant, Arc<Value>)>>,
    /// The newest message about what has changed, from which state to which; none where nothing has.
    delta: Mutex<Option<Delta>>,
    /// How long requests have taken.
    pub(crate) requests: Durations,
    /// Answers by the first digit of their status, from 1.
    answers: [AtomicU64; 5],
    /// Streams that are open.
    pub(crate) streams: AtomicUsize,
    /// Streams that were cut because they did not read.
    pub(crate) streams_cut: AtomicU64,
}

/// What an [`App`] is made of.
pub(crate) struct Parts {
    pub(crate) settings: ApiSettings,
    pub(crate) config: Config,
    pub(crate) explained: Vec<Explained>,
    pub(crate) board: Arc<Board>,
    pub(crate) access: Access,
    pub(crate) books: Books,
    pub(crate) names: Names,
    pub(crate) drills: Option<Arc<dyn Drills>>,
    pub(crate) logs: Arc<LogBook>,
    pub(crate) program: Option<PathBuf>,
    pub(crate) data_dir: PathBuf,
    pub(crate) tls: bool,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Result<Self, ApiError> {
        let Parts { settings, config, explained, board, access, books, names, drills, logs, .. } = parts;
        let (program, data_dir, tls) = (parts.program, parts.data_dir, parts.tls);
        let within = Duration::from_secs(u64::from(settings.confirm_within_s));
        Ok(App(Arc::new(Inner {
            settings,
            config,
            explained,
            board,
            access,
            books,
            confirmations: Confirmations::new(within),
            names,
            studies: Studies::default(),
            tallies: Tallies::default(),
            signals: Signals::new(wall()),
            backtests: Backtests::new(program, &data_dir),
            logs,
            drills,
            drill: Mutex::new(None),
            data_dir,
            tls,
            stream_id: random_word()?,
            state: Mutex::new(None),
            delta: Mutex::new(None),
            requests: Durations::default(),
            answers: Default::default(),
            streams: AtomicUsize::new(0),
            streams_cut: AtomicU64::new(0),
        })))
    }

    /// Where the archive of candles is.
    pub(crate) fn archive(&self) -> PathBuf {
        let folder = PathBuf::from(&self.config.data.dir).join("archive");
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// What the run is and how it stands now.
    pub(crate) async fn now(&self) -> Result<(&About, Arc<View>), Fault> {
        let view = self.board.fresh_view(VIEW_AGE, VIEW_PATIENCE).await;
        self.board.about().zip(view).ok_or_else(Fault::starting)
    }

    /// What the run is and a view that is made from now on: for commands, and for those who look after one.
    pub(crate) async fn fresh(&self) -> Result<(&About, Arc<View>), Fault> {
        let view = self.board.fresh_view(Duration::ZERO, VIEW_PATIENCE).await;
        self.board.about().zip(view).ok_or_else(Fault::starting)
    }

    /// What the run is.
    pub(crate) fn about(&self) -> Result<&About, Fault> {
        self.board.about().ok_or_else(Fault::starting)
    }

    /// The run as the streams have it: made by the first that asks for a view.
    pub(crate) fn state_value(&self, view: &View, make: impl FnOnce() -> Value) -> Arc<Value> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            Some((made, value)) if *made == view.made => value.clone(),
            Some(_) | None => {
                let value = Arc::new(make());
                *state = Some((view.made, value.clone()));
                value
            }
        }
    }

    /// The drill that goes on at `now`, and for how much longer.
    pub(crate) fn drill_running(&self, now: Instant) -> Option<(Drill, Duration)> {
        let drill = *self.drill.lock().unwrap_or_else(PoisonError::into_inner);
        let (drill, until) = drill?;
        Some((drill, until.checked_duration_since(now)?)).filter(|(_, left)| !left.is_zero())
    }

    /// Takes the place of the one drill at a time; false where another one goes on.
    pub(crate) fn take_drill(&self, drill: Drill, lasts: Duration, now: Instant) -> bool {
        let mut place = self.drill.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = place.is_none_or(|(_, until)| until <= now);
        if is_free {
            *place = Some((drill, now + lasts));
        }
        is_free
    }

    /// Gives the place back.
    pub(crate) fn end_drill(&self) {
        *self.drill.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What is told to a client that was shown `from` and is to see `to`: made by the first that asks.
    pub(crate) fn delta(
        &self,
        from: &Arc<Value>,
        to: &Arc<Value>,
        make: impl FnOnce() -> Option<Utf8Bytes>,
    ) -> Option<Utf8Bytes> {
        if Arc::ptr_eq(from, to) {
            return None;
        }
        let mut delta = self.delta.lock().unwrap_or_else(PoisonError::into_inner);
        match &*delta {
            Some((known, next, text)) if Arc::ptr_eq(known, from) && Arc::ptr_eq(next, to) => text.clone(),
            Some(_) | None => {
                let text = make();
                *delta = Some((from.clone(), to.clone(), text.clone()));
                text
            }
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode) {
        let place = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.answers.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Answers by the first digit of their status.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.answers.iter().map(|count| count.load(Ordering::Relaxed));
        ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(counts)
    }
}
