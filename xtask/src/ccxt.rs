//! The exchange in a box, proven by a client that nobody here wrote: ccxt, unmodified but for its addresses.
//!
//! The binary that was built for the tests serves both venues on loopback; a Python program in
//! `crates/testnet/tests/ccxt` runs its steps on each: with several seeds, and once more with faults. Both
//! venues run at the same time. Both ends keep the venues' own rate limits: the clock of the exchange runs
//! faster, and so does ccxt's pace.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::python::{self, Pins};
use crate::{EXIT_FAILED, EXIT_PREREQUISITE, steps};

/// Where the program, its pinned packages and the faults are.
const SCRIPTS: &str = "crates/testnet/tests/ccxt";
/// How often the clock of the exchange passes ours.
const SPEED: &str = "20";
/// Dollars in the account: some seeds make coins so dear that a few of their smallest orders cost thousands.
const BALANCE: &str = "100000";
const KEY: &str = "ccxt-proof-key";
/// Base64 of 64 bytes, as the venues hand them out.
const SECRET: &str =
    "c2Vhd2FsbCBjY3h0IHByb29mOiBhIGZha2Ugc2VjcmV0IG9mIHNpeHR5LWZvdXIgYnl0ZXMsIG5vIG1vcmUhIQ==";
/// Seeds of the runs where none are given.
const SEEDS: [u64; 3] = [7, 11, 23];
/// How long the exchange may take until it listens.
const START_MAX: Duration = Duration::from_secs(60);
/// How long one run may take: several times what it needs.
const RUN_MAX: Duration = Duration::from_secs(240);

/// A venue as the testnet calls it and as ccxt calls it.
#[derive(Debug, Clone, Copy)]
struct Venue {
    testnet: &'static str,
    ccxt: &'static str,
}

const VENUES: [Venue; 2] =
    [Venue { testnet: "kraken-futures", ccxt: "krakenfutures" }, Venue { testnet: "kraken", ccxt: "kraken" }];

/// What is run, and how much of it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    seeds: Vec<u64>,
    /// Each step has a line as soon as it ends; without it each run has one.
    is_talkative: bool,
}

/// Reads the words after `ccxt`.
///
/// # Errors
/// One sentence about what was not understood.
pub(crate) fn options(words: &[String]) -> Result<Options, String> {
    let mut options = Options { seeds: SEEDS.to_vec(), is_talkative: true };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), words.as_slice().first()) {
            ("--quiet", _) => options.is_talkative = false,
            ("--seeds", Some(list)) => {
                let read = |word: &str| word.trim().parse().map_err(|_| format!("`{word}` is no seed"));
                options.seeds = list.split(',').map(read).collect::<Result<_, _>>()?;
                words.next();
            }
            _ => return Err(format!("`ccxt` takes `--seeds 1,2,3` and `--quiet`, not `{word}`")),
        }
    }
    Ok(options)
}

/// Everything that a run needs and that is the same for all of them.
struct Bench<'a> {
    root: &'a Path,
    folder: PathBuf,
    python: PathBuf,
    binary: PathBuf,
    is_talkative: bool,
}

/// One run of the program against one exchange.
#[derive(Debug, Clone, Copy)]
struct Run {
    venue: Venue,
    seed: u64,
    has_faults: bool,
}

impl Run {
    fn name(self) -> String {
        let faults = if self.has_faults { ", faults" } else { "" };
        format!("{} seed {}{faults}", self.venue.ccxt, self.seed)
    }

    fn file(self) -> String {
        let faults = if self.has_faults { "-faults" } else { "" };
        format!("{}-{}{faults}", self.venue.testnet, self.seed)
    }
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

/// Builds the binary, makes the environment and runs all steps on both venues.
///
/// # Errors
/// When a program could not be started or the exchange does not listen.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<u8> {
    let folder = folder(root);
    let python = match prepare(root)? {
        Ok(python) => python,
        Err(missing) => {
            eprintln!("error: {missing}");
            return Ok(EXIT_PREREQUISITE);
        }
    };
    // Those of the tests: after them there is nothing left to compile.
    let binary = steps::build_as_tested(root)?.join("seawall");
    let bench = Bench { root, folder, python, binary, is_talkative: options.is_talkative };
    let passed: Vec<bool> = std::thread::scope(|scope| {
        let bench = &bench;
        let threads = VENUES.map(|venue| scope.spawn(move || all_of(bench, venue, &options.seeds)));
        threads.map(|thread| thread.join().unwrap_or(false)).to_vec()
    });
    Ok(if passed.iter().all(|passed| *passed) { 0 } else { EXIT_FAILED })
}

/// The Python that has ccxt, installed where it is missing; or what the machine lacks, in words.
///
/// # Errors
/// When a file could not be read or written.
pub(crate) fn prepare(root: &Path) -> anyhow::Result<Result<PathBuf, String>> {
    let folder = folder(root);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    python::prepare(&folder, "ccxt", Pins::File(&root.join(SCRIPTS).join("requirements.txt")))
}

fn folder(root: &Path) -> PathBuf {
    root.join("target").join("ccxt")
}

/// Every run of one venue; false if one of them failed.
fn all_of(bench: &Bench<'_>, venue: Venue, seeds: &[u64]) -> bool {
    let plain = seeds.iter().map(|seed| Run { venue, seed: *seed, has_faults: false });
    let rough = seeds.first().map(|seed| Run { venue, seed: *seed, has_faults: true });
    let mut passed = true;
    for run in plain.chain(rough) {
        match prove(bench, run) {
            Ok(verdict) => passed &= verdict,
            Err(error) => {
                passed = false;
                println!("{}: FAILED: {error:#}", run.name());
            }
        }
    }
    passed
}

/// One run; false if a step failed.
fn prove(bench: &Bench<'_>, run: Run) -> anyhow::Result<bool> {
    let (_exchange, address) = start(bench, run)?;
    let mut command = program(bench, run, &address);
    let errors = bench.folder.join(format!("{}.err", run.file()));
    let file =
        std::fs::File::create(&errors).with_context(|| format!("cannot write {}", errors.display()))?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
    let mut child =
        Process(command.spawn().with_context(|| format!("cannot run {}", bench.python.display()))?);
    let stdout = child.0.stdout.take().context("the program has no output")?;
    let shown = |line: &str| {
        if bench.is_talkative {
            println!("{}: {line}", run.name());
        }
    };
    let Some(lines) = lines(&spoken(stdout), RUN_MAX, shown) else {
        println!("{}: FAILED: it did not end within {} s", run.name(), RUN_MAX.as_secs());
        return Ok(false);
    };
    let passed = child.0.wait()?.success();
    if !bench.is_talkative {
        for line in lines.iter().filter(|line| line.contains("FAILED")) {
            println!("{}: {line}", run.name());
        }
        println!("{}: {}", run.name(), lines.last().map_or("it said nothing", String::as_str));
    }
    if !passed {
        let said = std::fs::read_to_string(&errors).unwrap_or_default();
        println!(
            "{}: the exchange's log and the program's errors are in {}",
            run.name(),
            bench.folder.display()
        );
        for line in said.lines().rev().take(10).collect::<Vec<_>>().into_iter().rev() {
            println!("    {line}");
        }
    }
    Ok(passed)
}

/// What a program says, line by line, from a thread of its own: whoever listens may stop waiting.
fn spoken(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The lines of a program until it ends; `None` if it does not end in time.
fn lines(spoken: &Receiver<String>, most: Duration, shown: impl Fn(&str)) -> Option<Vec<String>> {
    let deadline = Instant::now() + most;
    let mut lines = Vec::new();
    loop {
        match spoken.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                shown(&line);
                lines.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => return Some(lines),
            Err(RecvTimeoutError::Timeout) => return None,
        }
    }
}

/// The exchange, and its address once it listens.
fn start(bench: &Bench<'_>, run: Run) -> anyhow::Result<(Process, String)> {
    let log = bench.folder.join(format!("{}.log", run.file()));
    let file = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(&bench.binary);
    command.args(["testnet", "--venue", run.venue.testnet, "--listen", "127.0.0.1:0", "--json"]);
    command.args(["--seed", &run.seed.to_string(), "--speed", SPEED, "--key", KEY, "--secret", SECRET]);
    command.args(["--balance", BALANCE]);
    if run.has_faults {
        command.arg("--faults").arg(bench.root.join(SCRIPTS).join("faults.yaml"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
    let child = command.spawn().with_context(|| format!("cannot run {}", bench.binary.display()))?;
    let mut exchange = Process(child);
    let stdout = exchange.0.stdout.take().context("the exchange has no output")?;
    // One that hangs says nothing, one that ends neither.
    let line = spoken(stdout).recv_timeout(START_MAX).unwrap_or_default();
    let address =
        address(&line).with_context(|| format!("the exchange did not start: see {}", log.display()))?;
    Ok((exchange, address))
}

/// The address in the line that the exchange prints when it listens.
fn address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("\"rest\":\"")?;
    rest.split_once('"').map(|(address, _)| address.to_owned())
}

fn program(bench: &Bench<'_>, run: Run, address: &str) -> Command {
    let mut command = Command::new(&bench.python);
    // Without bytecode files in the source tree.
    command.arg("-B").arg(bench.root.join(SCRIPTS).join("prove.py"));
    command.args(["--venue", run.venue.ccxt, "--url", address, "--key", KEY, "--secret", SECRET]);
    command.args(["--seed", &run.seed.to_string(), "--pace", SPEED]);
    if run.has_faults {
        command.arg("--faults");
    }
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

    fn bench(binary: &str) -> Bench<'static> {
        let folder = std::env::temp_dir().join(format!("seawall-ccxt-{}-{binary}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (python, binary) = (PathBuf::from("sh"), PathBuf::from(binary));
        Bench { root: Path::new("."), folder, python, binary, is_talkative: false }
    }

    #[test]
    fn an_exchange_that_ends_at_once_is_told_with_its_log() {
        let bench = bench("false");
        let found = start(&bench, Run { venue: VENUES[0], seed: 7, has_faults: true }).map(|_| ());
        std::fs::remove_dir_all(&bench.folder).unwrap();
        assert!(found.unwrap_err().to_string().contains("kraken-futures-7-faults.log"));
    }

    #[test]
    fn the_address_is_read_from_the_line_of_json() {
        let line = r#"{"schema":"seawall.testnet/1","rest":"http://127.0.0.1:4711","websocket":"ws://x"}"#;
        assert_eq!(address(line).as_deref(), Some("http://127.0.0.1:4711"));
        assert_eq!(address("error: no"), None);
    }

    #[test]
    fn seeds_are_numbers_with_commas() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(options(&words("--seeds 1,2")).unwrap().seeds, [1, 2]);
        assert_eq!(options(&[]).unwrap().seeds, SEEDS);
        assert_eq!(
            options(&words("--quiet")).unwrap(),
            Options { seeds: SEEDS.to_vec(), is_talkative: false }
        );
        assert_eq!(options(&words("--quiet --seeds 3")).unwrap().seeds, [3]);
        assert!(options(&words("--seeds one")).is_err_and(|error| error.contains("`one`")));
        assert!(options(&words("fast")).is_err());
    }
}
