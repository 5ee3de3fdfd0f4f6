//! O7: a kill or a mode that allows reduction only cancels entries that work at once; and after a kill or a
//! mode that allows reduction only, entries of ours are gone from the venue, and after a flatten so are
//! positions, within a bound that begins with the command or with the last fault that may be why.

use seawall_model::{Command, Input, InstrumentId, Span, SystemMode, Ts};

use super::intents::is_cancelled;
use super::{Finding, Oracle, Step, ensure};
use crate::truth::Truth;
use crate::venue::Venue;

/// Beyond the bound of protection: closing at market may take several tries.
const CLOSING: Span = Span::from_secs(120);

/// What has to happen, and since when.
#[derive(Debug)]
pub(crate) struct Reachability {
    /// For entries.
    bound: Span,
    /// For positions.
    closing: Span,
    entries_end: Option<Ts>,
    all_closes: Option<Ts>,
}

impl Reachability {
    pub(crate) fn new(bound: Span, naked: Span) -> Self {
        Reachability { bound, closing: naked.max(CLOSING), entries_end: None, all_closes: None }
    }

    pub(crate) fn hear(&mut self, step: &Step<'_>) {
        let Input::Operator(command) = step.input else { return };
        match command {
            Command::Kill { flatten, .. } => {
                self.entries_end.get_or_insert(step.at);
                if *flatten {
                    self.all_closes.get_or_insert(step.at);
                }
            }
            Command::SetMode(SystemMode::Flatten) => {
                self.entries_end.get_or_insert(step.at);
                self.all_closes.get_or_insert(step.at);
            }
            Command::SetMode(SystemMode::ReduceOnly | SystemMode::ProtectOnly) => {
                self.entries_end.get_or_insert(step.at);
            }
            Command::SetMode(SystemMode::Normal | SystemMode::Cautious) | Command::Release => self.forget(),
            Command::Close(_)
            | Command::Transfer(_)
            | Command::Shutdown
            | Command::Position { .. }
            | Command::Signal { .. } => {}
        }
    }

    /// Entries that work are cancelled in the step of the command itself, unless that was asked for before.
    pub(crate) fn obeys(step: &Step<'_>) -> Finding {
        let ends_entries = match step.input {
            Input::Operator(Command::SetMode(mode)) => *mode >= SystemMode::ReduceOnly,
            Input::Operator(Command::Kill { .. } | Command::Shutdown) => true,
            Input::Operator(
                Command::Close(_)
                | Command::Transfer(_)
                | Command::Release
                | Command::Position { .. }
                | Command::Signal { .. },
            )
            | Input::Venue(_)
            | Input::Started
            | Input::Candle { .. }
            | Input::Quote { .. }
            | Input::Mark { .. }
            | Input::Submission { .. }
            | Input::Wakeup
            | Input::Book { .. }
            | Input::Listing(_)
            | Input::Past { .. }
            | Input::Rules(_) => false,
        };
        if !ends_entries {
            return Ok(());
        }
        let ids = (0..).map(InstrumentId).take(step.venue.instruments.len());
        let working = ids.flat_map(|id| step.venue.exchange.working(id)).filter(|row| !row.reduce_only);
        let spared = working.filter_map(|row| row.order).find(|order| !is_cancelled(step, *order));
        ensure(Oracle::Reachability, spared.is_none(), || {
            format!("{:?} leaves the entry {spared:?} working", step.input)
        })
    }

    /// Nothing is asked for any more, or the process that was asked is gone.
    pub(crate) fn forget(&mut self) {
        (self.entries_end, self.all_closes) = (None, None);
    }

    pub(crate) fn check(&self, at: Ts, venue: &Venue, truth: &Truth) -> Finding {
        let Some(since) = self.entries_end else { return Ok(()) };
        let ids = (0..).map(InstrumentId).take(venue.instruments.len());
        for (id, naked) in ids.zip(&truth.naked) {
            let begun = naked.disturbed.map_or(since, |disturbed| disturbed.max(since));
            if at.since(begun) > self.bound {
                let entry = venue.exchange.working(id).find(|row| {
                    !row.reduce_only && row.order.is_some_and(|order| truth.intents.contains_key(&order.id))
                });
                ensure(Oracle::Reachability, entry.is_none(), || {
                    format!("{entry:?} still works, asked to end at {since}, last fault at {begun}")
                })?;
            }
            let Some(since) = self.all_closes else { continue };
            let begun = naked.disturbed.map_or(since, |disturbed| disturbed.max(since));
            let meddled = truth.meddled.get(id.index()).copied().flatten();
            let begun = meddled.map_or(begun, |meddled| meddled.max(begun));
            if at.since(begun) > self.closing {
                let held = venue.exchange.held(id);
                ensure(Oracle::Reachability, held.is_zero(), || {
                    format!("{held:?} of {id:?} still held, asked to close at {since}, last fault at {begun}")
                })?;
            }
        }
        Ok(())
    }
}
