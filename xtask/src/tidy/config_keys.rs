//! Every key of the sample configuration has a test that names it: no knob that nobody reads.
//!
//! A test names a key by its dotted path, as in `risk.max_leverage`, or by its last part in quotes.

use super::Finding;
use super::files::{SourceFile, TextFile};
use super::scan::is_word_byte;

/// The commented sample that holds every key.
const SAMPLE: &str = "config/seawall.yaml";
const FOLDER: &str = "config/";
const RULE: &str = "config-key";

/// A key without keys below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// As in `risk.max_leverage`.
    pub(super) path: String,
    pub(super) line: usize,
}

/// Checks the sample configuration, once there is a folder for it.
pub(crate) fn check(texts: &[TextFile], sources: &[SourceFile]) -> Vec<Finding> {
    if !texts.iter().any(|file| file.path.starts_with(FOLDER)) {
        return Vec::new();
    }
    let Some(sample) = texts.iter().find(|file| file.path == SAMPLE) else {
        return vec![Finding::new(SAMPLE, 1, RULE, "the sample configuration is missing")];
    };
    // This crate's own tests are about made-up keys.
    let crates = sources.iter().filter(|source| source.path.starts_with("crates/"));
    let tests: Vec<&str> = crates.flat_map(SourceFile::test_text).collect();
    leaves(&sample.text)
        .into_iter()
        .filter(|leaf| !tests.iter().any(|text| mentions(text, &leaf.path)))
        .map(|leaf| {
            Finding::new(SAMPLE, leaf.line, RULE, format!("no test names `{}`: show its effect", leaf.path))
        })
        .collect()
}

fn mentions(text: &str, path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or(path);
    text.contains(&format!("\"{last}\"")) || path.contains('.') && contains_path(text, path)
}

/// Whether the dotted path stands in the text, not as a part of a longer one.
fn contains_path(text: &str, path: &str) -> bool {
    let is_word_at =
        |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(|b| is_word_byte(*b));
    text.match_indices(path).any(|(at, _)| {
        let before = at.checked_sub(1);
        let is_suffix = is_word_at(before) || before.and_then(|at| text.as_bytes().get(at)) == Some(&b'.');
        !is_suffix && !is_word_at(Some(at + path.len()))
    })
}

/// The keys of a YAML text that have no keys below them: block mappings, lists of them, and block scalars.
fn leaves(yaml: &str) -> Vec<Leaf> {
    let keys = keys(yaml);
    let is_parent = |path: &str| {
        keys.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    };
    let mut found: Vec<Leaf> = Vec::new();
    for key in &keys {
        let known = found.iter().any(|leaf| leaf.path == key.path);
        if !known && !is_parent(&key.path) {
            found.push(Leaf { path: key.path.clone(), line: key.line });
        }
    }
    found
}

/// Every key of a YAML text with its line, those with keys below them included.
pub(super) fn keys(yaml: &str) -> Vec<Leaf> {
    let mut keys = Vec::new();
    let mut above: Vec<(usize, String)> = Vec::new();
    let mut block_scalar: Option<usize> = None;
    for (index, line) in yaml.lines().enumerate() {
        let content = line.trim_start_matches([' ', '-']);
        let column = line.len() - content.len();
        if content.trim().is_empty()
            || content.starts_with('#')
            || block_scalar.is_some_and(|key| column > key)
        {
            continue;
        }
        block_scalar = None;
        let Some((key, value)) = key_and_value(content) else { continue };
        above.retain(|(column_above, _)| *column_above < column);
        above.push((column, key.to_owned()));
        let path = above.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
        keys.push(Leaf { path, line: index + 1 });
        if value.starts_with(['|', '>']) {
            block_scalar = Some(column);
        }
    }
    keys
}

/// Splits `key: value  # why`; a list's plain item is no key.
fn key_and_value(content: &str) -> Option<(&str, &str)> {
    let (key, value) = content.split_once(':')?;
    let key = key.trim_matches(['"', '\'', ' ']);
    let is_key = key.bytes().all(|byte| is_word_byte(byte) || b"-/".contains(&byte));
    (is_key && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "# sample\nmode: paper  # or live: later\nrisk:\n  max_leverage: 3\n  loss:\n    daily_pct: \"2\"\n\
                        instruments:\n  - symbol: BTC/USD\n    note: |\n      not: a key\n  - symbol: ETH/USD\n\
                        tags:\n  - http://x\n";

    fn missing(tests: &str, sample: &str) -> Vec<String> {
        let texts = [TextFile { path: sample.to_owned(), text: YAML.to_owned() }];
        let sources = [SourceFile::new("crates/config/tests/keys.rs", tests)];
        check(&texts, &sources)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.message))
            .collect()
    }

    #[test]
    fn leaves_are_the_keys_without_keys_below() {
        let found: Vec<(String, usize)> =
            leaves(YAML).into_iter().map(|leaf| (leaf.path, leaf.line)).collect();
        let expected = [
            ("mode", 2),
            ("risk.max_leverage", 4),
            ("risk.loss.daily_pct", 6),
            ("instruments.symbol", 8),
            ("instruments.note", 9),
            ("tags", 12),
        ];
        assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
    }

    #[test]
    fn keys_that_tests_name_pass() {
        let tests = "//! risk.max_leverage\nconst A: &str = \"risk.loss.daily_pct=2\";\n\
                     const B: [&str; 4] = [\"mode\", \"symbol\", \"note\", \"tags\"];\n";
        assert_eq!(missing(tests, SAMPLE), Vec::<String>::new());
    }

    #[test]
    fn a_key_that_no_test_names_is_found() {
        let tests = "const A: &str = \"mode symbol note tags\"; // other.risk.max_leverage, risk.loss.daily_pct_max\n";
        let found = missing(tests, SAMPLE);
        assert_eq!(found.len(), 6, "{found:?}");
        assert_eq!(
            found.get(1).map(String::as_str),
            Some("4: no test names `risk.max_leverage`: show its effect")
        );
    }

    #[test]
    fn code_outside_tests_names_nothing() {
        let texts = [TextFile { path: SAMPLE.to_owned(), text: "mode: paper\n".to_owned() }];
        let named = |text: &str| check(&texts, &[SourceFile::new("crates/config/src/a.rs", text)]).is_empty();
        assert!(!named("const A: &str = \"mode\";"));
        assert!(named("#[cfg(test)]\nmod tests { const A: &str = \"mode\"; }"));
    }

    #[test]
    fn a_folder_without_the_sample_is_found_and_no_folder_is_fine() {
        assert_eq!(missing("", "config/other.yaml"), ["1: the sample configuration is missing"]);
        assert_eq!(missing("", "README.md"), Vec::<String>::new());
    }
}
