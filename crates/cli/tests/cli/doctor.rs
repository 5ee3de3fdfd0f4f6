//! The doctor from the outside: what is well, each check in a scenario in which it fails, and a live run that
//! refuses for the same reasons.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::common::Answer;
use crate::common::relay::Relay;
use crate::common::scene::{EVERY, Scene, row, rows};
use crate::common::venue::{Venue, exchange};
use seawall_store::InstanceLock;
use serde_json::Value;

#[test]
fn a_sound_set_up_fails_in_nothing_and_changes_nothing() {
    let scene = Scene::new();
    let before = scene.sandbox.listing();
    let (found, code) = scene.findings("--venue kraken-futures");
    assert_eq!(
        (&found["schema"], &found["failed"], code),
        (&"seawall.doctor/1".into(), &Value::Array(vec![]), Some(0))
    );
    for name in EVERY.split_whitespace() {
        assert!(!rows(&found, name).is_empty(), "{name}: {found}");
    }
    let skipped: Vec<&Value> =
        found["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "skipped").collect();
    let names: Vec<&str> = skipped.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["position_sync", "probe_order", "probe_stop", "probe_position"], "{found}");
    assert_eq!(row(&found, "alert_channels")["verdict"], "warn");
    assert!(row(&found, "venue")["finding"].as_str().unwrap().contains("in a box"), "{found}");
    assert_eq!(rows(&found, "candles").len(), 2, "one for each instrument");
    assert_eq!(scene.sandbox.listing(), before, "nothing is left behind");
    let text = scene.answer("doctor --config run.yaml");
    assert_eq!(text.code, Some(0), "{}", text.out);
    assert!(text.out.lines().any(|line| line.starts_with("ok      permissions ")), "{}", text.out);
    assert!(text.out.lines().last().unwrap().contains(" 0 FAIL"), "{}", text.out);
    for secret in [&scene.key.0, &scene.key.1] {
        assert!(!text.out.contains(secret.as_str()) && !text.err.contains(secret.as_str()));
    }
}

#[test]
fn a_run_on_paper_needs_no_key_and_a_live_one_does() {
    let mut scene = Scene::new();
    scene.key = (String::new(), String::new());
    assert_eq!(scene.failed("--mode paper"), Vec::<String>::new());
    let probe = scene.answer("doctor --config run.yaml --mode paper --probe");
    assert!(probe.code == Some(2) && probe.err.contains("--probe places orders"), "{}", probe.err);
    let (found, _) = scene.findings("");
    assert_eq!(found["failed"], serde_json::json!(["keys"]));
    assert!(row(&found, "keys")["finding"].as_str().unwrap().contains("KRAKEN_API_KEY"));
    for name in ["permissions", "account", "positions", "stops", "private_stream"] {
        assert_eq!(row(&found, name)["verdict"], "skipped", "{name}");
    }
}

#[test]
fn a_wrong_key_a_wrong_secret_and_half_a_key_fail_as_keys_and_refuse_a_live_run() {
    let mut scene = Scene::new();
    let right = scene.key.clone();
    let wrong = "RkFLRSBmdXR1cmVzIHNlY3JldCBmb3Igbm90aGluZyBhdCBhbGwgbm90aGluZyBhdCBhbGwgbm90aGluZyE=";
    for (key, secret) in
        [("NOBODY", right.1.as_str()), (&right.0, wrong), (&right.0, ""), (&right.0, "hunter2!")]
    {
        scene.key = (key.to_owned(), secret.to_owned());
        assert_eq!(scene.failed(""), ["keys"], "{key}");
        let run = scene.answer("run --mode live --confirm-live --config run.yaml --once --headless");
        assert!(run.code == Some(2) && run.err.contains("keys"), "{} {}", run.out, run.err);
        assert!(!run.err.contains("hunter2"), "{}", run.err);
    }
}

#[test]
fn a_key_that_may_withdraw_is_not_used_and_refuses_a_live_run() {
    let scene = Scene::new();
    let relay =
        Relay::start(scene.venue.address, "/accounts", |path, body| match path.contains("api-keys") {
            true => body.replace("NO_ACCESS", "FULL_ACCESS"),
            false => body,
        });
    scene.sandbox.write("run.yaml", scene.venue.config_by(relay.address));
    let (found, code) = scene.findings("--probe");
    assert_eq!((&found["failed"], code), (&serde_json::json!(["permissions"]), Some(5)), "{found}");
    assert!(row(&found, "permissions")["finding"].as_str().unwrap().contains("withdraw"));
    assert_eq!(row(&found, "probe_order")["verdict"], "skipped");
    assert_eq!(relay.counted.load(Ordering::SeqCst), 0, "the account was not looked at");
    let run = scene.answer("run --mode live --confirm-live --config run.yaml --once --headless");
    assert!(run.code == Some(2) && run.err.contains("permissions: "), "{} {}", run.out, run.err);
}

#[test]
fn clocks_that_differ_fail_as_clock_and_refuse_a_live_run() {
    let scene = Scene::new();
    // The venue says that it is the last century.
    let relay = Relay::start(scene.venue.address, "", |_, body| {
        let Some(at) = body.find("\"serverTime\":\"20") else { return body };
        let (before, after) = body.split_at(at + "\"serverTime\":\"".len());
        format!("{before}19{}", &after[2..])
    });
    scene.sandbox.write("run.yaml", scene.venue.config_by(relay.address));
    let (found, _) = scene.findings("");
    assert!(found["failed"].as_array().unwrap().contains(&"clock".into()), "{found}");
    assert!(row(&found, "clock")["threshold"].as_str().unwrap().contains("venue.clock_skew_max_ms"));
    let run = scene.answer("run --mode live --confirm-live --config run.yaml --once --headless");
    assert!(run.code == Some(2) && run.err.contains("clock: "), "{} {}", run.out, run.err);
}

#[test]
fn what_is_not_listed_fails_as_instruments_and_the_rest_is_skipped() {
    let scene = Scene::new();
    let (found, _) = scene.findings("--set run.instruments[1]=kraken-futures:NONE/USD:USD");
    assert_eq!(found["failed"], serde_json::json!(["instruments"]), "{found}");
    assert!(row(&found, "instruments")["finding"].as_str().unwrap().contains("NONE/USD:USD is not listed"));
    for name in ["quotes", "candles", "public_stream", "stops"] {
        assert_eq!(row(&found, name)["verdict"], "skipped", "{name}");
    }
}

#[test]
fn positions_without_a_stop_fail_and_stops_that_cover_them_do_not() {
    let scene = Scene::new();
    let bare = scene.venue.control("POST", "positions", r#"{"symbol":"ETH","qty":"1"}"#);
    assert_eq!(bare["done"], true);
    let (found, _) = scene.findings("");
    assert_eq!(found["failed"], serde_json::json!(["stops"]), "{found}");
    let positions = row(&found, "positions")["finding"].as_str().unwrap();
    assert!(positions.starts_with("1 are open: kraken-futures:ETH/USD:USD 1 at 3"), "{positions}");
    let stop = row(&found, "stops");
    assert_eq!(
        (&stop["of"], &stop["measured"], &stop["threshold"]),
        (&"kraken-futures:ETH/USD:USD".into(), &"0".into(), &"1".into())
    );
    assert_eq!(row(&found, "position_sync")["verdict"], "warn", "no start knows it: {found}");
    let half = r#"{"symbol":"ETH","side":"sell","qty":"0.5","stop_price":"100","reduce_only":true}"#;
    scene.venue.control("POST", "orders", half);
    // One that may open a position reduces by luck only.
    let opening = r#"{"symbol":"ETH","side":"sell","qty":"1","stop_price":"100","reduce_only":false}"#;
    scene.venue.control("POST", "orders", opening);
    // A limit order and a stop of the other side are no protection.
    scene.venue.control("POST", "orders", r#"{"symbol":"ETH","side":"buy","qty":"1","limit_price":"10"}"#);
    assert_eq!(scene.failed(""), ["stops"]);
    scene.venue.control("POST", "orders", half);
    assert_eq!(scene.failed(""), Vec::<String>::new());
    // What the configuration does not name is looked after all the same, and has no stop either.
    scene.venue.control("POST", "positions", r#"{"symbol":"SOL","qty":"-2"}"#);
    let (found, _) = scene.findings("");
    assert_eq!(found["failed"], serde_json::json!(["stops"]), "{found}");
    assert!(rows(&found, "stops").iter().any(|check| check["of"] == "kraken-futures:SOL/USD:USD"), "{found}");
}

#[test]
fn a_4_a_position_that_the_last_start_does_not_know_is_a_difference_with_an_exit_code() {
    let scene = Scene::new();
    let run = scene.answer("run --mode live --confirm-live --config run.yaml --duration 3s --headless");
    assert_eq!(run.code, Some(0), "{} {}", run.out, run.err);
    let (found, _) = scene.findings("");
    let sync = row(&found, "position_sync");
    assert!(sync["verdict"] == "ok" && sync["finding"].as_str().unwrap().contains("database"), "{found}");
    scene.venue.control("POST", "positions", r#"{"symbol":"BTC","qty":"0.25"}"#);
    let (found, code) = scene.findings("");
    assert_eq!(
        (&found["failed"], code),
        (&serde_json::json!(["stops", "position_sync"]), Some(5)),
        "{found}"
    );
    let sync = row(&found, "position_sync")["measured"].as_str().unwrap();
    assert!(
        sync.starts_with("venue 0.25") && sync.contains("engine 0") && sync.contains("database 0"),
        "{sync}"
    );
    // A state that cannot be read stops the next start.
    let journal = scene.sandbox.path("seawall-data/run/live/start-000001/journal");
    let segment = std::fs::read_dir(journal).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&segment, bytes).unwrap();
    assert!(scene.failed("").contains(&"state".to_owned()));
}

#[test]
fn a_venue_that_fails_fails_in_what_it_does_not_answer_and_in_nothing_as_ok() {
    for (target, failed) in [
        ("tickers", "rest"),
        ("charts", "candles"),
        ("instruments", "instruments"),
        ("accounts", "account"),
        ("openpositions", "positions"),
        ("openorders", "orders"),
    ] {
        let rule = format!(r#"{{"fault":"error_html","target":"{target}"}}"#);
        let scene = Scene::of(Venue::with_faults(&[&rule]));
        let (found, code) = scene.findings("");
        assert_eq!((&found["failed"][0], code), (&failed.into(), Some(5)), "{target}: {found}");
        let good = rows(&found, failed).iter().any(|check| check["verdict"] == "ok");
        assert!(!good, "{target}: {found}");
    }
    // A venue of which nothing is heard at all.
    let scene = Scene::new();
    let nobody = "--set venue.rest=http://127.0.0.1:1 --set venue.connect_timeout_ms=200";
    let (found, _) = scene.findings(nobody);
    assert_eq!(found["failed"], serde_json::json!(["rest"]), "{found}");
    for name in ["clock", "keys", "account", "instruments", "public_stream", "stops", "probe_order"] {
        assert_eq!(row(&found, name)["verdict"], "skipped", "{name}");
    }
    let streams = "--set venue.private_stream=ws://127.0.0.1:1 --set run.feeds_timeout_s=2";
    assert_eq!(scene.failed(streams), ["private_stream"]);
    assert_eq!(
        scene.failed("--set venue.public_stream=ws://127.0.0.1:1 --set run.feeds_timeout_s=2"),
        ["public_stream"]
    );
}

#[test]
fn a_lock_that_another_run_holds_and_a_kill_switch_that_is_on_fail_and_the_probe_keeps_away() {
    let scene = Scene::new();
    let held = InstanceLock::acquire(&scene.sandbox.path("seawall-data/run/live"), "run").unwrap();
    let (found, _) = scene.findings("--probe");
    assert_eq!(found["failed"], serde_json::json!(["lock"]), "{found}");
    assert!(
        row(&found, "lock")["finding"].as_str().unwrap().contains(&format!("pid {}", std::process::id()))
    );
    assert_eq!(row(&found, "probe_order")["verdict"], "skipped");
    drop(held);
    assert_eq!(scene.answer("kill-switch activate --note drill").code, Some(0));
    assert_eq!(scene.failed(""), ["kill_switch"]);
    // The start is not refused: there may be something to protect.
    let run = scene.answer("run --mode live --confirm-live --config run.yaml --duration 3s --headless");
    assert_eq!(run.code, Some(0), "{} {}", run.out, run.err);
}

#[test]
fn a_disk_that_cannot_be_written_and_a_database_that_is_away_fail_and_only_the_disk_refuses_a_run() {
    let scene = Scene::new();
    // That file system has no room either.
    assert_eq!(scene.failed("--data-dir /proc/seawall"), ["disk", "disk_space"]);
    let run = scene.answer(
        "run --mode live --confirm-live --config run.yaml --once --headless --data-dir /proc/seawall",
    );
    assert!(run.code == Some(2) && run.err.contains("disk: "), "{} {}", run.out, run.err);
    let mut command = scene.command("doctor --config run.yaml --json");
    command.env("DATABASE_URL", "postgres://nobody:secret-word@127.0.0.1:1/none");
    let answer: Answer = command.output().unwrap().into();
    let found: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(found["failed"], serde_json::json!(["database"]), "{found}");
    assert!(!answer.out.contains("secret-word") && !answer.err.contains("secret-word"));
}

#[test]
fn a_configuration_that_contradicts_itself_or_its_venue_fails_by_name() {
    let scene = Scene::new();
    let (found, _) = scene.findings("--set risk.leverage_max=0");
    assert_eq!(found["failed"], serde_json::json!(["configuration"]), "{found}");
    assert!(row(&found, "configuration")["finding"].as_str().unwrap().contains("risk.leverage_max"));
    let spot = "--set venue.name=kraken --set strategy.ema_cross.long_only=false";
    assert_eq!(scene.failed(spot), ["venue"], "short positions on a spot venue");
    let other = scene.answer("doctor --config run.yaml --venue kraken");
    assert!(other.code == Some(2) && other.err.contains("--venue kraken"), "{}", other.err);
}

#[test]
fn the_probe_places_sees_and_cancels_both_orders_and_leaves_nothing() {
    let scene = Scene::new();
    let (found, code) = scene.findings("--probe");
    assert_eq!(code, Some(0), "{found}");
    for name in ["probe_order", "probe_stop", "probe_position"] {
        assert_eq!(row(&found, name)["verdict"], "ok", "{found}");
    }
    assert_eq!(scene.orders(), serde_json::json!([]));
    let state = scene.venue.control("GET", "state", "");
    assert_eq!((&state["fills"], &state["positions"]), (&serde_json::json!([]), &serde_json::json!([])));
    // A probe that was killed has left one: a look tells it, and the next probe takes it away.
    let left =
        r#"{"symbol":"ETH","side":"buy","qty":"0.1","limit_price":"10","client_id":"sw3zzzzzz0000001"}"#;
    scene.venue.control("POST", "orders", left);
    let (found, _) = scene.findings("");
    assert_eq!(row(&found, "orders")["verdict"], "warn", "{found}");
    assert_eq!(scene.failed("--probe"), Vec::<String>::new());
    assert_eq!(scene.orders(), serde_json::json!([]));
}

#[test]
fn the_probe_leaves_nothing_when_answers_are_lost_refused_or_late() {
    let faults = [
        (r#"{"fault":"drop_reply","target":"sendorder"}"#, None),
        (r#"{"fault":"drop_reply","target":"cancelorder"}"#, None),
        (r#"{"fault":"error_html","target":"sendorder","after_acceptance":true}"#, None),
        (r#"{"fault":"error_html","target":"cancelorder","count":4}"#, None),
        (r#"{"fault":"delay","target":"order","delay_ms":1500}"#, None),
        (r#"{"fault":"error_html","target":"openorders","every":2}"#, None),
        (r#"{"fault":"reject_stops"}"#, Some("probe_stop")),
        (r#"{"fault":"error_html","target":"sendorder"}"#, Some("probe_order")),
    ];
    let threads: Vec<_> = faults
        .into_iter()
        .map(|(rule, failed)| {
            std::thread::spawn(move || {
                let scene = Scene::of(Venue::with_faults(&[rule]));
                let (found, _) = scene.findings("--probe");
                assert_eq!(scene.orders(), serde_json::json!([]), "{rule}: {found}");
                let first = found["failed"].get(0).and_then(Value::as_str);
                assert_eq!(first, failed, "{rule}: {found}");
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn wait(child: &mut Child) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(120) {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    panic!("it does not end");
}

#[test]
fn ctrl_c_in_the_middle_of_the_probe_takes_the_orders_away_first() {
    let scene = Scene::of(Venue::with_faults(&[r#"{"fault":"delay","target":"openorders","delay_ms":700}"#]));
    let mut command = scene.command("doctor --config run.yaml --probe --json");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while scene.orders() == serde_json::json!([]) {
        assert!(
            begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none(),
            "no order came"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(wait(&mut child), Some(5));
    assert_eq!(scene.orders(), serde_json::json!([]));
}

#[test]
fn orders_that_cannot_be_taken_away_are_named() {
    let scene =
        Scene::of(Venue::with_faults(&[r#"{"fault":"error_json","target":"cancelorder","status":400}"#]));
    let (found, code) = scene.findings("--probe");
    let left = scene.orders();
    assert_eq!((left.as_array().unwrap().len(), code), (1, Some(5)), "{found}");
    let remedy = row(&found, "probe_order")["remedy"].as_str().unwrap();
    assert!(
        remedy.contains(left[0]["client_id"].as_str().unwrap()) && remedy.contains("MAY REST"),
        "{remedy}"
    );
    assert_eq!(row(&found, "probe_stop")["verdict"], "skipped", "no second one is placed");
    exchange(scene.venue.address, "POST", "/testnet/faults", "[]");
    assert_eq!(scene.failed("--probe"), Vec::<String>::new(), "the next probe takes it away");
    assert_eq!(scene.orders(), serde_json::json!([]));
}
