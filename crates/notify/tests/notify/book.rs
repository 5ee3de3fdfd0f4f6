//! The book's table of alerts: its topics exist, and so do the tests that it names.

use std::path::Path;

use seawall_notify::Topic;

const BOOK: &str = include_str!("../../../../docs/alerts.md");

fn functions(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            text.lines().filter(|line| line.trim_start().starts_with("fn ")).for_each(|line| {
                found.push_str(line.trim_start());
                found.push('\n');
            });
        }
    }
}

#[test]
fn each_alert_of_the_book_exists_and_has_a_test_that_exists() {
    let mut found = String::new();
    functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    let section = BOOK.split("## Which alerts there are").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what happened"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 20, "{}", rows.len());
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    for row in rows {
        for topic in quoted(row[2]) {
            assert!(Topic::named(&topic).is_some(), "no topic is called {topic}");
        }
        for test in quoted(row[4]) {
            assert!(found.contains(&format!("fn {test}()")), "no test is called {test}");
        }
        assert!(row[4] == "the same" || !quoted(row[4]).is_empty(), "{row:?}");
    }
}
