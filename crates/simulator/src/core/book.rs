//! One working order and what it waits for.
//!
//! Invariants: `filled < qty` while an order works; `watch` follows from stage, kind and side alone.

use seawall_model::{
    InstrumentId, OrderKind, OrderRequest, OrderState, PriceUnits, QtyUnits, Side, VenueId, VenueOrder,
};

use crate::settings::LimitFill;

/// What an order is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Takes liquidity as soon as there is a price: market orders and limits that came after the last one.
    Waiting,
    /// A condition is not met yet.
    Armed,
    /// A limit in the book.
    Resting,
}

/// A move of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Falls,
    Rises,
}

/// The price at which an order acts, reached from one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watch {
    pub(super) direction: Direction,
    pub(super) price: PriceUnits,
}

impl Watch {
    /// Whether a market that trades at `price` has reached it.
    #[inline]
    pub(super) fn is_reached(self, price: PriceUnits) -> bool {
        match self.direction {
            Direction::Falls => price <= self.price,
            Direction::Rises => price >= self.price,
        }
    }
}

/// An order in the venue's books.
#[derive(Debug, Clone, Copy)]
pub(super) struct Working {
    pub(super) request: OrderRequest,
    pub(super) number: u64,
    pub(super) filled: QtyUnits,
    pub(super) stage: Stage,
    pub(super) triggered: bool,
    /// Can only reduce: asked to, or a sale of spot.
    pub(super) reduces: bool,
    pub(super) watch: Option<Watch>,
    /// The last round of matching that dealt with it.
    pub(super) round: u64,
}

impl Working {
    /// Moves the order to `stage` and works out what it watches there.
    pub(super) fn enter(&mut self, stage: Stage, limit_fill: LimitFill) {
        self.stage = stage;
        self.watch = match stage {
            Stage::Waiting => None,
            Stage::Armed => trigger_watch(&self.request),
            Stage::Resting => limit_watch(&self.request, limit_fill),
        };
    }

    /// What is left to fill.
    pub(super) fn remaining(&self) -> QtyUnits {
        self.request.qty.minus(self.filled)
    }

    /// Whether the order is part of the exposure that margin must cover.
    pub(super) fn can_increase(&self) -> bool {
        !self.reduces
    }

    /// As the venue reports it, in `state`.
    pub(super) fn report(&self, state: OrderState) -> VenueOrder {
        VenueOrder {
            instrument: self.instrument(),
            order: Some(self.request.order),
            venue_order_id: VenueId::Number(self.number),
            side: self.request.side,
            qty: self.request.qty,
            filled: self.filled,
            kind: self.request.kind,
            reduce_only: self.request.reduce_only,
            state,
        }
    }

    /// The state of an order that still works.
    pub(super) fn live_state(&self) -> OrderState {
        if self.triggered { OrderState::Triggered } else { OrderState::Open }
    }

    fn instrument(&self) -> InstrumentId {
        self.request.order.instrument
    }
}

/// When the condition of a request is met; `None` without a condition.
pub(super) fn trigger_watch(request: &OrderRequest) -> Option<Watch> {
    let (trigger, against) = match request.kind {
        OrderKind::Market | OrderKind::Limit { .. } => return None,
        OrderKind::StopMarket { trigger } | OrderKind::StopLimit { trigger, .. } => (trigger, true),
        OrderKind::TakeProfitMarket { trigger } | OrderKind::TakeProfitLimit { trigger, .. } => {
            (trigger, false)
        }
    };
    let direction = match (request.side, against) {
        (Side::Sell, true) | (Side::Buy, false) => Direction::Falls,
        (Side::Sell, false) | (Side::Buy, true) => Direction::Rises,
    };
    Some(Watch { direction, price: trigger.price })
}

fn limit_watch(request: &OrderRequest, limit_fill: LimitFill) -> Option<Watch> {
    let limit = request.kind.limit()?;
    let beyond = match limit_fill {
        LimitFill::Touch => PriceUnits::ZERO,
        LimitFill::Through => PriceUnits::new(1),
    };
    Some(match request.side {
        Side::Buy => Watch { direction: Direction::Falls, price: limit.minus(beyond) },
        Side::Sell => Watch { direction: Direction::Rises, price: limit.plus(beyond) },
    })
}

/// Whether `price` is acceptable to an order of `side` with `limit`.
pub(super) fn is_within(side: Side, price: PriceUnits, limit: PriceUnits) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

/// `price`, but no worse than `limit` for an order of `side`.
pub(super) fn no_worse(side: Side, price: PriceUnits, limit: PriceUnits) -> PriceUnits {
    match side {
        Side::Buy => price.min(limit),
        Side::Sell => price.max(limit),
    }
}
