//! What can be looked at without the venue: disk, lock, kill switch, database, alert channels.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use seawall_store::db::{DatabaseUrl, may_make_schemas};
use seawall_store::{InstanceLock, KillState, KillSwitch, StoreError};

use super::Check;

/// A sync that takes longer delays every order, which waits for one.
const SYNC_MAX: Duration = Duration::from_millis(100);
/// Bytes that are written and synced.
const SYNC_BYTES: usize = 4_096;
/// Syncs that are timed; the median counts.
const SYNCS: usize = 5;
/// Free space below this is a warning, and below a tenth of it a failure.
const FREE_MB_MIN: u64 = 2_048;

/// Whether a folder takes files that survive a loss of power, how fast, and how many more. A folder that is
/// not there yet is judged by the one that it would be made in.
pub(super) fn disk(data_dir: &Path) -> Vec<Check> {
    let folder = data_dir.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let shown = data_dir.display();
    let file = folder.join(format!(".seawall-doctor-{}", std::process::id()));
    let timed = time_syncs(&file);
    // It is ours; where it could not be made there is nothing to remove.
    let _ = fs::remove_file(&file);
    let written = match timed {
        Ok(median) => {
            let check = if median <= SYNC_MAX {
                Check::ok("disk", format!("{shown} takes synced writes"))
            } else {
                let finding = format!("{shown} syncs slowly: every order waits for a sync of the journal");
                Check::warn("disk", finding, "put data.dir on a faster disk of this machine")
            };
            let most = format!("{} ms", SYNC_MAX.as_millis());
            check.measured(format!("{:.1} ms", median.as_secs_f64() * 1e3)).against(most)
        }
        Err(error) => Check::fail(
            "disk",
            format!("{shown} cannot be written: {error}"),
            "give this user the right to write there, or set data.dir",
        ),
    };
    vec![written, space(folder)]
}

fn time_syncs(path: &Path) -> std::io::Result<Duration> {
    let mut file = File::create(path)?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let start = Instant::now();
        file.write_all(&[0; SYNC_BYTES])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times.get(SYNCS / 2).copied().unwrap_or_default())
}

/// Free space, by `df`: the standard library cannot ask.
fn space(folder: &Path) -> Check {
    let output = Command::new("df").args(["-Pm", "--"]).arg(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    match free {
        Some(free) => judge_space(free),
        None => Check::skipped("disk_space", "`df` does not say how much is free"),
    }
}

fn judge_space(free_mb: u64) -> Check {
    let remedy = "free some space, or set data.dir to another disk";
    let check = if free_mb < FREE_MB_MIN / 10 {
        let finding = "the disk is nearly full: a journal that cannot be written ends the run";
        Check::fail("disk_space", finding, remedy)
    } else if free_mb < FREE_MB_MIN {
        Check::warn("disk_space", "there is little room for journal and database", remedy)
    } else {
        Check::ok("disk_space", "there is room for journal and database")
    };
    check.measured(format!("{free_mb} MB")).against(format!("{FREE_MB_MIN} MB"))
}

/// Whether a run could take the lock of the account, and the lock, to be kept while orders are placed. Where
/// nothing ever ran there is nothing to take, and nothing is made unless the lock is needed (`make`).
pub(super) fn lock(root: &Path, account: &str, make: bool) -> (Check, Option<InstanceLock>) {
    if !make && !root.is_dir() {
        return (Check::ok("lock", format!("nothing ever ran in {}", root.display())), None);
    }
    match InstanceLock::acquire(root, account) {
        Ok(lock) => (Check::ok("lock", format!("{} is free", lock.path().display())), Some(lock)),
        Err(StoreError::Locked { file, holder }) => {
            let finding = format!("another seawall ({holder}) holds {}", file.display());
            let remedy = "stop the other one, or use another data folder";
            (Check::fail("lock", finding, remedy), None)
        }
        Err(error) => {
            (Check::fail("lock", error.to_string(), "give this user the right to write there"), None)
        }
    }
}

/// The kill switch. A run starts while it is on, without entries, and protects what is there.
pub(super) fn kill_switch(data_dir: &Path) -> Check {
    match KillSwitch::in_folder(data_dir).read() {
        KillState::Off { .. } => Check::ok("kill_switch", "it is off"),
        KillState::On(order) => {
            let note = if order.note.is_empty() { String::new() } else { format!(": {}", order.note) };
            Check::fail(
                "kill_switch",
                format!("it is on ({}{note}): a run starts without entries", order.reason.name()),
                "`seawall kill-switch release` turns it off",
            )
            .started_with()
        }
    }
}

/// Whether the server can be reached and a start could make its schema there. A run trades and protects while
/// the server is away.
pub(super) fn database(url: Option<&DatabaseUrl>) -> Check {
    let Some(url) = url else {
        return Check::ok("database", "a file of SQLite in the folder of each start");
    };
    let start = Instant::now();
    let asked = may_make_schemas(url);
    let took = format!("{:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    match asked {
        Ok(true) => {
            Check::ok("database", "the server answers, and takes the schema of a start").measured(took)
        }
        Ok(false) => {
            let finding = "the user may not make schemas in this database, and each start makes one";
            Check::fail("database", finding, "GRANT CREATE ON DATABASE … TO …, or name another user")
        }
        Err(error) if error.is_outage() => {
            let finding = format!("{error}; a run trades and protects without it, and its rows wait");
            Check::fail("database", finding, "start the server, or correct DATABASE_URL").started_with()
        }
        Err(error) => Check::fail("database", error.to_string(), "correct DATABASE_URL or the database"),
    }
}

pub(super) fn alert_channels() -> Check {
    Check::warn(
        "alert_channels",
        "none is configured: alerts are in the live view, the log and the database only",
        "watch the log; there are no channels to configure yet",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_disk_that_is_nearly_full_fails_and_little_room_is_warned_of() {
        let of = |free| judge_space(free).verdict;
        assert_eq!((of(203), of(204), of(2_047)), (Verdict::Fail, Verdict::Warn, Verdict::Warn));
        assert_eq!(of(2_048), Verdict::Ok);
    }

    #[test]
    fn a_folder_that_cannot_be_written_fails_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(disk(&file.join("data"))[0].verdict, Verdict::Fail);
        assert_ne!(disk(&folder.path().join("not/there/yet"))[0].verdict, Verdict::Fail);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else was made");
    }

    #[test]
    fn looking_at_the_lock_makes_nothing_and_a_held_one_names_its_holder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("run/live");
        assert_eq!(lock(&root, "run", false).0.verdict, Verdict::Ok);
        assert!(!root.exists());
        let held = InstanceLock::acquire(&root, "run").unwrap();
        let (check, none) = lock(&root, "run", false);
        assert!(check.verdict == Verdict::Fail && check.finding.contains("pid") && none.is_none());
        drop(held);
        assert_eq!(lock(&root, "run", false).0.verdict, Verdict::Ok);
    }
}
