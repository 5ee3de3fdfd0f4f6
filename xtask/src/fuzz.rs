//! The API, fuzzed from its own OpenAPI document by schemathesis: a viewer asks everything of one demo, an
//! operator commands another one.
//!
//! What has to hold: no answer is a 5xx that the document does not name, every answer is as the document says
//! (status, type, schema), and the journal of the viewer's demo has no command in it. That of the operator's
//! has some, else the look into it would prove nothing. Cases come in a fixed order; a failure prints the
//! request as a line of curl.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::python::{self, Pins};
use crate::{EXIT_FAILED, steps};

/// schemathesis with all that it stands on, as pip resolves it on 2026-11-22; nothing else is installed.
const PINS: [&str; 25] = [
    "schemathesis==4.32.5",
    "anyio==4.16.0",
    "certifi==2026.10.18",
    "charset-normalizer==3.5.2",
    "click==8.5.1",
    "graphql-core==3.3.2",
    "harfile==0.6.0",
    "hypothesis==6.170.15",
    "hypothesis-graphql==0.13.5",
    "idna==3.20",
    "iniconfig==2.3.1",
    "jsonschema_rs==0.60.3",
    "markdown-it-py==4.3.0",
    "MarkupSafe==3.0.4",
    "mdurl==0.1.2",
    "packaging==26.3",
    "pluggy==1.7.0",
    "Pygments==2.21.0",
    "pyrate-limiter==4.5.1",
    "pytest==9.2.0",
    "PyYAML==6.0.3",
    "requests==2.34.2",
    "rich==15.0.0",
    "sortedcontainers==2.4.0",
    "urllib3==2.8.0",
];
/// Needed by some of them on older Pythons, and small.
const PINS_MORE: [&str; 2] = ["typing_extensions==4.16.0", "Werkzeug==3.1.9"];
/// What is looked at.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// Longest that a demo takes to open its API.
const START_MAX: Duration = Duration::from_secs(60);
/// The journal is handed over several times a second.
const HAND_OVER: Duration = Duration::from_secs(1);

/// Who asks, and what.
#[derive(Debug, Clone, Copy)]
struct Asker {
    role: &'static str,
    /// Paths, as schemathesis chooses them.
    paths: [&'static str; 2],
    cases: &'static str,
}

/// A stream of messages is no answer, so it is left out.
const VIEWER: Asker = Asker { role: "viewer", paths: ["--exclude-path", "/api/stream"], cases: "8" };
const OPERATOR: Asker = Asker {
    role: "operator",
    paths: ["--include-path-regex", "^/api/(commands|demo|signals|session)"],
    cases: "40",
};

/// The Python that has schemathesis, installed where it is missing; or what the machine lacks, in words.
///
/// # Errors
/// When a file could not be read or written.
pub(crate) fn prepare(root: &Path) -> anyhow::Result<Result<PathBuf, String>> {
    let folder = folder(root);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let pins: Vec<&str> = PINS.into_iter().chain(PINS_MORE).collect();
    python::prepare(&folder, "schemathesis", Pins::Words(&pins))
}

fn folder(root: &Path) -> PathBuf {
    root.join("target").join("fuzz")
}

/// Both askers at the same time. Skipped, aloud, where schemathesis cannot be installed.
///
/// # Errors
/// When a program could not be started.
pub(crate) fn run(root: &Path) -> anyhow::Result<u8> {
    let python = match prepare(root)? {
        Ok(python) => python,
        Err(missing) => {
            println!("SKIPPED: the API is not fuzzed, schemathesis cannot be installed: {missing}");
            return Ok(0);
        }
    };
    let binary = steps::build_as_tested(root)?.join("seawall");
    let folder = folder(root);
    let passed: Vec<bool> = std::thread::scope(|scope| {
        let (folder, python, binary) = (&folder, &python, &binary);
        let threads =
            [VIEWER, OPERATOR].map(|asker| scope.spawn(move || fuzz(folder, python, binary, asker)));
        let verdict =
            |result: anyhow::Result<()>| result.inspect_err(|error| println!("FAILED: {error:#}")).is_ok();
        threads.map(|thread| thread.join().is_ok_and(verdict)).to_vec()
    });
    Ok(if passed.into_iter().all(|passed| passed) { 0 } else { EXIT_FAILED })
}

/// A process, stopped when it goes out of scope, whatever happened before.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fuzz(folder: &Path, python: &Path, binary: &Path, asker: Asker) -> anyhow::Result<()> {
    let role = asker.role;
    let data = folder.join(role);
    if data.exists() {
        std::fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
    }
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let made = Command::new(binary)
        .args(["api", "token", "--role", role, "--data-dir"])
        .arg(&data)
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    let token = word(&String::from_utf8_lossy(&made.stdout), "swt_").context("no token was made")?;
    let (demo, address) = demo(binary, &data)?;
    let report = folder.join(format!("{role}.txt"));
    let file =
        std::fs::File::create(&report).with_context(|| format!("cannot write {}", report.display()))?;
    let mut command = Command::new(python);
    command.args(["-m", "schemathesis.cli", "run"]).arg(format!("{address}/api/openapi.json"));
    command.args(["--generation-deterministic", "--phases", "coverage,fuzzing", "--no-color"]);
    command.args(["--checks", CHECKS, "--max-examples", asker.cases]).args(asker.paths);
    command.arg("-H").arg(format!("Authorization: Bearer {token}"));
    // Its database of examples stays out of the source tree.
    command.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::null()).stdout(file);
    let code = steps::status(&mut command)?;
    let said = std::fs::read_to_string(&report).unwrap_or_default();
    if code != 0 {
        println!("{said}");
    }
    ensure!(code == 0, "{role}: an answer is not as the document says; all of it is in {}", report.display());
    std::thread::sleep(HAND_OVER);
    drop(demo);
    let commands = commands(binary, &data)?;
    ensure!((role == VIEWER.role) == (commands == 0), "{role}: the journal has {commands} commands");
    let cases = said.lines().find(|line| line.contains(" generated, ")).unwrap_or("nothing").trim();
    println!("{role}: {cases}; {commands} commands in the journal");
    Ok(())
}

/// A demo that goes on until it is dropped, and the address of its API.
fn demo(binary: &Path, data: &Path) -> anyhow::Result<(Process, String)> {
    let mut command = Command::new(binary);
    command.args(["demo", "--in-process", "--headless", "--speed", "50", "--duration", "30m", "--data-dir"]);
    command.arg(data).args(["--set", "api.listen=127.0.0.1:0"]);
    command.args(["--set", "api.sign_in_failures_per_minute=600"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
    let out = child.stdout.take().context("the demo has no output")?;
    let demo = Process(child);
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(address) = word(&line, "http://") {
                // Whoever waited may have given up.
                let _ = told.send(address);
            }
        }
    });
    let address = heard.recv_timeout(START_MAX).context("the demo did not open its API")?;
    Ok((demo, address))
}

/// How many commands the journal of the first run has.
fn commands(binary: &Path, data: &Path) -> anyhow::Result<usize> {
    let run = data.join("demo").join("run-000001");
    let mut command = Command::new(binary);
    command.args(["journal", "show", "--limit", "100000000"]).arg(&run);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
    let out = child.stdout.take().context("it has no output")?;
    let lines = BufReader::new(out).lines().map_while(Result::ok);
    let count = lines.filter(|line| is_command(line)).count();
    ensure!(child.wait()?.success(), "the journal in {} cannot be read", run.display());
    Ok(count)
}

/// Whether a line of a journal is a command: number, instant, kind.
fn is_command(line: &str) -> bool {
    let kind: Vec<&str> = line.split(' ').skip(2).take(2).collect();
    matches!(kind.as_slice(), ["operator", ..] | ["input", "operator"])
}

/// The word of a text that begins so.
fn word(text: &str, begins: &str) -> Option<String> {
    let (_, rest) = text.split_once(begins)?;
    let ends = |letter: char| letter.is_whitespace() || matches!(letter, ';' | ',');
    Some(format!("{begins}{}", rest.split(ends).next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_is_pinned() {
        assert!(PINS.iter().chain(&PINS_MORE).all(|pin| pin.contains("==")));
    }

    #[test]
    fn tokens_addresses_and_commands_are_found_in_their_lines() {
        let line = "API at http://127.0.0.1:4711; first token, for an operator: swt_1_2";
        assert_eq!(word(line, "http://").as_deref(), Some("http://127.0.0.1:4711"));
        assert_eq!(word(line, "swt_").as_deref(), Some("swt_1_2"));
        assert_eq!(word("nothing", "swt_"), None);
        assert!(is_command("7 2026-01-01T00:00:00Z operator somebody: pause"));
        assert!(is_command("8 2026-01-01T00:00:00Z input operator mode reduce_only"));
        assert!(!is_command("9 2026-01-01T00:00:00Z input candle operator"));
    }
}
