//! Sessions and what is built on them, against plain restatements and through changes of clocks.

use crate::timed;
use crate::timed::{at, closed, run, timed_walk};
use proptest::prelude::*;
use seawall_model::{LocalClock, LocalDate, TimeOfDay, Ts, Weekday};
use seawall_smc::{
    Bar, Change, Detector, Direction, Event, Events, GapPeriod, KillZone, Kind, Levels, MarketSession,
    OpenPrice, OpenPriceSettings, Period, PeriodGapSettings, PeriodGaps, PowerOfThree, PowerOfThreeSettings,
    PreviousLevels, Session, SessionClock, SessionHours, SessionRange, Shift, Source, Structure, TradingDay,
    Weekdays,
};

const RANGE: Source = Source(1);
const STRUCTURE: Source = Source(2);
const POWER: Source = Source(3);

fn hours(zone: &str, start: (u8, u8), end: (u8, u8)) -> SessionHours {
    let time = |(hour, minute)| TimeOfDay::new(hour, minute);
    SessionHours::daily(zone.parse().unwrap(), time(start), time(end))
}

/// Hours of every sort. None has a boundary inside an hour that its clocks skip or repeat.
fn all_hours() -> Vec<SessionHours> {
    let kill_zones = KillZone::ALL.into_iter().map(|zone| zone.hours().unwrap());
    let markets = MarketSession::ALL.into_iter().map(|session| session.hours().unwrap());
    let weekdays = Weekdays::MONDAY_TO_FRIDAY;
    let own = [
        hours("UTC", (22, 30), (1, 15)),
        hours("America/New_York", (18, 0), (17, 0)),
        hours("Europe/London", (0, 0), (0, 0)),
        SessionHours { weekdays, ..hours("Australia/Sydney", (20, 0), (4, 0)) },
    ];
    kill_zones.chain(markets).chain(own).collect()
}

/// The session of an instant, from the clock's face alone.
fn name(hours: &SessionHours, open_time: Ts) -> Option<LocalDate> {
    let local = LocalClock::new(hours.zone.clone()).local(open_time);
    let date = if hours.start < hours.end {
        (hours.start <= local.time && local.time < hours.end).then_some(local.date)
    } else if local.time >= hours.start {
        Some(local.date)
    } else {
        (local.time < hours.end).then_some(local.date.plus_days(-1))
    };
    date.filter(|date| hours.weekdays.contains(date.weekday()))
}

fn names(hours: &SessionHours, bars: &[(Ts, Bar)]) -> Vec<Option<LocalDate>> {
    bars.iter().map(|(open_time, _)| name(hours, *open_time)).collect()
}

fn range_of(bars: &[(Ts, Bar)]) -> (f64, f64) {
    let high = bars.iter().map(|(_, bar)| bar.high).fold(f64::MIN, f64::max);
    (high, bars.iter().map(|(_, bar)| bar.low).fold(f64::MAX, f64::min))
}

/// The session of bar t and the levels of the one before, over all bars.
fn plain(
    bars: &[(Ts, Bar)],
    names: &[Option<LocalDate>],
    t: usize,
) -> (Option<SessionRange>, Option<Levels>) {
    let of = |date: Option<LocalDate>| -> Vec<usize> { (0..=t).filter(|&i| names[i] == date).collect() };
    let bars_of = |places: &[usize]| places.iter().map(|&i| bars[i]).collect::<Vec<_>>();
    let running = names[t].map(|date| {
        let (high, low) = range_of(&bars_of(&of(Some(date))));
        SessionRange { date, high, low }
    });
    let before = names[..=t].iter().flatten().rfind(|&&date| Some(date) != names[t]);
    let levels = before.map(|&date| {
        let places = of(Some(date));
        let (high, low) = range_of(&bars_of(&places));
        let after = &bars[places[places.len() - 1] + 1..=t];
        let high_broken = after.iter().any(|(_, bar)| bar.high > high);
        Levels { high, low, high_broken, low_broken: after.iter().any(|(_, bar)| bar.low < low) }
    });
    (running, levels)
}

/// Checks that the events of a session tell one life after the other.
fn check_lives(events: &[Event]) {
    let (mut running, mut levels): (Option<Event>, Option<Event>) = (None, None);
    for event in events {
        let current = if event.kind == Kind::Session { &mut running } else { &mut levels };
        match (event.change, *current) {
            (Change::Born, None) => *current = Some(*event),
            (Change::Closed | Change::Replaced, Some(born)) if born.id == event.id => *current = None,
            (Change::HighBroken | Change::LowBroken, Some(born)) => {
                assert_eq!(event.changed(Change::Born, born.known_at), born);
            }
            _ => panic!("{event:?} does not follow {current:?}"),
        }
        assert!(event.anchor <= event.known_at && event.bottom <= event.top);
    }
}

/// What is built on time, all at once.
fn all_events(bars: &[(Ts, Bar)]) -> Vec<Event> {
    let mut structure = Structure::new(STRUCTURE, 2).unwrap();
    let mut sessions: Vec<Session> =
        (20..).zip(all_hours()).map(|(source, hours)| Session::new(Source(source), hours).unwrap()).collect();
    let mut range = Session::new(RANGE, range_hours()).unwrap();
    let mut power = PowerOfThree::new(POWER, power_settings()).unwrap();
    let gaps = |source, period| PeriodGaps::new(source, PeriodGapSettings::cme(period).unwrap()).unwrap();
    let (mut days, mut weeks) = (gaps(Source(5), GapPeriod::Day), gaps(Source(6), GapPeriod::Week));
    let midnight = OpenPriceSettings::in_new_york(TimeOfDay::MIDNIGHT).unwrap();
    let mut midnight = OpenPrice::new(Source(7), midnight).unwrap();
    let mut detectors: Vec<&mut dyn Detector> =
        sessions.iter_mut().map(|session| session as &mut dyn Detector).collect();
    detectors.extend([&mut range as &mut dyn Detector, &mut structure, &mut power, &mut days, &mut weeks]);
    detectors.push(&mut midnight);
    run(bars, &mut detectors)
}

fn range_hours() -> SessionHours {
    hours("UTC", (0, 0), (4, 0))
}

/// Hours that a random walk of a few days often satisfies.
fn power_settings() -> PowerOfThreeSettings {
    PowerOfThreeSettings {
        range: RANGE,
        structure: STRUCTURE,
        shift: Shift::Choch,
        sweep_hours: hours("UTC", (4, 0), (9, 0)),
        shift_hours: hours("UTC", (5, 0), (20, 0)),
    }
}

/// What the definition says follows from the sessions' levels and the shifts, looking at all bars for each.
fn plain_powers(bars: &[(Ts, Bar)], settings: &PowerOfThreeSettings, events: &[Event]) -> Vec<Event> {
    let of = |source: Source, kind: Kind| {
        events.iter().filter(move |event| {
            event.id.source() == source && event.kind == kind && event.change == Change::Born
        })
    };
    let place = |index: u64| usize::try_from(index).unwrap();
    let inside = |hours: &SessionHours, t: usize| name(hours, bars[t].0).is_some();
    let ranges: Vec<&Event> = of(RANGE, Kind::SessionLevels).collect();
    let mut found = Vec::new();
    for (number, range) in ranges.iter().enumerate() {
        let begin = place(range.known_at);
        let end = ranges.get(number + 1).map_or(bars.len(), |next| place(next.known_at));
        let first = |up: bool| {
            (begin..end).find(|&t| if up { bars[t].1.high > range.top } else { bars[t].1.low < range.bottom })
        };
        let born = of(STRUCTURE, Kind::Choch).filter(|shift| (begin..end).contains(&place(shift.known_at)));
        let born = born.filter_map(|shift| {
            let (t, up) = (place(shift.known_at), shift.direction == Direction::Bullish);
            let (sweep, other) = (first(!up).filter(|&sweep| sweep <= t)?, first(up));
            let clean = other.is_none_or(|other| other > t || (other == t && sweep < t));
            let (high, low) = range_of(&bars[sweep..=t]);
            let (top, bottom) = if up { (range.top, low) } else { (high, range.bottom) };
            (clean && inside(&settings.sweep_hours, sweep) && inside(&settings.shift_hours, t)).then_some((
                Event {
                    kind: Kind::PowerOfThree,
                    anchor: sweep as u64,
                    top,
                    bottom,
                    parents: [Some(range.id), Some(shift.id)],
                    ..*shift
                },
                t,
            ))
        });
        let Some((born, t)) = born.into_iter().next() else { continue };
        found.push(born);
        let up = born.direction == Direction::Bullish;
        let until = if end < bars.len() { end + 1 } else { end };
        let find = |test: &dyn Fn(&Bar) -> bool| (t + 1..until).find(|&t| test(&bars[t].1));
        let failed = find(&|bar| if up { bar.close < born.bottom } else { bar.close > born.top });
        let target = find(&|bar| if up { bar.high > born.top } else { bar.low < born.bottom });
        let change = if up { Change::HighBroken } else { Change::LowBroken };
        if let Some(target) = target.filter(|&target| failed.is_none_or(|failed| target <= failed)) {
            found.push(born.changed(change, target as u64));
        }
        match failed {
            Some(failed) => found.push(born.changed(Change::Invalidated, failed as u64)),
            None if end < bars.len() => found.push(born.changed(Change::Closed, end as u64)),
            None => {}
        }
    }
    found
}

/// Without the ids, which a restatement has not.
fn without_ids(events: impl Iterator<Item = Event>) -> Vec<Event> {
    events.map(|event| Event { id: seawall_smc::Id::new(POWER, 0), ..event }).collect()
}

fn check_powers(bars: &[(Ts, Bar)], settings: &PowerOfThreeSettings, range: SessionHours) -> usize {
    let mut session = Session::new(RANGE, range).unwrap();
    let mut structure = Structure::new(STRUCTURE, 2).unwrap();
    let mut power = PowerOfThree::new(POWER, settings.clone()).unwrap();
    let events = run(bars, &mut [&mut session, &mut structure, &mut power]);
    let found = without_ids(events.iter().copied().filter(|event| event.id.source() == POWER));
    let expected = without_ids(plain_powers(bars, settings, &events).into_iter());
    assert_eq!(found, expected);
    found.iter().filter(|event| event.change == Change::Born).count()
}

proptest! {
    #[test]
    fn sessions_agree_with_the_letter_of_their_definition(bars in timed_walk(100)) {
        for hours in all_hours() {
            let names = names(&hours, &bars);
            let mut session = Session::new(RANGE, hours.clone()).unwrap();
            let (mut events, mut all) = (Events::new(), Vec::new());
            for (t, bar) in closed(&bars).iter().enumerate() {
                events.clear();
                session.update(bar, &mut events);
                all.extend(events.iter().copied());
                let found = (session.running(), session.levels());
                prop_assert_eq!(found, plain(&bars, &names, t), "{:?}", hours);
            }
            check_lives(&all);
            let broken = |change| all.iter().filter(|event| event.change == change).count();
            let (_, last) = plain(&bars, &names, bars.len() - 1);
            if let Some(last) = last {
                prop_assert!(broken(Change::HighBroken) >= usize::from(last.high_broken));
                prop_assert!(broken(Change::LowBroken) >= usize::from(last.low_broken));
            }
        }
    }

    #[test]
    fn a_run_on_a_prefix_gives_what_the_full_run_knew_by_then(
        bars in timed_walk(150),
        cut in any::<prop::sample::Index>(),
    ) {
        let until = cut.index(bars.len() + 1);
        let mut known = all_events(&bars);
        known.retain(|event| event.known_at < until as u64);
        prop_assert_eq!(all_events(&bars[..until]), known);
    }

    #[test]
    fn powers_of_three_agree_with_the_letter_of_their_definition(bars in timed_walk(250)) {
        check_powers(&bars, &power_settings(), range_hours());
    }
}

#[test]
fn powers_of_three_in_a_year_of_bars_agree_with_the_letter_of_their_definition() {
    let Some(bars) = timed::fixture_bars("eurusd_15m") else { return };
    let settings = PowerOfThreeSettings::london(RANGE, STRUCTURE, Shift::Choch).unwrap();
    let found = check_powers(&bars, &settings, KillZone::Asia.hours().unwrap());
    assert!(found > 20, "{found} in a year");
}

/// Bars of 30 minutes, at one price each.
fn half_hours(from: &str, prices: &[f64]) -> Vec<(Ts, Bar)> {
    let begin = at(from).millis();
    let bar = |price: f64| Bar { open: price, high: price, low: price, close: price };
    (0..).zip(prices).map(|(n, price)| (Ts::from_millis(begin + n * 1_800_000), bar(*price))).collect()
}

/// The instants on which a session is found inside, every quarter of an hour of two days.
fn inside(hours: &SessionHours, from: &str) -> Vec<(LocalDate, String)> {
    let mut clock = SessionClock::new(hours.clone()).unwrap();
    let begin = at(from).millis();
    let quarters = (0..192).map(|n| Ts::from_millis(begin + n * 900_000));
    quarters.filter_map(|at| Some((clock.session(at)?, at.to_string()[11..16].to_owned()))).collect()
}

#[test]
fn a_kill_zone_follows_new_york_through_the_change_of_clocks() {
    let hours = KillZone::London.hours().unwrap();
    let of_day = |day: &str| {
        let found = inside(&hours, &format!("{day}T00:00:00Z"));
        let of_first: Vec<_> = found.iter().filter(|(date, _)| *date == found[0].0).collect();
        (of_first[0].1.clone(), of_first[of_first.len() - 1].1.clone(), of_first.len())
    };
    assert_eq!(of_day("2023-03-11"), ("07:00".to_owned(), "09:45".to_owned(), 12));
    // 02:00 is skipped: the session lasts from 03:00 to 05:00 of summer time.
    assert_eq!(of_day("2023-03-12"), ("07:00".to_owned(), "08:45".to_owned(), 8));
    assert_eq!(of_day("2023-03-13"), ("06:00".to_owned(), "08:45".to_owned(), 12));
    assert_eq!(of_day("2023-11-05"), ("07:00".to_owned(), "09:45".to_owned(), 12));
}

#[test]
fn a_session_with_a_boundary_in_a_repeated_hour_neither_stops_nor_begins_again() {
    let count = |hours: &SessionHours, from: &str| {
        let found = inside(hours, from);
        let first: Vec<_> = found.iter().filter(|(date, _)| *date == found[0].0).collect();
        (first[0].1.clone(), first.len())
    };
    let from = "2023-11-05T04:00:00Z";
    assert_eq!(count(&hours("America/New_York", (1, 30), (3, 0)), from), ("05:30".to_owned(), 10));
    assert_eq!(count(&hours("America/New_York", (0, 0), (1, 30)), from), ("04:00".to_owned(), 6));
    assert_eq!(count(&hours("America/New_York", (1, 0), (1, 45)), from), ("05:00".to_owned(), 3));
    // The whole of it is skipped in spring, so the first that is found is of the day after.
    let skipped = inside(&hours("America/New_York", (2, 15), (2, 45)), "2023-03-12T05:00:00Z");
    assert_eq!(skipped[0].0.to_string(), "2023-03-13");
    let sydney = hours("Australia/Sydney", (2, 30), (4, 0));
    assert_eq!(count(&sydney, "2023-04-01T12:00:00Z"), ("15:30".to_owned(), 10));
    assert_eq!(count(&sydney, "2023-09-30T12:00:00Z"), ("16:00".to_owned(), 4));
    assert_eq!(count(&hours("Asia/Tokyo", (2, 30), (4, 0)), "2023-03-12T12:00:00Z"), ("17:30".to_owned(), 6));
}

#[test]
fn sessions_of_two_dates_are_two_even_if_no_bar_lies_between_them() {
    let mut bars = half_hours("2023-01-06T08:00:00Z", &[10.0, 12.0, 11.0]);
    bars.extend(half_hours("2023-01-09T08:00:00Z", &[13.0, 9.0]));
    let events = run(&bars, &mut [&mut Session::new(RANGE, hours("UTC", (7, 0), (16, 0))).unwrap()]);
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.kind, event.change, event.known_at, event.top, event.bottom))
        .collect();
    let (session, levels) = (Kind::Session, Kind::SessionLevels);
    let expected = [
        (session, Change::Born, 0, 10.0, 10.0),
        (session, Change::Closed, 3, 12.0, 10.0),
        (levels, Change::Born, 3, 12.0, 10.0),
        (levels, Change::HighBroken, 3, 12.0, 10.0),
        (session, Change::Born, 3, 13.0, 13.0),
        (levels, Change::LowBroken, 4, 12.0, 10.0),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[2].parents, [Some(events[0].id), None]);
    assert_eq!((events[2].anchor, events[2].direction), (0, Direction::Bullish));
}

#[test]
fn a_session_on_no_day_is_refused_and_one_on_some_days_keeps_to_them() {
    let none = SessionHours { weekdays: Weekdays::of(&[]), ..hours("UTC", (7, 0), (16, 0)) };
    assert!(SessionClock::new(none.clone()).is_err() && Session::new(RANGE, none.clone()).is_err());
    let settings = PowerOfThreeSettings { sweep_hours: none, ..power_settings() };
    assert!(PowerOfThree::new(POWER, settings).is_err());
    let weekdays = Weekdays::of(&[Weekday::Sunday]);
    let mut clock = SessionClock::new(SessionHours { weekdays, ..hours("UTC", (22, 0), (2, 0)) }).unwrap();
    let mut session = |text: &str| clock.session(at(text)).map(|date| date.weekday());
    assert_eq!(session("2023-01-07T23:00:00Z"), None);
    assert_eq!(session("2023-01-08T23:00:00Z"), Some(Weekday::Sunday));
    assert_eq!(session("2023-01-09T01:59:00Z"), Some(Weekday::Sunday));
    assert_eq!(session("2023-01-09T02:00:00Z"), None);
    assert_eq!(session("2023-01-16T00:00:00Z"), Some(Weekday::Sunday));
}

#[test]
fn a_judas_swing_below_asia_and_a_shift_up_are_a_power_of_three() {
    // 20:00 to midnight in New York on the 8th of January is 01:00 to 05:00 UTC; London begins at 07:00.
    let mut prices = vec![20.0; 8];
    prices[3] = 22.0;
    prices.extend([20.0, 21.0, 20.0, 20.0, 19.5, 21.0, 18.0, 17.0, 18.0, 17.5, 21.5, 21.0, 23.0, 16.0]);
    let bars = half_hours("2023-01-09T01:00:00Z", &prices);
    let mut session = Session::new(RANGE, KillZone::Asia.hours().unwrap()).unwrap();
    let mut structure = Structure::new(STRUCTURE, 1).unwrap();
    let settings = PowerOfThreeSettings::london(RANGE, STRUCTURE, Shift::Choch).unwrap();
    let mut power = PowerOfThree::new(POWER, settings).unwrap();
    let events = run(&bars, &mut [&mut session, &mut structure, &mut power]);
    let of_power: Vec<_> = events.iter().filter(|event| event.kind == Kind::PowerOfThree).collect();
    let told: Vec<_> = of_power.iter().map(|event| (event.change, event.known_at)).collect();
    let changes = [(Change::Born, 18), (Change::HighBroken, 20), (Change::Invalidated, 21)];
    assert_eq!(told, changes);
    let (born, of) = (of_power[0], |id| events.iter().find(|event| Some(event.id) == id).unwrap().kind);
    assert_eq!((born.direction, born.anchor, born.top, born.bottom), (Direction::Bullish, 12, 22.0, 17.0));
    assert_eq!(born.parents.map(of), [Kind::SessionLevels, Kind::Choch]);
    assert_eq!(power.live(), None);
}

#[test]
fn a_market_structure_shift_is_asked_for_where_the_settings_say_so() {
    let settings = PowerOfThreeSettings::london(RANGE, STRUCTURE, Shift::Mss).unwrap();
    let mut power = PowerOfThree::new(POWER, settings).unwrap();
    let level = |source, kind, direction, change| Event {
        id: seawall_smc::Id::new(source, 0),
        kind,
        change,
        direction,
        anchor: 0,
        known_at: 0,
        top: 11.0,
        bottom: 9.0,
        parents: [None; 2],
    };
    let mut found = Vec::new();
    for (bar, kind) in closed(&half_hours("2023-01-09T07:00:00Z", &[10.0, 8.0, 10.0])).iter().zip([
        level(RANGE, Kind::SessionLevels, Direction::Bullish, Change::Born),
        level(RANGE, Kind::SessionLevels, Direction::Bullish, Change::LowBroken),
        level(STRUCTURE, Kind::Mss, Direction::Bullish, Change::Born),
    ]) {
        let mut events = Events::new();
        events.push(kind);
        events.push(level(STRUCTURE, Kind::Choch, Direction::Bullish, Change::Born));
        power.update(bar, &mut events);
        found.extend(events.iter().filter(|event| event.kind == Kind::PowerOfThree).copied());
    }
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].known_at, found[0].anchor, found[0].top, found[0].bottom), (2, 1, 11.0, 8.0));
}

#[test]
fn nothing_is_allocated_through_half_a_year_of_bars() {
    let prices: Vec<f64> = (0..9_000).map(|n| 100.0 + f64::from(n * 37 % 101 - n * 13 % 47)).collect();
    let bars = closed(&half_hours("2023-01-01T00:00:00Z", &prices));
    let mut structure = Structure::new(STRUCTURE, 2).unwrap();
    let mut range = Session::new(RANGE, KillZone::Asia.hours().unwrap()).unwrap();
    let settings = PowerOfThreeSettings::london(RANGE, STRUCTURE, Shift::Choch).unwrap();
    let mut power = PowerOfThree::new(POWER, settings).unwrap();
    let mut month = PreviousLevels::new(Source(4), Period::Month(TradingDay::forex().unwrap()));
    let mut gaps = PeriodGaps::new(Source(5), PeriodGapSettings::cme(GapPeriod::Day).unwrap()).unwrap();
    let midnight = OpenPriceSettings::in_new_york(TimeOfDay::MIDNIGHT).unwrap();
    let mut midnight = OpenPrice::new(Source(6), midnight).unwrap();
    let mut detectors: [&mut dyn Detector; 6] =
        [&mut range, &mut structure, &mut power, &mut month, &mut gaps, &mut midnight];
    let (mut events, mut reported) = (Events::new(), 0);
    let allocations = allocation_counter::measure(|| {
        for bar in &bars {
            events.clear();
            for detector in &mut detectors {
                detector.update(bar, &mut events);
            }
            reported += events.len();
        }
    });
    assert_eq!(allocations.count_total, 0);
    assert!(reported > 1_000, "{reported}");
}
