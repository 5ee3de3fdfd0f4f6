//! What the fuzz targets do with their bytes, without libFuzzer: the tests of `crates/smc` run it on the seeds.
#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each target uses its own part; a finding is a panic"
)]

#[path = "../../crates/smc/tests/contract/mod.rs"]
mod contract;
#[path = "../../crates/smc/tests/rig/mod.rs"]
mod rig;

pub(crate) mod detectors;
pub(crate) mod export_names;
pub(crate) mod input;
pub(crate) mod parity;
