//! The strategy's window scans: hand-made cases and comparison with plain restatements.

use crate::common;
use proptest::prelude::*;
use seawall_smc::setup::{
    GapRule, break_of_structure, extremes, fair_value_gap, order_block, swing_points, typical_range,
};
use seawall_smc::{Bar, Direction, MitigationDepth, OrderBlockRule, PivotKind, Search};

fn bar(open: f64, high: f64, low: f64, close: f64) -> Bar {
    Bar { open, high, low, close }
}

/// Twenty bars of range 2 that go nowhere.
fn quiet() -> Vec<Bar> {
    vec![bar(100.0, 101.0, 99.0, 100.0); 20]
}

#[test]
fn a_bullish_order_block_is_the_down_bar_before_the_displacement() {
    let mut bars = quiet();
    bars.push(bar(100.0, 101.0, 99.0, 99.5));
    bars.push(bar(99.5, 102.5, 99.5, 102.0));
    let zone = order_block(&bars, Search::Both, &OrderBlockRule::default()).unwrap();
    assert_eq!((zone.direction, zone.index, zone.known_index), (Direction::Bullish, 20, 21));
    assert!(zone.contains(99.0) && zone.contains(101.0) && !zone.contains(101.1));
    assert!(order_block(&bars, Search::Bearish, &OrderBlockRule::default()).is_none());
    // The displacement has to reach 1.5 typical ranges: 3.0 does, 2.9 does not.
    let last = bars.last_mut().unwrap();
    last.low = 99.6;
    last.open = 99.6;
    assert!(order_block(&bars, Search::Both, &OrderBlockRule::default()).is_none());
}

#[test]
fn with_both_directions_allowed_the_most_recent_order_block_wins() {
    let mut bars = quiet();
    bars.push(bar(100.0, 101.0, 99.0, 99.5));
    bars.push(bar(99.5, 103.0, 99.5, 102.0));
    bars.push(bar(102.0, 103.0, 101.5, 102.5));
    bars.push(bar(102.5, 102.5, 98.0, 101.0));
    let rule = OrderBlockRule::default();
    let found = |search| order_block(&bars, search, &rule).unwrap();
    assert_eq!(found(Search::Both).direction, Direction::Bearish);
    assert_eq!(found(Search::Both).index, 22);
    assert_eq!(found(Search::from(Direction::Bullish)).index, 20);
}

#[test]
fn the_typical_range_is_the_upper_median() {
    let bars: Vec<Bar> =
        [4.0, 1.0, 3.0, 2.0].iter().map(|range| bar(10.0, 10.0 + range, 10.0, 10.0)).collect();
    assert_eq!(typical_range(&bars, 4), Some(3.0));
    assert_eq!(typical_range(&bars, 5), None);
    assert_eq!(typical_range(&bars, 0), None);
}

/// A gap ends at the first touch of its near edge.
fn touched(size_fraction_min: f64) -> GapRule {
    GapRule { size_fraction_min, mitigation: MitigationDepth::Touch }
}

#[test]
fn a_gap_can_be_asked_to_be_filled_in_half_or_whole_before_it_ends() {
    // Bullish from 11 to 12, bearish mirrored from 8 to 9.
    let up = [bar(10.0, 11.0, 9.0, 10.0), bar(11.0, 14.0, 11.0, 14.0), bar(13.0, 15.0, 12.0, 14.0)];
    let down = [bar(10.0, 11.0, 9.0, 10.0), bar(9.0, 9.0, 6.0, 6.0), bar(7.0, 8.0, 5.0, 6.0)];
    let reached = |to: f64| (bar(14.0, 14.5, to, 13.0), bar(6.0, 20.0 - to, 5.5, 7.0));
    for (to, alive) in
        [(12.1, [true; 3]), (12.0, [false, true, true]), (11.5, [false, false, true]), (11.0, [false; 3])]
    {
        let (low, high) = reached(to);
        for (depth, alive) in
            [MitigationDepth::Touch, MitigationDepth::Half, MitigationDepth::Full].into_iter().zip(alive)
        {
            let rule = GapRule { size_fraction_min: 0.0, mitigation: depth };
            let found = |bars: &[Bar], bar: Bar| {
                fair_value_gap(&[bars, &[bar]].concat(), Search::Both, &rule)
                    .is_some_and(|zone| zone.index == 0)
            };
            assert_eq!(found(&up, low), alive, "{to} {depth:?}");
            assert_eq!(found(&down, high), alive, "{to} {depth:?}");
        }
    }
}

#[test]
fn a_gap_counts_until_a_later_bar_touches_its_near_edge() {
    let mut bars = vec![bar(10.0, 11.0, 9.0, 10.0), bar(11.0, 14.0, 11.0, 14.0), bar(13.0, 15.0, 12.0, 14.0)];
    let zone = fair_value_gap(&bars, Search::Both, &touched(0.0)).unwrap();
    assert_eq!((zone.direction, zone.index, zone.known_index), (Direction::Bullish, 0, 2));
    assert!((zone.top - 12.0).abs() < 1e-12 && (zone.bottom - 11.0).abs() < 1e-12);
    // Size 1 of close 14.
    assert!(fair_value_gap(&bars, Search::Both, &touched(1.0 / 14.0)).is_some());
    assert!(fair_value_gap(&bars, Search::Both, &touched(0.072)).is_none());
    bars.push(bar(14.0, 14.5, 12.1, 13.0));
    assert!(fair_value_gap(&bars, Search::Both, &touched(0.0)).is_some());
    bars.push(bar(13.0, 13.5, 12.0, 13.0));
    assert!(fair_value_gap(&bars, Search::Both, &touched(0.0)).is_none(), "equal is a touch");
}

#[test]
fn a_break_needs_eight_bars_and_a_strictly_higher_high() {
    let mut bars = vec![bar(10.0, 11.0, 9.0, 10.0); 8];
    assert!(!break_of_structure(&bars, Direction::Bullish, 3));
    bars[6].high = 11.5;
    assert!(break_of_structure(&bars, Direction::Bullish, 3));
    assert!(!break_of_structure(&bars[1..], Direction::Bullish, 3), "seven bars");
    bars[6].low = 8.5;
    assert!(break_of_structure(&bars, Direction::Bearish, 3));
}

#[test]
fn swings_are_strict_and_come_in_order_from_both_ends() {
    let lows_and_highs = [(1.0, 2.0), (3.0, 4.0), (0.5, 3.0), (2.0, 3.0), (1.5, 5.0), (1.6, 4.0)];
    let bars: Vec<Bar> = lows_and_highs.iter().map(|&(low, high)| bar(low, high, low, high)).collect();
    let found: Vec<_> = swing_points(&bars, 100).map(|swing| (swing.kind, swing.index)).collect();
    let expected = [(PivotKind::High, 1), (PivotKind::Low, 2), (PivotKind::High, 4), (PivotKind::Low, 4)];
    assert_eq!(found, expected);
    let newest = swing_points(&bars, 100).rev().map(|swing| (swing.kind, swing.index)).next();
    assert_eq!(newest, Some((PivotKind::Low, 4)));
    assert_eq!(swing_points(&bars, 4).map(|swing| swing.index).collect::<Vec<_>>(), vec![4, 4]);
    assert_eq!(swing_points(&bars, 2).count(), 0);
}

#[test]
fn extremes_look_at_the_last_bars_only() {
    let bars: Vec<Bar> = [(1.0, 9.0), (3.0, 4.0), (2.0, 6.0), (2.0, 6.0)]
        .iter()
        .map(|&(low, high)| bar(low, high, low, high))
        .collect();
    let found = extremes(&bars, 3).unwrap();
    assert_eq!((found.high_index, found.low_index), (2, 2));
    assert_eq!(extremes(&bars, 100).unwrap().low_index, 0);
    assert!(extremes(&bars, 0).is_none());
    assert!(extremes(&[], 3).is_none());
}

/// Order block by the letter of the definition, with positions.
fn plain_order_block(bars: &[Bar], search: Search) -> Option<(Direction, usize)> {
    let n = bars.len();
    if n < 20 {
        return None;
    }
    let mut ranges: Vec<f64> = bars[n - 20..].iter().map(|bar| bar.high - bar.low).collect();
    ranges.sort_by(f64::total_cmp);
    for step in 0..50.min(n - 3) {
        let i = n - 2 - step;
        let displaced = bars[i + 1].high - bars[i + 1].low >= 1.5 * ranges[10];
        let bullish = bars[i].close < bars[i].open && bars[i + 1].close > bars[i].high;
        let bearish = bars[i].close > bars[i].open && bars[i + 1].close < bars[i].low;
        if displaced && bullish && search != Search::Bearish {
            return Some((Direction::Bullish, i));
        }
        if displaced && bearish && search != Search::Bullish {
            return Some((Direction::Bearish, i));
        }
    }
    None
}

fn plain_gap(bars: &[Bar], search: Search, fraction: f64) -> Option<(Direction, usize)> {
    (0..bars.len().saturating_sub(2)).rev().find_map(|i| {
        let (first, middle, third, later) = (bars[i], bars[i + 1], bars[i + 2], &bars[i + 3..]);
        let large = |size: f64| size / middle.close.abs() >= fraction;
        let up = third.low > first.high
            && large(third.low - first.high)
            && later.iter().all(|bar| bar.low > third.low);
        let down = third.high < first.low
            && large(first.low - third.high)
            && later.iter().all(|bar| bar.high < third.high);
        let direction = if up { Direction::Bullish } else { Direction::Bearish };
        ((up || down) && search.accepts(direction)).then_some((direction, i))
    })
}

proptest! {
    #[test]
    fn scans_agree_with_the_letter_of_their_definitions(bars in common::walk(120)) {
        for search in [Search::Bullish, Search::Bearish, Search::Both] {
            let block = order_block(&bars, search, &OrderBlockRule::default());
            prop_assert_eq!(block.map(|zone| (zone.direction, zone.index)), plain_order_block(&bars, search));
            let gap = fair_value_gap(&bars, search, &touched(0.0007));
            prop_assert_eq!(gap.map(|zone| (zone.direction, zone.index)), plain_gap(&bars, search, 0.0007));
        }
        if bars.len() >= 10 {
            let n = bars.len();
            let high = |bars: &[Bar]| bars.iter().map(|bar| bar.high).fold(f64::MIN, f64::max);
            let expected = high(&bars[n - 3..]) > high(&bars[n - 10..n - 3]);
            prop_assert_eq!(break_of_structure(&bars, Direction::Bullish, 3), expected);
        }
    }
}
