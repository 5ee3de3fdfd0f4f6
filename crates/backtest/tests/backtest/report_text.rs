//! The report for the terminal.

#[cfg(test)]
use crate::common::{market, outcome, settings};
use seawall_backtest::report;

#[test]
fn it_has_every_name_of_the_summary_that_users_know() {
    let (market, settings) = (market(&["BTC/USDT", "ETH/USDT"], 1, 3_000), settings());
    let text = report::text(&outcome(&market, &settings), &market, &settings);
    for name in [
        "Backtesting from",
        "Backtesting to",
        "Trading Mode",
        "Max open trades",
        "Total/Daily Avg Trades",
        "Starting balance",
        "Final balance",
        "Absolute profit",
        "Total profit %",
        "CAGR %",
        "Sortino",
        "Sharpe",
        "Calmar",
        "SQN",
        "Profit factor",
        "Expectancy (Ratio)",
        "Avg. daily profit",
        "Avg. stake amount",
        "Total trade volume",
        "Long / Short trades",
        "Total profit Long %",
        "Total profit Short %",
        "Absolute profit Long",
        "Absolute profit Short",
        "Best Pair",
        "Worst Pair",
        "Best trade",
        "Worst trade",
        "Best day",
        "Worst day",
        "Days win/draw/lose",
        "Min/Max/Avg. Duration Winners",
        "Min/Max/Avg. Duration Losers",
        "Max Consecutive Wins / Loss",
        "Rejected Entry signals",
        "Entry Timeouts",
        "Min balance",
        "Max balance",
        "Max % of account underwater",
        "Absolute Drawdown (Account)",
        "Drawdown duration",
        "Drawdown high",
        "Drawdown low",
        "Drawdown Start",
        "Drawdown End",
        "Market change",
    ] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is missing:\n{text}");
    }
    assert!(text.contains("No edge is promised."), "{text}");
    assert!(text.contains("Positions with a confirmed stop"), "{text}");
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let long = "a-venue-with-a-long-name:1000000SHIB/USDT:USDT";
    let (market, mut settings) = (market(&[long, "ETH/USDT"], 1, 3_000), settings());
    settings.initial_equity = "123456789.12345678".parse().unwrap();
    let text = report::text(&outcome(&market, &settings), &market, &settings);
    for line in text.lines() {
        assert!(line.chars().count() <= 110, "{} columns: {line}", line.chars().count());
    }
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn the_same_results_give_the_same_text() {
    let (market, settings) = (market(&["BTC/USDT"], 9, 2_000), settings());
    let render = || report::text(&outcome(&market, &settings), &market, &settings);
    assert_eq!(render(), render());
}
