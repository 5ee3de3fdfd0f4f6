//! A planted violation is shrunk to the strikes that matter.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use seawall_model::Span;
use seawall_storm::{Fault, Options, Oracle, Strike, Struck, Tried, run, shrink};

/// Asks for more than is promised: a stop that vanishes is missed by the next comparison, seconds later.
fn strict() -> Options {
    Options { minutes: Some(90), naked_bound: Some(Span::from_secs(3)), ..Options::default() }
}

fn breaks(seed: u64, strikes: Option<&[Strike]>) -> Option<Vec<Struck>> {
    let options = Options { strikes: strikes.map(<[Strike]>::to_vec), ..strict() };
    let report = run(seed, &options).unwrap();
    let is_broken = report.violation.is_some_and(|violation| violation.oracle == Oracle::Protection);
    is_broken.then_some(report.struck)
}

fn shrunk(seed: u64, all: &[Struck]) -> Vec<Strike> {
    shrink(all.iter().map(|struck| struck.strike).collect(), |some| match breaks(seed, Some(some)) {
        Some(_) => Tried::Fails,
        None => Tried::Holds,
    })
}

#[test]
fn a_planted_violation_is_shrunk_to_the_strikes_that_matter_and_twice_to_the_same() {
    // A world of late answers alone may break by the sum of its delays, and needs many of them; a stop that
    // vanished breaks it by itself.
    let found = (0..60).find_map(|seed| {
        let all = breaks(seed, None)?;
        let vanished = all.iter().any(|struck| struck.strike.fault == Fault::StopVanished);
        (vanished && all.len() > 10).then_some((seed, all))
    });
    let (seed, all) = found.unwrap();
    let left = shrunk(seed, &all);
    assert!(left.iter().any(|strike| strike.fault == Fault::StopVanished), "seed {seed}: {left:?}");
    assert!((1..=4).contains(&left.len()), "seed {seed}: {} of {}: {left:?}", left.len(), all.len());
    assert_eq!(left, shrunk(seed, &all));
    for place in 0..left.len() {
        let mut fewer = left.clone();
        let strike = fewer.remove(place);
        assert!(breaks(seed, Some(&fewer)).is_none(), "seed {seed}: {strike} does not matter");
    }
    assert!(breaks(seed, Some(&left)).is_some());
}
