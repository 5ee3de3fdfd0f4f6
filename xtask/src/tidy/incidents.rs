//! The table of incidents says the truth: each number once, each test that it names is there and cites the
//! number, and no number that a test cites is still put off.
//!
//! A row is `| I-20 | what went wrong | what keeps it from happening |`. The last cell names tests in
//! backticks, or says `later:` and what has to exist first, or `by construction:` and what makes it
//! impossible.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::files::{SourceFile, TextFile};
use super::items::functions;
use super::scan::is_word_byte;

const TABLE: &str = "docs/incidents.md";
const RULE: &str = "incident";
const INCIDENTS: u32 = 90;
const DEFECTS: u32 = 42;
/// Numbers that came between two others.
const BETWEEN: &[&str] = &["I-27b"];
const REASONS: &[&str] = &["later:", "by construction:"];

struct Row<'a> {
    number: &'a str,
    line: usize,
    kept: &'a str,
}

/// Which numbers each test cites, by its name.
type Cited = BTreeMap<String, BTreeSet<String>>;

/// Checks the table, once there is a book for it.
pub(crate) fn check(texts: &[TextFile], sources: &[SourceFile]) -> Vec<Finding> {
    if !texts.iter().any(|file| file.path.starts_with("docs/")) {
        return Vec::new();
    }
    let Some(table) = texts.iter().find(|file| file.path == TABLE) else {
        return vec![Finding::new(TABLE, 1, RULE, "the table of incidents is missing")];
    };
    let rows = rows(&table.text);
    let cited = cited(sources);
    let mut findings = complete(&rows);
    for row in &rows {
        let found = |message: String| Finding::new(TABLE, row.line, RULE, message);
        let named: Vec<&str> = tests_named(row.kept).collect();
        for name in &named {
            match cited.get(*name) {
                None => findings.push(found(format!("there is no test `{name}`"))),
                Some(numbers) if !numbers.contains(row.number) => {
                    findings.push(found(format!("the test `{name}` does not cite {}", row.number)));
                }
                Some(_) => {}
            }
        }
        if named.is_empty() {
            let by = cited.iter().find(|(_, numbers)| numbers.contains(row.number));
            if let Some((name, _)) = by {
                findings.push(found(format!("`{name}` cites {}: name it", row.number)));
            } else if !REASONS.iter().any(|reason| row.kept.starts_with(reason)) {
                findings.push(found(format!("name a test, or begin with one of {}", REASONS.join(" "))));
            }
        }
    }
    findings
}

/// Each number stands in the table once, and nothing else does.
fn complete(rows: &[Row<'_>]) -> Vec<Finding> {
    let numbers = |letter: char, most: u32| (1..=most).map(move |number| format!("{letter}-{number}"));
    let all: Vec<String> = numbers('I', INCIDENTS)
        .chain(BETWEEN.iter().map(|number| (*number).to_owned()))
        .chain(numbers('D', DEFECTS))
        .collect();
    let missing = all.iter().filter(|number| !rows.iter().any(|row| row.number == number.as_str()));
    let missing = missing.map(|number| Finding::new(TABLE, 1, RULE, format!("{number} is missing")));
    let wrong = rows.iter().enumerate().filter_map(|(index, row)| {
        let twice = rows.iter().take(index).any(|earlier| earlier.number == row.number);
        let unknown = !all.iter().any(|number| number == row.number);
        let message = match (twice, unknown) {
            (true, _) => format!("{} stands here twice", row.number),
            (false, true) => format!("there is no {}", row.number),
            (false, false) => return None,
        };
        Some(Finding::new(TABLE, row.line, RULE, message))
    });
    missing.chain(wrong).collect()
}

fn rows(table: &str) -> Vec<Row<'_>> {
    table.lines().enumerate().filter_map(|(index, line)| row(index + 1, line)).collect()
}

fn row(line: usize, text: &str) -> Option<Row<'_>> {
    let mut cells = text.strip_prefix('|')?.split('|').map(str::trim);
    let number = cells.next().filter(|cell| numbers_in(cell).next() == Some(*cell))?;
    Some(Row { number, line, kept: cells.nth(1).unwrap_or("") })
}

/// Words in backticks that are names of tests: sentences, so several words.
fn tests_named(cell: &str) -> impl Iterator<Item = &str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        word.matches('_').count() > 2
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || is_word_byte(byte))
    })
}

fn cited(sources: &[SourceFile]) -> Cited {
    let mut cited = Cited::new();
    for source in sources.iter().filter(|source| source.path.starts_with("crates/")) {
        for function in functions(&source.scan.code) {
            if !source.is_test(function.span.start) {
                continue;
            }
            let above = above(&source.text, function.span.start);
            let Some(text) = source.text.get(above..function.span.end) else { continue };
            if text.contains("#[test]") {
                let numbers: Vec<String> =
                    numbers_in(text).map(str::to_owned).chain(numbers_in_name(&function.name)).collect();
                cited.entry(function.name).or_default().extend(numbers);
            }
        }
    }
    cited
}

/// Where the comments and attributes of an item begin that stands at `at`.
fn above(text: &str, at: usize) -> usize {
    let mut start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    while let Some(before) = text.get(..start.saturating_sub(1)).filter(|_| start > 0) {
        let begins = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.get(begins..).unwrap_or("").trim_start();
        if !line.starts_with("//") && !line.starts_with("#[") {
            break;
        }
        start = begins;
    }
    start
}

/// `I-20` in `i_20_margin_is_that_of_now`.
fn numbers_in_name(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let number = |pair: &[&str]| match pair {
        [letter @ ("i" | "d"), digits] if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(format!("{}-{digits}", letter.to_uppercase()))
        }
        _ => None,
    };
    words.windows(2).filter_map(number).collect()
}

/// Every `I-20`, `I-27b`, `D-15` of a text.
fn numbers_in(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices(['I', 'D']).map(|(at, _)| at);
    starts.filter_map(|at| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        if before.is_some_and(|byte| is_word_byte(*byte) || *byte == b'-') {
            return None;
        }
        let digits = text.get(at + 1..)?.strip_prefix('-')?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let length = length + usize::from(digits.as_bytes().get(length) == Some(&b'b'));
        let after = digits.as_bytes().get(length);
        let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
        let ends = after.is_none_or(|byte| !is_word_byte(*byte));
        (is_number && ends).then(|| text.get(at..at + 2 + length))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTS: &str = "/// [I-1], and D-2.\n#[test]\nfn a_thing_that_is_so() {\n    // [I-27b]\n}\n\n\
                         // I-3 is not its own.\nfn helper_of_a_test() {}\n\
                         proptest! {\n    // D-4: here.\n    #[test]\n    fn some_thing_more_holds(x in any()) {}\n}\n";

    /// A table in which every number but the given ones is put off.
    fn table(rows: &[(&str, &str)]) -> String {
        let numbers = (1..=INCIDENTS).map(|number| format!("I-{number}"));
        let defects = (1..=DEFECTS).map(|number| format!("D-{number}"));
        let all = numbers.chain(["I-27b".to_owned()]).chain(defects);
        let line = |number: String| {
            let given = rows.iter().find(|(given, _)| *given == number).map(|(_, kept)| *kept);
            format!("| {number} | what | {} |\n", given.unwrap_or("later: the live runtime"))
        };
        format!(
            "# Incidents\n\n| number | what | where |\n|---|---|---|\n{}",
            all.map(line).collect::<String>()
        )
    }

    fn found(table: String) -> Vec<String> {
        let texts = [TextFile { path: TABLE.to_owned(), text: table }];
        let sources = [SourceFile::new("crates/engine/tests/a.rs", TESTS)];
        check(&texts, &sources).into_iter().map(|finding| finding.message).collect()
    }

    const KEPT: [(&str, &str); 4] = [
        ("I-1", "`a_thing_that_is_so`, and more later"),
        ("I-27b", "`a_thing_that_is_so`"),
        ("D-2", "by `a_thing_that_is_so` and the gate `stale_peak`"),
        ("D-4", "`some_thing_more_holds`"),
    ];

    #[test]
    fn a_table_whose_tests_cite_their_numbers_passes() {
        assert_eq!(found(table(&KEPT)), Vec::<String>::new());
    }

    #[test]
    fn a_test_that_is_not_there_or_does_not_cite_the_number_is_found() {
        let with = |number, kept| found(table(&[KEPT.as_slice(), &[(number, kept)]].concat()));
        assert_eq!(with("I-2", "`no_such_test_here`"), ["there is no test `no_such_test_here`"]);
        assert_eq!(with("I-2", "`helper_of_a_test`"), ["there is no test `helper_of_a_test`"]);
        assert_eq!(
            with("I-3", "`some_thing_more_holds`"),
            ["the test `some_thing_more_holds` does not cite I-3"]
        );
        let reason = "name a test, or begin with one of later: by construction:";
        assert_eq!(with("I-3", "somewhere"), [reason]);
        assert_eq!(with("I-3", "by construction: types"), Vec::<String>::new());
    }

    #[test]
    fn a_number_that_a_test_cites_is_not_put_off() {
        assert_eq!(found(table(KEPT.get(1..).unwrap())), ["`a_thing_that_is_so` cites I-1: name it"]);
    }

    #[test]
    fn numbers_that_are_missing_doubled_or_unknown_are_found() {
        let whole = table(&KEPT);
        let without = whole.replace("| I-80 | what | later: the live runtime |\n", "");
        assert_eq!(found(without), ["I-80 is missing"]);
        let more = format!("{whole}| I-91 | what | later: |\n| D-42 | what | later: |\n");
        assert_eq!(found(more), ["there is no I-91", "D-42 stands here twice"]);
    }

    #[test]
    fn a_book_without_the_table_is_found_and_no_book_is_fine() {
        let check_with = |path: &str| {
            let texts = [TextFile { path: path.to_owned(), text: String::new() }];
            check(&texts, &[]).len()
        };
        assert_eq!((check_with("docs/risk.md"), check_with("README.md")), (1, 0));
    }

    #[test]
    fn numbers_are_read_whole() {
        let text = "[I-27b], D-8: PI-3 I-x I-12a (I-7) 2D-5 I-90.";
        assert_eq!(numbers_in(text).collect::<Vec<_>>(), ["I-27b", "D-8", "I-7", "I-90"]);
        assert_eq!(numbers_in_name("i_27b_and_d_8_hold_for_i_and_5"), ["I-27b", "D-8"]);
    }
}
