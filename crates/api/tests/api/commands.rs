//! What an operator does, and what the journal says of it.

use seawall_model::{Command, Input, SystemMode};
use seawall_store::journal::{Journal, Record};
use seawall_store::{KillState, KillSwitch};
use serde_json::{Value, json};

use crate::stage::Stage;

fn ready(stage: &Stage) {
    stage.until("/api/status", |status| status["ready"] == true);
}

fn mode(stage: &Stage) -> Value {
    stage.get("/api/status")["mode"].clone()
}

/// Effect of `api.confirm_within_s`.
#[test]
fn what_lowers_risk_is_done_at_once_and_what_raises_it_is_asked_for_twice() {
    let mut stage = Stage::open(&["api.confirm_within_s=7"]);
    ready(&stage);
    let done = stage.command("/api/commands", &json!({ "command": "pause", "why": "going to bed" }));
    assert_eq!((done.status, done.json()["mode"].as_str()), (200, Some("reduce_only")), "{}", done.body);
    let again = stage.command("/api/commands", &json!({ "command": "pause" }));
    assert_eq!((again.status, again.code()), (409, "nothing_to_do".to_owned()));

    let resume = json!({ "command": "resume", "why": "slept well" });
    let refused = stage.command("/api/commands", &resume);
    assert_eq!((refused.status, refused.code()), (409, "confirmation_required".to_owned()));
    assert_eq!(mode(&stage), "reduce_only");
    let preview = stage.command("/api/commands/preview", &resume).json();
    assert_eq!(
        (preview["raises_risk"].as_bool(), preview["confirm_within_s"].as_u64()),
        (Some(true), Some(7))
    );
    assert_eq!(mode(&stage), "reduce_only", "a look does nothing");
    let with = |command: &str, why: &str| {
        let confirmation = preview["confirmation"].clone();
        let body = json!({ "command": command, "why": why, "confirmation": confirmation });
        stage.command("/api/commands", &body)
    };
    assert_eq!(with("cautious", "slept well").code(), "confirmation_over", "it is for another command");
    let preview = stage.command("/api/commands/preview", &resume).json();
    let with = |why: &str| {
        let body = json!({ "command": "resume", "why": why, "confirmation": preview["confirmation"] });
        stage.command("/api/commands", &body)
    };
    let done = with("slept well");
    assert_eq!((done.status, done.json()["mode"].as_str()), (200, Some("normal")), "{}", done.body);
    assert_eq!(with("slept well").code(), "nothing_to_do");
    stage.end();

    let id = stage.operator.split('_').nth(1).unwrap();
    let mut noted = Vec::new();
    let mut last: Option<Record> = None;
    for entry in Journal::read(&stage.run.join("journal")).unwrap() {
        let record = entry.unwrap().record;
        if let Record::Input(Input::Operator(Command::SetMode(mode))) = &record {
            let Some(Record::Operator(note)) = &last else { panic!("{mode:?} without a note before it") };
            assert_eq!(note.who, format!("operator by token {id}"));
            noted.push((*mode, note.why.clone()));
        }
        last = Some(record);
    }
    let wanted = [(SystemMode::ReduceOnly, "going to bed"), (SystemMode::Normal, "slept well")];
    assert_eq!(noted, wanted.map(|(mode, why)| (mode, why.to_owned())));
    let report = seawall_live::replay(&stage.run, false, &mut |_| {}).unwrap();
    assert!(report.differences.is_empty(), "{:?}", report.differences);
}

#[test]
fn a_position_is_closed_and_the_preview_says_which() {
    let stage = Stage::open(&[]);
    // Another entry may follow at the next candle, so nothing new is let in once something is held.
    let is_held = |row: &&Value| row["side"] != "flat";
    let (mut name, mut done) = (Value::Null, None);
    for _ in 0..20 {
        let held = stage.until("/api/positions", |body| {
            body["positions"].as_array().unwrap().iter().any(|row| is_held(&row))
        });
        name = held["positions"].as_array().unwrap().iter().find(is_held).unwrap()["instrument"].clone();
        let close = json!({ "command": "close", "instrument": name });
        let preview = stage.command("/api/commands/preview", &close);
        if preview.status == 409 {
            // Its stop or its target was faster.
            continue;
        }
        let preview = preview.json();
        assert_eq!(
            (&preview["closes"], &preview["confirmation"]),
            (&json!([name]), &Value::Null),
            "{preview}"
        );
        stage.command("/api/commands", &json!({ "command": "pause" }));
        let answer = stage.command("/api/commands", &close);
        if answer.status == 200 {
            done = Some(answer);
            break;
        }
        let resume = json!({ "command": "resume", "why": "another try" });
        let confirmation = stage.command("/api/commands/preview", &resume).json()["confirmation"].clone();
        let resume = json!({ "command": "resume", "why": "another try", "confirmation": confirmation });
        assert_eq!(stage.command("/api/commands", &resume).status, 200);
    }
    assert!(done.is_some(), "nothing could be closed");
    let close = json!({ "command": "close", "instrument": name });
    stage.until("/api/positions?all=true", |body| {
        let rows = body["positions"].as_array().unwrap();
        rows.iter().any(|row| row["instrument"] == name && row["side"] == "flat")
    });
    assert_eq!(stage.command("/api/commands", &close).code(), "nothing_to_do");
    let unknown = json!({ "command": "close", "instrument": "NO/SUCH" });
    assert_eq!(stage.command("/api/commands", &unknown).status, 404);
    assert_eq!(stage.command("/api/commands", &json!({ "command": "close" })).code(), "instrument");
    let surplus = json!({ "command": "flatten", "instrument": name });
    assert_eq!(stage.command("/api/commands", &surplus).code(), "instrument");
}

#[test]
fn stop_and_targets_move_by_hand_a_part_is_closed_and_what_does_not_fit_says_why() {
    let mut stage = Stage::open(&["demo.speed=40"]);
    let mut seen = std::collections::BTreeSet::new();
    // A stop or a target may be faster than a command: then another position is looked for.
    for _ in 0..60 {
        let is_fit = |row: &&Value| row["protected"] == true && row["stop"].is_string();
        let held = stage.until("/api/positions", |body| {
            body["positions"].as_array().unwrap().iter().any(|row| is_fit(&row))
        });
        let row = held["positions"].as_array().unwrap().iter().find(is_fit).unwrap().clone();
        let name = row["instrument"].clone();
        let command = |mut body: Value| {
            body["instrument"] = name.clone();
            let answer = stage.command("/api/commands", &body);
            let code = if answer.status == 200 { "done".to_owned() } else { answer.code() };
            format!("{} {code}", body["command"].as_str().unwrap())
        };
        let decimal = |field: &str| row[field].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
        let (stop, last, qty) = (decimal("stop"), decimal("last"), decimal("qty").abs());
        let scale = stop.scale();
        let better = (stop + (last - stop) / rust_decimal::Decimal::from(4)).round_dp(scale);
        let worse = (stop - (last - stop) / rust_decimal::Decimal::from(4)).round_dp(scale);
        seen.insert(command(json!({ "command": "move_stop", "price": worse.to_string() })));
        seen.insert(command(json!({ "command": "move_stop", "price": better.to_string() })));
        seen.insert(command(json!({ "command": "adopt" })));
        if let Some(rung) = row["ladder"].as_array().unwrap().last() {
            // The last one has room beyond it; at the stop it would fill at once.
            let away = rung["limit_price"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
            let further = (away + (away - last) / rust_decimal::Decimal::from(4)).round_dp(scale);
            for price in [further, stop] {
                let body =
                    json!({ "command": "move_target", "target": rung["target"], "price": price.to_string() });
                seen.insert(command(body));
            }
        }
        let part = (qty / rust_decimal::Decimal::from(2)).round_dp(qty.scale());
        seen.insert(command(json!({ "command": "reduce", "qty": part.to_string() })));
        seen.insert(command(json!({ "command": "reduce", "qty": qty.to_string() })));
        seen.insert(command(json!({ "command": "break_even" })));
        let wanted = [
            "move_stop done",
            "move_stop does_not_fit",
            "adopt does_not_fit",
            "move_target done",
            "move_target does_not_fit",
            "reduce done",
            "reduce does_not_fit",
            "break_even done",
        ];
        if wanted.iter().all(|one| seen.contains(*one)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let wanted = [
        "move_stop done",
        "move_stop does_not_fit",
        "move_target done",
        "move_target does_not_fit",
        "adopt does_not_fit",
        "reduce done",
        "break_even done",
    ];
    assert!(wanted.iter().all(|one| seen.contains(*one)), "{seen:?}");
    for (body, code) in [
        (json!({ "command": "move_stop", "instrument": "X/Y" }), "price"),
        (json!({ "command": "reduce", "instrument": "X/Y" }), "qty"),
        (json!({ "command": "reduce", "qty": "1" }), "instrument"),
        (json!({ "command": "pause", "price": "1" }), "price"),
        (json!({ "command": "move_target", "instrument": "X/Y", "price": "1" }), "target"),
        (json!({ "command": "move_stop", "instrument": "X/Y", "price": "1", "target": 1 }), "target"),
        (json!({ "command": "break_even", "instrument": "X/Y", "qty": "1" }), "qty"),
    ] {
        assert_eq!(stage.command("/api/commands", &body).code(), code, "{body}");
    }
    stage.end();
    let report = seawall_live::replay(&stage.run, false, &mut |_| {}).unwrap();
    assert!(report.differences.is_empty(), "{:?}", report.differences);
}

#[test]
fn the_kill_switch_is_thrown_at_once_and_released_in_two_steps() {
    let stage = Stage::open(&[]);
    ready(&stage);
    let done = stage.command("/api/commands", &json!({ "command": "kill_and_flatten", "why": "storm" }));
    assert_eq!((done.status, done.json()["kill_switch_on"].as_bool()), (200, Some(true)), "{}", done.body);
    let KillState::On(order) = KillSwitch::in_folder(stage.folder.path()).read() else { panic!("it is off") };
    assert!(order.flatten && order.note.ends_with("storm"), "{order:?}");
    stage.until("/api/status", |status| status["kill_switch"] == "manual" && status["positions"] == 0);
    let release = json!({ "command": "release", "why": "over" });
    assert_eq!(stage.command("/api/commands", &release).code(), "confirmation_required");
    let preview = stage.command("/api/commands/preview", &release).json();
    let confirmed = json!({ "command": "release", "why": "over", "confirmation": preview["confirmation"] });
    let done = stage.command("/api/commands", &confirmed);
    assert_eq!((done.status, done.json()["kill_switch_on"].as_bool()), (200, Some(false)), "{}", done.body);
    assert!(!KillSwitch::in_folder(stage.folder.path()).read().is_on());
}

#[test]
fn a_viewer_changes_nothing() {
    let stage = Stage::open(&[]);
    ready(&stage);
    for command in ["pause", "flatten", "kill", "release"] {
        for path in ["/api/commands", "/api/commands/preview"] {
            let body = json!({ "command": command });
            let answer = stage.ask("POST", path).token(&stage.viewer).json(&body).send();
            assert_eq!((answer.status, answer.code()), (403, "operator_only".to_owned()), "{command}");
        }
    }
    let status = stage.get("/api/status");
    assert_eq!((&status["mode"], &status["kill_switch"]), (&json!("normal"), &Value::Null));
    let long = json!({ "command": "pause", "why": "x".repeat(301) });
    assert_eq!(stage.command("/api/commands", &long).code(), "why");
    assert_eq!(stage.command("/api/commands", &json!({ "command": "pause", "why": "a\nb" })).code(), "why");
}

#[test]
fn a_run_that_is_over_takes_no_commands() {
    let mut stage = Stage::open(&[]);
    ready(&stage);
    stage.end();
    let answer = stage.command("/api/commands", &json!({ "command": "pause" }));
    assert_eq!((answer.status, answer.code()), (503, "not_running".to_owned()), "{}", answer.body);
}
