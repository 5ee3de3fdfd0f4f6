//! The sockets: who follows what, what each was told last, and the rows of market data.
//!
//! Invariants: a snapshot comes before the first update of its topic; a book that a client keeps by the
//! venue's rules (apply in order, cut to the depth) has the checksum that stands in the message; every state
//! of a candle that a follower has not seen as finished is told once more when the next one has begun.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use seawall_model::{InstrumentId, PriceUnits, QtyUnits, Side, Span, Timeframe, Ts};
use seawall_venues::book::Book;
use seawall_venues::kraken_spot::stream::channel;
use serde_json::{Value, json};

use super::names::{Names, Pair};
use super::public::{totals, typical};
use super::text::{measured, number, stamp};
use crate::protocol::ConnectionId;
use crate::venue::Outbox;
use crate::world::{Bar, Market, TapeTrade, World};

/// Candles in a snapshot.
const CANDLES_SHOWN: usize = 100;
/// Trades in a snapshot.
const TRADES_SHOWN: usize = 50;
/// How long a connection may be silent before it says that it lives.
pub(super) const HEARTBEAT: Span = Span::from_secs(1);
/// How long a connection that follows nothing and says nothing is kept.
pub(super) const IDLE_MAX: Span = Span::from_secs(60);

/// What can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// Best prices and the day.
    Ticker(InstrumentId),
    /// Price levels.
    Book(InstrumentId),
    /// Orders of the book.
    Level3(InstrumentId),
    /// Public trades.
    Trade(InstrumentId),
    /// Candles.
    Candles(InstrumentId, Timeframe),
    /// What is listed.
    Instruments,
    /// Our orders and executions.
    Executions,
    /// Our balances.
    Balances,
}

/// The sides of a book as a follower has them.
#[derive(Debug, Clone, Default)]
struct Levels {
    depth: usize,
    bids: BTreeMap<PriceUnits, QtyUnits>,
    asks: BTreeMap<PriceUnits, QtyUnits>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Socket {
    topics: BTreeSet<Topic>,
    books: BTreeMap<Topic, Levels>,
    candles: BTreeMap<Topic, Ts>,
    sequences: BTreeMap<&'static str, u64>,
    spoken_at: Ts,
    heard_at: Ts,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    open: BTreeMap<ConnectionId, Socket>,
}

/// A market with its names, at a time.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) at: Ts,
    pub(super) market: &'a Market,
    pub(super) pair: &'a Pair,
}

impl<'a> Seen<'a> {
    pub(super) fn of(world: &'a World, names: &'a Names, id: InstrumentId) -> Option<Self> {
        Some(Seen { at: world.now(), market: world.market(id)?, pair: names.pair(id)? })
    }

    fn price(&self, units: PriceUnits) -> Value {
        number(self.market.price(units))
    }

    fn qty(&self, units: QtyUnits) -> Value {
        number(self.market.qty(units))
    }

    fn ticker(&self) -> Value {
        let day = totals(self.market, self.at.minus(Timeframe::D1.span()));
        let book = self.market.book(self.at);
        let (bid, ask) = (book.bids.first().copied(), book.asks.first().copied());
        let (last, open) = (self.market.price(self.market.last), self.market.price(day.open));
        let change = last - open;
        let percent = if open.is_zero() { Decimal::ZERO } else { change / open * Decimal::ONE_HUNDRED };
        json!({
            "symbol": self.pair.symbol,
            "bid": self.price(self.market.bid),
            "bid_qty": bid.map(|(_, qty)| self.qty(qty)),
            "ask": self.price(self.market.ask),
            "ask_qty": ask.map(|(_, qty)| self.qty(qty)),
            "last": self.price(self.market.last),
            "volume": measured(day.volume),
            "vwap": measured(day.vwap),
            "low": self.price(day.low),
            "high": self.price(day.high),
            "change": number(change),
            "change_pct": number(percent.round_dp(2)),
            "timestamp": stamp(self.at),
        })
    }

    fn trade(&self, trade: &TapeTrade) -> Value {
        json!({
            "symbol": self.pair.symbol,
            "side": trade.side.name(),
            "price": self.price(trade.price),
            "qty": self.qty(trade.qty),
            "ord_type": if trade.number.is_multiple_of(3) { "market" } else { "limit" },
            "trade_id": trade.number,
            "timestamp": stamp(trade.at),
        })
    }

    fn candle(&self, bar: &Bar, timeframe: Timeframe) -> Value {
        json!({
            "symbol": self.pair.symbol,
            "open": self.price(bar.open),
            "high": self.price(bar.high),
            "low": self.price(bar.low),
            "close": self.price(bar.close),
            "trades": bar.trades,
            "volume": measured(bar.volume),
            "vwap": measured(typical(self.market, bar)),
            "interval_begin": stamp(bar.open_time),
            "interval": timeframe.minutes(),
            "timestamp": stamp(bar.open_time.plus(timeframe.span())),
        })
    }

    /// The best levels of the book now.
    fn levels(&self, depth: usize) -> Levels {
        let book = self.market.book(self.at);
        Levels {
            depth,
            bids: book.bids.into_iter().take(depth).collect(),
            asks: book.asks.into_iter().take(depth).collect(),
        }
    }

    fn level(&self, (price, qty): (PriceUnits, QtyUnits)) -> Value {
        json!({ "price": self.price(price), "qty": self.qty(qty) })
    }

    fn checksum(&self, levels: &Levels) -> u32 {
        let mut book = Book::new(levels.depth);
        for (side, rows) in [(Side::Buy, &levels.bids), (Side::Sell, &levels.asks)] {
            for (price, qty) in rows {
                book.set(side, self.market.price(*price), self.market.qty(*qty));
            }
        }
        book.checksum(self.market.instrument.price_scale(), self.market.instrument.qty_scale())
    }

    fn book_row(&self, bids: &[Value], asks: &[Value], levels: &Levels) -> Value {
        json!([{
            "symbol": self.pair.symbol,
            "bids": bids,
            "asks": asks,
            "checksum": self.checksum(levels),
            "timestamp": stamp(self.at),
        }])
    }

    /// An order of the book: each level is one.
    fn resting(&self, side: Side, (price, qty): (PriceUnits, QtyUnits), event: Option<&str>) -> Value {
        let place = crate::world::mix(price.get().unsigned_abs(), u64::from(side == Side::Buy));
        let mut row = json!({
            "order_id": crate::world::txid(place, 'O', u64::from(self.market.instrument.id().0)),
            "limit_price": self.price(price),
            "order_qty": self.qty(qty),
            "timestamp": stamp(self.at),
        });
        if let (Some(event), Some(members)) = (event, row.as_object_mut()) {
            members.insert("event".to_owned(), json!(event));
        }
        row
    }
}

/// What a follower of `before` must be told to have `now`: a level that lies beyond the depth falls out by
/// itself, and is not told.
fn changes(before: &Levels, now: &Levels) -> Vec<(Side, PriceUnits, QtyUnits)> {
    let mut found = Vec::new();
    for (side, old, new) in [(Side::Buy, &before.bids, &now.bids), (Side::Sell, &before.asks, &now.asks)] {
        let is_full = new.len() >= now.depth;
        let worst = match side {
            Side::Buy => new.keys().next(),
            Side::Sell => new.keys().next_back(),
        };
        let is_beyond = |price: &PriceUnits| match (side, worst) {
            (Side::Buy, Some(worst)) => is_full && price < worst,
            (Side::Sell, Some(worst)) => is_full && price > worst,
            (Side::Buy | Side::Sell, None) => false,
        };
        let gone = old.keys().filter(|price| !new.contains_key(price) && !is_beyond(price));
        found.extend(gone.map(|price| (side, *price, QtyUnits::ZERO)));
        let fresh = new.iter().filter(|(price, qty)| old.get(price) != Some(qty));
        found.extend(fresh.map(|(price, qty)| (side, *price, *qty)));
    }
    found
}

fn message(channel: &str, kind: &str, data: Value) -> Value {
    let mut message = json!({ "channel": channel, "type": kind });
    if let Some(members) = message.as_object_mut() {
        members.insert("data".to_owned(), data);
    }
    message
}

impl Sockets {
    pub(super) fn open(&mut self, at: Ts, id: ConnectionId) {
        let socket = Socket {
            topics: BTreeSet::new(),
            books: BTreeMap::new(),
            candles: BTreeMap::new(),
            sequences: BTreeMap::new(),
            spoken_at: at,
            heard_at: at,
        };
        self.open.insert(id, socket);
    }

    pub(super) fn close(&mut self, id: ConnectionId) {
        self.open.remove(&id);
    }

    pub(super) fn heard(&mut self, at: Ts, id: ConnectionId) {
        if let Some(socket) = self.open.get_mut(&id) {
            socket.heard_at = at;
        }
    }

    /// Says something that belongs to no feed.
    pub(super) fn say(&mut self, at: Ts, id: ConnectionId, value: &Value, out: &mut Outbox) {
        if let Some(socket) = self.open.get_mut(&id) {
            socket.spoken_at = at;
            out.text(id, "control", value.to_string());
        }
    }

    /// Says something of a private channel, numbered.
    pub(super) fn say_private(
        &mut self,
        at: Ts,
        id: ConnectionId,
        (channel, kind): (&'static str, &str),
        data: Value,
        out: &mut Outbox,
    ) {
        let Some(socket) = self.open.get_mut(&id) else { return };
        let sequence = socket.sequences.entry(channel).or_default();
        *sequence += 1;
        let mut value = message(channel, kind, data);
        if let Some(members) = value.as_object_mut() {
            members.insert("sequence".to_owned(), json!(sequence));
        }
        socket.spoken_at = at;
        if kind == "snapshot" {
            out.snapshot(id, channel, value.to_string());
        } else {
            out.text(id, channel, value.to_string());
        }
    }

    /// Connections that follow a topic.
    pub(super) fn followers(&self, topic: Topic) -> Vec<ConnectionId> {
        self.open.iter().filter(|(_, socket)| socket.topics.contains(&topic)).map(|(id, _)| *id).collect()
    }

    /// Begins to follow; false if it did already.
    pub(super) fn follow(&mut self, id: ConnectionId, topic: Topic) -> bool {
        self.open.get_mut(&id).is_some_and(|socket| socket.topics.insert(topic))
    }

    /// Ends to follow; false if it did not.
    pub(super) fn leave(&mut self, id: ConnectionId, topic: Topic) -> bool {
        let Some(socket) = self.open.get_mut(&id) else { return false };
        socket.books.remove(&topic);
        socket.candles.remove(&topic);
        socket.topics.remove(&topic)
    }

    /// The first message of a topic of the market.
    pub(super) fn show(
        &mut self,
        id: ConnectionId,
        topic: Topic,
        depth: usize,
        seen: Seen<'_>,
        out: &mut Outbox,
    ) {
        let Some(socket) = self.open.get_mut(&id) else { return };
        let (channel, data) = match topic {
            Topic::Ticker(_) => (channel::TICKER, json!([seen.ticker()])),
            Topic::Trade(_) => {
                let tape = seen.market.tape();
                let skipped = tape.len().saturating_sub(TRADES_SHOWN);
                let rows: Vec<Value> = tape.skip(skipped).map(|trade| seen.trade(trade)).collect();
                ("trade", Value::Array(rows))
            }
            Topic::Candles(_, timeframe) => {
                let rows = seen.market.chart.rows(timeframe);
                let skipped = rows.len().saturating_sub(CANDLES_SHOWN);
                let kept: Vec<&Bar> = rows.skip(skipped).collect();
                if let Some(last) = kept.last() {
                    socket.candles.insert(topic, last.open_time);
                }
                (channel::OHLC, kept.iter().map(|bar| seen.candle(bar, timeframe)).collect())
            }
            Topic::Book(_) => {
                let levels = seen.levels(depth);
                let bids = levels.bids.iter().rev().map(|(price, qty)| seen.level((*price, *qty)));
                let asks = levels.asks.iter().map(|(price, qty)| seen.level((*price, *qty)));
                let row = seen.book_row(&bids.collect::<Vec<_>>(), &asks.collect::<Vec<_>>(), &levels);
                socket.books.insert(topic, levels);
                (channel::BOOK, row)
            }
            Topic::Level3(_) => {
                let levels = seen.levels(depth);
                let bids = levels.bids.iter().rev().map(|(p, q)| seen.resting(Side::Buy, (*p, *q), None));
                let asks = levels.asks.iter().map(|(p, q)| seen.resting(Side::Sell, (*p, *q), None));
                let row = seen.book_row(&bids.collect::<Vec<_>>(), &asks.collect::<Vec<_>>(), &levels);
                socket.books.insert(topic, levels);
                ("level3", row)
            }
            Topic::Instruments | Topic::Executions | Topic::Balances => return,
        };
        socket.spoken_at = seen.at;
        out.snapshot(id, channel, message(channel, "snapshot", data).to_string());
    }

    /// Tells the followers of a market what happened in it.
    pub(super) fn publish(&mut self, seen: Seen<'_>, trades: &[TapeTrade], out: &mut Outbox) {
        let instrument = seen.market.instrument.id();
        for (id, socket) in &mut self.open {
            let topics: Vec<Topic> =
                socket.topics.iter().copied().filter(|topic| topic.is_of(instrument)).collect();
            for topic in topics {
                if let Some((channel, data)) = socket.update(topic, seen, trades) {
                    socket.spoken_at = seen.at;
                    out.text(*id, channel, message(channel, "update", data).to_string());
                }
            }
        }
    }

    /// Heartbeats of silent connections, and the end of idle ones.
    pub(super) fn on_time(&mut self, at: Ts, out: &mut Outbox) {
        for (id, socket) in &mut self.open {
            if socket.topics.is_empty() {
                if at.since(socket.heard_at) >= IDLE_MAX {
                    socket.heard_at = at;
                    out.close(*id);
                }
            } else if at.since(socket.spoken_at) >= HEARTBEAT {
                socket.spoken_at = at;
                out.text(*id, channel::HEARTBEAT, json!({ "channel": "heartbeat" }).to_string());
            }
        }
    }

    pub(super) fn next_at(&self) -> Option<Ts> {
        let due = |socket: &Socket| {
            if socket.topics.is_empty() {
                socket.heard_at.plus(IDLE_MAX)
            } else {
                socket.spoken_at.plus(HEARTBEAT)
            }
        };
        self.open.values().map(due).min()
    }
}

impl Topic {
    fn is_of(self, instrument: InstrumentId) -> bool {
        match self {
            Topic::Ticker(id)
            | Topic::Book(id)
            | Topic::Level3(id)
            | Topic::Trade(id)
            | Topic::Candles(id, _) => id == instrument,
            Topic::Instruments | Topic::Executions | Topic::Balances => false,
        }
    }
}

impl Socket {
    /// The next message of a topic, if there is something to tell.
    fn update(
        &mut self,
        topic: Topic,
        seen: Seen<'_>,
        trades: &[TapeTrade],
    ) -> Option<(&'static str, Value)> {
        match topic {
            Topic::Ticker(_) => Some((channel::TICKER, json!([seen.ticker()]))),
            Topic::Trade(_) => {
                let rows: Vec<Value> = trades.iter().map(|trade| seen.trade(trade)).collect();
                (!rows.is_empty()).then_some(("trade", Value::Array(rows)))
            }
            Topic::Candles(_, timeframe) => {
                let told = self.candles.get(&topic).copied().unwrap_or(seen.at);
                let rows = seen.market.chart.rows(timeframe).rev();
                let mut fresh: Vec<&Bar> = rows.take_while(|bar| bar.open_time >= told).collect();
                fresh.reverse();
                self.candles.insert(topic, fresh.last()?.open_time);
                let rows: Vec<Value> = fresh.iter().map(|bar| seen.candle(bar, timeframe)).collect();
                Some((channel::OHLC, Value::Array(rows)))
            }
            Topic::Book(_) | Topic::Level3(_) => {
                let before = self.books.get(&topic)?;
                let now = seen.levels(before.depth);
                let changed = changes(before, &now);
                let is_level3 = matches!(topic, Topic::Level3(_));
                let of = |wanted: Side| -> Vec<Value> {
                    let rows = changed.iter().filter(|(side, _, _)| *side == wanted);
                    let row = |(side, price, qty): &(Side, PriceUnits, QtyUnits)| {
                        let known = match side {
                            Side::Buy => before.bids.contains_key(price),
                            Side::Sell => before.asks.contains_key(price),
                        };
                        let event = match (qty.is_zero(), known) {
                            (true, _) => "delete",
                            (false, true) => "modify",
                            (false, false) => "add",
                        };
                        if is_level3 {
                            seen.resting(*side, (*price, *qty), Some(event))
                        } else {
                            seen.level((*price, *qty))
                        }
                    };
                    rows.map(row).collect()
                };
                let row = (!changed.is_empty()).then(|| seen.book_row(&of(Side::Buy), &of(Side::Sell), &now));
                self.books.insert(topic, now);
                row.map(|row| (if is_level3 { "level3" } else { channel::BOOK }, row))
            }
            Topic::Instruments | Topic::Executions | Topic::Balances => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(depth: usize, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Levels {
        let side = |rows: &[(i64, i64)]| {
            rows.iter().map(|(price, qty)| (PriceUnits::new(*price), QtyUnits::new(*qty))).collect()
        };
        Levels { depth, bids: side(bids), asks: side(asks) }
    }

    /// A client applies the changes in order and cuts to the depth: it then has the venue's book.
    #[test]
    fn a_follower_that_cuts_to_the_depth_has_the_book() {
        let before = levels(2, &[(9, 1), (8, 1)], &[(11, 1), (12, 1)]);
        let now = levels(2, &[(10, 2), (9, 1)], &[(12, 3), (13, 1)]);
        let told: Vec<_> =
            changes(&before, &now).iter().map(|(side, p, q)| (*side, p.get(), q.get())).collect();
        // 8 falls out by itself; 11 has gone although it lay inside.
        assert_eq!(told, [(Side::Buy, 10, 2), (Side::Sell, 11, 0), (Side::Sell, 12, 3), (Side::Sell, 13, 1)]);
        // A side that is not full keeps nothing that it is not told to drop.
        let thin = levels(2, &[(9, 1)], &[(11, 1), (12, 1)]);
        let told = changes(&before, &thin);
        assert_eq!(told, [(Side::Buy, PriceUnits::new(8), QtyUnits::ZERO)]);
    }
}
