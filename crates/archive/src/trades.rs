//! Trade ticks: what happened inside a candle.

use std::path::Path;

use seawall_model::{PriceUnits, Ts};

use crate::error::ArchiveError;
use crate::number;
use crate::table::Table;

const COLUMNS: [&str; 3] = ["ts_ms", "price", "qty"];
const WANTED: &str = "ts_ms,price,qty (in any order, other columns are ignored)";

/// One trade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TradeTick {
    /// When.
    pub at: Ts,
    /// At what price, in the instrument's price units.
    pub price: PriceUnits,
    /// How much, in base units: a measurement like a candle's volume.
    pub qty: f64,
}

/// Reads a CSV or CSV.gz file of trades, oldest first, in constant memory. Ends after the first error.
#[derive(Debug)]
pub struct TradeReader {
    table: Table<3>,
    price_scale: u32,
    ended: bool,
}

impl TradeReader {
    /// Opens `path` for an instrument with this price scale.
    ///
    /// # Errors
    /// What reading can give, and [`ArchiveError::Header`] if one of `ts_ms`, `price`, `qty` is missing.
    pub fn open(path: &Path, price_scale: u32) -> Result<TradeReader, ArchiveError> {
        let table = Table::open(path, COLUMNS, WANTED)?;
        Ok(TradeReader { table, price_scale, ended: false })
    }

    fn next_tick(&mut self) -> Result<Option<TradeTick>, ArchiveError> {
        let price_scale = self.price_scale;
        let Some(fields) = self.table.next_fields()? else { return Ok(None) };
        let ts_ms = fields.ts_ms()?;
        let price = fields.get(1, number::fixed)?;
        if price.mantissa <= 0 {
            return Err(fields.refuse(1, "must be above zero".to_owned()));
        }
        let factor = price_scale.checked_sub(price.decimals).and_then(number::power).ok_or_else(|| {
            let decimals = price.decimals;
            fields.refuse(
                1,
                format!(
                    "has {decimals} decimals, the instrument has {price_scale}: give it those of its data"
                ),
            )
        })?;
        let units = price.mantissa.checked_mul(factor).ok_or_else(|| {
            fields
                .refuse(1, format!("does not fit with {price_scale} decimals: use fewer for this instrument"))
        })?;
        let qty = fields.get(2, number::float)?;
        if qty <= 0.0 {
            return Err(fields.refuse(2, "must be above zero".to_owned()));
        }
        let line = fields.line;
        self.table.follow(line, ts_ms)?;
        Ok(Some(TradeTick { at: Ts::from_millis(ts_ms), price: PriceUnits::new(units), qty }))
    }
}

impl Iterator for TradeReader {
    type Item = Result<TradeTick, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let tick = self.next_tick().transpose();
        self.ended = !matches!(tick, Some(Ok(_)));
        tick
    }
}

/// The most decimals that a price in a file of trades has.
///
/// # Errors
/// As [`TradeReader`].
pub fn scan_trade_decimals(path: &Path) -> Result<u32, ArchiveError> {
    let mut table = Table::open(path, COLUMNS, WANTED)?;
    let mut decimals = 0;
    while let Some(fields) = table.next_fields()? {
        decimals = decimals.max(fields.get(1, number::fixed)?.decimals);
    }
    Ok(decimals)
}
