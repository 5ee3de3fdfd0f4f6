//! `seawall demo`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

use seawall_live::{Demo, DemoOptions, LiveError, Snapshot, StopSwitch, Summary};
use seawall_store::{KillOrder, StoreError};

use crate::args::DemoArgs;
use crate::commands::{demo_box, view};
use crate::database_url::database_url;
use crate::exit::Failure;
use crate::face::{Opened, Planned};
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
    let loaded = loader.load().map_err(|error| Failure::config(&error))?;
    let config = loaded.config.clone();
    let data_dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from(&config.data.dir));
    check_folder(if args.data_dir.is_some() { "--data-dir" } else { "data.dir" }, &data_dir)?;
    let quiet = args.json.as_deref().is_some_and(is_stdout);
    let shown = Shown { drawn: !args.headless && std::io::stdout().is_terminal() && !quiet, quiet };
    let switch = StopSwitch::new();
    let runtime = stop_signals::catch(switch.clone())?;
    let database = database_url()?;
    if args.in_process && config.notify.is_on() {
        let cause = "notify: the demo within the process tells nobody; leave out --in-process or `notify`";
        return Err(Failure::input(cause));
    }
    let face = Planned::new(&loaded, &data_dir, database.as_ref(), !quiet)?;
    let options = DemoOptions { config, data_dir, duration: span, database };
    let summary = if args.in_process {
        in_process(options, &switch, shown, face)
    } else {
        demo_box::run(options, &switch, shown, face)
    };
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

/// What the user sees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// A live view is drawn.
    pub(crate) drawn: bool,
    /// Nothing but JSON is written to standard output.
    pub(crate) quiet: bool,
}

impl Shown {
    /// Whether words are written while the run goes on.
    pub(crate) fn tells(self) -> bool {
        !self.drawn && !self.quiet
    }
}

/// Market and exchange within this process.
fn in_process(
    options: DemoOptions,
    switch: &StopSwitch,
    shown: Shown,
    face: Planned,
) -> Result<Summary, Failure> {
    let (sender, receiver) = sync_channel::<Snapshot>(1);
    let mut demo = Demo::prepare(options, shown.drawn.then_some(sender)).map_err(failure)?;
    if shown.tells() {
        say!("demo running in {}; nothing leaves this machine; Ctrl-C ends it", demo.folder().display());
        if let Some(order) = demo.kill_order() {
            say!("{}", held(order));
        }
    }
    let face = face.open()?;
    if let Some(face) = &face {
        demo.attach(face.board.clone());
    }
    let engine_switch = switch.clone();
    let engine = std::thread::Builder::new()
        .name("engine".to_owned())
        .spawn(move || demo.run(&engine_switch))
        .map_err(Failure::work)?;
    if shown.drawn {
        view::follow(&Opened::title(face.as_ref(), "PAPER  synthetic market"), &receiver, switch);
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
        | LiveError::Notify(_)
        | LiveError::Net(_) => Failure::input(error),
        LiveError::Store(_)
        | LiveError::File { .. }
        | LiveError::Manifest { .. }
        | LiveError::Venue { .. }
        | LiveError::Stopped
        | LiveError::Thread => Failure::work(error),
    }
}
