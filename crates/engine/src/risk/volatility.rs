//! How much a market moves compared with what is usual for it: two averages of the true range.
//!
//! Wilder's averages over 14 and 200 candles of the true range as a share of the close; their ratio is one
//! where the market moves as usual. Fed only where the sizing `volatility` asks for it.

use seawall_model::{Candle, PriceUnits, StateSink};

const FAST: f64 = 14.0;
const SLOW: f64 = 200.0;
/// Candles before the slow average means something; until then volatility counts as usual.
const WARM_UP: u32 = 50;

/// The averages of one instrument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Volatility {
    fast: f64,
    slow: f64,
    seen: u32,
    close: PriceUnits,
}

impl Volatility {
    pub(crate) fn new() -> Self {
        Volatility { fast: 0.0, slow: 0.0, seen: 0, close: PriceUnits::ZERO }
    }

    /// Takes in a closed candle.
    pub(crate) fn see(&mut self, candle: &Candle) {
        let before = if self.close.is_zero() { candle.open } else { self.close };
        let range = candle.high.max(before).minus(candle.low.min(before));
        let share = range.get() as f64 / candle.close.get() as f64;
        if self.seen == 0 {
            (self.fast, self.slow) = (share, share);
        } else {
            self.fast += (share - self.fast) / FAST;
            self.slow += (share - self.slow) / SLOW;
        }
        self.seen = self.seen.saturating_add(1);
        self.close = candle.close;
    }

    /// Volatility now as a multiple of the usual one.
    pub(crate) fn ratio(&self) -> f64 {
        if self.seen < WARM_UP || self.slow <= 0.0 { 1.0 } else { self.fast / self.slow }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.float(self.fast);
        sink.float(self.slow);
        sink.number(u64::from(self.seen));
        sink.signed(self.close.get());
    }
}
