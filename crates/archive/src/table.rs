//! CSV tables whose wanted columns are found by name; other columns are ignored.

use std::path::Path;

use crate::error::ArchiveError;
use crate::lines::Lines;
use crate::number::{self, NumberFault};
use crate::text;
use crate::unit::{WrongUnit, wrong_unit};

const HEADER_SHOWN_MAX: usize = 120;
/// More columns than any table of ours or a venue's has.
const COLUMNS_MAX: usize = 64;

/// A table with `N` wanted columns.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    lines: Lines,
    names: [&'static str; N],
    /// Where the wanted columns are.
    places: [usize; N],
    columns: usize,
    last_ms: Option<i64>,
}

/// The wanted fields of one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a, const N: usize> {
    path: &'a Path,
    pub(crate) line: u64,
    names: [&'static str; N],
    values: [&'a [u8]; N],
}

impl<const N: usize> Table<N> {
    /// Opens `path` and finds the columns `names` in its header; the first one is the time.
    pub(crate) fn open(
        path: &Path,
        names: [&'static str; N],
        wanted: &'static str,
    ) -> Result<Table<N>, ArchiveError> {
        let mut lines = Lines::open(path)?;
        let header = lines.next_line()?.unwrap_or_default();
        let fields: Vec<&[u8]> = header.split(|byte| *byte == b',').take(COLUMNS_MAX + 1).collect();
        match find(&fields, names) {
            Ok(places) => {
                let columns = fields.len();
                Ok(Table { lines, names, places, columns, last_ms: None })
            }
            Err(problem) => {
                let found = text::shorten(header, HEADER_SHOWN_MAX);
                Err(ArchiveError::Header { path: path.to_owned(), problem, found, wanted })
            }
        }
    }

    /// The wanted fields of the next line; `None` at the end, where blank lines are harmless.
    pub(crate) fn next_fields(&mut self) -> Result<Option<Fields<'_, N>>, ArchiveError> {
        let line = self.lines.number() + 1;
        match self.lines.next_line()? {
            None => return Ok(None),
            Some([]) => return self.after_blank(line).map(|()| None),
            Some(_) => {}
        }
        let (path, text) = self.lines.current();
        let mut values = [&b""[..]; N];
        let mut found = 0;
        for (place, field) in text.split(|byte| *byte == b',').enumerate() {
            found = place + 1;
            if let Some(index) = self.places.iter().position(|wanted| *wanted == place)
                && let Some(value) = values.get_mut(index)
            {
                *value = field;
            }
        }
        if found != self.columns {
            return Err(ArchiveError::Line {
                path: path.to_owned(),
                line,
                value: text::excerpt(text),
                problem: format!("has {found} fields, its header has {}", self.columns),
            });
        }
        Ok(Some(Fields { path, line, names: self.names, values }))
    }

    /// Checks that `ts_ms` is a time in milliseconds that does not go back.
    pub(crate) fn follow(&mut self, line: u64, ts_ms: i64) -> Result<(), ArchiveError> {
        let refuse = |problem: String| ArchiveError::Field {
            path: self.lines.path().to_owned(),
            line,
            column: "ts_ms",
            value: ts_ms.to_string(),
            problem,
        };
        match wrong_unit(ts_ms) {
            None => {}
            Some(WrongUnit::Unknown) => {
                return Err(refuse(format!("is no time in milliseconds: {}", WrongUnit::Unknown.fix())));
            }
            Some(unit) => {
                return Err(refuse(format!("looks like {unit}, milliseconds are wanted: {}", unit.fix())));
            }
        }
        if let Some(last_ms) = self.last_ms.filter(|last_ms| *last_ms > ts_ms) {
            return Err(refuse(format!("goes back in time, from {last_ms}: sort the rows, oldest first")));
        }
        self.last_ms = Some(ts_ms);
        Ok(())
    }

    #[cold]
    fn after_blank(&mut self, line: u64) -> Result<(), ArchiveError> {
        while let Some(text) = self.lines.next_line()? {
            if !text.is_empty() {
                return Err(ArchiveError::Line {
                    path: self.lines.path().to_owned(),
                    line,
                    value: String::new(),
                    problem: "is a blank line between rows: remove it".to_owned(),
                });
            }
        }
        Ok(())
    }
}

impl<const N: usize> Fields<'_, N> {
    /// Reads the field of column `index` by `parse`.
    pub(crate) fn get<T>(
        &self,
        index: usize,
        parse: impl FnOnce(&[u8]) -> Result<T, NumberFault>,
    ) -> Result<T, ArchiveError> {
        let value = self.values.get(index).copied().unwrap_or_default();
        parse(value).map_err(|fault| self.refuse(index, fault.problem().to_owned()))
    }

    /// The time, in the first column.
    pub(crate) fn ts_ms(&self) -> Result<i64, ArchiveError> {
        self.get(0, number::integer)
    }

    /// An error about the field of column `index`.
    #[cold]
    pub(crate) fn refuse(&self, index: usize, problem: String) -> ArchiveError {
        ArchiveError::Field {
            path: self.path.to_owned(),
            line: self.line,
            column: self.names.get(index).copied().unwrap_or("?"),
            value: text::excerpt(self.values.get(index).copied().unwrap_or_default()),
            problem,
        }
    }
}

fn find<const N: usize>(fields: &[&[u8]], names: [&'static str; N]) -> Result<[usize; N], String> {
    if matches!(fields, [] | [[]]) {
        return Err("the file does not start with a header".to_owned());
    }
    if fields.len() > COLUMNS_MAX {
        return Err(format!("more than {COLUMNS_MAX} columns"));
    }
    if fields.first().is_some_and(|field| number::integer(field).is_ok()) {
        return Err("the header is missing: the first line is a row already".to_owned());
    }
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(names) {
        let mut matching = fields.iter().enumerate().filter(|(_, field)| **field == name.as_bytes());
        *place = match (matching.next(), matching.next()) {
            (Some((at, _)), None) => at,
            (Some(_), Some(_)) => return Err(format!("column `{name}` is there twice")),
            (None, _) => return Err(format!("column `{name}` is missing")),
        };
    }
    Ok(places)
}
