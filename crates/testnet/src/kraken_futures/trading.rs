//! Orders: sent, edited, cancelled, one by one or in a batch.
//!
//! What is refused by the market is a status inside a success; what cannot be read is an error.

use rust_decimal::Decimal;
use seawall_model::{PriceUnits, RejectReason, Side, Ts};
use serde_json::{Map, Value, json};

use super::params::{Fields, price_units, qty_units, side, signal};
use super::{KrakenFutures, Outcome, Refusal, one, rows};
use crate::json::{iso, number};
use crate::venue::Outbox;
use crate::world::{
    Condition, Edit, End, Happening, Kind, Life, Market, NewOrder, Order, Purpose, State, Trail, World,
};

/// Characters of a client's id.
const CLIENT_ID_MAX: usize = 100;
/// Rows of a batch.
const BATCH_MAX: usize = 100;

/// A status with what belongs to it.
struct Status {
    word: &'static str,
    order: Option<Order>,
    events: Vec<Value>,
}

impl Status {
    fn bare(word: &'static str) -> Self {
        Status { word, order: None, events: Vec::new() }
    }
}

impl KrakenFutures {
    /// Happenings reach the streams before the answer is given; they are handed back for it.
    fn told(&mut self, world: &mut World, out: &mut Outbox) -> Vec<Happening> {
        let happenings = world.take_happenings();
        self.streams.publish(world, &happenings, out);
        happenings
    }

    pub(super) fn send_order(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Outcome {
        let status = self.send(world, fields, out)?;
        Ok(one("sendStatus", answer(world.now(), &status, "order_id")))
    }

    fn send(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Result<Status, Refusal> {
        let symbol = fields.need("symbol")?;
        let market = world.find(symbol).ok_or_else(|| Refusal::word("contractNotFound"))?;
        let (instrument, side) = (market.instrument.id(), side(fields)?);
        fields.need("orderType")?;
        let size = fields.decimal("size")?.ok_or_else(|| Refusal::missing("size"))?;
        if is_late(world, fields)? {
            return Ok(Status::bare("wouldProcessAfterSpecifiedTime"));
        }
        let client_id = fields.get("cliOrdId").map(str::to_owned);
        if client_id.as_ref().is_some_and(|id| id.len() > CLIENT_ID_MAX) {
            return Ok(Status::bare("clientOrderIdTooLong"));
        }
        let Some(qty) = qty_units(market, size) else { return Ok(Status::bare("invalidSize")) };
        let kind = match kind(market, side, fields)? {
            Ok(kind) => kind,
            Err(word) => return Ok(Status::bare(word)),
        };
        let order = NewOrder {
            instrument,
            side,
            qty,
            kind,
            reduce_only: fields.flag("reduceOnly"),
            client_id,
            extra: core::iter::empty().collect(),
        };
        self.told(world, out);
        let key = world.place(order);
        let happenings = self.told(world, out);
        Ok(sent(world, key, &happenings))
    }

    pub(super) fn edit_order(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Outcome {
        let status = self.edit(world, fields, out)?;
        Ok(one("editStatus", answer(world.now(), &status, "orderId")))
    }

    fn edit(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Result<Status, Refusal> {
        if is_late(world, fields)? {
            return Ok(Status::bare("wouldProcessAfterSpecifiedTime"));
        }
        let Some(before) = named(world, fields)?.filter(|order| order.state.is_open()).cloned() else {
            return Ok(Status::bare("orderForEditNotFound"));
        };
        let Some(market) = world.market(before.asked.instrument) else {
            return Ok(Status::bare("orderForEditNotFound"));
        };
        let mut edit = Edit::default();
        if let Some(size) = fields.decimal("size")? {
            let Some(qty) = qty_units(market, size) else { return Ok(Status::bare("invalidSize")) };
            // `size` is what shall remain, unless the total is meant.
            edit.qty = Some(match fields.get("qtyMode") {
                Some("ABSOLUTE") => qty,
                Some("RELATIVE") | None => before.filled.plus(qty),
                Some(_) => return Err(Refusal::argument("qtyMode")),
            });
        }
        let price = |name| -> Result<Result<Option<PriceUnits>, &'static str>, Refusal> {
            Ok(fields
                .decimal(name)?
                .map(|price| price_units(&market.instrument, price).ok_or("invalidPrice"))
                .transpose())
        };
        (edit.limit, edit.trigger) = match (price("limitPrice")?, price("stopPrice")?) {
            (Ok(limit), Ok(trigger)) => (limit, trigger),
            (Err(word), _) | (_, Err(word)) => return Ok(Status::bare(word)),
        };
        edit.trail =
            match fields.get("trailingStopMaxDeviation").map(|_| trail(market, fields)).transpose()? {
                Some(Err(word)) => return Ok(Status::bare(word)),
                Some(Ok(trail)) => Some(trail),
                None => None,
            };
        if let Some(word) = cannot_edit(&before, edit) {
            return Ok(Status::bare(word));
        }
        self.told(world, out);
        if let Err(reason) = world.edit(before.key, edit) {
            self.told(world, out);
            return Ok(Status::bare(refusal_word(reason, &before)));
        }
        let happenings = self.told(world, out);
        let Some(after) = world.orders().get(before.key).cloned() else {
            return Ok(Status::bare("orderForEditNotFound"));
        };
        let Some(market) = world.market(after.asked.instrument) else {
            return Ok(Status::bare("orderForEditNotFound"));
        };
        let mut events = vec![json!({
            "type": "EDIT",
            "old": either(market, &before),
            "new": either(market, &after),
            "reducedQuantity": null,
        })];
        events.extend(executions(world, market, &after, &happenings));
        Ok(Status { word: "edited", order: Some(after), events })
    }

    pub(super) fn cancel_order(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Outcome {
        let status = self.cancel(world, fields, out)?;
        Ok(one("cancelStatus", answer(world.now(), &status, "order_id")))
    }

    fn cancel(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Result<Status, Refusal> {
        if is_late(world, fields)? {
            return Ok(Status::bare("wouldProcessAfterSpecifiedTime"));
        }
        let Some(order) = named(world, fields)?.cloned() else { return Ok(Status::bare("notFound")) };
        match order.state {
            State::Filled => return Ok(Status { word: "filled", order: Some(order), events: Vec::new() }),
            State::Ended(_) => return Ok(Status::bare("notFound")),
            State::Waiting | State::Open => {}
        }
        self.told(world, out);
        let verdict = world.cancel(order.key, End::Requested);
        self.told(world, out);
        if verdict.is_err() {
            return Ok(Status::bare("notFound"));
        }
        let events = world
            .market(order.asked.instrument)
            .map(|market| json!({ "type": "CANCEL", "uid": order.uid, "order": either(market, &order) }))
            .into_iter()
            .collect();
        Ok(Status { word: "cancelled", order: Some(order), events })
    }

    pub(super) fn cancel_all(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Outcome {
        let symbol = fields.get("symbol");
        let instrument = match symbol {
            None => None,
            Some(symbol) => {
                let found = world.find(symbol).ok_or_else(|| Refusal::word("contractNotFound"))?;
                Some(found.instrument.id())
            }
        };
        let is_meant = |order: &&Order| instrument.is_none_or(|id| id == order.asked.instrument);
        let orders: Vec<Order> = world.orders().open().filter(is_meant).cloned().collect();
        let (mut cancelled, mut events) = (Vec::new(), Vec::new());
        for order in &orders {
            if world.cancel(order.key, End::Requested).is_err() {
                continue;
            }
            cancelled.push(json!({ "order_id": order.uid, "cliOrdId": order.asked.client_id }));
            if let Some(market) = world.market(order.asked.instrument) {
                events.push(json!({ "type": "CANCEL", "uid": order.uid, "order": either(market, order) }));
            }
        }
        self.told(world, out);
        let status = json!({
            "receivedTime": iso(world.now()),
            "cancelOnly": symbol.unwrap_or("all"),
            "status": if cancelled.is_empty() { "noOrdersToCancel" } else { "cancelled" },
            "cancelledOrders": cancelled,
            "orderEvents": events,
        });
        Ok(one("cancelStatus", status))
    }

    pub(super) fn cancel_all_after(&mut self, world: &World, fields: &Fields) -> Outcome {
        let timeout = fields.integer("timeout")?.ok_or_else(|| Refusal::missing("timeout"))?;
        if !(0..=86_400).contains(&timeout) {
            return Err(Refusal::argument("timeout"));
        }
        let now = world.now();
        self.switch = (timeout > 0).then(|| now.plus(seawall_model::Span::from_secs(timeout)));
        let trigger = self.switch.map_or_else(|| "0".to_owned(), iso);
        Ok(one("status", json!({ "currentTime": iso(now), "triggerTime": trigger })))
    }

    pub(super) fn batch(&mut self, world: &mut World, fields: &Fields, out: &mut Outbox) -> Outcome {
        let text = fields.need("json")?;
        let parsed: Value = serde_json::from_str(text).map_err(|_| Refusal::word("Json Parse Error"))?;
        let rows = parsed.get("batchOrder").and_then(Value::as_array);
        let rows = rows.ok_or_else(|| Refusal::missing("batchOrder"))?;
        if rows.len() > BATCH_MAX {
            return Err(Refusal::argument("batchOrder"));
        }
        let mut statuses = Vec::with_capacity(rows.len());
        for row in rows {
            let fields = Fields::of_row(row);
            let done = match fields.get("order") {
                Some("send") if fields.get("order_tag").is_none() => Err(Refusal::missing("order_tag")),
                Some("send") => self.send(world, &fields, out),
                Some("edit") => self.edit(world, &fields, out),
                Some("cancel") => self.cancel(world, &fields, out),
                Some(_) | None => Err(Refusal::argument("order")),
            };
            let mut status = match done {
                Ok(status) => answer(world.now(), &status, "order_id"),
                Err(Refusal::Word(word)) => {
                    json!({ "status": word.split(':').next().unwrap_or("invalidArgument") })
                }
                Err(refusal) => return Err(refusal),
            };
            if let Some(map) = status.as_object_mut() {
                if let Some(tag) = fields.get("order_tag") {
                    map.insert("order_tag".to_owned(), json!(tag));
                }
                if let Some(time) = map.remove("receivedTime") {
                    map.insert("dateTimeReceived".to_owned(), time);
                }
            }
            statuses.push(status);
        }
        Ok(one("batchStatus", Value::Array(statuses)))
    }
}

/// What an edit may not do to an order, in the venue's words.
fn cannot_edit(order: &Order, edit: Edit) -> Option<&'static str> {
    match order.asked.kind.condition().filter(|_| order.state == State::Waiting) {
        None if edit.trigger.is_some() || edit.trail.is_some() => Some("orderForEditNotAStop"),
        Some(Condition { purpose: Purpose::Stop | Purpose::TakeProfit, .. }) if edit.trail.is_some() => {
            Some("orderForEditNotAStop")
        }
        Some(Condition { purpose: Purpose::Trailing(_), .. }) if edit.trigger.is_some() => {
            Some("cannotEditTriggerPriceOfTrailingStop")
        }
        Some(Condition { purpose: Purpose::Trailing(_), .. }) if edit.limit.is_some() => {
            Some("cannotEditLimitPriceOfTrailingStop")
        }
        Some(_) | None => None,
    }
}

/// The instant after which the request must not act has passed.
fn is_late(world: &World, fields: &Fields) -> Result<bool, Refusal> {
    Ok(fields.instant("processBefore")?.is_some_and(|before: Ts| before < world.now()))
}

/// The order that a request names, by either id.
fn named<'a>(world: &'a World, fields: &Fields) -> Result<Option<&'a Order>, Refusal> {
    let id = fields.get("order_id").or_else(|| fields.get("orderId"));
    match (id, fields.get("cliOrdId")) {
        (Some(id), _) => Ok(world.orders().by_uid(id)),
        (None, Some(client_id)) => Ok(world.orders().by_client(client_id)),
        (None, None) => Err(Refusal::missing("order_id")),
    }
}

/// The kind of an order; the inner error is a status.
fn kind(market: &Market, side: Side, fields: &Fields) -> Result<Result<Kind, &'static str>, Refusal> {
    let price = |name: &'static str| -> Result<Option<Option<PriceUnits>>, Refusal> {
        Ok(fields.decimal(name)?.map(|price| price_units(&market.instrument, price)))
    };
    let limit = price("limitPrice")?;
    let life = match fields.need("orderType")? {
        "lmt" => Life::Gtc,
        "post" => Life::PostOnly,
        "ioc" => Life::Ioc,
        "fok" => Life::Fok,
        "mkt" => return Ok(Ok(Kind::Market)),
        "stp" => return conditional(market, side, Purpose::Stop, fields),
        "take_profit" => return conditional(market, side, Purpose::TakeProfit, fields),
        "trailing_stop" => return trailing(market, side, fields),
        _ => return Ok(Err("invalidOrderType")),
    };
    match limit {
        None => Err(Refusal::missing("limitPrice")),
        Some(None) => Ok(Err("invalidPrice")),
        Some(Some(price)) => Ok(Ok(Kind::Limit { price, life })),
    }
}

fn conditional(
    market: &Market,
    side: Side,
    purpose: Purpose,
    fields: &Fields,
) -> Result<Result<Kind, &'static str>, Refusal> {
    let stop = fields.decimal("stopPrice")?.ok_or_else(|| Refusal::missing("stopPrice"))?;
    let Some(trigger) = price_units(&market.instrument, stop) else { return Ok(Err("invalidPrice")) };
    let above = (side == Side::Buy) == (purpose == Purpose::Stop);
    let asked = fields.decimal("limitPrice")?;
    let limit = match (asked, fields.decimal("limitPriceOffsetValue")?) {
        (Some(price), _) => Some(price),
        (None, Some(offset)) => Some(match fields.get("limitPriceOffsetUnit") {
            Some("PERCENT") => {
                let fraction = offset.checked_div(Decimal::ONE_HUNDRED).unwrap_or(Decimal::MAX);
                on_tick(market, stop.saturating_mul(Decimal::ONE.saturating_add(fraction)))
            }
            Some("QUOTE_CURRENCY") | None => stop.saturating_add(offset),
            Some(_) => return Err(Refusal::argument("limitPriceOffsetUnit")),
        }),
        (None, None) => None,
    };
    let limit = match limit.map(|price| price_units(&market.instrument, price)) {
        Some(None) => return Ok(Err("invalidPrice")),
        Some(Some(price)) => Some(price),
        None => None,
    };
    let source = signal(fields)?;
    Ok(Ok(Kind::Conditional(Condition { purpose, trigger, source, above, limit })))
}

fn on_tick(market: &Market, price: Decimal) -> Decimal {
    let units = market.instrument.round_price(price, seawall_model::PriceRounding::Nearest);
    units.map_or(price, |units| market.price(units))
}

fn trailing(market: &Market, side: Side, fields: &Fields) -> Result<Result<Kind, &'static str>, Refusal> {
    let trail = match trail(market, fields)? {
        Ok(trail) => trail,
        Err(word) => return Ok(Err(word)),
    };
    let (source, above) = (signal(fields)?, side == Side::Buy);
    let trigger = World::trailing_trigger(market, source, trail, above);
    let purpose = Purpose::Trailing(trail);
    Ok(Ok(Kind::Conditional(Condition { purpose, trigger, source, above, limit: None })))
}

/// How far a trailing stop follows; the inner error is a status.
fn trail(market: &Market, fields: &Fields) -> Result<Result<Trail, &'static str>, Refusal> {
    let name = "trailingStopMaxDeviation";
    let deviation = fields.decimal(name)?.ok_or_else(|| Refusal::missing(name))?;
    match fields.get("trailingStopDeviationUnit") {
        Some("PERCENT") | None => {
            if deviation < Decimal::new(1, 1) || deviation > Decimal::from(50) {
                return Err(Refusal::argument(name));
            }
            Ok(Ok(Trail::Fraction(deviation / Decimal::ONE_HUNDRED)))
        }
        Some("QUOTE_CURRENCY") => Ok(match price_units(&market.instrument, deviation) {
            Some(distance) => Ok(Trail::Price(distance)),
            None => Err("invalidPrice"),
        }),
        Some(_) => Err(Refusal::argument("trailingStopDeviationUnit")),
    }
}

/// The status word of a refusal.
fn refusal_word(reason: RejectReason, order: &Order) -> &'static str {
    match reason {
        RejectReason::InsufficientFunds => "insufficientAvailableFunds",
        RejectReason::InvalidPrice => "invalidPrice",
        RejectReason::InvalidQuantity => "invalidSize",
        RejectReason::WouldTakeLiquidity => "postWouldExecute",
        RejectReason::NothingToReduce => "wouldNotReducePosition",
        RejectReason::NotSupported | RejectReason::WouldTriggerImmediately => "invalidOrderType",
        RejectReason::OrderNotFound => "orderForEditNotFound",
        RejectReason::MarketClosed => "marketInactive",
        RejectReason::RateLimited => "tooManyOrders",
        RejectReason::DuplicateId => "clientOrderIdAlreadyExist",
        RejectReason::Other => match order.asked.kind {
            Kind::Limit { life: Life::Ioc | Life::Fok, .. } => "iocWouldNotExecute",
            Kind::Market | Kind::Limit { .. } | Kind::Conditional(_) => "marketSuspended",
        },
    }
}

/// The word that a `REJECT` event has for a status.
fn reject_word(status: &str) -> &'static str {
    match status {
        "postWouldExecute" => "POST_WOULD_EXECUTE",
        "iocWouldNotExecute" => "IOC_WOULD_NOT_EXECUTE",
        "wouldNotReducePosition" => "WOULD_NOT_REDUCE_POSITION",
        "insufficientAvailableFunds" => "INSUFFICIENT_AVAILABLE_FUNDS",
        "clientOrderIdAlreadyExist" => "CLIENT_ORDER_ID_ALREADY_EXIST",
        "marketInactive" => "MARKET_INACTIVE",
        _ => "UNKNOWN",
    }
}

/// What became of an order that was just sent.
fn sent(world: &World, key: u32, happenings: &[Happening]) -> Status {
    let Some(order) = world.orders().get(key).cloned() else { return Status::bare("notFound") };
    let Some(market) = world.market(order.asked.instrument) else { return Status::bare("notFound") };
    let refused = match order.state {
        State::Ended(End::Refused(reason)) if !order.triggered => Some(refusal_word(reason, &order)),
        State::Ended(End::Immediate) if order.filled.is_zero() => Some("iocWouldNotExecute"),
        State::Waiting | State::Open | State::Filled | State::Ended(_) => None,
    };
    if let Some(word) = refused {
        let event = json!({
            "type": "REJECT",
            "uid": order.uid,
            "reason": reject_word(word),
            "order": rows::event_order(market, &order),
        });
        return Status { word, order: Some(order), events: vec![event] };
    }
    let mut events = Vec::new();
    if order.asked.kind.condition().is_some() || order.state == State::Open {
        events.push(place_event(market, &order));
    }
    events.extend(executions(world, market, &order, happenings));
    Status { word: "placed", order: Some(order), events }
}

fn place_event(market: &Market, order: &Order) -> Value {
    let mut event = json!({ "type": "PLACE", "reducedQuantity": null });
    let (name, row) = match order.asked.kind.condition() {
        Some(condition) => ("orderTrigger", rows::event_trigger(market, order, condition)),
        None => ("order", rows::event_order(market, order)),
    };
    if let Some(map) = event.as_object_mut() {
        map.insert(name.to_owned(), row);
    }
    event
}

/// An order that works, or one that waits, as events show it.
fn either(market: &Market, order: &Order) -> Value {
    match order.asked.kind.condition().filter(|_| order.state == State::Waiting) {
        Some(condition) => {
            let mut row = rows::event_order(market, order);
            if let Some(map) = row.as_object_mut() {
                map.insert("type".to_owned(), json!(rows::open_type(order)));
                map.insert("stopPrice".to_owned(), number(market.price(condition.trigger)));
                map.insert("triggerSignal".to_owned(), json!(rows::signal_price(condition.source)));
            }
            row
        }
        None => rows::event_order(market, order),
    }
}

/// One event for each execution of the order among the happenings.
fn executions(world: &World, market: &Market, order: &Order, happenings: &[Happening]) -> Vec<Value> {
    let number_of = |happening: &Happening| match happening {
        Happening::Filled(number) => Some(*number),
        Happening::Placed(_)
        | Happening::Refused(..)
        | Happening::Edited(_)
        | Happening::Triggered(_)
        | Happening::Ended(..)
        | Happening::Booked(_)
        | Happening::Ticked(..)
        | Happening::Liquidated(_) => None,
    };
    let fills = happenings.iter().filter_map(number_of).filter_map(|number| world.account().fill(number));
    fills
        .filter(|fill| fill.order == Some(order.key))
        .map(|fill| {
            let mut prior = order.clone();
            prior.filled = order.asked.qty.minus(fill.remaining).minus(fill.qty);
            json!({
                "type": "EXECUTION",
                "executionId": fill.uid,
                "price": number(market.price(fill.price)),
                "amount": number(market.qty(fill.qty)),
                "orderPriorEdit": null,
                "orderPriorExecution": rows::event_order(market, &prior),
                "takerReducedQuantity": null,
            })
        })
        .collect()
}

fn answer(at: Ts, status: &Status, id_name: &str) -> Value {
    let mut map = Map::new();
    map.insert("status".to_owned(), json!(status.word));
    map.insert("receivedTime".to_owned(), json!(iso(at)));
    if let Some(order) = &status.order {
        map.insert(id_name.to_owned(), json!(order.uid));
        if let Some(client_id) = &order.asked.client_id {
            map.insert("cliOrdId".to_owned(), json!(client_id));
        }
    }
    map.insert("orderEvents".to_owned(), Value::Array(status.events.clone()));
    Value::Object(map)
}
