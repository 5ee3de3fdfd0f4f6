//! What is written is read back, for every variant; and what schema 1 wrote stays readable.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::strategies::{
    INPUT_VARIANTS, REQUEST_VARIANTS, input, input_variant, request, request_variant, time,
};
use crate::common::{at, info, inputs, newer_inputs, newer_records, records, requests};
use proptest::prelude::*;
use seawall_model::{Candle, Input, InstrumentId, PriceUnits, Timeframe, Ts};
use seawall_store::disk::MemoryDisk;
use seawall_store::journal::{Entry, Journal, JournalOptions, Record};

const DIR: &str = "journal";

fn written(records: &[(Ts, Record)], options: JournalOptions) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut journal = Journal::create_on(Arc::new(disk.clone()), Path::new(DIR), info(), options).unwrap();
    for (at, record) in records {
        journal.append(*at, record).unwrap();
    }
    journal.close().unwrap();
    disk
}

fn read(disk: &MemoryDisk) -> Vec<Entry> {
    let reader = Journal::read_on(Arc::new(disk.clone()), Path::new(DIR)).unwrap();
    assert_eq!(reader.info(), &info());
    reader.map(Result::unwrap).collect()
}

fn timed(records: Vec<Record>) -> Vec<(Ts, Record)> {
    records.into_iter().enumerate().map(|(position, record)| (at(position), record)).collect()
}

fn assert_same(entries: &[Entry], records: &[(Ts, Record)]) {
    assert_eq!(entries.len(), records.len());
    for ((seq, entry), (at, record)) in (1..).zip(entries).zip(records) {
        assert_eq!((entry.seq, entry.at), (seq, *at));
        assert_eq!(&entry.record, record);
    }
}

#[test]
fn every_variant_is_among_the_samples() {
    let mut seen = [false; INPUT_VARIANTS];
    let all = inputs().into_iter().chain(newer_inputs());
    all.for_each(|input| seen[input_variant(&input)] = true);
    assert_eq!(seen, [true; INPUT_VARIANTS]);
    let mut seen = [false; REQUEST_VARIANTS];
    requests().iter().for_each(|request| seen[request_variant(request)] = true);
    assert_eq!(seen, [true; REQUEST_VARIANTS]);
}

#[test]
fn every_record_is_read_back() {
    let records = timed(records().into_iter().chain(newer_records()).collect());
    assert_same(&read(&written(&records, JournalOptions::default())), &records);
}

#[test]
fn what_is_no_number_keeps_its_bits() {
    let candle = Candle {
        open_time: Ts::EPOCH,
        known_at: Ts::from_millis(60_000),
        open: PriceUnits::ZERO,
        high: PriceUnits::ZERO,
        low: PriceUnits::ZERO,
        close: PriceUnits::ZERO,
        volume: 0.0,
    };
    for volume in [f64::NAN, f64::INFINITY, -0.0, f64::MIN_POSITIVE, 0.1 + 0.2] {
        let (instrument, timeframe) = (InstrumentId(0), Timeframe::M1);
        let input = Input::Candle { instrument, timeframe, candle: Candle { volume, ..candle } };
        let disk = written(&[(Ts::EPOCH, Record::Input(input))], JournalOptions::default());
        let Record::Input(Input::Candle { candle: read, .. }) = &read(&disk)[0].record else {
            panic!("not a candle");
        };
        assert_eq!(read.volume.to_bits(), volume.to_bits());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_is_read_back(
        inputs in prop::collection::vec((time(), input()), 1..20),
        segment in 0_u64..3_000,
    ) {
        let records: Vec<_> = inputs.into_iter().map(|(at, input)| (at, Record::Input(input))).collect();
        let disk = written(&records, JournalOptions { segment_bytes_max: segment });
        assert_same(&read(&disk), &records);
    }

    #[test]
    fn any_request_is_read_back(requests in prop::collection::vec(request(), 0..20), at in time()) {
        let records = [(at, Record::Dispatch(requests))];
        assert_same(&read(&written(&records, JournalOptions::default())), &records);
    }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schema-1.swj")
}

#[test]
fn schema_1_stays_readable_and_is_written_as_ever() {
    let bytes = std::fs::read(golden()).unwrap();
    let disk = MemoryDisk::new();
    let segment = Path::new(DIR).join("00000001.swj");
    disk.write(&segment, bytes.clone());
    let records = timed(records());
    assert_same(&read(&disk), &records);
    let again = written(&records, JournalOptions::default()).bytes(&segment).unwrap();
    assert!(
        again == bytes,
        "the same records are written differently: give the new form a new schema number"
    );
}

#[test]
#[ignore = "writes the golden file of a schema that has none yet"]
fn write_the_golden_file() {
    assert!(!golden().exists(), "a released schema never changes");
    let disk = written(&timed(records()), JournalOptions::default());
    std::fs::write(golden(), disk.bytes(&Path::new(DIR).join("00000001.swj")).unwrap()).unwrap();
}
