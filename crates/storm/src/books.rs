//! The venue's own books, at either level: the simulated exchange itself, or an exchange in a box whose
//! words are a venue's protocol. Oracles and faults see both in the same way.
//!
//! Invariant: what is told here is what the venue has done, never what it says to its client.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use seawall_model::{
    Instrument, InstrumentId, Money, OrderRef, QtyUnits, Rules, Ts, VenueEvent, VenueOrder, VenueRequest,
};
use seawall_simulator::{AccountView, Exchange, Tick};

use crate::swarm::{Level, Plan};
use crate::venue::Venue;
use crate::wire::boxed::Boxed;
use crate::world::StormError;

/// The books of the venue.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one in a world, and the typed one is looked at all the time"
)]
pub(crate) enum Books {
    /// Requests and events are values.
    Typed(Exchange),
    /// Requests and events are bytes.
    Wire(Box<Boxed>),
}

impl Books {
    /// The venue of a world at its level, with empty books.
    pub(crate) fn open(plan: &Plan, instruments: Vec<Instrument>, cash: Money) -> Result<Venue, StormError> {
        let limit = plan.simulator.volume_limit_pct;
        let (books, instruments) = match plan.level {
            Level::Typed => (Books::Typed(Exchange::new(&plan.simulator, &instruments, cash)?), instruments),
            Level::Wire => {
                let account = (cash, limit);
                let boxed = Boxed::new(plan.market.seed, &instruments, account, (plan.start, plan.skew))?;
                let instruments = boxed.instruments();
                (Books::Wire(Box::new(boxed)), instruments)
            }
        };
        Ok(Venue::new(books, instruments, plan.skew, limit.is_some()))
    }

    /// The exchange in a box, at the level of bytes.
    pub(crate) fn boxed(&mut self) -> Option<&mut Boxed> {
        match self {
            Books::Typed(_) => None,
            Books::Wire(boxed) => Some(boxed),
        }
    }

    fn exchange(&self) -> &Exchange {
        match self {
            Books::Typed(exchange) => exchange,
            Books::Wire(boxed) => boxed.testnet.world().exchange(),
        }
    }

    pub(crate) fn held(&self, instrument: InstrumentId) -> QtyUnits {
        self.exchange().held(instrument)
    }

    pub(crate) fn account(&self) -> AccountView {
        self.exchange().account()
    }

    /// By how much cash may differ: none of it between values. Where a venue writes numbers, it rounds what
    /// it realises, and within this the engine takes no difference for a drift.
    pub(crate) fn dust(&self) -> Decimal {
        match self {
            Books::Typed(_) => Decimal::ZERO,
            Books::Wire(_) => Decimal::new(1, 4),
        }
    }

    /// The orders of one instrument that work, oldest first.
    pub(crate) fn working(&self, instrument: InstrumentId) -> impl Iterator<Item = VenueOrder> + '_ {
        let (typed, wire) = match self {
            Books::Typed(exchange) => (Some(exchange), None),
            Books::Wire(boxed) => (None, Some(boxed)),
        };
        let typed = typed.into_iter().flat_map(move |exchange| exchange.working(instrument));
        typed.chain(wire.into_iter().flat_map(move |boxed| boxed.working(instrument)))
    }

    /// The next thing that has happened.
    pub(crate) fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)> {
        match self {
            Books::Typed(exchange) => exchange.next_event(until),
            Books::Wire(boxed) => boxed.next_event(until),
        }
    }

    pub(crate) fn send(&mut self, at: Ts, request: VenueRequest) {
        match self {
            Books::Typed(exchange) => exchange.send(at, request),
            Books::Wire(boxed) => boxed.by_hand(at, &request),
        }
    }

    /// The venue ends an order by itself. `aloud`: it says so.
    pub(crate) fn expire(&mut self, at: Ts, order: OrderRef) -> bool {
        match self {
            Books::Typed(exchange) => exchange.expire(at, order),
            Books::Wire(boxed) => boxed.expire(at, order),
        }
    }

    /// What has just happened is told to nobody.
    pub(crate) fn hush(&mut self) {
        if let Books::Wire(boxed) = self {
            boxed.hush();
        }
    }

    pub(crate) fn tick(&mut self, at: Ts, instrument: InstrumentId, tick: Tick) {
        match self {
            Books::Typed(exchange) => exchange.tick(at, instrument, tick),
            Books::Wire(boxed) => boxed.tick(at, instrument, tick),
        }
    }

    pub(crate) fn liquidate(&mut self, at: Ts, instrument: InstrumentId) {
        match self {
            Books::Typed(exchange) => exchange.liquidate(at, instrument),
            Books::Wire(boxed) => boxed.liquidate(at, instrument),
        }
    }

    pub(crate) fn transfer(&mut self, amount: Money) -> Option<()> {
        match self {
            Books::Typed(exchange) => exchange.transfer(amount),
            Books::Wire(boxed) => boxed.transfer(amount),
        }
    }

    /// Other rules hold; only the typed venue has others than those of the start.
    pub(crate) fn set_rules(&mut self, rules: &Rules) {
        if let Books::Typed(exchange) = self {
            exchange.set_rules(rules);
        }
    }

    pub(crate) fn set_funding_rate(&mut self, at: Ts, instrument: InstrumentId, rate: Decimal) {
        match self {
            Books::Typed(exchange) => exchange.set_funding_rate(at, instrument, rate),
            Books::Wire(boxed) => boxed.set_funding(at, instrument, rate),
        }
    }
}

/// Events that the books have ready.
pub(crate) type Events = VecDeque<(Ts, VenueEvent)>;
