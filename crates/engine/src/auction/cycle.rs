//! One cycle of the auction: at each instant with candidates, and by the clock while something is held.

use seawall_model::{AlertKind, ExitReason, GuardMode, InstrumentId, InstrumentName, Severity, Ts};

use super::select::Book;
use super::{AFTER, Candidate};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::exits;
use crate::gateway::alert;

impl Engine {
    /// A cycle begins: guards on top of the auction say what they change in it.
    pub(super) fn begin_cycle(&mut self, at: Ts) {
        self.auction.tuning = self.tuning(at);
    }

    /// Whether cycles are wanted though nobody enters.
    fn wants_cycles(&self) -> bool {
        self.shared.trade.auction.mode == GuardMode::On
    }

    /// Says when the next cycle by the clock is: right after the instant, as for candles.
    pub(crate) fn schedule_cycle(&mut self, at: Ts) {
        let period = self.shared.trade.auction.cycle().nanos().max(1);
        let needed = self.wants_cycles() && self.desks.iter().any(crate::desk::Desk::is_engaged);
        self.auction.cycle_at = if needed {
            let past = at.nanos().rem_euclid(period);
            at.plus(seawall_model::Span::from_nanos(period - past)).plus(AFTER)
        } else {
            Ts::FAR_FUTURE
        };
    }

    /// The end of an instant, or a cycle by the clock. Candidates are judged one after the other: first those
    /// that have won their place before, then the most valuable. Runs before the input of the step is taken
    /// in, after the account was looked at.
    #[inline(never)]
    pub(crate) fn hold_cycle(&mut self, at: Ts, effects: &mut Effects) {
        let mut candidates = core::mem::take(&mut self.auction.candidates);
        self.auction.due_at = None;
        self.begin_cycle(at);
        let mode = self.shared.trade.auction.mode;
        let mut book = (mode != GuardMode::Off).then(|| self.book(at));
        if let Some(book) = book.as_mut().filter(|_| mode == GuardMode::On) {
            self.close_misfits(at, book, effects);
        }
        self.rank(&mut candidates, book.as_ref());
        for candidate in candidates.drain(..) {
            let id = candidate.instrument;
            self.judge_candidate(at, candidate, book.as_mut(), effects);
            self.free_queued(at, id);
            self.replan(id);
        }
        if self.auction.candidates.is_empty() {
            // The memory is kept for the next instant.
            self.auction.candidates = candidates;
        }
        self.schedule_cycle(at);
        self.plan_wakeup();
    }

    fn rank(&self, candidates: &mut [Candidate], book: Option<&Book>) {
        let name = |one: &Candidate| -> Option<&InstrumentName> {
            self.desks.get(one.instrument.index()).map(|desk| desk.instrument.name())
        };
        let value = |one: &Candidate| {
            let side = super::survey::side_of(one.plan.direction);
            book.map_or(one.score(), |book| book.adjusted(one.score(), side))
        };
        candidates.sort_by(|a, b| {
            let settled = a.record.is_some().cmp(&b.record.is_some());
            let by_name = || name(a).cmp(&name(b)).then_with(|| a.decided_at.cmp(&b.decided_at));
            settled.then_with(|| value(b).total_cmp(&value(a))).then_with(by_name)
        });
    }

    /// Positions that have found no place for long enough are closed. That an idea is not repeated is no
    /// reason by itself: closing and opening again costs more than waiting ([I-64]).
    fn close_misfits(&mut self, at: Ts, book: &mut Book, effects: &mut Effects) {
        let misfits = book.misfits();
        let patience = book.persistence();
        let mut leaving = Vec::new();
        for desk in &mut self.desks {
            let id = desk.instrument.id();
            desk.misfit_cycles = if misfits.contains(&id) { desk.misfit_cycles.saturating_add(1) } else { 0 };
            if desk.misfit_cycles > 0 && desk.misfit_cycles >= patience {
                leaving.push((desk.instrument.name().clone(), id));
            }
        }
        leaving.sort();
        for (_, id) in leaving {
            if book.may_close() {
                book.close(id);
                let detail = format!("no place for it in {patience} cycles");
                self.close_for_auction(at, id, detail, effects);
            }
        }
    }

    /// The auction closes like everybody else: through [`exits`], under a stop that rests until it is flat
    /// ([I-53]).
    pub(super) fn close_for_auction(&mut self, at: Ts, id: InstrumentId, why: String, effects: &mut Effects) {
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        alert(effects, at, Severity::Info, AlertKind::Outbid, Some(id), why);
        exits::close(desk, shared, at, ExitReason::Auction, effects);
        self.replan(id);
    }
}
