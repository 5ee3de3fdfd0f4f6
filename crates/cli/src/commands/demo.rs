//! `seawall demo`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use seawall_live::{Demo, DemoOptions, LiveError, Snapshot, StopSwitch, Summary};
use seawall_store::{KillOrder, StoreError};

use crate::args::DemoArgs;
use crate::commands::view;
use crate::database_url::database_url;
use crate::exit::Failure;
use crate::input::{duration, loader};
use crate::output::{check_folder, check_target, is_stdout, write};
use crate::stop_signals;

/// The configuration that runs without `--config`.
const BUILT_IN: &str = include_str!("../../../../config/demo.yaml");

/// Runs the command.
pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    if let Some(json) = &args.json {
        check_target("--json", json)?;
    }
    let span = args.duration.as_deref().map(|text| duration("--duration", text)).transpose()?;
    let mut source = args.source.clone();
    source.set.extend(args.seed.iter().map(|seed| format!("demo.seed={seed}")));
    source.set.extend(args.speed.iter().map(|speed| format!("demo.speed={speed}")));
    let mut loader = loader(&source)?;
    if source.config.is_none() {
        loader = loader.file("demo.yaml (built in)", BUILT_IN);
    }
    let config = loader.load().map_err(|error| Failure::config(&error))?.config;
    let data_dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from(&config.data.dir));
    check_folder(if args.data_dir.is_some() { "--data-dir" } else { "data.dir" }, &data_dir)?;
    let live =
        !args.headless && std::io::stdout().is_terminal() && !args.json.as_deref().is_some_and(is_stdout);
    let (sender, receiver) = sync_channel::<Snapshot>(1);
    let view = live.then_some(sender);
    let database = database_url()?;
    let options = DemoOptions { config, data_dir, duration: span, database };
    let demo = Demo::prepare(options, view).map_err(failure)?;
    let quiet = args.json.as_deref().is_some_and(is_stdout);
    let switch = StopSwitch::new();
    let runtime = stop_signals::catch(switch.clone())?;
    if !live && !quiet {
        say!("demo running in {}; nothing leaves this machine; Ctrl-C ends it", demo.folder().display());
        if let Some(order) = demo.kill_order() {
            say!("{}", held(order));
        }
    }
    let summary = watch(demo, &switch, live.then_some(receiver));
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
    Err(Failure::work(format!(
        "{} rules were broken: {}",
        summary.violations.len(),
        summary.violations.join("; ")
    )))
}

/// Runs the demo on a thread of its own and draws what it shows.
fn watch(demo: Demo, switch: &StopSwitch, snapshots: Option<Receiver<Snapshot>>) -> Result<Summary, Failure> {
    let engine_switch = switch.clone();
    let engine = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || demo.run(&engine_switch))
        .map_err(Failure::work)?;
    if let Some(snapshots) = snapshots {
        loop {
            match snapshots.recv_timeout(Duration::from_millis(500)) {
                Ok(snapshot) => {
                    if view::draw("PAPER  synthetic market", &snapshot).is_err() {
                        // The terminal is gone: end as at Ctrl-C, with the journal closed.
                        switch.stop();
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }
    engine.join().unwrap_or(Err(LiveError::Thread)).map_err(failure)
}

/// What a start while the kill switch is on means.
pub(crate) fn held(order: &KillOrder) -> String {
    let since = order.since.map(|since| format!(" since {since}")).unwrap_or_default();
    format!(
        "the kill switch is on ({}{since}): no entries, nothing is closed; `seawall kill-switch release` ends that",
        order.reason.name()
    )
}

fn print_summary(summary: &Summary) {
    let protected = summary.first_protected_s.map_or("no position was opened".to_owned(), |seconds| {
        format!("first protected position after {seconds:.1} s")
    });
    say!("\n{} inputs, {} decisions ({} entries)", summary.inputs, summary.decisions, summary.entered);
    say!(
        "{} orders, {} fills, {} positions; {protected}",
        summary.orders,
        summary.fills,
        summary.positions_opened
    );
    say!(
        "longest time without a confirmed stop: {:.3} s (bound {:.1} s)",
        summary.naked_seconds_max,
        summary.naked_seconds_bound
    );
    say!(
        "equity {:.2} → {:.2}; {} positions open, stops resting",
        summary.initial_equity,
        summary.equity,
        summary.positions_open
    );
    if let Some(reason) = summary.kill_switch {
        say!("the kill switch is on ({reason}); `seawall kill-switch release` turns it off");
    }
    say!("fingerprint {}", summary.fingerprint);
    say!("journal and database: {}", summary.folder);
    say!("next: `seawall why BTC` says why, `seawall decisions --by-gate` and `seawall report` sum up,");
    say!("`seawall journal replay {}` proves the run", summary.folder);
}

pub(crate) fn failure(error: LiveError) -> Failure {
    match error {
        LiveError::Store(StoreError::Locked { .. } | StoreError::DatabaseLocked { .. }) => {
            Failure::locked(error)
        }
        LiveError::NoStop { .. }
        | LiveError::Engine(_)
        | LiveError::Simulator(_)
        | LiveError::Model(_)
        | LiveError::Refused { .. }
        | LiveError::Net(_) => Failure::input(error),
        LiveError::Store(_)
        | LiveError::File { .. }
        | LiveError::Manifest { .. }
        | LiveError::Venue { .. }
        | LiveError::Carry { .. }
        | LiveError::Restore { .. }
        | LiveError::Thread => Failure::work(error),
    }
}
