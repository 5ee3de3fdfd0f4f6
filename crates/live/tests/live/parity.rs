//! O10: without faults every driver of the engine does the same with one data set, bit for bit.

use crate::parity_common::compare;

/// [I-80]: see docs/incidents.md.
#[test]
fn backtest_paper_storm_and_replay_of_one_data_set_have_one_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let compared = compare(folder.path(), 0).unwrap();
    assert_eq!(compared.broken, None);
    assert_eq!(compared.others(), Vec::<&str>::new(), "{:#?}", compared.drivers);
    let (orders, fills, entered) = compared.counts;
    assert!(entered >= 20 && fills >= 40 && orders > fills, "{:?}: too little happens", compared.counts);
    assert!(compared.drivers.len() == 5 && compared.events > 10_000);
}

#[test]
fn a_millisecond_more_on_the_way_of_one_driver_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let compared = compare(folder.path(), 1).unwrap();
    assert_eq!(compared.others(), ["storm", "replay of storm"], "{:#?}", compared.drivers);
}
