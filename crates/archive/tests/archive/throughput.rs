//! How fast a file is read: printed, not asserted. Run with
//! `cargo test --release -p seawall-archive --test archive throughput:: -- --ignored --nocapture`.

#![allow(
    clippy::print_stdout,
    clippy::cast_possible_wrap,
    reason = "a test fails by panicking and says when it is skipped"
)]

use std::fmt::Write as _;
use std::time::Instant;

use crate::common;
use seawall_archive::{AuditSettings, HolePolicy, audit_file, load_candles};
use seawall_model::Timeframe;

const ROWS: u64 = 1_000_000;

fn walk() -> String {
    let mut text = String::from("ts_ms,open,high,low,close,volume\n");
    let (mut price, mut seed) = (2_329_636_i64, 7_u64);
    for row in 0..ROWS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let open = price;
        price += (seed >> 33) as i64 % 2_001 - 1_000;
        price = price.max(100_000);
        let (high, low) = (open.max(price) + 150, open.min(price) - 150);
        let shown = |units: i64| format!("{}.{:02}", units / 100, units % 100);
        let volume = (seed >> 40) as f64 / 100_000.0;
        let ts = 1_577_836_800_000 + row * 60_000;
        writeln!(text, "{ts},{},{},{},{},{volume}", shown(open), shown(high), shown(low), shown(price))
            .unwrap();
    }
    text
}

fn memory_kb(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or("0");
    line.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// Million rows a second in the best of seven runs: other work on the machine only slows down.
fn best(run: impl Fn()) -> f64 {
    let seconds = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    ROWS as f64 / 1e6 / (0..7).map(seconds).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "a measurement, not a test"]
fn rows_per_second_and_bytes_per_candle() {
    let text = walk();
    let (_plain_dir, plain) = common::file("walk.csv", text.as_bytes());
    let (_gz_dir, packed) = common::file("walk.csv.gz", &common::gzip(text.as_bytes()));
    println!("{} bytes a row", text.len() as u64 / ROWS);
    drop(text);
    for (name, path) in [("csv", &plain), ("csv.gz", &packed)] {
        let audit = best(|| {
            audit_file(path, Timeframe::M1, AuditSettings::default(), &mut |_| {}).unwrap();
        });
        let load = best(|| {
            load_candles(path, Timeframe::M1, None, HolePolicy::Report, &mut |_| {}).unwrap();
        });
        let before = memory_kb("VmRSS");
        let loaded = load_candles(path, Timeframe::M1, None, HolePolicy::Report, &mut |_| {}).unwrap();
        let used = memory_kb("VmRSS").saturating_sub(before) * 1024;
        println!(
            "{name}: audit {audit:.1} M rows/s, load {load:.1} M rows/s, {} bytes a candle resident",
            used / loaded.candles.candles().len() as u64
        );
    }
}
