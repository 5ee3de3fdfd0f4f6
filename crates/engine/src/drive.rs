//! The loop that joins an engine to a venue: the same for backtest, paper, live and storm.
//!
//! Invariants: inputs reach the engine in order of time; what a step asks for is recorded before it leaves
//! ([`Recorder::record`] may sync a journal and may fail, and then nothing leaves); wake-ups are given when
//! due.

use seawall_model::{Input, Ts, VenuePort};

use crate::effects::Effects;
use crate::engine::Engine;

/// Sees every step before its requests leave.
pub trait Recorder {
    /// Why recording failed.
    type Error;

    /// Called with each input, before the engine sees it.
    ///
    /// # Errors
    /// The input could not be recorded; the engine does not see it then.
    fn input(&mut self, at: Ts, input: &Input) -> Result<(), Self::Error>;

    /// Called after each step, before requests leave.
    ///
    /// # Errors
    /// The effects could not be recorded; nothing leaves then.
    fn effects(&mut self, at: Ts, engine: &Engine, effects: &Effects) -> Result<(), Self::Error>;
}

/// The loop with its buffers.
#[derive(Debug, Default)]
pub struct Pump {
    effects: Effects,
    inputs: u64,
}

impl Pump {
    /// A loop that has done nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Pump::default()
    }

    /// How many inputs the engine has taken.
    #[must_use]
    pub fn inputs(&self) -> u64 {
        self.inputs
    }

    /// Gives one input to the engine and its requests to the venue.
    ///
    /// # Errors
    /// Those of the recorder.
    #[inline]
    pub fn feed<R: Recorder>(
        &mut self,
        engine: &mut Engine,
        venue: &mut impl VenuePort,
        recorder: &mut R,
        at: Ts,
        input: &Input,
    ) -> Result<(), R::Error> {
        self.inputs += 1;
        recorder.input(at, input)?;
        engine.step(at, input, &mut self.effects);
        recorder.effects(at, engine, &self.effects)?;
        for request in &self.effects.requests {
            venue.send(at, *request);
        }
        Ok(())
    }

    /// Delivers everything that is due at or before `until`: venue events and wake-ups, in order of time,
    /// events first where both fall on one instant.
    ///
    /// # Errors
    /// Those of the recorder.
    #[inline]
    pub fn run_until<R: Recorder>(
        &mut self,
        engine: &mut Engine,
        venue: &mut impl VenuePort,
        recorder: &mut R,
        until: Ts,
    ) -> Result<(), R::Error> {
        loop {
            let event_at = venue.next_at().filter(|at| *at <= until);
            let wake_at = engine.next_wakeup().filter(|at| *at <= until);
            let event_limit = match (event_at, wake_at) {
                (None, None) => return Ok(()),
                (Some(event), Some(wake)) if wake < event => None,
                (Some(_), Some(wake)) => Some(wake.min(until)),
                (Some(_), None) => Some(until),
                (None, Some(_)) => None,
            };
            let event = event_limit.and_then(|limit| venue.next_event(limit));
            match (event, wake_at) {
                (Some((at, event)), _) => self.feed(engine, venue, recorder, at, &Input::Venue(event))?,
                (None, Some(wake)) if venue.next_at().is_none_or(|at| at > wake) => {
                    self.feed(engine, venue, recorder, wake, &Input::Wakeup)?;
                }
                // The venue worked (a request arrived) without having anything to say: look again.
                (None, Some(_)) => {}
                (None, None) => {}
            }
        }
    }
}
