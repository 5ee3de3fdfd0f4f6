//! Instruments, candles and runs that the tests share.

pub(crate) mod easy;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use seawall_model::{
    Candle, Decision, Gate, Instrument, InstrumentId, InstrumentSpec, Ohlc, Outcome, PositionSide,
    PriceUnits, Timeframe, Ts, Verdict,
};
use seawall_strategy::{Evaluation, FundingEstimate, STOP_OUTS_MAX, Strategy, StrategySettings, View};

/// An instrument without a venue whose prices have `decimals` decimals.
pub(crate) fn instrument(decimals: u32) -> Instrument {
    let spec = InstrumentSpec::new("BTC/USDT".parse().unwrap());
    Instrument::new(InstrumentId(0), spec, decimals).unwrap()
}

/// A candle of `timeframe` that opens `number` candles after 2022-08-01 (a Monday).
pub(crate) fn candle(timeframe: Timeframe, number: i64, [open, high, low, close]: [i64; 4]) -> Candle {
    let start: Ts = "2022-08-01".parse().unwrap();
    let open_time = Ts::from_millis(start.millis() + number * timeframe.minutes() * 60_000);
    let prices = Ohlc {
        open: PriceUnits::new(open),
        high: PriceUnits::new(high),
        low: PriceUnits::new(low),
        close: PriceUnits::new(close),
    };
    Candle::new(timeframe, open_time, prices, 1.0).unwrap()
}

/// A small generator of repeatable numbers (xorshift).
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From `-reach` to `reach`.
    pub(crate) fn around_zero(&mut self, reach: i64) -> i64 {
        i64::try_from(self.next() >> 1).unwrap().rem_euclid(2 * reach + 1) - reach
    }
}

/// A market with trends, pull-backs and, with `holes`, missing candles.
pub(crate) fn market(seed: u64, timeframe: Timeframe, count: i64, holes: bool) -> Vec<Candle> {
    let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (mut price, mut drift, mut volatility) = (1_000_000_i64, 0_i64, 2_000_i64);
    let mut candles = Vec::new();
    for number in 0..count {
        if noise.next().is_multiple_of(200) {
            drift = noise.around_zero(300);
            volatility = 500 + noise.around_zero(1).abs() * 1_500 + noise.around_zero(400);
        }
        let open = price;
        let close = (price + drift + noise.around_zero(volatility)).max(10_000);
        let high = open.max(close) + noise.around_zero(volatility / 2 + 1).abs();
        let low = (open.min(close) - noise.around_zero(volatility / 2 + 1).abs()).max(1);
        price = close;
        if !(holes && noise.next().is_multiple_of(23)) {
            candles.push(candle(timeframe, number, [open, high, low, close]));
        }
    }
    candles
}

/// `candles` without `count` of them from the one numbered `from`.
pub(crate) fn hole(mut candles: Vec<Candle>, from: usize, count: usize) -> Vec<Candle> {
    candles.drain(from..from + count);
    candles
}

/// A year-long market in hours that swings over months and over days, so that weekly legs are taken back.
pub(crate) fn swinging(seed: u64) -> Vec<Candle> {
    let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let wave = |number: i64, period: i64, height: i64| {
        let phase = number.rem_euclid(period);
        phase.min(period - phase) * height * 2 / period
    };
    let mut open = 1_000_000;
    let mut candles = Vec::new();
    for number in 0..500 * 24 {
        let close = 1_000_000
            + wave(number, 24 * 150, 500_000)
            + wave(number, 24 * 17, 150_000)
            + wave(number, 31, 20_000)
            + noise.around_zero(6_000);
        let high = open.max(close) + noise.around_zero(2_000).abs();
        let low = open.min(close) - noise.around_zero(2_000).abs();
        let volume = 1.0 + f64::from(u8::try_from(number.rem_euclid(97)).unwrap());
        candles.push(Candle { volume, ..candle(Timeframe::H1, number, [open, high, low, close]) });
        open = close;
    }
    candles
}

/// One answer with its record, comparable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) evaluation: Evaluation,
    pub(crate) decision: Decision,
}

/// What a run knows beside the candles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Whether entries wait at their planned price; else they are made at once.
    pub(crate) entry_waits: bool,
    pub(crate) position: PositionSide,
    pub(crate) stop_outs: &'a [Ts],
    pub(crate) funding: FundingEstimate,
    /// Whether an order is made of every plan; else of none.
    pub(crate) taken: bool,
}

/// Flat, with entries that wait and become orders, no stop-outs and no funding.
pub(crate) const NOTHING: Known<'_> = Known {
    entry_waits: true,
    position: PositionSide::Flat,
    stop_outs: &[],
    funding: FundingEstimate { tight_smc_bps: 0.0, wide_structure_bps: 0.0 },
    taken: true,
};

/// Runs `settings` over `candles` with no position and a cost of 12 basis points.
pub(crate) fn answers(
    settings: &StrategySettings,
    instrument: &Instrument,
    base: Timeframe,
    candles: &[Candle],
) -> Vec<Answer> {
    answers_with(settings, instrument, base, candles, &NOTHING)
}

/// Likewise, with what else is known.
pub(crate) fn answers_with(
    settings: &StrategySettings,
    instrument: &Instrument,
    base: Timeframe,
    candles: &[Candle],
    known: &Known<'_>,
) -> Vec<Answer> {
    let mut strategy = settings.build(instrument, base).unwrap();
    let one = |candle| answer_with(strategy.as_mut(), instrument, candle, known);
    candles.iter().map(one).collect()
}

/// The answer to one candle.
pub(crate) fn answer(strategy: &mut dyn Strategy, instrument: &Instrument, candle: &Candle) -> Answer {
    answer_with(strategy, instrument, candle, &NOTHING)
}

/// Likewise, with what else is known.
pub(crate) fn answer_with(
    strategy: &mut dyn Strategy,
    instrument: &Instrument,
    candle: &Candle,
    known: &Known<'_>,
) -> Answer {
    let mut decision = Decision::empty();
    decision.reset(instrument.id(), candle.known_at, candle.close);
    let Known { entry_waits, position, stop_outs, funding, taken } = *known;
    let seen = stop_outs.iter().take_while(|at| **at <= candle.known_at).count();
    let newest = seen.saturating_sub(STOP_OUTS_MAX);
    let stop_outs = &stop_outs[newest..seen];
    let view = View { instrument, position, cost_bps: 12.0, funding, entry_waits, stop_outs };
    let evaluation = strategy.on_candle(&view, candle, &mut decision);
    if taken && matches!(evaluation, Evaluation::Enter(_)) {
        strategy.plan_taken(candle.known_at);
    }
    Answer { evaluation, decision }
}

/// How decisions ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) decisions: u64,
    pub(crate) entered: u64,
    pub(crate) refused: BTreeMap<Gate, u64>,
    pub(crate) setups: BTreeMap<&'static str, u64>,
}

impl Table {
    pub(crate) fn add(&mut self, answer: &Answer) {
        match &answer.evaluation {
            Evaluation::NotDue => return,
            Evaluation::Enter(plan) => {
                self.entered += 1;
                *self.setups.entry(plan.setup.name()).or_default() += 1;
            }
            Evaluation::Hold | Evaluation::Exit(_) => {
                let last = answer.decision.gates.last().unwrap();
                assert_eq!(last.verdict, Verdict::Fail, "{answer:?}");
                assert_eq!(answer.decision.outcome, Outcome::Refused(last.gate));
                *self.refused.entry(last.gate).or_default() += 1;
            }
        }
        self.decisions += 1;
    }

    pub(crate) fn merge(&mut self, other: &Table) {
        self.decisions += other.decisions;
        self.entered += other.entered;
        for (gate, count) in &other.refused {
            *self.refused.entry(*gate).or_default() += count;
        }
        for (setup, count) in &other.setups {
            *self.setups.entry(setup).or_default() += count;
        }
    }

    pub(crate) fn line(&self, name: &str) -> String {
        let gates: Vec<String> =
            self.refused.iter().map(|(gate, n)| format!("{} {n}", gate.name())).collect();
        format!(
            "{name}: {} decisions, {} entered {:?}; {}",
            self.decisions,
            self.entered,
            self.setups,
            gates.join(", ")
        )
    }
}

/// Where real candles lie, if they are there.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = std::env::var_os("SEAWALL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    path.join("data/spot_5m").is_dir().then_some(path)
}

/// Reads `ts_ms,open,high,low,close,volume` from gzip'd CSV: the decimals of its prices, and its candles.
pub(crate) fn read_csv(path: &Path, timeframe: Timeframe) -> (u32, Vec<Candle>) {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let rows = || text.lines().skip(1).map(|line| line.split(','));
    let decimals_of = |field: &str| field.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let decimals = rows().flat_map(|row| row.skip(1).take(4)).map(decimals_of).max().unwrap();
    let units = |field: &str| {
        let (whole, fraction) = field.split_once('.').unwrap_or((field, ""));
        let scale = 10_i64.pow(u32::try_from(decimals - fraction.len()).unwrap());
        PriceUnits::new(format!("{whole}{fraction}").parse::<i64>().unwrap() * scale)
    };
    let candles = rows().map(|mut row| {
        let mut next = || row.next().unwrap();
        let open_time = Ts::from_millis(next().parse().unwrap());
        let prices =
            Ohlc { open: units(next()), high: units(next()), low: units(next()), close: units(next()) };
        Candle::new(timeframe, open_time, prices, next().parse().unwrap()).unwrap()
    });
    (u32::try_from(decimals).unwrap(), candles.collect())
}
