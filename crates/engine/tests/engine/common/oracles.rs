//! What must hold after every step, whatever venue, network and operator do. The oracles keep their own count
//! of everything from the effects and never ask the engine for what they can count themselves.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use seawall_engine::{Account, Effects, Engine, Phase, RiskSettings};
use seawall_model::{
    CancelReason, ClientOrderId, Coverage, Input, InstrumentId, InstrumentName, Money, OrderKind,
    OrderRequest, OrderRole, OrderState, OrderUpdate, PositionSide, PriceUnits, QtyUnits, Side, Span,
    SubmitOutcome, SystemMode, Trade, Ts, VenueEvent, VenueRequest,
};

use super::{qty, value};

/// Requests that one step may ask for beside one for each row of a report.
const REQUESTS_PER_STEP_MAX: usize = 24;
/// Wake-ups per simulated minute and instrument.
const WAKEUPS_PER_MINUTE_MAX: u32 = 240;
/// Placements per simulated minute and instrument: nothing is retried without pause (FT 7365).
const PLACEMENTS_PER_MINUTE_MAX: u32 = 60;

/// What the venue or the transport has said about an order (oracle O4).
#[derive(Debug, Default, Clone)]
struct Evidence {
    rejected: bool,
    cancelled: bool,
    expired: bool,
    filled: bool,
    not_sent: bool,
    absent: bool,
    /// Positions were seen when the venue could not take it any more.
    over: bool,
    fills: i64,
}

pub struct Oracles {
    horizon: Span,
    deadline: Span,
    risk: RiskSettings,
    names: Vec<InstrumentName>,
    killed: bool,
    counted: Vec<i64>,
    /// What each instrument could come to at worst before the step.
    worst_before: Vec<QtyUnits>,
    /// Orders that worked before it.
    live_before: BTreeSet<ClientOrderId>,
    mirror: BTreeMap<ClientOrderId, OrderUpdate>,
    placed_at: BTreeMap<ClientOrderId, Ts>,
    evidence: BTreeMap<ClientOrderId, Evidence>,
    closed: Decimal,
    funding_while_flat: Decimal,
    stops: BTreeMap<(InstrumentId, u32), PriceUnits>,
    last_sequence: u32,
    minute: i64,
    wakeups: u32,
    placements: u32,
    phase: Phase,
    mode: SystemMode,
    shutting_down: bool,
    known: BTreeSet<u64>,
    /// Marks of rare branches that a run has passed.
    pub seen: BTreeSet<String>,
}

fn ensure(holds: bool, rule: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(rule()) }
}

impl Oracles {
    pub fn new(setup: &seawall_engine::Setup) -> Self {
        let longest = setup.protection.confirm_deadline_ms.max(setup.protection.emergency_retry_ms);
        Oracles {
            horizon: setup.capabilities.acceptance_horizon,
            deadline: Span::from_millis(i64::from(longest)),
            risk: setup.risk.clone(),
            names: setup.instruments.iter().map(|(instrument, _)| instrument.name().clone()).collect(),
            killed: false,
            counted: vec![0; setup.instruments.len()],
            worst_before: Vec::new(),
            live_before: BTreeSet::new(),
            mirror: BTreeMap::new(),
            placed_at: BTreeMap::new(),
            evidence: BTreeMap::new(),
            closed: Decimal::ZERO,
            funding_while_flat: Decimal::ZERO,
            stops: BTreeMap::new(),
            last_sequence: 0,
            minute: 0,
            wakeups: 0,
            placements: 0,
            phase: Phase::Starting,
            mode: SystemMode::Normal,
            shutting_down: false,
            known: BTreeSet::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Called before the engine sees `input`.
    pub fn before(&mut self, at: Ts, engine: &Engine, input: &Input) {
        self.phase = engine.phase();
        self.mode = engine.mode();
        self.worst_before = self.ids().map(|id| self.worst_qty(id)).collect();
        let live = self.mirror.values().filter(|order| order.state.is_live());
        self.live_before = live.map(|order| order.order.id).collect();
        let minute = at.nanos().div_euclid(60_000_000_000);
        if minute != self.minute {
            (self.minute, self.wakeups, self.placements) = (minute, 0, 0);
        }
        match input {
            Input::Wakeup => self.wakeups += 1,
            Input::Submission { order, outcome: SubmitOutcome::NotSent } => {
                self.evidence.entry(order.id).or_default().not_sent = true;
            }
            Input::Operator(seawall_model::Command::Shutdown) => self.shutting_down = true,
            Input::Operator(seawall_model::Command::Kill { .. }) => self.killed = true,
            Input::Operator(seawall_model::Command::Release) => self.killed = false,
            Input::Venue(event) => self.hear(engine, event),
            Input::Submission { outcome: SubmitOutcome::Unknown, .. }
            | Input::Started
            | Input::Candle { .. }
            | Input::Quote { .. }
            | Input::Mark { .. }
            | Input::Book { .. }
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_)
            | Input::Operator(_) => {}
        }
    }

    fn hear(&mut self, engine: &Engine, event: &VenueEvent) {
        match event {
            VenueEvent::Rejected { order, .. } => self.evidence.entry(order.id).or_default().rejected = true,
            VenueEvent::Cancelled { order, reason } => {
                let evidence = self.evidence.entry(order.id).or_default();
                evidence.expired |= *reason == CancelReason::Venue;
                evidence.cancelled |= *reason != CancelReason::Venue;
            }
            VenueEvent::Filled(fill) => {
                let seawall_model::VenueId::Number(id) = fill.fill_id else { return };
                if let Some(order) = fill.order.filter(|_| self.known.insert(id)) {
                    self.evidence.entry(order.id).or_default().fills += fill.qty.get();
                }
            }
            VenueEvent::Positions(report) if report.coverage == Coverage::Complete => {
                for (id, placed_at) in &self.placed_at {
                    let over = report.taken_at >= placed_at.plus(self.horizon);
                    self.evidence.entry(*id).or_default().over |= over;
                }
            }
            VenueEvent::Order { order, report } => {
                let placed_at = self.placed_at.get(&order.id).copied().unwrap_or(Ts::FAR_FUTURE);
                let evidence = self.evidence.entry(order.id).or_default();
                let row = report.rows.first().filter(|_| report.coverage != Coverage::Failed);
                match row.map(|row| row.state) {
                    Some(OrderState::Filled) => evidence.filled = true,
                    Some(OrderState::Cancelled) => evidence.cancelled = true,
                    Some(OrderState::Expired) => evidence.expired = true,
                    Some(OrderState::Rejected) => evidence.rejected = true,
                    None if report.coverage == Coverage::Complete => {
                        evidence.absent |= report.taken_at >= placed_at.plus(self.horizon);
                    }
                    Some(_) | None => {}
                }
            }
            VenueEvent::Funding { instrument, amount }
                if engine.position(*instrument).is_some_and(|view| view.qty.is_zero()) =>
            {
                self.funding_while_flat += amount.get();
            }
            _ => {}
        }
    }

    /// Called after the engine took `input`; names the first broken rule.
    pub fn after(&mut self, at: Ts, engine: &Engine, input: &Input, effects: &Effects) -> Result<(), String> {
        self.follow(effects)?;
        self.orders_agree(engine)?;
        self.books(engine)?;
        self.placements(engine, effects)?;
        self.exposure(input, effects)?;
        self.reductions(engine, effects)?;
        self.protection(at, engine)?;
        let rows = match input {
            Input::Venue(VenueEvent::OpenOrders(report)) => report.rows.len() + self.mirror.len(),
            _ => 0,
        };
        ensure(effects.requests.len() <= REQUESTS_PER_STEP_MAX + rows, || {
            format!("{} requests in one step", effects.requests.len())
        })?;
        let instruments = u32::try_from(self.counted.len()).unwrap();
        ensure(self.wakeups <= WAKEUPS_PER_MINUTE_MAX * instruments, || "the engine spins".to_owned())?;
        ensure(self.placements <= PLACEMENTS_PER_MINUTE_MAX * instruments, || {
            "placements without pause".to_owned()
        })?;
        if *input == Input::Wakeup {
            let next = engine.next_wakeup().unwrap_or(Ts::FAR_FUTURE);
            ensure(next > at, || format!("woken at {at}, wants to be woken at {next}"))?;
        }
        for alert in &effects.alerts {
            self.seen.insert(format!("{:?}", alert.kind));
            ensure(alert.kind != seawall_model::AlertKind::InvariantBroken, || {
                format!("invariant broken: {}", alert.detail)
            })?;
        }
        Ok(())
    }

    /// Own counts of fills and orders, each end of an order with its evidence.
    fn follow(&mut self, effects: &Effects) -> Result<(), String> {
        for fill in &effects.fills {
            self.counted[fill.instrument.index()] += fill.side.signed(fill.qty).get();
        }
        for trade in &effects.trades {
            self.closed += trade.pnl.get();
            self.seen.extend(trade.exits.iter().map(|exit| exit.reason.name().to_owned()));
        }
        for update in &effects.orders {
            let id = update.order.id;
            let before = self.mirror.insert(id, *update);
            if before.is_none() {
                self.placed_at.insert(id, update.at);
            }
            if let Some(before) = before {
                ensure(before.filled <= update.filled, || format!("fills of {id} shrank"))?;
                ensure(before.state.is_live() || !update.state.is_live(), || format!("{id} lives again"))?;
            }
            if before.is_none_or(|before| before.state != update.state) {
                self.seen.insert(format!("{:?} {:?}", update.role, update.state));
                let evidence = self.evidence.entry(id).or_default();
                let proven = match update.state {
                    OrderState::Rejected if update.role == OrderRole::Emergency => {
                        evidence.rejected || evidence.absent || evidence.over
                    }
                    OrderState::Rejected => evidence.rejected || evidence.absent,
                    OrderState::Cancelled => evidence.cancelled,
                    OrderState::Expired => evidence.expired || evidence.absent,
                    OrderState::Filled => evidence.filled || evidence.fills >= update.qty.get(),
                    OrderState::NotSent => evidence.not_sent,
                    OrderState::Intended
                    | OrderState::InFlight
                    | OrderState::Unknown
                    | OrderState::Open
                    | OrderState::Triggered => true,
                };
                ensure(proven, || format!("O4: {id} is {:?} without evidence", update.state))?;
            }
        }
        Ok(())
    }

    fn orders_agree(&self, engine: &Engine) -> Result<(), String> {
        for number in 0..u32::try_from(self.counted.len()).unwrap() {
            let id = InstrumentId(number);
            for order in engine.live_orders(id) {
                let told =
                    self.mirror.get(&order.order.id).map(|update| (update.state, update.filled, update.qty));
                ensure(told == Some((order.state, order.filled, order.qty)), || {
                    format!("order {} is {:?} but was reported as {told:?}", order.order.id, order.state)
                })?;
            }
        }
        Ok(())
    }

    /// O11 and the equity identity.
    fn books(&self, engine: &Engine) -> Result<(), String> {
        let ledger = engine.ledger();
        ensure(ledger.is_balanced() && ledger.total().is_ok_and(Money::is_zero), || {
            "O11: the ledger does not sum to zero".to_owned()
        })?;
        let mut open = Decimal::ZERO;
        for (number, counted) in (0_u32..).zip(&self.counted) {
            let id = InstrumentId(number);
            let held = engine.position(id).unwrap().qty.get();
            ensure(held == *counted, || format!("position {held}, fills sum to {counted}"))?;
            let trade: Option<Trade> = engine.open_trade(id);
            ensure(trade.is_some() == (held != 0), || "an open position has an open trade".to_owned())?;
            open += trade.map_or(Decimal::ZERO, |trade| trade.pnl.get());
        }
        let from_outside =
            -ledger.balance(Account::Transfers).get() - ledger.balance(Account::Adjustments).get();
        let expected = from_outside + self.closed + open + self.funding_while_flat;
        let equity = engine.equity().unwrap().get();
        ensure(equity == expected, || format!("equity {equity}, identity {expected}"))
    }

    /// O2, O5, O6: what may be placed.
    fn placements(&mut self, engine: &Engine, effects: &Effects) -> Result<(), String> {
        for request in &effects.requests {
            let VenueRequest::Place(order) = request else { continue };
            self.placements += 1;
            let sequence = order.order.id.sequence;
            ensure(sequence > self.last_sequence, || format!("O2: {} placed again", order.order.id))?;
            self.last_sequence = sequence;
            ensure(order.qty > QtyUnits::ZERO, || "an order of nothing".to_owned())?;
            let side = PositionSide::of(engine.position(order.order.instrument).unwrap().qty);
            if order.reduce_only {
                ensure(side.closing_side() == Some(order.side), || {
                    "a reduction that does not reduce".to_owned()
                })?;
                self.alone(order)?;
                continue;
            }
            ensure(order.role == OrderRole::Entry, || format!("{:?} is not reduce-only", order.role))?;
            let free = self.phase == Phase::Ready
                && self.mode <= SystemMode::Cautious
                && engine.mode() <= SystemMode::Cautious
                && !self.shutting_down
                && !self.killed;
            ensure(free, || format!("O6: an increase in {:?} {:?}", self.phase, self.mode))?;
            ensure(side == PositionSide::Flat, || "an entry while a position is open".to_owned())?;
            self.alone(order)?;
            self.within_caps(engine, order)?;
            self.within_count(order)?;
        }
        Ok(())
    }

    /// [I-27]: what rests as take-profits never sums to more than the position, as far as we ask for it.
    fn reductions(&self, engine: &Engine, effects: &Effects) -> Result<(), String> {
        for request in &effects.requests {
            let (order, kind, qty) = match request {
                VenueRequest::Place(order) => (order.order, order.kind, order.qty),
                VenueRequest::Amend { order, qty, kind } => (*order, *kind, *qty),
                _ => continue,
            };
            let this = self.mirror.get(&order.id).filter(|order| order.reduce_only && !kind.is_stop());
            let Some(this) = this.filter(|order| matches!(order.role, OrderRole::Target(_))) else {
                continue;
            };
            // A position that somebody else reduced is followed by changes that shrink, one by one.
            if matches!(request, VenueRequest::Amend { .. }) && qty <= this.qty {
                continue;
            }
            let others = self.mirror.values().filter(|other| {
                other.order.instrument == order.instrument
                    && other.order != order
                    && other.state.is_live()
                    && matches!(other.role, OrderRole::Target(_))
            });
            let open = |order: &OrderUpdate| order.qty.minus(order.filled).max(QtyUnits::ZERO);
            let sum = others.fold(qty.minus(this.filled), |sum, other| sum.plus(open(other)));
            let held = engine.position(order.instrument).unwrap().qty.abs();
            ensure(sum <= held, || format!("I-27: take-profits of {sum:?} on {held:?}"))?;
        }
        Ok(())
    }

    /// Of entries, exits and emergency closes one at a time: an unknown one may still do its work.
    fn alone(&self, order: &OrderRequest) -> Result<(), String> {
        let once = matches!(order.role, OrderRole::Entry | OrderRole::Exit | OrderRole::Emergency);
        let other = self.mirror.values().find(|other| {
            once && other.order.instrument == order.order.instrument
                && other.order != order.order
                && other.role == order.role
                && other.state.is_live()
        });
        ensure(other.is_none(), || format!("O2: a second {:?} beside {other:?}", order.role))
    }

    /// Notional of an instrument at its worst without `entry`, counted here.
    fn worst(&self, engine: &Engine, id: InstrumentId, entry: &OrderRequest) -> Decimal {
        let held = QtyUnits::new(self.counted[id.index()]);
        let live = |side: Side| {
            self.mirror
                .values()
                .filter(|order| {
                    order.order.instrument == id && order.side == side && order.order != entry.order
                })
                .filter(|order| order.state.is_live() && !order.reduce_only)
                .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.qty.minus(order.filled).max(qty(0))))
        };
        let long = held.max(qty(0)).plus(live(Side::Buy));
        let short = held.negated().max(qty(0)).plus(live(Side::Sell));
        value(engine.last_price(id), long.max(short))
    }

    /// O5: every cap holds with this entry at its worst. Instruments of one instant are judged on the prices
    /// of before it, so the caps across instruments may be missed by what those have moved since.
    fn within_caps(&self, engine: &Engine, entry: &OrderRequest) -> Result<(), String> {
        let price = match entry.kind {
            OrderKind::Limit { price, .. } => price,
            _ => engine.last_price(entry.order.instrument),
        };
        let wanted = value(price, entry.qty);
        let equity = engine.equity().unwrap().get();
        let own = self.worst(engine, entry.order.instrument, entry) + wanted;
        let ids = || (0..u32::try_from(self.counted.len()).unwrap()).map(InstrumentId);
        let clusters = &self.risk.clusters;
        let cluster_of = |id: InstrumentId| {
            clusters.iter().position(|cluster| cluster.instruments.contains(&self.names[id.index()]))
        };
        let sum = |of: &dyn Fn(InstrumentId) -> bool| {
            ids().filter(|id| of(*id)).map(|id| self.worst(engine, id, entry)).sum::<Decimal>() + wanted
        };
        let all = sum(&|_| true);
        let cluster = cluster_of(entry.order.instrument);
        let together = cluster.map(|own| sum(&|id| cluster_of(id) == Some(own)));
        let slack = Decimal::new(1_04, 2);
        let margin = Decimal::TEN * Decimal::ONE_HUNDRED;
        let caps = [
            ("leverage", Some(self.risk.leverage_max.get()), Some(all), slack),
            ("instrument", self.risk.instrument_notional_max.map(|max| max.get()), Some(own), slack),
            ("cluster", self.risk.cluster_notional_max.map(|max| max.get()), together, slack),
            (
                "margin",
                self.risk.position_margin_max_pct.map(|max| max.get() / margin * Decimal::ONE_HUNDRED),
                Some(own),
                slack,
            ),
            (
                "margin use",
                self.risk.margin_use_max_pct.map(|max| max.get() / margin * Decimal::ONE_HUNDRED),
                Some(all),
                slack,
            ),
        ];
        for (name, most, worst, slack) in caps {
            let (Some(most), Some(worst)) = (most, worst) else { continue };
            // A single instrument has no prices to wait for.
            let slack = if self.counted.len() == 1 { Decimal::ONE } else { slack };
            let room = equity * most * slack;
            ensure(worst <= room, || format!("O5: {name}: worst case {worst} above {room}"))?;
        }
        Ok(())
    }

    /// O5: no more instruments with a position or an order on its way than allowed.
    fn within_count(&self, entry: &OrderRequest) -> Result<(), String> {
        let engaged = |id: &InstrumentId| {
            let live = |order: &OrderUpdate| order.order.instrument == *id && order.state.is_live();
            *id == entry.order.instrument || self.counted[id.index()] != 0 || self.mirror.values().any(live)
        };
        let count = self.ids().filter(engaged).count();
        let most = self.risk.positions_max as usize;
        ensure(count <= most, || format!("O5: {count} instruments engaged, {most} are allowed"))
    }

    fn ids(&self) -> impl Iterator<Item = InstrumentId> + use<> {
        (0..u32::try_from(self.counted.len()).unwrap()).map(InstrumentId)
    }

    /// The most that an instrument can come to hold: what is held and all that may still increase it.
    fn worst_qty(&self, id: InstrumentId) -> QtyUnits {
        let held = QtyUnits::new(self.counted[id.index()]);
        let live = |side: Side| {
            let orders = self.mirror.values().filter(|order| order.order.instrument == id);
            orders
                .filter(|order| order.side == side && order.state.is_live() && !order.reduce_only)
                .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.qty.minus(order.filled).max(qty(0))))
        };
        let long = held.max(qty(0)).plus(live(Side::Buy));
        long.max(held.negated().max(qty(0)).plus(live(Side::Sell)))
    }

    /// O5 between placements: what an instrument can come to grows by an approved entry, or because the venue
    /// says that somebody else, or an order beyond what was asked of it, has changed the position. A fill of
    /// an order of ours, an unknown outcome, a price, time and commands never raise it.
    fn exposure(&self, input: &Input, effects: &Effects) -> Result<(), String> {
        for (id, before) in self.ids().zip(&self.worst_before) {
            let after = self.worst_qty(id);
            let entered = effects.requests.iter().any(|request| match request {
                VenueRequest::Place(order) => order.order.instrument == id && !order.reduce_only,
                _ => false,
            });
            let may = entered || after <= *before || self.is_others_doing(input, id);
            ensure(may, || format!("O5: exposure of {id:?} grew from {before:?} to {after:?} by {input:?}"))?;
        }
        Ok(())
    }

    fn is_others_doing(&self, input: &Input, id: InstrumentId) -> bool {
        match input {
            Input::Venue(VenueEvent::Filled(fill)) if fill.instrument == id => {
                let order = fill.order.and_then(|order| self.mirror.get(&order.id));
                // One of an order that had ended already, or beyond what was ordered, is the venue's doing.
                let worked = fill.order.is_some_and(|order| self.live_before.contains(&order.id));
                !worked || order.is_none_or(|order| order.reduce_only || order.filled > order.qty)
            }
            Input::Venue(
                VenueEvent::Positions(_)
                | VenueEvent::OpenOrders(_)
                | VenueEvent::Order { .. }
                | VenueEvent::Amended { .. },
            ) => true,
            _ => false,
        }
    }

    /// O1 as far as the engine knows: covered by confirmed stops, or a deadline runs.
    fn protection(&mut self, at: Ts, engine: &Engine) -> Result<(), String> {
        for number in 0..u32::try_from(self.counted.len()).unwrap() {
            let id = InstrumentId(number);
            let view = engine.position(id).unwrap();
            let Some(closing) = PositionSide::of(view.qty).closing_side() else { continue };
            let stop = view.stop.ok_or_else(|| "a position without a planned stop".to_owned())?;
            let trade = engine.open_trade(id).map_or(0, |trade| trade.id);
            let kept = self.stops.insert((id, trade), stop).is_none_or(|before| match closing {
                Side::Sell => stop >= before,
                Side::Buy => stop <= before,
            });
            ensure(kept, || format!("the stop of trade {trade} moved against the position to {stop:?}"))?;
            let covered = self
                .mirror
                .values()
                .filter(|order| order.order.instrument == id && order.side == closing && order.reduce_only)
                .filter(|order| order.kind.is_stop() && order.state.is_confirmed())
                .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.qty.minus(order.filled).max(qty(0))))
                >= view.qty.abs();
            ensure(covered || !view.protected, || "claims protection that is not confirmed".to_owned())?;
            let wakes = engine.next_wakeup().is_some_and(|wake| wake <= at.plus(self.deadline));
            let escalating = view.escalating && wakes;
            ensure(covered || escalating, || format!("O1: naked without a deadline: {view:?}"))?;
        }
        Ok(())
    }
}
