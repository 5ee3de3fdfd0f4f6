//! The control endpoint: what a test asks and does behind the venue's back. It is no part of any venue's
//! protocol; the server answers it to this machine alone.
//!
//! `GET /testnet/state`: positions, open orders, fills and money as the venue knows them; with `?fills=no`
//! without the fills. `GET /testnet/orders?after=NUMBER`: every order that is remembered, open or over, from
//! the one after that number on. `GET` and `POST /testnet/faults`: the rules in force, and others in
//! their place
//! (JSON or YAML). `POST /testnet/positions`, `/testnet/orders`: a position, an order that no client placed.
//! `POST /testnet/liquidate` `{symbol}`, `/testnet/transfer` `{amount}`, `/testnet/cancel` `{order_id}`: the
//! venue acts by itself.

use rust_decimal::Decimal;
use seawall_model::Ts;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::read as read_faults;
use crate::json::{iso, text};
use crate::protocol::{HttpReply, HttpRequest, Protocol};
use crate::testnet::Testnet;
use crate::world::{End, FillRow, Order, SeedOrder, SeedPosition, State};

/// The first part of every path of it.
pub const PREFIX: &str = "/testnet/";

#[derive(Deserialize)]
struct Named {
    symbol: String,
}

#[derive(Deserialize)]
struct Amount {
    amount: Decimal,
}

#[derive(Deserialize)]
struct Cancel {
    order_id: String,
}

/// Answers a request of the control endpoint.
pub fn answer(testnet: &mut Testnet, at: Ts, request: &HttpRequest) -> HttpReply {
    testnet.advance(at);
    let done = act(testnet, request);
    // What it made happen reaches the streams now.
    testnet.advance(at);
    match done {
        Ok(body) => HttpReply::json(200, &body),
        Err(error) => HttpReply::json(400, &json!({ "error": error })),
    }
}

fn act(testnet: &mut Testnet, request: &HttpRequest) -> Result<Value, String> {
    let name = request.path().strip_prefix(PREFIX).unwrap_or_default();
    let body = request.text();
    match (request.method.as_str(), name) {
        ("GET", "state") => Ok(state(testnet, request.query() != "fills=no")),
        ("GET", "orders") => {
            let after = request.query().strip_prefix("after=").map_or(Ok(0), str::parse);
            Ok(orders(testnet, after.map_err(|_| "after is the number of an order")?))
        }
        ("GET", "faults") => Ok(faults(testnet)),
        ("POST", "faults") => {
            let rules = read_faults("faults", body).map_err(|error| error.to_string())?;
            testnet.set_faults(rules);
            Ok(faults(testnet))
        }
        ("POST", "positions") => {
            let seed: SeedPosition = parse(body)?;
            testnet.world_mut().seed_position(&seed).map_err(|error| error.to_string())?;
            Ok(json!({ "done": true }))
        }
        ("POST", "orders") => {
            let seed: SeedOrder = parse(body)?;
            let key = testnet.world_mut().seed_order(&seed).map_err(|error| error.to_string())?;
            let id = testnet.world().orders().get(key).map(|order| order.uid.clone());
            Ok(json!({ "order_id": id }))
        }
        ("POST", "liquidate") => {
            let Named { symbol } = parse(body)?;
            let id = testnet.world().resolve(&symbol).ok_or("no such instrument")?;
            testnet.world_mut().liquidate(id);
            Ok(json!({ "done": true }))
        }
        ("POST", "transfer") => {
            let Amount { amount } = parse(body)?;
            if testnet.world_mut().transfer(amount) {
                Ok(json!({ "done": true }))
            } else {
                Err("there is not enough".to_owned())
            }
        }
        ("POST", "cancel") => {
            let Cancel { order_id } = parse(body)?;
            let key = testnet.world().orders().by_uid(&order_id).map(|order| order.key);
            let key = key.ok_or("no such order")?;
            testnet.world_mut().cancel(key, End::Admin).map_err(|reason| reason.name().to_owned())?;
            Ok(json!({ "done": true }))
        }
        _ => Err("no such path".to_owned()),
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

fn faults(testnet: &Testnet) -> Value {
    let rules: Vec<&crate::faults::FaultRule> = testnet.faults().rules().collect();
    let counts: Vec<Value> = testnet
        .faults()
        .counts()
        .iter()
        .map(|(fault, count)| json!({ "fault": fault, "count": count }))
        .collect();
    json!({ "rules": rules, "happened": counts })
}

/// Orders with a number above `after`, oldest first.
fn orders(testnet: &Testnet, after: u32) -> Value {
    let world = testnet.world();
    let row = |order: &Order| {
        let market = world.market(order.asked.instrument)?;
        let state = match order.state {
            State::Waiting => "waiting",
            State::Open => "open",
            State::Filled => "filled",
            State::Ended(End::Refused(reason)) => reason.name(),
            State::Ended(_) => "ended",
        };
        Some(json!({
            "number": order.key,
            "order_id": order.uid,
            "client_id": order.asked.client_id,
            "symbol": market.symbol,
            "filled": text(market.qty(order.filled)),
            "state": state,
            "open": order.state.is_open(),
            "placed_at": iso(order.placed_at),
        }))
    };
    let rows = world.orders().all().filter(|order| order.key > after);
    json!({ "orders": rows.filter_map(row).collect::<Vec<_>>() })
}

/// The truth, in the venue's own numbers.
fn state(testnet: &Testnet, with_fills: bool) -> Value {
    let world = testnet.world();
    let worth = world.worth();
    let positions: Vec<Value> = world
        .account()
        .holdings()
        .filter_map(|(id, holding)| {
            let market = world.market(id)?;
            let qty = market.qty(holding.qty);
            Some(json!({
                "symbol": market.symbol,
                "qty": text(qty),
                "entry_price": text((holding.cost / qty).round_dp(10)),
                "delisted": market.delisted,
            }))
        })
        .collect();
    let order = |order: &Order| {
        let market = world.market(order.asked.instrument)?;
        let condition = order.asked.kind.condition().filter(|_| order.state == State::Waiting);
        Some(json!({
            "order_id": order.uid,
            "client_id": order.asked.client_id,
            "symbol": market.symbol,
            "side": order.asked.side.name(),
            "qty": text(market.qty(order.asked.qty)),
            "filled": text(market.qty(order.filled)),
            "limit_price": order.asked.kind.limit().map(|price| text(market.price(price))),
            "stop_price": condition.map(|stop| text(market.price(stop.trigger))),
            "reduce_only": order.asked.reduce_only,
        }))
    };
    let fill = |fill: &FillRow| {
        let market = world.market(fill.instrument)?;
        let order = fill.order.and_then(|key| world.orders().get(key));
        Some(json!({
            "fill_id": fill.uid,
            "symbol": market.symbol,
            "side": fill.side.name(),
            "qty": text(market.qty(fill.qty)),
            "price": text(market.price(fill.price)),
            "fee": text(fill.fee),
            "order_id": order.map(|order| order.uid.clone()),
            "client_id": order.and_then(|order| order.asked.client_id.clone()),
        }))
    };
    json!({
        "venue": world.venue().name(),
        "time": iso(world.now()),
        "balance": text(worth.wallet),
        "equity": text(worth.equity()),
        "instruments": world.markets().len(),
        "positions": positions,
        "open_orders": world.orders().open().filter_map(order).collect::<Vec<_>>(),
        "fills": world.account().fills().filter(|_| with_fills).filter_map(fill).collect::<Vec<_>>(),
        "faults": faults(testnet),
    })
}
