//! Tests of [`super`]: what each rung sees on charts drawn by hand.

use super::*;
use seawall_smc::Bar;

/// Thirty quiet bars around 100, then `bars` as open, high, low, close.
fn window(bars: &[[f64; 4]]) -> BarWindow {
    let mut window = BarWindow::new();
    let quiet = [[100.0, 101.0, 99.0, 100.0]; 30];
    for (number, [open, high, low, close]) in (0..).zip(quiet.iter().chain(bars)) {
        window.push(Ts::from_nanos(number), &Bar { open: *open, high: *high, low: *low, close: *close });
    }
    window
}

fn rungs(change: impl Fn(&mut SmcSettings)) -> Rungs {
    let mut settings = SmcSettings { orderblock_lookback: 25, ..SmcSettings::default() };
    change(&mut settings);
    Rungs::new(&settings)
}

fn candidate(bars: &[[f64; 4]], bias: Bias, change: impl Fn(&mut SmcSettings)) -> Option<Candidate> {
    let rungs = rungs(change);
    Structure::read(&window(bars), &rungs).unwrap().candidate(bias, &rungs)
}

/// A falling bar, then one that closes above it with twice the usual range.
const BULLISH_BLOCK: [[f64; 4]; 2] = [[100.0, 100.5, 98.5, 99.0], [99.0, 103.0, 99.0, 102.8]];
/// The same upside down.
const BEARISH_BLOCK: [[f64; 4]; 2] = [[100.0, 101.5, 99.5, 101.0], [101.0, 101.0, 97.0, 97.2]];

#[test]
fn a_long_enters_at_the_top_of_an_order_block_and_is_wrong_below_it() {
    let found = candidate(&BULLISH_BLOCK, Bias::Bullish, |_| ()).unwrap();
    assert_eq!((found.setup, found.direction), (Setup::OrderBlock, Direction::Long));
    assert_eq!([found.entry, found.invalidation].map(f64::to_bits), [100.5_f64, 98.5].map(f64::to_bits));
    assert_eq!(found.at, Ts::from_nanos(30));
}

#[test]
fn a_short_enters_at_the_bottom_of_an_order_block_and_is_wrong_above_it() {
    let found = candidate(&BEARISH_BLOCK, Bias::Bearish, |_| ()).unwrap();
    assert_eq!((found.setup, found.direction), (Setup::OrderBlock, Direction::Short));
    assert_eq!([found.entry, found.invalidation].map(f64::to_bits), [99.5_f64, 101.5].map(f64::to_bits));
}

#[test]
fn with_a_bias_only_its_own_direction_is_searched() {
    let found = candidate(&BULLISH_BLOCK, Bias::Bearish, |_| ()).unwrap();
    assert_ne!(found.setup, Setup::OrderBlock);
    assert_eq!(found.direction, Direction::Short);
}

#[test]
fn without_a_bias_both_directions_are_searched_and_the_most_recent_wins() {
    let both = [BULLISH_BLOCK, BEARISH_BLOCK].concat();
    assert_eq!(candidate(&both, Bias::Neutral, |_| ()).unwrap().direction, Direction::Short);
    let both = [BEARISH_BLOCK, BULLISH_BLOCK].concat();
    assert_eq!(candidate(&both, Bias::Neutral, |_| ()).unwrap().direction, Direction::Long);
}

#[test]
fn an_order_block_that_a_later_close_went_through_is_gone() {
    let broken = [&BULLISH_BLOCK[..], &[[102.8, 102.8, 98.0, 98.4]]].concat();
    assert_ne!(candidate(&broken, Bias::Bullish, |_| ()).unwrap().setup, Setup::OrderBlock);
    let pierced = [&BULLISH_BLOCK[..], &[[102.8, 102.8, 98.0, 98.6]]].concat();
    assert_eq!(candidate(&pierced, Bias::Bullish, |_| ()).unwrap().setup, Setup::OrderBlock);
}

#[test]
fn the_ladder_goes_on_to_the_next_rung_when_one_is_off_or_empty() {
    // The block's displacement leaves a gap above 101.
    let bars = [&BULLISH_BLOCK[..], &[[102.8, 105.0, 102.0, 104.5]]].concat();
    let setup =
        |change: fn(&mut SmcSettings)| candidate(&bars, Bias::Bullish, change).map(|found| found.setup);
    assert_eq!(setup(|_| ()), Some(Setup::OrderBlock));
    assert_eq!(setup(|all| all.order_block = false), Some(Setup::FairValueGap));
    let no_zones = |all: &mut SmcSettings| (all.order_block, all.fair_value_gap) = (false, false);
    assert_eq!(candidate(&bars, Bias::Bullish, no_zones).unwrap().setup, Setup::BreakOfStructure);
    assert_eq!(
        candidate(&bars, Bias::Bearish, no_zones).unwrap().setup,
        Setup::BreakOfStructure,
        "98.5 < 99"
    );
    let trend_only = |all: &mut SmcSettings| {
        no_zones(all);
        all.break_of_structure = false;
    };
    let trend = candidate(&bars, Bias::Bullish, trend_only).unwrap();
    assert_eq!(trend.setup, Setup::Trend);
    assert_eq!([trend.entry, trend.invalidation].map(f64::to_bits), [104.5_f64, 98.5].map(f64::to_bits));
    assert_eq!(candidate(&bars, Bias::Neutral, trend_only), None, "a trend needs a direction");
    let none = |all: &mut SmcSettings| {
        trend_only(all);
        all.trend = false;
    };
    assert_eq!(candidate(&bars, Bias::Bullish, none), None);
}

#[test]
fn a_gap_smaller_than_the_least_size_does_not_count() {
    let bars = [&BULLISH_BLOCK[..], &[[102.8, 105.0, 102.0, 104.5]]].concat();
    let setup = |least: &str| {
        candidate(&bars, Bias::Bullish, |all| {
            all.order_block = false;
            all.fvg_min_size_pct = least.parse().unwrap();
        })
    };
    // From 100.5 to 102 around a close of 102.8: 1.459 percent.
    assert_eq!(setup("1.4").unwrap().setup, Setup::FairValueGap);
    assert_eq!(setup("1.5").unwrap().setup, Setup::BreakOfStructure);
}

#[test]
fn without_a_bias_a_break_counts_only_if_it_is_one_sided() {
    let no_zones = |all: &mut SmcSettings| (all.order_block, all.fair_value_gap) = (false, false);
    let up = [[100.0, 102.0, 99.5, 101.5]];
    assert_eq!(candidate(&up, Bias::Neutral, no_zones).unwrap().direction, Direction::Long);
    let down = [[100.0, 100.5, 98.0, 98.5]];
    assert_eq!(candidate(&down, Bias::Neutral, no_zones).unwrap().direction, Direction::Short);
    let both = [[100.0, 102.0, 98.0, 100.0]];
    assert_eq!(candidate(&both, Bias::Neutral, no_zones), None);
}

#[test]
fn where_a_break_is_required_nothing_counts_without_one() {
    let require = |all: &mut SmcSettings| all.require_bos_confirmation = true;
    assert_eq!(candidate(&BULLISH_BLOCK, Bias::Bullish, require).unwrap().setup, Setup::OrderBlock);
    let quiet = [[100.0, 100.5, 99.5, 100.0]; 3];
    assert_eq!(candidate(&quiet, Bias::Bullish, require), None);
    assert_eq!(candidate(&quiet, Bias::Bullish, |_| ()).unwrap().setup, Setup::Trend);
}

#[test]
fn nothing_is_read_before_the_lookback_is_full() {
    let rungs = rungs(|all| all.orderblock_lookback = 50);
    assert!(Structure::read(&window(&[]), &rungs).is_none());
}
