//! A small world for tests: one or two instruments with a tick of 1 and a lot of 1, bars of one minute.

#![allow(clippy::wildcard_enum_match_arm, reason = "a failing helper is a failing test")]

use seawall_model::*;
use seawall_simulator::{Exchange, SimulatorSettings, Toggle};

pub(crate) const BTC: InstrumentId = InstrumentId(0);
pub(crate) const ETH: InstrumentId = InstrumentId(1);
pub(crate) const MINUTE: i64 = 60_000;
/// 2023-01-02T01:00:00Z: seven hours before the next funding boundary.
pub(crate) const START: Ts = Ts::from_millis(1_672_621_200_000);

pub(crate) fn spec(name: &str) -> InstrumentSpec {
    let mut spec = InstrumentSpec::new(name.parse().unwrap());
    spec.tick = Some("1".parse().unwrap());
    spec.lot = "1".parse().unwrap();
    spec
}

pub(crate) fn instruments(specs: Vec<InstrumentSpec>) -> Vec<Instrument> {
    let numbered = specs.into_iter().zip(0..);
    numbered.map(|(spec, id)| Instrument::new(InstrumentId(id), spec, 0).unwrap()).collect()
}

/// No costs, no latency.
pub(crate) fn free() -> SimulatorSettings {
    SimulatorSettings {
        taker_fee_bps: Bps::ZERO,
        maker_fee_bps: Bps::ZERO,
        slippage_bps: Bps::ZERO,
        spread_bps: Bps::ZERO,
        latency_ms: 0,
        funding: Toggle::Off,
        ..SimulatorSettings::default()
    }
}

pub(crate) fn bps(value: i64) -> Bps {
    Bps::new(value.into())
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// Open, high, low, close of the bar that opens `minute` minutes after the start.
pub(crate) fn bar(minute: i64, prices: [i64; 4]) -> Candle {
    bar_with_volume(minute, prices, 1e9)
}

pub(crate) fn bar_with_volume(minute: i64, [open, high, low, close]: [i64; 4], volume: f64) -> Candle {
    let at = START.plus(Span::from_millis(minute * MINUTE));
    let ohlc = Ohlc {
        open: PriceUnits::new(open),
        high: PriceUnits::new(high),
        low: PriceUnits::new(low),
        close: PriceUnits::new(close),
    };
    Candle::new(Timeframe::M1, at, ohlc, volume).unwrap()
}

/// An exchange and its client.
pub(crate) struct World {
    pub(crate) exchange: Exchange,
    pub(crate) now: Ts,
    pub(crate) minute: i64,
    pub(crate) sequence: u32,
    pub(crate) events: Vec<(Ts, VenueEvent)>,
}

impl World {
    pub(crate) fn new(settings: &SimulatorSettings) -> Self {
        World::with(settings, vec![spec("BTC/USD:USD"), spec("ETH/USD:USD")], "10000")
    }

    pub(crate) fn with(settings: &SimulatorSettings, specs: Vec<InstrumentSpec>, cash: &str) -> Self {
        let exchange = Exchange::new(settings, &instruments(specs), money(cash)).unwrap();
        World { exchange, now: START, minute: 0, sequence: 0, events: Vec::new() }
    }

    /// The next bar opens.
    pub(crate) fn open(&mut self, prices: [i64; 4]) -> Candle {
        self.open_candle(bar(self.minute, prices))
    }

    pub(crate) fn open_candle(&mut self, candle: Candle) -> Candle {
        self.drain(candle.open_time);
        self.exchange.bar_open(candle.open_time, BTC, &candle);
        self.drain(candle.open_time.plus(Span::from_secs(29)));
        candle
    }

    /// The range of a bar that is open.
    pub(crate) fn range(&mut self, candle: &Candle) {
        let middle = candle.open_time.plus(Span::from_secs(30));
        self.drain(middle);
        self.exchange.bar_range(middle, BTC, candle);
        self.drain(candle.open_time.plus(Span::from_secs(59)));
        self.minute += 1;
    }

    /// The rest of the bar after everything was said: its end.
    pub(crate) fn bar(&mut self, prices: [i64; 4]) {
        let candle = self.open(prices);
        self.range(&candle);
    }

    pub(crate) fn drain(&mut self, until: Ts) {
        while let Some(event) = self.exchange.next_event(until) {
            self.events.push(event);
        }
        self.now = self.now.max(until);
    }

    pub(crate) fn send(&mut self, request: VenueRequest) {
        self.exchange.send(self.now, request);
    }

    /// Sends and collects what comes back within half a second.
    pub(crate) fn ask(&mut self, request: VenueRequest) {
        self.send(request);
        self.drain(self.now.plus(Span::from_millis(500)));
    }

    pub(crate) fn place(&mut self, side: Side, qty: i64, kind: OrderKind) -> OrderRef {
        self.place_on(BTC, side, qty, kind, false)
    }

    pub(crate) fn reduce(&mut self, side: Side, qty: i64, kind: OrderKind) -> OrderRef {
        self.place_on(BTC, side, qty, kind, true)
    }

    pub(crate) fn place_on(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        qty: i64,
        kind: OrderKind,
        reduce_only: bool,
    ) -> OrderRef {
        self.sequence += 1;
        let order = OrderRef { instrument, id: ClientOrderId { run: 1, sequence: self.sequence } };
        let role = if reduce_only { OrderRole::Stop } else { OrderRole::Entry };
        let qty = QtyUnits::new(qty);
        self.ask(VenueRequest::Place(OrderRequest { order, role, side, qty, kind, reduce_only }));
        order
    }

    /// Long `qty` at the open of a quiet bar at `price`, which is then over.
    pub(crate) fn long(&mut self, qty: i64, price: i64) {
        self.open([price; 4]);
        self.place(Side::Buy, qty, OrderKind::Market);
        let candle = bar(self.minute, [price; 4]);
        self.range(&candle);
        self.events.clear();
    }

    pub(crate) fn short(&mut self, qty: i64, price: i64) {
        self.open([price; 4]);
        self.place(Side::Sell, qty, OrderKind::Market);
        let candle = bar(self.minute, [price; 4]);
        self.range(&candle);
        self.events.clear();
    }

    pub(crate) fn fills(&self) -> Vec<Fill> {
        let fill = |event: &VenueEvent| match event {
            VenueEvent::Filled(fill) => Some(*fill),
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| fill(event)).collect()
    }

    /// Side, quantity and price of each fill.
    pub(crate) fn trades(&self) -> Vec<(Side, i64, i64)> {
        self.fills().iter().map(|fill| (fill.side, fill.qty.get(), fill.price.get())).collect()
    }

    /// The events in short words: `accepted`, `filled 5@100`, `rejected invalid_price` …
    pub(crate) fn said(&self) -> Vec<String> {
        self.events.iter().map(|(_, event)| say(event)).collect()
    }

    /// Takes the events in short words.
    pub(crate) fn hear(&mut self) -> Vec<String> {
        let said = self.said();
        self.events.clear();
        said
    }

    pub(crate) fn position(&self) -> i64 {
        let account = self.exchange.account();
        account.positions.iter().find(|row| row.instrument == BTC).map_or(0, |row| row.qty.get())
    }

    pub(crate) fn cash(&self) -> String {
        self.exchange.account().cash.to_string()
    }

    pub(crate) fn ambiguous(&self) -> u64 {
        self.exchange.stats().ambiguous_bars[0]
    }
}

pub(crate) fn say(event: &VenueEvent) -> String {
    match event {
        VenueEvent::Accepted { .. } => "accepted".into(),
        VenueEvent::Rejected { reason, .. } => format!("rejected {}", reason.name()),
        VenueEvent::Triggered { .. } => "triggered".into(),
        VenueEvent::Filled(fill) => {
            let cause = if fill.cause == FillCause::Liquidation { "liquidated" } else { "filled" };
            format!("{cause} {}@{}", fill.qty.get(), fill.price.get())
        }
        VenueEvent::Cancelled { reason, .. } => format!("cancelled {reason:?}"),
        VenueEvent::CancelRejected { reason, .. } => format!("cancel rejected {}", reason.name()),
        VenueEvent::Amended { .. } => "amended".into(),
        VenueEvent::AmendRejected { reason, .. } => format!("amend rejected {}", reason.name()),
        VenueEvent::Funding { amount, .. } => format!("funding {amount}"),
        VenueEvent::Order { report, .. } => format!("order {:?}", report.rows.first().map(|row| row.state)),
        VenueEvent::OpenOrders(report) => format!("{} orders", report.rows.len()),
        VenueEvent::Positions(report) => format!("{} positions", report.rows.len()),
        VenueEvent::Balance { amount, .. } => format!("balance {amount}"),
        VenueEvent::Stream { .. } | VenueEvent::Booked(_) | VenueEvent::Elsewhere(_) => "account".into(),
    }
}

pub(crate) fn trigger(price: i64) -> Trigger {
    Trigger { price: PriceUnits::new(price), source: TriggerSource::Mark }
}

pub(crate) fn stop(price: i64) -> OrderKind {
    OrderKind::StopMarket { trigger: trigger(price) }
}

pub(crate) fn stop_limit(price: i64, limit: i64) -> OrderKind {
    OrderKind::StopLimit { trigger: trigger(price), limit: PriceUnits::new(limit) }
}

pub(crate) fn take_profit(price: i64) -> OrderKind {
    OrderKind::TakeProfitMarket { trigger: trigger(price) }
}

pub(crate) fn take_profit_limit(price: i64, limit: i64) -> OrderKind {
    OrderKind::TakeProfitLimit { trigger: trigger(price), limit: PriceUnits::new(limit) }
}

pub(crate) fn limit(price: i64) -> OrderKind {
    limit_with(price, TimeInForce::GoodTilCancelled)
}

pub(crate) fn post_only(price: i64) -> OrderKind {
    limit_with(price, TimeInForce::PostOnly)
}

pub(crate) fn ioc(price: i64) -> OrderKind {
    limit_with(price, TimeInForce::ImmediateOrCancel)
}

fn limit_with(price: i64, time_in_force: TimeInForce) -> OrderKind {
    OrderKind::Limit { price: PriceUnits::new(price), time_in_force }
}
