//! What happened, by number: a bounded ring that a reader can resume from.

use std::collections::VecDeque;
use std::sync::Arc;

use seawall_model::{Alert, Decision, Fill, OrderUpdate, Trade, Ts};

/// Events that are kept; older ones are given up, and who asks for them is told.
pub const EVENTS_KEPT: usize = 8_192;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A decision was taken.
    Decision(Arc<Decision>),
    /// An order changed.
    Order(OrderUpdate),
    /// A fill was counted.
    Fill(Fill),
    /// A trade was completed.
    Trade(Trade),
    /// A message for the operator.
    Alert(Alert),
    /// A command was given.
    Command {
        /// Who gave it.
        who: String,
        /// Which.
        command: String,
        /// Why.
        why: String,
    },
}

/// Something that happened, with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Counts the events of the process, from 1.
    pub seq: u64,
    /// When.
    pub at: Ts,
    /// What.
    pub told: Told,
}

/// Events that were asked for are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The oldest event that is kept.
    pub oldest: u64,
    /// The newest.
    pub newest: u64,
}

/// The newest events.
#[derive(Debug, Default)]
pub(super) struct Ring(VecDeque<Arc<Event>>);

impl Ring {
    pub(super) fn last(&self) -> u64 {
        self.0.back().map_or(0, |event| event.seq)
    }

    pub(super) fn push(&mut self, event: Arc<Event>) {
        if self.0.len() >= EVENTS_KEPT {
            self.0.pop_front();
        }
        self.0.push_back(event);
    }

    pub(super) fn after(&self, after: u64, limit: usize) -> Result<Vec<Arc<Event>>, Missed> {
        let newest = self.last();
        let oldest = self.0.front().map_or(0, |event| event.seq);
        if after > newest || after.saturating_add(1) < oldest {
            return Err(Missed { oldest, newest });
        }
        let skip = after.saturating_add(1).saturating_sub(oldest);
        let skip = if after == 0 { 0 } else { usize::try_from(skip).unwrap_or(usize::MAX) };
        Ok(self.0.iter().skip(skip).take(limit).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64) -> Arc<Event> {
        let told = Told::Command { who: String::new(), command: String::new(), why: String::new() };
        Arc::new(Event { seq, at: Ts::EPOCH, told })
    }

    fn numbers(ring: &Ring, after: u64, limit: usize) -> Result<Vec<u64>, Missed> {
        Ok(ring.after(after, limit)?.iter().map(|event| event.seq).collect())
    }

    #[test]
    fn a_reader_resumes_after_its_last_number_or_is_told_that_it_missed_some() {
        let mut ring = Ring::default();
        assert_eq!(numbers(&ring, 0, 10), Ok(vec![]));
        assert_eq!(numbers(&ring, 1, 10), Err(Missed { oldest: 0, newest: 0 }), "of another process");
        let kept = u64::try_from(EVENTS_KEPT).unwrap();
        (1..=3).for_each(|seq| ring.push(event(seq)));
        assert_eq!(numbers(&ring, 0, 10), Ok(vec![1, 2, 3]));
        assert_eq!(numbers(&ring, 1, 1), Ok(vec![2]));
        assert_eq!(numbers(&ring, 3, 10), Ok(vec![]));
        (4..=kept + 5).for_each(|seq| ring.push(event(seq)));
        assert_eq!(ring.0.len(), EVENTS_KEPT);
        assert_eq!(numbers(&ring, 5, 2), Ok(vec![6, 7]));
        assert_eq!(numbers(&ring, 4, 2), Err(Missed { oldest: 6, newest: kept + 5 }));
        assert_eq!(numbers(&ring, kept + 6, 2), Err(Missed { oldest: 6, newest: kept + 5 }));
    }
}
