//! The storm: seeded worlds full of faults, and what CI lives through of them.
//!
//! The storm itself has no clock and no terminal: its runner is an example beside it, built by a profile of
//! its own. Parity compares drivers that the storm does not stand on, so it is an example of `seawall-live`,
//! built with everything else of the workspace.

use std::path::Path;
use std::process::Command;

use crate::steps::{self, Step};

/// One data set through every driver, instead of worlds.
const PARITY: &str = "--parity";
/// What CI lives through.
const CI: &str = "--ci";

/// The package and how it is built.
const PROFILE: [&str; 4] = ["--profile", "storm", "--package", "seawall-storm"];
/// The runner.
const RUNNER: &[&str] = &["--example", "storm"];
/// The one that looks for bugs that were made on purpose.
const MUTANTS: &[&str] = &["--features", "mutants", "--example", "mutants"];

/// What CI runs of the runner, part by part: 300 worlds by values, 60 over bytes, the named scenarios.
const PARTS: &[(&str, &[&str])] = &[
    ("typed", &["--seeds", "0..300"]),
    ("wire", &["--level", "wire", "--seeds", "0..60"]),
    ("corpus", &["--corpus"]),
];

/// Does what the words say.
///
/// # Errors
/// Something does not build, or cannot be run.
pub(crate) fn become_it(root: &Path, words: &[String]) -> anyhow::Result<u8> {
    if words.iter().any(|word| word == PARITY) {
        return steps::become_command(&mut parity(root)?);
    }
    if words.iter().any(|word| word == CI) {
        return Ok(steps::run("storm", &ci(root)));
    }
    let mut command = steps::cargo();
    command.current_dir(root);
    command.args(["run", "--quiet"]).args(PROFILE);
    // The bugs that were made on purpose are built for their own runner alone.
    let example = if words.iter().any(|word| word == "--mutants") { MUTANTS } else { RUNNER };
    command.args(example).arg("--").args(words);
    steps::become_command(&mut command)
}

/// The words for cargo that build what [`ci`] runs, both runners.
pub(crate) fn builds() -> [Vec<&'static str>; 2] {
    [RUNNER, MUTANTS].map(|example| [&["build"], PROFILE.as_slice(), &["--locked"], example].concat())
}

/// The parts of CI, each with the exit code that says what broke.
pub(crate) fn ci(root: &Path) -> Vec<Step<'_>> {
    let cargo = |name, verb: &[&str], example: &[&str], words: &[&str]| {
        Step::cargo(name, root, &[verb, PROFILE.as_slice(), &["--locked"], example, words].concat())
    };
    let mut steps = vec![cargo("build", &["build"], RUNNER, &[])];
    for (name, words) in PARTS {
        steps.push(Step { name, work: Box::new(move || steps::status(runner(root).args(*words))) });
    }
    steps.push(cargo("mutants", &["run", "--quiet"], MUTANTS, &["--", "--mutants"]));
    steps.push(Step { name: "parity", work: Box::new(move || steps::status(&mut parity(root)?)) });
    steps
}

/// The runner, built before.
fn runner(root: &Path) -> Command {
    let mut command = Command::new(steps::target(root).join("storm/examples/storm"));
    command.current_dir(root);
    command
}

/// The comparison of the drivers.
fn parity(root: &Path) -> anyhow::Result<Command> {
    Ok(Command::new(steps::build_as_tested(root)?.join("examples/parity")))
}
