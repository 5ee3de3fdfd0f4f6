//! What Kraken spot answers to the engine's requests. Errors come with HTTP 200; their prefix decides.

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, Coverage, Input, Money, OrderRef, PriceUnits, QtyUnits, RejectReason, Report, Ts,
    VenueEvent, VenueOrder, VenuePosition, VenueRequest,
};

use super::encode::step;
use super::rows;
use super::tables::{currency, error_class};
use super::wire::{Added, Amended, BalanceRow, ClosedOrders, Counted, Envelope, OpenOrders};
use crate::codec::{Operation, Progress, Tables};
use crate::error::VenueError;
use crate::http::{Repeat, Reply, Response, TransportFailure};
use crate::json::{Text, parse, text, venue_id};
use crate::market::Markets;
use crate::outcome::{Advice, Class, Failure, Notice, Outcome, Problem};

/// The result of a good answer, or what went wrong.
pub(super) fn result(reply: &Reply, repeat: Repeat) -> Result<(&str, Ts), Failure> {
    let response = match reply {
        Ok(response) => response,
        Err(TransportFailure::NotSent) => {
            return Err(Failure::not_done(Advice::Again, Problem::Transport, "not sent"));
        }
        Err(TransportFailure::MaybeSent) => {
            return Err(Failure::unknown(repeat, Problem::Transport, "no answer"));
        }
    };
    if response.status == 429 {
        let pause_s = response.retry_after_s.and_then(|pause| u16::try_from(pause).ok()).unwrap_or(5);
        return Err(Class::Limit(pause_s).failure(repeat, "HTTP 429"));
    }
    let text = text("body", &response.body).map_err(|_| unreadable(response, repeat, "not text"))?;
    let envelope: Envelope<'_> =
        parse("answer", text).map_err(|error| unreadable(response, repeat, &error.to_string()))?;
    // What begins with W is a warning.
    let errors: Vec<&str> =
        envelope.error.iter().map(|words| &**words).filter(|w| !w.starts_with('W')).collect();
    if errors.is_empty() {
        let result = envelope.result.ok_or_else(|| unreadable(response, repeat, "no result"))?;
        return Ok((result.get(), response.received_at));
    }
    let words = errors.join("; ");
    let class = errors.iter().find_map(|words| error_class(words));
    Err(class.map_or_else(
        || Failure::unknown(repeat, Problem::Unlisted, &words),
        |class| class.failure(repeat, &words),
    ))
}

fn unreadable(response: &Response, repeat: Repeat, words: &str) -> Failure {
    let words = format!("HTTP {}: {words}", response.status);
    let problem = if response.status >= 500 { Problem::Unavailable } else { Problem::Unreadable };
    Failure::unknown(repeat, problem, &words)
}

fn done(event: VenueEvent) -> Outcome {
    Outcome::done(vec![Input::Venue(event)])
}

pub(super) fn bad(error: impl core::fmt::Display) -> Failure {
    Failure::unknown(Repeat::Reads, Problem::Unreadable, &error.to_string())
}

/// What the answer to the operation's current step means.
pub(super) fn operation(operation: &mut Operation, reply: &Reply, tables: Tables<'_>) -> Progress {
    let request = operation.request;
    let ended = match request {
        VenueRequest::Place(order) => placed(reply, order.order),
        VenueRequest::Amend { order, qty, kind } => amended(reply, VenueEvent::Amended { order, qty, kind }),
        VenueRequest::Cancel { order } => cancelled(reply, order),
        VenueRequest::QueryOrder { order } => return query_order(operation, order, reply, tables),
        VenueRequest::QueryOpenOrders => open_orders(reply, operation.sent_at, tables),
        VenueRequest::QueryPositions => positions(reply, operation.sent_at, tables.markets),
        VenueRequest::QueryBalance => balance(reply, tables.markets),
    };
    Progress::Ended(ended.unwrap_or_else(|failure| failed(&request, failure, operation.sent_at)))
}

fn failed(request: &VenueRequest, failure: Failure, at: Ts) -> Outcome {
    let inputs = crate::codec::told(request, &failure, at);
    Outcome::failed(failure, inputs)
}

/// An order is accepted only with exactly one id (I-24).
fn placed(reply: &Reply, order: OrderRef) -> Result<Outcome, Failure> {
    let unknown = |words: &str| Failure::unknown(Repeat::Never, Problem::Unreadable, words);
    let (text, _) = result(reply, Repeat::Never)?;
    let added: Added<'_> = parse("order", text).map_err(|error| unknown(&error.to_string()))?;
    let [txid] = &added.txid[..] else { return Err(unknown("not one order id")) };
    let venue_order_id = venue_id("txid", txid).map_err(|error| unknown(&error.to_string()))?;
    Ok(done(VenueEvent::Accepted { order, venue_order_id }))
}

fn amended(reply: &Reply, event: VenueEvent) -> Result<Outcome, Failure> {
    let (text, _) = result(reply, Repeat::Harmless)?;
    let unknown = |words: &str| Failure::unknown(Repeat::Harmless, Problem::Unreadable, words);
    let amended: Amended<'_> = parse("amendment", text).map_err(|error| unknown(&error.to_string()))?;
    amended.amend_id.map(|_| done(event)).ok_or_else(|| unknown("no amend_id"))
}

/// A count of zero means that there was nothing to cancel; `pending` that it is not done yet.
fn cancelled(reply: &Reply, order: OrderRef) -> Result<Outcome, Failure> {
    let (text, _) = result(reply, Repeat::Harmless)?;
    let unknown = |words: &str| Failure::unknown(Repeat::Harmless, Problem::Unreadable, words);
    let counted: Counted = parse("cancellation", text).map_err(|error| unknown(&error.to_string()))?;
    if text.contains("\"pending\":true") || text.contains("\"pending\": true") {
        return Err(unknown("pending"));
    }
    if counted.count == 0 {
        let problem = Problem::Rejected(RejectReason::OrderNotFound);
        return Err(Failure::not_done(Advice::Ask, problem, "count 0"));
    }
    Ok(done(VenueEvent::Cancelled { order, reason: CancelReason::Requested }))
}

fn rows_of<'a>(
    list: impl IntoIterator<Item = (Text<'a>, &'a serde_json::value::RawValue)>,
    tables: Tables<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Vec<VenueOrder>, Failure> {
    let mut rows = Vec::new();
    for (txid, raw) in list {
        match rows::order(&txid, raw.get(), tables, notices).map_err(bad)? {
            rows::Row::Ours(row) => rows.push(row),
            rows::Row::Elsewhere(notice) => notices.push(notice),
        }
    }
    Ok(rows)
}

fn open_orders(reply: &Reply, taken_at: Ts, tables: Tables<'_>) -> Result<Outcome, Failure> {
    let (text, _) = result(reply, Repeat::Reads)?;
    let list: OpenOrders<'_> = parse("open orders", text).map_err(bad)?;
    let mut notices = Vec::new();
    let rows = rows_of(list.open, tables, &mut notices)?;
    let report = Report { coverage: Coverage::Complete, taken_at, rows };
    Ok(done(VenueEvent::OpenOrders(report)).with_notices(notices))
}

/// Open orders first, then ended ones: an order that ends in between is among the ended ones.
fn query_order(operation: &mut Operation, order: OrderRef, reply: &Reply, tables: Tables<'_>) -> Progress {
    operation.picture(operation.sent_at);
    let taken_at = operation.taken_at.unwrap_or(operation.sent_at);
    let mut notices = core::mem::take(&mut operation.notices);
    let rows = result(reply, Repeat::Reads).and_then(|(text, _)| {
        if operation.step == step::OPEN {
            let list: OpenOrders<'_> = parse("open orders", text).map_err(bad)?;
            rows_of(list.open, tables, &mut notices)
        } else {
            let list: ClosedOrders<'_> = parse("closed orders", text).map_err(bad)?;
            rows_of(list.closed, tables, &mut notices)
        }
    });
    let rows = match rows {
        Ok(rows) => rows,
        Err(failure) => return Progress::Ended(failed(&operation.request, failure, taken_at)),
    };
    let row = rows.into_iter().find(|row| row.order.is_some_and(|found| found.id == order.id));
    if row.is_none() && operation.step < step::CLOSED {
        operation.step = step::CLOSED;
        operation.notices = notices;
        return Progress::Next;
    }
    let report = Report { coverage: Coverage::Complete, taken_at, rows: row.into_iter().collect() };
    Progress::Ended(done(VenueEvent::Order { order, report }).with_notices(notices))
}

/// Balances by currency. What is staked, lent or otherwise set apart has a suffix and cannot be traded.
pub(super) fn balances(reply: &Reply) -> Result<Vec<(String, Decimal, Decimal)>, Failure> {
    let (text, _) = result(reply, Repeat::Reads)?;
    let list: std::collections::BTreeMap<Text<'_>, BalanceRow> = parse("balances", text).map_err(bad)?;
    let free = list.iter().filter(|(code, _)| !code.contains('.'));
    free.map(|(code, row)| {
        let held = row.hold_trade.0.unwrap_or_default();
        Ok((currency(code).to_owned(), row.balance.need("balance").map_err(bad)?, held))
    })
    .collect()
}

/// There are no positions on a spot venue: what is held of the base currency is one, down to whole lots. The
/// venue knows no entry price; zero says so, and the engine prices such a position by the market (D-26).
fn positions(reply: &Reply, taken_at: Ts, markets: &Markets) -> Result<Outcome, Failure> {
    let balances = balances(reply)?;
    let mut rows: Vec<VenuePosition> = Vec::new();
    for market in markets.iter() {
        let base = market.instrument.name().base();
        // Two markets of one base hold the same coins: the first one has the position.
        let taken = rows
            .iter()
            .any(|row| markets.get(row.instrument).is_ok_and(|other| other.instrument.name().base() == base));
        let held = balances.iter().find(|(code, ..)| code == base.code()).map(|(_, balance, _)| *balance);
        let qty = held.map_or(QtyUnits::ZERO, |held| market.instrument.floor_qty(held));
        if !taken && !qty.is_zero() {
            rows.push(VenuePosition { instrument: market.id(), qty, entry_price: PriceUnits::ZERO });
        }
    }
    let report = Report { coverage: Coverage::Complete, taken_at, rows };
    Ok(done(VenueEvent::Positions(report)))
}

/// The account's money: the quote currency that the markets of the run settle in.
pub(super) fn cash(balances: &[(String, Decimal, Decimal)], markets: &Markets) -> Result<Money, VenueError> {
    let settle = markets.iter().next().map(|market| market.instrument.settle());
    let settle = settle.ok_or_else(|| VenueError::UnknownSymbol { symbol: "any".to_owned() })?;
    let held = balances.iter().find(|(code, ..)| code == settle.code());
    Ok(held.map_or(Money::ZERO, |(_, balance, _)| Money::new(*balance)))
}

fn balance(reply: &Reply, markets: &Markets) -> Result<Outcome, Failure> {
    let amount = cash(&balances(reply)?, markets).map_err(bad)?;
    Ok(done(VenueEvent::Balance { coverage: Coverage::Complete, amount }))
}
