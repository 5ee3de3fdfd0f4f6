//! Crash at every boundary of the journal and restart (oracle O8): the replayed state is the one that died,
//! no order is lost or doubled, unknown ones count at their worst until the venue has said what they are, and
//! every position is protected again within the stated time.

use crate::common::faults::Faults;
use crate::common::journal::Crash;
use crate::common::random::Random;
use crate::common::world::World;
use crate::common::{lossless, remote};
use seawall_engine::ProtectionSettings;
use seawall_model::{Capabilities, OrderState, Span};

/// Length of the lives that are cut short.
const MINUTES: i64 = 5;

fn world(seed: u64, capabilities: &Capabilities, faults: Faults) -> World {
    World::new(seed, 1 + u32::try_from(seed % 2).unwrap(), capabilities.clone(), faults, 4)
}

/// How many inputs a whole life has.
fn inputs(seed: u64, capabilities: &Capabilities, faults: Faults) -> usize {
    let mut world = world(seed, capabilities, faults);
    world.start();
    world.minutes(MINUTES);
    world.inputs.len()
}

/// Time from the start to protection: the reports of the account, the second look at what differs, the
/// question for an order whose outcome is unknown and the ladder.
fn bound() -> Span {
    let protection = ProtectionSettings::default();
    let ladder = 2 * protection.confirm_deadline_ms + protection.emergency_retry_ms;
    Span::from_millis(i64::from(ladder + 2 * protection.submit_deadline_ms) + 1_000)
}

/// Lives until `crash`, dies, comes back after `outage` and must recover.
fn survive(seed: u64, capabilities: &Capabilities, faults: Faults, crash: Crash, outage: Span) -> World {
    let mut world = world(seed, capabilities, faults);
    world.crash = Some(crash);
    world.start();
    world.minutes(MINUTES);
    assert!(world.down, "seed {seed}: {crash:?} is after the end");
    world.heal();
    world.restart(outage);
    world
}

fn recovers(mut world: World, crash: Crash) {
    // Nothing that was in flight is taken for done or not done.
    for id in world.ids() {
        let guessed = world
            .engine
            .live_orders(id)
            .find(|order| order.state == OrderState::InFlight && !order.reduce_only);
        assert_eq!(guessed, None, "{crash:?}");
    }
    world.forget_nakedness();
    world.minutes(7);
    world.settle();
    assert!(
        world.naked_max <= bound(),
        "seed {} {crash:?}: naked for {} ms\n{}",
        world.seed,
        world.naked_max.millis(),
        world.story()
    );
    world.assert_agreement();
    world.assert_placed_once();
}

fn at_every_boundary(seed: u64, capabilities: &Capabilities, faults: Faults) {
    let mut random = Random::stream(seed, 71);
    for after_inputs in 1..inputs(seed, capabilities, faults) {
        for (requests_sent, recorded_ahead) in
            [(0, false), (0, true), (1, false), (1, true), (usize::MAX - 1, false)]
        {
            // Most steps ask for nothing: there all variants are one.
            let crash = Crash { after_inputs, requests_sent, recorded_ahead };
            let outage = random.span_ms(50, 20_000);
            let world = survive(seed, capabilities, faults, crash, outage);
            recovers(world, crash);
        }
    }
}

#[test]
fn a_crash_at_any_boundary_before_an_honest_venue_is_survived() {
    for seed in [1, 2, 3] {
        at_every_boundary(seed, &remote(), Faults::default());
    }
}

#[test]
fn a_crash_at_any_boundary_before_a_lossless_venue_is_survived() {
    for seed in [4, 5] {
        at_every_boundary(seed, &lossless(), Faults::default());
    }
}

#[test]
fn a_crash_at_any_boundary_amid_faults_is_survived() {
    for seed in [6, 7, 8] {
        at_every_boundary(seed, &remote(), Faults::draw(seed));
    }
}

#[test]
fn crashes_during_recovery_are_survived() {
    for seed in 0..60 {
        let mut random = Random::stream(seed, 72);
        let last = i64::try_from(inputs(seed, &remote(), Faults::default())).unwrap() - 1;
        let crash = |inputs: i64, random: &mut Random| Crash {
            after_inputs: usize::try_from(inputs).unwrap(),
            requests_sent: usize::try_from(random.range(0, 2)).unwrap(),
            recorded_ahead: random.chance(500),
        };
        let first = crash(random.range(2, last), &mut random);
        let mut world = survive(seed, &remote(), Faults::default(), first, random.span_ms(50, 9_000));
        let mut last = first;
        for _ in 0..3 {
            let next = i64::try_from(world.inputs.len()).unwrap() + random.range(1, 6);
            last = crash(next, &mut random);
            world.crash = Some(last);
            world.minutes(1);
            if world.down {
                world.restart(random.span_ms(50, 9_000));
            }
        }
        recovers(world, last);
    }
}
