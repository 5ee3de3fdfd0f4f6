//! `cargo xtask storm --parity`: one data set through every driver of the engine; ends with 30 (the code of
//! O10) where they differ.

#![allow(clippy::print_stdout, reason = "it talks through the terminal")]

#[path = "../tests/parity_common/mod.rs"]
mod parity_common;

use std::process::ExitCode;

use seawall_storm::Oracle;

fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("seawall-parity-{}", std::process::id()));
    let compared = parity_common::compare(&folder, 0);
    // What the paper run wrote is of no further use.
    let _ = std::fs::remove_dir_all(&folder);
    let compared = match compared {
        Ok(compared) => compared,
        Err(error) => {
            println!("{}: a driver failed: {error}", Oracle::Parity.name());
            return ExitCode::from(Oracle::Parity.exit_code());
        }
    };
    let (orders, fills, entered) = compared.counts;
    println!("{} events, {entered} entries, {orders} orders, {fills} fills", compared.events);
    for one in &compared.drivers {
        println!("  {:16} {}  {}", one.driver, one.fingerprint, one.digest.as_deref().unwrap_or("-"));
    }
    let others = compared.others();
    if others.is_empty() && compared.broken.is_none() {
        println!("{}: every driver did the same, bit for bit", Oracle::Parity.name());
        return ExitCode::SUCCESS;
    }
    println!("{} broken: {} did something else", Oracle::Parity.name(), others.join(", "));
    if let Some(broken) = compared.broken {
        println!("  {broken}");
    }
    ExitCode::from(Oracle::Parity.exit_code())
}
