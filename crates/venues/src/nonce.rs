//! The owner of a key's nonces and of a stream's token.
//!
//! Invariants: a nonce is above every earlier one of the key, also when the clock steps back and across a
//! restart (it starts from the clock, which has moved on); a token is asked for before it expires and never
//! used after.

use seawall_model::{Span, Ts};

use crate::secret::Secret;

/// Gives out growing nonces for one key. There is one owner for each key, and it gives a nonce out when the
/// request is signed, in the order in which requests leave.
#[derive(Debug, Clone, Default)]
pub struct NonceOwner {
    last: u64,
}

impl NonceOwner {
    /// The next nonce: milliseconds since the epoch, or one more than the last where the clock did not move.
    pub fn next(&mut self, at: Ts) -> u64 {
        let clock = u64::try_from(at.millis()).unwrap_or(0);
        self.last = clock.max(self.last.saturating_add(1));
        self.last
    }
}

/// The token of a stream of the account.
#[derive(Debug, Clone, Default)]
pub struct TokenOwner {
    token: Option<(Secret, Ts)>,
    asked_at: Option<Ts>,
}

/// A token is renewed this long before it expires.
const MARGIN: Span = Span::from_secs(60);
/// A question for a token that was not answered is asked again after this.
const PATIENCE: Span = Span::from_secs(10);

impl TokenOwner {
    /// A token that is good at `at`.
    #[must_use]
    pub fn get(&self, at: Ts) -> Option<&Secret> {
        self.token.as_ref().filter(|(_, until)| at < *until).map(|(token, _)| token)
    }

    /// Whether a token must be asked for now; says so once, until an answer or its patience ends.
    pub fn must_ask(&mut self, at: Ts) -> bool {
        let waits = self.asked_at.is_some_and(|asked| at < asked.plus(PATIENCE));
        if waits || self.get(at).is_some() {
            return false;
        }
        self.asked_at = Some(at);
        true
    }

    /// When an unanswered question should be asked again.
    #[must_use]
    pub fn deadline(&self) -> Option<Ts> {
        self.asked_at.map(|asked| asked.plus(PATIENCE))
    }

    /// A token came.
    pub fn received(&mut self, at: Ts, token: Secret, valid_s: u32) {
        let until = at.plus(Span::from_secs(i64::from(valid_s))).minus(MARGIN);
        self.token = Some((token, until));
        self.asked_at = None;
    }

    /// The question failed: it may be asked again after the pause of a reconnect.
    pub fn failed(&mut self) {
        self.asked_at = None;
    }

    /// The token was used or refused; a new connection needs a new one.
    pub fn forget(&mut self) {
        self.token = None;
        self.asked_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_grow_when_the_clock_stands_still_or_steps_back() {
        let mut owner = NonceOwner::default();
        let first = owner.next(Ts::from_millis(1_000));
        assert_eq!(first, 1_000);
        assert_eq!(owner.next(Ts::from_millis(1_000)), 1_001);
        assert_eq!(owner.next(Ts::from_millis(10)), 1_002);
        assert_eq!(owner.next(Ts::from_millis(5_000)), 5_000);
    }

    #[test]
    fn a_token_is_asked_for_once_and_renewed_before_it_expires() {
        let mut owner = TokenOwner::default();
        let at = |secs: i64| Ts::from_millis(secs * 1000);
        assert!(owner.must_ask(at(0)) && !owner.must_ask(at(1)));
        assert!(owner.must_ask(at(10)), "asked again after its patience");
        owner.received(at(11), Secret::from_text("token"), 900);
        assert!(owner.get(at(11)).is_some() && !owner.must_ask(at(800)));
        assert!(owner.get(at(851)).is_none() && owner.must_ask(at(851)));
    }
}
