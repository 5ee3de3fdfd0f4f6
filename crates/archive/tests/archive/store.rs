//! The store: what goes in comes out, and a change happens wholly or not at all.

#![allow(clippy::print_stdout, reason = "a test fails by panicking and says when it is skipped")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::common;
use seawall_archive::{
    ArchiveError, AuditSettings, ConflictPolicy, CsvFormat, HolePolicy, ImportOptions, Imported, Store,
    load_candles,
};
use seawall_model::{InstrumentName, Timeframe, Ts};

const HEADER: &str = "ts_ms,open,high,low,close,volume\n";
const NEW_YEAR: i64 = 1_672_531_200_000;

fn name(text: &str) -> InstrumentName {
    text.parse().unwrap()
}

fn import(store: &Store, source: &Path, timeframe: Timeframe) -> Result<Imported, ArchiveError> {
    store.import(source, &name("binance:BTC/USDT"), timeframe, ImportOptions::default(), &mut |_| {})
}

fn hours(bars: impl IntoIterator<Item = i64>, close: &str) -> String {
    bars.into_iter().fold(HEADER.to_owned(), |mut text, bar| {
        writeln!(text, "{},100,110,90,{close},{}", NEW_YEAR + bar * 3_600_000, bar + 20_000).unwrap();
        text
    })
}

/// Every file of a directory with its content.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn an_export_equals_the_imported_file_byte_for_byte() {
    let Some(data) = common::real_data() else { return };
    for (file, timeframe) in [
        ("spot_1d/BTCUSD_1d_20110818_20250924.csv.gz", Timeframe::D1),
        ("spot_1h/BTCUSDT_1h_20170817_20240421.csv.gz", Timeframe::H1),
        ("spot_1m_sparse/BTCUSDC_kraken_1m_20230101_20230401.csv.gz", Timeframe::M1),
        ("spot_5m/XRPUSDT_5m_20220801_20230927.csv.gz", Timeframe::M5),
        ("perp_1m/SOLUSDT_perp_1m.csv.gz", Timeframe::M1),
        ("perp_mark_8h/BTCUSDT_perp_mark_8h.csv.gz", Timeframe::H8),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let source = data.join(file);
        let imported = import(&store, &source, timeframe).unwrap();
        let plain = dir.path().join("out.csv");
        let packed = dir.path().join("out.csv.gz");
        let instrument = name("binance:BTC/USDT");
        let export = |path: &Path, format| {
            store.export(&instrument, timeframe, None, (path, format), &mut |_| {}).unwrap()
        };
        assert_eq!(export(&plain, CsvFormat::Csv).rows, imported.added);
        export(&packed, CsvFormat::CsvGz);
        let want = common::gunzip(&source);
        assert!(std::fs::read(&plain).unwrap() == want, "{file}: the plain export differs");
        assert!(common::gunzip(&packed) == want, "{file}: the packed export differs");
        let info = &store.list().unwrap()[0];
        println!(
            "{file}: {} bytes for {} rows, {:.1} a candle",
            info.bytes,
            info.rows,
            info.bytes as f64 / info.rows as f64
        );
        let (from_csv, from_store) = (
            load_candles(&source, timeframe, None, HolePolicy::Report, &mut |_| {}).unwrap(),
            store.load(&instrument, timeframe, None, HolePolicy::Report, &mut |_| {}).unwrap(),
        );
        assert_eq!(from_csv.candles, from_store.candles, "{file}");
        assert_eq!(from_csv.decimals, from_store.decimals, "{file}");
        let listed = (info.rows, info.holes, info.bars_missing, info.zero_volume, info.decimals);
        let audit = &from_csv.audit;
        let counted = (audit.rows, audit.holes.count, audit.bars_missing, audit.zero_volume, audit.decimals);
        assert_eq!(listed, counted, "{file}");
        let stored = store.audit(&instrument, timeframe, AuditSettings::default(), &mut |_| {}).unwrap();
        assert_eq!(
            (stored.rows, stored.bars_missing, stored.jumps.count),
            (audit.rows, audit.bars_missing, audit.jumps.count)
        );
    }
}

#[test]
fn overlapping_imports_grow_a_series_and_repeating_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (_a, first) = common::file("a.csv", hours(0..800, "100").as_bytes());
    let (_b, second) = common::file("b.csv", hours(700..1_600, "100.0").as_bytes());
    let done = import(&store, &second, Timeframe::H1).unwrap();
    assert_eq!((done.added, done.same, done.months_written), (900, 0, 3));
    let done = import(&store, &first, Timeframe::H1).unwrap();
    assert_eq!((done.added, done.same, done.replaced, done.months_written), (700, 100, 0, 1));
    let before = snapshot(dir.path());
    let done = import(&store, &first, Timeframe::H1).unwrap();
    assert_eq!((done.added, done.same, done.months_written), (0, 800, 0));
    assert_eq!(snapshot(dir.path()), before);
    let info = &store.list().unwrap()[0];
    assert_eq!((info.rows, info.holes, info.months), (1_600, 0, 3));
    assert_eq!(info.instrument, name("binance:BTC/USDT"));
    let range = (Ts::from_millis(NEW_YEAR + 10 * 3_600_000), Ts::from_millis(NEW_YEAR + 13 * 3_600_000));
    let part = store.read(&info.instrument, Timeframe::H1, Some(range)).unwrap();
    let opens: Vec<i64> =
        part.candles().iter().map(|candle| (candle.open_time.millis() - NEW_YEAR) / 3_600_000).collect();
    assert_eq!(opens, [10, 11, 12]);
}

#[test]
fn a_conflict_names_both_values_and_leaves_the_store_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (_a, first) = common::file("a.csv", hours(0..1_500, "100").as_bytes());
    import(&store, &first, Timeframe::H1).unwrap();
    let before = snapshot(dir.path());
    // The conflict lies in the second month; the first one has new rows that must not stay.
    let earlier = hours(-5..1_400, "100").replace("100,110,90,100,21000", "100,110,90,100.25,21000");
    let (_b, second) = common::file("b.csv", earlier.as_bytes());
    let message = import(&store, &second, Timeframe::H1).unwrap_err().to_string();
    for part in ["2023-02-11T16:00:00Z", "close 100 volume 21000", "close 100.25 volume 21000", "overwrite"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(snapshot(dir.path()), before);
    let options = ImportOptions { conflicts: ConflictPolicy::Overwrite, ..ImportOptions::default() };
    let done = store.import(&second, &name("binance:BTC/USDT"), Timeframe::H1, options, &mut |_| {}).unwrap();
    assert_eq!((done.added, done.same, done.replaced), (5, 1_399, 1));
    let info = &store.list().unwrap()[0];
    assert_eq!((info.rows, info.decimals), (1_505, 2));
}

#[test]
fn a_faulty_file_changes_nothing_and_a_second_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (_a, faulty) = common::file("a.csv", (hours(0..900, "100") + "1,2,3\n").as_bytes());
    assert!(matches!(import(&store, &faulty, Timeframe::H1), Err(ArchiveError::Faulty { .. })));
    assert!(snapshot(dir.path()).is_empty());
    let (_b, sound) = common::file("b.csv", hours(0..9, "100").as_bytes());
    let lock = std::fs::File::create(dir.path().join(".lock")).unwrap();
    lock.lock().unwrap();
    let message = import(&store, &sound, Timeframe::H1).unwrap_err().to_string();
    assert!(message.contains("another import"), "{message}");
    drop(lock);
    import(&store, &sound, Timeframe::H1).unwrap();
}

#[test]
fn what_is_not_stored_is_answered_with_what_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let ask = |text: &str| store.read(&name(text), Timeframe::H1, None).unwrap_err().to_string();
    assert!(ask("BTC/USDT").contains("stored are: none"));
    let (_a, sound) = common::file("a.csv", hours(0..9, "100").as_bytes());
    import(&store, &sound, Timeframe::H1).unwrap();
    let message = ask("BTC/USDT");
    assert!(message.contains("no 1h candles of BTC/USDT; stored are: binance:BTC/USDT 1h"), "{message}");
}

#[test]
fn resampling_writes_complete_buckets_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    // Starts at 02:00 and ends with the bar of 17:00; 09:00 and 10:00 are missing.
    let bars = (2..18).filter(|bar| ![9, 10].contains(bar));
    let text: String = bars
        .map(|bar| {
            format!(
                "{},{},{}.5,{},{},2\n",
                NEW_YEAR + bar * 3_600_000,
                100 + bar,
                102 + bar,
                99 + bar,
                101 + bar
            )
        })
        .collect();
    let (_a, source) = common::file("a.csv", format!("{HEADER}{text}").as_bytes());
    import(&store, &source, Timeframe::H1).unwrap();
    let instrument = name("binance:BTC/USDT");
    let resample = |to| store.resample(&instrument, (Timeframe::H1, to), ConflictPolicy::Refuse, &mut |_| {});
    let done = resample(Timeframe::H4).unwrap();
    assert_eq!((done.buckets, done.dropped, done.with_holes, done.bars_missing), (3, 2, 1, 2));
    let series = store.read(&instrument, Timeframe::H4, None).unwrap();
    let out = dir.path().join("4h.csv");
    store.export(&instrument, Timeframe::H4, None, (&out, CsvFormat::Csv), &mut |_| {}).unwrap();
    let hour = |bar: i64| NEW_YEAR + bar * 3_600_000;
    let want = format!(
        "{HEADER}{},104,109.5,103,108,8\n{},108,113.5,107,112,4\n{},112,117.5,111,116,8\n",
        hour(4),
        hour(8),
        hour(12)
    );
    assert_eq!(std::fs::read_to_string(&out).unwrap(), want);
    assert_eq!(series.candles().len(), 3);
    assert_eq!(resample(Timeframe::H4).unwrap().same, 3);
    assert!(matches!(resample(Timeframe::M30), Err(ArchiveError::NotMultiple { .. })));
}

#[test]
fn five_minutes_resampled_to_an_hour_are_the_real_hours() {
    let Some(data) = common::real_data() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let instrument = name("binance:BTC/USDT");
    import(&store, &data.join("spot_5m/BTCUSDT_5m_20220801_20230927.csv.gz"), Timeframe::M5).unwrap();
    let pair = (Timeframe::M5, Timeframe::H1);
    store.resample(&instrument, pair, ConflictPolicy::Refuse, &mut |_| {}).unwrap();
    let built = store.read(&instrument, Timeframe::H1, None).unwrap();
    let hours = data.join("spot_1h/BTCUSDT_1h_20170817_20240421.csv.gz");
    let real = load_candles(&hours, Timeframe::H1, None, HolePolicy::Report, &mut |_| {}).unwrap();
    let real: BTreeMap<Ts, _> =
        real.candles.candles().iter().map(|candle| (candle.open_time, candle)).collect();
    let mut common = 0;
    for candle in built.candles() {
        if let Some(hour) = real.get(&candle.open_time) {
            let prices =
                |candle: &seawall_model::Candle| [candle.open, candle.high, candle.low, candle.close];
            assert_eq!(prices(candle), prices(hour), "{}", candle.open_time);
            assert!((candle.volume - hour.volume).abs() <= 1e-6 * hour.volume, "{}", candle.open_time);
            common += 1;
        }
    }
    // The README counts 10,144 whole hours; the one that the trading halt cut is there too.
    assert!((10_144..=10_146).contains(&common), "{common}");
}
