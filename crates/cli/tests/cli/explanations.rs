//! Why, how often, and what it came to: `why`, `decisions`, `report`, and the kill switch from the outside.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use crate::common::{Answer, Sandbox};
use serde_json::Value;

/// Market time of a little more than six hours in a second.
const RUN: &str = "demo --in-process --headless --speed 15000 --duration 1s --json - --data-dir data";

/// A sandbox with a run.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(RUN).json();
    sandbox
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

#[test]
fn why_says_what_would_have_had_to_differ_and_what_the_plan_would_have_made() {
    let sandbox = sandbox();
    let newest = sandbox.run("why BTC --json --data-dir data").json();
    let binding = &newest["explanation"]["binding"];
    assert_eq!(binding["gate"], newest["outcome"]["refused"]);
    assert!(binding["would_have_passed"].as_str().unwrap().contains("would have had to"), "{newest}");
    // The very first record, before any candle.
    let first = sandbox.run("why BTC --data-dir data --at 2024-01-01T00:00:01Z").text();
    assert!(first.contains("(no price yet): not entered: refused by start_up"), "{first}");
    assert!(first.contains("would have had to be at least 1, it was 0; whatever comes after it"), "{first}");
    // A refused plan whose end is known.
    let all = sandbox.run("decisions --json --limit 100000 --data-dir data").json();
    let with_plan = |one: &&Value| one["planned"].is_object() && one["outcome"]["refused"].is_string();
    let refused: Vec<&Value> = list(&all["decisions"]).iter().filter(with_plan).collect();
    let told = |one: &Value, how: &str| {
        let (name, at) = (one["instrument"].as_str().unwrap(), one["at"].as_str().unwrap());
        sandbox.run(&format!("why {name} --at {at} --data-dir data{how}"))
    };
    let answers: Vec<Value> = refused.iter().take(40).map(|one| told(one, " --json").json()).collect();
    let known = answers.iter().position(|one| one["explanation"]["shadow"]["r"].is_f64()).unwrap();
    let shadow = &answers[known]["explanation"]["shadow"];
    assert_eq!(shadow["planned"], answers[known]["planned"]);
    let text = told(refused[known], "").text();
    let r = format!("{:+.2} R after costs", shadow["r"].as_f64().unwrap());
    assert!(
        text.contains("planned: ") && text.contains("it would have made ") && text.contains(&r),
        "{text}"
    );
}

#[test]
fn decisions_are_listed_and_counted_by_gate_and_the_counts_add_up() {
    let sandbox = sandbox();
    let counted = sandbox.run("decisions --by-gate --json --data-dir data").json();
    let total = counted["total"].as_u64().unwrap();
    let sum = |rows: &Value, key: &str| list(rows).iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&counted["gates"], "count") + counted["entered"].as_u64().unwrap(), total);
    assert_eq!(sum(&counted["instruments"], "total"), total);
    let shares: f64 = list(&counted["gates"]).iter().map(|row| row["share_pct"].as_f64().unwrap()).sum();
    assert!(shares > 90.0 && shares < 100.0, "{shares}");
    let followed: u64 =
        list(&counted["gates"]).iter().map(|row| row["shadow"]["followed"].as_u64().unwrap()).sum();
    assert!(followed > 0, "{counted}");
    for row in list(&counted["gates"]) {
        let of = |key: &str| row["shadow"][key].as_u64().unwrap();
        assert_eq!(of("never_entered") + of("won") + of("lost"), of("followed"), "{row}");
    }
    let all = sandbox.run("decisions --json --limit 100000 --data-dir data").json();
    assert_eq!((all["total"].as_u64(), list(&all["decisions"]).len() as u64), (Some(total), total));
    // A part of them: one instrument, one hour.
    let hour = "--instrument BTC --from 2024-01-01T01:00:00Z --to 2024-01-01T02:00:00Z --data-dir data";
    let part = sandbox.run(&format!("decisions --json --limit 100 {hour}")).json();
    assert_eq!((part["total"].as_u64(), list(&part["decisions"]).len()), (Some(60), 60));
    assert_eq!(part["decisions"][0]["at"], "2024-01-01T01:00:00Z");
    assert_eq!(part["decisions"][59]["at"], "2024-01-01T01:59:00Z");
    let text = sandbox.run(&format!("decisions --limit 3 {hour}")).text();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("the newest 3 of 60"), "{text}");
    let text = sandbox.run(&format!("decisions --by-gate {hour}")).text();
    assert!(text.starts_with("60 decisions from 2024-01-01T01:00:00Z to 2024-01-01T01:59:00Z"), "{text}");
}

#[test]
fn the_report_of_the_last_hours_adds_up() {
    let sandbox = sandbox();
    let report = sandbox.run("report --json --data-dir data").json();
    assert_eq!((&report["schema"], &report["hours"]), (&"seawall.report/1".into(), &24.into()));
    assert_eq!((&report["from"], &report["ended"]), (&"2024-01-01T00:00:00Z".into(), &true.into()));
    let decimal = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!(report["equity_start"], "10000");
    let change = decimal(&report["equity_end"]) - decimal(&report["equity_start"]);
    assert!((decimal(&report["equity_change"]) - change).abs() < 1e-6);
    let of_instruments: f64 = list(&report["instruments"]).iter().map(|row| decimal(&row["pnl"])).sum();
    assert!((of_instruments - decimal(&report["trades"]["pnl"])).abs() < 1e-6, "{report}");
    // What was not made by closed trades is in the positions that are open.
    let open: f64 = list(&report["positions_open"]).iter().map(|row| decimal(&row["unrealised"])).sum();
    let fees_open = decimal(&report["fees"]) - decimal(&report["trades"]["fees"]);
    let explained = decimal(&report["trades"]["pnl"]) + open - fees_open;
    assert!((explained - change).abs() < 0.01, "{explained} of {change}: {report}");
    assert!(report["trades"]["unprotected_seconds_max"].as_f64().unwrap() < 6.0);
    let first = report["instruments"][0]["pnl"].clone();
    let worst = list(&report["instruments"]).iter().map(|row| decimal(&row["pnl"])).fold(f64::MAX, f64::min);
    assert!(decimal(&first) <= worst, "the worst instrument comes first");
    let decisions = &report["decisions"];
    let refused: u64 =
        decisions["by_gate"].as_object().unwrap().values().map(|one| one.as_u64().unwrap()).sum();
    assert_eq!(refused + decisions["entered"].as_u64().unwrap(), decisions["total"].as_u64().unwrap());
    let text = sandbox.run("report --data-dir data --run data/demo/run-000001 --hours 1").text();
    assert!(text.starts_with("run 1 (paper, ended): ") && text.contains(", 1.0 h\n"), "{text}");
    let short = sandbox.run("report --json --data-dir data --hours 1").json();
    assert!(short["decisions"]["total"].as_u64() < decisions["total"].as_u64());
}

#[test]
fn a_rebuilt_database_gives_the_same_answers() {
    let sandbox = sandbox();
    let commands = [
        "decisions --json --limit 100000 --data-dir data",
        "decisions --by-gate --json --data-dir data",
        "report --json --data-dir data",
    ];
    let before = commands.map(|line| sandbox.run(line).json());
    sandbox.run("journal replay --rebuild-db data/demo/run-000001").text();
    assert_eq!(commands.map(|line| sandbox.run(line).json()), before);
}

#[test]
fn what_is_asked_wrongly_is_named_and_ends_with_two() {
    let sandbox = sandbox();
    for (line, said) in [
        ("decisions --data-dir nowhere", "there are no runs in"),
        ("report --data-dir nowhere", "start one with `seawall demo`"),
        ("report --run data", "run.json"),
        ("report --hours 0 --data-dir data", "allowed are 1 to"),
        ("report --hours 1.5 --data-dir data", "whole number"),
        ("decisions --instrument DOGE --data-dir data", "no instrument `DOGE`"),
        ("decisions --from 2025-01-01 --data-dir data", "no decisions in"),
        ("decisions --from 2025-01-02 --to 2025-01-01 --data-dir data", "is not before --to"),
        ("decisions --by-gate --limit 5 --data-dir data", "cannot be used with"),
        ("kill-switch activate --reason boredom --data-dir data", "allowed are manual, api_error,"),
        ("kill-switch activate --reason corrupt_state --data-dir data", "allowed are manual"),
    ] {
        let answer = sandbox.run(line);
        assert_eq!(answer.code, Some(2), "{line}: {}{}", answer.out, answer.err);
        assert!(answer.err.contains(said), "{line}: {}", answer.err);
        assert_eq!(answer.out, "", "{line}");
    }
}

#[test]
fn the_kill_switch_tells_its_state_by_text_json_and_exit_code() {
    let sandbox = Sandbox::new();
    let status = || sandbox.run("kill-switch status --data-dir data");
    assert!(status().text().starts_with("kill switch: off "));
    let on = sandbox.run("kill-switch activate --reason api_error --note down~again --data-dir data").text();
    assert!(on.contains("reason: api_error (down again)"), "{on}");
    let told = status();
    assert_eq!((told.code, told.err.as_str()), (Some(4), ""));
    assert!(told.out.starts_with("kill switch: on "), "{}", told.out);
    let again = sandbox.run("kill-switch activate --json --data-dir data").json();
    assert_eq!(
        (&again["state"], &again["reason"]),
        (&"on".into(), &"api_error".into()),
        "the first reason stays"
    );
    assert_eq!(sandbox.run("kill-switch release --json --data-dir data").json()["state"], "off");
    assert_eq!(status().code, Some(0));
    assert!(sandbox.run("kill-switch release --data-dir data").text().contains("off already"));
    // Whatever cannot be read is on.
    sandbox.write("data/kill_switch.json", "{\"state\":");
    let corrupt = status();
    assert_eq!(corrupt.code, Some(4));
    assert!(corrupt.out.contains("reason: corrupt_state (not readable"), "{}", corrupt.out);
    sandbox.run("kill-switch release --data-dir data").text();
    assert_eq!(status().code, Some(0));
}

#[test]
fn i_86_a_run_that_starts_while_the_switch_is_on_holds_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.run("kill-switch activate --flatten --data-dir data").text();
    let quick = "demo --in-process --headless --speed 15000 --duration 1s --data-dir data";
    let text = sandbox.run(quick).text();
    assert!(text.contains("the kill switch is on (manual since "), "{text}");
    assert!(text.contains("no entries, nothing is closed"), "{text}");
    let held = sandbox.run(&format!("{quick} --json -")).json();
    assert_eq!((&held["kill_switch"], &held["orders"]), (&"manual".into(), &0.into()), "{held}");
    let gates = sandbox.run("decisions --by-gate --json --data-dir data").json();
    let gate = |name: &str| list(&gates["gates"]).iter().find(|row| row["gate"] == name).cloned();
    assert!(gate("kill_switch").unwrap()["count"].as_u64().unwrap() > 0, "{gates}");
    sandbox.run("kill-switch release --data-dir data").text();
    let freed = sandbox.run(&format!("{quick} --json -")).json();
    assert!(freed["kill_switch"].is_null() && freed["orders"].as_u64().unwrap() > 0, "{freed}");
}

#[test]
fn a_running_demo_takes_the_switch_through_its_journal() {
    let sandbox = Sandbox::new();
    let line = "demo --in-process --headless --speed 2000 --duration 1h --data-dir data --json r.json";
    let mut child = sandbox.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("demo running in "), "{first}");
    // The file is looked at four times a second.
    let wait = || std::thread::sleep(Duration::from_millis(1_500));
    wait();
    sandbox.run("kill-switch activate --flatten --data-dir data").text();
    wait();
    sandbox.run("kill-switch release --data-dir data").text();
    wait();
    let stopped = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    let answer = Answer::from(child.wait_with_output().unwrap());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(sandbox.json("r.json")["kill_switch"].is_null());
    let shown = sandbox.run("journal show --json data/demo/run-000001 --limit 10000000").text();
    let commands: Vec<&str> = shown.lines().filter(|line| line.contains("\"Operator\"")).collect();
    assert!(commands[0].contains("\"reason\":\"manual\",\"flatten\":true"), "{commands:?}");
    assert!(commands[1].contains("\"release\"") && commands[2].contains("\"shutdown\""), "{commands:?}");
    let replay = sandbox.run("journal replay --json data/demo/run-000001").json();
    assert!(list(&replay["differences"]).is_empty(), "{replay}");
    let report = sandbox.run("report --json --data-dir data").json();
    assert!(report["alerts"]["by_kind"]["kill_switch"].as_u64().unwrap() >= 3, "on, verified, off: {report}");
}
