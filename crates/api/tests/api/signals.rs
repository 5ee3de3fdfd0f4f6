//! Signals from outside: who may send them, which are taken, and what is said of the others.

use std::time::{SystemTime, UNIX_EPOCH};

use seawall_api::access::{Role, Tokens};
use seawall_model::{Span, Ts};
use serde_json::{Value, json};

use crate::stage::{Answer, Stage};

fn now() -> Ts {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Ts::from_nanos(i64::try_from(since.as_nanos()).unwrap())
}

struct Sender {
    stage: Stage,
    secret: String,
    name: String,
}

impl Sender {
    fn open(changes: &[&str]) -> Self {
        let changes: Vec<&str> =
            ["strategy.name=signals", "demo.speed=20"].iter().chain(changes).copied().collect();
        let stage = Stage::open(&changes);
        let secret = Tokens::make(stage.folder.path(), Role::Signal, Ts::EPOCH).unwrap().token;
        let all = stage.until("/api/positions?all=true", |body| body["positions"][0]["last"].is_string());
        stage.until("/api/status", |status| status["ready"] == true);
        // Runs know a new token by then.
        std::thread::sleep(seawall_api::access::LOOK_EVERY.mul_f32(1.2));
        let name = all["positions"][0]["instrument"].as_str().unwrap().to_owned();
        Sender { stage, secret, name }
    }

    fn body(&self, id: &str, action: &str) -> Value {
        let (secret, instrument) = (&self.secret, &self.name);
        json!({ "secret": secret, "id": id, "sent_at": now(), "instrument": instrument, "action": action })
    }

    fn send(&self, body: &Value) -> Answer {
        self.stage.ask("POST", "/api/signals").json(body).send()
    }

    /// The answer to a signal with these changes.
    fn with(&self, changes: &Value) -> (u16, String) {
        let mut body = self.body("x", "enter_long");
        body["stop_pct"] = json!("2");
        for (field, value) in changes.as_object().unwrap() {
            if value.is_null() {
                body.as_object_mut().unwrap().remove(field);
            } else {
                body[field] = value.clone();
            }
        }
        let answer = self.send(&body);
        (answer.status, if answer.status == 202 { String::new() } else { answer.code() })
    }
}

#[test]
fn a_signal_becomes_a_protected_position_once_and_another_one_closes_it() {
    let mut sender = Sender::open(&[]);
    let mut body = sender.body("first", "enter_long");
    body["stop_pct"] = json!("5");
    body["note"] = json!("from a chart");
    let answer = sender.send(&body);
    assert_eq!((answer.status, answer.json()["id"].as_str()), (202, Some("first")), "{}", answer.body);
    let name = sender.name.clone();
    let ours = move |body: &Value| {
        let rows = body["positions"].as_array().unwrap();
        rows.iter().find(|row| row["instrument"] == name.as_str()).cloned()
    };
    let held = sender.stage.until("/api/positions", |body| {
        ours(body).is_some_and(|row| row["side"] == "long" && row["protected"] == true)
    });
    assert_eq!(ours(&held).unwrap()["setup"], "signal");
    assert_eq!(sender.send(&body).code(), "replayed");
    let exit = sender.body("second", "exit");
    assert_eq!(sender.send(&exit).status, 202);
    let is_closed =
        |body: &Value| body["rows"].as_array().unwrap().iter().any(|row| row["setup"] == "signal");
    sender.stage.until("/api/trades", is_closed);
    let decisions = sender.stage.get("/api/decisions?limit=1000");
    let rows = decisions["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["setup"] == "signal" && row["outcome"] == "entered"), "{decisions}");
    sender.stage.end();
    let report = seawall_live::replay(&sender.stage.run, false, &mut |_| {}).unwrap();
    assert!(report.differences.is_empty(), "{:?}", report.differences);
}

/// Effect of `api.signal_max_lag_s`.
#[test]
fn what_is_late_forged_incomplete_or_not_ours_is_refused_with_the_reason() {
    let sender = Sender::open(&["api.signal_max_lag_s=100", "api.sign_in_failures_per_minute=600"]);
    let old = |seconds: i64| json!({ "sent_at": now().minus(Span::from_secs(seconds)) });
    assert_eq!(sender.with(&old(101)), (409, "too_old".to_owned()));
    assert_eq!(sender.with(&old(60)), (409, "before_the_start".to_owned()));
    assert_eq!(sender.with(&old(-60)), (409, "from_the_future".to_owned()));
    for (changes, status, code) in [
        (json!({ "secret": "swt_0_0" }), 401, "bad_token"),
        (json!({ "secret": sender.stage.viewer }), 403, "signal_only"),
        (json!({ "secret": null }), 400, "bad_json"),
        (json!({ "id": "" }), 400, "id"),
        (json!({ "id": "a b" }), 400, "id"),
        (json!({ "id": "x".repeat(65) }), 400, "id"),
        (json!({ "sent_at": "yesterday" }), 400, "sent_at"),
        (json!({ "instrument": "NO/SUCH" }), 404, "not_found"),
        (json!({ "action": "buy" }), 400, "bad_json"),
        (json!({ "action": "exit" }), 400, "action"),
        (json!({ "stop_pct": null }), 400, "stop"),
        (json!({ "stop": "100" }), 400, "stop"),
        (json!({ "stop_pct": "0" }), 400, "stop_pct"),
        (json!({ "stop_pct": "100" }), 400, "stop_pct"),
        (json!({ "stop_pct": "x" }), 400, "stop_pct"),
        (json!({ "stop_pct": null, "stop": "-5" }), 400, "stop"),
        (json!({ "target": "0" }), 400, "target"),
        (json!({ "qty": "-1" }), 400, "qty"),
        (json!({ "qty": "0.00000000001" }), 400, "qty"),
        (json!({ "note": "a\nb" }), 400, "note"),
        (json!({ "leverage": "100" }), 400, "bad_json"),
    ] {
        assert_eq!(sender.with(&changes), (status, code.to_owned()), "{changes}");
    }
    let ids = sender.stage.get("/api/positions");
    assert_eq!(ids["positions"], json!([]), "nothing was entered");
    assert_eq!(sender.with(&json!({})).0, 202, "and the id is still free");
}

#[test]
fn a_token_that_sends_signals_is_good_for_nothing_else() {
    let sender = Sender::open(&[]);
    for (method, path) in [("GET", "/api/status"), ("GET", "/metrics"), ("POST", "/api/commands")] {
        let answer = sender.stage.ask(method, path).token(&sender.secret).json(&json!({})).send();
        assert_eq!((answer.status, answer.code()), (403, "signals_only".to_owned()), "{path}");
    }
    let sign_in = sender.stage.ask("POST", "/api/session").json(&json!({ "token": sender.secret })).send();
    assert_eq!((sign_in.status, sign_in.code()), (403, "signals_only".to_owned()));
}
