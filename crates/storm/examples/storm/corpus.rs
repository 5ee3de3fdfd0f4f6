//! Lives through the named scenarios.

use std::fmt::Write as _;
use std::process::ExitCode;

use seawall_storm::corpus::{Outcome, SEEDS, Scenario, live, scenarios};

use crate::args::{Args, Corpus};
use crate::words::{commit, shorter};

/// Exit code for a scenario in which something did not hold that is no oracle.
const NOT_HELD: u8 = 41;
/// Lines of a story that are printed.
const LINES: usize = 400;

/// Lives through all of them, or the one that is named, under each of their seeds or the one that is named.
pub(crate) fn corpus(wanted: &Corpus, args: &Args) -> ExitCode {
    let chosen: Vec<&'static Scenario> = scenarios()
        .filter(|scenario| wanted.scenario.as_ref().is_none_or(|name| name == scenario.name))
        .collect();
    if chosen.is_empty() {
        eprintln!("error: there is no scenario of this name; `--corpus` lives through all of them");
        return ExitCode::from(crate::USAGE);
    }
    let seeds = args.seed.map_or(SEEDS, |seed| seed..seed + 1);
    let (mut lived, mut code) = (0, ExitCode::SUCCESS);
    for scenario in &chosen {
        for seed in seeds.clone() {
            lived += 1;
            match live(scenario, seed) {
                Err(error) => {
                    eprintln!("error: {}: {error}", scenario.name);
                    code = ExitCode::FAILURE;
                }
                Ok(outcome) => {
                    let failed = tell(scenario, seed, &outcome, wanted.json, args.trace);
                    code = failed.map_or(code, ExitCode::from);
                }
            }
        }
    }
    if !wanted.json {
        println!("{lived} worlds of {} scenarios, commit {}", chosen.len(), commit());
    }
    code
}

/// Tells how it went; the exit code where something did not hold.
fn tell(scenario: &Scenario, seed: u64, outcome: &Outcome, json: bool, trace: bool) -> Option<u8> {
    if trace {
        for line in outcome.story.iter().skip(outcome.story.len().saturating_sub(LINES)) {
            println!("{}", shorter(line));
        }
    }
    let complaints = outcome.complaints();
    if json {
        let words: Vec<String> = complaints.iter().map(|words| quoted(words)).collect();
        let cites: Vec<String> = scenario.cites.iter().map(|words| quoted(words)).collect();
        println!(
            "{{\"scenario\":{},\"seed\":{seed},\"holds\":{},\"cites\":[{}],\"complaints\":[{}]}}",
            quoted(scenario.name),
            outcome.is_ok(),
            cites.join(","),
            words.join(",")
        );
    } else {
        let held = if outcome.is_ok() { "holds" } else { "FAILS" };
        println!("{held}  {} (seed {seed}; {})", scenario.name.replace('_', " "), scenario.cites.join(" "));
        for words in &complaints {
            println!("       {words}");
        }
        if !outcome.is_ok() {
            println!(
                "       again: cargo xtask storm --corpus --scenario {} --seed {seed} --trace",
                scenario.name
            );
        }
    }
    let broken = outcome.report.violation.as_ref().map(|violation| violation.oracle.exit_code());
    (!outcome.is_ok()).then(|| broken.unwrap_or(NOT_HELD))
}

/// As a string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                // A string takes everything.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
