//! The dashboard: `cargo xtask web` turns `web/` into `web/dist`, which the binary that is built next embeds.
//!
//! Packages come by `npm ci --ignore-scripts`, so exactly those of the lock file and none of their programs
//! at install time; that is done only where the lock file is newer than what is installed.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::Context;

use crate::commands::root;
use crate::{EXIT_PREREQUISITE, steps};

/// What npm writes last when it has installed everything.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Builds it.
///
/// # Errors
/// When npm could not be run, or the time of a file not be read.
pub(crate) fn build() -> anyhow::Result<u8> {
    let web = root()?.join("web");
    let version = Command::new(NPM).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        eprintln!(
            "error: npm was not found; install Node.js 20.19 or newer (Debian: apt install nodejs npm)"
        );
        return Ok(EXIT_PREREQUISITE);
    }
    if is_stale(changed(&web.join("package-lock.json"))?, changed(&web.join(INSTALLED))?) {
        let code = npm(&web, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
        if code != 0 {
            return Ok(code);
        }
    }
    npm(&web, &["run", "build"])
}

/// npm, as this platform calls it.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

fn npm(web: &Path, words: &[&str]) -> anyhow::Result<u8> {
    println!("$ npm {}", words.join(" "));
    steps::status(Command::new(NPM).current_dir(web).args(words))
}

/// When a file was changed last; none where there is no such file.
fn changed(path: &Path) -> anyhow::Result<Option<SystemTime>> {
    match std::fs::metadata(path) {
        Ok(about) => {
            about.modified().map(Some).with_context(|| format!("cannot tell the time of {}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

/// Whether the packages have to be installed: the lock file is newer, or nothing is installed.
fn is_stale(lock: Option<SystemTime>, installed: Option<SystemTime>) -> bool {
    installed.is_none_or(|installed| lock.is_some_and(|lock| lock > installed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn packages_are_installed_again_when_the_lock_file_is_newer_and_only_then() {
        let (old, new) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(1));
        assert!(is_stale(Some(old), None) && is_stale(Some(new), Some(old)));
        assert!(!is_stale(Some(old), Some(new)) && !is_stale(Some(old), Some(old)));
    }
}
