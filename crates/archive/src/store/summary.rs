//! What a month file says about itself, so that a listing reads footers only.

use seawall_model::Ts;

use crate::number::DECIMALS_MAX;
use crate::series::RawSeries;

/// Facts about one month, kept in its footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
    pub(crate) holes: u64,
    pub(crate) bars_missing: u64,
    pub(crate) zero_volume: u64,
    pub(crate) decimals: u32,
    pub(crate) checksum: u32,
    /// Bytes of the file; zero before it is written.
    pub(crate) bytes: u64,
}

impl Summary {
    pub(crate) fn of(series: &RawSeries, checksum: u32) -> Summary {
        let step = series.timeframe().span().millis();
        let candles = series.candles();
        let mut summary = Summary {
            rows: u64::try_from(candles.len()).unwrap_or(u64::MAX),
            first_ms: candles.first().map_or(0, |candle| candle.open_time.millis()),
            last_ms: candles.last().map_or(0, |candle| candle.open_time.millis()),
            holes: 0,
            bars_missing: 0,
            zero_volume: 0,
            decimals: series.decimals(),
            checksum,
            bytes: 0,
        };
        for (earlier, later) in candles.iter().zip(candles.iter().skip(1)) {
            let missing = missing_between(earlier.open_time.millis(), later.open_time.millis(), step);
            summary.holes += u64::from(missing > 0);
            summary.bars_missing += missing;
        }
        let empty = candles.iter().filter(|candle| candle.volume <= 0.0).count();
        summary.zero_volume = u64::try_from(empty).unwrap_or(u64::MAX);
        summary
    }

    pub(crate) fn first(&self) -> Ts {
        Ts::from_millis(self.first_ms)
    }

    pub(crate) fn last(&self) -> Ts {
        Ts::from_millis(self.last_ms)
    }

    pub(crate) fn to_metadata(self) -> [(&'static str, String); 8] {
        [
            ("seawall.rows", self.rows.to_string()),
            ("seawall.first_ms", self.first_ms.to_string()),
            ("seawall.last_ms", self.last_ms.to_string()),
            ("seawall.holes", self.holes.to_string()),
            ("seawall.bars_missing", self.bars_missing.to_string()),
            ("seawall.zero_volume", self.zero_volume.to_string()),
            ("seawall.price_decimals", self.decimals.to_string()),
            ("seawall.crc32", self.checksum.to_string()),
        ]
    }

    pub(crate) fn from_metadata<'a>(
        value: impl Fn(&str) -> Result<&'a str, String>,
        bytes: u64,
    ) -> Result<Summary, String> {
        let decimals = number(&value, "seawall.price_decimals")?;
        if decimals > DECIMALS_MAX {
            return Err(format!("it states {decimals} decimals, at most {DECIMALS_MAX} are possible"));
        }
        Ok(Summary {
            rows: number(&value, "seawall.rows")?,
            first_ms: number(&value, "seawall.first_ms")?,
            last_ms: number(&value, "seawall.last_ms")?,
            holes: number(&value, "seawall.holes")?,
            bars_missing: number(&value, "seawall.bars_missing")?,
            zero_volume: number(&value, "seawall.zero_volume")?,
            decimals,
            checksum: number(&value, "seawall.crc32")?,
            bytes,
        })
    }
}

fn number<'a, T: core::str::FromStr>(
    value: impl Fn(&str) -> Result<&'a str, String>,
    key: &str,
) -> Result<T, String> {
    value(key)?.parse().map_err(|_| format!("its {key} is not a number"))
}

/// Bars missing between two neighbours.
pub(crate) fn missing_between(earlier_ms: i64, later_ms: i64, step_ms: i64) -> u64 {
    let gap = later_ms.saturating_sub(earlier_ms).saturating_sub(step_ms);
    u64::try_from(gap / step_ms).unwrap_or(0)
}
