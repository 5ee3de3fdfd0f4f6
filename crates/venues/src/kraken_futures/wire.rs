//! The venue's JSON, as far as it is read. Numbers are exact; unknown fields and words are tolerated.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{Exact, Text, Time};

/// What every answer of REST v3 has around it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) result: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) errors: Vec<ErrorRow<'a>>,
    #[serde(default)]
    pub(super) server_time: Time,
    #[serde(borrow, alias = "editStatus", alias = "cancelStatus")]
    pub(super) send_status: Option<ActionStatus<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) open_orders: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) open_positions: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) orders: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) fills: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) accounts: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tickers: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ErrorRow<'a> {
    #[serde(borrow)]
    pub(super) message: Option<Text<'a>>,
}

/// `sendStatus`, `editStatus`, `cancelStatus`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionStatus<'a> {
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(borrow, rename = "order_id", alias = "orderId")]
    pub(super) order_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) order_events: Vec<OrderEventRow<'a>>,
    #[serde(borrow, default)]
    pub(super) cancelled_orders: Option<Vec<&'a RawValue>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderEventRow<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) reason: Option<Text<'a>>,
}

/// A row of `openOrders`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenOrderRow<'a> {
    #[serde(borrow, rename = "order_id")]
    pub(super) order_id: Text<'a>,
    #[serde(borrow, alias = "cli_ord_id")]
    pub(super) cli_ord_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    #[serde(borrow)]
    pub(super) side: Text<'a>,
    #[serde(borrow)]
    pub(super) order_type: Text<'a>,
    #[serde(default)]
    pub(super) limit_price: Exact,
    #[serde(default)]
    pub(super) stop_price: Exact,
    pub(super) unfilled_size: Exact,
    #[serde(default)]
    pub(super) filled_size: Exact,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    #[serde(default)]
    pub(super) reduce_only: bool,
    #[serde(borrow)]
    pub(super) trigger_signal: Option<Text<'a>>,
}

/// A row of `orders/status`.
#[derive(Debug, Deserialize)]
pub(super) struct StatusRow<'a> {
    #[serde(borrow)]
    pub(super) order: StatusOrder<'a>,
    #[serde(borrow)]
    pub(super) status: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusOrder<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) order_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cli_ord_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    #[serde(borrow)]
    pub(super) side: Text<'a>,
    pub(super) quantity: Exact,
    #[serde(default)]
    pub(super) filled: Exact,
    #[serde(default)]
    pub(super) limit_price: Exact,
    #[serde(default)]
    pub(super) reduce_only: bool,
    #[serde(borrow)]
    pub(super) price_trigger_options: Option<TriggerOptions<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TriggerOptions<'a> {
    #[serde(default)]
    pub(super) trigger_price: Exact,
    #[serde(borrow)]
    pub(super) trigger_side: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) trigger_signal: Option<Text<'a>>,
}

/// A page of history.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryPage<'a> {
    #[serde(borrow)]
    pub(super) elements: Vec<&'a RawValue>,
    #[serde(borrow)]
    pub(super) continuation_token: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct HistoryElement<'a> {
    #[serde(borrow)]
    pub(super) event: std::collections::BTreeMap<Text<'a>, &'a RawValue>,
}

/// The body of most kinds of history events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryEvent<'a> {
    #[serde(borrow, alias = "newOrder")]
    pub(super) order: Option<HistoryOrder<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HistoryOrder<'a> {
    #[serde(borrow)]
    pub(super) uid: Text<'a>,
    #[serde(borrow)]
    pub(super) tradeable: Text<'a>,
    #[serde(borrow)]
    pub(super) direction: Text<'a>,
    /// What remains, not the total.
    pub(super) quantity: Exact,
    #[serde(default)]
    pub(super) filled: Exact,
    #[serde(default)]
    pub(super) limit_price: Exact,
    #[serde(borrow)]
    pub(super) client_id: Option<Text<'a>>,
    #[serde(default)]
    pub(super) reduce_only: bool,
    #[serde(borrow)]
    pub(super) trigger_options: Option<TriggerOptions<'a>>,
}

/// A row of `openPositions`.
#[derive(Debug, Deserialize)]
pub(super) struct PositionRow<'a> {
    #[serde(borrow)]
    pub(super) side: Text<'a>,
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    pub(super) size: Exact,
    #[serde(default)]
    pub(super) price: Exact,
}

/// The account that perpetuals are traded on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Flex {
    #[serde(alias = "balance_value")]
    pub(super) balance_value: Exact,
    #[serde(alias = "portfolio_value")]
    pub(super) portfolio_value: Exact,
    #[serde(default, alias = "available_margin")]
    pub(super) available_margin: Exact,
    #[serde(default, alias = "initial_margin")]
    pub(super) initial_margin: Exact,
    #[serde(default, alias = "maintenance_margin")]
    pub(super) maintenance_margin: Exact,
}

#[derive(Debug, Deserialize)]
pub(super) struct Accounts {
    pub(super) flex: Option<Flex>,
}

/// An execution, of REST or of the stream.
#[derive(Debug, Deserialize)]
pub(super) struct FillRow<'a> {
    #[serde(borrow)]
    pub(super) fill_id: Text<'a>,
    #[serde(borrow, alias = "instrument")]
    pub(super) symbol: Text<'a>,
    #[serde(borrow)]
    pub(super) side: Option<Text<'a>>,
    pub(super) buy: Option<bool>,
    #[serde(borrow)]
    pub(super) order_id: Option<Text<'a>>,
    #[serde(borrow, alias = "cliOrdId")]
    pub(super) cli_ord_id: Option<Text<'a>>,
    #[serde(alias = "qty")]
    pub(super) size: Exact,
    pub(super) price: Exact,
    #[serde(alias = "fillTime")]
    pub(super) time: Time,
    #[serde(borrow, alias = "fillType")]
    pub(super) fill_type: Option<Text<'a>>,
    #[serde(default)]
    pub(super) fee_paid: Exact,
    #[serde(borrow)]
    pub(super) fee_currency: Option<Text<'a>>,
}

/// A row of `instruments`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstrumentRow<'a> {
    #[serde(borrow)]
    pub(super) symbol: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) pair: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) base: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) quote: Option<Text<'a>>,
    #[serde(default)]
    pub(super) tradeable: bool,
    #[serde(default)]
    pub(super) is_expired: bool,
    #[serde(default)]
    pub(super) tick_size: Exact,
    #[serde(default)]
    pub(super) contract_size: Exact,
    pub(super) contract_value_trade_precision: Option<i32>,
    #[serde(default)]
    pub(super) post_only: bool,
    #[serde(default)]
    pub(super) margin_levels: Vec<MarginLevel>,
    #[serde(default)]
    pub(super) retail_margin_levels: Vec<MarginLevel>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarginLevel {
    #[serde(default, alias = "contracts")]
    pub(super) num_non_contract_units: Exact,
    pub(super) initial_margin: Exact,
    pub(super) maintenance_margin: Exact,
}

/// A row of `tickers`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    pub(super) mark_price: Exact,
    #[serde(default)]
    pub(super) index_price: Exact,
    #[serde(default, rename = "vol24h")]
    pub(super) volume_24h: Exact,
    /// Quote currency for each base unit and hour; not a fraction.
    #[serde(default)]
    pub(super) funding_rate: Exact,
    #[serde(default)]
    pub(super) suspended: bool,
    #[serde(default)]
    pub(super) post_only: bool,
}

/// An answer of charts v1.
#[derive(Debug, Deserialize)]
pub(super) struct CandlesAnswer<'a> {
    #[serde(borrow)]
    pub(super) candles: Vec<&'a RawValue>,
    #[serde(default)]
    pub(super) more_candles: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct CandleRow {
    pub(super) time: Time,
    pub(super) open: Exact,
    pub(super) high: Exact,
    pub(super) low: Exact,
    pub(super) close: Exact,
    #[serde(default)]
    pub(super) volume: Exact,
}

/// The answer of the check of a key.
#[derive(Debug, Deserialize)]
pub(super) struct KeyCheck<'a> {
    #[serde(borrow)]
    pub(super) permissions: KeyPermissions<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct KeyPermissions<'a> {
    #[serde(borrow)]
    pub(super) general: Text<'a>,
    #[serde(borrow)]
    pub(super) transfer: Text<'a>,
}

/// The status of the dead man's switch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SwitchStatus<'a> {
    #[serde(borrow)]
    pub(super) trigger_time: Text<'a>,
}
