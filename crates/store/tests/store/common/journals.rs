//! Journals on a disk in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_store::StoreError;
use seawall_store::disk::{Disk, MemoryDisk};
use seawall_store::journal::{Entry, Journal, JournalOptions, OpenReport, Record};

use super::{at, info, records};

const DIR: &str = "journal";

pub(crate) fn dir() -> &'static Path {
    Path::new(DIR)
}

pub(crate) fn segment(number: u32) -> PathBuf {
    dir().join(format!("{number:08}.swj"))
}

pub(crate) fn arc(disk: &MemoryDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

pub(crate) fn create(disk: &MemoryDisk, segment_bytes_max: u64) -> Journal {
    Journal::create_on(arc(disk), dir(), info(), JournalOptions { segment_bytes_max }).unwrap()
}

pub(crate) fn open(disk: &MemoryDisk) -> Result<(Journal, OpenReport), StoreError> {
    Journal::open_on(arc(disk), dir(), JournalOptions::default())
}

pub(crate) fn read(disk: &MemoryDisk) -> Result<Vec<Entry>, StoreError> {
    Journal::read_on(arc(disk), dir())?.collect()
}

/// A few records of all kinds, small enough to be cut at every byte.
pub(crate) fn few() -> Vec<Record> {
    records().into_iter().step_by(7).collect()
}

pub(crate) fn write_all(journal: &mut Journal, records: &[Record]) {
    for (position, record) in records.iter().enumerate() {
        journal.append(at(position), record).unwrap();
    }
}

pub(crate) fn assert_prefix(entries: &[Entry], records: &[Record]) {
    for ((seq, entry), record) in (1..).zip(entries).zip(records) {
        assert_eq!(entry.seq, seq);
        assert_eq!(&entry.record, record);
    }
}
