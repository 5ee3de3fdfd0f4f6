//! Behaviour tests of the strategies: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod ema_cross;
mod no_allocation;
mod outlook;
mod plans;
mod prefix;
mod real_candles;
mod smc_record;
mod smc_settings;
