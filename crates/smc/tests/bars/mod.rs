//! Long series of bars that need no property test: a seeded random walk and what a hostile market could do.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "each binary uses a part of it; a test fails by panicking; prices are small whole numbers"
)]

use std::fmt::Write as _;

use seawall_model::{Candle, Ohlc, PriceUnits, Timeframe, Ts};
use seawall_smc::Bar;

/// Monday 2 January 2023, 00:00 UTC.
const START_MS: i64 = 1_672_617_600_000;
const BAR_MS: i64 = 900_000;

/// The open time of 15 minute bar `index`.
pub(crate) fn open_time(index: usize) -> Ts {
    Ts::from_millis(START_MS + i64::try_from(index).unwrap() * BAR_MS)
}

/// The generator of Steele, Lea and Flood (2014), from its published definition.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number from `-most` to `most`.
    pub(crate) fn around_zero(&mut self, most: i64) -> i64 {
        let span = u64::try_from(2 * most + 1).unwrap();
        i64::try_from(self.next() % span).unwrap() - most
    }
}

/// A bar of whole hundredths around its open and close.
pub(crate) fn whole(open: i64, close: i64, up: i64, down: i64) -> Bar {
    let price = |units: i64| units as f64 / 100.0;
    Bar {
        open: price(open),
        high: price(open.max(close) + up),
        low: price(open.min(close) - down),
        close: price(close),
    }
}

/// A random walk around 30 000 whose prices stay positive and which drifts nowhere.
pub(crate) fn walk(seed: u64, length: usize) -> Vec<Bar> {
    let mut random = SplitMix(seed);
    let mut price = 3_000_000_i64;
    let mut bars = Vec::with_capacity(length);
    for _ in 0..length {
        let open = price + if random.next().is_multiple_of(8) { random.around_zero(1_500) } else { 0 };
        let pull = (3_000_000 - price) / 2_000;
        let close = open + random.around_zero(3_000) + pull;
        let (up, down) = (random.around_zero(1_200).abs(), random.around_zero(1_200).abs());
        bars.push(whole(open, close, up, down));
        price = close;
    }
    bars
}

/// The 15 minute candle of a bar of whole hundredths.
pub(crate) fn candle(index: usize, bar: &Bar) -> Candle {
    let units = |price: f64| PriceUnits::new((price * 100.0).round() as i64);
    let prices =
        Ohlc { open: units(bar.open), high: units(bar.high), low: units(bar.low), close: units(bar.close) };
    Candle::new(Timeframe::M15, open_time(index), prices, 1.0).unwrap()
}

/// A row of a file of bars.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) open_time: Ts,
    pub(crate) bar: Bar,
    pub(crate) volume: f64,
}

/// The rows of a CSV with the columns Date (`YYYY-MM-DD HH:MM:SS`, UTC), Open, High, Low, Close, Volume.
pub(crate) fn read_csv(text: &str) -> Vec<Row> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Date,Open,High,Low,Close,Volume"), "the header");
    lines.map(read_row).collect()
}

fn read_row(line: &str) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let [time, prices @ ..] = cells.as_slice() else { panic!("an empty line") };
    let price = |at: usize| -> f64 { prices[at].parse().unwrap() };
    Row {
        open_time: format!("{}Z", time.replace(' ', "T")).parse().unwrap(),
        bar: Bar { open: price(0), high: price(1), low: price(2), close: price(3) },
        volume: price(4),
    }
}

/// The same CSV of 15 minute bars, with volumes of whole numbers.
pub(crate) fn write_csv(bars: &[Bar], seed: u64) -> String {
    let mut random = SplitMix(seed);
    let mut text = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for (index, Bar { open, high, low, close }) in bars.iter().enumerate() {
        let time = open_time(index).to_string();
        let time = time.split(['T', 'Z', '.']).take(2).collect::<Vec<_>>().join(" ");
        let volume = random.next() % 10_000;
        writeln!(text, "{time},{open},{high},{low},{close},{volume}").unwrap();
    }
    text
}

/// What a hostile market could do, each with its name.
pub(crate) fn hostile(length: usize) -> Vec<(&'static str, Vec<Bar>)> {
    let of = |bar: &dyn Fn(i64) -> Bar| (0..length).map(|at| bar(i64::try_from(at).unwrap())).collect();
    vec![
        // Each bar leaves a gap below that nothing ever fills.
        ("rise with gaps", of(&|at| whole(1_000 + 10 * at, 1_005 + 10 * at, 1, 1))),
        ("rise without gaps", of(&|at| whole(1_000 + at, 1_001 + at, 3, 3))),
        ("fall with gaps", of(&|at| whole(100_000_000 - 10 * at, 99_999_995 - 10 * at, 1, 1))),
        ("constant", of(&|_| whole(1_000, 1_000, 0, 0))),
        ("sawtooth", of(&|at| saw(at, 40))),
        ("one bar up, one bar down", of(&|at| saw(at, 1))),
        ("alternating gaps", of(&alternating_gaps)),
        // Each bar lies inside the one before it for a long while: a pivot a bar.
        ("narrowing", of(&|at| narrowing(at % 4_096))),
        ("widening", of(&|at| narrowing(4_095 - at % 4_096))),
    ]
}

fn saw(at: i64, half: i64) -> Bar {
    let phase = at % (2 * half);
    let height = if phase < half { phase } else { 2 * half - phase };
    let open = 10_000 + 100 * height;
    let close = if phase < half { open + 90 } else { open - 90 };
    whole(open, close, 5, 5)
}

/// Three bars up with gaps between them, three bars down with gaps, always at new prices.
fn alternating_gaps(at: i64) -> Bar {
    let (drift, phase) = (at / 6, at % 6);
    let up = phase < 3;
    let height = if up { phase } else { 5 - phase };
    let open = 10_000 + drift + 50 * height;
    whole(open, if up { open + 10 } else { open - 10 }, 1, 1)
}

fn narrowing(at: i64) -> Bar {
    let reach = 10_000 - at;
    if at % 2 == 0 {
        whole(50_000, 50_000 + reach, 1, reach / 2)
    } else {
        whole(50_000, 50_000 - reach, reach / 2, 1)
    }
}
