//! Backtests that a run starts over its API, with the same binary.

use serde_json::{Value, json};

use crate::common::Sandbox;
use crate::common::running::Running;

fn start(running: &Running, body: &Value) -> (u16, Value) {
    running.ask("POST", "/api/backtests", Some(body))
}

fn ended(running: &Running, id: u64) -> Value {
    let path = format!("/api/backtests/{id}");
    running.until("it ends", &path, |status, body| status == 200 && body["state"] != "running")
}

#[test]
fn a_backtest_over_the_candles_of_the_run_has_figures_and_a_report_and_is_removed() {
    let sandbox = Sandbox::new();
    let running = Running::start(&sandbox);
    let data = running.until("candles are there", "/api/backtests/data", |_, body| {
        body["series"]
            .as_array()
            .is_some_and(|rows| rows.iter().any(|row| row["candles"].as_u64() > Some(200)))
    });
    let series = data["series"].as_array().unwrap().iter().find(|row| row["candles"].as_u64() > Some(200));
    let series = series.unwrap();
    assert_eq!(series["source"], "run");
    let candles = json!([{
        "instrument": series["instrument"], "timeframe": series["timeframe"], "source": "run",
    }]);
    let good = json!({
        "candles": candles, "strategy": "ema_cross", "note": "to see",
        "set": { "strategy.ema_cross.stop_pct": "2", "backtest.initial_equity": "5000" },
    });
    let (status, begun) = start(&running, &good);
    assert_eq!((status, &begun["id"]), (202, &json!(1)), "{begun}");
    let done = ended(&running, 1);
    assert_eq!(
        (&done["state"], &done["problem"], &done["note"]),
        (&json!("done"), &Value::Null, &json!("to see"))
    );
    assert_eq!(done["summary"]["initial_equity"], "5000", "{done}");
    let report = running.text("/api/backtests/1/report");
    assert!(report.contains("sandbox allow-scripts") && report.contains("<html"), "{report:.400}");

    let mut broken = good.clone();
    broken["set"] = json!({ "strategy.ema_cross.stop_pct": "two" });
    assert_eq!(start(&running, &broken).0, 202);
    let failed = ended(&running, 2);
    assert_eq!(failed["state"], "failed");
    assert!(failed["problem"].as_str().unwrap().contains("strategy.ema_cross.stop_pct"), "{failed}");

    for (field, value, code) in [
        ("candles", json!([]), "candles"),
        ("candles", json!([candles[0], candles[0]]), "candles"),
        ("candles", json!([{ "instrument": "../x", "timeframe": "1m", "source": "archive" }]), "candles"),
        ("set", json!({ "api.listen": "0.0.0.0:1" }), "set"),
        ("set", json!({ "--config": "x" }), "set"),
        ("strategy", json!("--help"), "strategy"),
        ("note", json!("a\u{7}"), "note"),
        ("to", json!("1999"), "bad_json"),
        ("folder", json!("/"), "bad_json"),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let (status, answer) = start(&running, &bad);
        assert_eq!((status, answer["code"].as_str()), (400, Some(code)), "{bad}: {answer}");
    }
    let (_, all) = running.ask("GET", "/api/backtests", None);
    let ids: Vec<&Value> = all["backtests"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!((all["can_start"].as_bool(), ids), (Some(true), vec![&json!(2), &json!(1)]));
    for status in [204, 404] {
        assert_eq!(running.ask("DELETE", "/api/backtests/1", None).0, status);
    }
    assert_eq!(running.ask("GET", "/api/backtests/1/report", None).0, 404);
    assert_eq!(running.ask("GET", "/api/backtests/..", None).1["code"], "id");
}
