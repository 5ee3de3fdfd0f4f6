//! Candles as CSV: one row at a time, in constant memory.

use std::path::Path;

use crate::audit::{Fault, FaultKind};
use crate::error::ArchiveError;
use crate::lines::Lines;
use crate::number::{self, Fixed, NumberFault};
use crate::progress::{Progress, Stage};
use crate::swar::{self, Numbers};
use crate::text;

/// The header of a file of candles: open time in UTC milliseconds, prices, volume in base units.
pub const HEADER: &str = "ts_ms,open,high,low,close,volume";

const COLUMNS: [&str; 6] = ["ts_ms", "open", "high", "low", "close", "volume"];
const HEADER_SHOWN_MAX: usize = 120;

/// One row: numbers, not yet checked against each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CandleRow {
    /// The line in the file, from 1.
    pub line: u64,
    /// Open time, as written.
    pub ts_ms: i64,
    /// First price times `10^decimals`.
    pub open: i64,
    /// Highest price times `10^decimals`.
    pub high: i64,
    /// Lowest price times `10^decimals`.
    pub low: i64,
    /// Last price times `10^decimals`.
    pub close: i64,
    /// Decimals of the four prices together, without trailing zeros.
    pub decimals: u32,
    /// Traded volume in base units.
    pub volume: f64,
}

/// What the next line holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Six numbers.
    Candle(CandleRow),
    /// Something else; reading can go on.
    Fault(Fault),
    /// Nothing: the file has ended.
    End,
}

/// Reads a CSV or CSV.gz file of candles row by row.
#[derive(Debug)]
pub struct CandleReader {
    lines: Lines,
    rows: u64,
}

impl CandleReader {
    /// Opens `path` and checks its header.
    ///
    /// # Errors
    /// [`ArchiveError`] where the file cannot be read, is no CSV, or has another header than [`HEADER`].
    pub fn open(path: &Path) -> Result<CandleReader, ArchiveError> {
        let mut lines = Lines::open(path)?;
        let found = lines.next_line()?.unwrap_or_default();
        if found != HEADER.as_bytes() {
            let problem = header_problem(found);
            let found = text::shorten(found, HEADER_SHOWN_MAX);
            return Err(ArchiveError::Header { path: path.to_owned(), problem, found, wanted: HEADER });
        }
        Ok(CandleReader { lines, rows: 0 })
    }

    /// The next row.
    ///
    /// # Errors
    /// [`ArchiveError`] where nothing more can be read. A line that is no row is a [`Row::Fault`] instead.
    #[inline]
    pub fn next_row(&mut self) -> Result<Row, ArchiveError> {
        let number = self.lines.number() + 1;
        if let Some((numbers, length)) = swar::row(self.lines.ahead()?)
            && let Ok(row) = row_of(number, &numbers)
        {
            self.lines.consume(length);
            self.rows += 1;
            return Ok(Row::Candle(row));
        }
        self.next_unusual(number)
    }

    #[cold]
    fn next_unusual(&mut self, number: u64) -> Result<Row, ArchiveError> {
        let Some(line) = self.lines.next_line()? else {
            return Ok(Row::End);
        };
        let row = match parse_line(line).and_then(|numbers| row_of(number, &numbers)) {
            Ok(row) => Row::Candle(row),
            Err(_) if line.is_empty() => return self.after_blank(number),
            Err(cause) => Row::Fault(Fault { line: number, at: None, kind: row_fault(line, &cause) }),
        };
        self.rows += 1;
        Ok(row)
    }

    /// Blank lines are harmless at the end of a file and nowhere else.
    #[cold]
    fn after_blank(&mut self, number: u64) -> Result<Row, ArchiveError> {
        while let Some(line) = self.lines.next_line()? {
            if !line.is_empty() {
                self.lines.unread();
                self.rows += 1;
                let kind = FaultKind::Malformed {
                    column: None,
                    value: String::new(),
                    problem: "is a blank line between rows: remove it".to_owned(),
                };
                return Ok(Row::Fault(Fault { line: number, at: None, kind }));
            }
        }
        Ok(Row::End)
    }

    /// How far reading is, in bytes of the file on disk.
    #[must_use]
    pub fn progress(&self, stage: Stage) -> Progress {
        Progress { stage, done: self.lines.position(), total: self.lines.size(), rows: self.rows }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.lines.path()
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// How many rows the whole file has, guessed from the part that was read, and a little more.
    pub(crate) fn rows_expected(&self) -> usize {
        let read = u128::from(self.lines.text_read().max(1));
        let rows = u128::from(self.lines.text_size()) * u128::from(self.rows) / read;
        usize::try_from(rows + rows / 64).unwrap_or(usize::MAX)
    }
}

/// Why a line is no row: which field, and what is wrong with it.
struct RowFault {
    column: usize,
    cause: NumberFault,
}

/// A line as numbers, whatever way they are written.
fn parse_line(line: &[u8]) -> Result<Numbers, RowFault> {
    let mut fields = line.split(|byte| *byte == b',');
    let mut next = || fields.next().unwrap_or_default();
    let fault = |column: usize| move |cause: NumberFault| RowFault { column, cause };
    let ts_ms = number::integer(next()).map_err(fault(0))?;
    let open = number::fixed(next()).map_err(fault(1))?;
    let high = number::fixed(next()).map_err(fault(2))?;
    let low = number::fixed(next()).map_err(fault(3))?;
    let close = number::fixed(next()).map_err(fault(4))?;
    let volume = number::float(next()).map_err(fault(5))?;
    if fields.next().is_some() {
        return Err(RowFault { column: 6, cause: NumberFault::NotNumber });
    }
    Ok(Numbers { ts_ms, prices: [open, high, low, close], volume })
}

/// Brings the prices of a row to one scale.
#[inline]
fn row_of(line: u64, numbers: &Numbers) -> Result<CandleRow, RowFault> {
    let Numbers { ts_ms, prices: [open, high, low, close], volume } = *numbers;
    let decimals = open.decimals.max(high.decimals).max(low.decimals).max(close.decimals);
    let scaled = |price: Fixed, column: usize| {
        number::power(decimals - price.decimals)
            .and_then(|factor| price.mantissa.checked_mul(factor))
            .ok_or(RowFault { column, cause: NumberFault::TooLarge })
    };
    Ok(CandleRow {
        line,
        ts_ms,
        open: scaled(open, 1)?,
        high: scaled(high, 2)?,
        low: scaled(low, 3)?,
        close: scaled(close, 4)?,
        decimals,
        volume,
    })
}

#[cfg(test)]
pub(crate) fn careful(line: &[u8]) -> Option<Numbers> {
    parse_line(line).ok()
}

#[cold]
fn row_fault(line: &[u8], fault: &RowFault) -> FaultKind {
    let found = line.split(|byte| *byte == b',').count();
    if found != COLUMNS.len() {
        return FaultKind::Malformed {
            column: None,
            value: text::excerpt(line),
            problem: format!("has {found} fields, not the {} of {HEADER}", COLUMNS.len()),
        };
    }
    let column = COLUMNS.get(fault.column).copied().unwrap_or("?");
    let value = text::excerpt(line.split(|byte| *byte == b',').nth(fault.column).unwrap_or_default());
    let problem = match fault.cause {
        NumberFault::NotFinite => {
            return FaultKind::Impossible {
                problem: format!("column `{column}`: `{value}` is not a finite number"),
            };
        }
        NumberFault::NotNumber if fault.column == 0 => {
            "is not a time: write whole UTC milliseconds since 1970, like 1659312000000".to_owned()
        }
        NumberFault::Empty
        | NumberFault::NotNumber
        | NumberFault::TooManyDecimals
        | NumberFault::TooLarge => fault.cause.problem().to_owned(),
    };
    FaultKind::Malformed { column: Some(column.to_owned()), value, problem }
}

/// What is wrong with a header, naming the column.
fn header_problem(found: &[u8]) -> String {
    if found.is_empty() {
        return "the file does not start with a header".to_owned();
    }
    let text = String::from_utf8_lossy(found);
    let fields: Vec<&str> = text.split(',').take(64).collect();
    let shown = |field: &str| text::excerpt(field.as_bytes());
    if fields.first().is_some_and(|field| number::integer(field.as_bytes()).is_ok()) {
        return "the header is missing: the first line is a row already".to_owned();
    }
    if text.contains(';') || text.contains('\t') {
        return "the columns are not separated by commas".to_owned();
    }
    let extra: Vec<String> = fields
        .iter()
        .filter(|field| !COLUMNS.contains(*field))
        .take(8)
        .map(|field| format!("`{}`", shown(field)))
        .collect();
    let missing: Vec<String> = COLUMNS
        .iter()
        .filter(|column| !fields.contains(*column))
        .map(|column| format!("`{column}`"))
        .collect();
    match (extra.is_empty(), missing.is_empty()) {
        (false, false) => {
            format!("column {} is missing, {} is unknown", missing.join(", "), extra.join(", "))
        }
        (true, false) => format!("column {} is missing", missing.join(", ")),
        (false, true) => format!("column {} is not wanted: remove it", extra.join(", ")),
        (true, true) => {
            let misplaced = fields.iter().zip(COLUMNS).position(|(field, column)| *field != column);
            match misplaced.and_then(|at| Some((at, fields.get(at)?, COLUMNS.get(at)?))) {
                Some((at, field, column)) => {
                    format!(
                        "column {} is `{}` and should be `{column}`: put the columns in order",
                        at + 1,
                        shown(field)
                    )
                }
                None => "a column is there twice".to_owned(),
            }
        }
    }
}
