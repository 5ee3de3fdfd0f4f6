//! Messages of the WebSocket v2, read and written. Numbers on this stream are JSON floats: their digits are
//! read, never their value.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::VenueError;
use crate::json::{Exact, Text, Time, parse};

/// Channels by name.
pub mod channel {
    /// Best prices.
    pub const TICKER: &str = "ticker";
    /// Price levels with checksum.
    pub const BOOK: &str = "book";
    /// Candles.
    pub const OHLC: &str = "ohlc";
    /// Our orders and executions.
    pub const EXECUTIONS: &str = "executions";
    /// Our balances.
    pub const BALANCES: &str = "balances";
    /// A sign of life.
    pub const HEARTBEAT: &str = "heartbeat";
    /// The state of the venue.
    pub const STATUS: &str = "status";
}

/// Levels of a book that are subscribed to.
pub const BOOK_DEPTH: usize = 10;

/// A message.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// The answer to a request, one for each symbol.
    Reply {
        req_id: Option<u64>,
        method: String,
        error: Option<String>,
        channel: String,
        symbol: Option<String>,
    },
    /// Rows of a channel.
    Data { channel: String, snapshot: bool, sequence: Option<u64>, data: &'a RawValue },
    /// A sign of life, or something that nobody here follows.
    Other,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    success: Option<bool>,
    #[serde(borrow)]
    error: Option<Text<'a>>,
    req_id: Option<u64>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    sequence: Option<u64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Subscribed<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(borrow)]
    symbol: Option<Text<'a>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Level {
    pub(super) price: Exact,
    pub(super) qty: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct BookRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    #[serde(default)]
    pub(super) bids: Vec<Level>,
    #[serde(default)]
    pub(super) asks: Vec<Level>,
    pub(super) checksum: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct TickerRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    #[serde(default)]
    pub(super) bid: Exact,
    #[serde(default)]
    pub(super) ask: Exact,
    #[serde(default)]
    pub(super) last: Exact,
    #[serde(default)]
    pub(super) volume: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct CandleRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    pub(super) open: Exact,
    pub(super) high: Exact,
    pub(super) low: Exact,
    pub(super) close: Exact,
    #[serde(default)]
    pub(super) volume: Exact,
    pub(super) interval_begin: Time,
    pub(super) interval: i64,
}

/// A row of `executions`; most fields are there only where they changed.
#[derive(Debug, Deserialize)]
pub(super) struct ExecutionRow<'a> {
    #[serde(borrow)]
    pub(super) order_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cl_ord_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) exec_type: Text<'a>,
    #[serde(borrow)]
    pub(super) order_status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) symbol: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) side: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) order_type: Option<Text<'a>>,
    #[serde(default)]
    pub(super) order_qty: Exact,
    #[serde(default)]
    pub(super) limit_price: Exact,
    #[serde(default)]
    pub(super) stop_price: Exact,
    #[serde(borrow)]
    pub(super) triggers: Option<TriggerRow<'a>>,
    #[serde(borrow)]
    pub(super) time_in_force: Option<Text<'a>>,
    #[serde(default)]
    pub(super) post_only: bool,
    #[serde(default)]
    pub(super) reduce_only: bool,
    #[serde(default)]
    pub(super) cum_qty: Exact,
    #[serde(borrow)]
    pub(super) exec_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) last_qty: Exact,
    #[serde(default)]
    pub(super) last_price: Exact,
    #[serde(borrow)]
    pub(super) liquidity_ind: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub(super) fees: Vec<FeeRow<'a>>,
    #[serde(borrow)]
    pub(super) reason: Option<Text<'a>>,
    #[serde(default)]
    pub(super) timestamp: Time,
}

#[derive(Debug, Deserialize)]
pub(super) struct TriggerRow<'a> {
    #[serde(default)]
    pub(super) price: Exact,
    #[serde(borrow)]
    pub(super) reference: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FeeRow<'a> {
    #[serde(borrow)]
    pub(super) asset: Text<'a>,
    pub(super) qty: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct BalanceRow<'a> {
    #[serde(borrow)]
    pub(super) asset: Text<'a>,
    pub(super) balance: Exact,
    #[serde(borrow)]
    pub(super) wallet_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) wallets: Option<Vec<Wallet<'a>>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wallet<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    pub(super) balance: Exact,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<Message<'_>, VenueError> {
    let head: Head<'_> = parse("message", text)?;
    if let Some(method) = head.method {
        let result = head.result.and_then(|raw| parse::<Subscribed<'_>>("result", raw.get()).ok());
        let (channel, symbol) = result.map_or((None, None), |result| (result.channel, result.symbol));
        let words = head.error.map_or_else(|| "refused".to_owned(), |words| words.into_owned());
        return Ok(Message::Reply {
            req_id: head.req_id,
            method: method.into_owned(),
            error: (head.success == Some(false)).then_some(words),
            channel: channel.unwrap_or_default().into_owned(),
            symbol: head.symbol.or(symbol).map(|symbol| symbol.into_owned()),
        });
    }
    match (head.channel, head.data) {
        (Some(channel), Some(data)) => Ok(Message::Data {
            channel: channel.into_owned(),
            snapshot: head.kind.as_deref() == Some("snapshot"),
            sequence: head.sequence,
            data,
        }),
        (_, _) => Ok(Message::Other),
    }
}

/// Text that stands in a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// A subscription (or its end) to market data; `extra` is what the channel needs beside the symbols, as JSON
/// fields with a leading comma.
#[must_use]
pub fn subscribe(method: &str, channel: &str, symbols: &[&str], extra: &str, req_id: u64) -> String {
    let list: Vec<String> = symbols.iter().map(|symbol| quoted(symbol)).collect();
    format!(
        r#"{{"method":{},"params":{{"channel":{},"symbol":[{}]{extra}}},"req_id":{req_id}}}"#,
        quoted(method),
        quoted(channel),
        list.join(",")
    )
}

/// A subscription to a channel of the account.
#[must_use]
pub fn subscribe_private(channel: &str, token: &str, extra: &str, req_id: u64) -> String {
    format!(
        r#"{{"method":"subscribe","params":{{"channel":{},"token":{}{extra}}},"req_id":{req_id}}}"#,
        quoted(channel),
        quoted(token)
    )
}
