//! Behaviour tests of the simulated exchange: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod candles;
mod common;
mod live;
mod money;
mod properties;
mod rules;
mod seed;
mod speed;
mod synthetic;
