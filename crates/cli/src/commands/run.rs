//! `seawall run`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};

use seawall_config::Config;
use seawall_live::run::secrets::{channels, credentials};
use seawall_live::run::start::venue_of;
use seawall_live::{LiveError, Mode, Run, RunOptions, Snapshot, StopSwitch, Summary};
use seawall_venues::{Credentials, Venue};

use crate::args::{RunArgs, RunMode};
use crate::commands::demo::{failure, held};
use crate::commands::view;
use crate::database_url::database_url;
use crate::exit::Failure;
use crate::face::{Opened, Planned};
use crate::input::{duration, loader};
use crate::output::{check_folder, check_target, is_stdout, write};
use crate::stop_signals;

/// The word in the environment that stands for `--confirm-live`.
const CONFIRM: &str = "SEAWALL_CONFIRM_LIVE";

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    if let Some(json) = &args.json {
        check_target("--json", json)?;
    }
    let span = args.duration.as_deref().map(|text| duration("--duration", text)).transpose()?;
    let mode = match args.mode {
        RunMode::Paper => Mode::Paper,
        RunMode::Live => confirmed(args)?,
    };
    let loaded = loader(&args.source)?.load().map_err(|error| Failure::config(&error))?;
    let config = loaded.config.clone();
    let (venue, _, _) = venue_of(&config).map_err(failure)?;
    let key = key(mode, venue, &config)?;
    let notify = channels(&config.notify, &|name| std::env::var(name).ok()).map_err(failure)?;
    let data_dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from(&config.data.dir));
    check_folder(if args.data_dir.is_some() { "--data-dir" } else { "data.dir" }, &data_dir)?;
    let quiet = args.json.as_deref().is_some_and(is_stdout);
    let drawn = !args.headless && std::io::stdout().is_terminal() && !quiet;
    let (sender, receiver) = sync_channel::<Snapshot>(1);
    let switch = StopSwitch::new();
    let runtime = stop_signals::catch(switch.clone())?;
    let database = database_url()?;
    let face = Planned::new(&loaded, &data_dir, database.as_ref(), !quiet)?;
    let options = RunOptions {
        config,
        data_dir,
        mode,
        credentials: key,
        duration: span,
        once: args.once,
        database,
        pace: args.testnet_clock,
        switch: switch.clone(),
        notify,
    };
    let progress = progress(!quiet);
    let mut run = match Run::prepare(options, drawn.then_some(sender), &progress) {
        Ok(run) => run,
        Err(LiveError::Stopped) => return stopped(quiet),
        Err(error) => return Err(failure(error)),
    };
    if !quiet {
        say!("{} run in {}; Ctrl-C ends it, stops stay", mode.name(), run.folder().display());
        if let Some(order) = run.kill_order() {
            say!("{}", held(order));
        }
    }
    let face = face.show(&mut run, mode)?;
    let title = Opened::title(face.as_ref(), &format!("{}  real market data", mode.name().to_uppercase()));
    let summary = watch(run, &title, &switch, drawn.then_some(receiver), !quiet && !drawn);
    drop(face);
    runtime.shutdown_background();
    let summary = summary?;
    if let Some(target) = &args.json {
        write(target, |out| {
            serde_json::to_writer_pretty(&mut *out, &summary).map_err(Failure::work)?;
            writeln!(out).map_err(Failure::work)
        })?;
    }
    if !quiet {
        print_summary(&summary);
    }
    if summary.violations.is_empty() {
        return Ok(());
    }
    let broken = summary.violations.join("; ");
    Err(Failure::work(format!("{} rules were broken: {broken}", summary.violations.len())))
}

/// The key of the venue. A run on paper has no use for one, so it reads none.
fn key(mode: Mode, venue: Venue, config: &Config) -> Result<Option<Credentials>, Failure> {
    match mode {
        Mode::Paper => Ok(None),
        Mode::Live | Mode::Demo => {
            let variables = |name: &str| std::env::var(name).ok();
            credentials(venue, &config.venue.variables, &variables).map_err(failure)
        }
    }
}

/// Ended as asked, before there was a run.
fn stopped(quiet: bool) -> Result<(), Failure> {
    if !quiet {
        say!("{}", LiveError::Stopped);
    }
    Ok(())
}

/// Real orders are asked for twice.
fn confirmed(args: &RunArgs) -> Result<Mode, Failure> {
    if args.confirm_live || std::env::var(CONFIRM).is_ok_and(|word| word == "YES") {
        return Ok(Mode::Live);
    }
    Err(Failure::input(format!("--mode live sends real orders: add --confirm-live, or set {CONFIRM}=YES")))
}

pub(crate) fn progress(shown: bool) -> impl Fn(&'static str, &str) {
    move |phase, what| {
        if shown {
            say!("{phase}: {what}");
        }
    }
}

/// Runs on a thread of its own and draws what is shown.
fn watch(
    run: Run,
    title: &str,
    switch: &StopSwitch,
    snapshots: Option<Receiver<Snapshot>>,
    told: bool,
) -> Result<Summary, Failure> {
    let engine = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || run.run(&progress(told)))
        .map_err(Failure::work)?;
    if let Some(snapshots) = snapshots {
        view::follow(title, &snapshots, switch);
    }
    engine.join().unwrap_or(Err(LiveError::Thread)).map_err(failure)
}

fn print_summary(summary: &Summary) {
    say!("\n{} inputs, {} decisions ({} entries)", summary.inputs, summary.decisions, summary.entered);
    say!("{} orders, {} fills, {} positions", summary.orders, summary.fills, summary.positions_opened);
    say!(
        "longest time without a confirmed stop: {:.3} s (bound {:.1} s)",
        summary.naked_seconds_max,
        summary.naked_seconds_bound
    );
    say!("equity {:.2}; {} positions open", summary.equity, summary.positions_open);
    if let Some(reason) = summary.kill_switch {
        say!("the kill switch is on ({reason}); `seawall kill-switch release` turns it off");
    }
    say!("journal and database: {}", summary.folder);
}
