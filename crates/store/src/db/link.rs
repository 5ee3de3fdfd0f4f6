//! A connection to either database: the same statements, the same values, the same rows.

use rusqlite::params_from_iter;

use crate::error::StoreError;

use super::cells::Cells;
use super::place::Place;
#[cfg(feature = "postgres")]
use super::postgres::{self, Access, ServerLink};
use super::sql::{RawRow, Value};
use super::sqlite::{self, failed};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose<'a> {
    /// Readers cannot write.
    Read,
    /// Brings the schema up to date.
    Migrate,
    /// Holds the right to write, under a name that no other writer bears.
    Write(&'a str),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) end: End,
    /// Where it leads, for messages; without the password.
    pub(crate) place: String,
}

/// The other end.
#[derive(Debug)]
pub(crate) enum End {
    Sqlite(rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(Box<ServerLink>),
}

impl Link {
    /// Connects. One that may write has the right to when this returns.
    pub(crate) fn open(place: &Place, purpose: Purpose<'_>) -> Result<Self, StoreError> {
        let end = match place {
            Place::Sqlite(path) => End::Sqlite(match purpose {
                Purpose::Read => sqlite::read_only(path)?,
                Purpose::Migrate | Purpose::Write(_) => sqlite::writable(path)?,
            }),
            #[cfg(feature = "postgres")]
            Place::Postgres(server) => End::Postgres(Box::new(match purpose {
                Purpose::Read => ServerLink::open(server, Access::Read)?,
                Purpose::Migrate => ServerLink::open(server, Access::Write("seawall migration"))?,
                Purpose::Write(label) => {
                    let mut link = ServerLink::open(server, Access::Write(label))?;
                    postgres::acquire(&mut link, &server.schema)?;
                    link
                }
            })),
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => return Err(StoreError::NoPostgres),
        };
        Ok(Link { end, place: place.to_string() })
    }

    /// Does `work` in one transaction: all of it or nothing.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begin = match &self.end {
            End::Sqlite(_) => "BEGIN IMMEDIATE",
            #[cfg(feature = "postgres")]
            End::Postgres(_) => "BEGIN",
        };
        self.script("begin a transaction", begin)?;
        let done = work(self).and_then(|value| {
            self.settle()?;
            self.script("commit", "COMMIT").map(|()| value)
        });
        if done.is_err() {
            self.forget();
            // The error that counts is the first one; where the connection is gone, so is the transaction.
            let _ = self.script("roll back", "ROLLBACK");
        }
        done
    }

    /// Executes several statements without values.
    pub(crate) fn script(&mut self, action: &'static str, sql: &str) -> Result<(), StoreError> {
        match &mut self.end {
            End::Sqlite(connection) => connection.execute_batch(sql).map_err(failed(action, &self.place)),
            #[cfg(feature = "postgres")]
            End::Postgres(server) => server.script(action, sql),
        }
    }

    /// Executes a statement and returns how many rows it changed.
    pub(crate) fn execute(
        &mut self,
        action: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        match &mut self.end {
            End::Sqlite(connection) => {
                let failed = failed(action, &self.place);
                let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
                statement.execute(params_from_iter(values)).map(|rows| rows as u64).map_err(failed)
            }
            #[cfg(feature = "postgres")]
            End::Postgres(server) => server.execute(action, sql, values),
        }
    }

    /// Executes a statement whose result nobody waits for, in the order in which they are given and before
    /// everything that comes after. A server gets many at once, so that its distance counts once.
    pub(crate) fn enqueue<const N: usize>(
        &mut self,
        action: &'static str,
        sql: &'static str,
        values: &[Value<'_>; N],
    ) -> Result<(), StoreError> {
        match &mut self.end {
            End::Sqlite(_) => self.execute(action, sql, values).map(drop),
            #[cfg(feature = "postgres")]
            End::Postgres(server) => server.enqueue(action, sql, values),
        }
    }

    /// Waits for what was enqueued.
    fn settle(&mut self) -> Result<(), StoreError> {
        match &mut self.end {
            End::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            End::Postgres(server) => server.settle(),
        }
    }

    /// Drops what was enqueued and not sent.
    fn forget(&mut self) {
        match &mut self.end {
            End::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            End::Postgres(server) => server.forget(),
        }
    }

    /// Gives each row that `sql` finds in `table` to `each`.
    pub(crate) fn query(
        &mut self,
        table: &'static str,
        sql: &str,
        values: &[Value<'_>],
        each: &mut dyn FnMut(&Cells<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let place = self.place.as_str();
        match &mut self.end {
            End::Sqlite(connection) => {
                let failed = failed("read", place);
                let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
                let mut rows = statement.query(params_from_iter(values)).map_err(&failed)?;
                while let Some(row) = rows.next().map_err(&failed)? {
                    each(&Cells { row: RawRow::Sqlite(row), place, table })?;
                }
                Ok(())
            }
            #[cfg(feature = "postgres")]
            End::Postgres(server) => {
                let rows = server.query("read", sql, values)?;
                rows.iter().try_for_each(|row| each(&Cells { row: RawRow::Postgres(row), place, table }))
            }
        }
    }
}
