//! Has the crate built again when the dashboard was: a release binary has it inside, and which files there are
//! is known at build time. A debug binary reads the folder while it runs, and need not be built again.
//!
//! The folder is always there, if only with a file that holds its place; one that is absent would have
//! everything built again each time.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=../../web/dist");
    }
}
