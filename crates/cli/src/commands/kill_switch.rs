//! `seawall kill-switch`.

use std::path::PathBuf;

use seawall_model::{KillReason, Ts};
use seawall_store::{KillOrder, KillState, KillSwitch};
use serde::Serialize;

use crate::args::{KillSwitchArgs, KillSwitchCommand};
use crate::exit::{self, Failure};
use crate::face::now;
use crate::input::data_dir;
use crate::output::check_folder;

/// Runs the command.
pub(crate) fn run(args: &KillSwitchArgs) -> Result<(), Failure> {
    let folder = match &args.data_dir {
        Some(folder) => folder.clone(),
        None => data_dir()?,
    };
    check_folder("--data-dir", &folder)?;
    let switch = KillSwitch::in_folder(&folder);
    match &args.command {
        KillSwitchCommand::Activate { reason, flatten, note } => {
            let was_on = switch.read().is_on();
            let order = switch.activate(now(), *reason, *flatten, note).map_err(Failure::work)?;
            tell(args, &switch, &KillState::On(order), if was_on { "on already" } else { "on" })
        }
        KillSwitchCommand::Status => {
            let state = switch.read();
            tell(args, &switch, &state, if state.is_on() { "on" } else { "off" })?;
            // Scripts ask by the exit code.
            if state.is_on() { Err(Failure::silent(exit::SWITCHED_ON)) } else { Ok(()) }
        }
        KillSwitchCommand::Release => {
            let before = switch.release(now()).map_err(Failure::work)?;
            tell(args, &switch, &switch.read(), if before.is_on() { "released" } else { "off already" })
        }
    }
}

/// The state as JSON.
#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    state: &'static str,
    reason: Option<KillReason>,
    since: Option<Ts>,
    flatten: bool,
    note: &'a str,
    file: PathBuf,
}

fn tell(args: &KillSwitchArgs, switch: &KillSwitch, state: &KillState, word: &str) -> Result<(), Failure> {
    let (since, order) = match state {
        KillState::Off { since } => (*since, None),
        KillState::On(order) => (order.since, Some(order)),
    };
    let note = order.map_or("", |order| order.note.as_str());
    if args.json {
        let status = Status {
            schema: "seawall.kill_switch/1",
            state: if order.is_some() { "on" } else { "off" },
            reason: order.map(|order| order.reason),
            since,
            flatten: order.is_some_and(|order| order.flatten),
            note,
            file: switch.path().to_owned(),
        };
        say!("{}", serde_json::to_string_pretty(&status).map_err(Failure::work)?);
        return Ok(());
    }
    say!("kill switch: {word} ({})", switch.path().display());
    if let Some(KillOrder { reason, flatten, .. }) = order {
        say!(
            "reason: {}{}",
            reason.name(),
            if note.is_empty() { String::new() } else { format!(" ({note})") }
        );
        say!(
            "{}",
            if *flatten { "everything is to be closed" } else { "positions keep their stops and targets" }
        );
    }
    if let Some(since) = since {
        say!("since {since}");
    }
    if order.is_some() {
        say!("no entries while it is on; `seawall kill-switch release` turns it off");
    }
    Ok(())
}
