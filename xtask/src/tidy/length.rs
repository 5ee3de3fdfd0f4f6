//! A file tells one story, a function fits on a screen, a line fits beside another one.

use super::Finding;
use super::files::SourceFile;
use super::items;

/// The longest a file may be, tests included.
const FILE_LINES_MAX: usize = 800;
/// The longest a function may be, from its `fn` to its closing brace; tests may be longer.
const FUNCTION_LINES_MAX: usize = 70;
/// The widest a line may be, in characters: rustfmt's `max_width`, held for comments and macros too.
const COLUMNS_MAX: usize = 110;
/// A literal this wide can't be broken without hiding what it says, so its line may be wider.
const LONG_LITERAL_COLUMNS: usize = 60;

/// Checks the lengths of a file, its functions and its lines, and that it opens with what it is for.
pub(crate) fn check(file: &SourceFile) -> Vec<Finding> {
    let mut findings: Vec<Finding> = file_length(file).into_iter().chain(module_doc(file)).collect();
    findings.extend(functions(file));
    findings.extend(lines(file));
    findings
}

fn file_length(file: &SourceFile) -> Option<Finding> {
    let lines = file.text.lines().count();
    let message = format!("{lines} lines, the most is {FILE_LINES_MAX}: split the file by story");
    (lines > FILE_LINES_MAX).then(|| Finding::new(&file.path, FILE_LINES_MAX + 1, "file-length", message))
}

fn module_doc(file: &SourceFile) -> Option<Finding> {
    let first = file.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let message = "the file must open with a `//!` comment: what it is for and the invariants it keeps";
    (!first.starts_with("//!")).then(|| Finding::new(&file.path, 1, "module-doc", message))
}

fn functions(file: &SourceFile) -> impl Iterator<Item = Finding> {
    items::functions(&file.scan.code)
        .into_iter()
        .filter(|function| !file.is_test(function.span.start))
        .filter_map(|function| {
            let first = file.scan.line_of(function.span.start);
            let lines = file.scan.line_of(function.span.end.saturating_sub(1)) + 1 - first;
            let name = function.name;
            let message =
                format!("`{name}` has {lines} lines, the most is {FUNCTION_LINES_MAX}: take a part out");
            (lines > FUNCTION_LINES_MAX).then(|| Finding::new(&file.path, first, "function-length", message))
        })
}

fn lines(file: &SourceFile) -> impl Iterator<Item = Finding> {
    file.text.lines().enumerate().filter_map(|(index, line)| {
        let (number, columns) = (index + 1, line.chars().count());
        let excused = line.contains("://") || file.scan.literal_width(number) >= LONG_LITERAL_COLUMNS;
        let message = format!("{columns} columns, the most is {COLUMNS_MAX}");
        (columns > COLUMNS_MAX && !excused).then(|| Finding::new(&file.path, number, "line-length", message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, &'static str)> {
        check(&SourceFile::new(path, text)).into_iter().map(|finding| (finding.line, finding.rule)).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("//! Doc.\nfn long() {{\n{}}}\n", "    // {\n".repeat(lines - 2))
    }

    #[test]
    fn a_file_may_be_as_long_as_the_limit_and_no_longer() {
        let text = |lines: usize| format!("//! Doc.\n{}", "\n".repeat(lines - 1));
        assert_eq!(rules("crates/model/src/a.rs", &text(FILE_LINES_MAX)), []);
        let expected = [(FILE_LINES_MAX + 1, "file-length")];
        assert_eq!(rules("crates/model/src/a.rs", &text(FILE_LINES_MAX + 1)), expected);
        assert_eq!(rules("crates/model/tests/a.rs", &text(FILE_LINES_MAX + 1)), expected);
    }

    #[test]
    fn a_function_may_be_as_long_as_the_limit_and_no_longer() {
        assert_eq!(rules("crates/model/src/a.rs", &function_of(FUNCTION_LINES_MAX)), []);
        assert_eq!(
            rules("crates/model/src/a.rs", &function_of(FUNCTION_LINES_MAX + 1)),
            [(2, "function-length")]
        );
    }

    #[test]
    fn a_test_may_be_longer() {
        let long = function_of(200);
        assert_eq!(rules("crates/model/tests/a.rs", &long), []);
        let inside = format!("//! Doc.\n#[cfg(test)]\nmod tests {{\n{}}}\n", long.replace("//! Doc.\n", ""));
        assert_eq!(rules("crates/model/src/a.rs", &inside), []);
    }

    #[test]
    fn wide_lines_are_found_except_for_addresses_and_long_literals() {
        let line = |content: &str| format!("//! Doc.\n{content}\n");
        assert_eq!(rules("xtask/src/a.rs", &line(&format!("// {}", "x".repeat(107)))), []);
        assert_eq!(rules("xtask/src/a.rs", &line(&format!("// {}", "ß".repeat(108)))), [(2, "line-length")]);
        assert_eq!(rules("xtask/src/a.rs", &line(&format!("// https://x/{}", "x".repeat(120)))), []);
        assert_eq!(rules("xtask/src/a.rs", &line(&format!("const A: &str = \"{}\";", "x".repeat(120)))), []);
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        assert_eq!(rules("xtask/src/a.rs", "\n//! Doc.\n"), []);
        assert_eq!(rules("xtask/src/a.rs", "// Doc.\nfn a() {}\n"), [(1, "module-doc")]);
        assert_eq!(rules("xtask/src/a.rs", ""), [(1, "module-doc")]);
    }
}
