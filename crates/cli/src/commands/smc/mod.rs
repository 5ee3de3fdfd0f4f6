//! `seawall smc`.

mod columns;
mod export;
mod grid;
mod input;

use crate::exit::Failure;
use crate::smc_args::{SmcArgs, SmcCommand};

/// Runs the command.
pub(crate) fn run(args: &SmcArgs) -> Result<(), Failure> {
    match &args.command {
        SmcCommand::Export(args) => export::run(args),
    }
}
