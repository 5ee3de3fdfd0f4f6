//! Writing results: to standard output for `-`, else to a file that appears whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::exit::Failure;

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
