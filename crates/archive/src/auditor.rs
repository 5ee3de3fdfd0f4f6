//! The check of a series, row by row, in constant memory.
//!
//! Order of the checks: unit, grid, order, then the values. A row in the wrong unit is not compared with its
//! neighbours; the latest time seen is what the next row is compared with.

use seawall_model::{Timeframe, Ts};

use crate::audit::{Audit, AuditSettings, Fault, FaultCounts, FaultKind, Findings, Hole, Jump};
use crate::csv::CandleRow;
use crate::number;
use crate::range::Range;
use crate::text;
use crate::unit::wrong_unit;

/// Checks rows as they come.
#[derive(Debug)]
pub(crate) struct Auditor {
    audit: Audit,
    range: Range,
    step_ms: i64,
    jump_factor: f64,
    /// The row with the latest time so far.
    last: Option<CandleRow>,
    steps: Steps,
    first_ms: Option<i64>,
}

/// The distances between rows.
#[derive(Debug, Default)]
struct Steps {
    count: u64,
    /// How many are shorter than the timeframe.
    short: u64,
    smallest: i64,
    common_divisor: i64,
}

impl Steps {
    #[inline]
    fn add(&mut self, step: i64, expected: i64) {
        self.count += 1;
        self.short += u64::from(step < expected);
        self.smallest = if self.count == 1 { step } else { self.smallest.min(step) };
        if step == self.common_divisor {
            return;
        }
        self.common_divisor = greatest_common_divisor(self.common_divisor, step);
    }

    /// The step that the data has, where it is certainly not `expected`.
    fn other_than(&self, expected: i64) -> Option<i64> {
        let finer = self.short * 2 > self.count;
        let is_timeframe = Timeframe::ALL.iter().any(|known| known.span().millis() == self.smallest);
        let coarser = self.count >= 2
            && self.smallest > expected
            && self.smallest == self.common_divisor
            && is_timeframe;
        (finer || coarser).then_some(self.smallest)
    }
}

fn greatest_common_divisor(mut left: i64, mut right: i64) -> i64 {
    while right != 0 {
        (left, right) = (right, left.wrapping_rem(right));
    }
    left
}

impl Auditor {
    pub(crate) fn new(timeframe: Timeframe, settings: AuditSettings, range: Range) -> Auditor {
        Auditor {
            audit: Audit {
                timeframe,
                rows: 0,
                rows_total: 0,
                from: None,
                to: None,
                decimals: 0,
                other_step_ms: None,
                faults: Findings::default(),
                fault_counts: FaultCounts::default(),
                holes: Findings::default(),
                bars_missing: 0,
                zero_volume: 0,
                jumps: Findings::default(),
            },
            range,
            step_ms: timeframe.span().millis(),
            jump_factor: settings.jump_pct / 100.0,
            last: None,
            steps: Steps::default(),
            first_ms: None,
        }
    }

    /// Takes a row; tells whether it is sound and in the range.
    #[inline]
    pub(crate) fn observe(&mut self, row: &CandleRow) -> bool {
        self.audit.rows_total += 1;
        if let Some(unit) = wrong_unit(row.ts_ms) {
            self.audit.rows += 1;
            self.fault(row.line, None, FaultKind::TimeUnit { value: row.ts_ms, unit });
            return false;
        }
        let in_range = self.range.contains(row.ts_ms);
        self.audit.rows += u64::from(in_range);
        self.audit.decimals = self.audit.decimals.max(row.decimals);
        let faults = self.audit.faults.count;
        let at = Ts::from_millis(row.ts_ms);
        if !self.audit.timeframe.is_aligned(at) {
            self.fault(row.line, Some(at), FaultKind::OffGrid);
        }
        if !self.is_shaped(row) {
            self.impossible(row, at);
        }
        let follows = self.follow(row, at, in_range);
        if follows {
            self.last = Some(*row);
        }
        if in_range && follows {
            self.audit.zero_volume += u64::from(row.volume <= 0.0);
        }
        in_range && self.audit.faults.count == faults
    }

    /// Takes a line that is no row.
    pub(crate) fn observe_fault(&mut self, fault: Fault) {
        self.audit.rows += 1;
        self.audit.rows_total += 1;
        self.audit.fault_counts.add(&fault.kind);
        self.audit.faults.add(fault);
    }

    /// Faults so far.
    pub(crate) fn faults(&self) -> u64 {
        self.audit.faults.count
    }

    /// First and last open time of the whole file.
    pub(crate) fn extent(&self) -> Option<(Ts, Ts)> {
        Some((Ts::from_millis(self.first_ms?), Ts::from_millis(self.last.as_ref()?.ts_ms)))
    }

    /// All that was found.
    pub(crate) fn finish(self) -> Audit {
        let other_step_ms = self.steps.other_than(self.step_ms);
        Audit { other_step_ms, ..self.audit }
    }

    #[inline]
    fn is_shaped(&self, row: &CandleRow) -> bool {
        row.low > 0
            && row.low <= row.open
            && row.low <= row.close
            && row.open <= row.high
            && row.close <= row.high
            && row.volume >= 0.0
            && row.volume.is_finite()
    }

    /// Compares a row with the latest before it; tells whether it is later.
    #[inline]
    fn follow(&mut self, row: &CandleRow, at: Ts, in_range: bool) -> bool {
        let Some(last) = self.last else {
            self.first_ms = Some(row.ts_ms);
            self.extend(at, in_range);
            return true;
        };
        let step = row.ts_ms - last.ts_ms;
        if step <= 0 {
            self.not_later(row, at, &last);
            return false;
        }
        self.steps.add(step, self.step_ms);
        self.extend(at, in_range);
        if in_range && self.range.contains(last.ts_ms) {
            if step > self.step_ms {
                self.hole(row, &last, step);
            }
            self.jump(row, at, &last);
        }
        true
    }

    #[inline]
    fn extend(&mut self, at: Ts, in_range: bool) {
        if in_range {
            self.audit.to = Some(at);
            if self.audit.from.is_none() {
                self.audit.from = Some(at);
            }
        }
    }

    #[cold]
    fn not_later(&mut self, row: &CandleRow, at: Ts, last: &CandleRow) {
        let kind = if row.ts_ms == last.ts_ms {
            let identical = same_values(row, last);
            FaultKind::Duplicate { first_line: last.line, identical }
        } else {
            FaultKind::Disorder { after: Ts::from_millis(last.ts_ms) }
        };
        self.fault(row.line, Some(at), kind);
    }

    fn hole(&mut self, row: &CandleRow, last: &CandleRow, step: i64) {
        let missing = u64::try_from(step / self.step_ms - i64::from(step % self.step_ms == 0)).unwrap_or(0);
        if missing > 0 {
            let from = Ts::from_millis(last.ts_ms.saturating_add(self.step_ms));
            let to = Ts::from_millis(row.ts_ms);
            self.audit.holes.add(Hole { line: row.line, from, to, missing });
            self.audit.bars_missing += missing;
        }
    }

    #[inline]
    fn jump(&mut self, row: &CandleRow, at: Ts, last: &CandleRow) {
        // Brought to a common scale by cross-multiplication, which is cheaper than dividing.
        let scale = |row: &CandleRow| number::power(row.decimals).unwrap_or(1) as f64;
        let before = last.close as f64 * scale(row);
        let now = row.open as f64 * scale(last);
        if (now - before).abs() > self.jump_factor * before && before > 0.0 {
            let move_pct = (now / before - 1.0) * 100.0;
            self.audit.jumps.add(Jump { line: row.line, at, move_pct });
        }
    }

    #[cold]
    fn impossible(&mut self, row: &CandleRow, at: Ts) {
        let text = |units: i64| text::fixed_text(units, row.decimals);
        let prices = [("open", row.open), ("high", row.high), ("low", row.low), ("close", row.close)];
        let problem = if let Some((column, price)) = prices.into_iter().find(|(_, price)| *price <= 0) {
            format!("column `{column}`: price {} must be above zero", text(price))
        } else if row.high < row.low {
            format!("high {} is below low {}", text(row.high), text(row.low))
        } else if let Some((column, price)) =
            [("open", row.open), ("close", row.close)].into_iter().find(|(_, price)| *price > row.high)
        {
            format!("{column} {} is above high {}", text(price), text(row.high))
        } else if let Some((column, price)) =
            [("open", row.open), ("close", row.close)].into_iter().find(|(_, price)| *price < row.low)
        {
            format!("{column} {} is below low {}", text(price), text(row.low))
        } else {
            format!("column `volume`: {} must not be below zero", row.volume)
        };
        self.fault(row.line, Some(at), FaultKind::Impossible { problem });
    }

    #[cold]
    fn fault(&mut self, line: u64, at: Option<Ts>, kind: FaultKind) {
        self.audit.fault_counts.add(&kind);
        self.audit.faults.add(Fault { line, at, kind });
    }
}

/// Whether two rows have the same prices and volume, however many decimals they are written with.
fn same_values(left: &CandleRow, right: &CandleRow) -> bool {
    let prices = |row: &CandleRow| {
        [row.open, row.high, row.low, row.close].map(|units| text::fixed_text(units, row.decimals))
    };
    left.volume.to_bits() == right.volume.to_bits() && prices(left) == prices(right)
}
