//! The store: candles as Parquet files, one per venue, instrument, timeframe and month.
//!
//! Month files never change: a new import writes new ones beside and renames them into place, all or none.
//! Within a series times are unique and rising, whatever was imported in which order.

mod change;
mod export;
mod import;
mod merge;
mod month;
mod month_file;
mod names;
mod read;
mod resample;
mod summary;

use std::fs;
use std::path::{Path, PathBuf};

use seawall_model::{InstrumentName, Timeframe, Ts};
use serde::{Deserialize, Serialize};

pub use export::{CsvFormat, Exported};
pub use import::{ImportOptions, Imported};
pub use merge::ConflictPolicy;
pub use resample::Resampled;

use crate::error::ArchiveError;
use month::Month;
use month_file::Owner;
use summary::{Summary, missing_between};

/// How many series a message names.
const SERIES_NAMED_MAX: usize = 12;

/// A directory of candles.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

/// What is stored of one series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesInfo {
    /// Whose candles.
    pub instrument: InstrumentName,
    /// Which candles.
    pub timeframe: Timeframe,
    /// Open time of the first one.
    pub from: Ts,
    /// Open time of the last one.
    pub to: Ts,
    /// How many there are.
    pub rows: u64,
    /// Places where bars are missing.
    pub holes: u64,
    /// Bars that are missing.
    pub bars_missing: u64,
    /// Bars during which nothing was traded.
    pub zero_volume: u64,
    /// The most decimals of a price.
    pub decimals: u32,
    /// How many month files.
    pub months: u64,
    /// Their size on disk.
    pub bytes: u64,
}

impl Store {
    /// The store in `dir`, which need not exist yet: the first import makes it.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] if `dir` is something else than a directory.
    pub fn open(dir: &Path) -> Result<Store, ArchiveError> {
        if dir.exists() && !dir.is_dir() {
            let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
            return Err(ArchiveError::io(dir, "use as a store")(source));
        }
        Ok(Store { dir: dir.to_owned() })
    }

    /// Everything that is stored, by venue, instrument and timeframe. Reads footers only. Directories and
    /// files that are not the store's own are passed over.
    ///
    /// # Errors
    /// [`ArchiveError::Io`] and [`ArchiveError::Parquet`] for files that cannot be read.
    pub fn list(&self) -> Result<Vec<SeriesInfo>, ArchiveError> {
        let mut found = Vec::new();
        for (instrument, timeframe) in self.names()? {
            let owner = Owner { instrument: &instrument, timeframe };
            let months = self.months(owner)?;
            found.extend(info(owner, &months));
        }
        Ok(found)
    }

    /// The series that have a directory.
    fn names(&self) -> Result<Vec<(InstrumentName, Timeframe)>, ArchiveError> {
        let mut found = Vec::new();
        for venue in children(&self.dir)? {
            let venue_dir = self.dir.join(&venue);
            for slug in children(&venue_dir)? {
                let Some(instrument) = names::instrument(&venue, &slug) else { continue };
                let timeframes = children(&venue_dir.join(&slug))?;
                found.extend(
                    timeframes.iter().filter_map(|name| Some((instrument.clone(), name.parse().ok()?))),
                );
            }
        }
        found.sort();
        Ok(found)
    }

    /// The months of a series with their summaries, oldest first.
    fn months(&self, owner: Owner<'_>) -> Result<Vec<StoredMonth>, ArchiveError> {
        let dir = names::series_dir(&self.dir, owner.instrument, owner.timeframe);
        let mut months: Vec<Month> =
            children(&dir)?.iter().filter_map(|name| Month::of_file_name(name)).collect();
        months.sort();
        let with_summary = |month: Month| {
            let path = dir.join(month.file_name());
            let summary = month_file::summary(&path, owner)?;
            Ok(StoredMonth { path, summary })
        };
        months.into_iter().map(with_summary).collect()
    }

    /// The months of a series that must be there.
    fn existing_months(&self, owner: Owner<'_>) -> Result<Vec<StoredMonth>, ArchiveError> {
        let months = self.months(owner)?;
        if months.is_empty() {
            return Err(ArchiveError::UnknownSeries {
                path: self.dir.clone(),
                instrument: owner.instrument.clone(),
                timeframe: owner.timeframe,
                known: self.known()?,
            });
        }
        Ok(months)
    }

    fn known(&self) -> Result<String, ArchiveError> {
        let names = self.names()?;
        let mut shown: Vec<String> = names
            .iter()
            .take(SERIES_NAMED_MAX)
            .map(|(instrument, timeframe)| format!("{instrument} {timeframe}"))
            .collect();
        if names.len() > SERIES_NAMED_MAX {
            shown.push(format!("and {} more", names.len() - SERIES_NAMED_MAX));
        }
        Ok(if shown.is_empty() { "none".to_owned() } else { shown.join(", ") })
    }

    /// The directory of a series, for messages.
    fn series_dir(&self, owner: Owner<'_>) -> PathBuf {
        names::series_dir(&self.dir, owner.instrument, owner.timeframe)
    }
}

/// A month file and what its footer says.
#[derive(Debug)]
struct StoredMonth {
    path: PathBuf,
    summary: Summary,
}

fn info(owner: Owner<'_>, months: &[StoredMonth]) -> Option<SeriesInfo> {
    let (first, last) = (months.first()?, months.last()?);
    let step = owner.timeframe.span().millis();
    let mut info = SeriesInfo {
        instrument: owner.instrument.clone(),
        timeframe: owner.timeframe,
        from: first.summary.first(),
        to: last.summary.last(),
        rows: 0,
        holes: 0,
        bars_missing: 0,
        zero_volume: 0,
        decimals: 0,
        months: 0,
        bytes: 0,
    };
    let mut before: Option<Summary> = None;
    for StoredMonth { summary, .. } in months {
        let between = before.map_or(0, |before| missing_between(before.last_ms, summary.first_ms, step));
        info.rows = info.rows.saturating_add(summary.rows);
        info.holes = info.holes.saturating_add(summary.holes).saturating_add(u64::from(between > 0));
        info.bars_missing = info.bars_missing.saturating_add(summary.bars_missing).saturating_add(between);
        info.zero_volume = info.zero_volume.saturating_add(summary.zero_volume);
        info.decimals = info.decimals.max(summary.decimals);
        info.months += 1;
        info.bytes = info.bytes.saturating_add(summary.bytes);
        before = Some(*summary);
    }
    Some(info)
}

/// The names in a directory that are text and not hidden, sorted; none if it does not exist or is a file.
fn children(dir: &Path) -> Result<Vec<String>, ArchiveError> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(ArchiveError::io(dir, "list"))? {
        let entry = entry.map_err(ArchiveError::io(dir, "list"))?;
        names.extend(entry.file_name().into_string().ok().filter(|name| !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}
