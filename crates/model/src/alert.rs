//! Alerts: what the engine tells people, how urgent it is, and what each kind is called.

use serde::{Deserialize, Serialize};

use crate::instrument::InstrumentId;
use crate::time::Ts;

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Needs a look.
    Warning,
    /// Money is at risk.
    Critical,
}

impl Severity {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A position has no confirmed stop beyond its deadline.
    PositionUnprotected,
    /// A stop was refused; the next step of the ladder is taken.
    StopRefused,
    /// A triggered or passed stop did not fill in time; the position is being closed at market.
    StopNotFilled,
    /// A placement's outcome is unknown.
    OutcomeUnknown,
    /// An unknown outcome was resolved.
    OutcomeResolved,
    /// The venue holds a position that the books don't: adopted.
    OrphanPosition,
    /// The venue has an order that the books don't.
    OrphanOrder,
    /// Position sizes differ between venue and books.
    SizeMismatch,
    /// The books have an order that the venue does not report.
    OrderMissing,
    /// The venue's balance differs from the books.
    BalanceDrift,
    /// A fill that belongs to no known order.
    UnknownFill,
    /// More was filled than was ordered.
    OverFill,
    /// The venue liquidated a position.
    Liquidated,
    /// The mode changed.
    ModeChanged,
    /// An invariant is broken; no new risk from here on.
    InvariantBroken,
    /// A bound was reached and its action taken.
    BoundReached,
    /// The clock went backwards; the latest instant is kept.
    ClockBackwards,
    /// Candles are missing or out of order.
    DataHole,
    /// A limit is 70 % used.
    LimitNear,
    /// A limit is reached.
    LimitReached,
    /// Entries pause after losses or a price shock.
    EntriesPaused,
    /// The price lies too far from the signal instrument's.
    BasisWide,
    /// The kill switch was turned on or off, or what it asked for is verified.
    KillSwitch,
    /// An instrument has had no decision for too long.
    RecordStale,
    /// A fill has the id of another one and says something else: not counted, the venue is asked.
    FillCollision,
    /// What the venue says about a fill or an order cannot be.
    ImpossibleReport,
    /// The fall from the high-water mark is too large to be believed: nothing is concluded from it yet.
    StalePeak,
    /// The auction closes a position.
    Outbid,
    /// The data of an instrument went bad, or are good again.
    DataState,
    /// Another set of instruments may be entered.
    UniverseChanged,
    /// A new listing has lost too many instruments to be believed.
    UniverseShrink,
    /// There is no new listing.
    ListingFailed,
    /// The books hold a position that the venue does not.
    Ghost,
    /// A position was closed or reduced by somebody else.
    ExternalClose,
    /// A stop of the books does not rest at the venue.
    StopMissing,
    /// A stop rests at the venue with other terms than the books have.
    StopWrong,
    /// Somebody else's order appeared, filled or went away.
    ManualOrder,
    /// The venue took a position to settle somebody else's.
    Deleveraged,
    /// Money came in or went out.
    Transfer,
    /// The private stream was lost or is back.
    Stream,
    /// Reports of the venue fail again and again.
    ReportFailing,
    /// The start-up or a comparison does not end: what holds it.
    NotReady,
    /// The account holds something on an instrument that the run does not know.
    ForeignHolding,
    /// A position is left alone by policy.
    LeftAlone,
    /// An instrument takes other orders than before, or none.
    TradingChanged,
    /// Tick, lot, minimum or margin of an instrument have changed.
    RulesChanged,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [AlertKind; 46] = [
        AlertKind::PositionUnprotected,
        AlertKind::StopRefused,
        AlertKind::StopNotFilled,
        AlertKind::OutcomeUnknown,
        AlertKind::OutcomeResolved,
        AlertKind::OrphanPosition,
        AlertKind::OrphanOrder,
        AlertKind::SizeMismatch,
        AlertKind::OrderMissing,
        AlertKind::BalanceDrift,
        AlertKind::UnknownFill,
        AlertKind::OverFill,
        AlertKind::Liquidated,
        AlertKind::ModeChanged,
        AlertKind::InvariantBroken,
        AlertKind::BoundReached,
        AlertKind::ClockBackwards,
        AlertKind::DataHole,
        AlertKind::LimitNear,
        AlertKind::LimitReached,
        AlertKind::EntriesPaused,
        AlertKind::BasisWide,
        AlertKind::KillSwitch,
        AlertKind::RecordStale,
        AlertKind::FillCollision,
        AlertKind::ImpossibleReport,
        AlertKind::StalePeak,
        AlertKind::Outbid,
        AlertKind::DataState,
        AlertKind::UniverseChanged,
        AlertKind::UniverseShrink,
        AlertKind::ListingFailed,
        AlertKind::Ghost,
        AlertKind::ExternalClose,
        AlertKind::StopMissing,
        AlertKind::StopWrong,
        AlertKind::ManualOrder,
        AlertKind::Deleveraged,
        AlertKind::Transfer,
        AlertKind::Stream,
        AlertKind::ReportFailing,
        AlertKind::NotReady,
        AlertKind::ForeignHolding,
        AlertKind::LeftAlone,
        AlertKind::TradingChanged,
        AlertKind::RulesChanged,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AlertKind::PositionUnprotected => "position_unprotected",
            AlertKind::StopRefused => "stop_refused",
            AlertKind::StopNotFilled => "stop_not_filled",
            AlertKind::OutcomeUnknown => "outcome_unknown",
            AlertKind::OutcomeResolved => "outcome_resolved",
            AlertKind::OrphanPosition => "orphan_position",
            AlertKind::OrphanOrder => "orphan_order",
            AlertKind::SizeMismatch => "size_mismatch",
            AlertKind::OrderMissing => "order_missing",
            AlertKind::BalanceDrift => "balance_drift",
            AlertKind::UnknownFill => "unknown_fill",
            AlertKind::OverFill => "over_fill",
            AlertKind::Liquidated => "liquidated",
            AlertKind::ModeChanged => "mode_changed",
            AlertKind::InvariantBroken => "invariant_broken",
            AlertKind::BoundReached => "bound_reached",
            AlertKind::ClockBackwards => "clock_backwards",
            AlertKind::DataHole => "data_hole",
            AlertKind::LimitNear => "limit_near",
            AlertKind::LimitReached => "limit_reached",
            AlertKind::EntriesPaused => "entries_paused",
            AlertKind::BasisWide => "basis_wide",
            AlertKind::KillSwitch => "kill_switch",
            AlertKind::RecordStale => "record_stale",
            AlertKind::FillCollision => "fill_collision",
            AlertKind::ImpossibleReport => "impossible_report",
            AlertKind::StalePeak => "stale_peak",
            AlertKind::Outbid => "outbid",
            AlertKind::DataState => "data_state",
            AlertKind::UniverseChanged => "universe_changed",
            AlertKind::UniverseShrink => "universe_shrink",
            AlertKind::ListingFailed => "listing_failed",
            AlertKind::Ghost => "ghost",
            AlertKind::ExternalClose => "external_close",
            AlertKind::StopMissing => "stop_missing",
            AlertKind::StopWrong => "stop_wrong",
            AlertKind::ManualOrder => "manual_order",
            AlertKind::Deleveraged => "deleveraged",
            AlertKind::Transfer => "transfer",
            AlertKind::Stream => "stream",
            AlertKind::ReportFailing => "report_failing",
            AlertKind::NotReady => "not_ready",
            AlertKind::ForeignHolding => "foreign_holding",
            AlertKind::LeftAlone => "left_alone",
            AlertKind::TradingChanged => "trading_changed",
            AlertKind::RulesChanged => "rules_changed",
        }
    }

    /// The alert in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            AlertKind::PositionUnprotected => "position without a confirmed stop beyond its deadline",
            AlertKind::StopRefused => "stop refused, taking the next step of the ladder",
            AlertKind::StopNotFilled => "stop passed but not filled, closing at market",
            AlertKind::OutcomeUnknown => "outcome of an order is unknown, asking the venue",
            AlertKind::OutcomeResolved => "outcome of an order is known again",
            AlertKind::OrphanPosition => "position found at the venue, adopted and protected",
            AlertKind::OrphanOrder => "order found at the venue that is not in the books",
            AlertKind::SizeMismatch => "position size differs between venue and books",
            AlertKind::OrderMissing => "order in the books that the venue does not report",
            AlertKind::BalanceDrift => "balance differs between venue and books",
            AlertKind::UnknownFill => "fill that belongs to no known order, counted",
            AlertKind::OverFill => "more was filled than was ordered, counted",
            AlertKind::Liquidated => "position liquidated by the venue",
            AlertKind::ModeChanged => "system mode changed",
            AlertKind::InvariantBroken => "invariant broken, no new risk",
            AlertKind::BoundReached => "a bound was reached",
            AlertKind::ClockBackwards => "clock went backwards, latest instant kept",
            AlertKind::DataHole => "candles missing or out of order",
            AlertKind::LimitNear => "a risk limit is nearly used up",
            AlertKind::LimitReached => "a risk limit is reached",
            AlertKind::EntriesPaused => "entries pause",
            AlertKind::BasisWide => "price too far from its signal",
            AlertKind::KillSwitch => "kill switch",
            AlertKind::RecordStale => "no decision on an instrument for too long",
            AlertKind::FillCollision => "two fills with one id, asking the venue",
            AlertKind::ImpossibleReport => "the venue says what cannot be",
            AlertKind::StalePeak => "high-water mark in doubt, asking the venue",
            AlertKind::Outbid => "position closed by the auction",
            AlertKind::DataState => "state of an instrument's data changed",
            AlertKind::UniverseChanged => "universe changed",
            AlertKind::UniverseShrink => "universe would shrink too much, the old one is kept",
            AlertKind::ListingFailed => "no new listing, the old universe is kept",
            AlertKind::Ghost => "position in the books that the venue does not hold",
            AlertKind::ExternalClose => "position closed or reduced by somebody else",
            AlertKind::StopMissing => "stop in the books that does not rest at the venue",
            AlertKind::StopWrong => "stop rests at the venue with other terms",
            AlertKind::ManualOrder => "order of somebody else",
            AlertKind::Deleveraged => "position deleveraged by the venue",
            AlertKind::Transfer => "money came in or went out",
            AlertKind::Stream => "private stream of the venue",
            AlertKind::ReportFailing => "reports of the venue fail, nothing is concluded from them",
            AlertKind::NotReady => "not ready, no new risk",
            AlertKind::ForeignHolding => "position on an instrument that this run does not know",
            AlertKind::LeftAlone => "position left alone by policy",
            AlertKind::TradingChanged => "instrument takes other orders than before",
            AlertKind::RulesChanged => "rules of an instrument have changed",
        }
    }
}

/// A message for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// When.
    pub at: Ts,
    /// How urgent.
    pub severity: Severity,
    /// What about.
    pub kind: AlertKind,
    /// Which instrument, if one.
    pub instrument: Option<InstrumentId>,
    /// Which rule or number, in a few words.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_has_a_name_of_its_own() {
        let source = include_str!("alert.rs");
        let kinds = source.split("pub enum AlertKind {").nth(1).and_then(|rest| rest.split("\n}").next());
        let declared = kinds.unwrap().lines().filter(|line| line.ends_with(',')).count();
        assert_eq!(declared, AlertKind::ALL.len());
        for (index, kind) in AlertKind::ALL.into_iter().enumerate() {
            let before = AlertKind::ALL.iter().take(index);
            assert!(!before.clone().any(|other| other.name() == kind.name()), "{}", kind.name());
        }
    }
}
