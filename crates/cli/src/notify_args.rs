//! Arguments of `seawall notify`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::ConfigSource;

#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    #[command(subcommand)]
    pub(crate) command: NotifyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send a test message over each channel and say what became of it.
    Test {
        #[command(flatten)]
        source: ConfigSource,
        /// Only this channel.
        #[arg(long, value_name = "NAME")]
        channel: Option<String>,
    },
    /// Say what waits for each channel, and what keeps it.
    Status {
        /// Data folder of the instance; default: the configured one.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Acknowledge all critical alerts: they are not escalated any more.
    Ack {
        /// Data folder of the instance; default: the configured one.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}
