//! Several timeframes at once, and their agreement.

use crate::common;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use seawall_model::{Candle, Timeframe};
use seawall_smc::chart::sources;
use seawall_smc::confluence::Weights;
use seawall_smc::{
    Bar, BarSeries, Chart, ChartSettings, Confluence, ConfluenceSettings, Detector, Event, Events, Kind,
    Ladder, Views,
};

const LOWER: Timeframe = Timeframe::M1;
const HIGHER: Timeframe = Timeframe::M15;

fn chart_settings() -> ChartSettings {
    ChartSettings { internal_leg: 2, swing_leg: 3, ..ChartSettings::without_sessions() }
}

fn watched() -> ConfluenceSettings {
    ConfluenceSettings { score_min: 3.0, ..ConfluenceSettings::default() }
}

/// The confluence that views report of the lower timeframe.
fn seen(candles: &[Candle]) -> Vec<Event> {
    let mut views = Views::new(LOWER, &[LOWER, HIGHER], &chart_settings(), 100.0).unwrap();
    views.watch(LOWER, HIGHER, watched()).unwrap();
    let mut all = Vec::new();
    for candle in candles {
        views
            .update(candle, &mut |timeframe, _, events| {
                if timeframe == LOWER {
                    all.extend(events.iter().filter(|event| event.kind == Kind::Confluence).copied());
                }
            })
            .unwrap();
    }
    all
}

/// The same from two charts and a judge that are fed by hand: a higher candle counts after the lower one that
/// closes it.
fn by_hand(candles: &[Candle]) -> Vec<Event> {
    let chart = || Chart::new(&chart_settings()).unwrap();
    let (mut lower, mut higher, mut series) = (chart(), chart(), BarSeries::new());
    let mut judge = Confluence::new(sources::CONFLUENCE, watched()).unwrap();
    let mut ladder = Ladder::new(LOWER, &[HIGHER]).unwrap();
    let mut all = Vec::new();
    for candle in candles {
        let bar = Bar::from_candle(candle, 100.0);
        let mut closed = Vec::new();
        ladder.update(candle, &mut |_, coarse| closed.push(*coarse)).unwrap();
        let mut events = Events::new();
        lower.update(candle.open_time, bar).unwrap().iter().for_each(|event| events.push(*event));
        let before = events.len();
        judge.update(&series.close(candle.open_time, bar).unwrap(), &mut events);
        all.extend(events.as_slice().iter().skip(before).copied());
        for coarse in &closed {
            let events = higher.update(coarse.open_time, Bar::from_candle(coarse, 100.0)).unwrap();
            judge.update_higher(events.as_slice());
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_watched_pair_reports_what_a_judge_between_two_charts_finds(
        candles in common::minutes_with_holes(900),
    ) {
        prop_assert_eq!(seen(&candles), by_hand(&candles));
    }
}

/// Else the property above might compare nothing with nothing.
#[test]
fn long_walks_have_confluence() {
    let mut runner = TestRunner::deterministic();
    let mut walk = || common::minutes_with_holes(900).new_tree(&mut runner).unwrap().current();
    assert!((0..20).map(|_| seen(&walk()).len()).sum::<usize>() > 10);
}

#[test]
fn a_pair_that_is_not_shown_or_upside_down_is_refused() {
    let mut views = Views::new(LOWER, &[LOWER, HIGHER], &chart_settings(), 100.0).unwrap();
    assert!(views.watch(LOWER, Timeframe::H4, watched()).is_err());
    assert!(views.watch(HIGHER, LOWER, watched()).is_err());
    assert!(views.watch(LOWER, LOWER, watched()).is_err());
    let weights = Weights { gap: -1.0, ..Weights::default() };
    assert!(views.watch(LOWER, HIGHER, ConfluenceSettings { weights, ..watched() }).is_err());
    assert!(views.watch(LOWER, HIGHER, watched()).is_ok());
}
