//! Tests of [`super`]: how conviction falls and what it does.

use seawall_model::{Outcome, Verdict};

use super::*;

const LONG: Identity =
    Identity { zone: Some((90.0, 110.0)), bias: Bias::Bullish, direction: Direction::Long };

fn seen(hour: f64, price: f64, volume: f64) -> Surroundings {
    #[allow(clippy::cast_possible_truncation, reason = "hours of a test")]
    let now = Ts::from_millis((hour * 3_600_000.0) as i64);
    Surroundings { now, price, volume: Some(volume) }
}

fn theses(change: impl Fn(&mut ThesisSettings)) -> Theses {
    let mut settings = ThesisSettings { mode: GuardMode::On, ..ThesisSettings::default() };
    change(&mut settings);
    Theses::new(&settings)
}

/// Ages an idea born at hour 0 inside the zone with a volume of 10; its conviction.
fn aged(theses: &mut Theses, hour: f64, price: f64, volume: f64) -> f64 {
    theses.remember(LONG, &seen(0.0, 100.0, 10.0));
    theses.age(&seen(hour, price, volume), PositionSide::Flat, &mut Decision::empty());
    theses.known(&LONG).unwrap()
}

fn is(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-9
}

#[test]
fn conviction_falls_with_time_zone_and_volume_and_not_below_five() {
    for (hour, price, volume, expected) in [
        (0.0, 100.0, 10.0, 100.0),
        (4.0, 100.0, 10.0, 85.0),
        (12.0, 100.0, 10.0, 55.0),
        (100.0, 100.0, 10.0, 55.0),
        (0.0, 111.0, 10.0, 65.0),
        (0.0, 89.0, 10.0, 65.0),
        (0.0, 100.0, 9.9, 85.0),
        (12.0, 111.0, 9.0, 5.0),
    ] {
        let found = aged(&mut theses(|_| ()), hour, price, volume);
        assert!(is(found, expected), "{hour} {price} {volume}: {found}");
    }
    let heavier = aged(&mut theses(|all| all.time_decay_points = "99".parse().unwrap()), 12.0, 111.0, 9.0);
    assert!(is(heavier, 5.0));
}

#[test]
fn later_setups_of_the_idea_change_nothing_of_what_it_is_measured_against() {
    // [D-10]: each refresh overwrote the volume and the status, so that the idea never faded or faded again
    // and again.
    let mut ideas = theses(|_| ());
    assert!(is(aged(&mut ideas, 6.0, 100.0, 10.0), 77.5));
    ideas.remember(LONG, &seen(6.0, 100.0, 4.0));
    ideas.age(&seen(6.0, 100.0, 9.0), PositionSide::Flat, &mut Decision::empty());
    assert!(is(ideas.known(&LONG).unwrap(), 62.5), "the first volume was 10, the first hour 0");
    let held = |hour: f64| Held {
        direction: Direction::Long,
        decided_at: seen(hour, 0.0, 0.0).now,
        invalidation: None,
    };
    ideas.age(&seen(12.0, 111.0, 10.0), PositionSide::Flat, &mut Decision::empty());
    assert!(ideas.gave_up(&held(1.0)));
    ideas.age(&seen(13.0, 100.0, 10.0), PositionSide::Flat, &mut Decision::empty());
    ideas.remember(LONG, &seen(13.0, 100.0, 10.0));
    assert!(ideas.gave_up(&held(1.0)), "given up is given up");
    assert!(!ideas.gave_up(&held(12.5)), "what was known at the decision ends nothing");
}

#[test]
fn an_idea_born_outside_the_zone_has_none_to_leave() {
    let mut ideas = theses(|_| ());
    ideas.remember(LONG, &seen(0.0, 120.0, 10.0));
    ideas.age(&seen(12.0, 130.0, 10.0), PositionSide::Flat, &mut Decision::empty());
    assert!(is(ideas.known(&LONG).unwrap(), 55.0));
}

#[test]
fn another_zone_bias_or_direction_is_another_idea_and_age_forgets_each() {
    let mut ideas = theses(|_| ());
    ideas.remember(LONG, &seen(0.0, 100.0, 10.0));
    for other in [
        Identity { zone: Some((90.0, 111.0)), ..LONG },
        Identity { bias: Bias::Neutral, ..LONG },
        Identity { direction: Direction::Short, ..LONG },
    ] {
        assert_eq!(ideas.known(&other), None);
    }
    for hour in 1..20 {
        ideas.remember(Identity { zone: Some((f64::from(hour), 111.0)), ..LONG }, &seen(0.0, 100.0, 10.0));
    }
    assert_eq!(ideas.ideas.len(), IDEAS_MAX);
    let mut ideas = theses(|all| all.remembered_hours = 24);
    assert!(is(aged(&mut ideas, 23.9, 100.0, 10.0), 55.0));
    ideas.age(&seen(24.0, 100.0, 10.0), PositionSide::Flat, &mut Decision::empty());
    assert_eq!(ideas.known(&LONG), None);
}

#[test]
fn points_follow_conviction_on_both_sides_of_sixty() {
    let ideas = theses(|_| ());
    for (conviction, points) in [(100.0, 8.0), (80.0, 4.0), (60.0, 0.0), (32.5, -6.0), (5.0, -12.0)] {
        assert!(is(ideas.points(Some(conviction)).unwrap().points, points), "{conviction}");
    }
    assert!(is(ideas.points(None).unwrap().points, 0.0), "no earlier setup, nothing to add");
    assert_eq!(theses(|all| all.mode = GuardMode::Shadow).points(Some(100.0)), None);
}

#[test]
fn each_mode_asks_in_its_own_way() {
    let asked = |mode: GuardMode, conviction: f64| {
        let mut decision = Decision::empty();
        decision.outcome = Outcome::Entered;
        let ideas = theses(|all| all.mode = mode);
        let goes_on = ideas.allows(Some(conviction), 60.0, 60.0, &mut decision);
        (goes_on, decision.gates.iter().map(|one| (one.gate, one.verdict)).collect::<Vec<_>>())
    };
    assert_eq!(asked(GuardMode::On, 26.0), (true, vec![(Gate::Thesis, Verdict::Pass)]));
    assert_eq!(asked(GuardMode::On, 25.0), (false, vec![(Gate::Thesis, Verdict::Fail)]));
    let watched = vec![(Gate::ThesisScore, Verdict::Shadow), (Gate::Thesis, Verdict::Shadow)];
    assert_eq!(asked(GuardMode::Shadow, 25.0), (true, watched));
    let fine = vec![(Gate::ThesisScore, Verdict::Pass), (Gate::Thesis, Verdict::Pass)];
    assert_eq!(asked(GuardMode::Shadow, 60.0), (true, fine));
}

#[test]
fn the_record_of_an_open_position_says_when_its_idea_is_given_up_once() {
    for (mode, goes_on, verdict) in
        [(GuardMode::On, false, Some(Verdict::Fail)), (GuardMode::Shadow, true, Some(Verdict::Shadow))]
    {
        let mut ideas = theses(|all| all.mode = mode);
        ideas.remember(LONG, &seen(0.0, 100.0, 10.0));
        let mut decision = Decision::empty();
        assert_eq!(ideas.age(&seen(12.0, 111.0, 10.0), PositionSide::Long, &mut decision), goes_on);
        assert_eq!(decision.gates.first().map(|one| one.verdict), verdict);
        let mut later = Decision::empty();
        assert!(ideas.age(&seen(13.0, 111.0, 10.0), PositionSide::Long, &mut later));
        assert!(later.gates.is_empty());
        let mut flat = theses(|all| all.mode = mode);
        flat.remember(LONG, &seen(0.0, 100.0, 10.0));
        assert!(flat.age(&seen(12.0, 111.0, 10.0), PositionSide::Flat, &mut later));
        assert!(later.gates.is_empty(), "nothing is held");
    }
}
