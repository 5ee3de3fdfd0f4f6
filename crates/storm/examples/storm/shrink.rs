//! A failure, made small: fewer faults, less time, fewer instruments, and then only the strikes that matter.

use std::fs;
use std::time::{Duration, Instant};

use seawall_storm::{Fault, Options, Report, Strike, Tried};

use crate::many::{Ended, live};

/// Worlds that a list of strikes is shrunk in at most.
const WORLDS_MAX: u32 = 600;
/// And for so long.
const TIME_MAX: Duration = Duration::from_secs(90);
/// As many strikes fit into a command; more are written to a file.
const STRIKES_IN_COMMAND: usize = 12;

/// Takes away faults, time, instruments and strikes for as long as the same rule breaks: what is left, in
/// words, and the command that shows it.
pub(crate) fn shrink(seed: u64, options: &Options, code: u8) -> String {
    let breaks = |options: &Options| match live(seed, options) {
        Ended::Well(report) => {
            let is_same = |report: &Report| {
                report.violation.as_ref().is_some_and(|broken| broken.oracle.exit_code() == code)
            };
            Some(report).filter(|report| is_same(report))
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
    for instruments in 1..5 {
        let fewer = Options { instruments: Some(instruments), ..best.clone() };
        if best.instruments.is_none_or(|count| instruments < count) && breaks(&fewer).is_some() {
            best = fewer;
            break;
        }
    }
    if let Some(report) = breaks(&best) {
        let mut minutes = report.simulated.millis() / 60_000 + 1;
        while minutes > 1 {
            let shorter = Options { minutes: Some(minutes * 3 / 4), ..best.clone() };
            if breaks(&shorter).is_none() {
                break;
            }
            minutes = minutes * 3 / 4;
            best = shorter;
        }
    }
    if let Some(report) = breaks(&best) {
        best.strikes = Some(strikes_that_matter(&best, &report, breaks));
    }
    let again = breaks(&best);
    told(seed, &best, again.as_deref())
}

fn strikes_that_matter(
    options: &Options,
    report: &Report,
    breaks: impl Fn(&Options) -> Option<Box<Report>>,
) -> Vec<Strike> {
    let all: Vec<Strike> = report.struck.iter().map(|struck| struck.strike).collect();
    let (started, mut told, mut worlds) = (Instant::now(), Instant::now(), 0);
    seawall_storm::shrink(all.clone(), |some| {
        if worlds >= WORLDS_MAX || started.elapsed() > TIME_MAX {
            return Tried::GivenUp;
        }
        worlds += 1;
        if told.elapsed() > Duration::from_secs(5) {
            told = Instant::now();
            println!("  shrinking: {} strikes were drawn, {} tried in world {worlds}", all.len(), some.len());
        }
        let fewer = Options { strikes: Some(some.to_vec()), ..options.clone() };
        if breaks(&fewer).is_some() { Tried::Fails } else { Tried::Holds }
    })
}

/// What is left, in words, and the command.
fn told(seed: u64, best: &Options, report: Option<&Report>) -> String {
    let left: Vec<&str> =
        Fault::ALL.iter().filter(|fault| !best.without.contains(fault)).map(|fault| fault.name()).collect();
    let left = if left.is_empty() { "none".to_owned() } else { left.join(",") };
    let mut words = format!("needs: {left}");
    for struck in report.iter().flat_map(|report| &report.struck) {
        let about = struck.instrument.map_or(String::new(), |id| format!(", instrument {}", id.0));
        let at = struck.at.map_or("hit nothing".to_owned(), |at| at.to_string());
        words += &format!("\n    {at}  {}  on {}{about}", struck.strike, struck.about.name());
    }
    let minutes = best.minutes.map_or(String::new(), |minutes| format!(" --world-minutes {minutes}"));
    let instruments = best.instruments.map_or(String::new(), |count| format!(" --instruments {count}"));
    let bound =
        best.naked_bound.map_or(String::new(), |bound| format!(" --naked-bound {}", bound.millis() / 1_000));
    let strikes = best.strikes.as_deref().map_or(String::new(), |strikes| strikes_in_words(seed, strikes));
    let level = best.level.name();
    words
        + &format!(
            "\n  again: cargo xtask storm --level {level} --seed {seed}{minutes}{instruments}{bound} --only {left}{strikes} --trace"
        )
}

/// As part of the command, or a file that it names.
fn strikes_in_words(seed: u64, strikes: &[Strike]) -> String {
    let list: Vec<String> = strikes.iter().map(ToString::to_string).collect();
    if list.len() <= STRIKES_IN_COMMAND {
        return format!(" --strikes '{}'", list.join(","));
    }
    let path = format!("target/storm/seed-{seed}.strikes");
    let written = fs::create_dir_all("target/storm").and_then(|()| fs::write(&path, list.join("\n")));
    match written {
        Ok(()) => format!(" --plan {path}"),
        Err(_) => format!(" --strikes '{}'", list.join(",")),
    }
}
