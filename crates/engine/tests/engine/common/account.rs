//! An account at a venue that answers a bench's requests one by one, with one fault at one of them. It checks
//! at each step what a start-up must never do.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_engine::{Phase, Setup};
use seawall_model::{
    CancelReason, Coverage, Fill, Instrument, InstrumentId, InstrumentSpec, Money, OrderKind, OrderRole,
    OrderState, PositionSide, RejectReason, Report, Side, Span, Trigger, TriggerSource, Ts, VenueEvent,
    VenueId, VenueOrder, VenuePosition, VenueRequest,
};

use super::bench::Bench;
use super::{price, qty, remote, setup};

/// What happens to the request with the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails: a failed report, a refused order.
    Fails,
    /// Nothing ever comes of it.
    Silent,
    /// A report of a time long ago, without anything in it.
    Stale,
}

pub struct Account {
    /// Signed units by instrument, entered at 100.00.
    pub held: BTreeMap<u32, i64>,
    pub orders: Vec<VenueOrder>,
    /// The number of the request that meets the fault, counting from zero.
    pub fault: Option<(usize, Fault)>,
    pub requests: usize,
    /// An instrument that takes no orders.
    pub closed_market: Option<u32>,
    /// Every market order that came in.
    pub closed: Vec<InstrumentId>,
    /// The answer of this step is a failed report.
    broken: bool,
    ids: u64,
}

/// `count` instruments of different names.
pub fn many(count: u32, change: impl FnOnce(&mut Setup)) -> Setup {
    let mut setup = setup(1, remote());
    let (first, timeframe) = setup.instruments.remove(0);
    for number in 0..count {
        let name = format!("C{number}/USD").parse().unwrap();
        let spec = InstrumentSpec { name, ..first.spec().clone() };
        setup.instruments.push((Instrument::new(InstrumentId(number), spec, 2).unwrap(), timeframe));
    }
    change(&mut setup);
    setup
}

/// Somebody else's stop for `units` on the closing side of `held`.
pub fn stop(number: u32, held: i64, units: i64, at: i64) -> VenueOrder {
    VenueOrder {
        instrument: InstrumentId(number),
        order: None,
        venue_order_id: VenueId::Number(9_000 + u64::from(number)),
        side: if held > 0 { Side::Sell } else { Side::Buy },
        qty: qty(units),
        filled: qty(0),
        kind: OrderKind::StopMarket { trigger: Trigger { price: price(at), source: TriggerSource::Mark } },
        reduce_only: true,
        state: OrderState::Open,
    }
}

impl Account {
    pub fn new(held: &[(u32, i64)]) -> Self {
        Account {
            held: held.iter().copied().collect(),
            orders: Vec::new(),
            fault: None,
            requests: 0,
            closed_market: None,
            closed: Vec::new(),
            broken: false,
            ids: 100,
        }
    }

    /// Whether stops at the venue cover everything that is held.
    pub fn is_protected(&self) -> bool {
        let open = self.held.iter().filter(|(number, _)| self.closed_market != Some(**number));
        open.into_iter().all(|(number, held)| {
            let closing = PositionSide::of(qty(*held)).closing_side();
            let stops = self.orders.iter().filter(|order| {
                order.instrument.0 == *number && Some(order.side) == closing && order.kind.is_stop()
            });
            stops.map(|order| order.qty.get() - order.filled.get()).sum::<i64>() >= held.abs()
        })
    }

    /// Answers until the engine is ready or nothing more happens within `seconds`; says whether it is ready.
    pub fn serve(&mut self, bench: &mut Bench, seconds: i64) -> bool {
        let until = bench.now.plus(Span::from_secs(seconds));
        loop {
            let requests = std::mem::take(&mut bench.requests);
            if requests.is_empty() {
                if bench.engine.phase() == Phase::Ready {
                    return true;
                }
                let Some(wake) = bench.engine.next_wakeup().filter(|wake| *wake <= until) else {
                    return false;
                };
                bench.now = wake.max(bench.now);
                self.broken = false;
                bench.input(seawall_model::Input::Wakeup);
                self.judge(bench, 0);
            }
            for request in requests {
                bench.now = bench.now.plus(Span::from_millis(20));
                let fault = self.fault.filter(|(at, _)| *at == self.requests).map(|(_, fault)| fault);
                self.requests += 1;
                let before = bench.requests.len();
                self.answer(bench, request, fault);
                self.judge(bench, before);
            }
        }
    }

    /// What must hold after each step of a start-up, of which the requests from `before` on are.
    fn judge(&self, bench: &Bench, before: usize) {
        if bench.engine.phase() == Phase::Ready {
            assert!(self.is_protected(), "ready with a naked position: {:?}", self.held);
        }
        for request in &bench.requests[before..] {
            match request {
                VenueRequest::Place(order) => {
                    assert!(order.reduce_only, "an entry before the start is over: {order:?}");
                    let destroys = order.role == OrderRole::Exit;
                    assert!(!destroys || !self.broken, "closed after a failed report: {order:?}");
                }
                VenueRequest::Cancel { order } => {
                    assert!(!self.broken, "cancelled after a failed report: {order:?}");
                }
                _ => {}
            }
        }
    }

    fn report<T>(&mut self, now: Ts, fault: Option<Fault>, rows: Vec<T>) -> Option<Report<T>> {
        self.broken = fault == Some(Fault::Fails);
        match fault {
            None => Some(Report { coverage: Coverage::Complete, taken_at: now, rows }),
            Some(Fault::Fails) => {
                Some(Report { coverage: Coverage::Failed, taken_at: now, rows: Vec::new() })
            }
            Some(Fault::Stale) => {
                let taken_at = now.minus(Span::from_secs(3_600));
                Some(Report { coverage: Coverage::Complete, taken_at, rows })
            }
            Some(Fault::Silent) => None,
        }
    }

    fn answer(&mut self, bench: &mut Bench, request: VenueRequest, fault: Option<Fault>) {
        let now = bench.now;
        self.broken = false;
        match request {
            VenueRequest::QueryOpenOrders => {
                let rows = self.orders.clone();
                if let Some(report) = self.report(now, fault, rows) {
                    bench.venue(VenueEvent::OpenOrders(report));
                }
            }
            VenueRequest::QueryPositions => {
                let row = |(number, held): (&u32, &i64)| VenuePosition {
                    instrument: InstrumentId(*number),
                    qty: qty(*held),
                    entry_price: price(10_000),
                };
                let rows = self.held.iter().map(row).collect();
                if let Some(report) = self.report(now, fault, rows) {
                    bench.venue(VenueEvent::Positions(report));
                }
            }
            VenueRequest::QueryBalance => {
                self.broken = fault == Some(Fault::Fails);
                let coverage = if self.broken { Coverage::Failed } else { Coverage::Complete };
                let amount = Money::new(Decimal::from(if self.broken { 0 } else { 10_000 }));
                if fault != Some(Fault::Silent) {
                    bench.venue(VenueEvent::Balance { coverage, amount });
                }
            }
            VenueRequest::QueryOrder { order } => {
                let row = self.orders.iter().find(|row| row.order == Some(order)).copied();
                if let Some(report) = self.report(now, fault, row.into_iter().collect()) {
                    bench.venue(VenueEvent::Order { order, report });
                }
            }
            VenueRequest::Place(request) => self.place(bench, request, fault),
            VenueRequest::Amend { order, qty, kind } => {
                for row in self.orders.iter_mut().filter(|row| row.order == Some(order)) {
                    (row.qty, row.kind) = (qty, kind);
                }
                bench.venue(VenueEvent::Amended { order, qty, kind });
            }
            VenueRequest::Cancel { order } => {
                self.orders.retain(|row| row.order != Some(order));
                bench.venue(VenueEvent::Cancelled { order, reason: CancelReason::Requested });
            }
        }
    }

    fn place(&mut self, bench: &mut Bench, request: seawall_model::OrderRequest, fault: Option<Fault>) {
        let order = request.order;
        if self.closed_market == Some(order.instrument.0) {
            bench.venue(VenueEvent::Rejected { order, reason: RejectReason::MarketClosed });
            return;
        }
        match fault {
            Some(Fault::Fails) => {
                bench.venue(VenueEvent::Rejected { order, reason: RejectReason::Other });
                return;
            }
            Some(Fault::Silent) => return,
            Some(Fault::Stale) | None => {}
        }
        self.ids += 1;
        let venue_order_id = VenueId::Number(self.ids);
        bench.venue(VenueEvent::Accepted { order, venue_order_id });
        if request.kind == OrderKind::Market {
            self.closed.push(order.instrument);
            self.held.remove(&order.instrument.0);
            self.orders.retain(|row| row.instrument != order.instrument);
            let fill = bench.execution(Some(order), request.side, request.qty.get(), 10_000);
            bench.venue(VenueEvent::Filled(Fill { instrument: order.instrument, ..fill }));
            return;
        }
        self.orders.push(VenueOrder {
            instrument: order.instrument,
            order: Some(order),
            venue_order_id,
            side: request.side,
            qty: request.qty,
            filled: qty(0),
            kind: request.kind,
            reduce_only: request.reduce_only,
            state: OrderState::Open,
        });
    }
}
