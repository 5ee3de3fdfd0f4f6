//! Placing, changing and cancelling, for REST and the stream's order entry alike.

use seawall_model::{InstrumentId, QtyUnits, RejectReason, Ts};
use seawall_venues::kraken_spot::tables::{ADD_COST, AMEND_COST, AMEND_COSTS, CANCEL_COSTS, by_age};

use super::KrakenSpot;
use super::fields::Fields;
use super::funds::{is_listed, suffice};
use super::terms::{self, Refusal, decimal, words};
use super::text::time;
use crate::world::{Condition, Edit, End, Kind, Life, NewOrder, Order, Purpose, State, Trail, World, txid};

/// Open orders on one pair.
const OPEN_MAX: usize = 80;
/// What an order that is replaced by the older request costs, by its age in seconds.
const EDIT_COSTS: &[(i64, u32)] = &[(5, 7), (10, 6), (15, 5), (45, 3), (90, 2)];

/// An order that was taken, or only checked.
pub(super) struct Placed {
    /// Its number; `None` if it was only checked.
    pub(super) key: Option<u32>,
    /// What was read.
    pub(super) asked: NewOrder,
}

fn age_s(at: Ts, order: &Order) -> Option<i64> {
    Some(at.since(order.placed_at).millis() / 1_000)
}

impl KrakenSpot {
    /// Places the order of the fields, which name the pair by `pair`.
    ///
    /// # Errors
    /// The venue's words.
    pub(super) fn add(&mut self, world: &mut World, fields: &Fields) -> Result<Placed, Refusal> {
        let pair = fields.get("pair").ok_or("EGeneral:Invalid arguments:pair")?;
        let id = self.names.find(pair).ok_or("EQuery:Unknown asset pair")?;
        let asked = self.checked(world, id, fields, None)?;
        if fields.is_on("validate") {
            return Ok(Placed { key: None, asked });
        }
        let at = world.now();
        let open = world.orders().open().filter(|order| order.asked.instrument == id).count();
        if open >= OPEN_MAX {
            return Err("EOrder:Orders limit exceeded".to_owned());
        }
        if !self.limits.order(at, id, ADD_COST) {
            return Err("EOrder:Rate limit exceeded".to_owned());
        }
        let key = world.place(asked.clone());
        match world.orders().get(key).map(|order| order.state) {
            // It was taken, and nothing stood there that it could have taken.
            Some(State::Ended(End::Refused(RejectReason::Other))) if is_fok(&asked) => {
                Ok(Placed { key: Some(key), asked })
            }
            Some(State::Ended(End::Refused(reason))) => Err(words(reason).to_owned()),
            Some(State::Waiting | State::Open | State::Filled | State::Ended(_)) => {
                Ok(Placed { key: Some(key), asked })
            }
            None => Err("EGeneral:Internal error".to_owned()),
        }
    }

    /// The order of the fields, if it could be placed now.
    fn checked(
        &self,
        world: &World,
        id: InstrumentId,
        fields: &Fields,
        instead_of: Option<&Order>,
    ) -> Result<NewOrder, Refusal> {
        let market = world.market(id).ok_or("EQuery:Unknown asset pair")?;
        if !is_listed(world, id) {
            return Err("EService:Market in cancel_only mode".to_owned());
        }
        let asked = terms::order(market, fields, world.now())?;
        if !suffice(world, &self.names, &asked, instead_of) {
            return Err(words(RejectReason::InsufficientFunds).to_owned());
        }
        Ok(asked)
    }

    /// The open order that the fields name by `txid`, `cl_ord_id` or `userref`.
    pub(super) fn named(world: &World, fields: &Fields) -> Result<u32, Refusal> {
        let unknown = || words(RejectReason::OrderNotFound).to_owned();
        let found = if let Some(id) = fields.get("cl_ord_id") {
            world.orders().by_client(id)
        } else {
            let id = fields.get("txid").ok_or("EGeneral:Invalid arguments:txid")?;
            world.orders().by_uid(id)
        };
        found.filter(|order| order.state.is_open()).map(|order| order.key).ok_or_else(unknown)
    }

    /// Changes an open order in place; gives the id of the change.
    ///
    /// # Errors
    /// The venue's words.
    pub(super) fn amend(&mut self, world: &mut World, fields: &Fields) -> Result<(u32, String), Refusal> {
        let at = world.now();
        if fields.get("deadline").is_some_and(|text| time(text, at).ok().flatten().is_none_or(|end| end < at))
        {
            return Err("EService:Deadline elapsed".to_owned());
        }
        let key = Self::named(world, fields)?;
        let order = world.orders().get(key).ok_or("EOrder:Unknown order")?.clone();
        let market = world.market(order.asked.instrument).ok_or("EOrder:Unknown order")?;
        let qty = decimal(fields, "order_qty")?.map(|qty| terms::quantity(market, qty)).transpose()?;
        if qty.is_some_and(|qty| qty < order.filled) {
            return Err("EGeneral:Invalid arguments:order_qty".to_owned());
        }
        let price = |name: &str| -> Result<_, Refusal> {
            decimal(fields, name)?.map(|price| terms::price(market, price)).transpose()
        };
        let is_trailing = order.asked.kind.condition().and_then(trail_of).is_some();
        let (trigger, trail) = match fields.get("trigger_price") {
            // A trailing stop has a distance in the place of a trigger.
            Some(text) if is_trailing => (None, Some(terms::trail(market, text.trim_start_matches('+'))?)),
            Some(_) | None => (price("trigger_price")?, None),
        };
        let edit = Edit { qty, limit: price("limit_price")?, trigger, trail };
        if edit == Edit::default() {
            return Err("EGeneral:Invalid arguments".to_owned());
        }
        let mut wanted = order.asked.clone();
        wanted.qty = edit.qty.unwrap_or(wanted.qty);
        if let (Kind::Limit { price, .. }, Some(limit)) = (&mut wanted.kind, edit.limit) {
            *price = limit;
        }
        if !suffice(world, &self.names, &wanted, Some(&order)) {
            return Err(words(RejectReason::InsufficientFunds).to_owned());
        }
        let crosses = match order.asked.side {
            seawall_model::Side::Buy => edit.limit.is_some_and(|limit| limit >= market.ask),
            seawall_model::Side::Sell => edit.limit.is_some_and(|limit| limit <= market.bid),
        };
        if fields.is_on("post_only") && crosses {
            return Err(words(RejectReason::WouldTakeLiquidity).to_owned());
        }
        let units = by_age(AMEND_COSTS, AMEND_COST, age_s(at, &order));
        if !self.limits.order(at, order.asked.instrument, units) {
            return Err("EOrder:Rate limit exceeded".to_owned());
        }
        world.edit(key, edit).map_err(words)?;
        self.amendments += 1;
        Ok((key, txid(world.seed(), 'T', u64::MAX - self.amendments)))
    }

    /// Replaces an open order by a new one with another id. What the fields leave out is as it was; flags are
    /// not: without `oflags` the new order has none, and a client's id is never taken over.
    ///
    /// # Errors
    /// The venue's words; the old order is as it was.
    pub(super) fn edit(&mut self, world: &mut World, fields: &Fields) -> Result<(u32, Placed), Refusal> {
        let at = world.now();
        let key = Self::named(world, fields)?;
        let order = world.orders().get(key).ok_or("EOrder:Unknown order")?.clone();
        let id = order.asked.instrument;
        let is_it = fields.get("pair").is_none_or(|pair| self.names.find(pair) == Some(id));
        if !is_it {
            return Err("EQuery:Unknown asset pair".to_owned());
        }
        let market = world.market(id).ok_or("EOrder:Unknown order")?;
        let mut all = Fields::default();
        all.set("type", order.asked.side.name());
        all.set("ordertype", super::rows::word(&order));
        all.set("volume", market.qty(order.remaining()).to_string());
        let condition = order.asked.kind.condition();
        let trail = condition.and_then(trail_of);
        let text = |price| market.price(price).to_string();
        if let Some(trail) = trail {
            all.set("price", super::rows::offset(market, trail));
            if let Some(kept) = order.asked.extra.get("price2") {
                all.set("price2", kept.clone());
            }
        } else if let Some(condition) = condition {
            all.set("price", text(condition.trigger));
            all.set("price2", condition.limit.map(text).unwrap_or_default());
        } else if let Some(limit) = order.asked.kind.limit() {
            all.set("price", text(limit));
        }
        for name in ["volume", "price", "price2", "oflags", "deadline", "displayvol", "userref"] {
            if let Some(value) = fields.get(name) {
                all.set(name, value);
            }
        }
        let asked = self.checked(world, id, &all, Some(&order))?;
        if fields.is_on("validate") {
            return Ok((key, Placed { key: None, asked }));
        }
        if !self.limits.order(at, id, by_age(EDIT_COSTS, 1, age_s(at, &order))) {
            return Err("EOrder:Rate limit exceeded".to_owned());
        }
        world.cancel(key, End::Requested).map_err(words)?;
        let new = world.place(asked.clone());
        match world.orders().get(new).map(|order| order.state) {
            Some(State::Ended(End::Refused(reason))) => Err(words(reason).to_owned()),
            Some(_) => Ok((key, Placed { key: Some(new), asked })),
            None => Err("EGeneral:Internal error".to_owned()),
        }
    }

    /// Cancels one open order.
    ///
    /// # Errors
    /// The venue's words.
    pub(super) fn cancel(&mut self, world: &mut World, key: u32) -> Result<(), Refusal> {
        let at = world.now();
        if let Some(order) = world.orders().get(key) {
            let units = by_age(CANCEL_COSTS, 0, age_s(at, order));
            self.limits.cancel(at, order.asked.instrument, units);
        }
        world.cancel(key, End::Requested).map_err(|reason| words(reason).to_owned())
    }

    /// Cancels everything that is open; gives how much that was.
    pub(super) fn cancel_all(&mut self, world: &mut World, end: End) -> usize {
        let keys: Vec<u32> = world.orders().open().map(|order| order.key).collect();
        keys.into_iter().filter(|key| world.cancel(*key, end).is_ok()).count()
    }

    /// Numbers of open orders with a client's number.
    pub(super) fn with_reference(world: &World, reference: &str) -> Vec<u32> {
        let is_it = |order: &&Order| order.asked.extra.get("userref").map(String::as_str) == Some(reference);
        world.orders().open().filter(is_it).map(|order| order.key).collect()
    }

    /// Arms the switch that cancels everything, or takes it back with 0; gives when it acts.
    pub(super) fn arm(&mut self, at: Ts, seconds: i64) -> Option<Ts> {
        self.dead_man = (seconds > 0).then(|| at.plus(seawall_model::Span::from_secs(seconds)));
        self.dead_man
    }

    /// The order behind an order that has filled by so much: the other side, with the terms it brought along.
    pub(super) fn close_behind(&mut self, world: &mut World, key: u32, qty: QtyUnits) {
        let Some(order) = world.orders().get(key) else { return };
        let kept = |name: &str| order.asked.extra.get(name).cloned();
        let (Some(kind), Some(market)) = (kept("close[ordertype]"), world.market(order.asked.instrument))
        else {
            return;
        };
        let mut fields = Fields::default();
        let side = match order.asked.side {
            seawall_model::Side::Buy => "sell",
            seawall_model::Side::Sell => "buy",
        };
        fields.set("type", side);
        fields.set("ordertype", kind);
        fields.set("volume", market.qty(qty).to_string());
        for (from, to) in [("close[price]", "price"), ("close[price2]", "price2")] {
            if let Some(value) = kept(from) {
                fields.set(to, value);
            }
        }
        // One that cannot be placed is dropped, as the venue does.
        if let Ok(asked) = terms::order(market, &fields, world.now()) {
            world.place(asked);
        }
    }
}

fn trail_of(condition: Condition) -> Option<Trail> {
    match condition.purpose {
        Purpose::Trailing(trail) => Some(trail),
        Purpose::Stop | Purpose::TakeProfit => None,
    }
}

fn is_fok(asked: &NewOrder) -> bool {
    matches!(asked.kind, Kind::Limit { life: Life::Fok, .. })
}
