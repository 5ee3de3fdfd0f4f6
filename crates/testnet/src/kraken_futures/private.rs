//! What the account's owner may ask and set beside orders.

use rust_decimal::Decimal;
use seawall_model::Span;
use serde_json::{Map, Value, json};

use super::params::Fields;
use super::rows::{self, PositionFacts};
use super::{FEE_SCHEDULE, KrakenFutures, Outcome, Refusal, one};
use crate::json::{float, iso, number};
use crate::venue::Outbox;
use crate::world::{End, Market, Order, State, World, Worth, uuid};

/// Fills in one answer.
const FILLS_MAX: usize = 100;
/// How long an order that ended can still be asked for by `orders/status`.
const STATUS_MEMORY: Span = Span::from_secs(5);

impl KrakenFutures {
    pub(super) fn private(
        &mut self,
        world: &mut World,
        method: &str,
        name: &str,
        fields: &Fields,
        out: &mut Outbox,
    ) -> Outcome {
        match (method, name) {
            ("POST", "sendorder") => self.send_order(world, fields, out),
            ("POST", "editorder") => self.edit_order(world, fields, out),
            ("POST", "cancelorder") => self.cancel_order(world, fields, out),
            ("POST", "cancelallorders") => self.cancel_all(world, fields, out),
            ("POST", "cancelallordersafter") => self.cancel_all_after(world, fields),
            ("POST", "batchorder") => self.batch(world, fields, out),
            ("GET" | "POST", "orders/status") => Ok(orders_status(world, fields)),
            ("GET", "openorders") => Ok(open_orders(world)),
            ("GET", "openpositions") => Ok(Self::open_positions(world)),
            ("GET", "accounts") => Ok(self.accounts(world)),
            ("GET", "fills") => fills(world, fields),
            ("GET", "leveragepreferences") => Ok(leverage(world)),
            ("PUT", "leveragepreferences") => set_leverage(world, fields),
            ("GET", "pnlpreferences") => Ok(self.pnl_preferences()),
            ("PUT", "pnlpreferences") => self.set_pnl_preference(world, fields),
            ("GET", "self-trade-strategy") => Ok(one("strategy", json!(self.self_trade))),
            ("PUT", "self-trade-strategy") => {
                self.self_trade = fields.need("strategy")?.to_owned();
                Ok(one("strategy", json!(self.self_trade)))
            }
            ("GET", "notifications") => Ok(one("notifications", json!([]))),
            ("GET", "feeschedules/volumes") => Ok(volumes(world)),
            ("GET", "trading/instruments") => {
                Ok(one("instruments", world.markets().iter().map(rows::instrument).collect()))
            }
            ("GET", "unwindqueue") => Ok(unwind_queue(world)),
            ("GET", "initialmargin" | "initialmargin/maxordersize") => initial_margin(world, fields),
            ("GET", "transfers") => Ok(one("transfers", Value::Array(self.transfers.clone()))),
            ("GET", "subaccounts") => {
                Ok(core::iter::once(("masterAccountUid".to_owned(), json!(rows::ACCOUNT)))
                    .chain(core::iter::once(("subaccounts".to_owned(), json!([]))))
                    .collect())
            }
            ("POST", "transfer") => self.transfer(world, fields),
            ("POST", "withdrawal") => self.withdraw(world, fields),
            _ => Err(Refusal::NoPath),
        }
    }

    fn accounts(&self, world: &World) -> Map<String, Value> {
        let worth = world.worth();
        let mut flex = flex(&worth);
        if let Some(map) = flex.as_object_mut() {
            map.insert("type".to_owned(), json!("multiCollateralMarginAccount"));
            let usd = json!({
                "quantity": number(worth.wallet),
                "value": number(worth.wallet),
                "collateral": number(worth.wallet),
                "available": number(worth.available()),
            });
            map.insert("currencies".to_owned(), json!({ "USD": usd }));
        }
        let cash = json!({ "type": "cashAccount", "balances": { "usd": self.cash.to_string() } });
        one("accounts", json!({ "cash": cash, "flex": flex }))
    }

    fn open_positions(world: &World) -> Map<String, Value> {
        let rows = world.account().holdings().filter_map(|(id, holding)| {
            let market = world.market(id)?;
            let facts = PositionFacts::new(world, market)?;
            let mut row = json!({
                "side": facts.side,
                "symbol": market.symbol,
                "price": number(facts.entry),
                "fillTime": iso(holding.changed_at),
                "size": number(facts.size),
                "unrealizedFunding": number(facts.funding),
                "unrealizedPnl": number(facts.pnl),
                "pnlCurrency": "USD",
            });
            if let (Some(max), Some(map)) = (world.leverage(id), row.as_object_mut()) {
                map.insert("maxFixedLeverage".to_owned(), number(max));
            }
            Some(row)
        });
        one("openPositions", rows.collect())
    }

    fn pnl_preferences(&self) -> Map<String, Value> {
        let row =
            |(symbol, currency): (&String, &String)| json!({ "symbol": symbol, "pnlCurrency": currency });
        one("preferences", self.pnl_currency.iter().map(row).collect())
    }

    fn set_pnl_preference(&mut self, world: &World, fields: &Fields) -> Outcome {
        let market = world.find(fields.need("symbol")?);
        let market = market.ok_or_else(|| Refusal::word("contractNotFound"))?;
        let currency = fields.need("pnlPreference")?;
        self.pnl_currency.insert(market.symbol.clone(), currency.to_owned());
        Ok(Map::new())
    }

    /// Between the holding wallet and flex; the holding wallet is a number of its own.
    fn transfer(&mut self, world: &mut World, fields: &Fields) -> Outcome {
        let amount = fields.decimal("amount")?.ok_or_else(|| Refusal::missing("amount"))?;
        if amount <= Decimal::ZERO {
            return Err(Refusal::word("invalidAmount"));
        }
        if !fields.need("unit")?.eq_ignore_ascii_case("usd") {
            return Err(Refusal::word("invalidUnit"));
        }
        let (from, to) = (fields.need("fromAccount")?, fields.need("toAccount")?);
        let into_flex = match (from, to) {
            ("cash", "flex") => true,
            ("flex", "cash") => false,
            _ => return Err(Refusal::word("invalidAccount")),
        };
        let signed = if into_flex { amount } else { -amount };
        if into_flex && self.cash < amount || !world.transfer(signed) {
            return Err(Refusal::word("insufficientFunds"));
        }
        self.cash = self.cash.saturating_sub(signed);
        let time = iso(world.now());
        self.transfers.push(json!({
            "fromAccount": from, "toAccount": to, "unit": "usd",
            "amount": number(amount), "receivedTime": time, "completedTime": time, "status": "processed",
        }));
        Ok(Map::new())
    }

    fn withdraw(&mut self, world: &mut World, fields: &Fields) -> Outcome {
        let amount = fields.decimal("amount")?.ok_or_else(|| Refusal::missing("amount"))?;
        fields.need("currency")?;
        let from_cash = fields.get("sourceWallet").is_none_or(|wallet| wallet == "cash");
        let is_there = if from_cash { self.cash >= amount } else { world.transfer(-amount) };
        if amount <= Decimal::ZERO || !is_there {
            return Err(Refusal::word("insufficientFunds"));
        }
        if from_cash {
            self.cash -= amount;
        }
        Ok(one("uid", json!(uuid(world.seed(), 4, world.account().log().count() as u64))))
    }
}

/// Instruments whose leverage was chosen: they are shown as isolated.
fn leverage(world: &World) -> Map<String, Value> {
    let row = |market: &Market| {
        let max = world.leverage(market.instrument.id())?;
        Some(json!({ "symbol": market.symbol, "maxLeverage": number(max) }))
    };
    one("leveragePreferences", world.markets().iter().filter_map(row).collect())
}

fn set_leverage(world: &mut World, fields: &Fields) -> Outcome {
    let market = world.find(fields.need("symbol")?).ok_or(Refusal::Code {
        status: 400,
        code: 87,
        message: "CONTRACT_DOES_NOT_EXIST",
    })?;
    let id = market.instrument.id();
    let most = market.instrument.spec().leverage_max.get();
    let wanted = fields.decimal("maxLeverage")?;
    if wanted.is_some_and(|max| max < Decimal::ONE || max > most) {
        return Err(Refusal::Code { status: 400, code: 41, message: "LEVERAGE_TOO_HIGH" });
    }
    world.set_leverage(id, wanted);
    Ok(Map::new())
}

/// The account of the perpetuals; the stream has the same with other names.
pub(super) fn flex(worth: &Worth) -> Value {
    let equity = number(worth.equity());
    json!({
        "balanceValue": number(worth.wallet),
        "portfolioValue": equity,
        "collateralValue": number(worth.wallet),
        "initialMargin": number(worth.initial),
        "initialMarginWithOrders": number(worth.initial_with_orders),
        "maintenanceMargin": number(worth.maintenance),
        "pnl": number(worth.unrealized),
        "unrealizedFunding": 0.0,
        "totalUnrealized": number(worth.unrealized),
        "totalUnrealizedAsMargin": number(worth.unrealized),
        "marginEquity": equity,
        "availableMargin": number(worth.available()),
    })
}

fn open_orders(world: &World) -> Map<String, Value> {
    let row =
        |order: &Order| world.market(order.asked.instrument).map(|market| rows::open_order(market, order));
    one("openOrders", world.orders().open().rev().filter_map(row).collect())
}

fn orders_status(world: &World, fields: &Fields) -> Map<String, Value> {
    let by_uid = fields.all("orderIds").filter_map(|id| world.orders().by_uid(id));
    let by_client = fields.all("cliOrdIds").filter_map(|id| world.orders().by_client(id));
    let now = world.now();
    let is_remembered =
        |order: &&Order| order.state.is_open() || now.since(order.updated_at) <= STATUS_MEMORY;
    let rows = by_uid.chain(by_client).filter(is_remembered).filter_map(|order| status_row(world, order));
    one("orders", rows.collect())
}

fn status_row(world: &World, order: &Order) -> Option<Value> {
    let market = world.market(order.asked.instrument)?;
    let waiting = order.asked.kind.condition().filter(|_| !order.triggered);
    let status = match (order.state, order.triggered) {
        (State::Waiting, _) => "TRIGGER_PLACED",
        (State::Open, _) => "ENTERED_BOOK",
        (State::Filled, _) => "FULLY_EXECUTED",
        (State::Ended(End::Refused(_)), true) => "TRIGGER_ACTIVATION_FAILURE",
        (State::Ended(End::Refused(_)), false) => "REJECTED",
        (State::Ended(_), _) => "CANCELLED",
    };
    let reason = match order.state {
        State::Waiting => "LOADED",
        State::Open => "NEW_USER_REQUEST",
        State::Filled => "FULL_FILL",
        State::Ended(_) => "CANCELLED_BY_USER",
    };
    Some(json!({
        "order": {
            "type": if waiting.is_some() { "TRIGGER_ORDER" } else { "ORDER" },
            "orderId": order.uid,
            "cliOrdId": order.asked.client_id,
            "symbol": market.symbol,
            "side": order.asked.side.name(),
            "quantity": number(market.qty(order.asked.qty)),
            "filled": number(market.qty(order.filled)),
            "limitPrice": order.asked.kind.limit().map(|limit| number(market.price(limit))),
            "reduceOnly": order.asked.reduce_only,
            "timestamp": iso(order.placed_at),
            "lastUpdateTimestamp": iso(order.updated_at),
            "priceTriggerOptions": waiting.map(|condition| json!({
                "triggerPrice": number(market.price(condition.trigger)),
                "triggerSide": rows::trigger_side(condition).to_ascii_uppercase(),
                "triggerSignal": rows::signal_price(condition.source).to_ascii_uppercase(),
                "triggerTime": null,
            })),
        },
        "status": status,
        "updateReason": reason,
        "error": null,
    }))
}

fn fills(world: &World, fields: &Fields) -> Outcome {
    let before = fields.instant("lastFillTime")?;
    let rows = world
        .account()
        .fills()
        .rev()
        .filter(|fill| before.is_none_or(|before| fill.at < before))
        .take(FILLS_MAX)
        .filter_map(|fill| Some(rows::rest_fill(world, world.market(fill.instrument)?, fill)));
    Ok(one("fills", rows.collect()))
}

fn volumes(world: &World) -> Map<String, Value> {
    let traded: Decimal = world
        .account()
        .fills()
        .filter_map(|fill| {
            Some(crate::world::value(&world.market(fill.instrument)?.instrument, fill.price, fill.qty))
        })
        .sum();
    one("volumesByFeeSchedule", json!({ FEE_SCHEDULE: number(traded) }))
}

fn unwind_queue(world: &World) -> Map<String, Value> {
    let rows = world
        .account()
        .holdings()
        .filter_map(|(id, _)| Some(json!({ "symbol": world.market(id)?.symbol, "percentile": 20 })));
    one("queue", rows.collect())
}

fn initial_margin(world: &World, fields: &Fields) -> Outcome {
    let market = world.find(fields.need("symbol")?);
    let market = market.ok_or_else(|| Refusal::word("contractNotFound"))?;
    let size = fields.decimal("size")?.unwrap_or(Decimal::ONE);
    let qty = super::params::qty_units(market, size).ok_or_else(|| Refusal::argument("size"))?;
    let needed = world.margins(market, qty).initial;
    let price = market.price(market.mark).max(Decimal::new(1, 12));
    let leverage = market.instrument.spec().leverage_max.get();
    let most = world.worth().available().saturating_mul(leverage).checked_div(price).unwrap_or(Decimal::ZERO);
    Ok([
        ("initialMargin".to_owned(), number(needed)),
        ("price".to_owned(), number(price)),
        ("maxOrderSize".to_owned(), float(most.to_string().parse().unwrap_or(0.0), 6)),
    ]
    .into_iter()
    .collect())
}

/// What the key may do: trade, and no more.
pub(super) fn key_check(key: &str) -> Map<String, Value> {
    let permissions = json!({ "general": "FULL_ACCESS", "transfer": "NO_ACCESS" });
    let mut body = one("permissions", permissions);
    body.insert("apiKey".to_owned(), json!(key));
    body.insert("enabled".to_owned(), json!(true));
    body
}
