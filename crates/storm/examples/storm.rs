//! Runs worlds: `cargo xtask storm [--seeds A..B] [--minutes N] [--seed N [--trace]] [--level typed]`.
//!
//! This is the part of the storm that has a clock, threads and a terminal. A failure is printed with its
//! seed, its commit, its oracle, what of the faults it needs, and the command that shows it again; the
//! process ends with 20 and the number of the oracle (21 for O1 … 32 for O12), with 40 if the code under
//! test panicked.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks through the terminal")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seawall_model::Span;
use seawall_storm::{Class, Counts, Fault, Options, Report, run, run_with_story};

/// Exit code for code that panicked.
const PANICKED: u8 = 40;
/// Exit code for a command line that was not understood.
const USAGE: u8 = 2;
/// Lines of a story that are printed.
const LINES: usize = 400;
/// Seeds of a run that names none.
const SEEDS: Range<u64> = 0..200;
/// Time between two lines of progress.
const TELL_EVERY: Duration = Duration::from_secs(10);

const HELP: &str = "\
cargo xtask storm [--seeds A..B] [--minutes N] [--level typed]
cargo xtask storm --seed N [--trace] [--only FAULT,…] [--world-minutes N] [--instruments N]

  --seeds A..B        worlds to live through; 0..200 where nothing is said
  --minutes N         begin new worlds until so many minutes are over, from the first of --seeds on
  --level typed       how the venue is joined: by values (the wire level is not built yet)
  --seed N            one world
  --trace             the last lines of what happened in it
  --without A,B       faults that never strike
  --only A,B          the only faults that strike, or none
  --world-minutes N   how long the world lives before it is healed
  --instruments N     how many instruments it has
  --jobs N            worlds at a time; as many as the machine has cores
  --keep-going        do not stop at the first violation
";

struct Args {
    seeds: Range<u64>,
    minutes: Option<u64>,
    seed: Option<u64>,
    trace: bool,
    keep_going: bool,
    jobs: usize,
    options: Options,
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut args = Args {
        seeds: SEEDS,
        minutes: None,
        seed: None,
        trace: false,
        keep_going: false,
        jobs,
        options: Options::default(),
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").ok_or("write --seeds A..B")?;
                args.seeds = number(from)?..number(to)?;
            }
            "--minutes" => args.minutes = Some(number(&value()?)?),
            "--seed" => args.seed = Some(number(&value()?)?),
            "--jobs" => args.jobs = number(&value()?)?,
            "--world-minutes" => args.options.minutes = Some(number(&value()?)?),
            "--instruments" => args.options.instruments = Some(number(&value()?)?),
            "--trace" => args.trace = true,
            "--keep-going" => args.keep_going = true,
            "--level" => {
                let level = value()?;
                if level != "typed" {
                    return Err(format!("there is no level `{level}`: typed"));
                }
            }
            "--without" => args.options.without = faults(&value()?)?,
            "--only" => {
                let only = value()?;
                let only = if only == "none" { Vec::new() } else { faults(&only)? };
                let all = Fault::ALL.iter().copied();
                args.options.without = all.filter(|fault| !only.contains(fault)).collect();
            }
            other => return Err(format!("unknown word `{other}`")),
        }
    }
    Ok(args)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits"))
}

fn faults(text: &str) -> Result<Vec<Fault>, String> {
    let find = |name: &str| Fault::ALL.iter().copied().find(|fault| fault.name() == name);
    text.split(',').map(|name| find(name).ok_or_else(|| format!("there is no fault `{name}`"))).collect()
}

/// How a world ended.
enum Ended {
    Well(Box<Report>),
    Panicked(u64, String),
}

fn live(seed: u64, options: &Options) -> Ended {
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
    match args.seed {
        Some(seed) => one(seed, &args),
        None => many(&args),
    }
}

fn one(seed: u64, args: &Args) -> ExitCode {
    if args.trace {
        return match run_with_story(seed, &args.options) {
            Ok((report, story)) => {
                for line in story.iter().skip(story.len().saturating_sub(LINES)) {
                    println!("{}", shorter(line));
                }
                finish(&report)
            }
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
    match live(seed, &args.options) {
        Ended::Well(report) => finish(&report),
        Ended::Panicked(seed, what) => {
            println!("seed {seed} panicked: {what}");
            ExitCode::from(PANICKED)
        }
    }
}

fn finish(report: &Report) -> ExitCode {
    let mut sum = Sum::default();
    sum.add(report);
    sum.print(Duration::ZERO, 1);
    println!("trace {:016x}", report.trace);
    match &report.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            println!("{} broken at {}: {}", violation.oracle.name(), violation.at, violation.what);
            ExitCode::from(violation.oracle.exit_code())
        }
    }
}

fn shorter(line: &str) -> String {
    let words = [
        ("OrderRef { instrument: InstrumentId(", "#"),
        ("), id: ClientOrderId { run: 7, sequence: ", "/"),
        ("PriceUnits", ""),
        ("QtyUnits", ""),
    ];
    words
        .iter()
        .fold(line.chars().take(400).collect(), |line: String, (long, short)| line.replace(long, short))
}

fn many(args: &Args) -> ExitCode {
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
                    if over || sender.send(live(seed, &args.options)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut told = Instant::now();
        for world in ended {
            match world {
                Ended::Well(report) => {
                    sum.add(&report);
                    if report.violation.is_some() {
                        failures.push(Ended::Well(report));
                    }
                }
                panicked @ Ended::Panicked(..) => failures.push(panicked),
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
    conclude(&failures, args)
}

fn conclude(failures: &[Ended], args: &Args) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for failure in failures.iter().rev() {
        match failure {
            Ended::Panicked(seed, what) => {
                println!("\nPANIC seed {seed} commit {}: {what}", commit());
                println!("  again: cargo xtask storm --seed {seed}");
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

/// Takes faults away one by one, and time, for as long as the same rule breaks; the command that shows what
/// is left.
fn shrink(seed: u64, options: &Options, code: u8) -> String {
    let breaks = |options: &Options| match live(seed, options) {
        Ended::Well(report) => {
            let broken = report.violation.filter(|violation| violation.oracle.exit_code() == code);
            broken.map(|_| report.simulated)
        }
        Ended::Panicked(..) => None,
    };
    let mut best = options.clone();
    for fault in Fault::ALL {
        let mut fewer = best.clone();
        fewer.without.push(*fault);
        if breaks(&fewer).is_some() {
            best = fewer;
        }
    }
    if let Some(simulated) = breaks(&best) {
        let mut minutes = simulated.millis() / 60_000 + 1;
        while minutes > 1 {
            let shorter = Options { minutes: Some(minutes * 3 / 4), ..best.clone() };
            if breaks(&shorter).is_none() {
                break;
            }
            minutes = minutes * 3 / 4;
            best = shorter;
        }
    }
    let left: Vec<&str> =
        Fault::ALL.iter().filter(|fault| !best.without.contains(fault)).map(|fault| fault.name()).collect();
    let minutes = best.minutes.map_or(String::new(), |minutes| format!(" --world-minutes {minutes}"));
    let left = if left.is_empty() { "none".to_owned() } else { left.join(",") };
    format!("needs: {left}\n  again: cargo xtask storm --seed {seed}{minutes} --only {left} --trace")
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let text = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// What all worlds came to.
#[derive(Default)]
struct Sum {
    worlds: u64,
    simulated_s: f64,
    account_hours: f64,
    counts: Counts,
    faults: BTreeMap<Fault, u64>,
    naked_ms: Vec<u32>,
    naked_max: Span,
    quiet: Option<(f64, Span, Span, u64)>,
    healed_max: Span,
    in_flight_max: usize,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.worlds += 1;
        self.simulated_s += report.simulated.secs_f64();
        self.account_hours += report.simulated.secs_f64() / 3_600.0 * f64::from(report.instruments) / 5.0;
        let (sum, one) = (&mut self.counts, report.counts);
        sum.inputs += one.inputs;
        sum.orders += one.orders;
        sum.fills += one.fills;
        sum.trades += one.trades;
        sum.lives += one.lives;
        for (fault, count) in &report.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        self.naked_ms.extend(&report.naked_times_ms);
        self.naked_max = self.naked_max.max(report.naked_max);
        self.healed_max = self.healed_max.max(report.healed_after.unwrap_or(Span::ZERO));
        self.in_flight_max = self.in_flight_max.max(report.in_flight_max);
        let used = report.naked_quiet_max.secs_f64() / report.naked_bound.secs_f64();
        if self.quiet.is_none_or(|(most, ..)| used > most) {
            self.quiet = Some((used, report.naked_quiet_max, report.naked_bound, report.seed));
        }
    }

    fn line(&self, elapsed: Duration, failures: usize) {
        println!(
            "{:4.0} s: {} worlds, {:.0} simulated hours, {} inputs, {} orders, {} faults, {} deaths, worst naked {:.1} s, {failures} violations",
            elapsed.as_secs_f64(),
            self.worlds,
            self.simulated_s / 3_600.0,
            self.counts.inputs,
            self.counts.orders,
            self.faults.values().sum::<u64>(),
            self.counts.lives - self.worlds,
            self.naked_max.secs_f64(),
        );
    }

    fn print(&self, elapsed: Duration, jobs: usize) {
        let Counts { inputs, orders, fills, trades, lives } = self.counts;
        println!(
            "worlds {}, simulated hours {:.1}, lives of a process {lives}",
            self.worlds,
            self.simulated_s / 3_600.0
        );
        println!(
            "inputs {inputs}, orders {orders}, fills {fills}, trades {trades}, most in flight {}",
            self.in_flight_max
        );
        for class in Class::ALL {
            let of = self.faults.iter().filter(|(fault, count)| fault.class() == class && **count > 0);
            let words: Vec<String> = of.map(|(fault, count)| format!("{} {count}", fault.name())).collect();
            println!("  {:10} {}", class.name(), words.join(", "));
        }
        let mut naked = self.naked_ms.clone();
        naked.sort_unstable();
        let at = |percent: usize| {
            let place = (naked.len() * percent / 100).min(naked.len().saturating_sub(1));
            f64::from(naked.get(place).copied().unwrap_or(0)) / 1_000.0
        };
        println!(
            "naked: {} times, p50 {:.3} s, p99 {:.3} s, worst {:.1} s (faults counted in)",
            naked.len(),
            at(50),
            at(99),
            self.naked_max.secs_f64(),
        );
        if let Some((used, quiet, bound, seed)) = self.quiet {
            println!(
                "  since the last fault that may be why: worst {:.1} s of a bound of {:.1} s ({:.0} %), seed {seed}",
                quiet.secs_f64(),
                bound.secs_f64(),
                100.0 * used,
            );
        }
        println!("healed within {:.0} s at most", self.healed_max.secs_f64());
        if elapsed > Duration::ZERO {
            let core_minutes = elapsed.as_secs_f64() / 60.0 * jobs as f64;
            println!(
                "{:.0} s on {jobs} cores: {:.0} simulated hours of a 5-instrument account per core minute",
                elapsed.as_secs_f64(),
                self.account_hours / core_minutes,
            );
        }
    }
}
