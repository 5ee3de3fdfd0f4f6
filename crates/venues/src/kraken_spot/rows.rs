//! Rows about orders and executions in our words.

use rust_decimal::Decimal;
use seawall_model::{
    ClientOrderId, Fill, FillCause, Liquidity, Money, OrderKind, OrderRef, OrderState, Side, TimeInForce,
    Trigger, TriggerSource, VenueOrder, parse_decimal,
};

use super::tables::{Life, life};
use super::wire::{OrderRow, TradeRow};
use crate::codec::Tables;
use crate::error::VenueError;
use crate::json::{Exact, from_decimal_seconds, parse, venue_id};
use crate::market::Market;
use crate::orders::Known;
use crate::outcome::Notice;

/// A row that was read, or the reason why it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row<T> {
    /// It is about a market of ours.
    Ours(T),
    /// It is about something else, or somebody else's order of a kind that has no name here.
    Elsewhere(Notice),
}

pub(super) fn side(word: &str) -> Result<Side, VenueError> {
    match word {
        "buy" | "b" => Ok(Side::Buy),
        "sell" | "s" => Ok(Side::Sell),
        other => Err(VenueError::payload("side", other)),
    }
}

pub(super) fn elsewhere<T>(what: &'static str, symbol: &str) -> Row<T> {
    Row::Elsewhere(Notice::UnmappedInstrument { what, symbol: symbol.chars().take(40).collect() })
}

/// What a row says about the kind of an order: type, trigger, limit, in numbers that are none where the venue
/// writes 0 or an offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) word: &'a str,
    pub(super) trigger: Option<Decimal>,
    pub(super) limit: Option<Decimal>,
    pub(super) signal: Option<&'a str>,
    pub(super) time_in_force: TimeInForce,
}

/// The one place that says what kind an order is; `None` for one that has no name here.
pub(super) fn kind(
    market: &Market,
    terms: Terms<'_>,
    known: Option<&Known>,
) -> Result<Option<OrderKind>, VenueError> {
    let limit = terms.limit.map(|price| market.price("limit price", price)).transpose()?;
    let price = terms.trigger.map(|price| market.price("trigger price", price)).transpose()?;
    let source = match terms.signal {
        Some("index") => TriggerSource::Index,
        Some(_) => TriggerSource::Last,
        None => {
            known.and_then(|known| known.kind.trigger()).map_or(TriggerSource::Last, |trigger| trigger.source)
        }
    };
    let trigger = price.map(|price| Trigger { price, source });
    let time_in_force = match known.map(|known| known.kind) {
        Some(OrderKind::Limit { time_in_force, .. }) => time_in_force,
        Some(
            OrderKind::Market
            | OrderKind::StopMarket { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. },
        )
        | None => terms.time_in_force,
    };
    Ok(match (terms.word, trigger, limit) {
        ("market" | "settle-position", _, _) => Some(OrderKind::Market),
        ("limit" | "iceberg", _, Some(price)) => Some(OrderKind::Limit { price, time_in_force }),
        ("stop-loss" | "trailing-stop", Some(trigger), _) => Some(OrderKind::StopMarket { trigger }),
        ("stop-loss-limit" | "trailing-stop-limit", Some(trigger), Some(limit)) => {
            Some(OrderKind::StopLimit { trigger, limit })
        }
        ("take-profit", Some(trigger), _) => Some(OrderKind::TakeProfitMarket { trigger }),
        ("take-profit-limit", Some(trigger), Some(limit)) => {
            Some(OrderKind::TakeProfitLimit { trigger, limit })
        }
        _ => known.map(|known| known.kind),
    })
}

/// A plain price: an offset such as `+5.0000%` is none, and so is 0.
fn plain_price(text: Option<&str>) -> Option<Decimal> {
    text.and_then(|text| parse_decimal(text).ok()).filter(|price| *price > Decimal::ZERO)
}

/// An order of REST.
pub(super) fn order(
    txid: &str,
    raw: &str,
    tables: Tables<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Row<VenueOrder>, VenueError> {
    let row: OrderRow<'_> = parse("order", raw)?;
    let Some(market) = tables.markets.find(&row.descr.pair) else {
        return Ok(elsewhere("order", &row.descr.pair));
    };
    let venue_order_id = venue_id("txid", txid)?;
    let known = tables.orders.resolve(row.cl_ord_id.as_deref(), Some(&venue_order_id));
    let word = &*row.descr.ordertype;
    let (first, second) = (plain_price(row.descr.price.as_deref()), plain_price(row.descr.price2.as_deref()));
    let conditional = !matches!(word, "market" | "limit" | "iceberg" | "settle-position");
    let flags = row.oflags.as_deref().unwrap_or_default();
    let post = flags.split(',').any(|flag| flag == "post");
    let has_limit = word.ends_with("-limit");
    let terms = Terms {
        word,
        trigger: if conditional {
            row.stopprice.non_zero().or(first).or(if has_limit { None } else { second })
        } else {
            None
        },
        limit: if conditional { second.filter(|_| has_limit) } else { first },
        signal: row.trigger.as_deref(),
        time_in_force: if post { TimeInForce::PostOnly } else { TimeInForce::GoodTilCancelled },
    };
    let Some(kind) = kind(market, terms, known)? else {
        let reason = format!("an order of the kind {word}");
        return Ok(Row::Elsewhere(Notice::UnreadableRow { what: "order", reason }));
    };
    let misc = row.misc.as_deref().unwrap_or_default();
    let woken = conditional && misc.split(',').any(|word| word == "stopped" || word == "touched");
    Ok(Row::Ours(VenueOrder {
        instrument: market.id(),
        order: ours(market, row.cl_ord_id.as_deref(), known),
        venue_order_id,
        side: side(&row.descr.side)?,
        qty: market.qty("vol", row.vol.need("vol")?)?,
        filled: market.qty("vol_exec", row.vol_exec.0.unwrap_or_default())?,
        kind,
        reduce_only: row.reduce_only,
        state: state(&row.status, woken, notices),
    }))
}

pub(super) fn ours(market: &Market, client_text: Option<&str>, known: Option<&Known>) -> Option<OrderRef> {
    let named = client_text.and_then(ClientOrderId::from_wire);
    named.map(|id| OrderRef { instrument: market.id(), id }).or(known.map(|known| known.order))
}

/// The state of an order; one whose status is not on the list is taken for alive, and that is told.
pub(super) fn state(word: &str, woken: bool, notices: &mut Vec<Notice>) -> OrderState {
    let alive = if woken { OrderState::Triggered } else { OrderState::Open };
    match life(word) {
        Some(Life::Alive) => alive,
        Some(Life::Filled) => OrderState::Filled,
        Some(Life::Cancelled) => OrderState::Cancelled,
        Some(Life::Expired) => OrderState::Expired,
        None => {
            notices
                .push(Notice::UnlistedWord { what: "order status", word: word.chars().take(40).collect() });
            alive
        }
    }
}

/// What an execution cost, in quote currency: a fee in base currency is worth its amount at the execution's
/// price; one in another currency cannot be booked, which is told.
pub(super) fn fee(
    market: &Market,
    fees: &[(String, Decimal)],
    price: Decimal,
    fill: &str,
    notices: &mut Vec<Notice>,
) -> Money {
    let (base, quote) = (market.instrument.name().base(), market.instrument.settle());
    let mut sum = Money::ZERO;
    for (code, qty) in fees {
        let value = match super::tables::currency(code) {
            code if code == quote.code() => Some(Money::new(*qty)),
            code if code == base.code() => Money::new(*qty).times(price).ok(),
            _ => None,
        };
        match value.and_then(|value| sum.plus(value).ok()) {
            Some(more) => sum = more,
            None => notices
                .push(Notice::FeeUnknown { fill: format!("{fill} ({code})").chars().take(80).collect() }),
        }
    }
    sum
}

/// An execution of REST. Its fee is in quote currency.
pub(super) fn trade(id: &str, raw: &str, tables: Tables<'_>) -> Result<Row<Fill>, VenueError> {
    let row: TradeRow<'_> = parse("trade", raw)?;
    let Some(market) = tables.markets.find(&row.pair) else { return Ok(elsewhere("fill", &row.pair)) };
    let order_id = venue_id("ordertxid", &row.ordertxid)?;
    let known = tables.orders.resolve(None, Some(&order_id));
    let liquidated = row.misc.as_deref().is_some_and(|misc| misc.contains("liquidat"));
    Ok(Row::Ours(Fill {
        instrument: market.id(),
        order: known.map(|known| known.order),
        fill_id: venue_id("trade", id)?,
        side: side(&row.side)?,
        qty: market.qty("vol", row.vol.need("vol")?)?,
        price: fill_price(market, row.price)?,
        fee: Money::new(row.fee.0.unwrap_or_default()),
        liquidity: if row.maker == Some(true) { Liquidity::Maker } else { Liquidity::Taker },
        cause: if liquidated { FillCause::Liquidation } else { FillCause::Order },
        venue_time: from_decimal_seconds(row.time.need("time")?)
            .map_err(|error| VenueError::payload("time", error))?,
    }))
}

/// The price of an execution; one of several levels together may be finer than the tick.
pub(super) fn fill_price(market: &Market, price: Exact) -> Result<seawall_model::PriceUnits, VenueError> {
    let price = price.need("price")?;
    market.price("price", price).or_else(|_| market.nearest_price("price", price))
}
