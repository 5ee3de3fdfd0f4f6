//! The commands, a file each.

pub(crate) mod api;
pub(crate) mod backtest;
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod decisions;
pub(crate) mod demo;
mod demo_box;
mod demo_drills;
pub(crate) mod doctor;
pub(crate) mod journal;
pub(crate) mod kill_switch;
pub(crate) mod notify;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod smc;
pub(crate) mod testnet;
pub(crate) mod view;
pub(crate) mod why;
