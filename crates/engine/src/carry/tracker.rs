//! Says what of the trading state has changed since it was last written down.
//!
//! A step that only takes in a price, and causes nothing, costs a few comparisons of plain numbers on the
//! instrument that is held, and none where nothing is.

use seawall_model::{AlertKind, Input, InstrumentId, VenueEvent, VenueRequest};

use super::CARRY_VERSION;
use super::account::{AccountCarry, Counters};
use super::desk::DeskCarry;
use super::patch::{DeskPatch, Patch};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::truth::Bookings;

/// Instruments in one patch of a whole state, so that no record grows without bound.
const DESKS_PER_PATCH: usize = 32;

/// What an input can change by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// A price of one instrument.
    Price(InstrumentId),
    /// What is due.
    Time,
    /// One instrument.
    Desk(InstrumentId),
    /// Anything.
    All,
}

impl Scope {
    fn of(input: &Input) -> Self {
        match input {
            Input::Candle { instrument, .. }
            | Input::Past { instrument, .. }
            | Input::Quote { instrument, .. }
            | Input::Book { instrument, .. }
            | Input::Mark { instrument, .. } => Scope::Price(*instrument),
            Input::Wakeup | Input::Listing(_) => Scope::Time,
            Input::Rules(rules) => Scope::Desk(rules.instrument),
            Input::Submission { order, .. } => Scope::Desk(order.instrument),
            Input::Venue(event) => Scope::of_event(event),
            Input::Started | Input::Operator(_) => Scope::All,
        }
    }

    fn of_event(event: &VenueEvent) -> Self {
        match event {
            VenueEvent::Accepted { order, .. }
            | VenueEvent::Rejected { order, .. }
            | VenueEvent::Triggered { order }
            | VenueEvent::Cancelled { order, .. }
            | VenueEvent::CancelRejected { order, .. }
            | VenueEvent::Amended { order, .. }
            | VenueEvent::AmendRejected { order, .. }
            | VenueEvent::Order { order, .. } => Scope::Desk(order.instrument),
            VenueEvent::Filled(fill) => Scope::Desk(fill.instrument),
            VenueEvent::Funding { instrument, .. } => Scope::Desk(*instrument),
            VenueEvent::OpenOrders(_)
            | VenueEvent::Positions(_)
            | VenueEvent::Balance { .. }
            | VenueEvent::Stream { .. }
            | VenueEvent::Booked(_)
            | VenueEvent::Elsewhere(_) => Scope::All,
        }
    }
}

/// Knows what was written last.
#[derive(Debug)]
pub struct Tracker {
    scope: Scope,
    counters: Option<Counters>,
    account: Option<AccountCarry>,
    bookings: Bookings,
    desks: Vec<Option<DeskCarry>>,
}

impl Default for Tracker {
    fn default() -> Self {
        Tracker::new()
    }
}

impl Tracker {
    /// One that has written nothing: begin with [`Tracker::whole`].
    #[must_use]
    pub fn new() -> Self {
        Tracker {
            scope: Scope::All,
            counters: None,
            account: None,
            bookings: Bookings::default(),
            desks: Vec::new(),
        }
    }

    /// The input of the step whose changes are asked for next.
    #[inline]
    pub fn hear(&mut self, input: &Input) {
        self.scope = Scope::of(input);
    }

    /// The whole state in patches; the first one has the account.
    pub fn whole(&mut self, engine: &Engine) -> Vec<Patch> {
        let counters = Counters::of(&engine.shared);
        let account = engine.carry_account();
        self.desks = engine.desks.iter().map(|desk| Some(DeskCarry::of(desk))).collect();
        let known = self.desks.iter().flatten().chain(&engine.dormant).filter(|desk| !desk.is_blank());
        let desks: Vec<DeskPatch> = known.map(DeskPatch::whole).collect();
        let patch = |desks: &[DeskPatch]| Patch {
            version: CARRY_VERSION,
            counters,
            account: None,
            bookings: None,
            desks: desks.to_vec(),
        };
        let mut patches: Vec<Patch> = desks.chunks(DESKS_PER_PATCH).map(patch).collect();
        if patches.is_empty() {
            patches.push(patch(&[]));
        }
        if let Some(first) = patches.first_mut() {
            first.account = Some(account.clone());
            first.bookings = Some(engine.shared.truth.bookings.clone());
        }
        (self.counters, self.account) = (Some(counters), Some(account));
        self.bookings.clone_from(&engine.shared.truth.bookings);
        patches
    }

    /// What the step has changed, if it has.
    #[inline]
    pub fn changed(&mut self, engine: &Engine, effects: &Effects) -> Option<Patch> {
        if effects.is_quiet() && self.stands(engine) {
            return None;
        }
        self.compare(engine, effects)
    }

    /// Whether a step without effects has changed nothing.
    #[inline]
    fn stands(&self, engine: &Engine) -> bool {
        let same = |index: usize| {
            let Some(desk) = engine.desks.get(index) else { return true };
            let last = self.desks.get(index).and_then(Option::as_ref);
            last.is_some_and(|last| last.trading.stands(desk))
        };
        let desks = match self.scope {
            // What others read may change them.
            Scope::Price(id) if !engine.readers.any() => same(id.index()),
            Scope::Price(_) | Scope::Time => (0..engine.desks.len()).all(same),
            Scope::Desk(_) | Scope::All => return false,
        };
        desks && self.account.as_ref().is_some_and(|account| account.has_limits_of(&engine.shared))
    }

    fn compare(&mut self, engine: &Engine, effects: &Effects) -> Option<Patch> {
        let counters = Counters::of(&engine.shared);
        let stands = self.account.as_ref().is_some_and(|account| account.is_of(&engine.shared));
        let account = (!stands).then(|| engine.carry_account());
        if account.is_some() {
            self.account.clone_from(&account);
        }
        let bookings = &engine.shared.truth.bookings;
        let bookings = (*bookings != self.bookings).then(|| bookings.clone());
        if let Some(bookings) = &bookings {
            self.bookings.clone_from(bookings);
        }
        self.desks.resize(engine.desks.len(), None);
        let mut desks = Vec::new();
        for index in self.touched(engine, effects) {
            let (Some(desk), Some(last)) = (engine.desks.get(index), self.desks.get_mut(index)) else {
                continue;
            };
            desks.extend(DeskPatch::since(last, desk));
        }
        let counted = self.counters.replace(counters) != Some(counters);
        let nothing = account.is_none() && bookings.is_none() && desks.is_empty() && !counted;
        (!nothing).then_some(Patch { version: CARRY_VERSION, counters, account, bookings, desks })
    }

    /// The instruments that the step may have changed, each once.
    fn touched(&self, engine: &Engine, effects: &Effects) -> Vec<usize> {
        let mut touched: Vec<usize> = match self.scope {
            Scope::All | Scope::Time => (0..engine.desks.len()).collect(),
            Scope::Price(_) if engine.readers.any() => (0..engine.desks.len()).collect(),
            Scope::Price(id) | Scope::Desk(id) => vec![id.index()],
        };
        if touched.len() <= 1 {
            let named = effects.orders.iter().map(|update| update.order.instrument);
            let filled = effects.fills.iter().map(|fill| fill.instrument);
            let closed = effects.trades.iter().map(|trade| trade.instrument);
            let asked = effects.requests.iter().filter_map(instrument_of);
            let told = effects.alerts.iter().filter(|alert| alert.kind != AlertKind::DataHole);
            let told = told.filter_map(|alert| alert.instrument);
            touched
                .extend(named.chain(filled).chain(closed).chain(asked).chain(told).map(InstrumentId::index));
            touched.sort_unstable();
            touched.dedup();
        }
        touched
    }
}

fn instrument_of(request: &VenueRequest) -> Option<InstrumentId> {
    match request {
        VenueRequest::Place(request) => Some(request.order.instrument),
        VenueRequest::Amend { order, .. }
        | VenueRequest::Cancel { order }
        | VenueRequest::QueryOrder { order } => Some(order.instrument),
        VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => None,
    }
}
