//! Portfolio guards over single entries and positions: churn, chop, the anti-flip lock, the rebalancer, and
//! the switches of `execution`.
//!
//! Each guard is `off`, `shadow` or `on`; its verdict stands in the decision record also in shadow.
//! Invariants: a guard refuses entries alone, never an exit, a reduction or a protective order; in shadow it
//! changes no request; what it remembers comes from fills and decision records, is part of the engine's
//! digest and so comes back with the journal after a restart; questions are answered for the state at the end
//! of an instant, so the order of its inputs means nothing.
//!
//! The three guards over entries concern setups with a regime. A strategy that reverses and re-enters by
//! design keeps what its plans say, as everywhere else.

pub mod settings;

mod anti_flip;
mod chop;
mod churn;
pub(crate) mod rebalance;

use seawall_model::{Decision, Gate, GuardMode, PositionSide, Setup, Span, StateSink, Ts};

use crate::auction::settings::{AuctionSettings, AuctionTuning};
use crate::desk::Desk;
use crate::engine::Engine;
use crate::planning::regime;
use crate::risk::streaks::minutes_until;
use crate::risk::{Asked, Turn};
use chop::Chop;
use churn::Churn;
use rebalance::Share;
use serde::{Deserialize, Serialize};

/// The end of the last trade of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Closed {
    side: PositionSide,
    at: Ts,
    held: Span,
}

/// When an instrument was entered and left. Adopted positions are nobody's decision and count for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Rhythm {
    opened: Option<(PositionSide, Ts)>,
    closed: Option<Closed>,
}

/// What the guards remember of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeskGuards {
    rhythm: Rhythm,
    churn: Churn,
    chop: Chop,
    pub(crate) share: Share,
}

impl DeskGuards {
    pub(crate) fn new() -> Self {
        DeskGuards { rhythm: Rhythm::default(), churn: Churn::new(), chop: Chop::new(), share: Share::new() }
    }

    /// What fills have left; what was measured from the market comes back with it.
    pub(crate) fn habits(&self) -> Self {
        let mut habits = self.clone();
        habits.chop.forget_readings();
        habits.share.forget();
        habits
    }

    /// Whether [`Self::habits`] of `now` are these.
    pub(crate) fn has_habits_of(&self, now: &DeskGuards) -> bool {
        let DeskGuards { rhythm, churn, chop, share } = self;
        (rhythm, churn) == (&now.rhythm, &now.churn)
            && chop.has_reversals_of(&now.chop)
            && share.rests_as(&now.share)
    }

    /// A position was opened on `side`.
    pub(crate) fn opened(&mut self, settings: &AuctionSettings, at: Ts, side: PositionSide, setup: Setup) {
        self.rhythm.opened = (setup != Setup::Adopted).then_some((side, at));
        let (Some(closed), Some(_)) = (self.rhythm.closed, self.rhythm.opened) else { return };
        let since = at.since(closed.at);
        self.churn.reopened(&settings.churn, at, closed.held, since);
        if closed.side != side {
            self.chop.reversed(&settings.chop, at, closed.held, since);
        }
    }

    /// The position is flat again; the end of the pause that this begins.
    pub(crate) fn closed(&mut self, settings: &AuctionSettings, at: Ts) -> Option<Ts> {
        self.share.forget();
        let (side, since) = self.rhythm.opened.take()?;
        let held = at.since(since);
        self.rhythm.closed = Some(Closed { side, at, held });
        self.churn.closed(&settings.churn, at, held)
    }

    /// The end of the pause after quick trades.
    pub(crate) fn churned_until(&self) -> Ts {
        self.churn.paused_until()
    }

    /// A strategy has written a decision record.
    #[inline]
    pub(crate) fn see(&mut self, at: Ts, decision: &Decision) {
        self.chop.see(at, decision);
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.rhythm.opened.map_or(i64::MIN, |(_, at)| at.nanos()));
        if let Some(Closed { side, at, held }) = self.rhythm.closed {
            sink.bytes(side.name().as_bytes());
            sink.signed(at.nanos());
            sink.signed(held.nanos());
        }
        self.churn.digest(sink);
        self.chop.digest(sink);
        self.share.digest(sink);
    }
}

/// Asks the switches and the guards over entries; whether the entry goes on.
pub(crate) fn allow(asked: Asked<'_>, decision: &mut Decision) -> bool {
    let Asked { trade, account, desk, plan, at, turn, .. } = asked;
    let execution = &trade.execution;
    if !execution.entries_enabled && !decision.ask(Gate::EntriesEnabled, false, 0.0, 1.0) {
        return false;
    }
    let turns = turn != Turn::Plain;
    if turns && !execution.reversals_enabled && !decision.ask(Gate::ReversalsEnabled, false, 0.0, 1.0) {
        return false;
    }
    if regime(plan.setup).is_none() {
        return true;
    }
    let AuctionSettings { churn, chop, anti_flip, .. } = &trade.auction;
    let guards = &desk.guards;
    let paused = minutes_until(guards.churn.paused_until(), at);
    let lock = anti_flip::locked_until(anti_flip, &guards.rhythm, plan.direction, turn, at);
    let locked = lock.map_or(0.0, |until| minutes_until(until, at));
    let most = chop.instruments_pct.to_f64();
    // What chop does it does to the auction as a whole: it slows down, and refuses nothing by itself.
    let calm = account.choppy_pct <= most || chop.mode == GuardMode::On;
    decision.ask_guard(churn.mode, Gate::Churn, paused <= 0.0, paused, 0.0)
        && decision.ask_guard(anti_flip.mode, Gate::AntiFlip, locked <= 0.0, locked, 0.0)
        && decision.ask_guard(chop.mode, Gate::Chop, calm, account.choppy_pct, most)
}

impl Engine {
    /// Choppy instruments in percent of all, before the instant `at`.
    pub(crate) fn choppy_pct(&self, at: Ts) -> f64 {
        let settings = &self.shared.trade.auction.chop;
        if settings.is_off() || self.desks.is_empty() {
            return 0.0;
        }
        let choppy = |desk: &&Desk| desk.guards.chop.is_choppy(settings, at);
        self.desks.iter().filter(choppy).count() as f64 / self.desks.len() as f64 * 100.0
    }

    /// What the guards change about the auction's cycle of `at`.
    pub(crate) fn tuning(&self, at: Ts) -> AuctionTuning {
        let chop = &self.shared.trade.auction.chop;
        if chop.mode == GuardMode::On && self.choppy_pct(at) > chop.instruments_pct.to_f64() {
            return chop.tuning();
        }
        AuctionTuning::NEUTRAL
    }
}
