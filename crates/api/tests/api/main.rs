//! The face of a run, asked as anybody on the network could ask it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod alerts;
mod chart;
mod commands;
mod document;
mod figures;
mod hostile;
mod monitoring;
mod reads;
mod settings;
mod signals;
mod stage;
mod stream;
