//! What was found in a series of candles: counts, and samples that name line and time.
//!
//! Faults make a series unusable: it is refused as a whole. Holes, bars without volume and absurd jumps occur
//! in real markets: they are reported. Samples are bounded, counts are not.

use core::fmt;

use seawall_model::{Timeframe, Ts};
use serde::{Deserialize, Serialize};

use crate::unit::WrongUnit;

/// How many findings of one kind are kept; the rest is only counted.
pub const SAMPLES_MAX: usize = 20;

/// What an audit tolerates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditSettings {
    /// A move from one close to the next open above this many percent is reported as a jump.
    pub jump_pct: f64,
}

impl Default for AuditSettings {
    fn default() -> Self {
        AuditSettings { jump_pct: 50.0 }
    }
}

/// A count of findings and the first of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings<T> {
    /// How many there are.
    pub count: u64,
    /// The first [`SAMPLES_MAX`] of them.
    pub samples: Vec<T>,
}

impl<T> Default for Findings<T> {
    fn default() -> Self {
        Findings { count: 0, samples: Vec::new() }
    }
}

impl<T> Findings<T> {
    pub(crate) fn add(&mut self, finding: T) {
        self.count += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(finding);
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Not six numbers.
    Malformed {
        /// The column, where it is one.
        column: Option<String>,
        /// The value, shortened.
        value: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// The time is not in milliseconds.
    TimeUnit {
        /// The value.
        value: i64,
        /// What it seems to be in.
        unit: WrongUnit,
    },
    /// The time is not the start of a candle of the timeframe.
    OffGrid,
    /// The same time as the row before, or as an earlier one next to it.
    Duplicate {
        /// The line that has this time already.
        first_line: u64,
        /// Whether all values are the same too.
        identical: bool,
    },
    /// The time goes back.
    Disorder {
        /// The latest time before this row.
        after: Ts,
    },
    /// Prices or volume that cannot be.
    Impossible {
        /// The broken rule with its values.
        problem: String,
    },
}

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The line in the file, from 1; in a store the row, from 1.
    pub line: u64,
    /// The row's time, where it has one.
    pub at: Option<Ts>,
    /// What is wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// Bars that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// The line of the first row after the hole.
    pub line: u64,
    /// Open time of the first missing bar.
    pub from: Ts,
    /// Open time of the next bar there is.
    pub to: Ts,
    /// How many bars are missing.
    pub missing: u64,
}

/// A move from close to open that is hard to believe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jump {
    /// The line of the row that opens elsewhere.
    pub line: u64,
    /// Its open time.
    pub at: Ts,
    /// The move in percent of the close before.
    pub move_pct: f64,
}

/// How many faults of each kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FaultCounts {
    /// Rows that are not six numbers.
    pub malformed: u64,
    /// Times in another unit than milliseconds.
    pub time_unit: u64,
    /// Times off the grid.
    pub off_grid: u64,
    /// Repeated rows with the same values.
    pub duplicates_identical: u64,
    /// Repeated times with other values.
    pub duplicates_conflicting: u64,
    /// Times that go back.
    pub disorder: u64,
    /// Prices or volumes that cannot be.
    pub impossible: u64,
}

impl FaultCounts {
    pub(crate) fn add(&mut self, kind: &FaultKind) {
        let counter = match kind {
            FaultKind::Malformed { .. } => &mut self.malformed,
            FaultKind::TimeUnit { .. } => &mut self.time_unit,
            FaultKind::OffGrid => &mut self.off_grid,
            FaultKind::Duplicate { identical: true, .. } => &mut self.duplicates_identical,
            FaultKind::Duplicate { identical: false, .. } => &mut self.duplicates_conflicting,
            FaultKind::Disorder { .. } => &mut self.disorder,
            FaultKind::Impossible { .. } => &mut self.impossible,
        };
        *counter += 1;
    }
}

/// Everything that was found in one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// What the rows were checked as.
    pub timeframe: Timeframe,
    /// Rows in the range asked for, faulty ones included.
    pub rows: u64,
    /// Rows in the whole file.
    pub rows_total: u64,
    /// First open time in the range.
    pub from: Option<Ts>,
    /// Last open time in the range.
    pub to: Option<Ts>,
    /// The most decimals that a price has (in the whole file).
    pub decimals: u32,
    /// The milliseconds between rows that the whole file seems to have, where that is not the timeframe.
    pub other_step_ms: Option<i64>,
    /// Rows that are wrong, in the whole file.
    pub faults: Findings<Fault>,
    /// The same by kind.
    pub fault_counts: FaultCounts,
    /// Places in the range where bars are missing.
    pub holes: Findings<Hole>,
    /// Bars that are missing in all holes.
    pub bars_missing: u64,
    /// Bars in the range during which nothing was traded.
    pub zero_volume: u64,
    /// Moves in the range that are hard to believe.
    pub jumps: Findings<Jump>,
}

impl Audit {
    /// Whether the series may be used: no row is wrong and the timeframe fits.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.count == 0 && self.other_step_ms.is_none()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(at) = self.at {
            write!(f, " ({at})")?;
        }
        match &self.kind {
            FaultKind::Malformed { column: Some(column), value, problem } => {
                write!(f, ", column `{column}`: `{value}` {problem}")
            }
            FaultKind::Malformed { column: None, value, problem } => write!(f, ": `{value}` {problem}"),
            FaultKind::TimeUnit { value, unit: WrongUnit::Unknown } => {
                write!(
                    f,
                    ", column `ts_ms`: `{value}` is no time in milliseconds: {}",
                    WrongUnit::Unknown.fix()
                )
            }
            FaultKind::TimeUnit { value, unit } => {
                write!(
                    f,
                    ", column `ts_ms`: `{value}` looks like {unit}, milliseconds are wanted: {}",
                    unit.fix()
                )
            }
            FaultKind::OffGrid => f.write_str(": not the start of a candle of this timeframe (UTC)"),
            FaultKind::Duplicate { first_line, identical: true } => {
                write!(f, ": the same row as line {first_line}: remove one of them")
            }
            FaultKind::Duplicate { first_line, identical: false } => {
                write!(f, ": the same time as line {first_line} with other values: keep the right one")
            }
            FaultKind::Disorder { after } => {
                write!(f, ": the time goes back from {after}: sort the rows by ts_ms, oldest first")
            }
            FaultKind::Impossible { problem } => write!(f, ": {problem}"),
        }
    }
}
