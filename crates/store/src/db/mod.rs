//! The database: a read model of what the engine did, for people and for the API. It is a file of SQLite, or
//! a schema on a PostgreSQL server; both are written and read by the same statements.
//!
//! The journal is the truth; everything here can be dropped and made again from it ([`Database::recreate`]).
//! One [`Writer`] writes, on its own thread; any number of [`Reader`]s read beside it and wait for nobody.
//!
//! - Prices, quantities and money are exact decimals as text, never floats.
//! - Instants are whole nanoseconds since 1970 as integers: text of varying length does not sort.
//!   `datetime(at / 1000000000, 'unixepoch')` or `to_timestamp(at / 1e9)` shows them.
//! - Placeholders are `$1, $2, …` in the order in which they first appear: SQLite numbers them so, Postgres
//!   takes the numbers, and one text serves both.
//! - Writing the same thing twice leaves it there once, so a replay may overlap with what is there. The same
//!   fill id with another content is an error: one of the two is wrong, and guessing would hide it.

mod batch;
mod cells;
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only a server needs other words"))]
mod dialect;
mod link;
mod migrate;
mod names;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod reader;
mod rebuild;
mod rows;
mod sql;
mod sqlite;
mod tables;
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "without a server an address is only refused")
)]
mod url;
mod writer;

#[cfg(all(test, feature = "postgres"))]
#[path = "../../tests/store/common/server.rs"]
mod server;

use seawall_model::Instrument;

use crate::error::StoreError;
use crate::journal::Header;

use link::{Link, Purpose};

pub use batch::{Batch, EquityPoint, PositionState};
pub use migrate::may_make_schemas;
pub use place::{Place, ServerPlace};
pub use reader::{Filter, Reader};
pub use rebuild::Rebuild;
pub use rows::{
    AlertRow, DecisionCount, DecisionRow, EquityRow, ExitRow, FillRow, OrderEventRow, OrderRow, PlannedRow,
    PositionRow, RunRow, ShadowRow, TradeRow,
};
pub use url::DatabaseUrl;
pub use writer::Writer;

/// A database with the present schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    place: Place,
}

impl Database {
    /// Opens the database at `place` or makes it, and brings it to the present schema.
    ///
    /// # Errors
    /// [`StoreError::ForeignDatabase`], [`StoreError::DatabaseNewer`], [`StoreError::MigrationEdited`],
    /// [`StoreError::Database`]; [`StoreError::DatabaseAway`] where the server cannot be reached.
    pub fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        let place = place.into();
        let mut link = Link::open(&place, Purpose::Migrate)?;
        migrate::run(&mut link, place.schema(), migrate::MIGRATIONS)?;
        Ok(Database { place })
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A writer for what happens in `run`. The run and its instruments are recorded.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the run is there with other instruments; as for [`Writer::connect`].
    pub fn writer(
        &self,
        run: u32,
        header: &Header,
        instruments: &[Instrument],
    ) -> Result<Writer, StoreError> {
        let mut writer = Writer::later(&self.place, run, header, instruments);
        writer.connect()?;
        Ok(writer)
    }

    /// A writer for `run` at `place`, and the outage if the server is away just now: it connects when it is
    /// back, so that a run can start and protect without its database.
    ///
    /// # Errors
    /// As for [`Self::open`] and [`Self::writer`], except that an outage is none.
    pub fn writer_even_if_away(
        place: impl Into<Place>,
        run: u32,
        header: &Header,
        instruments: &[Instrument],
    ) -> Result<(Writer, Option<StoreError>), StoreError> {
        let mut writer = Writer::later(&place.into(), run, header, instruments);
        match writer.connect() {
            Ok(()) => Ok((writer, None)),
            Err(outage) if outage.is_outage() => Ok((writer, Some(outage))),
            Err(error) => Err(error),
        }
    }

    /// A reader beside the writer.
    ///
    /// # Errors
    /// As for [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.place)
    }
}
