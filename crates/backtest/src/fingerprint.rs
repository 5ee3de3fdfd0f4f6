//! The fingerprint of a run: SHA-256 over what [`seawall_engine::fingerprint`] writes.

use aws_lc_rs::digest::{Context, SHA256};
use seawall_engine::{Effects, fingerprint};

const BUFFER: usize = 16 * 1024;

/// Computes the fingerprint step by step.
pub struct Fingerprint {
    context: Context,
    buffer: Vec<u8>,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Fingerprint::new()
    }
}

impl Fingerprint {
    /// Of nothing.
    #[must_use]
    pub fn new() -> Self {
        Fingerprint { context: Context::new(&SHA256), buffer: Vec::with_capacity(2 * BUFFER) }
    }

    /// Takes in the effects of a step.
    #[inline]
    pub fn add(&mut self, effects: &Effects) {
        fingerprint::write(effects, &mut self.buffer);
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// The fingerprint.
    #[must_use]
    pub fn finish(mut self) -> [u8; 32] {
        self.flush();
        let mut hash = [0; 32];
        for (slot, byte) in hash.iter_mut().zip(self.context.finish().as_ref()) {
            *slot = *byte;
        }
        hash
    }

    fn flush(&mut self) {
        self.context.update(&self.buffer);
        self.buffer.clear();
    }
}
