//! Every bar file of the shared data is read, and has just the holes and empty bars that its table states.

#![allow(clippy::print_stdout, reason = "a test fails by panicking and says when it is skipped")]

use std::path::Path;

use crate::common;
use seawall_archive::{
    Audit, AuditSettings, HolePolicy, TradeReader, TradeTick, audit_file, load_candles, read_funding,
    scan_trade_decimals,
};
use seawall_model::Timeframe;

/// A line of the table of bars in the data's README.
struct Stated {
    file: String,
    timeframe: Timeframe,
    rows: u64,
    first: String,
    last: String,
    holes: u64,
    missing: u64,
    zero_volume: u64,
}

fn stated(data: &Path) -> Vec<Stated> {
    let readme = std::fs::read_to_string(data.join("README.md")).unwrap();
    readme.lines().filter(|line| line.starts_with("| `")).filter_map(row).collect()
}

fn row(line: &str) -> Option<Stated> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let file = cells[0].trim_matches('`').to_owned();
    let timeframe = cells[2].split(' ').next().unwrap().parse().ok()?;
    let (holes, missing) = cells[6].split_once(" (")?;
    let number = |text: &str| text.replace(',', "").trim_end_matches(')').parse::<u64>().unwrap();
    Some(Stated {
        file,
        timeframe,
        rows: number(cells[3]),
        first: cells[4].to_owned(),
        last: cells[5].to_owned(),
        holes: number(holes),
        missing: number(missing),
        zero_volume: number(cells[7]),
    })
}

fn check(stated: &Stated, audit: &Audit) {
    let Stated { file, rows, first, last, holes, missing, zero_volume, .. } = stated;
    assert!(audit.is_sound(), "{file}: {audit:?}");
    assert_eq!(audit.rows, *rows, "{file}");
    assert_eq!(audit.from.map(|at| at.to_string()).as_ref(), Some(first), "{file}");
    assert_eq!(audit.to.map(|at| at.to_string()).as_ref(), Some(last), "{file}");
    assert_eq!((audit.holes.count, audit.bars_missing), (*holes, *missing), "{file}");
    assert_eq!(audit.zero_volume, *zero_volume, "{file}");
}

#[test]
fn every_bar_file_has_the_holes_and_empty_bars_that_are_stated() {
    let Some(data) = common::real_data() else { return };
    let files = stated(&data);
    assert!(files.len() >= 39, "only {} bar files are stated", files.len());
    for stated in &files {
        let path = data.join(&stated.file);
        let audit = audit_file(&path, stated.timeframe, AuditSettings::default(), &mut |_| {}).unwrap();
        check(stated, &audit);
    }
}

#[test]
fn a_loaded_file_has_the_same_audit_and_all_its_rows() {
    let Some(data) = common::real_data() else { return };
    for stated in stated(&data).iter().filter(|stated| stated.rows < 60_000) {
        let path = data.join(&stated.file);
        let loaded = load_candles(&path, stated.timeframe, None, HolePolicy::Report, &mut |_| {}).unwrap();
        check(stated, &loaded.audit);
        assert_eq!(loaded.candles.candles().len() as u64, stated.rows, "{}", stated.file);
        let candles = loaded.candles.into_candles(stated.timeframe, loaded.decimals).unwrap();
        assert!(candles.capacity() <= candles.len() + candles.len() / 16, "{}: wasted memory", stated.file);
    }
}

#[test]
fn a_real_file_under_another_timeframe_is_refused_with_the_right_one() {
    let Some(data) = common::real_data() else { return };
    let cases = [
        ("spot_5m/BTCUSDT_5m_20220801_20230927.csv.gz", Timeframe::M1, "5m"),
        ("perp_1m/BTCUSDT_perp_1m.csv.gz", Timeframe::M5, "1m"),
        ("spot_1m_sparse/BTCUSDC_kraken_1m_20230101_20230401.csv.gz", Timeframe::H1, "1m"),
    ];
    for (file, declared, seems) in cases {
        let error = load_candles(&data.join(file), declared, None, HolePolicy::Report, &mut |_| {});
        let text = error.unwrap_err().to_string();
        assert!(text.contains(&format!("declared as {declared}")), "{text}");
        assert!(text.contains(&format!("declare it as {seems}")), "{text}");
    }
}

#[test]
fn every_file_of_trades_and_funding_is_read_to_its_last_row() {
    let Some(data) = common::real_data() else { return };
    for (file, decimals, rows, first, last) in [
        (
            "binance_spot_btcusdt_20240808.trades",
            2,
            19_904,
            "2024-08-08T23:54:15.342Z",
            "2024-08-09T00:05:05",
        ),
        (
            "binance_usdm_btcusdt_20240808.trades",
            1,
            21_313,
            "2024-08-08T23:54:16.322Z",
            "2024-08-08T23:59:59",
        ),
        ("kraken_spot_bcheur_trades", 2, 634, "2023-01-01T00:03:56Z", "2023-01-02T23:17:03"),
    ] {
        let path = data.join(format!("ticks/{file}.csv.gz"));
        assert_eq!(scan_trade_decimals(&path).unwrap(), decimals, "{file}");
        let ticks: Vec<TradeTick> = TradeReader::open(&path, 2).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(ticks.len(), rows, "{file}");
        assert_eq!(ticks[0].at.to_string(), first, "{file}");
        assert!(ticks[rows - 1].at.to_string().starts_with(last), "{file}: {}", ticks[rows - 1].at);
    }
    for (symbol, rows) in [("BTC", 266), ("ETH", 302), ("ADA", 282), ("AVAX", 236), ("SUI", 251)] {
        let path = data.join(format!("perp_funding/{symbol}USDT_perp_funding.csv.gz"));
        assert_eq!(read_funding(&path).unwrap().len(), rows, "{symbol}");
    }
    let rates = read_funding(&data.join("perp_funding/BTCUSDT_perp_funding.csv.gz")).unwrap();
    let shown: Vec<String> = rates.iter().take(3).map(|(at, rate)| format!("{at} {rate}")).collect();
    let want = [
        "2025-03-06T16:00:00Z 0.00006818",
        "2025-03-07T00:00:00Z -0.00000612",
        "2025-03-07T08:00:00.001Z -0.00001539",
    ];
    assert_eq!(shown, want);
}
