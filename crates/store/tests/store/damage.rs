//! A journal cut or changed at every byte: a tail is cut off, anything else is refused by its place.

use crate::common::at;
use crate::common::journals::{assert_prefix, create, dir, few, open, read, segment};
use seawall_store::StoreError;
use seawall_store::disk::MemoryDisk;
use seawall_store::journal::{Record, verify_on};

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
