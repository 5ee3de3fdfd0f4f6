//! Who calls: keys, signatures over the bytes as they came, nonces that only grow, tokens for the stream.
//!
//! Invariants: nothing private happens before key, signature and nonce were right, in this order; a nonce is
//! used up even if the call is then refused; a token that no connection used is good for fifteen minutes.

use std::collections::BTreeMap;

use seawall_model::{Span, Ts};
use seawall_venues::Credentials;
use seawall_venues::kraken_spot::sign::api_sign;

use super::fields::Fields;
use crate::protocol::HttpRequest;
use crate::world::mix;

/// How long a token waits for a connection.
pub(super) const TOKEN_LIFE: Span = Span::from_secs(900);

/// The one key there is.
pub(super) struct Access {
    credentials: Credentials,
    nonce: u64,
    issued: u64,
    /// Tokens and until when an unused one is good; `None` once a connection uses it.
    tokens: BTreeMap<String, Option<Ts>>,
}

impl Access {
    pub(super) fn new(credentials: Credentials) -> Self {
        Access { credentials, nonce: 0, issued: 0, tokens: BTreeMap::new() }
    }

    /// The public part.
    pub(super) fn key(&self) -> &str {
        &self.credentials.key
    }

    /// Checks a private call.
    ///
    /// # Errors
    /// The venue's words.
    pub(super) fn check(&mut self, request: &HttpRequest, fields: &Fields) -> Result<(), &'static str> {
        if request.header("api-key") != Some(self.key()) {
            return Err("EAPI:Invalid key");
        }
        let nonce = fields.get("nonce").ok_or("EAPI:Invalid nonce")?;
        let signature = api_sign(&self.credentials.secret, request.path(), nonce, request.text());
        if request.header("api-sign") != Some(signature.as_str()) {
            return Err("EAPI:Invalid signature");
        }
        let nonce: u64 = nonce.parse().map_err(|_| "EAPI:Invalid nonce")?;
        if nonce <= self.nonce {
            return Err("EAPI:Invalid nonce");
        }
        self.nonce = nonce;
        Ok(())
    }

    /// The last nonce.
    pub(super) fn nonce(&self) -> u64 {
        self.nonce
    }

    /// A new token.
    pub(super) fn token(&mut self, at: Ts, seed: u64) -> String {
        self.tokens.retain(|_, until| until.is_none_or(|until| until > at));
        self.issued += 1;
        let words = [1, 2, 3].map(|part| mix(seed ^ 0x70_6b, self.issued * 4 + part));
        let token: String = words.iter().map(|word| format!("{word:016x}")).collect();
        self.tokens.insert(token.clone(), Some(at.plus(TOKEN_LIFE)));
        token
    }

    /// A connection uses a token; false for one that is not good.
    pub(super) fn use_token(&mut self, at: Ts, token: &str) -> bool {
        match self.tokens.get_mut(token) {
            Some(until) if until.is_none_or(|until| until > at) => {
                *until = None;
                true
            }
            Some(_) | None => false,
        }
    }
}
