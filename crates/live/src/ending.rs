//! The end of a run: the last look for readers, the end in the journal, the summary.

use std::path::Path;

use seawall_engine::Engine;
use seawall_model::Money;
use seawall_store::journal::{End, EndReason, Record};

use crate::error::LiveError;
use crate::hash;
use crate::recorder::RunRecorder;
use crate::summary::{Ending, Summary};

/// Closes the journal and waits for the database.
pub(crate) fn finish(
    engine: &Engine,
    mut recorder: RunRecorder,
    folder: &Path,
    initial_equity: Money,
    reason: EndReason,
) -> Result<Summary, LiveError> {
    let at = engine.now();
    recorder.readers.last_look(at, engine, &recorder.tally);
    let digest = hash::state(engine);
    let ending = Ending {
        digest,
        initial_equity,
        naked_bound_s: engine.naked_bound().secs_f64(),
        first_protected_s: recorder.first_protected_s,
        naked_before_s: recorder.naked_before_s,
        seconds: recorder.started.elapsed().as_secs_f64(),
        folder: folder.display().to_string(),
    };
    let (mut summary, fingerprint) = Summary::new(engine, recorder.tally, ending);
    let fingerprint = seawall_store::journal::Digest(fingerprint);
    let end = End { fingerprint, digest, reason, detail: String::new() };
    let written = recorder.journal.append(at, &Record::End(end.clone()));
    if let Err(error) = written.and_then(|_| recorder.journal.close()) {
        let error = LiveError::from(error);
        recorder.teller.fail(&error);
        return Err(error);
    }
    recorder.teller.finish(at, reason.name());
    if let Some(problem) = recorder.readers.finish(at, end) {
        let mend = format!("`seawall journal rebuild {}` builds it from the journal", summary.folder);
        summary.violations.push(format!("database: {problem}; {mend}"));
    }
    Ok(summary)
}
