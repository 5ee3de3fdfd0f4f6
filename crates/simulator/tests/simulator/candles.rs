//! From candles: market orders, stops, limits and take-profits, and what is assumed where a bar is ambiguous.

use crate::common::*;
use seawall_model::Side::{Buy, Sell};
use seawall_model::{Liquidity, OrderKind::Market, Span};
use seawall_simulator::{LimitFill, SimulatorSettings};

#[test]
fn a_market_order_sent_after_the_close_fills_at_the_next_open() {
    let mut world = World::new(&free());
    world.bar([100, 110, 90, 105]);
    world.place(Buy, 5, Market);
    assert_eq!(world.hear(), ["accepted"]);
    world.open([107, 108, 106, 107]);
    assert_eq!(world.hear(), ["filled 5@107"]);
}

#[test]
fn a_market_order_that_arrives_while_the_bar_is_open_fills_at_its_open() {
    let mut world = World::new(&free());
    world.open([100, 110, 90, 105]);
    world.place(Buy, 5, Market);
    assert_eq!(world.hear(), ["accepted", "filled 5@100"]);
}

/// [D-29]: slippage was configured and not used.
#[test]
fn a_market_order_pays_half_the_spread_and_the_slippage_onto_the_tick_away_from_the_trader() {
    let settings = SimulatorSettings { slippage_bps: bps(2), spread_bps: bps(2), ..free() };
    let mut world = World::new(&settings);
    world.open([10_001; 4]);
    world.place(Buy, 1, Market);
    world.place(Sell, 1, Market);
    // 10001 × 1.0003 = 10004.0003; 10001 × 0.9997 = 9997.9997.
    assert_eq!(world.trades(), [(Buy, 1, 10_005), (Sell, 1, 9_997)]);
}

#[test]
fn waiting_market_orders_fill_in_order_of_arrival_before_stops_are_looked_at() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.reduce(Sell, 5, stop(95));
    world.place(Buy, 2, Market);
    world.reduce(Sell, 7, Market);
    world.hear();
    world.open([90; 4]);
    assert_eq!(world.hear(), ["filled 2@90", "filled 7@90", "cancelled NothingToReduce"]);
}

#[test]
fn a_stop_inside_the_bar_fills_at_its_trigger_worsened() {
    let settings = SimulatorSettings { slippage_bps: bps(100), ..free() };
    let mut world = World::new(&settings);
    world.long(5, 1_000);
    world.reduce(Sell, 5, stop(900));
    world.hear();
    world.bar([1_000, 1_010, 900, 950]);
    assert_eq!(world.hear(), ["triggered", "filled 5@891"]);
    assert_eq!(world.position(), 0);
}

#[test]
fn a_stop_that_the_open_jumps_over_fills_at_the_open() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.reduce(Sell, 5, stop(95));
    world.hear();
    world.bar([80, 99, 79, 98]);
    assert_eq!(world.hear(), ["triggered", "filled 5@80"]);
}

#[test]
fn a_short_stop_mirrors_a_long_one() {
    let mut world = World::new(&free());
    world.short(5, 100);
    world.reduce(Buy, 5, stop(105));
    world.hear();
    world.bar([100, 105, 99, 101]);
    assert_eq!(world.hear(), ["triggered", "filled 5@105"]);
    world.short(5, 100);
    world.reduce(Buy, 5, stop(105));
    world.hear();
    world.open([120, 121, 119, 120]);
    assert_eq!(world.hear(), ["triggered", "filled 5@120"]);
}

#[test]
fn a_resting_limit_fills_at_its_own_price_as_maker_without_slippage() {
    let settings = SimulatorSettings { maker_fee_bps: bps(2), slippage_bps: bps(50), ..free() };
    let mut world = World::new(&settings);
    world.open([100, 101, 95, 99]);
    world.place(Buy, 5, limit(95));
    world.range(&bar(0, [100, 101, 95, 99]));
    let fill = world.fills()[0];
    assert_eq!((fill.price.get(), fill.liquidity), (95, Liquidity::Maker));
    assert_eq!(fill.fee.to_string(), "0.095");
}

#[test]
fn through_needs_a_trade_beyond_the_limit() {
    let settings = SimulatorSettings { limit_fill: LimitFill::Through, ..free() };
    let mut world = World::new(&settings);
    world.open([100; 4]);
    world.place(Buy, 5, limit(95));
    world.range(&bar(0, [100, 101, 95, 99]));
    assert_eq!(world.trades(), []);
    world.bar([99, 99, 94, 95]);
    assert_eq!(world.trades(), [(Buy, 5, 95)]);
}

#[test]
fn a_gap_beyond_a_resting_limit_still_fills_at_the_limit() {
    let mut world = World::new(&free());
    world.open([100; 4]);
    world.place(Buy, 5, limit(95));
    world.range(&bar(0, [100; 4]));
    world.open([90, 91, 89, 90]);
    assert_eq!(world.trades(), [(Buy, 5, 95)]);
    assert_eq!(world.fills()[0].liquidity, Liquidity::Maker);
}

#[test]
fn a_limit_that_is_marketable_at_the_open_takes_at_the_open_but_no_worse_than_its_price() {
    let settings = SimulatorSettings { slippage_bps: bps(100), taker_fee_bps: bps(5), ..free() };
    let mut world = World::new(&settings);
    world.open([1_000; 4]);
    world.place(Buy, 1, limit(1_050));
    world.place(Buy, 1, limit(1_005));
    assert_eq!(world.trades(), [(Buy, 1, 1_010), (Buy, 1, 1_005)]);
    assert!(world.fills().iter().all(|fill| fill.liquidity == Liquidity::Taker));
}

#[test]
fn a_limit_that_came_after_the_close_takes_at_the_next_open_where_that_is_better() {
    let mut world = World::new(&free());
    world.bar([100; 4]);
    world.place(Buy, 1, limit(105));
    world.place(Buy, 1, limit(95));
    world.hear();
    world.open([98, 99, 97, 98]);
    assert_eq!(world.hear(), ["filled 1@98"]);
}

#[test]
fn post_only_never_takes() {
    let mut world = World::new(&free());
    world.open([100; 4]);
    world.place(Buy, 1, post_only(100));
    world.place(Buy, 1, post_only(99));
    assert_eq!(world.hear(), ["rejected would_take_liquidity", "accepted"]);
    world.range(&bar(0, [100, 100, 99, 99]));
    assert_eq!(world.hear(), ["filled 1@99"]);
}

#[test]
fn immediate_or_cancel_ends_at_once() {
    let mut world = World::new(&free());
    world.open([100; 4]);
    world.place(Buy, 1, ioc(100));
    world.place(Buy, 1, ioc(99));
    assert_eq!(world.hear(), ["accepted", "filled 1@100", "accepted", "cancelled ImmediateOrCancel"]);
}

#[test]
fn a_bar_that_touches_stop_and_target_hits_the_stop_and_is_counted() {
    for (is_long, side) in [(true, Sell), (false, Buy)] {
        let mut world = World::new(&free());
        let (stop_at, target_at) = if is_long { (90, 110) } else { (110, 90) };
        if is_long {
            world.long(5, 100);
        } else {
            world.short(5, 100);
        }
        world.reduce(side, 5, limit(target_at));
        world.reduce(side, 5, stop(stop_at));
        world.hear();
        world.bar([100, 115, 85, 100]);
        let filled = format!("filled 5@{stop_at}");
        assert_eq!(world.hear(), ["triggered", filled.as_str(), "cancelled NothingToReduce"]);
        assert_eq!(world.ambiguous(), 1);
    }
}

#[test]
fn a_target_alone_fills_and_takes_the_stop_with_it() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.reduce(Sell, 5, stop(90));
    world.reduce(Sell, 5, limit(110));
    world.hear();
    world.bar([100, 110, 91, 105]);
    assert_eq!(world.hear(), ["filled 5@110", "cancelled NothingToReduce"]);
    assert_eq!(world.ambiguous(), 0);
}

#[test]
fn a_partial_target_leaves_a_stop_that_fills_only_what_is_left() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.reduce(Sell, 5, stop(90));
    world.reduce(Sell, 2, limit(110));
    world.bar([100, 110, 95, 105]);
    world.hear();
    world.bar([100, 101, 90, 95]);
    assert_eq!(world.hear(), ["triggered", "filled 3@90", "cancelled NothingToReduce"]);
}

#[test]
fn a_stop_for_an_entry_inside_the_bar_looks_back_at_that_bar() {
    let mut world = World::new(&SimulatorSettings { latency_ms: 100, ..free() });
    let candle = world.open([100, 101, 85, 100]);
    world.place(Buy, 5, limit(95));
    let middle = candle.open_time.plus(Span::from_secs(30));
    world.exchange.bar_range(middle, BTC, &candle);
    world.drain(middle.plus(Span::from_secs(1)));
    assert_eq!(world.hear(), ["accepted", "filled 5@95"]);
    world.reduce(Sell, 5, limit(99));
    assert_eq!(world.hear(), ["accepted"]);
    world.reduce(Sell, 5, stop(90));
    assert_eq!(world.hear(), ["accepted", "triggered", "filled 5@90", "cancelled NothingToReduce"]);
    assert_eq!(world.ambiguous(), 1);
}

#[test]
fn a_stop_beyond_the_extreme_of_the_entry_bar_rests_and_its_amendment_never_looks_back() {
    let mut world = World::new(&free());
    let candle = world.open([100, 101, 85, 100]);
    world.place(Buy, 5, limit(95));
    world.range(&candle);
    world.hear();
    let order = world.reduce(Sell, 5, stop(84));
    let (qty, kind) = (seawall_model::QtyUnits::new(5), stop(90));
    world.ask(seawall_model::VenueRequest::Amend { order, qty, kind });
    assert_eq!(world.hear(), ["accepted", "amended"]);
    assert_eq!((world.position(), world.ambiguous()), (5, 0));
}

#[test]
fn a_stop_that_was_met_at_the_entry_already_does_not_look_back() {
    let mut world = World::new(&free());
    let candle = world.open([100, 101, 85, 93]);
    world.place(Buy, 5, limit(95));
    world.range(&candle);
    world.hear();
    world.reduce(Sell, 5, stop(97));
    world.reduce(Sell, 5, stop(94));
    assert_eq!(world.hear(), ["rejected would_trigger_immediately", "accepted", "triggered", "filled 5@94"]);
}

#[test]
fn a_stop_limit_fills_at_its_limit_where_the_bar_came_back_and_rests_where_it_did_not() {
    for (close, want) in [(95, vec!["triggered", "filled 5@88"]), (87, vec!["triggered"])] {
        let mut world = World::new(&free());
        world.long(5, 100);
        world.reduce(Sell, 5, stop_limit(90, 88));
        world.hear();
        world.bar([100, 101, 85, close]);
        assert_eq!(world.hear(), want, "close {close}");
    }
    let mut world = World::new(&free());
    world.long(5, 100);
    let order = world.reduce(Sell, 5, stop_limit(90, 88));
    world.bar([100, 101, 85, 87]);
    world.hear();
    world.ask(seawall_model::VenueRequest::QueryOrder { order });
    assert_eq!(world.hear(), ["order Some(Triggered)"]);
    world.bar([86, 88, 80, 82]);
    assert_eq!(world.hear(), ["filled 5@88"]);
}

#[test]
fn a_stop_limit_that_the_open_jumps_over_rests_at_its_limit() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.reduce(Sell, 5, stop_limit(90, 88));
    world.hear();
    world.open([80, 81, 79, 80]);
    assert_eq!(world.hear(), ["triggered"]);
    world.range(&bar(world.minute, [80, 81, 79, 80]));
    assert_eq!(world.hear(), Vec::<String>::new());
    world.long(1, 85);
    assert_eq!(world.position(), 6);
}

#[test]
fn take_profits_wake_in_favour_and_fill_at_trigger_or_open() {
    let mut world = World::new(&SimulatorSettings { slippage_bps: bps(100), ..free() });
    world.long(5, 1_000);
    world.reduce(Sell, 2, take_profit(1_100));
    world.reduce(Sell, 3, take_profit_limit(1_200, 1_190));
    world.hear();
    world.bar([1_000, 1_100, 1_000, 1_050]);
    assert_eq!(world.hear(), ["triggered", "filled 2@1089"]);
    world.bar([1_100, 1_210, 1_100, 1_150]);
    assert_eq!(world.hear(), ["triggered"]);
    world.bar([1_150, 1_195, 1_150, 1_160]);
    assert_eq!(world.hear(), ["filled 3@1190"]);
}

#[test]
fn nothing_fills_on_the_bar_that_decided() {
    let mut world = World::new(&free());
    world.bar([100, 120, 80, 110]);
    world.place(Buy, 1, limit(85));
    world.place(Buy, 1, stop(115));
    world.place(Buy, 1, Market);
    assert_eq!(world.hear(), ["accepted", "accepted", "accepted"]);
}

#[test]
fn an_idle_bar_can_be_skipped_and_changes_nothing() {
    let mut skipping = World::new(&free());
    let mut walking = World::new(&free());
    for minute in 0..5 {
        let candle = bar(minute, [100 + minute, 120, 90, 101 + minute]);
        assert!(skipping.exchange.is_idle(BTC));
        skipping.exchange.skip_to(BTC, &candle);
        walking.bar([100 + minute, 120, 90, 101 + minute]);
    }
    skipping.minute = walking.minute;
    skipping.now = walking.now;
    for world in [&mut skipping, &mut walking] {
        world.place(Buy, 3, Market);
        assert!(!world.exchange.is_idle(BTC));
        world.open([107; 4]);
    }
    assert_eq!(skipping.events, walking.events);
    let digest = |world: &World| {
        let mut bytes = Vec::new();
        world.exchange.digest(&mut bytes);
        bytes
    };
    assert_eq!(digest(&skipping), digest(&walking));
}
