//! Behaviour tests of the exchange in a box: one binary, one module a subject.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking and picks what it looks for"
)]

mod absurd;
mod common;
mod faults;
mod futures_rest;
mod futures_stream;
mod own_client;
mod own_spot_client;
mod serve;
mod world;
