//! One instrument as everybody sees it: prices, trades, candles, funding, depth.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use seawall_model::{Instrument, PriceUnits, QtyUnits, Side, Span, Timeframe, Ts};
use seawall_simulator::Tick;

use super::book::{Book, Depth, usual_level};
use super::chart::{Bar, Chart};
use super::hash::{mix, share};

/// Public trades that are remembered.
pub(crate) const TAPE_MAX: usize = 1_000;
/// Minutes before the start whose trades are told.
const PAST_MINUTES: usize = 120;
/// Hours of funding that are remembered.
pub(crate) const FUNDING_MAX: usize = 24 * 30;

/// A public trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapeTrade {
    /// Counts the instrument's trades, from 1.
    pub number: u64,
    /// When.
    pub at: Ts,
    /// Price.
    pub price: PriceUnits,
    /// Quantity.
    pub qty: QtyUnits,
    /// Who took.
    pub side: Side,
}

/// The funding of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingRow {
    /// When it was paid.
    pub at: Ts,
    /// As a fraction of the price; longs pay if it is positive.
    pub relative: Decimal,
    /// Quote currency for each unit of base.
    pub absolute: Decimal,
}

/// The last 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Day {
    /// First price.
    pub open: PriceUnits,
    /// Highest price.
    pub high: PriceUnits,
    /// Lowest price.
    pub low: PriceUnits,
    /// Volume in base currency.
    pub volume: f64,
    /// Volume in quote currency.
    pub turnover: f64,
}

/// A part of a candle's volume, in whole lots.
struct QtyPart {
    volume: f64,
    lot: i64,
}

impl QtyPart {
    fn qty(&self, instrument: &Instrument) -> QtyUnits {
        let measured = Decimal::from_f64_retain(self.volume).unwrap_or(Decimal::ZERO);
        instrument.floor_lot(instrument.floor_qty(measured)).max(QtyUnits::new(self.lot))
    }
}

/// One instrument.
#[derive(Debug, Clone)]
pub struct Market {
    /// Its rules and scales.
    pub instrument: Instrument,
    /// The venue's symbol.
    pub symbol: String,
    /// Not listed any more: only reductions are taken.
    pub delisted: bool,
    /// Best bid.
    pub bid: PriceUnits,
    /// Best ask.
    pub ask: PriceUnits,
    /// Last trade.
    pub last: PriceUnits,
    /// Its quantity.
    pub last_qty: QtyUnits,
    /// Its time.
    pub last_at: Ts,
    /// Mark price: the middle of bid and ask.
    pub mark: PriceUnits,
    /// Index price: a little beside the mark.
    pub index: PriceUnits,
    /// Funding of this hour as a fraction of the price.
    pub funding: Decimal,
    /// Candles.
    pub chart: Chart,
    /// The last 24 hours, as of the last full minute.
    pub day: Day,
    pub(crate) tape: VecDeque<TapeTrade>,
    pub(crate) fundings: VecDeque<FundingRow>,
    pub(crate) trades: u64,
    seed: u64,
    usual: i64,
    day_of: Ts,
}

impl Market {
    pub(crate) fn new(instrument: Instrument, symbol: String, chart: Chart, seed: u64) -> Self {
        let seed = mix(seed, u64::from(instrument.id().0) + 1);
        let tick = instrument.tick();
        let close = chart.rows(Timeframe::M1).next_back().map_or(tick, |bar| bar.close);
        let last_at = chart.rows(Timeframe::M1).next_back().map_or(Ts::default(), |bar| bar.open_time);
        let mut market = Market {
            instrument,
            symbol,
            delisted: false,
            bid: close,
            ask: close.plus(tick),
            last: close,
            last_qty: QtyUnits::new(1),
            last_at,
            mark: close,
            index: close,
            funding: Decimal::new(1, 5),
            chart,
            day: Day::default(),
            tape: VecDeque::new(),
            fundings: VecDeque::new(),
            trades: 0,
            seed,
            usual: 1,
            day_of: Ts::default(),
        };
        market.sum_day(last_at);
        let scale = 10_f64.powi(i32::try_from(market.instrument.qty_scale()).unwrap_or(0));
        market.usual = usual_level(market.day.volume * scale, seed);
        market.past_funding(last_at);
        market.past_tape();
        market
    }

    /// Public trades of the minutes before the start, as their candles tell them: open, the extreme against
    /// the candle's direction, the other one, close.
    fn past_tape(&mut self) {
        let rows = self.chart.rows(Timeframe::M1);
        let skipped = rows.len().saturating_sub(PAST_MINUTES);
        let bars: Vec<Bar> = rows.skip(skipped).copied().collect();
        let lot = self.instrument.lot().get().max(1);
        for bar in bars {
            let (first, second) =
                if bar.close >= bar.open { (bar.low, bar.high) } else { (bar.high, bar.low) };
            let part = QtyPart { volume: bar.volume / 4.0, lot };
            for (seconds, price) in [(0, bar.open), (20, first), (40, second), (59, bar.close)] {
                let before = self.tape.back().map_or(bar.open, |trade| trade.price);
                self.trades += 1;
                self.tape.push_back(TapeTrade {
                    number: self.trades,
                    at: bar.open_time.plus(Span::from_secs(seconds)),
                    price,
                    qty: part.qty(&self.instrument),
                    side: if price < before { Side::Sell } else { Side::Buy },
                });
            }
        }
    }

    /// Public trades, oldest first.
    pub fn tape(&self) -> impl DoubleEndedIterator<Item = &TapeTrade> + ExactSizeIterator {
        self.tape.iter()
    }

    /// Hours of funding, oldest first.
    pub fn fundings(&self) -> impl DoubleEndedIterator<Item = &FundingRow> {
        self.fundings.iter()
    }

    /// A price as a decimal.
    #[must_use]
    pub fn price(&self, units: PriceUnits) -> Decimal {
        self.instrument.price(units).get().normalize()
    }

    /// A quantity as a decimal.
    #[must_use]
    pub fn qty(&self, units: QtyUnits) -> Decimal {
        self.instrument.qty(units).get().normalize()
    }

    /// The book at `at`.
    #[must_use]
    pub fn book(&self, at: Ts) -> Book {
        Depth {
            seed: self.seed,
            at,
            bid: self.bid,
            ask: self.ask,
            tick: self.instrument.tick().get(),
            lot: self.instrument.lot().get(),
            usual: self.usual,
        }
        .book()
    }

    /// Funding of this hour in quote currency for each unit of base.
    #[must_use]
    pub fn funding_absolute(&self) -> Decimal {
        (self.funding * self.price(self.mark)).round_dp(12)
    }

    /// A tick; gives the trade that it is.
    pub(crate) fn tick(&mut self, at: Ts, tick: Tick) -> TapeTrade {
        (self.bid, self.ask, self.last) = (tick.bid, tick.ask, tick.last);
        self.mark = PriceUnits::new((tick.bid.get() + tick.ask.get()) / 2);
        // Up to three basis points beside it, for ten minutes at a time.
        let minute = at.millis().unsigned_abs() / 600_000;
        let thousandths = i64::try_from(mix(self.seed, minute) % 61).unwrap_or(30) - 30;
        self.index = PriceUnits::new(self.mark.get() - self.mark.get() / 100_000 * thousandths);
        let lots = 1 + i64::try_from(mix(self.seed, self.trades) % 400).unwrap_or(0);
        let qty = tick.qty.unwrap_or(QtyUnits::new(self.instrument.lot().get().saturating_mul(lots)));
        (self.last_qty, self.last_at) = (qty, at);
        self.trades += 1;
        let side = if tick.last >= tick.ask { Side::Buy } else { Side::Sell };
        let trade = TapeTrade { number: self.trades, at, price: tick.last, qty, side };
        if self.tape.len() >= TAPE_MAX {
            self.tape.pop_front();
        }
        self.tape.push_back(trade);
        let volume = self.instrument.qty(qty).to_f64();
        self.chart.trade(at, tick.last, volume);
        if at.since(self.day_of) >= Span::from_secs(60) {
            self.sum_day(at);
        }
        trade
    }

    fn sum_day(&mut self, at: Ts) {
        self.day_of = Timeframe::M1.floor(at);
        let from = at.minus(Span::from_secs(86_400));
        let mut day = Day { open: self.last, high: self.last, low: self.last, volume: 0.0, turnover: 0.0 };
        for bar in self.chart.rows(Timeframe::M15).rev().take_while(|bar| bar.open_time >= from) {
            day.open = bar.open;
            day.high = day.high.max(bar.high);
            day.low = day.low.min(bar.low);
            day.volume += bar.volume;
            day.turnover += bar.volume * self.instrument.price_f64(bar.close);
        }
        self.day = day;
    }

    /// The hour is over; gives what is paid for it.
    pub(crate) fn settle_hour(&mut self, at: Ts) -> FundingRow {
        let row = FundingRow { at, relative: self.funding, absolute: self.funding_absolute() };
        if self.fundings.len() >= FUNDING_MAX {
            self.fundings.pop_front();
        }
        self.fundings.push_back(row);
        row
    }

    /// Rates of the hours before the start, made up from the prices of their time.
    fn past_funding(&mut self, at: Ts) {
        let rows: Vec<FundingRow> = self
            .chart
            .rows(Timeframe::H1)
            .rev()
            .take(24 * 7)
            .map(|bar| {
                let hour = bar.open_time.millis().unsigned_abs() / 3_600_000;
                let millionths = format!("{:.0}", (share(self.seed, hour) - 0.4) * 30.0);
                let relative = Decimal::new(millionths.parse().unwrap_or(0), 6);
                let price = self.instrument.price(bar.close).get();
                let end = bar.open_time.plus(Timeframe::H1.span());
                FundingRow { at: end, relative, absolute: (relative * price).round_dp(12) }
            })
            .filter(|row| row.at <= at)
            .collect();
        self.fundings = rows.into_iter().rev().collect();
    }
}
