//! Levels of time: previous periods, opens and opening gaps.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod timed;

use std::num::NonZeroU32;

use proptest::prelude::*;
use seawall_model::{LocalClock, TimeOfDay, Ts, Zone};
use seawall_smc::{
    Bar, Change, Detector, Event, Events, Levels, Period, PeriodClock, PreviousLevels, Source, TradingDay,
};
use timed::{at, closed, run, timed_walk};

fn minutes(minutes: u32) -> Period {
    Period::Minutes(NonZeroU32::new(minutes).unwrap())
}

/// Every kind of period, on the clocks that matter.
fn periods() -> Vec<Period> {
    let days = [TradingDay::utc(), TradingDay::forex().unwrap(), TradingDay::cme().unwrap()];
    let of_day = |day: TradingDay| [Period::Day(day.clone()), Period::Week(day.clone()), Period::Month(day)];
    days.into_iter().flat_map(of_day).chain([minutes(240), minutes(45)]).collect()
}

/// The levels after each bar.
fn levels(bars: &[(Ts, Bar)], period: &Period) -> Vec<Option<Levels>> {
    let mut detector = PreviousLevels::new(Source(3), period.clone());
    let mut events = Events::new();
    closed(bars)
        .iter()
        .map(|bar| {
            detector.update(bar, &mut events);
            detector.levels()
        })
        .collect()
}

/// A name for the period of an instant, from the clock's face alone.
fn name(period: &Period, open_time: Ts) -> (i64, u8, u8) {
    let shown = |day: &TradingDay| {
        let local = LocalClock::new(day.zone.clone()).local(open_time);
        let next = day.roll > TimeOfDay::new(12, 0) && local.time >= day.roll;
        local.date.plus_days(i32::from(next))
    };
    match period {
        Period::Minutes(minutes) => (open_time.millis().div_euclid(i64::from(minutes.get()) * 60_000), 0, 0),
        Period::Day(day) => shown(day).year_month_day(),
        Period::Week(day) => shown(day).monday().year_month_day(),
        Period::Month(day) => {
            let (year, month, _) = shown(day).year_month_day();
            (year, month, 0)
        }
    }
}

/// The definition, over all bars for each bar.
fn plain_levels(bars: &[(Ts, Bar)], names: &[(i64, u8, u8)], t: usize) -> Option<Levels> {
    let begin = names.iter().position(|name| *name == names[t]).unwrap();
    let before = names[begin.checked_sub(1)?];
    let of_before: Vec<Bar> = (0..begin).filter(|&i| names[i] == before).map(|i| bars[i].1).collect();
    let high = of_before.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
    let low = of_before.iter().map(|bar| bar.low).fold(f64::MAX, f64::min);
    Some(Levels {
        high,
        low,
        high_broken: bars[begin..=t].iter().any(|(_, bar)| bar.high > high),
        low_broken: bars[begin..=t].iter().any(|(_, bar)| bar.low < low),
    })
}

/// What the events say that the levels are, bar by bar.
fn levels_by_events(events: &[Event], bars: usize) -> Vec<Option<Levels>> {
    let mut now: Option<(Event, Levels)> = None;
    let of_bar = |t: usize| {
        for event in events.iter().filter(|event| event.known_at == t as u64) {
            match (event.change, &mut now) {
                (Change::Born, None) => {
                    let levels =
                        Levels { high: event.top, low: event.bottom, high_broken: false, low_broken: false };
                    now = Some((*event, levels));
                }
                (Change::Replaced, Some((born, _))) if born.id == event.id => now = None,
                (Change::HighBroken, Some((_, levels))) if !levels.high_broken => levels.high_broken = true,
                (Change::LowBroken, Some((_, levels))) if !levels.low_broken => levels.low_broken = true,
                _ => panic!("{event:?} does not follow {now:?}"),
            }
        }
        now.map(|(_, levels)| levels)
    };
    (0..bars).map(of_bar).collect()
}

proptest! {
    #[test]
    fn previous_levels_agree_with_the_letter_of_their_definition(bars in timed_walk(120)) {
        for period in periods() {
            let found = levels(&bars, &period);
            let names: Vec<_> = bars.iter().map(|(open_time, _)| name(&period, *open_time)).collect();
            let expected: Vec<_> = (0..bars.len()).map(|t| plain_levels(&bars, &names, t)).collect();
            prop_assert_eq!(&found, &expected, "{:?}", period);
            let events = run(&bars, &mut [&mut PreviousLevels::new(Source(3), period.clone())]);
            prop_assert_eq!(levels_by_events(&events, bars.len()), found, "{:?}", period);
        }
    }

    #[test]
    fn previous_levels_of_a_prefix_are_those_of_the_full_run(
        bars in timed_walk(150),
        cut in any::<prop::sample::Index>(),
    ) {
        let until = cut.index(bars.len() + 1);
        for period in periods() {
            let mut known = run(&bars, &mut [&mut PreviousLevels::new(Source(3), period.clone())]);
            known.retain(|event| event.known_at < until as u64);
            let found = run(&bars[..until], &mut [&mut PreviousLevels::new(Source(3), period.clone())]);
            prop_assert_eq!(found, known);
        }
    }

    #[test]
    fn periods_follow_each_other_without_hole_or_overlap(
        quarters in -200_000i64..200_000,
        steps in prop::collection::vec(1i64..3_000, 1..40),
    ) {
        let begin = at("2023-01-01").millis();
        for period in periods() {
            let mut clock = PeriodClock::new(period);
            let (mut minute, mut before): (i64, Option<(Ts, Ts)>) = (quarters * 15, None);
            for step in &steps {
                minute += step;
                let open_time = Ts::from_millis(begin + minute * 60_000);
                let entered = clock.enters(open_time);
                let (start, end) = clock.current().unwrap();
                prop_assert!(start <= open_time && open_time < end);
                prop_assert_eq!(entered, before != Some((start, end)));
                prop_assert!(before.is_none_or(|(old, old_end)| (old, old_end) == (start, end) || old_end <= start));
                before = Some((start, end));
            }
        }
    }
}

#[test]
fn previous_levels_equal_the_fixtures() {
    let periods = [("1D", Period::Day(TradingDay::utc())), ("W", Period::Week(TradingDay::utc()))];
    for series in ["eurusd_15m", "eurusd_15m_head800_tickvol"] {
        for (name, period) in &periods {
            let Some(bars) = timed::fixture_bars(series) else { return };
            let expected = timed::fixture(series, &format!("causal_prev__{name}.csv")).unwrap();
            let row = |levels: Option<Levels>| match levels {
                Some(Levels { high, low, high_broken, low_broken }) => {
                    format!("{high},{low},{},{}", u8::from(high_broken), u8::from(low_broken))
                }
                None => ",,0,0".to_owned(),
            };
            let found: Vec<String> = levels(&bars, period).into_iter().map(row).collect();
            let expected: Vec<&str> = expected.lines().skip(1).collect();
            assert_eq!(found.len(), expected.len());
            for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_eq!(found, expected, "{series}/{name}, row {number}");
            }
        }
    }
}

#[test]
fn a_trading_day_of_new_york_rolls_at_its_own_hour_through_changes_of_clocks() {
    let begins = |period: &Period, instant: &str| {
        let mut clock = PeriodClock::new(period.clone());
        clock.enters(at(instant));
        let (start, end) = clock.current().unwrap();
        format!("{start} {end}")
    };
    let (forex, cme) = (TradingDay::forex().unwrap(), TradingDay::cme().unwrap());
    let day = Period::Day(forex.clone());
    assert_eq!(begins(&day, "2023-03-11T22:00:00Z"), "2023-03-11T22:00:00Z 2023-03-12T21:00:00Z");
    assert_eq!(begins(&day, "2023-11-04T21:00:00Z"), "2023-11-04T21:00:00Z 2023-11-05T22:00:00Z");
    let week = Period::Week(forex);
    assert_eq!(begins(&week, "2023-03-08T00:00:00Z"), "2023-03-05T22:00:00Z 2023-03-12T21:00:00Z");
    let month = Period::Month(cme);
    assert_eq!(begins(&month, "2023-03-31T21:59:00Z"), "2023-02-28T23:00:00Z 2023-03-31T22:00:00Z");
    let skipped = TradingDay { zone: "America/New_York".parse().unwrap(), roll: TimeOfDay::new(2, 30) };
    assert_eq!(
        begins(&Period::Day(skipped), "2023-03-12T06:59:59Z"),
        "2023-03-11T07:30:00Z 2023-03-12T07:00:00Z"
    );
    let repeated = TradingDay { zone: "America/New_York".parse().unwrap(), roll: TimeOfDay::new(1, 30) };
    assert_eq!(
        begins(&Period::Day(repeated), "2023-11-05T06:29:00Z"),
        "2023-11-05T05:30:00Z 2023-11-06T06:30:00Z"
    );
    let utc = Period::Month(TradingDay { zone: Zone::UTC, roll: TimeOfDay::MIDNIGHT });
    assert_eq!(begins(&utc, "2024-02-29T23:59:59Z"), "2024-02-01T00:00:00Z 2024-03-01T00:00:00Z");
}
