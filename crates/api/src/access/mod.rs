//! Who may ask: tokens (kept as hashes in the data folder), sessions of browsers, a limit for failures.
//!
//! A token is `swt_ID_SECRET`; the secret has 256 random bits and is kept as an Argon2id hash. A program
//! sends the token with each request; a browser trades it for a session once. A token that was found right
//! is remembered by its SHA-256 as long as the file names it, so that only the first request pays for the
//! hash.
//!
//! Invariants: no text of a secret is stored, logged or shown twice; a token that is taken out of the file
//! ends its sessions within [`LOOK_EVERY`]; every table has a bound, and at it the oldest goes.

mod crypto;
mod limiter;
mod sessions;
mod tokens;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::limiter::Limiter;
pub use self::sessions::{NewSession, Sessions};
pub use self::tokens::{Made, Tokens};
use crate::error::ApiError;

/// How often the file of tokens is looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Tokens that were found right and are remembered.
const REMEMBERED_MAX: usize = 64;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Send signals, and nothing else.
    Signal,
    /// Look.
    Viewer,
    /// Look, and give commands.
    Operator,
}

impl Role {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Signal => "signal",
            Role::Viewer => "viewer",
            Role::Operator => "operator",
        }
    }
}

/// Somebody known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What they may do.
    pub role: Role,
    /// The id of their token.
    pub token_id: String,
    /// Whether they came with a session of a browser, which wants a word against forgery for writes.
    pub session: bool,
}

impl Principal {
    /// As the journal names them.
    #[must_use]
    pub fn who(&self) -> String {
        let way = if self.session { "session" } else { "token" };
        format!("{} by {way} {}", self.role.name(), self.token_id)
    }
}

/// Why somebody is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// The token or session is none of ours, or no longer.
    Wrong,
    /// Too many failures from that address: again after so many seconds.
    Limited(u64),
}

/// What was read of the file, and when.
#[derive(Debug)]
struct Loaded {
    tokens: Tokens,
    looked: Instant,
    stamp: Option<(SystemTime, u64)>,
    /// Tokens that were found right, by their SHA-256: id, and when they were used last.
    right: BTreeMap<[u8; 32], (String, Instant)>,
}

/// Knows who may ask.
#[derive(Debug)]
pub struct Access {
    path: PathBuf,
    loaded: Mutex<Loaded>,
    sessions: Mutex<Sessions>,
    limiter: Mutex<Limiter>,
    /// One hash at a time: each takes memory and a core.
    hashing: tokio::sync::Semaphore,
}

impl Access {
    /// Reads who may ask from the data folder; nobody where there is no file yet.
    ///
    /// # Errors
    /// The file cannot be read or is not ours.
    pub fn open(data_dir: &Path, failures_per_minute: u32, session: Duration) -> Result<Self, ApiError> {
        let path = Tokens::path(data_dir);
        let tokens = Tokens::read(&path)?;
        let now = Instant::now();
        let loaded = Loaded { tokens, looked: now, stamp: stamp(&path), right: BTreeMap::new() };
        Ok(Access {
            path,
            loaded: Mutex::new(loaded),
            sessions: Mutex::new(Sessions::new(session)),
            limiter: Mutex::new(Limiter::new(failures_per_minute)),
            hashing: tokio::sync::Semaphore::new(1),
        })
    }

    /// Whether nobody may ask yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.loaded().tokens.is_empty()
    }

    /// Who has the token.
    ///
    /// # Errors
    /// [`Unknown`]; failures count against `peer`.
    pub async fn by_token(&self, token: &str, peer: IpAddr) -> Result<Principal, Unknown> {
        let digest = crypto::sha256(token.as_bytes());
        if let Some(principal) = self.remembered(&digest) {
            return Ok(principal);
        }
        let wait = self.limiter.lock().unwrap_or_else(PoisonError::into_inner).wait(peer, Instant::now());
        if let Some(wait) = wait {
            return Err(Unknown::Limited(wait.as_secs().max(1)));
        }
        let known = self.check(token).await;
        let Some((id, role)) = known else {
            self.limiter.lock().unwrap_or_else(PoisonError::into_inner).failed(peer, Instant::now());
            return Err(Unknown::Wrong);
        };
        let mut loaded = self.loaded();
        if loaded.right.len() >= REMEMBERED_MAX {
            let oldest = loaded.right.iter().min_by_key(|(_, (_, used))| *used).map(|(digest, _)| *digest);
            oldest.map(|digest| loaded.right.remove(&digest));
        }
        loaded.right.insert(digest, (id.clone(), Instant::now()));
        Ok(Principal { role, token_id: id, session: false })
    }

    /// The id and role of a right token, by its hash.
    async fn check(&self, token: &str) -> Option<(String, Role)> {
        let entry = self.loaded().tokens.of(token)?.clone();
        let secret = tokens::secret_of(token)?.to_owned();
        let _one = self.hashing.acquire().await.ok()?;
        let (id, role) = (entry.id.clone(), entry.role);
        let right = tokio::task::spawn_blocking(move || entry.is_of(&secret)).await.unwrap_or(false);
        right.then_some((id, role))
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<Principal> {
        let mut loaded = self.loaded();
        let (id, used) = loaded.right.get_mut(digest)?;
        *used = Instant::now();
        let id = id.clone();
        let role = loaded.tokens.role(&id)?;
        Some(Principal { role, token_id: id, session: false })
    }

    /// Whether the token with this id is still there.
    #[must_use]
    pub fn has_token(&self, id: &str) -> bool {
        self.loaded().tokens.role(id).is_some()
    }

    /// Begins a session for somebody known.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn begin_session(&self, principal: &Principal) -> Result<NewSession, ApiError> {
        self.sessions().begin(&principal.token_id, Instant::now())
    }

    /// Whose session it is. Where `csrf` is asked for, it must be the session's own word.
    ///
    /// # Errors
    /// Nothing but that it is not known ([`None`]), or that the word is missing or another (`false`).
    #[must_use]
    pub fn by_session(&self, id: &str, csrf: Option<&str>) -> Option<(Principal, bool)> {
        let (token_id, right) = self.sessions().find(id, csrf, Instant::now())?;
        let role = self.loaded().tokens.role(&token_id)?;
        Some((Principal { role, token_id, session: true }, right))
    }

    /// The session's word against forgery, for a page that was loaded again.
    #[must_use]
    pub fn csrf(&self, id: &str) -> Option<String> {
        self.sessions().csrf(id, Instant::now())
    }

    /// Ends a session.
    pub fn end_session(&self, id: &str) {
        self.sessions().end(id);
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the file says; looked at again where that was a while ago.
    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.looked.elapsed() >= LOOK_EVERY {
            loaded.looked = Instant::now();
            let now = stamp(&self.path);
            if now != loaded.stamp {
                match Tokens::read(&self.path) {
                    Ok(tokens) => {
                        loaded.stamp = now;
                        let right = std::mem::take(&mut loaded.right);
                        let known = right.into_iter().filter(|(_, (id, _))| tokens.role(id).is_some());
                        loaded.right = known.collect();
                        loaded.tokens = tokens;
                    }
                    // What was known stays known: the file may be half replaced.
                    Err(error) => tracing::warn!(%error, "the tokens were not read again"),
                }
            }
        }
        loaded
    }
}

/// What changes with a file.
fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// A word that nobody can guess.
pub(crate) fn random_word() -> Result<String, ApiError> {
    crypto::random_hex::<16>()
}
