//! Local time against the time zone database, one instant at a time, and at the changes of clocks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;
use seawall_model::{LocalClock, LocalDate, Span, TimeOfDay, Ts, Weekday, Zone};
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

const ZONES: [&str; 8] = [
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
    "Pacific/Apia",
    "America/Havana",
    "UTC",
];

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn database(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap()
}

fn at(text: &str) -> Ts {
    text.parse().unwrap()
}

fn date(text: &str) -> LocalDate {
    LocalDate::from_days(i32::try_from(at(text).millis() / 86_400_000).unwrap())
}

/// Local date and time as text.
fn shown(clock: &mut LocalClock, instant: &str) -> String {
    let local = clock.local(at(instant));
    format!("{} {}", local.date, local.time)
}

fn first_reading(zone: &Zone, day: &str, hour: u8, minute: u8) -> String {
    zone.first_reading(date(day), TimeOfDay::new(hour, minute)).to_string()
}

/// Instants of the years 1900 to 2200, often within a day of a change of clocks.
fn instants() -> impl Strategy<Value = i64> {
    let anywhere = -2_208_988_800i64..7_258_118_400;
    prop_oneof![
        anywhere.clone(),
        (anywhere, prop::sample::select(ZONES.to_vec()), -90_000i64..90_000).prop_map(
            |(second, name, distance)| {
                let database = database(name);
                let next = database.following(Timestamp::from_second(second).unwrap()).next();
                next.map_or(second, |change| change.timestamp().as_second()) + distance
            }
        ),
    ]
}

proptest! {
    #[test]
    fn a_clock_shows_what_the_database_says_in_any_order(
        name in prop::sample::select(ZONES.to_vec()),
        seconds in prop::collection::vec(instants(), 1..20),
        nanos in 0i64..1_000_000_000,
    ) {
        let (mut clock, database) = (LocalClock::new(zone(name)), database(name));
        for second in seconds {
            let local = clock.local(Ts::from_nanos(second * 1_000_000_000 + nanos));
            let expected = database.to_datetime(Timestamp::from_second(second).unwrap());
            let (year, month, day) = local.date.year_month_day();
            let (seconds, found) = (local.time.seconds(), (year, i64::from(month), i64::from(day)));
            prop_assert_eq!(found, (expected.year().into(), expected.month().into(), expected.day().into()));
            let time = [(expected.hour(), 3_600), (expected.minute(), 60), (expected.second(), 1)];
            let expected_seconds: i64 = time.map(|(n, unit)| i64::from(n) * unit).iter().sum();
            prop_assert_eq!(i64::from(seconds), expected_seconds);
            let weekday = i64::from(expected.weekday().to_monday_zero_offset());
            prop_assert_eq!(i64::from(local.date.weekday().number()), weekday);
        }
    }

    #[test]
    fn a_local_time_is_the_first_instant_that_shows_it_or_a_later_one(
        name in prop::sample::select(ZONES.to_vec()),
        second in instants(),
    ) {
        let (zone, mut clock) = (zone(name), LocalClock::new(zone(name)));
        let wanted = clock.local(Ts::from_nanos(second * 1_000_000_000));
        let reading = zone.first_reading(wanted.date, wanted.time);
        prop_assert!(reading <= Ts::from_nanos(second * 1_000_000_000));
        prop_assert!(clock.local(reading) >= wanted);
        // Not before: quarter of an hour by quarter of an hour, and the second before.
        for earlier in (1..200).map(|n| n * 900).chain([1]) {
            prop_assert!(clock.local(reading.minus(Span::from_secs(earlier))) < wanted);
        }
    }

    #[test]
    fn months_and_weeks_begin_where_the_calendar_says(days in -200_000i32..200_000) {
        let date = LocalDate::from_days(days);
        let (first, next) = (date.first_of_month(), date.first_of_next_month());
        prop_assert!(first <= date && date < next);
        prop_assert!(first.year_month_day().2 == 1 && next.year_month_day().2 == 1);
        prop_assert!((28..=31).contains(&(next.days() - first.days())));
        prop_assert!(date.monday() <= date && date < date.monday().plus_days(7));
        prop_assert_eq!(date.monday().weekday(), Weekday::Monday);
        prop_assert_eq!(Weekday::ALL.map(Weekday::number), [0, 1, 2, 3, 4, 5, 6]);
    }
}

#[test]
fn clocks_in_new_york_and_london_skip_and_repeat_an_hour() {
    let mut new_york = LocalClock::new(zone("America/New_York"));
    assert_eq!(new_york.zone().name(), "America/New_York");
    assert_eq!(shown(&mut new_york, "2023-03-12T06:59:59Z"), "2023-03-12 01:59:59");
    assert_eq!(shown(&mut new_york, "2023-03-12T07:00:00Z"), "2023-03-12 03:00");
    assert_eq!(shown(&mut new_york, "2023-11-05T05:30:00Z"), "2023-11-05 01:30");
    assert_eq!(shown(&mut new_york, "2023-11-05T06:30:00Z"), "2023-11-05 01:30");
    let mut london = LocalClock::new(zone("Europe/London"));
    assert_eq!(shown(&mut london, "2023-03-26T00:59:00Z"), "2023-03-26 00:59");
    assert_eq!(shown(&mut london, "2023-03-26T01:00:00Z"), "2023-03-26 02:00");
    assert_eq!(shown(&mut london, "2023-10-29T00:30:00Z"), "2023-10-29 01:30");
    assert_eq!(shown(&mut london, "2023-10-29T01:30:00Z"), "2023-10-29 01:30");
}

#[test]
fn a_skipped_time_is_the_skip_and_of_a_repeated_one_the_first_counts() {
    let new_york = zone("America/New_York");
    assert_eq!(first_reading(&new_york, "2023-03-12", 1, 59), "2023-03-12T06:59:00Z");
    assert_eq!(first_reading(&new_york, "2023-03-12", 2, 30), "2023-03-12T07:00:00Z");
    assert_eq!(first_reading(&new_york, "2023-03-12", 3, 0), "2023-03-12T07:00:00Z");
    assert_eq!(first_reading(&new_york, "2023-11-05", 1, 30), "2023-11-05T05:30:00Z");
    assert_eq!(first_reading(&new_york, "2023-11-05", 2, 0), "2023-11-05T07:00:00Z");
    let sydney = zone("Australia/Sydney");
    assert_eq!(first_reading(&sydney, "2023-10-01", 2, 30), "2023-09-30T16:00:00Z");
    assert_eq!(first_reading(&sydney, "2023-04-02", 2, 30), "2023-04-01T15:30:00Z");
    // Samoa went without the 30th of December 2011.
    let apia = zone("Pacific/Apia");
    assert_eq!(first_reading(&apia, "2011-12-30", 8, 0), "2011-12-30T10:00:00Z");
    assert_eq!(first_reading(&apia, "2011-12-31", 0, 0), "2011-12-30T10:00:00Z");
    assert_eq!(first_reading(&Zone::UTC, "2023-03-12", 2, 30), "2023-03-12T02:30:00Z");
}

#[test]
fn instants_at_the_ends_of_the_range_have_a_local_time() {
    for name in ZONES {
        let mut clock = LocalClock::new(zone(name));
        assert_eq!(clock.local(Ts::from_nanos(i64::MIN)).date.year_month_day().0, 1677);
        assert_eq!(clock.local(Ts::FAR_FUTURE).date.year_month_day().0, 2262);
        assert_eq!(
            clock.zone().first_reading(LocalDate::from_days(200_000), TimeOfDay::MIDNIGHT),
            Ts::FAR_FUTURE
        );
    }
}

#[test]
fn an_unknown_zone_is_refused_with_the_nearest_names() {
    let message = |name: &str| name.parse::<Zone>().unwrap_err().to_string();
    assert!(message("America/NewYork").contains("America/New_York"), "{}", message("America/NewYork"));
    assert!(message("New York").contains("America/New_York"), "{}", message("New York"));
    assert!(message("Europe/Londn").starts_with("`Europe/Londn` is not a time zone"));
    assert!(message("").contains("near it"));
    assert_eq!(zone("america/new_york").to_string(), "America/New_York");
    assert_eq!(zone("UTC"), Zone::UTC);
}

/// A formatter takes what is one string.
struct Written(Zone);

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.serialize(f)
    }
}

#[test]
fn a_zone_is_read_and_written_as_its_name() {
    let read = |name: &'static str| {
        let text: StrDeserializer<'_, Error> = name.into_deserializer();
        Zone::deserialize(text)
    };
    assert_eq!(Written(read("europe/london").unwrap()).to_string(), "Europe/London");
    assert!(read("Europe/Londn").unwrap_err().to_string().contains("Europe/London"));
}

#[test]
fn times_of_day_are_read_and_shown() {
    for (text, minutes) in [("00:00", 0), ("17:00", 1_020), ("23:59", 1_439), ("24:00", 0)] {
        assert_eq!(text.parse::<TimeOfDay>().unwrap().minutes(), minutes);
    }
    assert_eq!(TimeOfDay::new(25, 30).to_string(), "01:30");
    for bad in ["", "17", "17:0", "7:00", "24:01", "12:60", "+1:00", "12:00:00", "aa:bb"] {
        assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
    }
}
