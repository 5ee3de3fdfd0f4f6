//! The exchange in a box, proven by a client that nobody here wrote: ccxt, unmodified but for its addresses.
//!
//! The binary that was built for the tests serves both venues on loopback; a Python program in
//! `crates/testnet/tests/ccxt` runs its steps on each. Both ends keep the venues' own rate limits: the clock
//! of the exchange runs faster, and so does ccxt's pace.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::python::{self, Pins};
use crate::{EXIT_PREREQUISITE, steps};

/// Where the program and its pinned packages are.
const SCRIPTS: &str = "crates/testnet/tests/ccxt";
/// How often the clock of the exchange passes ours.
const SPEED: &str = "20";
const KEY: &str = "ccxt-proof-key";
/// Base64 of 64 bytes, as the venues hand them out.
const SECRET: &str =
    "c2Vhd2FsbCBjY3h0IHByb29mOiBhIGZha2Ugc2VjcmV0IG9mIHNpeHR5LWZvdXIgYnl0ZXMsIG5vIG1vcmUhIQ==";
/// How long the exchange may take until it listens.
const START_MAX: Duration = Duration::from_secs(60);

/// A venue as the testnet calls it, as ccxt calls it, and the seed of this run.
struct Run {
    venue: &'static str,
    ccxt: &'static str,
    seed: &'static str,
}

const RUNS: [Run; 2] = [
    Run { venue: "kraken-futures", ccxt: "krakenfutures", seed: "7" },
    Run { venue: "kraken", ccxt: "kraken", seed: "7" },
];

/// The exchange, stopped when it goes out of scope, whatever happened before.
struct Exchange(Child);

impl Drop for Exchange {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds the binary, makes the environment and runs all steps on both venues.
///
/// # Errors
/// When a program could not be started or the exchange does not listen.
pub(crate) fn run(root: &Path) -> anyhow::Result<u8> {
    let folder = root.join("target").join("ccxt");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let requirements = root.join(SCRIPTS).join("requirements.txt");
    let python = match python::prepare(&folder, "ccxt", Pins::File(&requirements))? {
        Ok(python) => python,
        Err(missing) => {
            eprintln!("error: {missing}");
            return Ok(EXIT_PREREQUISITE);
        }
    };
    let binary = build(root)?;
    let mut code = 0;
    for run in &RUNS {
        println!("--> {} with seed {}", run.ccxt, run.seed);
        let port = free_port()?;
        let _exchange = start(&binary, run, port, &folder)?;
        let outcome = steps::status(&mut prove(root, &python, run, port))?;
        code = if code == 0 { outcome } else { code };
    }
    Ok(code)
}

fn build(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = steps::cargo();
    cargo.current_dir(root).args(["build", "--quiet", "--package", "seawall-cli", "--bin", "seawall"]);
    ensure!(steps::status(&mut cargo)? == 0, "the binary does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join("debug").join("seawall"))
}

/// A port that nobody listens on now.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port on loopback")?;
    Ok(listener.local_addr()?.port())
}

fn start(binary: &Path, run: &Run, port: u16, folder: &Path) -> anyhow::Result<Exchange> {
    let log = folder.join(format!("{}.log", run.venue));
    let file = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(binary);
    command.args(["testnet", "--venue", run.venue, "--listen", &format!("127.0.0.1:{port}")]);
    command.args(["--seed", run.seed, "--speed", SPEED, "--key", KEY, "--secret", SECRET]);
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let child = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
    let mut exchange = Exchange(child);
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Some(status) = exchange.0.try_wait()? {
            anyhow::bail!("the exchange ended with {status}: see {}", log.display());
        }
        ensure!(started.elapsed() < START_MAX, "the exchange does not listen: see {}", log.display());
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(exchange)
}

fn prove(root: &Path, python: &Path, run: &Run, port: u16) -> Command {
    let mut command = Command::new(python);
    // Without bytecode files in the source tree.
    command.arg("-B").arg(root.join(SCRIPTS).join("prove.py"));
    command.args(["--venue", run.ccxt, "--url", &format!("http://127.0.0.1:{port}")]);
    command.args(["--key", KEY, "--secret", SECRET, "--seed", run.seed, "--pace", SPEED]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_of_the_environment_has_a_version_and_hashes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = std::fs::read_to_string(root.join(SCRIPTS).join("requirements.txt")).unwrap();
        assert!(text.contains("\nccxt==4.5.90 \\\n"));
        let packages = text.lines().filter(|line| !line.starts_with([' ', '#']) && !line.is_empty());
        assert!(packages.clone().all(|line| line.contains("==") && line.ends_with('\\')));
        assert!(text.matches("--hash=sha256:").count() > packages.count());
    }

    #[test]
    fn an_exchange_that_ends_at_once_is_told_with_its_log() {
        let folder = std::env::temp_dir().join(format!("seawall-ccxt-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let found = start(Path::new("false"), &RUNS[0], free_port().unwrap(), &folder).map(|_| ());
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(found.unwrap_err().to_string().contains("kraken-futures.log"));
    }
}
