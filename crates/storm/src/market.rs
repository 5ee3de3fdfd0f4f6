//! The market of a world: the simulator's synthetic one, with jumps and standstills on top, and candles made
//! of what was traded.

use std::iter::Peekable;

use rust_decimal::Decimal;
use seawall_model::{Candle, Instrument, InstrumentId, ModelError, Ohlc, PriceUnits, Span, Timeframe, Ts};
use seawall_simulator::{MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings, Tick};

/// A price may wander this far from where it began, as a factor, before jumps lead back.
const WANDER_MAX: i64 = 4;

/// What a market does next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Move {
    /// Prices of one instrument.
    Tick(InstrumentId, Tick),
    /// The funding rate for the next boundary.
    Funding(InstrumentId, Decimal),
    /// A candle of a data set.
    Candle(InstrumentId, Candle),
}

/// One instrument.
#[derive(Debug, Clone)]
struct Lane {
    instrument: Instrument,
    /// By how many hundredths of a percent all prices are moved, by jumps so far.
    shift: i64,
    frozen: bool,
    bar: Option<(Ts, Ohlc)>,
    /// A bar that is over, to be told.
    closed: Option<(Ts, Ohlc)>,
}

/// The market.
pub(crate) struct Market {
    events: Peekable<Box<dyn Iterator<Item = MarketEvent>>>,
    /// Whether the candles are those of a data set, and not made of what was traded.
    is_given: bool,
    lanes: Vec<Lane>,
    timeframe: Timeframe,
}

impl Market {
    pub(crate) fn new(settings: &SyntheticSettings, timeframe: Timeframe) -> Result<Self, ModelError> {
        let market = SyntheticMarket::new(settings);
        let table = market.table()?;
        Ok(Market::of(Box::new(market), table, (timeframe, false)))
    }

    /// A market that is a data set.
    pub(crate) fn given(events: Vec<MarketEvent>, table: Vec<Instrument>, timeframe: Timeframe) -> Self {
        Market::of(Box::new(events.into_iter()), table, (timeframe, true))
    }

    fn of(
        events: Box<dyn Iterator<Item = MarketEvent>>,
        table: Vec<Instrument>,
        (timeframe, is_given): (Timeframe, bool),
    ) -> Self {
        let lane = |instrument| Lane { instrument, shift: 0, frozen: false, bar: None, closed: None };
        let lanes = table.into_iter().map(lane).collect();
        Market { events: events.peekable(), is_given, lanes, timeframe }
    }

    pub(crate) fn instruments(&self) -> Vec<Instrument> {
        self.lanes.iter().map(|lane| lane.instrument.clone()).collect()
    }

    pub(crate) fn next_at(&mut self) -> Option<Ts> {
        self.events.peek().map(|event| event.at)
    }

    /// What happens next; `None` where it concerns nobody (its own candles, an instrument that stands still).
    pub(crate) fn take(&mut self) -> Option<Move> {
        let event = self.events.next()?;
        let lane = self.lanes.get_mut(event.instrument.index())?;
        match event.kind {
            MarketEventKind::Tick(_) if lane.frozen => None,
            MarketEventKind::Tick(tick) => {
                let tick = lane.moved(tick);
                if !self.is_given {
                    lane.add(self.timeframe.floor(event.at), tick.last);
                }
                Some(Move::Tick(event.instrument, tick))
            }
            MarketEventKind::FundingRate(rate) => Some(Move::Funding(event.instrument, rate)),
            MarketEventKind::Candle(candle) => {
                self.is_given.then_some(Move::Candle(event.instrument, candle))
            }
        }
    }

    /// The candle of `id` that the newest tick has closed, once.
    pub(crate) fn closed(&mut self, id: InstrumentId) -> Option<Candle> {
        let (open_time, prices) = self.lanes.get_mut(id.index())?.closed.take()?;
        Candle::new(self.timeframe, open_time, prices, 1.0).ok()
    }

    /// All prices of `id` jump by `hundredths` of a percent, unless that led too far away.
    pub(crate) fn jump(&mut self, id: InstrumentId, hundredths: i64) -> bool {
        let Some(lane) = self.lanes.get_mut(id.index()) else { return false };
        let shift = lane.shift + hundredths;
        let fits = shift < 10_000 * (WANDER_MAX - 1) && shift > -10_000 / 2;
        lane.shift = if fits { shift } else { lane.shift };
        fits
    }

    pub(crate) fn set_frozen(&mut self, id: InstrumentId, frozen: bool) {
        if let Some(lane) = self.lanes.get_mut(id.index()) {
            lane.frozen = frozen;
        }
    }
}

impl Lane {
    fn moved(&self, tick: Tick) -> Tick {
        if self.shift == 0 {
            return tick;
        }
        let shifted = |price: PriceUnits, up: bool| {
            let moved = price.get().saturating_add(price.get().saturating_mul(self.shift) / 10_000);
            self.instrument.to_tick(PriceUnits::new(moved), up)
        };
        let (bid, ask) = (shifted(tick.bid, false), shifted(tick.ask, true));
        let last = if tick.last == tick.bid { bid } else { ask };
        Tick { bid, ask, last, qty: tick.qty }
    }

    fn add(&mut self, open_time: Ts, price: PriceUnits) {
        let begun = Ohlc { open: price, high: price, low: price, close: price };
        match &mut self.bar {
            Some((open, bar)) if *open == open_time => {
                bar.high = bar.high.max(price);
                bar.low = bar.low.min(price);
                bar.close = price;
            }
            Some(_) | None => self.closed = self.bar.replace((open_time, begun)),
        }
    }
}

/// How long a minute is.
pub(crate) const MINUTE: Span = Span::from_secs(60);
