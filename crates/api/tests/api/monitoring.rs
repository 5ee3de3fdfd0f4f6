//! The rules for Prometheus and the dashboard for Grafana: they use figures that a run has, and no others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::stage::Stage;

const RULES: &str = include_str!("../../../../contrib/prometheus/seawall.rules.yml");
const CASES: &str = include_str!("../../../../contrib/prometheus/seawall.rules.test.yml");
const DASHBOARD: &str = include_str!("../../../../contrib/grafana/seawall.json");
const EXPORTER: &str = include_str!("../../src/metrics.rs");

/// The names of figures in a text.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("seawall_"))
        .map(str::to_owned)
        .collect()
}

/// What a series is called, of the figures that are exported: counters and histograms have more than one.
fn series(exported: &str) -> BTreeSet<String> {
    let mut series = BTreeSet::new();
    for line in exported.lines() {
        let mut words = line.split(' ');
        if (words.next(), words.next()) != (Some("#"), Some("TYPE")) {
            continue;
        }
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        let ends: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "gauge" => &[""],
            _ => panic!("{line}"),
        };
        series.extend(ends.iter().map(|end| format!("{name}{end}")));
    }
    series
}

#[test]
fn rules_and_dashboard_use_figures_that_a_run_exports_and_no_others() {
    let stage = Stage::open(&[]);
    let protected =
        |body: &Value| body["positions"].as_array().unwrap().iter().any(|row| row["protected"] == true);
    stage.until("/api/positions", protected);
    let figures = stage.ask("GET", "/metrics").token(&stage.viewer).send();
    let mut exported = series(&figures.body);
    // The demo within the process has no feeds that could be missing.
    for name in ["seawall_feeds_live", "seawall_account_stream_live"] {
        assert!(EXPORTER.contains(&format!("\"{name}\"")), "{name}");
        exported.insert(name.to_owned());
    }
    for (what, text) in [("rules", RULES), ("cases", CASES), ("dashboard", DASHBOARD)] {
        let unknown: Vec<String> = names(text).difference(&exported).cloned().collect();
        assert!(unknown.is_empty(), "{what}: {unknown:?} are not among {exported:?}");
    }
}

#[test]
fn each_critical_rule_has_a_case_and_each_rule_says_what_to_do() {
    let alerts = |text: &str, key: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once(key));
        lines.map(|(_, rest)| rest.trim().split(',').next().unwrap().to_owned()).collect()
    };
    let critical = RULES.split("name: seawall-warning").next().unwrap();
    let cases = alerts(CASES, "alertname: ");
    for alert in alerts(critical, "- alert: ") {
        assert!(cases.contains(&alert), "{alert} has no case in seawall.rules.test.yml");
    }
    let rules = alerts(RULES, "- alert: ").len();
    assert!(rules >= 15, "{rules}");
    assert_eq!((RULES.matches("summary: ").count(), RULES.matches("description: ").count()), (rules, rules));
}

#[test]
fn the_dashboard_is_whole() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    assert_eq!((dashboard["uid"].as_str(), dashboard["title"].as_str()), (Some("seawall"), Some("Seawall")));
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            assert!(!names(target["expr"].as_str().unwrap()).is_empty(), "{title}");
            assert_eq!(target["datasource"]["uid"], "${source}", "{title}");
        }
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{title}");
    }
}

/// Where the tests' tools are put, or the path.
fn promtool() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let places = [root.join("target/tools/usr/bin/promtool"), PathBuf::from("promtool")];
    places.into_iter().find(|place| {
        Command::new(place).arg("--version").output().is_ok_and(|output| output.status.success())
    })
}

#[test]
fn promtool_accepts_the_rules_and_their_cases() {
    let Some(promtool) = promtool() else {
        eprintln!("skipped: there is no promtool; Debian's package `prometheus` brings it");
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/prometheus");
    for words in [["check", "rules", "seawall.rules.yml"], ["test", "rules", "seawall.rules.test.yml"]] {
        let output = Command::new(&promtool).args(words).current_dir(&folder).output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{words:?}: {said:?}");
    }
}
