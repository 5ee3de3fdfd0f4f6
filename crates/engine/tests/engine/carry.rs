//! The state that outlives a process: what is written down piece by piece is the engine's own, an engine made
//! of it is the one that died, and a process that comes back with nothing else loses no order, doubles none,
//! and keeps stops, targets, losses and pauses.

use crate::common::faults::Faults;
use crate::common::journal::Crash;
use crate::common::kept::{Survives, resumed};
use crate::common::random::Random;
use crate::common::world::World;
use crate::common::{lossless, remote};
use seawall_engine::{Carry, Engine, EngineError, ProtectionSettings};
use seawall_model::{Capabilities, Span, Timeframe};

fn world(seed: u64, capabilities: &Capabilities, faults: Faults, quiet_after: u64) -> World {
    let count = 1 + u32::try_from(seed % 3).unwrap();
    World::new(seed, count, capabilities.clone(), faults, quiet_after)
}

#[test]
fn the_pieces_that_are_written_down_are_the_state_after_every_step() {
    let (mut patches, mut bytes, mut inputs) = (0, 0, 0);
    for seed in 0..40 {
        let mut world = world(seed, &remote(), Faults::draw(seed), 15);
        world.keep();
        world.start();
        for second in 0..180 {
            world.run_until(crate::common::at(second * 5));
            let kept = world.kept.as_ref().unwrap();
            let (disk, engine) = (kept.state().clone(), world.engine.carry());
            assert_eq!(
                disk.without_readings(),
                engine.without_readings(),
                "seed {seed}, second {}\n{}",
                second * 5,
                world.story()
            );
        }
        let kept = world.kept.as_ref().unwrap();
        (patches, bytes, inputs) =
            (patches + kept.patches, bytes + kept.bytes, inputs + world.inputs.len() as u64);
    }
    // Quiet inputs write nothing, and a piece is small.
    assert!(patches * 3 < inputs * 2 && bytes / patches < 8_192, "{patches} of {inputs}, {bytes} bytes");
}

#[test]
fn carry_resume_carry_is_the_identity_also_through_text() {
    for seed in 0..60 {
        let mut world = world(seed, &lossless(), Faults::venue_only(seed), 15);
        world.start();
        for minute in 1..=15 {
            world.run_until(crate::common::at(minute * 60 - 3));
            let carry = world.engine.carry();
            let text = serde_json::to_string(&carry).unwrap();
            let read: Carry = serde_json::from_str(&text).unwrap();
            assert_eq!(read, carry, "seed {seed}");
            assert_eq!(resumed(&world.setup, &read).carry(), carry, "seed {seed}, minute {minute}");
        }
    }
}

/// Time from the start to protection, as for a process that has everything.
fn bound() -> Span {
    let protection = ProtectionSettings::default();
    let ladder = 2 * protection.confirm_deadline_ms + protection.emergency_retry_ms;
    Span::from_millis(i64::from(ladder + 2 * protection.submit_deadline_ms) + 1_000)
}

/// Lives until `crash`, dies, comes back with what the disk has.
fn survive(seed: u64, capabilities: &Capabilities, faults: Faults, crash: Crash, lost: Survives) -> World {
    let mut random = Random::stream(seed, 81);
    let mut world = world(seed, capabilities, faults, 6);
    world.keep();
    world.crash = Some(crash);
    world.start();
    world.minutes(8);
    if !world.down {
        return world;
    }
    world.heal();
    world.resume(random.span_ms(50, 20_000), lost);
    world.forget_nakedness();
    world.minutes(9);
    world.settle();
    assert!(
        world.naked_max <= bound(),
        "seed {seed} {crash:?} {lost:?}: naked for {} ms\n{}",
        world.naked_max.millis(),
        world.story()
    );
    world.assert_agreement();
    world.assert_placed_once();
    world
}

fn crashes(seed: u64, capabilities: &Capabilities, faults: Faults, most: i64) {
    let mut random = Random::stream(seed, 82);
    let after_inputs = usize::try_from(random.range(2, most)).unwrap();
    for (requests_sent, recorded_ahead, lost) in [
        (0, false, Survives::BeforeSync),
        (0, true, Survives::Synced),
        (0, true, Survives::Everything),
        (1, false, Survives::Synced),
        (usize::MAX - 1, false, Survives::Everything),
    ] {
        survive(seed, capabilities, faults, Crash { after_inputs, requests_sent, recorded_ahead }, lost);
    }
}

#[test]
fn a_process_that_comes_back_with_its_carry_alone_loses_and_doubles_nothing() {
    for seed in 0..60 {
        crashes(seed, &remote(), Faults::default(), 260);
    }
}

#[test]
fn so_it_does_amid_faults() {
    for seed in 200..240 {
        crashes(seed, &remote(), Faults::draw(seed), 300);
    }
}

#[test]
fn an_instrument_that_something_is_held_on_cannot_be_left_out() {
    let mut refused = false;
    for seed in [2, 5, 8, 11, 14, 17] {
        let mut world = world(seed, &lossless(), Faults::default(), 15);
        world.start();
        for minute in 1..=15 {
            world.run_until(crate::common::at(minute * 60 - 3));
            let carry = world.engine.carry();
            let mut setup = world.setup.clone();
            let (gone, _) = setup.instruments.pop().unwrap();
            match Engine::resume(setup, &carry) {
                Ok(resumed) => {
                    assert!(!carry.is_engaged(gone.name()));
                    let known = carry.desks.contains_key(gone.name());
                    assert_eq!(resumed.left.len(), usize::from(known));
                    // It is kept for the day on which the instrument comes back.
                    assert_eq!(resumed.engine.carry(), carry);
                }
                Err(error) => {
                    assert!(matches!(&error, EngineError::CarriedInstrument { .. }), "{error}");
                    assert!(error.to_string().contains(gone.name().as_str()), "{error}");
                    assert!(carry.is_engaged(gone.name()));
                    refused = true;
                }
            }
        }
    }
    assert!(refused, "nothing was ever held on it");
}

#[test]
fn another_run_a_coarser_scale_and_a_newer_form_are_refused() {
    let mut world = world(1, &lossless(), Faults::default(), 15);
    world.start();
    world.minutes(6);
    let carry = world.engine.carry();
    let refused = |setup, carry: &Carry| match Engine::resume(setup, carry) {
        Ok(_) => panic!("taken over"),
        Err(error) => error.to_string(),
    };
    let mut setup = world.setup.clone();
    setup.run += 1;
    assert!(refused(setup, &carry).contains("belongs to run 7 and not to 8"));
    let mut newer = carry.clone();
    newer.version += 1;
    assert!(refused(world.setup.clone(), &newer).contains("run the newer one"));
    let held = carry.engaged().next().expect("something is held").clone();
    let mut setup = world.setup.clone();
    let (own, _) = setup.instruments.iter_mut().find(|(one, _)| *one.name() == held).unwrap();
    let spec = seawall_model::InstrumentSpec { tick: Some("1".parse().unwrap()), ..own.spec().clone() };
    *own = seawall_model::Instrument::new(own.id(), spec, 0).unwrap();
    assert!(refused(setup, &carry).contains("mean less here than before"));
}

#[test]
fn the_order_of_instruments_means_nothing() {
    for seed in [2, 5, 8] {
        let mut world = world(seed, &lossless(), Faults::default(), 15);
        world.start();
        world.minutes(7);
        let carry = world.engine.carry();
        let mut setup = world.setup.clone();
        let specs: Vec<_> =
            setup.instruments.iter().rev().map(|(one, _)| (one.spec().clone(), one.price_scale())).collect();
        setup.instruments = (0..)
            .zip(specs)
            .map(|(id, (spec, decimals))| {
                let id = seawall_model::InstrumentId(id);
                (seawall_model::Instrument::new(id, spec, decimals).unwrap(), Timeframe::M1)
            })
            .collect();
        let resumed = Engine::resume(setup, &carry).unwrap();
        assert_eq!(resumed.engine.carry(), carry, "seed {seed}");
        assert_eq!(resumed.engine.equity(), world.engine.equity(), "seed {seed}");
    }
}
