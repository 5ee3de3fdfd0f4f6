//! Drills: the built `seawall` binaries run as processes, are hurt, and are judged from outside.
//!
//! Invariants: the judge ([`oracle`]) is pure and knows nothing but the venue's own truth and the run's
//! journal; what is random follows from `--seed`; a drill that fails keeps its logs and journals and says
//! where; nothing outlives the drill, however it is ended ([`keeper`]).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a drill talks to the terminal")]

mod books;
mod cuts;
mod dice;
mod heartbeat;
mod http;
mod keeper;
mod kills;
mod liveness;
mod oracle;
mod paper;
mod paper_kills;
mod postgres;
mod process;
mod proxy;
mod report;
mod session;
mod short;
mod soak;
mod stage;
mod starts;
mod two_starts;
mod venue;
mod watch;
mod weather;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};

/// Hurts a run over the exchange in a box and judges what becomes of it.
#[derive(Debug, Parser)]
#[command(name = "seawall-drill", disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 every rule held; 1 a rule was broken, or a program could not be run.")]
struct Cli {
    #[command(subcommand)]
    drill: Drill,
    #[command(flatten)]
    common: Common,
}

/// What every drill takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1, global = true)]
    seed: u64,
    /// The `seawall` binary; default: the one beside this program.
    #[arg(long, value_name = "FILE", global = true)]
    binary: Option<PathBuf>,
    /// Where logs and journals of a failure are kept.
    #[arg(long, value_name = "DIR", default_value = "target/drill", global = true)]
    keep: PathBuf,
    /// Keep logs and journals of a drill that passed, too.
    #[arg(long, global = true)]
    keep_all: bool,
    /// Print one JSON document for each drill instead of lines.
    #[arg(long, global = true)]
    json: bool,
}

impl Common {
    fn binary(&self) -> anyhow::Result<PathBuf> {
        let path = match &self.binary {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.parent().context("a program has a folder")?.join("seawall"),
        };
        ensure!(path.is_file(), "there is no {}: build it, or name it with --binary", path.display());
        Ok(path.canonicalize()?)
    }
}

#[derive(Debug, Subcommand)]
enum Drill {
    /// kill -9 at random moments of a busy run.
    Kills(kills::KillsArgs),
    /// The network between run and exchange fails; PostgreSQL is stopped.
    Cuts(cuts::CutsArgs),
    /// Starts with positions that were there, and with the exchange failing at each request in turn.
    Starts(starts::StartsArgs),
    /// The exchange and the network fail in every way at once, then are well again.
    Liveness(liveness::LivenessArgs),
    /// A little of each, for the tests.
    Short,
    /// A long busy run in accelerated time: queues, memory, books.
    Soak(soak::SoakArgs),
    /// Two starts at once, then kill -9.
    TwoStarts(two_starts::TwoStartsArgs),
}

fn main() -> ExitCode {
    let Cli { drill, common } = Cli::parse();
    let passed = match &drill {
        Drill::Kills(args) => kills::run(args, &common),
        Drill::Cuts(args) => cuts::run(args, &common),
        Drill::Starts(args) => starts::run(args, &common),
        Drill::Liveness(args) => liveness::run(args, &common),
        Drill::Short => short::run(&common),
        Drill::Soak(args) => soak::run(args, &common),
        Drill::TwoStarts(args) => two_starts::run(args, &common),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
