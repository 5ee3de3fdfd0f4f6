//! The doctor's checks as a live run starts. The ones that build on the venue's answers are judged by the
//! same functions ([`super::judge`]) where the start asks for them, and the database is opened by the start
//! itself; the disk is looked at here. Stops, positions and streams are the start's own next steps: it
//! protects first.

use std::path::Path;

use super::machine;
use crate::error::LiveError;
use crate::run::{Mode, Progress};

/// Looks at the disk before a live run.
///
/// # Errors
/// [`LiveError`] that names the check which failed. A kill switch that is on refuses no start: there may be
/// positions to protect.
pub(crate) fn machine(root: &Path, mode: Mode, progress: Progress<'_>) -> Result<(), LiveError> {
    match mode {
        Mode::Paper | Mode::Demo => return Ok(()),
        Mode::Live => {}
    }
    progress("disk", &root.display().to_string());
    machine::disk(root).iter().try_for_each(|check| check.refusal())
}
