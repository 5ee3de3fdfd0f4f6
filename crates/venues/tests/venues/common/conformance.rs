//! What the conformance tests share: the table of checks against the files there are, and comparison of our
//! values with a payload's own numbers.

use rust_decimal::Decimal;
use serde_json::Value;
use std::path::Path;

use super::{fixtures, json_files, text};

/// A check of one file, given its folder and its name.
pub type Check = fn(&Path, &str);

/// Runs every check; a file that no check reads, that two lists name, or that is not there, fails.
pub fn run(venue: &str, checks: &[(&str, Check)], without_use: &[(&str, &str)]) {
    let Some(folder) = fixtures(venue) else { return };
    let name = |path: &Path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
    let there: Vec<String> = json_files(&folder).iter().map(|path| name(path)).collect();
    let named = || checks.iter().map(|(file, _)| *file).chain(without_use.iter().map(|(file, _)| *file));
    for file in &there {
        assert_eq!(named().filter(|known| known == file).count(), 1, "{file}: read by exactly one check?");
    }
    for file in named() {
        assert!(there.iter().any(|known| known == file), "{file} is not there");
    }
    for (file, why) in without_use {
        assert!(why.len() > 20, "{file}: say why it has no use");
    }
    let failed = |(file, check): &&(&str, Check)| {
        println!("{file}");
        std::panic::catch_unwind(|| check(&folder, file)).is_err()
    };
    let failures: Vec<&str> = checks.iter().filter(failed).map(|(file, _)| *file).collect();
    assert!(failures.is_empty(), "the checks of these files say more above: {failures:?}");
}

/// A file as a value; numbers keep their digits only as far as a float does, so compare with [`number`].
pub fn value(folder: &Path, file: &str) -> Value {
    serde_json::from_str(&text(folder, file)).unwrap()
}

/// The payload of a case of ccxt.
pub fn case(folder: &Path, file: &str, id: &str) -> (String, Value) {
    #[derive(serde::Deserialize)]
    struct Case {
        id: String,
        payload: Box<serde_json::value::RawValue>,
        ccxt_result: Option<Value>,
    }
    let cases: Vec<Case> = serde_json::from_str(&text(folder, file)).unwrap();
    let case = cases.into_iter().find(|case| case.id == id).unwrap_or_else(|| panic!("no case {id}"));
    (case.payload.get().to_owned(), case.ccxt_result.unwrap_or_default())
}

/// A number of a payload, written as a number or as text.
pub fn number(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    seawall_model::parse_decimal(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Asserts that a value of ours is the payload's.
pub fn same(what: &str, ours: Decimal, theirs: &Value) {
    assert_eq!(ours.normalize(), number(theirs).normalize(), "{what}");
}

/// A list of a payload.
pub fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// Compares two texts of JSON as values.
pub fn same_json(what: &str, ours: &str, theirs: &Value) {
    assert_eq!(&serde_json::from_str::<Value>(ours).unwrap(), theirs, "{what}");
}
