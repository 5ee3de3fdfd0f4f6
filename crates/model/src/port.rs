//! The seam between the engine's loop and a venue, simulated or real.

use crate::event::{VenueEvent, VenueRequest};
use crate::time::Ts;

/// A venue as the engine's loop sees it.
pub trait VenuePort {
    /// Takes a request that leaves at `at`.
    fn send(&mut self, at: Ts, request: VenueRequest);

    /// When the venue next has something to say or do by itself.
    fn next_at(&self) -> Option<Ts>;

    /// The next event due at or before `until`, with the instant at which it arrives here.
    fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)>;
}
