//! Behaviour tests of the archive: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bad_files;
mod common;
mod hostile;
mod real_data;
mod reports;
mod store;
mod throughput;
