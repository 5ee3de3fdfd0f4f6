//! Hashes of states and texts.

use aws_lc_rs::digest::{SHA256, digest};
use seawall_engine::Engine;
use seawall_store::journal::Digest;

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut hash = [0; 32];
    for (slot, byte) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *slot = *byte;
    }
    Digest(hash)
}

/// SHA-256 of the engine's whole state.
pub(crate) fn state(engine: &Engine) -> Digest {
    let mut bytes = Vec::new();
    engine.digest(&mut bytes);
    sha256(&bytes)
}
