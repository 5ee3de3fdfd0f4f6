//! Candles, trades and funding rates on disk: reading, checking, keeping.
//!
//! Three promises. Every row is checked before any is used, and a series with a fault is refused with the
//! lines that are wrong. Prices stay exact from the text to the store and back. Files of any size are read
//! in constant memory (a loaded series takes 56 bytes a candle).
//!
//! Nothing here prints: long jobs report through a callback, see [`Progress`].

mod audit;
mod auditor;
mod csv;
mod error;
mod funding;
mod lines;
mod load;
mod number;
mod progress;
mod range;
mod report;
mod series;
mod store;
mod swar;
mod table;
mod text;
mod trades;
mod unit;

pub use audit::{Audit, AuditSettings, Fault, FaultCounts, FaultKind, Findings, Hole, Jump, SAMPLES_MAX};
pub use csv::{CandleReader, CandleRow, HEADER, Row};
pub use error::ArchiveError;
pub use funding::read_funding;
pub use lines::Lines;
pub use load::{HolePolicy, Loaded, audit_file, load_candles, scan_decimals};
pub use progress::{Progress, Stage};
pub use series::RawSeries;
pub use store::{ConflictPolicy, CsvFormat, Exported, ImportOptions, Imported, Resampled, SeriesInfo, Store};
pub use trades::{TradeReader, TradeTick, scan_trade_decimals};
pub use unit::WrongUnit;
