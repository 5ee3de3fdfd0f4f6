//! O10: one data set lived through as a backtest, a paper run and a replay live through it, to be compared
//! bit for bit.
//!
//! The world is the one of every storm: its agenda, network, venue, journal on a simulated disk, truth and
//! oracles. What a swarm draws is given instead: engine, market, one latency for every way. Nothing strikes,
//! nothing is healed; the world ends with the data.

use seawall_engine::{Effects, Engine, Setup, fingerprint};
use seawall_model::{Money, Span, Timeframe, Ts};
use seawall_simulator::{MarketEvent, SimulatorSettings};

use crate::process::recorded;
use crate::report::Report;
use crate::world::{StormError, World};

/// The run that a setup for [`parity`] has: it is part of every client order id.
pub const PARITY_RUN: u32 = crate::swarm::RUN;

/// A data set, and who lives through it.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// The engine, with its configured strategies; `run` is [`PARITY_RUN`].
    pub setup: Setup,
    /// Length of its candles.
    pub timeframe: Timeframe,
    /// The exchange. Its latency is the way there, and the way back.
    pub simulator: SimulatorSettings,
    /// Cash at the start.
    pub cash: Money,
    /// When the engine starts.
    pub start: Ts,
    /// Ticks and candles in order of time.
    pub events: Vec<MarketEvent>,
    /// What is due until then still happens.
    pub until: Ts,
}

impl DataSet {
    pub(crate) fn latency(&self) -> Span {
        Span::from_millis(i64::from(self.simulator.latency_ms))
    }
}

/// What the engine of a world did.
#[derive(Debug, Clone)]
pub struct Lived {
    /// The bytes of [`seawall_engine::fingerprint`] of each step.
    pub fingerprint: Vec<u8>,
    /// The bytes of a new engine that took the inputs of the world's journal.
    pub replayed: Vec<u8>,
    /// The bytes of the engine's last state.
    pub digest: Vec<u8>,
    /// What the world came to; a broken rule is a violation of its own.
    pub report: Report,
}

/// Lives through a data set without faults.
///
/// # Errors
/// The world cannot be made, or its journal cannot be read.
pub fn parity(data: DataSet) -> Result<Lived, StormError> {
    let until = data.until;
    let setup = data.setup.clone();
    let mut world = World::given(data)?;
    world.live_until(until);
    let mut replayed = Vec::new();
    let mut engine = Engine::new(setup)?;
    let mut effects = Effects::new();
    for (at, input) in recorded(&mut world)? {
        engine.step(at, &input, &mut effects);
        fingerprint::write(&effects, &mut replayed);
    }
    Ok(world.lived(replayed))
}
