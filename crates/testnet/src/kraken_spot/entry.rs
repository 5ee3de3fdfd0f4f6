//! Requests over the stream: subscriptions, orders, the ping. A subscription is acknowledged for each symbol,
//! a cancellation for each order.

use seawall_model::{InstrumentId, Ts};
use seawall_venues::kraken_spot::stream::channel;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::rows::ledger;
use super::streams::{Seen, Topic};
use super::terms::Refusal;
use super::text::{number, stamp, stamp_s};
use super::{KrakenSpot, account_rows, funds};
use crate::protocol::ConnectionId;
use crate::venue::Outbox;
use crate::world::{End, State, World};

/// Depths of a book that can be followed.
const DEPTHS: [usize; 5] = [10, 25, 100, 500, 1_000];
/// Executions in a snapshot.
const TRADES_SHOWN: usize = 50;

/// One request: from whom, which, and with what.
pub(super) struct Call<'a> {
    pub(super) at: Ts,
    pub(super) from: ConnectionId,
    pub(super) method: &'a str,
    pub(super) req_id: Option<Value>,
    pub(super) fields: Fields,
}

impl KrakenSpot {
    /// Answers what a client says.
    pub(super) fn hear(
        &mut self,
        world: &mut World,
        (at, from): (Ts, ConnectionId),
        text: &str,
        out: &mut Outbox,
    ) {
        self.sockets.heard(at, from);
        let Ok(Value::Object(request)) = serde_json::from_str::<Value>(text) else {
            let reply = json!({ "error": "Malformed request", "success": false });
            self.sockets.say(at, from, &reply, out);
            return;
        };
        let method = request.get("method").and_then(Value::as_str).unwrap_or_default().to_owned();
        let params = request.get("params").cloned().unwrap_or(Value::Null);
        let fields = Fields::of_json(&params);
        let req_id = request.get("req_id").filter(|id| id.is_number()).cloned();
        let call = Call { at, from, method: &method, req_id, fields };
        match method.as_str() {
            "ping" => {
                let mut reply = json!({ "method": "pong", "time_in": stamp(at), "time_out": stamp(at) });
                if let (Some(id), Some(members)) = (&call.req_id, reply.as_object_mut()) {
                    members.insert("req_id".to_owned(), id.clone());
                }
                self.sockets.say(at, from, &reply, out);
            }
            "subscribe" | "unsubscribe" => self.subscription(world, &call, out),
            "add_order"
            | "amend_order"
            | "edit_order"
            | "cancel_order"
            | "cancel_all"
            | "batch_add"
            | "batch_cancel"
            | "cancel_all_orders_after" => self.order_entry(world, &call, out),
            _ => self.refuse(&call, "EGeneral:Unknown method", Map::new(), out),
        }
    }

    fn reply(&mut self, call: &Call<'_>, mut members: Map<String, Value>, out: &mut Outbox) {
        members.insert("method".to_owned(), json!(call.method));
        members.insert("time_in".to_owned(), json!(stamp(call.at)));
        members.insert("time_out".to_owned(), json!(stamp(call.at)));
        if let Some(id) = &call.req_id {
            members.insert("req_id".to_owned(), id.clone());
        }
        self.sockets.say(call.at, call.from, &Value::Object(members), out);
    }

    fn accept(&mut self, call: &Call<'_>, result: Value, out: &mut Outbox) {
        let mut members = Map::new();
        members.insert("success".to_owned(), json!(true));
        members.insert("result".to_owned(), result);
        self.reply(call, members, out);
    }

    fn refuse(&mut self, call: &Call<'_>, words: &str, mut members: Map<String, Value>, out: &mut Outbox) {
        members.insert("success".to_owned(), json!(false));
        members.insert("error".to_owned(), json!(words));
        self.reply(call, members, out);
    }

    fn subscription(&mut self, world: &World, call: &Call<'_>, out: &mut Outbox) {
        let name = call.fields.get("channel").unwrap_or_default().to_owned();
        match name.as_str() {
            channel::EXECUTIONS => self.private(world, call, Topic::Executions, out),
            channel::BALANCES => self.private(world, call, Topic::Balances, out),
            "instrument" => self.instruments(world, call, out),
            channel::TICKER | channel::BOOK | channel::OHLC | "trade" | "level3" => {
                if name == "level3" && !self.is_known(call) {
                    self.refuse(call, "ESession:Invalid session", Map::new(), out);
                    return;
                }
                let symbols = call.fields.texts("symbol");
                if symbols.is_empty() {
                    self.refuse(call, "Malformed request", Map::new(), out);
                }
                for symbol in symbols {
                    self.market_topic(world, call, (&name, &symbol), out);
                }
            }
            _ => self.refuse(call, "Subscription name invalid", Map::new(), out),
        }
    }

    /// A topic of the market from the words of a request, with the depth of a book.
    fn topic(&self, call: &Call<'_>, name: &str, id: InstrumentId) -> Result<(Topic, usize), &'static str> {
        let number =
            |field: &str, usual: usize| call.fields.get(field).map_or(Ok(usual), str::parse::<usize>);
        match name {
            channel::TICKER => Ok((Topic::Ticker(id), 0)),
            "trade" => Ok((Topic::Trade(id), 0)),
            channel::OHLC => {
                let minutes = number("interval", 1).ok().and_then(|minutes| i64::try_from(minutes).ok());
                let timeframe = minutes.and_then(super::public::timeframe);
                timeframe
                    .map(|timeframe| (Topic::Candles(id, timeframe), 0))
                    .ok_or("Subscription ohlc interval not supported")
            }
            _ => {
                let depth = number("depth", 10).ok().filter(|depth| DEPTHS.contains(depth));
                let depth = depth.ok_or("Subscription depth not supported")?;
                Ok((if name == "level3" { Topic::Level3(id) } else { Topic::Book(id) }, depth))
            }
        }
    }

    fn market_topic(
        &mut self,
        world: &World,
        call: &Call<'_>,
        (name, symbol): (&str, &str),
        out: &mut Outbox,
    ) {
        let mut about = Map::new();
        about.insert("symbol".to_owned(), json!(symbol));
        let Some(id) = self.names.of_stream(symbol) else {
            self.refuse(call, &format!("Currency pair not supported {symbol}"), about, out);
            return;
        };
        let (topic, depth) = match self.topic(call, name, id) {
            Ok(found) => found,
            Err(words) => return self.refuse(call, words, about, out),
        };
        let mut result = about.clone();
        result.insert("channel".to_owned(), json!(name));
        match topic {
            Topic::Book(_) | Topic::Level3(_) => {
                result.insert("depth".to_owned(), json!(depth));
            }
            Topic::Candles(_, timeframe) => {
                result.insert("interval".to_owned(), json!(timeframe.minutes()));
                let warning = "timestamp is deprecated, use interval_begin";
                result.insert("warnings".to_owned(), json!([warning]));
            }
            Topic::Ticker(_) => {
                let trigger = call.fields.get("event_trigger").unwrap_or("trades");
                result.insert("event_trigger".to_owned(), json!(trigger));
            }
            Topic::Trade(_) | Topic::Instruments | Topic::Executions | Topic::Balances => {}
        }
        if call.method == "unsubscribe" {
            if self.sockets.leave(call.from, topic) {
                self.accept(call, Value::Object(result), out);
            } else {
                self.refuse(call, "Subscription Not Found", about, out);
            }
            return;
        }
        if !self.sockets.follow(call.from, topic) {
            self.refuse(call, "Already subscribed", about, out);
            return;
        }
        result.insert("snapshot".to_owned(), json!(true));
        self.accept(call, Value::Object(result), out);
        if let Some(seen) = Seen::of(world, &self.names, id) {
            self.sockets.show(call.from, topic, depth, seen, out);
        }
    }

    /// Whether the request carries a good token.
    fn is_known(&mut self, call: &Call<'_>) -> bool {
        let token = call.fields.get("token").unwrap_or_default().to_owned();
        self.access.use_token(call.at, &token)
    }

    fn private(&mut self, world: &World, call: &Call<'_>, topic: Topic, out: &mut Outbox) {
        if !self.is_known(call) {
            self.refuse(call, "ESession:Invalid session", Map::new(), out);
            return;
        }
        let name = call.fields.get("channel").unwrap_or_default().to_owned();
        let mut result = Map::new();
        result.insert("channel".to_owned(), json!(name));
        if call.method == "unsubscribe" {
            self.sockets.leave(call.from, topic);
            self.accept(call, Value::Object(result), out);
            return;
        }
        if !self.sockets.follow(call.from, topic) {
            self.refuse(call, "Already subscribed", Map::new(), out);
            return;
        }
        let wants =
            |name: &str, usual: bool| call.fields.get(name).map_or(usual, |_| call.fields.is_on(name));
        let (snap_orders, snap_trades) = (wants("snap_orders", true), wants("snap_trades", false));
        if topic == Topic::Executions {
            result.insert("snap_orders".to_owned(), json!(snap_orders));
            result.insert("snap_trades".to_owned(), json!(snap_trades));
            result.insert("maxratecount".to_owned(), json!(125));
        } else {
            result.insert("snapshot".to_owned(), json!(true));
        }
        self.accept(call, Value::Object(result), out);
        if topic == Topic::Balances {
            let data = self.balances(world);
            self.sockets.say_private(call.at, call.from, (channel::BALANCES, "snapshot"), data, out);
            return;
        }
        let mut rows = Vec::new();
        if snap_orders {
            for order in world.orders().open() {
                if let Some(market) = world.market(order.asked.instrument) {
                    rows.push(account_rows::complete(market, &self.names, order, "new"));
                }
            }
        }
        if snap_trades {
            let fills = world.account().fills().rev().take(TRADES_SHOWN);
            let row = |fill: &crate::world::FillRow| {
                let (order, market) = (world.orders().get(fill.order?)?, world.market(fill.instrument)?);
                Some(account_rows::execution(market, &self.names, order, fill))
            };
            rows.extend(fills.filter_map(row));
        }
        let data = Value::Array(rows);
        self.sockets.say_private(call.at, call.from, (channel::EXECUTIONS, "snapshot"), data, out);
    }

    fn balances(&self, world: &World) -> Value {
        let row = |(code, funds): (String, funds::Funds)| {
            let total = number(funds.total);
            json!({
                "asset": code,
                "asset_class": "currency",
                "balance": total,
                "wallets": [{ "type": "spot", "id": "main", "balance": total }],
            })
        };
        funds::all(world, &self.names).into_iter().map(row).collect()
    }

    fn instruments(&mut self, world: &World, call: &Call<'_>, out: &mut Outbox) {
        if call.method == "unsubscribe" {
            self.sockets.leave(call.from, Topic::Instruments);
            self.accept(call, json!({ "channel": "instrument" }), out);
            return;
        }
        if !self.sockets.follow(call.from, Topic::Instruments) {
            self.refuse(call, "Already subscribed", Map::new(), out);
            return;
        }
        self.accept(call, json!({ "channel": "instrument", "snapshot": true }), out);
        let asset = |code: &str, precision: u32| {
            json!({ "id": code, "status": "enabled", "precision": precision, "precision_display": 5,
                "borrowable": false, "collateral_value": 0.0, "margin_rate": 0.0 })
        };
        let (mut assets, mut pairs) = (vec![asset(super::names::QUOTE, 4)], Vec::new());
        for market in world.markets() {
            let Some(pair) = self.names.pair(market.instrument.id()) else { continue };
            assets.push(asset(&pair.code, 10));
            pairs.push(json!({
                "symbol": pair.symbol,
                "base": pair.code,
                "quote": super::names::QUOTE,
                "status": if market.delisted { "cancel_only" } else { "online" },
                "qty_precision": market.instrument.qty_scale(),
                "qty_increment": number(market.qty(market.instrument.lot())),
                "price_precision": market.instrument.price_scale(),
                "price_increment": number(market.price(market.instrument.tick())),
                "tick_size": number(market.price(market.instrument.tick())),
                "cost_precision": 5,
                "cost_min": number(market.instrument.spec().min_notional.get()),
                "qty_min": number(market.qty(market.instrument.min_qty())),
                "marginable": false,
                "has_index": true,
            }));
        }
        let data = json!({ "assets": assets, "pairs": pairs });
        let value = json!({ "channel": "instrument", "type": "snapshot", "data": data });
        self.sockets.say(call.at, call.from, &value, out);
    }

    fn order_entry(&mut self, world: &mut World, call: &Call<'_>, out: &mut Outbox) {
        if !self.is_known(call) {
            self.refuse(call, "ESession:Invalid session", Map::new(), out);
            return;
        }
        if call.method == "cancel_order" {
            self.cancel_each(world, call, out);
            return;
        }
        match self.carry_out(world, call) {
            Ok(result) => self.accept(call, result, out),
            Err(words) => self.refuse(call, &words, Map::new(), out),
        }
    }

    fn carry_out(&mut self, world: &mut World, call: &Call<'_>) -> Result<Value, Refusal> {
        let fields = &call.fields;
        match call.method {
            "add_order" => {
                let placed = self.add(world, &self.as_form(fields)?)?;
                Ok(named(world, placed.key, fields))
            }
            "amend_order" => {
                let mut form = as_names(fields);
                for name in ["order_qty", "limit_price", "trigger_price", "post_only", "deadline"] {
                    if let Some(value) = fields.get(name) {
                        form.set(name, value);
                    }
                }
                let (key, amend_id) = self.amend(world, &form)?;
                let mut result = named(world, Some(key), fields);
                if let Some(members) = result.as_object_mut() {
                    members.insert("amend_id".to_owned(), json!(amend_id));
                }
                Ok(result)
            }
            "edit_order" => {
                let mut form = as_names(fields);
                let translated = [
                    ("symbol", "pair"),
                    ("order_qty", "volume"),
                    ("limit_price", "price"),
                    ("deadline", "deadline"),
                ];
                for (from, to) in translated {
                    if let Some(value) = fields.get(from) {
                        form.set(to, value);
                    }
                }
                let (old, placed) = self.edit(world, &form)?;
                let mut result = named(world, placed.key, fields);
                let original = world.orders().get(old).map(|order| order.uid.clone());
                if let Some(members) = result.as_object_mut() {
                    members.insert("original_order_id".to_owned(), json!(original));
                }
                Ok(result)
            }
            "cancel_all" => Ok(json!({ "count": self.cancel_all(world, End::Requested) })),
            "cancel_all_orders_after" => {
                let seconds = fields.get("timeout").and_then(|text| text.parse().ok());
                let seconds: i64 = seconds.ok_or("EGeneral:Invalid arguments:timeout")?;
                let until = self.arm(call.at, seconds).map_or_else(|| "0".to_owned(), stamp_s);
                Ok(json!({ "currentTime": stamp_s(call.at), "triggerTime": until }))
            }
            "batch_add" => self.batch_add(world, fields),
            _ => {
                let mut ids = fields.texts("orders");
                ids.extend(fields.texts("cl_ord_id"));
                let keys = ids.iter().filter_map(|id| find(world, id)).collect::<Vec<_>>();
                let count = keys.into_iter().filter(|key| self.cancel(world, *key).is_ok()).count();
                Ok(json!({ "count": count }))
            }
        }
    }

    fn batch_add(&mut self, world: &mut World, fields: &Fields) -> Result<Value, Refusal> {
        let orders = fields.objects("orders");
        if !(2..=15).contains(&orders.len()) {
            return Err("EGeneral:Invalid arguments:orders".to_owned());
        }
        let mut rows = Vec::new();
        for order in orders {
            let mut form = self.as_form(order)?;
            form.set("pair", fields.get("symbol").unwrap_or_default());
            for name in ["deadline", "validate"] {
                if let Some(value) = fields.get(name) {
                    form.set(name, value);
                }
            }
            rows.push(match self.add(world, &form) {
                Ok(placed) => named(world, placed.key, order),
                Err(words) => json!({ "error": words, "success": false }),
            });
        }
        Ok(Value::Array(rows))
    }

    fn cancel_each(&mut self, world: &mut World, call: &Call<'_>, out: &mut Outbox) {
        let mut named: Vec<(&str, String, Option<u32>)> = Vec::new();
        for name in ["order_id", "cl_ord_id"] {
            for id in call.fields.texts(name) {
                let key = find(world, &id);
                named.push((name, id, key));
            }
        }
        for reference in call.fields.texts("order_userref") {
            for key in Self::with_reference(world, &reference) {
                named.push(("order_userref", reference.clone(), Some(key)));
            }
        }
        if named.is_empty() {
            self.refuse(call, "EGeneral:Invalid arguments:order_id", Map::new(), out);
        }
        for (name, id, key) in named {
            let done =
                key.ok_or_else(|| "EOrder:Unknown order".to_owned()).and_then(|key| self.cancel(world, key));
            match done {
                Ok(()) => {
                    let done = Value::Object(Map::from_iter([(name.to_owned(), json!(id))]));
                    self.accept(call, done, out);
                }
                Err(words) => self.refuse(call, &words, Map::new(), out),
            }
        }
    }

    /// The fields of an order of the stream as those of a form.
    fn as_form(&self, fields: &Fields) -> Result<Fields, Refusal> {
        const SAME: [&str; 5] = ["cl_ord_id", "deadline", "validate", "reduce_only", "leverage"];
        const RENAMED: [(&str, &str); 9] = [
            ("symbol", "pair"),
            ("side", "type"),
            ("order_type", "ordertype"),
            ("order_qty", "volume"),
            ("time_in_force", "timeinforce"),
            ("expire_time", "expiretm"),
            ("order_userref", "userref"),
            ("display_qty", "displayvol"),
            ("triggers[reference]", "trigger"),
        ];
        let mut form = Fields::default();
        for name in SAME {
            if let Some(value) = fields.get(name) {
                form.set(name, value);
            }
        }
        for (from, to) in RENAMED {
            if let Some(value) = fields.get(from) {
                form.set(to, value);
            }
        }
        let word = fields.get("order_type").unwrap_or_default();
        let is_trailing = word.starts_with("trailing");
        let offset = |price: &str, kind: Option<&str>| match kind {
            Some("pct") => format!("{}%", signed(price)),
            Some("quote") => signed(price),
            Some(_) | None if is_trailing => signed(price),
            Some(_) | None => price.to_owned(),
        };
        let limit = fields
            .get("limit_price")
            .map(|price| offset_limit(price, fields.get("limit_price_type"), &offset, is_trailing));
        match fields.get("triggers[price]") {
            Some(price) => {
                form.set("price", offset(price, fields.get("triggers[price_type]")));
                form.set("price2", limit.unwrap_or_default());
            }
            None => form.set("price", limit.unwrap_or_default()),
        }
        let mut flags = Vec::new();
        if fields.is_on("post_only") {
            flags.push("post");
        }
        if let Some(cash) = fields.get("cash_order_qty") {
            form.set("volume", cash);
            flags.push("viqc");
        }
        form.set("oflags", flags.join(","));
        if fields.is_on("margin") {
            form.set("leverage", "2");
        }
        for (from, to) in [
            ("conditional[order_type]", "close[ordertype]"),
            ("conditional[trigger_price]", "close[price]"),
            ("conditional[limit_price]", "close[price2]"),
        ] {
            if let Some(value) = fields.get(from) {
                form.set(to, value);
            }
        }
        Ok(form)
    }

    /// Tells the followers of the account about an order.
    pub(super) fn tell(&mut self, at: Ts, row: &Value, out: &mut Outbox) {
        for id in self.sockets.followers(Topic::Executions) {
            self.sockets.say_private(at, id, (channel::EXECUTIONS, "update"), json!([row]), out);
        }
    }

    /// Tells the followers of the balances about bookings of one moment, in one message: some clients show
    /// a message's balances to whoever waits, and of several at once only the first.
    pub(super) fn tell_bookings(&mut self, world: &World, bookings: &[u64], out: &mut Outbox) {
        let known = bookings.iter().filter_map(|booking| world.account().log_row(*booking));
        let rows: Vec<Value> = known
            .flat_map(|row| ledger(world, &self.names, row))
            .map(|row| account_rows::balance(&row))
            .collect();
        if rows.is_empty() {
            return;
        }
        for id in self.sockets.followers(Topic::Balances) {
            let data = Value::Array(rows.clone());
            self.sockets.say_private(world.now(), id, (channel::BALANCES, "update"), data, out);
        }
    }
}

/// A limit of a trailing order is an offset from its trigger.
fn offset_limit(
    price: &str,
    kind: Option<&str>,
    offset: &dyn Fn(&str, Option<&str>) -> String,
    is_trailing: bool,
) -> String {
    if is_trailing || kind.is_some_and(|kind| kind != "static") {
        offset(price, kind)
    } else {
        price.to_owned()
    }
}

fn signed(price: &str) -> String {
    if price.starts_with(['+', '-']) { price.to_owned() } else { format!("+{price}") }
}

/// The names of an order as a form has them.
fn as_names(fields: &Fields) -> Fields {
    let mut form = Fields::default();
    for (from, to) in [("order_id", "txid"), ("cl_ord_id", "cl_ord_id")] {
        if let Some(value) = fields.get(from) {
            form.set(to, value);
        }
    }
    form
}

fn find(world: &World, id: &str) -> Option<u32> {
    let found = world.orders().by_uid(id).or_else(|| world.orders().by_client(id));
    found.filter(|order| order.state.is_open()).map(|order| order.key)
}

/// What an answer calls an order.
fn named(world: &World, key: Option<u32>, fields: &Fields) -> Value {
    let mut result = Map::new();
    if let Some(order) = key.and_then(|key| world.orders().get(key)) {
        result.insert("order_id".to_owned(), json!(order.uid));
        if let State::Ended(end) = order.state {
            result.insert("warnings".to_owned(), json!([super::rows::reason(end)]));
        }
    }
    if let Some(id) = fields.get("cl_ord_id") {
        result.insert("cl_ord_id".to_owned(), json!(id));
    }
    if let Some(reference) = fields.get("order_userref").and_then(|text| text.parse::<i64>().ok()) {
        result.insert("order_userref".to_owned(), json!(reference));
    }
    Value::Object(result)
}
