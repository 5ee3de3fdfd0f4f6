//! The largest key of a sliding window, in constant time on average.
//!
//! A queue of candidates with falling keys: a new key drives out the smaller ones before it, so the front is
//! the window's largest. Its ring has room for the whole window from the start and never grows.

#[derive(Debug, Clone, Copy)]
struct Candidate {
    index: u64,
    key: f64,
}

/// Which of several equal keys is the extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ties {
    Earliest,
    Latest,
}

/// Largest key among the last `span` indices. For the smallest, push negated keys: negation is exact.
#[derive(Debug, Clone)]
pub(crate) struct SlidingMax {
    ring: Box<[Candidate]>,
    /// The ring's length is a power of two, so a position wraps by masking.
    mask: usize,
    head: usize,
    len: usize,
    span: u64,
    ties: Ties,
}

impl SlidingMax {
    pub(crate) fn new(span: usize, ties: Ties) -> Self {
        let length = span.max(1).next_power_of_two();
        SlidingMax {
            ring: vec![Candidate { index: 0, key: 0.0 }; length].into_boxed_slice(),
            mask: length - 1,
            head: 0,
            len: 0,
            span: span as u64,
            ties,
        }
    }

    /// Adds the key of bar `index`, one more than that of the call before, and returns where the window's
    /// largest is.
    #[inline]
    pub(crate) fn push(&mut self, index: u64, key: f64) -> u64 {
        if let Some(front) = self.ring.get(self.head & self.mask)
            && self.len > 0
            && front.index + self.span <= index
        {
            self.head = (self.head + 1) & self.mask;
            self.len -= 1;
        }
        while self.len > 0
            && let Some(back) = self.ring.get((self.head + self.len - 1) & self.mask)
            && (back.key < key || (self.ties == Ties::Latest && back.key <= key))
        {
            self.len -= 1;
        }
        if let Some(slot) = self.ring.get_mut((self.head + self.len) & self.mask) {
            *slot = Candidate { index, key };
        }
        self.len += 1;
        self.front()
    }

    #[inline]
    fn front(&self) -> u64 {
        self.ring.get(self.head & self.mask).map_or(0, |front| front.index)
    }

    /// The largest key of the window.
    #[inline]
    pub(crate) fn front_key(&self) -> f64 {
        self.ring.get(self.head & self.mask).map_or(f64::NAN, |front| front.key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_front_is_the_extreme_of_the_window(
            keys in prop::collection::vec(0u32..8, 1..200),
            span in 1usize..20,
        ) {
            let mut earliest = SlidingMax::new(span, Ties::Earliest);
            let mut latest = SlidingMax::new(span, Ties::Latest);
            for end in 0..keys.len() {
                let window = || (end.saturating_sub(span - 1)..=end).map(|at| (keys[at], at as u64));
                let largest = window().map(|(key, _)| key).max().unwrap();
                let mut at = window().filter(|&(key, _)| key == largest).map(|(_, index)| index);
                let first = at.next().unwrap();
                let last = at.next_back().unwrap_or(first);
                let key = f64::from(keys[end]);
                prop_assert_eq!(earliest.push(end as u64, key), first);
                prop_assert_eq!(latest.push(end as u64, key), last);
                prop_assert_eq!(earliest.front_key().to_bits(), f64::from(largest).to_bits());
            }
        }
    }
}
