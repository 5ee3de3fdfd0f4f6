//! The three reports that everything rests on: what was asked, what came in, what failed how often since
//! when.
//!
//! Invariants: a failed or partial report, and an answer that does not come, is a failure and never an empty
//! account; after each failure in a row the pause before the next question doubles, up to a bound; no second
//! question is asked while an answer to the first may still come.

use seawall_model::{AlertKind, Coverage, Severity, Span, StateSink, Ts, VenueRequest};
use serde::{Deserialize, Serialize};

use crate::effects::Effects;
use crate::gateway::alert;
use crate::limits::{REPORT_BACKOFF_STEPS_MAX, REPORT_FAILURES_TOLERATED};
use crate::mutant::Mutant;
use crate::phase::Phase;
use crate::shared::{ReportsSeen, Shared};

/// A report of the whole account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKind {
    /// All open orders.
    OpenOrders,
    /// All positions.
    Positions,
    /// The balance.
    Balance,
}

impl ReportKind {
    /// Every kind, in the order in which they are asked for.
    pub const ALL: [ReportKind; 3] = [ReportKind::OpenOrders, ReportKind::Positions, ReportKind::Balance];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ReportKind::OpenOrders => "open orders",
            ReportKind::Positions => "positions",
            ReportKind::Balance => "balance",
        }
    }

    const fn request(self) -> VenueRequest {
        match self {
            ReportKind::OpenOrders => VenueRequest::QueryOpenOrders,
            ReportKind::Positions => VenueRequest::QueryPositions,
            ReportKind::Balance => VenueRequest::QueryBalance,
        }
    }
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Query {
    /// When it was asked for, while no answer has come.
    asked_at: Option<Ts>,
    /// Not asked for before this.
    next_at: Ts,
    /// Failures in a row.
    pub(crate) failed: u32,
    /// Since when it fails.
    pub(crate) failing_since: Option<Ts>,
}

impl Default for Query {
    fn default() -> Self {
        Query { asked_at: None, next_at: Ts::from_nanos(i64::MIN), failed: 0, failing_since: None }
    }
}

impl Query {
    fn is_silent(&self, at: Ts, patience: Span) -> bool {
        self.asked_at.is_some_and(|asked| at >= asked.plus(patience))
    }

    /// Whether an answer may still come.
    pub(crate) fn is_out(&self) -> bool {
        self.asked_at.is_some()
    }

    fn may_ask(&self, at: Ts) -> bool {
        self.asked_at.is_none() && at >= self.next_at
    }

    fn due(&self, patience: Span) -> Ts {
        self.asked_at.map_or(self.next_at, |asked| asked.plus(patience))
    }

    fn failed(&mut self, at: Ts) {
        let pause_s = 1_i64 << self.failed.min(REPORT_BACKOFF_STEPS_MAX);
        self.failed = self.failed.saturating_add(1);
        self.failing_since.get_or_insert(at);
        self.asked_at = None;
        self.next_at = at.plus(Span::from_secs(pause_s));
    }

    fn answered(&mut self) {
        *self = Query::default();
    }
}

/// Failures of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Errors {
    minute: Ts,
    pub(crate) count: u32,
}

impl Default for Errors {
    fn default() -> Self {
        Errors { minute: Ts::from_nanos(i64::MIN), count: 0 }
    }
}

impl Errors {
    pub(crate) fn add(&mut self, at: Ts) {
        let minute = seawall_model::Timeframe::M1.floor(at);
        if minute != self.minute {
            *self = Errors { minute, count: 0 };
        }
        self.count = self.count.saturating_add(1);
    }
}

/// All of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Queries {
    orders: Query,
    positions: Query,
    balance: Query,
    pub(crate) errors: Errors,
}

impl Queries {
    pub(crate) fn of(&self, kind: ReportKind) -> &Query {
        match kind {
            ReportKind::OpenOrders => &self.orders,
            ReportKind::Positions => &self.positions,
            ReportKind::Balance => &self.balance,
        }
    }

    fn of_mut(&mut self, kind: ReportKind) -> &mut Query {
        match kind {
            ReportKind::OpenOrders => &mut self.orders,
            ReportKind::Positions => &mut self.positions,
            ReportKind::Balance => &mut self.balance,
        }
    }

    /// Everything is asked for anew; what failed goes on being counted.
    pub(crate) fn begin(&mut self) {
        for kind in ReportKind::ALL {
            let query = self.of_mut(kind);
            *query = Query { asked_at: None, next_at: Ts::from_nanos(i64::MIN), ..*query };
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        for kind in ReportKind::ALL {
            let query = self.of(kind);
            for time in [query.asked_at, Some(query.next_at), query.failing_since] {
                sink.signed(time.map_or(i64::MIN, Ts::nanos));
            }
            sink.number(u64::from(query.failed));
        }
        sink.signed(self.errors.minute.nanos());
        sink.number(u64::from(self.errors.count));
    }
}

/// Asks for one report unless an answer may still come or its pause is not over; says when it is due next.
pub(crate) fn ask_for(shared: &mut Shared, at: Ts, kind: ReportKind, effects: &mut Effects) -> Ts {
    let patience = shared.protection.submit_deadline();
    if shared.truth.queries.of(kind).is_silent(at, patience) {
        failed(shared, at, kind, ("no answer", true), effects);
    }
    let query = shared.truth.queries.of_mut(kind);
    if query.may_ask(at) {
        query.asked_at = Some(at);
        effects.requests.push(kind.request());
        if kind == ReportKind::Balance {
            shared.asked_at = at;
        }
    }
    shared.truth.queries.of(kind).due(patience)
}

/// A report came in; says whether anything can be concluded from it.
pub(crate) fn hear(
    shared: &mut Shared,
    at: Ts,
    kind: ReportKind,
    coverage: Coverage,
    effects: &mut Effects,
) -> bool {
    let coverage = match coverage {
        Coverage::Failed if Mutant::FailedQueryIsEmpty.is_on() => Coverage::Complete,
        Coverage::Window { .. } if Mutant::PartialListIsComplete.is_on() => Coverage::Complete,
        Coverage::Complete | Coverage::Window { .. } | Coverage::Failed => coverage,
    };
    match coverage {
        Coverage::Complete => {
            let query = shared.truth.queries.of_mut(kind);
            if query.failed >= REPORT_FAILURES_TOLERATED {
                let detail = format!("{}: complete again after {} failures", kind.name(), query.failed);
                alert(effects, at, Severity::Info, AlertKind::ReportFailing, None, detail);
            }
            query.answered();
            true
        }
        Coverage::Window { .. } => {
            failed(shared, at, kind, ("only a part came in", false), effects);
            false
        }
        Coverage::Failed => {
            failed(shared, at, kind, ("the request failed", false), effects);
            false
        }
    }
}

/// Nothing came of a question. Too often in a row: nothing is known any more, so nothing new is risked.
fn failed(shared: &mut Shared, at: Ts, kind: ReportKind, (why, silent): (&str, bool), effects: &mut Effects) {
    let query = shared.truth.queries.of_mut(kind);
    query.failed(at);
    let (times, since) = (query.failed, query.failing_since.unwrap_or(at));
    shared.truth.queries.errors.add(at);
    let doubled = times.checked_div(REPORT_FAILURES_TOLERATED).is_some_and(u32::is_power_of_two);
    if doubled && times.is_multiple_of(REPORT_FAILURES_TOLERATED) {
        let detail = format!("{}: {times} times in a row since {since}, {why}", kind.name());
        alert(effects, at, Severity::Critical, AlertKind::ReportFailing, None, detail);
    }
    // Silence alone is the driver's: it answers each question, be it with a failure. It is told and counted.
    if times >= REPORT_FAILURES_TOLERATED && !silent && shared.phase == Phase::Ready {
        shared.phase = Phase::Reconciling;
        shared.reports = ReportsSeen::default();
        shared.truth.unreconciled_since.get_or_insert(at);
    }
    // Failures that nobody asked for have a question after them all the same.
    shared.query_at = shared.query_at.min(shared.truth.queries.of(kind).next_at.max(at));
}
