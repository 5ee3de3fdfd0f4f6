//! The errors of this crate. Each names the file, the line and column where there is one, the value, what
//! is allowed and what to do about it.

use std::io;
use std::path::PathBuf;

use seawall_model::{InstrumentName, Timeframe, Ts};
use thiserror::Error;

use crate::audit::Audit;
use crate::report;

/// Why a file could not be read, or the store not be changed.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The gzip stream is damaged or ends early.
    #[error(
        "{}: the gzip data breaks off or is damaged after line {line} ({reason}): fetch or pack the file again",
        path.display()
    )]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The last line that could be read.
        line: u64,
        /// What the decoder said.
        reason: String,
    },
    /// The file is something else than CSV.
    #[error("{}: this is {kind}, not CSV or gzip'd CSV: {fix}", path.display())]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        kind: &'static str,
        /// What to do.
        fix: &'static str,
    },
    /// The first line is not the header that is needed.
    #[error("{}: line 1: {problem}; found header `{found}`, wanted `{wanted}`", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong, naming the column.
        problem: String,
        /// The first line, shortened.
        found: String,
        /// The header that is needed.
        wanted: &'static str,
    },
    /// A line is longer than any row can be.
    #[error("{}: line {line} is longer than {limit} bytes: this is not a row of data", path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// There is a header and nothing else.
    #[error("{}: no rows after the header: there is nothing to load", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// No row lies in the range asked for.
    #[error(
        "{}: no candle opens in [{from}, {to}); the data reaches from {first} to {last}", path.display()
    )]
    EmptyRange {
        /// The file, or the directory of the series.
        path: PathBuf,
        /// Start of the range asked for.
        from: Ts,
        /// End of the range asked for, exclusive.
        to: Ts,
        /// First open time in the data.
        first: Ts,
        /// Last open time in the data.
        last: Ts,
    },
    /// The rows do not lie on the grid of the declared timeframe.
    #[error("{}: declared as {declared}, but {found}", path.display())]
    Timeframe {
        /// The file.
        path: PathBuf,
        /// What the caller said.
        declared: Timeframe,
        /// What the rows look like, and the fix.
        found: String,
    },
    /// The data has faults; nothing was loaded.
    #[error("{}", report::faulty(path, audit))]
    Faulty {
        /// The file, or the directory of the series.
        path: PathBuf,
        /// All that was found.
        audit: Box<Audit>,
    },
    /// Bars are missing and the caller wanted none missing.
    #[error("{}", report::holes(path, audit))]
    Holes {
        /// The file.
        path: PathBuf,
        /// All that was found.
        audit: Box<Audit>,
    },
    /// A row of trades or funding breaks a rule.
    #[error("{}: line {line}, column `{column}`: `{value}` {problem}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// The value, shortened.
        value: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A line of trades or funding is no row.
    #[error("{}: line {line}: `{value}` {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The line, shortened.
        value: String,
        /// What is wrong.
        problem: String,
    },
    /// Prices cannot be expressed at a scale without loss.
    #[error(
        "prices with {decimals} decimals up to {price_max} cannot be held at {price_scale} decimals: {fix}"
    )]
    Scale {
        /// Decimals of the data.
        decimals: u32,
        /// The largest price.
        price_max: String,
        /// Decimals asked for.
        price_scale: u32,
        /// What to do.
        fix: &'static str,
    },
    /// A series is used as another timeframe than it was loaded as.
    #[error("these candles were loaded as {loaded}, not {asked}: ask for {loaded}")]
    OtherTimeframe {
        /// What it is.
        loaded: Timeframe,
        /// What was asked for.
        asked: Timeframe,
    },
    /// There is not enough memory for the series.
    #[error("{}: no memory for {rows} candles: load a shorter range", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// How many candles there would be.
        rows: u64,
    },
    /// A month file cannot be read.
    #[error("{}: not a readable candle file of this store ({reason}): remove it and import the month again", path.display())]
    Parquet {
        /// The month file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Stored and new rows differ.
    #[error(
        "{}: the candle at {at} is stored as {stored}, but the new data says {new} ({conflicts} such rows in this \
         month): import with --overwrite to replace stored rows", path.display()
    )]
    Conflict {
        /// The month file.
        path: PathBuf,
        /// Open time of the first conflicting candle.
        at: Ts,
        /// Its stored values.
        stored: String,
        /// Its new values.
        new: String,
        /// How many rows of the month conflict.
        conflicts: u64,
    },
    /// The store does not have the series.
    #[error("{}: no {timeframe} candles of {instrument}; stored are: {known}", path.display())]
    UnknownSeries {
        /// The store's directory.
        path: PathBuf,
        /// The instrument asked for.
        instrument: InstrumentName,
        /// The timeframe asked for.
        timeframe: Timeframe,
        /// What there is, shortened.
        known: String,
    },
    /// One timeframe cannot be built from another.
    #[error(
        "{to} candles cannot be built from {from} candles: the target must be a longer multiple of the source"
    )]
    NotMultiple {
        /// Timeframe of the source.
        from: Timeframe,
        /// Timeframe asked for.
        to: Timeframe,
    },
    /// Another process is changing the store.
    #[error("{}: another import or resample is running on this store: wait until it has ended", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
}

impl ArchiveError {
    /// An [`ArchiveError::Io`], for `map_err`.
    pub(crate) fn io(path: &std::path::Path, action: &'static str) -> impl FnOnce(io::Error) -> ArchiveError {
        let path = path.to_owned();
        move |source| ArchiveError::Io { path, action, source }
    }
}
