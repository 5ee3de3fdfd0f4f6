//! What is going to happen, in order of time; what falls on one instant happens in the order in which it was
//! put down.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use seawall_model::Ts;

#[derive(Debug)]
struct Entry<T> {
    at: Ts,
    number: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// The one heap of a world.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    next: u64,
    /// The most that was ever on it.
    pub(crate) longest: usize,
}

impl<T> Agenda<T> {
    pub(crate) fn new() -> Self {
        Agenda { heap: BinaryHeap::new(), next: 0, longest: 0 }
    }

    pub(crate) fn put(&mut self, at: Ts, what: T) {
        self.heap.push(Reverse(Entry { at, number: self.next, what }));
        self.next += 1;
        self.longest = self.longest.max(self.heap.len());
    }

    pub(crate) fn next_at(&self) -> Option<Ts> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn take(&mut self) -> Option<(Ts, T)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }

    /// What is on it, in no particular order: for counts and conditions only.
    pub(crate) fn any(&self, is: impl Fn(&T) -> bool) -> bool {
        self.heap.iter().any(|Reverse(entry)| is(&entry.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_order_of_time_and_then_as_they_were_put_down() {
        let mut agenda = Agenda::new();
        for (at, what) in [(5, 'c'), (1, 'a'), (5, 'd'), (3, 'b')] {
            agenda.put(Ts::from_nanos(at), what);
        }
        assert_eq!(agenda.next_at(), Some(Ts::from_nanos(1)));
        assert!(agenda.any(|what| *what == 'd') && !agenda.any(|what| *what == 'x'));
        let told: String = std::iter::from_fn(|| agenda.take()).map(|(_, what)| what).collect();
        assert_eq!((told.as_str(), agenda.longest), ("abcd", 4));
    }
}
