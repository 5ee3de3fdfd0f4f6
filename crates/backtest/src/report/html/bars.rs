//! Candles made coarser, so that a chart has no more of them than it can show.

use seawall_model::{Candle, Instrument, Timeframe};

use super::plot::seconds;
use crate::market::MarketSeries;

/// One bar of a chart, in floats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    /// Start in seconds.
    pub(super) at: f64,
    pub(super) open: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    pub(super) close: f64,
}

/// Bars of one length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    /// `4h`, or `3 × 1w`.
    pub(super) label: String,
    /// Length of each in seconds.
    pub(super) length: f64,
    pub(super) list: Vec<Bar>,
}

/// The candles given, in the shortest timeframe that makes at most `most` bars of them.
pub(super) fn coarser(series: &MarketSeries, instrument: &Instrument, candles: &[Candle], most: i64) -> Bars {
    let span = match (candles.first(), candles.last()) {
        (Some(first), Some(last)) => last.known_at.since(first.open_time).nanos(),
        (None, _) | (_, None) => 0,
    };
    let needed = |timeframe: &Timeframe| span / timeframe.span().nanos() < most;
    let long_enough = |timeframe: &Timeframe| *timeframe >= series.timeframe;
    let timeframe = Timeframe::ALL.into_iter().filter(long_enough).find(needed);
    let (timeframe, times) = match timeframe {
        Some(timeframe) => (timeframe, 1),
        None => (Timeframe::W1, span / Timeframe::W1.span().nanos() / most.max(1) + 1),
    };
    let length = timeframe.span().nanos().saturating_mul(times);
    let label =
        if times == 1 { timeframe.name().to_owned() } else { format!("{times} × {}", timeframe.name()) };
    let mut list: Vec<Bar> = Vec::new();
    let mut current = i64::MIN;
    for candle in candles {
        let start = bucket(timeframe, times, candle);
        let price = |units| instrument.price_f64(units);
        let (high, low, close) = (price(candle.high), price(candle.low), price(candle.close));
        match list.last_mut().filter(|_| start == current) {
            Some(bar) => {
                bar.high = bar.high.max(high);
                bar.low = bar.low.min(low);
                bar.close = close;
            }
            None => list.push(Bar { at: start as f64 / 1e9, open: price(candle.open), high, low, close }),
        }
        current = start;
    }
    Bars { label, length: length as f64 / 1e9, list }
}

fn bucket(timeframe: Timeframe, times: i64, candle: &Candle) -> i64 {
    let start = timeframe.floor(candle.open_time).nanos();
    if times == 1 {
        return start;
    }
    let length = timeframe.span().nanos();
    let origin = timeframe.floor(seawall_model::Ts::EPOCH).nanos();
    let number = (start - origin).div_euclid(length).div_euclid(times);
    number * times * length + origin
}

/// Start and end of the bars in seconds.
pub(super) fn extent(bars: &Bars, candles: &[Candle]) -> (f64, f64) {
    let end = candles.last().map_or(1.0, |candle| seconds(candle.known_at));
    (bars.list.first().map_or(0.0, |bar| bar.at), end)
}
