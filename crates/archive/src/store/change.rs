//! A change of the store: all of it or nothing.
//!
//! One process at a time (an OS lock on `.lock`). Month files are written and synced in `.staging`, then
//! renamed into place; if a rename fails, those before it are taken back. What a crash left in `.staging` is
//! removed by the next change; a crash between two renames leaves whole months, and repeating the change
//! completes it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::month::Month;
use super::month_file::{self, Owner};
use super::names;
use crate::error::ArchiveError;
use crate::series::RawSeries;

/// Months that are written but not yet in place.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    owner: Owner<'a>,
    staging: PathBuf,
    series_dir: PathBuf,
    staged: Vec<Month>,
    /// Holds the lock until the change is over.
    _lock: File,
}

impl<'a> Change<'a> {
    /// Starts a change of one series.
    pub(crate) fn begin(store: &Path, owner: Owner<'a>) -> Result<Change<'a>, ArchiveError> {
        fs::create_dir_all(store).map_err(ArchiveError::io(store, "create"))?;
        let lock_path = store.join(".lock");
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(ArchiveError::io(&lock_path, "open"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ArchiveError::Locked { path: lock_path }),
            Err(TryLockError::Error(error)) => {
                return Err(ArchiveError::io(&lock_path, "lock")(error));
            }
        }
        let staging = store.join(".staging");
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(ArchiveError::io(&staging, "remove"))?;
        }
        fs::create_dir(&staging).map_err(ArchiveError::io(&staging, "create"))?;
        let series_dir = names::series_dir(store, owner.instrument, owner.timeframe);
        Ok(Change { owner, staging, series_dir, staged: Vec::new(), _lock: lock })
    }

    /// What is stored for `month` now.
    pub(crate) fn stored(&self, month: Month) -> Result<Option<RawSeries>, ArchiveError> {
        let path = self.path(month);
        if path.exists() { month_file::read(&path, self.owner).map(Some) } else { Ok(None) }
    }

    /// The file of `month`.
    pub(crate) fn path(&self, month: Month) -> PathBuf {
        self.series_dir.join(month.file_name())
    }

    /// Writes a month beside the store.
    pub(crate) fn stage(&mut self, month: Month, series: &RawSeries) -> Result<(), ArchiveError> {
        month_file::write(&self.staging.join(month.file_name()), self.owner, series)?;
        self.staged.push(month);
        Ok(())
    }

    /// How many months are staged.
    pub(crate) fn staged(&self) -> usize {
        self.staged.len()
    }

    /// Puts all staged months in place.
    pub(crate) fn commit(self) -> Result<(), ArchiveError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let dir = &self.series_dir;
        fs::create_dir_all(dir).map_err(ArchiveError::io(dir, "create"))?;
        for month in self.staged.iter().copied() {
            let target = self.path(month);
            if target.exists() {
                let backup = self.backup(month);
                fs::copy(&target, &backup)
                    .map_err(ArchiveError::io(&backup, "keep a copy of the stored month in"))?;
            }
        }
        for (done, month) in self.staged.iter().copied().enumerate() {
            let target = self.path(month);
            if let Err(error) = fs::rename(self.staging.join(month.file_name()), &target) {
                self.take_back(done);
                return Err(ArchiveError::io(&target, "put the new month in place of")(error));
            }
        }
        sync_dir(dir)
    }

    fn backup(&self, month: Month) -> PathBuf {
        self.staging.join(format!("{month}.before"))
    }

    /// Undoes the first `count` renames as well as the disk allows.
    fn take_back(&self, count: usize) {
        for month in self.staged.iter().copied().take(count) {
            let (target, backup) = (self.path(month), self.backup(month));
            let _ = if backup.exists() { fs::rename(&backup, &target) } else { fs::remove_file(&target) };
        }
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        // Nothing depends on it: the next change removes what is left here.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

/// Makes renames in `dir` and its parents outlive a power loss.
fn sync_dir(dir: &Path) -> Result<(), ArchiveError> {
    for dir in dir.ancestors().take(4).filter(|dir| !dir.as_os_str().is_empty()) {
        let sync = File::open(dir).and_then(|handle| handle.sync_all());
        sync.map_err(ArchiveError::io(dir, "sync"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use seawall_model::{InstrumentName, Timeframe};

    use super::*;
    use crate::csv::CandleRow;

    fn series(close: i64) -> RawSeries {
        let mut series = RawSeries::new(Timeframe::D1);
        let ts_ms = 1_672_531_200_000;
        let row = CandleRow { line: 0, ts_ms, open: 5, high: 9, low: 1, close, decimals: 0, volume: 1.0 };
        series.push_row(&row).unwrap();
        series
    }

    #[test]
    fn a_rename_that_fails_takes_back_those_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let instrument: InstrumentName = "BTC/USDT".parse().unwrap();
        let owner = Owner { instrument: &instrument, timeframe: Timeframe::D1 };
        let [first, second, third]: [Month; 3] =
            ["2023-01", "2023-02", "2023-03"].map(|text| text.parse().unwrap());
        let mut change = Change::begin(dir.path(), owner).unwrap();
        change.stage(first, &series(2)).unwrap();
        change.commit().unwrap();

        let mut change = Change::begin(dir.path(), owner).unwrap();
        for month in [first, second, third] {
            change.stage(month, &series(3)).unwrap();
        }
        fs::remove_file(dir.path().join(".staging").join(third.file_name())).unwrap();
        assert!(matches!(change.commit(), Err(ArchiveError::Io { .. })));

        let change = Change::begin(dir.path(), owner).unwrap();
        assert_eq!(change.stored(first).unwrap(), Some(series(2)));
        assert_eq!(change.stored(second).unwrap(), None);
        assert_eq!(change.stored(third).unwrap(), None);
    }

    #[test]
    fn what_a_crash_left_is_removed_by_the_next_change() {
        let dir = tempfile::tempdir().unwrap();
        let instrument: InstrumentName = "BTC/USDT".parse().unwrap();
        let owner = Owner { instrument: &instrument, timeframe: Timeframe::D1 };
        let left = dir.path().join(".staging/2020-01.parquet");
        fs::create_dir_all(dir.path().join(".staging")).unwrap();
        fs::write(&left, "half").unwrap();
        let change = Change::begin(dir.path(), owner).unwrap();
        assert!(!left.exists());
        drop(change);
        assert!(!dir.path().join(".staging").exists());
    }
}
