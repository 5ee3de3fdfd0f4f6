//! Tables of plain text: the first column to the left, numbers to the right.

use std::fmt::Write;

/// Widest line of a report.
pub(crate) const WIDTH: usize = 110;

const GAP: &str = "  ";

/// A table with a title.
#[derive(Debug)]
pub(crate) struct Table {
    title: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    align: Align,
}

/// Where the columns after the first stand.
#[derive(Debug, Clone, Copy)]
enum Align {
    Left,
    Right,
}

impl Table {
    pub(crate) fn new(title: &'static str, head: &[&'static str]) -> Self {
        Table { title, head: head.to_vec(), rows: Vec::new(), align: Align::Right }
    }

    /// A table of names and values, without a head.
    pub(crate) fn pairs(title: &'static str) -> Self {
        Table { title, head: vec!["", ""], rows: Vec::new(), align: Align::Left }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Writes the table with an empty line before it; nothing where there are no rows.
    pub(crate) fn write(&self, out: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        let widths = self.widths();
        let line = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        out.push('\n');
        out.push_str(self.title);
        out.push('\n');
        out.push_str(&"─".repeat(line.max(self.title.chars().count()).min(WIDTH)));
        out.push('\n');
        if self.head.iter().any(|name| !name.is_empty()) {
            write_row(out, self.head.iter().copied(), &widths, self.align);
        }
        for row in &self.rows {
            write_row(out, row.iter().map(String::as_str), &widths, self.align);
        }
    }

    /// Widths of the columns; the first gives way where a line would be too long.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.head.iter().map(|name| name.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        if let Some(first) = widths.first_mut() {
            *first = first.saturating_sub(line.saturating_sub(WIDTH)).max(1);
        }
        widths
    }
}

fn write_row<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>, widths: &[usize], align: Align) {
    let start = out.len();
    for (column, (cell, width)) in cells.zip(widths).enumerate() {
        let fitted = fit(cell, *width);
        // Writing to a string cannot fail.
        let _ = match (column, align) {
            (0, Align::Left | Align::Right) => write!(out, "{fitted:<width$}"),
            (1.., Align::Left) => write!(out, "{GAP}{fitted:<width$}"),
            (1.., Align::Right) => write!(out, "{GAP}{fitted:>width$}"),
        };
    }
    let end = out.get(start..).map_or(start, |line| start + line.trim_end().len());
    out.truncate(end);
    out.push('\n');
}

/// `text`, its start replaced by an ellipsis where it is longer than `width`: names end in what differs.
fn fit(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    std::iter::once('…').chain(text.chars().skip(length + 1 - width.max(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new("Title", &["name", "n"]);
        table.row(vec!["a".to_owned(), "10".to_owned()]);
        table.row(vec!["long name".to_owned(), "5".to_owned()]);
        let mut out = String::new();
        table.write(&mut out);
        assert_eq!(out, "\nTitle\n─────────────\nname        n\na          10\nlong name   5\n");
    }

    #[test]
    fn the_first_column_gives_way_to_the_width() {
        let mut table = Table::new("T", &["name", "n"]);
        table.row(vec!["x".repeat(200), "1".to_owned()]);
        let mut out = String::new();
        table.write(&mut out);
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert!(out.contains("…xxx"), "{out}");
    }

    #[test]
    fn an_empty_table_is_not_written() {
        let mut out = String::new();
        Table::new("T", &["name"]).write(&mut out);
        assert_eq!(out, "");
    }
}
