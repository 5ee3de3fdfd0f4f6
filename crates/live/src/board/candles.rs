//! The newest closed candles of each instrument, as the engine has heard them.
//!
//! Invariants: a series has one timeframe, is in order of time and holds each candle once; its length is
//! bounded, and at the bound a quarter of it goes at once, so that its beginning moves seldom; the engine's
//! thread never waits for a reader: what finds a series taken is kept and put there with the next candle.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use seawall_model::{Candle, Input, InstrumentId, Timeframe};

/// Candles of all instruments together that are kept.
const CANDLES_KEPT: usize = 600_000;
/// Those of one instrument: at least and at most.
const SERIES_KEPT: (usize, usize) = (1_000, 10_000);
/// Candles that wait for a series that is being read; beyond it the oldest are given up.
const WAITING_MAX: usize = 10_000;

/// The candles of one instrument.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Their length.
    pub timeframe: Timeframe,
    /// Oldest first.
    pub candles: Vec<Candle>,
}

#[derive(Debug, Default)]
struct Kept {
    timeframe: Option<Timeframe>,
    candles: VecDeque<Candle>,
}

/// The readers' side.
#[derive(Debug)]
pub(super) struct Candles {
    series: Vec<Mutex<Kept>>,
    most: usize,
}

impl Candles {
    pub(super) fn new(instruments: usize) -> Self {
        let (least, most) = SERIES_KEPT;
        let share = CANDLES_KEPT.checked_div(instruments).unwrap_or(most).clamp(least, most);
        let series = std::iter::repeat_with(Mutex::default).take(instruments).collect();
        Candles { series, most: share }
    }

    /// A copy of a series; nothing where no candle has come.
    pub(super) fn of(&self, id: InstrumentId) -> Option<Series> {
        let kept = self.series.get(id.index())?.lock().unwrap_or_else(PoisonError::into_inner);
        let timeframe = kept.timeframe?;
        Some(Series { timeframe, candles: kept.candles.iter().copied().collect() })
    }

    /// Puts a candle into its series; false where somebody reads that just now.
    fn put(&self, Heard { instrument, timeframe, candle }: &Heard) -> bool {
        let Some(series) = self.series.get(instrument.index()) else { return true };
        let Ok(mut kept) = series.try_lock() else { return false };
        let known = *kept.timeframe.get_or_insert(*timeframe);
        let is_next = kept.candles.back().is_none_or(|last| candle.open_time >= last.known_at);
        if known == *timeframe && is_next {
            if kept.candles.len() >= self.most {
                kept.candles.drain(..self.most / 4);
            }
            kept.candles.push_back(*candle);
        }
        true
    }
}

/// A candle as the engine heard it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    pub(super) instrument: InstrumentId,
    pub(super) timeframe: Timeframe,
    pub(super) candle: Candle,
}

impl Heard {
    /// The candle of an input, where it is one.
    pub(super) fn of(input: &Input) -> Option<Self> {
        let (instrument, timeframe, candle) = match input {
            Input::Candle { instrument, timeframe, candle } => (*instrument, *timeframe, *candle),
            Input::Past { instrument, timeframe, candle } => (*instrument, *timeframe, *candle),
            Input::Started
            | Input::Quote { .. }
            | Input::Mark { .. }
            | Input::Book { .. }
            | Input::Venue(_)
            | Input::Submission { .. }
            | Input::Operator(_)
            | Input::Wakeup
            | Input::Listing(_)
            | Input::Rules(_) => return None,
        };
        Some(Heard { instrument, timeframe, candle })
    }
}

/// The engine's side: what waits for a series that is being read.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Heard>);

impl Waiting {
    /// Puts what waits into its series, then this one; in order, so where one has to wait, all do.
    pub(super) fn put(&mut self, candles: &Candles, heard: Heard) {
        while self.0.front().is_some_and(|first| candles.put(first)) {
            self.0.pop_front();
        }
        if self.0.is_empty() && candles.put(&heard) {
            return;
        }
        if self.0.len() >= WAITING_MAX {
            self.0.pop_front();
        }
        self.0.push_back(heard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Ohlc, PriceUnits, Ts};

    fn heard(minute: i64) -> Heard {
        let price = PriceUnits::new(100 + minute);
        let prices = Ohlc { open: price, high: price, low: price, close: price };
        let open_time = Ts::from_millis(minute * 60_000);
        let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
        Heard { instrument: InstrumentId(0), timeframe: Timeframe::M1, candle }
    }

    fn minutes(candles: &Candles) -> Vec<i64> {
        let series = candles.of(InstrumentId(0));
        series
            .map(|series| series.candles.iter().map(|one| one.open_time.millis() / 60_000).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_candle_that_finds_its_series_taken_waits_and_keeps_its_place() {
        let (candles, mut waiting) = (Candles::new(1), Waiting::default());
        assert_eq!(candles.of(InstrumentId(0)), None);
        waiting.put(&candles, heard(1));
        {
            let _reading = candles.series[0].lock().unwrap();
            waiting.put(&candles, heard(2));
            waiting.put(&candles, heard(3));
            assert_eq!(waiting.0.len(), 2);
        }
        waiting.put(&candles, heard(4));
        assert_eq!(minutes(&candles), [1, 2, 3, 4]);
        waiting.put(&candles, heard(4));
        waiting.put(&candles, heard(2));
        waiting.put(&candles, Heard { timeframe: Timeframe::M5, ..heard(10) });
        assert_eq!(minutes(&candles), [1, 2, 3, 4], "each once, in order, of one timeframe");
    }

    #[test]
    fn at_the_bound_the_oldest_quarter_goes() {
        let (candles, mut waiting) = (Candles::new(300), Waiting::default());
        assert_eq!(candles.most, 2_000);
        assert_eq!(
            (Candles::new(0).most, Candles::new(5).most, Candles::new(5_000).most),
            (10_000, 10_000, 1_000)
        );
        (0..2_000).for_each(|minute| waiting.put(&candles, heard(minute)));
        assert_eq!(minutes(&candles).len(), 2_000);
        waiting.put(&candles, heard(2_000));
        let kept = minutes(&candles);
        assert_eq!((kept[0], kept.len()), (500, 1_501));
    }
}
