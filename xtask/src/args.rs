//! The command line: words in, one [`Command`] out, or one sentence about what was not understood.

use crate::commands::{self, Bench};
use crate::{bench_smc, ccxt, web};

/// What `--help` prints, and what follows a usage error.
pub(crate) const HELP: &str = "\
Seawall's own chores.

Usage: cargo xtask <command> [args…]

Commands:
  demo [args…]     build the dashboard and the release binary and run `seawall demo`; the arguments are passed
                   on as they are (default: --duration 90s, long enough to see a protected position and then a
                   summary); without Node.js the demo has no dashboard
  test [filter…]   run every test, every doc test, ccxt, the API's fuzzing, the dashboard in a browser,
                   drills and tidy; a filter keeps the tests whose name contains it
  tidy             check the rules that a machine can check; prints `file:line: rule: message`
  bench [name…]    run the benchmarks, all of them or the named ones (criterion, throughput,
                   portfolio, latency, api, storm, toggles, hindsight)
  bench smc [--input FILE] [--json]
                   the Python package smartmoneyconcepts beside ours, on seeded bars or those of a CSV; needs
                   Python 3.11 and, the first time, the network
  ccxt [--seeds N,N…] [--quiet]
                   run ccxt's steps on `seawall testnet`, both venues, each seed and once with faults; a line
                   for each step, or with --quiet for each run; needs Python 3.11 and, the first time, the
                   network
  fuzz             ask the API of two demos everything that its OpenAPI document knows, and more, with
                   schemathesis; needs Python 3.11 and, the first time, the network
  drill <name> [args…]
                   hurt a run over `seawall testnet` and judge it from outside: kills, cuts, starts, two-starts,
                   soak, short (a little of each, also in `test`);
                   `drill --help` says what each takes; with --release by optimised binaries
  storm [--seeds A..B] [--minutes N] [--seed N [--trace]] [args…]
                   live through seeded worlds full of faults, judged after every step; `storm --help` says what
                   it takes and what its exit codes mean; with --parity one data set through every driver;
                   with --ci what `ci` lives through; with --mutants every deliberate bug has to be found
  ci               format check, clippy with warnings as errors, test, then storm --ci
  web [--test | --pictures | --figures]
                   build the dashboard into web/dist, for the binary that is built next; needs Node.js 20.19 or
                   newer, and the network when its packages are not there yet; with --test drive it in a
                   browser (also in `test`), with --pictures make those of docs/ten-minutes.md anew, with
                   --figures measure how quick the binary of `demo` paints
  help, --help     this text

Exit codes:
  0  done
  1  failed: tidy found something, a step was killed, or a file could not be read
  2  the command line was not understood
  3  something is missing on this machine; the message names the command that installs it
  other codes are those of the first step that failed (cargo test: 101, cargo nextest: 100)
";

/// A chore to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Print [`HELP`].
    Help,
    /// Run `seawall demo` with these arguments.
    Demo(Vec<String>),
    /// Run the tests whose name contains one of these filters; all of them when there is none.
    Test(Vec<String>),
    /// Check the rules of the house.
    Tidy,
    /// Run these benchmarks.
    Bench(Vec<&'static Bench>),
    /// Compare with the Python package.
    BenchSmc(bench_smc::Options),
    /// Fuzz the API.
    Fuzz,
    /// Prove the exchange in a box with ccxt.
    Ccxt(ccxt::Options),
    /// Hurt a run and judge it; the words are passed on.
    Drill(Vec<String>),
    /// Live through worlds; the words are passed on.
    Storm(Vec<String>),
    /// Build the dashboard, or drive it.
    Web(web::Task),
    /// Everything a change must pass.
    Ci,
}

/// Reads the words after the program's name.
///
/// # Errors
/// One sentence that says which word was not understood and what would be.
pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut words = words.into_iter();
    let Some(name) = words.next() else {
        return Err("a command is missing".to_owned());
    };
    let rest: Vec<String> = words.collect();
    match name.as_str() {
        "help" | "--help" | "-h" => Ok(Command::Help),
        "demo" => Ok(Command::Demo(rest)),
        "drill" => Ok(Command::Drill(rest)),
        "storm" => Ok(Command::Storm(rest)),
        _ if rest.iter().any(|word| word == "--help" || word == "-h") => Ok(Command::Help),
        "test" => filters(rest).map(Command::Test),
        "tidy" => nothing_after("tidy", &rest).map(|()| Command::Tidy),
        "bench" if rest.first().is_some_and(|name| name == commands::SMC) => {
            bench_smc::options(rest.get(1..).unwrap_or_default()).map(Command::BenchSmc)
        }
        "bench" => rest.iter().map(|name| bench(name)).collect::<Result<_, _>>().map(Command::Bench),
        "ccxt" => ccxt::options(&rest).map(Command::Ccxt),
        "fuzz" => nothing_after("fuzz", &rest).map(|()| Command::Fuzz),
        "ci" => nothing_after("ci", &rest).map(|()| Command::Ci),
        "web" => web::task(&rest).map(Command::Web),
        other => {
            let known = "demo, test, tidy, bench, ccxt, fuzz, drill, storm, web, ci, help";
            Err(format!("unknown command `{other}`; known: {known}"))
        }
    }
}

fn filters(words: Vec<String>) -> Result<Vec<String>, String> {
    match words.iter().find(|word| word.starts_with('-')) {
        Some(flag) => Err(format!("`test` takes parts of test names, not the flag `{flag}`")),
        None => Ok(words),
    }
}

fn nothing_after(command: &str, words: &[String]) -> Result<(), String> {
    match words.first() {
        Some(word) => Err(format!("`{command}` takes no arguments, but `{word}` was given")),
        None => Ok(()),
    }
}

fn bench(name: &str) -> Result<&'static Bench, String> {
    commands::BENCHES.iter().find(|bench| bench.name == name).ok_or_else(|| {
        let known: Vec<&str> = commands::BENCHES.iter().map(|bench| bench.name).collect();
        format!("unknown benchmark `{name}`; known: {}, and {} by itself", known.join(", "), commands::SMC)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn demo_passes_every_word_on_even_help() {
        let words = vec!["--help".to_owned(), "--seed".to_owned(), "7".to_owned()];
        assert_eq!(parsed("demo --help --seed 7"), Ok(Command::Demo(words)));
    }

    #[test]
    fn drill_passes_every_word_on_even_help() {
        let words = vec!["kills".to_owned(), "--help".to_owned()];
        assert_eq!(parsed("drill kills --help"), Ok(Command::Drill(words)));
    }

    #[test]
    fn storm_passes_every_word_on_even_help() {
        let words = vec!["--seed".to_owned(), "7".to_owned(), "--help".to_owned()];
        assert_eq!(parsed("storm --seed 7 --help"), Ok(Command::Storm(words)));
    }

    #[test]
    fn help_is_found_anywhere_else() {
        for line in ["help", "--help", "-h", "test --help", "tidy -h", "bench --help", "ci --help"] {
            assert_eq!(parsed(line), Ok(Command::Help), "{line}");
        }
    }

    #[test]
    fn test_takes_filters_but_no_flags() {
        assert_eq!(
            parsed("test ledger stop"),
            Ok(Command::Test(vec!["ledger".to_owned(), "stop".to_owned()]))
        );
        assert!(parsed("test --release").is_err_and(|error| error.contains("--release")));
    }

    #[test]
    fn words_that_lead_nowhere_are_refused_by_name() {
        assert!(parsed("").is_err_and(|error| error.contains("missing")));
        assert!(parsed("tidyy").is_err_and(|error| error.contains("tidyy") && error.contains("bench")));
        assert!(parsed("tidy now").is_err_and(|error| error.contains("now")));
        assert!(parsed("ci fast").is_err_and(|error| error.contains("fast")));
    }

    #[test]
    fn an_unknown_benchmark_is_answered_with_the_known_ones() {
        let error = parsed("bench nope").unwrap_err();
        assert!(commands::BENCHES.iter().all(|bench| error.contains(bench.name)), "{error}");
    }

    #[test]
    fn the_comparison_with_the_package_is_run_by_itself() {
        let options = bench_smc::Options { input: None, json: true };
        assert_eq!(parsed("bench smc --json"), Ok(Command::BenchSmc(options)));
        assert!(parsed("bench criterion smc").is_err_and(|error| error.contains("by itself")));
        assert!(parsed("bench smc criterion").is_err_and(|error| error.contains("criterion")));
    }

    #[test]
    fn help_names_every_benchmark() {
        assert!(commands::BENCHES.iter().all(|bench| HELP.contains(bench.name)));
        assert!(HELP.contains(commands::SMC));
    }
}
