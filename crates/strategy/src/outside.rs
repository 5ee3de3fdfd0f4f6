//! `signals`: decides nothing by itself. For accounts that trade by signals from outside alone
//! (`POST /api/signals`); each candle leaves a record that says so.

use seawall_model::{Candle, Decision, Gate, Instrument, StateSink, Timeframe, Ts};

use crate::{Evaluation, Held, Outlook, Premise, Strategy, View};

/// Waits for signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside {
    base: Timeframe,
}

impl Outside {
    /// Fed with candles of `base`.
    #[must_use]
    pub fn new(base: Timeframe) -> Self {
        Outside { base }
    }
}

impl Strategy for Outside {
    fn on_candle(&mut self, _: &View<'_>, _: &Candle, decision: &mut Decision) -> Evaluation {
        decision.ask(Gate::Signal, false, 0.0, 1.0);
        Evaluation::Hold
    }

    /// No plan is ever its own.
    fn plan_taken(&mut self, _: Ts) {}

    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        Outlook { atr: None, bias: None, premise: Premise::Unknown }
    }

    fn decides_every(&self) -> Timeframe {
        self.base
    }

    /// It remembers nothing.
    fn digest(&self, _: &mut dyn StateSink) {}
}
