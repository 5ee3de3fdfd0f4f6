//! The folder of an account: one folder a start, each with its own journal, and what the starts hand on to
//! each other.
//!
//! ```text
//! DATA/start-000001/run.json, journal/, seawall.db
//! DATA/start-000002/…
//! ```
//!
//! A driver opens the folder ([`AccountFolder::open`], under the account's lock), builds its engine from the
//! state that it finds there (`Engine::resume`, else `Engine::new`) with the run number that it is given, and
//! begins its own journal ([`AccountFolder::begin`]). Invariants: the run number is the account's for as long
//! as the folder lives, and differs from that of every folder begun at another second; a start never writes
//! into the journal of another one; a damaged journal stops the start instead of being skipped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_engine::{Carry, Engine};
use seawall_model::Ts;
use seawall_store::disk::{Disk, StdDisk};
use seawall_store::journal::{Header, Journal, JournalInfo, JournalOptions, Record};

use crate::demo::newest_run;
use crate::error::LiveError;
use crate::manifest::Manifest;
use seawall_store::carry_log::{CarryLog, restore};

/// Runs are numbered by the seconds since 2020, so the numbers last until 2156.
const RUNS_SINCE: Ts = Ts::from_millis(1_577_836_800_000);
const PREFIX: &str = "start-";
/// Of runs that nothing goes on from.
const FRESH_PREFIX: &str = "run-";

/// What a start finds.
#[derive(Debug)]
pub struct AccountFolder {
    root: PathBuf,
    /// What the names of its folders begin with.
    prefix: &'static str,
    /// Number of this start, from 1.
    pub start: u32,
    /// The run, part of every client order id: the same for the lifetime of the account.
    pub run: u32,
    /// What the newest start with a state has left; `None` for an account that begins. The instruments of
    /// [`Carry::engaged`] have to be in the set-up, whatever the configuration says today.
    pub carry: Option<Carry>,
    /// The folder that the state is from.
    pub earlier: Option<PathBuf>,
    /// When the last record of that was written; now for an account that begins.
    pub left_at: Ts,
}

/// A start that may write.
#[derive(Debug)]
pub struct Begun {
    /// Its folder.
    pub folder: PathBuf,
    /// Its journal, with the header and what the engine was resumed from, durably.
    pub journal: Journal,
    /// Writes down what changes.
    pub carry: CarryLog,
}

/// The run number of an account that begins at `wall`.
#[must_use]
pub fn run_of(wall: Ts) -> u32 {
    let seconds = wall.since(RUNS_SINCE).millis() / 1_000;
    u32::try_from(seconds.max(1)).unwrap_or(u32::MAX)
}

/// When the account of that run number began.
pub(crate) fn begun_at(run: u32) -> Ts {
    RUNS_SINCE.plus(seawall_model::Span::from_secs(i64::from(run)))
}

impl AccountFolder {
    /// Opens the data folder of an account at the time `wall` of the wall's clock; makes it if need be. Hold
    /// the account's lock: two starts at once would take the same number.
    ///
    /// # Errors
    /// `StoreError::Restore` where a journal is damaged; [`LiveError::File`].
    pub fn open(root: &Path, wall: Ts) -> Result<Self, LiveError> {
        std::fs::create_dir_all(root).map_err(LiveError::file(root, "creating the folder"))?;
        let starts = starts(root)?;
        let start = starts.last().map_or(1, |(number, _)| number.saturating_add(1));
        let disk: Arc<dyn Disk> = Arc::new(StdDisk);
        let mut run = None;
        for (_, folder) in starts.iter().rev() {
            if let Some((carry, left_at)) = restore(&disk, &folder.join("journal"))? {
                let (run, earlier) = (carry.counters.run, Some(folder.clone()));
                let (root, carry) = (root.to_owned(), Some(carry));
                return Ok(AccountFolder { root, prefix: PREFIX, start, run, carry, earlier, left_at });
            }
            // Ended before it had a state, so nothing of it has left; orders of its run are ours all the
            // same.
            run = run.or_else(|| Manifest::read(folder).ok().map(|manifest| manifest.run));
        }
        let run = run.unwrap_or_else(|| run_of(wall));
        Ok(AccountFolder {
            root: root.to_owned(),
            prefix: PREFIX,
            start,
            run,
            carry: None,
            earlier: None,
            left_at: wall,
        })
    }

    /// A place in the data folder for a run that goes on from nothing and that nothing goes on from; its
    /// folder is `run-NNNNNN`.
    ///
    /// # Errors
    /// [`LiveError::File`].
    pub fn fresh(root: &Path, wall: Ts) -> Result<Self, LiveError> {
        let start = newest_run(root)?.map_or(1, |(number, _)| number.saturating_add(1));
        let (root, run) = (root.to_owned(), run_of(wall));
        Ok(AccountFolder {
            root,
            prefix: FRESH_PREFIX,
            start,
            run,
            carry: None,
            earlier: None,
            left_at: wall,
        })
    }

    /// Begins the journal of this start, for an engine that was built from [`Self::carry`] where there is one
    /// and from `manifest`, which bears [`Self::run`].
    ///
    /// # Errors
    /// A folder or file cannot be written; contradicting instruments.
    pub fn begin(
        &self,
        manifest: &Manifest,
        header: &Header,
        options: JournalOptions,
        engine: &Engine,
    ) -> Result<Begun, LiveError> {
        let folder = self.root.join(format!("{}{:06}", self.prefix, self.start));
        std::fs::create_dir(&folder).map_err(LiveError::file(&folder, "creating the folder"))?;
        manifest.write(&folder)?;
        let info = JournalInfo::new(manifest.run, &manifest.table()?);
        let mut journal = Journal::create_on(Arc::new(StdDisk), &folder.join("journal"), info, options)?;
        journal.append(header.started_at, &Record::Header(header.clone()))?;
        let carry = match &self.carry {
            Some(_) => CarryLog::resumed(&mut journal, header.started_at, engine)?,
            None => CarryLog::fresh(),
        };
        journal.sync()?;
        Ok(Begun { folder, journal, carry })
    }
}

/// The starts in `root`, oldest first.
fn starts(root: &Path) -> Result<Vec<(u32, PathBuf)>, LiveError> {
    let entries = std::fs::read_dir(root).map_err(LiveError::file(root, "reading"))?;
    let mut starts = Vec::new();
    for entry in entries {
        let path = entry.map_err(LiveError::file(root, "reading"))?.path();
        let name = path.file_name().and_then(std::ffi::OsStr::to_str);
        let number = name.and_then(|name| name.strip_prefix(PREFIX)).and_then(|digits| digits.parse().ok());
        if let Some(number) = number {
            starts.push((number, path));
        }
    }
    starts.sort();
    Ok(starts)
}
