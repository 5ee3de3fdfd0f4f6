//! What is true at the venue: orders, positions, cash. Oracles compare the engine's books with it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::{
    ClientOrderId, InstrumentId, OrderKind, OrderRequest, OrderState, PositionSide, PriceUnits, QtyUnits,
    Side, VenueId, VenueOrder, VenuePosition,
};

use super::{qty, value};

/// An order in the venue's books.
#[derive(Debug, Clone, Copy)]
pub struct Resting {
    pub request: OrderRequest,
    pub venue_id: VenueId,
    pub state: OrderState,
    pub filled: QtyUnits,
}

impl Resting {
    pub fn remaining(&self) -> QtyUnits {
        if self.state.is_live() { self.request.qty.minus(self.filled).max(QtyUnits::ZERO) } else { qty(0) }
    }

    pub fn row(&self) -> VenueOrder {
        VenueOrder {
            instrument: self.request.order.instrument,
            order: Some(self.request.order),
            venue_order_id: self.venue_id,
            side: self.request.side,
            qty: self.request.qty,
            filled: self.filled,
            kind: self.request.kind,
            reduce_only: self.request.reduce_only,
            state: self.state,
        }
    }
}

/// The venue's own books.
#[derive(Debug, Clone)]
pub struct Truth {
    pub orders: BTreeMap<ClientOrderId, Resting>,
    pub held: Vec<QtyUnits>,
    entry: Vec<PriceUnits>,
    pub cash: Decimal,
    pub last: Vec<PriceUnits>,
}

impl Truth {
    pub fn new(instruments: usize, cash: i64) -> Self {
        Truth {
            orders: BTreeMap::new(),
            held: vec![QtyUnits::ZERO; instruments],
            entry: vec![PriceUnits::ZERO; instruments],
            cash: Decimal::from(cash),
            last: vec![PriceUnits::new(10_000); instruments],
        }
    }

    pub fn position(&self, id: InstrumentId) -> QtyUnits {
        self.held[id.index()]
    }

    pub fn price(&self, id: InstrumentId) -> PriceUnits {
        self.last[id.index()]
    }

    /// How much an order that only reduces could do on `side` now.
    pub fn reducible(&self, id: InstrumentId, side: Side) -> QtyUnits {
        let held = self.position(id);
        if PositionSide::of(held).closing_side() == Some(side) { held.abs() } else { QtyUnits::ZERO }
    }

    /// Moves position and cash; returns the fee.
    pub fn fill(&mut self, id: InstrumentId, side: Side, qty: QtyUnits, at: PriceUnits) -> Decimal {
        let before = self.position(id);
        let after = before.plus(side.signed(qty));
        let worth = value(at, qty);
        let fee = worth * Decimal::new(5, 4);
        self.cash -= fee + if side == Side::Buy { worth } else { -worth };
        self.held[id.index()] = after;
        let turned = before.is_zero() || (before > QtyUnits::ZERO) != (after > QtyUnits::ZERO);
        if turned {
            self.entry[id.index()] = at;
        }
        fee
    }

    pub fn live(&self) -> impl Iterator<Item = &Resting> {
        self.orders.values().filter(|order| order.state.is_live())
    }

    /// Quantity of working stops that would reduce the position.
    pub fn cover(&self, id: InstrumentId) -> QtyUnits {
        let closing = PositionSide::of(self.position(id)).closing_side();
        self.live()
            .filter(|order| order.request.order.instrument == id && order.request.kind.is_stop())
            .filter(|order| Some(order.request.side) == closing && order.request.reduce_only)
            .fold(QtyUnits::ZERO, |sum, order| sum.plus(order.remaining()))
    }

    pub fn is_covered(&self, id: InstrumentId) -> bool {
        self.cover(id) >= self.position(id).abs()
    }

    pub fn open_rows(&self) -> Vec<VenueOrder> {
        self.live().map(Resting::row).collect()
    }

    pub fn position_rows(&self) -> Vec<VenuePosition> {
        (0_u32..)
            .zip(&self.held)
            .filter(|(_, held)| !held.is_zero())
            .map(|(number, held)| VenuePosition {
                instrument: InstrumentId(number),
                qty: *held,
                entry_price: self.entry[number as usize],
            })
            .collect()
    }
}

/// Whether the condition of a stop is met at `price`.
pub fn stop_is_met(kind: OrderKind, side: Side, price: PriceUnits) -> bool {
    match (kind, side) {
        (OrderKind::StopMarket { trigger } | OrderKind::StopLimit { trigger, .. }, Side::Sell) => {
            price <= trigger.price
        }
        (OrderKind::StopMarket { trigger } | OrderKind::StopLimit { trigger, .. }, Side::Buy) => {
            price >= trigger.price
        }
        (
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. },
            Side::Buy | Side::Sell,
        ) => false,
    }
}

/// Whether a resting limit order fills at `price`.
pub fn limit_is_met(kind: OrderKind, side: Side, price: PriceUnits) -> bool {
    match (kind, side) {
        (OrderKind::Limit { price: limit, .. }, Side::Buy) => price <= limit,
        (OrderKind::Limit { price: limit, .. }, Side::Sell) => price >= limit,
        (
            OrderKind::Market
            | OrderKind::StopMarket { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. },
            Side::Buy | Side::Sell,
        ) => false,
    }
}
