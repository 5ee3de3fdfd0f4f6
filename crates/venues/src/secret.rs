//! API keys: read leniently, never printed, wiped from memory when dropped.

use core::fmt;

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, BASE64_NOPAD, Specification};
use zeroize::Zeroizing;

use crate::error::VenueError;

/// Bytes that must not appear in any log. `Debug` shows only how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The bytes of the text itself, for venues that use the secret as it is shown.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Secret(Zeroizing::new(text.trim().as_bytes().to_vec()))
    }

    /// Standard base64 as venues hand it out: with or without padding, white space around or inside it, and
    /// with leftover bits at the end that a strict reader refuses (I-1).
    ///
    /// # Errors
    /// [`VenueError::SecretText`] names `setting`, never the text.
    pub fn from_base64(setting: &'static str, text: &str) -> Result<Self, VenueError> {
        let bad = VenueError::SecretText { setting };
        let digits: Zeroizing<Vec<u8>> =
            Zeroizing::new(text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=').collect());
        if digits.is_empty() {
            return Err(bad);
        }
        let mut lenient = Specification::new();
        lenient.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        lenient.check_trailing_bits = false;
        let encoding = lenient.encoding().unwrap_or(BASE64_NOPAD);
        encoding.decode(&digits).map(|bytes| Secret(Zeroizing::new(bytes))).map_err(|_| bad)
    }

    /// The text of a secret that is sent as it is (a stream token), for the one message that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// HMAC-SHA512 over the parts one after another.
    #[must_use]
    pub fn hmac_sha512(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.hmac(hmac::HMAC_SHA512, parts)
    }

    /// HMAC-SHA256 over the parts one after another.
    #[must_use]
    pub fn hmac_sha256(&self, parts: &[&[u8]]) -> Vec<u8> {
        self.hmac(hmac::HMAC_SHA256, parts)
    }

    fn hmac(&self, algorithm: hmac::Algorithm, parts: &[&[u8]]) -> Vec<u8> {
        let key = hmac::Key::new(algorithm, &self.0);
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// What proves to a venue who we are.
#[derive(Clone)]
pub struct Credentials {
    /// The public part.
    pub key: String,
    /// The private part.
    pub secret: Secret,
    /// The third part that some venues ask for (KuCoin).
    pub passphrase: Option<Secret>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is public to the venue, but who holds it should not be read from a log either.
        let shown: String = self.key.chars().take(4).collect();
        f.debug_struct("Credentials").field("key", &format!("{shown}…")).finish_non_exhaustive()
    }
}

/// SHA-256 over the parts one after another.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// Standard base64 with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// I-1: the venue shows secrets without padding; a strict decoder refused them and nothing could sign.
    #[test]
    fn i_1_a_secret_without_padding_or_with_white_space_is_the_same_secret() {
        let padded =
            "RkFLRSBmdXR1cmVzIHNlY3JldCBmb3IgY29uZm9ybWFuY2UgdGVzdHMgb25seSwgNjQgYnl0ZXMgbG9uZyEhIQ==";
        let sign = |text: &str| Secret::from_base64("KEY", text).unwrap().hmac_sha512(&[b"x"]);
        assert_eq!(sign(padded), sign(padded.trim_end_matches('=')));
        assert_eq!(sign(padded), sign(&format!("  {}\n", padded.trim_end_matches('='))));
        // Leftover bits in the last digit, as the venue's own examples have.
        assert_eq!(sign("QUJD"), sign("QUJD\n"));
        assert!(Secret::from_base64("KEY", "QUJDRB").is_ok());
    }

    #[test]
    fn a_text_that_is_no_base64_names_the_setting_and_never_the_text() {
        for bad in ["", "  ", "not base64!", "QUJD-_", "A"] {
            let error = Secret::from_base64("KRAKEN_FUTURES_SECRET", bad).unwrap_err().to_string();
            assert!(error.contains("KRAKEN_FUTURES_SECRET"), "{error}");
            assert!(bad.trim().len() < 3 || !error.contains(bad), "{error}");
        }
    }

    #[test]
    fn nothing_of_a_secret_is_printed() {
        let secret = Secret::from_text("hunter2-hunter2");
        let credentials =
            Credentials { key: "PUBLICKEY".to_owned(), secret: secret.clone(), passphrase: None };
        let shown = format!("{secret:?} {credentials:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("PUBLICKEY"), "{shown}");
    }
}
