//! Smart Money Concepts: daily bias, 4h structure, 1h ADX.
//!
//! Under construction: it refuses every candle as not warmed up, so it cannot trade.

mod settings;

use seawall_model::{Candle, Decision, Gate, Instrument, StateSink, Timeframe};

pub use settings::{EntryOrder, HigherTimeframeMode, SmcSettings};

use crate::settings::StrategyError;
use crate::{Evaluation, Strategy, View};

/// The strategy's state on one instrument.
#[derive(Debug, Clone)]
pub struct Smc {
    seen: u64,
}

impl Smc {
    /// The strategy for `instrument`, fed with candles of `base`.
    ///
    /// # Errors
    /// A broken rule, also where `base` is coarser than what the strategy needs.
    pub fn new(
        settings: &SmcSettings,
        _instrument: &Instrument,
        base: Timeframe,
    ) -> Result<Self, StrategyError> {
        settings.check()?;
        let finest = settings.evaluate_timeframe.min(Timeframe::H1);
        if !finest.is_multiple_of(base) {
            return Err(StrategyError::Setting {
                key: "strategy.smc.evaluate_timeframe",
                value: settings.evaluate_timeframe.to_string(),
                rule: format!(
                    "{finest} candles cannot be built from {base}; give candles that divide {finest}"
                ),
            });
        }
        Ok(Smc { seen: 0 })
    }
}

impl Strategy for Smc {
    fn on_candle(&mut self, _view: &View<'_>, _candle: &Candle, decision: &mut Decision) -> Evaluation {
        self.seen += 1;
        decision.ask(Gate::WarmUp, false, self.seen as f64, f64::MAX);
        Evaluation::Hold
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.seen);
    }
}
