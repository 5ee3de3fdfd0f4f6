//! Where a database is: a file of SQLite in the folder of the run, or a schema on a PostgreSQL server.
//!
//! On a server one schema has all runs of an account. A run is known there by its number and by an identity
//! that is made up when the run begins and kept beside its journal (`postgres.json`): a run of another folder
//! may bear the same number, and the two must not be mixed.

use core::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::StoreError;

use super::url::DatabaseUrl;

/// The database's file in the folder of a run.
const SQLITE_FILE: &str = "seawall.db";
/// Says that the database of a run is on a server, and what it is called there.
const MARK_FILE: &str = "postgres.json";
/// Postgres cuts longer names.
const SCHEMA_LENGTH_MAX: usize = 63;

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A schema on a PostgreSQL server.
    Postgres(ServerPlace),
}

/// A schema on a PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPlace {
    pub(crate) url: DatabaseUrl,
    pub(crate) schema: String,
    /// Tells the runs of a number apart.
    pub(crate) identity: String,
}

/// What [`MARK_FILE`] holds: no secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    schema: String,
    identity: String,
}

impl Place {
    /// Where the database of the run in `folder` is to be: on the server of `url`, in the schema of
    /// `account`, or in a file beside the journal. What a run began with it keeps.
    ///
    /// # Errors
    /// [`StoreError::AccountName`], [`StoreError::Io`]; as for [`Self::of_run`].
    pub fn for_run(folder: &Path, account: &str, url: Option<&DatabaseUrl>) -> Result<Self, StoreError> {
        let (file, mark) = (folder.join(SQLITE_FILE), folder.join(MARK_FILE));
        let Some(url) = url.filter(|_| !file.exists() && !mark.exists()) else {
            return match mark.exists() {
                true => Self::of_run(folder, url),
                false => Ok(Place::Sqlite(file)),
            };
        };
        let schema = schema_name(account)?;
        let identity = random_identity()?;
        let text = serde_json::to_string_pretty(&Mark { schema: schema.clone(), identity: identity.clone() });
        let text = text.map_err(|error| StoreError::Io {
            action: "describe",
            path: mark.clone(),
            source: error.into(),
        })?;
        fs::write(&mark, text).map_err(StoreError::io("write", &mark))?;
        Ok(Place::Postgres(ServerPlace { url: url.clone(), schema, identity }))
    }

    /// Where the database of the run in `folder` is.
    ///
    /// # Errors
    /// [`StoreError::DatabaseUrlNeeded`] where it is on a server and no address was given;
    /// [`StoreError::Io`].
    pub fn of_run(folder: &Path, url: Option<&DatabaseUrl>) -> Result<Self, StoreError> {
        let path = folder.join(MARK_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Place::Sqlite(folder.join(SQLITE_FILE)));
            }
            Err(source) => return Err(StoreError::Io { action: "read", path, source }),
        };
        let mark: Mark = serde_json::from_str(&text).map_err(|error| StoreError::Io {
            action: "understand",
            path: path.clone(),
            source: error.into(),
        })?;
        let Some(url) = url else { return Err(StoreError::DatabaseUrlNeeded { folder: folder.to_owned() }) };
        Ok(Place::Postgres(ServerPlace { url: url.clone(), schema: mark.schema, identity: mark.identity }))
    }

    /// The schema to work in; nothing where there are none.
    pub(crate) fn schema(&self) -> &str {
        match self {
            Place::Sqlite(_) => "",
            Place::Postgres(server) => &server.schema,
        }
    }

    /// What a run calls itself beside its number; nothing in a file, which has the runs of one folder.
    pub(crate) fn identity(&self) -> &str {
        match self {
            Place::Sqlite(_) => "",
            Place::Postgres(server) => &server.identity,
        }
    }

    /// The schema of `account` on the server of `url`, for readers of all its runs and for looking whether it
    /// is reachable.
    ///
    /// # Errors
    /// [`StoreError::AccountName`].
    pub fn on_server(url: &DatabaseUrl, account: &str) -> Result<Self, StoreError> {
        let schema = schema_name(account)?;
        Ok(Place::Postgres(ServerPlace { url: url.clone(), schema, identity: String::new() }))
    }
}

/// `seawall_` and the account's name; a name too long for Postgres ends in its hash.
fn schema_name(account: &str) -> Result<String, StoreError> {
    crate::lock::check_account(account)?;
    let whole = format!("seawall_{account}");
    if whole.len() <= SCHEMA_LENGTH_MAX {
        return Ok(whole);
    }
    let hash = crate::journal::Digest::sha256(account.as_bytes()).to_string();
    Ok(format!(
        "seawall_{}_{}",
        account.chars().take(40).collect::<String>(),
        hash.get(..8).unwrap_or_default()
    ))
}

fn random_identity() -> Result<String, StoreError> {
    let mut bytes = [0_u8; 8];
    let filled = aws_lc_rs::rand::fill(&mut bytes);
    filled.map_err(|_| StoreError::Io {
        action: "draw a random number from",
        path: "the operating system".into(),
        source: std::io::Error::other("it gave none"),
    })?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Place::Sqlite(path.to_owned())
    }
}

impl From<&PathBuf> for Place {
    fn from(path: &PathBuf) -> Self {
        Place::Sqlite(path.clone())
    }
}

/// Without the password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Sqlite(path) => path.display().fmt(f),
            Place::Postgres(server) => write!(f, "{} schema {}", server.url, server.schema),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_named_after_its_account_however_long_that_is() {
        assert_eq!(schema_name("kraken-futures.main").unwrap(), "seawall_kraken-futures.main");
        assert!(schema_name("a\"; DROP SCHEMA b").is_err());
        let (long, other) = ("x".repeat(64), format!("{}y", "x".repeat(63)));
        let (long, other) = (schema_name(&long).unwrap(), schema_name(&other).unwrap());
        assert!(long.len() <= SCHEMA_LENGTH_MAX && long != other, "{long} {other}");
    }
}
