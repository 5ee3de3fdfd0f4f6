//! Rows that wait for the first value beyond their threshold.
//!
//! A heap by threshold: of all that wait, the nearest threshold is on top, so a bar costs one comparison
//! when it reaches nothing. Waiting for a fall is waiting for the negated series to rise, which is exact in
//! floats.

use core::cmp::Ordering;
use std::collections::BinaryHeap;

/// Whether a value equal to the threshold reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Equal is enough.
    Touch,
    /// Only beyond.
    Beyond,
}

#[derive(Debug)]
struct Entry {
    threshold: f64,
    row: usize,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The lowest threshold is the greatest entry, so that it is on top of the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other.threshold.total_cmp(&self.threshold).then_with(|| other.row.cmp(&self.row))
    }
}

/// Rows by the threshold that a rising value has to reach.
#[derive(Debug)]
pub(super) struct Waiting {
    reach: Reach,
    heap: BinaryHeap<Entry>,
    /// The threshold on top of the heap; not a number, and so never reached, if none waits.
    nearest: f64,
}

impl Waiting {
    pub(super) fn new(reach: Reach) -> Self {
        Waiting { reach, heap: BinaryHeap::new(), nearest: f64::NAN }
    }

    /// A row begins to wait. A threshold that is not a number is never reached.
    pub(super) fn push(&mut self, threshold: f64, row: usize) {
        if !threshold.is_nan() {
            self.heap.push(Entry { threshold, row });
            self.set_nearest();
        }
    }

    /// Takes out a row whose threshold `value` reaches, if there is one.
    #[inline]
    pub(super) fn pop(&mut self, value: f64) -> Option<usize> {
        let reached = match self.reach {
            Reach::Touch => self.nearest <= value,
            Reach::Beyond => self.nearest < value,
        };
        if reached { self.take() } else { None }
    }

    fn take(&mut self) -> Option<usize> {
        let entry = self.heap.pop();
        self.set_nearest();
        entry.map(|entry| entry.row)
    }

    fn set_nearest(&mut self) {
        self.nearest = self.heap.peek().map_or(f64::NAN, |entry| entry.threshold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_leave_when_their_threshold_is_reached_and_not_before() {
        let mut touch = Waiting::new(Reach::Touch);
        let mut beyond = Waiting::new(Reach::Beyond);
        for waiting in [&mut touch, &mut beyond] {
            waiting.push(3.0, 30);
            waiting.push(1.0, 10);
            waiting.push(f64::NAN, 99);
            waiting.push(2.0, 20);
            assert_eq!(waiting.pop(f64::NAN), None);
            assert_eq!(waiting.pop(1.5), Some(10));
            assert_eq!(waiting.pop(1.5), None);
        }
        assert_eq!(touch.pop(2.0), Some(20));
        assert_eq!(beyond.pop(2.0), None);
        assert_eq!(beyond.pop(f64::INFINITY), Some(20));
        assert_eq!(beyond.pop(f64::INFINITY), Some(30));
        assert_eq!(beyond.pop(f64::INFINITY), None);
    }
}
