//! How a step is written down: the order that recovery rests on, in one place for every driver.
//!
//! Invariants: an input is written before the engine sees it; what a step has changed is written before the
//! dispatch of its requests; requests that change something at the venue leave only after both are durable.

use seawall_engine::mutant::Mutant;
use seawall_engine::{Effects, Engine};
use seawall_model::{Input, Ts, VenueRequest};

use crate::carry_log::CarryLog;
use crate::error::StoreError;
use crate::journal::Journal;

/// Writes an input down, before the engine sees it.
///
/// # Errors
/// The journal cannot be written; the engine must not see the input then.
#[inline]
pub fn input(journal: &mut Journal, carry: &mut CarryLog, at: Ts, input: &Input) -> Result<(), StoreError> {
    journal.append_input(at, input)?;
    carry.hear(input);
    Ok(())
}

/// Writes down what a step has changed and what is to leave, durably if that commits to something.
///
/// # Errors
/// The journal cannot be written; nothing may leave then.
#[inline]
pub fn effects(
    journal: &mut Journal,
    carry: &mut CarryLog,
    at: Ts,
    engine: &Engine,
    effects: &Effects,
) -> Result<(), StoreError> {
    carry.step(journal, at, engine, effects)?;
    if effects.requests.is_empty() {
        return Ok(());
    }
    journal.append_dispatch(at, &effects.requests)?;
    // A question may be lost without harm; everything else must be on disk before it leaves.
    let commits = effects.requests.iter().any(commits) && !Mutant::SentBeforeSync.is_on();
    if commits { journal.sync() } else { Ok(()) }
}

/// Whether a request changes something at the venue.
#[must_use]
pub const fn commits(request: &VenueRequest) -> bool {
    match request {
        VenueRequest::Place(_) | VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => true,
        VenueRequest::QueryOrder { .. }
        | VenueRequest::QueryOpenOrders
        | VenueRequest::QueryPositions
        | VenueRequest::QueryBalance => false,
    }
}
