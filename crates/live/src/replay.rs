//! Replaying a journal: the engine takes the recorded inputs again, and what it does is compared with what
//! was recorded. Nothing is executed.

use std::path::Path;

use data_encoding::HEXLOWER;
use seawall_engine::{Effects, Engine};
use seawall_model::{Instrument, Ts};
use seawall_store::db::{Batch, Database, Place, Writer};
use seawall_store::journal::{CarryPiece, End, Header, Journal, Record};
use serde::Serialize;

use crate::error::LiveError;
use crate::hash;
use crate::manifest::Manifest;
use crate::readers::{gather, gather_account, gather_resumed};
use crate::tally::Tally;
use seawall_store::carry_log::Fold;

/// Rows written to the database at once.
const BATCH_ROWS: usize = 4_096;
/// Differences that are told in full.
const DIFFERENCES_MAX: usize = 20;

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayReport {
    /// Version of this format.
    pub schema: &'static str,
    /// Inputs replayed.
    pub inputs: u64,
    /// Dispatches compared.
    pub dispatches: u64,
    /// Checkpoints of the state compared.
    pub checkpoints: u64,
    /// The fingerprint of the replay.
    pub fingerprint: String,
    /// The fingerprint recorded at the end; absent where the run was interrupted.
    pub recorded_fingerprint: Option<String>,
    /// Hash of the engine's state after the last input.
    pub digest: String,
    /// Whether the journal ends with the end of a run.
    pub ended: bool,
    /// Requests that the engine would have sent for its last input and that were not cleared to leave: after
    /// a crash they are proven not to have been sent.
    pub unsent: u64,
    /// Where the replay differs from the record; empty as it should be.
    pub differences: Vec<String>,
}

impl ReplayReport {
    /// Whether the replay did what was recorded.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Replays the run in `folder`. With `rebuild_db` its database is built anew on the way.
///
/// # Errors
/// The manifest or the journal cannot be read or is damaged, the engine cannot be built, the database cannot
/// be written.
pub fn replay(
    folder: &Path,
    rebuild_db: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<ReplayReport, LiveError> {
    let place = rebuild_db.then(|| Place::of_run(folder, None)).transpose()?;
    replay_into(folder, place.as_ref(), progress)
}

/// Replays the run in `folder` and builds its database anew at `place` on the way. Nobody may be writing it.
///
/// # Errors
/// As for [`replay`].
pub fn rebuild(
    folder: &Path,
    place: &Place,
    progress: &mut dyn FnMut(u64),
) -> Result<ReplayReport, LiveError> {
    replay_into(folder, Some(place), progress)
}

fn replay_into(
    folder: &Path,
    place: Option<&Place>,
    progress: &mut dyn FnMut(u64),
) -> Result<ReplayReport, LiveError> {
    let manifest = Manifest::read(folder)?;
    let table = manifest.table()?;
    let mut run = Replay::new(&manifest)?;
    let rebuild = place.map(Database::recreate).transpose()?;
    let mut books: Option<Books> = None;
    for entry in Journal::read(&folder.join("journal"))? {
        let entry = entry?;
        match &entry.record {
            Record::Header(header) => {
                run.header(&manifest, header)?;
                if let (Some(rebuild), None) = (&rebuild, &books) {
                    books = Some(Books::new(rebuild.database(), manifest.run, header, &table)?);
                }
            }
            Record::Carry(piece) => run.carry(entry.seq, piece)?,
            // Says who; what was commanded is the input that follows.
            Record::Operator(_) => {}
            Record::Input(input) => {
                if run.tally.inputs == 0 {
                    run.begin(&manifest, entry.at, books.as_mut())?;
                }
                run.settle();
                run.engine.step(entry.at, input, &mut run.effects);
                run.tally.inputs += 1;
                run.tally.add(&run.engine, &run.effects);
                run.waiting = !run.effects.requests.is_empty();
                if let Some(books) = books.as_mut() {
                    books.step(entry.at, &run.engine, &run.effects)?;
                }
                progress(run.tally.inputs);
            }
            Record::Dispatch(requests) => {
                run.dispatches += 1;
                run.waiting = false;
                if *requests != run.effects.requests {
                    run.differs(format!("record {}: other requests were cleared to leave", entry.seq));
                }
            }
            Record::Checkpoint(checkpoint) => {
                run.checkpoints += 1;
                if hash::state(&run.engine) != checkpoint.digest || checkpoint.inputs != run.tally.inputs {
                    run.differs(format!("record {}: the state is another one", entry.seq));
                }
            }
            Record::End(end) => run.end = Some((entry.at, end.clone())),
        }
    }
    if let Some(books) = books {
        books.finish(&run.engine, run.end.as_ref())?;
    }
    if let Some(rebuild) = rebuild {
        rebuild.finish()?;
    }
    Ok(run.report())
}

struct Replay {
    engine: Engine,
    effects: Effects,
    tally: Tally,
    dispatches: u64,
    checkpoints: u64,
    /// The last input asked for something that no dispatch has followed yet.
    waiting: bool,
    end: Option<(Ts, End)>,
    /// The carried state as it was written.
    carried: Fold,
    differences: Vec<String>,
}

impl Replay {
    fn new(manifest: &Manifest) -> Result<Self, LiveError> {
        Ok(Replay {
            engine: Engine::new(manifest.setup()?)?,
            effects: Effects::new(),
            tally: Tally::new(),
            dispatches: 0,
            checkpoints: 0,
            waiting: false,
            end: None,
            carried: Fold::default(),
            differences: Vec::new(),
        })
    }

    fn header(&mut self, manifest: &Manifest, header: &Header) -> Result<(), LiveError> {
        if header.config_hash != manifest.hash()? {
            self.differs("run.json is not the one that the run was started with".to_owned());
        }
        if header.engine_version != env!("CARGO_PKG_VERSION") {
            self.differs(format!(
                "recorded by version {}, replayed by {}",
                header.engine_version,
                env!("CARGO_PKG_VERSION")
            ));
        }
        Ok(())
    }

    /// The first input: an engine that went on was made of the state that stands before it.
    fn begin(&mut self, manifest: &Manifest, at: Ts, books: Option<&mut Books>) -> Result<(), LiveError> {
        let Some(carry) = self.carried.state() else { return Ok(()) };
        self.engine = Engine::resume(manifest.setup()?, carry)?.engine;
        if let Some(books) = books {
            gather_resumed(&mut books.batch, at, &self.engine);
        }
        Ok(())
    }

    /// A piece of carried state; a whole one behind an input must be the state that the replay has come to.
    fn carry(&mut self, seq: u64, piece: &CarryPiece) -> Result<(), LiveError> {
        let complete = self.carried.take(piece)?;
        let same = || self.carried.state() == Some(&self.engine.carry());
        if complete && self.tally.inputs > 0 && !same() {
            self.differs(format!("record {seq}: the carried state is another one"));
        }
        Ok(())
    }

    /// The pieces written since the last whole state must have kept up.
    fn settle_carried(&mut self) {
        let written = self.carried.state().map(|carry| carry.clone().without_readings());
        if written.is_some_and(|written| written != self.engine.carry().without_readings()) {
            self.differs("the carried state is not the last one".to_owned());
        }
    }

    /// An input came although requests of the one before were never cleared.
    fn settle(&mut self) {
        if std::mem::take(&mut self.waiting) {
            let at = self.engine.now();
            self.differs(format!("requests asked for at {at} were never cleared to leave"));
        }
    }

    fn differs(&mut self, what: String) {
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(what);
        }
    }

    fn report(mut self) -> ReplayReport {
        if self.end.is_some() {
            self.settle_carried();
        }
        let digest = hash::state(&self.engine);
        let inputs = self.tally.inputs;
        let tally = std::mem::replace(&mut self.tally, Tally::new());
        let fingerprint = HEXLOWER.encode(&tally.fingerprint.finish());
        let recorded = self.end.as_ref().map(|(_, end)| (end.fingerprint.to_string(), end.digest));
        if let Some((recorded_fingerprint, recorded_digest)) = &recorded {
            if *recorded_fingerprint != fingerprint {
                self.differs("the fingerprint is another one".to_owned());
            }
            if *recorded_digest != digest {
                self.differs("the last state is another one".to_owned());
            }
        }
        let unsent = if self.waiting { self.effects.requests.len() as u64 } else { 0 };
        ReplayReport {
            schema: "seawall.replay/1",
            inputs,
            dispatches: self.dispatches,
            checkpoints: self.checkpoints,
            fingerprint,
            recorded_fingerprint: recorded.map(|(fingerprint, _)| fingerprint),
            digest: digest.to_string(),
            ended: self.end.is_some(),
            unsent,
            differences: self.differences,
        }
    }
}

/// The database being built anew.
struct Books {
    writer: Writer,
    batch: Batch,
    equity_at: Ts,
}

impl Books {
    fn new(database: &Database, run: u32, header: &Header, table: &[Instrument]) -> Result<Self, LiveError> {
        let writer = database.writer(run, header, table)?;
        Ok(Books { writer, batch: Batch::default(), equity_at: Ts::from_nanos(i64::MIN) })
    }

    fn step(&mut self, at: Ts, engine: &Engine, effects: &Effects) -> Result<(), LiveError> {
        gather(&mut self.batch, at, engine, effects);
        if at >= self.equity_at && engine.is_open() {
            self.equity_at = crate::readers::next_equity(at);
            gather_account(&mut self.batch, at, engine);
        }
        if self.batch.len() >= BATCH_ROWS {
            self.writer.record_batch(&self.batch)?;
            self.batch.clear();
        }
        Ok(())
    }

    fn finish(mut self, engine: &Engine, end: Option<&(Ts, End)>) -> Result<(), LiveError> {
        if let Some((at, _)) = end {
            gather_account(&mut self.batch, *at, engine);
        }
        self.writer.record_batch(&self.batch)?;
        if let Some((at, end)) = end {
            self.writer.end(*at, end)?;
        }
        Ok(())
    }
}
