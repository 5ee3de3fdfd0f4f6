//! Behaviour tests of runs, metrics and reports: one binary, one module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
mod instant;
mod metrics_golden;
mod report_html;
mod report_json;
mod report_real;
mod report_text;
mod shadows;
mod signal;
mod threads;
mod universe;
