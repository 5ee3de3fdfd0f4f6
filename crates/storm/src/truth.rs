//! What is true at the venue, kept from its own events before anything can happen to them: the oracles
//! compare the engine with this and never with what the engine says of itself.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use seawall_model::{
    ClientOrderId, Fill, InstrumentId, Money, OrderRequest, PositionSide, QtyUnits, Span, Ts, VenueEvent,
    VenueOrder, VenueRequest,
};

use crate::books::Books;

/// Executions that the venue can still be asked for.
const FILLS_REMEMBERED: usize = 4_096;
/// Changes of a position that are remembered.
const POSITIONS_REMEMBERED: usize = 64;

/// An intention of ours and what it has caused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intent {
    /// The placement as it was sent.
    pub(crate) request: OrderRequest,
    /// How often it left the process.
    pub(crate) sent: u32,
    /// Whether the venue has had it, and taken or refused it.
    pub(crate) arrived: bool,
    /// How often the venue took it into its books.
    pub(crate) accepted: u32,
    /// The most that was ever asked of it, by placement and changes.
    pub(crate) most: QtyUnits,
    /// What it has filled.
    pub(crate) filled: QtyUnits,
    /// Whether a cancellation of it has left.
    pub(crate) cancelled: bool,
}

/// How long a position has been without stops that cover it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Naked {
    /// Since when, while it is.
    pub(crate) since: Option<Ts>,
    /// The last fault that may be why.
    pub(crate) disturbed: Option<Ts>,
}

/// The venue's truth.
#[derive(Debug)]
pub(crate) struct Truth {
    /// The run that our orders bear.
    run: u32,
    pub(crate) intents: BTreeMap<ClientOrderId, Intent>,
    /// Placements that may still arrive at the venue, and how often.
    pub(crate) travelling: BTreeMap<ClientOrderId, u32>,
    pub(crate) naked: Vec<Naked>,
    /// Since when stops are larger than the position, for each instrument.
    pub(crate) oversized: Vec<Option<Ts>>,
    /// The longest time of that since the last fault that may be why.
    pub(crate) oversized_quiet_max: Span,
    /// What was held lately, and since when, for each instrument.
    held: Vec<VecDeque<(Ts, QtyUnits)>>,
    /// When money last came in or went out.
    pub(crate) transferred_at: Option<Ts>,
    /// When somebody else last changed the position, by instrument.
    pub(crate) meddled: Vec<Option<Ts>>,
    /// Sum of all cash movements that the venue has told.
    cash: Decimal,
    fills: Vec<Fill>,
    /// The longest time that a position was naked while the process lived, with the time since the last fault
    /// that may be why.
    pub(crate) naked_max: Span,
    pub(crate) naked_quiet_max: Span,
    /// Times without cover in full, in milliseconds, for percentiles.
    pub(crate) naked_times: Vec<u32>,
    pub(crate) fills_total: u64,
}

impl Truth {
    pub(crate) fn new(run: u32, instruments: usize, cash: Money) -> Self {
        Truth {
            run,
            intents: BTreeMap::new(),
            travelling: BTreeMap::new(),
            naked: vec![Naked::default(); instruments],
            meddled: vec![None; instruments],
            oversized: vec![None; instruments],
            oversized_quiet_max: Span::ZERO,
            held: vec![VecDeque::from([(Ts::from_nanos(i64::MIN), QtyUnits::ZERO)]); instruments],
            transferred_at: None,
            cash: cash.get(),
            fills: Vec::new(),
            naked_max: Span::ZERO,
            naked_quiet_max: Span::ZERO,
            naked_times: Vec::new(),
            fills_total: 0,
        }
    }

    /// A request leaves the process.
    pub(crate) fn sent(&mut self, request: &VenueRequest) {
        match request {
            VenueRequest::Place(request) => {
                let new = Intent {
                    request: *request,
                    sent: 0,
                    arrived: false,
                    accepted: 0,
                    most: request.qty,
                    filled: QtyUnits::ZERO,
                    cancelled: false,
                };
                self.intents.entry(request.order.id).or_insert(new).sent += 1;
            }
            VenueRequest::Amend { order, qty, .. } => {
                if let Some(intent) = self.intents.get_mut(&order.id) {
                    intent.most = intent.most.max(*qty);
                }
            }
            VenueRequest::Cancel { order } => {
                if let Some(intent) = self.intents.get_mut(&order.id) {
                    intent.cancelled = true;
                }
            }
            VenueRequest::QueryOrder { .. }
            | VenueRequest::QueryOpenOrders
            | VenueRequest::QueryPositions
            | VenueRequest::QueryBalance => {}
        }
    }

    /// A placement is on its way and will arrive.
    pub(crate) fn travels(&mut self, id: ClientOrderId) {
        *self.travelling.entry(id).or_insert(0) += 1;
    }

    /// Placements on their way that the venue has not had yet: a twin of one that it has will be refused.
    pub(crate) fn undecided(&self) -> impl Iterator<Item = &Intent> {
        let intents = self.travelling.keys().filter_map(|id| self.intents.get(id));
        intents.filter(|intent| !intent.arrived)
    }

    /// One has arrived.
    pub(crate) fn arrived(&mut self, id: ClientOrderId) {
        if let Some(intent) = self.intents.get_mut(&id) {
            intent.arrived = true;
        }
        self.vanished(id);
    }

    /// One will never arrive.
    pub(crate) fn vanished(&mut self, id: ClientOrderId) {
        if let Some(count) = self.travelling.get_mut(&id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.travelling.remove(&id);
            }
        }
    }

    /// The venue does something.
    pub(crate) fn see(&mut self, instruments: &[seawall_model::Instrument], event: &VenueEvent) {
        match event {
            VenueEvent::Accepted { order, .. } => {
                if let Some(intent) = self.intents.get_mut(&order.id) {
                    intent.accepted += 1;
                }
            }
            VenueEvent::Filled(fill) => self.filled(instruments, fill),
            VenueEvent::Funding { amount, .. } => self.cash += amount.get(),
            VenueEvent::Rejected { .. }
            | VenueEvent::Triggered { .. }
            | VenueEvent::Cancelled { .. }
            | VenueEvent::CancelRejected { .. }
            | VenueEvent::Amended { .. }
            | VenueEvent::AmendRejected { .. }
            | VenueEvent::Order { .. }
            | VenueEvent::OpenOrders(_)
            | VenueEvent::Positions(_)
            | VenueEvent::Balance { .. }
            | VenueEvent::Stream { .. }
            | VenueEvent::Booked(_)
            | VenueEvent::Elsewhere(_) => {}
        }
    }

    fn filled(&mut self, instruments: &[seawall_model::Instrument], fill: &Fill) {
        let ours = fill.order.filter(|order| order.id.run == self.run);
        if let Some(intent) = ours.and_then(|order| self.intents.get_mut(&order.id)) {
            intent.filled = intent.filled.plus(fill.qty);
        } else if let Some(meddled) = self.meddled.get_mut(fill.instrument.index()) {
            *meddled = Some(fill.venue_time);
        }
        let value = instruments
            .get(fill.instrument.index())
            .and_then(|instrument| instrument.notional(fill.price, fill.side.signed(fill.qty)).ok());
        self.cash -= value.map_or(Decimal::ZERO, Money::get) + fill.fee.get();
        self.fills_total += 1;
        if self.fills.len() >= FILLS_REMEMBERED {
            self.fills.drain(..FILLS_REMEMBERED / 2);
        }
        self.fills.push(*fill);
    }

    /// Money came in or went out.
    pub(crate) fn transferred(&mut self, at: Ts, amount: Money) {
        self.cash += amount.get();
        self.transferred_at = Some(at);
    }

    /// What the venue's cash must be.
    pub(crate) fn cash(&self) -> Decimal {
        self.cash
    }

    /// The executions from `since` on, oldest first.
    pub(crate) fn fills_since(&self, since: Ts) -> impl Iterator<Item = &Fill> {
        self.fills.iter().filter(move |fill| fill.venue_time >= since)
    }

    /// A fault that may keep positions from their stops: of one instrument, or of all.
    pub(crate) fn disturb(&mut self, at: Ts, instrument: Option<InstrumentId>) {
        for (number, naked) in self.naked.iter_mut().enumerate() {
            if instrument.is_none_or(|id| id.index() == number) {
                naked.disturbed = Some(at);
            }
        }
    }

    /// Looks whether each position is covered. `alive`: a process runs; while none does, no time is counted.
    pub(crate) fn watch(&mut self, at: Ts, exchange: &Books, alive: bool) {
        let Truth { naked, oversized, oversized_quiet_max, held, .. } = self;
        for (((naked, oversized), history), id) in
            naked.iter_mut().zip(oversized).zip(held).zip((0..).map(InstrumentId))
        {
            let (held, stops) = (exchange.held(id), stops(exchange, id));
            if history.back().is_none_or(|(_, last)| *last != held) {
                if history.len() >= POSITIONS_REMEMBERED {
                    history.pop_front();
                }
                history.push_back((at, held));
            }
            if alive && stops > held.abs() {
                let since = *oversized.get_or_insert(at);
                let quiet_since = naked.disturbed.map_or(since, |disturbed| disturbed.max(since));
                *oversized_quiet_max = (*oversized_quiet_max).max(at.since(quiet_since));
            } else {
                *oversized = None;
            }
            if !alive || stops >= held.abs() {
                if let Some(since) = naked.since.take() {
                    let millis = at.since(since).millis().clamp(0, i64::from(u32::MAX));
                    self.naked_times.push(u32::try_from(millis).unwrap_or(u32::MAX));
                }
                continue;
            }
            let since = *naked.since.get_or_insert(at);
            let quiet_since = naked.disturbed.map_or(since, |disturbed| disturbed.max(since));
            self.naked_max = self.naked_max.max(at.since(since));
            self.naked_quiet_max = self.naked_quiet_max.max(at.since(quiet_since));
        }
    }

    /// Whether `qty` was held at `at`, or became so in that very instant.
    pub(crate) fn was_held(&self, id: InstrumentId, at: Ts, qty: QtyUnits) -> bool {
        let Some(history) = self.held.get(id.index()) else { return false };
        let mut until = Ts::FAR_FUTURE;
        for (since, held) in history.iter().rev() {
            if *since <= at && until >= at && *held == qty {
                return true;
            }
            until = *since;
        }
        // What is older than all that is remembered cannot be judged.
        history.front().is_none_or(|(oldest, _)| at < *oldest)
    }

    /// Forgets intents that ended long ago, so that a long run does not grow without bound.
    pub(crate) fn forget(&mut self, before: u32) {
        self.intents = self.intents.split_off(&ClientOrderId { run: self.run, sequence: before });
    }
}

/// Whether working stops cover the whole position at the venue.
pub(crate) fn is_covered(exchange: &Books, id: InstrumentId) -> bool {
    stops(exchange, id) >= exchange.held(id).abs()
}

/// What working stops on the closing side can still fill; all stops where nothing is held.
fn stops(exchange: &Books, id: InstrumentId) -> QtyUnits {
    let closing = PositionSide::of(exchange.held(id)).closing_side();
    let protects = |order: &VenueOrder| {
        order.kind.is_stop() && order.reduce_only && closing.is_none_or(|closing| order.side == closing)
    };
    let open = |order: VenueOrder| order.qty.minus(order.filled).max(QtyUnits::ZERO);
    exchange.working(id).filter(protects).map(open).fold(QtyUnits::ZERO, QtyUnits::plus)
}
