//! Connections to SQLite and their settings.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{DatabaseCause, StoreError};

/// How long a connection waits for another one's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Statements that stay prepared.
const STATEMENTS_MAX: usize = 64;

/// An error of SQLite with its place, for `map_err`.
pub(crate) fn failed(action: &'static str, place: &str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |source| {
        if source.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
            return StoreError::ForeignDatabase {
                place: place.to_owned(),
                what: "not an SQLite file".to_owned(),
            };
        }
        StoreError::Database { place: place.to_owned(), action, source: DatabaseCause::Sqlite(source) }
    }
}

fn opening(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
    let place = path.display().to_string();
    move |source| failed("open", &place)(source)
}

/// A connection that may write. `NORMAL` keeps the database whole through a loss of power; the last commits
/// that it may lose are made again from the journal.
pub(crate) fn writable(path: &Path) -> Result<Connection, StoreError> {
    let failed = opening(path);
    let connection = Connection::open(path).map_err(&failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "journal_mode", "WAL").map_err(&failed)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(&failed)?;
    connection.pragma_update(None, "foreign_keys", "ON").map_err(&failed)?;
    Ok(connection)
}

/// A connection that can only read.
pub(crate) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let failed = opening(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}
