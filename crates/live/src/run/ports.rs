//! Where the engine's requests go: to the venue's task, or to the simulated exchange.

use seawall_model::{InstrumentId, PriceUnits, Rules, Ts, VenueEvent, VenuePort, VenueRequest};
use seawall_simulator::{Exchange, Tick};

use crate::net::VenueHandle;

/// The venue of a run.
pub(super) enum Port {
    /// The real one. What it could not take waits here until the engine is told.
    Live { venue: VenueHandle, refused: Vec<VenueRequest> },
    /// The simulated one, which lives on the quotes of the real one.
    Paper(Box<Exchange>),
}

impl Port {
    /// The simulated exchange sees a quote.
    pub(super) fn see_quote(&mut self, at: Ts, instrument: InstrumentId, bid: PriceUnits, ask: PriceUnits) {
        match self {
            Port::Live { .. } => {}
            Port::Paper(exchange) => {
                // Nobody tells of trades here: the last price is the side that a stop of a long looks at.
                exchange.tick(at, instrument, Tick { bid, ask, last: bid, qty: None });
            }
        }
    }

    /// The simulated exchange trades under other rules.
    pub(super) fn see_rules(&mut self, rules: &Rules) {
        match self {
            Port::Live { .. } => {}
            Port::Paper(exchange) => exchange.set_rules(rules),
        }
    }

    /// Requests that could not be handed over: they were not sent.
    pub(super) fn take_refused(&mut self) -> Vec<VenueRequest> {
        match self {
            Port::Live { refused, .. } => std::mem::take(refused),
            Port::Paper(_) => Vec::new(),
        }
    }
}

impl VenuePort for Port {
    fn send(&mut self, at: Ts, request: VenueRequest) {
        match self {
            Port::Live { venue, refused } => refused.extend(venue.send(at, request).err()),
            Port::Paper(exchange) => exchange.send(at, request),
        }
    }

    fn next_at(&self) -> Option<Ts> {
        match self {
            Port::Live { .. } => None,
            Port::Paper(exchange) => exchange.next_at(),
        }
    }

    fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)> {
        match self {
            Port::Live { .. } => None,
            Port::Paper(exchange) => exchange.next_event(until),
        }
    }
}
