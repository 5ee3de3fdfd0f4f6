//! One engine under the hand of a test: the test says what the venue says, and sees what the engine asks for.

use rust_decimal::Decimal;
use seawall_engine::{Effects, Engine, PositionView, RiskSettings, Setup};
use seawall_model::{
    Alert, AlertKind, CancelReason, Candle, Capabilities, ClientOrderId, Command, Coverage, Decision,
    ExitReason, Fill, FillCause, Gate, GuardMode, Input, InstrumentId, Liquidity, Money, Ohlc, OrderKind,
    OrderRef, OrderRequest, OrderRole, OrderState, Outcome, PriceUnits, RejectReason, Report, Side, Span,
    Timeframe, Trade, Ts, VenueEvent, VenueId, VenueOrder, VenuePosition, VenueRequest,
};
use seawall_strategy::{EntryPlan, Evaluation, Strategy};

use super::script::Scripted;
use super::{T0, price, qty, remote, setup};

pub const BTC: InstrumentId = InstrumentId(0);

pub struct Bench {
    pub engine: Engine,
    pub script: Scripted,
    /// One for each instrument; the first is `script`.
    pub scripts: Vec<Scripted>,
    pub now: Ts,
    /// What was asked for since the test last looked.
    pub requests: Vec<VenueRequest>,
    pub alerts: Vec<Alert>,
    pub trades: Vec<Trade>,
    pub decisions: Vec<Decision>,
    effects: Effects,
    fills: u64,
    candle: Option<Candle>,
    minute: i64,
}

impl Bench {
    /// A started engine that has reconciled with an account of 10 000 and no positions.
    pub fn ready(capabilities: Capabilities) -> Self {
        Bench::with_setup(setup(1, capabilities)).reconciled()
    }

    /// The same with `count` instruments under these limits.
    pub fn under(count: u32, risk: RiskSettings) -> Self {
        let mut setup = Setup { risk, ..setup(count, remote()) };
        // The plans of these tests have the targets that they say.
        setup.trade.multi_tp.enabled = false;
        // They trade as quickly as no portfolio should.
        setup.trade.auction.churn.mode = GuardMode::Off;
        setup.trade.auction.anti_flip.mode = GuardMode::Off;
        Bench::with_setup(setup).reconciled()
    }

    /// The same as [`Bench::ready`] with other settings.
    pub fn ready_with(capabilities: Capabilities, change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = setup(1, capabilities);
        change(&mut setup);
        Bench::with_setup(setup).reconciled()
    }

    /// An engine that has just been started and asks.
    pub fn started(capabilities: Capabilities) -> Self {
        Bench::with_setup(setup(1, capabilities))
    }

    pub fn reconciled(mut self) -> Self {
        self.open_orders(Vec::new());
        self.positions(0, 0);
        self.balance(10_000);
        assert_eq!(self.engine.phase(), seawall_engine::Phase::Ready);
        self.requests.clear();
        self.decisions.clear();
        self
    }

    pub fn with_setup(setup: Setup) -> Self {
        let scripts: Vec<Scripted> = setup.instruments.iter().map(|_| Scripted::default()).collect();
        let boxed = |script: &Scripted| Box::new(script.clone()) as Box<dyn Strategy>;
        let strategies: Vec<Box<dyn Strategy>> = scripts.iter().map(boxed).collect();
        Bench::following(setup, strategies, scripts)
    }

    /// An engine with other strategies; nothing is in the scripts then.
    pub fn with(setup: Setup, strategies: Vec<Box<dyn Strategy>>) -> Self {
        let scripts = strategies.iter().map(|_| Scripted::default()).collect();
        Bench::following(setup, strategies, scripts)
    }

    fn following(setup: Setup, strategies: Vec<Box<dyn Strategy>>, scripts: Vec<Scripted>) -> Self {
        let mut bench = Bench {
            engine: Engine::with_strategies(setup, strategies).unwrap(),
            script: scripts[0].clone(),
            scripts,
            now: T0,
            requests: Vec::new(),
            alerts: Vec::new(),
            trades: Vec::new(),
            decisions: Vec::new(),
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
        self.decisions.extend(self.effects.decisions().iter().cloned());
        assert!(!self.alerted(AlertKind::InvariantBroken), "{:?}", self.alerts);
    }

    /// An input of another instant than the test's own clock.
    pub fn input_at(&mut self, at: Ts, input: Input) {
        let now = std::mem::replace(&mut self.now, at);
        self.input(input);
        self.now = now;
    }

    pub fn venue(&mut self, event: VenueEvent) {
        self.input(Input::Venue(event));
    }

    /// Time passes; the engine is woken when it wants to be.
    pub fn pass_ms(&mut self, millis: i64) {
        self.pass_until(self.now.plus(Span::from_millis(millis)));
    }

    pub fn pass_until(&mut self, until: Ts) {
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
            self.pass_until(candle.known_at);
        }
        self.input_candle(BTC, candle);
        self.end_instant();
    }

    fn input_candle(&mut self, instrument: InstrumentId, candle: Candle) {
        self.input(Input::Candle { instrument, timeframe: Timeframe::M1, candle });
    }

    /// What waits for the end of the instant is done; what the candles decided stays for the test to see.
    pub fn end_instant(&mut self) {
        let after = self.now.plus(Span::from_nanos(1));
        if self.engine.next_wakeup().is_some_and(|wake| wake <= after) {
            self.now = after;
            self.input(Input::Wakeup);
        }
    }

    /// Candles that never came.
    pub fn skip_minutes(&mut self, minutes: i64) {
        self.minute += minutes;
    }

    pub fn last_candle(&self) -> Candle {
        self.candle.unwrap()
    }

    /// The next candle of several instruments at one instant, each with what its strategy answers, in the
    /// order given.
    pub fn candles(&mut self, answers: &[(u32, i64, Evaluation)]) {
        let open_time = Timeframe::M1.floor(T0).plus(Span::from_secs(60 * self.minute));
        self.minute += 1;
        let known_at = open_time.plus(Timeframe::M1.span());
        if known_at > self.now {
            self.pass_until(known_at);
        }
        for (number, close, answer) in answers {
            let close = price(*close);
            let prices = Ohlc { open: close, high: close, low: close, close };
            let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
            self.scripts[*number as usize].push(answer.clone());
            self.input_candle(InstrumentId(*number), candle);
        }
        self.end_instant();
    }

    pub fn mark_of(&mut self, number: u32, units: i64) {
        self.input(Input::Mark { instrument: InstrumentId(number), price: price(units) });
    }

    /// Enters at 100.00 and leaves at `exit`: a trade from beginning to end.
    pub fn round_trip(&mut self, plan: EntryPlan, exit: i64) {
        let stop = self.protected(plan);
        self.script.push(Evaluation::Exit(ExitReason::Signal));
        self.candle(exit);
        let order = self.placed(OrderRole::Exit);
        self.accept(&order);
        self.fill(&order, order.qty.get(), exit);
        self.cancelled(&stop, CancelReason::Requested);
        self.requests.clear();
        assert_eq!(self.held(), 0);
    }

    /// What `gate` measured and allowed in the last decision.
    pub fn reading(&self, gate: Gate) -> Option<(f64, f64)> {
        let readings = &self.decisions.last().unwrap().gates;
        readings.iter().find(|reading| reading.gate == gate).map(|one| (one.measured, one.threshold))
    }

    /// Whether a candle with this plan is refused, and by what.
    pub fn refusal(&mut self, plan: EntryPlan) -> Option<Gate> {
        self.script.push(Evaluation::Enter(plan));
        self.candle(10_000);
        match self.outcome() {
            Some(Outcome::Refused(gate)) => Some(gate),
            _ => None,
        }
    }

    /// The same a minute later.
    pub fn refusal_elsewhere_next(&mut self) -> Option<Gate> {
        self.pass_ms(60_000);
        self.refusal_elsewhere()
    }

    /// `order` is accepted and fills whole.
    pub fn fill_of(&mut self, order: &OrderRequest, at: i64) {
        self.accept(order);
        let fill = self.execution(Some(order.order), order.side, order.qty.get(), at);
        self.venue(VenueEvent::Filled(Fill { instrument: order.order.instrument, ..fill }));
    }

    /// A fill of nobody's order on any instrument.
    pub fn foreign_fill_of(&mut self, number: u32, side: Side, units: i64, at: i64, cause: FillCause) {
        let fill = self.execution(None, side, units, at);
        self.venue(VenueEvent::Filled(Fill { instrument: InstrumentId(number), cause, ..fill }));
    }

    /// Whether an entry of one contract on the second instrument is refused now, and by what.
    pub fn refusal_elsewhere(&mut self) -> Option<Gate> {
        let sizing = seawall_strategy::Sizing::Fixed("1".parse().unwrap());
        let plan = EntryPlan { sizing, ..super::script::plan(seawall_strategy::Direction::Long) };
        let open_time = Timeframe::M1.floor(self.now);
        let prices =
            Ohlc { open: price(10_000), high: price(10_000), low: price(10_000), close: price(10_000) };
        let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
        self.scripts[1].push(Evaluation::Enter(plan));
        self.pass_until(candle.known_at.max(self.now));
        self.input_candle(InstrumentId(1), candle);
        self.end_instant();
        match self.outcome() {
            Some(Outcome::Refused(gate)) => Some(gate),
            _ => None,
        }
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

    /// Every change asked for since the test last looked, as sequence, quantity and price.
    pub fn amends(&mut self) -> Vec<(OrderRef, i64, i64)> {
        let mut amends = Vec::new();
        self.requests.retain(|request| match request {
            VenueRequest::Amend { order, qty, kind } => {
                let price = kind.limit().or(kind.trigger().map(|trigger| trigger.price)).unwrap();
                amends.push((*order, qty.get(), price.get()));
                false
            }
            _ => true,
        });
        amends
    }

    /// The exit that the last step's decision began.
    pub fn exit(&self) -> Option<ExitReason> {
        self.effects.decisions().last().and_then(|decision| decision.exit)
    }

    /// Carries out every change asked for.
    pub fn amend_all(&mut self) -> Vec<(OrderRef, i64, i64)> {
        let kinds: Vec<_> = self
            .requests
            .iter()
            .filter_map(|request| match request {
                VenueRequest::Amend { order, qty, kind } => Some((*order, *qty, *kind)),
                _ => None,
            })
            .collect();
        let amends = self.amends();
        for (order, qty, kind) in kinds {
            self.venue(VenueEvent::Amended { order, qty, kind });
        }
        amends
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

    /// The venue reports the orders and positions that the books have, and this balance.
    pub fn agrees_but_for(&mut self, balance: i64) {
        let ids = || (0..u32::try_from(self.scripts.len()).unwrap()).map(InstrumentId);
        let orders = ids().flat_map(|id| self.engine.live_orders(id).collect::<Vec<_>>());
        let orders: Vec<VenueOrder> = orders
            .map(|order| VenueOrder {
                instrument: order.order.instrument,
                order: Some(order.order),
                venue_order_id: VenueId::Number(u64::from(order.order.id.sequence)),
                side: order.side,
                qty: order.qty,
                filled: order.filled,
                kind: order.kind,
                reduce_only: order.reduce_only,
                state: order.state,
            })
            .collect();
        let entry_price = price(10_000);
        let held = ids().map(|id| (id, self.engine.position(id).unwrap().qty));
        let rows: Vec<VenuePosition> = held
            .filter(|(_, held)| !held.is_zero())
            .map(|(instrument, qty)| VenuePosition { instrument, qty, entry_price })
            .collect();
        self.open_orders(orders);
        self.venue(VenueEvent::Positions(Report { coverage: Coverage::Complete, taken_at: self.now, rows }));
        self.balance(balance);
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
