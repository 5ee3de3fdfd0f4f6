//! Candles, markers and structure, from a demo that really trades.

use seawall_model::Ts;
use serde_json::Value;

use crate::stage::Stage;

fn at(value: &Value) -> Ts {
    value.as_str().unwrap_or_else(|| panic!("no instant: {value}")).parse().unwrap()
}

fn price(value: &Value) -> rust_decimal::Decimal {
    value.as_str().unwrap_or_else(|| panic!("no price: {value}")).parse().unwrap()
}

fn rows(body: &Value, name: &str) -> Vec<Value> {
    body[name].as_array().unwrap().clone()
}

/// The demo with the candles of its first hours, and the name of its first instrument.
fn warm() -> (Stage, String) {
    let stage = Stage::open(&["demo.speed=2000"]);
    let all = stage.until("/api/positions?all=true", |body| !body["positions"][0]["last"].is_null());
    let name = all["positions"][0]["instrument"].as_str().unwrap().to_owned();
    stage.until(&format!("/api/candles?instrument={name}"), |body| rows(body, "candles").len() >= 200);
    (stage, name)
}

#[test]
fn candles_are_those_of_the_run_and_longer_ones_are_made_of_them() {
    let (stage, name) = warm();
    let fine = stage.get(&format!("/api/candles?instrument={name}&limit=2000"));
    assert_eq!((fine["timeframe"].as_str(), fine["run_timeframe"].as_str()), (Some("1m"), Some("1m")));
    assert!(fine["forming"].is_null() && fine["more"] == false, "{}", fine["more"]);
    let tick = price(&fine["price_tick"]);
    let fine = rows(&fine, "candles");
    let is_on_tick = |one: &Value| (price(&one["close"]) % tick).is_zero();
    assert!(fine.iter().all(is_on_tick), "{tick}");
    for pair in fine.windows(2) {
        assert_eq!(at(&pair[0]["known_at"]), at(&pair[1]["open_time"]), "minute after minute");
    }
    let to = fine[150]["known_at"].as_str().unwrap();
    let coarse = stage.get(&format!("/api/candles?instrument={name}&timeframe=15m&to={to}&limit=5"));
    assert!(coarse["forming"].is_null() && coarse["more"] == true);
    let coarse = rows(&coarse, "candles");
    assert_eq!(coarse.len(), 5);
    for long in &coarse {
        let within: Vec<&Value> = fine
            .iter()
            .filter(|one| at(&one["open_time"]) >= at(&long["open_time"]))
            .filter(|one| at(&one["known_at"]) <= at(&long["known_at"]))
            .collect();
        assert_eq!(within.len(), 15);
        assert_eq!(price(&long["open"]), price(&within[0]["open"]));
        assert_eq!(price(&long["close"]), price(&within[14]["close"]));
        let highest = within.iter().map(|one| price(&one["high"])).max().unwrap();
        let lowest = within.iter().map(|one| price(&one["low"])).min().unwrap();
        assert_eq!((price(&long["high"]), price(&long["low"])), (highest, lowest));
        assert!(at(&long["known_at"]) <= to.parse().unwrap());
    }
    // The past can be paged through.
    let first = coarse[0]["open_time"].as_str().unwrap();
    let before = stage.get(&format!("/api/candles?instrument={name}&timeframe=15m&to={first}&limit=1"));
    assert_eq!(before["candles"][0]["known_at"], coarse[0]["open_time"]);
    let some = stage.get(&format!("/api/candles?instrument={name}&from={first}&to={to}"));
    assert_eq!(some["candles"][0]["open_time"], coarse[0]["open_time"]);
}

#[test]
fn structure_says_from_when_on_it_was_known_and_that_never_changes() {
    let (stage, name) = warm();
    let path = format!("/api/overlays?instrument={name}&timeframe=1m&limit=2000");
    let full = stage.until(&path, |body| {
        let kinds = ["order_block", "fair_value_gap", "break_of_structure"];
        kinds.iter().all(|kind| rows(body, "overlays").iter().any(|one| one["kind"] == *kind))
    });
    let full = rows(&full, "overlays");
    for one in &full {
        assert!(at(&one["known_at"]) > at(&one["anchor_at"]), "{one}");
        assert!(price(&one["top"]) >= price(&one["bottom"]), "{one}");
        assert_eq!(one["ended_at"].is_null(), one["ended"].is_null(), "{one}");
    }
    let to = full[full.len() / 2]["known_at"].as_str().unwrap();
    let then = rows(&stage.get(&format!("{path}&to={to}")), "overlays");
    let born = |one: &Value| {
        ["id", "kind", "direction", "top", "bottom", "anchor_at", "known_at"].map(|field| one[field].clone())
    };
    let known: Vec<_> =
        full.iter().filter(|one| at(&one["known_at"]) <= to.parse().unwrap()).map(born).collect();
    assert_eq!(then.iter().map(born).collect::<Vec<_>>(), known);
    let later = |one: &Value| one["ended_at"].as_str().is_some_and(|at| at > to);
    assert!(!then.iter().any(later), "what came later is not told");
    let lives = rows(&stage.get(&format!("{path}&from={to}")), "overlays");
    assert!(
        lives.len() < full.len()
            && lives.iter().all(|one| one["ended_at"].as_str().is_none_or(|at| at >= to))
    );
}

#[test]
fn fills_and_resting_orders_are_marked_with_their_role() {
    let (stage, _) = warm();
    let trade = stage.until("/api/trades", |page| !rows(page, "rows").is_empty())["rows"][0].clone();
    let name = trade["instrument"].as_str().unwrap();
    let body = stage.get(&format!("/api/markers?instrument={name}"));
    let markers = rows(&body, "markers");
    let of = |kind: &str, role: &str| markers.iter().find(|one| one["kind"] == kind && one["role"] == role);
    let entry = of("fill", "entry").unwrap_or_else(|| panic!("no entry in {body}"));
    assert!(
        price(&entry["price"]) > rust_decimal::Decimal::ZERO
            && price(&entry["qty"]) > rust_decimal::Decimal::ZERO
    );
    assert!(
        markers.iter().any(|one| one["kind"] == "order" && one["role"] == "stop" && !one["price"].is_null())
    );
    assert!(markers.is_sorted_by_key(|one| at(&one["at"])));
    let one = stage.get(&format!("/api/markers?instrument={name}&limit=1"));
    assert_eq!((rows(&one, "markers").len(), &one["more"]), (1, &Value::Bool(true)));
}

#[test]
fn a_chart_that_cannot_be_is_refused_with_what_is_allowed() {
    let (stage, name) = warm();
    for path in ["candles", "overlays", "markers"] {
        let refused = |query: String, status: u16, code: &str, word: &str| {
            let answer = stage.ask("GET", &format!("/api/{path}?{query}")).token(&stage.viewer).send();
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (status, code),
                "{path} {query}: {}",
                answer.body
            );
            assert!(answer.body.contains(word), "{path} {query}: {}", answer.body);
        };
        refused("instrument=NO/SUCH".to_owned(), 404, "not_found", "NO/SUCH");
        refused(format!("instrument={name}&timeframe=7m"), 400, "timeframe", "1m, 3m, 5m");
        refused(format!("instrument={name}&limit=0"), 400, "limit", "1 to 2000");
        refused(format!("instrument={name}&limit=2001"), 400, "limit", "1 to 2000");
        refused(format!("instrument={name}&bogus=1"), 400, "query", "bogus");
        refused("limit=5".to_owned(), 400, "query", "instrument");
        refused(format!("instrument={name}&from=yesterday"), 400, "query", "yesterday");
        let turned = "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z";
        refused(format!("instrument={name}&{turned}"), 400, "from", "is after");
    }
}
