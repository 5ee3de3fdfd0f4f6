//! Brings a database to the present schema: numbered SQL files, each applied once, in its own transaction.
//!
//! A file that was released is never edited; the hash of its text is kept in the database and compared.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::journal::Digest;

use super::connect::failed;

/// `SWL1`: marks a database file as ours.
const APPLICATION_ID: i32 = 0x5357_4c31;

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// From 1, without a hole.
    pub(crate) number: u32,
    /// What it does.
    pub(crate) name: &'static str,
    /// Its statements.
    pub(crate) sql: &'static str,
}

impl Migration {
    fn hash(&self) -> String {
        // A checkout that turns line ends must not look like an edit.
        Digest::sha256(self.sql.replace("\r\n", "\n").as_bytes()).to_string()
    }
}

/// The schema, step by step.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "initial", sql: include_str!("../../migrations/0001_initial.sql") },
    Migration {
        number: 2,
        name: "explanations",
        sql: include_str!("../../migrations/0002_explanations.sql"),
    },
];

/// Applies what is missing of `migrations`.
pub(crate) fn run(
    connection: &mut Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let failed = failed("migrate", path);
    check_ours(connection, path)?;
    loop {
        // Taken before looking: two processes that start together must not both apply it.
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        transaction.execute_batch(CREATE_TABLE).map_err(failed)?;
        let Some(next) = first_missing(&transaction, path, migrations)? else {
            return transaction.commit().map_err(failed);
        };
        apply(&transaction, next).map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
}

fn apply(transaction: &Transaction<'_>, migration: &Migration) -> rusqlite::Result<()> {
    transaction.execute_batch(migration.sql)?;
    let insert = "INSERT INTO schema_migrations (number, name, sha256, applied_at)
                  VALUES ($1, $2, $3, unixepoch() * 1000000000)";
    transaction.execute(insert, params![migration.number, migration.name, migration.hash()])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)
}

/// The first of `migrations` that was not applied; an error where the applied ones are others.
pub(crate) fn first_missing<'a>(
    connection: &Connection,
    path: &Path,
    migrations: &'a [Migration],
) -> Result<Option<&'a Migration>, StoreError> {
    let failed = failed("read the schema's version", path);
    let mut statement = connection
        .prepare("SELECT number, name, sha256 FROM schema_migrations ORDER BY number")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut missing = migrations.iter();
    while let Some(row) = rows.next().map_err(failed)? {
        let (number, name): (u32, String) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
        let hash: String = row.get(2).map_err(failed)?;
        let Some(known) = missing.next() else {
            let known = migrations.last().map_or(0, |migration| migration.number);
            return Err(StoreError::DatabaseNewer { path: path.to_owned(), found: number, known });
        };
        if known.number != number || known.hash() != hash {
            return Err(StoreError::MigrationEdited { path: path.to_owned(), number, name });
        }
    }
    Ok(missing.next())
}

/// Whether the database has a schema of ours; `false` for an empty one, an error for somebody else's.
pub(crate) fn check_ours(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let failed = failed("look at", path);
    let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    let count = "SELECT count(*) FROM sqlite_master WHERE name <> 'schema_migrations'";
    let things: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(failed)?;
    if id == APPLICATION_ID || (id == 0 && things == 0) {
        return Ok(id == APPLICATION_ID);
    }
    let what = format!("application id {id:#x}, {things} tables and indexes");
    Err(StoreError::ForeignDatabase { path: path.to_owned(), what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> &'static Path {
        Path::new("test.db")
    }

    fn applied(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM schema_migrations", [], |row| row.get(0)).unwrap()
    }

    const FIRST: Migration = Migration { number: 1, name: "first", sql: "CREATE TABLE a (b TEXT) STRICT" };
    const SECOND: Migration = Migration { number: 2, name: "second", sql: "ALTER TABLE a ADD COLUMN c TEXT" };

    #[test]
    fn every_file_is_in_the_table_and_numbers_have_no_hole() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let expected: Vec<_> =
            MIGRATIONS.iter().map(|step| format!("{:04}_{}.sql", step.number, step.name)).collect();
        assert_eq!(files, expected);
        assert!((1..).zip(MIGRATIONS).all(|(number, step)| step.number == number));
    }

    #[test]
    fn applying_twice_is_applying_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..3 {
            run(&mut connection, path(), MIGRATIONS).unwrap();
            assert_eq!(applied(&connection), i64::try_from(MIGRATIONS.len()).unwrap());
        }
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, path(), &[FIRST]).unwrap();
        run(&mut connection, path(), &[FIRST, SECOND]).unwrap();
        run(&mut connection, path(), &[FIRST, SECOND]).unwrap();
        connection.execute("INSERT INTO a (b, c) VALUES ('1', '2')", []).unwrap();
    }

    #[test]
    fn an_edited_migration_and_a_newer_database_are_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        run(&mut connection, path(), &[FIRST, SECOND]).unwrap();
        let edited = Migration { sql: "CREATE TABLE a (b INTEGER) STRICT", ..FIRST };
        let error = run(&mut connection, path(), &[edited, SECOND]).unwrap_err();
        assert!(matches!(error, StoreError::MigrationEdited { number: 1, .. }), "{error}");
        let error = run(&mut connection, path(), &[FIRST]).unwrap_err();
        assert!(matches!(error, StoreError::DatabaseNewer { found: 2, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("test.db has schema 2"), "{error}");
    }

    #[test]
    fn a_migration_that_fails_leaves_the_one_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = Migration { sql: "CREATE TABLE d (e TEXT); SELECT nonsense", ..SECOND };
        assert!(run(&mut connection, path(), &[FIRST, broken]).is_err());
        assert_eq!(applied(&connection), 1);
        run(&mut connection, path(), &[FIRST, SECOND]).unwrap();
        assert!(connection.prepare("SELECT * FROM d").is_err());
    }

    #[test]
    fn a_database_of_somebody_else_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE customers (name TEXT)").unwrap();
        let error = run(&mut connection, path(), MIGRATIONS).unwrap_err();
        assert!(matches!(error, StoreError::ForeignDatabase { .. }), "{error}");
        assert!(connection.prepare("SELECT * FROM schema_migrations").is_err());
    }
}
