//! What the venue takes and refuses, how orders change and end, what it reports, and when events arrive.

use crate::common::*;
use seawall_model::OrderKind::Market;
use seawall_model::Side::{Buy, Sell};
use seawall_model::{
    ClientOrderId, ContractKind, Coverage, InstrumentId, OrderKind, OrderRef, OrderRequest, OrderRole,
    QtyUnits, Ratio, Span, Trigger, TriggerSource, VenueEvent, VenueRequest,
};
use seawall_simulator::{Exchange, LimitFill, MarginMode, SimulatorError, SimulatorSettings, Toggle};

fn none() -> Vec<String> {
    Vec::new()
}

fn world() -> World {
    let mut world = World::new(&free());
    world.open([100; 4]);
    world
}

#[test]
fn prices_off_the_tick_and_quantities_off_the_lot_or_below_the_minimum_are_refused() {
    let mut rules = spec("BTC/USD:USD");
    rules.tick = Some("5".parse().unwrap());
    rules.lot = "2".parse().unwrap();
    rules.min_qty = Some("4".parse().unwrap());
    rules.min_notional = money("1000");
    let mut world = World::with(&free(), vec![rules], "10000");
    world.open([100; 4]);
    world.place(Buy, 10, limit(99));
    world.place(Buy, 10, stop(101));
    world.place(Buy, 10, limit(0));
    world.place(Buy, 11, limit(95));
    world.place(Buy, 2, limit(95));
    world.place(Buy, 0, limit(95));
    world.place(Buy, 10, limit(95));
    assert_eq!(
        world.hear(),
        [
            "rejected invalid_price",
            "rejected invalid_price",
            "rejected invalid_price",
            "rejected invalid_quantity",
            "rejected invalid_quantity",
            "rejected invalid_quantity",
            "rejected invalid_quantity"
        ]
    );
    world.place(Buy, 12, limit(95));
    assert_eq!(world.hear(), ["accepted"]);
    assert_eq!(world.exchange.stats().rejected.values().sum::<u64>(), 7);
}

#[test]
fn reduce_only_orders_may_be_smaller_than_the_minimum() {
    let mut rules = spec("BTC/USD:USD");
    rules.min_qty = Some("4".parse().unwrap());
    rules.min_notional = money("1000");
    let mut world = World::with(&free(), vec![rules], "10000");
    world.long(10, 100);
    world.reduce(Sell, 1, limit(120));
    assert_eq!(world.hear(), ["accepted"]);
}

#[test]
fn a_stop_whose_condition_is_met_is_refused() {
    let mut world = World::new(&free());
    world.long(5, 100);
    world.reduce(Sell, 5, stop(100));
    world.reduce(Sell, 5, stop(99));
    world.reduce(Sell, 5, take_profit(100));
    world.reduce(Sell, 5, take_profit(101));
    let refused = "rejected would_trigger_immediately";
    assert_eq!(world.hear(), [refused, "accepted", refused, "accepted"]);
}

#[test]
fn an_index_trigger_is_not_supported() {
    let mut world = world();
    let kind = |source| OrderKind::StopMarket { trigger: Trigger { source, ..trigger(105) } };
    world.place(Buy, 1, kind(TriggerSource::Index));
    world.place(Buy, 1, kind(TriggerSource::Last));
    assert_eq!(world.hear(), ["rejected not_supported", "accepted"]);
}

#[test]
fn nothing_trades_before_the_first_price() {
    let mut world = World::new(&free());
    world.place(Buy, 1, Market);
    assert_eq!(world.hear(), ["rejected market_closed"]);
}

#[test]
fn a_client_id_is_taken_once_while_it_works_and_after_it_ended() {
    let mut world = world();
    for kind in [limit(90), Market, limit(0)] {
        let order = world.place(Buy, 1, kind);
        world.events.clear();
        let request = OrderRequest {
            order,
            role: OrderRole::Entry,
            side: Buy,
            qty: QtyUnits::new(1),
            kind,
            reduce_only: false,
        };
        world.ask(VenueRequest::Place(request));
        world.ask(VenueRequest::Place(request));
        assert_eq!(world.hear(), ["rejected duplicate_id", "rejected duplicate_id"], "{kind:?}");
    }
}

#[test]
fn a_reduce_only_order_without_a_position_is_refused() {
    let mut world = world();
    world.reduce(Sell, 1, limit(110));
    assert_eq!(world.hear(), ["rejected nothing_to_reduce"]);
    world.place(Buy, 1, Market);
    world.hear();
    world.reduce(Buy, 1, limit(90));
    assert_eq!(world.hear(), ["rejected nothing_to_reduce"]);
}

#[test]
fn a_reduce_only_order_fills_no_more_than_the_position_and_ends() {
    let mut world = world();
    world.place(Buy, 3, Market);
    world.hear();
    world.reduce(Sell, 10, Market);
    assert_eq!(world.hear(), ["accepted", "filled 3@100", "cancelled NothingToReduce"]);
    assert_eq!(world.position(), 0);
}

#[test]
fn a_reversal_ends_the_orders_that_reduced_the_old_side() {
    let mut world = world();
    world.place(Buy, 3, Market);
    world.reduce(Sell, 3, stop(90));
    world.hear();
    world.place(Sell, 5, Market);
    assert_eq!(world.hear(), ["accepted", "filled 5@100", "cancelled NothingToReduce"]);
    assert_eq!(world.position(), -2);
}

#[test]
fn open_increasing_orders_count_against_the_margin() {
    let mut rules = spec("BTC/USD:USD");
    rules.leverage_max = Ratio::new(10.into());
    let mut world = World::with(&free(), vec![rules], "1000");
    world.open([100; 4]);
    world.place(Buy, 60, limit(90));
    world.place(Buy, 40, Market);
    world.place(Buy, 1, limit(95));
    world.place(Sell, 140, limit(110));
    world.place(Sell, 1, limit(120));
    let accepted = "accepted";
    let refused = "rejected insufficient_funds";
    assert_eq!(world.hear(), [accepted, accepted, "filled 40@100", refused, accepted, refused]);
}

#[test]
fn simulator_leverage_lowers_what_can_be_carried() {
    let leverage = Some(Ratio::new(2.into()));
    let mut world = World::new(&SimulatorSettings { leverage, ..free() });
    world.open([100; 4]);
    world.place(Buy, 201, Market);
    world.place(Buy, 200, Market);
    assert_eq!(world.hear(), ["rejected insufficient_funds", "accepted", "filled 200@100"]);
    assert_eq!(world.exchange.account().margin_used, money("10000"));
}

#[test]
fn margin_of_other_instruments_is_not_free() {
    let mut world = World::new(&free());
    world.open([100; 4]);
    world.exchange.bar_open(world.now, ETH, &bar(0, [100; 4]));
    world.place(Buy, 900, Market);
    world.place_on(ETH, Buy, 101, Market, false);
    world.place_on(ETH, Buy, 100, Market, false);
    let refused = "rejected insufficient_funds";
    assert_eq!(world.hear(), ["accepted", "filled 900@100", refused, "accepted", "filled 100@100"]);
}

#[test]
fn spot_cannot_go_short_and_needs_the_money() {
    let mut rules = spec("BTC/USD");
    rules.kind = ContractKind::Spot;
    rules.leverage_max = Ratio::new(1.into());
    let mut world = World::with(&free(), vec![rules], "1000");
    world.open([100; 4]);
    world.place(Sell, 1, Market);
    world.place(Buy, 11, Market);
    world.place(Buy, 10, Market);
    world.place(Sell, 11, Market);
    let refused = "rejected insufficient_funds";
    assert_eq!(world.hear(), [refused, refused, "accepted", "filled 10@100", refused]);
    world.place(Sell, 10, stop(90));
    world.place(Sell, 10, Market);
    assert_eq!(world.hear(), ["accepted", "accepted", "filled 10@100", "cancelled NothingToReduce"]);
}

#[test]
fn a_two_hundred_and_first_order_on_an_instrument_is_refused() {
    let mut world = world();
    for price in 1..=200 {
        world.place(Buy, 1, limit(1 + price % 90));
    }
    world.hear();
    world.place(Buy, 1, limit(1));
    assert_eq!(world.hear(), ["rejected rate_limited"]);
}

#[test]
fn a_cancel_ends_an_order_once() {
    let mut world = world();
    let order = world.place(Buy, 1, limit(90));
    world.ask(VenueRequest::Cancel { order });
    world.ask(VenueRequest::Cancel { order });
    assert_eq!(world.hear(), ["accepted", "cancelled Requested", "cancel rejected order_not_found"]);
}

#[test]
fn an_amended_stop_acts_at_its_new_price_and_quantity() {
    let mut world = World::new(&free());
    world.long(5, 100);
    let order = world.reduce(Sell, 5, stop(90));
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::new(3), kind: stop(95) });
    world.bar([100, 101, 94, 96]);
    assert_eq!(world.hear(), ["accepted", "amended", "triggered", "filled 3@95"]);
}

#[test]
fn an_amendment_against_the_rules_leaves_the_order_as_it_was() {
    let mut world = World::new(&free());
    world.long(5, 100);
    let order = world.reduce(Sell, 5, stop(90));
    world.hear();
    let five = QtyUnits::new(5);
    world.ask(VenueRequest::Amend { order, qty: five, kind: stop(100) });
    world.ask(VenueRequest::Amend { order, qty: five, kind: limit(110) });
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::ZERO, kind: stop(91) });
    let unknown = OrderRef { instrument: BTC, id: ClientOrderId { run: 9, sequence: 9 } };
    world.ask(VenueRequest::Amend { order: unknown, qty: five, kind: stop(91) });
    assert_eq!(
        world.hear(),
        [
            "amend rejected would_trigger_immediately",
            "amend rejected not_supported",
            "amend rejected invalid_quantity",
            "amend rejected order_not_found"
        ]
    );
    world.bar([100, 101, 90, 96]);
    assert_eq!(world.hear(), ["triggered", "filled 5@90"]);
}

#[test]
fn an_increase_by_amendment_needs_margin() {
    let mut world = world();
    let order = world.place(Buy, 10, limit(90));
    world.hear();
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::new(2_000), kind: limit(90) });
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::new(20), kind: limit(91) });
    assert_eq!(world.hear(), ["amend rejected insufficient_funds", "amended"]);
}

#[test]
fn a_limit_amended_through_the_market_takes_at_once_and_a_post_only_is_refused() {
    let mut world = world();
    let order = world.place(Buy, 2, limit(90));
    let passive = world.place(Buy, 2, post_only(90));
    world.hear();
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::new(2), kind: limit(105) });
    world.ask(VenueRequest::Amend { order: passive, qty: QtyUnits::new(2), kind: post_only(100) });
    assert_eq!(world.hear(), ["amended", "filled 2@100", "amend rejected would_take_liquidity"]);
}

#[test]
fn an_order_amended_down_to_what_has_filled_ends() {
    let volume_limit_pct = Some("10".parse().unwrap());
    let mut world = World::new(&SimulatorSettings { volume_limit_pct, ..free() });
    world.open_candle(bar_with_volume(0, [100; 4], 30.0));
    let order = world.place(Buy, 5, limit(100));
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::new(3), kind: limit(100) });
    assert_eq!(world.hear(), ["accepted", "filled 3@100", "amended", "cancelled Requested"]);
}

#[test]
fn reports_are_complete_and_say_what_is() {
    let mut world = World::new(&free());
    world.long(5, 100);
    let order = world.reduce(Sell, 5, stop(90));
    let asked_at = world.now;
    for question in [
        VenueRequest::QueryOrder { order },
        VenueRequest::QueryOpenOrders,
        VenueRequest::QueryPositions,
        VenueRequest::QueryBalance,
    ] {
        world.send(question);
    }
    world.events.clear();
    world.drain(asked_at);
    let [one, orders, positions, balance] = &world.events[..] else { panic!("{:?}", world.events) };
    let VenueEvent::Order { report: one, .. } = &one.1 else { panic!("{one:?}") };
    let VenueEvent::OpenOrders(orders) = &orders.1 else { panic!("{orders:?}") };
    let VenueEvent::Positions(positions) = &positions.1 else { panic!("{positions:?}") };
    assert_eq!((one.coverage, one.taken_at, &one.rows), (Coverage::Complete, asked_at, &orders.rows));
    assert_eq!((one.rows[0].kind, one.rows[0].reduce_only, one.rows.len()), (stop(90), true, 1));
    assert_eq!((positions.rows[0].qty.get(), positions.rows[0].entry_price.get()), (5, 100));
    assert_eq!(say(&balance.1), "balance 9500");
}

#[test]
fn ended_orders_are_remembered_and_unknown_ones_are_proven_absent() {
    let mut world = world();
    let filled = world.place(Buy, 1, Market);
    let cancelled = world.place(Buy, 1, limit(90));
    world.ask(VenueRequest::Cancel { order: cancelled });
    let rejected = world.place(Buy, 1, limit(0));
    let absent = OrderRef { instrument: BTC, id: ClientOrderId { run: 1, sequence: 77 } };
    world.hear();
    for order in [filled, cancelled, rejected, absent] {
        world.ask(VenueRequest::QueryOrder { order });
    }
    let said = world.hear();
    assert_eq!(said, ["order Some(Filled)", "order Some(Cancelled)", "order Some(Rejected)", "order None"]);
}

#[test]
fn an_order_that_the_venue_has_forgotten_is_not_reported_as_absent() {
    let mut world = world();
    let first = world.place(Buy, 1, limit(90));
    world.ask(VenueRequest::Cancel { order: first });
    world.sequence += 1_023;
    let later = world.place(Buy, 1, limit(90));
    world.ask(VenueRequest::Cancel { order: later });
    world.events.clear();
    world.ask(VenueRequest::QueryOrder { order: first });
    let VenueEvent::Order { report, .. } = &world.events[0].1 else { panic!("{:?}", world.events) };
    assert_eq!((report.coverage, report.rows.len()), (Coverage::Failed, 0));
}

#[test]
fn requests_and_events_each_travel_for_the_latency() {
    let mut world = World::new(&SimulatorSettings { latency_ms: 150, ..free() });
    let at = |millis| START.plus(Span::from_millis(millis));
    world.exchange.bar_open(START, BTC, &bar(0, [100; 4]));
    assert_eq!(world.exchange.next_at(), None);
    world.now = at(10);
    world.sequence = 1;
    let order = OrderRef { instrument: BTC, id: ClientOrderId { run: 1, sequence: 1 } };
    let request = OrderRequest {
        order,
        role: OrderRole::Entry,
        side: Buy,
        qty: QtyUnits::new(1),
        kind: Market,
        reduce_only: false,
    };
    world.send(VenueRequest::Place(request));
    assert_eq!(world.exchange.next_at(), Some(at(160)));
    assert_eq!(world.exchange.next_event(at(309)), None);
    assert_eq!(world.exchange.next_at(), Some(at(310)));
    world.drain(at(310));
    let times: Vec<_> = world.events.iter().map(|(at, event)| (*at, say(event))).collect();
    assert_eq!(times, [(at(310), "accepted".to_owned()), (at(310), "filled 1@100".to_owned())]);
    assert_eq!(world.fills()[0].venue_time, at(160));
    assert_eq!(world.exchange.next_at(), None);
}

#[test]
fn an_instrument_with_something_on_the_way_is_not_idle() {
    let mut world = World::new(&SimulatorSettings { latency_ms: 100, ..free() });
    world.open([100; 4]);
    assert!(world.exchange.is_idle(BTC));
    let order = OrderRef { instrument: BTC, id: ClientOrderId { run: 1, sequence: 1 } };
    world.send(VenueRequest::Cancel { order });
    assert!(!world.exchange.is_idle(BTC) && world.exchange.is_idle(ETH));
    world.drain(world.now.plus(Span::from_millis(199)));
    assert_eq!(world.hear(), none());
    assert!(!world.exchange.is_idle(BTC));
    world.drain(world.now.plus(Span::from_millis(1)));
    assert_eq!(world.hear(), ["cancel rejected order_not_found"]);
    assert!(world.exchange.is_idle(BTC));
}

#[test]
fn an_unknown_instrument_is_answered_not_ignored() {
    let mut world = world();
    let nowhere = InstrumentId(7);
    let order = world.place_on(nowhere, Buy, 1, Market, false);
    world.ask(VenueRequest::Cancel { order });
    world.ask(VenueRequest::Amend { order, qty: QtyUnits::new(1), kind: Market });
    let said = world.hear();
    assert_eq!(said, ["rejected other", "cancel rejected order_not_found", "amend rejected order_not_found"]);
}

#[test]
fn the_capabilities_are_what_the_exchange_does() {
    let capabilities = Exchange::capabilities(&SimulatorSettings { latency_ms: 250, ..free() });
    assert!(
        capabilities.amend && capabilities.lossless_order_stream && capabilities.cancels_orphaned_reduce_only
    );
    assert_eq!(capabilities.stop_triggers[..], [TriggerSource::Mark, TriggerSource::Last]);
    assert_eq!(capabilities.acceptance_horizon, Span::from_millis(1_500));
}

#[test]
fn an_exchange_that_cannot_be_is_refused_with_the_reason() {
    let table = instruments(vec![spec("BTC/USD:USD"), spec("ETH/USD:USD")]);
    let build = |settings: &SimulatorSettings, table: &[_], cash| Exchange::new(settings, table, money(cash));
    let settings = SimulatorSettings { latency_ms: 99_999, ..free() };
    let setting = build(&settings, &table, "1").unwrap_err();
    assert!(setting.to_string().starts_with("simulator.latency_ms is 99999"), "{setting}");
    assert_eq!(
        build(&free(), &table, "0").unwrap_err(),
        SimulatorError::InitialCash { value: "0".to_owned() }
    );
    let order = build(&free(), &table[1..], "1").unwrap_err();
    assert!(order.to_string().contains("ETH/USD:USD has number 1, but stands at place 0"), "{order}");
    let mixed = instruments(vec![spec("BTC/USD:USD"), spec("ETH/EUR:EUR")]);
    let settlement = build(&free(), &mixed, "1").unwrap_err();
    assert!(settlement.to_string().contains("ETH/EUR:EUR settles in EUR, the others in USD"), "{settlement}");
}

#[test]
fn settings_read_from_text_with_their_defaults_and_refuse_unknown_keys() {
    let read = |text: &str| {
        use serde::Deserialize;
        let pairs = text.split_whitespace().map(|pair| pair.split_once('=').unwrap());
        let map = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(pairs);
        SimulatorSettings::deserialize(map)
    };
    assert_eq!(read("").unwrap(), SimulatorSettings::default());
    let settings = read("taker_fee_bps=7.5 funding=off margin_mode=isolated limit_fill=through").unwrap();
    assert_eq!(settings.taker_fee_bps.to_string(), "7.5");
    assert_eq!((settings.funding, settings.margin_mode), (Toggle::Off, MarginMode::Isolated));
    assert_eq!(settings.limit_fill, LimitFill::Through);
    assert!(read("taker_fee=5").unwrap_err().to_string().contains("unknown field `taker_fee`"));
    assert!(read("funding=maybe").unwrap_err().to_string().contains("`on` or `off`"));
}
