//! Named worlds: each incident and complaint about truth, orders, stops, restarts or reconciliation, lived
//! through on purpose.
//!
//! A scenario is data: what the world is like, when the strategy enters, what strikes when, and what must
//! hold at the end. All oracles judge it like any other world; what must hold beyond them is judged by the
//! venue's books, by what has left the process, and by what the operator was told.
//!
//! Invariants: a scenario fails where one of its strikes finds nothing to hit, so that none passes because it
//! no longer does what it says; it is lived under several seeds, which differ in prices, latencies and the
//! shapes of strikes.

mod account;
mod coverage;
mod entries;
mod must;
mod operator;
mod queries;
mod restarts;
mod runner;
mod stops;
mod strategy;
mod streams;

use seawall_model::{AlertKind, Command, InstrumentId, Side, Span};

use crate::faults::Fault;
use crate::strikes::About;

pub use coverage::{ELSEWHERE, numbers};
pub(crate) use runner::Script;
pub use runner::{Outcome, live};
pub(crate) use strategy::Scripted;

/// What the strategy does at the close of a minute's candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Enter long at market, with a stop of three percent.
    Long,
    /// Enter short at market, with a stop of three percent.
    Short,
    /// Enter long at a limit this many hundredths of a percent below the price, for ten minutes.
    LongBelow(i64),
    /// Enter long with three take-profits, one percent apart.
    LongWithTargets,
    /// Get out.
    Exit,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Do {
    /// The next opportunity of a fault that is about this is taken.
    Next(Fault, About),
    /// So many of the next are.
    Times(u32, Fault, About),
    /// The fault begins now.
    Now(Fault),
    /// The fault begins now on one instrument.
    On(u32, Fault),
    /// Every opportunity of a fault is taken from now on.
    While(Fault),
    /// None is any more.
    Until(Fault),
    /// The user trades by hand: so many percent of the equity.
    Hand(u32, Side, i64),
    /// The user closes the whole position by hand.
    CloseByHand(u32),
    /// The price of an instrument jumps by hundredths of a percent.
    Jump(u32, i64),
    /// The process is killed, and is back after so many seconds.
    Down(i64),
    /// The operator commands.
    Tell(Command),
    /// As soon as a request about this leaves, at the same instant: the process is killed.
    KillAs(About),
    /// As soon as a request about this leaves: the operator commands.
    TellAs(About, Command),
    /// As soon as a request about this leaves: the price jumps.
    JumpAs(About, i64),
    /// This must hold now.
    Check(&'static [Must]),
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// Nothing is held, and nothing rests.
    Flat(u32),
    /// Held long, with exactly one stop, of the size of the position.
    Long(u32),
    /// Held short, with exactly one stop, of the size of the position.
    Short(u32),
    /// Held or not, stops cover it.
    Guarded(u32),
    /// So many entries have left the process.
    Entries(usize),
    /// So many placements about this have left.
    Placed(About, usize),
    /// No more placements about this have left.
    AtMost(About, usize),
    /// So many take-profits rest.
    Targets(u32, usize),
    /// Take-profits that rest do not sum to more than the position.
    TargetsFit(u32),
    /// The position is worth no more than this many percent of the equity.
    WorthAtMost(u32, i64),
    /// At least so many executions.
    Fills(u64),
    /// So many lives of the process.
    Lives(u64),
    /// The operator was told.
    Told(AlertKind),
    /// The operator was not told.
    NotTold(AlertKind),
    /// The kill switch is on.
    Killed,
    /// No position was without its stop for longer, in milliseconds.
    NakedAtMost(i64),
}

/// A named world.
#[derive(Debug)]
pub struct Scenario {
    /// A sentence about what holds.
    pub name: &'static str,
    /// What it goes back to: incidents `K:I-10` (spec and number), defects `A:D1`, complaints `E:4` (row of
    /// A.15 in the engines' study) and `U:7365` (thread in the users' study).
    pub cites: &'static [&'static str],
    /// How many instruments there are.
    pub instruments: u32,
    /// How long it lives before it is healed.
    pub minutes: i64,
    /// Whether the venue changes orders in place.
    pub amends: bool,
    /// Whether there is so little to trade with that orders fill in pieces.
    pub thin: bool,
    /// By how many milliseconds the venue's clock is ahead.
    pub skew_ms: i64,
    /// The loss that ends a day, in hundredths of a percent.
    pub daily_loss: Option<i64>,
    /// What the strategy does, by minute and instrument.
    pub wishes: &'static [(i64, u32, Wish)],
    /// What happens, by second.
    pub script: &'static [(i64, Do)],
    /// What must hold at the end.
    pub must: &'static [Must],
}

/// What a scenario says only where it differs: one instrument, ten minutes, one entry after the second.
pub(crate) const CALM: Scenario = Scenario {
    name: "",
    cites: &[],
    instruments: 1,
    minutes: 10,
    amends: true,
    thin: false,
    skew_ms: 0,
    daily_loss: None,
    wishes: &[(1, 0, Wish::Long)],
    script: &[],
    must: &[],
};

/// Seeds that each scenario is lived under.
pub const SEEDS: core::ops::Range<u64> = 0..2;

/// Every scenario.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    [
        entries::SCENARIOS,
        stops::SCENARIOS,
        streams::SCENARIOS,
        queries::SCENARIOS,
        restarts::SCENARIOS,
        account::SCENARIOS,
        operator::SCENARIOS,
    ]
    .into_iter()
    .flatten()
}

impl Scenario {
    /// The faults that it names: bounds depend on what may strike.
    pub(crate) fn known(&self) -> Vec<Fault> {
        let fault = |what: &Do| match what {
            Do::Next(fault, _)
            | Do::Times(_, fault, _)
            | Do::Now(fault)
            | Do::On(_, fault)
            | Do::While(fault) => Some(*fault),
            Do::Until(_)
            | Do::Hand(..)
            | Do::CloseByHand(_)
            | Do::Jump(..)
            | Do::Down(_)
            | Do::Tell(_)
            | Do::KillAs(_)
            | Do::TellAs(..)
            | Do::JumpAs(..)
            | Do::Check(_) => None,
        };
        self.script.iter().filter_map(|(_, what)| fault(what)).collect()
    }

    pub(crate) fn skew(&self) -> Span {
        Span::from_millis(self.skew_ms)
    }
}

pub(crate) const fn id(number: u32) -> InstrumentId {
    InstrumentId(number)
}
