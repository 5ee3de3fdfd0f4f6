//! What a crash, a bad disk or a stray hand does to a journal, and what is left of it afterwards.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{at, info, records};
use seawall_store::StoreError;
use seawall_store::disk::{Disk, Fault, MemoryDisk};
use seawall_store::journal::{
    Entry, Journal, JournalInfo, JournalOptions, OpenReport, Record, show, verify_on,
};

const DIR: &str = "journal";
const HEADER_BYTES: usize = 28;

fn dir() -> &'static Path {
    Path::new(DIR)
}

fn segment(number: u32) -> PathBuf {
    dir().join(format!("{number:08}.swj"))
}

fn arc(disk: &MemoryDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn create(disk: &MemoryDisk, segment_bytes_max: u64) -> Journal {
    Journal::create_on(arc(disk), dir(), info(), JournalOptions { segment_bytes_max }).unwrap()
}

fn open(disk: &MemoryDisk) -> Result<(Journal, OpenReport), StoreError> {
    Journal::open_on(arc(disk), dir(), JournalOptions::default())
}

fn read(disk: &MemoryDisk) -> Result<Vec<Entry>, StoreError> {
    Journal::read_on(arc(disk), dir())?.collect()
}

/// A few records of all kinds, small enough to be cut at every byte.
fn few() -> Vec<Record> {
    records().into_iter().step_by(7).collect()
}

fn write_all(journal: &mut Journal, records: &[Record]) {
    for (position, record) in records.iter().enumerate() {
        journal.append(at(position), record).unwrap();
    }
}

/// A disk with one closed journal of `records` in one segment, and where each frame begins and the last ends.
fn one_segment(records: &[Record]) -> (MemoryDisk, Vec<usize>) {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, u64::MAX);
    let length = |disk: &MemoryDisk| disk.bytes(&segment(1)).unwrap().len();
    let mut starts = vec![length(&disk)];
    for (position, record) in records.iter().enumerate() {
        journal.append(at(position), record).unwrap();
        journal.sync().unwrap();
        starts.push(length(&disk));
    }
    journal.close().unwrap();
    (disk, starts)
}

fn with_bytes(bytes: Vec<u8>) -> MemoryDisk {
    let disk = MemoryDisk::new();
    disk.write(&segment(1), bytes);
    disk
}

fn assert_prefix(entries: &[Entry], records: &[Record]) {
    for ((seq, entry), record) in (1..).zip(entries).zip(records) {
        assert_eq!(entry.seq, seq);
        assert_eq!(&entry.record, record);
    }
}

#[test]
fn cut_at_any_byte_every_whole_record_survives_and_writing_goes_on() {
    let records = few();
    let (disk, starts) = one_segment(&records);
    let bytes = disk.bytes(&segment(1)).unwrap();
    for length in starts[0]..=bytes.len() {
        let whole = starts.iter().filter(|start| **start <= length).count() - 1;
        let disk = with_bytes(bytes[..length].to_vec());
        let reader_sees = read(&disk).unwrap();
        let (mut journal, report) = open(&disk).unwrap();
        assert_eq!(report.last_seq, u64::try_from(whole).unwrap());
        let cut = report.cut.map_or(0, |cut| cut.bytes);
        assert_eq!(usize::try_from(cut).unwrap(), length - starts[whole], "cut at {length}");
        assert_eq!(report.ended, whole > 0 && matches!(records[whole - 1], Record::End(_)));
        let seq = journal.append(at(99), &records[0]).unwrap();
        assert_eq!(seq, report.last_seq + 1);
        journal.close().unwrap();
        let entries = read(&disk).unwrap();
        assert_eq!(entries.len(), whole + 1);
        assert_prefix(&entries, &records[..whole]);
        assert_eq!(reader_sees[..], entries[..whole]);
    }
}

#[test]
fn a_segment_header_that_is_not_whole_is_refused() {
    let (disk, starts) = one_segment(&few());
    let bytes = disk.bytes(&segment(1)).unwrap();
    for length in 0..starts[0] {
        let disk = with_bytes(bytes[..length].to_vec());
        assert!(matches!(open(&disk), Err(StoreError::Corrupt { offset: 0, .. })), "{length} bytes");
        assert_eq!(disk.bytes(&segment(1)).unwrap().len(), length, "nothing is changed");
    }
    for at in 0..starts[0] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        let disk = with_bytes(bytes);
        assert!(open(&disk).is_err(), "byte {at}");
        assert!(read(&disk).is_err(), "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_the_middle_is_refused_and_in_the_last_record_cut() {
    let records = few();
    let (disk, starts) = one_segment(&records);
    let bytes = disk.bytes(&segment(1)).unwrap();
    let last = starts[starts.len() - 2];
    for position in starts[0]..bytes.len() {
        for bit in [0x01, 0x80] {
            let mut damaged = bytes.clone();
            damaged[position] ^= bit;
            let disk = with_bytes(damaged.clone());
            let opened = open(&disk);
            if position >= last {
                let (_, report) = opened.unwrap();
                assert_eq!(usize::try_from(report.last_seq).unwrap(), records.len() - 1);
                assert_eq!(usize::try_from(report.cut.unwrap().offset).unwrap(), last);
                continue;
            }
            let frame = starts.iter().rposition(|start| *start <= position).unwrap();
            let Err(StoreError::Corrupt { offset, seq, .. }) = opened else {
                panic!("byte {position} is accepted");
            };
            assert_eq!(usize::try_from(offset).unwrap(), starts[frame]);
            assert_eq!(usize::try_from(seq).unwrap(), frame + 1);
            assert!(read(&disk).is_err());
            assert_eq!(disk.bytes(&segment(1)).unwrap(), damaged, "nothing is changed");
            let report = verify_on(&disk, dir(), &mut |_| ()).unwrap();
            assert_eq!((report.damages, report.frames), (1, u64::try_from(records.len()).unwrap() - 1));
        }
    }
}

#[test]
fn waste_behind_the_last_record_is_cut() {
    let records = few();
    let (disk, starts) = one_segment(&records);
    let bytes = disk.bytes(&segment(1)).unwrap();
    let wastes =
        [vec![0; 1], vec![0; 5_000], vec![0xff; 300], (0..=255).collect::<Vec<u8>>(), vec![0x01; 200_000]];
    for waste in wastes {
        let disk = with_bytes([bytes.clone(), waste.clone()].concat());
        let (_, report) = open(&disk).unwrap();
        let cut = report.cut.unwrap();
        assert_eq!(usize::try_from(cut.bytes).unwrap(), waste.len());
        assert_eq!(usize::try_from(cut.offset).unwrap(), *starts.last().unwrap());
        assert_eq!(read(&disk).unwrap().len(), records.len());
    }
}

#[test]
fn a_record_that_is_gone_or_doubled_is_noticed() {
    let (disk, starts) = one_segment(&few());
    let bytes = disk.bytes(&segment(1)).unwrap();
    let (from, to) = (starts[2], starts[3]);
    let gone = [&bytes[..from], &bytes[to..]].concat();
    let doubled = [&bytes[..to], &bytes[from..]].concat();
    let half_gone = [&bytes[..from + 5], &bytes[to + 3..]].concat();
    for damaged in [gone, doubled, half_gone] {
        let disk = with_bytes(damaged);
        assert!(matches!(open(&disk), Err(StoreError::Corrupt { .. })));
        assert!(matches!(read(&disk), Err(StoreError::Corrupt { .. })));
        assert!(!verify_on(&disk, dir(), &mut |_| ()).unwrap().is_sound());
    }
}

/// The first frame of `bytes`, from `start`, with another kind or schema and a checksum that fits.
fn reframed(bytes: &[u8], start: usize, end: usize, kind: u16, schema: u16) -> Vec<u8> {
    let mut frame = bytes[start..end].to_vec();
    frame[8..10].copy_from_slice(&kind.to_le_bytes());
    frame[10..12].copy_from_slice(&schema.to_le_bytes());
    let crc = crc32fast::hash(&[&frame[..4], &frame[8..]].concat());
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    [&bytes[..start], &frame[..], &bytes[end..]].concat()
}

#[test]
fn a_kind_or_schema_of_another_version_is_named_and_never_cut() {
    let (disk, starts) = one_segment(&few());
    let bytes = disk.bytes(&segment(1)).unwrap();
    let last = starts.len() - 2;
    for (position, kind, schema, named) in
        [(0, 77, 1, "kind 77"), (last, 2, 2, "schema 2"), (last, 200, 9, "kind 200")]
    {
        let disk = with_bytes(reframed(&bytes, starts[position], starts[position + 1], kind, schema));
        for error in [open(&disk).err().unwrap(), read(&disk).err().unwrap()] {
            assert!(matches!(error, StoreError::UnknownForm { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
        assert!(!verify_on(&disk, dir(), &mut |_| ()).unwrap().is_sound());
    }
    // A header's payload is no input: intact, of a known kind, and still not understood.
    let disk = with_bytes(reframed(&bytes, starts[0], starts[1], 2, 1));
    let error = read(&disk).err().unwrap().to_string();
    assert!(error.contains("input record") && error.contains("00000001.swj"), "{error}");
    assert_eq!(verify_on(&disk, dir(), &mut |_| ()).unwrap().damages, 1);
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
fn a_failed_sync_poisons_the_writer() {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, u64::MAX);
    let record = &records()[0];
    journal.append(at(0), record).unwrap();
    journal.sync().unwrap();
    disk.inject(Fault::FailedSync { after_syncs: 1 });
    journal.append(at(1), record).unwrap();
    journal.sync().unwrap();
    journal.append(at(2), record).unwrap();
    assert!(matches!(journal.sync(), Err(StoreError::Io { action: "sync", .. })));
    assert_eq!((journal.synced_seq(), journal.last_seq()), (2, 3));
    for error in [journal.sync().err().unwrap(), journal.append(at(3), record).err().unwrap()] {
        assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
        assert!(error.to_string().contains("start again"), "{error}");
    }
    assert!(matches!(journal.close(), Err(StoreError::Poisoned { .. })));
    disk.crash(0);
    assert_eq!(open(&disk).unwrap().1.last_seq, 2);
}

/// Writes until the first error; returns how many records were synced before it.
fn until_error(disk: &MemoryDisk, records: &[Record]) -> usize {
    let options = JournalOptions { segment_bytes_max: 400 };
    let Ok(mut journal) = Journal::create_on(arc(disk), dir(), info(), options) else { return 0 };
    for (position, record) in records.iter().enumerate() {
        let written = journal.append(at(position), record).and_then(|_| journal.sync());
        if written.is_err() {
            assert!(matches!(journal.append(at(position), record), Err(StoreError::Poisoned { .. })));
            return position;
        }
    }
    records.len()
}

fn assert_recovers(disk: &MemoryDisk, synced: usize, records: &[Record]) {
    disk.heal();
    match open(disk) {
        Ok((mut journal, report)) => {
            let found = usize::try_from(report.last_seq).unwrap();
            assert!(found >= synced, "{synced} were synced, {found} are there");
            journal.append(at(0), &records[0]).unwrap();
            journal.close().unwrap();
            assert_prefix(&read(disk).unwrap()[..found], records);
        }
        Err(StoreError::NoJournal { .. }) => {
            assert_eq!(synced, 0);
            drop(create(disk, u64::MAX));
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_write_torn_at_any_byte_loses_nothing_that_was_synced() {
    let records = few();
    for after_bytes in 0..3_000 {
        let disk = MemoryDisk::new();
        disk.inject(Fault::TornWrite { after_bytes });
        let synced = until_error(&disk, &records);
        if after_bytes % 2 == 0 {
            disk.crash(usize::try_from(after_bytes % 7).unwrap());
        }
        assert_recovers(&disk, synced, &records);
    }
}

#[test]
fn a_disk_that_fills_up_at_any_byte_loses_nothing_that_was_synced() {
    let records = few();
    for after_bytes in 0..3_000 {
        let disk = MemoryDisk::new();
        disk.inject(Fault::Full { after_bytes });
        let synced = until_error(&disk, &records);
        assert_recovers(&disk, synced, &records);
    }
}

#[test]
fn any_failed_sync_and_a_crash_lose_nothing_that_was_synced() {
    let records = few();
    for after_syncs in 0..40 {
        for kept in [0, 3, 40, usize::MAX] {
            let disk = MemoryDisk::new();
            disk.inject(Fault::FailedSync { after_syncs });
            let synced = until_error(&disk, &records);
            disk.crash(kept);
            assert_recovers(&disk, synced, &records);
        }
    }
}

#[test]
fn what_was_not_synced_may_be_lost_but_only_from_the_end() {
    let records = few();
    for kept in 0..600 {
        let disk = MemoryDisk::new();
        let mut journal = create(&disk, u64::MAX);
        write_all(&mut journal, &records[..2]);
        journal.sync().unwrap();
        for (position, record) in records.iter().enumerate().skip(2) {
            journal.append(at(position), record).unwrap();
        }
        disk.inject(Fault::FailedSync { after_syncs: 0 });
        assert!(journal.sync().is_err());
        drop(journal);
        disk.crash(kept);
        assert_recovers(&disk, 2, &records);
    }
}

#[test]
fn a_record_too_large_for_a_frame_changes_nothing() {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, u64::MAX);
    let large = Record::Dispatch(common::requests().into_iter().cycle().take(400_000).collect());
    let error = journal.append(at(0), &large).err().unwrap();
    assert!(matches!(error, StoreError::FrameTooLarge { kind: "dispatch", .. }), "{error}");
    assert_eq!(journal.append(at(0), &records()[0]).unwrap(), 1);
    let fitting = Record::Dispatch(common::requests().into_iter().cycle().take(60_000).collect());
    assert_eq!(journal.append(at(1), &fitting).unwrap(), 2);
    journal.close().unwrap();
    assert_eq!(read(&disk).unwrap()[1].record, fitting);
}

#[test]
fn reading_while_writing_sees_what_was_handed_over() {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, 500);
    let records = records();
    for (position, record) in records.iter().enumerate() {
        journal.append(at(position), record).unwrap();
        journal.sync().unwrap();
        if position % 10 == 0 {
            assert_prefix(&read(&disk).unwrap(), &records[..=position]);
        }
    }
}

#[test]
fn a_journal_is_neither_overwritten_nor_opened_where_there_is_none() {
    let disk = MemoryDisk::new();
    assert!(matches!(open(&disk), Err(StoreError::NoJournal { .. })));
    assert!(matches!(read(&disk), Err(StoreError::NoJournal { .. })));
    drop(create(&disk, u64::MAX));
    let again = Journal::create_on(arc(&disk), dir(), info(), JournalOptions::default());
    assert!(matches!(again, Err(StoreError::JournalExists { .. })));
    assert_eq!(open(&disk).unwrap().1.last_seq, 0);
}

#[test]
fn the_chain_tells_journals_apart_and_copies_together() {
    let (disk, _) = one_segment(&few());
    let (copy, _) = one_segment(&few());
    let (other, _) = one_segment(&few()[1..]);
    let chain = |disk: &MemoryDisk| verify_on(disk, dir(), &mut |_| ()).unwrap().chain;
    assert_eq!(chain(&disk), chain(&copy));
    assert_ne!(chain(&disk), chain(&other));
}

#[test]
fn each_entry_is_one_line_with_names_and_decimals() {
    let (disk, _) = one_segment(&records());
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
