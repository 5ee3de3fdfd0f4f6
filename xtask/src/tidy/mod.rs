//! The rules of the house that a machine can hold, one module a story.
//!
//! A rule is a pure function from what was read to findings, so each has tests with a text that passes and
//! one that does not. This module reads the files, runs all rules and sorts what they found; it writes
//! nothing.

mod arrows;
mod config_keys;
mod dependencies;
mod effects;
mod files;
mod incidents;
mod items;
mod length;
mod lockfile;
mod manifest;
mod mutants;
mod purity;
mod scan;
mod tree;
mod words;

use std::fmt;
use std::path::Path;

use files::{SourceFile, TextFile};
use manifest::Manifest;

/// One place that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, relative to the repository's root.
    pub(crate) path: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The rule's name.
    pub(crate) rule: &'static str,
    /// What is wrong and what to do about it.
    pub(crate) message: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.message)
    }
}

/// What a run of all rules gives.
#[derive(Debug)]
pub(crate) struct Report {
    /// Ordered by file and line.
    pub(crate) findings: Vec<Finding>,
    /// How many Rust files were looked at.
    pub(crate) source_files: usize,
}

/// Runs every rule over the repository.
///
/// # Errors
/// When its files could not be listed.
pub(crate) fn check(root: &Path) -> anyhow::Result<Report> {
    let texts = files::texts(root)?;
    let sources: Vec<SourceFile> = texts
        .iter()
        .filter(|file| files::is_source(&file.path))
        .map(|file| SourceFile::new(&file.path, &file.text))
        .collect();
    let manifests: Vec<Manifest> = texts
        .iter()
        .filter(|file| is_member_manifest(&file.path))
        .map(|file| Manifest::new(&file.path, &file.text))
        .collect();

    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(length::check(source));
        findings.extend(purity::check_calls(source));
        findings.extend(words::check_source(source));
    }
    for text in &texts {
        findings.extend(words::check_paths(text));
        if text.path == "Cargo.toml" || is_member_manifest(&text.path) {
            findings.extend(mutants::check(text));
        }
    }
    for manifest in &manifests {
        findings.extend(arrows::check(manifest));
        findings.extend(purity::check_manifest(manifest));
        findings.extend(dependencies::check_member(manifest));
    }
    if let Some(workspace) = find(&texts, "Cargo.toml") {
        findings.extend(dependencies::check_workspace(&Manifest::new(&workspace.path, &workspace.text)));
    }
    if let Some(lock) = find(&texts, "Cargo.lock") {
        findings.extend(dependencies::check_lock(&lockfile::packages(&lock.text)));
    }
    findings.extend(tree::check(root));
    findings.extend(config_keys::check(&texts, &sources));
    findings.extend(effects::check(&texts, &sources));
    findings.extend(incidents::check(&texts, &sources));
    findings.sort();
    findings.dedup();
    Ok(Report { findings, source_files: sources.len() })
}

fn is_member_manifest(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["crates", _, "Cargo.toml"] | ["xtask", "Cargo.toml"])
}

fn find<'a>(texts: &'a [TextFile], path: &str) -> Option<&'a TextFile> {
    texts.iter().find(|file| file.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_like_a_compiler_message() {
        let finding = Finding::new("crates/model/src/a.rs", 3, "todo", "say which issue");
        assert_eq!(finding.to_string(), "crates/model/src/a.rs:3: todo: say which issue");
    }

    #[test]
    fn members_are_the_crates_and_this_one() {
        assert!(is_member_manifest("crates/model/Cargo.toml") && is_member_manifest("xtask/Cargo.toml"));
        assert!(!is_member_manifest("Cargo.toml") && !is_member_manifest("crates/model/fuzz/Cargo.toml"));
    }
}
