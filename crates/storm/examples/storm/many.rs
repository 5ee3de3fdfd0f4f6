//! Many worlds, on as many threads as the machine has cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seawall_storm::{Options, Report, run};

use crate::PANICKED;
use crate::args::Args;
use crate::cpu::Spent;
use crate::report;
use crate::shrink::shrink;
use crate::sum::Sum;
use crate::words::commit;

/// Time between two lines of progress.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How a world ended.
pub(crate) enum Ended {
    Well(Box<Report>),
    Panicked(u64, String),
}

/// Lives one world; code under test that panics is an end of it.
pub(crate) fn live(seed: u64, options: &Options) -> Ended {
    let lived = catch_unwind(AssertUnwindSafe(|| run(seed, options)));
    match lived {
        Ok(Ok(report)) => Ended::Well(Box::new(report)),
        Ok(Err(error)) => Ended::Panicked(seed, format!("the world cannot be made: {error}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Ended::Panicked(seed, text.unwrap_or_default())
        }
    }
}

/// Lives the worlds that were asked for, and says how each of them failed that did.
pub(crate) fn many(args: &Args) -> ExitCode {
    let started = Instant::now();
    let ends = args.minutes.map(|minutes| started + Duration::from_secs(60 * minutes));
    let next = AtomicU64::new(args.seeds.start);
    let (sender, ended) = mpsc::channel();
    let mut sum = Sum::default();
    let mut failures = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let over = ends.map_or(seed >= args.seeds.end, |ends| Instant::now() >= ends);
                    if over {
                        return;
                    }
                    let spent = Spent::begin();
                    let world = live(seed, &args.options);
                    if sender.send((world, spent.so_far())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut told = Instant::now();
        for (world, cpu) in ended {
            let broken = match &world {
                Ended::Well(report) => {
                    sum.add(report, cpu);
                    report.violation.is_some()
                }
                Ended::Panicked(..) => true,
            };
            if broken {
                // Also where it goes on for an hour: what is broken can be looked at meanwhile.
                println!("  {}", in_words(&world));
                failures.push(world);
            }
            if told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                sum.line(started.elapsed(), failures.len());
            }
            if !failures.is_empty() && !args.keep_going {
                next.store(u64::MAX / 2, Ordering::Relaxed);
                if ends.is_some() {
                    break;
                }
            }
        }
    });
    sum.print(started.elapsed(), args.jobs);
    if let Some(path) = &args.report {
        let violations = failures.iter().map(in_words).collect::<Vec<_>>();
        if let Err(error) = report::write(path, &sum, args, started.elapsed(), &violations) {
            eprintln!("error: {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    conclude(&failures, args)
}

fn in_words(failure: &Ended) -> String {
    match failure {
        Ended::Panicked(seed, what) => format!("world {seed} panicked: {what}"),
        Ended::Well(report) => {
            let broken = report.violation.as_ref();
            let broken = broken.map(|one| format!("{}: {}", one.oracle.name(), one.what));
            format!("world {}: {}", report.seed, broken.unwrap_or_default())
        }
    }
}

fn conclude(failures: &[Ended], args: &Args) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for failure in failures.iter().rev() {
        match failure {
            Ended::Panicked(seed, what) => {
                println!("\nPANIC seed {seed} commit {}: {what}", commit());
                println!("  again: cargo xtask storm --level {} --seed {seed}", args.options.level.name());
                code = ExitCode::from(PANICKED);
            }
            Ended::Well(report) => {
                let Some(violation) = &report.violation else { continue };
                let oracle = violation.oracle;
                println!("\nVIOLATION of {} seed {} commit {}", oracle.name(), report.seed, commit());
                println!("  at {}: {}", violation.at, violation.what);
                println!("  {}", shrink(report.seed, &args.options, oracle.exit_code()));
                code = ExitCode::from(oracle.exit_code());
            }
        }
    }
    code
}
