//! The chores themselves, each a short list of cargo commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use anyhow::Context;

use crate::early::{self, Installs, Wanted};
use crate::steps::{self, Beside, Step};
use crate::{EXIT_FAILED, EXIT_PREREQUISITE, bench_smc, ccxt, drill, fuzz, prerequisites, storm, tidy, web};

/// A benchmark and the cargo command that runs it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bench {
    /// What `cargo xtask bench` calls it.
    pub(crate) name: &'static str,
    cargo: &'static [&'static str],
}

/// The comparison with the Python package: no cargo command alone, and only run when asked for, because it
/// needs Python and, once, the network.
pub(crate) const SMC: &str = "smc";

/// Every benchmark. A new one is a line here and a word in the help text.
pub(crate) const BENCHES: &[Bench] = &[
    // Nanoseconds a step, statistically.
    Bench {
        name: "criterion",
        cargo: &["bench", "--package", "seawall-backtest", "--package", "seawall-smc"],
    },
    // The whole process: candles a second, wall time and peak memory of each job.
    Bench {
        name: "throughput",
        cargo: &["run", "--release", "--package", "seawall-backtest", "--example", "throughput"],
    },
    // One minute of 300 instruments on four timeframes: milliseconds and peak memory.
    Bench {
        name: "portfolio",
        cargo: &["run", "--release", "--package", "seawall-backtest", "--example", "portfolio"],
    },
    // From a socket frame to signed bytes: p50 and p99 in microseconds, without and with a synced journal.
    Bench {
        name: "latency",
        cargo: &["run", "--release", "--package", "seawall-live", "--example", "latency"],
    },
    // How fast the API answers ten browsers, and what they cost the engine's steps.
    Bench { name: "api", cargo: &["run", "--release", "--package", "seawall-api", "--example", "load"] },
    // Simulated hours of a 5-instrument account for each minute of one core.
    Bench {
        name: "storm",
        cargo: &[
            "run",
            "--profile",
            "storm-lto",
            "--package",
            "seawall-storm",
            "--example",
            "storm",
            "--",
            "--seeds",
            "0..200",
            "--instruments",
            "5",
            "--jobs",
            "1",
        ],
    },
    // What each part of the smc system does on real candles, against entries at random.
    Bench {
        name: "toggles",
        cargo: &["run", "--release", "--package", "seawall-backtest", "--example", "toggles"],
    },
    // What hindsight is worth: profits, not times. Says so where the shared candles are absent.
    Bench {
        name: "hindsight",
        cargo: &["run", "--release", "--package", "seawall-backtest", "--example", "hindsight"],
    },
];

/// The binary that people run, for cargo.
pub(crate) const DEMO_BINARY: [&str; 7] =
    ["--profile", "demo", "--locked", "--package", "seawall-cli", "--bin", "seawall"];

/// What a newcomer sees when nothing else is asked for: a protected position, then a summary.
const DEMO_DEFAULT: &[&str] = &["--duration", "90s"];

/// Builds and runs `seawall demo`.
///
/// # Errors
/// When cargo could not be started.
pub(crate) fn demo(args: &[String]) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    let root = root()?;
    // The binary has the dashboard inside, so it comes first.
    let code = web::offer(&root)?;
    if code != 0 {
        return Ok(code);
    }
    let manifest = root.join("Cargo.toml");
    let mut command = steps::cargo();
    command.arg("run").args(DEMO_BINARY).arg("--manifest-path");
    command.arg(manifest).args(["--", "demo"]);
    if args.is_empty() {
        command.args(DEMO_DEFAULT)
    } else {
        command.args(args)
    };
    // The working directory stays the user's, so that a path given to the demo means what they think.
    steps::become_command(&mut command)
}

/// Runs every test, or those whose name contains one of the filters, and tidy.
///
/// # Errors
/// When the repository's root could not be found.
pub(crate) fn test(filters: &[String]) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    let root = root()?;
    let wanted = Wanted {
        ccxt: is_meant("ccxt", filters),
        fuzz: is_meant("fuzz", filters),
        web: is_meant("web", filters),
    };
    let installs = Installs::begin(&root, wanted);
    Ok(steps::run("test", &test_steps(&root, filters, &installs)))
}

/// Everything a change must pass before it is merged.
///
/// # Errors
/// When the repository's root could not be found.
pub(crate) fn ci() -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    let root = root()?;
    let installs = Installs::begin(&root, Wanted { ccxt: true, fuzz: true, web: true });
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    let mut steps = vec![
        Step::cargo("format", &root, &["fmt", "--all", "--check"]),
        Step::cargo("clippy", &root, &clippy),
    ];
    let begin = || {
        early::build_storm(&root);
        Ok(0)
    };
    steps.push(Step { name: "early", work: Box::new(begin) });
    steps.extend(test_steps(&root, &[], &installs));
    steps.push(Step { name: "storm", work: Box::new(|| Ok(steps::run("storm", &storm::ci(&root)))) });
    Ok(steps::run("ci", &steps))
}

/// Checks the rules of the house.
///
/// # Errors
/// When a file could not be read.
pub(crate) fn tidy() -> anyhow::Result<u8> {
    tidy_at(&root()?)
}

/// Runs the named benchmarks, or all of them.
///
/// # Errors
/// When the repository's root could not be found.
pub(crate) fn bench(names: &[&'static Bench]) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    let root = root()?;
    let chosen: Vec<&Bench> = if names.is_empty() { BENCHES.iter().collect() } else { names.to_vec() };
    let steps: Vec<Step<'_>> =
        chosen.iter().map(|bench| Step::cargo(bench.name, &root, bench.cargo)).collect();
    Ok(steps::run("bench", &steps))
}

/// Compares with the Python package.
///
/// # Errors
/// When a program could not be run or said something else than expected.
pub(crate) fn bench_smc(options: &bench_smc::Options) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    bench_smc::run(&root()?, options)
}

/// Runs ccxt's steps on the exchange in a box.
///
/// # Errors
/// When a program could not be run.
pub(crate) fn ccxt(options: &ccxt::Options) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    ccxt::run(&root()?, options)
}

/// Fuzzes the API from its own document.
///
/// # Errors
/// When a program could not be run.
pub(crate) fn fuzz() -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    fuzz::run(&root()?)
}

/// Hurts a run over the exchange in a box.
///
/// # Errors
/// When a program could not be built or run.
pub(crate) fn drill(words: &[String]) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    drill::become_it(&root()?, words)
}

/// Lives through worlds, by an optimised binary.
///
/// # Errors
/// When something does not build, or cannot be run.
pub(crate) fn storm(words: &[String]) -> anyhow::Result<u8> {
    if let Some(code) = missing_prerequisite() {
        return Ok(code);
    }
    storm::become_it(&root()?, words)
}

fn test_steps<'a>(root: &'a Path, filters: &[String], installs: &'a Installs) -> Vec<Step<'a>> {
    let words = test_words(has_nextest(), filters);
    let mut doc_words = vec!["test", "--workspace", "--doc", "--no-fail-fast", "--"];
    doc_words.extend(filters.iter().map(String::as_str));
    let wait = || {
        installs.wait_for_postgres();
        Ok(0)
    };
    let mut steps = vec![Step { name: "installs", work: Box::new(wait) }, Step::cargo("tests", root, &words)];
    // It mostly waits for the venues' rate limits, so what follows has the machine meanwhile.
    let proof = is_meant("ccxt", filters).then(|| Rc::new(Beside::default()));
    if let Some(proof) = proof.clone() {
        let begin = move || {
            installs.wait();
            // Built here, and not by two at once.
            steps::build_as_tested(root)?;
            let ourselves = std::env::current_exe().context("cannot tell what this program is")?;
            let mut command = Command::new(ourselves);
            command.args(["ccxt", "--quiet"]).current_dir(root);
            proof.begin(command, steps::target(root).join("ccxt.out"))
        };
        steps.push(Step { name: "ccxt begins", work: Box::new(begin) });
    }
    steps.push(Step::cargo("doc tests", root, &doc_words));
    if is_meant("fuzz", filters) {
        let ask = move || {
            installs.wait();
            fuzz::run(root)
        };
        steps.push(Step { name: "fuzz", work: Box::new(ask) });
    }
    if is_meant("web", filters) {
        let drive = move || {
            installs.wait();
            web::test(root)
        };
        steps.push(Step { name: "web", work: Box::new(drive) });
    }
    if let Some(proof) = proof {
        steps.push(Step { name: "ccxt", work: Box::new(move || proof.end()) });
    }
    if is_meant("drill", filters) {
        let words = [drill::SHORT.to_owned()];
        steps.push(Step { name: "drill", work: Box::new(move || drill::run(root, &words)) });
    }
    steps.push(Step { name: "tidy", work: Box::new(move || tidy_at(root)) });
    steps
}

/// Whether a step that is no cargo test is among what was asked for.
fn is_meant(name: &str, filters: &[String]) -> bool {
    filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()))
}

/// nextest runs each test in a process of its own; `cargo test` runs the same tests where it is not
/// installed. Benchmarks are left out of both: they are compiled by clippy and run by `cargo xtask bench`.
fn test_words(nextest: bool, filters: &[String]) -> Vec<&str> {
    let mut words = if nextest {
        vec!["nextest", "run", "--workspace", "--no-fail-fast", "--"]
    } else {
        vec!["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast", "--"]
    };
    words.extend(filters.iter().map(String::as_str));
    words
}

fn has_nextest() -> bool {
    let mut command = steps::cargo();
    command.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn tidy_at(root: &Path) -> anyhow::Result<u8> {
    let report = tidy::check(root)?;
    for finding in &report.findings {
        println!("{finding}");
    }
    match report.findings.len() {
        0 => {
            println!("tidy: {} source files, nothing to report", report.source_files);
            Ok(0)
        }
        count => {
            println!("tidy: {} source files, {count} to mend", report.source_files);
            Ok(EXIT_FAILED)
        }
    }
}

fn missing_prerequisite() -> Option<u8> {
    let message = prerequisites::ensure_c_compiler().err()?;
    eprintln!("error: {message}");
    Some(EXIT_PREREQUISITE)
}

/// The directory of the workspace's manifest: the nearest one above the working directory.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("cannot tell the working directory")?;
    here.ancestors()
        .find(|directory| {
            std::fs::read_to_string(directory.join("Cargo.toml"))
                .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
        })
        .map(Path::to_path_buf)
        .with_context(|| format!("no workspace found at or above {}", here.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_get_the_filters_and_leave_the_benchmarks_out() {
        let filters = ["ledger".to_owned()];
        for nextest in [true, false] {
            let words = test_words(nextest, &filters);
            assert_eq!(words.last(), Some(&"ledger"));
            assert!(words.contains(&"--workspace") && words.contains(&"--no-fail-fast"), "{words:?}");
            assert!(!words.contains(&"--all-targets") && !words.contains(&"--benches"), "{words:?}");
        }
    }

    #[test]
    fn the_proof_by_ccxt_runs_with_all_tests_and_when_it_is_asked_for() {
        let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(is_meant("ccxt", &[]) && is_meant("ccxt", &of(&["ledger", "ccx"])));
        assert!(!is_meant("ccxt", &of(&["ledger"])));
    }

    #[test]
    fn the_root_is_found_from_inside_a_crate() {
        assert!(root().unwrap().join("xtask/Cargo.toml").is_file());
    }

    #[test]
    fn benchmarks_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = BENCHES.iter().map(|bench| bench.name).collect();
        assert_eq!(names.len(), BENCHES.len());
        assert!(!names.contains(SMC));
    }
}
