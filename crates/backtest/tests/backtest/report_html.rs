//! The report for the browser: alone, escaped, bounded, the same each time.

#[cfg(test)]
use crate::common::{market, outcome, settings};
use seawall_backtest::report;
use seawall_model::{Alert, AlertKind, InstrumentId, Money, Severity, Ts};

const NAMES: [&str; 20] = [
    "AAA/USDT", "BBB/USDT", "CCC/USDT", "DDD/USDT", "EEE/USDT", "FFF/USDT", "GGG/USDT", "HHH/USDT",
    "III/USDT", "JJJ/USDT", "KKK/USDT", "LLL/USDT", "MMM/USDT", "NNN/USDT", "OOO/USDT", "PPP/USDT",
    "QQQ/USDT", "RRR/USDT", "SSS/USDT", "TTT/USDT",
];

/// Everything that would make a browser ask for something, or run what it should not.
fn asks_for_nothing(page: &str) {
    for bad in
        ["http:", "https:", "//", "src=", "href=", "url(", "@import", "<link", "<iframe", "<img", "fetch("]
    {
        assert!(!page.contains(bad), "{bad} in the page");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn it_needs_nothing_but_itself() {
    let (market, settings) = (market(&["BTC/USDT", "kraken-futures:ETH/USDT:USDT"], 1, 3_000), settings());
    let page = report::html(&outcome(&market, &settings), &market, &settings).unwrap();
    asks_for_nothing(&page);
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("No edge is promised."));
    assert!(page.contains("Positions with a confirmed stop") && page.contains("longest naked"));
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("width=device-width"));
    assert!(
        !page.contains("NaN") && !page.contains("inf\"") && !page.contains("undefined"),
        "a hole in the page"
    );
    for part in ["stop-line", "target-line", "stop-zone", "target-zone", "class=\"heat\"", "id=\"trades\""] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn what_could_be_markup_is_text() {
    let (market, settings) = (market(&["BTC/USDT"], 1, 500), settings());
    let mut outcome = outcome(&market, &settings);
    outcome.fingerprint = "<script>alert(1)</script>".to_owned();
    outcome.alerts.push(Alert {
        at: Ts::EPOCH,
        severity: Severity::Warning,
        kind: AlertKind::DataHole,
        instrument: Some(InstrumentId(0)),
        detail: "\"><svg onload=alert(2)>".to_owned(),
    });
    outcome.alerts_total += 1;
    let page = report::html(&outcome, &market, &settings).unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<svg onload"));
    assert!(page.contains("&lt;script&gt;") && page.contains("&lt;svg onload"));
    // Names hold nothing that needs it today; they are escaped like all other text.
    assert!(page.contains("<td>BTC&#x2f;USDT</td>"));
}

#[test]
fn the_same_results_give_the_same_page() {
    let (market, settings) = (market(&["BTC/USDT"], 9, 2_000), settings());
    let render = || report::html(&outcome(&market, &settings), &market, &settings).unwrap();
    assert_eq!(render(), render());
}

#[test]
fn a_run_without_a_trade_says_so() {
    let (market, mut settings) = (market(&["BTC/USDT"], 3, 40), settings());
    settings.strategy.ema_cross.slow = 39;
    let page = report::html(&outcome(&market, &settings), &market, &settings).unwrap();
    assert!(page.contains("No trades. The decisions by gate say why."));
    assert!(page.contains("n&#x2f;a") && !page.contains("NaN"));
}

#[test]
fn ten_thousand_trades_on_twenty_instruments_stay_below_three_megabytes() {
    let (market, settings) = (market(&NAMES, 1, 4_000), settings());
    let mut outcome = outcome(&market, &settings);
    let made = outcome.trades.clone();
    assert!(made.len() > 1_000, "{} trades", made.len());
    outcome.trades = (0_u32..10_000)
        .zip(made.iter().cycle())
        .map(|(id, trade)| {
            let mut trade = trade.clone();
            trade.id = id + 1;
            trade.pnl = Money::new(trade.pnl.get() + rust_decimal::Decimal::from(id % 7));
            trade
        })
        .collect();
    let page = report::html(&outcome, &market, &settings).unwrap();
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(page.contains("The first 2000 of 10000 trades"));
    asks_for_nothing(&page);
}
