//! What all instruments of an engine share: settings, books, mode, phase and counters.

use seawall_model::{
    AlertKind, Capabilities, KillReason, ModelError, Money, Severity, StateSink, SystemMode, Ts,
};
use seawall_strategy::FundingEstimate;

use crate::decision_settings::DecisionSettings;
use crate::effects::Effects;
use crate::gateway::alert;
use crate::ledger::Ledger;
use crate::phase::Phase;
use crate::risk::guard::Guard;
use crate::settings::{ProtectionSettings, RiskSettings};
use crate::trade_settings::TradeSettings;
use crate::truth::Truth;
use crate::truth::queries::ReportKind;
use crate::truth::settings::ReconcileSettings;
use crate::universe::{Listings, MarketSettings};

/// Which reports have come in since reconciliation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReportsSeen {
    pub(crate) orders: bool,
    pub(crate) positions: bool,
    pub(crate) balance: bool,
}

impl ReportsSeen {
    pub(crate) fn all(self) -> bool {
        self.orders && self.positions && self.balance
    }

    pub(crate) fn has(self, kind: ReportKind) -> bool {
        match kind {
            ReportKind::OpenOrders => self.orders,
            ReportKind::Positions => self.positions,
            ReportKind::Balance => self.balance,
        }
    }
}

/// What all instruments share.
pub(crate) struct Shared {
    pub(crate) risk: RiskSettings,
    pub(crate) guard: Guard,
    pub(crate) protection: ProtectionSettings,
    pub(crate) reconcile: ReconcileSettings,
    pub(crate) trade: TradeSettings,
    pub(crate) decisions: DecisionSettings,
    /// When stale records are looked for next.
    pub(crate) stale_check_at: Ts,
    pub(crate) market: MarketSettings,
    pub(crate) listings: Listings,
    /// Whether the driver feeds quotes.
    pub(crate) has_quotes: bool,
    pub(crate) capabilities: Capabilities,
    pub(crate) run: u32,
    pub(crate) next_sequence: u32,
    pub(crate) next_trade: u32,
    pub(crate) ledger: Ledger,
    pub(crate) mode: SystemMode,
    pub(crate) phase: Phase,
    pub(crate) shutting_down: bool,
    pub(crate) require_stop: bool,
    pub(crate) cost_bps: f64,
    /// Funding expected over a trade, for strategies that weigh costs.
    pub(crate) funding: FundingEstimate,
    pub(crate) now: Ts,
    pub(crate) reports: ReportsSeen,
    /// How far the books can be trusted.
    pub(crate) truth: Truth,
    /// When the account-wide reports are asked for next.
    pub(crate) query_at: Ts,
    /// When they were last asked for.
    pub(crate) asked_at: Ts,
    /// Whether the first balance has opened the books.
    pub(crate) opened: bool,
    /// The last difference of the balance that was not yet confirmed.
    pub(crate) drift: Option<Drift>,
    /// Longest time any position has been without a confirmed stop.
    pub(crate) naked_max_nanos: i64,
    /// The first step at or after this looks for positions that are too large.
    pub(crate) rebalance_at: Ts,
}

/// A difference of the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drift {
    /// What the venue has more than the books.
    pub(crate) difference: Money,
    /// When the answer that showed it first had been asked for.
    pub(crate) first_asked: Ts,
    /// Whether a picture of positions from after that agreed with the books: no execution is missing.
    pub(crate) pictured: bool,
}

impl Shared {
    /// Changes the mode; the way to a freer one is open to the operator only.
    pub(crate) fn set_mode(&mut self, at: Ts, mode: SystemMode, by_operator: bool, effects: &mut Effects) {
        if mode == self.mode || (mode < self.mode && !by_operator) {
            return;
        }
        let detail = format!("{} → {}", self.mode.name(), mode.name());
        self.mode = mode;
        alert(effects, at, Severity::Warning, AlertKind::ModeChanged, None, detail);
    }

    /// A broken invariant stops new risk and keeps protection; it never aborts.
    pub(crate) fn broken(&mut self, at: Ts, rule: &str, effects: &mut Effects) {
        alert(effects, at, Severity::Critical, AlertKind::InvariantBroken, None, rule);
        self.set_mode(at, SystemMode::ProtectOnly, false, effects);
        if self.reconcile.kill_on_broken_invariant
            && self.guard.kill.turn_on(KillReason::InvariantViolation, false)
        {
            let detail = format!("on: {}", KillReason::InvariantViolation.name());
            alert(effects, at, Severity::Critical, AlertKind::KillSwitch, None, detail);
        }
    }

    /// Books something; an overflow is a broken invariant.
    pub(crate) fn book(
        &mut self,
        at: Ts,
        effects: &mut Effects,
        entry: impl FnOnce(&mut Ledger) -> Result<(), ModelError>,
    ) {
        if let Err(error) = entry(&mut self.ledger) {
            self.broken(at, &format!("booking failed: {error}"), effects);
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(u64::from(self.run));
        sink.number(u64::from(self.next_sequence));
        sink.number(u64::from(self.next_trade));
        sink.bytes(self.mode.name().as_bytes());
        sink.bytes(self.phase.name().as_bytes());
        sink.number(u64::from(self.shutting_down));
        sink.signed(self.now.nanos());
        sink.signed(self.stale_check_at.nanos());
        sink.signed(self.query_at.nanos());
        sink.signed(self.asked_at.nanos());
        sink.number(u64::from(self.opened));
        if let Some(drift) = self.drift {
            sink.decimal(drift.difference.get());
            sink.signed(drift.first_asked.nanos());
            sink.number(u64::from(drift.pictured));
        }
        sink.signed(self.naked_max_nanos);
        sink.signed(self.rebalance_at.nanos());
        sink.number(u64::from(self.reports.orders));
        sink.number(u64::from(self.reports.positions));
        sink.number(u64::from(self.reports.balance));
        self.truth.digest(sink);
        self.listings.digest(sink);
        self.guard.digest(sink);
        self.ledger.digest(sink);
    }

    /// Whether no entry may rest: a mode, a switch, a shutdown, a loss window or a doubt about equity
    /// forbids it.
    pub(crate) fn ends_entries(&self) -> bool {
        self.mode >= SystemMode::ReduceOnly
            || self.shutting_down
            || self.guard.kill.is_on()
            || self.guard.entries_ended()
            || self.guard.doubt.holds_entries().is_some()
            || !self.trade.execution.entries_enabled
    }

    /// Whether everything is being closed.
    pub(crate) fn closes_everything(&self) -> bool {
        self.mode == SystemMode::Flatten || self.guard.kill.flatten
    }
}

/// Checks a rule that must hold; a broken one stops new risk. Stays on in release builds.
macro_rules! invariant {
    ($shared:expr, $at:expr, $effects:expr, $holds:expr, $rule:literal) => {
        if !$holds {
            $shared.broken($at, $rule, $effects);
        }
    };
}
pub(crate) use invariant;
