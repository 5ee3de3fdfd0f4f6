//! Commands that were looked at and wait to be confirmed.
//!
//! Invariants: a confirmation holds for one command of one person, once, and not for long.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::access::random_word;
use crate::error::ApiError;

/// Confirmations that may wait; at the bound the oldest goes.
const WAITING_MAX: usize = 64;

#[derive(Debug)]
struct Waiting {
    id: String,
    command: String,
    who: String,
    ends: Instant,
}

/// What waits.
#[derive(Debug)]
pub(crate) struct Confirmations {
    within: Duration,
    waiting: Mutex<VecDeque<Waiting>>,
}

impl Confirmations {
    pub(crate) fn new(within: Duration) -> Self {
        Confirmations { within, waiting: Mutex::new(VecDeque::new()) }
    }

    /// How long one holds.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// A new one for `command` of `who`.
    pub(crate) fn begin(&self, command: &str, who: &str, now: Instant) -> Result<String, ApiError> {
        let id = random_word()?;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.ends > now);
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        let (command, who) = (command.to_owned(), who.to_owned());
        waiting.push_back(Waiting { id: id.clone(), command, who, ends: now + self.within });
        Ok(id)
    }

    /// Uses one up; says whether it was for that command of that person and still holds.
    pub(crate) fn take(&self, id: &str, command: &str, who: &str, now: Instant) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = waiting.iter().position(|one| one.id == id) else { return false };
        let one = waiting.remove(place);
        one.is_some_and(|one| one.command == command && one.who == who && one.ends > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_holds_once_for_one_command_of_one_person_and_not_for_long() {
        let confirmations = Confirmations::new(Duration::from_secs(60));
        let now = Instant::now();
        let begin = || confirmations.begin("resume", "a", now).unwrap();
        let id = begin();
        assert!(confirmations.take(&id, "resume", "a", now));
        assert!(!confirmations.take(&id, "resume", "a", now), "twice");
        assert!(!confirmations.take(&begin(), "release", "a", now), "another command");
        assert!(!confirmations.take(&begin(), "resume", "b", now), "another person");
        assert!(!confirmations.take(&begin(), "resume", "a", now + Duration::from_secs(60)), "too late");
        assert!(!confirmations.take("", "resume", "a", now));
        let first = begin();
        (0..WAITING_MAX).for_each(|_| drop(begin()));
        assert!(!confirmations.take(&first, "resume", "a", now), "too many wait");
    }
}
