//! Which files the rules look at, and what the rules need to know about them.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::items;
use super::scan::Scan;

/// Directories that never hold the project's own text; skipped where git can't tell.
const NOT_OURS: &[&str] = &[".git", "target", "node_modules", "seawall-data", ".seawall"];

/// A text file of the project.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Relative to the repository's root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

/// A Rust source file, taken apart.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Relative to the repository's root, with `/`.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
    /// Its code and its comments.
    pub(crate) scan: Scan,
    test_only: Vec<Range<usize>>,
}

impl SourceFile {
    /// Takes a file apart. A file under `tests/`, `benches/` or `examples/`, or called `tests.rs`, is all
    /// test.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let scan = Scan::new(text);
        let all_test =
            ["/tests/", "/benches/", "/examples/", "/tests.rs"].iter().any(|part| path.contains(part));
        let whole = 0..text.len();
        let test_only = if all_test { vec![whole] } else { items::test_only(&scan.code) };
        Self { path: path.to_owned(), text: text.to_owned(), scan, test_only }
    }

    /// Whether the code at an offset exists in tests only.
    pub(crate) fn is_test(&self, offset: usize) -> bool {
        self.test_only.iter().any(|range| range.contains(&offset))
    }

    /// The text of the tests in this file.
    pub(crate) fn test_text(&self) -> impl Iterator<Item = &str> {
        self.test_only.iter().filter_map(|range| self.text.get(range.clone()))
    }
}

/// Whether a path is Rust source that the rules apply to.
pub(crate) fn is_source(path: &str) -> bool {
    let is_rust = Path::new(path).extension().is_some_and(|extension| extension == "rs");
    let mut parts = path.split('/');
    let is_ours = match (parts.next(), parts.next(), parts.next()) {
        (Some("crates"), Some(_), Some(folder)) => ["src", "tests", "benches", "examples"].contains(&folder),
        (Some("xtask"), Some(folder), Some(_)) => ["src", "tests"].contains(&folder),
        _ => false,
    };
    is_rust && is_ours
}

/// Every text file that git tracks or would track; without git, every one outside the build's and the data's
/// folders.
///
/// # Errors When a directory could not be listed.
pub(crate) fn texts(root: &Path) -> anyhow::Result<Vec<TextFile>> {
    let mut paths = match tracked(root) {
        Some(paths) => paths,
        None => walked(root)?,
    };
    paths.sort_unstable();
    Ok(paths.into_iter().filter_map(|path| read_text(root, path)).collect())
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    // A checkout that belongs to another user, as in a container, is still ours to read.
    let words = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").current_dir(root).args(words).output().ok()?;
    let listed = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| listed.split_terminator('\0').map(str::to_owned).collect())
}

fn walked(root: &Path) -> anyhow::Result<Vec<String>> {
    let (mut paths, mut open) = (Vec::new(), vec![String::new()]);
    while let Some(directory) = open.pop() {
        let entries =
            std::fs::read_dir(root.join(&directory)).with_context(|| format!("cannot list `{directory}`"))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list `{directory}`"))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().with_context(|| format!("cannot look at `{directory}/{name}`"))?;
            let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                open.push(path);
            } else if kind.is_file() {
                paths.push(path);
            }
        }
    }
    Ok(paths)
}

/// A file that is gone, though git still lists it, or that is not text, has nothing to say here.
fn read_text(root: &Path, path: String) -> Option<TextFile> {
    let text = String::from_utf8(std::fs::read(root.join(&path)).ok()?).ok()?;
    (!text.contains('\0')).then_some(TextFile { path, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_the_crates_and_this_one() {
        for path in ["crates/model/src/order/state.rs", "crates/engine/tests/a.rs", "xtask/src/main.rs"] {
            assert!(is_source(path), "{path}");
        }
        for path in ["crates/model/Cargo.toml", "crates/model/fuzz/a.rs", "web/src/a.rs", "build.rs"] {
            assert!(!is_source(path), "{path}");
        }
    }

    #[test]
    fn test_code_is_told_from_code() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {}\n";
        let file = SourceFile::new("crates/model/src/a.rs", text);
        assert!(!file.is_test(0) && file.is_test(text.find("mod").unwrap()));
        assert!(SourceFile::new("crates/model/tests/a.rs", text).is_test(0));
        assert!(SourceFile::new("crates/model/src/order/tests.rs", text).is_test(0));
    }

    #[test]
    fn walking_finds_what_git_lists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let walked = walked(root).unwrap();
        assert!(walked.contains(&"src/tidy/files.rs".to_owned()), "{walked:?}");
        assert!(texts(root).unwrap().iter().any(|file| file.path == "src/tidy/files.rs"));
    }
}
