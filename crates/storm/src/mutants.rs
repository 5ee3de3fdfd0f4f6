//! The measure of the storm itself: deliberate bugs in the engine and its journal, and worlds that have to
//! find each of them.
//!
//! Invariants: a world with a bug is drawn like any other; the bug is chosen for the thread that lives the
//! world, and none is chosen when that is over, however it ended.

use seawall_engine::mutant::{Mutant, select};

use crate::oracles::Oracle;
use crate::report::Report;
use crate::swarm::Options;
use crate::world::{StormError, run, run_with_story};

/// Worlds within which each bug has to be found, from the first seed on.
pub const WORLDS_MAX: u64 = 600;

/// Which rules it is expected to break; any of them is broken first, as the world has it.
#[must_use]
pub const fn expected(mutant: Mutant) -> &'static [Oracle] {
    use Oracle as O;
    match mutant {
        Mutant::FailedQueryIsEmpty => &[O::Reduction, O::Invention, O::Protection],
        Mutant::PartialListIsComplete | Mutant::LocalClockTrusted => &[O::Invention, O::Protection],
        Mutant::MissingStopUnnoticed
        | Mutant::CancelBeforePlace
        | Mutant::StopNotEnlarged
        | Mutant::StopNotReduced
        | Mutant::ShutdownCancelsStops => &[O::Protection],
        Mutant::StopOnWrongSide => &[O::Protection, O::Resources],
        Mutant::TimeOutIsRejection
        | Mutant::AbsentBeforeHorizon
        | Mutant::KnownIdIsRejection
        | Mutant::LostCancelIsDone => &[O::Invention],
        Mutant::ResendOnTimeOut | Mutant::SecondEmergency | Mutant::EmergencySparesEntry => &[O::Intents],
        Mutant::SentBeforeSync | Mutant::InFlightLostAtRestart | Mutant::ModeLostAtRestart => &[O::Recovery],
        Mutant::DuplicateCountsTwice
        | Mutant::TwinIsDropped
        | Mutant::PartialFillIgnored
        | Mutant::LateFillIgnored => &[O::Conservation, O::Invention],
        Mutant::NotProvenAfterReconnect | Mutant::StopMayOpen => &[O::Reduction],
        Mutant::UnknownExposureForgotten | Mutant::DayWindowLostAtRestart => &[O::Caps],
        Mutant::KillSparesEntries => &[O::Reachability],
    }
}

/// Has the bug while it is there.
struct Chosen;

impl Chosen {
    fn new(mutant: Option<Mutant>) -> Self {
        select(mutant);
        Chosen
    }
}

impl Drop for Chosen {
    fn drop(&mut self) {
        select(None);
    }
}

/// Lives the world of `seed` with a bug, or without one.
///
/// # Errors
/// The world cannot be made.
pub fn run_mutated(seed: u64, options: &Options, mutant: Option<Mutant>) -> Result<Report, StormError> {
    let _chosen = Chosen::new(mutant);
    run(seed, options)
}

/// As [`run_mutated`], with the last lines of what happened.
///
/// # Errors
/// The world cannot be made.
pub fn run_mutated_with_story(
    seed: u64,
    options: &Options,
    mutant: Option<Mutant>,
) -> Result<(Report, Vec<String>), StormError> {
    let _chosen = Chosen::new(mutant);
    run_with_story(seed, options)
}
