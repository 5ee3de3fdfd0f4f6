//! Coarser candles from finer ones.
//!
//! Causal: a bucket is written when it is over, never before. A first bucket whose first bar is not there and
//! a last bucket that may still grow are dropped. Bars missing inside a bucket do not stop it; they are
//! counted.

use seawall_model::{InstrumentName, Timeframe, Ts};
use serde::{Deserialize, Serialize};

use super::Store;
use super::change::Change;
use super::import::MonthWriter;
use super::merge::{ConflictPolicy, Effect};
use super::month_file::Owner;
use super::read::decimals_max;
use crate::csv::CandleRow;
use crate::error::ArchiveError;
use crate::progress::Progress;
use crate::range::Range;

/// What a resampling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampled {
    /// Complete buckets.
    pub buckets: u64,
    /// Incomplete buckets at the ends of the data, left out.
    pub dropped: u64,
    /// Buckets in which bars are missing.
    pub with_holes: u64,
    /// Bars missing in them. Where a whole bucket is missing, nothing is written and nothing counted here.
    pub bars_missing: u64,
    /// Rows that were not stored before.
    pub added: u64,
    /// Rows that were stored before with the same values.
    pub same: u64,
    /// Rows that were stored before with other values, and were replaced.
    pub replaced: u64,
}

impl Store {
    /// Builds the `to` candles of an instrument from its stored `from` candles and stores them.
    ///
    /// # Errors
    /// [`ArchiveError::NotMultiple`] if `to` is not a longer multiple of `from`,
    /// [`ArchiveError::UnknownSeries`] if there are no `from` candles, [`ArchiveError::Conflict`] if other
    /// `to` candles are stored, [`ArchiveError::Locked`] while another process changes the store.
    pub fn resample(
        &self,
        instrument: &InstrumentName,
        timeframes: (Timeframe, Timeframe),
        conflicts: ConflictPolicy,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Resampled, ArchiveError> {
        let (from, to) = timeframes;
        if from >= to || !to.is_multiple_of(from) {
            return Err(ArchiveError::NotMultiple { from, to });
        }
        let owner = Owner { instrument, timeframe: from };
        let months = self.existing_months(owner)?;
        let decimals = decimals_max(&months);
        let change = Change::begin(&self.dir, Owner { instrument, timeframe: to })?;
        let mut writer = MonthWriter::new(change, to, decimals, conflicts)?;
        let mut buckets = Buckets::new(from, to);
        self.rows(owner, &months, Range::ALL, progress, |row| match buckets.push(row) {
            Some(bucket) => writer.push(&bucket),
            None => Ok(()),
        })?;
        if let Some(bucket) = buckets.last() {
            writer.push(&bucket)?;
        }
        let (Effect { added, same, replaced }, _) = writer.finish()?;
        Ok(Resampled { added, same, replaced, ..buckets.report })
    }
}

/// The bucket that is being filled.
#[derive(Debug, Clone, Copy)]
struct Open {
    row: CandleRow,
    bars: i64,
    end_ms: i64,
    /// Open time of its latest bar.
    last_ms: i64,
    /// Whether bars may be missing because the data starts later.
    cut: bool,
}

/// Gathers finer candles into buckets.
#[derive(Debug)]
struct Buckets {
    to: Timeframe,
    step_ms: i64,
    open: Option<Open>,
    report: Resampled,
}

impl Buckets {
    fn new(from: Timeframe, to: Timeframe) -> Buckets {
        let report = Resampled {
            buckets: 0,
            dropped: 0,
            with_holes: 0,
            bars_missing: 0,
            added: 0,
            same: 0,
            replaced: 0,
        };
        Buckets { to, step_ms: from.span().millis(), open: None, report }
    }

    /// Takes the next bar; gives the bucket before it if that is over now.
    fn push(&mut self, row: &CandleRow) -> Option<CandleRow> {
        if let Some(open) = &mut self.open
            && row.ts_ms < open.end_ms
        {
            open.add(row);
            return None;
        }
        let start_ms = self.to.floor(Ts::from_millis(row.ts_ms)).millis();
        let open = Open {
            row: CandleRow { ts_ms: start_ms, ..*row },
            bars: 1,
            end_ms: start_ms + self.to.span().millis(),
            last_ms: row.ts_ms,
            cut: self.open.is_none() && row.ts_ms != start_ms,
        };
        let before = self.open.replace(open)?;
        self.close(&before)
    }

    /// The last bucket, if no bar of it can still come.
    fn last(&mut self) -> Option<CandleRow> {
        let open = self.open.take()?;
        if open.last_ms + self.step_ms == open.end_ms {
            return self.close(&open);
        }
        self.report.dropped += 1;
        None
    }

    fn close(&mut self, open: &Open) -> Option<CandleRow> {
        if open.cut {
            self.report.dropped += 1;
            return None;
        }
        let expected = self.to.span().millis() / self.step_ms;
        let missing = u64::try_from(expected - open.bars).unwrap_or(0);
        self.report.buckets += 1;
        self.report.with_holes += u64::from(missing > 0);
        self.report.bars_missing += missing;
        Some(open.row)
    }
}

impl Open {
    /// Rows of one reading of the store have one scale, so the units can be compared.
    fn add(&mut self, bar: &CandleRow) {
        self.row.high = self.row.high.max(bar.high);
        self.row.low = self.row.low.min(bar.low);
        self.row.close = bar.close;
        self.row.volume += bar.volume;
        self.bars += 1;
        self.last_ms = bar.ts_ms;
    }
}
