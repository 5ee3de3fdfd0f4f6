//! The face of a run: an HTTP API with an event stream, health and metrics.
//!
//! Everything that is read comes from the run's [`Board`](seawall_live::Board) (immutable views, numbered
//! events) and from the database; everything that is commanded goes through the board to the engine's input.
//!
//! Invariants:
//! - nothing here makes the engine's thread wait, and a run goes on where its face cannot be shown;
//! - every path wants somebody known, unless it is on the short list of [`guard`]; what changes something
//!   wants an operator, and from a browser the session's own word against forgery;
//! - what raises risk is asked for twice; who and why stand in the journal before the engine is told;
//! - no answer holds a secret: tokens are stored as hashes and shown once, when they are made;
//! - every list, body, wait and queue has a bound; an error is one form with a stable code.

pub mod access;
pub mod fault;
pub mod guard;
pub mod logs;

mod assets;
mod backtests;
mod body;
mod books;
mod confirmations;
mod error;
mod headers;
mod health;
mod metrics;
mod names;
mod openapi;
mod routes;
mod server;
mod state;
mod study;
mod tallies;
mod tls;

pub use error::ApiError;
pub use openapi::document;
pub use server::{Face, FaceOptions, check};
