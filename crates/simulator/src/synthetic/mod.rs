//! A seeded synthetic market: no data file needed for a demonstration or a test.
//!
//! Invariants: events come in strict time order (at one instant: candles, funding rates, ticks, each by
//! instrument); a candle is exactly the open, high, low and close of the last trades of its minute; equal
//! settings give equal events on every machine, however they are consumed.

mod candles;
mod coins;
mod process;
mod random;

use std::collections::VecDeque;

use rust_decimal::Decimal;
use seawall_model::{
    Candle, Instrument, InstrumentId, InstrumentSpec, ModelError, PriceUnits, QtyUnits, Span, Timeframe, Ts,
};

use candles::Grid;
pub use candles::{CANDLES_START, candles};
pub use coins::COINS;
use coins::Coin;
use process::{Course, StepLength, Surprise, Weather};
pub use random::Dice;
use random::whole;

use crate::core::Tick;

const MINUTES_PER_DAY: f64 = 1_440.0;
const MINUTE: Span = Span::from_secs(60);

/// Which market to make up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticSettings {
    /// Everything random follows from it.
    pub seed: u64,
    /// How many instruments: BTC, ETH, SOL, XRP, ADA, then numbered copies with courses of their own.
    pub instruments: u32,
    /// The first instant; moved back to the full minute.
    pub start: Ts,
    /// Seconds between two ticks of one instrument; brought to a divisor of 60.
    pub tick_secs: u32,
}

impl Default for SyntheticSettings {
    fn default() -> Self {
        SyntheticSettings { seed: 1, instruments: 5, start: CANDLES_START, tick_secs: 5 }
    }
}

/// Something that the synthetic market does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarketEvent {
    /// When it is known.
    pub at: Ts,
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// What it is.
    pub kind: MarketEventKind,
}

/// What a synthetic market tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MarketEventKind {
    /// Prices of this moment.
    Tick(Tick),
    /// A closed one-minute candle.
    Candle(Candle),
    /// The funding rate for the next boundary, as a signed fraction: longs pay if it is positive.
    FundingRate(Decimal),
}

/// One instrument and its minute so far.
#[derive(Debug, Clone)]
struct Feed {
    id: InstrumentId,
    course: Course,
    grid: Grid,
    qty_units: f64,
    /// Trading resumes at this minute.
    resumes_at: Ts,
    /// The minute that is over, to be told at its end.
    closed: Option<Candle>,
}

/// The market: an endless iterator of events.
#[derive(Debug, Clone)]
pub struct SyntheticMarket {
    weather: Weather,
    feeds: Vec<Feed>,
    start: Ts,
    minute: Ts,
    ticks_per_minute: u32,
    queue: VecDeque<MarketEvent>,
}

impl SyntheticMarket {
    /// The market of `settings`.
    #[must_use]
    pub fn new(settings: &SyntheticSettings) -> Self {
        let start = Timeframe::M1.floor(settings.start);
        let feed = |id: u32| {
            let index = InstrumentId(id).index();
            let course = Course::new(settings.seed, index);
            let grid = Grid { units: course.coin.price_units(), tick: course.coin.tick_units() };
            let qty_units = course.coin.qty_units();
            Feed { id: InstrumentId(id), course, grid, qty_units, resumes_at: start, closed: None }
        };
        SyntheticMarket {
            weather: Weather::new(settings.seed),
            feeds: (0..settings.instruments).map(feed).collect(),
            start,
            minute: start,
            ticks_per_minute: ticks_per_minute(settings.tick_secs),
            queue: VecDeque::new(),
        }
    }

    /// The trading rules, by instrument number. Prices are in units of the tick's decimals: build the
    /// instruments without further data decimals, or take [`SyntheticMarket::table`].
    #[must_use]
    pub fn instruments(&self) -> Vec<InstrumentSpec> {
        // Every name of the table can be read; a test holds that none is left out.
        (0..self.feeds.len()).filter_map(|index| Coin::of(index).spec(index).ok()).collect()
    }

    /// The checked instruments.
    ///
    /// # Errors
    /// None for the coins there are; the type is that of [`Instrument::new`].
    pub fn table(&self) -> Result<Vec<Instrument>, ModelError> {
        let numbered = self.instruments().into_iter().zip(0..);
        numbered.map(|(spec, id)| Instrument::new(InstrumentId(id), spec, 0)).collect()
    }

    /// What each instrument usually trades within a day, in quote currency, by instrument number.
    #[must_use]
    pub fn usual_volumes(&self) -> Vec<f64> {
        self.feeds.iter().map(|feed| feed.course.coin.turnover * MINUTES_PER_DAY).collect()
    }

    /// When the crash begins.
    #[must_use]
    pub fn crash_at(&self) -> Ts {
        self.start.plus(Span::from_nanos(MINUTE.nanos().saturating_mul(self.weather.crash_start())))
    }

    /// Makes up the market's past in candles of `minutes` each, without ticks, from where it stands until the
    /// last full one before `until`; `sink` gets every candle, in order of time, then of instruments. The
    /// courses go on from there. Cheap: one draw of everything a candle, however long it is.
    ///
    /// Does nothing once a minute has been made up event by event and not been taken in full.
    pub fn skip_ahead(&mut self, until: Ts, minutes: u32, sink: &mut dyn FnMut(InstrumentId, Candle)) {
        let length = Span::from_nanos(MINUTE.nanos().saturating_mul(i64::from(minutes.max(1))));
        if !self.queue.is_empty() {
            return;
        }
        let step = StepLength::of_minutes(f64::from(minutes.max(1)));
        while self.minute.plus(length) <= until {
            let open_time = self.minute;
            let known_at = open_time.plus(length);
            self.weather.next_minute();
            let common = self.weather.step();
            for feed in &mut self.feeds {
                feed.course.next_minute(&self.weather);
                let candle = feed.course.candle(feed.grid, common, step);
                sink(feed.id, Candle { open_time, known_at, ..candle });
                feed.closed = None;
            }
            self.minute = known_at;
        }
    }

    /// Changes the seconds between two ticks from the next minute on; brought to a divisor of 60.
    pub fn set_tick_secs(&mut self, tick_secs: u32) {
        self.ticks_per_minute = ticks_per_minute(tick_secs);
    }

    /// Makes up one minute and lines up its events.
    fn next_minute(&mut self) {
        let at = self.minute;
        for feed in &mut self.feeds {
            if let Some(candle) = feed.closed.take() {
                let kind = MarketEventKind::Candle(candle);
                self.queue.push_back(MarketEvent { at, instrument: feed.id, kind });
            }
        }
        if Timeframe::H8.is_aligned(at) || at == self.start {
            for feed in &mut self.feeds {
                let millionths = whole((feed.course.funding() + 1.0) * 1e6) - 1_000_000;
                let kind = MarketEventKind::FundingRate(Decimal::new(millionths, 6));
                self.queue.push_back(MarketEvent { at, instrument: feed.id, kind });
            }
        }
        self.weather.next_minute();
        for feed in &mut self.feeds {
            feed.next_minute(at, &self.weather);
        }
        let count = i64::from(self.ticks_per_minute);
        let length = StepLength::of_minutes(1.0 / f64::from(self.ticks_per_minute));
        for number in 0..count {
            let at = at.plus(Span::from_nanos(MINUTE.nanos() / count * number));
            let common = self.weather.step();
            for feed in &mut self.feeds {
                if let Some(tick) = feed.tick(self.minute, common, length) {
                    let kind = MarketEventKind::Tick(tick);
                    self.queue.push_back(MarketEvent { at, instrument: feed.id, kind });
                }
            }
        }
        self.minute = self.minute.plus(MINUTE);
    }
}

fn ticks_per_minute(tick_secs: u32) -> u32 {
    let per_minute = 60 / tick_secs.clamp(1, 60);
    (1..=per_minute).rev().find(|count| 60 % count == 0).unwrap_or(1)
}

impl Iterator for SyntheticMarket {
    type Item = MarketEvent;

    fn next(&mut self) -> Option<MarketEvent> {
        while self.queue.is_empty() {
            if self.feeds.is_empty() {
                return None;
            }
            self.next_minute();
        }
        self.queue.pop_front()
    }
}

impl Feed {
    fn next_minute(&mut self, at: Ts, weather: &Weather) {
        match self.course.next_minute(weather) {
            Surprise::Nothing => {}
            Surprise::Gap(minutes) => {
                let length = Span::from_nanos(MINUTE.nanos().saturating_mul(minutes));
                self.resumes_at = self.resumes_at.max(at.plus(length));
            }
        }
    }

    /// The next trade of `minute`, unless there is a gap. The course goes on all the same.
    fn tick(&mut self, minute: Ts, common: f64, length: StepLength) -> Option<Tick> {
        let price = self.course.step(common, length);
        let stress = self.course.sigma / self.course.coin.sigma;
        let spread = self.grid.steps(price * self.course.coin.spread * stress);
        let spread = spread.max(PriceUnits::new(self.grid.tick));
        let bid = self.grid.price(price);
        let ask = bid.plus(spread);
        let last = if self.course.dice.flip() { bid } else { ask };
        let contracts = self.course.coin.turnover / price / 12.0 * stress * self.course.dice.exponential();
        let qty = QtyUnits::new(whole(contracts * self.qty_units).max(1));
        if minute < self.resumes_at {
            return None;
        }
        self.add_to_candle(minute, last, qty);
        Some(Tick { bid, ask, last, qty: Some(qty) })
    }

    fn add_to_candle(&mut self, minute: Ts, last: PriceUnits, qty: QtyUnits) {
        let candle = self.closed.get_or_insert(Candle {
            open_time: minute,
            known_at: minute.plus(MINUTE),
            open: last,
            high: last,
            low: last,
            close: last,
            volume: 0.0,
        });
        candle.high = candle.high.max(last);
        candle.low = candle.low.min(last);
        candle.close = last;
        candle.volume += qty.get() as f64 / self.qty_units;
    }
}
