//! What holds over random worlds after every step: the oracles O1 to O6, O9, O11 and O12, the equity identity
//! and equal state after replay. A failure names its seed; the same seed gives the same world again.

use std::collections::BTreeSet;

use crate::common::faults::Faults;
use crate::common::world::{World, digest};
use crate::common::{at, lossless, remote};
use seawall_engine::ProtectionSettings;
use seawall_model::{Capabilities, ExitReason, Span};

/// A world that trades for `minutes` under `faults`, is healed and given time.
fn lived(seed: u64, capabilities: Capabilities, faults: Faults, minutes: i64) -> World {
    let count = 1 + u32::try_from(seed % 3).unwrap();
    let mut world = World::new(seed, count, capabilities, faults, u64::try_from(minutes).unwrap());
    world.start();
    world.minutes(minutes);
    let during = world.naked_max;
    world.heal();
    world.minutes(6);
    // Between two moves of the market, when what the last one caused has been said.
    world.settle();
    world.naked_max = world.naked_max.max(during);
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
    for seed in seeds(60) {
        lived(seed, lossless(), Faults::default(), 20).assert_agreement();
    }
}

#[test]
fn a_venue_that_refuses_cancels_and_liquidates_never_leaves_the_books_behind() {
    for seed in seeds(150) {
        lived(seed, lossless(), Faults::venue_only(seed), 20).assert_agreement();
    }
}

#[test]
fn a_network_that_loses_doubles_and_delays_never_leaves_the_books_behind() {
    for seed in seeds(300) {
        lived(seed, remote(), Faults::draw(seed), 20).assert_agreement();
    }
}

#[test]
fn without_amendments_and_with_one_trigger_type_everything_still_holds() {
    for seed in seeds(150) {
        let mut capabilities = remote();
        capabilities.amend = false;
        capabilities.stop_triggers.truncate(1);
        lived(seed ^ 0x5000, capabilities, Faults::draw(seed), 15).assert_agreement();
    }
}

#[test]
fn the_same_inputs_give_the_same_state() {
    for seed in seeds(60) {
        let world = lived(seed, remote(), Faults::draw(seed), 10);
        assert_eq!(digest(&world.engine), world.replayed_digest(), "seed {seed}");
    }
}

/// Runs until the venue holds a position without covering stops, heals the world then, and says how long it
/// took to be covered or flat; `None` where that never happened.
fn time_to_cover(seed: u64, capabilities: Capabilities, faults: Faults) -> Option<Span> {
    let mut world = World::new(seed, 1, capabilities, faults, 60);
    world.start();
    while !world.is_naked() {
        if world.now > at(1_200) {
            return None;
        }
        let until = world.now.plus(Span::from_millis(250));
        world.run_until(until);
        world.now = until;
    }
    world.heal();
    let healed = world.now;
    while world.is_naked() {
        let until = world.now.plus(Span::from_millis(10));
        world.run_until(until);
        world.now = until;
    }
    Some(world.now.since(healed))
}

#[test]
fn a_naked_position_is_covered_or_closed_within_the_ladder_where_no_message_is_lost() {
    let protection = ProtectionSettings::default();
    // Each trigger type may take the deadline for a confirmation, then the market order its retry.
    let bound_ms = 2 * protection.confirm_deadline_ms + protection.emergency_retry_ms;
    let times = seeds(300)
        .filter_map(|seed| Some((time_to_cover(seed, lossless(), Faults::venue_only(seed))?, seed)));
    let (longest, seed) = times.max().unwrap();
    assert!(longest.millis() <= i64::from(bound_ms), "seed {seed}: {} ms", longest.millis());
}

#[test]
fn a_naked_position_is_covered_or_closed_within_one_comparison_once_messages_arrive_again() {
    let protection = ProtectionSettings::default();
    // The next comparison, the repetition of a question whose answer was lost, the second look at a position,
    // the acceptance of the stop, and the same again for what the first answer brings to light.
    let bound_ms = i64::from(protection.prove_interval_s) * 1_000
        + 2 * i64::from(protection.submit_deadline_ms)
        + i64::from(protection.confirm_deadline_ms)
        + 1_000;
    let times =
        seeds(300).filter_map(|seed| Some((time_to_cover(seed, remote(), Faults::draw(seed))?, seed)));
    let (longest, seed) = times.max().unwrap();
    assert!(longest.millis() <= bound_ms, "seed {seed}: {} ms", longest.millis());
}

#[test]
fn an_honest_venue_sees_a_position_naked_for_two_round_trips_at_most() {
    for seed in seeds(40) {
        let world = lived(seed, lossless(), Faults::default(), 20);
        // Each way takes 5 to 25 ms; a fill in two pieces needs the stop to be placed and enlarged.
        assert!(world.naked_max.millis() <= 100, "seed {seed}: {} ms", world.naked_max.millis());
    }
}

#[test]
fn every_way_of_ending_a_trade_ends_some_trade_of_the_worlds() {
    let mut seen = BTreeSet::new();
    for seed in seeds(60) {
        seen.extend(lived(seed, lossless(), Faults::venue_only(seed), 20).oracles.seen);
    }
    for reason in [
        ExitReason::StopLoss,
        ExitReason::BreakEven,
        ExitReason::TrailingStop,
        ExitReason::TakeProfit(1),
        ExitReason::TakeProfit(2),
        ExitReason::TakeProfit(3),
        ExitReason::Signal,
        ExitReason::Reversal,
        ExitReason::Premise,
        ExitReason::AbandonShip,
        ExitReason::TimeExit,
        ExitReason::Manual,
        ExitReason::Flatten,
        ExitReason::Unprotected,
        ExitReason::Liquidation,
        ExitReason::External,
        ExitReason::Auction,
    ] {
        assert!(seen.contains(reason.name()), "{} ended nothing", reason.name());
    }
}
