//! How full each bounded queue of a run has ever been: what a soak looks at, and the heartbeat shows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use seawall_venues::budget::PoolReading;
use serde::Serialize;

use crate::net::inbox::WAITING_MAX;
use crate::net::socket::{EVENTS_MAX, WRITES_MAX};
use crate::net::venue::{QUESTIONS_MAX, REQUESTS_MAX};
use crate::readers::{BATCH_ROWS_MAX, BATCHES_WAITING_MAX};

/// A bounded queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Requests of the engine that wait for the venue's task.
    Requests,
    /// Questions from outside that wait for it.
    Questions,
    /// What happened on sockets.
    Events,
    /// Messages that wait to be written on one socket.
    Writes,
    /// Requests that wait for the rate budget, in the lane of that number.
    Lane(usize),
    /// What waits for the engine's thread, without quotes.
    Deliveries,
    /// Batches that wait for the database's thread.
    Batches,
    /// Rows that are gathered while it is behind.
    Rows,
}

/// Names of the lanes, most urgent first.
const LANES: [&str; 6] = ["protect", "cancel", "exit", "entry", "reconcile", "data"];

impl Queue {
    const COUNT: usize = 13;

    /// Every queue.
    fn all() -> impl Iterator<Item = Queue> {
        let others = [
            Queue::Requests,
            Queue::Questions,
            Queue::Events,
            Queue::Writes,
            Queue::Deliveries,
            Queue::Batches,
            Queue::Rows,
        ];
        others.into_iter().chain((0..LANES.len()).map(Queue::Lane))
    }

    const fn place(self) -> usize {
        match self {
            Queue::Requests => 0,
            Queue::Questions => 1,
            Queue::Events => 2,
            Queue::Writes => 3,
            Queue::Deliveries => 4,
            Queue::Batches => 5,
            Queue::Rows => 6,
            Queue::Lane(number) => 7 + number,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Queue::Requests => "requests",
            Queue::Questions => "questions",
            Queue::Events => "events of sockets",
            Queue::Writes => "writes",
            Queue::Deliveries => "deliveries",
            Queue::Batches => "batches for the database",
            Queue::Rows => "rows for the database",
            Queue::Lane(number) => LANES.get(number).copied().unwrap_or("lane"),
        }
    }

    fn bound(self) -> usize {
        match self {
            Queue::Requests => REQUESTS_MAX,
            Queue::Questions => QUESTIONS_MAX,
            Queue::Events => EVENTS_MAX,
            Queue::Writes => WRITES_MAX,
            Queue::Deliveries => WAITING_MAX,
            Queue::Batches => BATCHES_WAITING_MAX,
            Queue::Rows => BATCH_ROWS_MAX,
            Queue::Lane(number) => {
                seawall_venues::outbox::WAITING_MAX.get(number).copied().unwrap_or_default()
            }
        }
    }
}

/// How full a queue has been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mark {
    /// Which queue.
    pub(crate) queue: &'static str,
    /// How many waited when it was last looked at.
    pub(crate) waiting: usize,
    /// The most that has ever waited in it.
    pub(crate) most: usize,
    /// The most that may.
    pub(crate) bound: usize,
}

/// The highest marks, noted by whoever holds a queue, and the venue's rate limits.
#[derive(Debug, Default)]
pub(crate) struct Watermarks {
    most: [AtomicUsize; Queue::COUNT],
    waiting: [AtomicUsize; Queue::COUNT],
    budgets: Mutex<Vec<PoolReading>>,
}

impl Watermarks {
    /// So many wait in a queue now.
    pub(crate) fn note(&self, queue: Queue, waiting: usize) {
        if let (Some(most), Some(now)) = (self.most.get(queue.place()), self.waiting.get(queue.place())) {
            most.fetch_max(waiting, Ordering::Relaxed);
            now.store(waiting, Ordering::Relaxed);
        }
    }

    /// All marks.
    #[must_use]
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let load = |marks: &[AtomicUsize], queue: Queue| {
            marks.get(queue.place()).map_or(0, |mark| mark.load(Ordering::Relaxed))
        };
        let mark = |queue: Queue| Mark {
            queue: queue.name(),
            waiting: load(&self.waiting, queue),
            most: load(&self.most, queue),
            bound: queue.bound(),
        };
        Queue::all().map(mark).collect()
    }

    /// What is used of the venue's rate limits now. Where somebody looks just then, the next time will do.
    pub(crate) fn note_budgets(&self, readings: impl Iterator<Item = PoolReading>) {
        if let Ok(mut budgets) = self.budgets.try_lock() {
            budgets.clear();
            budgets.extend(readings);
        }
    }

    /// What was used of the venue's rate limits when it was last noted; nothing where it is being noted.
    pub(crate) fn budgets(&self) -> Vec<PoolReading> {
        self.budgets.try_lock().map(|budgets| budgets.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_queue_has_a_place_a_name_and_a_bound_of_its_own_and_the_most_counts() {
        let marks = Watermarks::default();
        for (number, queue) in Queue::all().enumerate() {
            marks.note(queue, number + 1);
            marks.note(queue, 1);
        }
        let all = marks.marks();
        assert_eq!(all.len(), Queue::COUNT);
        let most: Vec<usize> = all.iter().map(|mark| mark.most).collect();
        assert_eq!(most, (1..=Queue::COUNT).collect::<Vec<_>>());
        assert!(all.iter().all(|mark| mark.waiting == 1), "the present depth is the last that was noted");
        let names: std::collections::BTreeSet<&str> = all.iter().map(|mark| mark.queue).collect();
        assert!(names.len() == Queue::COUNT && all.iter().all(|mark| mark.bound > 0));
    }
}
