//! Rows of the venue's answers and streams, made from the world.

use rust_decimal::Decimal;
use seawall_model::{Side, TriggerSource};
use serde_json::{Map, Value, json};

use crate::json::{float, iso, number};
use crate::world::{
    Condition, FillRow, Kind, Life, Market, Order, Purpose, State, Trail, World, share, uuid, value,
};

/// The account's id, as some feeds have it.
pub(super) const ACCOUNT: &str = "00000000-0000-4000-8000-000000000001";

/// `XBT:USD`.
pub(super) fn pair(market: &Market) -> String {
    let base = market.instrument.name().base();
    let code = if base.code() == "BTC" { "XBT" } else { base.code() };
    format!("{code}:USD")
}

/// A trigger price's name in answers.
pub(super) fn signal(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Mark => "mark",
        TriggerSource::Last => "last",
        TriggerSource::Index => "spot",
    }
}

/// The type of an order in `orderEvents`.
pub(super) fn event_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Market => "ioc",
        Kind::Limit { life, .. } => match life {
            Life::Gtc | Life::Until(_) => "lmt",
            Life::Ioc => "ioc",
            Life::Fok => "fok",
            Life::PostOnly => "post",
        },
        Kind::Conditional(condition) => {
            if condition.limit.is_some() {
                "lmt"
            } else {
                "ioc"
            }
        }
    }
}

/// The type of an order in `openOrders`.
pub(super) fn open_type(order: &Order) -> &'static str {
    match order.asked.kind {
        Kind::Conditional(condition) if !order.triggered => match condition.purpose {
            Purpose::Stop => "stop",
            Purpose::TakeProfit => "take_profit",
            Purpose::Trailing(_) => "trailing_stop",
        },
        Kind::Market | Kind::Limit { .. } | Kind::Conditional(_) => "lmt",
    }
}

fn put_client_id(row: &mut Map<String, Value>, name: &str, order: &Order) {
    if let Some(client_id) = &order.asked.client_id {
        row.insert(name.to_owned(), json!(client_id));
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// A row of `openOrders`.
pub(super) fn open_order(market: &Market, order: &Order) -> Value {
    let mut row = object(json!({
        "order_id": order.uid,
        "symbol": market.symbol,
        "side": order.asked.side.name(),
        "orderType": open_type(order),
        "unfilledSize": number(market.qty(order.remaining())),
        "filledSize": number(market.qty(order.filled)),
        "status": if order.filled.is_zero() { "untouched" } else { "partiallyFilled" },
        "reduceOnly": order.asked.reduce_only,
        "receivedTime": iso(order.placed_at),
        "lastUpdateTime": iso(order.updated_at),
    }));
    put_client_id(&mut row, "cliOrdId", order);
    if let Some(limit) = order.asked.kind.limit() {
        row.insert("limitPrice".to_owned(), number(market.price(limit)));
    }
    if let Some(condition) = order.asked.kind.condition().filter(|_| order.state == State::Waiting) {
        row.insert("stopPrice".to_owned(), number(market.price(condition.trigger)));
        row.insert("triggerSignal".to_owned(), json!(signal(condition.source)));
        if let Purpose::Trailing(trail) = condition.purpose {
            let (deviation, unit) = trail_words(market, trail);
            row.insert("trailingStopMaxDeviation".to_owned(), number(deviation));
            row.insert("trailingStopDeviationUnit".to_owned(), json!(unit));
        }
    }
    Value::Object(row)
}

fn trail_words(market: &Market, trail: Trail) -> (Decimal, &'static str) {
    match trail {
        Trail::Fraction(fraction) => ((fraction * Decimal::ONE_HUNDRED).normalize(), "PERCENT"),
        Trail::Price(distance) => (market.price(distance), "QUOTE_CURRENCY"),
    }
}

/// An order in `orderEvents`.
pub(super) fn event_order(market: &Market, order: &Order) -> Value {
    let mut row = object(json!({
        "orderId": order.uid,
        "cliOrdId": order.asked.client_id,
        "type": event_type(&order.asked.kind),
        "symbol": market.symbol,
        "side": order.asked.side.name(),
        "quantity": number(market.qty(order.asked.qty)),
        "filled": number(market.qty(order.filled)),
        "reduceOnly": order.asked.reduce_only,
        "timestamp": iso(order.placed_at),
        "lastUpdateTimestamp": iso(order.updated_at),
    }));
    let limit = order.asked.kind.limit().unwrap_or(market.last);
    row.insert("limitPrice".to_owned(), number(market.price(limit)));
    Value::Object(row)
}

/// A trigger in `orderEvents`.
pub(super) fn event_trigger(market: &Market, order: &Order, condition: Condition) -> Value {
    json!({
        "uid": order.uid,
        "clientId": order.asked.client_id,
        "type": event_type(&order.asked.kind),
        "symbol": market.symbol,
        "side": order.asked.side.name(),
        "quantity": number(market.qty(order.asked.qty)),
        "limitPrice": condition.limit.map(|limit| number(market.price(limit))),
        "triggerPrice": number(market.price(condition.trigger)),
        "triggerSide": trigger_side(condition),
        "triggerSignal": signal_price(condition.source),
        "reduceOnly": order.asked.reduce_only,
        "timestamp": iso(order.placed_at),
        "lastUpdateTimestamp": iso(order.updated_at),
        "startTime": null,
    })
}

pub(super) fn trigger_side(condition: Condition) -> &'static str {
    if condition.above { "trigger_above" } else { "trigger_below" }
}

pub(super) fn signal_price(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Mark => "mark_price",
        TriggerSource::Last => "last_price",
        TriggerSource::Index => "spot_price",
    }
}

/// An order on the stream; `qty` is what remains.
pub(super) fn stream_order(market: &Market, order: &Order) -> Value {
    let kind = match open_type(order) {
        "lmt" => "limit",
        other => other,
    };
    let waiting = order.asked.kind.condition().filter(|_| order.state == State::Waiting);
    let mut row = object(json!({
        "instrument": market.symbol,
        "time": order.placed_at.millis(),
        "last_update_time": order.updated_at.millis(),
        "qty": number(market.qty(order.remaining())),
        "filled": number(market.qty(order.filled)),
        "limit_price": number(order.asked.kind.limit().map_or(Decimal::ZERO, |limit| market.price(limit))),
        "stop_price": number(waiting.map_or(Decimal::ZERO, |stop| market.price(stop.trigger))),
        "type": kind,
        "order_id": order.uid,
        "direction": direction(order.asked.side),
        "reduce_only": order.asked.reduce_only,
    }));
    put_client_id(&mut row, "cli_ord_id", order);
    if let Some(condition) = waiting {
        row.insert("triggerSignal".to_owned(), json!(signal(condition.source)));
        if let Purpose::Trailing(trail) = condition.purpose {
            let (deviation, unit) = trail_words(market, trail);
            let options = json!({ "max_deviation": number(deviation), "unit": unit.to_ascii_lowercase() });
            row.insert("trailing_stop_options".to_owned(), options);
        }
    }
    Value::Object(row)
}

fn direction(side: Side) -> u8 {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

/// `fillType` of REST and the stream.
pub(super) fn fill_type(fill: &FillRow) -> &'static str {
    match (fill.order, fill.maker) {
        (None, _) => "liquidation",
        (Some(_), true) => "maker",
        (Some(_), false) => "taker",
    }
}

/// A row of `fills`.
pub(super) fn rest_fill(world: &World, market: &Market, fill: &FillRow) -> Value {
    let order = fill.order.and_then(|key| world.orders().get(key));
    let mut row = object(json!({
        "fill_id": fill.uid,
        "symbol": market.symbol,
        "side": fill.side.name(),
        "order_id": order.map_or_else(|| uuid(world.seed(), 3, fill.number), |order| order.uid.clone()),
        "size": number(market.qty(fill.qty)),
        "price": number(market.price(fill.price)),
        "fillTime": iso(fill.at),
        "fillType": fill_type(fill),
    }));
    if let Some(order) = order {
        put_client_id(&mut row, "cliOrdId", order);
    }
    Value::Object(row)
}

/// An execution on the stream.
pub(super) fn stream_fill(world: &World, market: &Market, fill: &FillRow) -> Value {
    let order = fill.order.and_then(|key| world.orders().get(key));
    let order_type = order.map_or("liquidation", |order| match order.asked.kind {
        Kind::Market => "market",
        Kind::Limit { life, .. } => match life {
            Life::Ioc | Life::Fok => "ioc",
            Life::Gtc | Life::Until(_) | Life::PostOnly => "limit",
        },
        Kind::Conditional(condition) => {
            if condition.limit.is_some() {
                "limit"
            } else {
                "ioc"
            }
        }
    });
    let mut row = object(json!({
        "instrument": market.symbol,
        "time": fill.at.millis(),
        "price": number(market.price(fill.price)),
        "seq": fill.number,
        "buy": fill.side == Side::Buy,
        "qty": number(market.qty(fill.qty)),
        "remaining_order_qty": number(market.qty(fill.remaining)),
        "order_id": order.map_or_else(|| uuid(world.seed(), 3, fill.number), |order| order.uid.clone()),
        "fill_id": fill.uid,
        "fill_type": fill_type(fill),
        "fee_paid": number(fill.fee),
        "fee_currency": "USD",
        "taker_order_type": if fill.maker { "ioc" } else { order_type },
        "order_type": order_type,
    }));
    if let Some(order) = order {
        put_client_id(&mut row, "cli_ord_id", order);
    }
    Value::Object(row)
}

/// A row of `instruments`.
pub(super) fn instrument(market: &Market) -> Value {
    let spec = market.instrument.spec();
    let base = spec.name.base();
    let levels: Vec<Value> = core::iter::once(Decimal::ZERO)
        .chain(spec.margin_tiers.iter().filter_map(|tier| tier.notional_below.map(|below| below.get())))
        .zip(&spec.margin_tiers)
        .map(|(from, tier)| {
            json!({
                "numNonContractUnits": number(from),
                "initialMargin": number((Decimal::ONE / tier.leverage_max.get()).round_dp(6)),
                "maintenanceMargin": number(tier.maintenance_pct.fraction().round_dp(6)),
            })
        })
        .collect();
    let precision = i64::from(spec.lot.get().normalize().scale());
    json!({
        "symbol": market.symbol,
        "pair": pair(market),
        "base": base.code(),
        "quote": "USD",
        "type": "flexible_futures",
        "tickSize": number(spec.tick.map_or(Decimal::ONE, |tick| tick.get())),
        "contractSize": 1,
        "tradeable": !market.delisted,
        "impactMidSize": 1,
        "maxPositionSize": 1_000_000,
        "openingDate": "2022-01-01T00:00:00.000Z",
        "marginLevels": levels,
        "retailMarginLevels": levels,
        "marginSchedules": { "PGTMainFees": { "retail": levels, "professional": levels } },
        "fundingRateCoefficient": 24,
        "maxRelativeFundingRate": 0.005,
        "contractValueTradePrecision": precision,
        "postOnly": false,
        "feeScheduleUid": super::FEE_SCHEDULE,
        "category": "",
        "tags": [],
        "tradfi": false,
        "mtf": false,
        "isExpired": market.delisted,
    })
}

/// Percent that the price moved within a day.
pub(super) fn change(market: &Market) -> Value {
    let open = market.instrument.price_f64(market.day.open).max(f64::MIN_POSITIVE);
    float((market.instrument.price_f64(market.last) / open - 1.0) * 100.0, 6)
}

/// Contracts that are open: made up, steady.
pub(super) fn open_interest(market: &Market) -> Value {
    float(market.day.volume * (0.5 + share(11, u64::from(market.instrument.id().0))), 4)
}

/// A row of `tickers`.
pub(super) fn ticker(world: &World, market: &Market) -> Value {
    let book = market.book(world.now());
    let size = |levels: &[(seawall_model::PriceUnits, seawall_model::QtyUnits)]| {
        number(levels.first().map_or(Decimal::ZERO, |(_, qty)| market.qty(*qty)))
    };
    json!({
        "symbol": market.symbol,
        "pair": pair(market),
        "tag": "perpetual",
        "last": number(market.price(market.last)),
        "lastTime": iso(market.last_at),
        "lastSize": number(market.qty(market.last_qty)),
        "bid": number(market.price(market.bid)),
        "bidSize": size(&book.bids),
        "ask": number(market.price(market.ask)),
        "askSize": size(&book.asks),
        "markPrice": number(market.price(market.mark)),
        "indexPrice": number(market.price(market.index)),
        "vol24h": float(market.day.volume, 4),
        "volumeQuote": float(market.day.turnover, 2),
        "openInterest": open_interest(market),
        "open24h": number(market.price(market.day.open)),
        "high24h": number(market.price(market.day.high)),
        "low24h": number(market.price(market.day.low)),
        "change24h": change(market),
        "fundingRate": number(market.funding_absolute()),
        "fundingRatePrediction": number(market.funding_absolute()),
        "suspended": false,
        "postOnly": false,
    })
}

/// A row of `openPositions`, and of the stream.
pub(super) struct PositionFacts {
    pub(super) side: &'static str,
    pub(super) size: Decimal,
    pub(super) entry: Decimal,
    pub(super) pnl: Decimal,
    pub(super) funding: Decimal,
}

impl PositionFacts {
    pub(super) fn new(world: &World, market: &Market) -> Option<Self> {
        let holding = world.account().holding(market.instrument.id());
        let qty = market.qty(holding.qty);
        if qty.is_zero() {
            return None;
        }
        Some(PositionFacts {
            side: if qty > Decimal::ZERO { "long" } else { "short" },
            size: qty.abs(),
            entry: (holding.cost / qty).round_dp(10),
            pnl: value(&market.instrument, market.mark, holding.qty) - holding.cost,
            funding: holding.funding,
        })
    }
}
