//! `seawall notify`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use seawall_live::alerts::OUTBOX;
use seawall_live::run::FOLDER;
use seawall_live::run::secrets::channels;
use seawall_model::Ts;
use seawall_notify::lane::Outcome;
use seawall_notify::memory::Memory;
use seawall_notify::outbox::{Standing, Wish};
use seawall_notify::send::{Sender, client};
use seawall_notify::{NotifySettings, Outbox, Router};
use serde::Serialize;

use crate::args::ConfigSource;
use crate::commands::demo::failure;
use crate::exit::Failure;
use crate::input::{config, data_dir};
use crate::notify_args::{NotifyArgs, NotifyCommand};
use crate::output::check_folder;

/// Runs the command.
pub(crate) fn run(args: &NotifyArgs) -> Result<(), Failure> {
    match &args.command {
        NotifyCommand::Test { source, channel } => test(source, channel.as_deref()),
        NotifyCommand::Status { data_dir, json } => status(data_dir.as_ref(), *json),
        NotifyCommand::Ack { data_dir } => ack(data_dir.as_ref()),
    }
}

/// Sends without the outbox: what a channel says is said here.
fn test(source: &ConfigSource, only: Option<&str>) -> Result<(), Failure> {
    let mut settings = config(source)?.notify;
    if let Some(only) = only
        && !settings.channels.iter().any(|channel| channel.name == only)
    {
        let names: Vec<&str> = settings.channels.iter().map(|channel| channel.name.as_str()).collect();
        return Err(Failure::input(format!(
            "--channel {only}: no channel of `notify` has that name (there are: {})",
            names.join(", ")
        )));
    }
    settings.channels.retain(|channel| only.is_none_or(|only| channel.name == only));
    settings.heartbeat_every_s = None;
    if settings.channels.is_empty() {
        return Err(Failure::input("`notify` has no channels: docs/alerts.md tells how to add one"));
    }
    let secrets = channels(&settings, &|name| std::env::var(name).ok()).map_err(failure)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::work)?;
    let failed = runtime.block_on(send(&settings, secrets))?;
    if failed == 0 { Ok(()) } else { Err(Failure::work(format!("{failed} channels do not work"))) }
}

async fn send(settings: &NotifySettings, secrets: seawall_notify::Secrets) -> Result<usize, Failure> {
    let secrets = Arc::new(secrets);
    let client = client().map_err(Failure::work)?;
    let message = Router::new(settings, "test", "test", Memory::new(now())).test(now());
    let mut failed = 0;
    for channel in &settings.channels {
        let sender = Sender::new(channel, &secrets, &client).map_err(Failure::input)?;
        let name = &channel.name;
        match sender.send(&message, now()).await {
            Outcome::Delivered => {
                say!("{name}: delivered");
                continue;
            }
            Outcome::Limited(pause) => {
                let seconds = pause.millis().div_euclid(1_000);
                say!("{name}: asks for a pause of {seconds} s");
            }
            Outcome::Down(why) => {
                say!("{name}: does not work: {why}");
            }
            Outcome::Refused(why) => {
                say!("{name}: refuses the message: {why}");
            }
        }
        failed += 1;
    }
    Ok(failed)
}

/// An outbox as JSON.
#[derive(Serialize)]
struct Account {
    account: String,
    channels: Vec<Standing>,
}

fn status(folder: Option<&PathBuf>, json: bool) -> Result<(), Failure> {
    let mut accounts = Vec::new();
    for (account, outbox) in outboxes(folder)? {
        accounts.push(Account { account, channels: outbox.standings().map_err(Failure::work)? });
    }
    if json {
        let status = serde_json::json!({ "schema": "seawall.notify/1", "accounts": accounts });
        say!("{}", serde_json::to_string_pretty(&status).map_err(Failure::work)?);
        return Ok(());
    }
    if accounts.is_empty() {
        say!("no run has told anybody anything yet");
    }
    for Account { account, channels } in accounts {
        for Standing { channel, waiting, sent, collapsed, problem, .. } in channels {
            let problem = problem.map(|problem| format!("; last problem: {problem}")).unwrap_or_default();
            say!(
                "{account}, {channel}: {waiting} wait, {sent} sent, {collapsed} became part of others{problem}"
            );
        }
    }
    Ok(())
}

fn ack(folder: Option<&PathBuf>) -> Result<(), Failure> {
    let outboxes = outboxes(folder)?;
    if outboxes.is_empty() {
        return Err(Failure::input("no run has told anybody anything yet"));
    }
    for (account, outbox) in outboxes {
        let who = "`seawall notify ack`".to_owned();
        outbox.wish(&Wish::Acknowledge { who }).map_err(Failure::work)?;
        say!("{account}: what is critical and open counts as seen within a second of a running instance");
    }
    Ok(())
}

/// The outboxes of the accounts in a data folder.
fn outboxes(folder: Option<&PathBuf>) -> Result<Vec<(String, Outbox)>, Failure> {
    let folder = folder.cloned().map_or_else(data_dir, Ok)?;
    check_folder("--data-dir", &folder)?;
    let accounts = [("live", Path::new(FOLDER).join("live")), ("paper", Path::new(FOLDER).join("paper"))];
    let demo = ("demo", PathBuf::from("demo"));
    let mut found = Vec::new();
    for (name, below) in accounts.into_iter().chain([demo]) {
        let outbox = Outbox::existing(&folder.join(below).join(OUTBOX)).map_err(Failure::work)?;
        found.extend(outbox.map(|outbox| (name.to_owned(), outbox)));
    }
    Ok(found)
}

fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ts::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
