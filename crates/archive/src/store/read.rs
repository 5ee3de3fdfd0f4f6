//! Candles out of the store.

use seawall_model::{Candle, InstrumentName, Timeframe, Ts};

use super::month_file::{self, Owner};
use super::{Store, StoredMonth};
use crate::audit::{Audit, AuditSettings};
use crate::auditor::Auditor;
use crate::csv::CandleRow;
use crate::error::ArchiveError;
use crate::load::{HolePolicy, Loaded, refuse_holes, refuse_unsound};
use crate::progress::{Progress, Stage};
use crate::range::Range;
use crate::series::RawSeries;

impl Store {
    /// The stored candles that open in `range` (start inclusive, end exclusive).
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn read(
        &self,
        instrument: &InstrumentName,
        timeframe: Timeframe,
        range: Option<(Ts, Ts)>,
    ) -> Result<RawSeries, ArchiveError> {
        Ok(self.load(instrument, timeframe, range, HolePolicy::Report, &mut |_| {})?.candles)
    }

    /// As [`crate::load_candles`], from the store. Progress counts month files.
    ///
    /// # Errors
    /// [`ArchiveError::UnknownSeries`] if nothing is stored, [`ArchiveError::EmptyRange`] if nothing is in
    /// the range, [`ArchiveError::Parquet`] for a damaged month, [`ArchiveError::Holes`] if `policy` refuses
    /// them.
    pub fn load(
        &self,
        instrument: &InstrumentName,
        timeframe: Timeframe,
        range: Option<(Ts, Ts)>,
        policy: HolePolicy,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Loaded, ArchiveError> {
        let owner = Owner { instrument, timeframe };
        let months = self.existing_months(owner)?;
        let decimals = decimals_max(&months);
        let bounds = Range::new(range);
        let mut auditor = Auditor::new(timeframe, AuditSettings::default(), bounds);
        let mut candles = RawSeries::new(timeframe);
        candles.rescale(decimals)?;
        let path = self.series_dir(owner);
        reserve(&mut candles, &months, bounds);
        self.rows(owner, &months, bounds, progress, |row| {
            if auditor.observe(row) {
                if !candles.reserve_next() {
                    return Err(ArchiveError::Memory { path: path.clone(), rows: row.line });
                }
                candles.push_row(row)?;
            }
            Ok(())
        })?;
        candles.trim();
        let audit = Audit { decimals, ..auditor.finish() };
        refuse_unsound(&path, &audit)?;
        refuse_holes(&path, &audit, policy)?;
        if let (Some((from, to)), Some(first), Some(last), 0) =
            (range, months.first(), months.last(), audit.rows)
        {
            let (first, last) = (first.summary.first(), last.summary.last());
            return Err(ArchiveError::EmptyRange { path, from, to, first, last });
        }
        Ok(Loaded { candles, decimals, audit })
    }

    /// Checks a stored series without keeping it. Lines count its rows from 1.
    ///
    /// # Errors
    /// [`ArchiveError::UnknownSeries`] if nothing is stored, [`ArchiveError::Parquet`] for a damaged month.
    pub fn audit(
        &self,
        instrument: &InstrumentName,
        timeframe: Timeframe,
        settings: AuditSettings,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Audit, ArchiveError> {
        let owner = Owner { instrument, timeframe };
        let months = self.existing_months(owner)?;
        let mut auditor = Auditor::new(timeframe, settings, Range::ALL);
        self.rows(owner, &months, Range::ALL, progress, |row| {
            auditor.observe(row);
            Ok(())
        })?;
        Ok(auditor.finish())
    }

    /// Leads the rows of all months that touch `range` past `take`, one month in memory at a time, all at the
    /// largest scale of the months.
    pub(super) fn rows(
        &self,
        owner: Owner<'_>,
        months: &[StoredMonth],
        range: Range,
        progress: &mut dyn FnMut(Progress),
        mut take: impl FnMut(&CandleRow) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        let total = u64::try_from(months.len()).unwrap_or(u64::MAX);
        let decimals = decimals_max(months);
        let mut rows = 0;
        for (done, stored) in (1..).zip(months) {
            if touches(stored, range) {
                let mut series = month_file::read(&stored.path, owner)?;
                series.rescale(decimals)?;
                for candle in series.candles() {
                    rows += 1;
                    take(&row(rows, candle, series.decimals()))?;
                }
            } else {
                rows += stored.summary.rows;
            }
            progress(Progress { stage: Stage::Reading, done, total, rows });
        }
        Ok(())
    }
}

/// The scale at which every price of these months can be held.
pub(super) fn decimals_max(months: &[StoredMonth]) -> u32 {
    months.iter().map(|month| month.summary.decimals).max().unwrap_or(0)
}

fn touches(stored: &StoredMonth, range: Range) -> bool {
    range.overlaps(stored.summary.first_ms, stored.summary.last_ms)
}

fn reserve(candles: &mut RawSeries, months: &[StoredMonth], range: Range) {
    let rows: u64 =
        months.iter().filter(|stored| touches(stored, range)).map(|stored| stored.summary.rows).sum();
    // Only a hint: if it cannot be had, the series grows step by step.
    let _ = candles.reserve_total(usize::try_from(rows).unwrap_or(0));
}

/// A stored candle as a row.
fn row(line: u64, candle: &Candle, decimals: u32) -> CandleRow {
    CandleRow {
        line,
        ts_ms: candle.open_time.millis(),
        open: candle.open.get(),
        high: candle.high.get(),
        low: candle.low.get(),
        close: candle.close.get(),
        decimals,
        volume: candle.volume,
    }
}
