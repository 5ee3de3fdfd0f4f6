//! A bench of one traded instrument that reads another one.

use core::ops::{Deref, DerefMut};

use seawall_engine::{Setup, Signals};
use seawall_model::{Candle, Input, Instrument, InstrumentId, InstrumentSpec, Ohlc, Span, Timeframe, Ts};
use seawall_strategy::{EntryPlan, Evaluation, Strategy};

use super::bench::{BTC, Bench};
use super::{T0, lossless, price, setup};

/// The instrument that is read: it has no desk.
pub const SPOT: InstrumentId = InstrumentId(1);

/// `kraken-futures:BTC/USD:USD` with contracts of `contract_size`, reading [`spot`].
pub fn perpetual(contract_size: &str) -> Instrument {
    let mut spec = InstrumentSpec::new("kraken-futures:BTC/USD:USD".parse().unwrap());
    spec.tick = Some("0.01".parse().unwrap());
    spec.lot = "0.001".parse().unwrap();
    spec.contract_size = contract_size.parse().unwrap();
    spec.signal = Some("kraken:BTC/USD".parse().unwrap());
    Instrument::new(BTC, spec, 2).unwrap()
}

/// `kraken:BTC/USD` with prices of three decimals: 100.00 is 100 000 units.
pub fn spot() -> Instrument {
    let mut spec = InstrumentSpec::new("kraken:BTC/USD".parse().unwrap());
    spec.tick = Some("0.001".parse().unwrap());
    Instrument::new(SPOT, spec, 3).unwrap()
}

pub fn pair_setup(change: impl FnOnce(&mut Setup)) -> Setup {
    let mut setup = setup(1, lossless());
    setup.instruments = vec![(perpetual("1"), Timeframe::M1)];
    setup.signals = Signals { read_only: vec![(spot(), Timeframe::M1)], pairs: vec![(BTC, SPOT)] };
    change(&mut setup);
    setup
}

/// A bench whose candles come in pairs.
pub struct Pair {
    pub bench: Bench,
    minute: i64,
}

impl Deref for Pair {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl DerefMut for Pair {
    fn deref_mut(&mut self) -> &mut Bench {
        &mut self.bench
    }
}

impl Pair {
    pub fn ready(change: impl FnOnce(&mut Setup)) -> Self {
        Pair { bench: Bench::with_setup(pair_setup(change)).reconciled(), minute: 0 }
    }

    pub fn with(strategy: Box<dyn Strategy>, change: impl FnOnce(&mut Setup)) -> Self {
        Pair { bench: Bench::with(pair_setup(change), vec![strategy]).reconciled(), minute: 0 }
    }

    /// The end of the next candle; time passes until then.
    pub fn next(&mut self) -> Ts {
        let open_time = Timeframe::M1.floor(T0).plus(Span::from_secs(60 * self.minute));
        self.minute += 1;
        let known_at = open_time.plus(Timeframe::M1.span());
        if known_at > self.bench.now {
            let wait = known_at.since(self.bench.now).millis();
            self.bench.pass_ms(wait);
        }
        open_time
    }

    pub fn give(&mut self, id: InstrumentId, open_time: Ts, close: i64) {
        let prices = Ohlc { open: price(close), high: price(close), low: price(close), close: price(close) };
        let candle = Candle::new(Timeframe::M1, open_time, prices, 1.0).unwrap();
        self.bench.input(Input::Candle { instrument: id, timeframe: Timeframe::M1, candle });
    }

    /// The next candles of both, the signal's first; prices in hundredths for both. The instant is over then.
    pub fn candles(&mut self, signal: i64, traded: i64) {
        let open_time = self.next();
        self.give(SPOT, open_time, signal * 10);
        self.give(BTC, open_time, traded);
        self.bench.pass_ms(1);
    }

    /// The next candle of the signal alone.
    pub fn signal_candle(&mut self, signal: i64) {
        let open_time = self.next();
        self.give(SPOT, open_time, signal * 10);
        self.bench.pass_ms(1);
    }

    /// The next candle of the traded instrument alone.
    pub fn traded_candle(&mut self, traded: i64) {
        let open_time = self.next();
        self.give(BTC, open_time, traded);
        self.bench.pass_ms(1);
    }

    pub fn mark_signal(&mut self, signal: i64) {
        self.bench.mark_of(1, signal * 10);
        self.bench.pass_ms(1);
    }

    /// The strategy answers the next candle of its signal with `plan`.
    pub fn plans(&mut self, plan: EntryPlan) {
        self.bench.script.push(Evaluation::Enter(plan));
    }
}
