//! Measurements, not assertions, to be run one at a time:
//! `cargo test --release -p seawall-simulator --test simulator speed:: -- --ignored --nocapture
//! --test-threads 1`.

#![allow(clippy::print_stdout, reason = "a measurement prints")]

use std::hint::black_box;
use std::time::Instant;

use crate::common::*;
use seawall_model::{Money, OrderKind, PriceUnits, Side, Span, TimeInForce, VenueEvent, VenueRequest};
use seawall_simulator::synthetic::{SyntheticMarket, SyntheticSettings, candles};
use seawall_simulator::{Exchange, SimulatorSettings};

const COUNT: usize = 1_000_000;

fn exchange() -> Exchange {
    let market = SyntheticMarket::new(&SyntheticSettings::default());
    Exchange::new(&SimulatorSettings::default(), &market.table().unwrap(), money("1000000")).unwrap()
}

fn report(what: &str, started: Instant, count: usize) {
    println!("{what}: {:.1} ns", started.elapsed().as_nanos() as f64 / count as f64);
}

#[test]
#[ignore = "a measurement"]
fn synthetic_candles() {
    let started = Instant::now();
    black_box(candles(1, 0, COUNT));
    report("synthetic candle", started, COUNT);
    let started = Instant::now();
    let events = SyntheticMarket::new(&SyntheticSettings::default()).take(COUNT).count();
    report("synthetic event", started, events);
}

#[test]
#[ignore = "a measurement"]
fn idle_bars() {
    let series = candles(1, 0, COUNT);
    for round in 0..3 {
        let mut exchange = exchange();
        let started = Instant::now();
        for candle in &series {
            if exchange.is_idle(BTC) {
                exchange.skip_to(BTC, candle);
            }
            if exchange.next_at().is_some() {
                black_box(&exchange);
            }
        }
        report(&format!("idle bar, skipped ({round})"), started, COUNT);
        black_box(exchange.account());
        let started = Instant::now();
        for candle in &series {
            exchange.bar_open(candle.open_time, BTC, candle);
            exchange.bar_range(candle.open_time.plus(Span::from_secs(30)), BTC, candle);
        }
        report("idle bar, walked", started, COUNT);
    }
}

#[test]
#[ignore = "a measurement"]
fn bars_with_a_bracketed_position() {
    let series = candles(1, 0, COUNT);
    let mut world = World { exchange: exchange(), now: START, minute: 0, sequence: 0, events: Vec::new() };
    world.now = series[0].open_time;
    world.exchange.bar_open(world.now, BTC, &series[0]);
    world.place(Side::Buy, 10_000, OrderKind::Market);
    world.reduce(Side::Sell, 10_000, stop(5));
    world.reduce(Side::Sell, 10_000, limit(500_000_000));
    let started = Instant::now();
    for candle in &series {
        world.exchange.bar_open(candle.open_time, BTC, candle);
        while let Some(event) = world.exchange.next_event(candle.open_time) {
            black_box(event);
        }
        world.exchange.bar_range(candle.open_time.plus(Span::from_secs(30)), BTC, candle);
        while let Some(event) = world.exchange.next_event(candle.known_at) {
            black_box(event);
        }
    }
    report("bar with a position, a stop and a target", started, COUNT);
    assert_ne!(world.exchange.account().cash, Money::ZERO);
}

/// Entry, stop and target placed; the position closed at market and the orders cancelled by the venue:
/// 4 requests and 11 events over three bars.
#[test]
#[ignore = "a measurement"]
fn round_trips() {
    let series = candles(1, 0, COUNT);
    for _ in 0..3 {
        let mut world =
            World { exchange: exchange(), now: START, minute: 0, sequence: 0, events: Vec::new() };
        let (mut trips, mut events) = (0, 0);
        let started = Instant::now();
        for candles in series.chunks_exact(3) {
            for (step, candle) in candles.iter().enumerate() {
                let mut now = candle.open_time;
                world.exchange.bar_open(now, BTC, candle);
                let requests: &[(Side, OrderKind, bool)] = match step {
                    0 => &[(Side::Buy, OrderKind::Market, false)],
                    1 => &[
                        (Side::Sell, stop(100_000), true),
                        (
                            Side::Sell,
                            OrderKind::Limit {
                                price: PriceUnits::new(90_000_000),
                                time_in_force: TimeInForce::GoodTilCancelled,
                            },
                            true,
                        ),
                    ],
                    _ => &[(Side::Sell, OrderKind::Market, true)],
                };
                for (side, kind, reduce_only) in requests {
                    world.sequence += 1;
                    let order = request(world.sequence, *side, *kind, *reduce_only);
                    world.exchange.send(now, VenueRequest::Place(order));
                }
                while let Some((at, event)) =
                    world.exchange.next_event(candle.open_time.plus(Span::from_secs(30)))
                {
                    now = now.max(at);
                    events += usize::from(!matches!(event, VenueEvent::Rejected { .. }));
                }
                world.exchange.bar_range(candle.open_time.plus(Span::from_secs(30)), BTC, candle);
                while let Some((_, event)) = world.exchange.next_event(candle.known_at) {
                    black_box(event);
                }
            }
            trips += 1;
        }
        report(&format!("round trip over three bars ({} events)", events / trips), started, trips);
        assert_eq!(world.exchange.account().positions, []);
    }
}

fn request(sequence: u32, side: Side, kind: OrderKind, reduce_only: bool) -> seawall_model::OrderRequest {
    seawall_model::OrderRequest {
        order: seawall_model::OrderRef {
            instrument: BTC,
            id: seawall_model::ClientOrderId { run: 1, sequence },
        },
        role: seawall_model::OrderRole::Entry,
        side,
        qty: seawall_model::QtyUnits::new(10),
        kind,
        reduce_only,
    }
}
