//! A few worlds at the level of bytes; `cargo xtask storm --level wire` lives through as many as wanted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use seawall_storm::{Fault, Level, Options, Strike, run};

/// How long the worlds of these tests live: they run without optimisation.
const MINUTES: i64 = 15;

fn short() -> Options {
    Options { level: Level::Wire, minutes: Some(MINUTES), ..Options::default() }
}

#[test]
fn the_first_worlds_of_bytes_break_no_rule() {
    let mut orders = 0;
    for seed in 0..6 {
        let report = run(seed, &short()).unwrap();
        assert_eq!(
            report.violation, None,
            "cargo xtask storm --level wire --seed {seed} --world-minutes {MINUTES} --trace"
        );
        assert_eq!(report.level, Level::Wire);
        orders += report.counts.orders;
    }
    assert!(orders > 50, "{orders} orders in six worlds");
}

#[test]
fn two_runs_of_a_seed_are_the_same_to_the_last_bit_also_in_bytes() {
    for seed in [1, 2] {
        let (one, two) = (run(seed, &short()).unwrap(), run(seed, &short()).unwrap());
        assert_eq!(one, two, "seed {seed}");
    }
}

#[test]
fn worlds_of_bytes_without_any_fault_are_protected_within_two_round_trips() {
    for seed in 0..3 {
        let report = run(seed, &Options { without: Fault::ALL.to_vec(), ..short() }).unwrap();
        assert_eq!(report.violation, None, "seed {seed}");
        assert!(report.faults.iter().all(|(_, count)| *count == 0));
        assert!(report.naked_max.millis() <= 1_500, "seed {seed}: {} ms", report.naked_max.millis());
    }
}

#[test]
fn every_fault_that_bytes_can_have_occurs() {
    let known = Fault::ALL.iter().copied().filter(|fault| fault.is_of(Level::Wire));
    let mut missing: BTreeSet<Fault> = known.collect();
    for seed in 0..3 {
        // One strike early and some later, so that there is something that they can hit.
        let numbers = [0_u32, 1, 3, 11, 17, 26, 38, 52];
        let strikes = missing.iter().flat_map(|fault| {
            numbers.map(|number| Strike { fault: *fault, opportunity: number + u32::try_from(seed).unwrap() })
        });
        let options = Options { minutes: Some(30), strikes: Some(strikes.collect()), ..short() };
        let report = run(seed, &options).unwrap();
        assert_eq!(report.violation, None, "seed {seed}");
        for (fault, count) in report.faults {
            if count > 0 {
                missing.remove(&fault);
            }
        }
    }
    // What needs a price that wakes a stop is rare: worlds in which one does.
    for seed in [90, 131, 166, 175, 196] {
        for fault in missing.clone() {
            let report = run(seed, &Options { minutes: Some(30), force: Some(fault), ..short() }).unwrap();
            assert_eq!(report.violation, None, "seed {seed}");
            if !report.faults.contains(&(fault, 0)) {
                missing.remove(&fault);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
