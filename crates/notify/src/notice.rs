//! What a run tells, and what becomes of it: a notice comes in, messages for channels go out.

use seawall_model::{Money, Severity, Ts};
use serde::{Deserialize, Serialize};

use crate::topic::Topic;

/// Something that people may want to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When it happened, by the run's clock.
    pub at: Ts,
    /// What it is about.
    pub topic: Topic,
    /// How urgent it is.
    pub severity: Severity,
    /// On which instrument, by its name.
    pub instrument: Option<String>,
    /// Which rule or numbers, in a few words.
    pub detail: String,
    /// Of a closed position: what it brought.
    pub pnl: Option<Money>,
}

impl Notice {
    /// A notice without numbers.
    #[must_use]
    pub fn new(at: Ts, topic: Topic, severity: Severity, detail: impl Into<String>) -> Self {
        Notice { at, topic, severity, instrument: None, detail: detail.into(), pnl: None }
    }
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It happened.
    Happened,
    /// What was told before has ended.
    Resolved,
    /// It happened again, and that was held back.
    Repeated,
    /// Nobody has acknowledged it.
    Escalated,
    /// Many that waited too long have become one.
    Collapsed,
}

impl Cause {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Happened => "happened",
            Cause::Resolved => "resolved",
            Cause::Repeated => "repeated",
            Cause::Escalated => "escalated",
            Cause::Collapsed => "collapsed",
        }
    }
}

/// A message for people. The same message has the same id on every channel and every time it is sent, so that
/// one that comes twice is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Differs from that of every other message of every account.
    pub id: String,
    /// Which account: `live`, `paper`, `demo`.
    pub account: String,
    /// Why it is sent.
    pub cause: Cause,
    /// When it happened, by the run's clock.
    pub at: Ts,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about.
    pub topic: Topic,
    /// On which instrument, by its name.
    pub instrument: Option<String>,
    /// What has happened.
    pub title: String,
    /// Which rule or numbers.
    pub detail: String,
    /// What to do.
    pub advice: String,
    /// How many events it stands for.
    pub count: u64,
}

/// What a run shows of itself. It is a copy: nobody who reads it touches the engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Mode.
    pub mode: &'static str,
    /// Equity at the last prices.
    pub equity: Money,
    /// How many positions are held.
    pub held: usize,
    /// How many of them no confirmed stop covers whole.
    pub naked: usize,
}
