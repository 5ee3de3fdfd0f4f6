//! Nanoseconds per `Engine::step` for the inputs that come most: an idle candle, a candle with a position and
//! its stop, a quote, and a whole round trip (entry, stop, target, exit) with the simulated venue.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run may say so loudly")]

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use seawall_engine::{
    Effects, Engine, MarketSettings, ProtectionSettings, Pump, Recorder, RiskSettings, Setup, Signals,
    TradeSettings,
};
use seawall_model::{
    Candle, Input, Instrument, InstrumentId, InstrumentSpec, Ohlc, PriceUnits, Timeframe, Ts,
};
use seawall_simulator::{Exchange, SimulatorSettings};
use seawall_strategy::StrategySettings;

/// Records nothing.
struct Nothing;

impl Recorder for Nothing {
    type Error = Infallible;

    fn input(&mut self, _: Ts, _: &Input) -> Result<(), Infallible> {
        Ok(())
    }

    fn effects(&mut self, _: Ts, _: &Engine, _: &Effects) -> Result<(), Infallible> {
        Ok(())
    }
}

struct World {
    engine: Engine,
    exchange: Exchange,
    pump: Pump,
    at: Ts,
}

const ID: InstrumentId = InstrumentId(0);

impl World {
    fn new() -> Self {
        let simulator = SimulatorSettings { latency_ms: 0, ..SimulatorSettings::default() };
        let mut strategy = StrategySettings::default();
        strategy.ema_cross.fast = 1;
        strategy.ema_cross.slow = 2;
        strategy.ema_cross.qty = "0.1".parse().unwrap();
        strategy.ema_cross.stop_pct = Some("20".parse().unwrap());
        strategy.ema_cross.target_pct = Some("40".parse().unwrap());
        let spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        let instrument = Instrument::new(ID, spec, 2).unwrap();
        let cash = "1000000".parse().unwrap();
        let exchange = Exchange::new(&simulator, std::slice::from_ref(&instrument), cash).unwrap();
        let engine = Engine::new(Setup {
            instruments: vec![(instrument, Timeframe::M1)],
            signals: Signals::default(),
            strategy,
            risk: RiskSettings::without_limits(),
            protection: ProtectionSettings::default(),
            reconcile: Default::default(),
            trade: TradeSettings::default(),
            decisions: seawall_engine::DecisionSettings::default(),
            market: MarketSettings::default(),
            has_quotes: false,
            capabilities: Exchange::capabilities(&simulator),
            run: 1,
            require_stop: true,
            cost_bps: 12.0,
        })
        .unwrap();
        let mut world = World { engine, exchange, pump: Pump::new(), at: Ts::from_millis(1_672_531_200_000) };
        world.feed(&Input::Started);
        for close in [3_000_000, 2_999_000, 2_998_000] {
            world.bar(close);
        }
        world
    }

    fn candle(&self, close: i64) -> Candle {
        let price = PriceUnits::new(close);
        let prices = Ohlc { open: price, high: price, low: price, close: price };
        Candle::new(Timeframe::M1, self.at, prices, 1.0).unwrap()
    }

    fn feed(&mut self, input: &Input) {
        let World { engine, exchange, pump, at } = self;
        pump.feed(engine, exchange, &mut Nothing, *at, input).unwrap();
        pump.run_until(engine, exchange, &mut Nothing, *at).unwrap();
    }

    /// A bar at the exchange and its candle to the engine.
    fn bar(&mut self, close: i64) {
        let candle = self.candle(close);
        self.exchange.bar_open(self.at, ID, &candle);
        let World { engine, exchange, pump, at } = self;
        pump.run_until(engine, exchange, &mut Nothing, *at).unwrap();
        self.exchange.bar_range(self.at, ID, &candle);
        self.at = candle.known_at;
        self.feed(&Input::Candle { instrument: ID, timeframe: Timeframe::M1, candle });
    }

    /// In a position with its stop confirmed.
    fn in_position(mut self) -> Self {
        self.bar(3_010_000);
        self.bar(3_011_000);
        assert!(self.engine.position(ID).unwrap().protected);
        self
    }
}

fn candles(criterion: &mut Criterion, name: &str, mut world: World) {
    let mut effects = Effects::new();
    let mut close = 3_011_000;
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            close += if world.engine.is_engaged(ID) { 1 } else { -1 };
            close = close.clamp(2_900_000, 3_500_000);
            let candle = world.candle(close);
            let input = Input::Candle { instrument: ID, timeframe: Timeframe::M1, candle };
            world.at = candle.known_at;
            world.engine.step(world.at, black_box(&input), &mut effects);
        });
    });
}

fn steps(criterion: &mut Criterion) {
    candles(criterion, "step: candle, flat", World::new());
    candles(criterion, "step: candle, in a position with its stop", World::new().in_position());
    let mut world = World::new().in_position();
    let mut effects = Effects::new();
    criterion.bench_function("step: quote, in a position", |bencher| {
        let input =
            Input::Quote { instrument: ID, bid: PriceUnits::new(3_011_000), ask: PriceUnits::new(3_011_100) };
        bencher.iter(|| world.engine.step(world.at, black_box(&input), &mut effects));
    });
    criterion.bench_function("round trip: entry, stop, target, exit by signal (4 bars)", |bencher| {
        bencher.iter_batched_ref(
            World::new,
            |world| {
                world.bar(3_010_000);
                world.bar(3_011_000);
                world.bar(3_000_000);
                world.bar(2_999_000);
                assert!(world.engine.position(ID).unwrap().qty.is_zero());
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, steps);
criterion_main!(benches);
