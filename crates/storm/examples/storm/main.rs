//! Runs worlds: `cargo xtask storm [--seeds A..B] [--minutes N] [--seed N [--trace]] [--level typed|wire]`.
//!
//! This is the part of the storm that has a clock, threads and a terminal. A failure is printed with its
//! seed, its commit, its oracle, what of the faults it needs, and the command that shows it again; the
//! process ends with 20 and the number of the oracle (21 for O1 … 32 for O12), with 40 if the code under
//! test panicked.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks through the terminal")]

mod args;
mod corpus;
mod cpu;
mod many;
mod report;
mod shrink;
mod sum;
mod words;

use std::process::ExitCode;
use std::time::Duration;

use seawall_storm::{Report, run_with_story};

use crate::args::{Args, HELP, parse};
use crate::cpu::Spent;
use crate::many::{Ended, live, many};
use crate::sum::Sum;
use crate::words::shorter;

/// Exit code for code that panicked.
const PANICKED: u8 = 40;
/// Exit code for a command line that was not understood.
const USAGE: u8 = 2;
/// Lines of a story that are printed.
const LINES: usize = 400;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let args = match parse(words.into_iter()) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            return ExitCode::from(USAGE);
        }
    };
    if let Some(wanted) = &args.corpus {
        return corpus::corpus(wanted, &args);
    }
    match args.seed {
        Some(seed) => one(seed, &args),
        None => many(&args),
    }
}

fn one(seed: u64, args: &Args) -> ExitCode {
    let spent = Spent::begin();
    if args.trace {
        return match run_with_story(seed, &args.options) {
            Ok((report, story)) => {
                for line in story.iter().skip(story.len().saturating_sub(LINES)) {
                    println!("{}", shorter(line));
                }
                finish(&report, spent.so_far())
            }
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
    match live(seed, &args.options) {
        Ended::Well(report) => finish(&report, spent.so_far()),
        Ended::Panicked(seed, what) => {
            println!("seed {seed} panicked: {what}");
            ExitCode::from(PANICKED)
        }
    }
}

fn finish(report: &Report, cpu: Duration) -> ExitCode {
    let mut sum = Sum::default();
    sum.add(report, cpu);
    sum.print(cpu, 1);
    println!("trace {:016x}", report.trace);
    match &report.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            println!("{} broken at {}: {}", violation.oracle.name(), violation.at, violation.what);
            ExitCode::from(violation.oracle.exit_code())
        }
    }
}
