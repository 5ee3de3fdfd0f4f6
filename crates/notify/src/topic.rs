//! What messages are about: the engine's alerts, and what a run tells beside them.

use core::fmt;

use seawall_model::AlertKind;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a message is about. Its name is what `only` and `except` of a channel list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// An alert of the engine.
    Alert(AlertKind),
    /// A run has begun.
    RunStarted,
    /// A run has ended in order.
    RunEnded,
    /// A run could not start, or could not go on.
    RunFailed,
    /// A position was opened by a first fill.
    PositionOpened,
    /// A position is flat again.
    PositionClosed,
    /// What a day of UTC has brought.
    DailySummary,
    /// Somebody has seen the critical alerts.
    Acknowledged,
    /// Many signals and no order.
    TradeStarvation,
    /// Many decisions to enter an instrument and no fill.
    WinnerChurn,
    /// Orders are refused again and again.
    OrdersRefused,
    /// A trade has lost much of the account.
    LargeLoss,
    /// The maintenance margin takes much of the equity.
    MarginHigh,
    /// Little equity is left above the maintenance margin.
    LiquidationNear,
    /// Asked for by `seawall notify test` or the dashboard.
    Test,
}

impl Topic {
    /// The topics that are no alerts of the engine.
    pub const OTHERS: [Topic; 14] = [
        Topic::RunStarted,
        Topic::RunEnded,
        Topic::RunFailed,
        Topic::PositionOpened,
        Topic::PositionClosed,
        Topic::DailySummary,
        Topic::Acknowledged,
        Topic::TradeStarvation,
        Topic::WinnerChurn,
        Topic::OrdersRefused,
        Topic::LargeLoss,
        Topic::MarginHigh,
        Topic::LiquidationNear,
        Topic::Test,
    ];

    /// Every topic.
    pub fn all() -> impl Iterator<Item = Topic> {
        AlertKind::ALL.into_iter().map(Topic::Alert).chain(Self::OTHERS)
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Alert(kind) => kind.name(),
            Topic::RunStarted => "run_started",
            Topic::RunEnded => "run_ended",
            Topic::RunFailed => "run_failed",
            Topic::PositionOpened => "position_opened",
            Topic::PositionClosed => "position_closed",
            Topic::DailySummary => "daily_summary",
            Topic::Acknowledged => "acknowledged",
            Topic::TradeStarvation => "trade_starvation",
            Topic::WinnerChurn => "winner_churn",
            Topic::OrdersRefused => "orders_refused",
            Topic::LargeLoss => "large_loss",
            Topic::MarginHigh => "margin_high",
            Topic::LiquidationNear => "liquidation_near",
            Topic::Test => "test",
        }
    }

    /// The topic of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Topic> {
        Topic::all().find(|topic| topic.name() == name)
    }

    /// What has happened, in words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Topic::Alert(kind) => kind.text(),
            Topic::RunStarted => "run started",
            Topic::RunEnded => "run ended",
            Topic::RunFailed => "run failed: it does not trade or watch",
            Topic::PositionOpened => "position opened",
            Topic::PositionClosed => "position closed",
            Topic::DailySummary => "summary of the day",
            Topic::Acknowledged => "acknowledged",
            Topic::TradeStarvation => "signals come and no order is placed",
            Topic::WinnerChurn => "entries are decided and never filled",
            Topic::OrdersRefused => "orders are refused again and again",
            Topic::LargeLoss => "a trade has lost much of the account",
            Topic::MarginHigh => "margin is nearly used up",
            Topic::LiquidationNear => "little is left above the maintenance margin",
            Topic::Test => "test message",
        }
    }

    /// What to do about it, in words; empty where there is nothing to say.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Topic::Alert(kind) => advice(kind),
            Topic::RunStarted
            | Topic::PositionOpened
            | Topic::PositionClosed
            | Topic::DailySummary
            | Topic::Acknowledged => "",
            Topic::RunEnded => "Stops stay at the venue. Nothing watches them until the next start.",
            Topic::RunFailed => {
                "Stops that rest at the venue stay there; nothing watches them. Mend the cause and start again."
            }
            Topic::TradeStarvation => {
                "Ask why with `seawall why INSTRUMENT`: one gate may refuse everything."
            }
            Topic::WinnerChurn => "Look at the orders: their prices may be too far away to fill.",
            Topic::OrdersRefused => "Look at the reasons in the orders, and at the key's rights.",
            Topic::LargeLoss => "Look at the trade: how far from its stop it was closed, and why.",
            Topic::MarginHigh | Topic::LiquidationNear => {
                "Reduce positions or add money; at 100 % of equity the venue liquidates."
            }
            Topic::Test => "Nothing to do: this channel works.",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Topic::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no topic is called {name}")))
    }
}

const POSITION_UNPROTECTED: &str = "The engine is placing a stop or closing at market. Check the position at the venue; if it \
             stays naked, set a stop there by hand.";
const STOP_REFUSED: &str = "The next trigger type, then a market reduction follows by itself. Check that the account \
             may place stops.";
const STOP_NOT_FILLED: &str = "The position is being closed at market. Check at the venue that it is gone.";
const OUTCOME_UNKNOWN: &str =
    "Nothing is sent again; the venue is being asked. No new risk on the instrument meanwhile.";
const ORPHAN_POSITION: &str = "Somebody else opened it, or an answer was lost. It has a stop now; close it if it is not \
             wanted.";
const SIZE_MISMATCH: &str = "The venue's size is taken. Look whether somebody else trades on this account.";

/// What an operator should do, or that nothing has to be done.
const fn advice(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::PositionUnprotected => POSITION_UNPROTECTED,
        AlertKind::StopRefused => STOP_REFUSED,
        AlertKind::StopNotFilled => STOP_NOT_FILLED,
        AlertKind::OutcomeUnknown => OUTCOME_UNKNOWN,
        AlertKind::OutcomeResolved => "Nothing to do.",
        AlertKind::OrphanPosition => ORPHAN_POSITION,
        AlertKind::OrphanOrder => "Look at the venue whether somebody else trades on this account.",
        AlertKind::SizeMismatch => SIZE_MISMATCH,
        AlertKind::OrderMissing => "The books follow the venue. Nothing to do, unless it repeats.",
        AlertKind::BalanceDrift => "Compare deposits, withdrawals and fees at the venue with the books.",
        AlertKind::UnknownFill => "Look whether somebody else trades on this account.",
        AlertKind::OverFill => "The surplus is protected too. Look at the order's history at the venue.",
        AlertKind::Liquidated => "Look at margin and leverage before anything is entered again.",
        AlertKind::ModeChanged => "A freer mode comes from the operator alone: look for the cause first.",
        AlertKind::InvariantBroken => {
            "No new risk is taken; positions stay protected. Keep the run's folder and report it."
        }
        AlertKind::BoundReached => "Something arrives faster than it is worked off. Look at the log.",
        AlertKind::ClockBackwards => "Look at the machine's time synchronisation.",
        AlertKind::DataHole => "Nothing to do, unless it repeats: then look at the connection.",
        AlertKind::LimitNear => "Look at open positions; at the limit entries end by themselves.",
        AlertKind::LimitReached => {
            "Entries have ended as configured. Look at the cause before releasing anything."
        }
        AlertKind::EntriesPaused => "Entries go on by themselves at the end of the pause.",
        AlertKind::BasisWide => "Entries wait until the prices agree again.",
        AlertKind::KillSwitch => {
            "While it is on nothing is entered; `seawall kill-switch release` turns it off."
        }
        AlertKind::RecordStale => "Look whether candles of the instrument arrive.",
        AlertKind::FillCollision => "The venue is being asked; look at the account's fills if it repeats.",
        AlertKind::ImpossibleReport => "Nothing is concluded from it. Look at the venue's status page.",
        AlertKind::StalePeak => "Entries wait until the venue has said what the account holds.",
        AlertKind::Outbid => "Nothing to do.",
        AlertKind::DataState => "Instruments with bad data take no entries; what is held stays protected.",
        AlertKind::UniverseChanged => "Nothing to do.",
        AlertKind::UniverseShrink => "Look at the venue's status; the old set stays in use.",
        AlertKind::ListingFailed => "The old set stays in use; look at the connection if it repeats.",
        AlertKind::Ghost => "The venue is right: the books follow. Look who closed it.",
        AlertKind::ExternalClose => "Look who closed it; stops and targets of the rest are adjusted.",
        AlertKind::StopMissing => {
            "A new stop is being placed. Look whether somebody else cancels orders on this account."
        }
        AlertKind::StopWrong => {
            "The stop is being replaced. Look whether somebody else changes orders on this account."
        }
        AlertKind::ManualOrder => "Look whether somebody else trades on this account.",
        AlertKind::Deleveraged => "The venue reduced the position; look at what is left.",
        AlertKind::Transfer => "Nothing to do, if it was you.",
        AlertKind::Stream => {
            "While it is lost the venue is asked again and again. Look at the connection if it stays \
             so."
        }
        AlertKind::ReportFailing => {
            "No new risk until reports come again. Look at the key's rights and the venue's status."
        }
        AlertKind::NotReady => "Nothing is entered until it ends. Look at what it names.",
        AlertKind::ForeignHolding => "Add the instrument to the run or close the position at the venue.",
        AlertKind::LeftAlone => "It has no stop of ours: its owner has to look after it.",
        AlertKind::TradingChanged => "Look at the venue's announcements.",
        AlertKind::RulesChanged => "Nothing to do: orders follow the new rules.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_has_a_text_and_an_advice_for_people_and_a_name_that_is_found_again() {
        for topic in Topic::all() {
            assert_eq!(Topic::named(topic.name()), Some(topic));
            assert!(topic.title().len() >= 8, "{topic}: no text for people");
            let text = serde_json::to_string(&topic).unwrap();
            assert_eq!(serde_json::from_str::<Topic>(&text).unwrap(), topic);
        }
        for kind in AlertKind::ALL {
            assert!(advice(kind).ends_with('.'), "{}: no advice for people", kind.name());
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
