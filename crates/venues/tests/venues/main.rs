//! Behaviour tests of codecs and sessions: one binary, one module a subject.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking and picks what it looks for"
)]

mod common;
mod conformance_futures;
mod conformance_spot;
mod kraken_futures_rest;
mod kraken_futures_stream;
mod kraken_spot_rest;
mod kraken_spot_stream;
mod profiles;
mod round_trips;
