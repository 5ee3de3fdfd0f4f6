//! The simulated exchange as a venue with faults of its own: it refuses, forgets stops, lets triggers fail,
//! answers from replicas that are behind. Its books are always true; only what it says and does is faulty.

use std::collections::{BTreeSet, VecDeque};

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, ClientOrderId, Coverage, FillCause, Instrument, InstrumentId, Money, OrderKind, OrderRef,
    OrderRequest, OrderRole, OrderState, PositionSide, Price, PriceUnits, QtyUnits, RejectReason, Report,
    Rules, Side, Span, Trading, Ts, VenueEvent, VenueOrder, VenuePosition, VenueRequest,
};
use seawall_simulator::Tick;

use crate::books::Books;
use crate::faults::Fault;
use crate::strikes::{About, Faults, Strike};
use crate::truth::Truth;

/// The run of orders that are not ours.
const OTHERS: u32 = 4_000_000;
/// How far a replica may be behind.
const PICTURES: usize = 4;
/// How far a balance is behind at most: it does not say so.
const BALANCE_BEHIND: Span = Span::from_secs(8);
/// Time between two pictures.
const PICTURE_EVERY: Span = Span::from_secs(2);

/// How something that the venue says travels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// On the private stream.
    Stream(VenueEvent),
    /// As the answer to a request.
    Reply(VenueEvent),
}

#[derive(Debug, Clone)]
struct Picture {
    at: Ts,
    orders: Vec<VenueOrder>,
    positions: Vec<VenuePosition>,
    cash: Money,
}

/// The venue.
pub(crate) struct Venue {
    pub(crate) exchange: Books,
    pub(crate) instruments: Vec<Instrument>,
    /// Whether an instrument takes no orders at the moment.
    pub(crate) halted: Vec<bool>,
    /// What positions are valued at.
    pub(crate) marks: Vec<PriceUnits>,
    /// By how much its tick is coarser than it was at the start.
    ticks: Vec<i64>,
    /// By how much its clock is ahead of the world's.
    pub(crate) skew: Span,
    /// Whether there is less to trade with than orders may want.
    is_thin: bool,
    manual: u32,
    pictures: VecDeque<Picture>,
    emptied: bool,
    /// Placements that were refused: a twin that comes later is refused, too.
    refused: BTreeSet<ClientOrderId>,
    said: Vec<Said>,
}

impl Venue {
    pub(crate) fn new(exchange: Books, instruments: Vec<Instrument>, skew: Span, is_thin: bool) -> Self {
        Venue {
            exchange,
            halted: vec![false; instruments.len()],
            marks: vec![PriceUnits::ZERO; instruments.len()],
            ticks: vec![1; instruments.len()],
            instruments,
            skew,
            is_thin,
            manual: 0,
            pictures: VecDeque::new(),
            emptied: false,
            refused: BTreeSet::new(),
            said: Vec::new(),
        }
    }

    /// What was said since the last call, in order.
    pub(crate) fn take_said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    pub(crate) fn hear_exchange(&mut self, at: Ts, truth: &mut Truth, answer_to: Option<&VenueRequest>) {
        self.drain(at, truth, answer_to);
        if self.is_thin {
            self.end_the_rest(at, truth);
        }
    }

    /// A market order, or one that a trigger has made, fills at once or ends: nothing of it rests.
    fn end_the_rest(&mut self, at: Ts, truth: &mut Truth) {
        let ids = (0..).map(InstrumentId).take(self.instruments.len());
        let rests = |row: &VenueOrder| {
            row.kind == OrderKind::Market || row.kind.is_stop() && row.state == OrderState::Triggered
        };
        let spent: Vec<OrderRef> =
            ids.flat_map(|id| self.exchange.working(id).filter(rests)).filter_map(|row| row.order).collect();
        for order in spent {
            // There was nobody left to trade with: no order can protect or close before there is again.
            truth.disturb(at, Some(order.instrument));
            self.exchange.expire(at, order);
            let before = self.said.len();
            self.drain(at, truth, None);
            for said in self.said.iter_mut().skip(before) {
                if let Said::Stream(VenueEvent::Cancelled { reason, .. }) = said {
                    *reason = CancelReason::ImmediateOrCancel;
                }
            }
        }
    }

    fn drain(&mut self, at: Ts, truth: &mut Truth, answer_to: Option<&VenueRequest>) {
        let mut answered = false;
        while let Some((_, event)) = self.exchange.next_event(at) {
            truth.see(&self.instruments, &event);
            let Some(event) = self.as_told(event) else { continue };
            let is_answer = !answered && answer_to.is_some_and(|request| answers(request, &event));
            answered |= is_answer;
            self.said.push(if is_answer { Said::Reply(event) } else { Said::Stream(event) });
        }
    }

    /// As the client's codec would tell it: orders of others have no name, times are of the venue's clock.
    pub(crate) fn as_told(&self, event: VenueEvent) -> Option<VenueEvent> {
        let named = |order: &OrderRef| order.id.run != OTHERS;
        let event = match event {
            VenueEvent::Accepted { order, .. }
            | VenueEvent::Rejected { order, .. }
            | VenueEvent::Triggered { order }
            | VenueEvent::Cancelled { order, .. }
                if !named(&order) =>
            {
                return None;
            }
            VenueEvent::Filled(mut fill) => {
                fill.order = fill.order.filter(named);
                fill.venue_time = fill.venue_time.plus(self.skew);
                VenueEvent::Filled(fill)
            }
            VenueEvent::OpenOrders(mut report) => {
                report.taken_at = report.taken_at.plus(self.skew);
                report.rows.iter_mut().for_each(|row| row.order = row.order.filter(named));
                VenueEvent::OpenOrders(report)
            }
            VenueEvent::Positions(mut report) => {
                report.taken_at = report.taken_at.plus(self.skew);
                VenueEvent::Positions(report)
            }
            VenueEvent::Order { order, mut report } => {
                report.taken_at = report.taken_at.plus(self.skew);
                VenueEvent::Order { order, report }
            }
            other @ (VenueEvent::Accepted { .. }
            | VenueEvent::Rejected { .. }
            | VenueEvent::Triggered { .. }
            | VenueEvent::Cancelled { .. }
            | VenueEvent::CancelRejected { .. }
            | VenueEvent::Amended { .. }
            | VenueEvent::AmendRejected { .. }
            | VenueEvent::Funding { .. }
            | VenueEvent::Balance { .. }
            | VenueEvent::Stream { .. }
            | VenueEvent::Booked(_)
            | VenueEvent::Elsewhere(_)) => other,
        };
        Some(event)
    }

    /// A request of ours arrives. Says which fault the venue has made of it.
    pub(crate) fn arrive(
        &mut self,
        at: Ts,
        request: VenueRequest,
        faults: &mut Faults,
        truth: &mut Truth,
    ) -> Option<Strike> {
        if let Some((refusal, strike)) = self.refusal(&request, faults) {
            if let VenueRequest::Place(order) = &request {
                self.refused.insert(order.order.id);
            }
            self.said.push(Said::Reply(refusal));
            return strike;
        }
        let answer = self.answer_of(at, &request, faults);
        if let Some((event, strike)) = answer {
            self.said.push(Said::Reply(event));
            return Some(strike);
        }
        self.exchange.send(at, request);
        self.hear_exchange(at, truth, Some(&request));
        None
    }

    /// Refused without having reached the books.
    fn refusal(&self, request: &VenueRequest, faults: &mut Faults) -> Option<(VenueEvent, Option<Strike>)> {
        let about = About::request(request);
        let closed = |order: &OrderRef| self.halted.get(order.instrument.index()) == Some(&true);
        match request {
            VenueRequest::Place(OrderRequest { order, kind, .. }) => {
                let rejected =
                    |reason, strike| Some((VenueEvent::Rejected { order: *order, reason }, strike));
                if self.refused.contains(&order.id) {
                    return rejected(RejectReason::DuplicateId, None);
                }
                if closed(order) {
                    return rejected(RejectReason::MarketClosed, None);
                }
                // One that is in the books already is told so.
                if self.knows(*order) {
                    return None;
                }
                let stop = kind.is_stop().then(|| faults.strikes(Fault::StopRefused, about)).flatten();
                if let Some(strike) = stop {
                    let reasons = [
                        RejectReason::InvalidPrice,
                        RejectReason::InvalidQuantity,
                        RejectReason::NotSupported,
                        RejectReason::NothingToReduce,
                        RejectReason::WouldTriggerImmediately,
                        RejectReason::Other,
                    ];
                    let reason = faults.shape(strike).pick(reasons).unwrap_or(RejectReason::Other);
                    return rejected(reason, Some(strike));
                }
                if let Some(strike) = faults.strikes(Fault::RateLimited, about) {
                    return rejected(RejectReason::RateLimited, Some(strike));
                }
                let strike = faults.strikes(Fault::PlacementRefused, about)?;
                let reasons = [
                    RejectReason::Other,
                    RejectReason::InsufficientFunds,
                    RejectReason::InvalidPrice,
                    RejectReason::InvalidQuantity,
                    RejectReason::MarketClosed,
                    RejectReason::NotSupported,
                ];
                let reason = faults.shape(strike).pick(reasons).unwrap_or(RejectReason::Other);
                rejected(reason, Some(strike))
            }
            VenueRequest::Amend { order, .. } => {
                let rejected =
                    |reason, strike| Some((VenueEvent::AmendRejected { order: *order, reason }, strike));
                if closed(order) {
                    return rejected(RejectReason::MarketClosed, None);
                }
                let strike = faults.strikes(Fault::AmendRefused, about)?;
                rejected(RejectReason::Other, Some(strike))
            }
            VenueRequest::Cancel { order } => {
                let strike = faults.strikes(Fault::CancelRefused, about)?;
                let reason = RejectReason::RateLimited;
                Some((VenueEvent::CancelRejected { order: *order, reason }, Some(strike)))
            }
            VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => None,
        }
    }

    fn knows(&self, order: OrderRef) -> bool {
        self.exchange.working(order.instrument).any(|row| row.order == Some(order))
    }

    /// A faulty answer to a question.
    fn answer_of(
        &mut self,
        at: Ts,
        request: &VenueRequest,
        faults: &mut Faults,
    ) -> Option<(VenueEvent, Strike)> {
        let about = About::request(request);
        let taken_at = at.plus(self.skew);
        if !is_question(request) {
            return None;
        }
        if let Some(strike) = faults.strikes(Fault::QueryFailed, about) {
            return Some((failed(request, taken_at)?, strike));
        }
        let asks_orders = matches!(request, VenueRequest::QueryOpenOrders);
        let is_list = asks_orders || matches!(request, VenueRequest::QueryPositions);
        let list = |picture: Picture, coverage, taken_at| {
            let Picture { orders, positions, .. } = picture;
            if asks_orders {
                VenueEvent::OpenOrders(Report { coverage, taken_at, rows: orders })
            } else {
                VenueEvent::Positions(Report { coverage, taken_at, rows: positions })
            }
        };
        if is_list && let Some(strike) = faults.strikes(Fault::QueryTruncated, about) {
            let from = at.minus(Span::from_secs(faults.shape(strike).range(1, 600))).plus(self.skew);
            let mut picture = self.picture(at);
            picture.orders.truncate(picture.orders.len() / 2);
            picture.positions.truncate(picture.positions.len() / 2);
            let event = list(picture, Coverage::Window { from, to: taken_at }, taken_at);
            return Some((event, strike));
        }
        if is_list && let Some(strike) = faults.strikes(Fault::QueryStale, about) {
            let picture = self.pictures.front()?.clone();
            let taken_at = picture.at.plus(self.skew);
            return Some((list(picture, Coverage::Complete, taken_at), strike));
        }
        if matches!(request, VenueRequest::QueryBalance)
            && let Some(strike) = faults.strikes(Fault::BalanceStale, about)
        {
            let recent = |picture: &&Picture| at.since(picture.at) <= BALANCE_BEHIND;
            let amount = self.pictures.iter().find(recent)?.cash;
            return Some((VenueEvent::Balance { coverage: Coverage::Complete, amount }, strike));
        }
        if asks_orders {
            let strike = faults.strikes(Fault::QueryEmpty, about);
            let strike = strike.filter(|_| !self.emptied && !self.picture(at).orders.is_empty());
            self.emptied = strike.is_some();
            if let Some(strike) = strike {
                let report = Report { coverage: Coverage::Complete, taken_at, rows: Vec::new() };
                return Some((VenueEvent::OpenOrders(report), strike));
            }
        }
        None
    }

    fn picture(&self, at: Ts) -> Picture {
        let ids = (0..).map(InstrumentId).take(self.instruments.len());
        let mut orders: Vec<VenueOrder> = ids.flat_map(|id| self.exchange.working(id)).collect();
        orders.iter_mut().for_each(|row| row.order = row.order.filter(|order| order.id.run != OTHERS));
        let account = self.exchange.account();
        Picture { at, orders, positions: account.positions, cash: account.cash }
    }

    /// The market moves. Says which triggers failed.
    pub(crate) fn tick(
        &mut self,
        at: Ts,
        id: InstrumentId,
        tick: Tick,
        (faults, truth): (&mut Faults, &mut Truth),
    ) -> Vec<Strike> {
        let failed = if faults.may_strike(Fault::TriggerRefused) {
            self.refuse_triggers(at, id, tick, faults, truth)
        } else {
            Vec::new()
        };
        if let Some(mark) = self.marks.get_mut(id.index()) {
            *mark = tick.last;
        }
        self.exchange.tick(at, id, tick);
        self.hear_exchange(at, truth, None);
        let is_behind = faults.may_strike(Fault::QueryStale) || faults.may_strike(Fault::BalanceStale);
        if is_behind && self.pictures.back().is_none_or(|last| at.since(last.at) >= PICTURE_EVERY) {
            let picture = self.picture(at);
            self.pictures.push_back(picture);
            if self.pictures.len() > PICTURES {
                self.pictures.pop_front();
            }
        }
        failed
    }

    /// Stops that this price wakes and whose own orders are refused: they are gone, and the position is open.
    fn refuse_triggers(
        &mut self,
        at: Ts,
        id: InstrumentId,
        tick: Tick,
        faults: &mut Faults,
        truth: &mut Truth,
    ) -> Vec<Strike> {
        let wakes = |row: &VenueOrder| match (row.kind, row.side) {
            (OrderKind::StopMarket { trigger }, Side::Sell) => tick.last <= trigger.price,
            (OrderKind::StopMarket { trigger }, Side::Buy) => tick.last >= trigger.price,
            (
                OrderKind::Market
                | OrderKind::Limit { .. }
                | OrderKind::StopLimit { .. }
                | OrderKind::TakeProfitMarket { .. }
                | OrderKind::TakeProfitLimit { .. },
                Side::Buy | Side::Sell,
            ) => false,
        };
        let woken: Vec<OrderRef> =
            self.exchange.working(id).filter(wakes).filter_map(|row| row.order).collect();
        let mut refused = Vec::new();
        for order in woken {
            let Some(strike) = faults.strikes(Fault::TriggerRefused, About::Price) else { continue };
            self.said.push(Said::Stream(VenueEvent::Triggered { order }));
            self.end(at, order, true, truth);
            refused.push(strike);
        }
        refused
    }

    /// The venue ends an order by itself, and says so or not.
    pub(crate) fn end(&mut self, at: Ts, order: OrderRef, aloud: bool, truth: &mut Truth) -> bool {
        let before = self.said.len();
        let ended = self.exchange.expire(at, order);
        self.hear_exchange(at, truth, None);
        if !aloud {
            self.exchange.hush();
            self.said.truncate(before);
        }
        ended
    }

    /// The venue makes a resting order smaller by itself, and says so or not.
    pub(crate) fn shrink(&mut self, at: Ts, row: &VenueOrder, aloud: bool, truth: &mut Truth) -> bool {
        let before = self.said.len();
        let half = QtyUnits::new(row.qty.get() / 2);
        let qty = self.instruments.get(row.instrument.index()).map(|one| one.floor_lot(half));
        let (Some(order), Some(qty)) = (row.order, qty) else { return false };
        if qty <= row.filled {
            return false;
        }
        self.exchange.send(at, VenueRequest::Amend { order, qty, kind: row.kind });
        self.hear_exchange(at, truth, None);
        if !aloud {
            self.said.truncate(before);
        }
        self.exchange.working(row.instrument).any(|now| now.order == row.order && now.qty == qty)
    }

    /// A placement is refused before it reaches the books; a twin that comes later is refused, too.
    pub(crate) fn refuse(&mut self, id: ClientOrderId) {
        self.refused.insert(id);
    }

    /// The user trades by hand, at market.
    pub(crate) fn by_hand(
        &mut self,
        at: Ts,
        id: InstrumentId,
        (side, qty): (Side, QtyUnits),
        truth: &mut Truth,
    ) {
        self.manual += 1;
        let order = OrderRef { instrument: id, id: ClientOrderId { run: OTHERS, sequence: self.manual } };
        let request = OrderRequest {
            order,
            role: OrderRole::Entry,
            side,
            qty,
            kind: OrderKind::Market,
            reduce_only: false,
        };
        self.exchange.send(at, VenueRequest::Place(request));
        self.hear_exchange(at, truth, None);
    }

    /// The venue closes a position: for want of margin, or to settle somebody else's.
    pub(crate) fn close_out(&mut self, at: Ts, id: InstrumentId, cause: FillCause, truth: &mut Truth) {
        let before = self.said.len();
        self.exchange.liquidate(at, id);
        self.hear_exchange(at, truth, None);
        for said in self.said.iter_mut().skip(before) {
            if let Said::Stream(VenueEvent::Filled(fill)) = said {
                fill.cause = cause;
            }
        }
    }

    /// The rules of an instrument, as the listing has them.
    pub(crate) fn rules(&self, id: InstrumentId) -> Option<Rules> {
        let halted = self.halted.get(id.index()).copied().unwrap_or_default();
        let trading = if halted { Trading::Suspended } else { Trading::Open };
        let mut rules = self.instruments.get(id.index())?.rules(trading);
        let factor = self.ticks.get(id.index()).copied().unwrap_or(1);
        rules.tick = Price::new(rules.tick.get() * Decimal::from(factor));
        Some(rules)
    }

    /// The tick of an instrument is so many times as coarse as at the start.
    pub(crate) fn set_tick(&mut self, id: InstrumentId, factor: i64) {
        if let Some(tick) = self.ticks.get_mut(id.index()) {
            *tick = factor;
        }
        if let Some(rules) = self.rules(id) {
            self.exchange.set_rules(&rules);
        }
    }

    /// What is held, and on which side.
    pub(crate) fn holding(&self, id: InstrumentId) -> Option<(Side, QtyUnits)> {
        let held = self.exchange.held(id);
        PositionSide::of(held).closing_side().map(|closing| (closing, held.abs()))
    }
}

pub(crate) fn is_question(request: &VenueRequest) -> bool {
    match request {
        VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => false,
        VenueRequest::QueryOrder { .. }
        | VenueRequest::QueryOpenOrders
        | VenueRequest::QueryPositions
        | VenueRequest::QueryBalance => true,
    }
}

/// What the driver tells of a question that failed.
pub(crate) fn failed(request: &VenueRequest, taken_at: Ts) -> Option<VenueEvent> {
    fn report<T>(taken_at: Ts) -> Report<T> {
        Report { coverage: Coverage::Failed, taken_at, rows: Vec::new() }
    }
    match request {
        VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => None,
        VenueRequest::QueryOrder { order } => {
            Some(VenueEvent::Order { order: *order, report: report(taken_at) })
        }
        VenueRequest::QueryOpenOrders => Some(VenueEvent::OpenOrders(report(taken_at))),
        VenueRequest::QueryPositions => Some(VenueEvent::Positions(report(taken_at))),
        VenueRequest::QueryBalance => {
            Some(VenueEvent::Balance { coverage: Coverage::Failed, amount: Money::ZERO })
        }
    }
}

/// Whether `event` comes as the answer to `request`; a cancellation is told by the stream.
fn answers(request: &VenueRequest, event: &VenueEvent) -> bool {
    match (request, event) {
        (
            VenueRequest::Place(request),
            VenueEvent::Accepted { order, .. } | VenueEvent::Rejected { order, .. },
        ) => *order == request.order,
        (
            VenueRequest::Amend { order, .. },
            VenueEvent::Amended { order: named, .. } | VenueEvent::AmendRejected { order: named, .. },
        )
        | (VenueRequest::Cancel { order }, VenueEvent::CancelRejected { order: named, .. })
        | (VenueRequest::QueryOrder { order }, VenueEvent::Order { order: named, .. }) => order == named,
        (VenueRequest::QueryOpenOrders, VenueEvent::OpenOrders(_))
        | (VenueRequest::QueryPositions, VenueEvent::Positions(_))
        | (VenueRequest::QueryBalance, VenueEvent::Balance { .. }) => true,
        (
            VenueRequest::Place(_)
            | VenueRequest::Amend { .. }
            | VenueRequest::Cancel { .. }
            | VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance,
            _,
        ) => false,
    }
}
