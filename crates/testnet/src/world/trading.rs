//! Orders on their way into the simulated exchange and back: placing, changing, cancelling, and what it says.

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, ClientOrderId, ContractKind, FillCause, Liquidity, OrderKind, OrderRef, OrderRequest,
    OrderRole, PriceUnits, QtyUnits, RejectReason, Side, TimeInForce, Ts, VenueEvent, VenueRequest,
};

use super::account::Trade;
use super::hash::{txid, uuid};
use super::order::{End, Kind, Life, NewOrder, Order, Purpose, State, Trail};
use super::settings::VenueKind;
use super::triggers::trail_from;
use super::{Happening, Market, World};

/// How far from the best price a market order goes.
const MARKET_CAP: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// A change of an open order; what is absent stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Edit {
    /// Total quantity, with what has filled.
    pub qty: Option<QtyUnits>,
    /// Limit price.
    pub limit: Option<PriceUnits>,
    /// Trigger price.
    pub trigger: Option<PriceUnits>,
    /// How far a trailing stop follows.
    pub trail: Option<Trail>,
}

impl World {
    /// Places an order and gives its number: it is in the tables even if it was refused, and
    /// [`Happening::Refused`] says so.
    pub fn place(&mut self, asked: NewOrder) -> u32 {
        let at = self.now;
        self.next_key += 1;
        let key = self.next_key;
        let uid = match self.venue {
            VenueKind::KrakenFutures => uuid(self.seed, 1, u64::from(key)),
            VenueKind::Kraken => txid(self.seed, 'O', u64::from(key)),
        };
        let verdict = self.check(&asked);
        let kind = asked.kind;
        let is_conditional = kind.condition().is_some();
        self.orders.insert(Order {
            key,
            uid,
            asked,
            filled: QtyUnits::ZERO,
            value: Decimal::ZERO,
            fee: Decimal::ZERO,
            state: if is_conditional { State::Waiting } else { State::Open },
            triggered: false,
            placed_at: at,
            updated_at: at,
        });
        let verdict = verdict.and_then(|()| {
            if is_conditional {
                self.happenings.push_back(Happening::Placed(key));
                self.watch_one(at, key);
                return Ok(());
            }
            self.send(at, key, kind)
        });
        if let Err(reason) = verdict {
            self.orders.change(key, |order| order.state = State::Ended(End::Refused(reason)));
            self.happenings.push_back(Happening::Refused(key, reason));
        }
        key
    }

    /// What can be judged of an order before the exchange sees it.
    fn check(&mut self, asked: &NewOrder) -> Result<(), RejectReason> {
        let market = self.markets.get(asked.instrument.index()).ok_or(RejectReason::Other)?;
        if market.delisted && !asked.reduce_only {
            return Err(RejectReason::MarketClosed);
        }
        let lot = market.instrument.lot().get().max(1);
        if asked.qty.get() <= 0 || asked.qty.get() % lot != 0 {
            return Err(RejectReason::InvalidQuantity);
        }
        let trigger = asked.kind.condition().map(|condition| condition.trigger);
        let is_price = |price: &PriceUnits| price.get() > 0 && market.instrument.is_on_tick(*price);
        if ![asked.kind.limit(), trigger].iter().flatten().all(is_price) {
            return Err(RejectReason::InvalidPrice);
        }
        if let Some(client_id) = &asked.client_id
            && self.orders.by_client(client_id).is_some_and(|order| order.state.is_open())
        {
            return Err(RejectReason::DuplicateId);
        }
        let holding = self.account.holding(asked.instrument).qty;
        if asked.reduce_only && asked.side.signed(holding).get() >= 0 {
            return Err(RejectReason::NothingToReduce);
        }
        if !asked.reduce_only && !self.backs(market, asked) {
            return Err(RejectReason::InsufficientFunds);
        }
        match asked.kind {
            Kind::Conditional(_) if self.refuses_stops => Err(RejectReason::NotSupported),
            Kind::Limit { price, life: Life::Fok } if !takes(market, asked.side, price) => {
                Err(RejectReason::Other)
            }
            Kind::Market | Kind::Limit { .. } | Kind::Conditional(_) => Ok(()),
        }
    }

    /// Whether what is free backs an order on an instrument whose leverage was chosen. The exchange asks the
    /// same of every order, by the leverage that the instrument allows.
    fn backs(&self, market: &Market, asked: &NewOrder) -> bool {
        let id = asked.instrument;
        if self.leverage(id).is_none() || asked.kind.condition().is_some() {
            return true;
        }
        let before = self.account.holding(id).qty;
        let after = before.plus(asked.side.signed(asked.qty));
        let more = self.margins(market, after).initial.saturating_sub(self.margins(market, before).initial);
        more <= self.worth().available()
    }

    /// Hands an order to the exchange; what it says at once is heard before this returns.
    pub(super) fn send(&mut self, at: Ts, key: u32, kind: Kind) -> Result<(), RejectReason> {
        let Some(order) = self.orders.get(key) else { return Err(RejectReason::OrderNotFound) };
        let asked = &order.asked;
        let Some(market) = self.markets.get(asked.instrument.index()) else {
            return Err(RejectReason::Other);
        };
        let kind = match kind {
            Kind::Market | Kind::Conditional(_) => OrderKind::Limit {
                price: cap(market, asked.side),
                time_in_force: TimeInForce::ImmediateOrCancel,
            },
            Kind::Limit { price, life } => OrderKind::Limit { price, time_in_force: time_in_force(life) },
        };
        let request = OrderRequest {
            order: OrderRef { instrument: asked.instrument, id: ClientOrderId { run: 1, sequence: key } },
            role: OrderRole::Entry,
            side: asked.side,
            qty: asked.qty,
            kind,
            reduce_only: asked.reduce_only,
        };
        self.verdict = None;
        self.exchange.send(at, VenueRequest::Place(request));
        self.hear(at);
        self.verdict.take().unwrap_or(Ok(()))
    }

    /// Changes an open order.
    ///
    /// # Errors
    /// Why not; the order is as before.
    pub fn edit(&mut self, key: u32, edit: Edit) -> Result<(), RejectReason> {
        let at = self.now;
        let order = self.orders.get(key).filter(|order| order.state.is_open());
        let order = order.ok_or(RejectReason::OrderNotFound)?;
        let market = self.markets.get(order.asked.instrument.index()).ok_or(RejectReason::Other)?;
        let qty = edit.qty.unwrap_or(order.asked.qty);
        let lot = market.instrument.lot().get().max(1);
        if qty.get() <= 0 || qty.get() % lot != 0 || qty < order.filled {
            return Err(RejectReason::InvalidQuantity);
        }
        let is_price = |price: &PriceUnits| price.get() > 0 && market.instrument.is_on_tick(*price);
        if ![edit.limit, edit.trigger].iter().flatten().all(is_price) {
            return Err(RejectReason::InvalidPrice);
        }
        let kind = edited(order.asked.kind, edit, market)?;
        if order.state == State::Open {
            let Some(limit) = kind.limit() else { return Err(RejectReason::NotSupported) };
            let time_in_force = match kind {
                Kind::Limit { life, .. } => time_in_force(life),
                Kind::Market | Kind::Conditional(_) => TimeInForce::GoodTilCancelled,
            };
            let name =
                OrderRef { instrument: order.asked.instrument, id: ClientOrderId { run: 1, sequence: key } };
            let terms = OrderKind::Limit { price: limit, time_in_force };
            self.verdict = None;
            self.exchange.send(at, VenueRequest::Amend { order: name, qty, kind: terms });
            // The new terms stand before what they lead to is heard.
            let before = order.asked.clone();
            self.change_terms(at, key, qty, kind);
            self.hear(at);
            let verdict = self.verdict.take().unwrap_or(Ok(()));
            if verdict.is_err() {
                self.orders.change(key, |order| order.asked = before);
            }
            return verdict;
        }
        self.change_terms(at, key, qty, kind);
        self.happenings.push_back(Happening::Edited(key));
        self.watch_one(at, key);
        Ok(())
    }

    fn change_terms(&mut self, at: Ts, key: u32, qty: QtyUnits, kind: Kind) {
        self.orders.change(key, |order| {
            order.asked.qty = qty;
            order.asked.kind = kind;
            order.updated_at = at;
        });
    }

    /// Cancels an open order.
    ///
    /// # Errors
    /// There is no such open order.
    pub fn cancel(&mut self, key: u32, end: End) -> Result<(), RejectReason> {
        let at = self.now;
        let order = self.orders.get(key).filter(|order| order.state.is_open());
        let order = order.ok_or(RejectReason::OrderNotFound)?;
        if order.state == State::Open {
            let name =
                OrderRef { instrument: order.asked.instrument, id: ClientOrderId { run: 1, sequence: key } };
            self.verdict = None;
            self.ending = Some((key, end));
            self.exchange.send(at, VenueRequest::Cancel { order: name });
            self.hear(at);
            self.ending = None;
            return self.verdict.take().unwrap_or(Ok(()));
        }
        self.end(at, key, end);
        Ok(())
    }

    /// Ends an order that the exchange does not have (any more).
    pub(super) fn end(&mut self, at: Ts, key: u32, end: End) {
        if self.orders.get(key).is_none_or(|order| !order.state.is_open()) {
            return;
        }
        self.orders.change(key, |order| {
            order.state = State::Ended(end);
            order.updated_at = at;
        });
        self.happenings.push_back(Happening::Ended(key, end));
    }

    /// Ends limit orders whose time is over.
    pub(super) fn expire(&mut self) {
        let now = self.now;
        let is_over = |order: &&Order| match order.asked.kind {
            Kind::Limit { life: Life::Until(until), .. } => until <= now,
            Kind::Market | Kind::Limit { .. } | Kind::Conditional(_) => false,
        };
        let over: Vec<u32> = self.orders.open().filter(is_over).map(|order| order.key).collect();
        for key in over {
            // It is open: there is nothing that could refuse.
            let _ = self.cancel(key, End::Expired);
        }
    }

    /// Takes in everything that the exchange has to say by `at`.
    pub(super) fn hear(&mut self, at: Ts) {
        while let Some((at, event)) = self.exchange.next_event(at) {
            match event {
                VenueEvent::Accepted { order, .. } => {
                    let key = order.id.sequence;
                    if self.orders.get(key).is_some_and(|order| !order.triggered) {
                        self.happenings.push_back(Happening::Placed(key));
                    }
                }
                VenueEvent::Rejected { reason, .. }
                | VenueEvent::CancelRejected { reason, .. }
                | VenueEvent::AmendRejected { reason, .. } => self.verdict = Some(Err(reason)),
                VenueEvent::Amended { order, .. } => {
                    self.happenings.push_back(Happening::Edited(order.id.sequence));
                }
                VenueEvent::Filled(fill) => self.hear_fill(at, &fill),
                VenueEvent::Cancelled { order, reason } => {
                    let key = order.id.sequence;
                    let end = self.ending.filter(|(ending, _)| *ending == key).map(|(_, end)| end);
                    self.end(at, key, end.unwrap_or(self.end_of(key, reason)));
                }
                VenueEvent::Funding { instrument, amount } => {
                    let rate = self.market(instrument).map(|market| market.funding);
                    let id = self.account.book_funding(at, instrument, amount.get(), rate);
                    self.happenings.push_back(Happening::Booked(id));
                }
                VenueEvent::Triggered { .. }
                | VenueEvent::Order { .. }
                | VenueEvent::OpenOrders(_)
                | VenueEvent::Positions(_)
                | VenueEvent::Balance { .. }
                | VenueEvent::Stream { .. }
                | VenueEvent::Booked(_)
                | VenueEvent::Elsewhere(_) => {}
            }
        }
    }

    fn end_of(&self, key: u32, reason: CancelReason) -> End {
        match reason {
            CancelReason::Requested => End::Requested,
            CancelReason::ImmediateOrCancel => End::Immediate,
            CancelReason::NothingToReduce => End::NothingToReduce,
            CancelReason::Venue => {
                let instrument = self.orders.get(key).map(|order| order.asked.instrument);
                let is_flat = instrument.is_some_and(|id| self.account.holding(id).qty.is_zero());
                if is_flat { End::Liquidation } else { End::Admin }
            }
        }
    }

    fn hear_fill(&mut self, at: Ts, fill: &seawall_model::Fill) {
        let Some(market) = self.markets.get(fill.instrument.index()) else { return };
        let instrument = market.instrument.clone();
        let key = fill.order.map(|order| order.id.sequence);
        let paid = super::value(&instrument, fill.price, fill.qty);
        if let Some(key) = key {
            self.orders.change(key, |order| {
                order.filled = order.filled.plus(fill.qty);
                order.value = order.value.saturating_add(paid);
                order.fee = order.fee.saturating_add(fill.fee.get());
                order.updated_at = at;
                if order.remaining().get() <= 0 {
                    order.state = State::Filled;
                }
            });
        }
        let remaining = key.and_then(|key| self.orders.get(key)).map_or(QtyUnits::ZERO, Order::remaining);
        let trade = Trade {
            at,
            order: key,
            side: fill.side,
            qty: fill.qty,
            price: fill.price,
            fee: fill.fee.get(),
            maker: fill.liquidity == Liquidity::Maker,
            remaining,
        };
        let count = self.account.next_fill();
        let uid = match self.venue {
            VenueKind::KrakenFutures => uuid(self.seed, 2, count),
            VenueKind::Kraken => txid(self.seed, 'T', count),
        };
        let (number, booking) = match instrument.spec().kind {
            ContractKind::LinearPerpetual => self.account.book_trade(&instrument, trade, uid),
            ContractKind::Spot => self.account.book_spot(&instrument, trade, uid),
        };
        self.happenings.push_back(Happening::Filled(number));
        self.happenings.push_back(Happening::Booked(booking));
        if fill.cause == FillCause::Liquidation {
            self.happenings.push_back(Happening::Liquidated(fill.instrument));
            for key in self.orders.waiting_keys(fill.instrument) {
                self.end(at, key, End::Liquidation);
            }
        }
    }

    /// Where a trailing stop of those terms would stand now.
    #[must_use]
    pub fn trailing_trigger(
        market: &Market,
        source: seawall_model::TriggerSource,
        trail: Trail,
        above: bool,
    ) -> PriceUnits {
        trail_from(trail, World::watched(market, source), above, market)
    }
}

fn time_in_force(life: Life) -> TimeInForce {
    match life {
        Life::Gtc | Life::Until(_) => TimeInForce::GoodTilCancelled,
        Life::Ioc | Life::Fok => TimeInForce::ImmediateOrCancel,
        Life::PostOnly => TimeInForce::PostOnly,
    }
}

/// The new kind of an order, or why it cannot have it.
fn edited(kind: Kind, edit: Edit, market: &Market) -> Result<Kind, RejectReason> {
    match kind {
        Kind::Market => Err(RejectReason::NotSupported),
        Kind::Limit { .. } if edit.trigger.is_some() || edit.trail.is_some() => {
            Err(RejectReason::NotSupported)
        }
        Kind::Limit { price, life } => Ok(Kind::Limit { price: edit.limit.unwrap_or(price), life }),
        Kind::Conditional(mut condition) => {
            let is_trailing = matches!(condition.purpose, Purpose::Trailing(_));
            if is_trailing && (edit.trigger.is_some() || edit.limit.is_some())
                || !is_trailing && edit.trail.is_some()
            {
                return Err(RejectReason::NotSupported);
            }
            if let Some(trail) = edit.trail {
                let trigger =
                    trail_from(trail, World::watched(market, condition.source), condition.above, market);
                // A limit keeps its distance from the trigger.
                condition.limit = condition.limit.map(|limit| limit.plus(trigger.minus(condition.trigger)));
                (condition.purpose, condition.trigger) = (Purpose::Trailing(trail), trigger);
            }
            condition.trigger = edit.trigger.unwrap_or(condition.trigger);
            condition.limit = edit.limit.or(condition.limit);
            Ok(Kind::Conditional(condition))
        }
    }
}

/// Whether a limit takes what stands on the other side.
fn takes(market: &Market, side: Side, price: PriceUnits) -> bool {
    match side {
        Side::Buy => price >= market.ask,
        Side::Sell => price <= market.bid,
    }
}

/// The worst price of a market order.
fn cap(market: &Market, side: Side) -> PriceUnits {
    let best = match side {
        Side::Buy => market.ask,
        Side::Sell => market.bid,
    };
    market.instrument.worse_price(side, best, MARKET_CAP).unwrap_or(best).max(market.instrument.tick())
}
