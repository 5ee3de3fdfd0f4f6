//! One month of one series as a Parquet file.
//!
//! Columns: `open_time` (INT64, TIMESTAMP millis UTC), `open high low close` (INT64, DECIMAL(18, decimals)),
//! `volume` (DOUBLE). Every research tool reads that. The footer's key-value metadata says whose candles they
//! are, what is in them, and a checksum of the values: a flipped bit is found when the month is read.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use seawall_model::{InstrumentName, Timeframe};

use super::summary::Summary;
use crate::error::ArchiveError;
use crate::number;
use crate::series::RawSeries;
use crate::text;

const SCHEMA: &str = "seawall.candles/1";
const PRICE_COLUMNS: [&str; 4] = ["open", "high", "low", "close"];
/// Digits of a Parquet DECIMAL that is kept in 64 bits.
const DIGITS_MAX: u32 = 18;
/// A month of one-minute candles is the longest there is; a file that claims more is damaged.
const ROWS_MAX: u64 = 31 * 1_440;

/// Whose candles a file holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) instrument: &'a InstrumentName,
    pub(crate) timeframe: Timeframe,
}

/// The values of a month, column by column.
#[derive(Debug, Default)]
struct Columns {
    open_time: Vec<i64>,
    prices: [Vec<i64>; 4],
    volume: Vec<f64>,
}

/// Writes `series`, syncs it, and gives its summary.
pub(crate) fn write(path: &Path, owner: Owner<'_>, series: &RawSeries) -> Result<Summary, ArchiveError> {
    if number::power(DIGITS_MAX).is_none_or(|limit| series.price_max() >= limit) {
        return Err(ArchiveError::Scale {
            decimals: series.decimals(),
            price_max: text::fixed_text(series.price_max(), series.decimals()),
            price_scale: series.decimals(),
            fix: "the store keeps 18 digits of a price, round it",
        });
    }
    let columns = Columns::of(series);
    let summary = Summary::of(series, columns.checksum());
    let file = File::create(path).map_err(ArchiveError::io(path, "create"))?;
    let handle = file.try_clone().map_err(ArchiveError::io(path, "write"))?;
    write_columns(file, owner, &columns, &summary).map_err(|error| write_error(path, error))?;
    handle.sync_all().map_err(ArchiveError::io(path, "sync"))?;
    Ok(summary)
}

/// The summary of a month, from its footer alone.
pub(crate) fn summary(path: &Path, owner: Owner<'_>) -> Result<Summary, ArchiveError> {
    guarded(path, || open(path, owner).map(|(_, summary)| summary))
}

/// The candles of a month, proven against the checksum.
pub(crate) fn read(path: &Path, owner: Owner<'_>) -> Result<RawSeries, ArchiveError> {
    guarded(path, || {
        let (reader, summary) = open(path, owner)?;
        let columns = Columns::read(&reader, &summary)?;
        if columns.checksum() != summary.checksum {
            return Err("the checksum does not fit the candles".to_owned());
        }
        columns.into_series(owner.timeframe, summary.decimals)
    })
}

/// Runs a read. The Parquet library answers some damaged files with a panic, which is an error like others.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, String>) -> Result<T, ArchiveError> {
    let outcome = catch_unwind(AssertUnwindSafe(read));
    let outcome = outcome.unwrap_or_else(|_| Err("its structure is damaged".to_owned()));
    outcome.map_err(|reason| ArchiveError::Parquet { path: path.to_owned(), reason })
}

fn open(path: &Path, owner: Owner<'_>) -> Result<(SerializedFileReader<File>, Summary), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
    let meta = reader.metadata().file_metadata();
    let pairs = meta.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
    let value = |key: &str| {
        let pair = pairs.iter().find(|pair| pair.key == key);
        pair.and_then(|pair| pair.value.as_deref()).ok_or_else(|| format!("its metadata lacks {key}"))
    };
    let expect = |key: &str, wanted: &str| match value(key)? {
        found if found == wanted => Ok(()),
        found => Err(format!("its {key} is {}, not {wanted}", text::excerpt(found.as_bytes()))),
    };
    expect("seawall.schema", SCHEMA)?;
    expect("seawall.instrument", owner.instrument.as_str())?;
    expect("seawall.timeframe", owner.timeframe.name())?;
    let summary = Summary::from_metadata(value, size)?;
    let rows = u64::try_from(meta.num_rows()).unwrap_or(u64::MAX);
    if rows != summary.rows || rows > ROWS_MAX {
        return Err(format!("it states {rows} and {} rows, at most {ROWS_MAX} are possible", summary.rows));
    }
    for group in reader.metadata().row_groups() {
        for column in group.columns() {
            let (start, length) = column.byte_range();
            if start.checked_add(length).is_none_or(|end| end > size) {
                return Err("a column reaches beyond the end of the file".to_owned());
            }
        }
    }
    Ok((reader, summary))
}

fn write_columns(
    file: File,
    owner: Owner<'_>,
    columns: &Columns,
    summary: &Summary,
) -> Result<(), ParquetError> {
    let decimals = summary.decimals;
    let prices: String = PRICE_COLUMNS
        .map(|name| format!("required int64 {name} (DECIMAL({DIGITS_MAX},{decimals}));"))
        .concat();
    let schema = parse_message_type(&format!(
        "message candles {{ required int64 open_time (TIMESTAMP(MILLIS,true)); {prices} required double volume; }}"
    ))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(9)?))
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(ColumnPath::from("volume"), Encoding::PLAIN)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(format!("seawall-archive {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
    let mut pairs = vec![
        ("seawall.schema", SCHEMA.to_owned()),
        ("seawall.instrument", owner.instrument.to_string()),
        ("seawall.timeframe", owner.timeframe.name().to_owned()),
    ];
    pairs.extend(summary.to_metadata());
    for (key, value) in pairs {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }
    let mut group = writer.next_row_group()?;
    write_int64(&mut group, &columns.open_time)?;
    for prices in &columns.prices {
        write_int64(&mut group, prices)?;
    }
    if let Some(mut column) = group.next_column()? {
        column.typed::<DoubleType>().write_batch(&columns.volume, None, None)?;
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

fn write_int64(group: &mut SerializedRowGroupWriter<'_, File>, values: &[i64]) -> Result<(), ParquetError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<Int64Type>().write_batch(values, None, None)?;
        column.close()?;
    }
    Ok(())
}

fn write_error(path: &Path, error: ParquetError) -> ArchiveError {
    let source = std::io::Error::other(error);
    ArchiveError::Io { path: path.to_owned(), action: "write", source }
}

fn read_int64(group: &dyn RowGroupReader, column: usize, rows: usize) -> Result<Vec<i64>, String> {
    let mut values = Vec::with_capacity(rows);
    match group.get_column_reader(column).map_err(|error| error.to_string())? {
        ColumnReader::Int64ColumnReader(mut reader) => {
            reader.read_records(rows, None, None, &mut values).map_err(|error| error.to_string())?;
            Ok(values)
        }
        ColumnReader::BoolColumnReader(_)
        | ColumnReader::Int32ColumnReader(_)
        | ColumnReader::Int96ColumnReader(_)
        | ColumnReader::FloatColumnReader(_)
        | ColumnReader::DoubleColumnReader(_)
        | ColumnReader::ByteArrayColumnReader(_)
        | ColumnReader::FixedLenByteArrayColumnReader(_) => Err(format!("column {column} is not INT64")),
    }
}

impl Columns {
    fn of(series: &RawSeries) -> Columns {
        let candles = series.candles();
        let price = |pick: fn(&seawall_model::Candle) -> i64| candles.iter().map(pick).collect();
        Columns {
            open_time: candles.iter().map(|candle| candle.open_time.millis()).collect(),
            prices: [
                price(|candle| candle.open.get()),
                price(|candle| candle.high.get()),
                price(|candle| candle.low.get()),
                price(|candle| candle.close.get()),
            ],
            volume: candles.iter().map(|candle| candle.volume).collect(),
        }
    }

    fn read(reader: &SerializedFileReader<File>, summary: &Summary) -> Result<Columns, String> {
        if reader.num_row_groups() != 1 {
            return Err(format!("it has {} row groups, not 1", reader.num_row_groups()));
        }
        let group = reader.get_row_group(0).map_err(|error| error.to_string())?;
        let count = group.num_columns();
        if count != 2 + PRICE_COLUMNS.len() {
            return Err(format!("it has {count} columns, not {}", 2 + PRICE_COLUMNS.len()));
        }
        let rows = usize::try_from(summary.rows).map_err(|error| error.to_string())?;
        let mut columns = Columns { open_time: read_int64(group.as_ref(), 0, rows)?, ..Columns::default() };
        for (index, prices) in (1..).zip(&mut columns.prices) {
            *prices = read_int64(group.as_ref(), index, rows)?;
        }
        let volume = group.get_column_reader(count - 1).map_err(|error| error.to_string())?;
        let ColumnReader::DoubleColumnReader(mut volume) = volume else {
            return Err("column volume is not DOUBLE".to_owned());
        };
        volume.read_records(rows, None, None, &mut columns.volume).map_err(|error| error.to_string())?;
        let same_length = |length: usize| length == rows;
        let all = columns.prices.iter().all(|prices| same_length(prices.len()));
        if all && same_length(columns.open_time.len()) && same_length(columns.volume.len()) {
            Ok(columns)
        } else {
            Err("a column has too few values".to_owned())
        }
    }

    fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for column in std::iter::once(&self.open_time).chain(&self.prices) {
            for value in column {
                hasher.update(&value.to_le_bytes());
            }
        }
        for value in &self.volume {
            hasher.update(&value.to_bits().to_le_bytes());
        }
        hasher.finalize()
    }

    fn into_series(self, timeframe: Timeframe, decimals: u32) -> Result<RawSeries, String> {
        let [open, high, low, close] = self.prices;
        let mut series = RawSeries::new(timeframe);
        series.rescale(decimals).map_err(|error| error.to_string())?;
        if !series.reserve_total(self.open_time.len()) {
            return Err("no memory for it".to_owned());
        }
        let prices = open.into_iter().zip(high).zip(low.into_iter().zip(close));
        for ((ts_ms, volume), ((open, high), (low, close))) in
            self.open_time.into_iter().zip(self.volume).zip(prices)
        {
            let row = crate::csv::CandleRow { line: 0, ts_ms, open, high, low, close, decimals, volume };
            series.push_row(&row).map_err(|error| error.to_string())?;
        }
        Ok(series)
    }
}
