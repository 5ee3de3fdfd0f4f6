//! Nanoseconds per closed candle: everything on one chart, and each part alone.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run may say so loudly")]

#[path = "../tests/bars/mod.rs"]
mod bars;

use std::hint::black_box;

use bars::open_time;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seawall_smc::{Chart, ChartSettings};

const BARS: usize = 20_000;

fn chart(c: &mut Criterion) {
    let mut group = c.benchmark_group("chart");
    group.throughput(Throughput::Elements(BARS as u64)).sample_size(20);
    let mut series = bars::hostile(BARS);
    series.push(("random walk", bars::walk(1, BARS)));
    for (name, bars) in &series {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let mut chart = Chart::new(&ChartSettings::default()).unwrap();
                let mut reported = 0;
                for (at, bar) in bars.iter().enumerate() {
                    reported += chart.update(open_time(at), *bar).unwrap().len();
                }
                black_box(reported)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, chart);
criterion_main!(benches);
