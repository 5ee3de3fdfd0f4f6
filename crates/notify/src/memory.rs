//! What the router remembers. It is stored with the messages, so that a restart neither forgets a count nor
//! tells anything twice.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{Money, Severity, Span, Ts};
use serde::{Deserialize, Serialize};

use crate::notice::{Notice, Status};
use crate::router::day_of;
use crate::topic::Topic;

/// Keys whose repetitions are counted; beyond it alerts are told each time.
pub(crate) const HELD_MAX: usize = 10_000;
/// Alerts whose end or acknowledgement is waited for; beyond it the oldest is not escalated.
pub(crate) const OPEN_MAX: usize = 1_000;

/// What the router remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Messages made so far.
    pub(crate) number: u64,
    /// What was told a short while ago, by kind and instrument.
    pub(crate) held: BTreeMap<String, Held>,
    /// What has begun and not ended, by kind and instrument.
    pub(crate) open: BTreeMap<String, Open>,
    /// The day so far.
    pub(crate) day: Day,
}

/// Repetitions of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) until: Ts,
    pub(crate) count: u64,
    pub(crate) notice: Notice,
}

/// An alert that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) since: Ts,
    pub(crate) acknowledged: bool,
    pub(crate) escalated: bool,
    pub(crate) channels: Vec<String>,
    pub(crate) notice: Notice,
}

impl Open {
    pub(crate) fn may_escalate(&self) -> bool {
        self.notice.severity == Severity::Critical && !self.acknowledged && !self.escalated
    }
}

/// What a day of UTC has brought so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    pub(crate) begins: Ts,
    pub(crate) ends: Ts,
    opened: u64,
    closed: u64,
    won: u64,
    pnl: Money,
    critical: u64,
    warnings: u64,
    infos: u64,
}

impl Memory {
    /// Nothing yet.
    #[must_use]
    pub fn new(now: Ts) -> Self {
        Memory { number: 0, held: BTreeMap::new(), open: BTreeMap::new(), day: Day::of(now) }
    }
}

impl Day {
    /// The day that `now` lies in, with nothing in it.
    pub(crate) fn of(now: Ts) -> Self {
        let begins = day_of(now);
        Day {
            begins,
            ends: begins.plus(Span::from_secs(86_400)),
            opened: 0,
            closed: 0,
            won: 0,
            pnl: Money::ZERO,
            critical: 0,
            warnings: 0,
            infos: 0,
        }
    }

    pub(crate) fn count(&mut self, notice: &Notice) {
        match notice.topic {
            Topic::PositionOpened => self.opened += 1,
            Topic::PositionClosed => {
                self.closed += 1;
                let pnl = notice.pnl.unwrap_or(Money::ZERO);
                self.won += u64::from(pnl.get() > Decimal::ZERO);
                self.pnl = self.pnl.get().checked_add(pnl.get()).map_or(self.pnl, Money::new);
            }
            Topic::Alert(_) => match notice.severity {
                Severity::Critical => self.critical += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Info => self.infos += 1,
            },
            Topic::TradeStarvation | Topic::WinnerChurn | Topic::OrdersRefused | Topic::LargeLoss => {
                self.warnings += 1;
            }
            Topic::MarginHigh | Topic::LiquidationNear | Topic::RunFailed => self.critical += 1,
            Topic::RunStarted | Topic::RunEnded | Topic::DailySummary | Topic::Acknowledged | Topic::Test => {
            }
        }
    }

    pub(crate) fn in_words(&self, status: Option<&Status>) -> String {
        let Day { opened, closed, won, pnl, critical, warnings, infos, .. } = self;
        let day = self.begins.to_string();
        let day = day.split('T').next().unwrap_or_default();
        let mut words = format!(
            "{day}: {opened} positions opened, {closed} closed ({won} with profit), profit {}; \
             alerts: {critical} critical, {warnings} warnings, {infos} infos",
            pnl.get().round_dp(2)
        );
        if let Some(status) = status {
            let Status { mode, equity, held, naked } = status;
            let equity = equity.get().round_dp(2);
            words.push_str(&format!(
                "; equity {equity}, {held} positions held, {naked} of them without a confirmed stop, mode {mode}"
            ));
        }
        words
    }
}
