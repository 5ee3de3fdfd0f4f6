//! Running one command after the other: a heading before each, the time it took, and the first failure's
//! code.
//!
//! A failed step does not stop the others: one run shows everything there is to mend.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::EXIT_FAILED;

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
        print!("{}", String::from_utf8_lossy(&text));
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
}

/// Runs every step, prints the summary and gives the code of the first one that failed, or 0.
pub(crate) fn run(title: &str, steps: &[Step<'_>]) -> u8 {
    let started = Instant::now();
    let outcomes: Vec<Outcome> = steps.iter().map(run_one).collect();
    println!("\n{}", summary(title, &outcomes, started.elapsed()));
    first_failure(&outcomes)
}

fn run_one(step: &Step<'_>) -> Outcome {
    println!("\n==> {}", step.name);
    let started = Instant::now();
    let code = (step.work)().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        EXIT_FAILED
    });
    Outcome { name: step.name, code, took: started.elapsed() }
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
///
/// # Errors
/// When the command could not be started.
pub(crate) fn status(command: &mut Command) -> anyhow::Result<u8> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run `{program}`"))?;
    Ok(code(status))
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
            Outcome { name: "tests", code: 0, took: Duration::from_millis(1500) },
            Outcome { name: "tidy", code: 1, took: Duration::from_millis(20) },
        ];
        let text = summary("test", &outcomes, Duration::from_secs(2));
        assert!(text.contains("tests           1.5 s  ok"), "{text}");
        assert!(text.contains("FAILED (exit code 1)"), "{text}");
        assert!(text.ends_with("test FAILED in 2.0 s"), "{text}");
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
