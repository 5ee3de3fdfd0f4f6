//! Feeds candles to the simulated exchange and the engine in order of time.
//!
//! At each instant first the candles that close are given to the engine, then the candles that open are shown
//! to the exchange; in the middle of a candle the exchange sees its extremes. So nothing fills on the candle
//! that decided, and an order placed at a close fills at the next open. Between two instants everything that
//! is due (requests that arrive, events, wake-ups) happens at its own time.

use std::convert::Infallible;

use rust_decimal::Decimal;
use seawall_engine::{Engine, Pump};
use seawall_model::{Bps, Candle, Input, Instrument, InstrumentId, Span, Ts, VenuePort};
use seawall_simulator::{Exchange, Tick};

use crate::collect::{Collector, EquityPoint};
use crate::listing::Listings;
use crate::market::{Market, MarketSeries};
use crate::path::{Path, tick_of};
use crate::quoted::Quote;

/// What an instant lasts: entries are judged right after it.
const INSTANT: Span = Span::from_nanos(1);

/// What happens next on a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A candle (or a finer one within it) opens.
    Open,
    /// The exchange sees the extremes.
    Range,
    /// The engine gets the closed candle.
    Close,
    /// No candles left.
    Done,
}

struct Cursor<'a> {
    id: InstrumentId,
    series: &'a MarketSeries,
    next: usize,
    stage: Stage,
    /// Whether the exchange was shown this candle.
    shown: bool,
    path: Path,
    funding: usize,
    instrument: Instrument,
    half_spread: Decimal,
    /// Its candles are the engine's alone: nobody trades it, or the exchange lives on quotes.
    read_only: bool,
}

/// Joins the cursors, the exchange, the engine and the collector.
pub(crate) struct Feed<'a> {
    cursors: Vec<Cursor<'a>>,
    /// When each cursor's stage is due, in nanoseconds; kept apart so that the search for the next is a scan.
    due: Vec<i64>,
    pub(crate) exchange: Exchange,
    pub(crate) engine: Engine,
    pub(crate) pump: Pump,
    pub(crate) collector: Collector,
    pub(crate) equity: Vec<EquityPoint>,
    sample_every: Span,
    sample_at: Ts,
    fed: u64,
    listings: Listings,
    /// What the exchange lives on in place of candles, where given: those that are still to come.
    quotes: &'a [Quote],
    /// Cursors with a candle (or a finer one) that has still to open at the exchange.
    opening: usize,
    /// Cursors with one whose extremes the exchange has still to see.
    ranging: usize,
}

impl<'a> Feed<'a> {
    pub(crate) fn new(
        (market, quotes): (&'a Market, &'a [Quote]),
        exchange: Exchange,
        engine: Engine,
        collector: Collector,
        sample_every: Span,
        spread: Bps,
        listed_every_hours: u32,
    ) -> Self {
        let half_spread = spread.fraction() / Decimal::TWO;
        let quoted = !quotes.is_empty();
        let traded = market.series().iter().zip(market.instruments()).map(|pair| (pair, quoted));
        let read = market.read_only().iter().zip(&market.signals().read_only);
        let read = read.map(|(series, (instrument, _))| ((series, instrument), true));
        let cursors: Vec<Cursor<'a>> = (0_u32..)
            .zip(traded.chain(read))
            .map(|(number, ((series, instrument), read_only))| Cursor {
                id: InstrumentId(number),
                series,
                next: 0,
                stage: match (series.candles.is_empty(), read_only) {
                    (true, _) => Stage::Done,
                    (false, true) => Stage::Close,
                    (false, false) => Stage::Open,
                },
                shown: false,
                path: Path::Whole,
                funding: 0,
                instrument: instrument.clone(),
                half_spread,
                read_only,
            })
            .collect();
        let opening = cursors.iter().filter(|cursor| cursor.stage == Stage::Open).count();
        let first = |cursor: &Cursor<'_>| {
            let candle = cursor.series.candles.first()?;
            Some(if cursor.read_only { candle.known_at } else { candle.open_time })
        };
        let due = cursors.iter().map(|cursor| first(cursor).map_or(i64::MAX, Ts::nanos)).collect();
        let listings = Listings::new(market.span().0, listed_every_hours, cursors.len());
        Feed {
            cursors,
            due,
            exchange,
            engine,
            pump: Pump::new(),
            collector,
            equity: Vec::new(),
            sample_every,
            sample_at: Ts::from_nanos(i64::MIN),
            fed: 0,
            listings,
            quotes,
            opening,
            ranging: 0,
        }
    }

    /// Candles given to the engine so far.
    pub(crate) fn fed(&self) -> u64 {
        self.fed
    }

    /// Starts the engine before the first candle and lets it reconcile. What is only read may begin earlier
    /// than the equity curve.
    pub(crate) fn start(&mut self, at: Ts, initial: EquityPoint) {
        self.equity.push(initial);
        self.sample_at = initial.at.plus(self.sample_every);
        self.feed(at, &Input::Started);
    }

    /// Works through the next instant; `false` when there is none.
    #[inline]
    pub(crate) fn advance(&mut self) -> bool {
        let next = self.due.iter().copied().min().unwrap_or(i64::MAX);
        if let Some((quote, later)) = self.quotes.split_first()
            && quote.at.nanos() < next
        {
            self.quotes = later;
            self.quote(*quote);
            return true;
        }
        if next == i64::MAX {
            return false;
        }
        if next >= self.listings.next_at {
            self.list(next);
        }
        let at = Ts::from_nanos(next);
        self.run_until(at);
        self.stage(at, Stage::Close);
        if self.engine.next_wakeup().is_some_and(|wake| wake <= at.plus(INSTANT)) {
            self.reopen(at);
        }
        if self.opening == 0 && self.ranging == 0 {
            self.sample_if_due(at);
            return true;
        }
        self.run_until(at);
        if self.opening > 0 {
            self.stage(at, Stage::Open);
            self.run_until(at);
        }
        if self.ranging > 0 {
            self.stage(at, Stage::Range);
            self.run_until(at);
        }
        self.sample_if_due(at);
        true
    }

    /// The exchange sees a quote, then the engine.
    #[inline(never)]
    fn quote(&mut self, quote: Quote) {
        let Quote { at, instrument, bid, ask } = quote;
        self.run_until(at);
        self.exchange.tick(at, instrument, Tick { bid, ask, last: bid, qty: None });
        self.run_until(at);
        self.feed(at, &Input::Quote { instrument, bid, ask });
    }

    /// The engine is told what is listed, at the instant when it was due.
    #[inline(never)]
    fn list(&mut self, until: i64) {
        let fed = self.cursors.iter().map(|cursor| (cursor.series, &cursor.instrument, cursor.next));
        if let Some((at, listing)) = self.listings.due(until, fed) {
            self.run_until(at);
            self.feed(at, &listing);
        }
    }

    #[inline]
    fn sample_if_due(&mut self, at: Ts) {
        if at >= self.sample_at {
            self.sample(at);
        }
    }

    /// Lets everything that is still on its way arrive.
    pub(crate) fn finish(&mut self, at: Ts, patience: Span) {
        self.run_until(at.plus(patience));
        let equity = self.engine.equity().unwrap_or(seawall_model::Money::ZERO);
        self.equity.push(EquityPoint { at, equity });
    }

    fn sample(&mut self, at: Ts) {
        if let Some(equity) = self.engine.equity() {
            self.equity.push(EquityPoint { at, equity });
        }
        while self.sample_at <= at {
            self.sample_at = self.sample_at.plus(self.sample_every);
        }
    }

    #[inline]
    fn run_until(&mut self, at: Ts) {
        let due = |next: Option<Ts>| next.is_some_and(|next| next <= at);
        if due(VenuePort::next_at(&self.exchange)) || due(self.engine.next_wakeup()) {
            self.deliver(at);
        }
    }

    /// Kept apart from the check, which is all that most candles need.
    #[inline(never)]
    fn deliver(&mut self, at: Ts) {
        let Feed { pump, engine, exchange, collector, .. } = self;
        let Ok(()) = never_fails(pump.run_until(engine, exchange, collector, at));
    }

    fn feed(&mut self, at: Ts, input: &Input) {
        let Feed { pump, engine, exchange, collector, .. } = self;
        let Ok(()) = never_fails(pump.feed(engine, exchange, collector, at, input));
    }

    #[inline]
    fn stage(&mut self, at: Ts, stage: Stage) {
        for index in 0..self.cursors.len() {
            let due = self.due.get(index).is_some_and(|due| *due == at.nanos());
            let Some(cursor) = self.cursors.get_mut(index) else { continue };
            if !due || cursor.stage != stage {
                continue;
            }
            let next = match stage {
                Stage::Close => self.close(index, at),
                Stage::Open => cursor.open(&mut self.exchange, at),
                Stage::Range => cursor.range(&mut self.exchange, at),
                Stage::Done => i64::MAX,
            };
            self.count(index, stage);
            if let Some(due) = self.due.get_mut(index) {
                *due = next;
            }
        }
    }

    /// Keeps the counts of cursors by stage after one of them left `before`.
    #[inline]
    fn count(&mut self, index: usize, before: Stage) {
        let after = self.cursors.get(index).map_or(Stage::Done, |cursor| cursor.stage);
        self.opening -= usize::from(before == Stage::Open);
        self.ranging -= usize::from(before == Stage::Range);
        self.opening += usize::from(after == Stage::Open);
        self.ranging += usize::from(after == Stage::Range);
    }

    /// The engine gets the candle; the cursor moves on to the next one.
    #[inline]
    fn close(&mut self, index: usize, at: Ts) -> i64 {
        let Some(cursor) = self.cursors.get_mut(index) else { return i64::MAX };
        let Some(candle) = cursor.series.candles.get(cursor.next).copied() else { return i64::MAX };
        let (id, read_only) = (cursor.id, cursor.read_only);
        if !cursor.shown && !read_only {
            self.exchange.skip_to(id, &candle);
        }
        let timeframe = cursor.series.timeframe;
        cursor.next += 1;
        cursor.shown = false;
        let next = match cursor.series.candles.get(cursor.next) {
            Some(next) if read_only => next.known_at.nanos(),
            Some(next) => {
                cursor.stage = Stage::Open;
                next.open_time.nanos()
            }
            None => {
                cursor.stage = Stage::Done;
                i64::MAX
            }
        };
        self.collector.drawdown.candle(id, &candle);
        self.fed += 1;
        self.feed(at, &Input::Candle { instrument: id, timeframe, candle });
        if read_only { next } else { self.skip_idle_open(index, at).unwrap_or(next) }
    }

    /// The engine acts at the end of this instant, when the next candles have opened: those it may act on are
    /// shown to the exchange, though nothing travels to them yet.
    #[inline(never)]
    fn reopen(&mut self, at: Ts) {
        for (cursor, due) in self.cursors.iter_mut().zip(&mut self.due) {
            let Some(candle) = cursor.series.candles.get(cursor.next) else { continue };
            let opens_now = candle.open_time == at && !cursor.shown && !cursor.read_only;
            if !opens_now || !self.engine.is_engaged(cursor.id) {
                continue;
            }
            if cursor.stage == Stage::Close {
                cursor.stage = Stage::Open;
                self.opening += 1;
            }
            cursor.shown = true;
            cursor.path = Path::of(cursor.series, candle);
            *due = at.nanos();
        }
    }

    /// Where the next candle opens right now and the exchange can let it pass, the cursor goes straight to
    /// its close.
    #[inline]
    fn skip_idle_open(&mut self, index: usize, at: Ts) -> Option<i64> {
        let cursor = self.cursors.get_mut(index)?;
        let next = cursor.series.candles.get(cursor.next)?;
        let opens_now = next.open_time == at && cursor.series.funding.is_empty();
        if !opens_now || !self.exchange.can_pass(at, cursor.id, next) {
            return None;
        }
        cursor.stage = Stage::Close;
        Some(next.known_at.nanos())
    }
}

impl Cursor<'_> {
    /// A candle opens, or a finer one within it. One that changes nothing is not looked at again before its
    /// close.
    #[inline]
    fn open(&mut self, exchange: &mut Exchange, at: Ts) -> i64 {
        let Some(candle) = self.series.candles.get(self.next) else { return i64::MAX };
        if self.series.funding.len() > self.funding {
            self.pay_funding(exchange, at);
        }
        if !self.shown {
            if exchange.can_pass(at, self.id, candle) {
                self.stage = Stage::Close;
                return candle.known_at.nanos();
            }
            self.shown = true;
            self.path = Path::of(self.series, candle);
        }
        let piece = match self.path {
            Path::Whole => *candle,
            Path::Fine { next, .. } => self.series.detail.get(next).copied().unwrap_or(*candle),
            Path::Tape { next, end } => return self.trade(exchange, at, next, end),
        };
        exchange.bar_open(at, self.id, &piece);
        self.stage = Stage::Range;
        middle(&piece)
    }

    /// The exchange sees the extremes of the candle, or of the finer one.
    fn range(&mut self, exchange: &mut Exchange, at: Ts) -> i64 {
        let Some(candle) = self.series.candles.get(self.next) else { return i64::MAX };
        if let Path::Fine { next, end } = self.path
            && let Some(piece) = self.series.detail.get(next)
        {
            exchange.bar_range(at, self.id, piece);
            let following = self.series.detail.get(next + 1).filter(|_| next + 1 < end);
            if let Some(following) = following {
                self.path = Path::Fine { next: next + 1, end };
                self.stage = Stage::Open;
                return following.open_time.nanos();
            }
        } else {
            exchange.bar_range(at, self.id, candle);
        }
        self.stage = Stage::Close;
        candle.known_at.nanos()
    }

    /// Shows trade number `next` of the tape once its time has come; after the last one nothing more happens
    /// before the close.
    fn trade(&mut self, exchange: &mut Exchange, at: Ts, next: usize, end: usize) -> i64 {
        let Some(candle) = self.series.candles.get(self.next) else { return i64::MAX };
        let Some(trade) = self.series.trades.get(next).filter(|_| next < end) else {
            self.stage = Stage::Close;
            self.shown = false;
            return candle.known_at.nanos();
        };
        if trade.at > at {
            return trade.at.nanos();
        }
        exchange.tick(at, self.id, tick_of(trade, &self.instrument, self.half_spread));
        self.path = Path::Tape { next: next + 1, end };
        // The same instant again: the next trade, or the end of the tape.
        at.nanos()
    }

    fn pay_funding(&mut self, exchange: &mut Exchange, at: Ts) {
        while let Some((when, rate)) = self.series.funding.get(self.funding).copied() {
            if when > at {
                return;
            }
            exchange.pay_funding(at, self.id, rate);
            self.funding += 1;
        }
    }
}

fn middle(candle: &Candle) -> i64 {
    candle.open_time.nanos() + candle.known_at.since(candle.open_time).nanos() / 2
}

/// The collector cannot fail; this says so to the compiler.
#[inline]
fn never_fails(result: Result<(), Infallible>) -> Result<(), Infallible> {
    result
}
