//! The run's end of the way to people.
//!
//! Invariants: no call waits, for a disk or for a network, but for the last one; the engine's thread never
//! holds a lock that the other side holds. A notice counts as handed over once it is in the outbox; until
//! then it is one that the journal can give again: notices are numbered in the order in which the engine
//! made them, and a start takes up what the one before has not written ([`crate::outbox::Taken`]).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::notice::{Notice, Status};

/// Batches that may wait for the thread.
pub(crate) const BATCHES_MAX: usize = 64;
/// Notices that are kept while the thread does not keep up. Beyond it they are dropped here, counted as a
/// gap, and made again from the journal by the next start.
pub const KEPT_MAX: usize = 100_000;
/// Notices that are not the engine's, kept while the thread does not keep up.
const EXTRAS_MAX: usize = 1_000;
/// The last call waits this long for room in the queue.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Work {
    /// Notices of the engine, in order.
    Notices(Batch),
    /// A notice that is not the engine's.
    Extra(Box<Notice>),
    /// What the run shows now.
    Status(Box<Status>),
    /// A notice of an earlier run that the outbox lacks.
    Recovered(Box<Recovered>),
    /// Nothing of that run is missing any more.
    Complete(String),
    /// The run has ended in order.
    End,
}

/// Notices in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The number of the first one.
    pub(crate) first: u64,
    pub(crate) notices: Vec<Notice>,
    /// Numbers that were dropped before it.
    pub(crate) gap: Option<(u64, u64)>,
}

/// A notice made again.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) source: String,
    pub(crate) number: u64,
    pub(crate) notice: Notice,
}

/// When the engine was last seen alive.
#[derive(Debug)]
pub struct Pulse {
    base: Instant,
    beaten_ms: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Pulse { base: Instant::now(), beaten_ms: AtomicU64::new(0) }
    }

    fn beat(&self) {
        let now = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beaten_ms.store(now, Ordering::Relaxed);
    }

    /// How long ago that was.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.base.elapsed().saturating_sub(Duration::from_millis(self.beaten_ms.load(Ordering::Relaxed)))
    }
}

/// Hands notices over to the thread that tells people.
#[derive(Debug)]
pub struct Hand {
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
    pulse: Arc<Pulse>,
    /// Whether the run is over: whoever recovers an earlier one ends, too.
    over: Arc<AtomicBool>,
    kept: Batch,
    /// Notices that are not the engine's and found no room.
    extras: VecDeque<Notice>,
    /// The number of the next notice.
    next: u64,
    dropped: u64,
}

impl Hand {
    pub(crate) fn new(work: mpsc::Sender<Work>, thread: JoinHandle<()>, pulse: Arc<Pulse>) -> Self {
        Hand {
            work: Some(work),
            thread: Some(thread),
            pulse,
            over: Arc::new(AtomicBool::new(false)),
            kept: Batch { first: 1, ..Batch::default() },
            extras: VecDeque::new(),
            next: 1,
            dropped: 0,
        }
    }

    /// The engine has made a notice.
    pub fn notice(&mut self, notice: Notice) {
        if self.kept.notices.len() >= KEPT_MAX {
            let first = self.kept.gap.map_or(self.kept.first, |(first, _)| first);
            self.dropped += self.kept.notices.len() as u64;
            tracing::error!(dropped = self.dropped, "alerts were dropped; the next start tells them");
            self.kept = Batch { first: self.next, notices: Vec::new(), gap: Some((first, self.next - 1)) };
        }
        self.kept.notices.push(notice);
        self.next += 1;
    }

    /// Something to tell that the engine has not made: it leaves with what is handed over next.
    pub fn extra(&mut self, notice: Notice) {
        if self.extras.len() < EXTRAS_MAX {
            self.extras.push_back(notice);
        } else {
            tracing::error!(topic = notice.topic.name(), "too much waits to be told: this is not");
        }
    }

    /// Hands over what has gathered, if the thread has room, and says that the engine lives.
    pub fn hand_over(&mut self) {
        self.pulse.beat();
        let Some(work) = &self.work else { return };
        if !self.kept.notices.is_empty() {
            let batch = std::mem::replace(&mut self.kept, Batch { first: self.next, ..Batch::default() });
            match work.try_send(Work::Notices(batch)) {
                Err(
                    TrySendError::Full(Work::Notices(batch)) | TrySendError::Closed(Work::Notices(batch)),
                ) => {
                    self.kept = batch;
                    return;
                }
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {}
            }
        }
        while let Some(notice) = self.extras.pop_front() {
            if let Err(TrySendError::Full(Work::Extra(notice)) | TrySendError::Closed(Work::Extra(notice))) =
                work.try_send(Work::Extra(Box::new(notice)))
            {
                self.extras.push_front(*notice);
                return;
            }
        }
    }

    /// What the run shows now. One that finds no room is dropped: the next one is newer.
    pub fn status(&self, status: Status) {
        if let Some(work) = &self.work {
            let _ = work.try_send(Work::Status(Box::new(status)));
        }
    }

    /// For the thread that makes notices of an earlier run again.
    #[must_use]
    pub fn recovery(&self) -> Option<Recovery> {
        self.work.clone().map(|work| Recovery { work, over: self.over.clone() })
    }

    /// The run has ended in order: hands over what is left and waits until it is written and, for a few
    /// seconds, until it is sent.
    pub fn finish(mut self) {
        let started = Instant::now();
        let mut end = Some(Work::End);
        while started.elapsed() < LAST_WAIT {
            self.hand_over();
            if self.kept.notices.is_empty() && self.extras.is_empty() {
                match (&self.work, end.take()) {
                    (Some(work), Some(message)) => match work.try_send(message) {
                        Err(TrySendError::Full(message)) => end = Some(message),
                        Ok(()) | Err(TrySendError::Closed(_)) => break,
                    },
                    (None, _) | (_, None) => break,
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.hand_over();
        self.over.store(true, Ordering::Relaxed);
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Hands over notices of an earlier run, from a thread of its own: it may wait.
#[derive(Debug, Clone)]
pub struct Recovery {
    work: mpsc::Sender<Work>,
    over: Arc<AtomicBool>,
}

impl Recovery {
    /// A notice that the outbox lacks. `false`: nobody takes it any more.
    pub fn notice(&self, source: &str, number: u64, notice: Notice) -> bool {
        let recovered = Recovered { source: source.to_owned(), number, notice };
        !self.is_over() && self.work.blocking_send(Work::Recovered(Box::new(recovered))).is_ok()
    }

    /// Whether nobody takes anything any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Nothing of `source` is missing any more.
    pub fn complete(&self, source: &str) {
        let _ = self.work.blocking_send(Work::Complete(source.to_owned()));
    }
}
