//! Several segments are one journal, checked and shown as one.

use std::path::PathBuf;
use std::sync::Arc;

use crate::common::journals::{arc, assert_prefix, create, dir, few, open, read, segment, write_all};
use crate::common::{at, info, records};
use seawall_store::StoreError;
use seawall_store::disk::{Disk, MemoryDisk, StdDisk};
use seawall_store::journal::{Journal, JournalInfo, JournalOptions, Record, show, verify, verify_on};

const HEADER_BYTES: usize = 28;

/// A closed journal of `records` in one segment.
fn one_segment(records: &[Record]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, u64::MAX);
    write_all(&mut journal, records);
    journal.close().unwrap();
    disk
}

#[test]
fn segments_rotate_at_their_limit_and_read_as_one() {
    let records = records();
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, 1_000);
    write_all(&mut journal, &records[..records.len() - 5]);
    journal.close().unwrap();
    let (mut journal, report) =
        Journal::open_on(arc(&disk), dir(), JournalOptions { segment_bytes_max: 1_000 }).unwrap();
    assert!(report.segments > 3 && report.cut.is_none());
    assert_eq!(journal.info(), &info());
    write_all(&mut journal, &records[records.len() - 5..]);
    journal.close().unwrap();
    let entries = read(&disk).unwrap();
    assert_eq!(entries.len(), records.len());
    assert_prefix(&entries, &records);
    let mut told = Vec::new();
    let report = verify_on(&disk, dir(), &mut |progress| told.push(progress.segments_done)).unwrap();
    assert!(report.is_sound() && report.tail.is_none() && report.end.is_some());
    assert_eq!(report.frames, u64::try_from(records.len()).unwrap());
    assert_eq!(told, (1..=report.segments).collect::<Vec<_>>());
    for number in 1..report.segments {
        assert!(disk.bytes(&segment(number)).unwrap().len() >= 1_000);
    }
}

/// A closed journal in several segments.
fn several_segments() -> (MemoryDisk, u32) {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, 1_000);
    write_all(&mut journal, &records());
    journal.close().unwrap();
    let segments = verify_on(&disk, dir(), &mut |_| ()).unwrap().segments;
    (disk, segments)
}

#[test]
fn a_missing_renamed_or_foreign_segment_is_refused() {
    let (disk, segments) = several_segments();
    let moved = disk.bytes(&segment(2)).unwrap();
    disk.remove(&segment(2)).unwrap();
    for error in [open(&disk).err().unwrap(), read(&disk).err().unwrap()] {
        assert!(matches!(&error, StoreError::SegmentMissing { file } if *file == segment(2)), "{error}");
    }
    disk.write(&segment(2), disk.bytes(&segment(3)).unwrap());
    let error = open(&disk).err().unwrap().to_string();
    assert!(error.contains("renamed"), "{error}");

    let foreign = MemoryDisk::new();
    let options = JournalOptions { segment_bytes_max: 1_000 };
    let other_run = JournalInfo { run: 8, ..info() };
    let mut journal = Journal::create_on(arc(&foreign), dir(), other_run, options).unwrap();
    write_all(&mut journal, &records());
    journal.close().unwrap();
    disk.write(&segment(2), foreign.bytes(&segment(2)).unwrap());
    let error = open(&disk).err().unwrap().to_string();
    assert!(error.contains("another run"), "{error}");
    disk.write(&segment(2), moved);
    assert!(open(&disk).is_ok());

    let first = disk.bytes(&segment(1)).unwrap();
    disk.write(&segment(1), first[..first.len() - 1].to_vec());
    assert!(matches!(read(&disk), Err(StoreError::Corrupt { .. })), "a tail is cut in the last segment only");
    let report = verify_on(&disk, dir(), &mut |_| ()).unwrap();
    assert!(!report.is_sound() && report.segments == segments);
    disk.remove(&segment(1)).unwrap();
    assert!(matches!(open(&disk), Err(StoreError::SegmentMissing { .. })));
}

#[test]
fn whole_records_missing_from_the_end_of_an_earlier_segment_are_noticed() {
    let (disk, _) = several_segments();
    let whole = disk.bytes(&segment(1)).unwrap();
    let header = 36 + usize::try_from(u32::from_le_bytes(whole[28..32].try_into().unwrap())).unwrap();
    let first = HEADER_BYTES
        + usize::try_from(u32::from_le_bytes(whole[header..header + 4].try_into().unwrap())).unwrap();
    disk.write(&segment(1), whole[..header + first].to_vec());
    let error = read(&disk).err().unwrap().to_string();
    assert!(error.contains("are missing from the end"), "{error}");
}

#[test]
fn the_chain_tells_journals_apart_and_copies_together() {
    let disk = one_segment(&few());
    let copy = one_segment(&few());
    let other = one_segment(&few()[1..]);
    let chain = |disk: &MemoryDisk| verify_on(disk, dir(), &mut |_| ()).unwrap().chain;
    assert_eq!(chain(&disk), chain(&copy));
    assert_ne!(chain(&disk), chain(&other));
}

#[test]
fn each_entry_is_one_line_with_names_and_decimals() {
    let disk = one_segment(&records());
    let lines: Vec<_> = read(&disk).unwrap().iter().map(|entry| show(entry, &info())).collect();
    assert!(lines.iter().all(|line| !line.contains('\n') && line.len() > 20));
    let with =
        |what: &str| lines.iter().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no {what}"));
    assert!(with("fill 1 ").ends_with(
        "input fill 1 kraken-futures:BTC/USD:USD buy 0.003 at 23296.5 fee 0.03494475 of sw00000070000002"
    ));
    assert!(with("place stop").contains("trigger"));
    assert!(with("mark #4294967295").contains("#-9223372036854775808"));
}

/// A directory on the real disk, gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("seawall-journal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Scratch(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_real_disk_keeps_a_journal_and_its_torn_tail_is_cut() {
    let scratch = Scratch::new("real");
    let dir = scratch.0.join("accounts/main");
    let options = JournalOptions { segment_bytes_max: 2_000 };
    let mut journal = Journal::create_on(Arc::new(StdDisk), &dir, info(), options).unwrap();
    write_all(&mut journal, &records());
    journal.close().unwrap();
    assert!(matches!(Journal::create(&dir, info()), Err(StoreError::JournalExists { .. })));

    let sound = verify(&dir, &mut |_| ()).unwrap();
    assert!(sound.is_sound() && sound.segments > 1);
    let last = dir.join(format!("{:08}.swj", sound.segments));
    let length = std::fs::metadata(&last).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&last).unwrap().set_len(length - 1).unwrap();
    std::fs::write(dir.join("00000099.unfinished"), "half a header").unwrap();
    assert!(verify(&dir, &mut |_| ()).unwrap().tail.is_some());

    let (mut journal, report) = Journal::open(&dir).unwrap();
    assert_eq!(report.last_seq, sound.frames - 1);
    assert_eq!(report.cut.unwrap().file, last);
    journal.append(at(0), records().last().unwrap()).unwrap();
    journal.close().unwrap();
    let entries: Vec<_> = Journal::read(&dir).unwrap().map(Result::unwrap).collect();
    assert_prefix(&entries, &records());
    assert_eq!(entries.len(), records().len());
    assert!(!dir.join("00000099.unfinished").exists());
}
