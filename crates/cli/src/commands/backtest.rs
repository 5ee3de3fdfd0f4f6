//! `seawall backtest`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use seawall_backtest::{BacktestError, RunSettings, report, run as run_backtest};
use seawall_config::Config;

use crate::args::BacktestArgs;
use crate::exit::Failure;
use crate::input::{DataRequest, config, files, market};
use crate::output::{check_apart, check_target, is_stdout, write};
use crate::progress::bar;

/// Runs the command.
pub(crate) fn run(args: &BacktestArgs) -> Result<(), Failure> {
    if let Some(json) = &args.json {
        check_target("--json", json)?;
    }
    if let Some(html) = &args.html {
        if is_stdout(html) {
            return Err(Failure::input("--html -: the report needs a file; name one"));
        }
        check_target("--html", html)?;
    }
    check_outputs(args)?;
    let config = config(&with_short_options(args))?;
    let archive = args.archive.clone().unwrap_or_else(|| PathBuf::from(&config.data.dir).join("archive"));
    let request = DataRequest {
        candles: &args.candles,
        trades: &args.trades,
        funding: &args.funding,
        signals: &args.signal,
        from: args.from,
        to: args.to,
        archive: &archive,
    };
    let market = market(&config, &request)?;
    let settings = settings(&config);
    let bar = bar("backtest", market.candle_count());
    let start = Instant::now();
    let mut told = args.progress.as_deref().map(|file| Progress::new(file, market.candle_count()));
    let result = run_backtest(&market, &settings, &mut |done| {
        bar.set_position(done);
        if let Some(told) = &mut told {
            told.tell(done);
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let mut outcome = result.map_err(failure)?;
    outcome.run_seconds = seconds;
    if let Some(target) = &args.json {
        write(target, |out| report::json(&outcome, &market, &settings, out).map_err(failure))?;
    }
    if let Some(target) = &args.html {
        let page = report::html(&outcome, &market, &settings).map_err(failure)?;
        write(target, |out| out.write_all(page.as_bytes()).map_err(Failure::work))?;
    }
    if !args.json.as_deref().is_some_and(is_stdout) {
        say!("{}", report::text(&outcome, &market, &settings).trim_end());
    }
    Ok(())
}

/// How far it has come, in a file for programs that watch.
struct Progress<'a> {
    file: &'a Path,
    total: u64,
    told: u64,
}

impl<'a> Progress<'a> {
    fn new(file: &'a Path, total: u64) -> Self {
        Progress { file, total, told: 0 }
    }

    /// Writes it down where that is a percent more than the last time. Nothing depends on it.
    fn tell(&mut self, done: u64) {
        if done.saturating_sub(self.told) >= (self.total / 100).max(1) || done >= self.total {
            self.told = done;
            let _ = std::fs::write(self.file, format!("{done} {}\n", self.total));
        }
    }
}

/// Results never take the place of what they were made from.
fn check_outputs(args: &BacktestArgs) -> Result<(), Failure> {
    let mut read = files(&args.candles, &[&args.trades, &args.funding])?;
    read.extend(args.source.config.clone());
    let named = [("--json", &args.json), ("--html", &args.html)];
    let targets: Vec<(&str, &Path)> =
        named.into_iter().filter_map(|(option, target)| Some((option, target.as_deref()?))).collect();
    check_apart(&targets, &read)
}

/// `--strategy` and `--seed` are short for keys and beat `--set`.
fn with_short_options(args: &BacktestArgs) -> crate::args::ConfigSource {
    let mut source = args.source.clone();
    source.set.extend(args.strategy.iter().map(|name| format!("strategy.name={name}")));
    source.set.extend(args.seed.iter().map(|seed| format!("backtest.seed={seed}")));
    source
}

fn settings(config: &Config) -> RunSettings {
    RunSettings {
        strategy: config.strategy.clone(),
        risk: config.risk.clone(),
        protection: config.protection.clone(),
        trade: config.trade(),
        decisions: config.decisions.clone(),
        market: config.market(),
        simulator: config.simulator.clone(),
        initial_equity: config.backtest.initial_equity,
        equity_interval: config.backtest.equity_interval,
        seed: config.backtest.seed,
    }
}

fn failure(error: BacktestError) -> Failure {
    match error {
        BacktestError::Broken { .. } | BacktestError::Report { .. } => Failure::work(error),
        BacktestError::Archive(_)
        | BacktestError::Engine(_)
        | BacktestError::Simulator(_)
        | BacktestError::Model(_)
        | BacktestError::Series { .. } => Failure::input(error),
    }
}
