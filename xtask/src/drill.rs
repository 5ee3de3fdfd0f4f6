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
    // With everything else of the workspace, so that nothing is built twice with other features.
    let mut cargo = steps::cargo();
    cargo.current_dir(root).args(["build", "--quiet", "--workspace", "--locked", "--bins"]);
    if release {
        cargo.arg("--release");
    }
    ensure!(steps::status(&mut cargo)? == 0, "the binaries do not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = root.join(target);
    let program = folder.join(if release { "release" } else { "debug" }).join("seawall-drill");
    let mut command = Command::new(&program);
    command.arg("--keep").arg(folder.join("drill"));
    command.args(words.iter().filter(|word| *word != "--release"));
    Ok(command)
}
