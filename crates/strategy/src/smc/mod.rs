//! Smart Money Concepts: daily bias, 4h structure, 1h momentum, and levels that follow from them.
//!
//! Candles of the base timeframe are aggregated to 1h, 4h, 1d and 1w, and to 15m where it is asked for. A
//! decision is made when a candle of
//! `evaluate_timeframe` closes; until then the answer is [`Evaluation::NotDue`]. The gates are asked in the
//! order of [`Smc::judge`] and the first that refuses ends the decision. Invariant: coarser frames only ever
//! speak through closed candles, so nothing depends on a bar that is still forming.

mod bias;
mod change;
mod check;
mod divergence;
mod fibonacci;
mod gates;
mod higher_timeframe;
mod judge;
mod levels;
mod market;
mod repeat;
mod score;
mod settings;
mod structure;
mod thesis;

use core::fmt;

use arrayvec::ArrayVec;
use seawall_model::{Candle, Decision, Gate, Instrument, Setup, StateSink, Timeframe, Ts};
use seawall_smc::{BarWindow, Ladder, SmcError};

pub use settings::{FibMeasure, FvgMitigation, HigherTimeframeMode, OrderBlockEntry, SmcSettings};
pub use thesis::ThesisSettings;

use crate::settings::StrategyError;
use crate::{Evaluation, Held, Outlook, Premise, Strategy, View};
use judge::{Minds, Rules};
use market::Market;
use repeat::Memory;
use thesis::Theses;

/// The strategy's state on one instrument.
#[derive(Debug, Clone)]
pub struct Smc {
    evaluate_timeframe: Timeframe,
    ladder: Ladder,
    market: Box<Market>,
    memory: Memory,
    theses: Theses,
    rules: Rules,
}

impl Smc {
    /// The strategy for `instrument`, fed with candles of `base`.
    ///
    /// # Errors
    /// A broken rule, also where `base` is coarser than what the strategy needs.
    pub fn new(
        settings: &SmcSettings,
        instrument: &Instrument,
        base: Timeframe,
    ) -> Result<Self, StrategyError> {
        settings.check()?;
        check_base(settings, base)?;
        let built = |error: SmcError| StrategyError::Setting {
            key: "strategy.smc",
            value: "not usable".to_owned(),
            rule: error.to_string(),
        };
        let coarse = [Timeframe::H1, Timeframe::H4, Timeframe::D1, Timeframe::W1];
        let finest = if settings.needs_15m() { Timeframe::M15 } else { Timeframe::H1 };
        let timeframes: ArrayVec<Timeframe, 6> =
            [settings.evaluate_timeframe, finest].into_iter().chain(coarse).collect();
        Ok(Smc {
            evaluate_timeframe: settings.evaluate_timeframe,
            ladder: Ladder::new(base, &timeframes).map_err(built)?,
            market: Box::new(Market::new(settings, instrument).map_err(built)?),
            memory: Memory::new(settings),
            theses: Theses::new(&settings.thesis),
            rules: Rules::new(settings),
        })
    }
}

impl Strategy for Smc {
    #[inline]
    fn on_candle(&mut self, view: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        let Smc { evaluate_timeframe, ladder, market, memory, theses, rules } = self;
        let mut due = false;
        let taken = ladder.update(candle, &mut |timeframe, closed| {
            market.push(timeframe, closed);
            if timeframe == *evaluate_timeframe {
                memory.observe(closed);
                due = true;
            }
        });
        if taken.is_err() {
            decision.ask(Gate::DataQuality, false, 1.0, 0.0);
            return Evaluation::Hold;
        }
        if !due {
            return Evaluation::NotDue;
        }
        let mut minds = Minds { memory, theses };
        rules.judge(view, market, &mut minds, candle, decision).map_or(Evaluation::Hold, Evaluation::Enter)
    }

    fn plan_taken(&mut self, at: Ts) {
        self.memory.taken(at);
    }

    fn outlook(&self, instrument: &Instrument, held: &Held) -> Outlook {
        let outlook = self.market.outlook(instrument, held);
        if self.theses.gave_up(held) { Outlook { premise: Premise::Gone, ..outlook } } else { outlook }
    }

    fn decides_every(&self) -> Timeframe {
        self.evaluate_timeframe
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        digest_debug(&self.ladder, sink);
        self.market.digest(sink);
        self.memory.digest(sink);
        self.theses.digest(sink);
    }
}

/// Refuses candles that the timeframes cannot be built from.
fn check_base(settings: &SmcSettings, base: Timeframe) -> Result<(), StrategyError> {
    let finest = settings.evaluate_timeframe.min(Timeframe::H1);
    if !finest.is_multiple_of(base) {
        return Err(StrategyError::Setting {
            key: "strategy.smc.evaluate_timeframe",
            value: settings.evaluate_timeframe.to_string(),
            rule: format!(
                "it needs {finest} candles, which {base} cannot give; use candles that divide {finest}"
            ),
        });
    }
    if settings.needs_15m() && !Timeframe::M15.is_multiple_of(base) {
        return Err(StrategyError::Setting {
            key: "strategy.smc.skip_reconfirmation_in_trends",
            value: "false".to_owned(),
            rule: format!(
                "reconfirming a change of structure needs 15m candles, which {base} cannot give; \
                 use candles that divide 15m, or skip it"
            ),
        });
    }
    Ok(())
}

/// Whether `setup` trades in the `tight_smc` regime, where price comes back to a zone.
fn is_tight(setup: Setup) -> bool {
    match setup {
        Setup::OrderBlock | Setup::FairValueGap => true,
        Setup::BreakOfStructure | Setup::Trend | Setup::EmaCross | Setup::Adopted | Setup::Signal => false,
    }
}

/// A period as indicators take it. [`SmcSettings::check`] keeps it small.
fn period(bars: u32) -> usize {
    usize::try_from(bars).unwrap_or(usize::MAX)
}

/// Writes the bars of a window.
fn digest_window(window: &BarWindow, sink: &mut dyn StateSink) {
    sink.number(window.pushed());
    for (time, bar) in window.open_times().iter().zip(window.bars()) {
        sink.signed(time.nanos());
        for price in [bar.open, bar.high, bar.low, bar.close] {
            sink.float(price);
        }
    }
}

/// Writes state that shows itself in full through `Debug` only; floats print so that they read back exactly.
fn digest_debug(state: &dyn fmt::Debug, sink: &mut dyn StateSink) {
    struct Writer<'a>(&'a mut dyn StateSink);
    impl fmt::Write for Writer<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.bytes(text.as_bytes());
            Ok(())
        }
    }
    // The writer above never fails.
    let _ = fmt::write(&mut Writer(sink), format_args!("{state:?}"));
}
