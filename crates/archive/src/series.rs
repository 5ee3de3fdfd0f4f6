//! A series of candles in memory, at the scale of its data.

use seawall_model::{Candle, PriceUnits, Timeframe, Ts};

use crate::csv::CandleRow;
use crate::error::ArchiveError;
use crate::number;
use crate::text;

/// Candles of one timeframe whose prices count `10^-decimals`, the scale of the data.
///
/// The scale grows with the data as rows are added, so one pass over a file is enough; every price stays
/// exact. 56 bytes a candle.
#[derive(Debug, Clone, PartialEq)]
pub struct RawSeries {
    timeframe: Timeframe,
    decimals: u32,
    price_max: i64,
    candles: Vec<Candle>,
}

impl RawSeries {
    /// An empty series.
    pub(crate) fn new(timeframe: Timeframe) -> RawSeries {
        RawSeries { timeframe, decimals: 0, price_max: 0, candles: Vec::new() }
    }

    /// What the candles are.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Decimals that one price unit stands for.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        self.decimals
    }

    /// The highest price, in units of `10^-decimals`.
    pub(crate) fn price_max(&self) -> i64 {
        self.price_max
    }

    /// The candles, oldest first, prices in units of `10^-decimals`.
    #[must_use]
    pub fn candles(&self) -> &[Candle] {
        &self.candles
    }

    /// The candles with prices in units of `10^-price_scale`: those of an instrument with this scale. The
    /// conversion happens in place.
    ///
    /// # Errors
    /// [`ArchiveError::OtherTimeframe`] if the series is of another timeframe, [`ArchiveError::Scale`] if the
    /// data has more decimals than `price_scale` or a price does not fit.
    pub fn into_candles(
        mut self,
        timeframe: Timeframe,
        price_scale: u32,
    ) -> Result<Vec<Candle>, ArchiveError> {
        if timeframe != self.timeframe {
            return Err(ArchiveError::OtherTimeframe { loaded: self.timeframe, asked: timeframe });
        }
        self.rescale(price_scale)?;
        Ok(self.candles)
    }

    /// Brings all prices to `decimals`, which may not be fewer than the data has.
    pub(crate) fn rescale(&mut self, decimals: u32) -> Result<(), ArchiveError> {
        if decimals == self.decimals {
            return Ok(());
        }
        let refuse = |fix: &'static str| ArchiveError::Scale {
            decimals: self.decimals,
            price_max: text::fixed_text(self.price_max, self.decimals),
            price_scale: decimals,
            fix,
        };
        let shift = decimals
            .checked_sub(self.decimals)
            .ok_or_else(|| refuse("give the instrument the decimals of its data"))?;
        let factor = number::power(shift).ok_or_else(|| refuse("at most 14 decimals are possible"))?;
        let price_max = self
            .price_max
            .checked_mul(factor)
            .ok_or_else(|| refuse("use fewer decimals for this instrument"))?;
        let scaled = |price: PriceUnits| PriceUnits::new(price.get().saturating_mul(factor));
        for candle in &mut self.candles {
            candle.open = scaled(candle.open);
            candle.high = scaled(candle.high);
            candle.low = scaled(candle.low);
            candle.close = scaled(candle.close);
        }
        self.price_max = price_max;
        self.decimals = decimals;
        Ok(())
    }

    /// Adds a row that was checked. The scale grows if the row needs it.
    #[inline]
    pub(crate) fn push_row(&mut self, row: &CandleRow) -> Result<(), ArchiveError> {
        if row.decimals > self.decimals {
            self.rescale(row.decimals)?;
        }
        let shift = self.decimals - row.decimals;
        let factor = number::power(shift).unwrap_or(i64::MAX);
        let Some(high) = row.high.checked_mul(factor) else {
            return Err(ArchiveError::Scale {
                decimals: row.decimals,
                price_max: text::fixed_text(row.high, row.decimals),
                price_scale: self.decimals,
                fix: "this file mixes prices of too many digits",
            });
        };
        self.price_max = self.price_max.max(high);
        let open_time = Ts::from_millis(row.ts_ms);
        // None of the others is above the high, so the products fit.
        let scaled = |units: i64| PriceUnits::new(units.saturating_mul(factor));
        self.candles.push(Candle {
            open_time,
            known_at: open_time.plus(self.timeframe.span()),
            open: scaled(row.open),
            high: PriceUnits::new(high),
            low: scaled(row.low),
            close: scaled(row.close),
            volume: row.volume,
        });
        Ok(())
    }

    /// Adds a candle that has the scale of this series.
    pub(crate) fn push(&mut self, candle: Candle) {
        self.price_max = self.price_max.max(candle.high.get());
        self.candles.push(candle);
    }

    /// Makes room for `count` candles in all, exactly; false if there is no memory for them.
    pub(crate) fn reserve_total(&mut self, count: usize) -> bool {
        let more = count.saturating_sub(self.candles.len());
        self.candles.try_reserve_exact(more).is_ok()
    }

    /// Makes room for one more candle where there is none, an eighth at a time instead of doubling.
    #[inline]
    pub(crate) fn reserve_next(&mut self) -> bool {
        let length = self.candles.len();
        length < self.candles.capacity() || self.reserve_total(length + (length / 8).max(4_096))
    }

    /// Gives back room that is not used, where it is worth the copy.
    pub(crate) fn trim(&mut self) {
        let length = self.candles.len();
        if self.candles.capacity() - length > length / 16 {
            self.candles.shrink_to_fit();
        }
    }
}
