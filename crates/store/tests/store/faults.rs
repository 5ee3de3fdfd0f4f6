//! What a bad disk or a loss of power does to a journal being written: what was synced is there.

use crate::common;
use crate::common::journals::{arc, assert_prefix, create, dir, few, open, read, write_all};
use crate::common::{at, info, records};
use seawall_store::StoreError;
use seawall_store::disk::{Fault, MemoryDisk};
use seawall_store::journal::{Journal, JournalOptions, Record};

/// [I-75]: intents that could not be written were sent all the same.
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
fn what_is_handed_over_outlives_the_process_and_not_the_machine() {
    let disk = MemoryDisk::new();
    let mut journal = create(&disk, u64::MAX);
    let records = records();
    journal.append(at(0), &records[0]).unwrap();
    journal.sync().unwrap();
    journal.append(at(1), &records[1]).unwrap();
    assert_eq!(read(&disk).unwrap().len(), 1, "it waits in memory");
    journal.hand_over().unwrap();
    journal.hand_over().unwrap();
    assert_eq!((read(&disk).unwrap().len(), journal.synced_seq()), (2, 1));
    drop(journal);
    assert_prefix(&read(&disk).unwrap(), &records);
    disk.crash(0);
    assert_eq!(read(&disk).unwrap().len(), 1);
}
