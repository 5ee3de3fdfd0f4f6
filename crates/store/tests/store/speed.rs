//! What a record costs: printed, not asserted. Run with
//! `cargo test --release -p seawall-store --test store speed:: -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "a measurement prints")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::common::{at, fill, info, inputs, requests};
use seawall_model::{Input, VenueEvent};
use seawall_store::disk::StdDisk;
use seawall_store::journal::{Journal, JournalOptions, verify};

const RECORDS: u32 = 1_000_000;

fn measure(dir: &Path, name: &str, input: &Input) {
    let _ = std::fs::remove_dir_all(dir);
    let mut journal = Journal::create_on(Arc::new(StdDisk), dir, info(), JournalOptions::default()).unwrap();
    let start = Instant::now();
    for _ in 0..RECORDS {
        journal.append_input(at(0), input).unwrap();
    }
    let appended = start.elapsed();
    journal.close().unwrap();
    let start = Instant::now();
    assert_eq!(Journal::read(dir).unwrap().map(Result::unwrap).count(), 1_000_000);
    let read = start.elapsed();
    let start = Instant::now();
    let report = verify(dir, &mut |_| ()).unwrap();
    let verified = start.elapsed();
    let bytes = report.bytes / u64::from(RECORDS);
    println!(
        "{name}: {bytes} B, append {:?}, read {:?}, verify {:?} a record",
        appended / RECORDS,
        read / RECORDS,
        verified / RECORDS
    );
}

#[test]
#[ignore = "a measurement"]
fn what_a_record_costs() {
    let dir = std::env::temp_dir().join(format!("seawall-speed-{}", std::process::id()));
    let candle = inputs().into_iter().find(|input| matches!(input, Input::Candle { .. })).unwrap();
    measure(&dir, "candle", &candle);
    measure(&dir, "fill", &Input::Venue(VenueEvent::Filled(fill(123_456_789))));
    measure(&dir, "wakeup", &Input::Wakeup);

    let _ = std::fs::remove_dir_all(&dir);
    let mut journal = Journal::create(&dir, info()).unwrap();
    let place = &requests()[..1];
    let mut syncs: Vec<_> = (0..300)
        .map(|_| {
            let start = Instant::now();
            journal.append_dispatch(at(0), place).unwrap();
            journal.sync().unwrap();
            start.elapsed()
        })
        .collect();
    syncs.sort_unstable();
    println!("dispatch and sync: median {:?}, 99 % {:?}", syncs[150], syncs[297]);
    std::fs::remove_dir_all(&dir).unwrap();
}
