//! Virtual environments with pinned packages: made once under `target`, made again when a pin changes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::prerequisites;

/// The Debian packages that bring Python and its virtual environments.
const PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// What is installed, without anything else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pins<'a> {
    /// `name==version` each.
    Words(&'a [&'a str]),
    /// A requirements file in which every package has a version and hashes.
    File(&'a Path),
}

impl Pins<'_> {
    /// The pins as text: an environment is made again when it differs.
    fn text(self) -> anyhow::Result<String> {
        match self {
            Pins::Words(words) => Ok(words.join("\n")),
            Pins::File(file) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
            }
        }
    }

    fn install(self, pip: &mut Command) -> &mut Command {
        match self {
            Pins::Words(words) => pip.args(words),
            Pins::File(file) => pip.args(["--require-hashes", "--requirement"]).arg(file),
        }
    }
}

/// The Python of the environment in `folder`, which is made if it is missing or holds other versions; or what
/// the machine lacks, in words. `title` says what is installed.
///
/// # Errors
/// When a file could not be read or written.
pub(crate) fn prepare(folder: &Path, title: &str, pins: Pins<'_>) -> anyhow::Result<Result<PathBuf, String>> {
    let environment = folder.join("venv");
    let python = environment.join("bin").join("python");
    let marker = environment.join("pins");
    let text = pins.text()?;
    // Written last: an environment that was left half made has none.
    if std::fs::read_to_string(&marker).is_ok_and(|made| made == text) {
        return Ok(Ok(python));
    }
    eprintln!("==> installing {title}");
    if let Err(missing) = make(&environment, &python, pins) {
        return Ok(Err(missing));
    }
    std::fs::write(&marker, text).with_context(|| format!("cannot write {}", marker.display()))?;
    Ok(Ok(python))
}

fn make(environment: &Path, python: &Path, pins: Pins<'_>) -> Result<(), String> {
    if !makes(environment) && prerequisites::can_install() {
        eprintln!("==> no working `python3 -m venv`: installing {}", PACKAGES.join(", "));
        prerequisites::install(&PACKAGES);
    }
    if !is_new_enough() {
        return Err(missing("Python 3.11 or newer is needed as `python3`."));
    }
    if !makes(environment) {
        return Err(missing("`python3 -m venv` does not work."));
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    if succeeds(pins.install(&mut pip)) {
        return Ok(());
    }
    Err("pip could not install the packages above. They come from PyPI, so the network is needed once; \
         what pip says stands above."
        .to_owned())
}

fn is_new_enough() -> bool {
    succeeds(Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]))
}

fn makes(environment: &Path) -> bool {
    is_new_enough()
        && succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment))
        && environment.join("bin").join("pip").is_file()
}

fn missing(reason: &str) -> String {
    format!("{reason} Debian and Ubuntu have it:\n\n    sudo apt-get install {}\n", PACKAGES.join(" "))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_with_the_pinned_versions_is_not_made_again() {
        let folder = std::env::temp_dir().join(format!("seawall-python-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("venv")).unwrap();
        std::fs::write(folder.join("venv/pins"), "a==1\nb==2").unwrap();
        let python = prepare(&folder, "a sample", Pins::Words(&["a==1", "b==2"])).unwrap().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(python.starts_with(&folder));
    }

    #[test]
    fn what_is_missing_comes_with_the_command_that_brings_it() {
        assert!(missing("No.").contains("sudo apt-get install python3 python3-venv"));
    }
}
