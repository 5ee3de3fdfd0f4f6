//! The engine: one deterministic state machine for all instruments of an account.
//!
//! [`Engine::step`] takes an instant and an input and fills in effects; [`Engine::next_wakeup`] says when it
//! wants to be called without one. There is no clock, no randomness, no I/O and no thread in here: the same
//! inputs give the same effects and the same state, which is what backtest, paper, live, replay and storm
//! rely on.

use seawall_model::{
    AlertKind, Candle, Capabilities, Command, ExitReason, Gate, Input, Instrument, InstrumentId, OrderRef,
    PositionSide, PriceUnits, QtyUnits, Severity, Span, SystemMode, Timeframe, Ts, VenueEvent,
};
use seawall_strategy::{Strategy, StrategySettings};

use crate::answers;
use crate::asking::Age;
use crate::auction::{Auction, Withdrawn};
use crate::by_hand;
use crate::carry::DeskCarry;
use crate::decision_settings::DecisionSettings;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::error::EngineError;
use crate::exits;
use crate::fills::{clear_leftovers, on_fill, on_funding};
use crate::gateway::alert;
use crate::ledger::{Account, Ledger};
use crate::limits::INSTRUMENTS_MAX;
use crate::manage;
use crate::mutant::Mutant;
use crate::phase::Phase;
use crate::protection;
use crate::reconcile;
use crate::risk::costs;
use crate::risk::guard::Guard;
use crate::risk::settings::SizingMethod;
use crate::risk::volatility::Volatility;
use crate::settings::{ProtectionSettings, RiskSettings};
use crate::shared::{ReportsSeen, Shared, invariant};
use crate::signal::feed::Readers;
use crate::signal::{Signal, Signals, check};
use crate::targets;
use crate::trade_settings::TradeSettings;
use crate::truth::Truth;
use crate::truth::settings::ReconcileSettings;
use crate::universe::quality::Fault;
use crate::universe::{Listings, MarketSettings};
use crate::venue;

/// Shortest pause between two wake-ups of one instrument, so that something that only the venue can end never
/// spins. Every deadline is longer.
const WAKEUP_PAUSE_MIN: Span = Span::from_millis(10);

/// What an engine is built from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The instruments with the timeframe of their candles, ids counting from zero.
    pub instruments: Vec<(Instrument, Timeframe)>,
    /// Instruments whose strategies read another one, and those that are only read.
    pub signals: Signals,
    /// The strategy and its settings.
    pub strategy: StrategySettings,
    /// Risk settings.
    pub risk: RiskSettings,
    /// Protection settings.
    pub protection: ProtectionSettings,
    /// What becomes of what the venue has and the books don't.
    pub reconcile: ReconcileSettings,
    /// How entries are made and open positions are managed.
    pub trade: TradeSettings,
    /// What becomes of refused plans, and how old records may be.
    pub decisions: DecisionSettings,
    /// Which instruments may be entered, and how good their data must be.
    pub market: MarketSettings,
    /// Whether the driver follows a market as it goes, with quotes and listings: then an entry needs them. A
    /// backtest over candles has none.
    pub has_quotes: bool,
    /// What the venue can do.
    pub capabilities: Capabilities,
    /// Identifies the journal; part of every client order id.
    pub run: u32,
    /// Whether plans without a stop are refused. Every driver but the backtest asks for it.
    pub require_stop: bool,
    /// Estimated cost of a round trip in basis points of notional, for strategies that weigh it.
    pub cost_bps: f64,
}

/// The engine.
pub struct Engine {
    pub(crate) desks: Vec<Desk>,
    pub(crate) shared: Shared,
    pub(crate) auction: Auction,
    pub(crate) readers: Readers,
    pub(crate) wake_at: Ts,
    /// Made of an earlier process's state, and not started yet.
    pub(crate) resumed: bool,
    /// Instruments of earlier processes that this one does not have.
    pub(crate) dormant: Vec<DeskCarry>,
}

impl Engine {
    /// Builds an engine that waits for [`Input::Started`].
    ///
    /// # Errors
    /// Settings out of range, candles that don't suit the strategy, contradicting instruments.
    pub fn new(setup: Setup) -> Result<Self, EngineError> {
        let strategies = (0..)
            .zip(&setup.instruments)
            .map(|(id, own)| {
                let (instrument, base) =
                    setup.signals.read_by(InstrumentId(id), &setup.instruments).unwrap_or(own);
                setup.strategy.build(instrument, *base)
            })
            .collect::<Result<Vec<_>, _>>()?;
        Engine::with_strategies(setup, strategies)
    }

    /// Builds an engine whose strategies are given, one for each instrument in the same order, instead of
    /// being built from the settings: for drivers and tests that bring their own.
    ///
    /// # Errors
    /// Settings out of range, contradicting instruments, not one strategy for each instrument.
    pub fn with_strategies(setup: Setup, strategies: Vec<Box<dyn Strategy>>) -> Result<Self, EngineError> {
        setup.risk.check()?;
        setup.protection.check()?;
        setup.reconcile.check()?;
        setup.trade.check()?;
        setup.decisions.check()?;
        setup.trade.auction.rebalancer.check_with(&setup.risk)?;
        check::check_basis(&setup.trade.execution, &setup.risk)?;
        setup.market.check(&setup.risk)?;
        check_instruments(&setup.instruments, &setup.signals)?;
        check::check_pairs(&setup.instruments, &setup.signals)?;
        setup.trade.auction.check_with(&setup.risk)?;
        let count = setup.instruments.len();
        if strategies.len() != count {
            return Err(EngineError::StrategyCount { strategies: strategies.len(), instruments: count });
        }
        let by_volatility = setup.risk.sizing == SizingMethod::Volatility;
        let desks: Vec<Desk> = setup
            .instruments
            .iter()
            .cloned()
            .zip(strategies)
            .map(|((instrument, base), strategy)| {
                let read = setup.signals.read_by(instrument.id(), &setup.instruments).cloned();
                let mut desk = Desk::new(instrument, base, strategy, &setup.market);
                desk.signal = read.map(|(instrument, base)| Box::new(Signal::new(instrument, base)));
                desk.volatility = by_volatility.then(Volatility::new);
                desk
            })
            .collect();
        let names = desks.iter().map(|desk: &Desk| desk.instrument.name());
        let readers = Readers::new(count + setup.signals.read_only.len(), &setup.signals.pairs);
        let guard = Guard::new(&setup.risk, names, readers.any());
        let rebalance_at = setup.trade.auction.rebalancer.first_cycle();
        let auction = Auction::new(desks.iter().map(|desk: &Desk| desk.instrument.name()));
        let shared = Shared {
            funding: costs::funding(&setup.risk.fee_edge),
            risk: setup.risk,
            guard,
            protection: setup.protection,
            reconcile: setup.reconcile,
            trade: setup.trade,
            decisions: setup.decisions,
            stale_check_at: Ts::FAR_FUTURE,
            market: setup.market,
            listings: Listings::default(),
            has_quotes: setup.has_quotes,
            capabilities: setup.capabilities,
            run: setup.run,
            next_sequence: 1,
            next_trade: 1,
            ledger: Ledger::new(count),
            mode: SystemMode::Normal,
            phase: Phase::Starting,
            shutting_down: false,
            require_stop: setup.require_stop,
            cost_bps: setup.cost_bps,
            now: Ts::from_nanos(i64::MIN),
            reports: ReportsSeen::default(),
            truth: Truth::default(),
            query_at: Ts::FAR_FUTURE,
            asked_at: Ts::from_nanos(i64::MIN),
            opened: false,
            drift: None,
            naked_max_nanos: 0,
            rebalance_at,
        };
        let (wake_at, dormant) = (Ts::FAR_FUTURE, Vec::new());
        Ok(Engine { desks, shared, auction, readers, wake_at, resumed: false, dormant })
    }

    /// Takes one input at the instant `at`. Effects of the step before are cleared first.
    #[inline]
    pub fn step(&mut self, at: Ts, input: &Input, effects: &mut Effects) {
        effects.clear();
        if matches!(input, Input::Started) {
            // Whatever waited was decided before the venue was out of sight.
            self.settle_readers(effects);
            self.withdraw(None, Withdrawn::Restart, effects);
        }
        let at = self.advance(at, effects);
        match input {
            Input::Candle { instrument, timeframe, candle } => {
                self.on_candle(at, *instrument, *timeframe, candle, effects);
            }
            Input::Started => self.on_started(at, effects),
            Input::Quote { instrument, bid, ask } => {
                self.on_quote(at, *instrument, (*bid, *ask), None, effects);
            }
            Input::Book { instrument, bid, bid_qty, ask, ask_qty } => {
                self.on_quote(at, *instrument, (*bid, *ask), Some((*bid_qty, *ask_qty)), effects);
            }
            Input::Listing(report) => self.on_listing(at, report, effects),
            Input::Past { instrument, timeframe, candle } => {
                self.on_past(*instrument, *timeframe, candle, effects);
            }
            Input::Rules(rules) => self.on_rules(at, rules, effects),
            Input::Mark { instrument, price } => self.on_mark(at, *instrument, *price, effects),
            Input::Venue(event) => self.on_venue(at, event, effects),
            Input::Submission { order, outcome } => {
                let outcome = *outcome;
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    venue::on_submission(desk, shared, at, order.id, outcome, effects);
                });
            }
            Input::Operator(command) => self.on_command(at, *command, effects),
            Input::Wakeup => self.on_wakeup(at, effects),
        }
        self.note_records(effects);
        self.shared.truth.count(effects);
    }

    /// The next instant at which the engine wants an [`Input::Wakeup`].
    #[inline]
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Ts> {
        (self.wake_at < Ts::FAR_FUTURE).then_some(self.wake_at)
    }

    /// Time never runs backwards in the books: an earlier instant counts as the latest one seen.
    #[inline]
    fn advance(&mut self, at: Ts, effects: &mut Effects) -> Ts {
        if at >= self.shared.now {
            self.shared.now = at;
        } else {
            let detail = format!("{} ms", self.shared.now.since(at).millis());
            alert(effects, self.shared.now, Severity::Warning, AlertKind::ClockBackwards, None, detail);
        }
        let at = self.shared.now;
        if at >= self.readers.due_at {
            self.settle_readers(effects);
        }
        if at >= self.shared.guard.watch.next_at {
            self.look(at, effects);
        }
        if at >= self.shared.rebalance_at {
            self.rebalance(at, effects);
        }
        if at >= self.auction.due_at() {
            self.hold_cycle(at, effects);
            // Before the candle that a refused plan is followed over first.
            self.note_records(effects);
        }
        at
    }

    fn on_started(&mut self, at: Ts, effects: &mut Effects) {
        self.hold(at, effects);
        self.doubt_after_restart();
        self.after_resume(at, effects);
        for desk in &mut self.desks {
            let in_flight: arrayvec::ArrayVec<_, 32> = desk
                .orders
                .live()
                .filter(|order| !order.state.is_confirmed())
                .map(crate::orders::Order::id)
                .take(32)
                .collect();
            for id in in_flight {
                answers::unknown(desk, at, id, effects);
            }
            desk.queued = None;
            desk.wake_at = wake_of(desk, &self.shared).max(at);
        }
        self.shared.truth.restarted(at);
        reconcile::begin(&mut self.shared, at, effects);
        self.begin_records(at, effects);
        self.plan_wakeup();
    }

    #[inline]
    fn on_candle(
        &mut self,
        at: Ts,
        id: InstrumentId,
        timeframe: Timeframe,
        candle: &Candle,
        effects: &mut Effects,
    ) {
        if self.readers.any() {
            self.read_candle(at, id, timeframe, candle, effects);
        }
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        if let Some(detail) = unfit(timeframe, candle, desk.base, desk.seen_until) {
            let impossible = timeframe == desk.base && candle.open_time >= desk.seen_until;
            alert(effects, at, Severity::Warning, AlertKind::DataHole, Some(id), detail);
            if impossible {
                self.judge_data(at, id, Some(Fault::Impossible), effects);
            }
            return;
        }
        let earlier = desk.last;
        let hole = desk.see_candle(at, candle);
        if !desk.shadows.is_empty() {
            let Desk { shadows, instrument, .. } = desk;
            shadows.follow(&self.shared.decisions, instrument, self.shared.cost_bps, candle, effects);
        }
        if desk.market.is_remarkable(&self.shared.market.data_quality, at, candle.known_at, hole) {
            self.judge_candle(at, id, (candle.known_at, hole), effects);
        }
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        watch_shock(desk, &mut self.shared, at, effects);
        let mut deadlines_moved = false;
        // What is held is not judged by prices of before the start.
        let engaged = desk.is_engaged() && self.shared.phase != Phase::Starting;
        if engaged {
            if let Some(trade) = desk.trade.as_mut() {
                trade.see_price(candle.low, candle.high);
            }
            deadlines_moved = protection::watch_price(desk, at);
            self.shared.guard.watch.moved(at, desk.value_moved(earlier));
        }
        self.wake_at = self.wake_at.min(self.shared.guard.watch.wake_at);
        if self.desks.get(id.index()).is_some_and(|desk| desk.signal.is_some()) {
            self.on_own_candle(at, id, engaged, effects);
            return;
        }
        self.ask_strategy(at, id, candle, Age::New, effects);
        if engaged {
            self.manage(at, id, effects);
        }
        if deadlines_moved || !effects.requests.is_empty() {
            self.replan(id);
        }
    }

    /// After the strategy's answer to a candle: the position that is held, and the entry that rests.
    pub(crate) fn manage(&mut self, at: Ts, id: InstrumentId, effects: &mut Effects) {
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        manage::watch_entry(desk, shared, at, effects);
        if let Some(reason) = manage::on_candle(desk, shared, at, effects) {
            self.note_exit(at, id, reason, effects);
        }
    }

    pub(crate) fn on_exit_signal(
        &mut self,
        at: Ts,
        id: InstrumentId,
        reason: ExitReason,
        effects: &mut Effects,
    ) {
        let mut decision = effects.take_draft();
        self.withdraw(Some(id), Withdrawn::Exit, effects);
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        let held = desk.instrument.qty(desk.position.qty()).to_f64();
        decision.ask(Gate::PositionOpen, false, held, 0.0);
        desk.queued = None;
        if exits::close(desk, shared, at, reason, effects) {
            decision.exit = Some(reason);
        }
        effects.keep(decision);
    }

    fn on_quote(
        &mut self,
        at: Ts,
        id: InstrumentId,
        (bid, ask): (PriceUnits, PriceUnits),
        depth: Option<(QtyUnits, QtyUnits)>,
        effects: &mut Effects,
    ) {
        self.see_quote(at, id, (bid, ask), depth, effects);
        let side = self.desks.get(id.index()).map(|desk| desk.position.side());
        // A position is worth what it could be closed at.
        let price = match side {
            Some(PositionSide::Long) => bid,
            Some(PositionSide::Short) => ask,
            Some(PositionSide::Flat) | None => PriceUnits::new(bid.get() / 2 + ask.get() / 2),
        };
        if bid > PriceUnits::ZERO && ask >= bid {
            self.read_price(at, id, PriceUnits::new(bid.get() / 2 + ask.get() / 2));
            self.on_price(at, id, price, effects);
        } else {
            let detail = "quote without a sound bid and ask ignored";
            alert(effects, at, Severity::Warning, AlertKind::DataHole, Some(id), detail);
        }
    }

    fn on_mark(&mut self, at: Ts, id: InstrumentId, price: PriceUnits, effects: &mut Effects) {
        if price <= PriceUnits::ZERO {
            let detail = "price not above zero ignored";
            alert(effects, at, Severity::Warning, AlertKind::DataHole, Some(id), detail);
            return;
        }
        self.read_price(at, id, price);
        self.on_price(at, id, price, effects);
    }

    fn on_price(&mut self, at: Ts, id: InstrumentId, price: PriceUnits, effects: &mut Effects) {
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        let earlier = desk.last;
        desk.see_price(at, price);
        watch_shock(desk, &mut self.shared, at, effects);
        if desk.is_engaged() {
            if let Some(trade) = desk.trade.as_mut() {
                trade.see_price(price, price);
            }
            protection::watch_price(desk, at);
            self.shared.guard.watch.moved(at, desk.value_moved(earlier));
            manage::watch_entry(desk, &self.shared, at, effects);
            self.replan(id);
        }
        self.watch_pair(at, id);
        self.wake_at = self.wake_at.min(self.shared.guard.watch.wake_at);
    }

    fn on_venue(&mut self, at: Ts, event: &VenueEvent, effects: &mut Effects) {
        match event {
            VenueEvent::Accepted { order, .. } => {
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    venue::on_accepted(desk, shared, at, order.id, effects);
                });
            }
            VenueEvent::Rejected { order, reason } => {
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    venue::on_rejected(desk, shared, at, order.id, *reason, effects);
                });
            }
            VenueEvent::Triggered { order } => self.with_desk(at, *order, effects, |desk, _, effects| {
                venue::on_triggered(desk, at, order.id, effects);
            }),
            VenueEvent::Filled(fill) => {
                self.with_instrument(at, fill.instrument, effects, |desk, shared, effects| {
                    on_fill(desk, shared, at, fill, effects);
                });
            }
            VenueEvent::Cancelled { order, reason } => {
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    venue::on_cancelled(desk, shared, at, order.id, *reason, effects);
                });
            }
            VenueEvent::CancelRejected { order, reason } => {
                self.with_desk(at, *order, effects, |desk, _, effects| {
                    venue::on_cancel_rejected(desk, at, order.id, *reason, effects);
                });
            }
            VenueEvent::Amended { order, qty, kind } => {
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    venue::on_amended(desk, shared, at, order.id, *qty, *kind, effects);
                });
            }
            VenueEvent::AmendRejected { order, reason } => {
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    venue::on_amend_rejected(desk, shared, at, order.id, *reason, effects);
                });
            }
            VenueEvent::Funding { instrument, amount } => {
                self.with_instrument(at, *instrument, effects, |desk, shared, effects| {
                    on_funding(desk, shared, at, *amount, effects);
                });
            }
            VenueEvent::Order { order, report } => {
                self.with_desk(at, *order, effects, |desk, shared, effects| {
                    answers::on_order_report(desk, shared, at, order.id, report, effects);
                });
            }
            VenueEvent::OpenOrders(report) => {
                reconcile::on_open_orders(&mut self.desks, &mut self.shared, at, report, effects);
                self.verify_ended(at, report, effects);
                self.after_report(at, effects);
            }
            VenueEvent::Positions(report) => {
                reconcile::on_positions(&mut self.desks, &mut self.shared, at, report, effects);
                self.verify_closed(at, report, effects);
                self.after_report(at, effects);
            }
            VenueEvent::Balance { coverage, amount } => {
                reconcile::on_balance(&self.desks, &mut self.shared, at, *coverage, *amount, effects);
                self.hear_balance(at, *coverage, *amount);
                self.after_report(at, effects);
            }
            VenueEvent::Stream { live } => self.on_stream(at, *live, effects),
            VenueEvent::Booked(booking) => self.on_booked(at, booking, effects),
            VenueEvent::Elsewhere(report) => self.on_elsewhere(at, report, effects),
        }
    }

    fn after_report(&mut self, at: Ts, effects: &mut Effects) {
        for desk in &mut self.desks {
            desk.settle_unknown();
        }
        for desk in &mut self.desks {
            targets::place_when_entered(desk, &mut self.shared, at, effects);
            clear_leftovers(desk, &self.shared, at, effects);
            desk.wake_at = wake_of(desk, &self.shared).max(at);
        }
        // Stops that stand in and stops that are missing are known by now.
        reconcile::finish(&self.desks, &mut self.shared, at, effects);
        for number in 0..u32::try_from(self.desks.len()).unwrap_or(u32::MAX) {
            self.free_queued(at, InstrumentId(number));
            self.free_waiting(at, InstrumentId(number));
        }
        if self.auction.cycle_at == Ts::FAR_FUTURE {
            self.schedule_cycle(at);
        }
        if self.shared.closes_everything() {
            self.enforce_mode(at, effects);
        } else {
            self.ask_whether_closed(at, effects);
        }
        self.watch_truth(at, effects);
        self.open_windows(at);
        self.shared.guard.changed(at, self.shared.ledger.postings());
        invariant!(self.shared, at, effects, self.shared.ledger.is_balanced(), "the ledger sums to zero");
        self.plan_wakeup();
    }

    fn on_command(&mut self, at: Ts, command: Command, effects: &mut Effects) {
        if let Command::Close(id) = command {
            self.withdraw(Some(id), Withdrawn::Command, effects);
        }
        match command {
            Command::SetMode(mode) => self.shared.set_mode(at, mode, true, effects),
            Command::Close(id) => self.with_instrument(at, id, effects, |desk, shared, effects| {
                desk.queued = None;
                exits::close(desk, shared, at, ExitReason::Manual, effects);
            }),
            Command::Transfer(amount) => {
                self.shared
                    .book(at, effects, |ledger| ledger.post(Account::Transfers, Account::Cash, amount));
                self.shared.guard.flow(amount);
            }
            Command::Shutdown => {
                self.shared.shutting_down = true;
                #[cfg(feature = "mutants")]
                if Mutant::ShutdownCancelsStops.is_on() {
                    exits::cancel_all(&mut self.desks, &self.shared, at, effects);
                }
            }
            Command::Kill { reason, flatten } => self.kill(at, reason, flatten, effects),
            Command::Release => self.release(at, effects),
            Command::Position { instrument, action } => {
                self.with_instrument(at, instrument, effects, |desk, shared, effects| {
                    by_hand::act(desk, shared, at, action, effects);
                });
            }
            Command::Signal { instrument, signal } => self.on_signal(at, instrument, signal, effects),
        }
        // A mode that was made freer is judged again, and so is an account that money has come into.
        self.shared.guard.watch.wake(at);
        self.enforce_mode(at, effects);
    }

    /// Modes, the kill switch and spent loss windows act on what is already on its way: no entry rests where
    /// none is allowed, nothing is held where everything is being closed.
    pub(crate) fn enforce_mode(&mut self, at: Ts, effects: &mut Effects) {
        let Engine { desks, shared, .. } = self;
        for desk in desks.iter_mut() {
            let spared = Mutant::KillSparesEntries.is_on() && shared.guard.kill.is_on();
            if shared.ends_entries() && !spared {
                desk.queued = None;
                exits::cancel_entries(desk, shared, at, effects);
            }
            if shared.closes_everything() {
                exits::close(desk, shared, at, ExitReason::Flatten, effects);
            }
            desk.wake_at = wake_of(desk, shared).max(at);
        }
        self.ask_whether_closed(at, effects);
        self.plan_wakeup();
    }

    fn on_wakeup(&mut self, at: Ts, effects: &mut Effects) {
        if at >= self.shared.query_at {
            reconcile::on_time(&self.desks, &mut self.shared, at, effects);
            self.ask_whether_closed(at, effects);
            self.watch_truth(at, effects);
        }
        self.check_records(at, effects);
        for desk in &mut self.desks {
            if at < desk.wake_at {
                continue;
            }
            venue::on_time(desk, &mut self.shared, at, effects);
            exits::on_time(desk, &mut self.shared, at, effects);
            manage::on_time(desk, &mut self.shared, at, effects);
            targets::on_time(desk, &mut self.shared, at, effects);
            clear_leftovers(desk, &self.shared, at, effects);
            if desk.queued.as_ref().is_some_and(|queued| at >= queued.until(desk.base)) {
                desk.queued = None;
                let detail = "entry given up: the position it waited for was not closed within a candle";
                let id = Some(desk.instrument.id());
                alert(effects, at, Severity::Warning, AlertKind::BoundReached, id, detail);
            }
            desk.wake_at = wake_of(desk, &self.shared).max(at.plus(WAKEUP_PAUSE_MIN));
        }
        self.plan_wakeup();
    }

    fn with_desk(
        &mut self,
        at: Ts,
        order: OrderRef,
        effects: &mut Effects,
        act: impl FnOnce(&mut Desk, &mut Shared, &mut Effects),
    ) {
        self.with_instrument(at, order.instrument, effects, act);
    }

    fn with_instrument(
        &mut self,
        at: Ts,
        id: InstrumentId,
        effects: &mut Effects,
        act: impl FnOnce(&mut Desk, &mut Shared, &mut Effects),
    ) {
        let mode = self.shared.mode;
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        let was_different = desk.difference.is_some();
        act(desk, &mut self.shared, effects);
        desk.settle_unknown();
        exits::settle_trim(desk);
        self.shared.guard.changed(at, self.shared.ledger.postings());
        clear_leftovers(desk, &self.shared, at, effects);
        let settled = was_different && desk.difference.is_none();
        if settled {
            // What waited for the size of the position to be known.
            targets::keep(desk, &mut self.shared, at, effects);
        }
        if desk.queued.is_some() {
            self.free_queued(at, id);
        }
        self.free_waiting(at, id);
        if settled || self.shared.phase == Phase::Reconciling {
            reconcile::finish(&self.desks, &mut self.shared, at, effects);
        }
        if self.shared.mode != mode || self.shared.closes_everything() {
            self.enforce_mode(at, effects);
        }
        self.replan(id);
    }

    /// Recomputes the wake-up of one desk, and the engine's where it could have changed.
    pub(crate) fn replan(&mut self, id: InstrumentId) {
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        let before = desk.wake_at;
        let after = wake_of(desk, &self.shared).max(self.shared.now);
        desk.wake_at = after;
        self.wake_at = self.wake_at.min(self.shared.guard.watch.wake_at).min(self.shared.query_at);
        if after <= self.wake_at {
            self.wake_at = after;
        } else if before <= self.wake_at {
            self.plan_wakeup();
        }
    }

    pub(crate) fn plan_wakeup(&mut self) {
        let desks = self.desks.iter().map(|desk| desk.wake_at).min().unwrap_or(Ts::FAR_FUTURE);
        let soon = self.shared.guard.watch.wake_at.min(self.auction.due_at()).min(self.readers.due_at);
        let scheduled = self.shared.query_at.min(self.shared.stale_check_at);
        self.wake_at = desks.min(scheduled).min(soon);
    }
}

fn check_instruments(instruments: &[(Instrument, Timeframe)], signals: &Signals) -> Result<(), EngineError> {
    let count = instruments.len() + signals.read_only.len();
    if instruments.is_empty() || count > INSTRUMENTS_MAX {
        return Err(EngineError::InstrumentCount { count, max: INSTRUMENTS_MAX });
    }
    let all = instruments.iter().chain(&signals.read_only);
    let mut names: Vec<&str> = all.map(|(instrument, _)| instrument.name().as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(EngineError::InstrumentTwice { instrument: pair.concat() });
    }
    let mut rest = instruments.iter().map(|(instrument, _)| instrument);
    if let Some(first) = rest.next()
        && let Some(other) = rest.find(|other| other.settle() != first.settle())
    {
        return Err(EngineError::SettleCurrencies {
            first: first.name().to_string(),
            first_currency: first.settle().to_string(),
            other: other.name().to_string(),
            other_currency: other.settle().to_string(),
        });
    }
    Ok(())
}

/// Why a candle cannot follow what was seen of its instrument.
#[inline]
pub(crate) fn unfit(
    timeframe: Timeframe,
    candle: &Candle,
    base: Timeframe,
    seen_until: Ts,
) -> Option<String> {
    if timeframe != base || candle.open_time < seen_until {
        return Some(format!("{timeframe} candle at {} ignored", candle.open_time));
    }
    let sound = candle.low > PriceUnits::ZERO && (candle.low..=candle.high).contains(&candle.close);
    (!sound).then(|| format!("impossible candle at {} ignored", candle.open_time))
}

/// A price that jumps pauses its instrument at once; what it means for the account is looked at when the
/// instant is over.
#[inline]
fn watch_shock(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let Some(rule) = &shared.guard.shock else { return };
    if desk.trail.see(rule, at, desk.last) {
        begin_shock(desk, shared, at, "the price jumped", effects);
    }
}

pub(crate) fn begin_shock(desk: &mut Desk, shared: &mut Shared, at: Ts, why: &str, effects: &mut Effects) {
    let pause = Span::from_secs(i64::from(shared.risk.shock.pause_minutes) * 60);
    if desk.shock_until <= at {
        let detail = format!("until {}: {why}", at.plus(pause));
        let id = Some(desk.instrument.id());
        alert(effects, at, Severity::Warning, AlertKind::EntriesPaused, id, detail);
    }
    desk.shocked_at = at;
    desk.shock_until = at.plus(pause);
    shared.guard.shock_seen = true;
    shared.guard.watch.wake(at);
}

/// The next moment at which something on a desk is due.
pub(crate) fn wake_of(desk: &Desk, shared: &Shared) -> Ts {
    if !desk.is_engaged() {
        return Ts::FAR_FUTURE;
    }
    let silence = shared.protection.submit_deadline();
    let mut wake = desk.queued.as_ref().map_or(Ts::FAR_FUTURE, |queued| queued.until(desk.base));
    for order in desk.orders.live() {
        let answer = match (order.query_at, order.state.is_confirmed()) {
            (Some(query), _) => query,
            (None, false) => order.placed_at.plus(silence),
            (None, true) => Ts::FAR_FUTURE,
        };
        let amended = order.amendment.map_or(Ts::FAR_FUTURE, |amendment| amendment.since.plus(silence));
        wake = wake.min(answer).min(amended).min(order.cancel_due(silence).unwrap_or(Ts::FAR_FUTURE));
    }
    if desk.position.is_flat() {
        // Leftovers that the venue was to end by itself.
        let leftovers = desk.orders.live().any(|order| {
            order.request.reduce_only && order.state.is_confirmed() && order.cancel_sent.is_none()
        });
        return if leftovers { wake.min(desk.last_fill_at.plus(silence)) } else { wake };
    }
    let closing = desk.closing.map_or(Ts::FAR_FUTURE, |closing| closing.deadline);
    let trimming = desk.trimming.map_or(Ts::FAR_FUTURE, |trimming| trimming.deadline);
    let managed = desk
        .trade
        .as_ref()
        .map_or(Ts::FAR_FUTURE, |trade| trade.managed.wake_at().min(targets::wake_at(&trade.slots)));
    let closing = closing.min(trimming).min(managed);
    wake.min(closing).min(desk.protection.wake_at(shared.protection.trigger_grace()))
}
