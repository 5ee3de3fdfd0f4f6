//! The command line of `seawall smc scan`. Doc comments are the help texts.

use std::path::PathBuf;

use clap::Args;
use seawall_model::{Timeframe, Ts};

use super::words;

#[derive(Debug, Args)]
#[command(after_help = kinds_help())]
pub(crate) struct ScanArgs {
    /// Candles of the instrument: NAME=FILE@TIMEFRAME (CSV or CSV.gz), or NAME@TIMEFRAME from the archive.
    #[arg(long, value_name = "NAME=FILE@TF")]
    pub(crate) candles: String,
    /// Also look at candles of this timeframe, built from closed ones; may be repeated.
    #[arg(long, value_name = "TF")]
    pub(crate) timeframe: Vec<Timeframe>,
    /// First open time, e.g. 2023-01-01 or 2023-01-01T12:00:00Z; earlier candles are not looked at.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Ts>,
    /// Open times before this one.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Ts>,
    /// Only the last N events: as text 40 where it is not given, as JSON all. The page holds them all.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    pub(crate) last: Option<usize>,
    /// Only these kinds of events, e.g. order_block,fvg,bos.
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    pub(crate) kinds: Vec<String>,
    /// Leave out what comes from swing structure.
    #[arg(long, conflicts_with = "swing")]
    pub(crate) internal: bool,
    /// Leave out what comes from internal structure.
    #[arg(long)]
    pub(crate) swing: bool,
    /// Draw a chart with replay as one HTML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write JSON to a file, or to standard output with `-`.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
    /// Archive folder for candles without a file; default: the configured data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,
}

fn kinds_help() -> String {
    format!("Kinds:\n  {}", words::names().collect::<Vec<_>>().join(" "))
}

fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| "write a whole number, 1 or above, like 40".to_owned())
}
