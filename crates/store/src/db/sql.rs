//! What both databases understand: values to bind, cells to read.
//!
//! Placeholders stand in a statement in the order of their numbers: `$2` is a name to SQLite, which counts
//! names as they come.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value for a placeholder. It is typed also where it is absent: Postgres wants to know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// Also instants, counts and yes or no.
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<Cow<'a, str>>),
}

impl Value<'_> {
    /// The same, borrowing nothing.
    #[cfg(feature = "postgres")]
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Value::Int(value) => Value::Int(value),
            Value::Real(value) => Value::Real(value),
            Value::Text(text) => Value::Text(text.map(|text| Cow::Owned(text.into_owned()))),
        }
    }
}

macro_rules! value_from {
    ($($type:ty => $variant:ident($value:ident) $made:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                Value::$variant($made)
            }
        })*
    };
}

value_from! {
    i64 => Int(value) Some(value);
    u32 => Int(value) Some(i64::from(value));
    bool => Int(value) Some(i64::from(value));
    Option<i64> => Int(value) value;
    Option<u32> => Int(value) value.map(i64::from);
    Option<u8> => Int(value) value.map(i64::from);
    Option<f64> => Real(value) value;
    &'a str => Text(value) Some(Cow::Borrowed(value));
    &'a String => Text(value) Some(Cow::Borrowed(value.as_str()));
    String => Text(value) Some(Cow::Owned(value));
    Option<&'a str> => Text(value) value.map(Cow::Borrowed);
    Option<String> => Text(value) value.map(Cow::Owned);
}

/// Values in the order of their placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        [$($crate::db::sql::Value::from($value)),*]
    };
}
pub(crate) use values;

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Int(Some(value)) => ValueRef::Integer(*value),
            Value::Real(Some(value)) => ValueRef::Real(*value),
            Value::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Value::Int(None) | Value::Real(None) | Value::Text(None) => ValueRef::Null,
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// What stands in a column of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Cell {
    /// For messages.
    pub(crate) fn show(&self) -> String {
        match self {
            Cell::Null => "nothing".to_owned(),
            Cell::Int(value) => value.to_string(),
            Cell::Real(value) => value.to_string(),
            Cell::Text(text) => text.clone(),
        }
    }
}

/// What can stand in a column.
pub(crate) trait FromCell: Sized {
    /// What is expected, for the message when something else is there.
    const WHAT: &'static str;
    /// The value, or the cell back.
    fn from_cell(cell: Cell) -> Result<Self, Cell>;
}

macro_rules! from_int {
    ($($type:ty),*) => {
        $(impl FromCell for $type {
            const WHAT: &'static str = "not a whole number of the expected size";
            fn from_cell(cell: Cell) -> Result<Self, Cell> {
                match cell {
                    Cell::Int(value) => value.try_into().map_err(|_| cell),
                    Cell::Null | Cell::Real(_) | Cell::Text(_) => Err(cell),
                }
            }
        })*
    };
}
from_int!(i64, u32, u8);

impl FromCell for bool {
    const WHAT: &'static str = "neither 0 nor 1";
    fn from_cell(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Int(0) => Ok(false),
            Cell::Int(1) => Ok(true),
            Cell::Null | Cell::Int(_) | Cell::Real(_) | Cell::Text(_) => Err(cell),
        }
    }
}

impl FromCell for f64 {
    const WHAT: &'static str = "not a number";
    fn from_cell(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Real(value) => Ok(value),
            Cell::Null | Cell::Int(_) | Cell::Text(_) => Err(cell),
        }
    }
}

impl FromCell for String {
    const WHAT: &'static str = "not a text";
    fn from_cell(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Text(text) => Ok(text),
            Cell::Null | Cell::Int(_) | Cell::Real(_) => Err(cell),
        }
    }
}

impl<T: FromCell> FromCell for Option<T> {
    const WHAT: &'static str = T::WHAT;
    fn from_cell(cell: Cell) -> Result<Self, Cell> {
        match cell {
            Cell::Null => Ok(None),
            cell @ (Cell::Int(_) | Cell::Real(_) | Cell::Text(_)) => T::from_cell(cell).map(Some),
        }
    }
}

/// A row of either database.
#[derive(Clone, Copy)]
pub(crate) enum RawRow<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    #[cfg(feature = "postgres")]
    Postgres(&'a tokio_postgres::Row),
}

impl RawRow<'_> {
    /// What stands in the column, or why that cannot be told.
    pub(crate) fn cell(&self, column: &str) -> Result<Cell, String> {
        match self {
            RawRow::Sqlite(row) => {
                let bad = |error: &dyn core::fmt::Display| error.to_string();
                match row.get_ref(column).map_err(|error| bad(&error))? {
                    ValueRef::Null => Ok(Cell::Null),
                    ValueRef::Integer(value) => Ok(Cell::Int(value)),
                    ValueRef::Real(value) => Ok(Cell::Real(value)),
                    ValueRef::Text(bytes) => {
                        let text = core::str::from_utf8(bytes).map_err(|error| bad(&error))?;
                        Ok(Cell::Text(text.to_owned()))
                    }
                    ValueRef::Blob(_) => Err("bytes instead of a text".to_owned()),
                }
            }
            #[cfg(feature = "postgres")]
            RawRow::Postgres(row) => super::postgres::cell(row, column),
        }
    }
}
