//! Arrows between the crates only point down.

use super::Finding;
use super::manifest::{Manifest, Section};

/// Which of our crates each crate may stand on.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("smc", &["model"]),
    ("simulator", &["model"]),
    ("venues", &["model"]),
    ("archive", &["model"]),
    ("notify", &["model"]),
    ("testnet", &["model", "simulator", "venues", "archive"]),
    ("strategy", &["model", "smc"]),
    ("engine", &["model", "smc", "strategy"]),
    ("store", &["model", "engine", "strategy"]),
    ("config", &["model", "strategy", "engine", "simulator", "notify"]),
    ("backtest", &["model", "smc", "strategy", "engine", "simulator", "archive"]),
    (
        "live",
        &[
            "model",
            "smc",
            "strategy",
            "engine",
            "simulator",
            "store",
            "config",
            "backtest",
            "venues",
            "notify",
        ],
    ),
    ("api", &["model", "smc", "archive", "engine", "store", "config", "live", "notify"]),
    ("storm", &["model", "strategy", "engine", "simulator", "store", "venues", "testnet"]),
    // Judges the built binaries from outside.
    ("drill", &["model", "engine", "store", "live"]),
    // Not in `crates/`: the chores must build before, and without, everything else.
    ("xtask", &[]),
];

/// The crate that ties all the others and may stand on any of them.
const TOP: &str = "cli";

/// Checks the crates of ours that a manifest builds on; tests may use any.
pub(crate) fn check(manifest: &Manifest) -> Vec<Finding> {
    let folder = manifest.folder();
    if folder == TOP {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == folder) else {
        let message =
            format!("crate `{folder}` has no place yet: say in `ARROWS` which crates it may stand on");
        return vec![Finding::new(&manifest.path, 1, "arrows", message)];
    };
    let ours =
        manifest.dependencies.iter().filter(|found| found.section == Section::Built && found.is_ours());
    ours.filter(|found| !allowed.contains(&short(&found.name)))
        .map(|found| {
            let stands_on =
                if allowed.is_empty() { "none of our crates".to_owned() } else { allowed.join(", ") };
            let message =
                format!("`{folder}` may not depend on `{}`; it stands on: {stands_on}", short(&found.name));
            Finding::new(&manifest.path, found.line, "arrows", message)
        })
        .collect()
}

fn short(name: &str) -> &str {
    name.strip_prefix("seawall-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(folder: &str, text: &str) -> Vec<usize> {
        let manifest = Manifest::new(&format!("crates/{folder}/Cargo.toml"), text);
        check(&manifest).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn arrows_that_point_down_pass() {
        let text = "[dependencies]\nseawall-model.workspace = true\nseawall-strategy.workspace = true\nserde = \"1\"\n";
        assert_eq!(lines("engine", text), []);
        assert_eq!(lines("cli", "[dependencies]\nseawall-live.workspace = true\n"), []);
    }

    #[test]
    fn arrows_that_point_up_or_sideways_are_found() {
        let text =
            "[dependencies]\nseawall-model.workspace = true\nseawall-engine = { path = \"../engine\" }\n";
        assert_eq!(lines("strategy", text), [3]);
        assert_eq!(lines("model", "[build-dependencies]\nseawall-smc.workspace = true\n"), [2]);
    }

    #[test]
    fn tests_may_use_any_crate() {
        assert_eq!(lines("smc", "[dev-dependencies]\nseawall-simulator.workspace = true\n"), []);
    }

    #[test]
    fn a_crate_without_a_place_is_asked_for_one() {
        assert_eq!(lines("novel", ""), [1]);
    }

    #[test]
    fn the_table_itself_has_no_circle() {
        for (at, (name, allowed)) in ARROWS.iter().enumerate() {
            let below: Vec<&str> = ARROWS.iter().take(at).map(|(name, _)| *name).collect();
            assert!(
                allowed.iter().all(|crate_below| below.contains(crate_below)),
                "{name} stands on a later one"
            );
        }
    }
}
