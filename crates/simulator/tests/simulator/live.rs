//! Live prices and limited volume.

use crate::common::*;
use seawall_model::OrderKind::Market;
use seawall_model::Side::{Buy, Sell};
use seawall_model::{PriceUnits, QtyUnits, Span, Trading};
use seawall_simulator::{SimulatorSettings, Tick};

fn tick(world: &mut World, [bid, ask, last]: [i64; 3]) {
    traded(world, [bid, ask, last], None);
}

fn traded(world: &mut World, [bid, ask, last]: [i64; 3], qty: Option<i64>) {
    world.now = world.now.plus(Span::from_secs(5));
    let price = PriceUnits::new;
    let tick = Tick { bid: price(bid), ask: price(ask), last: price(last), qty: qty.map(QtyUnits::new) };
    world.exchange.tick(world.now, BTC, tick);
    world.drain(world.now);
}

#[test]
fn market_orders_buy_at_the_ask_and_sell_at_the_bid_worsened_by_slippage() {
    let mut world = World::new(&SimulatorSettings { slippage_bps: bps(100), spread_bps: bps(500), ..free() });
    tick(&mut world, [990, 1_000, 995]);
    world.place(Buy, 1, Market);
    world.place(Sell, 1, Market);
    assert_eq!(world.trades(), [(Buy, 1, 1_010), (Sell, 1, 980)]);
}

/// Found by storm (seed 339): after the tick had become ten times as coarse, a market order filled at ten
/// times the price, because the slippage was still counted in steps of the old tick.
#[test]
fn slippage_is_counted_on_the_tick_of_today() {
    let mut world = World::new(&SimulatorSettings { slippage_bps: bps(100), spread_bps: bps(500), ..free() });
    let instrument = instruments(vec![spec("BTC/USD:USD")]).remove(0);
    let mut rules = instrument.rules(Trading::Open);
    rules.tick = "10".parse().unwrap();
    world.exchange.set_rules(&rules);
    tick(&mut world, [990, 1_000, 1_000]);
    world.place(Buy, 1, Market);
    world.place(Sell, 1, Market);
    assert_eq!(world.trades(), [(Buy, 1, 1_010), (Sell, 1, 980)]);
}

#[test]
fn a_stop_wakes_by_the_last_price_and_fills_at_the_bid() {
    let mut world = World::new(&free());
    tick(&mut world, [100, 101, 100]);
    world.place(Buy, 5, Market);
    world.reduce(Sell, 5, stop(95));
    world.hear();
    tick(&mut world, [93, 97, 96]);
    assert_eq!(world.hear(), Vec::<String>::new());
    tick(&mut world, [92, 94, 94]);
    assert_eq!(world.hear(), ["triggered", "filled 5@92"]);
}

#[test]
fn a_stop_limit_takes_the_bid_only_within_its_limit() {
    for (bid, want) in [(94, vec!["triggered", "filled 5@94"]), (92, vec!["triggered"])] {
        let mut world = World::new(&free());
        tick(&mut world, [100, 101, 100]);
        world.place(Buy, 5, Market);
        world.reduce(Sell, 5, stop_limit(95, 93));
        world.hear();
        tick(&mut world, [bid, 96, 95]);
        assert_eq!(world.hear(), want, "bid {bid}");
    }
}

#[test]
fn resting_limits_fill_at_their_price_when_traded_or_crossed() {
    let mut world = World::new(&free());
    tick(&mut world, [100, 101, 100]);
    world.place(Buy, 1, limit(98));
    world.place(Buy, 1, limit(96));
    tick(&mut world, [97, 99, 98]);
    tick(&mut world, [95, 96, 97]);
    assert_eq!(world.trades(), [(Buy, 1, 98), (Buy, 1, 96)]);
}

#[test]
fn a_limit_at_the_ask_takes_and_post_only_is_refused_there() {
    let mut world = World::new(&free());
    tick(&mut world, [100, 102, 101]);
    world.place(Buy, 1, post_only(102));
    world.place(Buy, 1, post_only(101));
    world.place(Buy, 1, limit(103));
    assert_eq!(world.hear(), ["rejected would_take_liquidity", "accepted", "accepted", "filled 1@102"]);
}

#[test]
fn a_live_position_is_liquidated() {
    let mut world = World::with(&free(), vec![spec("BTC/USD:USD")], "1000");
    tick(&mut world, [100, 100, 100]);
    world.place(Buy, 100, Market);
    world.hear();
    tick(&mut world, [93, 95, 94]);
    assert_eq!(world.hear(), ["liquidated 100@93"]);
}

#[test]
fn the_volume_of_a_tick_limits_what_fills() {
    let volume_limit_pct = Some("50".parse().unwrap());
    let mut world = World::new(&SimulatorSettings { volume_limit_pct, ..free() });
    traded(&mut world, [100, 101, 100], Some(4));
    world.place(Buy, 5, Market);
    traded(&mut world, [101, 102, 101], Some(2));
    traded(&mut world, [102, 103, 102], None);
    assert_eq!(world.trades(), [(Buy, 2, 101), (Buy, 1, 102), (Buy, 2, 103)]);
}

#[test]
fn the_volume_of_a_bar_limits_what_fills_and_a_market_order_goes_on_at_the_next_open() {
    let volume_limit_pct = Some("10".parse().unwrap());
    let mut world = World::new(&SimulatorSettings { volume_limit_pct, ..free() });
    let candle = world.open_candle(bar_with_volume(0, [100, 110, 90, 100], 39.9));
    world.place(Buy, 5, Market);
    assert_eq!(world.hear(), ["accepted", "filled 3@100"]);
    world.range(&candle);
    world.open_candle(bar_with_volume(1, [105; 4], 1_000.0));
    assert_eq!(world.hear(), ["filled 2@105"]);
}

#[test]
fn open_and_range_of_a_bar_share_its_volume() {
    let volume_limit_pct = Some("10".parse().unwrap());
    let mut world = World::new(&SimulatorSettings { volume_limit_pct, ..free() });
    let candle = world.open_candle(bar_with_volume(0, [100, 110, 90, 100], 40.0));
    world.place(Buy, 3, Market);
    world.reduce(Sell, 3, stop(95));
    world.place(Buy, 1, ioc(100));
    world.place(Buy, 1, ioc(100));
    let filled = "filled 1@100";
    let said = [
        "accepted",
        "filled 3@100",
        "accepted",
        "accepted",
        filled,
        "accepted",
        "cancelled ImmediateOrCancel",
    ];
    assert_eq!(world.hear(), said);
    world.range(&candle);
    assert_eq!(world.hear(), ["triggered"]);
    world.open_candle(bar_with_volume(1, [93; 4], 20.0));
    world.range(&bar_with_volume(1, [93; 4], 20.0));
    world.open_candle(bar_with_volume(2, [92; 4], 20.0));
    assert_eq!(world.hear(), ["filled 2@93", "filled 1@92"]);
}
