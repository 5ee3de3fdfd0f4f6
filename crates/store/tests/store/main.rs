//! Behaviour tests of the journal and the database: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod damage;
mod database;
mod faults;
mod lock;
mod postgres;
mod rebuild;
mod roundtrip;
mod segments;
mod speed;
