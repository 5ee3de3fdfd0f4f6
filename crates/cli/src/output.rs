//! Writing results: to standard output for `-`, else to a file that appears whole or not at all.

use core::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

use crate::exit::{DONE, FAILED, Failure};

/// Prints a line to standard output, as `println!` does, but ends quietly where the reader has gone
/// (`| head`) and with a message where the disk is full.
macro_rules! say {
    ($($part:tt)*) => { $crate::output::line(format_args!($($part)*)) };
}

/// What [`say!`] calls.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let Err(error) = writeln!(out, "{text}") else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(i32::from(DONE));
    }
    eprintln!("error: standard output: cannot be written: {error}");
    std::process::exit(i32::from(FAILED));
}

/// Whether a target means standard output.
pub(crate) fn is_stdout(target: &Path) -> bool {
    target.as_os_str() == "-"
}

/// Writes what `fill` produces to `target`.
pub(crate) fn write(
    target: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if is_stdout(target) {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        fill(&mut out)?;
        return out.flush().map_err(Failure::work);
    }
    let broken =
        |error: std::io::Error| Failure::work(format!("{}: cannot be written: {error}", target.display()));
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let beside = target.with_file_name(name);
    let file = std::fs::File::create(&beside).map_err(broken)?;
    let mut out = std::io::BufWriter::new(file);
    let filled = fill(&mut out).and_then(|()| out.flush().map_err(broken));
    if let Err(error) = filled {
        // Best effort: the half-written file is ours and nobody else's.
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    std::fs::rename(&beside, target).map_err(broken)
}

/// Refuses a target in a folder that does not exist before any work is done.
pub(crate) fn check_target(option: &str, target: &Path) -> Result<(), Failure> {
    if is_stdout(target) {
        return Ok(());
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.is_dir()
    {
        return Err(Failure::input(format!(
            "{option} {}: the folder {} does not exist; create it first",
            target.display(),
            folder.display()
        )));
    }
    if target.is_dir() {
        return Err(Failure::input(format!("{option} {}: is a folder; name a file in it", target.display())));
    }
    Ok(())
}

/// Refuses targets that are the same file, or a file that is read: it would be lost.
pub(crate) fn check_apart(targets: &[(&str, &Path)], read: &[PathBuf]) -> Result<(), Failure> {
    for (index, (option, target)) in targets.iter().enumerate() {
        if is_stdout(target) {
            continue;
        }
        let shown = target.display();
        if read.iter().any(|file| same(file, target)) {
            return Err(Failure::input(format!(
                "{option} {shown}: this file is read by the same command; name another one"
            )));
        }
        let twin = targets.iter().take(index).find(|(_, other)| same(other, target));
        if let Some((other, _)) = twin {
            return Err(Failure::input(format!(
                "{option} {shown}: {other} names the same file; give each its own"
            )));
        }
    }
    Ok(())
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || real(one).is_some_and(|path| real(other) == Some(path))
}

/// The path without links and detours; the file itself need not exist yet.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    let folder = path.parent()?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

/// A table with a line under its head.
pub(crate) fn table<const N: usize>(head: [&str; N]) -> Table {
    let line = LineStyle::none().fill('─').junction('─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().top_border(line).header_separator(line).bottom_border(line));
    table.set_header(head);
    table
}

/// A row of a table: the first cell to the left, numbers to the right.
pub(crate) fn aligned<const N: usize>(cells: [String; N]) -> impl Iterator<Item = Cell> {
    cells.into_iter().enumerate().map(|(column, text)| {
        let cell = Cell::new(text);
        if column == 0 { cell } else { cell.set_alignment(CellAlignment::Right) }
    })
}

/// A part in percent of the whole; zero of nothing.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Refuses a folder to write into that cannot be one, because a file stands in its place or above it.
pub(crate) fn check_folder(what: &str, folder: &Path) -> Result<(), Failure> {
    let existing = folder.ancestors().find(|path| path.exists());
    match existing.filter(|path| !path.is_dir()) {
        Some(file) => Err(Failure::input(format!(
            "{what} {}: {} is a file; name a folder",
            folder.display(),
            file.display()
        ))),
        None => Ok(()),
    }
}
