//! `seawall why`.

use std::path::PathBuf;

use comfy_table::Table;
use seawall_live::Manifest;
use seawall_live::demo::newest_run;
use seawall_model::{InstrumentName, Outcome, Verdict};
use seawall_store::db::{DecisionRow, Reader};

use crate::args::WhyArgs;
use crate::exit::Failure;
use crate::input::check_run;
use crate::input::data_dir;

/// Runs the command.
pub(crate) fn run(args: &WhyArgs) -> Result<(), Failure> {
    let folder = match &args.run {
        Some(run) => run.clone(),
        None => newest(args)?,
    };
    check_run(&folder)?;
    let manifest = Manifest::read(&folder).map_err(Failure::input)?;
    let names: Vec<&InstrumentName> = manifest.instruments.iter().map(|one| &one.spec.name).collect();
    let name = one_of(&names, &args.instrument)?;
    let database = folder.join("seawall.db");
    if !database.is_file() {
        return Err(Failure::input(format!(
            "{}: there is no database; build it with `seawall journal replay {} --rebuild-db`",
            database.display(),
            folder.display()
        )));
    }
    let reader = Reader::open(&database).map_err(Failure::input)?;
    let decision = reader.last_decision(name.as_str(), args.at).map_err(Failure::work)?;
    let Some(decision) = decision else {
        let when = args.at.map(|at| format!(" at or before {at}")).unwrap_or_default();
        return Err(Failure::input(format!(
            "no decision on {name}{when} in {}; give a later time, or another run with --run",
            folder.display()
        )));
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&decision).map_err(Failure::work)?);
    } else {
        print(&decision);
    }
    Ok(())
}

fn newest(args: &WhyArgs) -> Result<PathBuf, Failure> {
    let data = match &args.data_dir {
        Some(folder) => folder.clone(),
        None => data_dir()?,
    };
    let root = data.join("demo");
    let run = newest_run(&root).map_err(Failure::input)?;
    run.map(|(_, folder)| folder).ok_or_else(|| {
        Failure::input(format!(
            "there are no runs in {}; start one with `seawall demo`, or name one with --run",
            root.display()
        ))
    })
}

/// The instrument meant by `text`: its name, or a part of it that fits only one.
fn one_of<'a>(names: &[&'a InstrumentName], text: &str) -> Result<&'a InstrumentName, Failure> {
    if let Some(name) = names.iter().find(|name| name.as_str() == text) {
        return Ok(name);
    }
    let list =
        |names: &[&InstrumentName]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let matches: Vec<&'a InstrumentName> =
        names.iter().copied().filter(|name| name.as_str().contains(text) && !text.is_empty()).collect();
    match matches.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::input(format!("no instrument `{text}` in this run; there are {}", list(names)))),
        several => Err(Failure::input(format!("`{text}` fits {}; name one of them", list(several)))),
    }
}

fn print(decision: &DecisionRow) {
    let answer = match decision.outcome {
        Outcome::Entered => "entered".to_owned(),
        Outcome::Refused(gate) => format!("not entered: refused by {}", gate.name()),
    };
    say!("{} at {} (price {}): {answer}", decision.instrument, decision.at, decision.price);
    if let Some(setup) = &decision.setup {
        say!("setup: {setup}");
    }
    if let Some(exit) = &decision.exit {
        say!("an open position was closed by this candle: {exit}");
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["gate", "verdict", "measured", "against", "what it asks"]);
    for reading in &decision.gates {
        let verdict = match reading.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "FAIL",
            Verdict::Shadow => "would fail",
        };
        table.add_row([
            reading.gate.name().to_owned(),
            verdict.to_owned(),
            number(reading.measured),
            number(reading.threshold),
            reading.gate.help().to_owned(),
        ]);
    }
    say!("{table}");
}

/// Six significant digits are enough for eyes; `--json` has them all.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) {
        let text = format!("{value:.6}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.3e}")
}
