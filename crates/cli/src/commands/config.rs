//! `seawall config`.

use std::io::Write;
use std::path::Path;

use comfy_table::Table;
use seawall_config::{Explained, schema, starter};

use crate::args::{ConfigArgs, ConfigCommand, ConfigSource};
use crate::exit::Failure;
use crate::input::{config, loader};

/// Runs the command.
pub(crate) fn run(args: &ConfigArgs) -> Result<(), Failure> {
    match &args.command {
        ConfigCommand::Check { source } => check(source),
        ConfigCommand::Explain { key, source, json } => explain(key.as_deref(), source, *json),
        ConfigCommand::Schema => {
            say!("{}", serde_json::to_string_pretty(&schema()).map_err(Failure::work)?);
            Ok(())
        }
        ConfigCommand::Init { file } => init(file),
    }
}

fn check(source: &ConfigSource) -> Result<(), Failure> {
    let config = config(source)?;
    say!(
        "sound: strategy {}, {} instruments with rules of their own; `seawall config explain` shows every value",
        config.strategy.name.name(),
        config.instruments.len()
    );
    if !config.strategy.always_has_stop() {
        say!("note: this strategy has no stop, so only backtests take it; set strategy.ema_cross.stop_pct");
    }
    Ok(())
}

fn explain(key: Option<&str>, source: &ConfigSource, json: bool) -> Result<(), Failure> {
    let loaded = loader(source)?.load().map_err(|error| Failure::config(&error))?;
    let rows = match key {
        Some(key) => loaded.explain(key).map_err(|error| Failure::config(&error))?,
        None => loaded.explain_all(),
    };
    if json {
        let rows: Vec<serde_json::Value> = rows.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&rows).map_err(Failure::work)?);
        return Ok(());
    }
    if let [one] = rows.as_slice() {
        print_one(one);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["key", "value", "from", "default"]);
    for row in &rows {
        table.add_row([row.key.clone(), row.value.clone(), row.source.to_string(), row.default.clone()]);
    }
    say!("{table}");
    Ok(())
}

fn as_json(row: &Explained) -> serde_json::Value {
    serde_json::json!({
        "key": row.key,
        "value": row.value,
        "source": row.source.to_string(),
        "default": row.default,
        "allowed": row.allowed,
        "doc": row.doc,
    })
}

fn print_one(row: &Explained) {
    say!("{} = {}", row.key, row.value);
    say!("from:    {}", row.source);
    say!("default: {}", row.default);
    if !row.allowed.is_empty() {
        say!("allowed: {}", row.allowed);
    }
    say!("{}", row.doc);
}

/// Writes the starter configuration; an existing file is never touched.
fn init(file: &Path) -> Result<(), Failure> {
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(|error| {
        let why = if error.kind() == std::io::ErrorKind::AlreadyExists {
            "it exists already and is left as it is; name another file".to_owned()
        } else {
            format!("cannot be created: {error}")
        };
        Failure::input(format!("{}: {why}", file.display()))
    })?;
    out.write_all(starter().as_bytes()).map_err(Failure::work)?;
    say!("{}: written; `seawall config check --config {}` checks it", file.display(), file.display());
    Ok(())
}
