//! The errors of this crate. Each names the file, the place in it, what is wrong and what to do.

use std::io;
use std::path::PathBuf;

use seawall_model::ModelError;
use thiserror::Error;

/// Why something could not be stored, read or locked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted: a verb.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is no journal where one should be read or continued.
    #[error("no journal in {}: name the folder of a run; `seawall demo` makes one", dir.display())]
    NoJournal {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// There is a journal where a new one should begin.
    #[error("there is a journal in {} already: continue it, or choose another directory", dir.display())]
    JournalExists {
        /// Where.
        dir: PathBuf,
    },
    /// A file is missing among others.
    #[error("{} is missing, later segments are there: restore it from a copy; nothing was changed", file.display())]
    SegmentMissing {
        /// The file that should be there.
        file: PathBuf,
    },
    /// Stored bytes are not what was written.
    #[error(
        "{} is damaged at byte {offset} (record {seq}): {what}; restore the file from a copy, or start a new \
         journal in an empty directory and let the reconciler adopt what the venue holds; nothing was changed",
        file.display()
    )]
    Corrupt {
        /// In which file.
        file: PathBuf,
        /// Where the damage begins.
        offset: u64,
        /// The record that should be there.
        seq: u64,
        /// What is wrong.
        what: String,
    },
    /// A record is intact, but this program does not know its form.
    #[error(
        "{} at byte {offset} (record {seq}): {what}; it was written by another version of seawall, use that or \
         a newer one",
        file.display()
    )]
    UnknownForm {
        /// In which file.
        file: PathBuf,
        /// Where the record begins.
        offset: u64,
        /// Which record.
        seq: u64,
        /// What is not known.
        what: String,
    },
    /// A record is larger than a frame may be.
    #[error("a {kind} record of {bytes} bytes exceeds the {max} bytes of a frame: send fewer rows at once")]
    FrameTooLarge {
        /// What kind of record.
        kind: &'static str,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        max: usize,
    },
    /// A value has no form in the journal.
    #[error("a {kind} record cannot be written: {what}")]
    Encode {
        /// What kind of record.
        kind: &'static str,
        /// Why not.
        what: String,
    },
    /// An earlier write or sync failed, so what is on disk is not known.
    #[error(
        "the journal {} takes no more records because an earlier write failed ({cause}): stop, free or mend the \
         disk, and start again; the start cuts what was not completed",
        file.display()
    )]
    Poisoned {
        /// The segment that was being written.
        file: PathBuf,
        /// The first failure.
        cause: String,
    },
    /// Somebody else holds the account.
    #[error("another seawall ({holder}) holds {}; stop it or use another --data-dir", file.display())]
    Locked {
        /// The lock file.
        file: PathBuf,
        /// Who, as far as the file says.
        holder: String,
    },
    /// The account's name cannot be a file's name.
    #[error(
        "`{account}` cannot name a lock: use 1 to 64 letters, digits, `-`, `_` or `.`, not starting with `.`"
    )]
    AccountName {
        /// What was given.
        account: String,
    },
    /// The database refused.
    #[error("database {place}: cannot {action}: {source}")]
    Database {
        /// Which database, without the password.
        place: String,
        /// What was attempted: a verb.
        action: &'static str,
        /// What the database says.
        source: DatabaseCause,
    },
    /// The server cannot be reached, or cannot work now. What it missed can be told again later.
    #[error("database {place} is away: cannot {action}: {what}")]
    DatabaseAway {
        /// Which database, without the password.
        place: String,
        /// What was attempted: a verb.
        action: &'static str,
        /// What the system or the server says.
        what: String,
    },
    /// Somebody else writes the account's database.
    #[error(
        "database {place}: another seawall ({holder}) writes it; one account has one writer: stop the other one, \
         or use another account or database"
    )]
    DatabaseLocked {
        /// Which database, without the password.
        place: String,
        /// Who, as far as the server knows.
        holder: String,
    },
    /// The address of the server cannot be used. The address itself is not shown: it holds a password.
    #[error("DATABASE_URL is not an address of PostgreSQL that can be used: {what}")]
    DatabaseUrl {
        /// What is wrong, without quoting it.
        what: String,
    },
    /// The run's database is on a server, and no address was given.
    #[error("the database of {} is on a PostgreSQL server: set DATABASE_URL to its address", folder.display())]
    DatabaseUrlNeeded {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The program was built without PostgreSQL.
    #[error(
        "DATABASE_URL is set, but this seawall was built without PostgreSQL: build it with the feature `postgres`, \
         or unset DATABASE_URL to use SQLite"
    )]
    NoPostgres,
    /// The server has another run of that number.
    #[error(
        "database {place}: there is another run {run}, of another data folder: use that folder, another account or \
         another database"
    )]
    RunTaken {
        /// Which database.
        place: String,
        /// The number.
        run: u32,
    },
    /// The database is not one of ours.
    #[error("{place} is not a database of seawall ({what}): choose another one")]
    ForeignDatabase {
        /// Which database.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// The database was made by a newer program.
    #[error(
        "database {place} has schema {found}, this seawall knows up to {known}: use the newer version, or rebuild it \
         with `seawall journal rebuild RUN`"
    )]
    DatabaseNewer {
        /// Which database.
        place: String,
        /// Its schema.
        found: u32,
        /// The newest known one.
        known: u32,
    },
    /// The database is empty or was made by an older program, and a reader changes nothing.
    #[error(
        "database {place} is empty or of an older seawall: start a run on it once, or rebuild it with \
         `seawall journal rebuild RUN`"
    )]
    DatabaseOlder {
        /// Which database.
        place: String,
    },
    /// A migration that was applied differs from the one in the program.
    #[error(
        "database {place}: migration {number} ({name}) is not the one that was applied; a released migration must \
         never be edited: use the version that made the database, or rebuild it with `seawall journal rebuild RUN`"
    )]
    MigrationEdited {
        /// Which database.
        place: String,
        /// The migration's number.
        number: u32,
        /// The migration's name.
        name: String,
    },
    /// The same key was recorded with another content.
    #[error(
        "database {place}: {table} {key} is already there with another content ({what}): stop and compare with the \
         venue, then rebuild with `seawall journal rebuild RUN`"
    )]
    Conflict {
        /// Which database.
        place: String,
        /// Which table.
        table: &'static str,
        /// Which row.
        key: String,
        /// What differs first.
        what: String,
    },
    /// A row cannot be read back.
    #[error(
        "database {place}: {table}.{column} holds `{text}`: {what}; rebuild it with `seawall journal rebuild RUN`"
    )]
    Row {
        /// Which database.
        place: String,
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// What it holds.
        text: String,
        /// What is wrong with it.
        what: String,
    },
    /// An instrument's number that the run's table does not have.
    #[error("instrument number {number} is not in the run's table of {count}")]
    UnknownInstrument {
        /// The number.
        number: u32,
        /// How many there are.
        count: usize,
    },
    /// A number does not fit.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A piece of carried state cannot be written or understood.
    #[error("a piece of the carried state: {problem}")]
    Carry {
        /// What is wrong.
        problem: String,
    },
    /// The state of the starts before this one cannot be read.
    #[error(
        "the state of the start before cannot be read from {}: {problem}. Put the file back from a backup, or move the folder away to begin anew: positions are then taken over from the venue with protection.takeover_stop_pct, and their plans, loss windows and pauses are lost",
        dir.display()
    )]
    Restore {
        /// The journal.
        dir: PathBuf,
        /// What is wrong, with the file.
        problem: String,
    },
}

/// What a database says.
#[derive(Debug, Error)]
pub enum DatabaseCause {
    /// SQLite.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    /// PostgreSQL, in its own words.
    #[error("{0}")]
    Postgres(String),
}

impl StoreError {
    /// Whether the database may be back later: what was to be written is kept and told again.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, StoreError::DatabaseAway { .. })
    }

    /// An [`StoreError::Io`] of `action` on `path`, for `map_err`.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { action, path, source }
    }
}
