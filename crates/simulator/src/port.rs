//! The simulated exchange behind the seam that the engine's loop uses.

use seawall_model::{Ts, VenueEvent, VenuePort, VenueRequest};

use crate::exchange::Exchange;

impl VenuePort for Exchange {
    fn send(&mut self, at: Ts, request: VenueRequest) {
        Exchange::send(self, at, request);
    }

    #[inline]
    fn next_at(&self) -> Option<Ts> {
        Exchange::next_at(self)
    }

    #[inline]
    fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)> {
        Exchange::next_event(self, until)
    }
}
