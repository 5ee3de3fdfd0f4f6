//! Orders, executions and bookings as rows of REST answers.

use rust_decimal::Decimal;
use seawall_model::TriggerSource;
use serde_json::{Map, Value, json};

use super::names::{Names, Pair, QUOTE_ID, asset};
use super::text::{fixed, seconds, whole_seconds};
use crate::world::{
    Booking, Condition, End, FillRow, Kind, Life, LogRow, Market, Order, Purpose, State, Trail, World, txid,
};

/// Decimals of amounts of money.
pub(super) const COST_DECIMALS: u32 = 5;
/// Decimals of balances.
pub(super) const BALANCE_DECIMALS: u32 = 10;

/// The word for an order's state, in REST.
pub(super) fn status(state: State) -> &'static str {
    match state {
        State::Waiting | State::Open => "open",
        State::Filled => "closed",
        State::Ended(End::Expired) => "expired",
        State::Ended(
            End::Requested
            | End::Admin
            | End::DeadMan
            | End::Immediate
            | End::NothingToReduce
            | End::Liquidation
            | End::Refused(_),
        ) => "canceled",
    }
}

/// Why an order ended without having filled.
pub(super) fn reason(end: End) -> String {
    match end {
        End::Requested => "User requested".to_owned(),
        End::Admin => "Canceled by the venue".to_owned(),
        End::DeadMan => "Cancel all orders after timeout".to_owned(),
        End::Immediate => "Order not filled immediately".to_owned(),
        End::NothingToReduce => "Reduce only:No position exists".to_owned(),
        End::Liquidation => "Liquidated".to_owned(),
        End::Expired => "Order expired".to_owned(),
        End::Refused(reason) => super::terms::words(reason).trim_start_matches("EOrder:").to_owned(),
    }
}

/// The word of an order's kind as it was asked for.
pub(super) fn word(order: &Order) -> &str {
    order.asked.extra.get("ordertype").map_or_else(|| plain_word(&order.asked.kind), String::as_str)
}

/// The word of a kind, for orders that nobody asked for in words.
fn plain_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Market => "market",
        Kind::Limit { .. } => "limit",
        Kind::Conditional(Condition { purpose, limit, .. }) => match (purpose, limit) {
            (Purpose::Stop, None) => "stop-loss",
            (Purpose::Stop, Some(_)) => "stop-loss-limit",
            (Purpose::TakeProfit, None) => "take-profit",
            (Purpose::TakeProfit, Some(_)) => "take-profit-limit",
            (Purpose::Trailing(_), None) => "trailing-stop",
            (Purpose::Trailing(_), Some(_)) => "trailing-stop-limit",
        },
    }
}

/// The two prices of a description: numbers, or offsets of trailing orders.
fn prices(order: &Order, market: &Market) -> (String, String) {
    let decimals = market.instrument.price_scale();
    let text = |price| fixed(market.price(price), decimals);
    match order.asked.kind {
        Kind::Market => ("0".to_owned(), "0".to_owned()),
        Kind::Limit { price, .. } => (text(price), "0".to_owned()),
        Kind::Conditional(condition) => match condition.purpose {
            Purpose::Stop | Purpose::TakeProfit => {
                (text(condition.trigger), condition.limit.map_or_else(|| "0".to_owned(), text))
            }
            Purpose::Trailing(trail) => (offset(market, trail), kept_offset(order, "price2")),
        },
    }
}

/// How far a trailing stop follows, in the words of a request: `+100`, `+5.0000%`.
pub(super) fn offset(market: &Market, trail: Trail) -> String {
    match trail {
        Trail::Fraction(fraction) => format!("+{}%", fixed(fraction * Decimal::ONE_HUNDRED, 4)),
        Trail::Price(distance) => format!("+{}", market.price(distance).normalize()),
    }
}

/// `+5%` is written `+5.0000%`.
fn kept_offset(order: &Order, name: &str) -> String {
    let Some(text) = order.asked.extra.get(name) else { return "0".to_owned() };
    let Some((sign, number)) = text.strip_suffix('%').and_then(|text| text.split_at_checked(1)) else {
        return text.clone();
    };
    match seawall_model::parse_decimal(number) {
        Ok(number) => format!("{sign}{}%", fixed(number, 4)),
        Err(_) => text.clone(),
    }
}

/// `buy 0.01000000 XBTUSD @ limit 45000.5`.
pub(super) fn sentence(order: &Order, pair: &Pair, market: &Market) -> String {
    let (first, second) = prices(order, market);
    let side = order.asked.side.name();
    let qty = fixed(market.qty(order.asked.qty), market.instrument.qty_scale());
    let terms = match word(order) {
        "market" => "market".to_owned(),
        "iceberg" => format!("limit {first}"),
        kind => match kind.strip_suffix("-limit") {
            Some(kind) => format!("{} {first} -> limit {second}", kind.replace('-', " ")),
            None => format!("{} {first}", kind.replace('-', " ")),
        },
    };
    format!("{side} {qty} {} @ {terms}", pair.altname)
}

/// `close position @ stop loss 22000.0 -> limit 21000.0`, or nothing.
pub(super) fn closing_sentence(order: &Order) -> String {
    let kept = |name: &str| order.asked.extra.get(name).map(String::as_str);
    let Some(kind) = kept("close[ordertype]") else { return String::new() };
    let first = kept("close[price]").unwrap_or("0");
    match (kind.strip_suffix("-limit"), kept("close[price2]")) {
        (Some(kind), Some(second)) => {
            format!("close position @ {} {first} -> limit {second}", kind.replace('-', " "))
        }
        (Some(_) | None, _) => format!("close position @ {} {first}", kind.replace('-', " ")),
    }
}

/// Flags as the venue shows them: which currency pays the fee, then the others.
fn flags(order: &Order) -> String {
    let asked = order.asked.extra.get("oflags").map(String::as_str).unwrap_or_default();
    let others = asked.split(',').filter(|flag| !flag.is_empty() && !matches!(*flag, "fciq" | "fcib"));
    core::iter::once("fciq").chain(others).collect::<Vec<_>>().join(",")
}

/// The word for what a condition watches.
pub(super) fn source(source: TriggerSource) -> &'static str {
    match source {
        TriggerSource::Last | TriggerSource::Mark => "last",
        TriggerSource::Index => "index",
    }
}

/// The average price of what has filled.
pub(super) fn average(order: &Order, market: &Market) -> Decimal {
    let filled = market.qty(order.filled);
    if filled.is_zero() { Decimal::ZERO } else { order.value.abs() / filled }
}

/// An order.
pub(super) fn order(world: &World, names: &Names, order: &Order, with_trades: bool) -> Option<Value> {
    let market = world.market(order.asked.instrument)?;
    let pair = names.pair(order.asked.instrument)?;
    let decimals = market.instrument.price_scale();
    let lots = market.instrument.qty_scale();
    let (price, price2) = prices(order, market);
    let condition = order.asked.kind.condition();
    let none = || fixed(Decimal::ZERO, COST_DECIMALS);
    let stop = condition.map_or_else(none, |condition| fixed(market.price(condition.trigger), decimals));
    let woken = condition.filter(|_| order.triggered);
    let limit = woken.and_then(|condition| condition.limit);
    let misc = match woken.map(|condition| condition.purpose) {
        Some(Purpose::Stop | Purpose::Trailing(_)) => "stopped",
        Some(Purpose::TakeProfit) => "touched",
        None => "",
    };
    let mut row = json!({
        "refid": null,
        "userref": reference(order),
        "status": status(order.state),
        "opentm": seconds(order.placed_at),
        "starttm": 0,
        "expiretm": expires(order),
        "descr": {
            "pair": pair.altname,
            "aclass": "forex",
            "type": order.asked.side.name(),
            "ordertype": word(order),
            "price": price,
            "price2": price2,
            "leverage": "none",
            "order": sentence(order, pair, market),
            "close": closing_sentence(order),
        },
        "vol": fixed(market.qty(order.asked.qty), lots),
        "vol_exec": fixed(market.qty(order.filled), lots),
        "cost": fixed(order.value.abs(), COST_DECIMALS),
        "fee": fixed(order.fee, COST_DECIMALS),
        "price": fixed(average(order, market), decimals.max(COST_DECIMALS)),
        "stopprice": stop,
        "limitprice": limit.map_or_else(none, |limit| fixed(market.price(limit), decimals)),
        "misc": misc,
        "oflags": flags(order),
        "reduce_only": false,
    });
    let members = row.as_object_mut()?;
    if let Some(client_id) = &order.asked.client_id {
        members.insert("cl_ord_id".to_owned(), json!(client_id));
    }
    if let Some(condition) = condition {
        members.insert("trigger".to_owned(), json!(source(condition.source)));
    }
    if !order.state.is_open() {
        members.insert("closetm".to_owned(), seconds(order.updated_at));
        let ended = match order.state {
            State::Ended(end) => Value::String(reason(end)),
            State::Waiting | State::Open | State::Filled => Value::Null,
        };
        members.insert("reason".to_owned(), ended);
    }
    if with_trades {
        let of_order = |fill: &&FillRow| fill.order == Some(order.key);
        let ids: Vec<&str> = world.account().fills().filter(of_order).map(|fill| fill.uid.as_str()).collect();
        members.insert("trades".to_owned(), json!(ids));
    }
    Some(row)
}

/// When its time is over; 0 is never.
fn expires(order: &Order) -> i64 {
    match order.asked.kind {
        Kind::Limit { life: Life::Until(until), .. } => whole_seconds(until),
        Kind::Market | Kind::Limit { .. } | Kind::Conditional(_) => 0,
    }
}

/// The client's number; 0 is none.
fn reference(order: &Order) -> i64 {
    order.asked.extra.get("userref").and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// An execution.
pub(super) fn trade(world: &World, names: &Names, fill: &FillRow) -> Option<Value> {
    let market = world.market(fill.instrument)?;
    let pair = names.pair(fill.instrument)?;
    let order = world.orders().get(fill.order?)?;
    let decimals = market.instrument.price_scale().max(COST_DECIMALS);
    let cost = market.price(fill.price) * market.qty(fill.qty);
    let booking = world.account().log().find(|row| row.fill == Some(fill.number));
    let ledgers: Vec<String> =
        booking.map(|row| ledger_ids(world, row).into_iter().collect()).unwrap_or_default();
    Some(json!({
        "ordertxid": order.uid,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": pair.id,
        "aclass": "forex",
        "time": seconds(fill.at),
        "type": fill.side.name(),
        "ordertype": word(order),
        "price": fixed(market.price(fill.price), decimals),
        "cost": fixed(cost, COST_DECIMALS),
        "fee": fixed(fill.fee, COST_DECIMALS),
        "vol": fixed(market.qty(fill.qty), market.instrument.qty_scale()),
        "margin": fixed(Decimal::ZERO, COST_DECIMALS),
        "leverage": "0",
        "misc": "",
        "trade_id": fill.number,
        "maker": fill.maker,
        "ledgers": ledgers,
    }))
}

/// The ids of the two rows that a booking makes: of the base currency and of the quote currency.
pub(super) fn ledger_ids(world: &World, row: &LogRow) -> [String; 2] {
    [row.id * 2, row.id * 2 + 1].map(|number| txid(world.seed(), 'L', number))
}

/// One row of the ledger.
#[derive(Debug, Clone)]
pub(super) struct LedgerRow {
    pub(super) id: String,
    pub(super) reference: String,
    pub(super) booking: Booking,
    /// Code of the asset: `BTC`, `USD`.
    pub(super) code: String,
    pub(super) amount: Decimal,
    pub(super) fee: Decimal,
    pub(super) balance: Decimal,
    pub(super) at: seawall_model::Ts,
}

/// The rows of a booking: what was traded, then what was paid; money alone has one.
pub(super) fn ledger(world: &World, names: &Names, row: &LogRow) -> Vec<LedgerRow> {
    let [base_id, quote_id] = ledger_ids(world, row);
    let fill = row.fill.and_then(|number| world.account().fill(number));
    let money = |amount: Decimal, fee: Decimal, reference: String| LedgerRow {
        id: quote_id.clone(),
        reference,
        booking: row.booking,
        code: super::names::QUOTE.to_owned(),
        amount,
        fee,
        balance: row.balance,
        at: row.at,
    };
    let traded =
        fill.and_then(|fill| Some((fill, world.market(fill.instrument)?, names.pair(fill.instrument)?)));
    let Some((fill, market, pair)) = traded else {
        return vec![money(row.change, Decimal::ZERO, quote_id.clone())];
    };
    let base = LedgerRow {
        id: base_id,
        reference: fill.uid.clone(),
        booking: row.booking,
        code: pair.code.clone(),
        amount: market.qty(fill.side.signed(fill.qty)),
        fee: Decimal::ZERO,
        balance: market.qty(fill.position),
        at: row.at,
    };
    vec![base, money(row.change + fill.fee, fill.fee, fill.uid.clone())]
}

/// The word for what a booking is for.
pub(super) fn booking(booking: Booking) -> &'static str {
    match booking {
        Booking::Trade | Booking::Liquidation => "trade",
        Booking::Funding => "rollover",
        Booking::Transfer => "deposit",
    }
}

/// A row of the ledger as REST has it.
pub(super) fn ledger_value(row: &LedgerRow) -> Value {
    let decimals = if row.code == super::names::QUOTE { 8 } else { BALANCE_DECIMALS };
    json!({
        "refid": row.reference,
        "time": seconds(row.at),
        "type": booking(row.booking),
        "subtype": if row.booking == Booking::Trade { "tradespot" } else { "" },
        "aclass": "currency",
        "asset": if row.code == super::names::QUOTE { QUOTE_ID.to_owned() } else { asset(&row.code) },
        "wallet": "spot / main",
        "amount": fixed(row.amount, decimals),
        "fee": fixed(row.fee, decimals),
        "balance": fixed(row.balance, decimals),
    })
}

/// An object of rows by their ids.
pub(super) fn keyed(rows: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(rows.into_iter().collect::<Map<String, Value>>())
}
