//! `DATABASE_URL`: the PostgreSQL server that has the database instead of a file. It holds a password, so it
//! comes from the environment or from a file that only its owner reads, and never from an argument.

use std::path::{Path, PathBuf};

use seawall_store::db::DatabaseUrl;

use crate::exit::Failure;

const NAME: &str = "DATABASE_URL";
const FILE: &str = "DATABASE_URL_FILE";
/// Longer than any address.
const BYTES_MAX: u64 = 4_096;

/// The address in `DATABASE_URL`, or in the file that `DATABASE_URL_FILE` names; none where neither is set.
pub(crate) fn database_url() -> Result<Option<DatabaseUrl>, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let text = match (set(NAME), set(FILE)) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Failure::input(format!("{NAME} and {FILE} are both set; unset one")));
        }
        (Some(text), None) => {
            text.into_string().map_err(|_| Failure::input(format!("{NAME} is not a text")))?
        }
        (None, Some(file)) => read(&PathBuf::from(file))?,
    };
    DatabaseUrl::parse(&text).map(Some).map_err(Failure::input)
}

fn read(path: &Path) -> Result<String, Failure> {
    let bad = |what: &dyn core::fmt::Display| Failure::input(format!("{FILE}: {}: {what}", path.display()));
    let about = std::fs::metadata(path).map_err(|error| bad(&error))?;
    if about.len() > BYTES_MAX {
        return Err(bad(&"it is too large for an address"));
    }
    if is_open_to_others(&about) {
        return Err(bad(&"others may read it; chmod 600 it"));
    }
    std::fs::read_to_string(path).map_err(|error| bad(&error))
}

#[cfg(unix)]
fn is_open_to_others(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(about) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}
