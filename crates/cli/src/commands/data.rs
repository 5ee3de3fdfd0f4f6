//! `seawall data`.

use std::path::Path;

use comfy_table::Table;
use seawall_archive::{
    ArchiveError, Audit, AuditSettings, ConflictPolicy, CsvFormat, ImportOptions, Progress, Store, audit_file,
};
use seawall_model::{InstrumentName, Timeframe, Ts};
use serde::Serialize;

use crate::args::{DataArgs, DataCommand};
use crate::exit::Failure;
use crate::input::data_dir;
use crate::input::range;
use crate::output::check_target;
use crate::progress::{bar, on_archive};

/// Runs the command.
pub(crate) fn run(args: &DataArgs) -> Result<(), Failure> {
    let folder = match &args.archive {
        Some(archive) => archive.clone(),
        None => data_dir()?.join("archive"),
    };
    let store = Store::open(&folder).map_err(failure)?;
    match &args.command {
        DataCommand::Import { instrument, timeframe, overwrite, file } => {
            let conflicts = if *overwrite { ConflictPolicy::Overwrite } else { ConflictPolicy::Refuse };
            let options = ImportOptions { conflicts, ..ImportOptions::default() };
            let imported =
                with_bar("import", |progress| store.import(file, instrument, *timeframe, options, progress))?;
            show(args.json, &imported, || {
                say!(
                    "{instrument} {timeframe}: {} candles added, {} already there, {} replaced, {} files written to {}",
                    imported.added,
                    imported.same,
                    imported.replaced,
                    imported.months_written,
                    folder.display()
                );
                print_audit(&imported.audit);
            })
        }
        DataCommand::List => list(args, &store, &folder),
        DataCommand::Audit { instrument, timeframe, file } => {
            let audit = match (file, instrument) {
                (Some(file), _) => with_bar("audit", |progress| {
                    audit_file(file, *timeframe, AuditSettings::default(), progress)
                })?,
                (None, Some(instrument)) => with_bar("audit", |progress| {
                    store.audit(instrument, *timeframe, AuditSettings::default(), progress)
                })?,
                (None, None) => return Err(Failure::input("audit: name a file or an --instrument")),
            };
            show(args.json, &audit, || print_audit(&audit))?;
            if audit.is_sound() {
                return Ok(());
            }
            Err(Failure::work(format!("{} faults; see above", audit.faults.count)))
        }
        DataCommand::Resample { instrument, from, to } => {
            let frames = (*from, *to);
            let made = with_bar("resample", |progress| {
                store.resample(instrument, frames, ConflictPolicy::Refuse, progress)
            })?;
            show(args.json, &made, || {
                say!(
                    "{instrument} {from} → {to}: {} candles ({} new); {} incomplete ones at the ends left out; {} have \
                     holes ({} bars missing in them)",
                    made.buckets,
                    made.added,
                    made.dropped,
                    made.with_holes,
                    made.bars_missing
                );
            })
        }
        DataCommand::Export { instrument, timeframe, from, to, file } => {
            check_target("export", file)?;
            let series = (instrument, *timeframe);
            export(args.json, &store, series, range(*from, *to)?, file)
        }
    }
}

fn export(
    json: bool,
    store: &Store,
    (instrument, timeframe): (&InstrumentName, Timeframe),
    range: Option<(Ts, Ts)>,
    file: &Path,
) -> Result<(), Failure> {
    let zipped = file.extension().is_some_and(|end| end == "gz");
    let format = if zipped { CsvFormat::CsvGz } else { CsvFormat::Csv };
    let written =
        with_bar("export", |progress| store.export(instrument, timeframe, range, (file, format), progress))?;
    show(json, &written, || {
        say!("{}: {} candles, {} bytes", file.display(), written.rows, written.bytes);
    })
}

fn list(args: &DataArgs, store: &Store, folder: &Path) -> Result<(), Failure> {
    let series = store.list().map_err(failure)?;
    show(args.json, &series, || {
        if series.is_empty() {
            say!("{} holds no candles yet; `seawall data import` brings some in", folder.display());
            return;
        }
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        table.set_header(["instrument", "tf", "from", "to", "candles", "holes", "missing", "bytes"]);
        for one in &series {
            table.add_row([
                one.instrument.to_string(),
                one.timeframe.to_string(),
                one.from.to_string(),
                one.to.to_string(),
                one.rows.to_string(),
                one.holes.to_string(),
                one.bars_missing.to_string(),
                one.bytes.to_string(),
            ]);
        }
        say!("{table}");
    })
}

fn with_bar<R>(
    what: &str,
    work: impl FnOnce(&mut dyn FnMut(Progress)) -> Result<R, ArchiveError>,
) -> Result<R, Failure> {
    let bar = bar(what, 1);
    let mut progress = on_archive(&bar);
    let result = work(&mut progress);
    drop(progress);
    bar.finish_and_clear();
    result.map_err(failure)
}

/// Prints JSON, or lets `text` print for people.
fn show<T: Serialize>(json: bool, value: &T, text: impl FnOnce()) -> Result<(), Failure> {
    if json {
        say!("{}", serde_json::to_string_pretty(value).map_err(Failure::work)?);
    } else {
        text();
    }
    Ok(())
}

fn print_audit(audit: &Audit) {
    let span = match (audit.from, audit.to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(_) | None, None) | (None, Some(_)) => "nothing".to_owned(),
    };
    say!("{} {} candles, {span}, prices with up to {} decimals", audit.rows, audit.timeframe, audit.decimals);
    if let Some(step) = audit.other_step_ms {
        say!("the rows are {} s apart: another timeframe than {}", step / 1_000, audit.timeframe);
    }
    say!(
        "holes: {} ({} bars missing); bars without trades: {}; jumps: {}; faults: {}",
        audit.holes.count,
        audit.bars_missing,
        audit.zero_volume,
        audit.jumps.count,
        audit.faults.count
    );
    for hole in &audit.holes.samples {
        say!("  hole before line {}: {} bars from {}", hole.line, hole.missing, hole.from);
    }
    for fault in &audit.faults.samples {
        say!("  {fault}");
    }
    for jump in &audit.jumps.samples {
        say!("  line {} ({}): opens {:.1} % away from the close before", jump.line, jump.at, jump.move_pct);
    }
}

/// What is wrong with the data is the user's to mend; a disk that fails is not.
fn failure(error: ArchiveError) -> Failure {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let system = if let ArchiveError::Io { source, .. } = &error { Some(source.kind()) } else { None };
    let mendable = system
        .is_none_or(|kind| [NotFound, PermissionDenied, IsADirectory, NotADirectory].contains(&kind))
        && !matches!(error, ArchiveError::Memory { .. });
    if mendable { Failure::input(error) } else { Failure::work(error) }
}
