//! The previous period's high and low, one period stale as the package has them. [smc.md §2.6]

use seawall_model::Ts;

use super::columns::Columns;
use super::number::{filled, rounded, set};
use super::time_frame::{Period, Periods, TimeFrame};

/// The package's table of previous highs and lows. Not for trading: see [`previous_high_low`].
#[derive(Debug, Clone)]
pub struct PreviousColumns {
    /// `PreviousHigh`, in 32 bits; NaN for none.
    pub previous_high: Vec<f32>,
    /// `PreviousLow`, in 32 bits; NaN for none.
    pub previous_low: Vec<f32>,
    /// `BrokenHigh`: 1 from the first bar on that is above `previous_high`, until the level changes; else 0.
    pub broken_high: Vec<i32>,
    /// `BrokenLow`: 1 from the first bar on that is below `previous_low`, until the level changes; else 0.
    pub broken_low: Vec<i32>,
}

/// The package's `previous_high_low`. **Unusable for trading**: there is no look-ahead, but the levels are
/// not those of the previous period. The level of a bar is that of the second to last period whose label is
/// before its time, so the first bar of each period still has the older one, and with labels at the end
/// (`W`, `ME`, `QE`, `YE`) every level is a whole period old.
///
/// Periods without a bar do not count, nor do those without a single open, high, low or close that is a
/// number. Bars need no order. The package raises an exception where a period's end does not fit into its
/// clock; here such data is one period.
#[must_use]
pub fn previous_high_low(columns: &Columns<'_>, time_frame: TimeFrame) -> PreviousColumns {
    let rows = columns.len();
    let mut table = PreviousColumns {
        previous_high: filled(f32::NAN, rows),
        previous_low: filled(f32::NAN, rows),
        broken_high: filled(0, rows),
        broken_low: filled(0, rows),
    };
    let summaries = summaries(columns, time_frame);
    if summaries.len() < 2 {
        return table;
    }
    // Labels before the bar, the bar before, and the extremes since that number changed.
    let (mut labels_before, mut time_before) = (0, i64::MIN);
    let (mut highest, mut lowest) = (f64::NEG_INFINITY, f64::INFINITY);
    let bars = columns.open_time.iter().zip(columns.high.iter().zip(columns.low)).enumerate();
    for (row, (&time, (&high, &low))) in bars {
        let time = time.nanos();
        let is_before = |summary: &&Summary| summary.period.label < time;
        let now = if time < time_before {
            summaries.partition_point(|summary| is_before(&summary))
        } else {
            let mut now = labels_before;
            while summaries.get(now).as_ref().is_some_and(is_before) {
                now += 1;
            }
            now
        };
        time_before = time;
        if now != labels_before || row == 0 {
            labels_before = now;
            (highest, lowest) = (f64::NEG_INFINITY, f64::INFINITY);
        }
        (highest, lowest) = (highest.max(high), lowest.min(low));
        let Some(reference) = labels_before.checked_sub(2).and_then(|index| summaries.get(index)) else {
            continue;
        };
        let (previous_high, previous_low) = (rounded(reference.high), rounded(reference.low));
        set(&mut table.previous_high, row, previous_high);
        set(&mut table.previous_low, row, previous_low);
        // A bar without a price breaks nothing, even if one before it did.
        let above = !high.is_nan() && highest > f64::from(previous_high);
        let below = !low.is_nan() && lowest < f64::from(previous_low);
        set(&mut table.broken_high, row, i32::from(above));
        set(&mut table.broken_low, row, i32::from(below));
    }
    table
}

/// One bar of the input.
#[derive(Clone, Copy)]
struct Row {
    time: Ts,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

/// What the bars of a period leave, and what it takes for the package to keep it.
struct Summary {
    period: Period,
    high: f64,
    low: f64,
    has_open: bool,
    has_close: bool,
    volume: f64,
}

impl Summary {
    fn new(period: Period) -> Self {
        Summary { period, high: f64::NAN, low: f64::NAN, has_open: false, has_close: false, volume: 0.0 }
    }

    fn add(&mut self, row: &Row) {
        self.high = self.high.max(row.high);
        self.low = self.low.min(row.low);
        self.has_open |= !row.open.is_nan();
        self.has_close |= !row.close.is_nan();
        // Only infinities of both signs make a sum that is no number.
        self.volume += if row.volume.is_nan() { 0.0 } else { row.volume };
    }

    fn is_kept(&self) -> bool {
        let numbers = [self.high, self.low, self.volume];
        self.has_open && self.has_close && !numbers.into_iter().any(f64::is_nan)
    }
}

/// The periods that the package keeps, by label.
fn summaries(columns: &Columns<'_>, time_frame: TimeFrame) -> Vec<Summary> {
    let Columns { open_time, open, high, low, close, volume } = *columns;
    let prices = open.iter().zip(high).zip(low.iter().zip(close)).zip(volume);
    let rows = open_time.iter().zip(prices).map(|(&time, (((&open, &high), (&low, &close)), &volume))| Row {
        time,
        open,
        high,
        low,
        close,
        volume,
    });
    let Some(&first) = open_time.iter().min() else { return Vec::new() };
    let periods = Periods::new(time_frame, first);
    if open_time.is_sorted() {
        return summarize(rows, periods);
    }
    let mut sorted: Vec<Row> = rows.collect();
    sorted.sort_by_key(|row| row.time);
    summarize(sorted.into_iter(), periods)
}

fn summarize(rows: impl Iterator<Item = Row>, periods: Periods) -> Vec<Summary> {
    let mut found = Vec::new();
    let mut current: Option<Summary> = None;
    for row in rows {
        if let Some(summary) = current.as_mut().filter(|summary| row.time.nanos() < summary.period.end) {
            summary.add(&row);
            continue;
        }
        let mut summary = Summary::new(periods.of(row.time));
        summary.add(&row);
        found.extend(current.replace(summary).filter(Summary::is_kept));
    }
    found.extend(current.filter(Summary::is_kept));
    found
}
