//! The venue's JSON over REST, as far as it is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{Exact, Text};

/// Around every answer: errors are there with HTTP 200 too.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) error: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ServerTime {
    pub(super) unixtime: i64,
}

/// A row of `AssetPairs`.
#[derive(Debug, Deserialize)]
pub(super) struct PairRow<'a> {
    #[serde(borrow)]
    pub(super) altname: Text<'a>,
    #[serde(borrow)]
    pub(super) wsname: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) aclass_base: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) base: Text<'a>,
    #[serde(borrow)]
    pub(super) quote: Text<'a>,
    pub(super) pair_decimals: u32,
    pub(super) lot_decimals: u32,
    #[serde(default)]
    pub(super) tick_size: Exact,
    #[serde(default)]
    pub(super) ordermin: Exact,
    #[serde(default)]
    pub(super) costmin: Exact,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    /// `[volume of 30 days, percent]` for takers.
    #[serde(default)]
    pub(super) fees: Vec<(Exact, Exact)>,
    /// The same for makers.
    #[serde(default)]
    pub(super) fees_maker: Vec<(Exact, Exact)>,
}

/// A row of `Ticker`: pairs of today and 24 hours, prices first.
#[derive(Debug, Deserialize)]
pub(super) struct TickerRow {
    pub(super) a: Vec<Exact>,
    pub(super) b: Vec<Exact>,
    pub(super) c: Vec<Exact>,
    pub(super) v: Vec<Exact>,
}

/// `[seconds, open, high, low, close, vwap, volume, count]`.
#[derive(Debug, Deserialize)]
pub(super) struct OhlcRow(
    pub(super) i64,
    pub(super) Exact,
    pub(super) Exact,
    pub(super) Exact,
    pub(super) Exact,
    pub(super) serde::de::IgnoredAny,
    pub(super) Exact,
    pub(super) serde::de::IgnoredAny,
);

/// The answer to a placement.
#[derive(Debug, Deserialize)]
pub(super) struct Added<'a> {
    #[serde(borrow, default)]
    pub(super) txid: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Amended<'a> {
    #[serde(borrow)]
    pub(super) amend_id: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Counted {
    pub(super) count: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct OpenOrders<'a> {
    #[serde(borrow)]
    pub(super) open: BTreeMap<Text<'a>, &'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ClosedOrders<'a> {
    #[serde(borrow)]
    pub(super) closed: BTreeMap<Text<'a>, &'a RawValue>,
}

/// An order.
#[derive(Debug, Deserialize)]
pub(super) struct OrderRow<'a> {
    #[serde(borrow)]
    pub(super) cl_ord_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow)]
    pub(super) descr: Description<'a>,
    pub(super) vol: Exact,
    #[serde(default)]
    pub(super) vol_exec: Exact,
    #[serde(default)]
    pub(super) stopprice: Exact,
    #[serde(borrow)]
    pub(super) trigger: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) misc: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) oflags: Option<Text<'a>>,
    #[serde(default)]
    pub(super) reduce_only: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Description<'a> {
    #[serde(borrow)]
    pub(super) pair: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) side: Text<'a>,
    #[serde(borrow)]
    pub(super) ordertype: Text<'a>,
    /// Text: trailing orders have an offset here (`+5.0000%`).
    #[serde(borrow)]
    pub(super) price: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) price2: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BalanceRow {
    pub(super) balance: Exact,
    #[serde(default)]
    pub(super) hold_trade: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct Trades<'a> {
    #[serde(borrow)]
    pub(super) trades: BTreeMap<Text<'a>, &'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TradeRow<'a> {
    #[serde(borrow)]
    pub(super) ordertxid: Text<'a>,
    #[serde(borrow)]
    pub(super) pair: Text<'a>,
    /// Seconds with decimals.
    pub(super) time: Exact,
    #[serde(borrow, rename = "type")]
    pub(super) side: Text<'a>,
    pub(super) price: Exact,
    #[serde(default)]
    pub(super) fee: Exact,
    pub(super) vol: Exact,
    #[serde(borrow)]
    pub(super) misc: Option<Text<'a>>,
    pub(super) maker: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Token<'a> {
    #[serde(borrow)]
    pub(super) token: Text<'a>,
    pub(super) expires: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct KeyInfo<'a> {
    #[serde(borrow)]
    pub(super) permissions: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Switch<'a> {
    #[serde(borrow)]
    pub(super) trigger_time: Text<'a>,
}
