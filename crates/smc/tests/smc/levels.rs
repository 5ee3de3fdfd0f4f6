//! Levels of time: previous periods, opens and opening gaps.

use std::num::NonZeroU32;

use crate::timed;
use crate::timed::{at, closed, run, timed_walk};
use proptest::prelude::*;
use seawall_model::{LocalClock, Span, TimeOfDay, Ts, Zone};
use seawall_smc::{
    Bar, Change, Detector, Direction, Event, Events, GapPeriod, Kind, Levels, OpenPrice, OpenPriceSettings,
    Period, PeriodClock, PeriodGapSettings, PeriodGaps, PreviousLevels, SessionHours, Source, TradingDay,
    ZoneLimits,
};

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
                let follows = |old: (Ts, Ts)| old == (start, end) || old.1 <= start;
                prop_assert!(before.is_none_or(follows));
                before = Some((start, end));
            }
        }
    }
}

/// The settings of gaps between days from `start` to `end` in New York.
fn gap_settings(period: GapPeriod, start: u8, end: u8, live: usize) -> PeriodGapSettings {
    let zone = "America/New_York".parse().unwrap();
    let hours = SessionHours::daily(zone, TimeOfDay::new(start, 0), TimeOfDay::new(end, 0));
    PeriodGapSettings { period, hours, limits: ZoneLimits { live, age_bars_max: None } }
}

/// The births of gaps by definition: `(bar, close before, open after)`.
fn plain_gaps(bars: &[(Ts, Bar)], settings: &PeriodGapSettings) -> Vec<(u64, f64, f64)> {
    let (start, end) = (settings.hours.start, settings.hours.end);
    let day = |at: Ts| {
        let local = LocalClock::new(settings.hours.zone.clone()).local(at);
        let tomorrow = start >= TimeOfDay::new(12, 0) && local.time >= start;
        let rests = local.time < start && local.time >= end;
        (!rests).then(|| local.date.plus_days(i32::from(tomorrow)))
    };
    let open: Vec<_> = (0u64..).zip(bars).filter_map(|(n, bar)| Some((n, day(bar.0)?, bar.1))).collect();
    let pairs = open.windows(2).filter(|pair| pair[0].1 != pair[1].1);
    let wanted = pairs.filter(|pair| {
        let new_week = pair[0].1.monday() != pair[1].1.monday();
        new_week == (settings.period == GapPeriod::Week)
    });
    wanted
        .map(|pair| (pair[1].0, pair[0].2.close, pair[1].2.open))
        .filter(|&(_, close, open)| (open - close).abs() > 0.0)
        .collect()
}

proptest! {
    #[test]
    fn opening_gaps_agree_with_the_letter_of_their_definition(bars in timed_walk(200)) {
        for settings in [
            gap_settings(GapPeriod::Day, 18, 17, 500),
            gap_settings(GapPeriod::Week, 18, 17, 500),
            gap_settings(GapPeriod::Day, 0, 0, 500),
            gap_settings(GapPeriod::Week, 17, 17, 500),
        ] {
            let mut gaps = PeriodGaps::new(Source(4), settings.clone()).unwrap();
            let events = run(&bars, &mut [&mut gaps]);
            let births: Vec<_> = events.iter().filter(|event| event.change == Change::Born).collect();
            let expected = plain_gaps(&bars, &settings);
            prop_assert_eq!(births.len(), expected.len());
            for (event, (bar, close, open)) in births.into_iter().zip(expected) {
                let up = open > close;
                prop_assert_eq!((event.anchor, event.known_at), (bar, bar));
                prop_assert_eq!((event.top, event.bottom), (open.max(close), open.min(close)));
                prop_assert_eq!(event.direction == Direction::Bullish, up);
                let day = settings.period == GapPeriod::Day;
                prop_assert_eq!(event.kind == Kind::NewDayOpeningGap, day);
            }
        }
    }

    #[test]
    fn opening_prices_agree_with_the_letter_of_their_definition(bars in timed_walk(200)) {
        for minute in [0u8, 30] {
            let settings = OpenPriceSettings::in_new_york(TimeOfDay::new(8, minute)).unwrap();
            let mut clock = LocalClock::new(settings.zone.clone());
            let mut price = OpenPrice::new(Source(5), settings.clone()).unwrap();
            let events = run(&bars, &mut [&mut price]);
            let mut expected = Vec::new();
            let mut date_before = None;
            for (number, (open_time, bar)) in (0u64..).zip(&bars) {
                let local = clock.local(*open_time);
                let before_time = local.time < settings.time;
                let date = local.date.plus_days(-i32::from(before_time));
                let late = i64::from(local.time.seconds()) - i64::from(settings.time.seconds());
                if date_before != Some(date) && !before_time && late <= 3_600 {
                    expected.push((number, bar.open));
                }
                date_before = Some(date);
            }
            let births = events.iter().filter(|event| event.change == Change::Born);
            let found: Vec<_> = births.map(|event| (event.known_at, event.level())).collect();
            prop_assert_eq!(&found, &expected);
            let ends = events.iter().filter(|event| event.change != Change::Born).count();
            prop_assert_eq!(ends + usize::from(price.price().is_some()), found.len());
        }
    }
}

/// Bars of an hour at one price each.
fn hourly(from: &str, prices: &[f64]) -> Vec<(Ts, Bar)> {
    let begin = at(from).millis();
    let bar = |price: f64| Bar { open: price, high: price, low: price, close: price };
    (0..).zip(prices).map(|(n, price)| (Ts::from_millis(begin + n * 3_600_000), bar(*price))).collect()
}

#[test]
fn a_gap_over_the_weekend_is_one_of_the_week_and_lives_as_a_zone() {
    // Friday 15:00 and 16:00 in New York; then Sunday from 18:00 on.
    let mut bars = hourly("2023-01-06T20:00:00Z", &[10.0, 11.0]);
    bars.extend(hourly("2023-01-08T23:00:00Z", &[13.0, 12.5, 12.0, 11.0, 10.0]));
    let mut week = PeriodGaps::new(Source(4), PeriodGapSettings::cme(GapPeriod::Week).unwrap()).unwrap();
    let mut day = PeriodGaps::new(Source(5), PeriodGapSettings::cme(GapPeriod::Day).unwrap()).unwrap();
    let events = run(&bars, &mut [&mut week, &mut day]);
    let told: Vec<_> = events.iter().map(|event| (event.kind, event.change, event.known_at)).collect();
    let kind = Kind::NewWeekOpeningGap;
    let changes = [
        (kind, Change::Born, 2),
        (kind, Change::Touched, 3),
        (kind, Change::Midpoint, 4),
        (kind, Change::Filled, 5),
        (kind, Change::Inverted, 6),
    ];
    assert_eq!(told, changes);
    assert_eq!((events[0].top, events[0].bottom), (13.0, 11.0));
    assert_eq!(week.live().count(), 0);
}

#[test]
fn the_oldest_of_more_gaps_than_are_kept_expires() {
    let prices: Vec<f64> = (0..24 * 4).map(f64::from).collect();
    let bars = hourly("2023-01-02T05:00:00Z", &prices);
    let mut gaps = PeriodGaps::new(Source(4), gap_settings(GapPeriod::Day, 0, 0, 2)).unwrap();
    let events = run(&bars, &mut [&mut gaps]);
    let changes: Vec<_> = events.iter().map(|event| (event.id.number(), event.change)).collect();
    let (born, expired) = (Change::Born, Change::Expired);
    assert_eq!(changes, [(0, born), (1, born), (0, expired), (2, born)]);
    assert!(PeriodGaps::new(Source(4), gap_settings(GapPeriod::Day, 0, 0, 0)).is_err());
}

#[test]
fn an_opening_price_that_comes_too_late_is_none_and_ends_the_one_before() {
    let mut bars = hourly("2023-01-06T05:00:00Z", &[10.0, 11.0]);
    bars.extend(hourly("2023-01-08T23:00:00Z", &[13.0]));
    bars.extend(hourly("2023-01-09T05:00:00Z", &[14.0]));
    let settings = OpenPriceSettings::in_new_york(TimeOfDay::MIDNIGHT).unwrap();
    let mut price = OpenPrice::new(Source(5), settings.clone()).unwrap();
    let events = run(&bars, &mut [&mut price]);
    let told: Vec<_> = events.iter().map(|event| (event.change, event.known_at, event.level())).collect();
    assert_eq!(told, [(Change::Born, 0, 10.0), (Change::Closed, 2, 10.0), (Change::Born, 3, 14.0)]);
    assert_eq!(price.price(), Some(14.0));
    let late = OpenPriceSettings { delay_max: Span::from_secs(86_400), ..settings.clone() };
    let events = run(&bars, &mut [&mut OpenPrice::new(Source(5), late).unwrap()]);
    assert_eq!(events[2].change, Change::Born);
    assert_eq!(events[2].level().to_bits(), 13.0f64.to_bits());
    let negative = OpenPriceSettings { delay_max: Span::from_secs(-1), ..settings };
    assert!(OpenPrice::new(Source(5), negative).is_err());
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
