//! Each kind of bad file gives one clear message that names the place and the fix.

use crate::common;
use seawall_archive::{ArchiveError, HolePolicy, Store, TradeReader, load_candles, read_funding};
use seawall_model::{Timeframe, Ts};

const HEADER: &str = "ts_ms,open,high,low,close,volume\n";
const T0: i64 = 1_659_312_000_000;

/// A sound row, `bar` bars of 5 minutes after the first.
fn row(bar: i64) -> String {
    format!("{},100,101,99,100.5,7\n", T0 + bar * 300_000)
}

fn rows(bars: impl IntoIterator<Item = i64>) -> String {
    bars.into_iter().fold(HEADER.to_owned(), |text, bar| text + &row(bar))
}

/// Three sound rows and a line between the second and the third: line 4 of the file.
fn with_line(line: &str) -> String {
    format!("{HEADER}{}{}{line}\n{}", row(0), row(1), row(3))
}

fn at(bar: i64, rest: &str) -> String {
    with_line(&format!("{},{rest}", T0 + bar * 300_000))
}

fn load(content: &[u8]) -> Result<usize, ArchiveError> {
    let (_dir, path) = common::file("candles.csv", content);
    let loaded = load_candles(&path, Timeframe::M5, None, HolePolicy::Report, &mut |_| {})?;
    Ok(loaded.candles.candles().len())
}

fn refusal(content: &[u8]) -> String {
    match load(content) {
        Ok(rows) => panic!("{rows} rows were loaded from {:?}", String::from_utf8_lossy(content)),
        Err(error) => error.to_string(),
    }
}

/// What each text must answer: all of the parts, on one line.
fn cases() -> Vec<(&'static str, Vec<u8>, Vec<&'static str>)> {
    let text = |text: String| text.into_bytes();
    vec![
        ("empty file", vec![], vec!["line 1", "does not start with a header", "wanted `ts_ms,open"]),
        ("only a header", HEADER.into(), vec!["no rows after the header"]),
        ("no header", text(row(0)), vec!["header is missing", "found header `1659312000000,100"]),
        (
            "extra column",
            text(HEADER.replace("volume", "volume,trades") + &row(0)),
            vec!["`trades` is not wanted"],
        ),
        ("missing column", text("ts_ms,open,high,low,close\n".into()), vec!["column `volume` is missing"]),
        (
            "other name",
            text(HEADER.replace("ts_ms", "time")),
            vec!["`ts_ms` is missing", "`time` is unknown"],
        ),
        (
            "other order",
            text("ts_ms,open,low,high,close,volume\n".into()),
            vec!["column 3 is `low` and should be `high`"],
        ),
        ("semicolons", text(HEADER.replace(',', ";")), vec!["not separated by commas"]),
        ("zip", b"PK\x03\x04rest".to_vec(), vec!["a zip archive", "unpack it"]),
        ("utf-16", b"\xff\xfet\0s\0".to_vec(), vec!["UTF-16", "save it as UTF-8"]),
        ("word", text(at(2, "100,abc,99,100,7")), vec!["line 4", "column `high`", "`abc` is not a number"]),
        ("empty field", text(at(2, "100,101,,100,7")), vec!["line 4", "column `low`", "is empty"]),
        ("decimal comma", text(at(2, "100,5,101,99,100,7")), vec!["line 4", "has 7 fields, not the 6"]),
        ("short row", text(with_line("1659312600000,100")), vec!["line 4", "has 2 fields"]),
        ("blank line inside", text(with_line("")), vec!["line 4", "blank line between rows"]),
        (
            "date as text",
            text(with_line("2022-08-01,1,1,1,1,1")),
            vec!["line 4", "`ts_ms`", "whole UTC milliseconds"],
        ),
        (
            "15 decimals",
            text(at(2, "100.123456789012345,101,99,100,7")),
            vec!["line 4", "column `open`", "more than 14 decimals"],
        ),
        (
            "20 digits",
            text(at(2, "100,99999999999999999999,99,100,7")),
            vec!["line 4", "`high`", "too many digits"],
        ),
        (
            "nan",
            text(at(2, "100,101,99,NaN,7")),
            vec!["line 4", "column `close`", "`NaN` is not a finite number"],
        ),
        ("inf volume", text(at(2, "100,101,99,100,inf")), vec!["line 4", "column `volume`", "finite"]),
        (
            "negative volume",
            text(at(2, "100,101,99,100,-7")),
            vec!["line 4", "`volume`", "-7 must not be below zero"],
        ),
        (
            "zero price",
            text(at(2, "100,101,0,100,7")),
            vec!["line 4", "column `low`", "0 must be above zero"],
        ),
        (
            "negative price",
            text(at(2, "100,101,-99,100,7")),
            vec!["line 4", "`low`", "-99 must be above zero"],
        ),
        (
            "high below low",
            text(at(2, "100,98,99,100,7")),
            vec!["line 4 (2022-08-01T00:10:00Z)", "high 98 is below low 99"],
        ),
        ("open above high", text(at(2, "102,101,99,100,7")), vec!["line 4", "open 102 is above high 101"]),
        ("close below low", text(at(2, "100,101,99,98.5,7")), vec!["line 4", "close 98.5 is below low 99"]),
        (
            "the same row twice",
            text(at(1, "100,101,99,100.50,7")),
            vec!["line 4", "the same row as line 3: remove"],
        ),
        (
            "the same time twice",
            text(at(1, "100,101,99,100,7")),
            vec!["line 4", "same time as line 3 with other values"],
        ),
        (
            "time goes back",
            text(at(0, "100,101,99,100,7")),
            vec!["line 4", "goes back from 2022-08-01T00:05:00Z", "sort"],
        ),
        ("newest first", text(rows([5, 4, 3, 2, 1])), vec!["run from new to old", "sort them"]),
        (
            "off the grid",
            text(with_line("1659312601000,100,101,99,100,7")),
            vec!["line 4 (2022-08-01T00:10:01Z)", "not the start of a candle"],
        ),
        (
            "one row in seconds",
            text(with_line("1659312600,1,1,1,1,1")),
            vec!["line 4", "looks like seconds", "multiply by 1000"],
        ),
        (
            "all in seconds",
            text(rows(0..5).replace("000,100,", ",100,")),
            vec!["no ts_ms is in milliseconds", "seconds (5 in all rows)"],
        ),
        (
            "microseconds",
            text(rows(0..5).replace(",100,101", "000,100,101")),
            vec!["microseconds", "divide by 1000"],
        ),
        (
            "nanoseconds",
            text(with_line("1659312600000000000,1,1,1,1,1")),
            vec!["line 4", "nanoseconds", "divide by 1000000"],
        ),
        (
            "year 1970",
            text(with_line("60000,1,1,1,1,1")),
            vec!["line 4", "is no time in milliseconds", "1990"],
        ),
        (
            "coarser data",
            text(rows([0, 3, 6, 9])),
            vec!["declared as 5m", "seems to be 15m data, declare it as 15m"],
        ),
        (
            "cut gzip",
            common::gzip(rows(0..999).as_bytes()).split_at(200).0.to_vec(),
            vec!["gzip", "breaks off", "again"],
        ),
        ("endless line", vec![b'7'; 10_000], vec!["line 1", "longer than 4096 bytes"]),
        (
            "mixed scales",
            text(at(2, "0.00000000000001,9000000000000,0.00000000000001,1,7")),
            vec!["line 4", "too many digits"],
        ),
    ]
}

#[test]
fn each_bad_file_has_one_message_with_place_and_fix() {
    for (name, content, parts) in cases() {
        let message = refusal(&content);
        assert!(message.contains("candles.csv"), "{name}: the file is not named: {message}");
        assert_eq!(message.lines().count(), 1, "{name}: {message}");
        for part in parts {
            assert!(message.contains(part), "{name}: {part:?} is not in: {message}");
        }
    }
}

#[test]
fn one_minute_data_declared_as_five_is_named() {
    let minutes: String =
        (0..50).map(|minute| format!("{},100,101,99,100,7\n", T0 + minute * 60_000)).collect();
    let message = refusal(format!("{HEADER}{minutes}").as_bytes());
    assert!(message.contains("declared as 5m, but its rows are 1m apart"), "{message}");
    let seconds: String = (0..50).map(|second| format!("{},1,1,1,1,7\n", T0 + second * 1_000)).collect();
    let message = refusal(format!("{HEADER}{seconds}").as_bytes());
    assert!(message.contains("1000 ms apart, which is no timeframe"), "{message}");
}

#[test]
fn many_faults_are_listed_up_to_twenty_and_counted() {
    let bad: String = (0..50).map(|bar| format!("{},1,2,3,4,5\n", T0 + bar * 300_000)).collect();
    let message = refusal(format!("{HEADER}{bad}").as_bytes());
    assert!(message.contains("50 faults (50 impossible), nothing was loaded"), "{message}");
    assert_eq!(message.lines().count(), 1 + 20 + 1, "{message}");
    assert!(message.ends_with("and 30 more"), "{message}");
}

#[test]
fn what_is_harmless_is_read() {
    let sound = rows(0..6);
    for (name, text) in [
        ("plain", sound.clone().into_bytes()),
        ("crlf", sound.replace('\n', "\r\n").into_bytes()),
        ("byte-order mark", [b"\xef\xbb\xbf", sound.as_bytes()].concat()),
        ("no last line end", sound.trim_end().as_bytes().to_vec()),
        ("blank lines at the end", format!("{sound}\n\r\n").into_bytes()),
        ("gzip under a plain name", common::gzip(sound.as_bytes())),
        (
            "gzip in two members",
            [common::gzip(rows(0..3).as_bytes()), common::gzip((row(3) + &row(4) + &row(5)).as_bytes())]
                .concat(),
        ),
        ("exponents", sound.replace(",7\n", ",7e-5\n").replace("100.5", "1.005e2").into_bytes()),
    ] {
        assert_eq!(load(&text).unwrap(), 6, "{name}");
    }
}

#[test]
fn paths_and_ranges_that_lead_nowhere_are_named() {
    let (dir, path) = common::file("candles.csv", rows(0..6).as_bytes());
    let load = |path: &std::path::Path, range| {
        load_candles(path, Timeframe::M5, range, HolePolicy::Refuse, &mut |_| {}).unwrap_err().to_string()
    };
    assert!(load(&dir.path().join("none.csv"), None).contains("none.csv: cannot open"));
    assert!(load(dir.path(), None).contains("a directory"));
    let late: Ts = "2030-01-01".parse().unwrap();
    let message = load(&path, Some((late, Ts::FAR_FUTURE)));
    assert!(message.contains("no candle opens in [2030-01-01T00:00:00Z"), "{message}");
    assert!(message.contains("from 2022-08-01T00:00:00Z to 2022-08-01T00:25:00Z"), "{message}");
    let (_dir, holed) = common::file("holed.csv", rows([0, 1, 2, 5, 6]).as_bytes());
    let message = load(&holed, None);
    assert!(message.contains("2 bars are missing in 1 holes"), "{message}");
    assert!(
        message.contains("line 5: 2 missing from 2022-08-01T00:15:00Z to 2022-08-01T00:25:00Z"),
        "{message}"
    );
    let store = Store::open(&path).unwrap_err().to_string();
    assert!(store.contains("cannot use as a store"), "{store}");
}

#[test]
fn bad_trades_and_funding_are_refused_by_line_and_column() {
    let trades = |content: &str| {
        let (_dir, path) = common::file("trades.csv", content.as_bytes());
        let outcome: Result<Vec<_>, _> = TradeReader::open(&path, 2).and_then(Iterator::collect);
        outcome.unwrap_err().to_string()
    };
    for (content, parts) in [
        ("price,qty\n", ["line 1", "column `ts_ms` is missing"]),
        ("ts_ms,price,qty,qty\n", ["line 1", "`qty` is there twice"]),
        (
            "ts_ms,price,qty\n1659312000000,1.234,1\n",
            ["line 2, column `price`", "3 decimals, the instrument has 2"],
        ),
        ("ts_ms,price,qty\n1659312000000,0,1\n", ["line 2, column `price`", "above zero"]),
        ("ts_ms,price,qty\n1659312000000,1,-1\n", ["line 2, column `qty`", "above zero"]),
        ("ts_ms,price,qty\n1659312000,1,1\n", ["line 2, column `ts_ms`", "looks like seconds"]),
        (
            "id,ts_ms,price,qty\n1,1659312000000,1,1\n2,1659311999999,1,1\n",
            ["line 3, column `ts_ms`", "goes back"],
        ),
        ("ts_ms,price,qty\n1659312000000,1\n", ["line 2", "has 2 fields, its header has 3"]),
    ] {
        let message = trades(content);
        assert!(parts.iter().all(|part| message.contains(part)), "{parts:?}: {message}");
    }
    let funding = |content: &str| {
        let (_dir, path) = common::file("funding.csv", content.as_bytes());
        read_funding(&path).unwrap_err().to_string()
    };
    for (content, parts) in [
        ("ts_ms,rate\n", ["line 1", "column `funding_rate` is missing"]),
        (
            "ts_ms,funding_rate\n1741276800000,1.5\n",
            ["line 2, column `funding_rate`", "divide percent by 100"],
        ),
        ("ts_ms,funding_rate\n1741276800000,0.1\n1741276800000,0.1\n", ["line 3, column `ts_ms`", "twice"]),
        ("ts_ms,funding_rate\n1741276800000,\n", ["line 2, column `funding_rate`", "is empty"]),
    ] {
        let message = funding(content);
        assert!(parts.iter().all(|part| message.contains(part)), "{parts:?}: {message}");
    }
}
