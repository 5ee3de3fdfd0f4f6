//! Random requests on random bars: what must hold whatever is asked and whatever the market does.

use std::collections::BTreeMap;

use crate::common::*;
use proptest::prelude::*;
use seawall_model::*;
use seawall_simulator::{Exchange, LimitFill, MarginMode, SimulatorSettings};

/// When in a bar something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    BeforeOpen,
    AfterOpen,
    AfterRange,
}

#[derive(Debug, Clone, Copy)]
enum Ask {
    Place { side: Side, qty: i64, shape: u8, offset: i64, reduce_only: bool },
    Amend { back: u32, qty: i64, offset: i64 },
    Cancel { back: u32 },
    Query { back: u32 },
}

#[derive(Debug, Clone)]
struct Bar {
    gap: i64,
    up: i64,
    down: i64,
    body: i64,
    volume: f64,
    asks: Vec<(When, u32, Ask)>,
}

fn ask() -> impl Strategy<Value = Ask> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        6 => (side, 1..30_i64, 0..8_u8, -12..12_i64, any::<bool>()).prop_map(
            |(side, qty, shape, offset, reduce_only)| Ask::Place { side, qty, shape, offset, reduce_only }
        ),
        2 => (0..6_u32, 0..30_i64, -12..12_i64)
            .prop_map(|(back, qty, offset)| Ask::Amend { back, qty, offset }),
        1 => (0..6_u32).prop_map(|back| Ask::Cancel { back }),
        1 => (0..6_u32).prop_map(|back| Ask::Query { back }),
    ]
}

fn bars() -> impl Strategy<Value = Vec<Bar>> {
    let when = prop_oneof![Just(When::BeforeOpen), Just(When::AfterOpen), Just(When::AfterRange)];
    let asks = prop::collection::vec((when, 0..2_u32, ask()), 0..4);
    let bar = (-8..8_i64, 0..15_i64, 0..15_i64, -10..10_i64, 0.0..400.0_f64, asks)
        .prop_map(|(gap, up, down, body, volume, asks)| Bar { gap, up, down, body, volume, asks });
    prop::collection::vec(bar, 1..40)
}

fn settings() -> impl Strategy<Value = SimulatorSettings> {
    (any::<[bool; 6]>(), 0..3_u32).prop_map(
        |([costs, volume, isolated, through, leverage, funding], latency)| {
            let free = free();
            let mut settings = SimulatorSettings { latency_ms: latency * 150, ..free };
            if costs {
                settings =
                    SimulatorSettings { latency_ms: settings.latency_ms, ..SimulatorSettings::default() };
            }
            settings.volume_limit_pct = volume.then(|| "10".parse().unwrap());
            settings.margin_mode = if isolated { MarginMode::Isolated } else { MarginMode::Cross };
            settings.limit_fill = if through { LimitFill::Through } else { LimitFill::Touch };
            settings.leverage = leverage.then(|| "3".parse().unwrap());
            settings.funding_rate_bps = if funding { bps(7) } else { settings.funding_rate_bps };
            settings
        },
    )
}

/// What is known of an order from the outside.
#[derive(Debug, Clone, Copy)]
struct Seen {
    request: OrderRequest,
    sent: Ts,
    state: OrderState,
    filled: i64,
}

struct Run {
    world: World,
    settings: SimulatorSettings,
    table: Vec<Instrument>,
    skips: bool,
    orders: BTreeMap<OrderRef, Seen>,
    positions: [i64; 2],
    cash: Money,
    /// Open times of all bars so far.
    opens: Vec<Ts>,
    closes: [i64; 2],
    /// The bar that is current for both instruments.
    candles: [Option<Candle>; 2],
    checked: usize,
}

fn specs() -> Vec<InstrumentSpec> {
    let mut eth = spec("ETH/USD:USD");
    eth.lot = "0.01".parse().unwrap();
    eth.tick = Some("0.5".parse().unwrap());
    vec![spec("BTC/USD:USD"), eth]
}

impl Run {
    fn new(settings: &SimulatorSettings, skips: bool) -> Self {
        let world = World::with(settings, specs(), "10000");
        Run {
            world,
            settings: settings.clone(),
            table: instruments(specs()),
            skips,
            orders: BTreeMap::new(),
            positions: [0; 2],
            cash: money("10000"),
            opens: Vec::new(),
            closes: [1_000; 2],
            candles: [None; 2],
            checked: 0,
        }
    }

    fn all(mut self, bars: &[Bar]) -> Self {
        for bar in bars {
            self.bar(bar);
        }
        let rest = self.world.now.plus(Span::from_secs(10));
        self.drain(rest);
        self
    }

    fn bar(&mut self, shape: &Bar) {
        let minute = i64::try_from(self.opens.len()).unwrap() * 60;
        let at = bar(minute, [1; 4]).open_time;
        self.drain(at.minus(Span::from_secs(20)));
        self.asks(shape, When::BeforeOpen);
        self.drain(at);
        self.opens.push(at);
        let next: Vec<Candle> = (0..2).map(|index| self.candle(minute, index, shape)).collect();
        let idle: Vec<bool> = (0..2)
            .map(|index| {
                self.skips && self.world.exchange.is_idle(InstrumentId(index)) && shape.asks.is_empty()
            })
            .collect();
        for (index, candle) in next.iter().enumerate() {
            self.candles[index] = Some(*candle);
            let id = InstrumentId(u32::try_from(index).unwrap());
            if idle[index] {
                self.world.exchange.skip_to(id, candle);
            } else {
                self.world.exchange.bar_open(at, id, candle);
            }
        }
        self.asks(shape, When::AfterOpen);
        let middle = at.plus(Span::from_secs(30));
        self.drain(middle);
        for (index, candle) in next.iter().enumerate() {
            let id = InstrumentId(u32::try_from(index).unwrap());
            if !idle[index] {
                self.world.exchange.bar_range(middle, id, candle);
            }
            self.closes[index] = candle.close.get();
        }
        self.asks(shape, When::AfterRange);
        self.drain(at.plus(Span::from_secs(59)));
    }

    fn candle(&self, minute: i64, index: u32, shape: &Bar) -> Candle {
        // ETH moves in steps of half its unit: its prices are on the tick only by chance.
        let index = usize::try_from(index).unwrap();
        let mirrored = if index == 0 { 1 } else { -1 };
        let open = (self.closes[index] + shape.gap * mirrored * 3).max(50);
        let close = (open + shape.body * mirrored * 3).max(50);
        let high = open.max(close) + shape.up * 3;
        let low = (open.min(close) - shape.down * 3).max(10);
        bar_with_volume(minute, [open, high, low, close], shape.volume)
    }

    fn asks(&mut self, shape: &Bar, when: When) {
        for (_, instrument, ask) in shape.asks.iter().filter(|(at, ..)| *at == when) {
            self.ask(InstrumentId(*instrument), *ask);
        }
    }

    fn ask(&mut self, instrument: InstrumentId, ask: Ask) {
        let last = self.closes[instrument.index()];
        let tick = self.table[instrument.index()].tick().get();
        let price = |offset: i64| ((last + offset * 3) / tick * tick).max(tick);
        let named = |back: u32, world: &World| OrderRef {
            instrument,
            id: ClientOrderId { run: 1, sequence: world.sequence.saturating_sub(back) },
        };
        let request = match ask {
            Ask::Place { side, qty, shape, offset, reduce_only } => {
                let kind = match shape {
                    0 => OrderKind::Market,
                    1 => limit(price(offset)),
                    2 => post_only(price(offset)),
                    3 => ioc(price(offset)),
                    4 => stop(price(offset)),
                    5 => stop_limit(price(offset), price(offset / 2)),
                    6 => take_profit(price(offset)),
                    _ => take_profit_limit(price(offset), price(offset / 2)),
                };
                self.world.sequence += 1;
                let id = ClientOrderId { run: 1, sequence: self.world.sequence };
                let (order, role, qty) = (OrderRef { instrument, id }, OrderRole::Entry, QtyUnits::new(qty));
                let request = OrderRequest { order, role, side, qty, kind, reduce_only };
                let seen = Seen { request, sent: self.world.now, state: OrderState::InFlight, filled: 0 };
                self.orders.insert(order, seen);
                VenueRequest::Place(request)
            }
            Ask::Amend { back, qty, offset } => {
                let order = named(back, &self.world);
                let before = self.orders.get(&order).map_or(OrderKind::Market, |seen| seen.request.kind);
                VenueRequest::Amend { order, qty: QtyUnits::new(qty), kind: moved(before, price(offset)) }
            }
            Ask::Cancel { back } => VenueRequest::Cancel { order: named(back, &self.world) },
            Ask::Query { back } => VenueRequest::QueryOrder { order: named(back, &self.world) },
        };
        self.world.send(request);
        self.drain(self.world.now.plus(Span::from_millis(400)));
    }

    fn drain(&mut self, until: Ts) {
        self.world.drain(until.max(self.world.now));
        while let Some((at, event)) = self.world.events.get(self.checked).cloned() {
            self.checked += 1;
            self.check(at, &event);
        }
    }

    fn after(&mut self, order: OrderRef, event: OrderEvent) -> Seen {
        let seen = self.orders.get_mut(&order).unwrap();
        seen.state = seen.state.after(event).unwrap();
        *seen
    }

    fn check(&mut self, at: Ts, event: &VenueEvent) {
        let latency = self.settings.latency();
        if let Some((before, _)) = self.checked.checked_sub(2).and_then(|index| self.world.events.get(index))
        {
            assert!(*before <= at, "events go back in time");
        }
        match event {
            VenueEvent::Accepted { order, .. } => {
                let seen = self.after(*order, OrderEvent::Accepted);
                assert!(at >= seen.sent.plus(latency).plus(latency));
            }
            VenueEvent::Rejected { order, .. } => {
                self.after(*order, OrderEvent::Rejected);
            }
            VenueEvent::Triggered { order } => {
                self.after(*order, OrderEvent::Triggered);
            }
            VenueEvent::Cancelled { order, .. } => {
                self.after(*order, OrderEvent::Cancelled);
            }
            VenueEvent::Amended { order, qty, kind } => {
                let seen = self.orders.get_mut(order).unwrap();
                assert!(seen.state.is_confirmed());
                (seen.request.qty, seen.request.kind) = (*qty, *kind);
            }
            VenueEvent::Filled(fill) => self.check_fill(at, fill),
            VenueEvent::Funding { amount, .. } => self.cash = self.cash.plus(*amount).unwrap(),
            VenueEvent::Order { order, report } => {
                let live = report.rows.first().filter(|row| row.state.is_live());
                if let (Some(row), Some(seen)) = (live, self.orders.get(order)) {
                    assert_eq!((row.qty, row.filled.get()), (seen.request.qty, seen.filled));
                    assert_eq!((row.kind, row.state), (seen.request.kind, seen.state));
                }
            }
            VenueEvent::CancelRejected { .. }
            | VenueEvent::AmendRejected { .. }
            | VenueEvent::OpenOrders(_)
            | VenueEvent::Positions(_)
            | VenueEvent::Balance { .. }
            | VenueEvent::Stream { .. }
            | VenueEvent::Booked(_)
            | VenueEvent::Elsewhere(_) => {}
        }
    }

    fn check_fill(&mut self, at: Ts, fill: &Fill) {
        let index = fill.instrument.index();
        let before = self.positions[index];
        let after = before + fill.side.signed(fill.qty).get();
        self.positions[index] = after;
        let value = self.table[index].notional(fill.price, fill.qty).unwrap();
        let value = if fill.side == Side::Buy { value } else { value.negated() };
        self.cash = self.cash.minus(value).unwrap().minus(fill.fee).unwrap();
        assert!(at == fill.venue_time.plus(self.settings.latency()));
        let Some(order) = fill.order else {
            assert_eq!((fill.cause, after), (FillCause::Liquidation, 0));
            return;
        };
        let seen = self.orders.get_mut(&order).unwrap();
        seen.filled += fill.qty.get();
        let total = seen.request.qty.get();
        assert!(fill.qty.get() > 0 && seen.filled <= total, "more than was asked");
        let event = if seen.filled == total { OrderEvent::Filled } else { OrderEvent::PartlyFilled };
        let seen = self.after(order, event);
        assert_eq!(seen.request.side, fill.side);
        if seen.request.reduce_only {
            assert!(after.abs() < before.abs() && after.signum() * before.signum() >= 0, "{before} {after}");
        }
        self.check_time_and_price(&seen, fill);
    }

    /// An order that arrived after the middle of a bar fills at the next open at the earliest; only a stop
    /// for an entry of that same bar looks back. Without costs a taker fills within the bar.
    fn check_time_and_price(&self, seen: &Seen, fill: &Fill) {
        let arrival = seen.sent.plus(self.settings.latency());
        assert!(fill.venue_time >= arrival);
        let open = self.opens.iter().rev().find(|open| **open <= arrival);
        let is_closed = open.is_none_or(|open| arrival > open.plus(Span::from_secs(30)));
        if is_closed && !seen.request.kind.is_stop() {
            let next = self.opens.iter().find(|open| **open > arrival).unwrap();
            assert!(fill.venue_time >= *next, "filled on the bar that decided");
        }
        if let Some(limit) = seen.request.kind.limit() {
            let is_within = if fill.side == Side::Buy { fill.price <= limit } else { fill.price >= limit };
            assert!(is_within, "worse than the limit");
        } else if self.settings.slippage_bps.is_zero() && self.settings.spread_bps.is_zero() {
            let candle = self.candles[fill.instrument.index()].unwrap();
            assert!((candle.low..=candle.high).contains(&fill.price), "outside the bar");
        }
    }

    fn exchange(&self) -> &Exchange {
        &self.world.exchange
    }
}

/// The same kind of order at another price.
fn moved(kind: OrderKind, price: i64) -> OrderKind {
    match kind {
        OrderKind::Market => OrderKind::Market,
        OrderKind::Limit { time_in_force, .. } => {
            OrderKind::Limit { price: PriceUnits::new(price), time_in_force }
        }
        OrderKind::StopMarket { .. } => stop(price),
        OrderKind::StopLimit { limit, .. } => stop_limit(price, limit.get()),
        OrderKind::TakeProfitMarket { .. } => take_profit(price),
        OrderKind::TakeProfitLimit { limit, .. } => take_profit_limit(price, limit.get()),
    }
}

fn digest(exchange: &Exchange) -> Vec<u8> {
    let mut bytes = Vec::new();
    exchange.digest(&mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_balance_and_orders_live_by_the_rules(settings in settings(), bars in bars()) {
        let mut run = Run::new(&settings, false).all(&bars);
        let account = run.exchange().account();
        let held = |index: u32| {
            let row = account.positions.iter().find(|row| row.instrument == InstrumentId(index));
            row.map_or(0, |row| row.qty.get())
        };
        prop_assert_eq!([held(0), held(1)], run.positions);
        prop_assert_eq!(account.cash, run.cash);
        let mut equity = run.cash;
        for (index, instrument) in run.table.iter().enumerate() {
            let last = PriceUnits::new(run.closes[index]);
            let value = instrument.notional(last, QtyUnits::new(run.positions[index])).unwrap();
            equity = equity.plus(value).unwrap();
        }
        prop_assert_eq!(account.equity, equity);
        // The venue's report of open orders is what its events said.
        run.world.events.clear();
        run.world.send(VenueRequest::QueryOpenOrders);
        run.world.drain(run.world.now.plus(Span::from_secs(5)));
        let VenueEvent::OpenOrders(report) = &run.world.events[0].1 else { panic!("no report") };
        let row = |row: &VenueOrder| (row.order.unwrap(), row.state, row.filled.get(), row.kind);
        let mut reported: Vec<_> = report.rows.iter().map(row).collect();
        reported.sort_by_key(|row| row.0);
        let live = run.orders.values().filter(|seen| seen.state.is_live());
        let known: Vec<_> =
            live.map(|seen| (seen.request.order, seen.state, seen.filled, seen.request.kind)).collect();
        prop_assert_eq!(reported, known);
        // Nothing that may only reduce is left without something to reduce.
        for row in &report.rows {
            let position = QtyUnits::new(run.positions[row.instrument.index()]);
            let closing = PositionSide::of(position).closing_side();
            prop_assert!(!row.reduce_only || closing == Some(row.side));
        }
    }

    #[test]
    fn equal_inputs_give_equal_digests_and_skipping_idle_bars_changes_nothing(
        settings in settings(), bars in bars(),
    ) {
        let first = Run::new(&settings, false).all(&bars);
        let second = Run::new(&settings, false).all(&bars);
        prop_assert_eq!(digest(first.exchange()), digest(second.exchange()));
        let skipping = Run::new(&settings, true).all(&bars);
        prop_assert_eq!(&first.world.events, &skipping.world.events);
        prop_assert_eq!(digest(first.exchange()), digest(skipping.exchange()));
        prop_assert_eq!(first.exchange().stats(), skipping.exchange().stats());
    }
}
