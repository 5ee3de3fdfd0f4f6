//! Every named scenario holds, is the same twice, and every number of the project's history is lived through
//! or set aside with a reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use seawall_storm::corpus::{ELSEWHERE, SEEDS, live, numbers, scenarios};

fn hold(seed: u64) {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        let outcome = live(scenario, seed).unwrap();
        for complaint in outcome.complaints() {
            wrong.push(format!("{} (seed {seed}): {complaint}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_scenario_holds() {
    hold(SEEDS.start);
}

#[test]
fn every_scenario_holds_with_other_prices_and_shapes() {
    SEEDS.skip(1).for_each(hold);
}

#[test]
fn a_scenario_is_the_same_twice() {
    for scenario in scenarios().step_by(9) {
        let [one, two] = [3, 3].map(|seed| live(scenario, seed).unwrap());
        assert_eq!((one.report, one.story), (two.report, two.story), "{}", scenario.name);
    }
}

#[test]
fn names_are_unique_sentences_and_each_cites_something() {
    let mut names = BTreeSet::new();
    for scenario in scenarios() {
        assert!(names.insert(scenario.name), "{} twice", scenario.name);
        let is_plain = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(scenario.name.matches('_').count() >= 4 && scenario.name.chars().all(is_plain));
        assert!(!scenario.cites.is_empty() && !scenario.must.is_empty(), "{}", scenario.name);
    }
}

#[test]
fn every_number_is_lived_through_or_set_aside_with_a_reason() {
    let cited: BTreeSet<&str> = scenarios().flat_map(|scenario| scenario.cites).copied().collect();
    let known: BTreeSet<String> = numbers().into_iter().collect();
    for number in cited.iter().filter(|number| !number.starts_with("U:")) {
        assert!(known.contains(*number), "{number} is cited and is none");
    }
    let mut aside = BTreeSet::new();
    for (number, why) in ELSEWHERE {
        assert!(known.contains(*number), "{number} is set aside and is none");
        assert!(aside.insert(*number), "{number} is set aside twice");
        assert!(!cited.contains(number), "{number} is set aside and cited");
        assert!(!why.is_empty(), "{number} is set aside without a reason");
    }
    for number in &known {
        let dealt_with = cited.contains(number.as_str()) || aside.contains(number.as_str());
        assert!(dealt_with, "{number} is neither cited by a scenario nor set aside");
    }
}

/// The first column of the tables of a text, where it is a number of this letter.
fn listed(text: &str, letter: &str) -> BTreeSet<String> {
    let first = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let is_number = |cell: &str| {
        let rest = cell.strip_prefix(letter).unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.len() <= 3
    };
    first.map(str::trim).filter(|cell| is_number(cell)).map(str::to_owned).collect()
}

#[test]
fn the_numbers_are_those_of_the_texts() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("SEAWALL_SHARED").map_or(beside, PathBuf::from);
    let texts = [
        ("spec/coinbase-spot.md", "C:", "I-"),
        ("spec/kraken-smc.md", "K:", "I-"),
        ("spec/kraken-smc.md", "K:", "D-"),
        ("spec/multi-exchange.md", "M:", "I-"),
        ("anchors/engines.md", "A:", "D"),
    ];
    let mut there = BTreeSet::new();
    for (path, prefix, letter) in texts {
        let Ok(text) = std::fs::read_to_string(shared.join(path)) else {
            eprintln!("skipped: {} is not there", shared.join(path).display());
            return;
        };
        there.extend(listed(&text, letter).into_iter().map(|number| format!("{prefix}{number}")));
    }
    let known = numbers().into_iter().filter(|number| !number.starts_with("E:"));
    let known: BTreeSet<String> = known.collect();
    let differ: Vec<&String> = known.symmetric_difference(&there).collect();
    assert!(differ.is_empty(), "{differ:?}");
    let users = std::fs::read_to_string(shared.join("anchors/users.md")).unwrap();
    for scenario in scenarios() {
        for thread in scenario.cites.iter().filter_map(|cite| cite.strip_prefix("U:")) {
            let number = thread.rsplit('-').next().unwrap();
            assert!(users.contains(number), "{thread} is not in the study of users");
        }
    }
}
