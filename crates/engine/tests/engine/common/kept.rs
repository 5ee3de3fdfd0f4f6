//! What a disk keeps of an engine's state, and the return of a process that has nothing else.
//!
//! Each step's patch is written down; it is durable from the next step on whose requests change something at
//! the venue, since that is when a driver syncs before it sends.

use seawall_engine::carry::{Patch, Tracker};
use seawall_engine::{Carry, Effects, Engine, Setup};
use seawall_model::{Input, Span, VenueRequest};
use seawall_strategy::Strategy;

use super::script::Erratic;
use super::world::World;

/// How much of what was written survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survives {
    /// What was durable before the last step: the process died before it synced.
    BeforeSync,
    /// What was durable after the last step.
    Synced,
    /// Everything that was written.
    Everything,
}

pub struct Kept {
    tracker: Tracker,
    now: Carry,
    synced: Carry,
    before: Carry,
    pub patches: u64,
    pub bytes: u64,
}

/// Through the text that a disk would hold.
fn written(patch: &Patch) -> (Patch, u64) {
    let text = serde_json::to_string(patch).unwrap();
    let read: Patch = serde_json::from_str(&text).unwrap();
    assert_eq!(read, *patch, "{text}");
    (read, text.len() as u64)
}

impl Kept {
    pub fn new(engine: &Engine) -> Self {
        let mut tracker = Tracker::new();
        let whole = tracker.whole(engine);
        let mut now = Carry::begin(&whole[0]).unwrap();
        for patch in &whole[1..] {
            now.apply(patch).unwrap();
        }
        assert_eq!(now, engine.carry());
        Kept { tracker, synced: now.clone(), before: now.clone(), now, patches: 0, bytes: 0 }
    }

    pub fn see(&mut self, engine: &Engine, input: &Input, effects: &Effects) {
        self.tracker.hear(input);
        if let Some(patch) = self.tracker.changed(engine, effects) {
            let (patch, bytes) = written(&patch);
            self.now.apply(&patch).unwrap();
            self.patches += 1;
            self.bytes += bytes;
        }
        self.before = self.synced.clone();
        let commits = |request: &VenueRequest| {
            matches!(
                request,
                VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. }
            )
        };
        if effects.requests.iter().any(commits) {
            self.synced = self.now.clone();
        }
    }

    pub fn state(&self) -> &Carry {
        &self.now
    }
}

/// An engine that goes on with strategies that hold: they have seen no candle yet.
pub fn resumed(setup: &Setup, carry: &Carry) -> Engine {
    let strategies = setup.instruments.iter().map(|_| Box::new(Erratic::new(1, 0)) as Box<dyn Strategy>);
    let resumed = Engine::resume_with(setup.clone(), strategies.collect(), carry).unwrap();
    assert_eq!(resumed.left, Vec::new());
    resumed.engine
}

impl World {
    /// From now on a disk keeps the state.
    pub fn keep(&mut self) {
        self.kept = Some(Kept::new(&self.engine));
    }

    /// The process comes back after `outage` with nothing but what the disk has.
    pub fn resume(&mut self, outage: Span, survives: Survives) -> Carry {
        assert!(self.down, "the world lives");
        let until = self.now.plus(outage);
        self.run_until(until);
        self.now = until;
        let kept = self.kept.take().unwrap();
        let carry = match survives {
            Survives::BeforeSync => kept.before,
            Survives::Synced => kept.synced,
            Survives::Everything => kept.now,
        };
        self.engine = resumed(&self.setup, &carry);
        assert_eq!(self.engine.carry(), carry, "seed {}: carry, resume, carry", self.seed);
        self.keep();
        self.down = false;
        // The oracles remember what the process has forgotten.
        self.judged = false;
        self.undispatched.clear();
        self.venue.disconnect(false);
        self.step(self.now, Input::Started);
        carry
    }
}
