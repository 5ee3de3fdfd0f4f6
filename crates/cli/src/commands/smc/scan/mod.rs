//! `seawall smc scan`: prints or draws what the engine sees in candles.
//!
//! Everything shown carries the close at which it became known; what was not known is never shown before.

mod args;
mod json;
pub(crate) mod live;
pub(crate) mod record;
pub(crate) mod text;
pub(crate) mod things;
pub(crate) mod words;

use std::path::{Path, PathBuf};

use seawall_config::Config;
use seawall_smc::{ChartSettings, Kind};

pub(crate) use args::ScanArgs;

use self::record::{Scale, Selection, record};
use super::draw;
use crate::args::ConfigSource;
use crate::exit::Failure;
use crate::input::{DataRequest, config, files, market};
use crate::output::{check_apart, check_target, is_stdout, write};

/// How alike two names must be for one to be offered in the place of the other.
const LIKENESS_MIN: f64 = 0.4;

/// Runs the command.
pub(crate) fn run(args: &ScanArgs) -> Result<(), Failure> {
    check_outputs(args)?;
    let selection = Selection { kinds: kinds(&args.kinds)?, scale: scale(args) };
    let config: Config = config(&ConfigSource { config: None, set: Vec::new() })?;
    let archive = args.archive.clone().unwrap_or_else(|| PathBuf::from(&config.data.dir).join("archive"));
    let request = DataRequest {
        candles: core::slice::from_ref(&args.candles),
        trades: &[],
        funding: &[],
        signals: &[],
        from: args.from,
        to: args.to,
        archive: &archive,
    };
    let market = market(&config, &request)?;
    let scan = record(&market, &args.timeframe, &ChartSettings::default(), selection)?;
    if let Some(target) = &args.html {
        let page = draw::page(&scan).map_err(Failure::work)?;
        write(target, |out| out.write_all(page.as_bytes()).map_err(Failure::work))?;
    }
    if let Some(target) = &args.json {
        let json = json::json(&scan, args.last);
        write(target, |out| {
            serde_json::to_writer_pretty(&mut *out, &json).map_err(Failure::work)?;
            writeln!(out).map_err(Failure::work)
        })?;
    }
    if !args.json.as_deref().is_some_and(is_stdout) {
        say!("{}", text::text(&scan, args.last).map_err(Failure::work)?.trim_end());
    }
    Ok(())
}

fn scale(args: &ScanArgs) -> Scale {
    match (args.internal, args.swing) {
        (true, _) => Scale::Internal,
        (false, true) => Scale::Swing,
        (false, false) => Scale::Both,
    }
}

/// Results never take the place of what they were made from, nor of each other.
fn check_outputs(args: &ScanArgs) -> Result<(), Failure> {
    if let Some(html) = &args.html {
        if is_stdout(html) {
            return Err(Failure::input("--html -: the chart needs a file; name one"));
        }
        check_target("--html", html)?;
    }
    if let Some(json) = &args.json {
        check_target("--json", json)?;
    }
    let read = files(core::slice::from_ref(&args.candles), &[])?;
    let named = [("--json", &args.json), ("--html", &args.html)];
    let targets: Vec<(&str, &Path)> =
        named.into_iter().filter_map(|(option, target)| Some((option, target.as_deref()?))).collect();
    check_apart(&targets, &read)
}

/// The kinds of `--kinds`, each once.
fn kinds(names: &[String]) -> Result<Vec<Kind>, Failure> {
    let mut kinds = Vec::new();
    for name in names {
        let kind = words::kind_of(name).ok_or_else(|| unknown_kind(name))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn unknown_kind(name: &str) -> Failure {
    let likeness = |known: &&str| strsim::normalized_damerau_levenshtein(name, known);
    let nearest = words::names().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let nearest = nearest.filter(|known| likeness(known) >= LIKENESS_MIN);
    let like = nearest.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
    let allowed: Vec<&str> = words::names().collect();
    Failure::input(format!("--kinds: `{name}` is no kind{like}; allowed are: {}", allowed.join(" ")))
}
