//! The dashboard: `web/` is turned into `web/dist`, which the binary that is built next embeds, and which a
//! debug binary reads while it runs.
//!
//! Packages come by `npm ci --ignore-scripts`, so exactly those of the lock file and none of their programs
//! at install time. They are installed, and the dashboard built, only where something is newer than what was
//! made of it. Its tests drive Debian's Chromium against a demo of the binary that was built for the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, ensure};

use crate::commands::{DEMO_BINARY, root};
use crate::{EXIT_PREREQUISITE, prerequisites, steps};

/// What npm writes last when it has installed everything.
const INSTALLED: &str = "node_modules/.package-lock.json";
/// What the build writes last.
const BUILT: &str = "dist/notices.txt.br";
/// What the build is made of.
const SOURCES: [&str; 7] =
    ["src", "public", "scripts", "index.html", "package.json", "package-lock.json", "vite.config.ts"];
/// The Debian packages with Node.js.
const PACKAGES: [&str; 2] = ["nodejs", "npm"];
/// The oldest Node.js that Vite runs on: major and minor.
const NODE_MIN: (u32, u32) = (20, 19);
/// The Debian package of the browser that the tests drive.
const BROWSER: &str = "chromium";
/// Where a browser that they can drive may be.
const BROWSERS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// npm, as this platform calls it.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// What is to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Build it, whether or not anything has changed.
    Build,
    /// Drive it in a browser.
    Test,
    /// Make the book's pictures of it.
    Pictures,
    /// Measure how quick it is.
    Figures,
}

/// Reads the words after `web`.
///
/// # Errors
/// One sentence about what was not understood.
pub(crate) fn task(words: &[String]) -> Result<Task, String> {
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(Task::Build),
        ["--test"] => Ok(Task::Test),
        ["--pictures"] => Ok(Task::Pictures),
        ["--figures"] => Ok(Task::Figures),
        other => Err(format!("`web` takes `--test`, `--pictures` or `--figures`, not `{}`", other.join(" "))),
    }
}

/// Does it.
///
/// # Errors
/// When something does not build, a program could not be run, or the time of a file not be read.
pub(crate) fn run(task: Task) -> anyhow::Result<u8> {
    let root = root()?;
    match task {
        Task::Build => build(&root),
        Task::Test => test(&root),
        Task::Pictures => drive(&root, &["run", "pictures"], built_for_tests),
        Task::Figures => drive(&root, &["run", "figures"], built_for_people),
    }
}

fn build(root: &Path) -> anyhow::Result<u8> {
    let web = root.join("web");
    if let Err(missing) = ensure_node() {
        eprintln!("error: {missing}");
        return Ok(EXIT_PREREQUISITE);
    }
    match install(&web)? {
        0 => npm(&web, &["run", "build"]),
        code => Ok(code),
    }
}

/// Builds it where something has changed, for the release binary of a demo. One without it still shows what
/// it is for, so a machine without Node.js is told, and goes on.
///
/// # Errors
/// As for [`run`].
pub(crate) fn offer(root: &Path) -> anyhow::Result<u8> {
    let web = root.join("web");
    if is_built(&web)? {
        return Ok(0);
    }
    if let Err(missing) = ensure_node() {
        println!("==> without the dashboard: {missing}");
        return Ok(0);
    }
    fresh(&web)
}

/// Does for its tests what can be done before there is a binary: installs what they need and builds it. What
/// is missing, in words.
///
/// # Errors
/// As for [`run`].
pub(crate) fn prepare(root: &Path) -> anyhow::Result<Result<PathBuf, String>> {
    if let Err(missing) = ensure_node() {
        return Ok(Err(missing));
    }
    if fresh(&root.join("web"))? != 0 {
        return Ok(Err("the dashboard does not build; what npm says stands above.".to_owned()));
    }
    Ok(ensure_browser())
}

/// Checks its types and drives every screen of a demo in a browser.
///
/// # Errors
/// As for [`run`].
pub(crate) fn test(root: &Path) -> anyhow::Result<u8> {
    if let Err(missing) = prepare(root)? {
        eprintln!("error: {missing}");
        return Ok(EXIT_PREREQUISITE);
    }
    for words in [["run", "types:check"], ["run", "check"]] {
        let code = npm(&root.join("web"), &words)?;
        if code != 0 {
            return Ok(code);
        }
    }
    drive(root, &["test"], built_for_tests)
}

/// The binary of the tests, which reads the dashboard from its folder: after them there is nothing left to
/// compile.
fn built_for_tests(root: &Path) -> anyhow::Result<PathBuf> {
    Ok(steps::build_as_tested(root)?.join("seawall"))
}

/// The binary of `cargo xtask demo`, which has the dashboard inside.
fn built_for_people(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = steps::cargo();
    cargo.current_dir(root).arg("build").args(DEMO_BINARY);
    ensure!(steps::status(&mut cargo)? == 0, "the binary does not build");
    Ok(steps::target(root).join("demo/seawall"))
}

/// Runs one of its scripts that drive a browser, against a binary.
fn drive(root: &Path, words: &[&str], binary: fn(&Path) -> anyhow::Result<PathBuf>) -> anyhow::Result<u8> {
    let browser = match prepare(root)? {
        Ok(browser) => browser,
        Err(missing) => {
            eprintln!("error: {missing}");
            return Ok(EXIT_PREREQUISITE);
        }
    };
    let binary = binary(root)?;
    println!("$ npm {}", words.join(" "));
    let mut npm = Command::new(NPM);
    npm.current_dir(root.join("web")).args(words);
    steps::status(npm.env("SEAWALL_BIN", binary).env("SEAWALL_CHROMIUM", browser))
}

/// Makes sure of a browser; or one message that says what to do.
fn ensure_browser() -> Result<PathBuf, String> {
    if browser().is_none() && prerequisites::can_install() {
        println!("==> no Chromium: installing {BROWSER}");
        prerequisites::install(&[BROWSER]);
    }
    browser().ok_or_else(|| {
        format!(
            "the dashboard's tests drive Chromium. Debian has it:\n\n    sudo apt-get install {BROWSER}\n\n\
             Elsewhere let SEAWALL_CHROMIUM name the program."
        )
    })
}

fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("SEAWALL_CHROMIUM").filter(|name| !name.is_empty()).map(PathBuf::from);
    named.into_iter().chain(BROWSERS.map(PathBuf::from)).find(|path| path.is_file())
}

/// Installs its packages and builds it, where that has to be done.
fn fresh(web: &Path) -> anyhow::Result<u8> {
    match install(web)? {
        0 if is_built(web)? => Ok(0),
        0 => npm(web, &["run", "build"]),
        code => Ok(code),
    }
}

fn install(web: &Path) -> anyhow::Result<u8> {
    if is_stale(changed(&web.join("package-lock.json"))?, changed(&web.join(INSTALLED))?) {
        return npm(web, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    }
    Ok(0)
}

fn npm(web: &Path, words: &[&str]) -> anyhow::Result<u8> {
    println!("$ npm {}", words.join(" "));
    steps::status(Command::new(NPM).current_dir(web).args(words))
}

/// Makes sure of Node.js and npm; or one message that says what to do.
fn ensure_node() -> Result<(), String> {
    if !has_node() && prerequisites::can_install() {
        println!("==> no Node.js: installing {}", PACKAGES.join(", "));
        prerequisites::install(&PACKAGES);
    }
    if has_node() {
        return Ok(());
    }
    let (major, minor) = NODE_MIN;
    Err(format!(
        "the dashboard is built by Node.js {major}.{minor} or newer, and by npm. Debian 13 has them:\n\n    \
         sudo apt-get install {}\n\nElsewhere see https://nodejs.org.",
        PACKAGES.join(" ")
    ))
}

fn has_node() -> bool {
    let npm = Command::new(NPM).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let node = Command::new("node").arg("--version").output();
    npm.is_ok_and(|status| status.success())
        && node.is_ok_and(|output| {
            version(&String::from_utf8_lossy(&output.stdout)).is_some_and(|had| had >= NODE_MIN)
        })
}

/// Major and minor of `v20.19.2`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn is_built(web: &Path) -> anyhow::Result<bool> {
    let mut newest = None;
    for source in SOURCES {
        newest = newest.max(newest_below(&web.join(source))?);
    }
    Ok(!is_stale(newest, changed(&web.join(BUILT))?))
}

/// When something at `path` or below was changed last; a folder changes when something comes or goes.
fn newest_below(path: &Path) -> anyhow::Result<Option<SystemTime>> {
    let mut newest = changed(path)?;
    if path.is_dir() {
        let entries =
            std::fs::read_dir(path).with_context(|| format!("cannot look into {}", path.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot look into {}", path.display()))?;
            newest = newest.max(newest_below(&entry.path())?);
        }
    }
    Ok(newest)
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

/// Whether something has to be made again: what it is made of is newer, or it is not there.
fn is_stale(source: Option<SystemTime>, made: Option<SystemTime>) -> bool {
    made.is_none_or(|made| source.is_some_and(|source| source > made))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_older_than_its_source_is_made_again_and_only_that() {
        let (old, new) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(1));
        assert!(is_stale(Some(old), None) && is_stale(Some(new), Some(old)));
        assert!(!is_stale(Some(old), Some(new)) && !is_stale(Some(old), Some(old)));
    }

    #[test]
    fn it_is_built_where_nothing_else_is_asked_for() {
        let of = |words: &[&str]| task(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), Ok(Task::Build));
        assert_eq!((of(&["--test"]), of(&["--pictures"])), (Ok(Task::Test), Ok(Task::Pictures)));
        assert_eq!(of(&["--figures"]), Ok(Task::Figures));
        assert!(of(&["--test", "now"]).is_err_and(|words| words.contains("--test now")));
    }

    #[test]
    fn node_says_its_version_and_anything_else_is_none() {
        assert_eq!(version("v20.19.2\n"), Some((20, 19)));
        assert!(version("v18.20.4") < Some(NODE_MIN) && version("v22.0.0") > Some(NODE_MIN));
        assert_eq!(version("node: not found"), None);
    }
}
