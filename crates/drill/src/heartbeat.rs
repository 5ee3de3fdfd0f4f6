//! The heartbeat that a run writes beside its starts.

use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// A queue as the heartbeat shows it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Mark {
    pub(crate) queue: String,
    pub(crate) most: usize,
    pub(crate) bound: usize,
}

/// What a run says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) phase: String,
    pub(crate) inputs: u64,
    pub(crate) queues: Vec<Mark>,
}

/// The newest heartbeat of an account.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn heartbeat(account: &Path) -> anyhow::Result<Heartbeat> {
    let text = std::fs::read_to_string(account.join("heartbeat.json")).context("no heartbeat")?;
    serde_json::from_str(&text).context("a heartbeat that cannot be read")
}
