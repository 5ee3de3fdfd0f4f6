//! Bad candles, options and archives: each gives one message with place and fix, exit code 2, and changes
//! nothing.

use crate::common::Sandbox;
use crate::common::candles::{HEADER, MINUTE, NEW_YEAR, csv, walk};
use crate::common::refusals::{Case, all_refused};

/// Files that are no candles, read as one-minute candles.
const FILES: [Case; 26] = [
    ("missing.csv@1m", &["missing.csv: cannot open: No such file"]),
    ("folder@1m", &["folder: this is a directory", "name one file in it"]),
    ("empty.csv@1m", &["empty.csv: line 1: ", "does not start with a header", "wanted `ts_ms,open,"]),
    ("header_only.csv@1m", &["header_only.csv: no rows after the header"]),
    ("header.csv@1m", &["header.csv: line 1: column `ts_ms`", "is missing", "wanted `ts_ms,open,"]),
    ("column.csv@1m", &["column.csv: line 1: column `volume` is missing", "wanted `ts_ms,open,"]),
    ("number.csv@1m", &["number.csv: line 7, column `close`: `abc` is not a number: write plain digits"]),
    ("nan.csv@1m", &["nan.csv: line 7: column `close`: `NaN` is not a finite number"]),
    ("inf.csv@1m", &["inf.csv: line 7: column `high`: `inf` is not a finite number"]),
    (
        "negative.csv@1m",
        &["negative.csv: line 7 (2023-01-01T00:05:00Z)", "`low`: price -1 must be above zero"],
    ),
    ("zero.csv@1m", &["zero.csv: line 7 (2023-01-01T00:05:00Z)", "`open`: price 0 must be above zero"]),
    ("volume.csv@1m", &["volume.csv: line 7 (2023-01-01T00:05:00Z)", "-1 must not be below zero"]),
    ("high_low.csv@1m", &["high_low.csv: line 7 (2023-01-01T00:05:00Z): high 80 is below low 90"]),
    ("outside.csv@1m", &["outside.csv: line 7 (2023-01-01T00:05:00Z): open 200 is above high 110"]),
    ("fields.csv@1m", &["fields.csv: line 7: `1672531500000,1,2` has 3 fields, not the 6 of"]),
    ("duplicate.csv@1m", &["duplicate.csv: line 8 ", "the same row as line 7: remove one of them"]),
    ("disorder.csv@1m", &["disorder.csv: line 8 ", "the time goes back", "sort the rows by ts_ms"]),
    ("reversed.csv@1m", &["reversed.csv: the rows run from new to old: sort them by ts_ms"]),
    ("seconds.csv@1m", &["seconds.csv: no ts_ms is in milliseconds", "seconds", "multiply by 1000"]),
    ("micros.csv@1m", &["micros.csv: no ts_ms is in milliseconds", "microseconds", "divide by 1000"]),
    ("off_grid.csv@1m", &["off_grid.csv: line 7 (2023-01-01T00:05:00.001Z): not the start of a candle"]),
    ("five.csv@1m", &["five.csv: declared as 1m, but its rows are 5m apart", "declare it as 5m"]),
    ("truncated.csv.gz@1m", &["truncated.csv.gz: the gzip data breaks off", "after line", "fetch or pack"]),
    ("binary.csv@1m", &["binary.csv: line 1: ", "wanted `ts_ms,open,"]),
    ("archive.zip@1m", &["archive.zip: this is a zip archive", "unpack it"]),
    ("long.csv@1m", &["long.csv: line 2 is longer than 4096 bytes"]),
];

/// Options of `backtest`.
const OPTIONS: [Case; 44] = [
    ("", &["--candles <NAME=FILE@TF>", "--help"]),
    ("--candels x", &["unexpected argument '--candels'", "'--candles'"]),
    (
        "--candles BTC/USDT=good.csv",
        &["--candles BTC/USDT=good.csv: the timeframe is missing", "like BTC/USDT="],
    ),
    ("--candles BTC/USDT=@1m", &["--candles BTC/USDT=@1m: the file is missing; write NAME=FILE@TIMEFRAME"]),
    ("--candles BTC/USDT=good.csv@7m", &["`7m` is not a timeframe: allowed are 1m 3m 5m"]),
    ("--candles BTCUSDT=good.csv@1m", &["`BTCUSDT` is not an instrument: write [venue:]BASE/QUOTE[:SETTLE]"]),
    ("--candles BTC/USDT@1m", &["seawall-data/archive: no 1m candles of BTC/USDT; stored are: none"]),
    ("--candles BTC/USDT@1m --archive good.csv", &["good.csv: cannot use as a store: not a directory"]),
    (
        "--candles BTC/USD:BTC=good.csv@1m",
        &["BTC/USD:BTC: settles in BTC but is quoted in USD", "use the contract"],
    ),
    (
        "--candles A/USDT=good.csv@1m --candles A/USDC=good.csv@1m",
        &["A/USDC settles in USDC, the others in USDT", "one simulated account holds one currency"],
    ),
    (
        "--candles A/USDT=good.csv@1m --candles A/USDT=good.csv@1m",
        &["--candles A/USDT: give one series to trade on and at most one finer one"],
    ),
    (
        "--candles A/USDT=good.csv@1m --candles A/USDT=five.csv@5m --candles A/USDT=five.csv@15m",
        &["--candles A/USDT: give one series to trade on and at most one finer one"],
    ),
    (
        "GOOD --trades ETH/USDT=trades.csv",
        &["--trades ETH/USDT=trades.csv: there are no --candles for ETH/USDT"],
    ),
    ("GOOD --trades BTC/USDT", &["--trades BTC/USDT: the file is missing; write NAME=FILE"]),
    ("GOOD --trades BTC/USDT=no.csv", &["no.csv: cannot open: No such file"]),
    (
        "GOOD --trades BTC/USDT=bad_trades.csv",
        &["bad_trades.csv: line 2, column `price`: `x` is not a number"],
    ),
    (
        "GOOD --trades BTC/USDT=trades.csv --trades BTC/USDT=trades.csv",
        &["--trades BTC/USDT=trades.csv: given twice for BTC/USDT; give one file"],
    ),
    (
        "GOOD --funding ETH/USDT=rates.csv",
        &["--funding ETH/USDT=rates.csv: there are no --candles for ETH/USDT"],
    ),
    ("GOOD --funding BTC/USDT=trades.csv", &["trades.csv: line 1: column `funding_rate` is missing"]),
    (
        "GOOD --funding BTC/USDT=percent.csv",
        &["percent.csv: line 2, column `funding_rate`: `5`", "divide percent"],
    ),
    (
        "GOOD --from 2024-01-02 --to 2024-01-01",
        &["--from 2024-01-02T00:00:00Z is not before --to 2024-01-01"],
    ),
    ("GOOD --from tomorrow", &["'--from <TIME>'", "`tomorrow` is not a time: write RFC 3339 like"]),
    ("GOOD --to 2024-02-30", &["'--to <TIME>'", "`2024-02-30` is not a time: write RFC 3339 like"]),
    (
        "GOOD --from 2030-01-01",
        &["good.csv: no candle opens in [2030-01-01", "the data reaches from 2023-01-01"],
    ),
    ("GOOD --strategy macd", &["strategy.name: `macd`", "allowed: ema_cross, smc, signals"]),
    ("GOOD --seed abc", &["'abc' for '--seed <N>': write a whole number, 0 or above"]),
    ("GOOD --seed -1", &["'-1' for '--seed <N>': write a whole number, 0 or above"]),
    ("GOOD --json none/x.json", &["--json none/x.json: the folder none does not exist; create it first"]),
    ("GOOD --json folder", &["--json folder: is a folder; name a file in it"]),
    ("GOOD --html none/x.html", &["--html none/x.html: the folder none does not exist; create it first"]),
    ("GOOD --html -", &["--html -: the report needs a file; name one"]),
    ("GOOD --json x --html ./x", &["--html ./x: --json names the same file; give each its own"]),
    ("GOOD --json ./good.csv", &["--json ./good.csv: this file is read by the same command; name another"]),
    ("GOOD --config ok.yaml --html ok.yaml", &["--html ok.yaml: this file is read by the same command"]),
    (
        "GOOD --set strategy.ema_cross.fats=5",
        &["--set strategy.ema_cross.fats: unknown key", "did you mean `fast`?"],
    ),
    (
        "GOOD --set strategy.ema_cross.fast",
        &["--set strategy.ema_cross.fast: there is no `=`", "write key=value"],
    ),
    (
        "GOOD --set strategy.ema_cross.fast=60",
        &["--set strategy.ema_cross.fast", "must be above", "(60); raise it"],
    ),
    (
        "GOOD --set strategy.ema_cross.sizing=risk",
        &["strategy.ema_cross.sizing: risk", "set strategy.ema_cross.stop_pct"],
    ),
    (
        "GOOD --set strategy.ema_cross.stop_pct=0",
        &["strategy.ema_cross.stop_pct: 0", "between 0 and 100 percent"],
    ),
    (
        "GOOD --set strategy.ema_cross.stop_pct=100",
        &["strategy.ema_cross.stop_pct: 100", "between 0 and 100 percent"],
    ),
    (
        "GOOD --set simulator.taker_fee_bps=-1",
        &["simulator.taker_fee_bps: -1 is refused: allowed is 0 to 1000"],
    ),
    ("GOOD --set simulator.funding=maybe", &["simulator.funding: `maybe` is not one", "allowed: on, off"]),
    ("--candles BTC/USDT=four.csv@4h --strategy smc", &["smc", "4h"]),
    (
        "--candles BTC/USDT=five.csv@5m --set strategy.ema_cross.timeframe=3m",
        &["strategy.ema_cross.timeframe is 3m: it must be a whole multiple of the candles' 5m"],
    ),
];

/// `data`, with nothing stored.
const EMPTY_ARCHIVE: [Case; 13] = [
    ("import --instrument BTC/USDT --timeframe 1m number.csv", &["number.csv: line 7, column `close`"]),
    ("import --instrument BTC/USDT --timeframe 1m missing.csv", &["missing.csv: cannot open: No such file"]),
    ("import --instrument BTC/USDT --timeframe 1m folder", &["folder: this is a directory"]),
    (
        "import --instrument BTC/USDT --timeframe 1m five.csv",
        &["five.csv: declared as 1m", "declare it as 5m"],
    ),
    (
        "import --instrument BTCUSDT --timeframe 1m good.csv",
        &["'--instrument <NAME>'", "write [venue:]BASE/QUOTE"],
    ),
    ("import --instrument BTC/USDT --timeframe 7m good.csv", &["'--timeframe <TF>'", "allowed are 1m 3m 5m"]),
    ("import --instrument BTC/USDT good.csv", &["--timeframe <TF>"]),
    ("audit --timeframe 1m", &["--instrument <NAME>"]),
    ("audit --timeframe 1m missing.csv", &["missing.csv: cannot open: No such file"]),
    ("audit --instrument BTC/USDT --timeframe 1m", &["store: no 1m candles of BTC/USDT; stored are: none"]),
    (
        "resample --instrument BTC/USDT --from 1m --to 5m",
        &["store: no 1m candles of BTC/USDT; stored are: none"],
    ),
    ("export --instrument BTC/USDT --timeframe 1m out.csv", &["store: no 1m candles of BTC/USDT"]),
    ("frob", &["unrecognized subcommand 'frob'", "--help"]),
];

/// `data`, with `good.csv` stored.
const FULL_ARCHIVE: [Case; 13] = [
    (
        "import --instrument BTC/USDT --timeframe 1m conflict.csv",
        &["2023-01.parquet: the candle at 2023-01-01T00:05:00Z is stored as", "--overwrite"],
    ),
    ("import --instrument BTC/USDT --timeframe 1m number.csv", &["number.csv: line 7, column `close`"]),
    (
        "import --instrument BTC/USDT --timeframe 1m truncated.csv.gz",
        &["truncated.csv.gz: the gzip data breaks off"],
    ),
    ("import --overwrite --instrument BTC/USDT --timeframe 1m nan.csv", &["nan.csv: line 7: column `close`"]),
    ("resample --instrument BTC/USDT --from 1m --to 1m", &["must be a longer multiple of the source"]),
    ("resample --instrument BTC/USDT --from 5m --to 1m", &["must be a longer multiple of the source"]),
    ("resample --instrument BTC/USDT --from 3m --to 5m", &["must be a longer multiple of the source"]),
    (
        "export --instrument BTC/USDT --timeframe 5m out.csv",
        &["no 5m candles of BTC/USDT; stored are: BTC/USDT 1m"],
    ),
    (
        "export --instrument ETH/USDT --timeframe 1m out.csv",
        &["no 1m candles of ETH/USDT; stored are: BTC/USDT 1m"],
    ),
    (
        "export --instrument BTC/USDT --timeframe 1m none/out.csv",
        &["export none/out.csv: the folder none does not exist; create it first"],
    ),
    (
        "export --instrument BTC/USDT --timeframe 1m folder",
        &["export folder: is a folder; name a file in it"],
    ),
    (
        "export --instrument BTC/USDT --timeframe 1m --from 2030-01-01 out.csv",
        &["no candle opens in [2030-01-01", "the data reaches from 2023-01-01"],
    ),
    (
        "export --instrument BTC/USDT --timeframe 1m --from 2023-01-02 --to 2023-01-01 out.csv",
        &["--from 2023-01-02T00:00:00Z is not before --to 2023-01-01T00:00:00Z"],
    ),
];

/// A sandbox with every file that the cases name.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let rows: Vec<String> =
        (0..200).map(|n| format!("{},100,110,90,101,10\n", NEW_YEAR + n * MINUTE)).collect();
    let file = |name: &str, rows: &[String]| sandbox.write(name, format!("{HEADER}{}", rows.concat()));
    let sixth = |name: &str, row: &str| {
        let mut changed = rows.clone();
        row.clone_into(&mut changed[5]);
        changed[5].push('\n');
        file(name, &changed);
    };
    file("good.csv", &rows);
    sixth("number.csv", "1672531500000,100,110,90,abc,10");
    sixth("nan.csv", "1672531500000,100,110,90,NaN,10");
    sixth("inf.csv", "1672531500000,100,inf,90,101,10");
    sixth("negative.csv", "1672531500000,100,110,-1,101,10");
    sixth("zero.csv", "1672531500000,0,110,0,101,10");
    sixth("volume.csv", "1672531500000,100,110,90,101,-1");
    sixth("high_low.csv", "1672531500000,100,80,90,101,10");
    sixth("outside.csv", "1672531500000,200,110,90,101,10");
    sixth("fields.csv", "1672531500000,1,2");
    sixth("off_grid.csv", "1672531500001,100,110,90,101,10");
    sixth("conflict.csv", "1672531500000,100,110,90,102,10");
    file("duplicate.csv", &[&rows[..6], &rows[5..]].concat());
    file("reversed.csv", &rows.iter().rev().cloned().collect::<Vec<_>>());
    let mut swapped = rows.clone();
    swapped.swap(5, 6);
    file("disorder.csv", &swapped);
    let scaled = |unit: i64| -> Vec<String> {
        (0..50).map(|n| format!("{},100,110,90,101,10\n", (NEW_YEAR + n * MINUTE) * unit / 1_000)).collect()
    };
    file("seconds.csv", &scaled(1));
    file("micros.csv", &scaled(1_000_000));
    sandbox.write("five.csv", csv(&walk(200, 1), 5 * MINUTE));
    sandbox.write("four.csv", csv(&walk(200, 1), 240 * MINUTE));
    sandbox.write("empty.csv", "");
    sandbox.write("header_only.csv", HEADER);
    sandbox.write("header.csv", format!("time,o,h,l,c,v\n{}", rows.concat()));
    sandbox.write("column.csv", "ts_ms,open,high,low,close\n1672531200000,1,1,1,1\n");
    sandbox.write("binary.csv", (0..=u8::MAX).collect::<Vec<u8>>().repeat(20));
    sandbox.write("archive.zip", b"PK\x03\x04 and so on");
    sandbox.write("long.csv", format!("{HEADER}{}\n", "1".repeat(100_000)));
    sandbox.write("trades.csv", "ts_ms,price,qty\n1672531200000,100,1\n");
    sandbox.write("bad_trades.csv", "ts_ms,price,qty\n1672531200000,x,1\n");
    sandbox.write("rates.csv", "ts_ms,funding_rate\n1672531200000,0.0001\n");
    sandbox.write("percent.csv", "ts_ms,funding_rate\n1672531200000,5\n");
    sandbox.write("ok.yaml", "demo: {seed: 1}\n");
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    let store = "data --archive packed";
    sandbox.run(&format!("{store} import --instrument BTC/USDT --timeframe 5m five.csv")).text();
    sandbox.run(&format!("{store} export --instrument BTC/USDT --timeframe 5m five.csv.gz")).text();
    std::fs::remove_dir_all(sandbox.path("packed")).unwrap();
    let packed = sandbox.read("five.csv.gz");
    sandbox.write("truncated.csv.gz", &packed[..packed.len() / 2]);
    sandbox
}

#[test]
fn a_file_that_is_no_candles_is_refused_with_its_line() {
    all_refused(&sandbox(), "backtest --candles BTC/USDT=", &FILES);
}

#[test]
fn a_wrong_option_is_refused_by_its_name() {
    let sandbox = sandbox();
    let good = "--candles BTC/USDT=good.csv@1m";
    for (line, says) in OPTIONS {
        let line = line.replace("GOOD", good);
        all_refused(&sandbox, &format!("backtest {line}"), &[("", says)]);
    }
}

#[test]
fn an_empty_archive_is_not_changed_by_bad_input() {
    all_refused(&sandbox(), "data --archive store ", &EMPTY_ARCHIVE);
}

#[test]
fn a_full_archive_is_not_changed_by_bad_input() {
    let sandbox = sandbox();
    sandbox.run("data --archive store import --instrument BTC/USDT --timeframe 1m good.csv").text();
    all_refused(&sandbox, "data --archive store ", &FULL_ARCHIVE);
}
