//! Bounded memories that are overwritten in a circle, and the slots of one that have changed.

use serde::{Deserialize, Serialize};

use crate::limits::VENUE_IDS_REMEMBERED;

/// The slots that have changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RingPatch<T> {
    next: usize,
    set: Vec<(usize, T)>,
}

impl<T: Clone + PartialEq> RingPatch<T> {
    /// What makes `after` of `before`.
    pub(super) fn between(before: &[T], after: &[T], next: usize) -> Self {
        let news = after.iter().enumerate().filter(|(place, row)| before.get(*place) != Some(*row));
        RingPatch { next, set: news.map(|(place, row)| (place, row.clone())).collect() }
    }

    /// Overwrites what has changed. A slot beyond the bound is nobody's.
    pub(super) fn apply(&self, rows: &mut Vec<T>, next: &mut usize) {
        *next = self.next.min(VENUE_IDS_REMEMBERED);
        for (place, row) in self.set.iter().filter(|(place, _)| *place < VENUE_IDS_REMEMBERED) {
            match rows.get_mut(*place) {
                Some(slot) => *slot = row.clone(),
                None => rows.push(row.clone()),
            }
        }
    }
}
