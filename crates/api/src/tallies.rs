//! How decisions ended, counted hour by hour.
//!
//! A day of 300 instruments on one-minute candles is 432,000 decisions: hours that are over are counted once
//! and kept, and only the last one is counted when somebody asks. Invariant: an hour is kept only once the
//! database has a decision from after it; decisions are written in the order of their time, so nothing can
//! be added to it any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use seawall_model::{Outcome, Timeframe, Ts};
use seawall_store::StoreError;
use seawall_store::db::{DecisionCount, Filter, Reader};

/// Hours that are kept at most; where more are asked for, the oldest are counted each time.
const HOURS_MAX: usize = 48;

/// How often decisions on an instrument ended in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) outcome: Outcome,
    pub(crate) count: u64,
    /// How many of them had a plan.
    pub(crate) planned: u64,
    /// The last of them.
    pub(crate) last: Ts,
}

/// By instrument, each way in which decisions ended.
pub(crate) type Cells = BTreeMap<String, Vec<Cell>>;

/// Counts of the hours that are over, of one run.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By the beginning of the hour.
    hours: BTreeMap<Ts, Vec<DecisionCount>>,
    /// The sum of those from one hour up to another.
    sum: Option<((Ts, Ts), Arc<Cells>)>,
}

impl Tallies {
    /// Counts from `since`, the beginning of an hour, up to the newest decision.
    ///
    /// # Errors
    /// Those of the reader.
    pub(crate) fn since(&self, reader: &Reader, since: Ts) -> Result<Cells, StoreError> {
        let newest = reader.newest_decision()?.unwrap_or(since).max(since);
        let open = Timeframe::H1.floor(newest);
        let mut cells = Cells::clone(&*self.over(reader, since, open)?);
        add(&mut cells, &count(reader, open, None)?);
        Ok(cells)
    }

    /// Counts of the hours that are over: from `since` up to `until`, both beginnings of hours.
    fn over(&self, reader: &Reader, since: Ts, until: Ts) -> Result<Arc<Cells>, StoreError> {
        // Who asks meanwhile waits for the same counts.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sum)) = kept.sum.as_ref().filter(|(span, _)| *span == (since, until)) {
            return Ok(sum.clone());
        }
        let mut cells = Cells::new();
        let mut hour = since;
        while hour < until {
            let next = hour.plus(Timeframe::H1.span());
            if let Some(counts) = kept.hours.get(&hour) {
                add(&mut cells, counts);
            } else {
                let counts = count(reader, hour, Some(next.minus(seawall_model::Span::from_nanos(1))))?;
                add(&mut cells, &counts);
                kept.hours.insert(hour, counts);
            }
            hour = next;
        }
        while kept.hours.len() > HOURS_MAX {
            kept.hours.pop_first();
        }
        let sum = Arc::new(cells);
        kept.sum = Some(((since, until), sum.clone()));
        Ok(sum)
    }
}

fn count(reader: &Reader, since: Ts, until: Option<Ts>) -> Result<Vec<DecisionCount>, StoreError> {
    reader.decision_counts(&Filter { since: Some(since), until, ..Filter::default() })
}

/// Adds counts to `cells`.
pub(crate) fn add(cells: &mut Cells, counts: &[DecisionCount]) {
    for DecisionCount { instrument, outcome, count, planned, last, .. } in counts {
        let (outcome, count, planned, last) = (*outcome, *count, *planned, *last);
        if !cells.contains_key(instrument) {
            cells.insert(instrument.clone(), Vec::new());
        }
        let Some(row) = cells.get_mut(instrument) else { continue };
        match row.iter_mut().find(|cell| cell.outcome == outcome) {
            Some(cell) => {
                cell.count += count;
                cell.planned += planned;
                cell.last = cell.last.max(last);
            }
            None => row.push(Cell { outcome, count, planned, last }),
        }
    }
}
