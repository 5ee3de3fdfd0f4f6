//! Behaviour tests of the built `seawall`: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod backtests;
mod bad_config;
mod bad_input;
mod common;
mod demo;
mod demo_box;
mod demo_drills;
mod doctor;
mod doctor_spot;
mod explanations;
mod log;
mod main_job;
mod notify;
mod signal;
mod smc_export;
mod smc_scan;
mod testnet;
