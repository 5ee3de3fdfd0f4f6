//! What every run over a venue has in common, without a clock, a socket or a thread: the engine, where its
//! requests go, the loop, and what is written down. Each call says when it is.
//!
//! [`Run`](super::Run) drives it by the wall's clock, [`PaperDrive`] by that of a data set: so a paper run
//! can be compared with other drivers of the engine, bit for bit.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use seawall_engine::{Engine, Pump};
use seawall_model::{Input, Money, Rules, Ts};
use seawall_simulator::Exchange;
use seawall_store::journal::{EndReason, Header, Journal, JournalInfo, JournalOptions, Record, RunMode};

use super::ports::Port;
use crate::alerts::Teller;
use crate::database;
use crate::ending::finish;
use crate::error::LiveError;
use crate::manifest::Manifest;
use crate::readers::Readers;
use crate::recorder::RunRecorder;
use crate::summary::Summary;
use crate::tally::Tally;
use seawall_store::carry_log::CarryLog;

/// Engine, venue, loop and recorder.
pub(super) struct Core {
    pub(super) engine: Engine,
    pub(super) port: Port,
    pub(super) recorder: RunRecorder,
    pub(super) pump: Pump,
}

impl Core {
    /// Everything that is due at or before `at`.
    pub(super) fn run_until(&mut self, at: Ts) -> Result<(), LiveError> {
        let Core { pump, engine, port, recorder } = self;
        pump.run_until(engine, port, recorder, at)
    }

    /// One input, and what it asks for.
    pub(super) fn feed(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        let Core { pump, engine, port, recorder } = self;
        pump.feed(engine, port, recorder, at, input)
    }

    /// Something that a session told for the engine. The simulated exchange of a paper run lives on its
    /// quotes, and sees each before the engine does.
    pub(super) fn hear(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        self.run_until(at)?;
        if let Input::Quote { instrument, bid, ask } = input {
            self.port.see_quote(at, *instrument, *bid, *ask);
            self.run_until(at)?;
        }
        self.feed(at, input)
    }

    /// Other rules hold for an instrument, for the simulated exchange too.
    pub(super) fn rule(&mut self, at: Ts, rules: Rules) -> Result<(), LiveError> {
        self.run_until(at)?;
        self.port.see_rules(&rules);
        self.feed(at, &Input::Rules(rules))
    }
}

/// A paper run over a data set: what a venue's feeds would tell is told by the caller, with its time.
pub struct PaperDrive {
    core: Core,
    folder: PathBuf,
    equity: Money,
}

impl PaperDrive {
    /// Begins a run in `folder` at `at` and starts its engine. Journal, database and manifest are those of a
    /// paper run.
    ///
    /// # Errors
    /// Settings that don't fit; the folder cannot be written.
    pub fn begin(folder: &Path, manifest: &Manifest, at: Ts) -> Result<Self, LiveError> {
        let engine = Engine::new(manifest.setup()?)?;
        let table = manifest.table()?;
        let equity = manifest.config.run.paper_equity;
        let exchange = Exchange::new(&manifest.config.simulator, &table, equity)?;
        std::fs::create_dir_all(folder).map_err(LiveError::file(folder, "creating the folder"))?;
        manifest.write(folder)?;
        let header = Header {
            mode: RunMode::Paper,
            seed: 0,
            config_hash: manifest.hash()?,
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: at,
        };
        let segment_bytes_max = u64::from(manifest.config.data.journal_segment_mb) * 1024 * 1024;
        let disk = Arc::new(seawall_store::disk::StdDisk);
        let info = JournalInfo::new(manifest.run, &table);
        let options = JournalOptions { segment_bytes_max };
        let mut journal = Journal::create_on(disk, &folder.join("journal"), info, options)?;
        journal.append(at, &Record::Header(header.clone()))?;
        let writer = database::begin(folder, "paper", None, (manifest.run, &header, table.as_slice()))?;
        let recorder = RunRecorder {
            journal,
            carry: CarryLog::fresh(),
            tally: Tally::new(),
            readers: Readers::new(writer, None, equity)?,
            teller: Teller::default(),
            started: Instant::now(),
            first_protected_s: None,
            naked_before_s: 0.0,
            handed_over: Instant::now(),
        };
        let port = Port::Paper(Box::new(exchange));
        let mut core = Core { engine, port, recorder, pump: Pump::new() };
        core.feed(at, &Input::Started)?;
        Ok(PaperDrive { core, folder: folder.to_owned(), equity })
    }

    /// A session told something at `at`.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn hear(&mut self, at: Ts, input: &Input) -> Result<(), LiveError> {
        self.core.hear(at, input)
    }

    /// The data set is over: what is due until `until` happens, then the journal is closed.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn finish(mut self, until: Ts) -> Result<Summary, LiveError> {
        self.core.run_until(until)?;
        let Core { engine, recorder, .. } = self.core;
        finish(&engine, recorder, &self.folder, self.equity, EndReason::Finished)
    }
}
