//! The command line. Doc comments are the help texts.

use core::str::FromStr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use seawall_live::wall_clock::Pace;
use seawall_model::{InstrumentName, KillReason, Timeframe, Ts};

use crate::doctor_args::DoctorArgs;
use crate::notify_args::NotifyArgs;
use crate::smc_args::SmcArgs;
use crate::testnet_args::TestnetArgs;

/// Seawall trades your strategy around the clock and keeps a stop under every position.
#[derive(Debug, Parser)]
#[command(name = "seawall", version, about, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done; 1 the work failed; 2 what was given is wrong and nothing was changed; \
3 another instance holds the account; 4 (kill-switch status) the switch is on; 5 (doctor) a check failed."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a strategy over recorded candles.
    Backtest(BacktestArgs),
    /// Trade a synthetic market on paper: the whole system, nothing leaves the machine.
    Demo(DemoArgs),
    /// Trade at a venue: on paper over its market data, or live.
    Run(RunArgs),
    /// Look at everything that a run needs: machine, key, venue, account, positions, stops.
    Doctor(DoctorArgs),
    /// Import, list, audit, resample and export candles.
    Data(DataArgs),
    /// Check, explain and create configurations.
    Config(ConfigArgs),
    /// Verify, show and replay journals.
    Journal(JournalArgs),
    /// Say why an instrument was or was not traded, and what would have had to differ.
    Why(WhyArgs),
    /// List the decisions of a run, or count them by gate.
    Decisions(DecisionsArgs),
    /// Sum up the last hours of a run.
    Report(ReportArgs),
    /// Stop all entries, or let them go on: the switch that a running instance watches.
    KillSwitch(KillSwitchArgs),
    /// Who may use the HTTP API of runs, and what it takes and answers.
    Api(ApiArgs),
    /// Channels that tell people: test them, see what waits, acknowledge.
    Notify(NotifyArgs),
    /// Smart Money Concepts over your own bars.
    Smc(SmcArgs),
    /// An exchange in a box: a venue's own REST and WebSocket over a simulated market.
    Testnet(TestnetArgs),
}

/// Where the configuration comes from.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigSource {
    /// Configuration file (YAML); without it the defaults hold.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Set one key, e.g. --set strategy.ema_cross.fast=12; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    #[command(flatten)]
    pub(crate) source: ConfigSource,
    /// Candles of an instrument: NAME=FILE@TIMEFRAME (CSV or CSV.gz), or NAME@TIMEFRAME from the archive.
    /// Twice for one instrument: the finer candles resolve the path within the coarser ones.
    #[arg(long, value_name = "NAME=FILE@TF", required = true)]
    pub(crate) candles: Vec<String>,
    /// Trades that resolve the path within candles: NAME=FILE (CSV with ts_ms, price, qty).
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) trades: Vec<String>,
    /// Funding rates: NAME=FILE (CSV with ts_ms, funding_rate).
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) funding: Vec<String>,
    /// The instrument whose candles the strategy reads in place of NAME's own: NAME=SIGNAL, like
    /// BTC/USD:USD=BTC/USD, with --candles for both; beats `signal` in the configuration.
    #[arg(long, value_name = "NAME=SIGNAL")]
    pub(crate) signal: Vec<String>,
    /// Strategy, short for --set strategy.name=…
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<String>,
    /// First open time, e.g. 2023-01-01 or 2023-01-01T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Ts>,
    /// Open times before this one.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Ts>,
    /// Number of the run, part of every client order id; short for --set backtest.seed=…
    #[arg(long, value_name = "N", value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Write the result as JSON to a file, or to standard output with `-`.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
    /// Write the report as one HTML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Archive folder for candles without a file; default: the configured data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) archive: Option<PathBuf>,
    /// Write how far it has come to a file while it works, for programs that watch: candles done and in all.
    #[arg(long, value_name = "FILE")]
    pub(crate) progress: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) source: ConfigSource,
    /// Seed of the synthetic market, short for --set demo.seed=…
    #[arg(long, value_name = "N", value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Simulated seconds per second, short for --set demo.speed=…
    #[arg(long, value_name = "X", value_parser = whole::<u32>, allow_negative_numbers = true)]
    pub(crate) speed: Option<u32>,
    /// How long to run by the wall clock, e.g. 90s, 10m, 2h; without it until Ctrl-C.
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<String>,
    /// Without sockets: market and exchange within the process, so that equal seeds give equal runs.
    #[arg(long)]
    pub(crate) in_process: bool,
    /// No live view: only the summary at the end.
    #[arg(long)]
    pub(crate) headless: bool,
    /// Write the summary as JSON to a file, or to standard output with `-`.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
    /// Folder for journal and database; default: the configured data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// Whether orders are real.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum RunMode {
    /// The venue's market data, simulated fills.
    Paper,
    /// Real orders.
    Live,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) source: ConfigSource,
    /// Whether orders are real.
    #[arg(long, value_name = "MODE", value_enum)]
    pub(crate) mode: RunMode,
    /// Yes, real orders; or SEAWALL_CONFIRM_LIVE=YES in the environment.
    #[arg(long)]
    pub(crate) confirm_live: bool,
    /// Reconcile, evaluate the newest candle of each instrument, and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// How long to run, e.g. 90s, 10m, 2h; without it until Ctrl-C or SIGTERM.
    #[arg(long, value_name = "TIME")]
    pub(crate) duration: Option<String>,
    /// No live view: phases and the summary at the end.
    #[arg(long)]
    pub(crate) headless: bool,
    /// Write the summary as JSON to a file, or to standard output with `-`.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
    /// Folder for journal and database; default: the configured data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The clock of an exchange in a box that runs ahead, as `seawall testnet --json` prints it; for
    /// addresses of this machine alone.
    #[arg(long, value_name = "INSTANT*SPEED")]
    pub(crate) testnet_clock: Option<Pace>,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Archive folder; default: the folder `archive` in the data folder of the default configuration.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) archive: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Read a CSV or CSV.gz of candles into the archive.
    Import {
        /// Instrument.
        #[arg(long, value_name = "NAME")]
        instrument: InstrumentName,
        /// Timeframe of the candles.
        #[arg(long, value_name = "TF")]
        timeframe: Timeframe,
        /// Replace candles that differ instead of refusing.
        #[arg(long)]
        overwrite: bool,
        /// The file.
        file: PathBuf,
    },
    /// List what the archive holds.
    List,
    /// Check candles of a file or of the archive: holes, duplicates, impossible bars, units.
    Audit {
        /// Instrument in the archive.
        #[arg(long, value_name = "NAME", required_unless_present = "file")]
        instrument: Option<InstrumentName>,
        /// Timeframe of the candles.
        #[arg(long, value_name = "TF")]
        timeframe: Timeframe,
        /// A file instead of the archive.
        #[arg(conflicts_with = "instrument")]
        file: Option<PathBuf>,
    },
    /// Build coarser candles in the archive from finer ones.
    Resample {
        /// Instrument.
        #[arg(long, value_name = "NAME")]
        instrument: InstrumentName,
        /// Timeframe to read.
        #[arg(long, value_name = "TF")]
        from: Timeframe,
        /// Timeframe to write.
        #[arg(long, value_name = "TF")]
        to: Timeframe,
    },
    /// Write candles of the archive to a CSV, gzipped if the name ends in .gz.
    Export {
        /// Instrument.
        #[arg(long, value_name = "NAME")]
        instrument: InstrumentName,
        /// Timeframe.
        #[arg(long, value_name = "TF")]
        timeframe: Timeframe,
        /// First open time.
        #[arg(long, value_name = "TIME")]
        from: Option<Ts>,
        /// Open times before this one.
        #[arg(long, value_name = "TIME")]
        to: Option<Ts>,
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration and everything that can be checked without a venue.
    Check {
        #[command(flatten)]
        source: ConfigSource,
    },
    /// Show values and where each comes from; all of them without a key.
    Explain {
        /// A key or a section, e.g. risk or risk.leverage_max.
        key: Option<String>,
        #[command(flatten)]
        source: ConfigSource,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the configuration.
    Schema,
    /// Write a small commented configuration to start from.
    Init {
        /// The file; it must not exist yet.
        #[arg(default_value = "seawall.yaml")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Check every frame of a journal.
    Verify {
        /// Folder of a run.
        run: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the records of a journal, a line each.
    Show {
        /// Folder of a run.
        run: PathBuf,
        /// First sequence number.
        #[arg(long, value_name = "N", value_parser = whole::<u64>, allow_negative_numbers = true)]
        from: Option<u64>,
        /// How many records.
        #[arg(long, value_name = "N", default_value_t = 200)]
        #[arg(value_parser = whole::<u64>, allow_negative_numbers = true)]
        limit: u64,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Build the database of a run anew from its journal, and compare as `replay` does. The run must not be
    /// running.
    Rebuild {
        /// Folder of a run.
        run: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run the engine over the inputs of a journal and compare what it does with what was recorded.
    Replay {
        /// Folder of a run.
        run: PathBuf,
        /// Build the database anew from the journal.
        #[arg(long)]
        rebuild_db: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// Instrument, e.g. BTC/USD:USD; a part of the name is enough where it is unique.
    pub(crate) instrument: String,
    /// The last decision at or before this time; without it the newest.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Ts>,
    #[command(flatten)]
    pub(crate) choice: RunChoice,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which run is read.
#[derive(Debug, Args)]
pub(crate) struct RunChoice {
    /// Folder of a run; default: the newest demo run in the data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// Data folder; default: the configured one.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DecisionsArgs {
    /// Count them by gate instead of listing them, with what the refused plans would have made.
    #[arg(long)]
    pub(crate) by_gate: bool,
    /// Only this instrument; a part of the name is enough where it is unique.
    #[arg(long, value_name = "NAME")]
    pub(crate) instrument: Option<String>,
    /// At this time or later.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Ts>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Ts>,
    /// List no more than the newest so many.
    #[arg(long, value_name = "N", default_value_t = 50, conflicts_with = "by_gate")]
    #[arg(value_parser = whole::<u32>, allow_negative_numbers = true)]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) choice: RunChoice,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// How many hours by the run's clock, up to its end.
    #[arg(long, value_name = "N", default_value_t = 24)]
    #[arg(value_parser = hours, allow_negative_numbers = true)]
    pub(crate) hours: u32,
    #[command(flatten)]
    pub(crate) choice: RunChoice,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KillSwitchArgs {
    #[command(subcommand)]
    pub(crate) command: KillSwitchCommand,
    /// Data folder of the instance; default: the configured one.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KillSwitchCommand {
    /// Turn it on: no entries; stops and targets stay. It stays on until it is released.
    Activate {
        /// Why; a switch that is on keeps its first reason.
        #[arg(long, value_name = "REASON", default_value = "manual", value_parser = reason)]
        reason: KillReason,
        /// Also close every position at market.
        #[arg(long)]
        flatten: bool,
        /// Words for whoever reads the state.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Print the state; exit code 0 when it is off, 4 when it is on.
    Status,
    /// Turn it off: entries may go on, and the equity of now is the new high-water mark.
    Release,
}

#[derive(Debug, Args)]
pub(crate) struct ApiArgs {
    #[command(subcommand)]
    pub(crate) command: ApiCommand,
    /// Data folder of the instance; default: the configured one.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ApiCommand {
    /// Make a token and print it, once: it is kept as a hash. Runs know it within a second.
    Token {
        /// What its owner may do.
        #[arg(long, value_enum, default_value = "viewer")]
        role: ApiRole,
    },
    /// List the tokens by their ids.
    Tokens,
    /// Take a token back; its sessions end.
    Revoke {
        /// Its id.
        id: String,
    },
    /// Print the OpenAPI document.
    Schema,
}

/// What the owner of a token may do.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum ApiRole {
    /// Send signals (`POST /api/signals`), and nothing else.
    Signal,
    /// Look.
    Viewer,
    /// Look, and give commands.
    Operator,
}

impl From<ApiRole> for seawall_api::access::Role {
    fn from(role: ApiRole) -> Self {
        match role {
            ApiRole::Signal => Self::Signal,
            ApiRole::Viewer => Self::Viewer,
            ApiRole::Operator => Self::Operator,
        }
    }
}

/// A reason that an operator can give.
fn reason(text: &str) -> Result<KillReason, String> {
    let given = KillReason::ALL.into_iter().filter(|reason| *reason != KillReason::CorruptState);
    given
        .clone()
        .find(|reason| reason.name() == text)
        .ok_or_else(|| format!("allowed are {}", given.map(KillReason::name).collect::<Vec<_>>().join(", ")))
}

/// Hours, at least one.
fn hours(text: &str) -> Result<u32, String> {
    let most = 24 * 366 * 10;
    let hours: u32 = whole(text)?;
    if (1..=most).contains(&hours) { Ok(hours) } else { Err(format!("allowed are 1 to {most}")) }
}

/// A number without sign, point or exponent.
fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "write a whole number, 0 or above, like 42".to_owned())
}
