//! What Kraken Futures answers to the engine's requests.
//!
//! `result: success` means that a request was read, not that it was carried out: the status inside decides.

use seawall_model::{
    CancelReason, Coverage, Input, Money, OrderRef, RejectReason, Report, Ts, VenueEvent, VenueOrder,
    VenueRequest,
};

use super::encode::step;
use super::rows::{self, Row};
use super::tables::{Status, error_class, status};
use super::wire::{
    Accounts, ActionStatus, Envelope, Flex, HistoryElement, HistoryEvent, HistoryPage, OpenOrderRow,
    PositionRow, StatusRow,
};
use crate::codec::{Operation, Progress, Tables, told};
use crate::error::VenueError;
use crate::http::{Repeat, Reply, Response, TransportFailure};
use crate::json::{parse, text, venue_id};
use crate::outcome::{Advice, Class, Failure, Notice, Outcome, Problem};
use crate::profile::KRAKEN_FUTURES;

/// The body of a good answer, or what went wrong.
pub(super) fn body(reply: &Reply, repeat: Repeat) -> Result<(&Response, &str), Failure> {
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
        let pause_s = response.retry_after_s.and_then(|pause| u16::try_from(pause).ok()).unwrap_or(2);
        return Err(Class::Limit(pause_s).failure(repeat, "HTTP 429"));
    }
    let text = text("body", &response.body).map_err(|_| unreadable(response, repeat, "not text"))?;
    Ok((response, text))
}

/// An answer that is not in the protocol: a page of HTML, half a message. The status code alone decides
/// nothing, except that a refused key is a refused key.
fn unreadable(response: &Response, repeat: Repeat, words: &str) -> Failure {
    let words = format!("HTTP {}: {words}", response.status);
    if response.status == 401 {
        return Failure::not_done(Advice::Terminal, Problem::Refused, &words);
    }
    let problem = if response.status >= 500 { Problem::Unavailable } else { Problem::Unreadable };
    Failure::unknown(repeat, problem, &words)
}

/// The envelope of a good answer of REST v3.
pub(super) fn envelope<'a>(reply: &'a Reply, repeat: Repeat) -> Result<(Envelope<'a>, Ts), Failure> {
    let (response, text) = body(reply, repeat)?;
    let envelope: Envelope<'a> =
        parse("answer", text).map_err(|error| unreadable(response, repeat, &error.to_string()))?;
    if envelope.result.as_deref() == Some("success") {
        let at = envelope.server_time.0.unwrap_or(response.received_at);
        return Ok((envelope, at));
    }
    let rows = envelope.errors.iter().filter_map(|row| row.message.as_deref());
    let words: Vec<&str> = envelope.error.as_deref().into_iter().chain(rows).collect();
    let class = words.iter().find_map(|words| error_class(words));
    Err(match class {
        Some(class) => class.failure(repeat, &words.join("; ")),
        None if words.is_empty() => unreadable(response, repeat, "no result"),
        None => Failure::unknown(repeat, Problem::Unlisted, &words.join("; ")),
    })
}

/// What the answer to the operation's current step means.
pub(super) fn operation(operation: &mut Operation, reply: &Reply, tables: Tables<'_>) -> Progress {
    let request = operation.request;
    let repeat = match request {
        VenueRequest::Place(_) => Repeat::Never,
        VenueRequest::Amend { .. } | VenueRequest::Cancel { .. } => Repeat::Harmless,
        VenueRequest::QueryOrder { .. }
        | VenueRequest::QueryOpenOrders
        | VenueRequest::QueryPositions
        | VenueRequest::QueryBalance => Repeat::Reads,
    };
    let done = match request {
        VenueRequest::Place(order) => action(reply, repeat).and_then(|action| placed(&action, order.order)),
        VenueRequest::Amend { order, qty, kind } => action(reply, repeat).and_then(|action| {
            let event = VenueEvent::Amended { order, qty, kind };
            expect(&action, Status::Edited, event)
        }),
        VenueRequest::Cancel { order } => action(reply, repeat).and_then(|action| cancelled(&action, order)),
        VenueRequest::QueryOrder { order } => return query_order(operation, order, reply, tables),
        VenueRequest::QueryOpenOrders => open_orders(reply, tables),
        VenueRequest::QueryPositions => positions(reply, tables),
        VenueRequest::QueryBalance => balance(reply),
    };
    Progress::Ended(done.unwrap_or_else(|failure| failed(&request, failure, reply)))
}

/// A failed operation with what the engine is told.
pub(super) fn failed(request: &VenueRequest, failure: Failure, reply: &Reply) -> Outcome {
    let at = reply.as_ref().map_or(Ts::EPOCH, |response| response.received_at);
    let inputs = told(request, &failure, at);
    Outcome::failed(failure, inputs)
}

/// The answer to something that was to be done.
struct Action {
    status: Status,
    word: String,
    order_id: Option<String>,
    /// An event of the answer says that the order was refused, and why.
    refused: Option<String>,
    repeat: Repeat,
}

fn action(reply: &Reply, repeat: Repeat) -> Result<Action, Failure> {
    let (envelope, _) = envelope(reply, repeat)?;
    let Some(row) = envelope.send_status else {
        return Err(Failure::unknown(repeat, Problem::Unreadable, "success without a status"));
    };
    let Some(status) = status(row.status.trim()) else {
        return Err(Failure::unknown(repeat, Problem::Unlisted, &row.status));
    };
    let ActionStatus { status: word, order_id, order_events, .. } = row;
    let refused = order_events.iter().find(|event| event.kind == "REJECT");
    let refused = refused.map(|event| event.reason.as_deref().unwrap_or_default().to_owned());
    match status {
        Status::Not(class) => Err(class.failure(repeat, &word)),
        Status::Accepted
        | Status::Edited
        | Status::Cancelled
        | Status::AlreadyFilled
        | Status::NothingThere => {
            let order_id = order_id.map(|id| id.into_owned());
            Ok(Action { status, word: word.into_owned(), order_id, refused, repeat })
        }
    }
}

fn done(event: VenueEvent) -> Outcome {
    Outcome::done(vec![Input::Venue(event)])
}

/// An order is accepted only with an id (I-24), and not if an event of the same answer refuses it.
fn placed(action: &Action, order: OrderRef) -> Result<Outcome, Failure> {
    if let Some(reason) = &action.refused {
        let reason = match reason.as_str() {
            "POST_WOULD_EXECUTE" => RejectReason::WouldTakeLiquidity,
            "WOULD_NOT_REDUCE_POSITION" => RejectReason::NothingToReduce,
            _ => RejectReason::Other,
        };
        return Err(Failure::not_done(Advice::Terminal, Problem::Rejected(reason), &action.word));
    }
    match action.status {
        Status::Accepted | Status::AlreadyFilled => {}
        Status::Edited | Status::Cancelled | Status::NothingThere | Status::Not(_) => {
            return Err(Failure::unknown(action.repeat, Problem::Unlisted, &action.word));
        }
    }
    let id = action.order_id.as_deref().unwrap_or_default();
    let venue_order_id = venue_id("order_id", id)
        .map_err(|error| Failure::unknown(action.repeat, Problem::Unreadable, &error.to_string()))?;
    Ok(done(VenueEvent::Accepted { order, venue_order_id }))
}

fn expect(action: &Action, wanted: Status, event: VenueEvent) -> Result<Outcome, Failure> {
    if action.status == wanted && action.refused.is_none() {
        return Ok(done(event));
    }
    Err(Failure::unknown(action.repeat, Problem::Unlisted, &action.word))
}

/// `notFound` and `filled` mean that there is nothing left to cancel, not that the order was cancelled.
fn cancelled(action: &Action, order: OrderRef) -> Result<Outcome, Failure> {
    match action.status {
        Status::Cancelled => Ok(done(VenueEvent::Cancelled { order, reason: CancelReason::Requested })),
        Status::AlreadyFilled | Status::NothingThere => {
            Err(Failure::not_done(Advice::Ask, Problem::Rejected(RejectReason::OrderNotFound), &action.word))
        }
        Status::Accepted | Status::Edited | Status::Not(_) => {
            Err(Failure::unknown(action.repeat, Problem::Unlisted, &action.word))
        }
    }
}

fn missing(what: &'static str) -> Failure {
    Failure::unknown(Repeat::Reads, Problem::Unreadable, what)
}

fn bad_row(error: &VenueError) -> Failure {
    Failure::unknown(Repeat::Reads, Problem::Unreadable, &error.to_string())
}

/// All open orders: a row of a market of ours that cannot be read makes the whole report a failed one, since
/// a report without it would say that the order is not there.
fn open_rows(reply: &Reply, tables: Tables<'_>) -> Result<(Vec<VenueOrder>, Vec<Notice>, Ts), Failure> {
    let (envelope, at) = envelope(reply, Repeat::Reads)?;
    let list = envelope.open_orders.ok_or_else(|| missing("no openOrders"))?;
    let (mut rows, mut notices) = (Vec::with_capacity(list.len()), Vec::new());
    for raw in list {
        let row: OpenOrderRow<'_> = parse("open order", raw.get()).map_err(|error| bad_row(&error))?;
        match rows::open_order(&row, tables, &mut notices).map_err(|error| bad_row(&error))? {
            Row::Ours(row) => rows.push(row),
            Row::Elsewhere(notice) => notices.push(notice),
        }
    }
    Ok((rows, notices, at))
}

fn open_orders(reply: &Reply, tables: Tables<'_>) -> Result<Outcome, Failure> {
    let (rows, notices, taken_at) = open_rows(reply, tables)?;
    let report = Report { coverage: Coverage::Complete, taken_at, rows };
    Ok(done(VenueEvent::OpenOrders(report)).with_notices(notices))
}

fn positions(reply: &Reply, tables: Tables<'_>) -> Result<Outcome, Failure> {
    let (envelope, taken_at) = envelope(reply, Repeat::Reads)?;
    let list = envelope.open_positions.ok_or_else(|| missing("no openPositions"))?;
    let (mut rows, mut elsewhere, mut notices) = (Vec::with_capacity(list.len()), Vec::new(), Vec::new());
    for raw in list {
        let row: PositionRow<'_> = parse("position", raw.get()).map_err(|error| bad_row(&error))?;
        match rows::position(&row, tables).map_err(|error| bad_row(&error))? {
            Row::Ours(row) => rows.push(row),
            Row::Elsewhere(notice) => {
                elsewhere.push(rows::holding(&row).map_err(|error| bad_row(&error))?);
                notices.push(notice);
            }
        }
    }
    let mut outcome = done(VenueEvent::Positions(Report { coverage: Coverage::Complete, taken_at, rows }));
    if !elsewhere.is_empty() {
        let report = Report { coverage: Coverage::Complete, taken_at, rows: elsewhere };
        outcome.inputs.insert(0, Input::Venue(VenueEvent::Elsewhere(report)));
    }
    Ok(outcome.with_notices(notices))
}

/// The account of the perpetuals.
pub(super) fn flex(reply: &Reply) -> Result<(Flex, Ts), Failure> {
    let (envelope, at) = envelope(reply, Repeat::Reads)?;
    let raw = envelope.accounts.ok_or_else(|| missing("no accounts"))?;
    let accounts: Accounts = parse("accounts", raw.get()).map_err(|error| bad_row(&error))?;
    let flex = accounts.flex.ok_or_else(|| missing("no multi-collateral account"))?;
    Ok((flex, at))
}

fn balance(reply: &Reply) -> Result<Outcome, Failure> {
    let (flex, _) = flex(reply)?;
    let amount = Money::new(flex.balance_value.need("balanceValue").map_err(|error| bad_row(&error))?);
    Ok(done(VenueEvent::Balance { coverage: Coverage::Complete, amount }))
}

/// One order: the list of open orders, its status, its history. Only when none of them has it is it absent.
fn query_order(operation: &mut Operation, order: OrderRef, reply: &Reply, tables: Tables<'_>) -> Progress {
    let found = match operation.step {
        step::OPEN => in_list(operation, order, reply, tables),
        step::STATUS => in_status(operation, order, reply, tables),
        _ => in_history(order, reply, tables),
    };
    let said = |coverage, row: Option<VenueOrder>, operation: &mut Operation| {
        let taken_at = operation.taken_at.unwrap_or(Ts::EPOCH);
        let report = Report { coverage, taken_at, rows: row.into_iter().collect() };
        let notices = core::mem::take(&mut operation.notices);
        Progress::Ended(done(VenueEvent::Order { order, report }).with_notices(notices))
    };
    match found {
        Ok(Found::Row(row)) => said(Coverage::Complete, Some(row), operation),
        Ok(Found::NotHere) if operation.step == step::STATUS && may_come(operation, order, tables) => {
            let at = operation.taken_at.unwrap_or(Ts::EPOCH);
            said(Coverage::Window { from: at, to: at }, None, operation)
        }
        Ok(Found::NotHere) if operation.step < step::TRIGGERS => {
            operation.step += 1;
            operation.page = None;
            Progress::Next
        }
        Ok(Found::NotHere) => said(Coverage::Complete, None, operation),
        Ok(Found::NextPage(page)) => {
            operation.page = Some(page);
            Progress::Next
        }
        Err(failure) => Progress::Ended(failed(&operation.request, failure, reply)),
    }
}

/// Whether the venue may still take the order: that it is not there proves nothing yet, so none of the few
/// questions about history that the venue allows is spent on it.
fn may_come(operation: &Operation, order: OrderRef, tables: Tables<'_>) -> bool {
    let placed_at = tables.orders.get(order.id).and_then(|known| known.placed_at);
    let horizon = KRAKEN_FUTURES.acceptance_horizon;
    placed_at.zip(operation.taken_at).is_some_and(|(placed, taken)| taken < placed.plus(horizon))
}

enum Found {
    Row(VenueOrder),
    NotHere,
    NextPage(String),
}

fn in_list(
    operation: &mut Operation,
    order: OrderRef,
    reply: &Reply,
    tables: Tables<'_>,
) -> Result<Found, Failure> {
    let (rows, _, at) = open_rows(reply, tables)?;
    operation.picture(at);
    let row = rows.into_iter().find(|row| row.order.is_some_and(|found| found.id == order.id));
    Ok(row.map_or(Found::NotHere, Found::Row))
}

fn in_status(
    operation: &mut Operation,
    order: OrderRef,
    reply: &Reply,
    tables: Tables<'_>,
) -> Result<Found, Failure> {
    let (envelope, at) = envelope(reply, Repeat::Reads)?;
    operation.picture(at);
    for raw in envelope.orders.ok_or_else(|| missing("no orders"))? {
        let row: StatusRow<'_> = parse("order status", raw.get()).map_err(|error| bad_row(&error))?;
        let found = rows::status(&row, tables, &mut operation.notices).map_err(|error| bad_row(&error))?;
        match found {
            Row::Ours(row) if row.order.is_some_and(|found| found.id == order.id) => {
                return Ok(Found::Row(row));
            }
            Row::Ours(_) => {}
            Row::Elsewhere(notice) => operation.notices.push(notice),
        }
    }
    Ok(Found::NotHere)
}

/// Events come newest first: the first one about the order decides. One that proves no end makes the report
/// a failed one, since the order was there and is not among the open ones.
fn in_history(order: OrderRef, reply: &Reply, tables: Tables<'_>) -> Result<Found, Failure> {
    let (response, text) = body(reply, Repeat::Reads)?;
    if response.status != 200 {
        envelope(reply, Repeat::Reads)?;
        return Err(missing("no history"));
    }
    let page: HistoryPage<'_> = parse("history", text).map_err(|error| bad_row(&error))?;
    let wire = order.id.wire();
    let known = tables.orders.get(order.id).and_then(|known| known.venue_id).map(|(_, id)| id.to_string());
    for raw in page.elements {
        let element: HistoryElement<'_> = parse("history", raw.get()).map_err(|error| bad_row(&error))?;
        for (kind, raw) in element.event {
            let Ok(event) = parse::<HistoryEvent<'_>>("history", raw.get()) else { continue };
            let Some(past) = event.order else { continue };
            let same =
                past.client_id.as_deref() == Some(wire.as_str()) || known.as_deref() == Some(&*past.uid);
            if !same {
                continue;
            }
            let row = rows::past(&kind, &past, tables).map_err(|error| bad_row(&error))?;
            let row = row.map(|row| VenueOrder { order: Some(order), ..row });
            return row.map(Found::Row).ok_or_else(|| missing("the history shows no end of the order"));
        }
    }
    Ok(page.continuation_token.map_or(Found::NotHere, |token| Found::NextPage(token.into_owned())))
}
