//! What the outbox has not taken yet: messages that were made, and what became of attempts.
//!
//! Invariants: nothing is forgotten while the outbox cannot be written; what a channel has is not sent to it
//! again by this process, whether that could be written or not; critical messages leave without the outbox.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use seawall_model::{Severity, Ts};

use crate::outbox::{Outbox, Reached, Step, Waiting};
use crate::router::{Draft, Router};

/// Messages that are kept while the outbox cannot be written; beyond it nothing more is taken from the run,
/// which keeps its notices then ([`crate::hand::KEPT_MAX`]).
const DRAFTS_MAX: usize = 20_000;
/// Pause between two tries to write.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of an attempt, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The channel has it.
    Sent(Ts),
    /// It failed, and is not tried again before then.
    Failed {
        /// When.
        later: Ts,
        /// Whether it is the message that the channel does not take.
        refused: bool,
        /// Why.
        why: String,
    },
}

/// What the outbox has not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    drafts: Vec<Draft>,
    reached: Vec<Reached>,
    changed: bool,
    /// When writing failed first, without success since; and when it failed last.
    failing: Option<Instant>,
    /// Messages that left before they were written: whether their channel has them, or refuses them.
    early: BTreeMap<(String, u64), bool>,
    marks: BTreeMap<(String, u64), Mark>,
    marks_failing: bool,
}

impl Unwritten {
    /// Messages of a step.
    pub(crate) fn keep(&mut self, drafts: Vec<Draft>) {
        self.drafts.extend(drafts);
        self.changed = true;
    }

    /// How far a run's notices were taken.
    pub(crate) fn reached(&mut self, reached: Reached) {
        self.changed = true;
        if let (
            Some(Reached::Taken { source: last, upto: old, .. }),
            Reached::Taken { source, upto, gap: None },
        ) = (self.reached.last_mut(), &reached)
            && last == source
        {
            *old = (*old).max(*upto);
            return;
        }
        self.reached.push(reached);
    }

    /// Whether more may be taken from the run.
    pub(crate) fn has_room(&self) -> bool {
        self.drafts.len() < DRAFTS_MAX
    }

    /// Whether everything is written.
    pub(crate) fn is_empty(&self) -> bool {
        !self.changed && self.marks.is_empty()
    }

    /// Writes what there is, unless that failed a moment ago.
    pub(crate) fn write(&mut self, outbox: &mut Outbox, router: &Router, now: Ts) {
        if self.failing.is_some_and(|at| at.elapsed() < AGAIN) {
            return;
        }
        if self.changed {
            let step = Step { reached: &self.reached, drafts: &self.drafts, memory: router.memory() };
            if let Err(error) = outbox.record(now, &step) {
                if self.failing.is_none() {
                    tracing::error!(%error, "alerts cannot be written; it is tried again");
                }
                self.failing = Some(Instant::now());
                return;
            }
            self.drafts.clear();
            self.reached.clear();
            self.changed = false;
            for (place, delivered) in core::mem::take(&mut self.early) {
                if delivered {
                    self.marks.insert(place, Mark::Sent(now));
                }
            }
        }
        self.failing = None;
        self.write_marks(outbox);
    }

    fn write_marks(&mut self, outbox: &Outbox) {
        while let Some(((channel, number), mark)) = self.marks.pop_first() {
            let written = match &mark {
                Mark::Sent(at) => outbox.sent(&channel, number, *at),
                Mark::Failed { later, why, .. } => outbox.failed_once(&channel, number, *later, why),
            };
            if let Err(error) = written {
                if !self.marks_failing {
                    tracing::error!(%error, "what became of alerts cannot be written; it is tried again");
                }
                self.marks_failing = true;
                self.failing = Some(Instant::now());
                self.marks.insert((channel, number), mark);
                return;
            }
        }
        self.marks_failing = false;
    }

    /// What became of an attempt on a message.
    pub(crate) fn mark(&mut self, channel: &str, number: u64, mark: Mark) {
        let place = (channel.to_owned(), number);
        let unwritten = |draft: &Draft| draft.number == number && draft.channel == channel;
        if !self.drafts.iter().any(unwritten) {
            self.marks.insert(place, mark);
            return;
        }
        match mark {
            Mark::Sent(_) => {
                self.early.insert(place, true);
            }
            Mark::Failed { refused: true, .. } => {
                self.early.insert(place, false);
            }
            // Where the channel is to blame it has its own pause.
            Mark::Failed { refused: false, .. } => {}
        }
    }

    /// Messages of the outbox that are not as it says.
    pub(crate) fn marked(&self, channel: &str) -> Vec<u64> {
        self.marks.keys().filter(|(name, _)| name == channel).map(|(_, number)| *number).collect()
    }

    /// The oldest critical message for a channel that could not be written and has not left.
    pub(crate) fn critical(&self, channel: &str) -> Option<Waiting> {
        self.failing?;
        let mut drafts = self.drafts.iter().filter(|draft| {
            draft.channel == channel
                && draft.message.severity == Severity::Critical
                && !self.early.contains_key(&(channel.to_owned(), draft.number))
        });
        let draft = drafts.next()?;
        Some(Waiting { number: draft.number, attempts: 0, message: draft.message.clone() })
    }
}
