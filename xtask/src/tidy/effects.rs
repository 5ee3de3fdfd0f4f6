//! Every key that decides about trading has a test in which changing it changes behaviour.
//!
//! Such a test carries a line of its own for each key in its documentation:
//!
//! ```text
//! /// Effect of `risk.daily_loss_max_pct`.
//! #[test]
//! ```
//!
//! Keys are those of the sample configuration, which the tests of the config crate hold equal to the schema;
//! a key within a list is written as in `risk.clusters[].name`. A mark that names no key, stands above no
//! test, or in a file that never speaks of the key is found, too.

use std::collections::BTreeSet;

use super::Finding;
use super::config_keys::{self, Leaf};
use super::files::{SourceFile, TextFile};
use super::scan::find_words;

/// The commented sample that holds every key.
const SAMPLE: &str = "config/seawall.yaml";
const RULE: &str = "effect";
const MARK: &str = "/// Effect of `";

/// Sections that decide about no trade: where things are kept, what a run starts with, what a simulated
/// exchange costs, the venue's own rules.
const NOT_TRADING: &[&str] = &["config", "simulator", "backtest", "demo", "data", "instruments"];

/// A line of documentation that says which key a test is about.
#[derive(Debug)]
struct Mark<'a> {
    key: &'a str,
    file: &'a SourceFile,
    line: usize,
    /// Why it does not count.
    broken: Option<&'static str>,
}

/// Compares the keys of the sample with the marks of the tests.
pub(crate) fn check(texts: &[TextFile], sources: &[SourceFile]) -> Vec<Finding> {
    let Some(sample) = texts.iter().find(|file| file.path == SAMPLE) else { return Vec::new() };
    let leaves = leaves(&sample.text);
    let known: BTreeSet<&str> = leaves.iter().map(|leaf| leaf.path.as_str()).collect();
    let marks: Vec<Mark<'_>> =
        sources.iter().filter(|source| source.path.starts_with("crates/")).flat_map(marks).collect();
    let shown: BTreeSet<&str> =
        marks.iter().filter(|mark| mark.broken.is_none()).map(|mark| mark.key).collect();
    let wrong = marks.iter().filter_map(|mark| {
        let found = |message: String| Some(Finding::new(&mark.file.path, mark.line, RULE, message));
        match mark.broken {
            Some(broken) => found(broken.to_owned()),
            None if !known.contains(mark.key) => found(format!("there is no key `{}`", mark.key)),
            None => None,
        }
    });
    let missing = leaves.iter().filter(|leaf| decides(&leaf.path) && !shown.contains(leaf.path.as_str()));
    let missing = missing.map(|leaf| {
        let message = format!("no test says `{MARK}{}`.`: show what changing the key changes", leaf.path);
        Finding::new(SAMPLE, leaf.line, RULE, message)
    });
    wrong.chain(missing).collect()
}

fn decides(path: &str) -> bool {
    let section = path.split(['.', '[']).next().unwrap_or(path);
    !NOT_TRADING.contains(&section)
}

/// The keys without keys below them, those of the entries of lists included.
fn leaves(sample: &str) -> Vec<Leaf> {
    let text = with_examples(sample);
    let lines: Vec<&str> = text.lines().collect();
    let keys = config_keys::keys(&text);
    let parent = |path: &str| path.rsplit_once('.').map(|(parent, _)| parent.to_owned());
    let begins_entry = |key: &&Leaf| {
        let line = key.line.checked_sub(1).and_then(|index| lines.get(index));
        line.is_some_and(|line| line.trim_start().starts_with("- "))
    };
    let lists: BTreeSet<String> =
        keys.iter().filter(begins_entry).filter_map(|key| parent(&key.path)).collect();
    let is_parent = |path: &str| {
        keys.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    };
    let mut leaves: Vec<Leaf> = Vec::new();
    for key in keys.iter().filter(|key| !is_parent(&key.path)) {
        let path = with_brackets(&key.path, &lists);
        if leaves.iter().all(|leaf| leaf.path != path) {
            leaves.push(Leaf { path, line: key.line });
        }
    }
    leaves
}

/// `risk.clusters.name` as `risk.clusters[].name`.
fn with_brackets(path: &str, lists: &BTreeSet<String>) -> String {
    let (mut bare, mut written) = (String::new(), String::new());
    for part in path.split('.') {
        if !bare.is_empty() {
            written.push_str(if lists.contains(&bare) { "[]." } else { "." });
            bare.push('.');
        }
        bare.push_str(part);
        written.push_str(part);
    }
    written
}

/// The sample with the entry that is commented out below an empty list taken as if it stood there.
fn with_examples(sample: &str) -> String {
    let mut example: Option<Example<'_>> = None;
    let mut text = String::with_capacity(sample.len());
    for line in sample.lines() {
        let content = line.trim_start();
        let indent = line.strip_suffix(content).unwrap_or("");
        let inside = example.as_mut().filter(|example| example.indent == indent);
        match inside.and_then(|example| example.line(content)) {
            Some(shown) => {
                text.push_str(indent);
                text.push_str(shown);
            }
            None => {
                let begins = content.starts_with("# One entry") && content.ends_with(':');
                example = begins.then_some(Example { indent, has_key: false });
                text.push_str(line);
            }
        }
        text.push('\n');
    }
    text
}

/// An entry of a list that is commented out.
struct Example<'a> {
    indent: &'a str,
    /// The name of the list has been seen.
    has_key: bool,
}

impl Example<'_> {
    /// What a line of it says; `None` behind its end.
    fn line<'a>(&mut self, content: &'a str) -> Option<&'a str> {
        let shown = content.strip_prefix('#')?;
        let shown = shown.strip_prefix(' ').unwrap_or(shown);
        let is_outermost = !shown.is_empty() && !shown.starts_with(' ');
        if is_outermost && self.has_key {
            return None;
        }
        self.has_key |= is_outermost;
        Some(shown)
    }
}

fn marks(file: &SourceFile) -> Vec<Mark<'_>> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut offset = 0;
    let mut marks = Vec::new();
    for (index, line) in file.text.split_inclusive('\n').enumerate() {
        let content = line.trim_start();
        let at = offset + (line.len() - content.len());
        offset += line.len();
        let is_comment = file.scan.comments.get(at..).is_some_and(|rest| rest.starts_with("///"));
        let Some(rest) = content.trim_end().strip_prefix(MARK).filter(|_| is_comment) else { continue };
        let key = rest.strip_suffix("`.").filter(|key| !key.contains(['`', ' ']));
        let below = lines.get(index + 1..).unwrap_or_default();
        let broken = match key {
            None => Some("a mark is one line for one key: /// Effect of `section.key`."),
            Some(_) if !file.is_test(at) || !is_above_test(below) => Some("this mark stands above no test"),
            Some(key) if !speaks_of(file, key) => Some("nothing in this file speaks of the key it marks"),
            Some(_) => None,
        };
        marks.push(Mark { key: key.unwrap_or(rest), file, line: index + 1, broken });
    }
    marks
}

/// Whether documentation and attributes only lie between here and `#[test]`.
fn is_above_test(below: &[&str]) -> bool {
    let mut lines = below.iter().map(|line| line.trim());
    lines.find(|line| !line.starts_with("///") && (*line == "#[test]" || !line.starts_with("#[")))
        == Some("#[test]")
}

/// Whether the last part of the key stands anywhere but in a mark.
fn speaks_of(file: &SourceFile, key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    let is_mark = |line: &str| line.trim_start().starts_with(MARK);
    file.text.lines().filter(|line| !is_mark(line)).any(|line| find_words(line, last).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "risk:\n  # Most.\n  leverage_max: 3\n  # Instruments.\n  clusters: []\n  # One entry:\n  #\n  \
                        # clusters:\n  #   # Name: its own.\n  #   - name: majors\n  #     # Which.\n  #     \
                        instruments: [BTC/USDT]\n  # Loss: how much.\n  loss:\n    daily_pct: 2\ndata:\n  dir: x\n";

    const PASSING: &str = "/// Says what.\n/// Effect of `risk.leverage_max`.\n/// Effect of `risk.loss.daily_pct`.\n\
                           #[test]\nfn a() { set(\"leverage_max\", risk.daily_pct) }\n\
                           proptest! {\n    /// Effect of `risk.clusters[].name`.\n    \
                           /// Effect of `risk.clusters[].instruments`.\n    #[test]\n    \
                           fn b(name in any(), instruments in any()) {}\n}\n";

    fn found_in(path: &str, tests: &str) -> Vec<String> {
        let texts = [TextFile { path: SAMPLE.to_owned(), text: YAML.to_owned() }];
        check(&texts, &[SourceFile::new(path, tests)])
            .into_iter()
            .map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.message))
            .collect()
    }

    fn found(tests: &str) -> Vec<String> {
        found_in("crates/engine/tests/a.rs", tests)
    }

    #[test]
    fn leaves_are_the_keys_and_those_of_the_entries_of_lists() {
        let found: Vec<(String, usize)> =
            leaves(YAML).into_iter().map(|leaf| (leaf.path, leaf.line)).collect();
        let expected = [
            ("risk.leverage_max", 3),
            ("risk.clusters[].name", 10),
            ("risk.clusters[].instruments", 12),
            ("risk.loss.daily_pct", 15),
            ("data.dir", 17),
        ];
        assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
    }

    #[test]
    fn tests_that_are_marked_for_every_key_pass() {
        assert_eq!(found(PASSING), Vec::<String>::new());
        let module = format!("fn x() {{}}\n#[cfg(test)]\nmod tests {{\n{PASSING}}}\n");
        assert_eq!(found_in("crates/engine/src/a.rs", &module), Vec::<String>::new());
    }

    #[test]
    fn a_key_without_a_mark_is_found_where_it_is_documented() {
        let tests = PASSING.replace("/// Effect of `risk.loss.daily_pct`.\n", "");
        let expected = "config/seawall.yaml:15: no test says `/// Effect of `risk.loss.daily_pct`.`: show what \
             changing the key changes";
        assert_eq!(found(&tests), [expected]);
    }

    #[test]
    fn a_mark_of_no_key_above_no_test_or_in_other_words_is_found() {
        let with = |line: &str| found(&format!("{PASSING}{line}"));
        let place = "crates/engine/tests/a.rs:12";
        assert_eq!(
            with("/// Effect of `risk.nothing`.\n#[test]\nfn c() { nothing }"),
            [format!("{place}: there is no key `risk.nothing`")]
        );
        for above_nothing in
            ["/// Effect of `data.dir`.\nfn dir() {}", "/// Effect of `data.dir`.\n\n#[test]\nfn dir() {}"]
        {
            assert_eq!(with(above_nothing), [format!("{place}: this mark stands above no test")]);
        }
        assert_eq!(
            with("/// Effect of `data.dir`.\n#[test]\nfn c() {}"),
            [format!("{place}: nothing in this file speaks of the key it marks")]
        );
        for malformed in
            ["/// Effect of `data.dir`", "/// Effect of `data.dir` and others.", "/// Effect of `a`, `b`."]
        {
            let found = with(&format!("{malformed}\n#[test]\nfn dir() {{}}"));
            assert_eq!(
                found,
                [format!("{place}: a mark is one line for one key: /// Effect of `section.key`.")]
            );
        }
        assert_eq!(with("const A: &str = \"\n/// Effect of `data.nothing`.\n\";"), Vec::<String>::new());
    }

    #[test]
    fn a_mark_in_code_that_is_no_test_shows_nothing() {
        let found = found_in("crates/engine/src/a.rs", PASSING);
        assert_eq!(found.len(), 8, "{found:?}");
    }

    #[test]
    fn sections_that_decide_about_no_trade_need_no_mark() {
        assert!(!decides("data.dir") && !decides("instruments[].tick") && decides("risk.leverage_max"));
    }
}
