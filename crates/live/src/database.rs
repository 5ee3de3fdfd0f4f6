//! The run's database: where it is, and the thread that writes it.
//!
//! Nothing here holds up the engine. A server that is away at the start is connected to later; one that goes
//! away is tried again with growing pauses while the batch at hand, a bounded queue and a bounded gathering
//! batch wait. What does not fit any more is dropped and counted; the journal has it. Somebody else's writing
//! the account's database ends the writing for this run: the engine and its stops go on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use seawall_model::{Instrument, Ts};
use seawall_store::StoreError;
use seawall_store::db::{Batch, Database, DatabaseUrl, Place, Reader, Writer};
use seawall_store::journal::{End, Header};

/// First pause before a server is tried again; each further one is twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How often a pause looks whether the run is ending.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a run that ends waits for a server that is away.
const ENDING_MAX: Duration = Duration::from_secs(5);

/// What the database's thread is asked to write.
pub(crate) enum Work {
    Rows(Box<Batch>),
    End(Ts, Box<End>),
}

/// The writer of a new run in `folder`, on the server of `url` or in a file. A server that is away is no
/// error: the writer connects when it is back.
pub(crate) fn begin(
    folder: &Path,
    account: &str,
    url: Option<&DatabaseUrl>,
    (run, header, table): (u32, &Header, &[Instrument]),
) -> Result<Writer, StoreError> {
    let place = Place::for_run(folder, account, url)?;
    let (writer, outage) = Database::writer_even_if_away(&place, run, header, table)?;
    if let Some(outage) = outage {
        tracing::warn!(%outage, "the run begins without its database, which catches up when it is back");
    }
    Ok(writer)
}

/// The newest run of `account` that the server of `url` has; none where it is empty or away.
pub(crate) fn newest_run(account: &str, url: Option<&DatabaseUrl>) -> Result<Option<u32>, StoreError> {
    let Some(url) = url else { return Ok(None) };
    match Reader::open(Place::on_server(url, account)?).and_then(|reader| reader.newest_run()) {
        Ok(newest) => Ok(newest),
        Err(StoreError::DatabaseOlder { .. } | StoreError::DatabaseAway { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the run is ending, shared with the thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(Arc<AtomicBool>);

impl Ending {
    pub(crate) fn announce(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_announced(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What the thread could not write, and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unwritten {
    /// Rows.
    pub(crate) rows: u64,
    /// Why.
    pub(crate) problem: Option<String>,
}

/// The database's thread: writes until the queue closes, and counts `waiting` down with each batch.
pub(crate) fn write_all(
    mut writer: Writer,
    queue: &Receiver<Work>,
    ending: &Ending,
    waiting: &AtomicUsize,
) -> Unwritten {
    let mut unwritten = Unwritten::default();
    for work in queue {
        if unwritten.problem.is_none() {
            unwritten.problem = write(&mut writer, &work, ending).err();
            if let Some(problem) = &unwritten.problem {
                tracing::error!(
                    problem,
                    "the database is written no more in this run; trading and stops go on"
                );
            }
        }
        if let (Work::Rows(batch), Some(_)) = (&work, &unwritten.problem) {
            unwritten.rows += batch.len() as u64;
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
    }
    unwritten
}

/// Writes, over outages, until it is written; says why it never will be.
fn write(writer: &mut Writer, work: &Work, ending: &Ending) -> Result<(), String> {
    let mut pause = PAUSE_FIRST;
    let mut ends_at: Option<Instant> = None;
    let mut began: Option<Instant> = None;
    loop {
        let written = match work {
            Work::Rows(batch) => writer.record_batch(batch),
            Work::End(at, end) => writer.end(*at, end),
        };
        let outage = match written {
            Ok(()) => {
                if let Some(began) = began {
                    tracing::info!(seconds = began.elapsed().as_secs(), "the database is back");
                }
                return Ok(());
            }
            Err(error) if error.is_outage() => error,
            Err(error) => return Err(error.to_string()),
        };
        if began.is_none() {
            began = Some(Instant::now());
            tracing::warn!(%outage, "the database is away; its rows wait, trading and stops go on");
        }
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if ending.is_announced() {
                let ends_at = ends_at.get_or_insert_with(|| Instant::now() + ENDING_MAX);
                if Instant::now() >= *ends_at {
                    return Err(outage.to_string());
                }
                // Somebody waits for the end now: try more often.
                pause = PAUSE_FIRST;
                if until.saturating_duration_since(Instant::now()) > PAUSE_FIRST {
                    break;
                }
            }
            thread::sleep(LOOK_EVERY);
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
