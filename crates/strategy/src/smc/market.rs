//! What the strategy knows of the market: windows and indicators of each timeframe.

use seawall_model::{Candle, Instrument, StateSink, Timeframe};
use seawall_smc::{Adx, Atr, Bar, BarWindow, SmcError};

use super::bias::{Bias, DailyBias};
use super::higher_timeframe::HigherTimeframe;
use super::structure::{Rungs, Structure};
use super::{SmcSettings, digest_debug, digest_window, period};
use crate::{Direction, Held, Outlook, Premise};

/// Bars seen by the slowest part, and the bars it needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WarmUp {
    pub(super) seen: u64,
    pub(super) needed: u64,
}

/// Windows and indicators of one instrument.
#[derive(Debug, Clone)]
pub(super) struct Market {
    price_divisor: f64,
    needed_4h: u64,
    needed_1h: u64,
    rungs: Rungs,
    pub(super) bias: DailyBias,
    pub(super) higher: HigherTimeframe,
    bars_4h: BarWindow,
    atr_4h: Atr,
    /// Read once per closed 4h bar.
    pub(super) structure: Option<Structure>,
    pub(super) bars_1h: BarWindow,
    adx_1h: Adx,
}

impl Market {
    pub(super) fn new(settings: &SmcSettings, instrument: &Instrument) -> Result<Self, SmcError> {
        Ok(Market {
            price_divisor: instrument.price_divisor(),
            needed_4h: u64::from(settings.orderblock_lookback.max(settings.atr_period)),
            needed_1h: u64::from(settings.adx_period) * 2,
            rungs: Rungs::new(settings),
            bias: DailyBias::new(settings)?,
            higher: HigherTimeframe::new(settings),
            bars_4h: BarWindow::new(),
            atr_4h: Atr::new(period(settings.atr_period))?,
            structure: None,
            bars_1h: BarWindow::new(),
            adx_1h: Adx::new(period(settings.adx_period))?,
        })
    }

    /// Takes in a closed candle of `timeframe`.
    pub(super) fn push(&mut self, timeframe: Timeframe, candle: &Candle) {
        let bar = Bar::from_candle(candle, self.price_divisor);
        if timeframe == Timeframe::H1 {
            self.bars_1h.push(candle.open_time, &bar);
            self.adx_1h.update(&bar);
        } else if timeframe == Timeframe::H4 {
            self.bars_4h.push(candle.open_time, &bar);
            self.atr_4h.update(&bar);
            self.structure = Structure::read(&self.bars_4h, &self.rungs);
        } else if timeframe == Timeframe::D1 {
            self.bias.push(bar.close);
            self.higher.push_day(candle.open_time, &bar);
        } else if timeframe == Timeframe::W1 {
            self.higher.push_week(candle.open_time, &bar);
        }
    }

    /// What the ladder of setups is searched with.
    pub(super) fn rungs(&self) -> &Rungs {
        &self.rungs
    }

    /// 4h ATR in quote units.
    pub(super) fn atr(&self) -> Option<f64> {
        self.atr_4h.value()
    }

    /// 1h ADX.
    pub(super) fn adx(&self) -> Option<f64> {
        self.adx_1h.value().map(|value| value.adx)
    }

    /// The first timeframe, coarsest first, that has not seen enough bars; the daily one if all have.
    pub(super) fn warm_up(&self) -> WarmUp {
        let (days, days_needed) = self.bias.progress();
        let all = [
            (days, days_needed),
            (self.bars_4h.pushed(), self.needed_4h),
            (self.bars_1h.pushed(), self.needed_1h),
        ];
        let lacking = all.into_iter().find(|(seen, needed)| seen < needed);
        let (seen, needed) = lacking.unwrap_or((days, days_needed));
        WarmUp { seen, needed }
    }

    /// What is to be said about a position: the 4h ATR, the daily bias, and whether a 4h bar that closed
    /// after the decision went through the invalidation. An order block or gap is gone by the same close.
    pub(super) fn outlook(&self, instrument: &Instrument, held: &Held) -> Outlook {
        let bias = self.bias.reading().and_then(|reading| match reading.bias {
            Bias::Bullish => Some(Direction::Long),
            Bias::Bearish => Some(Direction::Short),
            Bias::Neutral => None,
        });
        let closed_at = self.bars_4h.open_times().last().map(|open| open.plus(Timeframe::H4.span()));
        let newest = self.bars_4h.bars().last().filter(|_| closed_at.is_some_and(|at| at > held.decided_at));
        let premise = match (held.invalidation, newest) {
            (None, _) => Premise::Unknown,
            (Some(_), None) => Premise::Holds,
            (Some(invalidation), Some(bar)) => {
                let level = instrument.price_f64(invalidation);
                let gone = match held.direction {
                    Direction::Long => bar.close < level,
                    Direction::Short => bar.close > level,
                };
                if gone { Premise::Gone } else { Premise::Holds }
            }
        };
        Outlook { atr: self.atr().filter(|atr| *atr > 0.0), bias, premise }
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        self.bias.digest(sink);
        self.higher.digest(sink);
        digest_window(&self.bars_4h, sink);
        digest_window(&self.bars_1h, sink);
        digest_debug(&self.atr_4h, sink);
        digest_debug(&self.adx_1h, sink);
    }
}
