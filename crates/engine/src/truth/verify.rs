//! What the kill switch asked for, verified at the venue; and the switch thrown by itself where books and
//! venue cannot be brought together.
//!
//! Invariants: "done" is said on complete reports that came in after the books said so, never on a failed
//! one; what is left alone by policy is not closed, and that is said.

use seawall_model::{
    AlertKind, Coverage, KillReason, Report, Severity, Span, Ts, VenueOrder, VenuePosition, VenueRequest,
};

use super::NOT_READY_AFTER;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::gateway::alert;
use crate::phase::Phase;

impl Engine {
    /// The switch is on and the books say that what it asked for is done: the venue is asked, and asked again
    /// where no answer came that proves it.
    pub(crate) fn ask_whether_closed(&mut self, at: Ts, effects: &mut Effects) {
        let (flat, ended) = (self.is_flat(), self.entries_ended());
        let patience = self.shared.protection.submit_deadline();
        let kill = &mut self.shared.guard.kill;
        if !kill.is_on() {
            return;
        }
        let due = |asked: Option<Ts>| asked.is_none_or(|asked| at >= asked.plus(patience));
        if !kill.ended && ended && due(kill.asked_orders_at) {
            kill.asked_orders_at = Some(at);
            effects.requests.push(VenueRequest::QueryOpenOrders);
        }
        if kill.flatten && !kill.verified && flat && due(kill.asked_at) {
            kill.asked_at = Some(at);
            effects.requests.push(VenueRequest::QueryPositions);
        }
        let orders = (!kill.ended).then_some(kill.asked_orders_at);
        let positions = (kill.flatten && !kill.verified).then_some(kill.asked_at);
        for asked in [orders, positions].into_iter().flatten() {
            let again = asked.map(|asked| asked.plus(patience)).filter(|again| *again > at);
            let again = again.unwrap_or(at.plus(patience));
            self.shared.query_at = self.shared.query_at.min(again);
        }
    }

    /// A complete list without an entry of ours, asked for after the last one had ended in the books.
    pub(crate) fn verify_ended(&mut self, at: Ts, report: &Report<VenueOrder>, effects: &mut Effects) {
        let ended = self.entries_ended();
        let rests = report.rows.iter().any(|row| row.order.is_some() && !row.reduce_only);
        let kill = &mut self.shared.guard.kill;
        let waits = kill.is_on() && !kill.ended && kill.asked_orders_at.is_some();
        if waits && ended && !rests && report.coverage == Coverage::Complete {
            kill.ended = true;
            let detail = "verified: no entry rests at the venue, stops stay";
            alert(effects, at, Severity::Info, AlertKind::KillSwitch, None, detail);
        }
    }

    /// A complete report without positions, asked for after everything was closed, verifies it.
    pub(crate) fn verify_closed(&mut self, at: Ts, report: &Report<VenuePosition>, effects: &mut Effects) {
        let desks = &self.desks;
        let left = |row: &&VenuePosition| {
            desks.get(row.instrument.index()).is_some_and(|desk| desk.foreign.is_left_alone())
        };
        let held = report.rows.iter().filter(|row| !row.qty.is_zero());
        let left_alone = held.clone().filter(left).count() + self.shared.truth.elsewhere.rows.len();
        let flat = self.is_flat() && held.filter(|row| !left(row)).count() == 0;
        let newest = self.desks.iter().map(|desk| desk.newest_fill).max();
        let is_news = newest.is_none_or(|newest| report.taken_at >= newest);
        let kill = &mut self.shared.guard.kill;
        let waits = kill.flatten && !kill.verified && kill.asked_at.is_some();
        if waits && flat && is_news && report.coverage == Coverage::Complete {
            kill.verified = true;
            let detail = match left_alone {
                0 => "verified: the venue holds no position".to_owned(),
                count => format!("verified: the venue holds no position but {count} that are left alone"),
            };
            alert(effects, at, Severity::Info, AlertKind::KillSwitch, None, detail);
        }
    }

    /// What is left alone by policy is nobody's to close.
    fn is_flat(&self) -> bool {
        let done = |desk: &crate::desk::Desk| desk.position.is_flat() || desk.foreign.is_left_alone();
        self.entries_ended() && self.desks.iter().all(done)
    }

    fn entries_ended(&self) -> bool {
        self.desks.iter().all(|desk| desk.orders.live().all(|order| order.request.reduce_only))
    }

    /// A comparison that does not end is told again and again, and ends all new risk at its bound.
    pub(crate) fn watch_truth(&mut self, at: Ts, effects: &mut Effects) {
        let settings = &self.shared.reconcile;
        let (patience, errors_max) = (settings.patience(), settings.kill_after_api_errors);
        let truth = &mut self.shared.truth;
        let Some(since) = truth.unreconciled_since else {
            self.watch_errors(at, errors_max, effects);
            return;
        };
        let lasted = at.since(since);
        let told = truth.told_unready.min(20);
        let due = Span::from_nanos(NOT_READY_AFTER.nanos().saturating_mul(1_i64 << told));
        if lasted >= due && self.shared.phase != Phase::Ready {
            self.shared.truth.told_unready = told + 1;
            let detail = self.blocks_in_words().join("; ");
            alert(effects, at, Severity::Critical, AlertKind::NotReady, None, detail);
        }
        if patience.is_some_and(|patience| lasted >= patience) && !self.shared.guard.kill.is_on() {
            self.kill(at, KillReason::ReconciliationFailure, false, effects);
            self.enforce_mode(at, effects);
        }
        self.watch_errors(at, errors_max, effects);
    }

    fn watch_errors(&mut self, at: Ts, most: Option<u32>, effects: &mut Effects) {
        let count = self.shared.truth.queries.errors.count;
        if most.is_some_and(|most| count >= most) && !self.shared.guard.kill.is_on() {
            // What has been counted has been acted on: a release begins anew.
            self.shared.truth.queries.errors = super::queries::Errors::default();
            self.kill(at, KillReason::ApiError, false, effects);
            self.enforce_mode(at, effects);
        }
    }
}
