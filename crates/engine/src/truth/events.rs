//! What the venue says about the account beside orders: the stream, bookings, holdings elsewhere.
//!
//! Invariants: a booking counts once, however often it is told; money that comes in or goes out moves the
//! high-water mark and the bases of the loss windows and is never a profit or a loss; a loss of the stream
//! ends new risk until everything was compared after it is complete again.

use seawall_model::{
    AlertKind, Booking, BookingKind, Coverage, ForeignHolding, InstrumentId, Money, Report, Severity, Ts,
};

use crate::effects::Effects;
use crate::engine::Engine;
use crate::fills::on_funding;
use crate::gateway::alert;
use crate::ledger::Account;
use crate::mutant::Mutant;
use crate::phase::Phase;
use crate::reconcile;
use crate::shared::invariant;

impl Engine {
    /// The private stream was lost, or is complete again.
    pub(crate) fn on_stream(&mut self, at: Ts, live: bool, effects: &mut Effects) {
        let shared = &mut self.shared;
        let since = shared.truth.lost_since;
        match (live, since) {
            (false, Some(_)) => return,
            // A start before its stream: what was asked for is on its way, and is asked for again with it.
            (false, None) if shared.truth.unreconciled_since == Some(at) => {
                shared.truth.lost_since = Some(at);
                return;
            }
            (false, None) => {
                shared.truth.lost_since = Some(at);
                let detail = "lost: no new risk until it is back and everything was compared";
                alert(effects, at, Severity::Warning, AlertKind::Stream, None, detail);
            }
            (true, Some(since)) => {
                shared.truth.lost_since = None;
                let detail = format!("back after {} ms: comparing", at.since(since).millis());
                alert(effects, at, Severity::Info, AlertKind::Stream, None, detail);
            }
            // The first one of a run: what the start asked for is on its way.
            (true, None) if shared.phase == Phase::Reconciling => return,
            (true, None) => {}
        }
        if live && Mutant::NotProvenAfterReconnect.is_on() {
            return;
        }
        if shared.phase != Phase::Starting {
            reconcile::begin(shared, at, effects);
        }
        self.plan_wakeup();
    }

    /// The venue booked something that is no execution.
    pub(crate) fn on_booked(&mut self, at: Ts, booking: &Booking, effects: &mut Effects) {
        if !self.shared.truth.bookings.is_new(booking.id) || booking.amount.is_zero() {
            return;
        }
        let explains = self.shared.truth.bookings.explains(booking);
        match booking.kind {
            BookingKind::Funding => self.on_funding_booked(at, booking, explains, effects),
            BookingKind::Transfer => self.on_transfer(at, booking.amount, explains, effects),
        }
        let shared = &mut self.shared;
        invariant!(shared, at, effects, shared.ledger.is_balanced(), "the ledger sums to zero");
        shared.guard.changed(at, shared.ledger.postings());
        self.wake_at = self.wake_at.min(self.shared.guard.watch.wake_at);
    }

    fn on_funding_booked(&mut self, at: Ts, booking: &Booking, explains: bool, effects: &mut Effects) {
        let amount = booking.amount;
        let shared = &mut self.shared;
        if explains {
            // The books have the money already: only its name changes.
            shared.book(at, effects, |ledger| ledger.post(Account::Cash, Account::Adjustments, amount));
            shared.guard.explained(amount);
        }
        let desk = booking.instrument.and_then(|id: InstrumentId| self.desks.get_mut(id.index()));
        match desk {
            Some(desk) => on_funding(desk, shared, at, amount, effects),
            None => shared.book(at, effects, |ledger| ledger.post(Account::Funding, Account::Cash, amount)),
        }
    }

    fn on_transfer(&mut self, at: Ts, amount: Money, explains: bool, effects: &mut Effects) {
        let shared = &mut self.shared;
        if explains {
            shared.book(at, effects, |ledger| ledger.post(Account::Transfers, Account::Adjustments, amount));
            shared.guard.explained_flow(amount);
        } else {
            shared.book(at, effects, |ledger| ledger.post(Account::Transfers, Account::Cash, amount));
            shared.guard.flow(amount);
        }
        alert(effects, at, Severity::Info, AlertKind::Transfer, None, amount.to_string());
        // A mode that was made stricter by what is gone is judged again.
        shared.guard.watch.wake(at);
    }

    /// Positions on instruments that the run does not know.
    pub(crate) fn on_elsewhere(&mut self, at: Ts, report: &Report<ForeignHolding>, effects: &mut Effects) {
        let known = &mut self.shared.truth.elsewhere;
        let old = known.taken_at.is_some_and(|told| report.taken_at < told);
        if report.coverage != Coverage::Complete || old {
            return;
        }
        for row in report.rows.iter().filter(|row| !row.qty.is_zero()) {
            let told = known.rows.iter().any(|old| old.symbol == row.symbol && old.qty == row.qty);
            if !told {
                let detail = format!("{} {}: nobody protects it here", row.symbol, row.qty.normalize());
                alert(effects, at, Severity::Critical, AlertKind::ForeignHolding, None, detail);
            }
        }
        known.rows.clear();
        known.rows.extend(report.rows.iter().filter(|row| !row.qty.is_zero()));
        known.taken_at = Some(report.taken_at);
    }
}
