//! The command line of `seawall smc`. Doc comments are the help texts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use seawall_smc::export::{ALL, forms};

use crate::commands::smc::ScanArgs;

#[derive(Debug, Args)]
pub(crate) struct SmcArgs {
    #[command(subcommand)]
    pub(crate) command: SmcCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SmcCommand {
    /// Compute indicators over a CSV of bars and write a CSV for each.
    Export(ExportArgs),
    /// Print or draw what the engine sees in candles.
    Scan(ScanArgs),
}

#[derive(Debug, Args)]
#[command(after_help = names_help())]
pub(crate) struct ExportArgs {
    /// Bars, CSV or CSV.gz: Date, Open, High, Low, Close and, for ref_ob, Volume, in any order; other columns
    /// are ignored. Date is the open time in UTC, like 2022-10-10 00:00:00, 2022-10-10 or
    /// 2022-10-10T00:00:00Z; candles exported from the archive (ts_ms) are read too.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// What to compute: names, or `all`.
    #[arg(long, value_name = "NAME,…|all", required = true, value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// Folder for the files NAME.csv; it is created where it does not exist. Files of these names are
    /// replaced.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn names_help() -> String {
    format!(
        "Names:\n  {}\n\nref_* are the results of the reference package (smartmoneyconcepts 0.0.27): they look \
         into the future.\ncausal_* use no future data: each row says at whose close it is known.\n\n`all` \
         stands for:\n  {}",
        forms().join("\n  "),
        ALL.join("\n  ")
    )
}
