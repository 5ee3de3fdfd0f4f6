//! What the account asks for over REST: balances, orders, executions, bookings, fees, the key itself.

use rust_decimal::Decimal;
use seawall_model::Ts;
use serde_json::{Value, json};

use super::access::Access;
use super::fields::Fields;
use super::names::{Names, QUOTE, QUOTE_ID, asset};
use super::rows::{BALANCE_DECIMALS, COST_DECIMALS, keyed, ledger, ledger_value};
use super::terms::Refusal;
use super::text::{fixed, seconds, time};
use super::{funds, rows};
use crate::world::{FillRow, Order, World};

/// Rows in one answer.
const PAGE: usize = 50;

fn bad(field: &str) -> Refusal {
    format!("EGeneral:Invalid arguments:{field}")
}

/// Answers a method that changes nothing; `None` for one that is not here.
pub(super) fn answer(
    world: &World,
    names: &Names,
    access: &Access,
    method: &str,
    fields: &Fields,
) -> Option<Result<Value, Refusal>> {
    Some(match method {
        "Balance" => Ok(balances(world, names, false)),
        "BalanceEx" => Ok(balances(world, names, true)),
        "TradeBalance" => Ok(trade_balance(world)),
        "OpenOrders" => Ok(open_orders(world, names, fields)),
        "ClosedOrders" => closed_orders(world, names, fields),
        "QueryOrders" => query_orders(world, names, fields),
        "TradesHistory" => trades_history(world, names, fields),
        "QueryTrades" => query_trades(world, names, fields),
        "Ledgers" => ledgers(world, names, fields),
        "QueryLedgers" => query_ledgers(world, names, fields),
        "TradeVolume" => trade_volume(world, names, fields),
        // Without margin there are none.
        "OpenPositions" => Ok(if fields.get("consolidation").is_some() { json!([]) } else { json!({}) }),
        "GetApiKeyInfo" => Ok(key_info(access)),
        _ => return None,
    })
}

fn balances(world: &World, names: &Names, with_held: bool) -> Value {
    let row = |(code, funds): (String, funds::Funds)| {
        let decimals = if code == QUOTE { 8 } else { BALANCE_DECIMALS };
        let total = fixed(funds.total, decimals);
        let value = if with_held {
            json!({ "balance": total, "hold_trade": fixed(funds.held, decimals) })
        } else {
            json!(total)
        };
        (asset(&code), value)
    };
    keyed(funds::all(world, names).into_iter().map(row))
}

fn trade_balance(world: &World) -> Value {
    let money = |value: Decimal| fixed(value, 4);
    let worth = money(funds::worth(world));
    let zero = money(Decimal::ZERO);
    json!({
        "eb": worth, "tb": money(world.account().wallet),
        "m": zero, "uv": zero, "n": zero, "c": zero, "v": zero,
        "e": money(world.account().wallet), "mf": money(world.account().wallet),
    })
}

/// Whether an order has the client's id or number that is asked for.
fn is_asked_for(order: &Order, fields: &Fields) -> bool {
    let client = fields.get("cl_ord_id");
    let reference = fields.get("userref").filter(|reference| *reference != "0");
    client.is_none_or(|id| order.asked.client_id.as_deref() == Some(id))
        && reference.is_none_or(|id| order.asked.extra.get("userref").map(String::as_str) == Some(id))
}

fn order_rows<'a>(
    world: &World,
    names: &Names,
    orders: impl IntoIterator<Item = &'a Order>,
    with_trades: bool,
) -> Value {
    let row = |order: &Order| Some((order.uid.clone(), rows::order(world, names, order, with_trades)?));
    keyed(orders.into_iter().filter_map(row))
}

fn open_orders(world: &World, names: &Names, fields: &Fields) -> Value {
    let open = world.orders().open().filter(|order| is_asked_for(order, fields));
    json!({ "open": order_rows(world, names, open, fields.is_on("trades")) })
}

/// A window of times. Its ends are seconds or ids; the start is exclusive.
struct Window {
    from: Option<Ts>,
    to: Option<Ts>,
    skip: usize,
}

impl Window {
    fn new(world: &World, fields: &Fields) -> Result<Window, Refusal> {
        let end = |name: &str| -> Result<Option<Ts>, Refusal> {
            let Some(text) = fields.get(name) else { return Ok(None) };
            if let Some(order) = world.orders().by_uid(text) {
                return Ok(Some(order.placed_at));
            }
            if let Some(fill) = world.account().fills().find(|fill| fill.uid == text) {
                return Ok(Some(fill.at));
            }
            // Seconds may have decimals.
            let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
            time(whole, world.now()).map_err(|()| bad(name))
        };
        let skip = fields.get("ofs").map_or(Ok(0), str::parse::<usize>).map_err(|_| bad("ofs"))?;
        Ok(Window { from: end("start")?, to: end("end")?, skip })
    }

    fn holds(&self, at: Ts) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }

    /// The page of a list that is newest first, and how many there are in all.
    fn page<T>(&self, all: Vec<T>) -> (Vec<T>, usize) {
        let count = all.len();
        (all.into_iter().skip(self.skip).take(PAGE).collect(), count)
    }
}

fn closed_orders(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let window = Window::new(world, fields)?;
    let by = fields.get("closetime").unwrap_or("both");
    let is_inside = |order: &&Order| match by {
        "open" => window.holds(order.placed_at),
        "close" => window.holds(order.updated_at),
        _ => window.holds(order.placed_at) || window.holds(order.updated_at),
    };
    let ended = world.orders().all().rev().filter(|order| !order.state.is_open());
    let mut found: Vec<&Order> =
        ended.filter(|order| is_asked_for(order, fields)).filter(is_inside).collect();
    found.sort_by_key(|order| core::cmp::Reverse((order.updated_at, order.key)));
    let (page, count) = window.page(found);
    Ok(json!({ "closed": order_rows(world, names, page, fields.is_on("trades")), "count": count }))
}

fn query_orders(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let mut found = Vec::new();
    for id in fields.texts("txid").iter().take(PAGE) {
        found.push(world.orders().by_uid(id).ok_or_else(|| "EOrder:Unknown order".to_owned())?);
    }
    if let Some(id) = fields.get("cl_ord_id") {
        found.extend(world.orders().by_client(id));
    }
    if found.is_empty() {
        return Err(bad("txid"));
    }
    Ok(order_rows(world, names, found, fields.is_on("trades")))
}

fn trade_rows<'a>(world: &World, names: &Names, fills: impl IntoIterator<Item = &'a FillRow>) -> Value {
    let row = |fill: &FillRow| Some((fill.uid.clone(), rows::trade(world, names, fill)?));
    keyed(fills.into_iter().filter_map(row))
}

fn trades_history(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let window = Window::new(world, fields)?;
    let fills = world.account().fills().rev().filter(|fill| fill.order.is_some() && window.holds(fill.at));
    let (page, count) = window.page(fills.collect());
    Ok(json!({ "trades": trade_rows(world, names, page), "count": count }))
}

fn query_trades(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let wanted = fields.texts("txid");
    let found = world.account().fills().filter(|fill| wanted.contains(&fill.uid));
    let found: Vec<&FillRow> = found.take(PAGE).collect();
    if found.is_empty() {
        return Err("EQuery:Invalid trade".to_owned());
    }
    Ok(trade_rows(world, names, found))
}

fn ledgers(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let window = Window::new(world, fields)?;
    let assets = fields.texts("asset");
    let is_all = assets.is_empty() || assets.iter().any(|name| name == "all");
    let kind = fields.get("type").filter(|kind| *kind != "all");
    let mut found = Vec::new();
    for booking in world.account().log().rev().filter(|row| window.holds(row.at)) {
        for row in ledger(world, names, booking).into_iter().rev() {
            let id = asset(&row.code);
            let is_asset = is_all || assets.iter().any(|name| *name == id || *name == row.code);
            if is_asset && kind.is_none_or(|kind| kind == rows::booking(row.booking)) {
                found.push(row);
            }
        }
    }
    let (page, count) = window.page(found);
    let rows = keyed(page.iter().map(|row| (row.id.clone(), ledger_value(row))));
    Ok(json!({ "ledger": rows, "count": count }))
}

fn query_ledgers(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let wanted = fields.texts("id");
    let all = world.account().log().flat_map(|booking| ledger(world, names, booking));
    let found: Vec<_> = all.filter(|row| wanted.contains(&row.id)).take(PAGE).collect();
    if found.is_empty() {
        return Err("EQuery:Unknown ledger".to_owned());
    }
    Ok(keyed(found.iter().map(|row| (row.id.clone(), ledger_value(row)))))
}

fn trade_volume(world: &World, names: &Names, fields: &Fields) -> Result<Value, Refusal> {
    let month = world.now().minus(seawall_model::Span::from_secs(30 * 86_400));
    let traded = world.account().fills().rev().take_while(|fill| fill.at >= month);
    let value_of = |fill: &FillRow| {
        let market = world.market(fill.instrument)?;
        Some(market.price(fill.price) * market.qty(fill.qty))
    };
    let volume: Decimal = traded.filter_map(value_of).sum();
    let (mut takers, mut makers) = (Vec::new(), Vec::new());
    for name in fields.texts("pair") {
        let id = names.find(&name).ok_or_else(|| "EQuery:Unknown asset pair".to_owned())?;
        let (Some(market), Some(pair)) = (world.market(id), names.pair(id)) else { continue };
        let row = |fraction: Decimal| {
            let percent = fixed(fraction * Decimal::ONE_HUNDRED, 4);
            json!({
                "fee": percent, "min_fee": percent, "max_fee": percent,
                "next_fee": null, "tier_volume": "0.0000", "next_volume": null,
            })
        };
        takers.push((pair.id.clone(), row(funds::taker(market))));
        makers.push((pair.id.clone(), row(funds::maker(market))));
    }
    Ok(json!({
        "currency": QUOTE_ID,
        "volume": fixed(volume, COST_DECIMALS),
        "fees": keyed(takers),
        "fees_maker": keyed(makers),
    }))
}

fn key_info(access: &Access) -> Value {
    json!({
        "api_key_name": "exchange in a box",
        "api_key": access.key(),
        "nonce": access.nonce().to_string(),
        "nonce_window": "0",
        "permissions": [
            "query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades",
            "query-ledger",
        ],
        "iban": "",
        "valid_until": "0",
        "query_from": "0",
        "query_to": "0",
        "created_time": seconds(Ts::EPOCH),
        "modified_time": seconds(Ts::EPOCH),
        "ip_allowlist": [],
        "last_used": null,
    })
}
