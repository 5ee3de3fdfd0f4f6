//! Columns of one kind each, as the text of a file.
//!
//! Invariants: every column is as long as the table; the text is what the CSV writer of pandas gives for the
//! same values: a header, a line per row, no index, commas, `\n`, nothing quoted, an empty cell for none.

use super::number::write_float;

/// The values of a column. NaN and `None` are empty cells.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Whole(Vec<i64>),
    /// Whole numbers, some missing.
    Maybe(Vec<Option<u64>>),
    /// 64-bit floats.
    Double(Vec<f64>),
    /// 32-bit floats.
    Single(Vec<f32>),
    /// Words without commas, quotes or line ends.
    Word(Vec<&'static str>),
}

impl Values {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Values::Whole(values) => values.len(),
            Values::Maybe(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Single(values) => values.len(),
            Values::Word(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_none(&self, row: usize) -> bool {
        match self {
            Values::Whole(_) | Values::Word(_) => false,
            Values::Maybe(values) => values.get(row).copied().flatten().is_none(),
            Values::Double(values) => values.get(row).is_none_or(|value| value.is_nan()),
            Values::Single(values) => values.get(row).is_none_or(|value| value.is_nan()),
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

/// The content of one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table of columns of one length; longer ones are as long as the shortest.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        let rows = columns.iter().map(|column| column.values.len()).min().unwrap_or(0);
        Table { columns, rows }
    }

    /// The columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are, without the header.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How many rows have anything in them.
    #[must_use]
    pub fn rows_filled(&self) -> usize {
        (0..self.rows).filter(|&row| !self.columns.iter().all(|column| column.values.is_none(row))).count()
    }

    /// The text of the file.
    #[must_use]
    pub fn csv(&self) -> String {
        const CELL_BYTES: usize = 8;
        let mut out = String::with_capacity(self.rows * self.columns.len() * CELL_BYTES + CELL_BYTES);
        let mut scratch = String::new();
        for (number, column) in self.columns.iter().enumerate() {
            if number > 0 {
                out.push(',');
            }
            out.push_str(column.name);
        }
        out.push('\n');
        for row in 0..self.rows {
            for (number, column) in self.columns.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                write_cell(&mut out, &mut scratch, &column.values, row);
            }
            out.push('\n');
        }
        out
    }
}

fn write_cell(out: &mut String, scratch: &mut String, values: &Values, row: usize) {
    match values {
        Values::Whole(values) => write_whole(out, values.get(row)),
        Values::Maybe(values) => write_whole(out, values.get(row).and_then(Option::as_ref)),
        Values::Double(values) => write_float(out, scratch, values.get(row).copied().unwrap_or(f64::NAN)),
        Values::Single(values) => write_float(out, scratch, values.get(row).copied().unwrap_or(f32::NAN)),
        Values::Word(values) => out.push_str(values.get(row).unwrap_or(&"")),
    }
}

fn write_whole(out: &mut String, value: Option<&impl core::fmt::Display>) {
    use core::fmt::Write as _;
    if let Some(value) = value {
        // Writing to a string cannot fail.
        let _ = write!(out, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_column_has_its_encoding() {
        let column = |name, values| Column { name, values };
        let table = Table::new(vec![
            column("whole", Values::Whole(vec![-1, 0])),
            column("maybe", Values::Maybe(vec![None, Some(7)])),
            column("double", Values::Double(vec![f64::NAN, 3.0])),
            column("single", Values::Single(vec![f32::NAN, 0.1])),
            column("word", Values::Word(vec!["BOS", "CHOCH"])),
        ]);
        assert_eq!(table.csv(), "whole,maybe,double,single,word\n-1,,,,BOS\n0,7,3.0,0.1,CHOCH\n");
        assert_eq!(table.rows(), 2);
        assert_eq!(table.rows_filled(), 2);
        let empty = Values::Double(vec![f64::NAN, 1.0]);
        let table =
            Table::new(vec![column("a", empty.clone()), column("b", Values::Double(vec![f64::NAN; 2]))]);
        assert_eq!(table.csv(), "a,b\n,\n1.0,\n");
        assert_eq!((table.rows(), table.rows_filled()), (2, 1));
        assert!(!empty.is_empty());
    }
}
