//! Makes a database anew, beside the old one, and puts it in its place at once.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::disk::{Disk, StdDisk};
use crate::error::{DatabaseCause, StoreError};

use super::Database;
use super::place::Place;
#[cfg(feature = "postgres")]
use super::postgres::Replacement;
use super::sqlite::{self, failed};

/// A new database that is being filled. The old one stays until [`Self::finish`]; dropped, nothing happened.
#[derive(Debug)]
pub struct Rebuild {
    database: Database,
    target: Target,
}

/// What the new database replaces.
#[derive(Debug)]
enum Target {
    /// A file, as a whole.
    File(PathBuf),
    /// The same runs in a schema that may have others. No run writes it meanwhile.
    #[cfg(feature = "postgres")]
    Schema(Box<Replacement>),
}

/// `path` with `suffix` behind its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(StoreError::io("remove", path)),
    }
}

impl Database {
    /// Begins a new database that will take the place of the one at `place`, if there is one. On a server it
    /// will replace the runs that it has, and leave others.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Database`]; [`StoreError::DatabaseLocked`] where a run is writing.
    pub fn recreate(place: impl Into<Place>) -> Result<Rebuild, StoreError> {
        match place.into() {
            Place::Sqlite(path) => {
                let building = beside(&path, ".rebuild");
                for suffix in ["", "-wal", "-shm", "-journal"] {
                    remove_if_there(&beside(&building, suffix))?;
                }
                Ok(Rebuild { database: Database::open(&building)?, target: Target::File(path) })
            }
            #[cfg(feature = "postgres")]
            Place::Postgres(server) => {
                let replacement = Replacement::begin(server)?;
                let database = Database::open(Place::Postgres(replacement.building()))?;
                Ok(Rebuild { database, target: Target::Schema(Box::new(replacement)) })
            }
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => Err(StoreError::NoPostgres),
        }
    }
}

impl Rebuild {
    /// The new database, to be filled. Drop its writers before [`Self::finish`].
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Puts the new database in the place of the old one. Readers of an old file see it until they open anew.
    ///
    /// # Errors
    /// [`StoreError::Database`] or [`StoreError::DatabaseLocked`] where the new one is still in use;
    /// [`StoreError::Io`]. The old one is there then.
    pub fn finish(self) -> Result<Database, StoreError> {
        match (self.target, self.database.place) {
            (Target::File(target), Place::Sqlite(building)) => replace_file(&building, &target),
            #[cfg(feature = "postgres")]
            (Target::Schema(replacement), _) => replacement.finish().map(|place| Database { place }),
            (Target::File(target), Place::Postgres(_)) => Database::open(&target),
        }
    }
}

fn replace_file(building: &Path, target: &Path) -> Result<Database, StoreError> {
    close_into_one_file(building)?;
    let file = File::options().write(true).open(building).map_err(StoreError::io("open", building))?;
    file.sync_all().map_err(StoreError::io("sync", building))?;
    if target.exists() {
        // A log that stayed behind would be taken for one of the new file. That the old database cannot
        // be closed well may be the reason for making a new one.
        let _ = sqlite::writable(target).and_then(|old| checkpoint(&old, target));
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        remove_if_there(&beside(target, suffix))?;
    }
    fs::rename(building, target).map_err(StoreError::io("replace", target))?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    StdDisk.sync_dir(parent).map_err(StoreError::io("sync", parent))?;
    Database::open(target)
}

/// Writes the log of the database into its file and removes it.
fn close_into_one_file(path: &Path) -> Result<(), StoreError> {
    let place = path.display().to_string();
    let failed = failed("close", &place);
    let connection = sqlite::writable(path)?;
    checkpoint(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "DELETE").map_err(&failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

/// Writes the log of the database into its file.
fn checkpoint(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    const ACTION: &str = "write the log";
    let place = path.display().to_string();
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    if !busy.map_err(failed(ACTION, &place))? {
        return Ok(());
    }
    let source = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let source = rusqlite::Error::SqliteFailure(source, Some("somebody else is using it".to_owned()));
    Err(StoreError::Database { place, action: ACTION, source: DatabaseCause::Sqlite(source) })
}
