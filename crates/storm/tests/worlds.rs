//! A few worlds in each test run; `cargo xtask storm` lives through as many as wanted.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use seawall_storm::{Fault, Level, Options, run};

/// How long the worlds of these tests live: they run without optimisation.
const MINUTES: i64 = 30;

fn short() -> Options {
    Options { minutes: Some(MINUTES), ..Options::default() }
}

#[test]
fn the_first_worlds_break_no_rule() {
    for seed in 0..12 {
        let report = run(seed, &short()).unwrap();
        assert_eq!(
            report.violation, None,
            "cargo xtask storm --seed {seed} --world-minutes {MINUTES} --trace"
        );
        assert!(report.counts.orders > 0 || report.counts.inputs > 100, "seed {seed}: nothing happens");
    }
}

#[test]
fn two_runs_of_a_seed_are_the_same_to_the_last_bit() {
    for seed in [1, 2, 3] {
        let (one, two) = (run(seed, &short()).unwrap(), run(seed, &short()).unwrap());
        assert_eq!(one, two, "seed {seed}");
    }
}

#[test]
fn a_world_that_is_lived_again_with_its_strikes_is_the_same_to_the_last_bit() {
    let mut struck = 0;
    for seed in 20..28 {
        let drawn = run(seed, &short()).unwrap();
        let strikes: Vec<_> = drawn.struck.iter().map(|struck| struck.strike).collect();
        struck += strikes.len();
        let again = run(seed, &Options { strikes: Some(strikes), ..short() }).unwrap();
        assert_eq!(drawn, again, "seed {seed}");
        let calm = run(seed, &Options { strikes: Some(Vec::new()), ..short() }).unwrap();
        assert!(calm.struck.is_empty(), "seed {seed}");
    }
    assert!(struck > 50, "{struck} strikes");
}

#[test]
fn worlds_without_any_fault_are_protected_within_two_round_trips() {
    let without = Fault::ALL.to_vec();
    for seed in 0..4 {
        let report = run(seed, &Options { without: without.clone(), ..short() }).unwrap();
        assert_eq!(report.violation, None, "seed {seed}");
        assert!(report.faults.iter().all(|(_, count)| *count == 0));
        // Each way takes 230 ms at most; a fill in pieces needs the stop to be placed and enlarged.
        assert!(report.naked_max.millis() <= 1_000, "seed {seed}: {} ms", report.naked_max.millis());
    }
}

#[test]
fn every_fault_of_the_catalogue_can_occur_and_is_survived_alone() {
    for fault in Fault::ALL.iter().copied().filter(|fault| fault.is_of(Level::Typed)) {
        let options = Options { minutes: Some(90), force: Some(fault), ..Options::default() };
        let mut injected = 0;
        for seed in 100..160 {
            let report = run(seed, &options).unwrap();
            assert_eq!(report.violation, None, "seed {seed}, {} alone", fault.name());
            injected += report.faults.iter().map(|(_, count)| count).sum::<u64>();
            let others = report.faults.iter().any(|(other, count)| *other != fault && *count > 0);
            assert!(!others, "seed {seed}: more than {}", fault.name());
            if injected > 0 {
                break;
            }
        }
        assert!(injected > 0, "{} never occurs", fault.name());
    }
}
