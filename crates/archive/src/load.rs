//! Loading and auditing files of candles.

use std::path::Path;

use seawall_model::{Timeframe, Ts};

use crate::audit::{Audit, AuditSettings};
use crate::auditor::Auditor;
use crate::csv::{CandleReader, CandleRow, Row};
use crate::error::ArchiveError;
use crate::progress::{Progress, ROWS_PER_REPORT, Stage};
use crate::range::Range;
use crate::report;
use crate::series::RawSeries;
use crate::text;

/// Rows after which the size of the whole series is guessed.
const ROWS_TO_GUESS: u64 = 1_024;

/// What to do with missing bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HolePolicy {
    /// Load what there is and report the holes. Nothing is ever filled in.
    #[default]
    Report,
    /// Refuse the file.
    Refuse,
}

/// A file of candles, loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The candles in the range.
    pub candles: RawSeries,
    /// The most decimals that a price of the whole file has: the `data_decimals` of its instrument.
    pub decimals: u32,
    /// What was found: faults in the whole file (there are none), the rest in the range.
    pub audit: Audit,
}

/// Loads the candles of `path` that open in `range` (start inclusive, end exclusive) in one pass. The whole
/// file is checked, whatever the range.
///
/// # Errors
/// [`ArchiveError::Faulty`] with the list of faults, [`ArchiveError::Timeframe`] if the rows are of another
/// timeframe, [`ArchiveError::Holes`] if `policy` refuses them, [`ArchiveError::NoRows`] or
/// [`ArchiveError::EmptyRange`] if there is nothing to load, and what reading can give.
pub fn load_candles(
    path: &Path,
    timeframe: Timeframe,
    range: Option<(Ts, Ts)>,
    policy: HolePolicy,
    progress: &mut dyn FnMut(Progress),
) -> Result<Loaded, ArchiveError> {
    let mut reader = CandleReader::open(path)?;
    let bounds = Range::new(range);
    let mut auditor = Auditor::new(timeframe, AuditSettings::default(), bounds);
    let mut candles = RawSeries::new(timeframe);
    walk(&mut reader, &mut auditor, Stage::Reading, progress, |row, reader| {
        if reader.rows() == ROWS_TO_GUESS && range.is_none() {
            // Only a hint: if it cannot be had, the series grows step by step.
            let _ = candles.reserve_total(reader.rows_expected());
        }
        if !candles.reserve_next() {
            return Err(ArchiveError::Memory { path: path.to_owned(), rows: reader.rows() });
        }
        candles.push_row(row).map_err(|_| too_many_digits(path, row))
    })?;
    candles.trim();
    let extent = auditor.extent();
    let audit = auditor.finish();
    refuse_unsound(path, &audit)?;
    let Some((first, last)) = extent else {
        return Err(ArchiveError::NoRows { path: path.to_owned() });
    };
    if let (Some((from, to)), 0) = (range, audit.rows) {
        return Err(ArchiveError::EmptyRange { path: path.to_owned(), from, to, first, last });
    }
    refuse_holes(path, &audit, policy)?;
    Ok(Loaded { candles, decimals: audit.decimals, audit })
}

/// Checks the candles of `path` without keeping any.
///
/// # Errors
/// What reading can give. Faults are not an error here: they are in the audit.
pub fn audit_file(
    path: &Path,
    timeframe: Timeframe,
    settings: AuditSettings,
    progress: &mut dyn FnMut(Progress),
) -> Result<Audit, ArchiveError> {
    let mut reader = CandleReader::open(path)?;
    let mut auditor = Auditor::new(timeframe, settings, Range::ALL);
    walk(&mut reader, &mut auditor, Stage::Checking, progress, |_, _| Ok(()))?;
    Ok(auditor.finish())
}

/// The most decimals that a price in `path` has: the `data_decimals` of its instrument.
///
/// # Errors
/// What reading can give, and [`ArchiveError::Faulty`] if a line is no row.
pub fn scan_decimals(path: &Path, timeframe: Timeframe) -> Result<u32, ArchiveError> {
    let audit = audit_file(path, timeframe, AuditSettings::default(), &mut |_| {})?;
    refuse_unsound(path, &audit)?;
    Ok(audit.decimals)
}

/// Leads every row past the auditor, and those that are sound and in range to `take` as long as there was no
/// fault.
pub(crate) fn walk(
    reader: &mut CandleReader,
    auditor: &mut Auditor,
    stage: Stage,
    progress: &mut dyn FnMut(Progress),
    mut take: impl FnMut(&CandleRow, &CandleReader) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    loop {
        match reader.next_row()? {
            Row::Candle(row) => {
                if auditor.observe(&row) && auditor.faults() == 0 {
                    take(&row, reader)?;
                }
            }
            Row::Fault(fault) => auditor.observe_fault(fault),
            Row::End => break,
        }
        if reader.rows().is_multiple_of(ROWS_PER_REPORT) {
            progress(reader.progress(stage));
        }
    }
    progress(reader.progress(stage));
    Ok(())
}

/// Refuses a series that may not be used.
pub(crate) fn refuse_unsound(path: &Path, audit: &Audit) -> Result<(), ArchiveError> {
    let path = path.to_owned();
    if let Some(step_ms) = audit.other_step_ms {
        let declared = audit.timeframe;
        return Err(ArchiveError::Timeframe { path, declared, found: report::step(step_ms) });
    }
    if audit.faults.count > 0 {
        return Err(ArchiveError::Faulty { path, audit: Box::new(audit.clone()) });
    }
    Ok(())
}

/// Refuses a series with holes where the caller wants none.
pub(crate) fn refuse_holes(path: &Path, audit: &Audit, policy: HolePolicy) -> Result<(), ArchiveError> {
    match policy {
        HolePolicy::Refuse if audit.holes.count > 0 => {
            Err(ArchiveError::Holes { path: path.to_owned(), audit: Box::new(audit.clone()) })
        }
        HolePolicy::Refuse | HolePolicy::Report => Ok(()),
    }
}

#[cold]
fn too_many_digits(path: &Path, row: &CandleRow) -> ArchiveError {
    ArchiveError::Field {
        path: path.to_owned(),
        line: row.line,
        column: "high",
        value: text::fixed_text(row.high, row.decimals),
        problem:
            "cannot be held exactly beside the other prices of the file: prices and their decimals together \
                  have too many digits, round the long ones"
                .to_owned(),
    }
}
