//! No bytes make a reader panic, and sound series survive every journey.

use std::fmt::Write as _;

use crate::common;
use proptest::prelude::*;
use seawall_archive::{
    ArchiveError, AuditSettings, CsvFormat, HolePolicy, ImportOptions, Store, TradeReader, audit_file,
    load_candles, read_funding,
};
use seawall_model::{InstrumentName, Timeframe};

/// Cases of each property in a test run; 6000 were tried when this was written.
const CASES: u32 = 96;
const HEADER: &str = "ts_ms,open,high,low,close,volume\n";

/// Reads `content` as everything that it could be.
fn read_all(content: &[u8]) {
    let (_dir, path) = common::file("any", content);
    for timeframe in [Timeframe::M1, Timeframe::W1] {
        let audit = audit_file(&path, timeframe, AuditSettings::default(), &mut |_| {});
        let loaded = load_candles(&path, timeframe, None, HolePolicy::Report, &mut |_| {});
        match (audit, loaded) {
            (Ok(audit), Ok(loaded)) => assert!(audit.is_sound() && audit == loaded.audit),
            (Ok(audit), Err(error)) => {
                let known = matches!(error, ArchiveError::NoRows { .. } | ArchiveError::Field { .. });
                assert!(!audit.is_sound() || known, "{error}");
                serde_json::to_string(&audit).unwrap();
                error.to_string();
            }
            (Err(error), Err(_)) => drop(error.to_string()),
            (Err(error), Ok(_)) => unreachable!("{error}"),
        }
    }
    let _ = TradeReader::open(&path, 8).map(|reader| reader.filter(Result::is_err).count());
    let _ = read_funding(&path);
}

/// A sound file: rising times with holes, prices of up to `decimals` decimals, any volume.
fn sound() -> impl Strategy<Value = String> {
    let row = (1_i64..4, 1_000_u32..9_000, 0_u32..500, 0_u32..500, prop_oneof![Just(0.0), 0.0..1e9_f64]);
    (prop::collection::vec(row, 4..120), 0_u32..6, 1_600_000_000_i64 / 3_600..1_700_000_000 / 3_600).prop_map(
        |(rows, decimals, start)| {
            let mut text = HEADER.to_owned();
            let mut hour = start;
            let price = |units: u32| {
                let scale = 10_u32.pow(decimals);
                let text = format!("{}.{:0width$}", units / scale, units % scale, width = decimals as usize);
                if decimals == 0 {
                    units.to_string()
                } else {
                    text.trim_end_matches('0').trim_end_matches('.').to_owned()
                }
            };
            for (index, (step, open, up, down, volume)) in rows.into_iter().enumerate() {
                // The first steps are single, so that the timeframe is beyond doubt.
                hour += if index < 3 { 1 } else { step };
                let (high, low, close) = (open + up, open - down.min(open - 1), open + up / 2);
                let prices = [open, high, low, close].map(price).join(",");
                writeln!(text, "{},{prices},{volume}", hour * 3_600_000).unwrap();
            }
            text
        },
    )
}

fn instrument() -> InstrumentName {
    "kraken-futures:BTC/USD:USD".parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_all(&bytes);
        read_all(&[HEADER.as_bytes(), &bytes].concat());
        read_all(&[b"\x1f\x8b".as_slice(), &bytes].concat());
    }

    #[test]
    fn mutated_files_are_answered(
        text in sound(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut plain = text.into_bytes();
        let mut packed = common::gzip(&plain);
        for (place, byte) in &changes {
            let at = place.index(plain.len());
            plain[at] = *byte;
            let at = place.index(packed.len());
            packed[at] = *byte;
        }
        read_all(&plain);
        read_all(&packed);
    }

    #[test]
    fn import_and_export_are_inverse(text in sound()) {
        let (dir, source) = common::file("in.csv", text.as_bytes());
        let store = Store::open(&dir.path().join("store")).unwrap();
        store.import(&source, &instrument(), Timeframe::H1, ImportOptions::default(), &mut |_| {}).unwrap();
        let out = dir.path().join("out.csv");
        store.export(&instrument(), Timeframe::H1, None, (&out, CsvFormat::Csv), &mut |_| {}).unwrap();
        prop_assert_eq!(std::fs::read_to_string(&out).unwrap(), text);
    }

    #[test]
    fn a_changed_month_file_is_refused_or_harmless(
        text in sound(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (dir, source) = common::file("in.csv", text.as_bytes());
        let store = Store::open(&dir.path().join("store")).unwrap();
        store.import(&source, &instrument(), Timeframe::H1, ImportOptions::default(), &mut |_| {}).unwrap();
        let want = store.read(&instrument(), Timeframe::H1, None).unwrap();
        let series = dir.path().join("store/kraken-futures/BTC-USD-USD/1h");
        let month = std::fs::read_dir(series).unwrap().next().unwrap().unwrap().path();
        let mut bytes = std::fs::read(&month).unwrap();
        for (place, flip) in &flips {
            let at = place.index(bytes.len());
            bytes[at] ^= flip;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(&month, bytes).unwrap();
        let _ = store.list();
        match store.read(&instrument(), Timeframe::H1, None) {
            Ok(series) => prop_assert_eq!(series, want),
            Err(ArchiveError::Parquet { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
