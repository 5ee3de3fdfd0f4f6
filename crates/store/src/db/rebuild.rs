//! Makes a database anew, beside the old one, and puts it in its place at once.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::disk::{Disk, StdDisk};
use crate::error::StoreError;

use super::Database;
use super::connect::{self, failed};

/// A new database that is being filled. The old one stays until [`Self::finish`]; dropped, nothing happened.
#[derive(Debug)]
pub struct Rebuild {
    database: Database,
    target: PathBuf,
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
    /// Begins a new database that will take the place of the one at `path`, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Database`].
    pub fn recreate(path: &Path) -> Result<Rebuild, StoreError> {
        let building = beside(path, ".rebuild");
        for suffix in ["", "-wal", "-shm", "-journal"] {
            remove_if_there(&beside(&building, suffix))?;
        }
        Ok(Rebuild { database: Database::open(&building)?, target: path.to_owned() })
    }
}

impl Rebuild {
    /// The new database, to be filled. Drop its writers before [`Self::finish`].
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Puts the new database in the place of the old one. Readers of the old one see it until they open anew.
    ///
    /// # Errors
    /// [`StoreError::Database`] where the new one is still in use; [`StoreError::Io`]. The old one is there
    /// then.
    pub fn finish(self) -> Result<Database, StoreError> {
        let Rebuild { database, target } = self;
        let building = database.path();
        close_into_one_file(building)?;
        let file = File::options().write(true).open(building).map_err(StoreError::io("open", building))?;
        file.sync_all().map_err(StoreError::io("sync", building))?;
        if target.exists() {
            // A log that stayed behind would be taken for one of the new file. That the old database cannot
            // be closed well may be the reason for making a new one.
            let _ = connect::writable(&target).and_then(|old| checkpoint(&old, &target));
        }
        for suffix in ["-wal", "-shm", "-journal"] {
            remove_if_there(&beside(&target, suffix))?;
        }
        fs::rename(building, &target).map_err(StoreError::io("replace", &target))?;
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        StdDisk.sync_dir(parent).map_err(StoreError::io("sync", parent))?;
        Database::open(&target)
    }
}

/// Writes the log of the database into its file and removes it.
fn close_into_one_file(path: &Path) -> Result<(), StoreError> {
    let failed = failed("close", path);
    let connection = connect::writable(path)?;
    checkpoint(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}

/// Writes the log of the database into its file.
fn checkpoint(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
    if !busy.map_err(failed("write the log of", path))? {
        return Ok(());
    }
    let source = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let source = rusqlite::Error::SqliteFailure(source, Some("somebody else is using it".to_owned()));
    Err(failed("write the log of", path)(source))
}
