//! The database: a read model in SQLite of what the engine did, for people and for the API.
//!
//! The journal is the truth; everything here can be dropped and made again from it ([`Database::recreate`]).
//! One [`Writer`] writes, on its own thread; any number of [`Reader`]s read beside it and wait for nobody.
//!
//! - Prices, quantities and money are exact decimals as text, never floats.
//! - Instants are whole nanoseconds since 1970 as integers: text of varying length does not sort.
//!   `datetime(at / 1000000000, 'unixepoch')` shows them.
//! - Placeholders are `$1, $2, …` in the order in which they first appear: SQLite numbers them so, Postgres
//!   takes the numbers, and one text serves both.
//! - Writing the same thing twice leaves it there once, so a replay may overlap with what is there. The same
//!   fill id with another content is an error: one of the two is wrong, and guessing would hide it.

mod batch;
mod cells;
mod connect;
mod migrate;
mod names;
mod reader;
mod rebuild;
mod rows;
mod tables;
mod writer;

use std::path::{Path, PathBuf};

use seawall_model::Instrument;

use crate::error::StoreError;
use crate::journal::Header;

pub use batch::{Batch, EquityPoint, PositionState};
pub use reader::{Filter, Reader};
pub use rebuild::Rebuild;
pub use rows::{
    AlertRow, DecisionCount, DecisionRow, EquityRow, ExitRow, FillRow, OrderEventRow, OrderRow, PlannedRow,
    PositionRow, RunRow, ShadowRow, TradeRow,
};
pub use writer::Writer;

/// A database with the present schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    path: PathBuf,
}

impl Database {
    /// Opens the database at `path` or makes it, and brings it to the present schema.
    ///
    /// # Errors
    /// [`StoreError::ForeignDatabase`], [`StoreError::DatabaseNewer`], [`StoreError::MigrationEdited`],
    /// [`StoreError::Database`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect::writable(path)?;
        migrate::run(&mut connection, path, migrate::MIGRATIONS)?;
        Ok(Database { path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A writer for what happens in `run`. The run and its instruments are recorded.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the run is there with other instruments; [`StoreError::Database`].
    pub fn writer(
        &self,
        run: u32,
        header: &Header,
        instruments: &[Instrument],
    ) -> Result<Writer, StoreError> {
        Writer::begin(&self.path, run, header, instruments)
    }

    /// A reader beside the writer.
    ///
    /// # Errors
    /// As for [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }
}
