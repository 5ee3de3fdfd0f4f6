//! The main job: candles in; the same exact result each time out, as a plain loop has it.

use crate::common;
use crate::common::Sandbox;
use crate::common::candles::{Bar, MINUTE, NEW_YEAR, csv, walk};
use rust_decimal::Decimal;
use serde_json::Value;

/// No costs but a taker fee of 5 bps.
const FEES_ONLY: &str = "--set simulator.taker_fee_bps=5 --set simulator.slippage_bps=0 \
    --set simulator.spread_bps=0 --set simulator.latency_ms=0 --set simulator.funding=off";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).parse().unwrap()
}

fn price(hundredths: i64) -> Decimal {
    Decimal::new(hundredths, 2)
}

/// A trade of the plain loop: entry, exit (none: open at the end), profit after fees.
#[derive(Debug, PartialEq)]
struct Plain {
    long: bool,
    entry: Decimal,
    exit: Option<Decimal>,
    pnl: Decimal,
}

/// `ema_cross` as a loop: averages of closes as floats, money as decimals.
fn plain_loop(bars: &[Bar], (fast, slow): (u32, usize), long_only: bool, qty: Decimal) -> Vec<Plain> {
    let alpha = |length: f64| 2.0 / (length + 1.0);
    let (alpha_fast, alpha_slow) = (alpha(f64::from(fast)), alpha(slow as f64));
    let fee = |at: Decimal| at * qty * Decimal::new(5, 4);
    let mut trades = Vec::new();
    let mut open: Option<(bool, Decimal)> = None;
    let (mut one, mut other) = (0.0, 0.0);
    for (index, bar) in bars.iter().enumerate() {
        let close = bar[3] as f64 / 100.0;
        let before = one - other;
        if index == 0 {
            (one, other) = (close, close);
        } else {
            one = alpha_fast * close + (1.0 - alpha_fast) * one;
            other = alpha_slow * close + (1.0 - alpha_slow) * other;
        }
        let Some(next) = bars.get(index + 1).map(|next| price(next[0])) else { break };
        if index < slow {
            continue;
        }
        let up = before <= 0.0 && one - other > 0.0;
        let down = before >= 0.0 && one - other < 0.0;
        if (up || down) && open.is_some_and(|(long, _)| long != up) {
            let (long, entry) = open.take().unwrap();
            let gross = qty * if long { next - entry } else { entry - next };
            trades.push(Plain { long, entry, exit: Some(next), pnl: gross - fee(entry) - fee(next) });
        }
        if open.is_none() && (up || (down && !long_only)) {
            open = Some((up, next));
        }
    }
    if let Some((long, entry)) = open {
        let last = price(bars.last().unwrap()[3]);
        let gross = qty * if long { last - entry } else { entry - last };
        trades.push(Plain { long, entry, exit: None, pnl: gross - fee(entry) });
    }
    trades
}

#[test]
fn ema_cross_gives_what_a_plain_loop_gives_to_the_last_digit() {
    let sandbox = Sandbox::new();
    let bars = walk(3_000, 7);
    sandbox.write("walk.csv", csv(&bars, MINUTE));
    for (long_only, qty) in [(true, "0.7"), (false, "1.3")] {
        let report = sandbox
            .run(&format!(
                "backtest --candles BTC/USDT=walk.csv@1m {FEES_ONLY} --json - --set strategy.ema_cross.qty={qty} \
                 --set strategy.ema_cross.fast=9 --set strategy.ema_cross.slow=26 \
                 --set strategy.ema_cross.long_only={long_only}"
            ))
            .json();
        let found: Vec<Plain> = report["trades"]
            .as_array()
            .unwrap()
            .iter()
            .map(|trade| Plain {
                long: trade["side"] == "long",
                entry: decimal(&trade["entry_price"]),
                exit: trade["exits"].as_array().unwrap().first().map(|exit| decimal(&exit["price"])),
                pnl: decimal(&trade["pnl"]),
            })
            .collect();
        let expected = plain_loop(&bars, (9, 26), long_only, qty.parse().unwrap());
        assert!(expected.len() > 40, "{}", expected.len());
        assert_eq!(found, expected);
        let total: Decimal = expected.iter().map(|trade| trade.pnl).sum();
        let summary = &report["summary"];
        assert_eq!(decimal(&summary["final_equity"]), decimal(&summary["initial_equity"]) + total);
    }
}

#[test]
fn the_report_for_programs_has_the_agreed_names_and_balances() {
    let sandbox = Sandbox::new();
    sandbox.write("walk.csv", csv(&walk(2_000, 3), MINUTE));
    let line = "backtest --candles BTC/USDT=walk.csv@1m --set strategy.ema_cross.stop_pct=0.5 \
        --set strategy.ema_cross.target_pct=1";
    let report = sandbox.run(&format!("{line} --json -")).json();
    let wanted =
        ["schema", "fingerprint", "assumptions", "candles", "decisions", "trades", "equity", "summary"];
    let mut found = keys(&report);
    found.retain(|key| wanted.contains(key));
    assert_eq!(found.len(), wanted.len(), "{:?}", keys(&report));
    assert_eq!(report["schema"], "seawall.backtest/1");
    assert_eq!(report["fingerprint"].as_str().unwrap().len(), 64);
    for key in ["instrument", "timeframe", "count", "from", "to", "holes", "ambiguous"] {
        assert!(keys(&report["candles"][0]).contains(&key), "{key}");
    }
    for key in ["total", "entered", "by_gate"] {
        assert!(keys(&report["decisions"]).contains(&key), "{key}");
    }
    let trade = "id instrument side setup regime score decided_at entry_at entry_price qty initial_stop exits fees \
        funding pnl r mae mfe naked_ms";
    for key in trade.split_whitespace() {
        assert!(keys(&report["trades"][0]).contains(&key), "{key}");
    }
    for key in ["at", "price", "qty", "reason"] {
        assert!(keys(&report["trades"][0]["exits"][0]).contains(&key), "{key}");
    }
    for key in ["initial_equity", "final_equity", "fills", "bars_per_second"] {
        assert!(keys(&report["summary"]).contains(&key), "{key}");
    }
    let total: Decimal =
        report["trades"].as_array().unwrap().iter().map(|trade| decimal(&trade["pnl"])).sum();
    let summary = &report["summary"];
    assert_eq!(decimal(&summary["final_equity"]), decimal(&summary["initial_equity"]) + total);
    assert_eq!(report["candles"][0]["count"], 2_000);
    assert!(report["equity"][0][0].as_str().unwrap().ends_with('Z'));
    let counted: u64 = report["decisions"]["by_gate"]
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    let entered = report["decisions"]["entered"].as_u64().unwrap();
    assert_eq!(report["decisions"]["total"].as_u64().unwrap(), counted + entered);
    // Again, into files: the text goes to the screen, and the fingerprint is the same.
    let text = sandbox.run(&format!("{line} --json r.json --html r.html")).text();
    let again = sandbox.json("r.json");
    assert_eq!(again["fingerprint"], report["fingerprint"]);
    assert!(text.contains(report["fingerprint"].as_str().unwrap()));
    let page = String::from_utf8(sandbox.read("r.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") || page.starts_with("<!doctype html>"), "{}", &page[..60]);
    assert!(page.trim_end().ends_with("</html>"));
    assert!(!sandbox.path("r.json.partial").exists() && !sandbox.path("r.html.partial").exists());
    let other = sandbox.run(&format!("{line} --json - --set strategy.ema_cross.fast=10")).json();
    assert_ne!(other["fingerprint"], report["fingerprint"]);
}

#[test]
fn from_and_to_cut_the_candles() {
    let sandbox = Sandbox::new();
    sandbox.write("walk.csv", csv(&walk(600, 3), MINUTE));
    let line =
        "backtest --candles BTC/USDT=walk.csv@1m --from 2023-01-01T01:00:00Z --to 2023-01-01T03:00:00Z";
    let report = sandbox.run(&format!("{line} --json -")).json();
    let candles = &report["candles"][0];
    assert_eq!(candles["count"], 120);
    assert_eq!(candles["from"], "2023-01-01T01:00:00Z");
    assert_eq!(candles["to"], "2023-01-01T03:00:00Z");
}

#[test]
fn a_backtest_from_the_archive_is_the_backtest_of_the_file() {
    let sandbox = Sandbox::new();
    let text = csv(&walk(3_000, 5), MINUTE);
    sandbox.write("walk.csv", &text);
    let data = |line: &str| sandbox.run(&format!("data --archive store {line}")).text();
    data("import --instrument BTC/USDT --timeframe 1m walk.csv");
    let fingerprint = |candles: &str| {
        let line = format!("backtest --candles {candles} --archive store --json -");
        sandbox.run(&line).json()["fingerprint"].clone()
    };
    assert_eq!(fingerprint("BTC/USDT@1m"), fingerprint("BTC/USDT=walk.csv@1m"));
    // Twice is not an error and changes nothing.
    let before = sandbox.listing();
    assert!(data("import --instrument BTC/USDT --timeframe 1m walk.csv").contains("0 candles added"));
    assert_eq!(sandbox.listing(), before);
    data("export --instrument BTC/USDT --timeframe 1m out.csv");
    data("export --instrument BTC/USDT --timeframe 1m out.csv.gz");
    // The export has the digits that the numbers need; a second import and export is the same to the byte.
    assert_eq!(fingerprint("BTC/USDT=out.csv@1m"), fingerprint("BTC/USDT=out.csv.gz@1m"));
    assert_eq!(fingerprint("BTC/USDT=out.csv@1m"), fingerprint("BTC/USDT=walk.csv@1m"));
    let again = |line: &str| sandbox.run(&format!("data --archive other {line}")).text();
    again("import --instrument BTC/USDT --timeframe 1m out.csv.gz");
    again("export --instrument BTC/USDT --timeframe 1m again.csv");
    assert_eq!(sandbox.read("again.csv"), sandbox.read("out.csv"));
    data("resample --instrument BTC/USDT --from 1m --to 5m");
    let list = sandbox.run("data --archive store --json list").json();
    let rows: Vec<(&str, u64)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["timeframe"].as_str().unwrap(), one["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(rows, [("1m", 3_000), ("5m", 600)]);
    let audit = sandbox.run("data --archive store --json audit --instrument BTC/USDT --timeframe 5m").json();
    assert_eq!((&audit["rows"], &audit["faults"]["count"]), (&600.into(), &0.into()));
}

/// Five-minute bars that bring one entry at the open of bar 5 (103.00), and touch stop and target in bar 6.
const PATH: [Bar; 12] = [
    [10_000, 10_010, 9_990, 10_000],
    [10_000, 10_010, 9_890, 9_900],
    [9_900, 9_910, 9_790, 9_800],
    [9_800, 9_810, 9_690, 9_700],
    [9_700, 10_310, 9_690, 10_300],
    [10_300, 10_310, 10_290, 10_300],
    [10_300, 10_600, 10_000, 10_310],
    [10_310, 10_320, 10_310, 10_320],
    [10_320, 10_330, 10_320, 10_330],
    [10_330, 10_340, 10_330, 10_340],
    [10_340, 10_350, 10_340, 10_350],
    [10_350, 10_360, 10_350, 10_360],
];

/// A strategy that enters at the first rise, with a stop and a target 2 % away.
const BRACKET: &str = "--set strategy.ema_cross.fast=1 --set strategy.ema_cross.slow=2 \
    --set strategy.ema_cross.stop_pct=2 --set strategy.ema_cross.target_pct=2 --json -";

/// The one-minute bars of [`PATH`]: flat at the close, but in bar 6 up first and then down.
fn minutes() -> Vec<Bar> {
    let mut all = Vec::new();
    for (index, [open, high, low, close]) in PATH.into_iter().enumerate() {
        if index == 6 {
            all.push([open, high, open, high]);
            all.push([high, high, low, low]);
            all.push([low, close, low, close]);
        } else {
            all.push([open, open.max(close), open.min(close), close]);
            all.push([close, high, close, close]);
            all.push([close, close, low, close]);
        }
        all.extend([[close; 4]; 2]);
    }
    all
}

/// Reason of the first exit and how many bars stayed ambiguous.
fn exit(report: &Value) -> (&str, u64) {
    let reason = report["trades"][0]["exits"][0]["reason"].as_str().unwrap();
    (reason, report["candles"][0]["ambiguous"].as_u64().unwrap())
}

#[test]
fn finer_candles_or_trades_say_what_came_first_within_a_bar() {
    let sandbox = Sandbox::new();
    sandbox.write("five.csv", csv(&PATH, 5 * MINUTE));
    sandbox.write("one.csv", csv(&minutes(), MINUTE));
    let mut trades = "ts_ms,price,qty\n".to_owned();
    for (bar, [open, high, low, close]) in (0..).zip(PATH) {
        for (second, price) in [(0, open), (60, high), (120, low), (240, close)] {
            let at = NEW_YEAR + bar * 5 * MINUTE + second * 1_000;
            trades += &format!("{at},{},1\n", common::candles::hundredths(price));
        }
    }
    sandbox.write("trades.csv", trades);
    let line = format!("backtest --candles BTC/USDT=five.csv@5m {FEES_ONLY} {BRACKET}");
    let alone = sandbox.run(&line).json();
    assert_eq!(exit(&alone), ("stop_loss", 1), "{}", alone["trades"]);
    let finer = sandbox.run(&format!("{line} --candles BTC/USDT=one.csv@1m")).json();
    assert_eq!(exit(&finer), ("take_profit_1", 0), "{}", finer["trades"]);
    let tape = sandbox.run(&format!("{line} --trades BTC/USDT=trades.csv")).json();
    assert_eq!(exit(&tape), ("take_profit_1", 0), "{}", tape["trades"]);
}

#[test]
fn recorded_funding_is_charged_to_the_position() {
    let sandbox = Sandbox::new();
    let flat: Vec<Bar> = PATH[..6].iter().copied().chain([[10_300, 10_310, 10_290, 10_300]; 12]).collect();
    sandbox.write("five.csv", csv(&flat, 5 * MINUTE));
    let at = NEW_YEAR + 60 * MINUTE;
    sandbox.write("rates.csv", format!("ts_ms,funding_rate\n{at},0.001\n"));
    let line = "backtest --candles BTC/USDT=five.csv@5m --funding BTC/USDT=rates.csv \
        --set simulator.slippage_bps=0 --set simulator.spread_bps=0 --set simulator.latency_ms=0";
    let report = sandbox.run(&format!("{line} {BRACKET}")).json();
    // A long position pays a positive rate: 0.001 of 103 for one contract.
    assert_eq!(decimal(&report["trades"][0]["funding"]), Decimal::new(-103, 3), "{}", report["trades"]);
    let off = sandbox.run(&format!("{line} {BRACKET} --set simulator.funding=off")).json();
    assert_eq!(decimal(&off["trades"][0]["funding"]), Decimal::ZERO);
}
