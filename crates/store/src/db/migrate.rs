//! Brings a database to the present schema: numbered SQL files, each applied once, in its own transaction.
//!
//! A file that was released is never edited; the hash of its text is kept in the database and compared. There
//! is one list for both databases; [`super::dialect`] says what differs.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::StoreError;
use crate::journal::Digest;

#[cfg(feature = "postgres")]
use super::dialect::to_postgres;
use super::link::{End, Link, Purpose};
use super::place::Place;
#[cfg(feature = "postgres")]
use super::postgres::quoted;
use super::sql::values;
use super::sqlite::failed;
use super::url::DatabaseUrl;

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
    Migration { number: 3, name: "identity", sql: include_str!("../../migrations/0003_identity.sql") },
    Migration { number: 4, name: "outcomes", sql: include_str!("../../migrations/0004_outcomes.sql") },
];

/// Applies what is missing of `migrations`. `schema` is the one to work in, where there are schemas.
pub(crate) fn run(link: &mut Link, schema: &str, migrations: &[Migration]) -> Result<(), StoreError> {
    check_ours(link, schema)?;
    loop {
        // The lock is taken before looking: two processes that start together must not both apply it.
        let applied = link.transaction(|link| {
            prepare(link, schema)?;
            let Some(next) = first_missing(link, migrations)? else { return Ok(false) };
            apply(link, next).map(|()| true)
        })?;
        if !applied {
            return Ok(());
        }
    }
}

/// Makes the schema and the table of migrations where they are missing, and keeps others from it meanwhile.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "a file has no schemas"))]
fn prepare(link: &mut Link, schema: &str) -> Result<(), StoreError> {
    match &link.end {
        End::Sqlite(_) => link.script("prepare the schema", CREATE_TABLE),
        #[cfg(feature = "postgres")]
        End::Postgres(_) => {
            // Our own word in ASCII as the key; released at the end of the transaction.
            const LOCK: &str = "SELECT pg_advisory_xact_lock(6008480164898268513)";
            link.script("wait for another migration", LOCK)?;
            // `IF NOT EXISTS` would ask for the right to create schemas even where there is one.
            if !has(link, "SELECT 1 AS one FROM pg_namespace WHERE nspname = $1", schema)? {
                link.script("create the schema", &format!("CREATE SCHEMA {}", quoted(schema)))?;
            }
            link.script("prepare the schema", &to_postgres(CREATE_TABLE))
        }
    }
}

#[cfg(feature = "postgres")]
fn has(link: &mut Link, sql: &str, schema: &str) -> Result<bool, StoreError> {
    let mut found = false;
    link.query("pg_catalog", sql, &values![schema], &mut |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

fn apply(link: &mut Link, migration: &Migration) -> Result<(), StoreError> {
    const RECORD: &str =
        "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)";
    match &link.end {
        End::Sqlite(_) => {
            link.script("migrate", migration.sql)?;
            link.script("mark as ours", &format!("PRAGMA application_id = {APPLICATION_ID}"))?;
        }
        #[cfg(feature = "postgres")]
        End::Postgres(_) => link.script("migrate", &to_postgres(migration.sql))?,
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    let values = values![migration.number, migration.name, migration.hash(), now];
    link.execute("record a migration", RECORD, &values).map(drop)
}

/// The first of `migrations` that was not applied; an error where the applied ones are others.
pub(crate) fn first_missing<'a>(
    link: &mut Link,
    migrations: &'a [Migration],
) -> Result<Option<&'a Migration>, StoreError> {
    const APPLIED: &str = "SELECT number, name, sha256 FROM schema_migrations ORDER BY number";
    let mut missing = migrations.iter();
    link.query("schema_migrations", APPLIED, &[], &mut |cells| {
        let (number, name): (u32, String) = (cells.get("number")?, cells.get("name")?);
        let hash: String = cells.get("sha256")?;
        let place = cells.place.to_owned();
        let Some(known) = missing.next() else {
            let known = migrations.last().map_or(0, |migration| migration.number);
            return Err(StoreError::DatabaseNewer { place, found: number, known });
        };
        if known.number != number || known.hash() != hash {
            return Err(StoreError::MigrationEdited { place, number, name });
        }
        Ok(())
    })?;
    Ok(missing.next())
}

/// Whether the user of `url` may make schemas in its database, as each run does; the server is asked.
///
/// # Errors
/// [`StoreError::DatabaseAway`] where the server cannot be reached, [`StoreError::Database`] where it
/// refuses.
pub fn may_make_schemas(url: &DatabaseUrl) -> Result<bool, StoreError> {
    const ASK: &str =
        "SELECT count(*) AS may WHERE has_database_privilege(current_user, current_database(), 'CREATE')";
    let mut link = Link::open(&Place::on_server(url, "any")?, Purpose::Read)?;
    let mut may = false;
    link.query("pg_catalog", ASK, &[], &mut |cells| {
        may = cells.get::<u32>("may")? > 0;
        Ok(())
    })?;
    Ok(may)
}

/// Whether the database has a schema of ours; `false` for an empty one, an error for somebody else's.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "a file has no schemas"))]
pub(crate) fn check_ours(link: &mut Link, schema: &str) -> Result<bool, StoreError> {
    let place = link.place.clone();
    match &mut link.end {
        End::Sqlite(connection) => {
            let failed = failed("look at", &place);
            let id: i32 =
                connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(&failed)?;
            let count = "SELECT count(*) FROM sqlite_master WHERE name <> 'schema_migrations'";
            let things: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(&failed)?;
            if id == APPLICATION_ID || (id == 0 && things == 0) {
                return Ok(id == APPLICATION_ID);
            }
            let what = format!("application id {id:#x}, {things} tables and indexes");
            Err(StoreError::ForeignDatabase { place: place.clone(), what })
        }
        #[cfg(feature = "postgres")]
        End::Postgres(_) => {
            const TABLES: &str = "SELECT 1 AS one FROM pg_tables WHERE schemaname = $1";
            let ours = format!("{TABLES} AND tablename = 'schema_migrations'");
            if has(link, &ours, schema)? {
                return Ok(true);
            }
            if has(link, TABLES, schema)? {
                let what = "the schema has tables, and none that says which migrations it had".to_owned();
                return Err(StoreError::ForeignDatabase { place, what });
            }
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "seawall_test";

    /// An empty database of each kind.
    fn on_both(test: impl Fn(Link)) {
        let end = End::Sqlite(rusqlite::Connection::open_in_memory().unwrap());
        test(Link { end, place: "test.db".to_owned() });
        #[cfg(feature = "postgres")]
        if let Some(url) = crate::db::server::database("migrations") {
            let url = DatabaseUrl::parse(&url).unwrap();
            let place = Place::on_server(&url, "test").unwrap();
            test(Link::open(&place, Purpose::Migrate).unwrap());
        }
    }

    fn applied(link: &mut Link) -> u32 {
        let mut count = 0;
        let sql = "SELECT count(*) AS count FROM schema_migrations";
        link.query("schema_migrations", sql, &[], &mut |cells| {
            count = cells.get("count")?;
            Ok(())
        })
        .unwrap();
        count
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
        on_both(|mut link| {
            for _ in 0..3 {
                run(&mut link, SCHEMA, MIGRATIONS).unwrap();
                assert_eq!(applied(&mut link), u32::try_from(MIGRATIONS.len()).unwrap());
            }
        });
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        on_both(|mut link| {
            run(&mut link, SCHEMA, &[FIRST]).unwrap();
            run(&mut link, SCHEMA, &[FIRST, SECOND]).unwrap();
            run(&mut link, SCHEMA, &[FIRST, SECOND]).unwrap();
            link.script("insert", "INSERT INTO a (b, c) VALUES ('1', '2')").unwrap();
        });
    }

    #[test]
    fn an_edited_migration_and_a_newer_database_are_refused() {
        on_both(|mut link| {
            run(&mut link, SCHEMA, &[FIRST, SECOND]).unwrap();
            let edited = Migration { sql: "CREATE TABLE a (b INTEGER) STRICT", ..FIRST };
            let error = run(&mut link, SCHEMA, &[edited, SECOND]).unwrap_err();
            assert!(matches!(error, StoreError::MigrationEdited { number: 1, .. }), "{error}");
            let error = run(&mut link, SCHEMA, &[FIRST]).unwrap_err();
            assert!(matches!(error, StoreError::DatabaseNewer { found: 2, known: 1, .. }), "{error}");
            assert!(error.to_string().contains("has schema 2"), "{error}");
        });
    }

    #[test]
    fn a_migration_that_fails_leaves_the_one_before() {
        on_both(|mut link| {
            let broken = Migration { sql: "CREATE TABLE d (e TEXT); SELECT nonsense", ..SECOND };
            assert!(run(&mut link, SCHEMA, &[FIRST, broken]).is_err());
            assert_eq!(applied(&mut link), 1);
            run(&mut link, SCHEMA, &[FIRST, SECOND]).unwrap();
            assert!(link.script("look", "SELECT * FROM d").is_err());
        });
    }

    #[test]
    fn a_database_of_somebody_else_is_left_alone() {
        on_both(|mut link| {
            if matches!(link.end, End::Sqlite(_)) {
                link.script("make", "CREATE TABLE customers (name TEXT)").unwrap();
            } else {
                let sql = "CREATE SCHEMA seawall_test; CREATE TABLE customers (name TEXT)";
                link.script("make", sql).unwrap();
            }
            let error = run(&mut link, SCHEMA, MIGRATIONS).unwrap_err();
            assert!(matches!(error, StoreError::ForeignDatabase { .. }), "{error}");
            assert!(link.script("look", "SELECT * FROM schema_migrations").is_err());
        });
    }
}
