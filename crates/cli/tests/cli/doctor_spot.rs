//! The doctor on a spot venue, with instruments from the listing, and with the database on a server.

#[path = "../../../store/tests/store/common/server.rs"]
mod server;

use crate::common::Answer;
use crate::common::scene::{EVERY, Scene, row, rows};
use crate::common::venue::Venue;
use seawall_testnet::world::VenueKind;
use serde_json::{Value, json};

const RUN: &str = "run --mode live --confirm-live --config run.yaml --duration 3s --headless";
const DISCOVERY: &str = "--set run.instruments=[] --set discovery.enabled=true";

fn spot() -> Scene {
    Scene::of(Venue::of(VenueKind::Kraken, |_| {}))
}

fn skipped(found: &Value) -> Vec<&str> {
    let all = found["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "skipped");
    all.map(|check| check["name"].as_str().unwrap()).collect()
}

#[test]
fn a_sound_set_up_on_spot_fails_in_nothing_and_the_probe_leaves_nothing() {
    let scene = spot();
    let before = scene.sandbox.listing();
    let (found, code) = scene.findings("--venue kraken");
    assert_eq!((&found["failed"], code), (&json!([]), Some(0)), "{found}");
    for name in EVERY.split_whitespace() {
        assert!(!rows(&found, name).is_empty(), "{name}: {found}");
    }
    assert_eq!(skipped(&found), ["position_sync", "probe_order", "probe_stop", "probe_position"], "{found}");
    assert_eq!(scene.sandbox.listing(), before, "nothing is left behind");
    let (found, code) = scene.findings("--probe");
    assert_eq!((&found["failed"], code), (&json!([]), Some(0)), "{found}");
    for name in ["probe_order", "probe_stop", "probe_position"] {
        assert_eq!(row(&found, name)["verdict"], "ok", "{found}");
    }
    let stop = row(&found, "probe_stop")["measured"].as_str().unwrap();
    assert!(stop.contains("buy"), "nothing is held that a stop could sell: {stop}");
    let state = scene.venue.control("GET", "state", "");
    assert_eq!((&state["open_orders"], &state["fills"]), (&json!([]), &json!([])));
}

#[test]
fn wrong_keys_and_lost_answers_on_spot_fail_by_name_and_leave_nothing() {
    let mut scene = spot();
    let right = std::mem::replace(&mut scene.key, ("NOBODY".to_owned(), scene.venue.secret.clone()));
    assert_eq!(scene.failed(""), ["keys"]);
    scene.key = right;
    let faults = [
        (r#"{"fault":"drop_reply","target":"AddOrder"}"#, "--probe", json!([])),
        (r#"{"fault":"drop_reply","target":"CancelOrder"}"#, "--probe", json!([])),
        (r#"{"fault":"reject_stops"}"#, "--probe", json!(["probe_stop"])),
        (r#"{"fault":"error_html","target":"BalanceEx"}"#, "", json!(["account", "positions"])),
        (r#"{"fault":"error_html","target":"OpenOrders"}"#, "", json!(["orders"])),
        (r#"{"fault":"error_html","target":"OHLC"}"#, "", json!(["candles"])),
    ];
    // Each at a venue of its own: what one doctor asks uses up much of what the venue allows in a minute.
    let threads = faults.map(|(rule, more, failed)| {
        std::thread::spawn(move || {
            let rules = vec![serde_json::from_str(rule).unwrap()];
            let scene = Scene::of(Venue::of(VenueKind::Kraken, |setup| setup.faults = rules));
            let (found, _) = scene.findings(more);
            assert_eq!(found["failed"], failed, "{rule}: {found}");
            assert_eq!(scene.orders(), json!([]), "{rule}: {found}");
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn coins_that_are_held_are_positions_and_need_a_stop_that_sells_all_of_them() {
    let scene = spot();
    scene.venue.control("POST", "positions", r#"{"symbol":"ETH","qty":"1"}"#);
    let (found, _) = scene.findings("");
    assert_eq!(found["failed"], json!(["stops"]), "{found}");
    assert_eq!(row(&found, "stops")["of"], "kraken:ETH/USD");
    let stop = |qty: &str| format!(r#"{{"symbol":"ETH","side":"sell","qty":"{qty}","stop_price":"100"}}"#);
    scene.venue.control("POST", "orders", &stop("0.4"));
    scene.venue.control("POST", "orders", &stop("0.6"));
    assert_eq!(scene.failed(""), Vec::<String>::new());
}

#[test]
fn the_third_doctor_in_a_row_waits_for_the_venue_s_limit_and_finds_the_same() {
    let scene = spot();
    for _ in 0..3 {
        assert_eq!(scene.failed(""), Vec::<String>::new());
    }
}

#[test]
fn a_start_on_spot_takes_over_what_is_held_and_places_its_stop() {
    let scene = spot();
    scene.venue.control("POST", "positions", r#"{"symbol":"ETH","qty":"1"}"#);
    let run = scene.answer("run --mode live --confirm-live --config run.yaml --once --headless");
    assert_eq!(run.code, Some(0), "{} {}", run.out, run.err);
    let orders = scene.orders();
    let stop = &orders.as_array().unwrap()[0];
    assert_eq!((&stop["side"], &stop["qty"]), (&json!("sell"), &json!("1")), "{orders}");
    assert!(!stop["stop_price"].is_null(), "{orders}");
}

#[test]
fn after_a_start_on_spot_venue_engine_and_database_are_compared() {
    let scene = spot();
    let run = scene.answer(RUN);
    assert_eq!(run.code, Some(0), "{} {}", run.out, run.err);
    let (found, _) = scene.findings("");
    let sync = row(&found, "position_sync");
    assert!(sync["verdict"] == "ok" && sync["finding"].as_str().unwrap().contains("database"), "{found}");
    scene.venue.control("POST", "positions", r#"{"symbol":"BTC","qty":"0.05"}"#);
    let (found, _) = scene.findings("");
    assert_eq!(found["failed"], json!(["stops", "position_sync"]), "{found}");
}

#[test]
fn the_listing_brings_the_instruments_on_either_venue_and_an_earlier_one_is_left_as_it_is() {
    for kind in [VenueKind::KrakenFutures, VenueKind::Kraken] {
        let scene = || Scene::of(Venue::of(kind, |_| {}));
        let first = scene();
        let (found, code) = first.findings(&format!("{DISCOVERY} --probe"));
        assert_eq!((&found["failed"], code), (&json!([]), Some(0)), "{found}");
        for name in ["instruments", "quotes", "candles"] {
            assert_eq!(rows(&found, name).len(), 5, "{name}: {found}");
        }
        let left = first.sandbox.listing();
        assert!(!left.keys().any(|path| path.ends_with("universe.json")), "{:?}", left.keys());
        let (found, _) = scene().findings(&format!("{DISCOVERY} --set discovery.instruments_max=2"));
        assert_eq!(rows(&found, "candles").len(), 2, "{found}");
        // Nothing that is listed fits.
        let (found, _) = scene().findings(&format!("{DISCOVERY} --set discovery.quote=EUR"));
        assert_eq!(found["failed"], json!(["instruments"]), "{found}");
        assert!(row(&found, "instruments")["finding"].as_str().unwrap().contains("not in EUR"), "{found}");
    }
    // What is held and not chosen is looked after, so it is looked at.
    let scene = Scene::new();
    scene.venue.control("POST", "positions", r#"{"symbol":"BTC","qty":"0.25"}"#);
    let (found, _) = scene.findings(&format!("{DISCOVERY} --set universe.blocked_bases=[BTC]"));
    assert_eq!(found["failed"], json!(["stops"]), "{found}");
}

#[test]
fn a_spot_venue_that_is_asked_and_does_not_answer_is_told_as_that() {
    let scene = Scene::new();
    let require = format!("{DISCOVERY} --set universe.require_spot=true");
    let (found, _) = scene.findings(&require);
    let check = row(&found, "instruments");
    assert!(check["finding"].as_str().unwrap().contains("discovery.spot_rest"), "{found}");
    let nobody = "--set discovery.spot_rest=http://127.0.0.1:1 --set venue.connect_timeout_ms=200";
    let (found, _) = scene.findings(&format!("{require} {nobody}"));
    assert_eq!(found["failed"], json!(["instruments"]), "{found}");
    assert!(row(&found, "instruments")["remedy"].as_str().unwrap().contains("try again"), "{found}");
    let on_spot = spot();
    let (found, _) = on_spot.findings("--set discovery.spot_rest=http://127.0.0.1:1");
    assert!(row(&found, "instruments")["finding"].as_str().unwrap().contains("leave it out"), "{found}");
}

#[test]
fn a_server_that_is_up_is_looked_at_before_and_after_a_start_and_compared() {
    let Some(server) = server::shared() else { return };
    for kind in [VenueKind::KrakenFutures, VenueKind::Kraken] {
        let scene = Scene::of(Venue::of(kind, |_| {}));
        let url = server.url(&server.create("doctor"));
        let answer =
            |line: &str| -> Answer { scene.command(line).env("DATABASE_URL", &url).output().unwrap().into() };
        let look = || -> Value {
            let answer = answer("doctor --config run.yaml --json");
            assert!(!answer.out.contains(server::PASSWORD) && !answer.err.contains(server::PASSWORD));
            serde_json::from_str(&answer.out).unwrap()
        };
        let found = look();
        assert_eq!(found["failed"], json!([]), "{found}");
        let database = row(&found, "database");
        assert!(database["finding"].as_str().unwrap().contains("the server answers"), "{found}");
        let run = answer(RUN);
        assert_eq!(run.code, Some(0), "{} {}", run.out, run.err);
        let found = look();
        assert_eq!(found["failed"], json!([]), "{found}");
        let sync = row(&found, "position_sync");
        assert!(sync["verdict"] == "ok" && sync["finding"].as_str().unwrap().contains("database"), "{found}");
        if kind == VenueKind::Kraken {
            // A further look would wait for the venue's limit.
            continue;
        }
        scene.venue.control("POST", "positions", r#"{"symbol":"BTC","qty":"0.25"}"#);
        let found = look();
        let sync = row(&found, "position_sync")["measured"].as_str().unwrap();
        assert!(sync.contains("venue 0.25") && sync.contains("database 0"), "{sync}");
        // Without the server two are compared, and the third is not known.
        let nobody = "postgres://nobody:secret-word@127.0.0.1:1/none";
        let mut command = scene.command("doctor --config run.yaml --json");
        let answer: Answer = command.env("DATABASE_URL", nobody).output().unwrap().into();
        let found: Value = serde_json::from_str(&answer.out).unwrap();
        let rows = rows(&found, "position_sync");
        assert!(rows.iter().any(|row| row["verdict"] == "skipped" && row["of"] == "database"), "{found}");
    }
}

#[test]
fn a_user_who_may_not_make_schemas_and_a_wrong_password_fail_as_database_and_refuse_a_run() {
    let Some(server) = server::shared() else { return };
    let scene = Scene::new();
    let database = server.create("weak");
    server.sql("postgres", "CREATE ROLE weak LOGIN PASSWORD 'weak'");
    let port = server.port();
    for (user, said) in [("weak:weak", "may not make schemas"), ("weak:wrong", "password")] {
        let url = format!("postgres://{user}@127.0.0.1:{port}/{database}");
        let answer =
            |line: &str| -> Answer { scene.command(line).env("DATABASE_URL", &url).output().unwrap().into() };
        let found: Value = serde_json::from_str(&answer("doctor --config run.yaml --json").out).unwrap();
        assert_eq!(found["failed"], json!(["database"]), "{found}");
        assert!(row(&found, "database")["finding"].as_str().unwrap().contains(said), "{found}");
        assert_ne!(answer(RUN).code, Some(0), "{user}");
    }
}
