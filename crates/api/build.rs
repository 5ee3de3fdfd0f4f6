//! Has the crate built again when the dashboard was: which files there are is known at build time.
//!
//! The folder is always there, if only with a file that holds its place; one that is absent would have
//! everything built again each time.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed=build.rs");
}
