//! The Python that runs the package: a virtual environment under `target`, made once, with pinned versions.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

/// What is installed, without anything else: `numba`, which the package asks for, is never imported by it.
/// The versions are those that pip resolves for the package on 2026-11-21; they need Python 3.11.
const PINS: [&str; 5] = [
    "smartmoneyconcepts==0.0.27",
    "pandas==3.1.1",
    "numpy==2.4.6",
    "python-dateutil==4.0.0",
    "tzdata==2026.6",
];

/// The Python of the environment, which is made if it is missing or holds other versions; or what the machine
/// lacks, in words.
///
/// # Errors
/// When a file could not be written.
pub(super) fn prepare(folder: &Path) -> anyhow::Result<Result<PathBuf, String>> {
    let environment = folder.join("venv");
    let python = environment.join("bin").join("python");
    let marker = environment.join("pins");
    let pins = PINS.join("\n");
    // Written last: an environment that was left half made has none.
    if std::fs::read_to_string(&marker).is_ok_and(|made| made == pins) {
        return Ok(Ok(python));
    }
    eprintln!("==> installing {}", PINS.join(", "));
    if let Err(missing) = make(&environment, &python) {
        return Ok(Err(missing));
    }
    std::fs::write(&marker, pins).with_context(|| format!("cannot write {}", marker.display()))?;
    Ok(Ok(python))
}

fn make(environment: &Path, python: &Path) -> Result<(), String> {
    let mut version = Command::new("python3");
    version.args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
    if !succeeds(&mut version) {
        return Err(missing("Python 3.11 or newer is needed as `python3`.", "python3 python3-venv"));
    }
    let mut venv = Command::new("python3");
    if !succeeds(venv.args(["-m", "venv", "--clear"]).arg(environment)) {
        return Err(missing("`python3 -m venv` does not work.", "python3-venv"));
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]).args(PINS);
    if !succeeds(&mut pip) {
        return Err(
            "pip could not install the packages above. They come from PyPI, so the network is needed \
                    once; what pip says stands above."
                .to_owned(),
        );
    }
    Ok(())
}

fn missing(reason: &str, packages: &str) -> String {
    format!("{reason} Debian and Ubuntu have it:\n\n    sudo apt-get install {packages}\n")
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned() {
        assert!(PINS.iter().all(|pin| pin.contains("==")));
    }

    #[test]
    fn an_environment_with_the_pinned_versions_is_not_made_again() {
        let folder = std::env::temp_dir().join(format!("seawall-bench-smc-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("venv")).unwrap();
        std::fs::write(folder.join("venv/pins"), PINS.join("\n")).unwrap();
        let python = prepare(&folder).unwrap().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(python.starts_with(&folder));
    }

    #[test]
    fn what_is_missing_comes_with_the_command_that_brings_it() {
        assert!(missing("No.", "python3-venv").contains("sudo apt-get install python3-venv"));
    }
}
