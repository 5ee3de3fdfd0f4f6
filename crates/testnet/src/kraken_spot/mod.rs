//! Kraken spot: REST 0 and WebSocket v2 over the world.
//!
//! One key, one account, every pair against the dollar, no margin. Where the venue's documentation leaves
//! something open, this is what stands here: fees are paid in quote currency on both sides; an order that
//! waits for its trigger holds no funds; a post-only order that would take is refused at once; a client's id
//! that an open order has is an invalid argument.

mod access;
mod account_rows;
mod actions;
mod entry;
mod fields;
mod funding;
mod funds;
mod limits;
mod names;
mod private;
mod public;
mod rows;
mod streams;
mod terms;
mod text;

use std::collections::{BTreeMap, VecDeque};

use seawall_model::{QtyUnits, Ts};
use seawall_venues::Credentials;
use seawall_venues::kraken_spot::tables::cost;
use serde_json::{Value, json};

use self::access::{Access, TOKEN_LIFE};
use self::actions::Placed;
use self::fields::Fields;
use self::limits::Limits;
use self::names::Names;
use self::rows::{closing_sentence, sentence};
use self::streams::{Seen, Sockets};
use self::terms::Refusal;
use self::text::stamp_s;
use crate::protocol::{ConnectionId, HttpReply, HttpRequest};
use crate::venue::{Outbox, Venue};
use crate::world::{End, Happening, Order, State, TapeTrade, World};

const PUBLIC: &str = "/0/public/";
const PRIVATE: &str = "/0/private/";

/// The venue.
pub struct KrakenSpot {
    names: Names,
    access: Access,
    limits: Limits,
    sockets: Sockets,
    dead_man: Option<Ts>,
    amendments: u64,
    connections: u64,
    /// Executions whose orders brought another order along: it is placed as soon as the world can be changed.
    behind: VecDeque<(u32, QtyUnits)>,
}

impl KrakenSpot {
    /// The venue for one key.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        KrakenSpot {
            names: Names::default(),
            access: Access::new(credentials),
            limits: Limits::default(),
            sockets: Sockets::default(),
            dead_man: None,
            amendments: 0,
            connections: 0,
            behind: VecDeque::new(),
        }
    }

    /// Takes the names from the world that it first sees: they never change.
    fn learn(&mut self, world: &World) {
        if self.names.is_empty() {
            self.names = Names::new(world);
        }
    }

    fn answer(&mut self, world: &mut World, at: Ts, request: &HttpRequest) -> Result<Value, Refusal> {
        if let Some(method) = request.path().strip_prefix(PUBLIC) {
            if !self.limits.public(at) {
                return Err("EAPI:Rate limit exceeded".to_owned());
            }
            return public::answer(world, &self.names, method, &Fields::of_form(request.query()));
        }
        let Some(method) = request.path().strip_prefix(PRIVATE) else {
            return Err("EGeneral:Unknown method".to_owned());
        };
        if request.method != "POST" {
            return Err("EGeneral:Invalid arguments".to_owned());
        }
        let fields = Fields::of_body(request.text()).ok_or("EGeneral:Invalid arguments")?;
        self.access.check(request, &fields)?;
        if !self.limits.private(at, private_cost(request.path(), method)) {
            return Err("EAPI:Rate limit exceeded".to_owned());
        }
        if let Some(answer) = private::answer(world, &self.names, &self.access, method, &fields) {
            return answer;
        }
        if let Some(answer) = funding::answer(world, &self.names, method, &fields) {
            return answer;
        }
        self.act(world, method, &fields)
    }

    fn act(&mut self, world: &mut World, method: &str, fields: &Fields) -> Result<Value, Refusal> {
        let at = world.now();
        match method {
            "AddOrder" => {
                let placed = self.add(world, fields)?;
                Ok(self.described(world, &placed))
            }
            "AddOrderBatch" => self.add_batch(world, fields),
            "AmendOrder" => self.amend(world, fields).map(|(_, id)| json!({ "amend_id": id })),
            "EditOrder" => {
                let (old, placed) = self.edit(world, fields)?;
                let mut answer = self.described(world, &placed);
                let of = |key: u32| world.orders().get(key).map(|order| order.uid.clone());
                if let Some(members) = answer.as_object_mut() {
                    members.insert("status".to_owned(), json!("ok"));
                    members.insert("originaltxid".to_owned(), json!(of(old)));
                    members.insert("orders_cancelled".to_owned(), json!(1));
                    if let Some(id) = placed.key.and_then(of) {
                        members.insert("txid".to_owned(), json!(id));
                    }
                }
                Ok(answer)
            }
            "CancelOrder" => self.cancel_named(world, fields),
            "CancelOrderBatch" => {
                let mut ids = fields.texts("orders");
                ids.extend(fields.texts("cl_ord_ids"));
                let find = |id: &String| {
                    let found = world.orders().by_uid(id).or_else(|| world.orders().by_client(id));
                    found.filter(|order| order.state.is_open()).map(|order| order.key)
                };
                let keys: Vec<u32> = ids.iter().filter_map(find).collect();
                let count = keys.into_iter().filter(|key| self.cancel(world, *key).is_ok()).count();
                if count == 0 {
                    Err("EOrder:Unknown order".to_owned())
                } else {
                    Ok(json!({ "count": count }))
                }
            }
            "CancelAll" => Ok(json!({ "count": self.cancel_all(world, End::Requested) })),
            "CancelAllOrdersAfter" => {
                let seconds = fields.get("timeout").and_then(|text| text.parse::<i64>().ok());
                let seconds = seconds.ok_or("EGeneral:Invalid arguments:timeout")?;
                let until = self.arm(at, seconds).map_or_else(|| "0".to_owned(), stamp_s);
                Ok(json!({ "currentTime": stamp_s(at), "triggerTime": until }))
            }
            "GetWebSocketsToken" => {
                let token = self.access.token(at, world.seed());
                Ok(json!({ "token": token, "expires": TOKEN_LIFE.millis() / 1_000 }))
            }
            _ => Err("EGeneral:Unknown method".to_owned()),
        }
    }

    /// What the venue says about an order that it took, or would take.
    fn described(&self, world: &World, placed: &Placed) -> Value {
        let stored = placed.key.and_then(|key| world.orders().get(key));
        let only_read = Order {
            key: 0,
            uid: String::new(),
            asked: placed.asked.clone(),
            filled: QtyUnits::ZERO,
            value: rust_decimal::Decimal::ZERO,
            fee: rust_decimal::Decimal::ZERO,
            state: State::Open,
            triggered: false,
            placed_at: world.now(),
            updated_at: world.now(),
        };
        let order = stored.unwrap_or(&only_read);
        let mut descr = json!({});
        let both = (self.names.pair(order.asked.instrument), world.market(order.asked.instrument));
        if let ((Some(pair), Some(market)), Some(members)) = (both, descr.as_object_mut()) {
            members.insert("order".to_owned(), json!(sentence(order, pair, market)));
            let close = closing_sentence(order);
            if !close.is_empty() {
                members.insert("close".to_owned(), json!(close));
            }
        }
        match stored {
            Some(order) => json!({ "descr": descr, "txid": [order.uid] }),
            None => json!({ "descr": descr }),
        }
    }

    fn add_batch(&mut self, world: &mut World, fields: &Fields) -> Result<Value, Refusal> {
        let orders = fields.objects("orders");
        if !(2..=15).contains(&orders.len()) {
            return Err("EGeneral:Invalid arguments:orders".to_owned());
        }
        let mut rows = Vec::new();
        for order in orders {
            let mut order = order.clone();
            for name in ["pair", "deadline", "validate"] {
                if let Some(value) = fields.get(name) {
                    order.set(name, value);
                }
            }
            let row = match self.add(world, &order) {
                Ok(placed) => {
                    let mut row = self.described(world, &placed);
                    let id =
                        placed.key.and_then(|key| world.orders().get(key)).map(|order| order.uid.clone());
                    if let (Some(id), Some(members)) = (id, row.as_object_mut()) {
                        members.insert("txid".to_owned(), json!(id));
                    }
                    row
                }
                Err(words) => json!({ "error": words }),
            };
            rows.push(row);
        }
        Ok(json!({ "orders": rows }))
    }

    /// Cancels by id, by the client's id, or all with a client's number.
    fn cancel_named(&mut self, world: &mut World, fields: &Fields) -> Result<Value, Refusal> {
        let reference = fields.get("userref").or(fields.get("txid")).filter(|id| id.parse::<i32>().is_ok());
        let keys = match reference {
            Some(reference) => Self::with_reference(world, reference),
            None => vec![Self::named(world, fields)?],
        };
        if keys.is_empty() {
            return Err("EOrder:Unknown order".to_owned());
        }
        let count = keys.into_iter().filter(|key| self.cancel(world, *key).is_ok()).count();
        Ok(json!({ "count": count, "pending": false }))
    }

    /// What an order's happening says on the stream.
    fn publish_order(&mut self, world: &World, happening: &Happening, out: &mut Outbox) {
        let key = match happening {
            Happening::Placed(key) | Happening::Edited(key) | Happening::Triggered(key) => *key,
            Happening::Ended(key, _) => *key,
            Happening::Filled(number) => match world.account().fill(*number).and_then(|fill| fill.order) {
                Some(key) => key,
                None => return,
            },
            Happening::Refused(..)
            | Happening::Booked(_)
            | Happening::Ticked(..)
            | Happening::Liquidated(_) => return,
        };
        let Some(order) = world.orders().get(key) else { return };
        let Some(market) = world.market(order.asked.instrument) else { return };
        let at = world.now();
        let rows = match happening {
            Happening::Placed(_) => {
                let taken = Order {
                    filled: QtyUnits::ZERO,
                    value: rust_decimal::Decimal::ZERO,
                    fee: rust_decimal::Decimal::ZERO,
                    state: State::Open,
                    ..order.clone()
                };
                vec![
                    account_rows::complete(market, &self.names, &taken, "pending_new"),
                    account_rows::brief(&taken, "new"),
                ]
            }
            Happening::Edited(_) => vec![account_rows::complete(market, &self.names, order, "amended")],
            Happening::Triggered(_) => vec![account_rows::triggered(market, &self.names, order)],
            Happening::Ended(_, end) => vec![account_rows::ended(market, &self.names, order, *end)],
            Happening::Filled(number) => {
                let Some(fill) = world.account().fill(*number) else { return };
                if order.asked.extra.contains_key("close[ordertype]") {
                    self.behind.push_back((key, fill.qty));
                }
                let mut rows = vec![account_rows::execution(market, &self.names, order, fill)];
                if fill.remaining.is_zero() {
                    rows.push(account_rows::brief(order, "filled"));
                }
                rows
            }
            Happening::Refused(..)
            | Happening::Booked(_)
            | Happening::Ticked(..)
            | Happening::Liquidated(_) => Vec::new(),
        };
        for row in rows {
            self.tell(at, &row, out);
        }
    }
}

/// Thousandths that a private call costs; what the client never calls costs as its neighbours do.
fn private_cost(path: &str, method: &str) -> u32 {
    match method {
        "AddOrderBatch" | "EditOrder" | "CancelOrderBatch" => 0,
        "Ledgers" | "QueryLedgers" => 2_000,
        _ => cost(path),
    }
}

fn enveloped(answer: Result<Value, Refusal>) -> HttpReply {
    let body = match answer {
        Ok(result) => json!({ "error": [], "result": result }),
        Err(words) => json!({ "error": [words] }),
    };
    HttpReply::json(200, &body)
}

impl Venue for KrakenSpot {
    fn request(&mut self, world: &mut World, at: Ts, request: &HttpRequest, _: &mut Outbox) -> HttpReply {
        self.learn(world);
        enveloped(self.answer(world, at, request))
    }

    fn open(
        &mut self,
        _: &mut World,
        at: Ts,
        connection: ConnectionId,
        path: &str,
        out: &mut Outbox,
    ) -> bool {
        if path.trim_end_matches('/') != "/v2" {
            return false;
        }
        self.sockets.open(at, connection);
        self.connections += 1;
        let row = json!({
            "api_version": "v2", "connection_id": self.connections, "system": "online", "version": "2.0.10",
        });
        let hello = json!({ "channel": "status", "type": "update", "data": [row] });
        self.sockets.say(at, connection, &hello, out);
        true
    }

    fn text(&mut self, world: &mut World, at: Ts, connection: ConnectionId, text: &str, out: &mut Outbox) {
        self.learn(world);
        self.hear(world, (at, connection), text, out);
    }

    fn closed(&mut self, connection: ConnectionId) {
        self.sockets.close(connection);
    }

    fn publish(&mut self, world: &World, happenings: &[Happening], out: &mut Outbox) {
        self.learn(world);
        let mut booked: Vec<u64> = Vec::new();
        let mut ticked: BTreeMap<seawall_model::InstrumentId, Vec<TapeTrade>> = BTreeMap::new();
        for happening in happenings {
            match happening {
                Happening::Ticked(id, trade) => ticked.entry(*id).or_default().push(*trade),
                Happening::Booked(id) => booked.push(*id),
                Happening::Placed(_)
                | Happening::Refused(..)
                | Happening::Edited(_)
                | Happening::Triggered(_)
                | Happening::Filled(_)
                | Happening::Ended(..)
                | Happening::Liquidated(_) => self.publish_order(world, happening, out),
            }
        }
        self.tell_bookings(world, &booked, out);
        for (id, trades) in ticked {
            if let Some(seen) = Seen::of(world, &self.names, id) {
                self.sockets.publish(seen, &trades, out);
            }
        }
    }

    fn on_time(&mut self, world: &mut World, at: Ts, out: &mut Outbox) {
        while let Some((key, qty)) = self.behind.pop_front() {
            self.close_behind(world, key, qty);
        }
        if self.dead_man.is_some_and(|until| until <= at) {
            self.dead_man = None;
            self.cancel_all(world, End::DeadMan);
        }
        self.sockets.on_time(at, out);
    }

    fn next_at(&self) -> Option<Ts> {
        let behind = (!self.behind.is_empty()).then_some(Ts::EPOCH);
        [self.dead_man, self.sockets.next_at(), behind].into_iter().flatten().min()
    }

    fn too_many(&self, _: Ts) -> HttpReply {
        enveloped(Err("EAPI:Rate limit exceeded".to_owned()))
    }
}
