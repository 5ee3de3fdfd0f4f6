//! Behaviour of the alerts, in one binary: routing in virtual time, channels against stand-ins.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod book;
mod channels;
mod commands;
mod drill;
mod routing;
mod stand_ins;
