//! The arguments of `seawall doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::{ConfigSource, RunMode};

/// A venue by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VenueChoice {
    /// Kraken Futures.
    KrakenFutures,
    /// Kraken spot.
    Kraken,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) source: ConfigSource,
    /// The venue that is meant; a configuration of another one is refused.
    #[arg(long, value_name = "VENUE")]
    pub(crate) venue: Option<VenueChoice>,
    /// What the run is to be: one on paper needs no key, and its account is not looked at.
    #[arg(long, value_name = "MODE", value_enum, default_value = "live")]
    pub(crate) mode: RunMode,
    /// Also place a far-away post-only order and a minimal stop, see them at the venue, and cancel them.
    #[arg(long)]
    pub(crate) probe: bool,
    /// Print JSON (`seawall.doctor/1`).
    #[arg(long)]
    pub(crate) json: bool,
    /// Folder of the runs; default: the configured data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}
