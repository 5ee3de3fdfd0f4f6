//! Bars from a CSV, as the SMC commands read them.
//!
//! Invariants of what is read: at least one bar; prices finite and in order; times rising and on one grid.
//! Whatever breaks this is refused with file, line, column, value and fix; whole missing bars are normal.

use std::path::Path;

use seawall_archive::Lines;
use seawall_model::Ts;

use super::columns::{Columns, Fault};
use super::grid::{self, Grid};
use crate::exit::Failure;
use crate::progress::bar;

/// Rows between two looks at the progress bar.
const ROWS_PER_LOOK: usize = 1 << 14;

/// The bars of one series, side by side.
#[derive(Debug)]
pub(crate) struct Input {
    /// Open times.
    pub(crate) times: Vec<Ts>,
    /// First prices.
    pub(crate) open: Vec<f64>,
    /// Highest prices.
    pub(crate) high: Vec<f64>,
    /// Lowest prices.
    pub(crate) low: Vec<f64>,
    /// Last prices.
    pub(crate) close: Vec<f64>,
    /// Volumes, where they were asked for.
    pub(crate) volumes: Option<Vec<f64>>,
    /// The grid of the times.
    pub(crate) grid: Grid,
}

/// Reads `path`, and its column of volumes where it is needed.
pub(crate) fn read(path: &Path, with_volume: bool) -> Result<Input, Failure> {
    let lines = Lines::open(path).map_err(Failure::input)?;
    let progress = bar("read", lines.size());
    let result = Reader { shown: path.display().to_string(), lines }
        .read(with_volume, |position| progress.set_position(position));
    progress.finish_and_clear();
    result
}

struct Reader {
    shown: String,
    lines: Lines,
}

impl Reader {
    fn read(mut self, with_volume: bool, look: impl Fn(u64)) -> Result<Input, Failure> {
        let header = self.lines.next_line().map_err(Failure::input)?.unwrap_or_default();
        let columns =
            Columns::from_header(header, with_volume).map_err(|problem| self.at_line(1, &problem))?;
        let mut times: Vec<Ts> = Vec::new();
        let mut prices: [Vec<f64>; 4] = Default::default();
        let mut volumes = columns.has_volume().then(Vec::new);
        let mut row = String::new();
        while let Some(line) = self.next_row(&mut row)? {
            let cells = columns.cells(&row).map_err(|problem| self.at_line(line, &problem))?;
            let cell = |fault: Fault| self.at_cell(line, &fault);
            cells.check_index(times.len()).map_err(cell)?;
            let time = cells.time().map_err(cell)?;
            if let Some(before) = times.last().filter(|before| time <= **before) {
                return Err(cell(cells.time_fault(not_after(time, *before, line))));
            }
            for (column, price) in prices.iter_mut().zip(cells.prices().map_err(cell)?) {
                column.push(price);
            }
            if let (Some(volumes), Some(volume)) = (&mut volumes, cells.volume().map_err(cell)?) {
                volumes.push(volume);
            }
            times.push(time);
            if times.len().is_multiple_of(ROWS_PER_LOOK) {
                look(self.lines.position());
            }
        }
        if times.is_empty() {
            return Err(Failure::input(format!("{}: no rows after the header", self.shown)));
        }
        let grid = grid::find(&times).map_err(|off| {
            let at = times.get(off.row).copied().unwrap_or_default();
            let (since, step) = (grid::text(off.since), grid::text(off.step));
            let line = off.row + 2;
            Failure::input(format!(
                "{}: line {line}, column `{}`: {at} is off the grid: it comes {since} after the bar before, \
                 but these bars are {step} (or a multiple of it) apart; correct the time or remove the row",
                self.shown,
                columns.time_name()
            ))
        })?;
        let [open, high, low, close] = prices;
        Ok(Input { times, open, high, low, close, volumes, grid })
    }

    /// Puts the next row into `row` and says its line. Blank lines are harmless at the end and nowhere else.
    fn next_row(&mut self, row: &mut String) -> Result<Option<u64>, Failure> {
        let mut blank = None;
        loop {
            let line = self.lines.number() + 1;
            let Some(bytes) = self.lines.next_line().map_err(Failure::input)? else { return Ok(None) };
            if bytes.trim_ascii().is_empty() {
                blank = blank.or(Some(line));
                continue;
            }
            if let Some(line) = blank {
                return Err(self.at_line(line, "is a blank line between rows: remove it"));
            }
            row.clear();
            match core::str::from_utf8(bytes) {
                Ok(text) => row.push_str(text),
                Err(_) => return Err(self.at_line(line, "is not UTF-8: save the file as UTF-8")),
            }
            return Ok(Some(line));
        }
    }

    fn at_line(&self, line: u64, problem: &str) -> Failure {
        Failure::input(format!("{}: line {line}: {problem}", self.shown))
    }

    fn at_cell(&self, line: u64, fault: &Fault) -> Failure {
        let Fault { column, value, problem } = fault;
        Failure::input(format!("{}: line {line}, column `{column}`: `{value}` {problem}", self.shown))
    }
}

fn not_after(time: Ts, before: Ts, line: u64) -> String {
    let line_before = line - 1;
    if time == before {
        return format!("is the time of line {line_before} again: remove one of the rows");
    }
    format!("is before line {line_before} ({before}): sort the rows by time, oldest first")
}
