//! `seawall journal`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use seawall_live::{LiveError, rebuild, replay};
use seawall_store::StoreError;
use seawall_store::db::Place;
use seawall_store::journal::{Journal, show, verify};

use crate::args::{JournalArgs, JournalCommand};
use crate::database_url::database_url;
use crate::exit::Failure;
use crate::input::{RUN_FOLDER, check_run};
use crate::progress::bar;

/// Runs the command.
pub(crate) fn run(args: &JournalArgs) -> Result<(), Failure> {
    match &args.command {
        JournalCommand::Verify { run, json } => verify_run(run, *json),
        JournalCommand::Show { run, from, limit, json } => show_run(run, *from, *limit, *json),
        JournalCommand::Replay { run, rebuild_db, json } => replay_run(run, *rebuild_db, *json),
        JournalCommand::Rebuild { run, json } => replay_run(run, true, *json),
    }
}

/// The folder of the journal: that of the run, or the one named itself.
fn folder(run: &Path) -> PathBuf {
    let inside = run.join("journal");
    if inside.is_dir() { inside } else { run.to_owned() }
}

fn verify_run(run: &Path, json: bool) -> Result<(), Failure> {
    let bar = bar("verify", 0);
    let report = verify(&folder(run), &mut |progress| bar.set_position(progress.frames)).map_err(failure);
    bar.finish_and_clear();
    let report = report?;
    if json {
        say!("{}", serde_json::to_string_pretty(&report).map_err(Failure::work)?);
    } else {
        say!(
            "{} records ({} inputs) in {} segments, {} bytes",
            report.frames,
            report.inputs,
            report.segments,
            report.bytes
        );
        if let (Some(first), Some(last)) = (report.first_at, report.last_at) {
            say!("from {first} to {last}");
        }
        say!("chain {}", report.chain);
        let end = report.end.as_ref().map_or("was interrupted", |end| end.reason.name());
        say!("the run {end}; checkpoints: {}", report.checkpoints);
        if let Some(tail) = &report.tail {
            say!("incomplete tail of {} bytes: the next start cuts it off", tail.bytes);
        }
        for damage in &report.listed {
            say!(
                "damage: {} offset {}, record {}: {}",
                damage.file.display(),
                damage.offset,
                damage.seq,
                damage.what
            );
        }
    }
    if report.is_sound() {
        return Ok(());
    }
    Err(Failure::work(format!("the journal is damaged in {} places", report.damages)))
}

fn show_run(run: &Path, from: Option<u64>, limit: u64, json: bool) -> Result<(), Failure> {
    let reader = Journal::read(&folder(run)).map_err(failure)?;
    let info = reader.info().clone();
    let mut left = limit;
    for entry in reader {
        let entry = entry.map_err(failure)?;
        if from.is_some_and(|from| entry.seq < from) {
            continue;
        }
        if left == 0 {
            return Ok(());
        }
        left -= 1;
        if json {
            say!("{}", serde_json::to_string(&entry).map_err(Failure::work)?);
        } else {
            say!("{}", show(&entry, &info));
        }
    }
    Ok(())
}

fn replay_run(run: &Path, rebuild_db: bool, json: bool) -> Result<(), Failure> {
    check_run(run)?;
    let place = match rebuild_db {
        true => Some(Place::of_run(run, database_url()?.as_ref()).map_err(Failure::input)?),
        false => None,
    };
    let bar = bar("replay", 0);
    let mut progress = |inputs: u64| {
        if inputs.is_multiple_of(4_096) {
            bar.set_position(inputs);
        }
    };
    let report = match &place {
        Some(place) => rebuild(run, place, &mut progress),
        None => replay(run, false, &mut progress),
    };
    bar.finish_and_clear();
    let report = report.map_err(|error| match error {
        LiveError::Store(error) => failure(error),
        LiveError::File { .. } | LiveError::Manifest { .. } => Failure::input(error),
        LiveError::Engine(_)
        | LiveError::Simulator(_)
        | LiveError::Model(_)
        | LiveError::NoStop { .. }
        | LiveError::Refused { .. }
        | LiveError::Venue { .. }
        | LiveError::Net(_)
        | LiveError::Notify(_)
        | LiveError::Stopped
        | LiveError::Thread => Failure::work(error),
    })?;
    if json {
        say!("{}", serde_json::to_string_pretty(&report).map_err(Failure::work)?);
    } else {
        say!(
            "{} inputs replayed, {} dispatches and {} checkpoints compared",
            report.inputs,
            report.dispatches,
            report.checkpoints
        );
        say!("fingerprint {}", report.fingerprint);
        match &report.recorded_fingerprint {
            Some(recorded) if *recorded == report.fingerprint => say!("equal to the recorded one"),
            Some(recorded) => say!("recorded    {recorded}"),
            None => {
                say!("the run was interrupted: none was recorded; {} requests never left", report.unsent);
            }
        }
        if rebuild_db {
            say!("the database was built anew");
        }
        for difference in &report.differences {
            say!("difference: {difference}");
        }
    }
    if report.is_equal() {
        return Ok(());
    }
    Err(Failure::work(format!("the replay differs in {} places", report.differences.len())))
}

fn failure(error: StoreError) -> Failure {
    if let StoreError::NoJournal { dir } = &error {
        return Failure::input(format!("{}: there is no journal; {RUN_FOLDER}", dir.display()));
    }
    if let StoreError::Io { source, path, .. } = &error
        && matches!(source.kind(), ErrorKind::NotADirectory | ErrorKind::PermissionDenied)
    {
        return Failure::input(format!("{}: cannot be read: {source}; {RUN_FOLDER}", path.display()));
    }
    if matches!(error, StoreError::Locked { .. } | StoreError::DatabaseLocked { .. }) {
        return Failure::locked(error);
    }
    if matches!(error, StoreError::Carry { .. } | StoreError::Restore { .. }) {
        return Failure::input(error);
    }
    Failure::work(error)
}
