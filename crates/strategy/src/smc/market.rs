//! What the strategy knows of the market: windows and indicators of each timeframe.

use arrayvec::ArrayVec;
use seawall_model::{Candle, Instrument, StateSink, Timeframe, Ts};
use seawall_smc::{Adx, Atr, Bar, BarWindow, Sma, SmcError};

use super::bias::{Bias, DailyBias};
use super::change::StructureChanges;
use super::divergence::Divergence;
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

/// 15m bars that are asked whether they took part in a change of structure.
const RECENT_BARS: usize = 10;

/// Age of the newest bar of a frame, counted from when it opened, against the most allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Age {
    pub(super) hours: f64,
    pub(super) most: f64,
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
    pub(super) changes: StructureChanges,
    pub(super) divergence: Divergence,
    volume_4h: Sma,
    pub(super) bars_1h: BarWindow,
    adx_1h: Adx,
    /// The newest 15m bars, where the ladder of timeframes has them.
    pub(super) recent_15m: ArrayVec<Bar, RECENT_BARS>,
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
            changes: StructureChanges::new(settings)?,
            divergence: Divergence::new(settings)?,
            volume_4h: Sma::new(period(settings.thesis.volume_bars))?,
            bars_1h: BarWindow::new(),
            adx_1h: Adx::new(period(settings.adx_period))?,
            recent_15m: ArrayVec::new(),
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
            let atr = self.atr_4h.update(&bar);
            self.structure = Structure::read(&self.bars_4h, &self.rungs);
            self.changes.push(self.bars_4h.bars(), atr);
            self.divergence.push(self.bars_4h.bars());
            self.volume_4h.update(candle.volume);
        } else if timeframe == Timeframe::D1 {
            self.bias.push(bar.close);
            self.higher.push_day(candle.open_time, &bar);
        } else if timeframe == Timeframe::W1 {
            self.higher.push_week(candle.open_time, &bar);
        } else if timeframe == Timeframe::M15 {
            if self.recent_15m.is_full() {
                self.recent_15m.remove(0);
            }
            self.recent_15m.push(bar);
        }
    }

    /// Mean volume of the newest 4h bars.
    pub(super) fn volume(&self) -> Option<f64> {
        self.volume_4h.value()
    }

    /// The age of the newest bar of the frame that is furthest behind. A bar may be as old as two of its
    /// frame, so the newest one that can have closed is fresh and one that a hole in the data left is not.
    pub(super) fn age(&self, now: Ts) -> Age {
        let frames = [
            (self.bars_1h.open_times(), 2.0),
            (self.bars_4h.open_times(), 8.0),
            (self.higher.days.open_times(), 48.0),
        ];
        let age = |(times, most): (&[Ts], f64)| {
            times.last().map(|open| Age { hours: now.since(*open).secs_f64() / 3_600.0, most })
        };
        let ages = frames.into_iter().filter_map(age);
        ages.max_by(|one, other| (one.hours / one.most).total_cmp(&(other.hours / other.most)))
            .unwrap_or(Age { hours: 0.0, most: 0.0 })
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
        self.changes.digest(sink);
        self.divergence.digest(sink);
        digest_debug(&(&self.volume_4h, &self.recent_15m), sink);
    }
}
