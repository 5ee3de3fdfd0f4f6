//! What a world came to.

use seawall_model::Span;

use crate::faults::Fault;
use crate::oracles::Violation;
use crate::process::Counts;
use crate::strikes::Struck;
use crate::swarm::Level;

/// What a world came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which world.
    pub seed: u64,
    /// How process and venue are joined.
    pub level: Level,
    /// How many instruments it has.
    pub instruments: u32,
    /// How long it lived, healing included.
    pub simulated: Span,
    /// What happened, in numbers.
    pub counts: Counts,
    /// How often each fault was injected, in the order of the catalogue.
    pub faults: Vec<(Fault, u64)>,
    /// Every strike that was drawn, in order.
    pub struck: Vec<Struck>,
    /// The longest time that a position was without stops that cover it, while a process lived.
    pub naked_max: Span,
    /// The longest such time since the last fault that may be why: what the bound is about.
    pub naked_quiet_max: Span,
    /// The bound.
    pub naked_bound: Span,
    /// What the bound is the sum of: what is waited for, and how long at most.
    pub naked_parts: Vec<(&'static str, Span)>,
    /// Every time without cover, in milliseconds.
    pub naked_times_ms: Vec<u32>,
    /// The most messages that were on their way at a time.
    pub in_flight_max: usize,
    /// How long it took from the healing until books and venue agreed.
    pub healed_after: Option<Span>,
    /// The chain of hashes over everything that the engines took in and did.
    pub trace: u64,
    /// The first rule that was broken; the world ends there.
    pub violation: Option<Violation>,
}
