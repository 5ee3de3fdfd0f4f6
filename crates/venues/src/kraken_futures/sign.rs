//! Signatures of Kraken Futures. Pure functions: a client signs with them, a simulated exchange verifies.

use crate::secret::{Secret, base64, sha256};

/// The part of the path that is signed: without a leading `/derivatives`.
#[must_use]
pub fn endpoint_path(path: &str) -> &str {
    path.strip_prefix("/derivatives").unwrap_or(path)
}

/// The value of the header `Authent`: base64 of HMAC-SHA512 over SHA-256 of post data, nonce and path.
/// `post_data` is the query or the form exactly as sent; `nonce` is empty where no nonce is sent.
#[must_use]
pub fn authent(secret: &Secret, post_data: &str, nonce: &str, path: &str) -> String {
    let digest = sha256(&[post_data.as_bytes(), nonce.as_bytes(), endpoint_path(path).as_bytes()]);
    base64(&secret.hmac_sha512(&[&digest]))
}

/// The signed challenge of the stream: base64 of HMAC-SHA512 over SHA-256 of the challenge.
#[must_use]
pub fn signed_challenge(secret: &Secret, challenge: &str) -> String {
    base64(&secret.hmac_sha512(&[&sha256(&[challenge.as_bytes()])]))
}
