//! History: what happened to orders, triggers, positions and money, by time and page.
//!
//! Order events are told from the orders themselves: their placing, their trigger, their end. `quantity` is
//! what remains, as at the venue. A page's token is the number of rows before it.

use rust_decimal::Decimal;
use seawall_model::{QtyUnits, Side, Ts};
use serde_json::{Map, Value, json};

use super::params::Fields;
use super::public::{direction, trade_id};
use super::{Outcome, Refusal, one, rows};
use crate::json::{iso, number};
use crate::world::{Booking, End, FillRow, Kind, Life, LogRow, Market, Order, Purpose, State, World, uuid};

/// Rows of a page.
const PAGE: usize = 1_000;
/// Rows of the account log where no count is asked for.
const LOG_PAGE: usize = 500;

/// Units of the pool of history.
pub(super) fn cost(name: &str, fields: &Fields) -> u32 {
    if name != "account-log" {
        return if name == "accountlogcsv" { 6 } else { 1 };
    }
    match fields.integer("count").ok().flatten().unwrap_or(500) {
        ..=25 => 1,
        26..=50 => 2,
        51..=1_000 => 3,
        1_001..=5_000 => 6,
        5_001.. => 10,
    }
}

struct Event {
    at: Ts,
    uid: String,
    market: String,
    body: Value,
}

/// The account's own history.
pub(super) fn own(world: &World, name: &str, fields: &Fields) -> Outcome {
    let events = match name {
        "orders" => order_events(world, false),
        "triggers" => order_events(world, true),
        "executions" => executions(world),
        "positions" => positions(world, fields),
        "account-log" => return account_log(world, fields),
        _ => return Err(Refusal::NoPath),
    };
    page(world, events, fields)
}

/// The market's history: `PF_XBTUSD/executions`.
pub(super) fn market(world: &World, rest: &str, fields: &Fields) -> Outcome {
    let (symbol, what) = rest.split_once('/').ok_or(Refusal::NoPath)?;
    let market = world.find(symbol).ok_or_else(|| Refusal::word("contractNotFound"))?;
    let mark = market.price(market.mark).to_string();
    let events = market.tape().map(|trade| {
        let uid = trade_id(world, market, trade);
        let order = |side: Side, kind: &str| {
            json!({
                "uid": "", "tradeable": market.symbol, "direction": direction(side),
                "quantity": market.qty(trade.qty).to_string(), "filled": "0",
                "limitPrice": market.price(trade.price).to_string(), "orderType": kind,
                "reduceOnly": false, "timestamp": trade.at.millis(), "lastUpdateTimestamp": trade.at.millis(),
            })
        };
        let body = match what {
            "executions" => json!({ "Execution": { "execution": {
                "uid": uid,
                "makerOrder": order(trade.side.opposite(), "Limit"),
                "takerOrder": order(trade.side, "IoC"),
                "timestamp": trade.at.millis(),
                "quantity": market.qty(trade.qty).to_string(),
                "price": market.price(trade.price).to_string(),
                "markPrice": mark,
                "limitFilled": false,
                "usdValue": (market.qty(trade.qty) * market.price(trade.price)).round_dp(2).to_string(),
            }, "takerReducedQuantity": "" } }),
            "price" => json!({ "MarkPriceChanged": { "price": market.price(trade.price).to_string() } }),
            _ => json!({ "OrderPlaced": { "order": order(trade.side, "IoC"), "reason": "new_user_order" } }),
        };
        Event { at: trade.at, uid, market: market.symbol.clone(), body }
    });
    if !["executions", "price", "orders"].contains(&what) {
        return Err(Refusal::NoPath);
    }
    page(world, events.collect(), fields)
}

/// The rows that a query wants, newest first unless it says otherwise.
fn page(world: &World, mut events: Vec<Event>, fields: &Fields) -> Outcome {
    let (since, before) = (fields.instant("since")?, fields.instant("before")?);
    let tradeable = fields.get("tradeable");
    events.retain(|event| {
        since.is_none_or(|since| event.at >= since)
            && before.is_none_or(|before| event.at < before)
            && tradeable.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&event.market))
    });
    events.sort_by_key(|event| event.at);
    if fields.get("sort") != Some("asc") {
        events.reverse();
    }
    let skip = fields.integer("continuation_token")?.and_then(|skip| usize::try_from(skip).ok());
    let skip = skip.unwrap_or(0);
    let count = fields.integer("count")?.and_then(|count| usize::try_from(count).ok());
    let count = count.unwrap_or(PAGE).clamp(1, PAGE);
    let total = events.len();
    let shown: Vec<Value> = events
        .into_iter()
        .skip(skip)
        .take(count)
        .map(|event| json!({ "uid": event.uid, "timestamp": event.at.millis(), "event": event.body }))
        .collect();
    let mut body = one("accountUid", json!(rows::ACCOUNT));
    body.insert("len".to_owned(), json!(shown.len()));
    body.insert("elements".to_owned(), Value::Array(shown));
    body.insert("serverTime".to_owned(), json!(iso(world.now())));
    let next = skip.saturating_add(count);
    if next < total {
        body.insert("continuationToken".to_owned(), json!(next.to_string()));
    }
    Ok(body)
}

fn order_type(order: &Order) -> &'static str {
    match order.asked.kind {
        Kind::Market => "Market",
        Kind::Limit { life, .. } => match life {
            Life::Gtc | Life::Until(_) => "Limit",
            Life::Ioc | Life::Fok => "IoC",
            Life::PostOnly => "Post",
        },
        Kind::Conditional(condition) => {
            if condition.limit.is_some() {
                "Limit"
            } else {
                "IoC"
            }
        }
    }
}

/// An order in history, with what had filled and what remained then.
fn past_order(market: &Market, order: &Order, filled: QtyUnits, at: Ts) -> Value {
    let decimal = |value: Decimal| value.to_string();
    let mut row = json!({
        "uid": order.uid,
        "accountUid": rows::ACCOUNT,
        "tradeable": market.symbol,
        "direction": direction(order.asked.side),
        "quantity": decimal(market.qty(order.asked.qty.minus(filled))),
        "filled": decimal(market.qty(filled)),
        "limitPrice": order.asked.kind.limit().map_or_else(String::new, |limit| decimal(market.price(limit))),
        "orderType": order_type(order),
        "clientId": order.asked.client_id.clone().unwrap_or_default(),
        "reduceOnly": order.asked.reduce_only,
        "timestamp": order.placed_at.millis(),
        "lastUpdateTimestamp": at.millis(),
    });
    if let (Some(condition), Some(map)) = (order.asked.kind.condition(), row.as_object_mut()) {
        let options = json!({
            "triggerPrice": decimal(market.price(condition.trigger)),
            "triggerSide": rows::trigger_side(condition),
            "triggerSignal": rows::signal_price(condition.source),
        });
        let kind = match condition.purpose {
            Purpose::Stop => "Stop",
            Purpose::TakeProfit => "TakeProfit",
            Purpose::Trailing(_) => "TrailingStop",
        };
        map.insert("triggerOptions".to_owned(), options);
        map.insert("triggerOrderType".to_owned(), json!(kind));
    }
    row
}

/// Events of orders in the market, or of those that wait for a trigger.
fn order_events(world: &World, triggers: bool) -> Vec<Event> {
    let mut events = Vec::new();
    for order in world.orders().all() {
        let Some(market) = world.market(order.asked.instrument) else { continue };
        let told = if triggers { of_trigger(market, order) } else { of_order(market, order) };
        events.extend(told.into_iter().map(|(number, at, body)| Event {
            at,
            uid: uuid(world.seed() ^ u64::from(order.key), 5, number),
            market: market.symbol.clone(),
            body,
        }));
    }
    events
}

/// What happened to an order that waits, or waited, for a trigger: a number of its own, when, what.
fn of_trigger(market: &Market, order: &Order) -> Vec<(u64, Ts, Value)> {
    if order.asked.kind.condition().is_none() {
        return Vec::new();
    }
    let fresh = past_order(market, order, QtyUnits::ZERO, order.placed_at);
    let now = || past_order(market, order, order.filled, order.updated_at);
    let body = json!({ "OrderTriggerPlaced": { "order": fresh, "reason": "new_user_order" } });
    let mut told = vec![(1, order.placed_at, body)];
    if order.triggered {
        told.push((2, order.updated_at, json!({ "OrderTriggerActivated": { "order": now() } })));
    } else if let State::Ended(end) = order.state {
        let word = if let End::Refused(_) = end { "OrderTriggerRejected" } else { "OrderTriggerCancelled" };
        let body = json!({ word: { "order": now(), "reason": end_word(end) } });
        told.push((3, order.updated_at, body));
    }
    told
}

/// What happened to an order in the market.
fn of_order(market: &Market, order: &Order) -> Vec<(u64, Ts, Value)> {
    if order.asked.kind.condition().is_some() && !order.triggered {
        return Vec::new();
    }
    let fresh = || past_order(market, order, QtyUnits::ZERO, order.placed_at);
    let now = || past_order(market, order, order.filled, order.updated_at);
    if let State::Ended(End::Refused(reason)) = order.state {
        let body = json!({ "OrderRejected": { "order": now(), "orderError": reason.name() } });
        return vec![(4, order.updated_at, body)];
    }
    // What filled at once is told by its placing alone, with what filled.
    if order.state == State::Filled && order.updated_at == order.placed_at {
        let body = json!({ "OrderPlaced": { "order": now(), "reason": "new_user_order" } });
        return vec![(9, order.placed_at, body)];
    }
    let body = json!({ "OrderPlaced": {
        "order": fresh(), "reason": "new_user_order", "reducedQuantity": "", "algoId": "",
    } });
    let mut told = vec![(5, order.placed_at, body)];
    let updated = |reason: &str| {
        let (old, new) = (fresh(), now());
        json!({ "OrderUpdated": { "oldOrder": old, "newOrder": new, "reason": reason } })
    };
    match order.state {
        State::Filled => told.push((6, order.updated_at, updated("full_fill"))),
        State::Ended(end) => {
            let body = json!({ "OrderCancelled": { "order": now(), "reason": end_word(end) } });
            told.push((7, order.updated_at, body));
        }
        State::Open if !order.filled.is_zero() => {
            told.push((8, order.updated_at, updated("partial_fill")));
        }
        State::Waiting | State::Open => {}
    }
    told
}

/// Why an order ended, in the words of streams and history.
pub(super) fn end_word(end: End) -> &'static str {
    match end {
        End::Requested => "cancelled_by_user",
        End::Admin => "cancelled_by_admin",
        End::DeadMan => "dead_man_switch",
        End::Immediate => "ioc_order_failed_because_it_would_not_be_executed",
        End::NothingToReduce => "would_not_reduce_position",
        End::Liquidation => "liquidation",
        End::Expired => "contract_expired",
        End::Refused(reason) => match reason {
            seawall_model::RejectReason::WouldTakeLiquidity => "post_order_failed_because_it_would_filled",
            seawall_model::RejectReason::InsufficientFunds => "not_enough_margin",
            seawall_model::RejectReason::NothingToReduce => "would_not_reduce_position",
            seawall_model::RejectReason::MarketClosed => "market_inactive",
            seawall_model::RejectReason::InvalidPrice
            | seawall_model::RejectReason::InvalidQuantity
            | seawall_model::RejectReason::WouldTriggerImmediately
            | seawall_model::RejectReason::NotSupported
            | seawall_model::RejectReason::OrderNotFound
            | seawall_model::RejectReason::RateLimited
            | seawall_model::RejectReason::DuplicateId
            | seawall_model::RejectReason::Other => "cancelled_by_admin",
        },
    }
}

fn executions(world: &World) -> Vec<Event> {
    let row = |fill: &FillRow| {
        let market = world.market(fill.instrument)?;
        let order = fill.order.and_then(|key| world.orders().get(key));
        let ours =
            order.map(|order| past_order(market, order, order.asked.qty.minus(fill.remaining), fill.at));
        let other =
            json!({ "uid": "", "tradeable": market.symbol, "direction": direction(fill.side.opposite()) });
        let ours = ours.unwrap_or_else(|| {
            json!({
                "uid": "", "tradeable": market.symbol, "direction": direction(fill.side),
                "orderType": "Liquidation",
            })
        });
        let (maker, taker) = if fill.maker { (ours, other) } else { (other, ours) };
        let body = json!({ "Execution": { "execution": {
            "uid": fill.uid,
            "makerOrder": maker,
            "takerOrder": taker,
            "timestamp": fill.at.millis(),
            "quantity": market.qty(fill.qty).to_string(),
            "price": market.price(fill.price).to_string(),
            "markPrice": market.price(market.mark).to_string(),
            "limitFilled": fill.remaining.is_zero(),
            "usdValue": (market.qty(fill.qty) * market.price(fill.price)).round_dp(2).to_string(),
            "executionType": if fill.maker { "maker" } else { "taker" },
            "orderData": {
                "fee": fill.fee.to_string(), "positionSize": market.qty(fill.position).to_string(),
            },
        }, "takerReducedQuantity": "" } });
        Some(Event { at: fill.at, uid: fill.uid.clone(), market: market.symbol.clone(), body })
    };
    world.account().fills().filter_map(row).collect()
}

fn positions(world: &World, fields: &Fields) -> Vec<Event> {
    let only_closed = fields.flag("closed");
    let row = |fill: &FillRow| {
        let market = world.market(fill.instrument)?;
        let old = fill.position.minus(fill.side.signed(fill.qty));
        let change = position_change(old, fill.position);
        if only_closed && change != "close" {
            return None;
        }
        let body = json!({ "PositionUpdate": {
            "accountUid": rows::ACCOUNT,
            "tradeable": market.symbol,
            "oldPosition": market.qty(old).to_string(),
            "newPosition": market.qty(fill.position).to_string(),
            "positionChange": change,
            "executionUid": fill.uid,
            "executionPrice": market.price(fill.price).to_string(),
            "executionSize": market.qty(fill.qty).to_string(),
            "tradeType": "userExecution",
            "fee": fill.fee.to_string(),
            "feeCurrency": "USD",
            "realizedPnL": fill.realized.normalize().to_string(),
            "updateReason": "trade",
            "timestamp": fill.at.millis(),
            "fillTime": fill.at.millis(),
        } });
        Some(Event { at: fill.at, uid: fill.uid.clone(), market: market.symbol.clone(), body })
    };
    world.account().fills().filter_map(row).collect()
}

fn position_change(old: QtyUnits, new: QtyUnits) -> &'static str {
    match (old.get(), new.get()) {
        (0, _) => "open",
        (_, 0) => "close",
        (old, new) if old.signum() != new.signum() => "reverse",
        (old, new) if new.abs() > old.abs() => "increase",
        _ => "decrease",
    }
}

fn account_log(world: &World, fields: &Fields) -> Outcome {
    let (since, before) = (fields.instant("since")?, fields.instant("before")?);
    let (from, to) = (fields.integer("from")?, fields.integer("to")?);
    let infos: Vec<&str> = fields.all("info").collect();
    let count = fields.integer("count")?.and_then(|count| usize::try_from(count).ok());
    let mut rows: Vec<Value> = Vec::new();
    for row in world.account().log() {
        if since.is_some_and(|since| row.at < since) || before.is_some_and(|before| row.at >= before) {
            continue;
        }
        rows.extend(log_rows(world, row));
    }
    let id = |row: &Value| row.get("id").and_then(Value::as_i64).unwrap_or(0);
    rows.retain(|row| {
        from.is_none_or(|from| id(row) >= from)
            && to.is_none_or(|to| id(row) <= to)
            && (infos.is_empty()
                || row.get("info").and_then(Value::as_str).is_some_and(|info| infos.contains(&info)))
    });
    if fields.get("sort") != Some("asc") {
        rows.reverse();
    }
    rows.truncate(count.unwrap_or(LOG_PAGE));
    let mut body: Map<String, Value> = one("accountUid", json!(rows::ACCOUNT));
    body.insert("logs".to_owned(), Value::Array(rows));
    Ok(body)
}

/// A booking as the venue shows it: money, and for trades a second row for the position.
pub(super) fn log_rows(world: &World, row: &LogRow) -> Vec<Value> {
    let market = row.instrument.and_then(|id| world.market(id));
    let fill = row.fill.and_then(|number| world.account().fill(number));
    let info = match row.booking {
        Booking::Trade => "futures trade",
        Booking::Liquidation => "futures liquidation",
        Booking::Funding => "funding rate change",
        Booking::Transfer => "cross-exchange transfer",
    };
    let is_funding = row.booking == Booking::Funding;
    let contract = market.map(|market| market.symbol.to_ascii_lowercase());
    let decimal = |value: Option<Decimal>| value.map_or(Value::Null, number);
    let base = |id: u64, asset: &str, old: Decimal, new: Decimal| {
        json!({
            "id": id,
            "date": iso(row.at),
            "asset": asset,
            "info": info,
            "booking_uid": uuid(world.seed(), 6, row.id),
            "margin_account": "flex",
            "contract": contract,
            "execution": fill.map(|fill| fill.uid.clone()),
            "trade_price": decimal(fill.and_then(|fill| market.map(|market| market.price(fill.price)))),
            "mark_price": decimal(market.map(|market| market.price(market.mark))),
            "realized_pnl": decimal(fill.map(|fill| fill.realized)),
            "fee": decimal(fill.map(|fill| fill.fee)),
            "funding_rate": decimal(row.rate),
            "realized_funding": decimal(is_funding.then_some(row.change)),
            "old_balance": number(old),
            "new_balance": number(new),
            "collateral": "usd",
            "liquidation_fee": null,
        })
    };
    let mut rows = Vec::with_capacity(2);
    if let (Some((before, after)), Some(market)) = (row.position, market) {
        let asset = contract.clone().unwrap_or_default();
        rows.push(base(row.id * 2 - 1, &asset, market.qty(before), market.qty(after)));
        if let Some(map) = rows.last_mut().and_then(Value::as_object_mut) {
            for name in ["realized_pnl", "fee"] {
                map.insert(name.to_owned(), Value::Null);
            }
        }
    }
    rows.push(base(row.id * 2, "usd", row.balance - row.change, row.balance));
    rows
}
