//! `seawall smc export`.
//!
//! Everything is checked and computed before the first file appears: each is written beside its place, and
//! only when all are complete do they take their names.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::{Cell, CellAlignment, Table};
use seawall_model::Ts;
use seawall_smc::export::{self, ALL, Bars, Name};
use serde::Serialize;

use super::grid;
use super::input::{self, Input};
use crate::exit::Failure;
use crate::output::{check_apart, check_folder};
use crate::progress::bar;
use crate::smc_args::ExportArgs;

/// How unlike a name may be to one that is offered instead.
const LIKENESS_MIN: f64 = 0.7;

/// One file, written.
#[derive(Debug, Serialize)]
struct Written {
    name: String,
    file: PathBuf,
    rows: usize,
    /// Rows with anything in them.
    rows_filled: usize,
    bytes: usize,
    seconds: f64,
    #[serde(skip)]
    partial: PathBuf,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Summary {
    schema: &'static str,
    input: PathBuf,
    bars: usize,
    from: Option<Ts>,
    to: Option<Ts>,
    step_ms: i64,
    holes: u64,
    bars_missing: u64,
    files: Vec<Written>,
    seconds: f64,
}

/// Runs the command.
pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let begun = Instant::now();
    let names = names(&args.names)?;
    check_folder("--out", &args.out)?;
    for name in &names {
        let (target, partial) = places(&args.out, name);
        if target.is_dir() {
            let shown = target.display();
            return Err(Failure::input(format!(
                "--out: {shown} is a folder where a file would go; remove it"
            )));
        }
        for file in [&target, &partial] {
            check_apart(&[("--out", file)], std::slice::from_ref(&args.input))?;
        }
    }
    let input = input::read(&args.input, names.iter().any(Name::needs_volume))?;
    let files = write_all(&names, &input, &args.out)?;
    let summary = Summary {
        schema: "seawall.smc_export/1",
        input: args.input.clone(),
        bars: input.times.len(),
        from: input.times.first().copied(),
        to: input.times.last().copied(),
        step_ms: input.grid.step.millis(),
        holes: input.grid.holes,
        bars_missing: input.grid.missing,
        files,
        seconds: begun.elapsed().as_secs_f64(),
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&summary).map_err(Failure::work)?);
    } else {
        print(&summary, &input, &args.out);
    }
    Ok(())
}

/// The names that were asked for, each once; `all` in place.
fn names(texts: &[String]) -> Result<Vec<Name>, Failure> {
    let mut names: Vec<Name> = Vec::new();
    for text in texts.iter().map(|text| text.trim()) {
        let one = [text];
        for text in if text == "all" { ALL.as_slice() } else { &one } {
            let name = text.parse().map_err(|error| {
                let like = nearest(text).map(|like| format!("; did you mean `{like}`?")).unwrap_or_default();
                Failure::input(format!("--names: {error}{like}"))
            })?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// The known name that is most like `text`.
fn nearest(text: &str) -> Option<&'static str> {
    let likeness = |name: &&str| strsim::normalized_damerau_levenshtein(text, name);
    let best = ALL.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(&best) >= LIKENESS_MIN).then_some(best)
}

/// Where a file goes, and where it is until it is complete.
fn places(folder: &Path, name: &Name) -> (PathBuf, PathBuf) {
    (folder.join(format!("{name}.csv")), folder.join(format!("{name}.csv.partial")))
}

fn write_all(names: &[Name], input: &Input, folder: &Path) -> Result<Vec<Written>, Failure> {
    let made_folder = !folder.exists();
    fs::create_dir_all(folder).map_err(|error| broken(folder, &error))?;
    let mut files = Vec::new();
    let progress = bar("export", u64::try_from(names.len()).unwrap_or(0));
    let mut result = Ok(());
    for name in names {
        progress.set_message(name.to_string());
        match write_one(name, input, folder) {
            Ok(file) => files.push(file),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let placed = result.and_then(|()| {
        files.iter().try_for_each(|file| {
            fs::rename(&file.partial, &file.file).map_err(|error| broken(&file.file, &error))
        })
    });
    if let Err(error) = placed {
        // Best effort: what is half done is ours and nobody else's.
        for name in names {
            let _ = fs::remove_file(places(folder, name).1);
        }
        if made_folder {
            let _ = fs::remove_dir(folder);
        }
        return Err(error);
    }
    Ok(files)
}

fn write_one(name: &Name, input: &Input, folder: &Path) -> Result<Written, Failure> {
    let begun = Instant::now();
    let bars = Bars {
        open_time: &input.times,
        open: &input.open,
        high: &input.high,
        low: &input.low,
        close: &input.close,
        volume: input.volumes.as_deref(),
    };
    let table = export::table(name, &bars).map_err(|error| Failure::input(format!("{name}: {error}")))?;
    let text = table.csv();
    let (file, partial) = places(folder, name);
    fs::write(&partial, &text).map_err(|error| broken(&partial, &error))?;
    Ok(Written {
        name: name.to_string(),
        file,
        rows: table.rows(),
        rows_filled: table.rows_filled(),
        bytes: text.len(),
        seconds: begun.elapsed().as_secs_f64(),
        partial,
    })
}

fn broken(path: &Path, error: &std::io::Error) -> Failure {
    Failure::work(format!("{}: cannot be written: {error}", path.display()))
}

fn print(summary: &Summary, input: &Input, folder: &Path) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["file", "rows", "not empty", "bytes", "ms"]);
    for file in &summary.files {
        let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(format!("{}.csv", file.name)),
            right(file.rows.to_string()),
            right(file.rows_filled.to_string()),
            right(file.bytes.to_string()),
            right(format!("{:.1}", file.seconds * 1_000.0)),
        ]);
    }
    say!("{table}");
    let time = |at: Option<Ts>| at.map(|at| at.to_string()).unwrap_or_default();
    say!(
        "{}: {} bars, {} apart, {} to {}; {} holes with {} missing bars",
        summary.input.display(),
        summary.bars,
        grid::text(input.grid.step),
        time(summary.from),
        time(summary.to),
        summary.holes,
        summary.bars_missing
    );
    say!("{} files in {} ({:.2} s)", summary.files.len(), folder.display(), summary.seconds);
}
