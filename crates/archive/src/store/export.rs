//! The store back to CSV: the text that was imported, byte for byte, where it was the shortest.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use seawall_model::{InstrumentName, Timeframe, Ts};
use serde::{Deserialize, Serialize};

use super::Store;
use super::month_file::Owner;
use crate::csv::{CandleRow, HEADER};
use crate::error::ArchiveError;
use crate::progress::Progress;
use crate::range::Range;
use crate::text;

/// How an exported file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvFormat {
    /// Plain text.
    Csv,
    /// gzip.
    CsvGz,
}

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Rows without the header.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Store {
    /// Writes the stored candles that open in `range` to `target`, which is replaced once the new file is
    /// complete. Numbers are written as their shortest text without exponent.
    ///
    /// # Errors
    /// [`ArchiveError::UnknownSeries`] if nothing is stored, [`ArchiveError::EmptyRange`] if nothing is in
    /// the range, [`ArchiveError::Parquet`] for a damaged month, [`ArchiveError::Io`] if writing fails.
    pub fn export(
        &self,
        instrument: &InstrumentName,
        timeframe: Timeframe,
        range: Option<(Ts, Ts)>,
        target: (&Path, CsvFormat),
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Exported, ArchiveError> {
        let owner = Owner { instrument, timeframe };
        let months = self.existing_months(owner)?;
        let bounds = Range::new(range);
        let (path, format) = target;
        let mut out = Output::create(path, format)?;
        let mut rows = 0;
        self.rows(owner, &months, bounds, progress, |row| {
            if bounds.contains(row.ts_ms) {
                rows += 1;
                out.row(row)?;
            }
            Ok(())
        })?;
        if let (Some((from, to)), Some(first), Some(last), 0) = (range, months.first(), months.last(), rows) {
            let (first, last) = (first.summary.first(), last.summary.last());
            return Err(ArchiveError::EmptyRange { path: self.series_dir(owner), from, to, first, last });
        }
        let bytes = out.finish()?;
        Ok(Exported { rows, bytes })
    }
}

enum Sink {
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

/// A file that takes its name only when it is complete.
struct Output {
    target: PathBuf,
    part: PathBuf,
    sink: Option<Sink>,
    line: Vec<u8>,
}

impl Output {
    fn create(target: &Path, format: CsvFormat) -> Result<Output, ArchiveError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = target.with_file_name(name);
        if target.is_dir() {
            let source = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(ArchiveError::io(target, "write a file in place of")(source));
        }
        let file = File::create(&part).map_err(ArchiveError::io(&part, "create"))?;
        let buffer = BufWriter::with_capacity(1 << 16, file);
        let sink = match format {
            CsvFormat::Csv => Sink::Plain(buffer),
            CsvFormat::CsvGz => Sink::Gzip(Box::new(GzEncoder::new(buffer, Compression::default()))),
        };
        let mut out =
            Output { target: target.to_owned(), part, sink: Some(sink), line: Vec::with_capacity(128) };
        out.line.extend_from_slice(HEADER.as_bytes());
        out.flush_line()?;
        Ok(out)
    }

    fn row(&mut self, row: &CandleRow) -> Result<(), ArchiveError> {
        self.line.clear();
        text::write_fixed(&mut self.line, row.ts_ms, 0);
        for price in [row.open, row.high, row.low, row.close] {
            self.line.push(b',');
            text::write_fixed(&mut self.line, price, row.decimals);
        }
        write!(self.line, ",{}", row.volume).map_err(ArchiveError::io(&self.part, "write"))?;
        self.flush_line()
    }

    fn flush_line(&mut self) -> Result<(), ArchiveError> {
        self.line.push(b'\n');
        let written = match &mut self.sink {
            Some(Sink::Plain(sink)) => sink.write_all(&self.line),
            Some(Sink::Gzip(sink)) => sink.write_all(&self.line),
            None => Ok(()),
        };
        written.map_err(ArchiveError::io(&self.part, "write"))
    }

    /// Completes the file and gives its size.
    fn finish(mut self) -> Result<u64, ArchiveError> {
        let Some(sink) = self.sink.take() else { return Ok(0) };
        let close = || {
            let buffer = match sink {
                Sink::Plain(sink) => sink,
                Sink::Gzip(sink) => sink.finish()?,
            };
            let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            Ok(file.metadata()?.len())
        };
        let bytes = close().map_err(ArchiveError::io(&self.part, "write"))?;
        fs::rename(&self.part, &self.target).map_err(ArchiveError::io(&self.target, "replace"))?;
        Ok(bytes)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After a success the part has its final name and there is nothing to remove.
        let _ = fs::remove_file(&self.part);
    }
}
