//! What is reported without being refused, and how far a job is.

use crate::common;
use seawall_archive::{
    Audit, AuditSettings, FaultKind, HolePolicy, ImportOptions, Progress, SAMPLES_MAX, Stage, Store,
    audit_file, load_candles,
};
use seawall_model::{Timeframe, Ts};

const HEADER: &str = "ts_ms,open,high,low,close,volume\n";
const T0: i64 = 1_659_312_000_000;

fn at(minute: i64) -> Ts {
    Ts::from_millis(T0 + minute * 60_000)
}

fn file(rows: &[(i64, &str)]) -> String {
    rows.iter()
        .fold(HEADER.to_owned(), |text, (minute, rest)| format!("{text}{},{rest}\n", at(*minute).millis()))
}

#[test]
fn holes_jumps_and_empty_bars_are_reported_with_line_and_time() {
    let flat = "100,100,100,100,1";
    let rows =
        [(0, flat), (1, "100,100,100,100,0"), (2, flat), (6, flat), (7, "151,151,151,151,1"), (8, flat)];
    let (_dir, path) = common::file("a.csv", file(&rows).as_bytes());
    let audit = audit_file(&path, Timeframe::M1, AuditSettings::default(), &mut |_| {}).unwrap();
    assert!(audit.is_sound());
    let hole = audit.holes.samples[0];
    assert_eq!((hole.line, hole.from, hole.to, hole.missing), (5, at(3), at(6), 3));
    assert_eq!((audit.holes.count, audit.bars_missing, audit.zero_volume), (1, 3, 1));
    // From 151 back to 100 is a third only.
    let jump = audit.jumps.samples[0];
    assert_eq!((audit.jumps.count, jump.line, jump.at), (1, 6, at(7)));
    assert!((jump.move_pct - 51.0).abs() < 1e-9, "{}", jump.move_pct);
    let strict = AuditSettings { jump_pct: 30.0 };
    assert_eq!(audit_file(&path, Timeframe::M1, strict, &mut |_| {}).unwrap().jumps.count, 2);
}

#[test]
fn a_range_limits_what_is_reported_but_not_what_is_checked() {
    let flat = "100,100,100,100.25,1";
    let rows = [(0, flat), (1, flat), (2, flat), (6, flat), (7, flat), (8, "1,1,1,1,0")];
    let (_dir, path) = common::file("a.csv", file(&rows).as_bytes());
    let load = |range| load_candles(&path, Timeframe::M1, range, HolePolicy::Report, &mut |_| {});
    assert!(load(Some((at(0), at(2)))).is_err(), "close above high");
    let text = file(&rows).replace("100,100,100,100.25", "100,101,100,100.25");
    std::fs::write(&path, text).unwrap();
    let part = load(Some((at(1), at(6)))).unwrap();
    assert_eq!((part.audit.rows, part.audit.rows_total, part.audit.holes.count), (2, 6, 0));
    assert_eq!((part.audit.from, part.audit.to), (Some(at(1)), Some(at(2))));
    assert_eq!((part.decimals, part.audit.zero_volume), (2, 0));
    let candles = part.candles.into_candles(Timeframe::M1, 4).unwrap();
    assert_eq!((candles.len(), candles[0].close.get(), candles[0].known_at), (2, 1_002_500, at(2)));
}

#[test]
fn a_series_refuses_a_scale_or_timeframe_that_does_not_fit() {
    let (_dir, path) =
        common::file("a.csv", file(&[(0, "90000,90000.25,1,2,3"), (1, "1,1,1,1,1")]).as_bytes());
    let loaded = load_candles(&path, Timeframe::M1, None, HolePolicy::Refuse, &mut |_| {}).unwrap();
    let refused =
        |timeframe, scale| loaded.candles.clone().into_candles(timeframe, scale).unwrap_err().to_string();
    assert!(refused(Timeframe::M5, 2).contains("loaded as 1m, not 5m"));
    assert!(refused(Timeframe::M1, 1).contains("give the instrument the decimals of its data"));
    assert!(loaded.candles.clone().into_candles(Timeframe::M1, 14).is_ok());
    assert!(refused(Timeframe::M1, 15).contains("2 decimals up to 90000.25 cannot be held at 15"));
}

#[test]
fn an_audit_survives_json_and_its_samples_are_bounded() {
    let mut text = file(&[(0, "1,1,1,1,1"), (0, "1,1,1,1,1"), (0, "2,2,2,2,2")]);
    text.push_str("x,1,1,1,1,1\n1659312000,1,1,1,1,1\n");
    for minute in 1..60 {
        text.push_str(&file(&[(minute, "1,0,1,1,1")])[HEADER.len()..]);
    }
    let (_dir, path) = common::file("a.csv", text.as_bytes());
    let audit = audit_file(&path, Timeframe::M1, AuditSettings::default(), &mut |_| {}).unwrap();
    assert_eq!((audit.faults.count, audit.faults.samples.len()), (63, SAMPLES_MAX));
    let counts = audit.fault_counts;
    assert_eq!((counts.duplicates_identical, counts.duplicates_conflicting, counts.malformed), (1, 1, 1));
    assert_eq!((counts.time_unit, counts.impossible, counts.disorder), (1, 59, 0));
    assert!(matches!(audit.faults.samples[0].kind, FaultKind::Duplicate { first_line: 2, identical: true }));
    let json = serde_json::to_string(&audit).unwrap();
    assert!(json.contains("\"kind\":\"time_unit\""), "{json}");
    assert_eq!(serde_json::from_str::<Audit>(&json).unwrap(), audit);
}

#[test]
fn progress_ends_at_its_total_in_each_stage() {
    let rows: Vec<(i64, &str)> = (0..200_000).map(|minute| (minute, "1,1,1,1,1")).collect();
    let text = rows.iter().fold(HEADER.to_owned(), |mut text, (minute, rest)| {
        text.push_str(&format!("{},{rest}\n", at(*minute).millis()));
        text
    });
    let (dir, path) = common::file("a.csv.gz", &common::gzip(text.as_bytes()));
    let store = Store::open(&dir.path().join("store")).unwrap();
    let name = "BTC/USDT".parse().unwrap();
    let mut seen: Vec<Progress> = Vec::new();
    store
        .import(&path, &name, Timeframe::M1, ImportOptions::default(), &mut |progress| seen.push(progress))
        .unwrap();
    store.load(&name, Timeframe::M1, None, HolePolicy::Refuse, &mut |progress| seen.push(progress)).unwrap();
    for stage in [Stage::Checking, Stage::Writing, Stage::Reading] {
        let steps: Vec<&Progress> = seen.iter().filter(|progress| progress.stage == stage).collect();
        assert!(steps.len() >= 4, "{stage:?}: {steps:?}");
        assert!(steps.is_sorted_by_key(|progress| (progress.done, progress.rows)), "{stage:?}: {steps:?}");
        let last = steps[steps.len() - 1];
        assert_eq!((last.done, last.rows), (last.total, 200_000), "{stage:?}");
    }
}
