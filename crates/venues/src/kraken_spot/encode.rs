//! Requests to Kraken spot.

use std::borrow::Cow;

use arrayvec::ArrayVec;
use seawall_model::{
    ClientOrderId, InstrumentId, OrderKind, OrderRequest, QtyUnits, TimeInForce, Timeframe, TriggerSource,
    Ts, VenueRequest,
};

use super::records;
use super::tables::{ADD_COST, AMEND_COST, AMEND_COSTS, CANCEL_COSTS, by_age, cost, path};
use crate::codec::{Operation, Tables};
use crate::error::VenueError;
use crate::http::{Body, Cost, Form, Host, Lane, Method, Pool, Repeat, Request};
use crate::json::plain;
use crate::market::{Market, Markets};
use crate::profile::KRAKEN_SPOT;
use crate::query::Query;

/// Steps of a question about one order.
pub(super) mod step {
    /// Open orders with our id.
    pub(crate) const OPEN: u8 = 0;
    /// Ended orders with our id: an id is free again once its order has ended.
    pub(crate) const CLOSED: u8 = 1;
}

pub(super) fn private(path: &'static str, form: Form, repeat: Repeat) -> Request {
    let mut costs = ArrayVec::new();
    if cost(path) > 0 {
        costs.push(Cost { pool: Pool::Private, milli: cost(path) });
    }
    Request {
        method: Method::Post,
        host: Host::Rest,
        path: Cow::Borrowed(path),
        query: String::new(),
        body: Body::Form(form.into_text()),
        signed: true,
        lane: Lane::Reconcile,
        repeat,
        costs,
    }
}

/// A request that is counted for its pair.
fn on_pair(path: &'static str, form: Form, repeat: Repeat, pair: InstrumentId, units: u32) -> Request {
    let mut request = private(path, form, repeat);
    request.costs.push(Cost::units(Pool::Orders(pair), units));
    request
}

/// The request of the operation's current step.
pub(super) fn operation(at: Ts, operation: &Operation, tables: Tables<'_>) -> Result<Request, VenueError> {
    match &operation.request {
        VenueRequest::Place(order) => place(at, order, tables.markets.get(order.order.instrument)?),
        VenueRequest::Amend { order, qty, kind } => {
            amend(at, tables, tables.markets.get(order.instrument)?, (order.id, *qty, *kind))
        }
        VenueRequest::Cancel { order } => {
            let form = Form::new().with("cl_ord_id", order.id.wire());
            let units = by_age(CANCEL_COSTS, 0, age_s(at, order.id, tables));
            Ok(on_pair(path::CANCEL_ORDER, form, Repeat::Harmless, order.instrument, units))
        }
        VenueRequest::QueryOrder { order } => {
            let form = Form::new().with("cl_ord_id", order.id.wire());
            let path = if operation.step == step::OPEN { path::OPEN_ORDERS } else { path::CLOSED_ORDERS };
            Ok(private(path, form, Repeat::Reads))
        }
        VenueRequest::QueryOpenOrders => Ok(private(path::OPEN_ORDERS, Form::new(), Repeat::Reads)),
        VenueRequest::QueryPositions | VenueRequest::QueryBalance => {
            Ok(private(path::BALANCE, Form::new(), Repeat::Reads))
        }
    }
}

fn age_s(at: Ts, id: ClientOrderId, tables: Tables<'_>) -> Option<i64> {
    let placed_at = tables.orders.get(id)?.placed_at?;
    Some(at.since(placed_at).millis() / 1000)
}

fn order_type(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit { .. } => "limit",
        OrderKind::StopMarket { .. } => "stop-loss",
        OrderKind::StopLimit { .. } => "stop-loss-limit",
        OrderKind::TakeProfitMarket { .. } => "take-profit",
        OrderKind::TakeProfitLimit { .. } => "take-profit-limit",
    }
}

fn signal(kind: OrderKind) -> Result<Option<&'static str>, VenueError> {
    match kind.trigger().map(|trigger| trigger.source) {
        None => Ok(None),
        Some(TriggerSource::Last) => Ok(Some("last")),
        Some(TriggerSource::Index) => Ok(Some("index")),
        Some(TriggerSource::Mark) => {
            Err(VenueError::NotSupported { venue: KRAKEN_SPOT.venue, what: "trigger on a mark price" })
        }
    }
}

fn price(market: &Market, units: seawall_model::PriceUnits) -> String {
    plain(market.instrument.price(units).get())
}

fn expires(at: Ts) -> Option<Ts> {
    KRAKEN_SPOT.placement_expires.map(|span| Ts::from_millis(at.plus(span).millis()))
}

/// `price` is the trigger of a conditional order and `price2` its limit. `reduce_only` is not sent: without
/// margin there is nothing that it could mean, a sale of what is held only reduces.
fn place(at: Ts, order: &OrderRequest, market: &Market) -> Result<Request, VenueError> {
    let kind = order.kind;
    let limit = kind.limit().map(|limit| price(market, limit));
    let trigger = kind.trigger().map(|trigger| price(market, trigger.price));
    let (first, second) = if trigger.is_some() { (trigger, limit) } else { (limit, None) };
    let time_in_force = match kind {
        OrderKind::Limit { time_in_force, .. } => Some(time_in_force),
        OrderKind::Market
        | OrderKind::StopMarket { .. }
        | OrderKind::StopLimit { .. }
        | OrderKind::TakeProfitMarket { .. }
        | OrderKind::TakeProfitLimit { .. } => None,
    };
    let form = Form::new()
        .with("pair", &market.listed.symbol)
        .with("type", order.side.name())
        .with("ordertype", order_type(kind))
        .with("volume", plain(market.instrument.qty(order.qty).get()))
        .with_some("price", first)
        .with_some("price2", second)
        .with_some("trigger", signal(kind)?)
        .with_some("oflags", (time_in_force == Some(TimeInForce::PostOnly)).then_some("post"))
        .with_some("timeinforce", (time_in_force == Some(TimeInForce::ImmediateOrCancel)).then_some("IOC"))
        .with("cl_ord_id", order.order.id.wire())
        .with_some("deadline", expires(at));
    Ok(on_pair(path::ADD_ORDER, form, Repeat::Never, market.id(), ADD_COST))
}

fn amend(
    at: Ts,
    tables: Tables<'_>,
    market: &Market,
    terms: (ClientOrderId, QtyUnits, OrderKind),
) -> Result<Request, VenueError> {
    let (id, qty, kind) = terms;
    let form = Form::new()
        .with("cl_ord_id", id.wire())
        .with("order_qty", plain(market.instrument.qty(qty).get()))
        .with_some("limit_price", kind.limit().map(|limit| price(market, limit)))
        .with_some("trigger_price", kind.trigger().map(|trigger| price(market, trigger.price)))
        .with_some("deadline", expires(at));
    let units = by_age(AMEND_COSTS, AMEND_COST, age_s(at, id, tables));
    Ok(on_pair(path::AMEND_ORDER, form, Repeat::Harmless, market.id(), units))
}

fn interval(timeframe: Timeframe) -> Result<i64, VenueError> {
    if KRAKEN_SPOT.timeframes.contains(&timeframe) {
        return Ok(timeframe.minutes());
    }
    Err(VenueError::NotSupported { venue: KRAKEN_SPOT.venue, what: "candles of this length" })
}

/// The request for a question.
pub(super) fn query(query: &Query, markets: &Markets) -> Result<Request, VenueError> {
    match *query {
        Query::ServerTime => Ok(Request::public(path::TIME, Form::new())),
        Query::Instruments => Ok(Request::public(path::ASSET_PAIRS, Form::new())),
        Query::Tickers => Ok(Request::public(path::TICKER, Form::new())),
        Query::Candles { instrument, timeframe, from } => {
            let market = markets.get(instrument)?;
            let minutes = interval(timeframe)?;
            // `since` may be exclusive: one interval earlier is asked for.
            let since = timeframe.floor(from).millis() / 1000 - minutes * 60;
            let form = Form::new()
                .with("pair", &market.listed.symbol)
                .with("interval", minutes)
                .with("since", since.max(0));
            Ok(Request::public(path::OHLC, form))
        }
        Query::Fills { since, before } => {
            let form = Form::new()
                .with("start", since.millis() / 1000)
                .with_some("end", before.map(|before| before.millis() / 1000 + 1));
            Ok(private(path::TRADES, form, Repeat::Reads))
        }
        Query::Account => Ok(private(path::BALANCE, Form::new(), Repeat::Reads)),
        Query::Permissions => Ok(private(path::KEY_INFO, Form::new(), Repeat::Reads)),
        Query::StreamToken => Ok(private(path::STREAM_TOKEN, Form::new(), Repeat::Reads)),
        Query::DeadMan { timeout_s } => {
            Ok(private(path::CANCEL_ALL_AFTER, Form::new().with("timeout", timeout_s), Repeat::Harmless))
        }
        Query::CancelAll { instrument: None } => {
            let mut request = private(path::CANCEL_ALL, Form::new(), Repeat::Harmless);
            request.lane = Lane::Cancel;
            Ok(request)
        }
        Query::CancelAll { instrument: Some(_) } => Err(VenueError::NotSupported {
            venue: KRAKEN_SPOT.venue,
            what: "cancellation of one market's orders",
        }),
        Query::Leverage { .. } => {
            Err(VenueError::NotSupported { venue: KRAKEN_SPOT.venue, what: "leverage" })
        }
        Query::Records(records) => records::ask(records, markets),
    }
}
