//! Backtests of instruments that read another one, from the command line.

use crate::common::Sandbox;
use crate::common::candles::{Bar, MINUTE, csv, walk};
use crate::common::refusals::all_refused;
use serde_json::Value;

/// The bars of a perpetual a tenth of a percent above these.
fn premium(bars: &[Bar]) -> Vec<Bar> {
    bars.iter().map(|bar| bar.map(|price| price + price / 1_000)).collect()
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let spot = walk(2_000, 7);
    sandbox.write("spot.csv", csv(&spot, MINUTE));
    sandbox.write("perp.csv", csv(&premium(&spot), MINUTE));
    sandbox.write("five.csv", csv(&walk(300, 3), 5 * MINUTE));
    sandbox.write("pair.yaml", "instruments: [{name: BTC/USD:USD, signal: BTC/USD}]\n");
    sandbox.write("missing.yaml", "instruments: [{name: BTC/USD:USD, signal: x:BTC/USD}]\n");
    sandbox
}

const BOTH: &str = "--candles BTC/USD:USD=perp.csv@1m --candles BTC/USD=spot.csv@1m";
/// Both ways with small orders, and no limits of risk in the way.
const HOW: &str = "--set strategy.ema_cross.long_only=false --set strategy.ema_cross.stop_pct=2 \
    --set risk.daily_loss_max_pct=off --set risk.weekly_loss_max_pct=off --json -";

fn entries(report: &Value) -> Vec<&str> {
    report["trades"].as_array().unwrap().iter().map(|trade| trade["entry_at"].as_str().unwrap()).collect()
}

#[test]
fn the_option_and_the_configuration_name_the_same_pair_and_orders_go_to_the_traded_one() {
    let sandbox = sandbox();
    let by_option = sandbox.run(&format!("backtest {BOTH} --signal BTC/USD:USD=BTC/USD {HOW}")).json();
    let by_file = sandbox.run(&format!("backtest {BOTH} --config pair.yaml {HOW}")).json();
    assert_eq!(by_option["fingerprint"], by_file["fingerprint"]);
    assert!(entries(&by_option).len() > 10);
    let trades = by_option["trades"].as_array().unwrap();
    assert!(trades.iter().all(|trade| trade["instrument"] == "BTC/USD:USD"));
    let candles = by_option["candles"].as_array().unwrap();
    assert_eq!(candles.len(), 1, "the report is about what is traded");
    assert_eq!(by_option["assumptions"]["instruments"][0]["signal"], "BTC/USD");
    // The entries are those of spot alone.
    let spot = sandbox.run(&format!("backtest --candles BTC/USD=spot.csv@1m {HOW}")).json();
    let minutes = |report: &Value| -> Vec<String> {
        entries(report).iter().map(|at| at.get(..16).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(minutes(&by_option), minutes(&spot));
}

#[test]
fn a_signal_that_is_listed_is_traded_as_well() {
    let sandbox = sandbox();
    sandbox.write("both.yaml", "instruments: [{name: BTC/USD:USD, signal: BTC/USD}, {name: BTC/USD}]\n");
    let report = sandbox.run(&format!("backtest {BOTH} --config both.yaml {HOW}")).json();
    let of = |name: &str| {
        let trades = report["trades"].as_array().unwrap();
        trades.iter().filter(|trade| trade["instrument"] == name).count()
    };
    assert!(of("BTC/USD:USD") > 10 && of("BTC/USD") > 10);
}

#[test]
fn a_pair_that_cannot_be_is_refused_with_what_to_change() {
    let cases: [(&str, &[&str]); 11] = [
        (
            "BOTH --signal BTC/USD",
            &["--signal BTC/USD: the signal is missing; write NAME=SIGNAL, like BTC/USD:USD="],
        ),
        ("BOTH --signal BTC/USD:USD=X", &["--signal BTC/USD:USD=X: `X` is not an instrument", "NAME=SIGNAL"]),
        (
            "BOTH --signal BTC/USD:USD=BTC/USDT",
            &[
                "--signal BTC/USD:USD=BTC/USDT: there are no --candles for BTC/USDT (given: BTC/USD:USD, BTC/USD); add them",
            ],
        ),
        ("BOTH --signal ETH/USD=BTC/USD", &["--signal ETH/USD=BTC/USD: there are no --candles for ETH/USD"]),
        (
            "BOTH --signal BTC/USD=BTC/USD",
            &["--signal BTC/USD=BTC/USD: BTC/USD reads its own candles anyway"],
        ),
        (
            "BOTH --signal BTC/USD:USD=BTC/USD --signal BTC/USD:USD=BTC/USD",
            &["BTC/USD:USD has a signal already; give it once"],
        ),
        (
            "BOTH --candles a:BTC/USD=spot.csv@1m --signal BTC/USD:USD=BTC/USD --signal BTC/USD=a:BTC/USD",
            &["BTC/USD:USD reads BTC/USD, which reads a:BTC/USD itself; name a:BTC/USD for both"],
        ),
        (
            "--candles BTC/USD:USD=perp.csv@1m --candles BTC/USD=five.csv@5m --signal BTC/USD:USD=BTC/USD",
            &[
                "--candles BTC/USD: candles of 5m, but BTC/USD:USD, which reads it, has candles of 1m",
                "same timeframe",
            ],
        ),
        (
            "BOTH --config missing.yaml",
            &["instruments[0].signal: BTC/USD:USD reads x:BTC/USD: there are no --candles for x:BTC/USD"],
        ),
        (
            "BOTH --candles ETH/USD=spot.csv@1m --signal BTC/USD:USD=ETH/USD",
            &["BTC/USD:USD reads ETH/USD: BTC and ETH are different coins"],
        ),
        (
            "BOTH --signal BTC/USD:USD=BTC/USD --funding BTC/USD=rates.csv",
            &[
                "--funding for BTC/USD: it is only read, not traded; leave them out, or list it under `instruments`",
            ],
        ),
    ];
    let sandbox = sandbox();
    sandbox.write("rates.csv", "ts_ms,funding_rate\n1672531200000,0.0001\n");
    for (line, says) in cases {
        let line = line.replace("BOTH", BOTH);
        all_refused(&sandbox, &format!("backtest {line}"), &[("", says)]);
    }
}
