//! Deterministic simulation testing: whole worlds out of a seed, full of faults, judged after every step.
//!
//! A world is virtual time, one heap of what is going to happen, the real engine with the real loop, the
//! real journal on a simulated disk, and the simulated exchange as its venue, behind a network that loses,
//! delays, doubles and reorders. Nothing in here reads a clock, a socket, a thread or an environment, and
//! every run of a seed is the same to the last bit ([`Report::trace`]).
//!
//! [`Level::Wire`] puts the venue's protocol between engine and venue: the desk of a live run at one end, an
//! exchange in a box at the other, and bytes in between.
//!
//! # The fault model
//!
//! What may go wrong is the catalogue of [`Fault`]. Any of it may come together with any other and at any
//! time, and the oracles must hold all the same, with these limits, which the worlds keep:
//!
//! - **The venue's books are true.** It may refuse, forget a stop, answer late, in part or not at all, but
//!   what it executed is executed, and a question about an order by its id is answered truly or fails.
//! - **A request acts within the acceptance horizon or never.** The longest delay of a request is shorter
//!   than the horizon that the engine is told. A venue that takes an order after the horizon that it promises
//!   cannot be survived by asking. One that it has refused it does not take when a twin comes.
//! - **A picture says when it was taken.** A replica that is behind says so by the time of its picture. A
//!   balance has no such time: it is behind by 8 seconds at most, which is survived by looking again later.
//! - **A complete list is never empty by mistake twice in a row.** One such lie is found by asking for each
//!   order; two in a row are a venue that cannot be told from an empty account.
//! - **A market order fills at once or ends**, also one that a trigger has made. In thin worlds it fills in
//!   part; while there is nobody to trade with, nothing can protect.
//! - **Clocks differ by a bounded skew** (1.5 seconds), less than the slack of the horizon.
//! - **What was synced stays.** A crash takes what was not synced, tears what was being written, and never
//!   touches what a sync returned for. Two processes never write one journal: the lock is outside.
//! - **The process comes back** within a minute. While none runs no time of a position without a stop is
//!   counted: the stop that it left rests at the venue.
//! - **A market that takes no orders** cannot protect: the clock begins when it takes them again.
//!
//! The bound within which a position must be covered again begins with the last fault that may be why it is
//! not ([`Fault::is_disturbing`]), and is the sum of what the engine may wait for (see `docs/storm.md`). A
//! world in which such faults never pause measures other things than this bound.
//!
//! # Two phases
//!
//! While a world lives, oracles O1, O2, O4 to O8, O11 and O12 judge every step. Then it is healed: no fault
//! strikes any more, what was begun ends, the operator releases, strategies fall silent. Within a bound of
//! virtual minutes books and venue must agree on everything (O3), and nothing may be unknown, blocked or
//! naked (O9).

mod agenda;
mod books;
pub mod corpus;
mod faults;
mod market;
#[cfg(feature = "mutants")]
pub mod mutants;
mod network;
mod oracles;
mod ordeals;
mod parity;
mod process;
mod random;
mod report;
mod shrink;
mod strategy;
mod strikes;
mod swarm;
mod themes;
mod trace;
mod truth;
mod venue;
mod weather;
mod wire;
mod world;

pub use faults::{Class, Fault};
pub use oracles::{Oracle, Violation};
pub use parity::{DataSet, Lived, PARITY_RUN, parity};
pub use process::Counts;
pub use report::Report;
pub use shrink::{Tried, shrink};
pub use strikes::{About, Strike, Struck};
pub use swarm::{Level, Options};
pub use world::{StormError, run, run_with_story};
