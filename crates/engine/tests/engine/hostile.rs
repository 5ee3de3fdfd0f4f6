//! Inputs that no honest driver sends: the engine ignores them with an alert or counts them at their worst,
//! never panics, never spins, and its books hold.

use crate::common::bench::Bench;
use crate::common::script::plan;
use crate::common::{at, price, qty, remote, setup};
use proptest::prelude::*;
use rust_decimal::Decimal;
use seawall_engine::{Effects, Engine};
use seawall_model::{
    AlertKind, CancelReason, Candle, ClientOrderId, Command, Coverage, Fill, FillCause, Input, InstrumentId,
    Liquidity, Money, OrderKind, OrderRef, OrderState, RejectReason, Report, Side, Span, SubmitOutcome,
    SystemMode, Timeframe, Trigger, TriggerSource, VenueEvent, VenueId, VenueOrder, VenuePosition,
};
use seawall_strategy::{Direction, Evaluation};

fn order() -> impl Strategy<Value = OrderRef> {
    (0_u32..3, 6_u32..8, 0_u32..12).prop_map(|(number, run, sequence)| OrderRef {
        instrument: InstrumentId(number),
        id: ClientOrderId { run, sequence },
    })
}

fn reason() -> impl Strategy<Value = RejectReason> {
    prop::sample::select(vec![
        RejectReason::WouldTriggerImmediately,
        RejectReason::NothingToReduce,
        RejectReason::DuplicateId,
        RejectReason::OrderNotFound,
        RejectReason::RateLimited,
    ])
}

fn coverage() -> impl Strategy<Value = Coverage> {
    prop_oneof![
        3 => Just(Coverage::Complete),
        1 => Just(Coverage::Failed),
        1 => Just(Coverage::Window { from: at(0), to: at(60) }),
    ]
}

fn kind() -> impl Strategy<Value = OrderKind> {
    (-10_i64..20_000, any::<bool>()).prop_map(|(units, stop)| {
        let trigger = Trigger { price: price(units), source: TriggerSource::Mark };
        if stop { OrderKind::StopMarket { trigger } } else { OrderKind::Market }
    })
}

fn fill() -> impl Strategy<Value = Fill> {
    let ids = (prop::option::of(order()), 0_u32..3, 0_u64..40);
    let sizes = (any::<bool>(), -5_i64..3_000, 0_i64..20_000, -200_i64..1_000, 0_i64..4_000);
    (ids, sizes).prop_map(|((order, number, id), (buy, size, units, seconds, fee))| Fill {
        instrument: order.map_or(InstrumentId(number), |order| order.instrument),
        order,
        fill_id: VenueId::Number(id),
        side: if buy { Side::Buy } else { Side::Sell },
        qty: qty(size),
        price: price(units),
        fee: Money::new(Decimal::new(fee, 3)),
        liquidity: Liquidity::Taker,
        cause: if id % 7 == 0 { FillCause::Liquidation } else { FillCause::Order },
        venue_time: at(seconds),
    })
}

fn row() -> impl Strategy<Value = VenueOrder> {
    let states = prop::sample::select(OrderState::ALL.to_vec());
    (prop::option::of(order()), 0_u32..3, any::<bool>(), 0_i64..3_000, 0_i64..3_000, kind(), states).prop_map(
        |(order, number, reduce_only, size, filled, kind, state)| VenueOrder {
            instrument: InstrumentId(number),
            order,
            venue_order_id: VenueId::Number(size.unsigned_abs()),
            side: if reduce_only { Side::Sell } else { Side::Buy },
            qty: qty(size),
            filled: qty(filled),
            kind,
            reduce_only,
            state,
        },
    )
}

fn position() -> impl Strategy<Value = VenuePosition> {
    (0_u32..3, -3_000_i64..3_000, -5_i64..20_000).prop_map(|(number, size, units)| VenuePosition {
        instrument: InstrumentId(number),
        qty: qty(size),
        entry_price: price(units),
    })
}

fn report<T: std::fmt::Debug>(
    rows: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = Report<T>> {
    (coverage(), -100_i64..1_000, prop::collection::vec(rows, 0..most))
        .prop_map(|(coverage, seconds, rows)| Report { coverage, taken_at: at(seconds), rows })
}

fn event() -> impl Strategy<Value = VenueEvent> {
    prop_oneof![
        order().prop_map(|order| VenueEvent::Accepted { order, venue_order_id: VenueId::Number(1) }),
        (order(), reason()).prop_map(|(order, reason)| VenueEvent::Rejected { order, reason }),
        order().prop_map(|order| VenueEvent::Triggered { order }),
        fill().prop_map(VenueEvent::Filled),
        (order(), any::<bool>()).prop_map(|(order, venue)| VenueEvent::Cancelled {
            order,
            reason: if venue { CancelReason::Venue } else { CancelReason::Requested },
        }),
        (order(), reason()).prop_map(|(order, reason)| VenueEvent::CancelRejected { order, reason }),
        (order(), -5_i64..3_000, kind()).prop_map(|(order, size, kind)| VenueEvent::Amended {
            order,
            qty: qty(size),
            kind,
        }),
        (order(), reason()).prop_map(|(order, reason)| VenueEvent::AmendRejected { order, reason }),
        (0_u32..4, -500_i64..500).prop_map(|(number, cents)| VenueEvent::Funding {
            instrument: InstrumentId(number),
            amount: Money::new(Decimal::new(cents, 2)),
        }),
        (order(), report(row(), 2)).prop_map(|(order, report)| VenueEvent::Order { order, report }),
        report(row(), 6).prop_map(VenueEvent::OpenOrders),
        report(position(), 3).prop_map(VenueEvent::Positions),
        (coverage(), -100_000_i64..1_000_000).prop_map(|(coverage, cents)| VenueEvent::Balance {
            coverage,
            amount: Money::new(Decimal::new(cents, 2)),
        }),
    ]
}

fn candle() -> impl Strategy<Value = (Timeframe, Candle)> {
    let minutes = (-3_i64..30, 1_i64..3);
    let prices = (-2_i64..12_000, -2_i64..12_000, -2_i64..12_000, -2_i64..12_000);
    (minutes, prices, any::<bool>()).prop_map(|((minute, length), (open, high, low, close), wrong)| {
        let open_time = at(minute * 60);
        let known_at = open_time.plus(Span::from_secs(length * 60));
        let timeframe = if wrong { Timeframe::M5 } else { Timeframe::M1 };
        let (open, high, low, close) = (price(open), price(high), price(low), price(close));
        (timeframe, Candle { open_time, known_at, open, high, low, close, volume: 1.0 })
    })
}

fn input() -> impl Strategy<Value = Input> {
    let modes = [SystemMode::Normal, SystemMode::Cautious, SystemMode::ReduceOnly, SystemMode::Flatten];
    prop_oneof![
        1 => Just(Input::Started),
        4 => Just(Input::Wakeup),
        8 => event().prop_map(Input::Venue),
        3 => (0_u32..4, candle()).prop_map(|(number, (timeframe, candle))| Input::Candle {
            instrument: InstrumentId(number),
            timeframe,
            candle,
        }),
        1 => (0_u32..4, -5_i64..20_000, -5_i64..20_000).prop_map(|(number, bid, ask)| Input::Quote {
            instrument: InstrumentId(number),
            bid: price(bid),
            ask: price(ask),
        }),
        1 => (0_u32..4, -5_i64..20_000)
            .prop_map(|(number, units)| {
                let instrument = InstrumentId(number);
                Input::Mark { instrument, price: price(units) }
            }),
        2 => (order(), any::<bool>()).prop_map(|(order, sent)| Input::Submission {
            order,
            outcome: if sent { SubmitOutcome::Unknown } else { SubmitOutcome::NotSent },
        }),
        1 => prop::sample::select(modes.to_vec()).prop_map(|mode| Input::Operator(Command::SetMode(mode))),
        1 => (0_u32..4).prop_map(|number| Input::Operator(Command::Close(InstrumentId(number)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_inputs_leaves_books_that_balance_and_positions_that_are_sums_of_fills(
        inputs in prop::collection::vec((-2_i64..9, input()), 1..120)
    ) {
        let setup = setup(3, remote());
        let mut engine = crate::common::world::engine(5, &setup, 1_000);
        let mut effects = Effects::new();
        let mut held = [0_i64; 3];
        let mut now = at(0);
        for (seconds, input) in &inputs {
            // Time runs backwards now and then.
            now = now.plus(Span::from_secs(*seconds));
            engine.step(now, input, &mut effects);
            for fill in &effects.fills {
                held[fill.instrument.index()] += fill.side.signed(fill.qty).get();
            }
            prop_assert!(engine.ledger().is_balanced() && engine.ledger().total().unwrap().is_zero());
            prop_assert!(engine.equity().is_some());
            prop_assert!(effects.requests.len() < 100);
            for number in 0..3_u32 {
                let qty = engine.position(InstrumentId(number)).unwrap().qty;
                prop_assert_eq!(qty.get(), held[number as usize]);
                prop_assert!(engine.live_orders(InstrumentId(number)).count() < 200);
            }
        }
        wakes_strictly_later(&mut engine, &mut effects)?;
    }
}

/// Wake-ups come strictly later each time and are few: nothing that is stuck makes the engine spin.
fn wakes_strictly_later(engine: &mut Engine, effects: &mut Effects) -> Result<(), TestCaseError> {
    let Some(first) = engine.next_wakeup() else { return Ok(()) };
    let (mut count, mut now) = (0, first);
    let end = first.plus(Span::from_secs(60));
    while let Some(wake) = engine.next_wakeup().filter(|wake| *wake < end) {
        prop_assert!(wake >= now, "{wake} after {now}");
        engine.step(wake, &Input::Wakeup, effects);
        prop_assert!(engine.next_wakeup().is_none_or(|next| next > wake));
        now = wake;
        count += 1;
    }
    prop_assert!(count < 1_000, "{count} wake-ups in a minute");
    Ok(())
}

fn ignored(bench: &mut Bench, input: Input, kind: AlertKind) {
    let before = bench.digest_but_time();
    bench.input(input);
    assert!(bench.alerted(kind), "no alert {kind:?}");
    assert_eq!(bench.digest_but_time(), before);
}

#[test]
fn candles_that_are_doubled_late_wrong_or_impossible_are_ignored_with_an_alert() {
    let mut bench = Bench::ready(remote());
    bench.candle(10_000);
    let good = bench.last_candle();
    let candle = |timeframe, candle| Input::Candle { instrument: InstrumentId(0), timeframe, candle };
    ignored(&mut bench, candle(Timeframe::M1, good), AlertKind::DataHole);
    let late = Candle { open_time: good.open_time.minus(Timeframe::M1.span()), ..good };
    ignored(&mut bench, candle(Timeframe::M1, late), AlertKind::DataHole);
    let next =
        Candle { open_time: good.known_at, known_at: good.known_at.plus(Timeframe::M1.span()), ..good };
    ignored(&mut bench, candle(Timeframe::M5, next), AlertKind::DataHole);
    for impossible in [
        Candle { low: price(0), ..next },
        Candle { close: price(0), low: price(0), ..next },
        Candle { close: price(20_000), ..next },
        Candle { high: price(-4), ..next },
    ] {
        ignored(&mut bench, candle(Timeframe::M1, impossible), AlertKind::DataHole);
    }
}

#[test]
fn prices_that_are_not_above_zero_are_ignored_with_an_alert() {
    let mut bench = Bench::ready(remote());
    bench.candle(10_000);
    let id = InstrumentId(0);
    ignored(&mut bench, Input::Mark { instrument: id, price: price(0) }, AlertKind::DataHole);
    ignored(&mut bench, Input::Mark { instrument: id, price: price(-1) }, AlertKind::DataHole);
    ignored(&mut bench, Input::Quote { instrument: id, bid: price(0), ask: price(0) }, AlertKind::DataHole);
    ignored(&mut bench, Input::Quote { instrument: id, bid: price(9), ask: price(8) }, AlertKind::DataHole);
}

#[test]
fn a_clock_that_goes_backwards_is_kept_at_its_latest_instant_and_deadlines_hold() {
    let mut bench = Bench::ready(remote());
    bench.enter(plan(Direction::Long));
    let wake = bench.engine.next_wakeup();
    bench.now = at(-3_600);
    bench.input(Input::Mark { instrument: InstrumentId(0), price: price(10_000) });
    assert!(bench.alerted(AlertKind::ClockBackwards));
    assert_eq!(bench.engine.next_wakeup(), wake);
}

#[test]
fn an_entry_is_not_decided_on_a_candle_that_was_ignored() {
    let mut bench = Bench::ready(remote());
    bench.candle(10_000);
    let good = bench.last_candle();
    bench.script.push(Evaluation::Enter(plan(Direction::Long)));
    bench.input(Input::Candle { instrument: InstrumentId(0), timeframe: Timeframe::M1, candle: good });
    assert!(bench.placements().is_empty());
}
