//! One engine under the hand of a test: the test says what the venue says, and sees what the engine asks for.

use rust_decimal::Decimal;
use seawall_engine::{Effects, Engine, PositionView};
use seawall_model::{
    Alert, AlertKind, CancelReason, Candle, Capabilities, ClientOrderId, Command, Coverage, Fill, FillCause,
    Input, InstrumentId, Liquidity, Money, Ohlc, OrderKind, OrderRef, OrderRequest, OrderRole, OrderState,
    Outcome, PriceUnits, RejectReason, Report, Side, Span, Timeframe, Trade, Ts, VenueEvent, VenueId,
    VenueOrder, VenuePosition, VenueRequest,
};
use seawall_strategy::{EntryPlan, Evaluation, Strategy};

use super::script::Scripted;
use super::{T0, price, qty, setup};

pub const BTC: InstrumentId = InstrumentId(0);

pub struct Bench {
    pub engine: Engine,
    pub script: Scripted,
    pub now: Ts,
    /// What was asked for since the test last looked.
    pub requests: Vec<VenueRequest>,
    pub alerts: Vec<Alert>,
    pub trades: Vec<Trade>,
    effects: Effects,
    fills: u64,
    candle: Option<Candle>,
    minute: i64,
}

impl Bench {
    /// A started engine that has reconciled with an account of 10 000 and no positions.
    pub fn ready(capabilities: Capabilities) -> Self {
        let mut bench = Bench::started(capabilities);
        bench.open_orders(Vec::new());
        bench.positions(0, 0);
        bench.balance(10_000);
        assert_eq!(bench.engine.phase(), seawall_engine::Phase::Ready);
        bench.requests.clear();
        bench
    }

    /// An engine that has just been started and asks.
    pub fn started(capabilities: Capabilities) -> Self {
        let script = Scripted::default();
        let strategies: Vec<Box<dyn Strategy>> = vec![Box::new(script.clone())];
        let mut bench = Bench {
            engine: Engine::with_strategies(setup(1, capabilities), strategies).unwrap(),
            script,
            now: T0,
            requests: Vec::new(),
            alerts: Vec::new(),
            trades: Vec::new(),
            effects: Effects::new(),
            fills: 0,
            candle: None,
            minute: 0,
        };
        bench.input(Input::Started);
        bench
    }

    pub fn input(&mut self, input: Input) {
        self.engine.step(self.now, &input, &mut self.effects);
        self.requests.extend(self.effects.requests.iter().copied());
        self.alerts.extend(self.effects.alerts.iter().cloned());
        self.trades.extend(self.effects.trades.iter().cloned());
        assert!(!self.alerted(AlertKind::InvariantBroken), "{:?}", self.alerts);
    }

    pub fn venue(&mut self, event: VenueEvent) {
        self.input(Input::Venue(event));
    }

    /// Time passes; the engine is woken when it wants to be.
    pub fn pass_ms(&mut self, millis: i64) {
        let until = self.now.plus(Span::from_millis(millis));
        while let Some(wake) = self.engine.next_wakeup().filter(|wake| *wake <= until) {
            self.now = wake.max(self.now);
            self.input(Input::Wakeup);
        }
        self.now = until;
    }

    /// A flat candle at `close`, one minute after the last.
    pub fn candle(&mut self, close: i64) {
        let prices = Ohlc { open: price(close), high: price(close), low: price(close), close: price(close) };
        let open_time = Timeframe::M1.floor(T0).plus(Span::from_secs(60 * self.minute));
        self.minute += 1;
        let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
        self.candle = Some(candle);
        if candle.known_at > self.now {
            let wait = candle.known_at.since(self.now).millis();
            self.pass_ms(wait);
        }
        self.input(Input::Candle { instrument: BTC, timeframe: Timeframe::M1, candle });
    }

    pub fn last_candle(&self) -> Candle {
        self.candle.unwrap()
    }

    pub fn mark(&mut self, units: i64) {
        self.input(Input::Mark { instrument: BTC, price: price(units) });
    }

    pub fn command(&mut self, command: Command) {
        self.input(Input::Operator(command));
    }

    /// The strategy wants `plan` at a candle of 100.00; the entry that was placed for it.
    pub fn want(&mut self, plan: EntryPlan) -> OrderRequest {
        self.script.push(Evaluation::Enter(plan));
        self.candle(10_000);
        self.placed(OrderRole::Entry)
    }

    /// Enters at 100.00, accepted and filled in full; the stop that was placed for it.
    pub fn enter(&mut self, plan: EntryPlan) -> OrderRequest {
        let entry = self.want(plan);
        self.accept(&entry);
        self.fill(&entry, entry.qty.get(), 10_000);
        self.placed(OrderRole::Stop)
    }

    /// Enters with a stop that the venue has confirmed.
    pub fn protected(&mut self, plan: EntryPlan) -> OrderRequest {
        let stop = self.enter(plan);
        self.accept(&stop);
        assert!(self.position().protected);
        stop
    }

    /// The only order of `role` placed since the test last looked; looks.
    pub fn placed(&mut self, role: OrderRole) -> OrderRequest {
        let all: Vec<OrderRequest> =
            self.placements().into_iter().filter(|order| order.role == role).collect();
        assert_eq!(all.len(), 1, "{role:?} among {:?}", self.requests);
        let one = all[0];
        self.requests.retain(|request| *request != VenueRequest::Place(one));
        one
    }

    pub fn placements(&self) -> Vec<OrderRequest> {
        self.requests
            .iter()
            .filter_map(|request| match request {
                VenueRequest::Place(order) => Some(*order),
                _ => None,
            })
            .collect()
    }

    /// Whether `request` was asked for since the test last looked; forgets it.
    pub fn asked(&mut self, request: VenueRequest) -> bool {
        let before = self.requests.len();
        self.requests.retain(|other| *other != request);
        self.requests.len() < before
    }

    /// The only change asked for since the test last looked.
    pub fn amended(&mut self) -> (OrderRef, i64, OrderKind) {
        let amends: Vec<_> = self
            .requests
            .iter()
            .filter_map(|request| match request {
                VenueRequest::Amend { order, qty, kind } => Some((*order, qty.get(), *kind)),
                _ => None,
            })
            .collect();
        assert_eq!(amends.len(), 1, "{:?}", self.requests);
        self.requests.retain(|request| !matches!(request, VenueRequest::Amend { .. }));
        amends[0]
    }

    /// How the last step's decision ended.
    pub fn outcome(&self) -> Option<Outcome> {
        self.effects.decisions().last().map(|decision| decision.outcome)
    }

    pub fn alerted(&self, kind: AlertKind) -> bool {
        self.alerts.iter().any(|alert| alert.kind == kind)
    }

    pub fn position(&self) -> PositionView {
        self.engine.position(BTC).unwrap()
    }

    pub fn held(&self) -> i64 {
        self.position().qty.get()
    }

    pub fn state(&self, order: &OrderRequest) -> Option<OrderState> {
        self.engine.live_orders(BTC).find(|live| live.order == order.order).map(|live| live.state)
    }

    pub fn accept(&mut self, order: &OrderRequest) {
        let venue_order_id = VenueId::Number(u64::from(order.order.id.sequence));
        self.venue(VenueEvent::Accepted { order: order.order, venue_order_id });
    }

    pub fn reject(&mut self, order: &OrderRequest, reason: RejectReason) {
        self.venue(VenueEvent::Rejected { order: order.order, reason });
    }

    pub fn cancelled(&mut self, order: &OrderRequest, reason: CancelReason) {
        self.venue(VenueEvent::Cancelled { order: order.order, reason });
    }

    /// A fill of `order` at the venue now.
    pub fn fill(&mut self, order: &OrderRequest, units: i64, at: i64) {
        let fill = self.execution(Some(order.order), order.side, units, at);
        self.venue(VenueEvent::Filled(fill));
    }

    /// A fill of nobody's order.
    pub fn foreign_fill(&mut self, side: Side, units: i64, at: i64, cause: FillCause) {
        let fill = Fill { cause, ..self.execution(None, side, units, at) };
        self.venue(VenueEvent::Filled(fill));
    }

    pub fn execution(&mut self, order: Option<OrderRef>, side: Side, units: i64, at: i64) -> Fill {
        self.fills += 1;
        Fill {
            instrument: BTC,
            order,
            fill_id: VenueId::Number(self.fills),
            side,
            qty: qty(units),
            price: price(at),
            fee: Money::ZERO,
            liquidity: Liquidity::Taker,
            cause: FillCause::Order,
            venue_time: self.now,
        }
    }

    /// The venue reports `units` held, entered at `entry`.
    pub fn positions(&mut self, units: i64, entry: i64) {
        let row = VenuePosition { instrument: BTC, qty: qty(units), entry_price: price(entry) };
        let rows = if units == 0 { Vec::new() } else { vec![row] };
        self.venue(VenueEvent::Positions(Report { coverage: Coverage::Complete, taken_at: self.now, rows }));
    }

    pub fn open_orders(&mut self, rows: Vec<VenueOrder>) {
        let report = Report { coverage: Coverage::Complete, taken_at: self.now, rows };
        self.venue(VenueEvent::OpenOrders(report));
    }

    pub fn balance(&mut self, amount: i64) {
        let amount = Money::new(Decimal::from(amount));
        self.venue(VenueEvent::Balance { coverage: Coverage::Complete, amount });
    }

    /// The answer to a question about `order`.
    pub fn answer(&mut self, order: &OrderRequest, coverage: Coverage, row: Option<VenueOrder>) {
        let report = Report { coverage, taken_at: self.now, rows: row.into_iter().collect() };
        self.venue(VenueEvent::Order { order: order.order, report });
    }

    /// Everything that the engine's state consists of, but for the instant itself.
    pub fn digest_but_time(&mut self) -> u64 {
        super::world::digest(&self.engine)
    }
}

/// `order` as the venue would report it.
pub fn row(order: &OrderRequest, state: OrderState, filled: i64) -> VenueOrder {
    VenueOrder {
        instrument: order.order.instrument,
        order: Some(order.order),
        venue_order_id: VenueId::Number(u64::from(order.order.id.sequence)),
        side: order.side,
        qty: order.qty,
        filled: qty(filled),
        kind: order.kind,
        reduce_only: order.reduce_only,
        state,
    }
}

/// The price that wakes `order`.
pub fn trigger(order: &OrderRequest) -> PriceUnits {
    order.kind.trigger().unwrap().price
}

/// An id that the engine has not given out.
pub fn never_given() -> ClientOrderId {
    ClientOrderId { run: 7, sequence: 9_999 }
}
