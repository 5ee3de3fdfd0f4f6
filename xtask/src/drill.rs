//! Drills: the built binaries are killed, cut off and starved, and judged from outside. The drills themselves
//! are a program of their own (`crates/drill`); here both binaries are built, and the words passed on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::steps;

/// The drill that belongs to the tests: a little of each.
pub(crate) const SHORT: &str = "short";

/// Builds `seawall` and `seawall-drill` and runs the drill that the words name, to its end.
///
/// # Errors
/// Something does not build, or cannot be run.
pub(crate) fn run(root: &Path, words: &[String]) -> anyhow::Result<u8> {
    steps::status(&mut built(root, words)?)
}

/// The same, and becomes it: a signal reaches the drill itself.
///
/// # Errors
/// As for [`run`].
pub(crate) fn become_it(root: &Path, words: &[String]) -> anyhow::Result<u8> {
    steps::become_command(&mut built(root, words)?)
}

fn built(root: &Path, words: &[String]) -> anyhow::Result<Command> {
    let release = words.iter().any(|word| word == "--release");
    let folder = if release { build_release(root)? } else { steps::build_as_tested(root)? };
    let mut command = Command::new(folder.join("seawall-drill"));
    command.arg("--keep").arg(steps::target(root).join("drill"));
    command.args(words.iter().filter(|word| *word != "--release"));
    Ok(command)
}

fn build_release(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = steps::cargo();
    cargo.current_dir(root).args(["build", "--quiet", "--workspace", "--locked", "--bins", "--release"]);
    ensure!(steps::status(&mut cargo)? == 0, "the binaries do not build");
    Ok(steps::target(root).join("release"))
}
