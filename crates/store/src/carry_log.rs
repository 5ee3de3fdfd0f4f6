//! Writes the state that outlives the process into the journal, piece by piece, and puts it together again.
//!
//! Invariants: what a step changes stands before the dispatch of its requests and becomes durable in the same
//! sync, so whatever has left is in the state on disk; a journal, each of its segments and every
//! [`WHOLE_EVERY`] has the whole state, so a start reads little; a carry before the first input of a journal
//! is what its engine was resumed from, and one behind it is what the engine had become.

use std::path::Path;
use std::sync::Arc;

use seawall_engine::carry::{Patch, Tracker};
use seawall_engine::{Carry, Effects, Engine, EngineError};
use seawall_model::{Input, Span, Ts};

use crate::disk::Disk;
use crate::error::StoreError;
use crate::journal::{CarryPart, CarryPiece, Journal, Record};

/// Time between two whole states, by the engine's clock.
pub const WHOLE_EVERY: Span = Span::from_secs(900);

/// Writes what changes.
#[derive(Debug)]
pub struct CarryLog {
    tracker: Tracker,
    /// The segment that has had the whole state; none is number zero.
    segment: u32,
    whole_at: Ts,
}

impl CarryLog {
    /// For an engine that begins with nothing: the whole state follows its first step.
    #[must_use]
    pub fn fresh() -> Self {
        CarryLog { tracker: Tracker::new(), segment: 0, whole_at: Ts::from_nanos(i64::MIN) }
    }

    /// For an engine that goes on: writes what it begins with, durably, before its first input.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn resumed(journal: &mut Journal, at: Ts, engine: &Engine) -> Result<Self, StoreError> {
        let mut log = CarryLog::fresh();
        log.whole(journal, at, engine)?;
        journal.sync()?;
        Ok(log)
    }

    /// The input of the step that comes next.
    #[inline]
    pub fn hear(&mut self, input: &Input) {
        self.tracker.hear(input);
    }

    /// After a step, before its dispatch.
    ///
    /// # Errors
    /// The journal cannot be written.
    #[inline]
    pub fn step(
        &mut self,
        journal: &mut Journal,
        at: Ts,
        engine: &Engine,
        effects: &Effects,
    ) -> Result<(), StoreError> {
        if journal.segment() != self.segment || at >= self.whole_at {
            return self.whole(journal, at, engine);
        }
        match self.tracker.changed(engine, effects) {
            Some(patch) => append(journal, at, CarryPart::Change, &patch),
            None => Ok(()),
        }
    }

    fn whole(&mut self, journal: &mut Journal, at: Ts, engine: &Engine) -> Result<(), StoreError> {
        // A segment that begins meanwhile has only a part: its own whole follows with the next step.
        self.segment = journal.segment();
        self.whole_at = at.plus(WHOLE_EVERY);
        let patches = self.tracker.whole(engine);
        let last = patches.len().saturating_sub(1);
        for (place, patch) in patches.iter().enumerate() {
            let part = match (place == 0, place == last) {
                (true, true) => CarryPart::Whole,
                (true, false) => CarryPart::Begin,
                (false, false) => CarryPart::Change,
                (false, true) => CarryPart::Complete,
            };
            append(journal, at, part, patch)?;
        }
        Ok(())
    }
}

fn append(journal: &mut Journal, at: Ts, part: CarryPart, patch: &Patch) -> Result<(), StoreError> {
    let text =
        serde_json::to_string(patch).map_err(|error| StoreError::Carry { problem: error.to_string() })?;
    journal.append(at, &Record::Carry(CarryPiece { part, text }))?;
    Ok(())
}

/// A piece that does not belong to those before it.
fn misfit(error: &EngineError) -> StoreError {
    StoreError::Carry { problem: error.to_string() }
}

/// Puts pieces together.
#[derive(Debug, Default)]
pub struct Fold {
    whole: Option<Carry>,
    building: Option<Carry>,
}

impl Fold {
    /// Takes in the next piece; says whether it completes a whole state.
    ///
    /// # Errors
    /// [`StoreError::Carry`].
    pub fn take(&mut self, piece: &CarryPiece) -> Result<bool, StoreError> {
        let patch: Patch = serde_json::from_str(&piece.text)
            .map_err(|error| StoreError::Carry { problem: error.to_string() })?;
        match piece.part {
            CarryPart::Whole => {
                self.whole = Some(Carry::begin(&patch).map_err(|error| misfit(&error))?);
                self.building = None;
                return Ok(true);
            }
            CarryPart::Begin => {
                self.building = Some(Carry::begin(&patch).map_err(|error| misfit(&error))?);
                if let Some(whole) = self.whole.as_mut() {
                    whole.apply(&patch).map_err(|error| misfit(&error))?;
                }
                return Ok(false);
            }
            CarryPart::Change | CarryPart::Complete => {}
        }
        for carry in self.whole.iter_mut().chain(self.building.as_mut()) {
            carry.apply(&patch).map_err(|error| misfit(&error))?;
        }
        if piece.part == CarryPart::Complete && self.building.is_some() {
            self.whole = self.building.take();
            return Ok(true);
        }
        Ok(false)
    }

    /// The state so far, if there was a whole one to begin with.
    #[must_use]
    pub fn state(&self) -> Option<&Carry> {
        self.whole.as_ref()
    }
}

/// The state that the journal in `dir` ends with, and the time of its last record: from the newest segment
/// that has a whole one on. `None` where there is no journal, or none in it. What a crash cut short at its
/// end does not count, as ever.
///
/// # Errors
/// [`StoreError::Restore`] with the file that is damaged, and the way out.
pub fn restore(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Option<(Carry, Ts)>, StoreError> {
    let refused = |problem: String| StoreError::Restore { dir: dir.to_owned(), problem };
    let damaged = |error: StoreError| refused(error.to_string());
    let last = Journal::segments(&**disk, dir).map_err(damaged)?;
    let mut left_at = Ts::from_nanos(i64::MIN);
    for segment in (1..=last).rev() {
        let mut fold = Fold::default();
        for entry in Journal::read_from(Arc::clone(disk), dir, segment).map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            left_at = left_at.max(entry.at);
            if let Record::Carry(piece) = &entry.record {
                fold.take(piece).map_err(|error| refused(format!("record {}: {error}", entry.seq)))?;
            }
        }
        if let Some(carry) = fold.whole {
            return Ok(Some((carry, left_at)));
        }
    }
    Ok(None)
}
