//! A large portfolio, minute by minute: 300 instruments on 15m, 1h, 4h and 1d candles that the engine makes
//! from one-minute ones, with the simulated exchange and every check on. Prints how long one minute of data
//! takes and how much memory the process had at most. `cargo xtask bench portfolio` runs it in release mode.
//!
//! The candles are made as they are needed, outside of what is measured: the memory is the engine's.

#![allow(clippy::print_stdout, reason = "a benchmark talks to the terminal")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark that cannot run may say so loudly"
)]

use std::convert::Infallible;
use std::time::Instant;

use seawall_engine::{Effects, Engine, Pump, Recorder, RiskSettings, Setup};
use seawall_model::{
    Candle, Input, Instrument, InstrumentId, InstrumentSpec, Ohlc, PriceUnits, Span, Timeframe, Ts,
};
use seawall_simulator::{Exchange, SimulatorSettings};
use seawall_strategy::{StrategyKind, StrategySettings};

/// Two taker fees, the spread, slippage both ways.
const ROUND_TRIP_BPS: f64 = 15.0;
const INSTRUMENTS: u32 = 300;
/// The daily average needs 200 days.
const WARM_UP_DAYS: i64 = 201;
const MEASURED_DAYS: i64 = 4;
const MINUTES_OF_A_DAY: i64 = 1_440;

/// A random walk of one-minute candles, from a fixed linear congruential generator.
struct Walk {
    state: u64,
    price: i64,
}

impl Walk {
    fn new(seed: u64) -> Self {
        Walk { state: seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1), price: 3_000_000 }
    }

    fn random(&mut self) -> i64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.state >> 40).unwrap() - (1 << 23)
    }

    fn candle(&mut self, at: Ts) -> Candle {
        let open = self.price;
        let moves = [self.random() / 6_000, self.random() / 9_000, self.random() / 9_000];
        self.price = (open + moves[0]).clamp(500_000, 20_000_000);
        let prices = Ohlc {
            open: PriceUnits::new(open),
            high: PriceUnits::new(open.max(self.price) + moves[1].abs() / 2),
            low: PriceUnits::new(open.min(self.price) - moves[2].abs() / 2),
            close: PriceUnits::new(self.price),
        };
        Candle::new(Timeframe::M1, at, prices, 10.0).unwrap()
    }
}

/// Counts, so that what is measured is known to have traded.
#[derive(Default)]
struct Counts {
    decisions: u64,
    fills: u64,
    trades: u64,
}

impl Recorder for Counts {
    type Error = Infallible;

    fn input(&mut self, _: Ts, _: &Input) -> Result<(), Infallible> {
        Ok(())
    }

    fn effects(&mut self, _: Ts, _: &Engine, effects: &Effects) -> Result<(), Infallible> {
        self.decisions += effects.decisions().len() as u64;
        self.fills += effects.fills.len() as u64;
        self.trades += effects.trades.len() as u64;
        Ok(())
    }
}

/// Engine and exchange, minute by minute as a backtest feeds them.
struct Portfolio {
    engine: Engine,
    exchange: Exchange,
    pump: Pump,
    counts: Counts,
    shown: Vec<bool>,
}

impl Portfolio {
    fn new(start: Ts) -> Self {
        let instruments: Vec<Instrument> = (0..INSTRUMENTS)
            .map(|number| {
                let spec = InstrumentSpec::new(format!("C{number}/USD").parse().unwrap());
                Instrument::new(InstrumentId(number), spec, 2).unwrap()
            })
            .collect();
        let simulator = SimulatorSettings::default();
        let mut strategy = StrategySettings { name: StrategyKind::Smc, ..StrategySettings::default() };
        strategy.smc.evaluate_timeframe = Timeframe::M15;
        let equity = "1000000".parse().unwrap();
        let exchange = Exchange::new(&simulator, &instruments, equity).unwrap();
        let engine = Engine::new(Setup {
            instruments: instruments.into_iter().map(|one| (one, Timeframe::M1)).collect(),
            signals: Default::default(),
            strategy,
            risk: RiskSettings::default(),
            protection: Default::default(),
            reconcile: Default::default(),
            trade: Default::default(),
            decisions: Default::default(),
            market: Default::default(),
            has_quotes: false,
            capabilities: Exchange::capabilities(&simulator),
            run: 1,
            require_stop: true,
            cost_bps: ROUND_TRIP_BPS,
        })
        .unwrap();
        let shown = vec![false; INSTRUMENTS as usize];
        let mut new = Portfolio { engine, exchange, pump: Pump::new(), counts: Counts::default(), shown };
        new.feed(start.minus(Span::from_secs(10)), &Input::Started);
        new.run_until(start);
        new
    }

    fn feed(&mut self, at: Ts, input: &Input) {
        let Portfolio { engine, exchange, pump, counts, .. } = self;
        let Ok(()) = pump.feed(engine, exchange, counts, at, input);
    }

    fn run_until(&mut self, at: Ts) {
        let Portfolio { engine, exchange, pump, counts, .. } = self;
        let Ok(()) = pump.run_until(engine, exchange, counts, at);
    }

    /// One minute of data: opens, extremes, closes.
    fn minute(&mut self, candles: &[Candle]) {
        let (open, close) = (candles[0].open_time, candles[0].known_at);
        for (id, candle) in (0_u32..).map(InstrumentId).zip(candles) {
            let busy = !self.exchange.can_pass(open, id, candle);
            self.shown[id.index()] = busy;
            if busy {
                self.exchange.bar_open(open, id, candle);
            }
        }
        let middle = open.plus(Span::from_nanos(close.since(open).nanos() / 2));
        self.run_until(middle);
        for (id, candle) in (0_u32..).map(InstrumentId).zip(candles) {
            if self.shown[id.index()] {
                self.exchange.bar_range(middle, id, candle);
            }
        }
        self.run_until(close);
        for (id, candle) in (0_u32..).map(InstrumentId).zip(candles) {
            if !self.shown[id.index()] {
                self.exchange.skip_to(id, candle);
            }
            self.feed(close, &Input::Candle { instrument: id, timeframe: Timeframe::M1, candle: *candle });
        }
        self.run_until(close.plus(Span::from_nanos(1)));
    }
}

/// What happens at the close of a minute beside the minute itself.
fn kind(at: Ts) -> usize {
    let closes = |timeframe: Timeframe| timeframe.floor(at) == at;
    let coarser = [Timeframe::M15, Timeframe::H1, Timeframe::H4, Timeframe::D1];
    coarser.into_iter().filter(|timeframe| closes(*timeframe)).count()
}

fn row(name: &str, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    let at = |share: f64| millis[((millis.len() - 1) as f64 * share) as usize];
    println!(
        "{name:<36} {:>7} {:>9.3} {:>9.3} {:>9.3}",
        millis.len(),
        at(0.5),
        at(0.99),
        millis[millis.len() - 1]
    );
}

fn main() {
    let start = Ts::from_millis(1_672_531_200_000);
    let mut walks: Vec<Walk> = (0..u64::from(INSTRUMENTS)).map(Walk::new).collect();
    let mut portfolio = Portfolio::new(start);
    let mut candles = Vec::with_capacity(walks.len());
    let mut at = start;
    let mut times: [Vec<f64>; 5] = Default::default();
    let warm_up = WARM_UP_DAYS * MINUTES_OF_A_DAY;
    println!("{INSTRUMENTS} instruments, {WARM_UP_DAYS} days of one-minute candles to warm up");
    let began = Instant::now();
    for number in 0..warm_up + MEASURED_DAYS * MINUTES_OF_A_DAY {
        if number == warm_up {
            println!("warm after {:.1} s", began.elapsed().as_secs_f64());
        }
        candles.clear();
        candles.extend(walks.iter_mut().map(|walk| walk.candle(at)));
        at = candles[0].known_at;
        let from = Instant::now();
        portfolio.minute(&candles);
        if number >= warm_up {
            times[kind(at)].push(from.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!(
        "{:<36} {:>7} {:>9} {:>9} {:>9}",
        "one minute of all, milliseconds", "minutes", "median", "p99", "worst"
    );
    let all: Vec<f64> = times.iter().flatten().copied().collect();
    row("all", all);
    let names = ["no coarser candle closes", "15m closes", "15m, 1h", "15m, 1h, 4h", "15m, 1h, 4h, 1d"];
    for (name, millis) in names.into_iter().zip(times) {
        row(name, millis);
    }
    let Counts { decisions, fills, trades } = portfolio.counts;
    println!("{decisions} decisions, {fills} fills, {trades} trades closed, warm-up included");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("peak memory {}", peak.unwrap_or("unknown").trim());
}
