//! Readers of a running engine: the live view and the database, behind bounded queues on threads of their
//! own.
//!
//! The view's queue holds one snapshot; a newer one is dropped while it is full. The database's queue holds a
//! bounded number of batches; while it is full, steps gather in the batch at hand, and at its bound the rows
//! of that are dropped and counted: the journal has them, and the database can be built anew from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_engine::{Effects, Engine, PositionView};
use seawall_model::{Instrument, InstrumentId, Money, Timeframe, Ts};
use seawall_store::db::{Batch, EquityPoint, PositionState, Writer};
use seawall_store::journal::End;

use crate::board::BoardWriter;
use crate::database::{Ending, Unwritten, Work, write_all};
use crate::error::LiveError;
use crate::snapshot::{Recent, Snapshot, rows};
use crate::tally::Tally;

/// Batches that may wait for the database.
pub(crate) const BATCHES_WAITING_MAX: usize = 64;
/// Rows gathered before a batch is handed over.
const BATCH_ROWS: usize = 256;
/// Rows gathered at most while the database does not keep up.
pub(crate) const BATCH_ROWS_MAX: usize = 100_000;
/// Pause between two snapshots.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(200);

/// The readers of a run.
pub(crate) struct Readers {
    view: Option<SyncSender<Snapshot>>,
    shown: Instant,
    started: Instant,
    recent: Recent,
    initial_equity: Money,
    database: Option<SyncSender<Work>>,
    worker: Option<JoinHandle<Unwritten>>,
    ending: Ending,
    batch: Batch,
    /// Batches that were handed over and not written yet.
    waiting: Arc<AtomicUsize>,
    equity_at: Ts,
    pub(crate) rows_dropped: u64,
    /// What readers in this process are shown, where somebody wants that.
    pub(crate) board: Option<BoardWriter>,
}

impl Readers {
    /// Starts the database's thread.
    pub(crate) fn new(
        writer: Writer,
        view: Option<SyncSender<Snapshot>>,
        initial_equity: Money,
    ) -> Result<Self, LiveError> {
        let (sender, receiver): (SyncSender<Work>, Receiver<Work>) = sync_channel(BATCHES_WAITING_MAX);
        let ending = Ending::default();
        let announced = ending.clone();
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = waiting.clone();
        let worker = std::thread::Builder::new()
            .name("database".to_owned())
            .spawn(move || write_all(writer, &receiver, &announced, &left))
            .map_err(LiveError::file(std::path::Path::new("database"), "starting its thread"))?;
        let now = Instant::now();
        Ok(Readers {
            view,
            shown: now,
            started: now,
            recent: Recent::default(),
            initial_equity,
            database: Some(sender),
            worker: Some(worker),
            ending,
            batch: Batch::default(),
            waiting,
            equity_at: Ts::from_nanos(i64::MIN),
            rows_dropped: 0,
            board: None,
        })
    }

    /// Takes in a step.
    pub(crate) fn step(&mut self, at: Ts, engine: &Engine, effects: &Effects, tally: &Tally) {
        if let Some(board) = &mut self.board {
            board.step(at, effects);
        }
        self.recent.add(engine, effects);
        gather(&mut self.batch, at, engine, effects);
        if at >= self.equity_at && engine.is_open() {
            self.equity_at = next_equity(at);
            gather_account(&mut self.batch, at, engine);
        }
        if self.batch.len() >= BATCH_ROWS {
            self.hand_over();
        }
        if self.view.is_some() && self.shown.elapsed() >= SNAPSHOT_EVERY {
            self.shown = Instant::now();
            self.hand_over();
            self.show(at, engine, tally);
        }
    }

    fn show(&mut self, at: Ts, engine: &Engine, tally: &Tally) {
        let Some(view) = &self.view else { return };
        let snapshot = Snapshot {
            at,
            elapsed_s: self.started.elapsed().as_secs_f64(),
            phase: engine.phase().name(),
            blocks: engine.blocks_in_words(),
            mode: engine.mode(),
            kill_switch: engine.kill_switch().map(seawall_model::KillReason::name),
            equity: engine.equity().unwrap_or(Money::ZERO),
            initial_equity: self.initial_equity,
            positions_opened: tally.positions_opened,
            trades_closed: tally.trades_closed,
            naked_max_s: engine.naked_max().secs_f64(),
            instruments: rows(engine, at),
            decisions: self.recent.decisions(),
            alerts: self.recent.alerts(),
        };
        // A view that is still drawing the last one misses this one.
        let _ = view.try_send(snapshot);
    }

    /// How much waits for the database's thread: batches, and rows that are not handed over yet.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        // The batch at hand is counted as waiting until it is written.
        let batches = self.waiting.load(Ordering::Relaxed).min(BATCHES_WAITING_MAX);
        (batches, self.batch.len())
    }

    /// Hands the gathered rows to the database's thread, if it has room.
    pub(crate) fn hand_over(&mut self) {
        let Some(database) = &self.database else { return };
        if self.batch.is_empty() {
            return;
        }
        // Counted before the thread can count it down.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match database.try_send(Work::Rows(Box::new(std::mem::take(&mut self.batch)))) {
            Ok(()) | Err(TrySendError::Full(Work::End(..)) | TrySendError::Disconnected(Work::End(..))) => {}
            Err(TrySendError::Full(Work::Rows(batch))) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.batch = *batch;
                let rows = self.batch.len();
                if rows > BATCH_ROWS_MAX {
                    self.rows_dropped += rows as u64;
                    tracing::error!(
                        rows,
                        dropped = self.rows_dropped,
                        "rows for the database were dropped; `seawall journal rebuild` puts them back"
                    );
                    self.batch = Batch::default();
                }
            }
            Err(TrySendError::Disconnected(Work::Rows(batch))) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.rows_dropped += batch.len() as u64;
                self.database = None;
            }
        }
    }

    /// Shows the end, without waiting for the pause between two snapshots.
    pub(crate) fn last_look(&mut self, at: Ts, engine: &Engine, tally: &Tally) {
        gather_account(&mut self.batch, at, engine);
        self.show(at, engine, tally);
    }

    /// Hands over what is left, waits for the database and says what it lacks, if it lacks something.
    pub(crate) fn finish(mut self, at: Ts, end: End) -> Option<String> {
        self.ending.announce();
        if let Some(database) = self.database.take() {
            self.waiting.fetch_add(2, Ordering::Relaxed);
            // The queue empties while the thread lives; if it has died, its result tells.
            let _ = database.send(Work::Rows(Box::new(std::mem::take(&mut self.batch))));
            let _ = database.send(Work::End(at, Box::new(end)));
        }
        let Some(Ok(Unwritten { rows, problem })) = self.worker.take().map(JoinHandle::join) else {
            return Some("the database's thread ended unexpectedly".to_owned());
        };
        let missing = self.rows_dropped + rows;
        let missing = (missing > 0).then(|| format!("{missing} rows did not reach the database"));
        match (problem, missing) {
            (Some(problem), Some(missing)) => Some(format!("{problem}; {missing}")),
            (problem, missing) => problem.or(missing),
        }
    }
}

/// When equity is written down next: at the full minute.
pub(crate) fn next_equity(at: Ts) -> Ts {
    Timeframe::M1.floor(at).plus(Timeframe::M1.span())
}

/// Adds what a step did to a batch for the database.
pub(crate) fn gather(batch: &mut Batch, at: Ts, engine: &Engine, effects: &Effects) {
    batch.decisions.extend_from_slice(effects.decisions());
    if effects.is_quiet() {
        return;
    }
    batch.orders.extend_from_slice(&effects.orders);
    batch.fills.extend_from_slice(&effects.fills);
    batch.trades.extend_from_slice(&effects.trades);
    batch.alerts.extend_from_slice(&effects.alerts);
    batch.shadows.extend_from_slice(&effects.shadows);
    for update in &effects.orders {
        let id = update.order.instrument;
        batch.positions.extend(engine.position(id).map(|position| state(at, id, position)));
    }
}

/// Adds what an engine goes on with: the working orders and the positions of earlier processes.
pub(crate) fn gather_resumed(batch: &mut Batch, at: Ts, engine: &Engine) {
    for id in engine.instruments().map(Instrument::id) {
        batch.orders.extend(engine.live_orders(id).map(|order| seawall_model::OrderUpdate { at, ..order }));
        let held = engine.position(id).filter(|position| !position.qty.is_zero());
        batch.positions.extend(held.map(|position| state(at, id, position)));
    }
}

/// Adds equity and the positions that are held, at the prices of now.
pub(crate) fn gather_account(batch: &mut Batch, at: Ts, engine: &Engine) {
    batch.equity.push(EquityPoint { at, equity: engine.equity().unwrap_or(Money::ZERO) });
    for id in engine.instruments().map(Instrument::id) {
        let held = engine.position(id).filter(|position| !position.qty.is_zero());
        batch.positions.extend(held.map(|position| state(at, id, position)));
    }
}

fn state(at: Ts, instrument: InstrumentId, position: PositionView) -> PositionState {
    PositionState {
        at,
        instrument,
        qty: position.qty,
        stop: position.stop,
        protected: position.protected,
        escalating: position.escalating,
        proven_at: position.proven_at,
        unrealised: position.unrealised,
    }
}
