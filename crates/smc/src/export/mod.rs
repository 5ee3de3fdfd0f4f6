//! Indicators as tables: what `seawall smc export` writes.
//!
//! A [`Name`] says what to compute, [`table`] computes it over whole series and [`Table::csv`] is the text of
//! the file. `ref_*` are the results of the reference package in hindsight ([`parity`](crate::parity));
//! `causal_*` are what the streaming detectors report, one row an event.

mod causal;
mod name;
mod number;
mod parse;
mod period;
mod reference;
mod table;

use seawall_model::Ts;
use thiserror::Error;

use crate::error::SmcError;
use crate::parity::ParityError;

pub use name::{ALL, Causal, Name, Reference, Spelled};
pub use parse::{NameError, forms};
pub use table::{Column, Table, Values};

/// The bars of a series, side by side, all of one length.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    /// Open times; without a zone they are taken as UTC.
    pub open_time: &'a [Ts],
    /// First prices, in quote units as all prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Volumes in any unit, which only some names need ([`Name::needs_volume`]).
    pub volume: Option<&'a [f64]>,
}

impl Bars<'_> {
    fn check(&self) -> Result<(), ExportError> {
        let expected = self.open_time.len();
        let columns = [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)];
        let volume = self.volume.map(|volume| ("volume", volume));
        let wrong = columns.into_iter().chain(volume).find(|(_, values)| values.len() != expected);
        wrong.map_or(Ok(()), |(column, values)| {
            Err(ExportError::Length { column, expected, found: values.len() })
        })
    }
}

/// Why a table could not be computed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExportError {
    /// A bar, or a parameter of a detector.
    #[error(transparent)]
    Smc(#[from] SmcError),
    /// A table or a parameter of parity mode.
    #[error(transparent)]
    Parity(#[from] ParityError),
    /// A column is not as long as the open times.
    #[error("column {column} has {found} rows, expected {expected}")]
    Length {
        /// The column.
        column: &'static str,
        /// How many open times there are.
        expected: usize,
        /// Its rows.
        found: usize,
    },
    /// Periods that depend on where the data begins.
    #[error("the period depends on where the data begins")]
    Period,
    /// There are no volumes, and the name needs them.
    #[error("needs the volumes of the bars")]
    NoVolume,
}

/// Computes `name` over `bars`.
///
/// # Errors
/// [`ExportError`]: columns of different lengths, a missing volume, bars that are not finite or not in order
/// (`causal_*` only), a parameter out of range.
pub fn table(name: &Name, bars: &Bars<'_>) -> Result<Table, ExportError> {
    bars.check()?;
    match name {
        Name::Reference(name) => reference::table(name, bars),
        Name::Causal(name) => causal::table(name, bars),
    }
}
