//! What holds over random worlds after every step: the oracles O1 to O6, O9, O11 and O12, the equity identity and
//! equal state after replay. A failure names its seed; the same seed gives the same world again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::faults::Faults;
use common::world::{World, digest};
use common::{lossless, remote};
use seawall_model::Capabilities;

/// A world that trades for `minutes` under `faults`, is healed and given time.
fn lived(seed: u64, capabilities: Capabilities, faults: Faults, minutes: i64) -> World {
    let count = 1 + u32::try_from(seed % 3).unwrap();
    let mut world = World::new(seed, count, capabilities, faults, u64::try_from(minutes).unwrap());
    world.start();
    world.minutes(minutes);
    world.heal();
    world.minutes(6);
    // Between two moves of the market, when what the last one caused has been said.
    world.settle();
    world
}

fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = std::env::var("SEED").ok().and_then(|text| text.parse().ok());
    let many = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok());
    let from = first.unwrap_or(0);
    from..from + many.unwrap_or(if first.is_some() { 1 } else { count })
}

#[test]
fn an_honest_venue_and_the_books_agree_to_the_last_digit() {
    for seed in seeds(20) {
        lived(seed, lossless(), Faults::default(), 20).assert_agreement();
    }
}

#[test]
fn a_venue_that_refuses_cancels_and_liquidates_never_leaves_the_books_behind() {
    for seed in seeds(40) {
        lived(seed, lossless(), Faults::venue_only(seed), 20).assert_agreement();
    }
}

#[test]
fn a_network_that_loses_doubles_and_delays_never_leaves_the_books_behind() {
    for seed in seeds(80) {
        lived(seed, remote(), Faults::draw(seed), 20).assert_agreement();
    }
}

#[test]
fn without_amendments_and_with_one_trigger_type_everything_still_holds() {
    for seed in seeds(40) {
        let mut capabilities = remote();
        capabilities.amend = false;
        capabilities.stop_triggers.truncate(1);
        lived(seed ^ 0x5000, capabilities, Faults::draw(seed), 15).assert_agreement();
    }
}

#[test]
fn the_same_inputs_give_the_same_state() {
    for seed in seeds(20) {
        let world = lived(seed, remote(), Faults::draw(seed), 10);
        assert_eq!(digest(&world.engine), world.replayed_digest(), "seed {seed}");
    }
}
