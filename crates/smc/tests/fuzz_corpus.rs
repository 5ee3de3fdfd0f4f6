//! The seeds of the fuzz targets through the bodies of the targets, on the stable compiler: what fuzzing
//! found once stays found.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../fuzz/bodies/mod.rs"]
mod bodies;

use std::path::Path;

/// Runs a target on each of its seeds, and on each with its end cut off.
fn run_seeds(target: &str, run: fn(&[u8])) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds")).join(target);
    let mut seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(seeds.len() > 5, "{}: {} seeds", folder.display(), seeds.len());
    for seed in seeds {
        let data = std::fs::read(&seed).unwrap();
        for end in [data.len(), data.len() / 2, data.len().saturating_sub(1)] {
            run(data.get(..end).unwrap_or_default());
        }
    }
}

#[test]
fn every_seed_of_the_detectors_passes() {
    run_seeds("detectors", bodies::detectors::run);
}

#[test]
fn every_seed_of_parity_mode_passes() {
    run_seeds("parity", bodies::parity::run);
}

#[test]
fn every_seed_of_the_export_names_passes() {
    run_seeds("export_names", bodies::export_names::run);
}
