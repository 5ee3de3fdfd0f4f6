//! `seawall smc`.

mod columns;
mod draw;
mod export;
mod grid;
mod input;
mod scan;

use crate::exit::Failure;
use crate::smc_args::{SmcArgs, SmcCommand};

pub(crate) use scan::ScanArgs;

/// Runs the command.
pub(crate) fn run(args: &SmcArgs) -> Result<(), Failure> {
    match &args.command {
        SmcCommand::Export(args) => export::run(args),
        SmcCommand::Scan(args) => scan::run(args),
    }
}
