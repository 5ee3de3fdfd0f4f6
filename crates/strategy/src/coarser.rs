//! Causal aggregation of closed candles into a coarser timeframe.
//!
//! Invariants: a coarser candle is handed out once, when its interval is over: with the finer candle that ends
//! it or, where that one is missing, with the next finer candle of all. Nothing is invented for a hole.

use arrayvec::ArrayVec;
use seawall_model::{Candle, StateSink, Timeframe, Ts};

/// Builds candles of one timeframe from finer ones.
#[derive(Debug, Clone)]
pub(crate) struct Coarser {
    timeframe: Timeframe,
    forming: Option<Candle>,
}

impl Coarser {
    pub(crate) fn new(timeframe: Timeframe) -> Self {
        Coarser { timeframe, forming: None }
    }

    /// Takes in the next closed finer candle; gives the coarser candles that it shows to be over, oldest first.
    #[inline]
    pub(crate) fn push(&mut self, candle: &Candle) -> ArrayVec<Candle, 2> {
        let mut closed = ArrayVec::new();
        let forming = match self.forming.take() {
            Some(mut forming) if candle.open_time < forming.known_at => {
                forming.high = forming.high.max(candle.high);
                forming.low = forming.low.min(candle.low);
                forming.close = candle.close;
                forming.volume += candle.volume;
                forming
            }
            late => {
                closed.extend(late);
                self.open(candle)
            }
        };
        if candle.known_at >= forming.known_at {
            closed.push(forming);
        } else {
            self.forming = Some(forming);
        }
        closed
    }

    fn open(&self, candle: &Candle) -> Candle {
        let open_time = self.timeframe.floor(candle.open_time);
        Candle { open_time, known_at: open_time.plus(self.timeframe.span()), ..*candle }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        let empty = Ts::EPOCH.nanos();
        sink.signed(self.forming.map_or(empty, |forming| forming.open_time.nanos()));
        if let Some(forming) = &self.forming {
            for price in [forming.open, forming.high, forming.low, forming.close] {
                sink.signed(price.get());
            }
            sink.float(forming.volume);
        }
    }
}
