//! What can be read, from a demo that really trades.

use std::cell::Cell;
use std::time::Instant;

use seawall_live::board::VIEW_EVERY;
use seawall_model::{Span, Ts};
use serde_json::Value;

use crate::stage::Stage;

/// Held positions with a proven stop, as the demo has them sooner or later.
fn held(stage: &Stage) -> Value {
    let body = stage.until("/api/positions", |body| {
        let rows = body["positions"].as_array().unwrap();
        rows.iter().any(|row| row["side"] != "flat" && row["protected"] == true)
    });
    let rows = body["positions"].as_array().unwrap();
    rows.iter().find(|row| row["side"] != "flat" && row["protected"] == true).unwrap().clone()
}

/// [I-90]: see docs/incidents.md.
#[test]
fn a_position_is_shown_with_its_stop_its_proof_and_its_orders() {
    let stage = Stage::open(&[]);
    let row = held(&stage);
    for field in
        ["qty", "value", "last", "entry", "stop", "unrealised", "pnl", "fees", "funding", "loss_at_stop"]
    {
        let text = row[field].as_str().unwrap_or_else(|| panic!("{field} is no text: {row}"));
        text.parse::<rust_decimal::Decimal>().unwrap();
    }
    for field in ["priced_at", "proven_at", "opened_at"] {
        row[field].as_str().unwrap().parse::<Ts>().unwrap();
    }
    assert!(row["stop_distance_pct"].as_f64().is_some() && row["naked_seconds"].as_f64().is_some());
    let stops = row["orders"].as_array().unwrap().iter().filter(|order| order["role"] == "stop");
    assert!(stops.into_iter().any(|order| order["reduce_only"] == true && order["state"] == "open"), "{row}");
    let status = stage.get("/api/status");
    assert_eq!(status["run_mode"], "demo");
    assert!(status["positions"].as_u64().unwrap() >= 1 && status["equity"].is_string());
    let risk = stage.get("/api/risk");
    let limits = risk["limits"].as_array().unwrap();
    assert!(limits.iter().any(|limit| limit["key"] == "risk.positions_max" && limit["measured"].is_string()));
    let all = stage.get("/api/positions?all=true");
    assert_eq!(all["positions"].as_array().unwrap().len(), 5);
}

#[test]
fn a_view_is_made_only_when_somebody_asks_and_is_never_old_then() {
    let stage = Stage::open(&[]);
    held(&stage);
    let first = stage.board.view().unwrap();
    // The look asked for one view, and that is made by then, also on a machine that is busy.
    std::thread::sleep(VIEW_EVERY * 15);
    let made_by_now = Instant::now();
    std::thread::sleep(VIEW_EVERY * 5);
    let second = stage.board.view().unwrap();
    assert!(second.made > first.made);
    assert!(second.made <= made_by_now, "made again although nobody has asked");
    let at: Ts = stage.get("/api/status")["at"].as_str().unwrap().parse().unwrap();
    assert!(at > second.at, "an answer is of now");
}

#[test]
fn what_has_happened_comes_in_pages_from_the_database() {
    let stage = Stage::open(&["demo.speed=2000"]);
    stage.until("/api/trades?limit=3", |page| page["more"] == true);
    for path in ["/api/orders", "/api/fills", "/api/decisions", "/api/equity"] {
        let page = stage.until(&format!("{path}?limit=2"), |page| page["more"] == true);
        assert_eq!(page["rows"].as_array().unwrap().len(), 2, "{path}");
    }
    stage.get("/api/alerts");
    let trade = stage.get("/api/trades?limit=1")["rows"][0].clone();
    for field in ["entry_qty", "entry_value", "fees", "funding", "pnl", "risk"] {
        trade[field].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    }
    let name = trade["instrument"].as_str().unwrap();
    let side = trade["side"].as_str().unwrap();
    let exit = trade["exit_reason"].as_str().unwrap();
    let path = format!("/api/trades?instrument={name}&side={side}&exit={exit}&limit=50");
    let found = stage.get(&path);
    let rows = found["rows"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["instrument"] == name && row["side"] == side));
    assert!(rows.iter().all(|row| row["exit_reason"] == exit));
    let csv = stage.ask("GET", &format!("{path}&format=csv")).token(&stage.viewer).send();
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = csv.body.lines().collect();
    assert!(lines.len() > 1 && lines[0].starts_with("id,instrument,side"), "{}", csv.body);
    assert!(lines.iter().all(|line| line.split(',').count() == lines[0].split(',').count()));
    // The past can be paged through: what is before the first row's instant.
    let page = stage.get("/api/fills?limit=2");
    let until = page["rows"][0]["at"].as_str().unwrap();
    let before = stage.get(&format!("/api/fills?limit=2&until={until}"));
    assert!(before["rows"][1]["at"].as_str().unwrap() <= until);
}

#[test]
fn why_there_is_no_trade_is_told_gate_by_gate() {
    let stage = Stage::open(&["demo.speed=2000"]);
    let matrix =
        stage.until("/api/decisions/matrix", |body| !body["blockers"].as_array().unwrap().is_empty());
    let blocker = &matrix["blockers"][0];
    assert!(blocker["count"].as_u64().unwrap() > 0 && blocker["help"].as_str().unwrap().len() > 10);
    let instrument = matrix["rows"][0]["instrument"].as_str().unwrap();
    let one = stage.get(&format!("/api/decisions/one?instrument={instrument}"));
    let gates = one["decision"]["gates"].as_array().unwrap();
    assert!(!gates.is_empty(), "{one}");
    for gate in gates {
        assert!(
            gate["gate"].is_string() && gate["verdict"].is_string() && gate["help"].is_string(),
            "{gate}"
        );
    }
    let nothing = stage.ask("GET", "/api/decisions/one?instrument=NO/SUCH").token(&stage.viewer).send();
    assert_eq!((nothing.status, nothing.code()), (404, "not_found".to_owned()));
}

/// Hours that are over are counted once and kept while the run goes on; counted anew, they are the same.
#[test]
fn what_is_counted_hour_by_hour_is_what_is_counted_at_once() {
    let mut stage = Stage::open(&["demo.speed=4000"]);
    let total = |body: &Value| -> u64 {
        let rows = body["rows"].as_array().unwrap().iter();
        let cells = rows.flat_map(|row| row["outcomes"].as_array().unwrap().clone());
        cells.map(|cell| cell["count"].as_u64().unwrap()).sum()
    };
    let seen = Cell::new(0);
    // Asked again and again, so that hours are kept as soon as they are over: five instruments, four hours.
    stage.until("/api/decisions/matrix", |body| {
        let before = seen.replace(total(body));
        assert!(seen.get() >= before, "nothing that was counted is lost");
        seen.get() >= 5 * 240
    });
    stage.end();
    let kept = stage.get("/api/decisions/matrix");
    let since = kept["since"].as_str().unwrap();
    assert!(since.ends_with(":00:00Z"), "{since}");
    let anew = stage.get(&format!("/api/decisions/matrix?since={since}"));
    assert_eq!((total(&kept), &kept["blockers"]), (total(&anew), &anew["blockers"]));
    let by_name = |body: &Value| {
        let rows = body["rows"].as_array().unwrap().iter().map(|row| {
            let mut cells: Vec<String> =
                row["outcomes"].as_array().unwrap().iter().map(ToString::to_string).collect();
            cells.sort();
            (row["instrument"].to_string(), cells)
        });
        rows.collect::<Vec<_>>()
    };
    assert_eq!(by_name(&kept), by_name(&anew));
    // A day before an instant is the day before that, not before now.
    let asked = |until: &str| stage.get(&format!("/api/decisions/matrix?until={until}"));
    let since: Ts = since.parse().unwrap();
    let (day, minute) = (Span::from_secs(86_400), Span::from_secs(60));
    let early = asked(&since.minus(minute).to_string());
    assert_eq!(early["since"], since.minus(minute).minus(day).to_string());
    let newest = |body: &Value| {
        let rows =
            body["rows"].as_array().unwrap().iter().flat_map(|row| row["outcomes"].as_array().unwrap());
        rows.map(|cell| cell["last"].as_str().unwrap().to_owned()).max()
    };
    assert!(newest(&early).is_none_or(|at| at.parse::<Ts>().unwrap() <= since.minus(minute)));
    assert!(newest(&anew).unwrap().parse::<Ts>().unwrap() > since);
}

#[test]
fn the_configuration_says_where_each_value_is_from() {
    let stage = Stage::open(&["risk.positions_max=4"]);
    let body = stage.get("/api/config?section=risk&given=true");
    let settings = body["settings"].as_array().unwrap();
    let one = settings.iter().find(|setting| setting["key"] == "risk.positions_max").unwrap();
    assert_eq!((one["value"].as_str(), one["origin"].as_str()), (Some("4"), Some("command_line")));
    assert!(settings.iter().all(|setting| setting["origin"] != "default"));
    let all = stage.get("/api/config");
    let default =
        all["settings"].as_array().unwrap().iter().find(|one| one["key"] == "api.session_hours").unwrap();
    assert_eq!((default["origin"].as_str(), default["value"].as_str()), (Some("default"), Some("12")));
}

/// [I-3], [I-76]: see docs/incidents.md.
#[test]
fn signs_of_life_and_figures_are_there_from_the_first_moment() {
    let loaded = crate::stage::load(&[]);
    let (board, folder) = (std::sync::Arc::default(), tempfile::tempdir().unwrap());
    let face = crate::stage::face(&loaded, &board, &folder).unwrap();
    let ask = |path: &str| crate::stage::Ask::new(face.listens_at.unwrap(), "GET", path).send();
    assert_eq!(ask("/livez").status, 200);
    let ready = ask("/readyz");
    assert_eq!(
        (ready.status, ready.json()["cause"].as_str().unwrap().to_owned()),
        (503, "starting".to_owned())
    );

    let stage = Stage::open(&[]);
    held(&stage);
    stage.until("/readyz", |body| body["ok"] == true);
    let health = stage.until("/health", |body| body["condition"] == "healthy");
    let names: Vec<&str> =
        health["components"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for name in ["engine", "market_data", "protection", "reconciliation", "kill_switch", "database"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let figures = stage.ask("GET", "/metrics").token(&stage.viewer).send();
    assert!(figures.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for name in [
        "seawall_ready 1.0",
        "seawall_naked_positions 0.0",
        "seawall_naked_seconds_bound ",
        "seawall_reconcile_differences 0.0",
        "seawall_stop_proof_age_seconds{instrument=",
        "seawall_engine_step_seconds_bucket{le=\"0.000001\"}",
        "seawall_engine_step_seconds_count ",
        "seawall_order_acknowledgement_seconds_count ",
        "seawall_api_request_seconds_bucket{le=\"+Inf\"}",
        "seawall_orders_total ",
        "seawall_alerts_total{severity=\"critical\"}",
        "seawall_component_condition{component=\"database\"} 0.0",
    ] {
        assert!(figures.body.contains(name), "{name} is not in\n{}", figures.body);
    }
    assert!(figures.body.ends_with("# EOF\n"));
}
