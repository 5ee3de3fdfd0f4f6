//! The trading state that outlives a process.
//!
//! [`Carry`] is plain data: what an engine has to know to go on as if it had not been away. A driver keeps it
//! on disk piece by piece ([`Tracker`] says what has changed, [`Patch`] is a piece, [`Carry::apply`] puts the
//! pieces together), and [`Engine::resume`] builds an engine from it and from the settings of today. The
//! first [`seawall_model::Input::Started`] then makes every placement without an answer unknown: it counts in
//! full and is asked about, never sent again.
//!
//! Invariants:
//! - carry, resume, carry gives the same data, and so does a round trip through text;
//! - instruments are known by their names, never by their numbers, and numbers of contracts and prices only
//!   mean something on the scales that stand beside them: they are carried over to finer ones, and one that
//!   is held and does not fit stops the start;
//! - nothing is dropped in silence: what has no place in the new set-up is an error while it holds anything,
//!   else it is told ([`Resumed::left`]) and kept for the day on which the instrument comes back;
//! - client order ids go on where they ended, under the same run, so every order of an earlier process is
//!   still ours;
//! - carrying costs a quiet candle nothing: the engine keeps no copy and compares nothing by itself.
//!
//! What of the digest is not carried, and why:
//!
//! - strategies, volatility, signals, earlier prices, readings of ADX, scores and shares: measured from the
//!   market: the candles of the warm-up and the next prices bring them back.
//! - universe, quotes, state of the data: the next listing, quotes and candles say what is true now.
//! - candidates, queued plans, who waits for whose place: a plan is not older than a candle; a start
//!   withdraws them in a running process too.
//! - phase, reports seen, questions that are due, the first of two balances that differ, a lost stream,
//!   orders of others, holdings elsewhere, counts of alerts: a start asks the venue for everything again.
//! - when the account is looked at, wake-ups: the start looks.
//! - decision records and refused plans that are followed: they say what was, and change nothing that the
//!   engine does.
//! - shutting down: that was the earlier process.

mod account;
mod desk;
pub(crate) mod exact;
mod patch;
pub(crate) mod rescale;
mod ring;
mod tracker;
mod trading;

use std::collections::BTreeMap;

use seawall_model::{AlertKind, InstrumentId, InstrumentName, Severity};
use seawall_strategy::Strategy;
use serde::{Deserialize, Serialize};

pub use account::{AccountCarry, Counters};
pub use desk::DeskCarry;
pub use patch::{DeskPatch, Patch};
pub use tracker::Tracker;

use crate::engine::{Engine, Setup};
use crate::error::EngineError;
use crate::gateway::alert;
use crate::truth::Bookings;

/// The version of the form that is written. Version 1 told all of an instrument with each change, which
/// this program reads as well.
pub const CARRY_VERSION: u32 = 2;

/// The trading state of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Carry {
    /// [`CARRY_VERSION`] of the program that wrote it.
    pub version: u32,
    /// Run and counters.
    pub counters: Counters,
    /// What belongs to no instrument.
    pub account: AccountCarry,
    /// Lines of the venue's account log that were counted.
    pub(crate) bookings: Bookings,
    /// What is known of each instrument; one of which nothing is known is left out.
    pub desks: BTreeMap<InstrumentName, DeskCarry>,
}

/// What has no place in the set-up of a resumed engine and holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// Which instrument.
    pub instrument: InstrumentName,
    /// Why, and what becomes of it.
    pub why: String,
}

/// An engine that goes on, and what it could not take along.
pub struct Resumed {
    /// Waits for [`seawall_model::Input::Started`].
    pub engine: Engine,
    /// To be told to the operator; empty as a rule.
    pub left: Vec<LeftBehind>,
}

impl Carry {
    /// Whether something is held or working on an instrument.
    #[must_use]
    pub fn is_engaged(&self, instrument: &InstrumentName) -> bool {
        self.desks.get(instrument).is_some_and(DeskCarry::is_engaged)
    }

    /// The least decimals of prices and quantities with which an instrument fits the carry.
    #[must_use]
    pub fn decimals(&self, instrument: &InstrumentName) -> (u32, u32) {
        self.desks.get(instrument).map_or((0, 0), DeskCarry::decimals)
    }

    /// Instruments that a set-up has to have for the carry to fit.
    pub fn engaged(&self) -> impl Iterator<Item = &InstrumentName> {
        self.desks.iter().filter(|(_, desk)| desk.is_engaged()).map(|(name, _)| name)
    }
}

impl Engine {
    /// The whole trading state.
    #[must_use]
    pub fn carry(&self) -> Carry {
        let desks = self.desks.iter().map(DeskCarry::of).chain(self.dormant.iter().cloned());
        let known = desks.filter(|desk| !desk.is_blank());
        Carry {
            version: CARRY_VERSION,
            counters: Counters::of(&self.shared),
            account: self.carry_account(),
            bookings: self.shared.truth.bookings.clone(),
            desks: known.map(|desk| (desk.instrument().clone(), desk)).collect(),
        }
    }

    /// What belongs to no instrument.
    #[must_use]
    pub fn carry_account(&self) -> AccountCarry {
        let settle = self.desks.first().map(|desk| desk.instrument.settle().to_string());
        AccountCarry::of(&self.shared, settle.unwrap_or_default())
    }

    /// What is known of one instrument.
    #[must_use]
    pub fn carry_desk(&self, id: InstrumentId) -> Option<DeskCarry> {
        self.desks.get(id.index()).map(DeskCarry::of)
    }

    /// Builds an engine that goes on where the one of `carry` ended, under the settings of `setup`.
    ///
    /// # Errors
    /// Those of [`Engine::new`]; [`EngineError::Carry`] for another run, another currency or a newer form;
    /// [`EngineError::CarriedInstrument`] where an instrument with a position or working orders is not in the
    /// set-up, or its numbers mean something else there.
    pub fn resume(setup: Setup, carry: &Carry) -> Result<Resumed, EngineError> {
        check(&setup, carry)?;
        Engine::new(setup)?.install(carry)
    }

    /// [`Engine::resume`] with strategies that are given, as in [`Engine::with_strategies`].
    ///
    /// # Errors
    /// As for [`Engine::resume`].
    pub fn resume_with(
        setup: Setup,
        strategies: Vec<Box<dyn Strategy>>,
        carry: &Carry,
    ) -> Result<Resumed, EngineError> {
        check(&setup, carry)?;
        Engine::with_strategies(setup, strategies)?.install(carry)
    }

    fn install(mut self, carry: &Carry) -> Result<Resumed, EngineError> {
        let mut left = Vec::new();
        let mut positions = vec![seawall_model::Money::ZERO; self.desks.len()];
        for (name, carried) in &carry.desks {
            let desk = self.desks.iter_mut().find(|desk| desk.instrument.name() == name);
            let misfit = match &desk {
                None => Some("it is not among the instruments"),
                Some(desk) => carried.misfit(&desk.instrument),
            };
            match (desk, misfit) {
                (Some(desk), None) => {
                    if let Some(slot) = positions.get_mut(desk.instrument.id().index()) {
                        *slot = carried.booked();
                    }
                    carried.on_scales_of(&desk.instrument).install(desk);
                }
                (_, Some(what)) if carried.is_engaged() => {
                    return Err(EngineError::CarriedInstrument {
                        instrument: name.to_string(),
                        what,
                        held: carried.holds(),
                    });
                }
                (desk, Some(what)) => {
                    let kept = desk.is_none();
                    let after = if kept { "kept until it comes back" } else { "its memory is given up" };
                    left.push(LeftBehind { instrument: name.clone(), why: format!("{what}; {after}") });
                    if kept {
                        self.dormant.push(carried.clone());
                    }
                }
                (None, None) => {}
            }
        }
        carry.counters.install(&mut self.shared);
        carry.account.install(&mut self.shared, positions)?;
        self.shared.truth.bookings = carry.bookings.clone();
        self.resumed = true;
        Ok(Resumed { engine: self, left })
    }

    /// The first start after [`Engine::resume`]: deadlines that ran while nobody could answer begin anew, the
    /// account is looked at once the instant is over, and what the settings of today forbid is ended.
    pub(crate) fn after_resume(&mut self, at: seawall_model::Ts, effects: &mut crate::effects::Effects) {
        if !core::mem::take(&mut self.resumed) {
            return;
        }
        let settings = &self.shared.protection;
        for desk in &mut self.desks {
            if let Some(since) = desk.protection.resumed(at, settings.confirm_deadline()) {
                let detail = format!("not known to be covered since {since}, before the restart");
                let id = Some(desk.instrument.id());
                alert(effects, at, Severity::Warning, AlertKind::PositionUnprotected, id, detail);
            }
            let grace = at.plus(settings.trigger_grace());
            if let Some(closing) = desk.closing.as_mut() {
                closing.deadline = closing.deadline.max(grace);
            }
            if let Some(trimming) = desk.trimming.as_mut() {
                trimming.deadline = trimming.deadline.max(grace);
            }
        }
        self.shared.guard.watch.wake(at);
        if self.shared.ends_entries() {
            self.enforce_mode(at, effects);
        }
    }
}

fn check(setup: &Setup, carry: &Carry) -> Result<(), EngineError> {
    let wrong = |what: String| Err(EngineError::Carry { what });
    if carry.version > CARRY_VERSION {
        return wrong(format!(
            "it has version {}, this program knows {CARRY_VERSION}: run the newer one",
            carry.version
        ));
    }
    if carry.counters.run != setup.run {
        let (carried, run) = (carry.counters.run, setup.run);
        return wrong(format!(
            "it belongs to run {carried} and not to {run}: orders would not be known as ours"
        ));
    }
    let settle = setup.instruments.first().map(|(instrument, _)| instrument.settle().to_string());
    if settle.as_ref().is_some_and(|settle| *settle != carry.account.settle) {
        let carried = &carry.account.settle;
        return wrong(format!(
            "its books are in {carried}, the instruments settle in {}: use another data folder for it",
            settle.unwrap_or_default()
        ));
    }
    Ok(())
}
