//! Messages of the WebSocket v1, read and written.
//!
//! Reading: one message in, one value out; unknown feeds and events are values of their own, so that a new
//! one breaks nothing. Writing: the few messages a client sends.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::{FillRow, Flex};
use crate::error::VenueError;
use crate::json::{Exact, Text, Time, parse};

/// Feeds by name.
pub mod feed {
    /// Best prices, mark price, funding.
    pub const TICKER: &str = "ticker";
    /// Price levels.
    pub const BOOK: &str = "book";
    /// A sign of life.
    pub const HEARTBEAT: &str = "heartbeat";
    /// Our orders with refusals after acceptance.
    pub const ORDERS: &str = "open_orders_verbose";
    /// Our executions.
    pub const FILLS: &str = "fills";
    /// Our positions.
    pub const POSITIONS: &str = "open_positions";
    /// Our balances.
    pub const BALANCES: &str = "balances";
    /// Bookings: funding and the like.
    pub const ACCOUNT_LOG: &str = "account_log";
    /// Announcements.
    pub const NOTIFICATIONS: &str = "notifications_auth";
}

/// A message.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// The connection is greeted.
    Info,
    /// The challenge to sign.
    Challenge(String),
    /// A subscription holds.
    Subscribed {
        feed: String,
        products: Vec<String>,
    },
    /// A subscription ended.
    Unsubscribed,
    /// A subscription or its end was refused.
    SubscribeFailed {
        feed: String,
    },
    /// Something was refused; the venue does not say what.
    Error(String),
    /// A remark.
    Alert(String),
    /// A sign of life.
    Heartbeat,
    Ticker(TickerMessage<'a>),
    BookSnapshot(BookSnapshot<'a>),
    BookDelta(BookDelta<'a>),
    OrdersSnapshot(Vec<OrderRow<'a>>),
    OrderDelta(OrderDelta<'a>),
    /// Executions; a snapshot or new ones.
    Fills {
        rows: Vec<FillRow<'a>>,
        snapshot: bool,
    },
    Positions(Vec<StreamPosition<'a>>),
    /// The changed parts of the balances; the account of the perpetuals is the one that counts.
    Balances(Option<Flex>),
    /// Bookings; the whole recent log or one new entry.
    Log(Vec<LogRow<'a>>),
    Notifications(Vec<String>),
    /// A feed that nobody here follows.
    Other,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    event: Option<Text<'a>>,
    #[serde(borrow)]
    feed: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow, default)]
    product_ids: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TickerMessage<'a> {
    #[serde(borrow)]
    pub(super) product_id: Text<'a>,
    #[serde(default)]
    pub(super) bid: Exact,
    #[serde(default)]
    pub(super) ask: Exact,
    #[serde(default)]
    pub(super) last: Exact,
    #[serde(default, rename = "markPrice")]
    pub(super) mark: Exact,
    #[serde(default)]
    pub(super) index: Exact,
    #[serde(default)]
    pub(super) volume: Exact,
    #[serde(default)]
    pub(super) relative_funding_rate: Exact,
    #[serde(default)]
    pub(super) suspended: bool,
    #[serde(default)]
    pub(super) post_only: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Level {
    pub(super) price: Exact,
    pub(super) qty: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct BookSnapshot<'a> {
    #[serde(borrow)]
    pub(super) product_id: Text<'a>,
    pub(super) seq: u64,
    pub(super) bids: Vec<Level>,
    pub(super) asks: Vec<Level>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BookDelta<'a> {
    #[serde(borrow)]
    pub(super) product_id: Text<'a>,
    #[serde(borrow)]
    pub(super) side: Text<'a>,
    pub(super) seq: u64,
    pub(super) price: Exact,
    pub(super) qty: Exact,
}

/// An order on the stream. `qty` is what remains.
#[derive(Debug, Deserialize)]
pub(super) struct OrderRow<'a> {
    #[serde(borrow)]
    pub(super) instrument: Text<'a>,
    #[serde(borrow)]
    pub(super) order_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cli_ord_id: Option<Text<'a>>,
    pub(super) qty: Exact,
    #[serde(default)]
    pub(super) filled: Exact,
    #[serde(default)]
    pub(super) limit_price: Exact,
    #[serde(default)]
    pub(super) stop_price: Exact,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// 0 buys, 1 sells.
    pub(super) direction: u8,
    #[serde(default)]
    pub(super) reduce_only: bool,
    #[serde(borrow, rename = "triggerSignal")]
    pub(super) trigger_signal: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderDelta<'a> {
    #[serde(borrow)]
    pub(super) order: Option<OrderRow<'a>>,
    #[serde(borrow)]
    pub(super) order_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) cli_ord_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) is_cancel: bool,
    #[serde(borrow)]
    pub(super) reason: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StreamPosition<'a> {
    #[serde(borrow)]
    pub(super) instrument: Text<'a>,
    /// Signed.
    pub(super) balance: Exact,
    #[serde(default)]
    pub(super) entry_price: Exact,
    #[serde(default)]
    pub(super) mark_price: Exact,
    #[serde(default)]
    pub(super) pnl: Exact,
    #[serde(default)]
    pub(super) liquidation_threshold: Exact,
    #[serde(default)]
    pub(super) effective_leverage: Exact,
    #[serde(default)]
    pub(super) maintenance_margin: Exact,
}

/// A booking.
#[derive(Debug, Deserialize)]
pub(super) struct LogRow<'a> {
    pub(super) id: u64,
    #[serde(borrow)]
    pub(super) info: Text<'a>,
    #[serde(borrow)]
    pub(super) contract: Option<Text<'a>>,
    #[serde(default)]
    pub(super) realized_funding: Exact,
    #[serde(borrow, default)]
    pub(super) asset: Option<Text<'a>>,
    #[serde(default)]
    pub(super) old_balance: Exact,
    #[serde(default)]
    pub(super) new_balance: Exact,
    #[serde(default)]
    pub(super) date: Time,
    #[serde(default)]
    pub(super) realized_pnl: Exact,
    #[serde(default)]
    pub(super) fee: Exact,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<Message<'_>, VenueError> {
    let head: Head<'_> = parse("message", text)?;
    if let Some(event) = head.event.as_deref() {
        // The documentation shows `"subscribed "` with a blank.
        return Ok(control(event.trim(), &head));
    }
    let Some(feed) = head.feed.as_deref() else { return Ok(Message::Other) };
    #[derive(Deserialize)]
    struct Orders<'a> {
        #[serde(borrow)]
        orders: Vec<OrderRow<'a>>,
    }
    #[derive(Deserialize)]
    struct Fills<'a> {
        #[serde(borrow)]
        fills: Vec<FillRow<'a>>,
    }
    #[derive(Deserialize)]
    struct Positions<'a> {
        #[serde(borrow)]
        positions: Vec<StreamPosition<'a>>,
    }
    #[derive(Deserialize)]
    struct Balances {
        flex_futures: Option<Flex>,
    }
    #[derive(Deserialize)]
    struct Log<'a> {
        #[serde(borrow, default)]
        logs: Vec<LogRow<'a>>,
        #[serde(borrow)]
        new_entry: Option<LogRow<'a>>,
    }
    match feed {
        feed::HEARTBEAT => Ok(Message::Heartbeat),
        feed::TICKER => parse("ticker", text).map(Message::Ticker),
        "book_snapshot" => parse("book", text).map(Message::BookSnapshot),
        feed::BOOK => parse("book", text).map(Message::BookDelta),
        "open_orders_snapshot" | "open_orders_verbose_snapshot" => {
            parse::<Orders<'_>>("orders", text).map(|message| Message::OrdersSnapshot(message.orders))
        }
        "open_orders" | feed::ORDERS => parse("order", text).map(Message::OrderDelta),
        "fills_snapshot" => parse::<Fills<'_>>("fills", text)
            .map(|message| Message::Fills { rows: message.fills, snapshot: true }),
        feed::FILLS => parse::<Fills<'_>>("fills", text)
            .map(|message| Message::Fills { rows: message.fills, snapshot: false }),
        feed::POSITIONS => {
            parse::<Positions<'_>>("positions", text).map(|message| Message::Positions(message.positions))
        }
        "balances_snapshot" | feed::BALANCES => {
            parse::<Balances>("balances", text).map(|message| Message::Balances(message.flex_futures))
        }
        "account_log_snapshot" | feed::ACCOUNT_LOG => parse::<Log<'_>>("log", text).map(|message| {
            let mut rows = message.logs;
            rows.extend(message.new_entry);
            Message::Log(rows)
        }),
        feed::NOTIFICATIONS => notifications(text),
        _ => Ok(Message::Other),
    }
}

fn notifications(text: &str) -> Result<Message<'_>, VenueError> {
    #[derive(Deserialize)]
    struct Notes<'a> {
        #[serde(borrow)]
        notifications: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Note {
        #[serde(default)]
        note: String,
    }
    let notes: Notes<'_> = parse("notifications", text)?;
    let read = |raw: &RawValue| parse::<Note>("notification", raw.get()).ok().map(|note| note.note);
    Ok(Message::Notifications(notes.notifications.into_iter().filter_map(read).collect()))
}

fn control<'a>(event: &str, head: &Head<'_>) -> Message<'a> {
    let feed = || head.feed.as_deref().unwrap_or_default().trim().to_owned();
    let products = || head.product_ids.iter().map(|product| product.to_string()).collect();
    let message = || head.message.as_deref().unwrap_or_default().to_owned();
    match event {
        "info" => Message::Info,
        "challenge" => Message::Challenge(message()),
        "subscribed" => Message::Subscribed { feed: feed(), products: products() },
        "unsubscribed" => Message::Unsubscribed,
        "subscribed_failed" | "unsubscribed_failed" => Message::SubscribeFailed { feed: feed() },
        "error" => Message::Error(message()),
        "alert" => Message::Alert(message()),
        _ => Message::Other,
    }
}

/// Text that stands in a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Asks for the challenge.
#[must_use]
pub fn challenge(key: &str) -> String {
    format!(r#"{{"event":"challenge","api_key":{}}}"#, quoted(key))
}

/// A subscription (or its end) to market data.
#[must_use]
pub fn subscribe(event: &str, feed: &str, products: &[&str]) -> String {
    let list: Vec<String> = products.iter().map(|product| quoted(product)).collect();
    let event = quoted(event);
    let feed = quoted(feed);
    if list.is_empty() {
        return format!(r#"{{"event":{event},"feed":{feed}}}"#);
    }
    format!(r#"{{"event":{event},"feed":{feed},"product_ids":[{}]}}"#, list.join(","))
}

/// A subscription to a feed of the account.
#[must_use]
pub fn subscribe_private(feed: &str, key: &str, challenge: &str, signed: &str) -> String {
    format!(
        r#"{{"event":"subscribe","feed":{},"api_key":{},"original_challenge":{},"signed_challenge":{}}}"#,
        quoted(feed),
        quoted(key),
        quoted(challenge),
        quoted(signed)
    )
}
