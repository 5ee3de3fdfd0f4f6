//! What really gets compiled, as `cargo tree` sees it on this platform: budgets, and packages that may not be
//! there.

use std::collections::BTreeSet;
use std::path::Path;

use super::Finding;
use crate::steps;

/// A part of the workspace and the most third-party packages that compiling it may take.
struct Budget {
    what: &'static str,
    /// The crates it starts from; none means all of them.
    crates: &'static [&'static str],
    /// The kinds of dependencies that count.
    edges: &'static str,
    max: usize,
    banned: &'static [&'static str],
}

/// A runtime, a socket, a random source: none may reach a pure crate, whoever brings it.
const IMPURE: &[&str] = &["tokio", "mio", "reqwest", "socket2", "rand", "getrandom"];
/// The second provider of cryptography that would come with a careless feature.
const SECOND_CRYPTO: &[&str] = &["ring", "openssl-sys", "native-tls"];

const BUDGETS: &[Budget] = &[
    // 28 when this was written. Half of them only derive code at build time; ten come with schemars, which
    // derives the configuration's schema from the strategies' and the engine's own parameters.
    Budget {
        what: "model + smc + strategy + engine",
        crates: &["seawall-model", "seawall-smc", "seawall-strategy", "seawall-engine"],
        edges: "normal,build",
        max: 30,
        banned: IMPURE,
    },
    // 32 when this was written: beside what model brings and schemars, a seeded ChaCha generator.
    Budget {
        what: "simulator",
        crates: &["seawall-simulator"],
        edges: "normal,build",
        max: 36,
        banned: IMPURE,
    },
    // What it runs on, not what builds it: the build script of the one C library asks for a random source.
    Budget { what: "venues", crates: &["seawall-venues"], edges: "normal", max: 44, banned: IMPURE },
    // The journal comes with the database beside it; a runtime comes with neither. 47 when this was written.
    Budget { what: "storm", crates: &["seawall-storm"], edges: "normal", max: 55, banned: IMPURE },
    Budget {
        // 135 when this was written; the rest is for the API, the venues and the notifications to come.
        what: "the seawall binary",
        crates: &["seawall-cli"],
        edges: "normal,build",
        max: 295,
        banned: SECOND_CRYPTO,
    },
    Budget {
        // 146 when this was written.
        what: "everything, with tests and benches",
        crates: &[],
        edges: "normal,build,dev",
        max: 380,
        banned: SECOND_CRYPTO,
    },
];

const RULE: &str = "tree";
const LOCK: &str = "Cargo.lock";

/// Asks cargo for each part's packages and holds them against its budget.
pub(crate) fn check(root: &Path) -> Vec<Finding> {
    let judged: Result<Vec<Vec<Finding>>, String> = BUDGETS
        .iter()
        .map(|budget| packages(root, budget).map(|output| judge(budget, &third_party(&output))))
        .collect();
    match judged {
        Ok(findings) => findings.concat(),
        // One reason is enough: what stops one part stops all of them.
        Err(reason) => vec![failed(&reason)],
    }
}

/// What `cargo tree` says about a part, or why it says nothing.
fn packages(root: &Path, budget: &Budget) -> Result<String, String> {
    let mut command = steps::cargo();
    command.current_dir(root).args([
        "tree",
        "--quiet",
        "--locked",
        "--prefix",
        "none",
        "--edges",
        budget.edges,
    ]);
    if budget.crates.is_empty() {
        command.arg("--workspace");
    }
    for name in budget.crates {
        command.args(["--package", name]);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn failed(reason: &str) -> Finding {
    let message = if reason.contains("--locked") {
        "it does not match the manifests: run `cargo metadata`, which updates it, and commit it".to_owned()
    } else {
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("cannot list what is compiled: {reason}")
    };
    Finding::new(LOCK, 1, RULE, message)
}

/// Name and version of each package in the output of `cargo tree --prefix none`, without our own.
fn third_party(output: &str) -> BTreeSet<(String, String)> {
    output
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            let ours = name.starts_with("seawall-") || name == "xtask";
            (!ours && version.starts_with('v')).then(|| (name.to_owned(), version.to_owned()))
        })
        .collect()
}

fn judge(budget: &Budget, packages: &BTreeSet<(String, String)>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if packages.len() > budget.max {
        let message = format!(
            "{} compiles {} third-party packages, the most is {}",
            budget.what,
            packages.len(),
            budget.max
        );
        findings.push(Finding::new(LOCK, 1, RULE, message));
    }
    for (name, version) in packages.iter().filter(|(name, _)| budget.banned.contains(&name.as_str())) {
        let message = format!(
            "{} may not compile `{name} {version}`; `cargo tree --invert {name}` says who asks",
            budget.what
        );
        findings.push(Finding::new(LOCK, 1, RULE, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::purity::PURE_CRATES;
    use super::*;

    const SMALL: Budget = Budget { what: "sample", crates: &[], edges: "normal", max: 2, banned: IMPURE };

    fn judged(output: &str) -> usize {
        judge(&SMALL, &third_party(output)).len()
    }

    #[test]
    fn packages_count_once_and_ours_not_at_all() {
        let output = "seawall-engine v0.1.0 (here)\nserde v1.0.1\nserde v1.0.1 (*)\nlibm v0.2.0\n\nxtask v0.1.0 (there)\n";
        assert_eq!(judged(output), 0);
    }

    #[test]
    fn one_package_too_many_is_found() {
        assert_eq!(judged("serde v1.0.1\nlibm v0.2.0\nlibm v0.3.0 (proc-macro)\n"), 1);
    }

    #[test]
    fn an_impure_package_is_found_however_deep_it_lies() {
        assert_eq!(judged("serde v1.0.1\ntokio v1.54.0 (*)\n"), 1);
        assert_eq!(judged("rand_core v0.10.0\n"), 0);
    }

    #[test]
    fn every_pure_crate_is_under_a_budget_that_bans_what_is_impure() {
        for name in PURE_CRATES {
            let held = |budget: &&Budget| budget.crates.contains(&format!("seawall-{name}").as_str());
            assert!(BUDGETS.iter().filter(held).any(|budget| budget.banned == IMPURE), "{name}");
        }
    }

    #[test]
    fn a_failure_of_cargo_is_a_finding() {
        let finding = failed("error: failed to download\n  `serde`");
        assert!(finding.message.ends_with("error: failed to download `serde`"), "{finding}");
    }

    #[test]
    fn a_lock_file_that_is_out_of_date_is_answered_with_what_to_do() {
        let finding = failed("error: cannot update the lock file because --locked was passed");
        assert!(finding.message.contains("commit it"), "{finding}");
    }
}
