//! Writes a run down as it happens: inputs before the engine sees them, intents before they leave.

use std::time::{Duration, Instant};

use seawall_engine::{Effects, Engine, Recorder};
use seawall_model::{Input, Ts};
use seawall_store::journal::{Checkpoint, Journal, Record};
use seawall_store::recording;

use crate::alerts::Teller;
use crate::board::{Ask, BoardWriter, Surroundings};
use crate::error::LiveError;
use crate::hash;
use crate::readers::Readers;
use crate::tally::Tally;
use crate::watermarks::{Queue, Watermarks};
use seawall_store::carry_log::CarryLog;

/// Inputs between two checkpoints of the state.
const CHECKPOINT_EVERY: u64 = 10_000;

/// The recorder of a run.
pub(crate) struct RunRecorder {
    pub(crate) journal: Journal,
    pub(crate) carry: CarryLog,
    pub(crate) tally: Tally,
    pub(crate) readers: Readers,
    pub(crate) teller: Teller,
    pub(crate) started: Instant,
    pub(crate) first_protected_s: Option<f64>,
    /// The longest time without a confirmed stop of the starts before this one, in seconds.
    pub(crate) naked_before_s: f64,
    pub(crate) handed_over: Instant,
}

/// What waits in memory is handed on after this: a killed process loses no more than that.
const HAND_OVER_EVERY: Duration = Duration::from_millis(250);

impl RunRecorder {
    /// Now and then hands on what waits in memory: the journal's buffer, rows for the database. Nothing waits
    /// for a disk.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(crate) fn hand_over(&mut self, marks: &Watermarks) -> Result<(), LiveError> {
        if self.handed_over.elapsed() >= HAND_OVER_EVERY {
            self.handed_over = Instant::now();
            self.journal.hand_over()?;
            self.readers.hand_over();
            self.teller.hand_over();
            let (batches, rows) = self.readers.waiting();
            marks.note(Queue::Batches, batches);
            marks.note(Queue::Rows, rows);
        }
        Ok(())
    }

    /// Shows the engine on the board where somebody has asked.
    pub(crate) fn show(&mut self, at: Ts, engine: &Engine, surroundings: impl FnOnce() -> Surroundings) {
        let RunRecorder { readers, tally, .. } = self;
        let rows_dropped = readers.rows_dropped;
        if let Some(board) = &mut readers.board {
            board.show(at, engine, (tally, rows_dropped), surroundings);
        }
    }

    /// The commands that were given since the last look.
    pub(crate) fn commands(&self) -> Vec<Ask> {
        self.readers.board.as_ref().map(BoardWriter::take_commands).unwrap_or_default()
    }

    /// Writes down who gives a command and why, before the engine is told.
    ///
    /// # Errors
    /// The journal cannot be written; the engine must not be told then.
    pub(crate) fn commanded(&mut self, at: Ts, ask: &Ask) -> Result<(), LiveError> {
        self.journal.append(at, &Record::Operator(ask.note()))?;
        if let Some(board) = &mut self.readers.board {
            board.commanded(at, ask);
        }
        Ok(())
    }
}

impl Recorder for RunRecorder {
    type Error = LiveError;

    fn input(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        self.tally.inputs += 1;
        recording::input(&mut self.journal, &mut self.carry, at, input)?;
        if let Some(board) = &mut self.readers.board {
            board.heard(at, input);
        }
        Ok(())
    }

    fn effects(&mut self, at: Ts, engine: &Engine, effects: &Effects) -> Result<(), LiveError> {
        if let Some(board) = &self.readers.board {
            board.stepped();
        }
        recording::effects(&mut self.journal, &mut self.carry, at, engine, effects)?;
        if self.tally.add(engine, effects) {
            self.first_protected_s = Some(self.started.elapsed().as_secs_f64());
        }
        if self.tally.inputs.is_multiple_of(CHECKPOINT_EVERY) {
            let checkpoint = Checkpoint { digest: hash::state(engine), inputs: self.tally.inputs };
            self.journal.append(at, &Record::Checkpoint(checkpoint))?;
        }
        self.readers.step(at, engine, effects, &self.tally);
        self.teller.step(at, engine, effects);
        Ok(())
    }
}
