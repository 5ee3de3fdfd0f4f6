//! Candles of one instrument at every resolution the venue has, the last one unfinished.
//!
//! Invariants: rows are in order of time without doubles; a resolution has no row for a time without a
//! trade; at most [`ROWS_MAX`] rows are kept, the oldest go first.

use std::collections::VecDeque;

use seawall_model::{Candle, PriceUnits, Timeframe, Ts};

/// Rows of one resolution.
pub const ROWS_MAX: usize = 2_500;

/// The resolutions there are.
pub const RESOLUTIONS: [Timeframe; 9] = [
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H4,
    Timeframe::H12,
    Timeframe::D1,
    Timeframe::W1,
];

/// One candle; finished when the next one begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// When it opened.
    pub open_time: Ts,
    /// First price.
    pub open: PriceUnits,
    /// Highest price.
    pub high: PriceUnits,
    /// Lowest price.
    pub low: PriceUnits,
    /// Last price so far.
    pub close: PriceUnits,
    /// Volume so far, in base currency.
    pub volume: f64,
    /// Trades so far.
    pub trades: u32,
}

/// All candles of one instrument.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    rows: [VecDeque<Bar>; 9],
}

impl Chart {
    /// The rows of a resolution, oldest first; empty for one that the venue does not have.
    pub fn rows(&self, resolution: Timeframe) -> impl DoubleEndedIterator<Item = &Bar> + ExactSizeIterator {
        static NONE: VecDeque<Bar> = VecDeque::new();
        let place = RESOLUTIONS.iter().position(|known| *known == resolution);
        place.and_then(|place| self.rows.get(place)).unwrap_or(&NONE).iter()
    }

    /// A trade at `at`.
    pub(crate) fn trade(&mut self, at: Ts, price: PriceUnits, volume: f64) {
        let bar =
            Bar { open_time: at, open: price, high: price, low: price, close: price, volume, trades: 1 };
        for (resolution, rows) in RESOLUTIONS.iter().zip(&mut self.rows) {
            add(rows, Bar { open_time: resolution.floor(at), ..bar });
        }
    }

    /// A candle of history; resolutions finer than its length get none of it.
    pub(crate) fn candle(&mut self, candle: &Candle) {
        let minutes = candle.known_at.since(candle.open_time).nanos() / 60_000_000_000;
        let Candle { open, high, low, close, volume, .. } = *candle;
        for (resolution, rows) in RESOLUTIONS.iter().zip(&mut self.rows) {
            if resolution.minutes() >= minutes {
                let open_time = resolution.floor(candle.open_time);
                add(rows, Bar { open_time, open, high, low, close, volume, trades: 10 });
            }
        }
    }
}

fn add(rows: &mut VecDeque<Bar>, bar: Bar) {
    match rows.back_mut() {
        Some(last) if last.open_time == bar.open_time => {
            last.high = last.high.max(bar.high);
            last.low = last.low.min(bar.low);
            last.close = bar.close;
            last.volume += bar.volume;
            last.trades = last.trades.saturating_add(bar.trades);
        }
        Some(last) if last.open_time > bar.open_time => {}
        Some(_) | None => {
            if rows.len() >= ROWS_MAX {
                rows.pop_front();
            }
            rows.push_back(bar);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_grows_its_last_candle_and_keeps_the_others() {
        let mut chart = Chart::default();
        let at = |minute: i64| Ts::from_millis(1_704_067_200_000 + minute * 60_000);
        for (minute, price) in [(0, 100), (0, 103), (4, 99), (5, 101)] {
            chart.trade(at(minute), PriceUnits::new(price), 1.0);
        }
        let closes = |tf| chart.rows(tf).map(|bar| bar.close.get()).collect::<Vec<_>>();
        assert_eq!(closes(Timeframe::M1), [103, 99, 101]);
        assert_eq!(closes(Timeframe::M5), [99, 101]);
        assert_eq!(closes(Timeframe::D1), [101]);
        let day = chart.rows(Timeframe::D1).next().unwrap();
        assert_eq!((day.high.get(), day.low.get(), day.trades), (103, 99, 4));
        assert_eq!(chart.rows(Timeframe::M3).len(), 0);
    }
}
