//! WebSocket v1: subscriptions, challenges, feeds.
//!
//! Invariants: a snapshot comes before the deltas of its subscription; the sequence of a book grows by one
//! with each delta of its product, whoever follows it; an order that was announced on a stream is taken off
//! it exactly once, by `is_cancel`.

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{InstrumentId, Span, Ts};
use seawall_venues::Credentials;
use seawall_venues::kraken_futures::sign;
use serde_json::{Map, Value, json};

use super::feeds;
use crate::protocol::ConnectionId;
use crate::venue::Outbox;
use crate::world::{Book, End, Followed, Happening, State, TapeTrade, World, uuid};

/// Feeds of a product.
const PUBLIC: [&str; 4] = ["ticker", "ticker_lite", "trade", "book"];
/// Feeds of the account.
const PRIVATE: [&str; 7] = [
    "open_orders",
    "open_orders_verbose",
    "fills",
    "open_positions",
    "balances",
    "account_log",
    "notifications_auth",
];
const HEARTBEAT: &str = "heartbeat";
const BEAT: Span = Span::from_secs(1);

#[derive(Debug, Default)]
struct Client {
    challenge: Option<String>,
    private: BTreeSet<&'static str>,
    heartbeat: bool,
}

#[derive(Debug, Default)]
struct FollowedBook {
    followed: Followed,
    book: Book,
    seq: u64,
}

/// Everybody who listens.
#[derive(Debug, Default)]
pub(super) struct Streams {
    clients: BTreeMap<ConnectionId, Client>,
    products: BTreeMap<(InstrumentId, &'static str), BTreeSet<ConnectionId>>,
    books: BTreeMap<InstrumentId, FollowedBook>,
    /// Orders that the streams have told of and not taken off.
    announced: BTreeSet<u32>,
    challenges: u64,
    next_beat: Ts,
    positions_at: Ts,
    seq: u64,
}

impl Streams {
    pub(super) fn open(&mut self, _world: &World, at: Ts, connection: ConnectionId, out: &mut Outbox) {
        if self.clients.is_empty() {
            self.next_beat = at.plus(BEAT);
        }
        self.clients.insert(connection, Client::default());
        out.text(connection, "control", json!({ "event": "info", "version": 1 }).to_string());
    }

    pub(super) fn closed(&mut self, connection: ConnectionId) {
        self.clients.remove(&connection);
        for listeners in self.products.values_mut() {
            listeners.remove(&connection);
        }
        self.products.retain(|_, listeners| !listeners.is_empty());
    }

    pub(super) fn next_at(&self) -> Option<Ts> {
        self.clients.values().any(|client| client.heartbeat).then_some(self.next_beat)
    }

    pub(super) fn on_time(&mut self, _world: &World, at: Ts, out: &mut Outbox) {
        if at < self.next_beat {
            return;
        }
        self.next_beat = at.plus(BEAT);
        let beat = json!({ "feed": HEARTBEAT, "time": at.millis() }).to_string();
        for (connection, _) in self.clients.iter().filter(|(_, client)| client.heartbeat) {
            out.text(*connection, HEARTBEAT, beat.clone());
        }
    }

    pub(super) fn text(
        &mut self,
        world: &World,
        at: Ts,
        connection: ConnectionId,
        text: &str,
        credentials: &Credentials,
        out: &mut Outbox,
    ) {
        let mut say = |value: Value| out.text(connection, "control", value.to_string());
        let Ok(Value::Object(message)) = serde_json::from_str::<Value>(text) else {
            say(json!({ "event": "error", "message": "Json Error" }));
            return;
        };
        let word = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
        match word("event") {
            "challenge" => {
                self.challenges += 1;
                let challenge = uuid(world.seed() ^ connection.0, 7, self.challenges);
                if let Some(client) = self.clients.get_mut(&connection) {
                    client.challenge = Some(challenge.clone());
                }
                say(json!({ "event": "challenge", "message": challenge }));
            }
            "subscribe" => self.subscribe(world, at, connection, &message, credentials, out),
            "unsubscribe" => self.unsubscribe(world, connection, &message, out),
            "ping" => say(json!({ "event": "pong", "time": at.millis() })),
            _ => say(json!({ "event": "error", "message": "Json Error" })),
        }
    }

    fn subscribe(
        &mut self,
        world: &World,
        at: Ts,
        connection: ConnectionId,
        message: &Map<String, Value>,
        credentials: &Credentials,
        out: &mut Outbox,
    ) {
        let feed = message.get("feed").and_then(Value::as_str).unwrap_or_default();
        if feed == HEARTBEAT {
            if let Some(client) = self.clients.get_mut(&connection) {
                client.heartbeat = true;
            }
            self.next_beat = self.next_beat.max(at);
            out.text(connection, "control", json!({ "event": "subscribed", "feed": feed }).to_string());
            return;
        }
        if let Some(feed) = PUBLIC.iter().copied().find(|known| *known == feed) {
            self.subscribe_products(world, connection, feed, message, out);
            return;
        }
        let Some(feed) = PRIVATE.iter().copied().find(|known| *known == feed) else {
            let error = json!({ "event": "error", "message": "Invalid feed" });
            out.text(connection, "control", error.to_string());
            return;
        };
        let Some(client) = self.clients.get_mut(&connection) else { return };
        if !is_proven(client, message, credentials) {
            let alert = "Failed to subscribe to authenticated feed";
            out.text(connection, "control", json!({ "event": "alert", "message": alert }).to_string());
            return;
        }
        client.private.insert(feed);
        let mut ack = message.clone();
        ack.insert("event".to_owned(), json!("subscribed"));
        out.text(connection, "control", Value::Object(ack).to_string());
        if feed == "open_orders" || feed == "open_orders_verbose" {
            self.announced.extend(world.orders().open().map(|order| order.key));
        }
        self.seq += 1;
        if let Some(snapshot) = feeds::snapshot(world, feed, self.seq) {
            out.snapshot(connection, feed, snapshot.to_string());
        }
    }

    fn subscribe_products(
        &mut self,
        world: &World,
        connection: ConnectionId,
        feed: &'static str,
        message: &Map<String, Value>,
        out: &mut Outbox,
    ) {
        let products = product_ids(message);
        let found: Option<Vec<InstrumentId>> =
            products.iter().map(|symbol| world.find(symbol).map(|market| market.instrument.id())).collect();
        let Some(ids) = found.filter(|ids| !ids.is_empty()) else {
            let error = json!({ "event": "error", "message": "Invalid product id" });
            out.text(connection, "control", error.to_string());
            return;
        };
        let ack = json!({ "event": "subscribed", "feed": feed, "product_ids": products });
        out.text(connection, "control", ack.to_string());
        for id in ids {
            if feed == "book" {
                // Those who follow it already get what changed first: one book for everybody.
                self.tell_book(world, id, out);
            }
            if !self.products.entry((id, feed)).or_default().insert(connection) {
                let alert = "Already subscribed to feed, re-requesting";
                out.text(connection, "control", json!({ "event": "alert", "message": alert }).to_string());
            }
            let Some(market) = world.market(id) else { continue };
            match feed {
                "ticker" => out.snapshot(connection, feed, feeds::ticker(world, market).to_string()),
                "ticker_lite" => {
                    out.snapshot(connection, feed, feeds::ticker_lite(market).to_string());
                }
                "trade" => {
                    out.snapshot(connection, feed, feeds::trade_snapshot(world, market).to_string());
                }
                _ => {
                    let empty = FollowedBook::default();
                    let known = self.books.get(&id).unwrap_or(&empty);
                    let snapshot = feeds::book_snapshot(world, market, &known.book, known.seq);
                    out.snapshot(connection, feed, snapshot.to_string());
                }
            }
        }
    }

    fn unsubscribe(
        &mut self,
        world: &World,
        connection: ConnectionId,
        message: &Map<String, Value>,
        out: &mut Outbox,
    ) {
        let feed = message.get("feed").and_then(Value::as_str).unwrap_or_default();
        for symbol in product_ids(message) {
            let Some(market) = world.find(&symbol) else { continue };
            for known in PUBLIC.iter().filter(|known| **known == feed) {
                if let Some(listeners) = self.products.get_mut(&(market.instrument.id(), *known)) {
                    listeners.remove(&connection);
                }
            }
        }
        if let Some(client) = self.clients.get_mut(&connection) {
            client.private.retain(|known| *known != feed);
            client.heartbeat &= feed != HEARTBEAT;
        }
        let mut ack = message.clone();
        ack.insert("event".to_owned(), json!("unsubscribed"));
        out.text(connection, "control", Value::Object(ack).to_string());
    }

    /// The book's changes since it was last told go to all who follow it.
    fn tell_book(&mut self, world: &World, id: InstrumentId, out: &mut Outbox) {
        let Some(market) = world.market(id) else { return };
        let known = self.books.entry(id).or_default();
        let book = market.book(world.now());
        let changes = known.followed.follow(&book);
        known.book = book;
        let listeners = self.products.get(&(id, "book"));
        for change in changes {
            known.seq += 1;
            let Some(listeners) = listeners.filter(|listeners| !listeners.is_empty()) else { continue };
            let text = feeds::book_delta(world, market, change, known.seq).to_string();
            for connection in listeners {
                out.text(*connection, "book", text.clone());
            }
        }
    }

    fn tick(&mut self, world: &World, id: InstrumentId, trade: &TapeTrade, out: &mut Outbox) {
        let Some(market) = world.market(id) else { return };
        let listeners = |feed| self.products.get(&(id, feed)).filter(|listeners| !listeners.is_empty());
        if let Some(listeners) = listeners("trade") {
            let text = feeds::trade(world, market, trade).to_string();
            for connection in listeners {
                out.text(*connection, "trade", text.clone());
            }
        }
        if let Some(listeners) = listeners("ticker") {
            let text = feeds::ticker(world, market).to_string();
            for connection in listeners {
                out.text(*connection, "ticker", text.clone());
            }
        }
        if let Some(listeners) = listeners("ticker_lite") {
            let text = feeds::ticker_lite(market).to_string();
            for connection in listeners {
                out.text(*connection, "ticker_lite", text.clone());
            }
        }
        if listeners("book").is_some() {
            self.tell_book(world, id, out);
        }
    }

    fn private(&self, feeds: &[&'static str], out: &mut Outbox, value: impl Fn(&str) -> Value) {
        for feed in feeds {
            let mut text = None;
            for (connection, _) in self.clients.iter().filter(|(_, client)| client.private.contains(feed)) {
                let text = text.get_or_insert_with(|| value(feed).to_string());
                out.text(*connection, feed, text.clone());
            }
        }
    }

    /// Tells everybody what happened.
    pub(super) fn publish(&mut self, world: &World, happenings: &[Happening], out: &mut Outbox) {
        let (mut money, mut ticked) = (false, false);
        for happening in happenings {
            match happening {
                Happening::Ticked(id, trade) => {
                    self.tick(world, *id, trade, out);
                    ticked |= !world.account().holding(*id).qty.is_zero();
                }
                Happening::Placed(key) => self.placed(world, *key, out),
                Happening::Edited(key) => self.order(world, *key, "edited_by_user", out),
                Happening::Triggered(key) => self.triggered(world, *key, out),
                Happening::Filled(number) => {
                    money = true;
                    self.filled(world, *number, out);
                }
                Happening::Ended(key, end) => self.ended(world, *key, *end, out),
                Happening::Refused(key, reason) => {
                    self.gone(world, *key, super::history::end_word(End::Refused(*reason)), true, out);
                }
                Happening::Booked(id) => {
                    money = true;
                    self.booked(world, *id, out);
                }
                Happening::Liquidated(_) => money = true,
            }
        }
        let now = world.now();
        if money || ticked && now.since(self.positions_at) >= BEAT {
            self.positions_at = now;
            self.seq += 1;
            let seq = self.seq;
            self.private(&["open_positions"], out, |_| feeds::positions(world, seq));
            self.private(&["balances"], out, |_| feeds::balances(world, seq));
        }
    }

    fn placed(&mut self, world: &World, key: u32, out: &mut Outbox) {
        let Some(order) = world.orders().get(key) else { return };
        // What never rested is told by its executions alone.
        let was_resting = order.asked.kind.condition().is_some();
        match order.state {
            State::Filled | State::Ended(End::Immediate) if !was_resting => {}
            State::Waiting | State::Open | State::Filled | State::Ended(_) => {
                self.announced.insert(key);
                self.order(world, key, "new_placed_order_by_user", out);
            }
        }
    }

    fn order(&self, world: &World, key: u32, reason: &str, out: &mut Outbox) {
        if !self.announced.contains(&key) {
            return;
        }
        let Some(order) = world.orders().get(key) else { return };
        let Some(market) = world.market(order.asked.instrument) else { return };
        self.private(&["open_orders", "open_orders_verbose"], out, |feed| {
            json!({
                "feed": feed,
                "order": super::rows::stream_order(market, order),
                "is_cancel": false,
                "reason": reason,
            })
        });
    }

    /// Takes an order off the streams; one that they never had is told on the verbose one alone.
    fn gone(&mut self, world: &World, key: u32, reason: &str, verbose: bool, out: &mut Outbox) {
        let Some(order) = world.orders().get(key) else { return };
        let was_announced = self.announced.remove(&key);
        let feeds: &[&'static str] = match (was_announced, verbose) {
            (true, _) => &["open_orders", "open_orders_verbose"],
            (false, true) => &["open_orders_verbose"],
            (false, false) => return,
        };
        let order_row = world
            .market(order.asked.instrument)
            .filter(|_| !was_announced)
            .map(|market| super::rows::stream_order(market, order));
        self.private(feeds, out, |feed| {
            let mut row = json!({
                "feed": feed, "order_id": order.uid, "is_cancel": true, "reason": reason,
            });
            if let Some(map) = row.as_object_mut() {
                if let Some(client_id) = &order.asked.client_id {
                    map.insert("cli_ord_id".to_owned(), json!(client_id));
                }
                if let Some(order_row) = &order_row {
                    map.insert("order".to_owned(), order_row.clone());
                }
            }
            row
        });
    }

    fn triggered(&mut self, world: &World, key: u32, out: &mut Outbox) {
        self.gone(world, key, "stop_order_triggered", false, out);
        let is_resting = world.orders().get(key).is_some_and(|order| order.state == State::Open);
        if is_resting {
            self.announced.insert(key);
            self.order(world, key, "limit_order_from_stop", out);
        }
    }

    fn filled(&mut self, world: &World, number: u64, out: &mut Outbox) {
        let Some(fill) = world.account().fill(number) else { return };
        if let Some(market) = world.market(fill.instrument) {
            self.private(&["fills"], out, |feed| {
                json!({
                    "feed": feed,
                    "username": super::rows::ACCOUNT,
                    "fills": [super::rows::stream_fill(world, market, fill)],
                })
            });
        }
        let Some(key) = fill.order.filter(|key| self.announced.contains(key)) else { return };
        if fill.remaining.get() <= 0 {
            self.gone(world, key, "full_fill", false, out);
        } else {
            self.order(world, key, "partial_fill", out);
        }
    }

    fn ended(&mut self, world: &World, key: u32, end: End, out: &mut Outbox) {
        self.gone(world, key, super::history::end_word(end), true, out);
    }

    fn booked(&self, world: &World, id: u64, out: &mut Outbox) {
        let Some(row) = world.account().log_row(id) else { return };
        for row in super::history::log_rows(world, row) {
            self.private(&["account_log"], out, |feed| json!({ "feed": feed, "new_entry": row }));
        }
    }
}

fn product_ids(message: &Map<String, Value>) -> Vec<String> {
    let list = message.get("product_ids").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether the client signed the challenge of this connection.
fn is_proven(client: &Client, message: &Map<String, Value>, credentials: &Credentials) -> bool {
    let word = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some(challenge) = &client.challenge else { return false };
    word("api_key") == credentials.key
        && word("original_challenge") == challenge
        && word("signed_challenge") == sign::signed_challenge(&credentials.secret, challenge)
}
