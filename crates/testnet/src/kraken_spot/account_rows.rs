//! Rows of the account's channels: a life of an order in rows that say little more than what changed.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::names::Names;
use super::rows::{LedgerRow, average, booking, reason, source, word};
use super::text::{number, stamp};
use crate::world::{Condition, End, FillRow, Kind, Life, Market, Order, State, World};

/// The word for an order's state on the stream.
fn status(order: &Order) -> &'static str {
    match order.state {
        State::Waiting | State::Open if order.filled.is_zero() => "new",
        State::Waiting | State::Open => "partially_filled",
        State::Filled => "filled",
        State::Ended(End::Expired) => "expired",
        State::Ended(
            End::Requested
            | End::Admin
            | End::DeadMan
            | End::Immediate
            | End::NothingToReduce
            | End::Liquidation
            | End::Refused(_),
        ) => "canceled",
    }
}

/// What names an order in every row.
fn names_of(order: &Order, exec_type: &str) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("order_id".to_owned(), json!(order.uid));
    row.insert("exec_type".to_owned(), json!(exec_type));
    if let Some(id) = &order.asked.client_id {
        row.insert("cl_ord_id".to_owned(), json!(id));
    }
    if let Some(reference) = order.asked.extra.get("userref").and_then(|text| text.parse::<i64>().ok()) {
        row.insert("order_userref".to_owned(), json!(reference));
    }
    row
}

fn symbol(names: &Names, order: &Order) -> Value {
    names.pair(order.asked.instrument).map_or(Value::Null, |pair| json!(pair.symbol))
}

fn triggers(market: &Market, order: &Order, condition: &Condition) -> Value {
    json!({
        "reference": source(condition.source),
        "price": number(market.price(condition.trigger)),
        "price_type": "static",
        "actual_price": number(market.price(World::watched(market, condition.source))),
        "last_price": number(market.price(market.last)),
        "status": if order.triggered { "triggered" } else { "untriggered" },
    })
}

/// A row that states everything about an order.
pub(super) fn complete(market: &Market, names: &Names, order: &Order, exec_type: &str) -> Value {
    let mut row = names_of(order, exec_type);
    let is_post = matches!(order.asked.kind, Kind::Limit { life: Life::PostOnly, .. });
    let time_in_force = match order.asked.kind {
        Kind::Limit { life: Life::Ioc, .. } => "IOC",
        Kind::Limit { life: Life::Fok, .. } => "FOK",
        Kind::Limit { life: Life::Until(_), .. } => "GTD",
        Kind::Market | Kind::Limit { .. } | Kind::Conditional(_) => "GTC",
    };
    let state = if exec_type == "pending_new" { "pending_new" } else { status(order) };
    let stop = order.asked.kind.condition().map_or(Decimal::ZERO, |found| market.price(found.trigger));
    let fields = json!({
        "symbol": symbol(names, order),
        "side": order.asked.side.name(),
        "order_type": word(order),
        "order_qty": number(market.qty(order.asked.qty)),
        "cum_qty": number(market.qty(order.filled)),
        "cum_cost": number(order.value.abs()),
        "avg_price": number(average(order, market)),
        "limit_price_type": "static",
        "stop_price": number(stop),
        "order_status": state,
        "time_in_force": time_in_force,
        "post_only": is_post,
        "reduce_only": false,
        "margin": false,
        "fee_usd_equiv": number(order.fee),
        "fee_ccy_pref": "fciq",
        "timestamp": stamp(order.updated_at),
    });
    if let Value::Object(fields) = fields {
        row.extend(fields);
    }
    if let Some(limit) = order.asked.kind.limit() {
        row.insert("limit_price".to_owned(), number(market.price(limit)));
    }
    if let Some(condition) = order.asked.kind.condition() {
        row.insert("triggers".to_owned(), triggers(market, order, &condition));
    }
    if let Some(shown) = order.asked.extra.get("displayvol") {
        row.insert("display_qty".to_owned(), serde_json::from_str(shown).unwrap_or(Value::Null));
    }
    Value::Object(row)
}

/// A row that says little: the order, what happened, its status.
pub(super) fn brief(order: &Order, exec_type: &str) -> Value {
    let mut row = names_of(order, exec_type);
    row.insert("order_status".to_owned(), json!(status(order)));
    row.insert("timestamp".to_owned(), json!(stamp(order.updated_at)));
    Value::Object(row)
}

/// The condition of an order was met.
pub(super) fn triggered(market: &Market, names: &Names, order: &Order) -> Value {
    let mut row = names_of(order, "status");
    row.insert("symbol".to_owned(), symbol(names, order));
    row.insert("order_status".to_owned(), json!("new"));
    row.insert("timestamp".to_owned(), json!(stamp(order.updated_at)));
    if let Some(condition) = order.asked.kind.condition() {
        row.insert("triggers".to_owned(), triggers(market, order, &condition));
    }
    Value::Object(row)
}

/// An order is over and has not filled completely.
pub(super) fn ended(market: &Market, names: &Names, order: &Order, end: End) -> Value {
    let exec_type = if end == End::Expired { "expired" } else { "canceled" };
    let mut row = names_of(order, exec_type);
    row.insert("symbol".to_owned(), symbol(names, order));
    row.insert("side".to_owned(), json!(order.asked.side.name()));
    row.insert("order_type".to_owned(), json!(word(order)));
    row.insert("order_qty".to_owned(), number(market.qty(order.asked.qty)));
    row.insert("cum_qty".to_owned(), number(market.qty(order.filled)));
    row.insert("order_status".to_owned(), json!(exec_type));
    row.insert("reason".to_owned(), json!(reason(end)));
    row.insert("timestamp".to_owned(), json!(stamp(order.updated_at)));
    Value::Object(row)
}

/// An execution.
pub(super) fn execution(market: &Market, names: &Names, order: &Order, fill: &FillRow) -> Value {
    let mut row = names_of(order, "trade");
    let done = market.qty(order.asked.qty) - market.qty(fill.remaining);
    let cost = market.price(fill.price) * market.qty(fill.qty);
    let fields = json!({
        "exec_id": fill.uid,
        "trade_id": fill.number,
        "symbol": symbol(names, order),
        "side": fill.side.name(),
        "last_qty": number(market.qty(fill.qty)),
        "last_price": number(market.price(fill.price)),
        "liquidity_ind": if fill.maker { "m" } else { "t" },
        "cost": number(cost),
        "order_type": word(order),
        "order_qty": number(market.qty(order.asked.qty)),
        "timestamp": stamp(fill.at),
        "order_status": if fill.remaining.is_zero() { "filled" } else { "partially_filled" },
        "cum_qty": number(done),
        "cum_cost": number(order.value.abs()),
        "avg_price": number(average(order, market)),
        "fee_usd_equiv": number(fill.fee),
        "fees": [{ "asset": super::names::QUOTE, "qty": number(fill.fee) }],
    });
    if let Value::Object(fields) = fields {
        row.extend(fields);
    }
    Value::Object(row)
}

/// A booking.
pub(super) fn balance(row: &LedgerRow) -> Value {
    let word = booking(row.booking);
    json!({
        "ledger_id": row.id,
        "ref_id": row.reference,
        "timestamp": stamp(row.at),
        "type": word,
        "asset": row.code,
        "asset_class": "currency",
        "category": word,
        "wallet_type": "spot",
        "wallet_id": "main",
        "amount": number(row.amount),
        "fee": number(row.fee),
        "balance": number(row.balance),
    })
}
