//! Signatures of Kraken spot. Pure functions: a client signs with them, a simulated exchange verifies.

use crate::secret::{Secret, base64, sha256};

/// The value of the header `API-Sign`: base64 of HMAC-SHA512 over the path followed by the 32 bytes of
/// SHA-256 over nonce and body. The body holds the nonce too.
#[must_use]
pub fn api_sign(secret: &Secret, path: &str, nonce: &str, body: &str) -> String {
    let digest = sha256(&[nonce.as_bytes(), body.as_bytes()]);
    base64(&secret.hmac_sha512(&[path.as_bytes(), &digest]))
}
