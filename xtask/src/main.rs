//! Seawall's own chores: `cargo xtask demo`, `test`, `tidy`, `bench`, `ccxt`, `fuzz`, `drill`, `storm`,
//! `web` and `ci`.
//!
//! Nothing here ships. The crate stands on `std` and `anyhow` alone, so that the chores compile in seconds on
//! a fresh machine and can say what is missing before the long build starts.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks through its terminal"
)]

mod args;
mod bench_smc;
mod ccxt;
mod commands;
mod drill;
mod early;
mod fuzz;
mod prerequisites;
mod python;
mod steps;
mod storm;
mod tidy;
mod web;

use std::process::ExitCode;

use args::Command;

/// Exit code for a failure that has no code of its own: a tidy finding, a step that was killed, an I/O error.
const EXIT_FAILED: u8 = 1;
/// Exit code for a command line that could not be understood.
const EXIT_USAGE: u8 = 2;
/// Exit code for something the machine lacks, such as a C compiler.
const EXIT_PREREQUISITE: u8 = 3;

fn main() -> ExitCode {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", args::HELP);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match run(command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Help => {
            print!("{}", args::HELP);
            Ok(0)
        }
        Command::Demo(args) => commands::demo(&args),
        Command::Test(filters) => commands::test(&filters),
        Command::Tidy => commands::tidy(),
        Command::Bench(names) => commands::bench(&names),
        Command::BenchSmc(options) => commands::bench_smc(&options),
        Command::Ccxt(options) => commands::ccxt(&options),
        Command::Fuzz => commands::fuzz(),
        Command::Drill(words) => commands::drill(&words),
        Command::Storm(words) => commands::storm(&words),
        Command::Web(task) => web::run(task),
        Command::Ci => commands::ci(),
    }
}
