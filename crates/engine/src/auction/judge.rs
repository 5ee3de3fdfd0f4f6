//! The end of an instant: its candidates are judged, one after the other.

use seawall_model::{
    AlertKind, Decision, ExitReason, Gate, Instrument, InstrumentId, Outcome, PlannedPrices, PositionSide,
    PriceUnits, Severity, Ts,
};
use seawall_strategy::{Direction, Entry, EntryPlan};

use super::{Candidate, Withdrawn};
use crate::desk::{EntryBasis, Queued};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::exits;
use crate::gateway::{alert, place};
use crate::planning;
use crate::risk::{Asked, Turn, approve_entry, stop_price, target_price};
use crate::shared::Shared;
use crate::signal::crossing::Crossing;

impl Engine {
    /// A strategy wants to enter. The opposite position is closed at once: the turn itself is an exit and is
    /// never refused. The entry becomes a candidate.
    pub(crate) fn on_entry_signal(
        &mut self,
        at: Ts,
        id: InstrumentId,
        plan: EntryPlan,
        effects: &mut Effects,
    ) {
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        let opposite = match plan.direction {
            Direction::Long => PositionSide::Short,
            Direction::Short => PositionSide::Long,
        };
        let mut decision = effects.take_draft();
        decision.setup = Some(plan.setup);
        let mut turn = Turn::Plain;
        if desk.position.side() == opposite {
            turn = Turn::First;
            decision.exit = Some(ExitReason::Reversal);
            desk.queued = None;
            exits::close(desk, shared, at, ExitReason::Reversal, effects);
        }
        let candidate = Candidate {
            instrument: id,
            plan,
            turn,
            decided_at: at,
            decision_price: desk.last,
            since: at,
            until: at.plus(desk.base.span()),
            record: Some(decision),
        };
        self.add_candidate(candidate);
    }

    fn add_candidate(&mut self, candidate: Candidate) {
        self.auction.add(candidate, self.shared.trade.auction.collect());
        self.wake_at = self.wake_at.min(self.auction.due_at());
    }

    /// A plan that waited for the opposite position to close is a candidate again.
    pub(crate) fn free_queued(&mut self, at: Ts, id: InstrumentId) {
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        if !desk.position.is_flat() || desk.orders.live_count() > 0 {
            return;
        }
        let Some(queued) = desk.queued.take() else { return };
        let until = queued.until(desk.base);
        let Queued { plan, decided_at, decision_price } = queued;
        self.add_candidate(Candidate {
            instrument: id,
            plan,
            turn: Turn::Second,
            decided_at,
            decision_price,
            since: at,
            until,
            record: None,
        });
    }

    /// The position is being closed by the candle of `at`: its record says so, wherever it is.
    pub(crate) fn note_exit(&mut self, at: Ts, id: InstrumentId, reason: ExitReason, effects: &mut Effects) {
        if !self.auction.note_exit(at, id, reason) {
            effects.note_exit(id, reason);
        }
    }

    /// Gives up the candidates of one instrument, or of all.
    pub(crate) fn withdraw(&mut self, id: Option<InstrumentId>, why: Withdrawn, effects: &mut Effects) {
        let concerned = |one: &mut Candidate| id.is_none_or(|id| one.instrument == id);
        for candidate in self.auction.candidates.extract_if(.., concerned) {
            give_up(candidate.record, why, effects);
        }
    }

    /// The instant is over: its candidates are judged. Runs before the input of the step is taken in, after
    /// the account was looked at.
    #[inline(never)]
    pub(crate) fn judge_candidates(&mut self, at: Ts, effects: &mut Effects) {
        let mut candidates = core::mem::take(&mut self.auction.candidates);
        self.auction.due_at = None;
        let name =
            |one: &Candidate| self.desks.get(one.instrument.index()).map(|desk| desk.instrument.name());
        candidates.sort_by(|a, b| {
            let by_age = || a.decided_at.cmp(&b.decided_at);
            b.score().total_cmp(&a.score()).then_with(|| name(a).cmp(&name(b))).then_with(by_age)
        });
        for candidate in candidates.drain(..) {
            let id = candidate.instrument;
            self.judge_candidate(at, candidate, effects);
            self.free_queued(at, id);
            self.replan(id);
        }
        if self.auction.candidates.is_empty() {
            // The memory is kept for the next instant.
            self.auction.candidates = candidates;
        }
        self.plan_wakeup();
    }

    fn judge_candidate(&mut self, at: Ts, candidate: Candidate, effects: &mut Effects) {
        let Candidate { instrument: id, plan, turn, decided_at, decision_price, since, until, record } =
            candidate;
        if at >= until {
            give_up(record, Withdrawn::Stale, effects);
            return;
        }
        let account = self.account_view(at, id, turn == Turn::First, effects);
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        let crossing = Crossing::of(desk);
        let keeps_record = record.is_some();
        let mut decision = record.unwrap_or_else(Decision::empty);
        let prepared = planning::prepared(&shared.trade, desk, &plan, at, &mut decision);
        let known = match &prepared {
            Some(plan) => planned(&desk.instrument, plan, desk.last),
            // As the strategy meant it, which is in prices of what it reads.
            None => planned(crossing.source, &plan, crossing.source_last)
                .and_then(|planned| crossing.planned(planned)),
        };
        decision.planned = known.or(decision.planned);
        let Shared { risk: settings, guard, trade, .. } = shared;
        let approved = prepared.as_ref().and_then(|plan| {
            let asked = Asked { settings, guard, trade, account: &account, desk, plan, at: since, turn };
            approve_entry(asked, &mut decision)
        });
        if let Some(approved) = approved {
            decision.outcome = Outcome::Entered;
            if turn == Turn::First {
                desk.queued = Some(Queued { plan, decided_at, decision_price });
            } else {
                desk.basis = prepared.as_ref().map(|plan| basis(plan, decided_at, decision_price));
                desk.strategy.plan_taken(since);
                place(desk, shared, at, approved, effects);
            }
        } else if let (Turn::Second, Outcome::Refused(gate)) = (turn, decision.outcome) {
            let detail = format!("second half of a reversal refused by {}", gate.name());
            alert(effects, at, Severity::Info, AlertKind::BoundReached, Some(id), detail);
        }
        if keeps_record {
            effects.keep(decision);
        }
    }
}

/// A candidate that is not judged any more says why in its record.
fn give_up(record: Option<Decision>, why: Withdrawn, effects: &mut Effects) {
    if let Some(mut decision) = record {
        decision.ask(Gate::Candidate, false, f64::from(why as u8), 0.0);
        effects.keep(decision);
    }
}

/// The prices of a plan with a stop and a target.
fn planned(instrument: &Instrument, plan: &EntryPlan, last: PriceUnits) -> Option<PlannedPrices> {
    let entry = match plan.entry {
        Entry::Market => last,
        Entry::Limit { price, .. } | Entry::Immediate { limit: price } => price,
    };
    let decimal = instrument.price(entry).get();
    let side = match plan.direction {
        Direction::Long => PositionSide::Long,
        Direction::Short => PositionSide::Short,
    };
    Some(PlannedPrices {
        side,
        entry,
        stop: stop_price(instrument, plan.direction, plan.stop?, decimal)?,
        target: target_price(instrument, plan.direction, plan.targets.first()?.level, decimal)?,
    })
}

fn basis(plan: &EntryPlan, decided_at: Ts, decision_price: PriceUnits) -> EntryBasis {
    EntryBasis {
        direction: plan.direction,
        setup: plan.setup,
        score: plan.score,
        decided_at,
        decision_price,
        stop: plan.stop,
        targets: plan.targets.clone(),
        invalidation: plan.invalidation,
    }
}
