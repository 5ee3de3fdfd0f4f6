//! A child process: what it says is kept with the time at which it said it, and it never outlives the drill.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::keeper;

#[derive(Debug, Default)]
struct Said {
    lines: Vec<(Instant, String)>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Ear {
    said: Mutex<Said>,
    heard: Condvar,
}

impl Ear {
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running program.
pub(crate) struct Process {
    child: Child,
    ear: Arc<Ear>,
    name: String,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Process {
    /// Starts a program; what it writes also goes to the file `log`, behind what is there.
    ///
    /// # Errors
    /// It cannot be started, or the log cannot be written.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let open = || File::options().create(true).append(true).open(log);
        let mut file = open().with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(open()?);
        let started = Instant::now();
        let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        if let Err(error) = keeper::started(child.id()) {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
        let out = child.stdout.take().context("the program has no standard output")?;
        let ear = Arc::new(Ear::default());
        let hearing = ear.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { break };
                // A log that cannot be written does not keep the drill from judging.
                let _ = writeln!(file, "{:9.3} {line}", started.elapsed().as_secs_f64());
                hearing.lock().lines.push((Instant::now(), line));
                hearing.heard.notify_all();
            }
            hearing.lock().ended = true;
            hearing.heard.notify_all();
        });
        Ok(Process { child, ear, name: name.to_owned(), started })
    }

    /// The first line that begins with `prefix`, and when it came.
    ///
    /// # Errors
    /// The program ended, or said no such thing within `patience`.
    pub(crate) fn wait_for(&self, prefix: &str, patience: Duration) -> anyhow::Result<(Instant, String)> {
        let until = Instant::now() + patience;
        let mut said = self.ear.lock();
        loop {
            if let Some(found) = said.lines.iter().find(|(_, line)| line.starts_with(prefix)) {
                return Ok(found.clone());
            }
            let last = said.lines.last().map_or("nothing", |(_, line)| line.as_str());
            if said.ended {
                bail!("{} ended without saying `{prefix}`; its last line: {last}", self.name);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!("{} did not say `{prefix}` within {patience:?}; its last line: {last}", self.name);
            }
            said = self.ear.heard.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Everything it has said.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.ear.lock().lines.iter().map(|(_, line)| line.clone()).collect()
    }

    /// Whether it has ended by itself.
    ///
    /// # Errors
    /// The system does not tell.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            keeper::ended(self.child.id());
        }
        Ok(status)
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        keeper::ended(self.child.id());
        Ok(())
    }

    /// Asks it to end (`SIGTERM`) and waits for that.
    ///
    /// # Errors
    /// It is still there after `patience`.
    pub(crate) fn stop(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("cannot run `kill`")?;
        self.wait(patience)
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// It is still there after `patience`.
    pub(crate) fn wait(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("{} is still running {patience:?} after it was asked to end", self.name)
    }

    /// Most memory that it has had resident, in KiB; `None` where the system does not say.
    pub(crate) fn memory_max_kib(&self) -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.kill();
    }
}
