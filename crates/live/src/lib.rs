//! The runtime around the engine: a thread of its own, a clock, the journal, the database, readers.
//!
//! It drives the engine over a venue ([`run`], carried by [`net`]) and over the synthetic market ([`demo`]),
//! and replays journals ([`replay`]). The engine's loop is the one that backtests use
//! ([`seawall_engine::Pump`]).
//!
//! Invariants: an input is in the journal before the engine sees it; intents are synced before they leave;
//! readers get snapshots and never touch the engine; a slow or broken reader never slows it.

pub mod account_folder;
pub mod alerts;
pub mod board;
pub mod demo;
pub mod discovery;
pub mod doctor;
pub mod error;
pub mod manifest;
pub mod net;
pub mod paper_books;
pub mod replay;
pub mod run;
pub mod snapshot;
pub mod summary;
pub mod wall_clock;

mod clock;
mod database;
mod ending;
mod hash;
mod kill_watch;
mod listing;
mod readers;
mod recorder;
mod tally;
mod twins;
mod watermarks;

pub use account_folder::AccountFolder;
pub use board::Board;
pub use demo::{Demo, DemoOptions, StopSwitch};
pub use error::LiveError;
pub use manifest::Manifest;
pub use net::NetError;
pub use replay::{ReplayReport, rebuild, replay};
pub use run::{Mode, PaperDrive, Run, RunOptions};
pub use seawall_store::carry_log::{CarryLog, restore};
pub use snapshot::Snapshot;
pub use summary::Summary;
