//! Running one command after the other: a heading before each, the time it took, and the first failure's
//! code.
//!
//! A failed step does not stop the others: one run shows everything there is to mend. Where nobody watches,
//! what a failed step said last is shown again before the summary: logs are long, and are kept by their ends.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::EXIT_FAILED;

/// How many of a failed step's last lines are shown again.
const LAST_LINES: usize = 80;
/// How long, after a process has ended, one that it left behind may hold what it printed into.
const LEFT_BEHIND_MAX: Duration = Duration::from_secs(5);

thread_local! {
    /// The last lines that the running step's commands have printed.
    static LAST: RefCell<VecDeque<String>> = const { RefCell::new(VecDeque::new()) };
}

/// One thing to run: `work` gives the exit code.
pub(crate) struct Step<'a> {
    /// What the heading and the summary call it.
    pub(crate) name: &'static str,
    /// Does it; an error counts as [`EXIT_FAILED`].
    pub(crate) work: Box<dyn Fn() -> anyhow::Result<u8> + 'a>,
}

impl<'a> Step<'a> {
    /// A step that runs cargo at the root of the repository.
    pub(crate) fn cargo(name: &'static str, root: &'a Path, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let work = move || {
            println!("$ cargo {}", arguments.join(" "));
            status(cargo().current_dir(root).args(&arguments))
        };
        Self { name, work: Box::new(work) }
    }
}

/// A process beside the steps that follow: what it prints is kept, and shown where its end is waited for.
#[derive(Default)]
pub(crate) struct Beside(RefCell<Option<(Child, PathBuf)>>);

impl Beside {
    /// Begins it; what it prints goes into the file `kept`.
    ///
    /// # Errors
    /// When the process could not be started, or its output has no place.
    pub(crate) fn begin(&self, mut command: Command, kept: PathBuf) -> anyhow::Result<u8> {
        let program = command.get_program().to_string_lossy().into_owned();
        let no_place = || format!("cannot write {}", kept.display());
        let file = File::create(&kept).with_context(no_place)?;
        command.stdin(Stdio::null()).stdout(file.try_clone().with_context(no_place)?).stderr(file);
        let process = command.spawn().with_context(|| format!("cannot run `{program}`"))?;
        self.0.replace(Some((process, kept)));
        Ok(0)
    }

    /// Waits for its end, shows what it has printed, and gives its code.
    ///
    /// # Errors
    /// When it was never begun, or what it has printed cannot be read.
    pub(crate) fn end(&self) -> anyhow::Result<u8> {
        let begun = self.0.borrow_mut().take();
        let (mut process, kept) = begun.context("it was not begun: what it needs was missing")?;
        let status = process.wait().context("cannot wait for its end")?;
        let text = std::fs::read(&kept).with_context(|| format!("cannot read {}", kept.display()))?;
        text.split_inclusive(|byte| *byte == b'\n').for_each(show);
        Ok(code(status))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some((process, _)) = self.0.get_mut() {
            // One that has ended by itself cannot be killed, and need not be.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// What became of a step.
struct Outcome {
    name: &'static str,
    code: u8,
    took: Duration,
    /// What it said last, where it has failed.
    last: Vec<String>,
}

/// Runs every step, prints the summary and gives the code of the first one that failed, or 0.
pub(crate) fn run(title: &str, steps: &[Step<'_>]) -> u8 {
    let started = Instant::now();
    let outcomes: Vec<Outcome> = steps.iter().map(run_one).collect();
    for outcome in outcomes.iter().filter(|outcome| !outcome.last.is_empty()) {
        println!("\n==> {}: said last", outcome.name);
        outcome.last.iter().for_each(|line| println!("{line}"));
    }
    println!("\n{}", summary(title, &outcomes, started.elapsed()));
    first_failure(&outcomes)
}

fn run_one(step: &Step<'_>) -> Outcome {
    println!("\n==> {}", step.name);
    let started = Instant::now();
    LAST.take();
    let code = (step.work)().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        keep(&format!("error: {error:#}"));
        EXIT_FAILED
    });
    let last = LAST.take();
    let last = if code == 0 { Vec::new() } else { last.into() };
    Outcome { name: step.name, code, took: started.elapsed(), last }
}

/// Keeps a line of what the running step says.
fn keep(line: &str) {
    LAST.with_borrow_mut(|last| {
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    });
}

fn first_failure(outcomes: &[Outcome]) -> u8 {
    outcomes.iter().map(|outcome| outcome.code).find(|code| *code != 0).unwrap_or(0)
}

fn summary(title: &str, outcomes: &[Outcome], total: Duration) -> String {
    let mut lines = vec![format!("==> {title}: summary")];
    for outcome in outcomes {
        let verdict = match outcome.code {
            0 => "ok".to_owned(),
            code => format!("FAILED (exit code {code})"),
        };
        lines.push(format!("    {:<11} {:>7.1} s  {verdict}", outcome.name, outcome.took.as_secs_f64()));
    }
    let verdict = if first_failure(outcomes) == 0 { "passed" } else { "FAILED" };
    lines.push(format!("    {title} {verdict} in {:.1} s", total.as_secs_f64()));
    lines.join("\n")
}

/// Cargo, as the user called it, without the variables that describe this crate: a build script that watches
/// one of them would run again each time the caller changes between `cargo` and `cargo xtask`.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    forget_ourselves(&mut command);
    command
}

/// Takes the variables that describe this crate out of a command's environment.
pub(crate) fn forget_ourselves(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let describes_us = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_BIN_NAME"
        });
        if describes_us {
            command.env_remove(name);
        }
    }
}

/// Builds the binaries and the comparison of the drivers, and gives the folder they are in. After the tests
/// there is nothing left to compile, since the selection turns on the same features: an example among it
/// brings in what the tests depend on, without which some packages, and all above them, would be built again.
///
/// # Errors
/// When something does not build.
pub(crate) fn build_as_tested(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = cargo();
    cargo.current_dir(root);
    cargo.args(["build", "--quiet", "--workspace", "--locked", "--bins", "--example", "parity"]);
    ensure!(status(&mut cargo)? == 0, "the binaries do not build");
    Ok(target(root).join("debug"))
}

/// The folder that cargo builds in.
pub(crate) fn target(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    root.join(target)
}

/// Runs a command to its end and gives its exit code; a command that a signal killed gives [`EXIT_FAILED`].
/// Somebody at a terminal sees it as it is; elsewhere its last lines are kept.
///
/// # Errors
/// When the command could not be started.
pub(crate) fn status(command: &mut Command) -> anyhow::Result<u8> {
    if !std::io::stdout().is_terminal() {
        return watched(command);
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run `{program}`"))?;
    Ok(code(status))
}

/// Runs a command as [`status`] does, prints what it prints, and keeps the last lines.
fn watched(command: &mut Command) -> anyhow::Result<u8> {
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot = || format!("cannot run `{program}`");
    let (reader, writer) = std::io::pipe().with_context(cannot)?;
    command.stdout(writer.try_clone().with_context(cannot)?).stderr(writer);
    let mut process = command.spawn().with_context(cannot)?;
    // The command holds our ends of the pipe too, and with them open it would never be at its end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let lines = lines_of(reader);
    let ended = loop {
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(line) => show(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break process.wait().with_context(cannot)?,
        }
        if let Some(status) = process.try_wait().with_context(cannot)? {
            break status;
        }
    };
    // A process it leaves behind may hold the pipe, and go on printing: neither is waited for.
    let until = Instant::now() + LEFT_BEHIND_MAX;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        let Ok(line) = lines.recv_timeout(left) else { break };
        show(&line);
    }
    Ok(code(ended))
}

/// Its lines as they come, from a thread that ends with the last of those who write.
fn lines_of(reader: PipeReader) -> Receiver<Vec<u8>> {
    let (lines, read) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            let is_over = reader.read_until(b'\n', &mut line).map_or(true, |count| count == 0);
            if is_over || lines.send(line).is_err() {
                return;
            }
        }
    });
    read
}

fn show(line: &[u8]) {
    // Nobody may be reading any more, which is no reason to stop.
    let _ = std::io::stdout().write_all(line);
    keep(String::from_utf8_lossy(line).trim_end());
}

fn code(status: ExitStatus) -> u8 {
    status.code().map_or(EXIT_FAILED, |code| u8::try_from(code).unwrap_or(EXIT_FAILED))
}

/// Becomes the command, so that Ctrl-C reaches it alone and its exit code is ours.
///
/// # Errors
/// When the command could not be started.
#[cfg(unix)]
pub(crate) fn become_command(command: &mut Command) -> anyhow::Result<u8> {
    use std::os::unix::process::CommandExt;

    let program = command.get_program().to_string_lossy().into_owned();
    Err(command.exec()).with_context(|| format!("cannot run `{program}`"))
}

/// Runs the command to its end: this platform cannot replace a process.
///
/// # Errors
/// When the command could not be started.
#[cfg(not(unix))]
pub(crate) fn become_command(command: &mut Command) -> anyhow::Result<u8> {
    status(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, code: u8) -> Step<'static> {
        Step { name, work: Box::new(move || Ok(code)) }
    }

    #[test]
    fn the_first_failure_decides_and_the_rest_still_runs() {
        let later = std::cell::Cell::new(false);
        let last = Step {
            name: "last",
            work: Box::new(|| {
                later.set(true);
                Ok(0)
            }),
        };
        assert_eq!(run("sample", &[step("a", 0), step("b", 101), step("c", 4), last]), 101);
        assert!(later.get());
    }

    #[test]
    fn steps_that_all_succeed_give_zero() {
        assert_eq!(run("sample", &[step("a", 0), step("b", 0)]), 0);
    }

    #[test]
    fn an_error_inside_a_step_is_a_failure() {
        let broken = Step { name: "broken", work: Box::new(|| anyhow::bail!("no such file")) };
        assert_eq!(run("sample", &[broken]), EXIT_FAILED);
    }

    #[test]
    fn the_summary_names_steps_codes_and_the_total() {
        let outcomes = [
            Outcome { name: "tests", code: 0, took: Duration::from_millis(1500), last: Vec::new() },
            Outcome { name: "tidy", code: 1, took: Duration::from_millis(20), last: Vec::new() },
        ];
        let text = summary("test", &outcomes, Duration::from_secs(2));
        assert!(text.contains("tests           1.5 s  ok"), "{text}");
        assert!(text.contains("FAILED (exit code 1)"), "{text}");
        assert!(text.ends_with("test FAILED in 2.0 s"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn what_a_command_said_last_is_kept_where_it_failed_and_nowhere_else() {
        let say = |words: &'static str| Step {
            name: "say",
            work: Box::new(move || watched(Command::new("sh").args(["-c", words]))),
        };
        let failed = run_one(&say("seq 100; echo why >&2; exit 3"));
        assert_eq!((failed.code, failed.last.len()), (3, LAST_LINES));
        assert_eq!((failed.last[0].as_str(), failed.last[LAST_LINES - 1].as_str()), ("22", "why"));
        let fine = run_one(&say("echo fine"));
        assert_eq!((fine.code, fine.last.len()), (0, 0));
        let broken = Step { name: "broken", work: Box::new(|| anyhow::bail!("no such file")) };
        assert_eq!(run_one(&broken).last, ["error: no such file"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_is_left_behind_is_not_waited_for() {
        let run = |words: &'static str| {
            let work = Box::new(move || watched(Command::new("sh").args(["-c", words])));
            run_one(&Step { name: "left", work })
        };
        // It holds the pipe for longer than anybody waits.
        let quiet = run("sleep 600 & echo $!; exit 5");
        assert_eq!((quiet.code, quiet.last.len()), (5, 1));
        assert!(Command::new("kill").arg(&quiet.last[0]).status().unwrap().success(), "it has not ended");
        // It prints until nobody reads it any more.
        let loud = run("while :; do echo again; sleep 0.01; done & exit 5");
        assert!(loud.code == 5 && loud.last.iter().all(|line| line == "again"), "{:?}", loud.last);
    }

    #[cfg(unix)]
    #[test]
    fn what_runs_beside_gives_its_code_once_and_keeps_what_it_printed() {
        let kept = std::env::temp_dir().join(format!("seawall-xtask-beside-{}", std::process::id()));
        let beside = Beside::default();
        assert!(beside.end().is_err(), "it was not begun");
        let mut command = Command::new("sh");
        command.args(["-c", "echo said; echo warned >&2; exit 4"]);
        assert_eq!(beside.begin(command, kept.clone()).unwrap(), 0);
        assert_eq!(beside.end().unwrap(), 4);
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "said\nwarned\n");
        assert!(beside.end().is_err(), "once");
        let error = beside.begin(Command::new("no-such-program-anywhere"), kept.clone()).unwrap_err();
        assert!(error.to_string().contains("no-such-program-anywhere"));
        assert!(beside.end().is_err(), "nothing was begun");
        std::fs::remove_file(kept).unwrap();
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = status(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-anywhere"));
    }
}
