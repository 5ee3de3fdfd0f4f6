//! The kill switch: ends entries, spares protection, and closes positions only when that was asked for.
//!
//! Invariants: once on it stays on until the operator releases it; a restart while it is on holds what there
//! is and closes nothing. Its stored state is a file that the driver keeps; a run that starts with the switch
//! on is told so by a command.

use seawall_model::{KillReason, StateSink, Ts};
use serde::{Deserialize, Serialize};

/// The switch within the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Kill {
    pub(crate) on: Option<KillReason>,
    /// Everything is being closed.
    pub(crate) flatten: bool,
    /// When the venue was asked whether everything is closed.
    pub(crate) asked_at: Option<Ts>,
    /// The venue has confirmed that nothing is held.
    pub(crate) verified: bool,
    /// When the venue was asked whether entries rest.
    pub(crate) asked_orders_at: Option<Ts>,
    /// The venue has confirmed that no entry rests.
    pub(crate) ended: bool,
}

impl Kill {
    pub(crate) fn is_on(self) -> bool {
        self.on.is_some()
    }

    /// Turns it on; says whether that changed anything. The first reason stays.
    pub(crate) fn turn_on(&mut self, reason: KillReason, flatten: bool) -> bool {
        let news = self.on.is_none() || (flatten && !self.flatten);
        self.on.get_or_insert(reason);
        if flatten && !self.flatten {
            *self = Kill { flatten: true, asked_at: None, verified: false, ..*self };
        }
        news
    }

    /// A restart holds: what was to be closed is left to its stops and to the operator.
    pub(crate) fn hold(&mut self) {
        self.flatten = false;
        self.asked_at = None;
        self.asked_orders_at = None;
        self.ended = false;
    }

    pub(crate) fn digest(self, sink: &mut dyn StateSink) {
        sink.bytes(self.on.map_or("off", KillReason::name).as_bytes());
        sink.number(u64::from(self.flatten));
        sink.signed(self.asked_at.map_or(i64::MIN, Ts::nanos));
        sink.number(u64::from(self.verified));
        sink.signed(self.asked_orders_at.map_or(i64::MIN, Ts::nanos));
        sink.number(u64::from(self.ended));
    }
}
