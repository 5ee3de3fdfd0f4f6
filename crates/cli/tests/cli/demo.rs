//! The demo from the outside: one seed is one run, its journal proves it, one instance at a time,
//! a clean end.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Answer, Sandbox};
use serde_json::Value;

/// Market time of a little more than two hours and a half in a second.
const QUICK: &str = "demo --in-process --headless --speed 2000 --duration 1s";

/// Starts a demo and waits until it says that it is running.
fn start(sandbox: &Sandbox, line: &str) -> Child {
    let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    // One byte at a time, so that nothing of the rest is lost in a buffer.
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("demo running in "), "{first}");
    child
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

#[test]
fn one_seed_is_one_run_with_the_agreed_names() {
    let sandbox = Sandbox::new();
    let first = sandbox.run(&format!("{QUICK} --seed 7 --json - --data-dir a")).json();
    let names = "schema fingerprint inputs orders fills positions_opened first_protected_s naked_seconds_max decisions \
        equity violations";
    for name in names.split_whitespace() {
        assert!(first.get(name).is_some(), "{name}: {first}");
    }
    assert_eq!(first["schema"], "seawall.run/1");
    assert!(is_empty_list(&first["violations"]), "{first}");
    assert!(first["positions_opened"].as_u64().unwrap() > 0, "{first}");
    assert!(first["first_protected_s"].as_f64().unwrap() < 60.0, "{first}");
    assert!(first["naked_seconds_max"].as_f64() <= first["naked_seconds_bound"].as_f64(), "{first}");
    assert!(first["equity"].is_string());
    let text = sandbox.run(&format!("{QUICK} --seed 7 --json r.json --data-dir b")).text();
    let second = sandbox.json("r.json");
    assert_eq!(second["fingerprint"], first["fingerprint"]);
    assert_eq!(second["digest"], first["digest"]);
    assert!(text.contains(first["fingerprint"].as_str().unwrap()), "{text}");
    let other = sandbox.run(&format!("{QUICK} --seed 8 --json - --data-dir c")).json();
    assert_ne!(other["fingerprint"], first["fingerprint"]);
}

#[test]
fn the_journal_of_a_run_proves_it_and_says_why() {
    let sandbox = Sandbox::new();
    let summary = sandbox.run(&format!("{QUICK} --json - --data-dir data")).json();
    let run = summary["folder"].as_str().unwrap();
    let report = sandbox.run(&format!("journal verify --json {run}")).json();
    assert_eq!(report["inputs"], summary["inputs"]);
    assert_eq!(report["end"]["fingerprint"], summary["fingerprint"]);
    assert_eq!((&report["end"]["reason"], &report["damages"]), (&"finished".into(), &0.into()));
    assert!(sandbox.run(&format!("journal verify {run}")).text().contains("the run finished"));
    let shown = sandbox.run(&format!("journal show {run} --from 2 --limit 5")).text();
    assert_eq!(shown.lines().count(), 5);
    assert!(shown.starts_with("2 "), "{shown}");
    let lines = sandbox.run(&format!("journal show --json {run} --limit 3")).text();
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    let replay = sandbox.run(&format!("journal replay --json {run}")).json();
    assert_eq!(replay["fingerprint"], summary["fingerprint"]);
    assert!(is_empty_list(&replay["differences"]), "{replay}");
    let told = sandbox.run(&format!("why BTC --json --run {run}")).json();
    assert_eq!(told["instrument"], "sim:BTC/USD:USD");
    assert!(!told["gates"].as_array().unwrap().is_empty());
    let then = sandbox.run("why BTC --json --data-dir data --at 2024-01-01T01:00:00Z").json();
    assert_eq!(then["at"], "2024-01-01T01:00:00Z");
    assert!(sandbox.run("why sim:ETH/USD:USD --data-dir data").text().starts_with("sim:ETH/USD:USD at 20"));
    // A database that is lost comes back from the journal, with the same answers.
    std::fs::remove_file(sandbox.path(&format!("{run}/seawall.db"))).unwrap();
    for rest in ["seawall.db-wal", "seawall.db-shm"] {
        let _ = std::fs::remove_file(sandbox.path(&format!("{run}/{rest}")));
    }
    sandbox.run(&format!("journal replay --rebuild-db {run}")).text();
    assert_eq!(sandbox.run(&format!("why BTC --json --run {run}")).json(), told);
}

#[test]
fn a_damaged_journal_is_reported_with_its_place_and_left_as_it_is() {
    let sandbox = Sandbox::new();
    let summary = sandbox.run(&format!("{QUICK} --json - --data-dir data")).json();
    let run = summary["folder"].as_str().unwrap();
    let segment = format!("{run}/journal/00000001.swj");
    let mut bytes = sandbox.read(&segment);
    bytes[5_000] ^= 0x55;
    sandbox.write(&segment, &bytes);
    let before = sandbox.listing();
    for command in ["verify", "replay", "show"] {
        let answer = sandbox.run(&format!("journal {command} {run}"));
        assert_eq!(answer.code, Some(1), "{command}: {}", answer.err);
        assert_eq!(answer.err.matches("error: ").count(), 1, "{command}: {}", answer.err);
        let said = format!("{}{}", answer.out, answer.err);
        assert!(said.contains("00000001.swj") && said.contains("record "), "{command}: {said}");
    }
    assert_eq!(sandbox.listing(), before);
}

#[test]
fn one_instance_holds_a_data_folder_and_a_killed_one_leaves_nothing_to_clean_up() {
    let sandbox = Sandbox::new();
    let mut first = start(&sandbox, "demo --in-process --headless --speed 1 --duration 1h --data-dir data");
    let second = sandbox.run(&format!("{QUICK} --data-dir data"));
    assert_eq!((second.code, second.out.as_str()), (Some(3), ""), "{}", second.err);
    assert_eq!(second.err.lines().count(), 1, "{}", second.err);
    assert!(second.err.contains("use another --data-dir"), "{}", second.err);
    assert!(!sandbox.path("data/demo/run-000002").exists());
    // SIGKILL: nothing of the process can tidy up.
    first.kill().unwrap();
    first.wait().unwrap();
    let third = sandbox.run(&format!("{QUICK} --json - --data-dir data")).json();
    assert!(third["folder"].as_str().unwrap().ends_with("run-000002"), "{third}");
    // What the killed one recorded is sound, and replays.
    let verified = sandbox.run("journal verify data/demo/run-000001").text();
    assert!(verified.contains("was interrupted"), "{verified}");
    let replayed = sandbox.run("journal replay --json data/demo/run-000001").json();
    assert!(is_empty_list(&replayed["differences"]), "{replayed}");
}

#[test]
fn ctrl_c_ends_a_demo_with_its_summary() {
    let sandbox = Sandbox::new();
    let child = start(&sandbox, "demo --in-process --headless --duration 1h --data-dir data --json r.json");
    let begun = Instant::now();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let answer = Answer::from(child.wait_with_output().unwrap());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let summary = sandbox.json("r.json");
    assert!(is_empty_list(&summary["violations"]), "{summary}");
    assert!(answer.out.contains(summary["fingerprint"].as_str().unwrap()), "{}", answer.out);
    let report = sandbox.run("journal verify --json data/demo/run-000001").json();
    assert_eq!(report["end"]["reason"], "stopped");
    assert_eq!(report["end"]["fingerprint"], summary["fingerprint"]);
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let sandbox = Sandbox::new();
    let mut child =
        sandbox.command("config schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let answer = Answer::from(child.wait_with_output().unwrap());
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
}

#[test]
fn config_commands_do_what_they_say() {
    let sandbox = Sandbox::new();
    let schema = sandbox.run("config schema").json();
    assert!(schema["properties"]["strategy"].is_object());
    assert!(sandbox.run("config init new.yaml").text().starts_with("new.yaml: written"));
    assert!(sandbox.run("config check --config new.yaml").text().starts_with("sound: "));
    let set = "--config new.yaml --set risk.leverage_max=3";
    let rows = sandbox.run(&format!("config explain risk.leverage_max --json {set}")).json();
    assert_eq!((&rows[0]["value"], &rows[0]["default"]), (&"3".into(), &"10".into()));
    assert_eq!(rows[0]["source"], "--set risk.leverage_max");
    let output =
        sandbox.command("config explain demo.seed").env("SEAWALL__DEMO__SEED", "42").output().unwrap();
    let text = Answer::from(output).text();
    assert!(text.contains("demo.seed = 42") && text.contains("SEAWALL__DEMO__SEED"), "{text}");
    let all = sandbox.run("config explain").text();
    assert!(all.contains("strategy.ema_cross.fast") && all.contains("simulator.latency_ms"));
}
