//! What holds entries back, figures, the log, the timeline, and pages by cursor.

use seawall_api::logs::LogLevel;
use seawall_model::Ts;
use serde_json::{Value, json};

use crate::stage::Stage;

fn rows(body: &Value, name: &str) -> Vec<Value> {
    body[name].as_array().unwrap_or_else(|| panic!("no {name} in {body}")).clone()
}

fn at(value: &Value) -> Ts {
    value.as_str().unwrap_or_else(|| panic!("no instant: {value}")).parse().unwrap()
}

#[test]
fn what_holds_entries_back_is_told_with_its_cause_its_key_and_its_end() {
    let after = ["risk.cooldown.after_win_minutes=600", "risk.cooldown.after_loss_minutes=600"];
    let stage = Stage::open(&["demo.speed=2000", after[0], after[1]]);
    let lock = |body: &Value, name: &str| rows(body, "locks").into_iter().find(|lock| lock["name"] == name);
    let risk = stage.until("/api/risk", |risk| lock(risk, "after_trade").is_some());
    let pause = lock(&risk, "after_trade").unwrap();
    assert!(at(&pause["until"]) > at(&risk["at"]) && pause["instrument"].is_string(), "{pause}");
    assert_eq!((pause["key"].as_str(), &pause["holds_start"]), (Some("risk.cooldown"), &json!(false)));
    assert!(lock(&risk, "mode").is_none());
    let paused = stage.command("/api/commands", &json!({ "command": "pause" }));
    assert_eq!(paused.status, 200, "{}", paused.body);
    let mode = lock(&stage.get("/api/risk"), "mode").unwrap();
    assert!(mode["until"].is_null() && mode["words"].as_str().unwrap().contains("smaller"), "{mode}");
}

#[test]
fn a_day_that_has_lost_its_limit_is_locked_until_midnight() {
    let stage = Stage::open(&["demo.speed=2000", "risk.daily_loss_max_pct=0.6"]);
    let risk =
        stage.until("/api/risk", |risk| rows(risk, "locks").iter().any(|one| one["name"] == "day_loss"));
    let lock = rows(&risk, "locks").into_iter().find(|one| one["name"] == "day_loss").unwrap();
    assert_eq!(lock["key"], "risk.daily_loss_max_pct");
    assert!(
        lock["until"].as_str().unwrap().ends_with("T00:00:00Z") && at(&lock["until"]) > at(&risk["at"]),
        "{lock}"
    );
}

#[test]
fn figures_of_health_are_there_as_json() {
    let stage = Stage::open(&[]);
    let figures = stage.until("/api/figures", |body| {
        rows(body, "latencies")
            .iter()
            .any(|one| one["name"] == "engine_step" && one["count"].as_u64() > Some(1_000))
    });
    for latency in rows(&figures, "latencies") {
        let told: u64 =
            rows(&latency, "buckets").iter().map(|bucket| bucket["count"].as_u64().unwrap()).sum();
        assert_eq!(Some(told), latency["count"].as_u64(), "{latency}");
    }
    let steps = &figures["latencies"][0];
    assert!(
        steps["mean_s"].as_f64().unwrap() > 0.0 && steps["p50_s"].as_f64() <= steps["p99_s"].as_f64(),
        "{steps}"
    );
    assert!(figures["naked_seconds_bound"].as_f64().unwrap() > 0.0 && figures["inputs"].as_u64() > Some(0));
    let rows = rows(&stage.until("/api/figures", |body| !rows(body, "naked").is_empty()), "naked");
    assert!(rows.iter().all(|one| one["naked_seconds"].as_f64() > Some(0.0)), "{rows:?}");
}

#[test]
fn the_log_is_filtered_by_level_words_and_number_and_shows_no_secret() {
    let stage = Stage::open(&[]);
    for (level, text) in [
        (LogLevel::Info, "first"),
        (LogLevel::Warn, "Second swt_ab_cd"),
        (LogLevel::Error, "third"),
        (LogLevel::Debug, "fourth"),
    ] {
        stage.logs.push(Ts::EPOCH, level, "seawall_live::run", text);
    }
    let texts = |path: &str| -> Vec<String> {
        rows(&stage.get(path), "lines").iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts("/api/logs"), ["first", "Second swt_…", "third", "fourth"]);
    assert_eq!(texts("/api/logs?level=warn"), ["Second swt_…", "third"]);
    assert_eq!(texts("/api/logs?text=SECOND"), ["Second swt_…"]);
    assert_eq!(texts("/api/logs?text=live::run&limit=1"), ["fourth"]);
    assert_eq!(texts("/api/logs?after=2"), ["third", "fourth"]);
    assert_eq!(stage.get("/api/logs?limit=2")["more"], true);
    let refused = stage.ask("GET", "/api/logs?level=loud").token(&stage.viewer).send();
    assert_eq!((refused.status, refused.code().as_str()), (400, "level"));
    assert!(refused.body.contains("error, warn, info, debug, trace"), "{}", refused.body);
}

#[test]
fn a_command_and_what_it_led_to_stand_in_the_timeline() {
    let stage = Stage::open(&["demo.speed=2000"]);
    stage.until("/api/status", |status| status["ready"] == true);
    let paused = stage.command("/api/commands", &json!({ "command": "pause", "why": "to look" }));
    assert_eq!(paused.status, 200, "{}", paused.body);
    let changed =
        |body: &Value| rows(body, "incidents").into_iter().find(|one| one["kind"] == "mode_changed");
    let timeline = stage.until("/api/incidents", |body| changed(body).is_some());
    assert!(changed(&timeline).unwrap()["ended_at"].is_null(), "it goes on: {timeline}");
    let command = rows(&timeline, "incidents").into_iter().find(|one| one["kind"] == "command").unwrap();
    assert_eq!(
        (command["cause"].as_str(), command["newest"].as_str()),
        (Some("mode reduce_only"), Some("to look"))
    );
    assert!(command["who"].as_str().unwrap().starts_with("operator by token"), "{command}");
    assert!(rows(&timeline, "incidents").is_sorted_by_key(|one| at(&one["started_at"])));
}

#[test]
fn the_past_comes_page_by_page_each_row_once() {
    let stage = Stage::open(&["demo.speed=2000"]);
    stage.until("/api/decisions?limit=200", |page| page["more"] == true);
    let paused = stage.command("/api/commands", &json!({ "command": "kill_and_flatten" }));
    assert_eq!(paused.status, 200, "{}", paused.body);
    let until = stage.get("/api/status")["at"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(600));
    let whole = rows(&stage.get(&format!("/api/decisions?limit=150&until={until}")), "rows");
    let (mut told, mut cursor) = (Vec::new(), String::new());
    for _ in 0..150 / 7 + 1 {
        let page = stage.get(&format!("/api/decisions?limit=7&until={until}{cursor}"));
        told.splice(0..0, rows(&page, "rows"));
        cursor = format!("&cursor={}", page["next"].as_str().unwrap());
    }
    assert_eq!(told.split_off(told.len() - 150), whole);
    let refused = stage.ask("GET", "/api/decisions?cursor=nonsense").token(&stage.viewer).send();
    assert_eq!((refused.status, refused.code().as_str()), (400, "query"));
    assert!(refused.body.contains("next"), "{}", refused.body);

    let entered = rows(&stage.get("/api/decisions?outcome=entered&limit=50"), "rows");
    assert!(!entered.is_empty() && entered.iter().all(|row| row["outcome"] == "entered"));
    let curve = rows(&stage.get("/api/equity?points=5"), "rows");
    assert!(curve.len() == 5 && curve.is_sorted_by_key(|row| at(&row["at"])), "{curve:?}");
    let refused = stage.ask("GET", "/api/equity?points=1").token(&stage.viewer).send();
    assert_eq!((refused.status, refused.code().as_str()), (400, "points"));
    let trades = rows(&stage.until("/api/trades", |page| !rows(page, "rows").is_empty()), "rows");
    let closed = trades[0]["closed_at"].as_str().unwrap();
    let found = rows(&stage.get(&format!("/api/trades?closed_since={closed}&closed_until={closed}")), "rows");
    assert!(!found.is_empty() && found.iter().all(|row| row["closed_at"] == closed), "{found:?}");
}
