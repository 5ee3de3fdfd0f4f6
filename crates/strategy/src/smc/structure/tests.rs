//! Tests of [`super`]: what each rung sees on charts drawn by hand.

use super::*;
use seawall_smc::Bar;

/// When the 4h bar with this number opened.
fn at(number: i64) -> Ts {
    Ts::from_millis(number * 4 * 3_600_000)
}

/// Thirty quiet bars around 100, then `bars` as open, high, low, close.
fn window(bars: &[[f64; 4]]) -> BarWindow {
    let mut window = BarWindow::new();
    let quiet = [[100.0, 101.0, 99.0, 100.0]; 30];
    for (number, [open, high, low, close]) in (0..).zip(quiet.iter().chain(bars)) {
        window.push(at(number), &Bar { open: *open, high: *high, low: *low, close: *close });
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
    assert_eq!(found.at, at(30));
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
    // [D-3]: without a bias only bearish zones were searched.
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
    // [D-4]: without an order block everything was refused. The block's displacement leaves a gap above 101.
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
fn an_order_block_is_entered_where_its_mode_says() {
    let entry = |bars: &[[f64; 4]], bias: Bias, mode: OrderBlockEntry| {
        candidate(bars, bias, |all| all.ob_entry_mode = mode).unwrap().entry
    };
    // Long: from 98.5 to 100.5, opened at 100; short: from 99.5 to 101.5, opened at 100.
    for (mode, long, short) in [
        (OrderBlockEntry::Edge, 100.5, 99.5),
        (OrderBlockEntry::Mid, 99.5, 100.5),
        (OrderBlockEntry::Open, 100.0, 100.0),
        (OrderBlockEntry::Discount, 100.0, 100.0),
    ] {
        assert!((entry(&BULLISH_BLOCK, Bias::Bullish, mode) - long).abs() < 1e-9, "{mode:?}");
        assert!((entry(&BEARISH_BLOCK, Bias::Bearish, mode) - short).abs() < 1e-9, "{mode:?}");
    }
    let deeper = candidate(&BULLISH_BLOCK, Bias::Bullish, |all| {
        all.ob_entry_mode = OrderBlockEntry::Discount;
        all.ob_entry_discount_pct = "80".parse().unwrap();
    });
    assert!((deeper.unwrap().entry - 98.9).abs() < 1e-9);
}

#[test]
fn a_zone_across_missing_bars_is_none() {
    // The gap of the last three bars, with a bar missing between the second and the third.
    let bars = [&BULLISH_BLOCK[..], &[[102.8, 105.0, 102.0, 104.5]]].concat();
    let rungs = rungs(|all| all.order_block = false);
    let setup = |missing: i64| {
        let mut torn = BarWindow::new();
        let whole = window(&bars);
        let count = i64::try_from(whole.len()).unwrap();
        for (number, bar) in (0..).zip(whole.bars()) {
            let late = if number == count - 1 { missing } else { 0 };
            torn.push(at(number + late), bar);
        }
        Structure::read(&torn, &rungs).unwrap().candidate(Bias::Bullish, &rungs).unwrap().setup
    };
    assert_eq!(setup(0), Setup::FairValueGap);
    assert_eq!(setup(1), Setup::BreakOfStructure);
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

/// [I-19]: an entry before the break was right but early.
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
