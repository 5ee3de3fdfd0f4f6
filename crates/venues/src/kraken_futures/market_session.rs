//! The session for market data of Kraken Futures: tickers, and books proven by their sequence.
//!
//! Invariants: a book is live only after a snapshot and while each message has the next number; a gap drops
//! the book and subscribes again; a message that cannot be read ends the connection, because nobody can say
//! which book it belonged to; numbers at or below the last one are old messages and change nothing, but too
//! many of them in a row mean that the venue counts anew.

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{Input, InstrumentId, Side, Span, Ts};

use super::stream::{self, BookDelta, BookSnapshot, Message, TickerMessage, feed, subscribe};
use crate::book::{Book, LEVELS_MAX};
use crate::error::VenueError;
use crate::http::Host;
use crate::json::Exact;
use crate::market::{Market, Markets};
use crate::outcome::{Failure, Notice};
use crate::query::{Answer, Query, Ticker};
use crate::session::{Backoff, Command, Feed, Link, News, SUBSCRIBE_TIMEOUT, Scope, Session};

/// Products in one subscription.
const BATCH: usize = 50;
/// Messages of the heartbeat feed come about once a second.
const SILENCE: Span = Span::from_secs(15);
/// The venue drops a connection without a ping for a minute.
const PING_EVERY: Span = Span::from_secs(30);
/// So many old messages in a row are not late ones: the venue counts anew.
const OLD_MAX: u32 = 100;

/// A book of a product.
#[derive(Debug)]
enum BookState {
    /// A snapshot was asked for.
    Waiting,
    /// In step with the venue.
    Live { book: Box<Book>, seq: u64, old: u32 },
}

/// Which data are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Best prices and mark prices.
    pub quotes: Vec<InstrumentId>,
    /// Books.
    pub books: Vec<InstrumentId>,
}

/// The session.
#[derive(Debug)]
pub struct MarketSession {
    link: Link,
    wanted: Wanted,
    /// Subscriptions without an acknowledgement.
    pending: BTreeSet<(&'static str, InstrumentId)>,
    books: BTreeMap<InstrumentId, BookState>,
    quoted: BTreeSet<InstrumentId>,
    /// Subscriptions wait for the first call with the markets at hand.
    hello: bool,
    /// Subscriptions that nobody acknowledged were repeated one by one.
    repeated: bool,
    announced: bool,
    /// When something was last subscribed to.
    asked_at: Ts,
    now: Ts,
}

impl MarketSession {
    /// A session that connects at once. `spread` differs between sessions, see [`Backoff`].
    #[must_use]
    pub fn new(wanted: Wanted, spread: u64) -> Self {
        let backoff = Backoff::new(Span::from_secs(1), Span::from_secs(60), spread);
        MarketSession {
            link: Link::new(Host::PublicStream, SILENCE, Some(PING_EVERY), backoff),
            wanted,
            pending: BTreeSet::new(),
            books: BTreeMap::new(),
            quoted: BTreeSet::new(),
            hello: false,
            repeated: false,
            announced: false,
            asked_at: Ts::EPOCH,
            now: Ts::EPOCH,
        }
    }

    /// The book of an instrument, while it is live.
    #[must_use]
    pub fn book(&self, instrument: InstrumentId) -> Option<&Book> {
        match self.books.get(&instrument)? {
            BookState::Live { book, .. } => Some(book),
            BookState::Waiting => None,
        }
    }

    fn subscribe_all(&mut self, markets: &Markets) {
        self.hello = false;
        self.asked_at = self.now;
        self.link.send(subscribe("subscribe", feed::HEARTBEAT, &[]));
        let sets = [(feed::TICKER, self.wanted.quotes.clone()), (feed::BOOK, self.wanted.books.clone())];
        for (name, wanted) in sets {
            let known: Vec<&Market> = wanted.iter().filter_map(|id| markets.get(*id).ok()).collect();
            for batch in known.chunks(BATCH) {
                let symbols: Vec<&str> =
                    batch.iter().map(|market| market.listed.stream_symbol.as_str()).collect();
                self.link.send(subscribe("subscribe", name, &symbols));
                self.pending.extend(batch.iter().map(|market| (name, market.id())));
            }
        }
        self.books = self.wanted.books.iter().map(|id| (*id, BookState::Waiting)).collect();
    }

    /// Starts over: nothing that was known holds.
    fn restart(&mut self, at: Ts) {
        self.forget();
        self.link.give_up(at);
    }

    fn forget(&mut self) {
        if self.announced {
            for feed in [Feed::Quotes, Feed::Book] {
                self.link.emit(News::Feed { feed, instrument: None, live: false });
            }
        }
        self.announced = false;
        self.pending.clear();
        self.books.clear();
        self.quoted.clear();
        self.hello = false;
        self.repeated = false;
    }

    fn live(&mut self, feed: Feed, instrument: InstrumentId, live: bool) {
        self.announced = true;
        self.link.emit(News::Feed { feed, instrument: Some(instrument), live });
    }

    /// Drops a book and asks for its snapshot again.
    fn resync(&mut self, market: &Market) {
        let id = market.id();
        if let Some(BookState::Live { .. }) = self.books.insert(id, BookState::Waiting) {
            self.live(Feed::Book, id, false);
        }
        let symbol = [market.listed.stream_symbol.as_str()];
        self.link.send(subscribe("unsubscribe", feed::BOOK, &symbol));
        self.link.send(subscribe("subscribe", feed::BOOK, &symbol));
        self.pending.insert((feed::BOOK, id));
        self.asked_at = self.now;
    }

    fn on_message(&mut self, message: Message<'_>, markets: &Markets) -> Result<(), VenueError> {
        match message {
            Message::Subscribed { feed, products } => self.acknowledged(&feed, &products, markets),
            Message::Ticker(ticker) => {
                if let Some(market) = markets.find(&ticker.product_id) {
                    self.on_ticker(&ticker, market)?;
                }
            }
            Message::BookSnapshot(snapshot) => {
                if let Some(market) = markets.find(&snapshot.product_id) {
                    self.on_snapshot(&snapshot, market)?;
                }
            }
            Message::BookDelta(delta) => {
                if let Some(market) = markets.find(&delta.product_id) {
                    self.on_delta(&delta, market)?;
                }
            }
            Message::SubscribeFailed { feed } => self.notice(&format!("subscription to {feed} refused")),
            // Not fatal for the connection: what stays without an acknowledgement is noticed at its deadline.
            Message::Error(text) | Message::Alert(text) => self.notice(&text),
            Message::Info
            | Message::Heartbeat
            | Message::Challenge(_)
            | Message::Unsubscribed
            | Message::OrdersSnapshot(_)
            | Message::OrderDelta(_)
            | Message::Fills { .. }
            | Message::Positions(_)
            | Message::Balances(_)
            | Message::Log(_)
            | Message::Notifications(_)
            | Message::Other => {}
        }
        Ok(())
    }

    fn notice(&mut self, text: &str) {
        self.link.emit(News::Notice(Notice::Message { text: text.chars().take(200).collect() }));
    }

    fn acknowledged(&mut self, feed: &str, products: &[String], markets: &Markets) {
        for id in products.iter().filter_map(|product| markets.find(product)).map(Market::id) {
            self.pending.retain(|(name, pending)| *name != feed || *pending != id);
        }
    }

    fn on_ticker(&mut self, message: &TickerMessage<'_>, market: &Market) -> Result<(), VenueError> {
        let exact = |what: &'static str, value: Exact| {
            value.non_zero().map(|price| market.price(what, price)).transpose()
        };
        let near = |what: &'static str, value: Exact| {
            value.non_zero().map(|price| market.nearest_price(what, price)).transpose()
        };
        let instrument = market.id();
        let ticker = Ticker {
            instrument,
            bid: exact("bid", message.bid)?,
            ask: exact("ask", message.ask)?,
            last: exact("last", message.last)?,
            mark: near("markPrice", message.mark)?,
            index: near("index", message.index)?,
            volume_24h: message.volume.0,
            funding_rate_1h: message.relative_funding_rate.0,
            suspended: message.suspended,
            post_only: message.post_only,
        };
        if self.quoted.insert(instrument) {
            self.live(Feed::Quotes, instrument, true);
        }
        if let (Some(bid), Some(ask)) = (ticker.bid, ticker.ask) {
            self.link.emit(News::Engine(Input::Quote { instrument, bid, ask }));
        }
        if let Some(price) = ticker.mark {
            self.link.emit(News::Engine(Input::Mark { instrument, price }));
        }
        self.link.emit(News::Ticker(ticker));
        Ok(())
    }

    fn on_snapshot(&mut self, snapshot: &BookSnapshot<'_>, market: &Market) -> Result<(), VenueError> {
        let id = market.id();
        match self.books.get(&id) {
            None => return Ok(()),
            // Nobody asked for it: the venue may be answering an older subscription. Ask again, to be sure.
            Some(BookState::Live { .. }) => {
                self.resync(market);
                return Ok(());
            }
            Some(BookState::Waiting) => {}
        }
        let mut book = Book::new(LEVELS_MAX);
        for (side, levels) in [(Side::Buy, &snapshot.bids), (Side::Sell, &snapshot.asks)] {
            for level in levels {
                book.set(side, level.price.need("price")?, level.qty.need("qty")?);
            }
        }
        book.truncate();
        self.books.insert(id, BookState::Live { book: Box::new(book), seq: snapshot.seq, old: 0 });
        self.live(Feed::Book, id, true);
        self.top(market);
        Ok(())
    }

    fn on_delta(&mut self, delta: &BookDelta<'_>, market: &Market) -> Result<(), VenueError> {
        let Some(BookState::Live { book, seq, old }) = self.books.get_mut(&market.id()) else {
            return Ok(());
        };
        if delta.seq <= *seq {
            *old += 1;
            if *old > OLD_MAX {
                self.resync(market);
            }
            return Ok(());
        }
        if delta.seq != *seq + 1 {
            self.resync(market);
            return Ok(());
        }
        let side = match &*delta.side {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            other => return Err(VenueError::payload("side", other)),
        };
        book.set(side, delta.price.need("price")?, delta.qty.need("qty")?);
        book.truncate();
        *seq = delta.seq;
        *old = 0;
        self.top(market);
        Ok(())
    }

    /// Tells the best levels; a crossed book cannot be true and is dropped.
    fn top(&mut self, market: &Market) {
        let Some(BookState::Live { book, .. }) = self.books.get(&market.id()) else { return };
        let (Some(bid), Some(ask)) = (book.bids().next(), book.asks().next()) else { return };
        if bid.0 >= ask.0 {
            self.resync(market);
            return;
        }
        let level = |(price, qty)| Some((market.price("price", price).ok()?, market.qty("qty", qty).ok()?));
        if let (Some(bid), Some(ask)) = (level(bid), level(ask)) {
            self.link.emit(News::Top { instrument: market.id(), bid, ask });
        }
    }

    /// The instant until which every subscription must be acknowledged and every snapshot there.
    fn subscribe_deadline(&self) -> Option<Ts> {
        let waiting =
            !self.pending.is_empty() || self.books.values().any(|book| matches!(book, BookState::Waiting));
        (waiting && self.link.is_open()).then(|| self.asked_at.plus(SUBSCRIBE_TIMEOUT))
    }

    /// The deadline has passed. An error of the venue names no feed and no product, and may be about one
    /// product of a batch: what is not acknowledged is asked for once more, one by one, and then given up for
    /// this connection. Snapshots that did not come are asked for again.
    fn on_unacknowledged(&mut self, at: Ts, markets: &Markets) {
        let nothing_came = self.pending.len() == self.wanted.quotes.len() + self.wanted.books.len();
        if nothing_came && self.repeated {
            self.restart(at);
            return;
        }
        self.asked_at = at;
        let pending = core::mem::take(&mut self.pending);
        for (name, id) in &pending {
            let Ok(market) = markets.get(*id) else { continue };
            if self.repeated {
                self.books.remove(id);
                self.notice(&format!("{} of {} cannot be subscribed to", name, market.instrument.name()));
            } else {
                self.link.send(subscribe("subscribe", name, &[&market.listed.stream_symbol]));
                self.pending.insert((*name, *id));
            }
        }
        let waits = |(id, book): (&InstrumentId, &BookState)| match book {
            BookState::Waiting => (!pending.contains(&(feed::BOOK, *id))).then_some(*id),
            BookState::Live { .. } => None,
        };
        let silent: Vec<InstrumentId> = self.books.iter().filter_map(waits).collect();
        for market in silent.into_iter().filter_map(|id| markets.get(id).ok()) {
            self.resync(market);
        }
        self.repeated = true;
    }
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

    fn on_answer(&mut self, _: Ts, _: &Query, _: Result<Answer, Failure>, _: &mut Scope<'_>) {}

    fn on_time(&mut self, at: Ts, scope: &mut Scope<'_>) {
        self.now = at;
        if self.hello {
            self.subscribe_all(scope.markets);
        }
        if self.link.on_time(at) {
            self.restart(at);
        } else if self.subscribe_deadline().is_some_and(|due| at >= due) {
            self.on_unacknowledged(at, scope.markets);
        }
    }

    fn next_deadline(&self) -> Option<Ts> {
        if self.hello {
            return Some(Ts::EPOCH);
        }
        let link = self.link.deadline();
        Some(self.subscribe_deadline().map_or(link, |due| due.min(link)))
    }

    fn command(&mut self) -> Option<Command> {
        self.link.take()
    }

    fn is_live(&self) -> bool {
        let books = self.books.values().all(|book| matches!(book, BookState::Live { .. }));
        self.link.is_open() && !self.hello && self.pending.is_empty() && books
    }
}
