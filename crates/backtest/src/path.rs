//! What is known of the way of the price within one candle.
//!
//! Finer data is used for a candle only where it covers the whole of it: a hole would hide the very move that
//! matters, so the candle then counts as a whole, read the worse way.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use seawall_archive::TradeTick;
use seawall_model::{Candle, Instrument, Side};
use seawall_simulator::Tick;

use crate::market::MarketSeries;

/// How a candle is shown to the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// By its four prices.
    Whole,
    /// By finer candles, from number `next` up to `end`.
    Fine {
        /// The next one.
        next: usize,
        /// Behind the last one.
        end: usize,
    },
    /// By the trades of the tape, from number `next` up to `end`.
    Tape {
        /// The next one.
        next: usize,
        /// Behind the last one.
        end: usize,
    },
}

impl Path {
    /// The finest way that covers `candle`.
    pub(crate) fn of(series: &MarketSeries, candle: &Candle) -> Path {
        tape(series, candle).or_else(|| fine(series, candle)).unwrap_or(Path::Whole)
    }
}

/// Trades cover a candle if they reach its extremes.
fn tape(series: &MarketSeries, candle: &Candle) -> Option<Path> {
    let next = series.trades.partition_point(|trade| trade.at < candle.open_time);
    let end = series.trades.partition_point(|trade| trade.at < candle.known_at);
    let within = series.trades.get(next..end)?;
    let low = within.iter().map(|trade| trade.price).min()?;
    let high = within.iter().map(|trade| trade.price).max()?;
    (low <= candle.low && high >= candle.high).then_some(Path::Tape { next, end })
}

/// Finer candles cover a candle if none is missing.
fn fine(series: &MarketSeries, candle: &Candle) -> Option<Path> {
    let next = series.detail.partition_point(|piece| piece.open_time < candle.open_time);
    let first = series.detail.get(next)?;
    let length = first.known_at.since(first.open_time).nanos();
    let pieces = usize::try_from(candle.known_at.since(candle.open_time).nanos() / length).ok()?;
    let last = series.detail.get(next + pieces.checked_sub(1)?)?;
    let complete = first.open_time == candle.open_time && last.known_at == candle.known_at;
    complete.then_some(Path::Fine { next, end: next + pieces })
}

/// A trade as a tick: half the assumed spread on either side, its quantity for the limit on volume.
pub(crate) fn tick_of(trade: &TradeTick, instrument: &Instrument, half_spread: Decimal) -> Tick {
    let quote = |side| instrument.worse_price(side, trade.price, half_spread).unwrap_or(trade.price);
    let contracts = Decimal::from_f64(trade.qty)
        .and_then(|base| base.checked_div(instrument.spec().contract_size.get()))
        .map(|contracts| instrument.floor_qty(contracts));
    Tick { bid: quote(Side::Sell), ask: quote(Side::Buy), last: trade.price, qty: contracts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{InstrumentId, InstrumentSpec, Ohlc, PriceUnits, Timeframe, Ts};

    fn candle(timeframe: Timeframe, minute: i64, low: i64, high: i64) -> Candle {
        let at = Ts::from_millis(1_672_531_200_000 + minute * 60_000);
        let (low, high) = (PriceUnits::new(low), PriceUnits::new(high));
        Candle::new(timeframe, at, Ohlc { open: low, high, low, close: high }, 1.0).unwrap()
    }

    fn series(detail: Vec<Candle>, trades: Vec<TradeTick>) -> MarketSeries {
        MarketSeries {
            spec: InstrumentSpec::new("BTC/USD".parse().unwrap()),
            data_decimals: 2,
            timeframe: Timeframe::M5,
            candles: vec![candle(Timeframe::M5, 0, 90, 110), candle(Timeframe::M5, 5, 90, 110)],
            holes: 0,
            detail,
            trades,
            funding: Vec::new(),
        }
    }

    #[test]
    fn finer_candles_resolve_only_the_candles_that_they_cover() {
        let minutes = |from: i64, to: i64| (from..to).map(|minute| candle(Timeframe::M1, minute, 95, 105));
        let whole: Vec<Candle> = minutes(0, 10).collect();
        let second = candle(Timeframe::M5, 5, 90, 110);
        assert_eq!(Path::of(&series(whole, vec![]), &second), Path::Fine { next: 5, end: 10 });
        let holed: Vec<Candle> = minutes(0, 7).chain(minutes(8, 10)).collect();
        assert_eq!(Path::of(&series(holed, vec![]), &second), Path::Whole);
        let later: Vec<Candle> = minutes(10, 20).collect();
        assert_eq!(Path::of(&series(later, vec![]), &second), Path::Whole, "the future is not a path");
    }

    #[test]
    fn a_tape_that_misses_an_extreme_is_not_a_path() {
        let trade = |second: i64, price: i64| TradeTick {
            at: Ts::from_millis(1_672_531_200_000 + second * 1_000),
            price: PriceUnits::new(price),
            qty: 0.5,
        };
        let first = candle(Timeframe::M5, 0, 90, 110);
        let whole = series(vec![], vec![trade(1, 90), trade(100, 110), trade(299, 100), trade(301, 90)]);
        assert_eq!(Path::of(&whole, &first), Path::Tape { next: 0, end: 3 });
        let short = series(vec![], vec![trade(1, 91), trade(100, 110)]);
        assert_eq!(Path::of(&short, &first), Path::Whole);
    }

    #[test]
    fn a_trade_is_quoted_with_half_the_spread_on_either_side() {
        let spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        let instrument = Instrument::new(InstrumentId(0), spec, 2).unwrap();
        let trade = TradeTick { at: Ts::EPOCH, price: PriceUnits::new(10_000), qty: 0.25 };
        let tick = tick_of(&trade, &instrument, Decimal::new(1, 2));
        assert_eq!((tick.bid.get(), tick.last.get(), tick.ask.get()), (9_900, 10_000, 10_100));
        assert_eq!(tick.qty.map(|qty| instrument.qty(qty).to_string()), Some("0.25".to_owned()));
    }
}
