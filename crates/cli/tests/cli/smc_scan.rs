//! `seawall smc scan` through the binary: text, JSON, the page and its data, refusals.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::common::Sandbox;
use crate::common::candles::{Bar, MINUTE, NEW_YEAR, csv, hundredths, walk};
use crate::common::refusals::{Case, all_refused};
use data_encoding::BASE64;
use seawall_store::journal::Digest;
use serde_json::Value;

const BARS: usize = 300;

/// Five-minute candles whose bars 100 to 102 are missing.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("btc.csv", candles(&walk(BARS + 3, 5)));
    sandbox.write("other.csv", csv(&walk(20, 1), MINUTE));
    sandbox.write("bad.csv", "ts_ms,open,high,low,close,volume\n1672531200000,1,2,1,x,1\n");
    sandbox
}

fn candles(bars: &[Bar]) -> String {
    let text = csv(bars, 5 * MINUTE);
    text.lines()
        .enumerate()
        .filter(|(line, _)| !(101..104).contains(line))
        .fold(String::new(), |all, (_, line)| all + line + "\n")
}

const BTC: &str = "smc scan --candles BTC/USDT=btc.csv@5m";

/// The data that a page carries.
fn page_data(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_text_tells_what_was_seen_and_what_is_live() {
    let text = sandbox().run(BTC).text();
    assert!(
        text.starts_with("BTC/USDT 5m: 300 bars, 2023-01-01 00:00 to 2023-01-02 01:15 UTC, 3 missing\n"),
        "{text}"
    );
    for part in [
        "Settings: internal legs 5 bars, swing legs 50 bars",
        "\nEvents of 5m:\n",
        "  order block ",
        "  fair value gap ",
        "The last 40 of ",
        " (anchor 2023-01-",
        "\nNow, 5m after the close of 2023-01-02 01:15 UTC at ",
        "  trend: internal b",
        "  live zones: ",
    ] {
        assert!(text.contains(part), "lacks `{part}`:\n{text}");
    }
    let events = text.split("The last 40 of ").nth(1).unwrap().split("\n\n").next().unwrap();
    let times: Vec<&str> = events.lines().skip(1).map(|line| &line[2..18]).collect();
    assert_eq!(times.len(), 40);
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn the_last_and_the_kinds_choose_events() {
    let sandbox = sandbox();
    let text = sandbox.run(&format!("{BTC} --kinds order_block,choch --last 3")).text();
    assert!(text.contains("The last 3 of "), "{text}");
    assert!(!text.contains("fair value gap"), "{text}");
    let json = sandbox.run(&format!("{BTC} --kinds fvg --last 2 --json -")).json();
    let frame = &json["timeframes"][0];
    assert_eq!(keys(&frame["counts"]), ["fvg"]);
    assert_eq!(frame["events"].as_array().unwrap().len(), 2);
    assert!(frame["events_total"].as_u64().unwrap() > 2);
    for (option, other) in [("--internal", "swing"), ("--swing", "internal")] {
        let json = sandbox.run(&format!("{BTC} {option} --json -")).json();
        let events = json["timeframes"][0]["events"].as_array().unwrap().clone();
        assert!(!events.is_empty());
        assert!(events.iter().all(|event| !event["source"].as_str().unwrap().starts_with(other)), "{option}");
    }
}

#[test]
fn the_json_has_the_documented_fields() {
    let json = sandbox().run(&format!("{BTC} --json -")).json();
    assert_eq!(json["schema"], "seawall.smc_scan/1");
    assert_eq!(keys(&json), ["base_timeframe", "instrument", "schema", "settings", "timeframes"]);
    let frame = &json["timeframes"][0];
    let fields =
        ["bars", "bars_missing", "counts", "events", "events_total", "from", "live", "timeframe", "to"];
    assert_eq!(keys(frame), fields);
    let event = &frame["events"][0];
    let fields =
        ["anchor", "bottom", "change", "direction", "id", "kind", "known_at", "parents", "source", "top"];
    assert_eq!(keys(event), fields);
    assert_eq!(keys(&event["anchor"]), ["bar", "time"]);
    let live = &frame["live"];
    let fields = ["close", "dealing_range", "internal_trend", "pools", "swing_trend", "zones"];
    assert_eq!(keys(live), fields);
    let fields =
        ["born", "bottom", "direction", "distance_pct", "id", "kind", "side", "source", "top", "touched"];
    assert_eq!(keys(&live["zones"][0]), fields);
    assert_eq!((frame["bars"].as_u64(), frame["bars_missing"].as_i64()), (Some(300), Some(3)));
}

#[test]
fn each_event_has_the_times_of_its_bars() {
    let json = sandbox().run(&format!("{BTC} --json -")).json();
    let at = |bar: u64, later: i64| {
        let hole = if bar >= 100 { 3 } else { 0 };
        let step = i64::try_from(bar).unwrap() + hole + later;
        seawall_model::Ts::from_millis(NEW_YEAR + step * 5 * MINUTE).to_string()
    };
    let events = json["timeframes"][0]["events"].as_array().unwrap();
    assert!(events.len() > 100);
    let mut before = 0;
    for event in events {
        let (anchor, known) = (&event["anchor"], &event["known_at"]);
        assert_eq!(anchor["time"], at(anchor["bar"].as_u64().unwrap(), 0).as_str());
        assert_eq!(known["time"], at(known["bar"].as_u64().unwrap(), 1).as_str());
        let bar = known["bar"].as_u64().unwrap();
        assert!(bar >= before && bar >= anchor["bar"].as_u64().unwrap());
        before = bar;
    }
}

#[test]
fn coarser_views_come_from_closed_candles_only() {
    let sandbox = sandbox();
    let json = sandbox.run(&format!("{BTC} --timeframe 15m --timeframe 1h --json -")).json();
    let frames = json["timeframes"].as_array().unwrap();
    let names: Vec<&str> = frames.iter().map(|frame| frame["timeframe"].as_str().unwrap()).collect();
    assert_eq!(names, ["5m", "15m", "1h"]);
    // 303 candles of 5m with the hole: the last quarter of an hour is whole, the last hour is not.
    assert_eq!(frames[1]["to"], "2023-01-02T01:15:00Z");
    assert_eq!(frames[2]["to"], "2023-01-02T01:00:00Z");
    assert_eq!(frames[2]["bars"], 25);
    let text = sandbox.run(&format!("{BTC} --timeframe 1h --last 400")).text();
    assert!(
        text.contains(" 1h #") && text.contains("\nNow, 1h after the close of 2023-01-02 01:00"),
        "{text}"
    );
}

#[test]
fn a_coarse_candle_whose_last_candles_are_missing_is_known_when_the_next_candle_closes() {
    let sandbox = Sandbox::new();
    // Missing are 00:55, 01:00 and 01:05.
    let text = csv(&walk(60, 3), 5 * MINUTE);
    let kept = text.lines().enumerate().filter(|(line, _)| !(12..15).contains(line));
    sandbox.write("btc.csv", kept.fold(String::new(), |all, (_, line)| all + line + "\n"));
    sandbox.run(&format!("{BTC} --timeframe 1h --html page.html")).text();
    let data = page_data(&String::from_utf8(sandbox.read("page.html")).unwrap());
    // The candle that opens at 01:10 ends at 01:15, a quarter of an hour after the hour.
    assert_eq!(data["frames"][1]["late"], serde_json::json!([[0, 900]]));
    assert_eq!(data["frames"][0]["late"], serde_json::json!([]));
}

#[test]
fn the_page_carries_every_bar_and_the_life_of_every_thing() {
    let sandbox = sandbox();
    let json = sandbox.run(&format!("{BTC} --html page.html --json -")).json();
    let data = page_data(&String::from_utf8(sandbox.read("page.html")).unwrap());
    let frame = &data["frames"][0];
    assert_eq!(frame["holes"], serde_json::json!([[100, 3]]));
    let number = |value: &Value| value.as_i64().unwrap();
    let (mut close, mut rows) = (0, String::new());
    for (at, bar) in frame["bars"].as_array().unwrap().chunks(4).enumerate() {
        let open = close + number(&bar[0]);
        close = open + number(&bar[1]);
        let (high, low) = (open.max(close) + number(&bar[2]), open.min(close) - number(&bar[3]));
        let step = i64::try_from(if at >= 100 { at + 3 } else { at }).unwrap();
        let [open, high, low, close] = [open, high, low, close].map(hundredths);
        writeln!(rows, "{},{open},{high},{low},{close},10", NEW_YEAR + step * 5 * MINUTE).unwrap();
    }
    let source = String::from_utf8(sandbox.read("btc.csv")).unwrap();
    assert_eq!(rows, source.split_once('\n').unwrap().1);
    // Every zone's births and changes, in both.
    let mut lives: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for event in json["timeframes"][0]["events"].as_array().unwrap() {
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        let entry = (event["known_at"]["bar"].as_u64().unwrap(), text("change"));
        lives.entry(text("id")).or_default().push(entry);
    }
    let mut shown: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for thing in frame["things"].as_array().unwrap() {
        let mut life = vec![(thing[5].as_u64().unwrap(), "born".to_owned())];
        for entry in thing[9].as_array().unwrap() {
            let change = &data["changes"][usize::try_from(entry[0].as_u64().unwrap()).unwrap()];
            life.push((entry[1].as_u64().unwrap(), change["name"].as_str().unwrap().to_owned()));
        }
        shown.insert(format!("{}:{}", thing[1], thing[2]), life);
    }
    assert_eq!(shown, lives);
    assert!(lives.values().any(|life| life.len() > 3), "some zone has to go through its stages");
}

#[test]
fn the_page_runs_its_own_script_and_asks_the_network_for_nothing() {
    let sandbox = sandbox();
    sandbox.run(&format!("{BTC} --html page.html")).text();
    let page = String::from_utf8(sandbox.read("page.html")).unwrap();
    let script = page.rsplit_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    let hash = BASE64.encode(&Digest::sha256(script.as_bytes()).0);
    let policy = format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}';");
    assert!(page.contains(&policy));
    for forbidden in ["http:", "https:", "src=", "href=", "url(", "@import", "innerHTML", "eval("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_eq!(page.matches("</script>").count(), 2);
}

/// The page's own `visible at t`, run by Node, against a scan of every prefix.
#[test]
fn the_page_shows_at_each_bar_what_a_scan_of_the_bars_until_then_knows() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("skipped: node is not installed");
        return;
    }
    let (sandbox, bars) = (Sandbox::new(), walk(140, 11));
    sandbox.write("btc.csv", csv(&bars, 5 * MINUTE));
    sandbox.run(&format!("{BTC} --html page.html")).text();
    let mut prefixes = String::new();
    for count in 1..=bars.len() {
        let to = NEW_YEAR + i64::try_from(count).unwrap() * 5 * MINUTE;
        let json = sandbox.run(&format!("{BTC} --json - --to {}", seawall_model::Ts::from_millis(to))).json();
        assert_eq!(json["timeframes"][0]["bars"].as_u64(), u64::try_from(count).ok());
        writeln!(prefixes, "{json}").unwrap();
    }
    sandbox.write("prefixes.jsonl", prefixes);
    let here = env!("CARGO_MANIFEST_DIR");
    let output = Command::new("node")
        .arg("--test")
        .arg(format!("{here}/tests/smc_scan_replay.test.mjs"))
        .env("REPLAY", format!("{here}/src/commands/smc/draw/replay.js"))
        .env("PAGE", sandbox.path("page.html"))
        .env("PREFIXES", sandbox.path("prefixes.jsonl"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("# pass 6"), "{said}");
}

#[test]
fn what_is_wrong_is_refused_with_its_place_and_nothing_is_written() {
    const CASES: [Case; 15] = [
        ("", &["--candles <NAME=FILE@TF>"]),
        ("--candles BTC/USDT=btc.csv", &["--candles BTC/USDT=btc.csv: the timeframe is missing"]),
        ("--candles BTC/USDT=no.csv@5m", &["no.csv: cannot open: No such file"]),
        (
            "--candles BTC/USDT=bad.csv@5m --html x.html",
            &["bad.csv: line 2, column `close`: `x` is not a number"],
        ),
        ("--candles BTC/USDT=other.csv@5m", &["other.csv: declared as 5m, but its rows are 1m apart"]),
        (
            "BTC --kinds order_blok",
            &["--kinds: `order_blok` is no kind; did you mean `order_block`?", "allowed are: "],
        ),
        ("BTC --kinds fvg,", &["--kinds: `` is no kind; allowed are: "]),
        ("BTC --timeframe 3m", &["--timeframe 3m: candles of 5m do not make up whole ones of it"]),
        ("BTC --timeframe 7m", &["`7m` is not a timeframe"]),
        ("BTC --last 0", &["write a whole number, 1 or above"]),
        ("BTC --internal --swing", &["'--internal' cannot be used with '--swing'"]),
        ("BTC --html -", &["--html -: the chart needs a file"]),
        ("BTC --html no/x.html", &["--html no/x.html: the folder no does not exist"]),
        ("BTC --json x --html x", &["names the same file; give each its own"]),
        ("BTC --html btc.csv", &["--html btc.csv: this file is read by the same command"]),
    ];
    let cases: Vec<(String, &[&str])> = CASES
        .iter()
        .map(|(line, says)| (line.replace("BTC --", "--candles BTC/USDT=btc.csv@5m --"), *says))
        .collect();
    let sandbox = sandbox();
    for (line, says) in &cases {
        let line: &'static str = Box::leak(line.clone().into_boxed_str());
        all_refused(&sandbox, "smc scan ", &[(line, says)]);
    }
}
