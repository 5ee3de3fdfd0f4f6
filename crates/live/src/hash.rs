//! The hash of an engine's state.

use seawall_engine::Engine;
use seawall_store::journal::Digest;

/// SHA-256 of the engine's whole state.
pub(crate) fn state(engine: &Engine) -> Digest {
    let mut bytes = Vec::new();
    engine.digest(&mut bytes);
    Digest::sha256(&bytes)
}
