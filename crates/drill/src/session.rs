//! `seawall run` as a process over the exchange in a box.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use seawall_model::InstrumentName;

use crate::process::Process;
use crate::venue::Venue;

/// A strategy that turns around on every second candle, so that orders never rest.
const BUSY: &str = "\
strategy:
  name: ema_cross
  ema_cross: {fast: 1, slow: 2, long_only: false, stop_pct: 1, target_pct: 2, sizing: fixed_qty, qty: 1}
universe: {mode: 'off'}
data_quality: {mode: 'off', health_mode: 'off'}
quote_guard: {mode: 'off'}
auction: {mode: 'off', churn: {mode: 'off'}, chop: {mode: 'off'}, anti_flip: {mode: 'off'}}
";

/// Where its orders go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// To the exchange.
    Live,
    /// To one that is simulated in the process.
    Paper,
}

impl Mode {
    const fn words(self) -> &'static [&'static str] {
        match self {
            Mode::Live => &["--mode", "live", "--confirm-live"],
            Mode::Paper => &["--mode", "paper"],
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Mode::Live => "live",
            Mode::Paper => "paper",
        }
    }
}

/// What a run is started with.
#[derive(Debug, Clone)]
pub(crate) struct SessionOptions {
    pub(crate) binary: PathBuf,
    /// Where its orders go.
    pub(crate) mode: Mode,
    /// Where logs and the run's data are.
    pub(crate) folder: PathBuf,
    /// Where the run is told that the exchange is: it, or something in between.
    pub(crate) address: SocketAddr,
    pub(crate) instruments: Vec<InstrumentName>,
    pub(crate) warm_up_candles: u32,
    /// Seconds of the exchange's clock per second.
    pub(crate) speed: u32,
    /// Further settings, `KEY=VALUE`.
    pub(crate) set: Vec<String>,
    /// The PostgreSQL server.
    pub(crate) database: Option<String>,
}

impl SessionOptions {
    /// Where the starts of this account are.
    pub(crate) fn account(&self) -> PathBuf {
        self.folder.join("data").join("run").join(self.mode.folder())
    }

    fn config(&self) -> String {
        let names: Vec<String> = self.instruments.iter().map(|name| format!("'{name}'")).collect();
        let (at, warm_up) = (self.address, self.warm_up_candles);
        // The time-outs of the sockets are in the system's time; everything else follows the exchange's.
        let (connect, request) =
            ((5_000 / self.speed.max(1)).max(500), (10_000 / self.speed.max(1)).max(1_000));
        format!(
            "venue: {{name: kraken-futures, rest: 'http://{at}', public_stream: 'ws://{at}/ws/v1', \
             private_stream: 'ws://{at}/ws/v1', clock_skew_max_ms: 30000, \
             connect_timeout_ms: {connect}, request_timeout_ms: {request}}}\n\
             run: {{instruments: [{}], timeframe: 1m, warm_up_candles: {warm_up}, heartbeat_s: 1}}\n{BUSY}",
            names.join(", ")
        )
    }
}

/// A run.
pub(crate) struct Session {
    /// The process.
    pub(crate) process: Process,
}

impl Session {
    /// Starts a run that trades at `venue`.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start(options: &SessionOptions, venue: &Venue) -> anyhow::Result<Self> {
        let config = options.folder.join("drill.yaml");
        // In one move: another start may be reading it.
        let beside = options.folder.join("drill.yaml.new");
        std::fs::write(&beside, options.config())?;
        std::fs::rename(&beside, &config)?;
        let mut command = Command::new(&options.binary);
        command.arg("run").args(options.mode.words()).args(["--headless", "--config"]).arg(&config);
        command.arg("--data-dir").arg(options.folder.join("data"));
        command.args(["--testnet-clock", &venue.clock]);
        for setting in UNLIMITED.iter().copied().chain(options.set.iter().map(String::as_str)) {
            command.args(["--set", setting]);
        }
        command.env("KRAKEN_API_KEY", &venue.key).env("KRAKEN_API_SECRET", &venue.secret);
        command.env_remove("DATABASE_URL");
        if let Some(database) = &options.database {
            command.env("DATABASE_URL", database);
        }
        let process = Process::start("the run", &mut command, &options.folder.join("run.log"))?;
        Ok(Session { process })
    }

    /// Waits until it is ready; how long that took from the start of the process.
    ///
    /// # Errors
    /// It ended, or is not ready after `patience`.
    pub(crate) fn ready(&self, patience: Duration) -> anyhow::Result<Duration> {
        let (at, _) = self.process.wait_for("ready:", patience)?;
        Ok(at.saturating_duration_since(self.process.started))
    }
}

/// Limits that would end the trading of a drill.
const UNLIMITED: &[&str] = &[
    "risk.trade_loss_max_pct=null",
    "risk.instrument_notional_max=null",
    "risk.position_margin_max_pct=null",
    "risk.cluster_notional_max=null",
    "risk.margin_use_max_pct=null",
    "risk.daily_loss_max_pct=null",
    "risk.weekly_loss_max_pct=null",
    "risk.positions_max=400",
    "risk.states.drawdown_cautious_pct=null",
    "risk.states.drawdown_reduce_only_pct=null",
    "risk.states.drawdown_protect_only_pct=null",
    "risk.states.margin_use_cautious_pct=null",
    "risk.states.margin_use_reduce_only_pct=null",
    "risk.states.positions_reduce_only=null",
    "risk.loss_streak.tight_smc_losses=null",
    "risk.loss_streak.wide_structure_losses=null",
    "risk.loss_streak.other_losses=null",
    "risk.fee_edge.multiple=null",
    "risk.shock.move_pct=null",
    "risk.shock.basis_pct=null",
    "reconcile.kill_after_api_errors=null",
    "reconcile.kill_after_unreconciled_minutes=null",
];

/// The folders of an account's starts, oldest first.
///
/// # Errors
/// They cannot be listed.
pub(crate) fn starts(account: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(account) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.context("a folder cannot be read")?.path();
        let is_start =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("start-"));
        if is_start && path.join("run.json").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
