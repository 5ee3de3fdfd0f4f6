//! The buttons of the demo: what goes wrong on purpose ends with every position protected.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::running::Running;
use crate::common::{Answer, Sandbox};

fn any(body: &Value, wanted: impl Fn(&Value) -> bool) -> bool {
    body["rows"].as_array().is_some_and(|rows| rows.iter().any(wanted))
}

#[test]
fn a_stop_that_is_taken_away_and_a_network_that_is_cut_end_with_every_position_protected() {
    let sandbox = Sandbox::new();
    let mut running = Running::start(&sandbox);
    running.until("both are protected", "/api/status", |_, status| {
        status["ready"] == true && status["positions_protected"].as_u64() >= Some(2)
    });
    let (_, drills) = running.ask("GET", "/api/demo", None);
    assert_eq!(drills["drills"], json!(["cut-network", "reject-my-stop"]));

    let (status, refused) =
        running.ask("POST", "/api/demo/reject-my-stop", Some(&json!({ "instrument": "NO/SUCH" })));
    assert_eq!((status, refused["code"].as_str()), (409, Some("no_stop")), "{refused}");
    let (status, begun) = running.ask("POST", "/api/demo/reject-my-stop", Some(&json!({ "why": "to see" })));
    assert_eq!((status, begun["drill"].as_str()), (200, Some("reject-my-stop")), "{begun}");
    let name = begun["instrument"].as_str().unwrap().to_owned();
    let (status, busy) = running.ask("POST", "/api/demo/cut-network", Some(&json!({})));
    assert_eq!((status, busy["code"].as_str()), (409, Some("drill_running")), "{busy}");
    running.until("the alarm", "/api/alerts", |_, alerts| {
        any(alerts, |row| row["kind"] == "position_unprotected" && row["instrument"] == name.as_str())
    });
    let emergency = running.until("the emergency exit", "/api/orders", |_, orders| {
        any(orders, |row| {
            row["role"] == "emergency" && row["instrument"] == name.as_str() && row["state"] == "filled"
        })
    });
    // The one that was taken away, and at least one that was not taken.
    let over =
        |row: &&Value| row["role"] == "stop" && row["instrument"] == name.as_str() && row["state"] != "open";
    assert!(emergency["rows"].as_array().unwrap().iter().filter(over).count() >= 2, "{emergency}");
    let status = running.until_protected();
    assert!(status["naked_seconds_max"].as_f64().unwrap() > 0.0, "{status}");

    let before = running.ask("GET", "/api/positions", None).1;
    let (status, begun) = running.ask("POST", "/api/demo/cut-network", Some(&json!({})));
    assert_eq!((status, begun["drill"].as_str()), (200, Some("cut-network")), "{begun}");
    running.until("the loss is seen", "/readyz", |_, body| body["cause"] == "account_stream_lost");
    running.until_protected();
    let after = running.ask("GET", "/api/positions", None).1;
    for row in after["positions"].as_array().unwrap().iter().filter(|row| row["side"] != "flat") {
        assert!(row["proven_at"].as_str() > begun["at"].as_str(), "proven anew: {row} before: {before}");
    }

    // Who, what and why stand in the journal.
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert!(running.child.wait().unwrap().success());
    let shown =
        Answer::from(sandbox.command("journal show data/demo/run-000001 --limit 10000000").output().unwrap())
            .text();
    for words in ["drill reject-my-stop", "drill cut-network", "to see"] {
        assert!(shown.contains(words), "{words} is not in the journal");
    }
}
