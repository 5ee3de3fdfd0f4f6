//! The exchange in a box as the books of a world: what its account has done, in the words of the model.
//!
//! Invariants: orders and executions are told once, in the order in which they came into the books; the box
//! lives by the venue's clock, everybody else by the world's.

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{
    ClientOrderId, Fill, FillCause, Instrument, InstrumentId, Liquidity, Money, OrderKind, OrderRef,
    OrderState, QtyUnits, Span, TimeInForce, Trigger, Ts, VenueEvent, VenueId, VenueOrder, VenueRequest,
};
use seawall_simulator::Tick;
use seawall_testnet::kraken_futures::{KEY, SECRET};
use seawall_testnet::world::{
    Booking, Condition, End, FillRow, Kind, Life, MarketSource, NewOrder, Order, Purpose, State, VenueKind,
};
use seawall_testnet::{Protocol, Setup, Testnet, TestnetError, WorldSettings};
use seawall_venues::{Credentials, Venue, VenueError};

use crate::books::Events;

/// An exchange in a box with what of its books was told.
pub(crate) struct Boxed {
    pub(crate) testnet: Testnet,
    skew: Span,
    orders_told: u32,
    fills_told: u64,
    log_told: u64,
    events: Events,
    /// Orders that may still find nobody to trade with.
    watched: BTreeSet<u32>,
}

/// The key that the box takes.
pub(crate) fn credentials() -> Result<Credentials, VenueError> {
    Venue::KrakenFutures.credentials(KEY, SECRET, "the key of the exchange in a box")
}

impl Boxed {
    pub(crate) fn new(
        seed: u64,
        instruments: &[Instrument],
        (cash, volume_limit_pct): (Money, Option<seawall_model::Percent>),
        (start, skew): (Ts, Span),
    ) -> Result<Self, TestnetError> {
        let specs = instruments.iter().map(|one| one.spec().clone()).collect();
        let settings = WorldSettings {
            market: MarketSource::Given(specs),
            seed,
            balance: cash,
            volume_limit_pct,
            ..WorldSettings::new(VenueKind::KrakenFutures)
        };
        let testnet = Setup::new(settings).build(start.plus(skew))?;
        Ok(Boxed {
            testnet,
            skew,
            orders_told: 0,
            fills_told: 0,
            log_told: 0,
            events: Events::new(),
            watched: BTreeSet::new(),
        })
    }

    /// The instruments as the box has them.
    pub(crate) fn instruments(&self) -> Vec<Instrument> {
        self.testnet.world().markets().iter().map(|market| market.instrument.clone()).collect()
    }

    /// The venue's clock.
    pub(crate) fn clock(&self, at: Ts) -> Ts {
        at.plus(self.skew)
    }

    /// When something happens in it by itself.
    pub(crate) fn next_at(&self) -> Option<Ts> {
        self.testnet.next_at().map(|at| at.minus(self.skew))
    }

    pub(crate) fn advance(&mut self, at: Ts) {
        self.testnet.advance(self.clock(at));
    }

    pub(crate) fn working(&self, instrument: InstrumentId) -> impl Iterator<Item = VenueOrder> + '_ {
        let open = self.testnet.world().orders().open();
        open.filter(move |order| order.asked.instrument == instrument).map(row)
    }

    pub(crate) fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)> {
        self.read();
        self.events.pop_front().map(|(at, event)| (at.min(until), event))
    }

    /// Takes in what came into the books.
    fn read(&mut self) {
        let world = self.testnet.world();
        while let Some(order) = world.orders().get(self.orders_told + 1) {
            self.orders_told += 1;
            self.watched.insert(order.key);
            let refused = matches!(order.state, State::Ended(End::Refused(_))) && !order.triggered;
            if let Some(name) = name(order).filter(|_| !refused) {
                let venue_order_id = VenueId::Number(u64::from(order.key));
                let event = VenueEvent::Accepted { order: name, venue_order_id };
                self.events.push_back((order.placed_at.minus(self.skew), event));
            }
        }
        let new = world.account().fills().rev().take_while(|row| row.number > self.fills_told);
        let mut new: Vec<&FillRow> = new.collect();
        new.reverse();
        for fill in new {
            self.fills_told = fill.number;
            let order = fill.order.and_then(|key| world.orders().get(key));
            let at = fill.at.minus(self.skew);
            self.events.push_back((at, VenueEvent::Filled(told(fill, order.and_then(name), at))));
        }
        let new = world.account().log().rev().take_while(|row| row.id > self.log_told);
        let new: Vec<_> = new.map(|row| (row.id, row.at, row.booking, row.instrument, row.change)).collect();
        for (id, at, booking, instrument, change) in new.into_iter().rev() {
            self.log_told = id;
            if let (Booking::Funding, Some(instrument)) = (booking, instrument) {
                let event = VenueEvent::Funding { instrument, amount: Money::new(change) };
                self.events.push_back((at.minus(self.skew), event));
            }
        }
    }

    /// Instruments on which an order at market has ended since the last call without having filled: there was
    /// nobody left to trade with.
    pub(crate) fn starved(&mut self) -> Vec<InstrumentId> {
        let orders = self.testnet.world().orders();
        let mut starved = Vec::new();
        self.watched.retain(|key| {
            let Some(order) = orders.get(*key) else { return false };
            if matches!(order.state, State::Ended(End::Immediate)) {
                starved.push(order.asked.instrument);
            }
            order.state.is_open()
        });
        starved
    }

    /// Somebody who is not us trades on the account.
    pub(crate) fn by_hand(&mut self, at: Ts, request: &VenueRequest) {
        let VenueRequest::Place(asked) = request else { return };
        self.advance(at);
        self.testnet.world_mut().place(NewOrder {
            instrument: asked.order.instrument,
            side: asked.side,
            qty: asked.qty,
            kind: Kind::Market,
            reduce_only: asked.reduce_only,
            client_id: None,
            extra: BTreeMap::new(),
        });
    }

    pub(crate) fn expire(&mut self, at: Ts, order: OrderRef) -> bool {
        self.advance(at);
        let world = self.testnet.world_mut();
        let found = world.orders().open().find(|row| name(row) == Some(order)).map(|row| row.key);
        found.is_some_and(|key| world.cancel(key, End::Admin).is_ok())
    }

    /// What has just happened is told to nobody.
    pub(crate) fn hush(&mut self) {
        self.testnet.world_mut().take_happenings();
    }

    pub(crate) fn tick(&mut self, at: Ts, instrument: InstrumentId, tick: Tick) {
        let at = self.clock(at);
        self.testnet.advance(at);
        self.testnet.world_mut().tick(at, instrument, tick);
        self.testnet.advance(at);
    }

    pub(crate) fn liquidate(&mut self, at: Ts, instrument: InstrumentId) {
        self.advance(at);
        self.testnet.world_mut().liquidate(instrument);
    }

    pub(crate) fn transfer(&mut self, amount: Money) -> Option<()> {
        self.testnet.world_mut().transfer(amount.get()).then_some(())
    }

    /// The synthetic market's rate is for eight hours; this venue pays each hour.
    pub(crate) fn set_funding(&mut self, at: Ts, instrument: InstrumentId, rate: rust_decimal::Decimal) {
        self.advance(at);
        let hourly = (rate / rust_decimal::Decimal::from(8)).round_dp(9);
        self.testnet.world_mut().set_funding(instrument, hourly);
    }
}

/// Our order, if it is one.
fn name(order: &Order) -> Option<OrderRef> {
    let id = order.asked.client_id.as_deref().and_then(ClientOrderId::from_wire)?;
    Some(OrderRef { instrument: order.asked.instrument, id })
}

fn row(order: &Order) -> VenueOrder {
    VenueOrder {
        instrument: order.asked.instrument,
        order: name(order),
        venue_order_id: VenueId::Number(u64::from(order.key)),
        side: order.asked.side,
        qty: order.asked.qty,
        filled: order.filled,
        kind: kind(order.asked.kind),
        reduce_only: order.asked.reduce_only,
        state: if order.triggered { OrderState::Triggered } else { OrderState::Open },
    }
}

fn kind(kind: Kind) -> OrderKind {
    match kind {
        Kind::Market => OrderKind::Market,
        Kind::Limit { price, life } => {
            let time_in_force = match life {
                Life::Gtc | Life::Until(_) => TimeInForce::GoodTilCancelled,
                Life::Ioc | Life::Fok => TimeInForce::ImmediateOrCancel,
                Life::PostOnly => TimeInForce::PostOnly,
            };
            OrderKind::Limit { price, time_in_force }
        }
        Kind::Conditional(Condition { purpose, trigger, source, limit, .. }) => {
            let trigger = Trigger { price: trigger, source };
            match (purpose, limit) {
                (Purpose::Stop | Purpose::Trailing(_), None) => OrderKind::StopMarket { trigger },
                (Purpose::Stop | Purpose::Trailing(_), Some(limit)) => {
                    OrderKind::StopLimit { trigger, limit }
                }
                (Purpose::TakeProfit, None) => OrderKind::TakeProfitMarket { trigger },
                (Purpose::TakeProfit, Some(limit)) => OrderKind::TakeProfitLimit { trigger, limit },
            }
        }
    }
}

fn told(row: &FillRow, order: Option<OrderRef>, at: Ts) -> Fill {
    let liquidated = row.order.is_none();
    Fill {
        instrument: row.instrument,
        order,
        fill_id: VenueId::Number(row.number),
        side: row.side,
        qty: QtyUnits::new(row.qty.get()),
        price: row.price,
        fee: Money::new(row.fee),
        liquidity: if row.maker { Liquidity::Maker } else { Liquidity::Taker },
        cause: if liquidated { FillCause::Liquidation } else { FillCause::Order },
        venue_time: at,
    }
}
