//! CSV into the store, month by month, in constant memory.

use std::path::Path;

use seawall_model::{InstrumentName, Timeframe, Ts};
use serde::{Deserialize, Serialize};

use super::Store;
use super::change::Change;
use super::merge::{self, ConflictPolicy, Effect};
use super::month::Month;
use super::month_file::Owner;
use crate::audit::{Audit, AuditSettings};
use crate::auditor::Auditor;
use crate::csv::{CandleReader, CandleRow};
use crate::error::ArchiveError;
use crate::load::{HolePolicy, audit_file, refuse_holes, refuse_unsound, walk};
use crate::progress::{Progress, Stage};
use crate::range::Range;
use crate::series::RawSeries;

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ImportOptions {
    /// Where a new row contradicts a stored one.
    pub conflicts: ConflictPolicy,
    /// Where bars are missing.
    pub holes: HolePolicy,
    /// What the audit tolerates.
    pub audit: AuditSettings,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// What was found in the source.
    pub audit: Audit,
    /// Rows that were not stored before.
    pub added: u64,
    /// Rows that were stored before with the same values.
    pub same: u64,
    /// Rows that were stored before with other values, and were replaced.
    pub replaced: u64,
    /// Month files that were written.
    pub months_written: u64,
}

impl Store {
    /// Imports the candles of a CSV or CSV.gz file. The file is checked as a whole first; then its months are
    /// written beside the store and put in place together. If anything fails, the store is as it was.
    ///
    /// # Errors
    /// What [`crate::load_candles`] gives for the file, [`ArchiveError::Conflict`] for rows that contradict
    /// stored ones, [`ArchiveError::Locked`] while another process changes the store.
    pub fn import(
        &self,
        source: &Path,
        instrument: &InstrumentName,
        timeframe: Timeframe,
        options: ImportOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Imported, ArchiveError> {
        let audit = audit_file(source, timeframe, options.audit, progress)?;
        refuse_unsound(source, &audit)?;
        refuse_holes(source, &audit, options.holes)?;
        if audit.rows == 0 {
            return Err(ArchiveError::NoRows { path: source.to_owned() });
        }
        let change = Change::begin(&self.dir, Owner { instrument, timeframe })?;
        let mut writer = MonthWriter::new(change, timeframe, audit.decimals, options.conflicts)?;
        let mut reader = CandleReader::open(source)?;
        let mut again = Auditor::new(timeframe, options.audit, Range::ALL);
        walk(&mut reader, &mut again, Stage::Writing, progress, |row, _| writer.push(row))?;
        // The file is read twice; if it changed in between, what was checked is not what was read.
        let again = again.finish();
        refuse_unsound(source, &again)?;
        if again != audit {
            let changed = std::io::Error::other("it changed while it was imported: import it again");
            return Err(ArchiveError::io(source, "import")(changed));
        }
        let (effect, months_written) = writer.finish()?;
        let Effect { added, same, replaced } = effect;
        Ok(Imported { audit, added, same, replaced, months_written })
    }
}

/// Collects rows and stages each month when it is full.
#[derive(Debug)]
pub(crate) struct MonthWriter<'a> {
    change: Change<'a>,
    month: Option<(Month, i64)>,
    series: RawSeries,
    decimals: u32,
    policy: ConflictPolicy,
    effect: Effect,
}

impl<'a> MonthWriter<'a> {
    pub(crate) fn new(
        change: Change<'a>,
        timeframe: Timeframe,
        decimals: u32,
        policy: ConflictPolicy,
    ) -> Result<MonthWriter<'a>, ArchiveError> {
        let mut series = RawSeries::new(timeframe);
        series.rescale(decimals)?;
        Ok(MonthWriter { change, month: None, series, decimals, policy, effect: Effect::default() })
    }

    /// Takes a sound row that is later than all before it.
    pub(crate) fn push(&mut self, row: &CandleRow) -> Result<(), ArchiveError> {
        if self.month.is_none_or(|(_, end_ms)| row.ts_ms >= end_ms) {
            self.flush()?;
            let month = Month::of(Ts::from_millis(row.ts_ms));
            self.month = Some((month, month.next().start().millis()));
        }
        self.series.push_row(row)
    }

    /// Stages the last month and puts everything in place.
    pub(crate) fn finish(mut self) -> Result<(Effect, u64), ArchiveError> {
        self.flush()?;
        let months = u64::try_from(self.change.staged()).unwrap_or(u64::MAX);
        self.change.commit()?;
        Ok((self.effect, months))
    }

    fn flush(&mut self) -> Result<(), ArchiveError> {
        let Some((month, _)) = self.month.take() else { return Ok(()) };
        let mut empty = RawSeries::new(self.series.timeframe());
        empty.rescale(self.decimals)?;
        let series = std::mem::replace(&mut self.series, empty);
        let effect = merge::stage(&mut self.change, month, series, self.policy)?;
        self.effect.added += effect.added;
        self.effect.same += effect.same;
        self.effect.replaced += effect.replaced;
        Ok(())
    }
}
