//! How many packages the project stands on, which ones, and where they come from.
//!
//! The budgets are those of the project's dependency page: raising one is a decision, not a side effect.

use super::Finding;
use super::lockfile::Package;
use super::manifest::{Dependency, Manifest, Section};

/// Third-party entries in `[workspace.dependencies]`.
const DIRECT_MAX: usize = 70;
/// Third-party packages in `Cargo.lock`, including those of other platforms that never compile here.
const LOCKED_MAX: usize = 470;

/// Where every third-party package comes from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Packages that may stand nowhere, not even in the lock file, and why.
const BANNED: &[(&str, &str)] = &[
    ("openssl-sys", ONE_TLS),
    ("native-tls", ONE_TLS),
    ("bincode", "unmaintained: use minicbor"),
    ("serde_yaml", "unmaintained: use serde-saphyr"),
    ("serde_yml", "unsound: use serde-saphyr"),
    ("libyml", "unsound: use serde-saphyr"),
];
const ONE_TLS: &str = "aws-lc-rs is the one provider of TLS and cryptography";

/// Packages that others may bring and we may not ask for, and what to use.
const BANNED_DIRECT: &[(&str, &str)] = &[
    ("chrono", "use jiff"),
    ("lazy_static", "use std::sync::LazyLock"),
    ("once_cell", "use std::sync::OnceLock or LazyLock"),
    ("regex", "write the few lines that match"),
];

/// Packages that only some of the others may bring.
const BROUGHT_BY: &[(&str, &[&str])] = &[("chrono", &["parquet", "object_store"])];

/// The crates that talk to a person and may use `anyhow`; the others have a typed error each.
const ANYHOW_USERS: &[&str] = &["cli", "drill", "xtask"];

const RULE: &str = "dependencies";
const LOCK: &str = "Cargo.lock";

/// Checks the workspace's own manifest.
pub(crate) fn check_workspace(manifest: &Manifest) -> Vec<Finding> {
    let listed = manifest.dependencies.iter().filter(|found| found.section == Section::Workspace);
    let third_party: Vec<&Dependency> = listed.filter(|found| !found.is_ours()).collect();
    let mut findings = banned_direct(manifest);
    let count = third_party.len();
    if let (true, Some(last)) = (count > DIRECT_MAX, third_party.last()) {
        let message = format!("{count} direct third-party dependencies, the most is {DIRECT_MAX}");
        findings.push(Finding::new(&manifest.path, last.line, RULE, message));
    }
    for found in third_party {
        let source = found.value.replace(' ', "");
        if source.contains("\"*\"") {
            let message = format!("`{}` needs a version, not a wildcard", found.name);
            findings.push(Finding::new(&manifest.path, found.line, RULE, message));
        }
        if source.contains("git=") || source.contains("path=") {
            let message = format!("`{}` must come from crates.io", found.name);
            findings.push(Finding::new(&manifest.path, found.line, RULE, message));
        }
    }
    findings
}

/// Checks the manifest of a crate.
pub(crate) fn check_member(manifest: &Manifest) -> Vec<Finding> {
    let mut findings = banned_direct(manifest);
    for found in &manifest.dependencies {
        if !found.is_inherited() {
            let message = format!(
                "`{}`: versions stand in the workspace's manifest only; write `{}.workspace = true`",
                found.name, found.name
            );
            findings.push(Finding::new(&manifest.path, found.line, RULE, message));
        }
        if found.name == "anyhow" && !ANYHOW_USERS.contains(&manifest.folder()) {
            let message =
                format!("`anyhow` is for {}; give this crate a typed error", ANYHOW_USERS.join(", "));
            findings.push(Finding::new(&manifest.path, found.line, RULE, message));
        }
    }
    findings
}

fn banned_direct(manifest: &Manifest) -> Vec<Finding> {
    let banned = |found: &Dependency| {
        let (name, reason) = BANNED.iter().chain(BANNED_DIRECT).find(|(name, _)| *name == found.name)?;
        Some(Finding::new(&manifest.path, found.line, RULE, format!("`{name}` is banned: {reason}")))
    };
    manifest.dependencies.iter().filter_map(banned).collect()
}

/// Checks the lock file.
pub(crate) fn check_lock(packages: &[Package]) -> Vec<Finding> {
    let third_party: Vec<&Package> = packages.iter().filter(|package| !package.source.is_empty()).collect();
    let mut findings = Vec::new();
    let count = third_party.len();
    if count > LOCKED_MAX {
        let message = format!("{count} third-party packages, the most is {LOCKED_MAX}");
        findings.push(Finding::new(LOCK, 1, RULE, message));
    }
    for package in third_party {
        let name = package.name.as_str();
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            let message = format!("`{name}` is banned: {reason}");
            findings.push(Finding::new(LOCK, package.line, RULE, message));
        }
        if package.source != CRATES_IO {
            let message = format!("`{name}` comes from `{}`: only crates.io is a source", package.source);
            findings.push(Finding::new(LOCK, package.line, RULE, message));
        }
        findings.extend(brought_by_strangers(package));
    }
    findings
}

fn brought_by_strangers(package: &Package) -> impl Iterator<Item = Finding> {
    let brings = |name: &str| package.dependencies.iter().any(|dependency| dependency == name);
    BROUGHT_BY
        .iter()
        .filter(move |(name, users)| brings(name) && !users.contains(&package.name.as_str()))
        .map(|(name, users)| {
            let message = format!("`{}` brings `{name}`: only {} may", package.name, users.join(" and "));
            Finding::new(LOCK, package.line, RULE, message)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, source: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        Package { name: name.to_owned(), line: 7, source: source.to_owned(), dependencies }
    }

    fn member(folder: &str, text: &str) -> usize {
        check_member(&Manifest::new(&format!("crates/{folder}/Cargo.toml"), text)).len()
    }

    fn workspace(entries: &str) -> usize {
        check_workspace(&Manifest::new("Cargo.toml", &format!("[workspace.dependencies]\n{entries}"))).len()
    }

    #[test]
    fn direct_dependencies_have_a_budget_that_our_own_crates_do_not_use() {
        let entries = |count: usize| (0..count).map(|n| format!("a{n} = \"1\"\n")).collect::<String>();
        let ours = "seawall-model = { path = \"crates/model\" }\n";
        assert_eq!(workspace(&(entries(DIRECT_MAX) + ours)), 0);
        assert_eq!(workspace(&entries(DIRECT_MAX + 1)), 1);
    }

    #[test]
    fn wildcards_and_foreign_sources_are_refused() {
        assert_eq!(workspace("a = \"1\"\n"), 0);
        for entry in ["a = \"*\"\n", "a = { git = \"https://x/a\" }\n", "a = { path = \"../a\" }\n"] {
            assert_eq!(workspace(entry), 1, "{entry}");
        }
    }

    #[test]
    fn versions_stand_in_one_place() {
        assert_eq!(member("cli", "[dependencies]\nserde.workspace = true\n"), 0);
        assert_eq!(member("cli", "[dependencies]\nserde = \"1\"\n"), 1);
        assert_eq!(member("cli", "[dev-dependencies]\nproptest = { version = \"1\" }\n"), 1);
    }

    #[test]
    fn anyhow_is_for_the_crates_that_talk_to_a_person() {
        assert_eq!(member("cli", "[dependencies]\nanyhow.workspace = true\n"), 0);
        assert_eq!(member("store", "[dependencies]\nanyhow.workspace = true\n"), 1);
    }

    #[test]
    fn banned_packages_may_not_be_asked_for() {
        for (name, _) in BANNED.iter().chain(BANNED_DIRECT) {
            assert_eq!(member("cli", &format!("[dependencies]\n{name}.workspace = true\n")), 1, "{name}");
        }
    }

    #[test]
    fn the_lock_file_has_a_budget() {
        let lock =
            |count: usize| -> Vec<Package> { (0..count).map(|_| package("a", CRATES_IO, &[])).collect() };
        assert_eq!(check_lock(&lock(LOCKED_MAX)), []);
        assert_eq!(check_lock(&lock(LOCKED_MAX + 1)).len(), 1);
    }

    #[test]
    fn banned_packages_and_foreign_sources_are_found_in_the_lock_file() {
        assert_eq!(
            check_lock(&[package("seawall-model", "", &["serde"]), package("serde", CRATES_IO, &[])]),
            []
        );
        for (name, _) in BANNED {
            assert_eq!(check_lock(&[package(name, CRATES_IO, &[])]).len(), 1, "{name}");
        }
        assert_eq!(check_lock(&[package("serde", "git+https://x/serde", &[])]).len(), 1);
    }

    #[test]
    fn chrono_comes_with_parquet_or_not_at_all() {
        assert_eq!(check_lock(&[package("parquet", CRATES_IO, &["chrono"])]), []);
        assert_eq!(check_lock(&[package("another", CRATES_IO, &["chrono"])]).len(), 1);
    }
}
