//! `cargo xtask bench smc`: the Python package `smartmoneyconcepts` beside ours, on the same bars.
//!
//! One command makes what it needs under `target/bench-smc` (a virtual environment with pinned versions,
//! files of bars from a seed), runs both sides, checks that they find the same cells and prints medians and
//! ratios. A time is never asserted: machines differ. A cell that differs fails the run.

mod pins;
mod report;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::python::{self, Pins};
use crate::{EXIT_FAILED, EXIT_PREREQUISITE, steps};
use report::{Measured, Report};

/// The script that the package's Python runs.
const SCRIPT: &str = include_str!("package.py");

/// Bars of the file that the indicators are compared on.
const BARS: usize = 20_000;
/// Bars of the second file that shows how the package's time grows.
const BARS_MORE: usize = 100_000;
/// Runs of each of the package's indicators.
const PACKAGE_RUNS: usize = 3;
/// Runs of each of ours: they are short, so more of them cost nothing.
const OUR_RUNS: usize = 51;
/// Candles that the package is run on again for each new one, and how many new ones are tried.
const LIVE_WINDOW: usize = 500;
const LIVE_BARS: usize = 15;

/// What can be chosen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// A CSV with the columns Date (`YYYY-MM-DD HH:MM:SS`, UTC), Open, High, Low, Close, Volume; without it
    /// a random walk.
    pub(crate) input: Option<PathBuf>,
    /// Print JSON instead of tables.
    pub(crate) json: bool,
}

/// Reads the words after `bench smc`.
///
/// # Errors
/// One sentence about the word that was not understood.
pub(crate) fn options(words: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => options.json = true,
            "--input" => {
                let file = words.next().ok_or("`--input` needs a file")?;
                options.input = Some(PathBuf::from(file));
            }
            other => {
                return Err(format!("`bench smc` takes `--input FILE` and `--json`, not `{other}`"));
            }
        }
    }
    Ok(options)
}

/// Measures both sides and prints what came out.
///
/// # Errors
/// When a program could not be run or said something else than expected.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<u8> {
    let folder = root.join("target").join("bench-smc");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let python = match python::prepare(&folder, &pins::PINS.join(", "), Pins::Words(&pins::PINS))? {
        Ok(python) => python,
        Err(missing) => {
            eprintln!("error: {missing}");
            return Ok(EXIT_PREREQUISITE);
        }
    };
    let report = measure(root, &folder, &python, options)?;
    print!("{}", if options.json { report.json() } else { report.tables() });
    Ok(if report.agrees() { 0 } else { EXIT_FAILED })
}

fn measure(root: &Path, folder: &Path, python: &Path, options: &Options) -> anyhow::Result<Report> {
    let (walk, more) = (generate(root, folder, BARS)?, generate(root, folder, BARS_MORE)?);
    let file = match &options.input {
        Some(input) => std::path::absolute(input)?,
        None => walk.clone(),
    };
    let script = folder.join("package.py");
    std::fs::write(&script, SCRIPT)?;
    let out = folder.join("columns");
    std::fs::create_dir_all(&out)?;
    eprintln!("==> the package, which takes a minute or two");
    let mut package = Command::new(python);
    package.arg(script).args([&file, &out]);
    package.args([PACKAGE_RUNS, LIVE_WINDOW, LIVE_BARS].map(|number| number.to_string()));
    let package = lines_of(package.args([&walk, &more]))?;
    eprintln!("==> ours");
    let runs = OUR_RUNS.to_string();
    let ours = lines_of(&mut ours(root, &["measure".as_ref(), file.as_ref(), out.as_ref(), runs.as_ref()]))?;
    let data = match &options.input {
        Some(input) => input.display().to_string(),
        None => format!("{BARS} seeded random 15 minute bars"),
    };
    Report::new(data, &package, &ours)
}

/// Our side, with these words.
fn ours(root: &Path, words: &[&OsStr]) -> Command {
    let mut command = steps::cargo();
    command.current_dir(root);
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "seawall-smc",
        "--example",
        "package_bench",
        "--",
    ]);
    command.args(words);
    command
}

/// A file of a random walk, which depends on the number of bars alone.
fn generate(root: &Path, folder: &Path, bars: usize) -> anyhow::Result<PathBuf> {
    let file = folder.join(format!("walk-{bars}.csv"));
    let count = bars.to_string();
    lines_of(&mut ours(root, &["generate".as_ref(), file.as_ref(), count.as_ref()]))?;
    Ok(file)
}

/// What a command measured: a line is what was measured and numbers, with tabs between them.
fn lines_of(command: &mut Command) -> anyhow::Result<Vec<Measured>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run `{program}`"))?;
    ensure!(output.status.success(), "`{program}` failed: {}", output.status);
    let text = String::from_utf8(output.stdout).context("output that is no text")?;
    text.lines().map(Measured::read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_anything_else_is_named() {
        let read = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            options(&words)
        };
        assert_eq!(read(""), Ok(Options::default()));
        let all = Options { input: Some(PathBuf::from("a.csv")), json: true };
        assert_eq!(read("--json --input a.csv"), Ok(all));
        assert!(read("--input").is_err_and(|error| error.contains("--input")));
        assert!(read("criterion").is_err_and(|error| error.contains("criterion")));
    }
}
