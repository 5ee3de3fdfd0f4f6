//! Requests to Kraken Futures.

use std::borrow::Cow;

use seawall_model::{
    ClientOrderId, OrderKind, OrderRequest, QtyUnits, Span, TimeInForce, Timeframe, TriggerSource, Ts,
    VenueRequest,
};

use super::records;
use super::tables::{CANDLES_PAGE, FILLS_PAGED_COST, cost, path};
use crate::codec::{Operation, Tables};
use crate::error::VenueError;
use crate::http::{Body, Cost, Form, Host, Lane, Method, Pool, Repeat, Request};
use crate::json::plain;
use crate::market::{Market, Markets};
use crate::orders::IdSpace;
use crate::profile::KRAKEN_FUTURES;
use crate::query::Query;

/// Steps of a question about one order.
pub(super) mod step {
    /// The list of open orders: terms are right there.
    pub(crate) const OPEN: u8 = 0;
    /// The status by id: also what has just ended, and woken triggers that the list hides.
    pub(crate) const STATUS: u8 = 1;
    /// What happened to orders.
    pub(crate) const HISTORY: u8 = 2;
    /// What happened to conditional orders.
    pub(crate) const TRIGGERS: u8 = 3;
}

/// How far back history is read for an order whose placement this process does not remember.
const HISTORY_SPAN: Span = Span::from_secs(86_400);
/// History is read from a little before the placement: clocks differ.
const HISTORY_MARGIN: Span = Span::from_secs(60);

/// `2026-01-02T03:04:05.000Z`: the venue's instants have milliseconds.
#[must_use]
pub(super) fn iso_millis(at: Ts) -> String {
    let text = Ts::from_millis(at.millis()).to_string();
    let Some(head) = text.strip_suffix('Z') else { return text };
    match head.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<3}Z"),
        None => format!("{head}.000Z"),
    }
}

fn private(method: Method, path: &'static str, form: Form, repeat: Repeat) -> Request {
    let text = form.into_text();
    let (query, body) = match method {
        Method::Post => (String::new(), Body::Form(text)),
        Method::Get | Method::Put | Method::Delete => (text, Body::None),
    };
    Request {
        method,
        host: Host::Rest,
        path: Cow::Borrowed(path),
        query,
        body,
        signed: true,
        lane: Lane::Reconcile,
        repeat,
        costs: [Cost::units(Pool::Private, cost(path))].into_iter().collect(),
    }
}

pub(super) fn read(path: &'static str, form: Form) -> Request {
    private(Method::Get, path, form, Repeat::Reads)
}

pub(super) fn history(path: &'static str, form: Form) -> Request {
    let mut request = read(path, form);
    request.costs = [Cost::units(Pool::History, 1)].into_iter().collect();
    request
}

/// The request of the operation's current step.
pub(super) fn operation(at: Ts, operation: &Operation, tables: Tables<'_>) -> Result<Request, VenueError> {
    match &operation.request {
        VenueRequest::Place(order) => place(at, order, tables.markets),
        VenueRequest::Amend { order, qty, kind } => {
            amend(at, tables.markets.get(order.instrument)?, order.id, *qty, *kind)
        }
        VenueRequest::Cancel { order } => {
            Ok(private(Method::Post, path::CANCEL_ORDER, cancel_name(order.id, tables), Repeat::Harmless))
        }
        VenueRequest::QueryOrder { order } => Ok(query_order(at, operation, order.id, tables)),
        VenueRequest::QueryOpenOrders => Ok(read(path::OPEN_ORDERS, Form::new())),
        VenueRequest::QueryPositions => Ok(read(path::OPEN_POSITIONS, Form::new())),
        VenueRequest::QueryBalance => Ok(read(path::ACCOUNTS, Form::new())),
    }
}

/// The venue's id where we know it: it is unique for good, ours among open orders only.
fn cancel_name(id: ClientOrderId, tables: Tables<'_>) -> Form {
    match tables.orders.get(id).and_then(|known| known.venue_id) {
        Some((IdSpace::Orders, venue_id)) => Form::new().with("order_id", venue_id),
        Some((IdSpace::Conditional, _)) | None => Form::new().with("cliOrdId", id.wire()),
    }
}

/// The order type and the prices that belong to it. All of them, always: an edit resets what it leaves out.
fn terms(form: Form, market: &Market, kind: OrderKind) -> Form {
    let price = |units| plain(market.instrument.price(units).get());
    let limit = kind.limit().map(price);
    let stop = kind.trigger().map(|trigger| price(trigger.price));
    form.with_some("limitPrice", limit).with_some("stopPrice", stop)
}

fn order_type(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "mkt",
        OrderKind::Limit { time_in_force: TimeInForce::GoodTilCancelled, .. } => "lmt",
        OrderKind::Limit { time_in_force: TimeInForce::ImmediateOrCancel, .. } => "ioc",
        OrderKind::Limit { time_in_force: TimeInForce::PostOnly, .. } => "post",
        OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. } => "stp",
        OrderKind::TakeProfitMarket { .. } | OrderKind::TakeProfitLimit { .. } => "take_profit",
    }
}

fn signal(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Mark => "mark",
        TriggerSource::Last => "last",
        TriggerSource::Index => "index",
    }
}

fn expires(at: Ts) -> Option<String> {
    KRAKEN_FUTURES.placement_expires.map(|span| iso_millis(at.plus(span)))
}

fn place(at: Ts, order: &OrderRequest, markets: &Markets) -> Result<Request, VenueError> {
    let market = markets.get(order.order.instrument)?;
    let form = Form::new()
        .with("orderType", order_type(order.kind))
        .with("symbol", &market.listed.symbol)
        .with("side", order.side.name())
        .with("size", plain(market.instrument.qty(order.qty).get()));
    let form = terms(form, market, order.kind)
        .with_some("triggerSignal", order.kind.trigger().map(|trigger| signal(trigger.source)))
        .with("reduceOnly", order.reduce_only)
        .with("cliOrdId", order.order.id.wire())
        .with_some("processBefore", expires(at));
    Ok(private(Method::Post, path::SEND_ORDER, form, Repeat::Never))
}

/// The venue keeps nothing that an edit leaves out, and reads `size` as what remains unless it is told that
/// the total is meant.
fn amend(
    at: Ts,
    market: &Market,
    id: ClientOrderId,
    qty: QtyUnits,
    kind: OrderKind,
) -> Result<Request, VenueError> {
    let form = Form::new()
        .with("cliOrdId", id.wire())
        .with("size", plain(market.instrument.qty(qty).get()))
        .with("qtyMode", "ABSOLUTE");
    let form = terms(form, market, kind).with_some("processBefore", expires(at));
    Ok(private(Method::Post, path::EDIT_ORDER, form, Repeat::Harmless))
}

fn query_order(at: Ts, operation: &Operation, id: ClientOrderId, tables: Tables<'_>) -> Request {
    let placed_at = tables.orders.get(id).and_then(|known| known.placed_at);
    let since = placed_at.map_or(at.minus(HISTORY_SPAN), |placed| placed.minus(HISTORY_MARGIN));
    let past = |path| {
        let form = Form::new()
            .with("since", since.millis())
            .with("sort", "desc")
            .with_some("continuation_token", operation.page.as_deref());
        history(path, form)
    };
    match operation.step {
        step::OPEN => read(path::OPEN_ORDERS, Form::new()),
        step::STATUS => private(
            Method::Post,
            path::ORDERS_STATUS,
            Form::new().with("cliOrdIds", id.wire()),
            Repeat::Reads,
        ),
        step::HISTORY => past(path::HISTORY_ORDERS),
        _ => past(path::HISTORY_TRIGGERS),
    }
}

fn resolution(timeframe: Timeframe) -> Result<&'static str, VenueError> {
    if KRAKEN_FUTURES.timeframes.contains(&timeframe) {
        return Ok(timeframe.name());
    }
    Err(VenueError::NotSupported { venue: KRAKEN_FUTURES.venue, what: "candles of this length" })
}

/// The request for a question.
pub(super) fn query(at: Ts, query: &Query, markets: &Markets) -> Result<Request, VenueError> {
    match *query {
        // Every answer says what time it is there; one ticker is the shortest.
        Query::ServerTime => {
            let symbol = markets.iter().next().map_or("PF_XBTUSD", |market| &market.listed.symbol);
            Ok(Request::public(format!("{}/{symbol}", path::TICKERS), Form::new()))
        }
        Query::Instruments => Ok(Request::public(path::INSTRUMENTS, Form::new())),
        Query::Tickers => Ok(Request::public(path::TICKERS, Form::new())),
        Query::Candles { instrument, timeframe, from } => {
            let market = markets.get(instrument)?;
            let step_s = timeframe.minutes() * 60;
            let from_s = timeframe.floor(from).millis() / 1000;
            let to_s = (from_s + step_s * CANDLES_PAGE).min(at.millis() / 1000);
            let path = format!("{}/trade/{}/{}", path::CHARTS, market.listed.symbol, resolution(timeframe)?);
            Ok(Request::public(path, Form::new().with("from", from_s).with("to", to_s)))
        }
        Query::Fills { before, .. } => {
            let mut request =
                read(path::FILLS, Form::new().with_some("lastFillTime", before.map(iso_millis)));
            if before.is_some() {
                request.costs = [Cost::units(Pool::Private, FILLS_PAGED_COST)].into_iter().collect();
            }
            Ok(request)
        }
        Query::Account => Ok(read(path::ACCOUNTS, Form::new())),
        Query::Permissions => {
            let mut request = read(path::CHECK_KEY, Form::new());
            request.costs.clear();
            Ok(request)
        }
        Query::StreamToken => {
            Err(VenueError::NotSupported { venue: KRAKEN_FUTURES.venue, what: "token for its stream" })
        }
        Query::DeadMan { timeout_s } => Ok(private(
            Method::Post,
            path::CANCEL_ALL_AFTER,
            Form::new().with("timeout", timeout_s),
            Repeat::Harmless,
        )),
        Query::CancelAll { instrument } => {
            let market = instrument.map(|id| markets.get(id)).transpose()?;
            let form = Form::new().with_some("symbol", market.map(|market| &market.listed.symbol));
            let mut request = private(Method::Post, path::CANCEL_ALL, form, Repeat::Harmless);
            request.lane = Lane::Cancel;
            Ok(request)
        }
        Query::Leverage { instrument, max } => {
            let market = markets.get(instrument)?;
            let form = Form::new()
                .with("symbol", &market.listed.symbol)
                .with_some("maxLeverage", max.map(|max| plain(max.get())));
            Ok(private(Method::Put, path::LEVERAGE, form, Repeat::Harmless))
        }
        Query::Records(records) => records::ask(records, markets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_three_decimals() {
        let text = |ms: i64| iso_millis(Ts::from_millis(ms));
        assert_eq!(text(1_767_323_045_000), "2026-01-02T03:04:05.000Z");
        assert_eq!(text(1_767_323_045_500), "2026-01-02T03:04:05.500Z");
        assert_eq!(text(1_767_323_045_006), "2026-01-02T03:04:05.006Z");
    }
}
