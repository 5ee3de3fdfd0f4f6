//! When positions of an instrument were lately stopped out, for strategies that give the next one more room.
//!
//! A stop-out is a trade whose last exit filled at a stop that still lay where it was first put: a stop that
//! had been moved to break-even or behind the price did its work. Invariants: bounded, oldest first; adopted
//! positions are nobody's setup and count for nothing; the instant is that at which the engine learned of it.

use arrayvec::ArrayVec;
use seawall_model::{ExitReason, Setup, StateSink, Trade, Ts};
use serde::{Deserialize, Serialize};

use crate::limits::STOP_OUTS_REMEMBERED;

/// The newest stop-outs of one instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StopOuts {
    at: ArrayVec<Ts, STOP_OUTS_REMEMBERED>,
}

impl StopOuts {
    /// Takes in a closed trade.
    pub(crate) fn closed(&mut self, at: Ts, trade: &Trade) {
        let stopped = trade.exits.last().is_some_and(|exit| exit.reason == ExitReason::StopLoss);
        if !stopped || trade.setup == Setup::Adopted {
            return;
        }
        if self.at.is_full() {
            self.at.remove(0);
        }
        self.at.push(at);
    }

    /// The instants, oldest first.
    pub(crate) fn instants(&self) -> &[Ts] {
        &self.at
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.at.len() as u64);
        for at in &self.at {
            sink.signed(at.nanos());
        }
    }
}
