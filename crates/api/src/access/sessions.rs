//! Sessions of browsers: an opaque id in a cookie, kept as a hash, and a word against forgery.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

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
    csrf: [u8; 32],
    ends: Instant,
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
        let (id, csrf) = (random_hex::<32>()?, random_hex::<32>()?);
        let session =
            Session { token_id: token_id.to_owned(), csrf: sha256(csrf.as_bytes()), ends: now + self.lasts };
        self.sessions.insert(sha256(id.as_bytes()), session);
        Ok(NewSession { id, csrf, lasts: self.lasts })
    }

    /// The token that a session was begun with, and whether `csrf` is its word.
    #[must_use]
    pub fn find(&self, id: &str, csrf: Option<&str>, now: Instant) -> Option<(String, bool)> {
        let session = self.sessions.get(&sha256(id.as_bytes())).filter(|session| session.ends > now)?;
        let right = csrf.is_some_and(|word| are_equal(&sha256(word.as_bytes()), &session.csrf));
        Some((session.token_id.clone(), right))
    }

    /// Another word for the session; the one before holds no longer.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn renew_csrf(&mut self, id: &str) -> Result<Option<String>, ApiError> {
        let Some(session) = self.sessions.get_mut(&sha256(id.as_bytes())) else { return Ok(None) };
        let csrf = random_hex::<32>()?;
        session.csrf = sha256(csrf.as_bytes());
        Ok(Some(csrf))
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
        let word = sessions.renew_csrf(&one.id).unwrap().unwrap();
        assert_eq!(sessions.find(&one.id, Some(&one.csrf), now), Some(("a".to_owned(), false)));
        assert_eq!(sessions.find(&one.id, Some(&word), now), Some(("a".to_owned(), true)));
        assert_eq!(sessions.find(&one.id, None, now + Duration::from_secs(60)), None);
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
