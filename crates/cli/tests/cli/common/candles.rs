//! Candle files as text.

use std::fmt::Write as _;

pub(crate) const HEADER: &str = "ts_ms,open,high,low,close,volume\n";
/// 2023-01-01T00:00:00Z in milliseconds.
pub(crate) const NEW_YEAR: i64 = 1_672_531_200_000;
pub(crate) const MINUTE: i64 = 60_000;

/// Open, high, low and close in hundredths.
pub(crate) type Bar = [i64; 4];

/// `hundredths` with two decimals.
pub(crate) fn hundredths(value: i64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

/// A CSV of bars `step_ms` apart.
pub(crate) fn csv(bars: &[Bar], step_ms: i64) -> String {
    let mut text = HEADER.to_owned();
    for (at, bar) in (NEW_YEAR..).step_by(usize::try_from(step_ms).unwrap()).zip(bars) {
        let [open, high, low, close] = bar.map(hundredths);
        writeln!(text, "{at},{open},{high},{low},{close},10").unwrap();
    }
    text
}

/// A random walk around 100: the same for the same seed.
pub(crate) fn walk(count: usize, seed: u64) -> Vec<Bar> {
    let mut state = seed;
    let mut next = |width: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % width).unwrap()
    };
    let mut last: i64 = 10_000;
    let mut bars = Vec::with_capacity(count);
    for _ in 0..count {
        let open = last + next(11) - 5;
        let close = (open + next(101) - 50).max(2_000);
        let (high, low) = (open.max(close) + next(20), open.min(close) - next(20));
        bars.push([open, high, low, close]);
        last = close;
    }
    bars
}
