//! Backtests that are started over the API: each is a process of its own, with a folder of its own in
//! `backtests/` of the data folder.
//!
//! Invariants: one runs at a time, at the lowest priority, so a run that trades keeps its time; it has the
//! configuration of the run in a file and nothing of its environment, so no key of a venue; what was asked
//! for is on disk before the process is; whatever becomes of this process, the folder says what is known.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seawall_model::Ts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::At;
use crate::error::ApiError;

/// Backtests that are kept; one more is refused until some are removed.
pub(crate) const KEPT_MAX: usize = 200;
/// Bytes of what a process has complained of that are shown.
const PROBLEM_BYTES: u64 = 2_000;
/// Bytes of a result that is read.
const RESULT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How often the process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How a backtest stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// At work.
    Running,
    /// It has a result and a report.
    Done,
    /// It was not possible: see `problem`.
    Failed,
    /// Somebody ended it.
    Cancelled,
    /// The process that started it ended before it.
    Interrupted,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) who: String,
    pub(crate) at: At,
    pub(crate) note: String,
    pub(crate) candles: Vec<String>,
    pub(crate) strategy: Option<String>,
    pub(crate) from: Option<At>,
    pub(crate) to: Option<At>,
    pub(crate) set: Vec<String>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) state: State,
    pub(crate) at: At,
    pub(crate) problem: Option<String>,
    /// The part `summary` of the result.
    pub(crate) summary: Option<Value>,
}

/// What is known of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) id: u32,
    pub(crate) asked: Asked,
    pub(crate) state: State,
    /// From 0 to 1, while it is at work.
    pub(crate) progress: Option<f64>,
    pub(crate) ended: Option<Ended>,
}

/// What is to be run.
pub(crate) struct Job {
    pub(crate) asked: Asked,
    /// The configuration, as the file that the process reads.
    pub(crate) config: String,
    pub(crate) archive: PathBuf,
    /// Candles that are no part of the archive: name of the file, content.
    pub(crate) files: Vec<(String, String)>,
}

#[derive(Debug)]
struct Running {
    id: u32,
    child: Child,
    cancelled: bool,
}

/// The backtests of a data folder.
#[derive(Debug)]
pub(crate) struct Backtests {
    program: Option<PathBuf>,
    folder: PathBuf,
    running: Arc<Mutex<Option<Running>>>,
}

/// Why none was started.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// This process is not the program that could.
    NoProgram,
    /// One runs already.
    Busy(u32),
    /// [`KEPT_MAX`] are there.
    Full,
    /// Files or processes.
    Failed(ApiError),
}

impl Backtests {
    /// Those in `data_dir`; `program` makes further ones.
    pub(crate) fn new(program: Option<PathBuf>, data_dir: &Path) -> Self {
        Backtests { program, folder: data_dir.join("backtests"), running: Arc::default() }
    }

    /// Whether one could be started.
    pub(crate) fn can_start(&self) -> bool {
        self.program.is_some()
    }

    /// All that are known, newest first. Reads files.
    pub(crate) fn list(&self) -> Vec<Known> {
        let mut ids = self.ids();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.into_iter().filter_map(|id| self.known(id)).collect()
    }

    /// One of them. Reads files.
    pub(crate) fn known(&self, id: u32) -> Option<Known> {
        let folder = self.folder_of(id);
        let asked: Asked = read_json(&folder.join("request.json"))?;
        let is_running = self.lock().as_ref().is_some_and(|running| running.id == id);
        let ended: Option<Ended> = read_json(&folder.join("end.json"));
        let state = match (&ended, is_running) {
            (Some(ended), _) => ended.state,
            (None, true) => State::Running,
            (None, false) => State::Interrupted,
        };
        let progress = is_running.then(|| progress(&folder)).flatten();
        Some(Known { id, asked, state, progress, ended })
    }

    /// The report of one that is done. Reads a file.
    pub(crate) fn report(&self, id: u32) -> Option<Vec<u8>> {
        std::fs::read(self.folder_of(id).join("report.html")).ok()
    }

    /// Starts one; gives its number.
    pub(crate) fn start(&self, job: &Job) -> Result<u32, NotStarted> {
        let program = self.program.as_ref().ok_or(NotStarted::NoProgram)?;
        let mut running = self.lock();
        if let Some(one) = running.as_ref() {
            return Err(NotStarted::Busy(one.id));
        }
        let ids = self.ids();
        if ids.len() >= KEPT_MAX {
            return Err(NotStarted::Full);
        }
        let id = ids.into_iter().max().unwrap_or(0).saturating_add(1);
        let folder = self.folder_of(id);
        let failed = |path: &Path, action| {
            let path = path.to_owned();
            move |error| NotStarted::Failed(ApiError::file(&path, action)(error))
        };
        std::fs::create_dir_all(&folder).map_err(failed(&folder, "making"))?;
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(failed(&path, "writing"))
        };
        write("request.json", &serde_json::to_string_pretty(&job.asked).unwrap_or_default())?;
        write("config.yaml", &job.config)?;
        for (name, content) in &job.files {
            write(name, content)?;
        }
        let log = folder.join("log.txt");
        let log = File::create(&log).map_err(failed(&log, "writing"))?;
        let child =
            command(program, &folder, job).stderr(log).spawn().map_err(failed(program, "starting"))?;
        *running = Some(Running { id, child, cancelled: false });
        drop(running);
        let (watched, folder) = (self.running.clone(), folder.clone());
        std::thread::Builder::new()
            .name("backtest".to_owned())
            .spawn(move || watch(&watched, &folder))
            .map_err(|error| NotStarted::Failed(ApiError::Threads(error)))?;
        Ok(id)
    }

    /// Ends one that runs, or removes one that has ended; says whether there was one.
    pub(crate) fn remove(&self, id: u32) -> std::io::Result<bool> {
        if let Some(running) = self.lock().as_mut().filter(|running| running.id == id) {
            running.cancelled = true;
            running.child.kill()?;
            return Ok(true);
        }
        let folder = self.folder_of(id);
        if !folder.is_dir() {
            return Ok(false);
        }
        std::fs::remove_dir_all(folder).map(|()| true)
    }

    fn ids(&self) -> Vec<u32> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    fn folder_of(&self, id: u32) -> PathBuf {
        self.folder.join(format!("{id:06}"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Backtests {
    fn drop(&mut self) {
        if let Some(running) = self.lock().as_mut() {
            // It ends with the run; its folder says that it was interrupted.
            let _ = running.child.kill();
        }
    }
}

/// The process: what it was asked for and nothing of our environment.
fn command(program: &Path, folder: &Path, job: &Job) -> Command {
    let mut command = if cfg!(unix) && Path::new("/usr/bin/nice").is_file() {
        let mut command = Command::new("/usr/bin/nice");
        command.args(["-n", "19"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env_clear().current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command.args(["backtest", "--config", "config.yaml", "--json", "result.json", "--html", "report.html"]);
    command.args(["--progress", "progress"]).arg("--archive").arg(&job.archive);
    for candles in &job.asked.candles {
        command.arg("--candles").arg(candles);
    }
    if let Some(strategy) = &job.asked.strategy {
        command.arg("--strategy").arg(strategy);
    }
    for (option, at) in [("--from", job.asked.from), ("--to", job.asked.to)] {
        if let Some(At(at)) = at {
            command.arg(option).arg(at.to_string());
        }
    }
    for change in &job.asked.set {
        command.arg("--set").arg(change);
    }
    command
}

/// Waits for the process and writes down how it ended.
fn watch(running: &Mutex<Option<Running>>, folder: &Path) {
    loop {
        let mut slot = running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(one) = slot.as_mut() else { return };
        match one.child.try_wait() {
            Ok(None) => {
                drop(slot);
                std::thread::sleep(LOOK_EVERY);
            }
            Ok(Some(_)) | Err(_) => {
                let cancelled = one.cancelled;
                let ended = end(folder, cancelled);
                let text = serde_json::to_string_pretty(&ended).unwrap_or_default();
                if let Err(error) = std::fs::write(folder.join("end.json"), text) {
                    tracing::warn!(%error, "the end of a backtest was not written down");
                }
                *slot = None;
                return;
            }
        }
    }
}

/// How a backtest ended, by what it has left.
fn end(folder: &Path, cancelled: bool) -> Ended {
    let result = folder.join("result.json");
    let fits = std::fs::metadata(&result).is_ok_and(|about| about.len() <= RESULT_BYTES_MAX);
    let summary = if fits { read_json::<Value>(&result) } else { None };
    let summary = summary.and_then(|mut result| result.get_mut("summary").map(Value::take));
    let report = folder.join("report.html").is_file();
    let (state, problem) = match (cancelled, summary.is_some() && report) {
        (_, true) => (State::Done, None),
        (true, false) => (State::Cancelled, None),
        (false, false) => (State::Failed, Some(complaint(folder))),
    };
    Ended { state, at: At(super::routes::signals::wall()), problem, summary }
}

/// The end of what the process has said.
fn complaint(folder: &Path) -> String {
    let mut text = Vec::new();
    let read = File::open(folder.join("log.txt")).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(PROBLEM_BYTES)))?;
        file.read_to_end(&mut text)
    });
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    match read {
        Ok(_) if !text.is_empty() => text,
        Ok(_) | Err(_) => "it ended without a result and without a word".to_owned(),
    }
}

/// How far it has come, as it has written it: done and total.
fn progress(folder: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(folder.join("progress")).ok()?;
    let (done, total) = text.trim().split_once(' ')?;
    let (done, total) = (done.parse::<f64>().ok()?, total.parse::<f64>().ok()?);
    (total > 0.0).then(|| (done / total).clamp(0.0, 1.0))
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Candles as a file that a backtest reads: time in milliseconds, prices, volume.
pub(crate) fn csv(
    instrument: &seawall_model::Instrument,
    candles: &[seawall_model::Candle],
    (from, to): (Option<Ts>, Option<Ts>),
) -> String {
    let mut text = "ts_ms,open,high,low,close,volume\n".to_owned();
    let inside = |at: Ts| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to);
    for candle in candles.iter().filter(|candle| inside(candle.open_time)) {
        let price = |units| instrument.price(units);
        let (open, high) = (price(candle.open), price(candle.high));
        let (low, close) = (price(candle.low), price(candle.close));
        let at = candle.open_time.nanos() / 1_000_000;
        text.push_str(&format!("{at},{open},{high},{low},{close},{}\n", candle.volume));
    }
    text
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    fn job() -> Job {
        let asked = Asked {
            who: "somebody".to_owned(),
            at: At(Ts::EPOCH),
            note: String::new(),
            candles: Vec::new(),
            strategy: None,
            from: None,
            to: None,
            set: Vec::new(),
        };
        Job { asked, config: String::new(), archive: PathBuf::new(), files: Vec::new() }
    }

    fn folder(script: &str) -> (tempfile::TempDir, Backtests) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let backtests = Backtests::new(Some(program), folder.path());
        (folder, backtests)
    }

    fn ended(backtests: &Backtests, id: u32) -> Known {
        let begun = Instant::now();
        loop {
            let known = backtests.known(id).unwrap();
            if known.state != State::Running {
                return known;
            }
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn one_runs_at_a_time_shows_how_far_it_is_and_ends_when_it_is_cancelled() {
        let (_folder, backtests) = folder("echo '30 120' > progress; exec sleep 600");
        assert_eq!(backtests.start(&job()).unwrap(), 1);
        assert!(matches!(backtests.start(&job()), Err(NotStarted::Busy(1))));
        let begun = Instant::now();
        while backtests.known(1).unwrap().progress != Some(0.25) {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(backtests.remove(1).unwrap());
        assert_eq!(ended(&backtests, 1).state, State::Cancelled);
        assert!(backtests.remove(1).unwrap() && backtests.list().is_empty());
    }

    #[test]
    fn what_failed_says_why_and_sees_nothing_of_our_environment() {
        let (_folder, backtests) = folder("env >&2; echo 'error: no such candles' >&2; exit 2");
        assert_eq!(backtests.start(&job()).unwrap(), 1);
        let known = ended(&backtests, 1);
        let problem = known.ended.unwrap().problem.unwrap();
        assert_eq!(known.state, State::Failed);
        assert!(problem.ends_with("error: no such candles") && !problem.contains("CARGO"), "{problem}");
    }

    #[test]
    fn one_that_did_not_outlive_its_process_was_interrupted() {
        let (folder, backtests) = folder("exec sleep 600");
        assert_eq!(backtests.start(&job()).unwrap(), 1);
        drop(backtests);
        // Whoever watched it may still write its end: it was not cancelled, and it has no result.
        let next = Backtests::new(None, folder.path());
        let state = next.known(1).unwrap().state;
        assert!(matches!(state, State::Interrupted | State::Failed), "{state:?}");
        assert!(matches!(next.start(&job()), Err(NotStarted::NoProgram)));
    }
}
