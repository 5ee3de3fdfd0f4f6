//! Words that must not stand in the project: promises without an issue, calls that abort, paths of one
//! machine.

use super::Finding;
use super::files::{SourceFile, TextFile};
use super::scan::{find_words, is_word_byte};

/// Marks of unfinished work. Only the first may stay, and only with the number of its issue.
const MARKS: &[&str] = &["TODO", "FIXME", "HACK", "XXX"];

/// Calls that abort, with what to do instead.
const ABORTS: &[(&str, &str)] = &[
    ("todo!(", "finish it, or return an error"),
    ("unimplemented!(", "finish it, or return an error"),
    (".unwrap()", "handle the other case, or use `?`"),
    (".expect(", "handle the other case, or use `?`"),
];

/// Folders that exist on the machine of whoever wrote the line, split so that this line is none of them.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Checks a source file's comments and, outside tests, its code.
pub(crate) fn check_source(file: &SourceFile) -> Vec<Finding> {
    unmarked_todos(file).chain(aborts(file)).collect()
}

fn unmarked_todos(file: &SourceFile) -> impl Iterator<Item = Finding> {
    let comments = &file.scan.comments;
    MARKS.iter().flat_map(move |mark| {
        find_words(comments, mark)
            .filter(move |at| !(*mark == "TODO" && has_issue(comments, at + mark.len())))
            .map(move |at| {
                let message = format!("`{mark}` without an issue: write `TODO(#123): …`, or do it now");
                Finding::new(&file.path, file.scan.line_of(at), "todo", message)
            })
    })
}

/// Whether `(#123)` follows.
fn has_issue(comments: &str, at: usize) -> bool {
    let number =
        comments.get(at..).and_then(|rest| rest.strip_prefix("(#")).and_then(|rest| rest.split_once(')'));
    number.is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn aborts(file: &SourceFile) -> impl Iterator<Item = Finding> {
    ABORTS.iter().flat_map(move |(call, instead)| {
        find_words(&file.scan.code, call).filter(|at| !file.is_test(*at)).map(move |at| {
            let message = format!("`{call}` outside tests: {instead}");
            Finding::new(&file.path, file.scan.line_of(at), "abort", message)
        })
    })
}

/// Checks any text of the project for paths that exist on one machine only.
pub(crate) fn check_paths(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for path in MACHINE_PATHS.iter().filter(|path| starts_a_path(line, path)) {
            let message =
                format!("`{path}` is a folder of one machine: write a path relative to the repository");
            findings.push(Finding::new(&file.path, index + 1, "machine-path", message));
        }
    }
    findings
}

/// Whether the folder stands at the start of a path: `a/root/b` and `https://x/root/` have nothing to do with
/// it.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| line.as_bytes().get(before));
        !before.is_some_and(|byte| is_word_byte(*byte) || b".-~}*/>".contains(byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check_source(&SourceFile::new(path, text)).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_mark_without_an_issue_is_found() {
        for mark in MARKS {
            assert_eq!(
                lines("crates/cli/src/a.rs", &format!("fn a() {{}}\n// {mark}: later\n")),
                [2],
                "{mark}"
            );
        }
        assert_eq!(lines("crates/cli/tests/a.rs", "/* TODO(#) */ // TODO(someone)\n"), [1, 1]);
        assert_eq!(lines("crates/cli/src/a.rs", "// FIXME(#12): later\n"), [1]);
    }

    #[test]
    fn a_todo_with_its_issue_and_words_that_contain_a_mark_pass() {
        assert_eq!(lines("crates/cli/src/a.rs", "// TODO(#12): later; TODOS, XXXX\nlet a = \"TODO\";\n"), []);
    }

    #[test]
    fn calls_that_abort_are_found_outside_tests_only() {
        for (call, _) in ABORTS {
            let text = format!("fn a() {{ b\n{call} }}\n");
            assert_eq!(lines("crates/cli/src/a.rs", &text), [2], "{call}");
            assert_eq!(lines("crates/cli/tests/a.rs", &text), [], "{call}");
        }
        assert_eq!(lines("crates/cli/src/a.rs", "// .unwrap()\nlet a = b.unwrap_or(\".expect(\");\n"), []);
    }

    #[test]
    fn paths_of_one_machine_are_found_in_any_text() {
        let count = |text: String| check_paths(&TextFile { path: "README.md".to_owned(), text }).len();
        for path in MACHINE_PATHS {
            for text in [
                format!("{path}x"),
                format!("see `{path}x`"),
                format!("--data={path}x"),
                format!("\"{path}\""),
            ] {
                assert_eq!(count(text.clone()), 1, "{text}");
            }
            for text in [format!("frame{path}x"), format!("../..{path}x"), format!("https://a.io{path}x")] {
                assert_eq!(count(text.clone()), 0, "{text}");
            }
        }
    }
}
