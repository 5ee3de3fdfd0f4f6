//! Behaviour tests of detectors, indicators and charts: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod aggregation;
#[path = "../bars/mod.rs"]
mod bars;
mod blocks;
mod bounds;
mod chart;
mod common;
#[path = "../contract/mod.rs"]
mod contract;
mod detectors;
mod every_detector;
mod export;
mod export_events;
mod export_names;
mod fixtures;
mod indicators;
mod levels;
mod liquidity;
mod no_allocation;
mod parity_findings;
mod parity_fixtures;
mod parity_oracle;
mod pictures;
mod ranges;
#[path = "../rig/mod.rs"]
mod rig;
mod sessions;
mod setup;
mod smt;
mod timed;
mod transforms;
mod views;
mod zone_kinds;
