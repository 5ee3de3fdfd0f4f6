//! The pure crates have no clock, no random source, no socket, no file, no thread and no order that changes
//! by run.
//!
//! Time and randomness come in as inputs; that is what makes a run repeatable. What they may pull in through
//! other packages is held in [`super::tree`].

use super::Finding;
use super::files::SourceFile;
use super::manifest::{Manifest, Section};
use super::scan::{bracketed, find_words};

/// The crates that decide, the one that simulates, the one that speaks the venues' protocols, and the one
/// that tests them all.
pub(crate) const PURE_CRATES: &[&str] =
    &["model", "smc", "strategy", "engine", "simulator", "venues", "storm"];

/// Packages that bring a runtime, a socket, a clock or a random source.
const BANNED_PACKAGES: &[&str] = &[
    "async-std",
    "chrono",
    "crossbeam",
    "fastrand",
    "futures",
    "futures-util",
    "getrandom",
    "hyper",
    "mio",
    "rand",
    "rayon",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "time",
    "tokio",
    "tokio-util",
    "tracing-subscriber",
    "uuid",
];

/// Calls and types, and why they are out.
const BANNED_CALLS: &[(&str, &str)] = &[
    ("Instant::now", CLOCK),
    ("SystemTime", CLOCK),
    ("Timestamp::now", CLOCK),
    ("Zoned::now", CLOCK),
    ("std::net", OUTSIDE),
    ("std::thread", OUTSIDE),
    ("std::fs", OUTSIDE),
    ("std::env", OUTSIDE),
    ("std::process", OUTSIDE),
    ("std::io", OUTSIDE),
    ("HashMap", ORDER),
    ("HashSet", ORDER),
    ("RandomState", ORDER),
    ("rand::", "randomness comes in as an input: take a seeded generator"),
    ("println!", PRINT),
    ("eprintln!", PRINT),
    ("print!", PRINT),
    ("eprint!", PRINT),
];

/// Modules of `std` that are also found inside `use std::{…}`.
const BANNED_MODULES: &[&str] = &["net", "thread", "fs", "env", "process", "io"];

const CLOCK: &str = "time comes in as an input";
const OUTSIDE: &str = "only drivers touch the world outside";
const ORDER: &str = "its order changes from run to run: use a BTreeMap, a BTreeSet or a sorted Vec";
const PRINT: &str = "say it with an effect, a decision or an error";

const RULE: &str = "purity";

/// Checks the code of a pure crate outside its tests.
pub(crate) fn check_calls(file: &SourceFile) -> Vec<Finding> {
    let Some(name) = PURE_CRATES.iter().find(|name| file.path.starts_with(&format!("crates/{name}/src/")))
    else {
        return Vec::new();
    };
    let code = &file.scan.code;
    let calls = BANNED_CALLS
        .iter()
        .flat_map(|(call, reason)| find_words(code, call).map(move |at| (at, (*call).to_owned(), *reason)));
    calls
        .chain(grouped_imports(code))
        .filter(|(at, ..)| !file.is_test(*at))
        .map(|(at, call, reason)| {
            let message = format!("`{call}` in the pure crate `{name}`: {reason}");
            Finding::new(&file.path, file.scan.line_of(at), RULE, message)
        })
        .collect()
}

/// The banned modules in `use std::{collections::BTreeMap, fs}`.
fn grouped_imports(code: &str) -> impl Iterator<Item = (usize, String, &'static str)> {
    find_words(code, "std::{").flat_map(move |at| {
        let group = bracketed(code, at + "std::".len());
        let words = code.get(group.clone()).unwrap_or_default();
        let in_group = move |module: &&'static str| {
            let place = find_words(words, module).find(|place| is_top_level(words, *place))?;
            Some((group.start + place, format!("std::{module}"), OUTSIDE))
        };
        BANNED_MODULES.iter().copied().filter_map(move |module| in_group(&module))
    })
}

fn is_top_level(group: &str, at: usize) -> bool {
    let before = group.get(..at).unwrap_or_default();
    let depth = before.matches('{').count() - before.matches('}').count().min(before.matches('{').count());
    depth == 1 && before.trim_end().ends_with(['{', ','])
}

/// Checks what a pure crate asks for itself.
pub(crate) fn check_manifest(manifest: &Manifest) -> Vec<Finding> {
    let folder = manifest.folder();
    if !PURE_CRATES.contains(&folder) {
        return Vec::new();
    }
    let built = manifest.dependencies.iter().filter(|found| found.section == Section::Built);
    built
        .filter(|found| BANNED_PACKAGES.contains(&found.name.as_str()))
        .map(|found| {
            let message = format!("the pure crate `{folder}` may not depend on `{}`", found.name);
            Finding::new(&manifest.path, found.line, RULE, message)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check_calls(&SourceFile::new(path, text)).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_banned_call_is_found_in_a_pure_crate_and_allowed_in_a_driver() {
        for (call, _) in BANNED_CALLS {
            let text =
                format!("fn a() {{\n    {call}x\n}}\n").replace(&format!("{call}x"), &format!("{call} "));
            assert_eq!(lines("crates/engine/src/a.rs", &text), [2], "{call}");
            assert_eq!(lines("crates/live/src/a.rs", &text), [], "{call}");
        }
    }

    #[test]
    fn names_that_only_look_alike_pass() {
        let text = "use rand_core::Rng;\n// Instant::now\nlet a = \"std::fs\"; operand::x(); MyHashMapLike;\nBTreeMap\n";
        assert_eq!(lines("crates/engine/src/a.rs", text), []);
    }

    #[test]
    fn tests_of_a_pure_crate_may_use_anything() {
        assert_eq!(lines("crates/engine/src/a.rs", "#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n"), []);
        assert_eq!(lines("crates/engine/tests/a.rs", "use std::fs;\n"), []);
    }

    #[test]
    fn grouped_imports_are_seen_through() {
        assert_eq!(lines("crates/smc/src/a.rs", "use std::{\n    fmt,\n    fs::File,\n};\n"), [3]);
        assert_eq!(lines("crates/smc/src/a.rs", "use std::{collections::{BTreeMap, env}, fmt, ops};\n"), []);
    }

    #[test]
    fn a_pure_crate_may_not_ask_for_a_runtime_but_its_tests_may() {
        let check = |path: &str, text: &str| check_manifest(&Manifest::new(path, text)).len();
        assert_eq!(check("crates/engine/Cargo.toml", "[dependencies]\ntokio.workspace = true\n"), 1);
        assert_eq!(check("crates/engine/Cargo.toml", "[dependencies]\nserde.workspace = true\n"), 0);
        assert_eq!(check("crates/engine/Cargo.toml", "[dev-dependencies]\nrand.workspace = true\n"), 0);
        assert_eq!(check("crates/live/Cargo.toml", "[dependencies]\ntokio.workspace = true\n"), 0);
    }
}
