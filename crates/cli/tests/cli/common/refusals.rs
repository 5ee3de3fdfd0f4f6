//! What every refusal has in common: one message with place and fix, exit code 2, nothing changed.

use super::{Answer, Sandbox};

/// A command line (see [`Sandbox::command`]) and what its message must say.
pub(crate) type Case = (&'static str, &'static [&'static str]);

/// Checks all cases; the message of all that fail tells each.
#[track_caller]
pub(crate) fn all_refused(sandbox: &Sandbox, prefix: &str, cases: &[Case]) {
    let mut failed = Vec::new();
    for (line, says) in cases {
        let line = format!("{prefix}{line}");
        let before = sandbox.listing();
        let answer = sandbox.run(&line);
        let mut faults = faults(&answer, says);
        if sandbox.listing() != before {
            faults.push("something was changed".to_owned());
        }
        if !faults.is_empty() {
            failed.push(format!("seawall {line}\n  {}\n{}", faults.join("\n  "), answer.err));
        }
    }
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// What is wrong with a refusal.
pub(crate) fn faults(answer: &Answer, says: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    if answer.code != Some(2) {
        faults.push(format!("exit code {:?} instead of 2", answer.code));
    }
    if !answer.out.is_empty() {
        faults.push(format!("standard output is not empty: {}", answer.out));
    }
    let messages = answer.err.matches("error: ").count();
    if messages != 1 || !answer.err.starts_with("error: ") {
        faults.push(format!("{messages} messages instead of one"));
    }
    if answer.err.contains("panicked") {
        faults.push("it panicked".to_owned());
    }
    faults.extend(
        says.iter().filter(|part| !answer.err.contains(**part)).map(|part| format!("lacks `{part}`")),
    );
    faults
}
