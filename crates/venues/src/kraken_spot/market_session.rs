//! The session for market data of Kraken spot: tickers, books proven by checksum, candles.
//!
//! Invariants: a book is live only while the checksum of each message fits; a candle series is live only when
//! nothing is missing since the last candle that was told (filled up by REST where the snapshot does not
//! reach back); the answer to a subscription fails its symbol alone; a message that cannot be read ends the
//! connection.

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{Candle, Input, InstrumentId, Ohlc, Qty, Side, Span, Timeframe, Ts};

use super::stream::{self, BOOK_DEPTH, BookRow, CandleRow, Message, TickerRow, channel, subscribe};
use crate::book::Book;
use crate::candles::{self, CandleStream, Told};
use crate::error::VenueError;
use crate::http::Host;
use crate::json::parse;
use crate::market::{Market, Markets};
use crate::outcome::{Failure, Notice};
use crate::query::{Answer, Query, Ticker};
use crate::session::{Backoff, Command, Feed, Link, News, SUBSCRIBE_TIMEOUT, Scope, Session};

/// Symbols in one subscription.
const BATCH: usize = 50;
/// The venue sends a heartbeat about every second when it has nothing else to say.
const SILENCE: Span = Span::from_secs(10);
/// After a failed answer a page of candles is asked for again.
const REFILL_PAUSE: Span = Span::from_secs(5);

/// Which data are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Best prices.
    pub quotes: Vec<InstrumentId>,
    /// Books of ten levels.
    pub books: Vec<InstrumentId>,
    /// Candles, each from the open time of the first one that is missing.
    pub candles: Vec<(InstrumentId, Timeframe, Ts)>,
}

/// What a subscription is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Ticker,
    Book,
    Candles(Timeframe),
}

/// The session.
#[derive(Debug)]
pub struct MarketSession {
    link: Link,
    wanted: Wanted,
    series: BTreeMap<(InstrumentId, Timeframe), CandleStream>,
    /// Pages of candles that are asked for again.
    refill: BTreeMap<(InstrumentId, Timeframe), Ts>,
    /// When the clock closes the next candle.
    next_close: Option<Ts>,
    /// Books that are in step; a wanted one that is not here waits for its snapshot.
    books: BTreeMap<InstrumentId, Book>,
    quoted: BTreeSet<InstrumentId>,
    pending: BTreeSet<(Topic, InstrumentId)>,
    /// Symbols that the venue refused on this connection.
    refused: BTreeSet<(Topic, InstrumentId)>,
    /// What each request of this connection was about.
    requests: Vec<Topic>,
    hello: bool,
    announced: bool,
    asked_at: Ts,
    now: Ts,
}

impl MarketSession {
    /// A session that connects at once. `spread` differs between sessions, see [`Backoff`].
    #[must_use]
    pub fn new(wanted: Wanted, spread: u64) -> Self {
        let backoff = Backoff::new(Span::from_secs(1), Span::from_secs(60), spread);
        let series = wanted
            .candles
            .iter()
            .map(|(id, timeframe, from)| ((*id, *timeframe), CandleStream::new(*id, *timeframe, *from)));
        MarketSession {
            link: Link::new(Host::PublicStream, SILENCE, None, backoff),
            series: series.collect(),
            wanted,
            refill: BTreeMap::new(),
            next_close: None,
            books: BTreeMap::new(),
            quoted: BTreeSet::new(),
            pending: BTreeSet::new(),
            refused: BTreeSet::new(),
            requests: Vec::new(),
            hello: false,
            announced: false,
            asked_at: Ts::EPOCH,
            now: Ts::EPOCH,
        }
    }

    /// The book of an instrument, while it is live.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> Option<&Book> {
        self.books.get(&instrument)
    }

    fn send(&mut self, method: &str, topic: Topic, markets: &[&Market]) {
        let req_id = u64::try_from(self.requests.len()).unwrap_or(u64::MAX);
        self.requests.push(topic);
        let symbols: Vec<&str> = markets.iter().map(|market| market.listed.stream_symbol.as_str()).collect();
        let (name, extra) = match topic {
            Topic::Ticker => (channel::TICKER, r#","event_trigger":"bbo""#.to_owned()),
            Topic::Book => (channel::BOOK, format!(r#","depth":{BOOK_DEPTH}"#)),
            Topic::Candles(timeframe) => (channel::OHLC, format!(r#","interval":{}"#, timeframe.minutes())),
        };
        self.link.send(subscribe(method, name, &symbols, &extra, req_id));
    }

    fn subscribe_all(&mut self, markets: &Markets) {
        self.hello = false;
        self.asked_at = self.now;
        let mut topics: BTreeMap<Topic, Vec<InstrumentId>> = BTreeMap::new();
        topics.insert(Topic::Ticker, self.wanted.quotes.clone());
        topics.insert(Topic::Book, self.wanted.books.clone());
        for (id, timeframe) in self.series.keys() {
            topics.entry(Topic::Candles(*timeframe)).or_default().push(*id);
        }
        for (topic, wanted) in topics {
            let known: Vec<&Market> = wanted.iter().filter_map(|id| markets.get(*id).ok()).collect();
            for batch in known.chunks(BATCH) {
                self.send("subscribe", topic, batch);
                self.pending.extend(batch.iter().map(|market| (topic, market.id())));
            }
        }
    }

    fn forget(&mut self) {
        if self.announced {
            let lengths: BTreeSet<Timeframe> = self.series.keys().map(|(_, timeframe)| *timeframe).collect();
            let feeds = lengths.into_iter().map(Feed::Candles).chain([Feed::Quotes, Feed::Book]);
            for feed in feeds {
                self.link.emit(News::Feed { feed, instrument: None, live: false });
            }
        }
        self.announced = false;
        self.hello = false;
        self.books.clear();
        self.quoted.clear();
        self.pending.clear();
        self.refused.clear();
        self.requests.clear();
        self.refill.clear();
        self.next_close = None;
        self.series.values_mut().for_each(CandleStream::disconnect);
    }

    fn restart(&mut self, at: Ts) {
        self.forget();
        self.link.give_up(at);
    }

    fn notice(&mut self, text: &str) {
        self.link.emit(News::Notice(Notice::Message { text: text.chars().take(200).collect() }));
    }

    fn live(&mut self, feed: Feed, instrument: InstrumentId, live: bool) {
        self.announced = true;
        self.link.emit(News::Feed { feed, instrument: Some(instrument), live });
    }

    fn on_message(&mut self, message: Message<'_>, markets: &Markets) -> Result<(), VenueError> {
        match message {
            Message::Reply { req_id, method, error, symbol, .. } => {
                self.on_reply(req_id, &method, error, symbol.as_deref(), markets);
            }
            Message::Data { channel, snapshot, data, .. } => match channel.as_str() {
                channel::TICKER => {
                    for row in parse::<Vec<TickerRow<'_>>>("ticker", data.get())? {
                        self.on_ticker(&row, markets)?;
                    }
                }
                channel::BOOK => {
                    for row in parse::<Vec<BookRow<'_>>>("book", data.get())? {
                        self.on_book(&row, snapshot, markets)?;
                    }
                }
                channel::OHLC => self.on_candles(data.get(), markets)?,
                _ => {}
            },
            Message::Other => {}
        }
        Ok(())
    }

    fn on_reply(
        &mut self,
        req_id: Option<u64>,
        method: &str,
        error: Option<String>,
        symbol: Option<&str>,
        markets: &Markets,
    ) {
        let topic =
            req_id.and_then(|id| usize::try_from(id).ok()).and_then(|id| self.requests.get(id)).copied();
        let market = symbol.and_then(|symbol| markets.find(symbol));
        if let (Some(topic), Some(market), "subscribe") = (topic, market, method) {
            self.pending.remove(&(topic, market.id()));
            if error.is_some() {
                self.refused.insert((topic, market.id()));
            }
        }
        if let Some(words) = error {
            self.notice(&format!("{method} {}: {words}", symbol.unwrap_or_default()));
        }
    }

    fn on_ticker(&mut self, row: &TickerRow<'_>, markets: &Markets) -> Result<(), VenueError> {
        let Some(market) = markets.find(&row.symbol) else { return Ok(()) };
        let instrument = market.id();
        let price = |what: &'static str, value: crate::json::Exact| {
            value.non_zero().map(|price| market.price(what, price)).transpose()
        };
        let ticker = Ticker {
            instrument,
            bid: price("bid", row.bid)?,
            ask: price("ask", row.ask)?,
            last: price("last", row.last)?,
            mark: None,
            index: None,
            volume_24h: row.volume.0,
            funding_rate_1h: None,
            suspended: false,
            post_only: false,
        };
        if self.quoted.insert(instrument) {
            self.live(Feed::Quotes, instrument, true);
        }
        if let (Some(bid), Some(ask)) = (ticker.bid, ticker.ask) {
            self.link.emit(News::Engine(Input::Quote { instrument, bid, ask }));
        }
        self.link.emit(News::Ticker(ticker));
        Ok(())
    }

    fn on_book(&mut self, row: &BookRow<'_>, snapshot: bool, markets: &Markets) -> Result<(), VenueError> {
        let Some(market) = markets.find(&row.symbol) else { return Ok(()) };
        let id = market.id();
        let was_live = self.books.contains_key(&id);
        let mut book = match (snapshot, self.books.remove(&id)) {
            (true, _) => Book::new(BOOK_DEPTH),
            (false, Some(book)) => book,
            // An update of a subscription that has ended.
            (false, None) => return Ok(()),
        };
        for (side, levels) in [(Side::Buy, &row.bids), (Side::Sell, &row.asks)] {
            for level in levels {
                book.set(side, level.price.need("price")?, level.qty.need("qty")?);
            }
        }
        // The venue sends no removals for levels that fall out of the depth.
        book.truncate();
        let checksum = book.checksum(market.listed.price_decimals, market.listed.qty_decimals);
        if checksum != row.checksum {
            self.resync(market, was_live);
            return Ok(());
        }
        let level = |(price, qty)| Some((market.price("price", price).ok()?, market.qty("qty", qty).ok()?));
        let top = book.bids().next().and_then(level).zip(book.asks().next().and_then(level));
        self.books.insert(id, book);
        if !was_live {
            self.live(Feed::Book, id, true);
        }
        if let Some((bid, ask)) = top {
            self.link.emit(News::Top { instrument: id, bid, ask });
        }
        Ok(())
    }

    /// Drops a book and asks for its snapshot again.
    fn resync(&mut self, market: &Market, was_live: bool) {
        if was_live {
            self.live(Feed::Book, market.id(), false);
        }
        self.send("unsubscribe", Topic::Book, &[market]);
        self.send("subscribe", Topic::Book, &[market]);
        self.pending.insert((Topic::Book, market.id()));
        self.asked_at = self.now;
    }

    fn on_candles(&mut self, data: &str, markets: &Markets) -> Result<(), VenueError> {
        let mut by_series: BTreeMap<(InstrumentId, Timeframe), Vec<Candle>> = BTreeMap::new();
        for row in parse::<Vec<CandleRow<'_>>>("candles", data)? {
            let Some(market) = markets.find(&row.symbol) else { continue };
            let same = |timeframe: &Timeframe| timeframe.minutes() == row.interval;
            let Some(timeframe) = Timeframe::ALL.into_iter().find(same) else { continue };
            let candle = candle(&row, market, timeframe)?;
            by_series.entry((market.id(), timeframe)).or_default().push(candle);
        }
        for (key, rows) in by_series {
            if let Some(told) = self.series.get_mut(&key).map(|series| series.on_rows(rows)) {
                self.tell(key, told);
            }
        }
        Ok(())
    }

    fn tell(&mut self, key: (InstrumentId, Timeframe), told: Told) {
        let (instrument, timeframe) = key;
        for candle in told.closed {
            self.link.emit(News::Engine(Input::Candle { instrument, timeframe, candle }));
        }
        if let Some((from, to)) = told.missing {
            self.link.emit(News::Notice(Notice::Missing { what: "candles", from, to }));
        }
        if let Some(from) = told.ask_from {
            self.link.push(Command::Ask(Query::Candles { instrument, timeframe, from }));
        }
        if told.went_live {
            self.live(Feed::Candles(timeframe), instrument, true);
        }
        let Some(series) = self.series.get(&key) else { return };
        if let Some(forming) = series.forming().filter(|_| series.is_live()) {
            self.link.emit(News::Forming(instrument, timeframe, *forming));
        }
        self.next_close = match (self.next_close, series.deadline()) {
            (Some(known), Some(due)) => Some(known.min(due)),
            (known, due) => known.or(due),
        };
    }

    /// Candles whose time is over and that no later row closed, on a connection that is known to live: a
    /// message has come since their end.
    fn close_due(&mut self, at: Ts) {
        if self.next_close.is_none_or(|due| at < due || self.link.heard_at() < due.minus(candles::GRACE)) {
            return;
        }
        let told: Vec<_> = self.series.iter_mut().map(|(key, series)| (*key, series.on_time(at))).collect();
        self.next_close = self.series.values().filter_map(CandleStream::deadline).min();
        for (key, told) in told.into_iter().filter(|(_, told)| !told.closed.is_empty()) {
            self.tell(key, told);
        }
    }

    fn ask_again(&mut self, at: Ts) {
        let due: Vec<_> = self.refill.iter().filter(|(_, when)| at >= **when).map(|(key, _)| *key).collect();
        for key in due {
            self.refill.remove(&key);
            let Some(series) = self.series.get(&key).filter(|series| series.is_filling()) else { continue };
            let (instrument, timeframe) = key;
            self.link.push(Command::Ask(Query::Candles { instrument, timeframe, from: series.wanted() }));
        }
    }

    fn subscribe_deadline(&self) -> Option<Ts> {
        let books = self
            .wanted
            .books
            .iter()
            .any(|id| !self.books.contains_key(id) && !self.refused.contains(&(Topic::Book, *id)));
        let waiting = !self.pending.is_empty() || books;
        (waiting && self.link.is_open()).then(|| self.asked_at.plus(SUBSCRIBE_TIMEOUT))
    }
}

fn candle(row: &CandleRow<'_>, market: &Market, timeframe: Timeframe) -> Result<Candle, VenueError> {
    let prices = Ohlc {
        open: candles::price(market, "open", row.open)?,
        high: candles::price(market, "high", row.high)?,
        low: candles::price(market, "low", row.low)?,
        close: candles::price(market, "close", row.close)?,
    };
    let at = row.interval_begin.0.ok_or_else(|| VenueError::payload("candle", "no time"))?;
    let volume = Qty::new(row.volume.0.unwrap_or_default()).to_f64();
    Candle::new(timeframe, at, prices, volume).map_err(|error| VenueError::payload("candle", error))
}

impl Session for MarketSession {
    fn on_open(&mut self, at: Ts) {
        self.link.opened(at);
        self.hello = true;
    }

    fn on_text(&mut self, at: Ts, text: &str, scope: &mut Scope<'_>) {
        if !self.link.is_open() {
            return;
        }
        self.link.heard(at);
        self.now = at;
        if self.hello {
            self.subscribe_all(scope.markets);
        }
        let done = stream::read(text).and_then(|message| self.on_message(message, scope.markets));
        if let Err(error) = done {
            self.notice(&error.to_string());
            self.restart(at);
        }
        self.close_due(at);
        if self.link.is_overrun() {
            self.restart(at);
        }
    }

    fn on_pong(&mut self, at: Ts) {
        self.link.heard(at);
    }

    fn on_closed(&mut self, at: Ts) {
        self.forget();
        self.link.closed(at);
    }

    fn on_answer(&mut self, at: Ts, query: &Query, answer: Result<Answer, Failure>, _: &mut Scope<'_>) {
        self.now = at;
        let Query::Candles { instrument, timeframe, .. } = *query else { return };
        let key = (instrument, timeframe);
        let Some(series) = self.series.get_mut(&key) else { return };
        match answer {
            Ok(Answer::Candles(page)) => {
                let told = series.on_page(&page);
                self.tell(key, told);
            }
            Ok(_) | Err(_) => {
                if series.is_filling() {
                    self.refill.insert(key, at.plus(REFILL_PAUSE));
                }
            }
        }
    }

    fn on_time(&mut self, at: Ts, scope: &mut Scope<'_>) {
        self.now = at;
        if self.hello {
            self.subscribe_all(scope.markets);
        }
        self.close_due(at);
        self.ask_again(at);
        let late = self.subscribe_deadline().is_some_and(|due| at >= due);
        if self.link.on_time(at) || late {
            self.restart(at);
        }
    }

    fn next_deadline(&self) -> Option<Ts> {
        if self.hello {
            return Some(Ts::EPOCH);
        }
        // A candle is closed by the clock only after a message from beyond its end: that message calls.
        let close = self.next_close.filter(|due| self.link.heard_at() >= due.minus(candles::GRACE));
        let refill = self.refill.values().copied().min();
        [Some(self.link.deadline()), self.subscribe_deadline(), close, refill].into_iter().flatten().min()
    }

    fn command(&mut self) -> Option<Command> {
        self.link.take()
    }

    fn is_live(&self) -> bool {
        let series = self.series.iter().all(|((id, timeframe), series)| {
            series.is_live() || self.refused.contains(&(Topic::Candles(*timeframe), *id))
        });
        self.link.is_open() && !self.hello && self.subscribe_deadline().is_none() && series
    }
}
