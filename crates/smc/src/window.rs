//! The most recent bars, side by side, for scans that look at many of them.
//!
//! Invariants: never more than [`WINDOW_BARS`] bars, oldest first, in one slice; all memory is inside the
//! value.

use seawall_model::Ts;

use crate::bar::Bar;

/// How many bars a window holds.
pub const WINDOW_BARS: usize = 128;

/// Twice the window, so that bars move to the front only once every [`WINDOW_BARS`] pushes.
const SLOTS: usize = 2 * WINDOW_BARS;

const EMPTY: Bar = Bar { open: 0.0, high: 0.0, low: 0.0, close: 0.0 };

/// A window over the last [`WINDOW_BARS`] closed bars and their open times.
#[derive(Debug, Clone)]
pub struct BarWindow {
    bars: [Bar; SLOTS],
    open_times: [Ts; SLOTS],
    start: usize,
    end: usize,
    pushed: u64,
}

impl Default for BarWindow {
    fn default() -> Self {
        Self::new()
    }
}

impl BarWindow {
    /// An empty window.
    #[must_use]
    pub const fn new() -> Self {
        BarWindow { bars: [EMPTY; SLOTS], open_times: [Ts::EPOCH; SLOTS], start: 0, end: 0, pushed: 0 }
    }

    /// Adds the newest bar; the oldest leaves a full window.
    pub fn push(&mut self, open_time: Ts, bar: &Bar) {
        if self.end == SLOTS {
            self.bars.copy_within(self.start.., 0);
            self.open_times.copy_within(self.start.., 0);
            self.end -= self.start;
            self.start = 0;
        }
        if let (Some(slot), Some(time)) = (self.bars.get_mut(self.end), self.open_times.get_mut(self.end)) {
            *slot = *bar;
            *time = open_time;
        }
        self.end += 1;
        self.start = self.end.saturating_sub(WINDOW_BARS).max(self.start);
        self.pushed += 1;
    }

    /// The bars, oldest first.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        self.bars.get(self.start..self.end).unwrap_or_default()
    }

    /// The open times of [`BarWindow::bars`], at the same positions.
    #[must_use]
    pub fn open_times(&self) -> &[Ts] {
        self.open_times.get(self.start..self.end).unwrap_or_default()
    }

    /// How many bars are in the window.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no bar was pushed yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end == self.start
    }

    /// How many bars were ever pushed.
    #[must_use]
    pub const fn pushed(&self) -> u64 {
        self.pushed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds_the_newest_bars_in_order_however_many_came() {
        let mut window = BarWindow::new();
        let mut all = Vec::new();
        for number in 0..1_000u32 {
            let price = f64::from(number);
            let bar = Bar { open: price, high: price, low: price, close: price };
            window.push(Ts::from_nanos(i64::from(number)), &bar);
            all.push(bar);
            let expected = &all[all.len().saturating_sub(WINDOW_BARS)..];
            assert_eq!(window.bars(), expected);
            assert_eq!(window.len(), expected.len());
            assert_eq!(window.open_times().last(), Some(&Ts::from_nanos(i64::from(number))));
            assert_eq!(window.open_times().len(), expected.len());
        }
        assert_eq!(window.pushed(), 1_000);
    }
}
