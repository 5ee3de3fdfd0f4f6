//! One-minute candles without ticks, fast, for benchmarks and tests that need many.

use seawall_model::{Candle, PriceUnits, Span, Ts};

use super::process::{Course, StepLength, Weather};
use super::random::whole;

/// Open time of the first candle: 2024-01-01T00:00:00Z.
pub const CANDLES_START: Ts = Ts::from_millis(1_704_067_200_000);

const MINUTE: Span = Span::from_secs(60);
/// Mean length of a wick beyond open and close, in minute deviations.
const WICK: f64 = 0.4;

/// `count` one-minute candles of instrument number `index` of the market of `seed`, without holes, from
/// [`CANDLES_START`]. Prices are on the tick, in units of the tick's decimals.
///
/// The regimes, the crash and the correlations are those of [`super::SyntheticMarket`]; the prices are not.
#[must_use]
pub fn candles(seed: u64, index: usize, count: usize) -> Vec<Candle> {
    let mut weather = Weather::new(seed);
    let mut course = Course::new(seed, index);
    let grid = Grid { units: course.coin.price_units(), tick: course.coin.tick_units() };
    let minute = StepLength::of_minutes(1.0);
    let mut open_time = CANDLES_START;
    let mut candles = Vec::with_capacity(count);
    for _ in 0..count {
        weather.next_minute();
        course.next_minute(&weather);
        let common = weather.step();
        let candle = course.candle(grid, common, minute);
        let known_at = open_time.plus(MINUTE);
        candles.push(Candle { open_time, known_at, ..candle });
        open_time = known_at;
    }
    candles
}

impl Course {
    /// The candle of one step whose common part is `common`; its times are the caller's to fill in.
    #[inline]
    pub(super) fn candle(&mut self, grid: Grid, common: f64, length: StepLength) -> Candle {
        let open = grid.price(self.price);
        let close_f64 = self.step(common, length);
        let close = grid.price(close_f64);
        let wick = close_f64 * self.sigma * WICK * length.root;
        let (upper, lower) = (self.dice.uniform(), self.dice.uniform());
        let high = grid.up(open.max(close), wick * wick_length(upper));
        let low = grid.down(open.min(close), wick * wick_length(lower));
        let mean_volume = self.coin.turnover / self.coin.price * length.minutes;
        let volume = mean_volume * (0.2 + 2.0 * upper * (1.0 + lower));
        Candle { open_time: CANDLES_START, known_at: CANDLES_START, open, high, low, close, volume }
    }
}

/// Close to an exponential of mean 1, without a logarithm.
#[inline]
fn wick_length(uniform: f64) -> f64 {
    0.45 * uniform / (1.05 - uniform)
}

/// The prices that can be traded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Price units per quote unit.
    pub(super) units: f64,
    /// Price units per tick.
    pub(super) tick: i64,
}

impl Grid {
    /// The nearest price, at least one tick.
    #[inline]
    pub(super) fn price(self, price: f64) -> PriceUnits {
        let tick = self.tick as f64;
        PriceUnits::new(whole(price * self.units / tick).max(1) * self.tick)
    }

    #[inline]
    fn up(self, price: PriceUnits, distance: f64) -> PriceUnits {
        price.plus(self.steps(distance))
    }

    #[inline]
    fn down(self, price: PriceUnits, distance: f64) -> PriceUnits {
        price.minus(self.steps(distance)).max(PriceUnits::new(self.tick))
    }

    /// The nearest whole number of ticks, in units.
    #[inline]
    pub(super) fn steps(self, distance: f64) -> PriceUnits {
        PriceUnits::new(whole(distance * self.units / self.tick as f64) * self.tick)
    }
}
