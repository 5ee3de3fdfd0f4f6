//! Sessions of browsers: an opaque id in a cookie, kept as a hash, and a word against forgery.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use super::crypto::{are_equal, random_hex, sha256};
use crate::error::ApiError;

/// Sessions at once; at the bound the one ends that would end first.
const SESSIONS_MAX: usize = 64;

/// A session as it is given to a browser, once.
#[derive(Debug)]
pub struct NewSession {
    /// For the cookie.
    pub id: String,
    /// To be sent with each write.
    pub csrf: String,
    /// After this it ends.
    pub lasts: Duration,
}

#[derive(Debug)]
struct Session {
    token_id: String,
    ends: Instant,
}

/// The word of a session, the same in each of its pages: made from the id, which no script and no other site
/// can read, and from which nobody can tell the id.
fn word_of(id: &str) -> String {
    HEXLOWER.encode(&sha256(format!("seawall csrf {id}").as_bytes()))
}

/// The sessions, by the hash of their id.
#[derive(Debug)]
pub struct Sessions {
    lasts: Duration,
    sessions: BTreeMap<[u8; 32], Session>,
}

impl Sessions {
    /// None yet; each ends after `lasts`.
    #[must_use]
    pub fn new(lasts: Duration) -> Self {
        Sessions { lasts, sessions: BTreeMap::new() }
    }

    /// Begins one for the owner of a token.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn begin(&mut self, token_id: &str, now: Instant) -> Result<NewSession, ApiError> {
        self.sessions.retain(|_, session| session.ends > now);
        if self.sessions.len() >= SESSIONS_MAX {
            let first = self.sessions.iter().min_by_key(|(_, session)| session.ends).map(|(id, _)| *id);
            first.map(|id| self.sessions.remove(&id));
        }
        let id = random_hex::<32>()?;
        let csrf = word_of(&id);
        let session = Session { token_id: token_id.to_owned(), ends: now + self.lasts };
        self.sessions.insert(sha256(id.as_bytes()), session);
        Ok(NewSession { id, csrf, lasts: self.lasts })
    }

    /// The token that a session was begun with, and whether `csrf` is its word.
    #[must_use]
    pub fn find(&self, id: &str, csrf: Option<&str>, now: Instant) -> Option<(String, bool)> {
        let session = self.sessions.get(&sha256(id.as_bytes())).filter(|session| session.ends > now)?;
        let own = sha256(word_of(id).as_bytes());
        let right = csrf.is_some_and(|word| are_equal(&sha256(word.as_bytes()), &own));
        Some((session.token_id.clone(), right))
    }

    /// The session's word, for a page that was loaded again; nothing where the session is over.
    #[must_use]
    pub fn csrf(&self, id: &str, now: Instant) -> Option<String> {
        self.find(id, None, now).map(|_| word_of(id))
    }

    /// Ends one.
    pub fn end(&mut self, id: &str) {
        self.sessions.remove(&sha256(id.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_its_own_word_and_an_end() {
        let mut sessions = Sessions::new(Duration::from_secs(60));
        let now = Instant::now();
        let one = sessions.begin("a", now).unwrap();
        let other = sessions.begin("b", now).unwrap();
        assert_eq!(sessions.find(&one.id, Some(&one.csrf), now), Some(("a".to_owned(), true)));
        assert_eq!(sessions.find(&one.id, Some(&other.csrf), now), Some(("a".to_owned(), false)));
        assert_eq!(sessions.find(&one.id, None, now), Some(("a".to_owned(), false)));
        assert_eq!(sessions.find("nonsense", None, now), None);
        assert_eq!(sessions.csrf(&one.id, now).as_ref(), Some(&one.csrf), "each page has the same word");
        assert_ne!(one.csrf, other.csrf);
        let last = now + Duration::from_secs(60) - Duration::from_nanos(1);
        assert_eq!(sessions.find(&one.id, Some(&one.csrf), last), Some(("a".to_owned(), true)));
        let over = now + Duration::from_secs(60);
        assert_eq!(sessions.find(&one.id, Some(&one.csrf), over), None);
        assert_eq!((sessions.csrf(&one.id, last).is_some(), sessions.csrf(&one.id, over)), (true, None));
        sessions.end(&other.id);
        assert_eq!(sessions.find(&other.id, None, now), None);
    }

    #[test]
    fn at_the_bound_the_oldest_session_ends() {
        let mut sessions = Sessions::new(Duration::from_secs(60));
        let now = Instant::now();
        let first = sessions.begin("a", now).unwrap();
        for number in 1..=SESSIONS_MAX {
            let later = now + Duration::from_millis(u64::try_from(number).unwrap());
            sessions.begin("b", later).unwrap();
        }
        assert_eq!(sessions.sessions.len(), SESSIONS_MAX);
        assert_eq!(sessions.find(&first.id, None, now), None);
    }
}
