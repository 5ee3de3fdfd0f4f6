//! Behaviour tests of the configuration: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bad;
mod files;
mod keys;
mod layers;
mod random;
