//! The report for programs: its keys, its identities, its exactness.

#[cfg(test)]
use crate::common::{market, outcome, settings};
use proptest::prelude::*;
use rust_decimal::Decimal;
use seawall_backtest::{Market, Outcome, RunSettings, report};
use serde_json::Value;

fn bytes(outcome: &Outcome, market: &Market, settings: &RunSettings) -> Vec<u8> {
    let mut bytes = Vec::new();
    report::json(outcome, market, settings, &mut bytes).unwrap();
    bytes
}

fn value(outcome: &Outcome, market: &Market, settings: &RunSettings) -> Value {
    serde_json::from_slice(&bytes(outcome, market, settings)).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn the_keys_are_those_of_the_schema() {
    let (market, settings) = (market(&["BTC/USDT", "kraken-futures:ETH/USDT:USDT"], 1, 3_000), settings());
    let outcome = outcome(&market, &settings);
    let report = value(&outcome, &market, &settings);
    let mut top = keys(&report);
    top.sort_unstable();
    assert_eq!(
        top,
        ["assumptions", "candles", "decisions", "equity", "fingerprint", "schema", "summary", "trades"]
    );
    assert_eq!(report["schema"], "seawall.backtest/1");
    assert_eq!(report["fingerprint"].as_str().unwrap().len(), 64);
    for key in ["instrument", "timeframe", "count", "from", "to", "holes", "ambiguous"] {
        assert!(report["candles"][1].get(key).is_some(), "candles.{key}");
    }
    assert_eq!(report["candles"][1]["instrument"], "kraken-futures:ETH/USDT:USDT");
    assert_eq!(report["candles"][0]["from"], "2023-01-01T00:00:00Z");
    assert_eq!(report["candles"][0]["to"], "2023-01-11T10:00:00Z");
    let refused: u64 = report["decisions"]["by_gate"]
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    let total = report["decisions"]["total"].as_u64().unwrap();
    assert_eq!(report["decisions"]["entered"].as_u64().unwrap() + refused, total);
    assert_eq!(report["equity"][0][1], "10000");
    assert!(report["equity"][0][0].as_str().unwrap().ends_with('Z'));
    trade_keys(&report);
    let assumed = &report["assumptions"];
    assert_eq!(assumed["initial_equity"], "10000");
    assert_eq!(assumed["simulator"]["taker_fee_bps"], "5");
    assert_eq!(assumed["strategy"]["name"], "ema_cross");
    assert_eq!(assumed["strategy"]["ema_cross"]["fast"], 5);
    assert_eq!(assumed["paths"][0]["source"], "candles");
    assert!(assumed["not_modelled"].as_array().unwrap().len() > 3);
}

fn trade_keys(report: &Value) {
    let trades = report["trades"].as_array().unwrap();
    assert!(trades.len() > 20, "{} trades", trades.len());
    let expected = [
        "id",
        "instrument",
        "side",
        "setup",
        "regime",
        "score",
        "decided_at",
        "entry_at",
        "entry_price",
        "qty",
        "initial_stop",
        "exits",
        "fees",
        "funding",
        "pnl",
        "r",
        "mae",
        "mfe",
        "naked_ms",
        "open",
    ];
    for trade in trades {
        assert_eq!(keys(trade).len(), expected.len());
        for key in expected {
            assert!(trade.get(key).is_some(), "trades.{key}");
        }
        assert!(decimal(&trade["mae"]) <= Decimal::ZERO && decimal(&trade["mfe"]) >= Decimal::ZERO);
        for exit in trade["exits"].as_array().unwrap() {
            assert!(decimal(&exit["price"]) > Decimal::ZERO && decimal(&exit["qty"]) > Decimal::ZERO);
            assert!(exit["at"].is_string() && exit["reason"].is_string());
        }
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    let (market, settings) = (market(&["BTC/USDT"], 3, 2_000), settings());
    let mut first = outcome(&market, &settings);
    let second = outcome(&market, &settings);
    assert_eq!(bytes(&first, &market, &settings), bytes(&second, &market, &settings));
    first.run_seconds = 0.5;
    let timed = value(&first, &market, &settings);
    assert_eq!(timed["summary"]["bars_per_second"], 4_000.0);
    assert!(value(&second, &market, &settings)["summary"]["bars_per_second"].is_null());
}

#[test]
fn a_run_without_a_trade_has_nulls_where_there_is_no_number() {
    let (market, mut settings) = (market(&["BTC/USDT"], 3, 40), settings());
    settings.strategy.ema_cross.slow = 39;
    let outcome = outcome(&market, &settings);
    assert!(outcome.trades.is_empty());
    let report = value(&outcome, &market, &settings);
    let summary = &report["summary"];
    for key in
        ["sharpe", "sortino", "calmar", "sqn", "profit_factor", "expectancy", "cagr_pct", "win_rate_pct"]
    {
        assert!(summary[key].is_null(), "{key} is {}", summary[key]);
    }
    assert_eq!(summary["initial_equity"], summary["final_equity"]);
    assert_eq!(summary["profit_pct"], 0.0);
    let text = report::text(&outcome, &market, &settings);
    assert!(text.contains("n/a") && !text.contains("NaN") && !text.contains("inf"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn final_equity_is_the_initial_plus_the_profit_of_all_trades_to_the_last_digit(
        seed in 0_u64..1_000_000, count in 60_usize..900, long_only: bool, brackets: bool, funding: bool
    ) {
        let market = market(&["BTC/USDT", "ETH/USDT"], seed, count);
        let mut settings = settings();
        settings.strategy.ema_cross.long_only = long_only;
        if !brackets {
            settings.strategy.ema_cross.stop_pct = None;
            settings.strategy.ema_cross.target_pct = None;
        }
        if !funding {
            settings.simulator.funding = seawall_simulator::Toggle::Off;
        }
        let outcome = outcome(&market, &settings);
        let report = value(&outcome, &market, &settings);
        let summary = &report["summary"];
        let trades = report["trades"].as_array().unwrap();
        let profit: Decimal = trades.iter().map(|trade| decimal(&trade["pnl"])).sum();
        prop_assert_eq!(decimal(&summary["initial_equity"]) + profit, decimal(&summary["final_equity"]));
        // The tables and the waterfall add up to the same profit.
        for table in ["by_instrument", "by_exit_reason", "by_setup", "by_regime"] {
            let rows = summary[table].as_array().unwrap();
            let sum: Decimal = rows.iter().map(|row| decimal(&row["profit_abs"])).sum();
            prop_assert_eq!(sum, profit, "{}", table);
        }
        let costs = |key: &str| decimal(&summary["costs"][key]);
        prop_assert_eq!(costs("gross_at_decision_price") - costs("entry_slippage"), costs("gross"));
        prop_assert_eq!(costs("gross") - costs("fees") + costs("funding"), costs("net"));
        prop_assert_eq!(costs("net"), profit);
        let months: Decimal =
            summary["months"].as_array().unwrap().iter().map(|month| decimal(&month["profit"])).sum();
        prop_assert_eq!(months, profit);
        let last = report["equity"].as_array().unwrap().last().unwrap();
        prop_assert_eq!(decimal(&last[1]), decimal(&summary["final_equity"]));
    }
}
