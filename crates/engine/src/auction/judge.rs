//! From a plan to an order: the candidate, the questions of auction and risk, and what comes of them.

use seawall_model::{
    AlertKind, Decision, ExitReason, Gate, GuardMode, Instrument, InstrumentId, Outcome, PlannedPrices,
    PositionSide, PriceUnits, Setup, Severity, Ts,
};
use seawall_strategy::{Direction, EntryPlan};

use super::select::{Book, Entrant, Place};
use super::survey::{entry_price, side_of};
use super::{Candidate, Waiting, Withdrawn};
use crate::desk::{Desk, EntryBasis, Queued};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::exits;
use crate::gateway::{alert, place};
use crate::planning;
use crate::risk::{AccountView, Approved, Asked, Plan, Turn, approve_entry, stop_price, target_price};
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

    /// A plan that waited for the opposite position of its own instrument is a candidate again.
    pub(crate) fn free_queued(&mut self, at: Ts, id: InstrumentId) {
        let own = |desk: &&mut Desk| desk.queued.as_ref().is_some_and(|queued| queued.after.is_none());
        let Some(desk) = self.desks.get_mut(id.index()).filter(own) else { return };
        if desk.position.is_flat() && desk.orders.live_count() == 0 {
            self.free(at, id, Turn::Second);
        }
    }

    /// Plans that waited for the position of `id` are candidates again once it is closed for certain.
    pub(crate) fn free_waiting(&mut self, at: Ts, id: InstrumentId) {
        if self.auction.waiting.is_empty() {
            return;
        }
        if self.desks.get(id.index()).is_some_and(|desk| desk.position.is_flat()) {
            let concerned: Vec<Waiting> =
                self.auction.waiting.extract_if(.., |one| one.closing == id).collect();
            for one in concerned {
                let waits = |desk: &Desk| desk.queued.as_ref().is_some_and(|queued| queued.after == Some(id));
                if self.desks.get(one.opening.index()).is_some_and(waits) {
                    self.free(at, one.opening, Turn::Plain);
                    self.replan(one.opening);
                }
            }
        }
    }

    fn free(&mut self, at: Ts, id: InstrumentId, turn: Turn) {
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        let Some(queued) = desk.queued.take() else { return };
        let until = queued.until(desk.base);
        let Queued { plan, decided_at, decision_price, .. } = queued;
        self.add_candidate(Candidate {
            instrument: id,
            plan,
            turn,
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
        self.auction.waiting.retain(|one| id.is_some_and(|id| one.opening != id));
        for candidate in self.auction.candidates.extract_if(.., concerned) {
            give_up(candidate.record, why, effects);
        }
    }

    /// Judges one candidate: its plan as it would be sent now, the auction, risk. `book` is the auction's,
    /// where it is asked at all.
    pub(super) fn judge_candidate(
        &mut self,
        at: Ts,
        mut candidate: Candidate,
        book: Option<&mut Book>,
        effects: &mut Effects,
    ) {
        let record = candidate.record.take();
        if at >= candidate.until {
            give_up(record, Withdrawn::Stale, effects);
            return;
        }
        let Candidate { instrument: id, turn, since, .. } = candidate;
        let leaving = (turn == Turn::First).then_some(id);
        let account = self.account_view(at, id, leaving, effects);
        // Who has won a place is not asked for it again.
        let competes = record.is_some();
        let mut decision = record.unwrap_or_else(Decision::empty);
        let Some(desk) = self.desks.get(id.index()) else { return };
        let prepared = planning::prepared(&self.shared.trade, desk, &candidate.plan, at, &mut decision);
        let known = match &prepared {
            Some(plan) => planned(&desk.instrument, plan, desk.last),
            // As the strategy meant it, which is in prices of what it reads.
            None => {
                let crossing = Crossing::of(desk);
                planned(crossing.source, &candidate.plan, crossing.source_last)
                    .and_then(|planned| crossing.planned(planned))
            }
        };
        decision.planned = known.or(decision.planned);
        let mut won = prepared.map(|plan| Won { plan, entrant: None, place: Place::Free, approved: None });
        if let (Some(one), Some(book), true) = (won.as_mut(), book.as_deref(), competes) {
            one.entrant = self.entrant(desk, &account, &one.plan, since, turn);
            if let Some(entrant) = &one.entrant {
                one.place = self.ask_auction(book, entrant, &mut decision);
            }
        }
        won = won.filter(|one| one.place != Place::None);
        let acts = self.shared.trade.auction.mode == GuardMode::On;
        if let Some(one) = won.as_mut() {
            // The position that makes room is as good as gone.
            let account = match one.place {
                Place::Of(other) if acts => self.account_view(at, id, Some(other), effects),
                Place::Of(_) | Place::Free | Place::None => account,
            };
            one.approved = self.ask_risk(&account, &candidate, &one.plan, &mut decision);
        }
        if let Some(won) = won.filter(|one| one.approved.is_some()) {
            decision.outcome = Outcome::Entered;
            if let Some((entrant, book)) = won.entrant.as_ref().zip(book) {
                book.take(entrant, won.place, at);
            }
            self.make_entry(at, candidate, won, acts, effects);
        } else if let (false, Outcome::Refused(gate)) = (competes, decision.outcome) {
            let detail = format!("an entry that waited for a position to be closed: {}", gate.name());
            alert(effects, at, Severity::Info, AlertKind::BoundReached, Some(id), detail);
        }
        if competes {
            effects.keep(decision);
        }
    }

    /// Puts what the auction says on the record; in `shadow` it takes no place away.
    fn ask_auction(&self, book: &Book, entrant: &Entrant, decision: &mut Decision) -> Place {
        let mode = self.shared.trade.auction.mode;
        let ruling = book.rule(entrant);
        for one in &ruling.asked {
            decision.ask_guard(mode, one.gate, one.passes, one.measured, one.threshold);
        }
        match (ruling.place, mode) {
            (Place::None, GuardMode::Off | GuardMode::Shadow) => Place::Free,
            (place, _) => place,
        }
    }

    fn ask_risk(
        &self,
        account: &AccountView,
        candidate: &Candidate,
        plan: &EntryPlan,
        decision: &mut Decision,
    ) -> Option<Approved<Plan>> {
        let Shared { risk: settings, guard, trade, .. } = &self.shared;
        let desk = self.desks.get(candidate.instrument.index())?;
        let (at, turn) = (candidate.since, candidate.turn);
        let asked = Asked { settings, guard, trade, account, desk, plan, at, turn, may_grow: true };
        approve_entry(asked, decision)
    }

    /// Places the entry, or lets it wait for the position whose place it takes.
    fn make_entry(&mut self, at: Ts, candidate: Candidate, won: Won, acts: bool, effects: &mut Effects) {
        let Candidate { instrument: id, plan, turn, decided_at, decision_price, since, .. } = candidate;
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        let after = match won.place {
            Place::Of(other) if acts => Some(other),
            Place::Of(_) | Place::Free | Place::None => None,
        };
        if turn == Turn::First || after.is_some() {
            let margin = won.entrant.map_or(0.0, |entrant| entrant.margin);
            desk.queued = Some(Queued { plan, decided_at, decision_price, after, margin });
        } else if let Some(approved) = won.approved {
            desk.basis = Some(basis(&won.plan, decided_at, decision_price));
            if won.plan.setup != Setup::Signal {
                desk.strategy.plan_taken(since);
            }
            place(desk, &mut self.shared, at, approved, effects);
        }
        if let Some(closing) = after {
            self.auction.waiting.push(Waiting { closing, opening: id });
            let name =
                |id: InstrumentId| self.desks.get(id.index()).map(|desk| desk.instrument.name().as_str());
            let why = format!("its place goes to {}", name(id).unwrap_or_default());
            self.close_for_auction(at, closing, why, effects);
        }
    }
}

/// An entry that the auction has let through.
struct Won {
    plan: EntryPlan,
    entrant: Option<Entrant>,
    place: Place,
    approved: Option<Approved<Plan>>,
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
    let entry = entry_price(plan, last);
    let decimal = instrument.price(entry).get();
    Some(PlannedPrices {
        side: side_of(plan.direction),
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
