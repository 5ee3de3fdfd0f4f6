//! Funding rates.

use std::path::Path;

use rust_decimal::Decimal;
use seawall_model::Ts;

use crate::error::ArchiveError;
use crate::number;
use crate::table::Table;

const COLUMNS: [&str; 2] = ["ts_ms", "funding_rate"];
const WANTED: &str = "ts_ms,funding_rate";
/// Hourly events of more than a century.
const ROWS_MAX: usize = 1_000_000;

/// Reads a CSV or CSV.gz file of funding events: when, and which fraction of the position's value longs paid
/// to shorts (negative: shorts to longs). Times are as the venue stamped them, up to some milliseconds after
/// the hour; they rise strictly.
///
/// # Errors
/// What reading can give, and [`ArchiveError::Field`] for a rate that is no fraction between -1 and 1 or a
/// time that does not rise.
pub fn read_funding(path: &Path) -> Result<Vec<(Ts, Decimal)>, ArchiveError> {
    let mut table = Table::open(path, COLUMNS, WANTED)?;
    let mut rates: Vec<(Ts, Decimal)> = Vec::new();
    while let Some(fields) = table.next_fields()? {
        let ts_ms = fields.ts_ms()?;
        let rate = fields.get(1, number::fixed)?;
        let rate = Decimal::new(rate.mantissa, rate.decimals);
        if rate.abs() >= Decimal::ONE {
            let problem =
                "is no fraction of the position's value: 1 basis point is 0.0001, so divide percent by 100";
            return Err(fields.refuse(1, problem.to_owned()));
        }
        let at = Ts::from_millis(ts_ms);
        if rates.last().is_some_and(|(last, _)| *last == at) {
            return Err(fields.refuse(0, "is there twice: keep one of the rows".to_owned()));
        }
        if rates.len() == ROWS_MAX {
            return Err(fields.refuse(0, format!("is one more than the {ROWS_MAX} events that are read")));
        }
        let line = fields.line;
        table.follow(line, ts_ms)?;
        rates.push((at, rate));
    }
    Ok(rates)
}
