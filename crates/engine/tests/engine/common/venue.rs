//! A venue whose answers are drawn from a seed, behind a network that loses, doubles, delays and reorders,
//! while it keeps truthful books.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, Capabilities, ClientOrderId, Coverage, Fill, FillCause, InstrumentId, Liquidity, Money,
    OrderKind, OrderRef, OrderRequest, OrderState, PriceUnits, QtyUnits, RejectReason, Report, Side, Span,
    SubmitOutcome, TimeInForce, Ts, VenueEvent, VenueId, VenueOrder, VenuePort, VenuePosition, VenueRequest,
};

use super::faults::Faults;
use super::random::Random;
use super::truth::{Resting, Truth, limit_is_met, stop_is_met};

/// Reasons that a random refusal draws from.
pub const REASONS: [RejectReason; 9] = [
    RejectReason::InsufficientFunds,
    RejectReason::InvalidPrice,
    RejectReason::InvalidQuantity,
    RejectReason::WouldTriggerImmediately,
    RejectReason::NothingToReduce,
    RejectReason::NotSupported,
    RejectReason::MarketClosed,
    RejectReason::RateLimited,
    RejectReason::Other,
];

/// An execution in the making.
#[derive(Debug, Clone, Copy)]
pub(super) struct Execution {
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) qty: QtyUnits,
    pub(super) price: PriceUnits,
}

pub(super) struct Picture {
    pub(super) at: Ts,
    pub(super) orders: Vec<VenueOrder>,
    pub(super) positions: Vec<VenuePosition>,
}

pub struct ScriptedVenue {
    pub truth: Truth,
    pub faults: Faults,
    /// How often each id was placed: more than once is a doubled order.
    pub placed: BTreeMap<ClientOrderId, u32>,
    pub(super) capabilities: Capabilities,
    network: Random,
    pub(super) will: Random,
    inbox: BTreeMap<(Ts, u64), VenueRequest>,
    outbox: BTreeMap<(Ts, u64), VenueEvent>,
    outcomes: BTreeMap<(Ts, u64), (OrderRef, SubmitOutcome)>,
    sequence: u64,
    unheard: bool,
    said_until: Ts,
    pub(super) pictures: VecDeque<Picture>,
    /// How far the venue's clock is ahead of ours.
    skew: Span,
}

impl ScriptedVenue {
    pub fn new(seed: u64, instruments: usize, capabilities: Capabilities, faults: Faults) -> Self {
        let mut will = Random::stream(seed, 31);
        let skewed = faults != Faults::default() && will.chance(400);
        let skew = if skewed { will.span_ms(-1_500, 1_500) } else { Span::ZERO };
        ScriptedVenue {
            truth: Truth::new(instruments, 10_000),
            faults,
            placed: BTreeMap::new(),
            capabilities,
            network: Random::stream(seed, 32),
            will,
            inbox: BTreeMap::new(),
            outbox: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            sequence: 0,
            unheard: false,
            said_until: Ts::from_nanos(i64::MIN),
            pictures: VecDeque::new(),
            skew,
        }
    }

    fn number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn clock(&self, at: Ts) -> Ts {
        at.plus(self.skew)
    }

    /// Tells the client, as far as the network lets it through.
    pub(super) fn say(&mut self, at: Ts, event: VenueEvent) {
        if self.network.chance(self.faults.event_lost) || self.unheard {
            return;
        }
        let due = at.plus(self.network.span_ms(5, 25));
        let late = self.network.chance(self.faults.event_late);
        let due = if late { due.plus(self.network.span_ms(50, 4_000)) } else { due.max(self.said_until) };
        if !late {
            self.said_until = due;
        }
        if self.network.chance(self.faults.event_doubled) {
            let again = due.plus(self.network.span_ms(0, 2_000));
            let number = self.number();
            self.outbox.insert((again, number), event.clone());
        }
        let number = self.number();
        self.outbox.insert((due, number), event);
    }

    /// What the transport reports about submissions by `until`.
    pub fn next_outcome_at(&self) -> Option<Ts> {
        self.outcomes.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn take_outcome(&mut self) -> Option<(OrderRef, SubmitOutcome)> {
        self.outcomes.pop_first().map(|(_, outcome)| outcome)
    }

    /// The process is dead: what is on its way to it and what is said from now on is lost, what has left it
    /// arrives.
    pub fn disconnect(&mut self, dead: bool) {
        self.unheard = dead;
        self.outbox.clear();
        self.outcomes.clear();
    }

    pub(super) fn fill(&mut self, at: Ts, id: Option<ClientOrderId>, cause: FillCause, execution: Execution) {
        let Execution { instrument, side, qty, price } = execution;
        let fee = self.truth.fill(instrument, side, qty, price);
        let order = id.map(|id| OrderRef { instrument, id });
        if let Some(resting) = id.and_then(|id| self.truth.orders.get_mut(&id)) {
            resting.filled = resting.filled.plus(qty);
            if resting.filled >= resting.request.qty && resting.state.is_live() {
                resting.state = OrderState::Filled;
            }
        }
        let fill_id = VenueId::Number(self.number());
        let venue_time = self.clock(at);
        let event = Fill {
            instrument,
            order,
            fill_id,
            side,
            qty,
            price,
            fee: Money::new(fee),
            liquidity: Liquidity::Taker,
            cause,
            venue_time,
        };
        self.say(at, VenueEvent::Filled(event));
        if self.truth.position(instrument).is_zero() && self.capabilities.cancels_orphaned_reduce_only {
            self.end_reduce_only(at, instrument);
        }
    }

    pub(super) fn end_reduce_only(&mut self, at: Ts, instrument: InstrumentId) {
        let orphans: Vec<OrderRef> = self
            .truth
            .live()
            .filter(|order| order.request.order.instrument == instrument && order.request.reduce_only)
            .map(|order| order.request.order)
            .collect();
        for order in orphans {
            self.end(at, order, CancelReason::NothingToReduce, true);
        }
    }

    pub(super) fn end(&mut self, at: Ts, order: OrderRef, reason: CancelReason, aloud: bool) {
        let state = if reason == CancelReason::Venue { OrderState::Expired } else { OrderState::Cancelled };
        if let Some(resting) = self.truth.orders.get_mut(&order.id) {
            resting.state = state;
        }
        if aloud {
            self.say(at, VenueEvent::Cancelled { order, reason });
        }
    }

    /// Fills what `id` may still fill, in pieces where the draw says so; the last piece may be left resting.
    pub(super) fn execute(&mut self, at: Ts, id: ClientOrderId, price: PriceUnits, whole: bool) {
        for _ in 0..4 {
            let Some(resting) = self.truth.orders.get(&id).copied() else { return };
            let request = resting.request;
            let instrument = request.order.instrument;
            let mut open = resting.remaining();
            if request.reduce_only {
                open = open.min(self.truth.reducible(instrument, request.side));
            }
            if open.is_zero() {
                break;
            }
            let piece = if self.will.chance(self.faults.partial) {
                QtyUnits::new(self.will.range(1, open.get()))
            } else {
                open
            };
            let execution = Execution { instrument, side: request.side, qty: piece, price };
            self.fill(at, Some(id), FillCause::Order, execution);
            if !whole && piece < open {
                return;
            }
        }
        let Some(resting) = self.truth.orders.get(&id).copied() else { return };
        let order = resting.request.order;
        if resting.state.is_live() && whole {
            self.end(at, order, CancelReason::ImmediateOrCancel, true);
        } else if resting.state.is_live()
            && self.truth.reducible(order.instrument, resting.request.side).is_zero()
            && resting.request.reduce_only
        {
            self.end(at, order, CancelReason::NothingToReduce, true);
        }
        let filled = resting.state == OrderState::Filled;
        if filled && !resting.request.reduce_only && self.will.chance(self.faults.over_fill) {
            let (instrument, side) = (order.instrument, resting.request.side);
            let execution = Execution { instrument, side, qty: QtyUnits::new(70), price };
            self.fill(at, Some(id), FillCause::Order, execution);
        }
    }

    fn refusal(&mut self, request: &OrderRequest) -> Option<RejectReason> {
        if self.placed.get(&request.order.id).is_some_and(|count| *count > 1) {
            return Some(RejectReason::DuplicateId);
        }
        let rate = if request.kind.is_stop() { self.faults.stop_reject } else { self.faults.reject };
        if self.will.chance(rate) {
            return Some(self.will.pick(&REASONS));
        }
        let instrument = request.order.instrument;
        if request.reduce_only && self.truth.reducible(instrument, request.side).is_zero() {
            return Some(RejectReason::NothingToReduce);
        }
        let met = stop_is_met(request.kind, request.side, self.truth.price(instrument));
        met.then_some(RejectReason::WouldTriggerImmediately)
    }

    fn place(&mut self, at: Ts, request: OrderRequest) {
        let order = request.order;
        *self.placed.entry(order.id).or_insert(0) += 1;
        if let Some(reason) = self.refusal(&request) {
            self.say(at, VenueEvent::Rejected { order, reason });
            return;
        }
        let venue_id = VenueId::Number(self.number());
        let resting = Resting { request, venue_id, state: OrderState::Open, filled: QtyUnits::ZERO };
        self.truth.orders.insert(order.id, resting);
        let accepted = VenueEvent::Accepted { order, venue_order_id: venue_id };
        // Some venues report the fill before the acknowledgement.
        let fill_first = self.will.chance(self.faults.partial);
        if !fill_first {
            self.say(at, accepted.clone());
        }
        let price = self.truth.price(order.instrument);
        if request.kind == OrderKind::Market {
            self.execute(at, order.id, price, true);
        } else if limit_is_met(request.kind, request.side, price) {
            self.execute(at, order.id, price, is_immediate(request.kind));
        } else if is_immediate(request.kind) {
            self.end(at, order, CancelReason::ImmediateOrCancel, true);
        }
        if fill_first {
            self.say(at, accepted);
        }
    }

    fn cancel(&mut self, at: Ts, order: OrderRef) {
        let live = self.truth.orders.get(&order.id).is_some_and(|resting| resting.state.is_live());
        if !live {
            self.say(at, VenueEvent::CancelRejected { order, reason: RejectReason::OrderNotFound });
        } else if self.will.chance(self.faults.cancel_refused) {
            self.say(at, VenueEvent::CancelRejected { order, reason: RejectReason::RateLimited });
        } else {
            self.end(at, order, CancelReason::Requested, true);
        }
    }

    fn amend(&mut self, at: Ts, order: OrderRef, qty: QtyUnits, kind: OrderKind) {
        let price = self.truth.price(order.instrument);
        let refuse = self.will.chance(self.faults.amend_refused);
        let resting =
            self.truth.orders.get_mut(&order.id).filter(|resting| resting.state == OrderState::Open);
        let reason = match resting {
            None => RejectReason::OrderNotFound,
            Some(_) if refuse => RejectReason::Other,
            Some(resting) if stop_is_met(kind, resting.request.side, price) => {
                RejectReason::WouldTriggerImmediately
            }
            Some(resting) => {
                resting.request.qty = qty;
                resting.request.kind = kind;
                self.say(at, VenueEvent::Amended { order, qty, kind });
                return;
            }
        };
        self.say(at, VenueEvent::AmendRejected { order, reason });
    }

    fn answer(&mut self, at: Ts, request: VenueRequest) {
        let failed = self.will.chance(self.faults.report_failed);
        let stale = self.will.chance(self.faults.report_stale);
        let picture = self.pictures.front().filter(|_| stale);
        let coverage = if failed { Coverage::Failed } else { Coverage::Complete };
        let taken_at = self.clock(picture.map_or(at, |picture| picture.at));
        let orders = picture.map_or_else(|| self.truth.open_rows(), |picture| picture.orders.clone());
        let positions =
            picture.map_or_else(|| self.truth.position_rows(), |picture| picture.positions.clone());
        let event = match request {
            VenueRequest::QueryOrder { order } => {
                let row = self.truth.orders.get(&order.id).map(Resting::row).filter(|_| !failed);
                let report = Report { coverage, taken_at: self.clock(at), rows: row.into_iter().collect() };
                VenueEvent::Order { order, report }
            }
            VenueRequest::QueryOpenOrders => {
                let rows = if failed { Vec::new() } else { orders };
                VenueEvent::OpenOrders(Report { coverage, taken_at, rows })
            }
            VenueRequest::QueryPositions => {
                let rows = if failed { Vec::new() } else { positions };
                VenueEvent::Positions(Report { coverage, taken_at, rows })
            }
            VenueRequest::QueryBalance => {
                let amount = if failed { Decimal::ZERO } else { self.truth.cash };
                VenueEvent::Balance { coverage, amount: Money::new(amount) }
            }
            VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => return,
        };
        self.say(at, event);
    }

    fn arrive(&mut self, at: Ts, request: VenueRequest) {
        match request {
            VenueRequest::Place(request) => self.place(at, request),
            VenueRequest::Cancel { order } => self.cancel(at, order),
            VenueRequest::Amend { order, qty, kind } => self.amend(at, order, qty, kind),
            VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => self.answer(at, request),
        }
    }
}

fn is_immediate(kind: OrderKind) -> bool {
    matches!(kind, OrderKind::Limit { time_in_force: TimeInForce::ImmediateOrCancel, .. })
}

impl VenuePort for ScriptedVenue {
    fn send(&mut self, at: Ts, request: VenueRequest) {
        let lost = self.network.chance(self.faults.request_lost);
        if let VenueRequest::Place(place) = request
            && lost
            && self.network.chance(self.faults.unknown_reported)
        {
            let outcome =
                if self.network.chance(300) { SubmitOutcome::NotSent } else { SubmitOutcome::Unknown };
            let key = (at.plus(self.network.span_ms(10, 3_000)), self.number());
            self.outcomes.insert(key, (place.order, outcome));
        }
        if !lost {
            let key = (at.plus(self.network.span_ms(5, 25)), self.number());
            self.inbox.insert(key, request);
        }
    }

    fn next_at(&self) -> Option<Ts> {
        let first = |at: &(Ts, u64)| at.0;
        let arrival = self.inbox.keys().next().map(first);
        let delivery = self.outbox.keys().next().map(first);
        arrival.into_iter().chain(delivery).min()
    }

    fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)> {
        loop {
            let next = self.next_at().filter(|next| *next <= until)?;
            if let Some(delivery) = self.outbox.first_entry().filter(|entry| entry.key().0 == next) {
                return Some((next, delivery.remove()));
            }
            let ((at, _), request) = self.inbox.pop_first()?;
            self.arrive(at, request);
        }
    }
}
