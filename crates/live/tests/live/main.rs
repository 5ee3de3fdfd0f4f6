//! Behaviour tests of the live drivers: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod account_folder;
mod box_common;
mod chat;
mod crash_restart;
mod database;
mod demo;
mod held;
mod net;
mod net_common;
mod parity;
#[path = "../parity_common/mod.rs"]
mod parity_common;
mod restart_common;
mod run;
