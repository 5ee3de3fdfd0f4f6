//! The `ref_*` tables: parity mode's columns under the package's names and with its element types.

use super::name::{Reference, Spelled};
use super::table::{Column, Table, Values};
use super::{Bars, ExportError};
use crate::parity::{self, Columns, InputZone, Session, SwingColumns, TimeFrame};

pub(super) fn table(name: &Reference, bars: &Bars<'_>) -> Result<Table, ExportError> {
    if matches!(name, Reference::Ob { .. }) && bars.volume.is_none() {
        return Err(ExportError::NoVolume);
    }
    // Nothing that does without volumes reads them, but the package's table has the column.
    let nothing;
    let volume = match bars.volume {
        Some(volume) => volume,
        None => {
            nothing = vec![0.0; bars.open_time.len()];
            &nothing
        }
    };
    let input = Columns::new(bars.open_time, bars.open, bars.high, bars.low, bars.close, volume)?;
    match name {
        Reference::Fvg { join } => Ok(fvg(&input, *join)),
        Reference::Swing { length } => Ok(swing(swings(&input, *length))),
        Reference::BosChoch { length, close } => bos_choch(&input, *length, *close),
        Reference::Ob { length, close } => order_blocks(&input, *length, *close),
        Reference::Liquidity { length, range_percent } => liquidity(&input, *length, range_percent.value()),
        Reference::PreviousHighLow { period } => Ok(previous(&input, period.value())),
        Reference::Sessions { session, zone } => {
            let zone = zone.as_ref().map_or(InputZone::Utc, Spelled::value);
            Ok(sessions(&input, session.value(), zone))
        }
        Reference::Retracements { length } => retracements(&input, *length),
    }
}

/// Columns as pairs of their name and their values.
fn of<const N: usize>(columns: [(&'static str, Values); N]) -> Table {
    Table::new(columns.into_iter().map(|(name, values)| Column { name, values }).collect())
}

fn whole(flags: Vec<i32>) -> Values {
    Values::Whole(flags.into_iter().map(i64::from).collect())
}

fn swings(input: &Columns<'_>, length: u32) -> SwingColumns {
    parity::swing_highs_lows(input, usize::try_from(length).unwrap_or(usize::MAX))
}

fn fvg(input: &Columns<'_>, join: bool) -> Table {
    let found = parity::fvg(input, join);
    of([
        ("FVG", Values::Double(found.fvg)),
        ("Top", Values::Double(found.top)),
        ("Bottom", Values::Double(found.bottom)),
        ("MitigatedIndex", Values::Double(found.mitigated_index)),
    ])
}

fn swing(found: SwingColumns) -> Table {
    of([("HighLow", Values::Double(found.high_low)), ("Level", Values::Double(found.level))])
}

fn bos_choch(input: &Columns<'_>, length: u32, close: bool) -> Result<Table, ExportError> {
    let found = parity::bos_choch(input, &swings(input, length), close)?;
    Ok(of([
        ("BOS", Values::Double(found.bos)),
        ("CHOCH", Values::Double(found.choch)),
        ("Level", Values::Single(found.level)),
        ("BrokenIndex", Values::Double(found.broken_index)),
    ]))
}

fn order_blocks(input: &Columns<'_>, length: u32, close: bool) -> Result<Table, ExportError> {
    let found = parity::ob(input, &swings(input, length), close)?;
    Ok(of([
        ("OB", Values::Double(found.ob)),
        ("Top", Values::Single(found.top)),
        ("Bottom", Values::Single(found.bottom)),
        ("OBVolume", Values::Single(found.ob_volume)),
        ("MitigatedIndex", Values::Double(found.mitigated_index)),
        ("Percentage", Values::Single(found.percentage)),
    ]))
}

fn liquidity(input: &Columns<'_>, length: u32, range_percent: f64) -> Result<Table, ExportError> {
    let found = parity::liquidity(input, &swings(input, length), range_percent)?;
    Ok(of([
        ("Liquidity", Values::Single(found.liquidity)),
        ("Level", Values::Single(found.level)),
        ("End", Values::Single(found.end)),
        ("Swept", Values::Single(found.swept)),
    ]))
}

fn previous(input: &Columns<'_>, period: TimeFrame) -> Table {
    let found = parity::previous_high_low(input, period);
    of([
        ("PreviousHigh", Values::Single(found.previous_high)),
        ("PreviousLow", Values::Single(found.previous_low)),
        ("BrokenHigh", whole(found.broken_high)),
        ("BrokenLow", whole(found.broken_low)),
    ])
}

fn sessions(input: &Columns<'_>, session: Session, zone: InputZone) -> Table {
    let found = parity::sessions(input, session, zone);
    of([
        ("Active", whole(found.active)),
        ("High", Values::Single(found.high)),
        ("Low", Values::Single(found.low)),
    ])
}

fn retracements(input: &Columns<'_>, length: u32) -> Result<Table, ExportError> {
    let found = parity::retracements(input, &swings(input, length))?;
    Ok(of([
        ("Direction", whole(found.direction)),
        ("CurrentRetracement%", Values::Double(found.current_retracement)),
        ("DeepestRetracement%", Values::Double(found.deepest_retracement)),
    ]))
}
