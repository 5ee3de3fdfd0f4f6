//! Death and return of the process: what a journal would have kept, and what a driver does with it.
//!
//! The journal has every input, written before the engine sees it, and the dispatch of every request, written
//! before the request leaves. So a crash loses the requests that were not dispatched, and may have recorded
//! the dispatch of one that did not leave.

use seawall_engine::Effects;
use seawall_model::{Input, Span, SubmitOutcome, VenueRequest};

use super::world::{World, digest, engine};

/// Where the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// After the engine has taken this many inputs.
    pub after_inputs: usize,
    /// How many requests of that step leave.
    pub requests_sent: usize,
    /// Whether the dispatch of one more was recorded although it did not leave.
    pub recorded_ahead: bool,
}

impl World {
    pub(super) fn die(&mut self, crash: Crash) {
        let recorded = crash.requests_sent + usize::from(crash.recorded_ahead);
        self.undispatched = self
            .effects
            .requests
            .iter()
            .skip(recorded)
            .filter_map(|request| match request {
                VenueRequest::Place(order) => Some(order.order),
                _ => None,
            })
            .collect();
        self.crash = None;
        self.down = true;
        self.venue.disconnect(true);
    }

    /// The process comes back after `outage`: a new engine takes the recorded inputs, learns which intents
    /// never left, and starts.
    pub fn restart(&mut self, outage: Span) {
        assert!(self.down, "the world lives");
        let until = self.now.plus(outage);
        self.run_until(until);
        self.now = until;
        let before = digest(&self.engine);
        let mut again = engine(self.seed, &self.setup, self.quiet_after);
        let mut effects = Effects::new();
        for (at, input) in &self.inputs {
            again.step(*at, input, &mut effects);
        }
        assert_eq!(digest(&again), before, "O8: seed {} differs after replay", self.seed);
        self.engine = again;
        self.down = false;
        self.venue.disconnect(false);
        for order in std::mem::take(&mut self.undispatched) {
            self.step(self.now, Input::Submission { order, outcome: SubmitOutcome::NotSent });
        }
        self.step(self.now, Input::Started);
    }
}
