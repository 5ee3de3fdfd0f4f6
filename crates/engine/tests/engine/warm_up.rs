//! A start that protects before its feeds and candles are there: candles of the past may come after it, and
//! what they would have led to is past.

use crate::common::bench::{BTC, Bench, row};
use crate::common::script::plan;
use crate::common::{T0, price, remote};
use seawall_engine::{Block, Phase};
use seawall_model::{
    AlertKind, Candle, ExitReason, Input, Ohlc, OrderRole, OrderState, Span, Timeframe, VenueEvent,
    VenueRequest,
};
use seawall_strategy::{Direction, Evaluation};

/// A candle that closed `minutes` before the start.
fn past(bench: &mut Bench, minutes: i64, close: i64) {
    let close = price(close);
    let prices = Ohlc { open: close, high: close, low: close, close };
    let open_time = Timeframe::M1.floor(T0).minus(Span::from_secs(60 * (minutes + 1)));
    let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
    bench.input(Input::Past { instrument: BTC, timeframe: Timeframe::M1, candle });
}

/// A start that has found one contract, bought at 100.00, and has protected it.
fn adopted() -> Bench {
    let mut bench = Bench::started(remote());
    bench.open_orders(Vec::new());
    bench.positions(1_000, 10_000);
    bench.balance(10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    assert!(bench.position().protected);
    bench.requests.clear();
    bench
}

#[test]
fn candles_of_the_past_close_open_and_judge_nothing_and_new_ones_do() {
    // A resumed run closed what it held on the signals of its warm-up.
    let mut bench = adopted();
    let equity = bench.engine.equity();
    bench.script.push(Evaluation::Exit(ExitReason::Signal));
    past(&mut bench, 3, 5_000);
    bench.script.push(Evaluation::Enter(plan(Direction::Short)));
    past(&mut bench, 2, 20_000);
    past(&mut bench, 1, 9_000);
    assert_eq!(bench.requests, [], "neither the exit nor the entry, and no stop was moved");
    assert_eq!((bench.held(), bench.exit()), (1_000, None));
    assert_eq!(bench.engine.equity(), equity, "prices that are gone");
    assert!(!bench.alerted(AlertKind::DataHole), "{:?}", bench.alerts);
    bench.script.push(Evaluation::Exit(ExitReason::Signal));
    bench.candle(10_000);
    assert!(bench.placements().iter().any(|order| order.role == OrderRole::Exit), "{:?}", bench.requests);
}

#[test]
fn the_past_of_a_flat_instrument_prices_it_until_something_newer_does() {
    let mut bench = Bench::ready(remote());
    past(&mut bench, 2, 9_000);
    past(&mut bench, 1, 9_100);
    past(&mut bench, 1, 9_200);
    assert!(bench.alerted(AlertKind::DataHole), "one comes once");
    let entry = bench.want(plan(Direction::Long));
    assert_eq!(entry.qty.get(), 1_000, "new candles act as ever");
}

#[test]
fn a_start_without_its_stream_asks_once_protects_and_is_ready_only_with_the_stream() {
    let mut bench = Bench::started(remote());
    bench.venue(VenueEvent::Stream { live: false });
    let asked = bench.requests.iter().filter(|request| **request == VenueRequest::QueryPositions).count();
    assert_eq!(asked, 1, "what the start asked for is on its way");
    bench.open_orders(Vec::new());
    bench.positions(1_000, 10_000);
    bench.balance(10_000);
    let stop = bench.placed(OrderRole::Stop);
    bench.accept(&stop);
    assert!(bench.position().protected);
    bench.pass_ms(6_000);
    assert!(bench.asked(VenueRequest::QueryPositions), "it looks again while it is blind");
    bench.open_orders(vec![row(&stop, OrderState::Open, 0)]);
    bench.positions(1_000, 10_000);
    bench.balance(10_000);
    assert_eq!(bench.engine.phase(), Phase::Reconciling);
    assert_eq!(bench.engine.blocks(), [Block::Stream { since: T0 }]);
    bench.requests.clear();
    bench.venue(VenueEvent::Stream { live: true });
    assert!(bench.asked(VenueRequest::QueryOpenOrders), "what happened meanwhile is not known");
    bench.open_orders(vec![row(&stop, OrderState::Open, 0)]);
    bench.positions(1_000, 10_000);
    bench.balance(10_000);
    assert_eq!(bench.engine.phase(), Phase::Ready, "{:?}", bench.engine.blocks_in_words());
}

#[test]
fn a_balance_that_overtakes_the_positions_is_asked_for_again_at_once() {
    // The start was ready at the next look only, seconds later.
    let mut bench = Bench::started(remote());
    bench.open_orders(Vec::new());
    bench.balance(10_000);
    bench.requests.clear();
    bench.positions(0, 0);
    bench.pass_ms(1);
    assert_eq!(bench.requests, [VenueRequest::QueryBalance]);
    bench.balance(10_000);
    assert_eq!(bench.engine.phase(), Phase::Ready);
}

#[test]
fn a_margin_wallet_is_not_taken_for_cash_while_positions_are_open() {
    // With a position open, equity was wrong by its value.
    let wallet = |balance: i64, later: &str| {
        let mut capabilities = remote();
        capabilities.balance_is_wallet = true;
        let mut bench = Bench::started(capabilities);
        bench.open_orders(Vec::new());
        bench.positions(1_000, 10_000);
        bench.balance(balance);
        let stop = bench.placed(OrderRole::Stop);
        bench.accept(&stop);
        for _ in 0..4 {
            bench.pass_ms(40_000);
            bench.open_orders(vec![row(&stop, OrderState::Open, 0)]);
            bench.positions(1_000, 10_000);
            let amount = later.parse().unwrap();
            bench.venue(VenueEvent::Balance { coverage: seawall_model::Coverage::Complete, amount });
        }
        (bench.engine.equity().unwrap().get().normalize().to_string(), bench.alerted(AlertKind::BalanceDrift))
    };
    assert_eq!(wallet(10_000, "10000"), ("10000".to_owned(), false));
    assert_eq!(wallet(10_000, "10000.00005"), ("10000".to_owned(), false), "the venue rounds");
    assert_eq!(wallet(10_000, "10002"), ("10002".to_owned(), true), "a real difference is booked");
}
