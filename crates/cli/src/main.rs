//! The `seawall` binary.
//!
//! Exit codes are stable: 0 done; 1 the work failed (a file could not be written, a rule broke, a check found
//! something); 2 what was given is wrong (arguments, configuration, data) and nothing was changed; 3 another
//! instance holds the account; 4 the kill switch is on (`kill-switch status` alone); 5 a check failed
//! (`doctor` alone).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the program that talks to people")]

mod args;
mod exit;
#[macro_use]
mod output;
mod commands;
mod database_url;
mod doctor_args;
mod face;
mod input;
mod log;
mod notify_args;
mod progress;
mod run_folder;
mod signals;
mod smc_args;
mod stop_signals;
mod testnet_args;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; everything else is a usage error.
            let code = if error.use_stderr() { exit::INPUT } else { exit::DONE };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let result = log::start().and_then(|()| match cli.command {
        Command::Backtest(args) => commands::backtest::run(&args),
        Command::Demo(args) => commands::demo::run(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Data(args) => commands::data::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Journal(args) => commands::journal::run(&args),
        Command::Why(args) => commands::why::run(&args),
        Command::Decisions(args) => commands::decisions::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Api(args) => commands::api::run(&args),
        Command::KillSwitch(args) => commands::kill_switch::run(&args),
        Command::Notify(args) => commands::notify::run(&args),
        Command::Smc(args) => commands::smc::run(&args),
        Command::Testnet(args) => commands::testnet::run(&args),
    });
    log::release();
    match result {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => {
            if !error.is_silent() {
                eprintln!("{error}");
            }
            ExitCode::from(error.code())
        }
    }
}
