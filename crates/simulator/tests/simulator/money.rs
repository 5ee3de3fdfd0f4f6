//! Fees, funding, margin and liquidation: where the money goes.

use crate::common::*;
use seawall_model::OrderKind::Market;
use seawall_model::Side::{Buy, Sell};
use seawall_model::{FillCause, InstrumentSpec, Liquidity, MarginTier, Percent, Ratio, Span, VenueEvent};
use seawall_simulator::{MarginMode, SimulatorSettings, Toggle};

/// One bar before 08:00 UTC, counted in minutes from the start.
const BEFORE_EIGHT: i64 = 7 * 60 - 1;

fn leveraged(leverage: i64) -> InstrumentSpec {
    let mut rules = spec("BTC/USD:USD");
    rules.leverage_max = Ratio::new(leverage.into());
    rules
}

#[test]
fn fees_are_exact_and_the_instruments_own_come_first() {
    let settings = SimulatorSettings { taker_fee_bps: bps(5), maker_fee_bps: bps(2), ..free() };
    let mut own = spec("BTC/USD:USD");
    own.taker_fee_bps = Some("3.5".parse().unwrap());
    own.maker_fee_bps = Some(bps(-1));
    for (rules, taker, maker) in [(spec("BTC/USD:USD"), "0.1515", "0.06"), (own, "0.10605", "-0.03")] {
        let mut world = World::with(&settings, vec![rules], "10000");
        world.open([101, 101, 100, 100]);
        world.place(Buy, 3, Market);
        world.place(Buy, 3, limit(100));
        world.range(&bar(0, [101, 101, 100, 100]));
        let fees: Vec<String> = world.fills().iter().map(|fill| fill.fee.to_string()).collect();
        assert_eq!(fees, [taker, maker]);
        let paid = money(taker).plus(money(maker)).unwrap();
        assert_eq!(world.exchange.stats().fees, paid);
        assert_eq!(world.exchange.account().cash, money("9397").minus(paid).unwrap());
    }
}

#[test]
fn equity_is_cash_plus_quantity_times_last_price() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.bar([100, 120, 99, 110]);
    let account = world.exchange.account();
    assert_eq!((account.cash, account.equity), (money("9500"), money("10050")));
    world.reduce(Sell, 5, Market);
    world.open([110; 4]);
    assert_eq!(world.cash(), "10050");
}

fn funded(funding: Toggle) -> World {
    let settings = SimulatorSettings { funding, funding_rate_bps: bps(3), ..free() };
    let mut world = World::new(&settings);
    world.minute = BEFORE_EIGHT - 1;
    world.now = bar(world.minute, [100; 4]).open_time;
    world
}

#[test]
fn without_a_known_rate_both_sides_pay_funding_at_eight() {
    for is_long in [true, false] {
        let mut world = funded(Toggle::On);
        if is_long {
            world.long(5, 100);
        } else {
            world.short(5, 100);
        }
        world.bar([100, 200, 100, 200]);
        world.open([300; 4]);
        assert_eq!(world.hear(), ["funding -0.3"], "on the last price before the boundary");
        assert_eq!(world.exchange.stats().funding, money("-0.3"));
    }
}

#[test]
fn funding_off_costs_nothing() {
    let mut world = funded(Toggle::Off);
    world.long(5, 100);
    world.bar([100; 4]);
    world.exchange.pay_funding(world.now, BTC, "0.01".parse::<Ratio>().unwrap().get());
    world.open([100; 4]);
    assert_eq!(world.hear(), Vec::<String>::new());
}

#[test]
fn a_known_rate_is_signed_and_counts_for_one_boundary() {
    let mut world = funded(Toggle::On);
    world.short(5, 100);
    world.exchange.set_funding_rate(world.now, BTC, "0.001".parse::<Ratio>().unwrap().get());
    world.bar([100; 4]);
    world.bar([100; 4]);
    assert_eq!(world.hear(), ["funding 0.5"]);
    world.minute += 8 * 60 - 1;
    world.bar([100; 4]);
    assert_eq!(world.hear(), ["funding -0.15"]);
}

#[test]
fn funding_from_data_is_paid_when_it_comes_and_replaces_the_boundaries() {
    let mut world = funded(Toggle::On);
    world.exchange.pay_funding(world.now, BTC, "0.5".parse::<Ratio>().unwrap().get());
    world.long(5, 100);
    world.exchange.pay_funding(world.now, BTC, "-0.002".parse::<Ratio>().unwrap().get());
    world.bar([100; 4]);
    world.bar([100; 4]);
    assert_eq!(world.hear(), ["funding 1"]);
}

#[test]
fn a_position_opened_at_the_boundary_pays_at_the_next() {
    let mut world = funded(Toggle::On);
    world.bar([100; 4]);
    world.bar([100; 4]);
    world.long(5, 100);
    world.bar([100; 4]);
    assert_eq!(world.hear(), Vec::<String>::new());
}

#[test]
fn cross_margin_liquidates_at_the_first_price_that_breaches_and_ends_all_orders() {
    // Cash after the entry: 1020 - 100 × 100 = -8980. Breached where -8980 + 100 p < 0.05 × 100 p: p < 94.5.
    let mut world = World::with(&free(), vec![leveraged(10)], "1020");
    world.long(100, 100);
    world.place(Buy, 1, limit(50));
    world.reduce(Sell, 100, limit(120));
    world.hear();
    world.bar([100, 101, 95, 96]);
    assert_eq!(world.hear(), Vec::<String>::new());
    world.bar([96, 97, 60, 70]);
    assert_eq!(world.hear(), ["liquidated 100@94", "cancelled NothingToReduce", "cancelled Venue"]);
    assert_eq!((world.cash().as_str(), world.exchange.stats().liquidations), ("420", 1));
}

#[test]
fn a_stop_before_the_liquidation_price_saves_the_position() {
    let mut world = World::with(&free(), vec![leveraged(10)], "1000");
    world.long(100, 100);
    world.reduce(Sell, 100, stop(96));
    world.hear();
    world.bar([100, 101, 60, 70]);
    assert_eq!(world.hear(), ["triggered", "filled 100@96"]);
    assert_eq!(world.exchange.stats().liquidations, 0);
}

#[test]
fn a_gap_beyond_the_liquidation_price_liquidates_at_the_open_worsened_as_taker() {
    let settings = SimulatorSettings { slippage_bps: bps(100), ..free() };
    let mut rules = leveraged(10);
    rules.taker_fee_bps = Some(bps(10));
    let mut world = World::with(&settings, vec![rules], "1000");
    world.short(90, 100);
    world.open([200; 4]);
    let fill = world.fills()[0];
    assert_eq!((fill.price.get(), fill.cause, fill.order), (202, FillCause::Liquidation, None));
    assert_eq!((fill.liquidity, fill.fee.to_string()), (Liquidity::Taker, "18.18".to_owned()));
    assert!(world.exchange.account().equity < money("0"), "a gap can leave less than nothing");
}

#[test]
fn maintenance_follows_the_tier_of_the_position() {
    let tier = |below: Option<&str>, maintenance: i64, leverage: i64| MarginTier {
        notional_below: below.map(money),
        maintenance_pct: Percent::new(maintenance.into()),
        leverage_max: Ratio::new(leverage.into()),
    };
    let mut rules = leveraged(10);
    rules.margin_tiers = vec![tier(Some("5000"), 5, 10), tier(None, 20, 4)];
    // 100 contracts: -7500 + 100 p < 20 p: p < 93.75, in the upper tier.
    let mut world = World::with(&free(), vec![rules.clone()], "2500");
    world.long(100, 100);
    world.bar([100, 100, 90, 95]);
    assert_eq!(world.trades(), [(Sell, 100, 93)]);
    // 40 contracts are in the lower tier: -3600 + 40 p < 2 p: p < 94.7.
    let mut world = World::with(&free(), vec![rules], "400");
    world.long(40, 100);
    world.bar([100, 100, 90, 95]);
    assert_eq!(world.trades(), [(Sell, 40, 94)]);
}

#[test]
fn cross_margin_counts_the_other_positions_and_isolated_margin_does_not() {
    for (margin_mode, liquidations) in [(MarginMode::Cross, 0), (MarginMode::Isolated, 1)] {
        let settings = SimulatorSettings { margin_mode, ..free() };
        let mut world = World::with(&settings, vec![leveraged(10), spec("ETH/USD:USD")], "10000");
        world.long(100, 100);
        world.bar([100, 101, 90, 95]);
        assert_eq!(world.exchange.stats().liquidations, liquidations, "{margin_mode:?}");
    }
    // Isolated: loss beyond 1000 - 0.05 × 100 p: p < 94.7.
    let settings = SimulatorSettings { margin_mode: MarginMode::Isolated, ..free() };
    let mut world = World::with(&settings, vec![leveraged(10)], "10000");
    world.long(100, 100);
    world.bar([100, 101, 90, 95]);
    assert_eq!(world.trades(), [(Sell, 100, 94)]);
}

#[test]
fn a_loss_on_one_instrument_liquidates_another_under_cross_margin() {
    let mut world = World::with(&free(), vec![leveraged(10), spec("ETH/USD:USD")], "1100");
    world.open([100; 4]);
    world.exchange.bar_open(world.now, ETH, &bar(0, [100; 4]));
    world.place(Buy, 50, Market);
    world.place_on(ETH, Buy, 50, Market, false);
    world.range(&bar(0, [100; 4]));
    let middle = world.now.plus(Span::from_millis(1));
    world.exchange.bar_range(middle, ETH, &bar(0, [100, 100, 92, 92]));
    world.drain(middle);
    world.events.clear();
    // Equity 1100 - 400 = 700; maintenance 230 + 2.5 p: 1100 - 10000 + 4600 + 50 p < 230 + 2.5 p: p < 95.37.
    world.bar([100, 100, 96, 97]);
    assert_eq!(world.trades(), []);
    world.bar([97, 97, 90, 90]);
    assert_eq!(world.trades(), [(Sell, 50, 95)]);
}

#[test]
fn the_average_entry_price_follows_adds_and_reductions() {
    let mut world = World::new(&free());
    world.long(2, 100);
    world.place(Buy, 2, Market);
    world.bar([110; 4]);
    world.reduce(Sell, 1, Market);
    world.bar([130; 4]);
    world.ask(seawall_model::VenueRequest::QueryPositions);
    let Some((_, VenueEvent::Positions(report))) = world.events.last() else { panic!("{:?}", world.events) };
    assert_eq!((report.rows[0].qty.get(), report.rows[0].entry_price.get()), (3, 105));
}
