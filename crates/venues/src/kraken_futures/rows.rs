//! Rows about orders, positions and executions in our words.
//!
//! Invariants: there is one place that says what kind an order is (I-68: two classifiers took a take-profit
//! for a stop); a word that is not on the list leaves an order alive and is told (a stop that may still be
//! there is not called missing); our own orders keep what the venue does not repeat (that a limit order was
//! post-only).

use arrayvec::ArrayString;
use rust_decimal::Decimal;
use seawall_model::{
    Booking, BookingKind, ClientOrderId, Fill, FillCause, ForeignHolding, Liquidity, Money, OrderKind,
    OrderRef, OrderState, Side, TimeInForce, Trigger, TriggerSource, Ts, VenueId, VenueOrder, VenuePosition,
};

use super::stream::LogRow;
use super::tables::{Life, life};
use super::wire::{FillRow, HistoryOrder, OpenOrderRow, PositionRow, StatusRow};
use crate::codec::Tables;
use crate::error::VenueError;
use crate::json::{Exact, venue_id};
use crate::market::{Market, Markets};
use crate::orders::{Known, OrderIndex};
use crate::outcome::Notice;

/// A row that was read, or the reason why it is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row<T> {
    /// It is about a market of ours.
    Ours(T),
    /// It is about something else.
    Elsewhere(Notice),
}

fn side(word: &str) -> Result<Side, VenueError> {
    match word {
        "buy" | "Buy" | "long" => Ok(Side::Buy),
        "sell" | "Sell" | "short" => Ok(Side::Sell),
        other => Err(VenueError::payload("side", other)),
    }
}

pub(super) fn trigger_source(word: &str) -> Option<TriggerSource> {
    match word {
        "mark" | "mark_price" | "MarkPrice" => Some(TriggerSource::Mark),
        "last" | "last_price" | "LastPrice" => Some(TriggerSource::Last),
        "index" | "spot" | "spot_price" | "SpotPrice" | "index_price" | "IndexPrice" => {
            Some(TriggerSource::Index)
        }
        _ => None,
    }
}

/// What a row says about the kind of an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// `lmt`, `stop`, `take_profit`, … in any of the venue's spellings; empty where the row has none.
    pub(super) word: &'a str,
    pub(super) limit: Exact,
    pub(super) stop: Exact,
    pub(super) signal: Option<&'a str>,
}

/// The one place that says what kind an order is. `known` is our own order, where it is one.
pub(super) fn kind(
    market: &Market,
    terms: Terms<'_>,
    known: Option<&Known>,
) -> Result<OrderKind, VenueError> {
    let limit = terms.limit.non_zero().map(|price| market.price("limit price", price)).transpose()?;
    let stop = terms.stop.non_zero().map(|price| market.price("stop price", price)).transpose()?;
    let source = terms.signal.and_then(trigger_source);
    let source =
        source.or_else(|| known.and_then(|known| known.kind.trigger()).map(|trigger| trigger.source));
    let trigger = stop.map(|price| Trigger { price, source: source.unwrap_or(TriggerSource::Mark) });
    let takes_profit = terms.word.starts_with("take_profit");
    match (trigger, limit) {
        (Some(trigger), Some(limit)) if takes_profit => Ok(OrderKind::TakeProfitLimit { trigger, limit }),
        (Some(trigger), None) if takes_profit => Ok(OrderKind::TakeProfitMarket { trigger }),
        (Some(trigger), Some(limit)) => Ok(OrderKind::StopLimit { trigger, limit }),
        (Some(trigger), None) => Ok(OrderKind::StopMarket { trigger }),
        (None, Some(price)) => {
            Ok(OrderKind::Limit { price, time_in_force: time_in_force(terms.word, known) })
        }
        (None, None) => known
            .map(|known| known.kind)
            .or_else(|| (terms.word != "stop" && !takes_profit).then_some(OrderKind::Market))
            .ok_or_else(|| VenueError::payload("order", "a conditional order without a trigger price")),
    }
}

fn time_in_force(word: &str, known: Option<&Known>) -> TimeInForce {
    match (word, known.map(|known| known.kind)) {
        (_, Some(OrderKind::Limit { time_in_force, .. })) => time_in_force,
        ("post", _) => TimeInForce::PostOnly,
        ("ioc", _) => TimeInForce::ImmediateOrCancel,
        (_, _) => TimeInForce::GoodTilCancelled,
    }
}

/// Our order where the client id is one of ours, else where we know the venue's id.
fn ours(market: &Market, client_text: Option<&str>, known: Option<&Known>) -> Option<OrderRef> {
    let named = client_text.and_then(ClientOrderId::from_wire);
    named.map(|id| OrderRef { instrument: market.id(), id }).or(known.map(|known| known.order))
}

fn elsewhere<T>(what: &'static str, symbol: &str) -> Row<T> {
    Row::Elsewhere(Notice::UnmappedInstrument { what, symbol: symbol.chars().take(40).collect() })
}

/// The state of an order, and a notice about a word that is not on the list.
fn state(word: &str, woken: bool) -> (OrderState, Option<Notice>) {
    let alive = if woken { OrderState::Triggered } else { OrderState::Open };
    match life(word) {
        Some(Life::Alive) => (alive, None),
        Some(Life::Filled) => (OrderState::Filled, None),
        Some(Life::Cancelled) => (OrderState::Cancelled, None),
        Some(Life::Rejected) => (OrderState::Rejected, None),
        Some(Life::Failed) => (OrderState::Expired, None),
        None => (
            alive,
            Some(Notice::UnlistedWord { what: "order status", word: word.chars().take(40).collect() }),
        ),
    }
}

/// Whether an order of ours that waits for a trigger shows up as one that no longer does.
fn has_woken(known: Option<&Known>, has_trigger: bool) -> bool {
    !has_trigger && known.is_some_and(|known| known.kind.trigger().is_some())
}

/// A row of `openorders`.
pub(super) fn open_order(
    row: &OpenOrderRow<'_>,
    tables: Tables<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Row<VenueOrder>, VenueError> {
    let Some(market) = tables.markets.find(&row.symbol) else { return Ok(elsewhere("order", &row.symbol)) };
    let venue_order_id = venue_id("order_id", &row.order_id)?;
    let known = tables.orders.resolve(row.cli_ord_id.as_deref(), Some(&venue_order_id));
    let woken = has_woken(known, row.stop_price.non_zero().is_some());
    let terms = Terms {
        word: &row.order_type,
        limit: row.limit_price,
        stop: row.stop_price,
        signal: row.trigger_signal.as_deref(),
    };
    let filled = market.qty("filledSize", row.filled_size.0.unwrap_or_default())?;
    let (state, notice) = state(&row.status, woken);
    notices.extend(notice);
    Ok(Row::Ours(VenueOrder {
        instrument: market.id(),
        order: ours(market, row.cli_ord_id.as_deref(), known),
        venue_order_id,
        side: side(&row.side)?,
        qty: market.qty("unfilledSize", row.unfilled_size.need("unfilledSize")?)?.plus(filled),
        filled,
        kind: match known {
            Some(known) if woken => known.kind,
            Some(_) | None => kind(market, terms, known)?,
        },
        reduce_only: row.reduce_only,
        state,
    }))
}

/// A row of `orders/status`. Its prices have been seen wrong, so what we know of our own order goes first.
pub(super) fn status(
    row: &StatusRow<'_>,
    tables: Tables<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Row<VenueOrder>, VenueError> {
    let order = &row.order;
    let Some(market) = tables.markets.find(&order.symbol) else {
        return Ok(elsewhere("order", &order.symbol));
    };
    let venue_order_id = venue_id("orderId", &order.order_id)?;
    let known = tables.orders.resolve(order.cli_ord_id.as_deref(), Some(&venue_order_id));
    let trigger = order.price_trigger_options.as_ref();
    let is_trigger = order.kind.as_deref() == Some("TRIGGER_ORDER");
    let (state, notice) = state(&row.status, has_woken(known, is_trigger || trigger.is_some()));
    notices.extend(notice);
    let filled = market.qty("filled", order.filled.0.unwrap_or_default())?;
    let stated = market.qty("quantity", order.quantity.need("quantity")?)?;
    let side = side(&order.side)?;
    Ok(Row::Ours(VenueOrder {
        instrument: market.id(),
        order: ours(market, order.cli_ord_id.as_deref(), known),
        venue_order_id,
        side,
        qty: known.map_or(stated.max(filled), |known| known.qty),
        filled,
        kind: match known {
            Some(known) => known.kind,
            None => kind(market, trigger_terms(side, order.limit_price, trigger), None)?,
        },
        reduce_only: order.reduce_only,
        state,
    }))
}

/// A stop fires when the price moves against the position, a take-profit when it moves in its favour: a sell
/// that fires below is a stop.
fn trigger_terms<'a>(
    side: Side,
    limit: Exact,
    trigger: Option<&'a super::wire::TriggerOptions<'_>>,
) -> Terms<'a> {
    let above = trigger
        .and_then(|trigger| trigger.trigger_side.as_deref())
        .is_some_and(|word| word.to_ascii_lowercase().contains("above"));
    let word = match (trigger, side, above) {
        (None, _, _) => "",
        (Some(_), Side::Buy, true) | (Some(_), Side::Sell, false) => "stop",
        (Some(_), Side::Buy, false) | (Some(_), Side::Sell, true) => "take_profit",
    };
    Terms {
        word,
        limit,
        stop: trigger.map(|trigger| trigger.trigger_price).unwrap_or_default(),
        signal: trigger.and_then(|trigger| trigger.trigger_signal.as_deref()),
    }
}

/// An order of the history with the state that its newest event proves; `None` where that proves nothing.
pub(super) fn past(
    event: &str,
    order: &HistoryOrder<'_>,
    tables: Tables<'_>,
) -> Result<Option<VenueOrder>, VenueError> {
    let Some(market) = tables.markets.find(&order.tradeable) else { return Ok(None) };
    let filled = market.qty("filled", order.filled.0.unwrap_or_default())?;
    let left = market.qty("quantity", order.quantity.need("quantity")?)?;
    let state = match event {
        "OrderCancelled" | "OrderTriggerCancelled" => OrderState::Cancelled,
        "OrderRejected" | "OrderTriggerRejected" => OrderState::Rejected,
        // Nothing remains of it and something filled.
        _ if left.is_zero() && !filled.is_zero() => OrderState::Filled,
        _ => return Ok(None),
    };
    let venue_order_id = venue_id("uid", &order.uid)?;
    let known = tables.orders.resolve(order.client_id.as_deref(), Some(&venue_order_id));
    let side = side(&order.direction)?;
    Ok(Some(VenueOrder {
        instrument: market.id(),
        order: ours(market, order.client_id.as_deref(), known),
        venue_order_id,
        side,
        qty: known.map_or(left.plus(filled), |known| known.qty),
        filled,
        kind: match known {
            Some(known) => known.kind,
            None => {
                kind(market, trigger_terms(side, order.limit_price, order.trigger_options.as_ref()), None)?
            }
        },
        reduce_only: order.reduce_only,
        state,
    }))
}

/// A row of `openpositions`.
pub(super) fn position(row: &PositionRow<'_>, tables: Tables<'_>) -> Result<Row<VenuePosition>, VenueError> {
    let Some(market) = tables.markets.find(&row.symbol) else {
        return Ok(elsewhere("position", &row.symbol));
    };
    let size = market.qty("size", row.size.need("size")?)?;
    let price = row.price.need("price")?;
    if price <= Decimal::ZERO {
        // D-26: a position was booked at the price 0 because the field had another name.
        return Err(VenueError::payload("price", format!("{price} is no entry price")));
    }
    Ok(Row::Ours(VenuePosition {
        instrument: market.id(),
        qty: side(&row.side)?.signed(size),
        entry_price: market.nearest_price("price", price)?,
    }))
}

/// What an unknown market's row of `openpositions` says: the venue's spelling, its size, its value at entry.
pub(super) fn holding(row: &PositionRow<'_>) -> Result<ForeignHolding, VenueError> {
    let size = row.size.need("size")?;
    let value = row.price.non_zero().and_then(|price| size.abs().checked_mul(price)).map(Money::new);
    let symbol: String = row.symbol.chars().filter(char::is_ascii_graphic).take(40).collect();
    Ok(ForeignHolding {
        symbol: ArrayString::from(&symbol).unwrap_or_default(),
        qty: match side(&row.side)? {
            Side::Buy => size,
            Side::Sell => -size,
        },
        value,
    })
}

/// A line of the account log that is about money and no execution: funding, and what came in or went out.
/// `now` stands in for a line without a date.
pub(super) fn booking(row: &LogRow<'_>, markets: &Markets, now: Ts) -> Result<Option<Booking>, VenueError> {
    let market = row.contract.as_deref().and_then(|contract| markets.find(contract));
    let settle = markets.iter().next().map(|market| market.instrument.settle());
    let settles = row
        .asset
        .as_deref()
        .zip(settle)
        .is_some_and(|(asset, settle)| asset.eq_ignore_ascii_case(settle.code()));
    let (kind, amount) = match &*row.info {
        "funding rate change" if market.is_some() || settles => {
            (BookingKind::Funding, row.realized_funding.need("realized_funding")?)
        }
        "transfer" | "cross-exchange transfer" if settles => {
            let (before, after) =
                (row.old_balance.need("old_balance")?, row.new_balance.need("new_balance")?);
            (BookingKind::Transfer, after.checked_sub(before).unwrap_or_default())
        }
        _ => return Ok(None),
    };
    let id = VenueId::Number(row.id);
    let venue_time = row.date.0.unwrap_or(now);
    let instrument = market.map(Market::id);
    Ok(Some(Booking { id, kind, instrument, amount: Money::new(amount), venue_time }))
}

/// An execution. Without a fee in the settle currency it is booked without one, which is told.
pub(super) fn fill(
    row: &FillRow<'_>,
    markets: &Markets,
    orders: &OrderIndex,
    notices: &mut Vec<Notice>,
) -> Result<Row<Fill>, VenueError> {
    let Some(market) = markets.find(&row.symbol) else { return Ok(elsewhere("fill", &row.symbol)) };
    let order_id = row.order_id.as_deref().filter(|id| !id.is_empty());
    let order_id = order_id.map(|id| venue_id("order_id", id)).transpose()?;
    let known = orders.resolve(row.cli_ord_id.as_deref(), order_id.as_ref());
    let side = match (row.buy, row.side.as_deref()) {
        (Some(true), _) => Side::Buy,
        (Some(false), _) => Side::Sell,
        (None, Some(word)) => side(word)?,
        (None, None) => return Err(VenueError::payload("fill", "no side")),
    };
    let word = row.fill_type.as_deref().unwrap_or_default();
    let settles = row.fee_currency.as_deref().is_none_or(|code| code == market.instrument.settle().code());
    let fee = row.fee_paid.0.filter(|_| settles);
    if fee.is_none() {
        let currency = row.fee_currency.as_deref().unwrap_or("not stated");
        let text = format!("{} ({currency})", row.fill_id);
        notices.push(Notice::FeeUnknown { fill: text.chars().take(80).collect() });
    }
    Ok(Row::Ours(Fill {
        instrument: market.id(),
        order: ours(market, row.cli_ord_id.as_deref(), known),
        fill_id: venue_id("fill_id", &row.fill_id)?,
        side,
        qty: market.qty("size", row.size.need("size")?)?,
        price: market.price("price", row.price.need("price")?)?,
        fee: Money::new(fee.unwrap_or_default()),
        liquidity: if word == "maker" { Liquidity::Maker } else { Liquidity::Taker },
        cause: match word {
            "liquidation" | "partialLiquidation" | "assignor" | "assignee" | "unwindBankrupt" => {
                FillCause::Liquidation
            }
            // The other side of somebody's bankruptcy.
            "unwindCounterparty" => FillCause::Deleveraging,
            _ => FillCause::Order,
        },
        venue_time: row.time.0.ok_or_else(|| VenueError::payload("fill", "no time"))?,
    }))
}
