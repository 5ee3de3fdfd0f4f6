//! An exchange that goes on with the books of an earlier one, whose process has ended.
//!
//! What was on its way in either direction is gone, and so is the memory of orders that have ended: their ids
//! are never used again; ids of orders and fills begin with the microseconds of `at`. Positions come back at
//! their average price.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use seawall_model::{InstrumentId, Money, OrderKind, OrderRequest, PriceUnits, QtyUnits, Side, Ts};

use super::Core;
use super::book::{Stage, Working};
use super::funding::next_boundary;
use super::market::Market;
use crate::error::SimulatorError;

/// A position of earlier books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BooksPosition {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Signed quantity, not zero.
    pub qty: QtyUnits,
    /// What was paid for it, negative for a short: the cash is net of it.
    pub cost: Money,
}

/// An order of earlier books that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BooksOrder {
    /// As it was placed or last amended.
    pub request: OrderRequest,
    /// Filled so far.
    pub filled: QtyUnits,
    /// Its condition has been met.
    pub triggered: bool,
}

/// The books of an account at the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    /// Cash, net of what open positions cost.
    pub cash: Money,
    /// Open positions, one an instrument.
    pub positions: Vec<BooksPosition>,
    /// Working orders, oldest first.
    pub orders: Vec<BooksOrder>,
}

impl Core {
    pub(crate) fn restore(&mut self, at: Ts, books: &Books) -> Result<(), SimulatorError> {
        self.desk.set_cash(books.cash);
        // Beyond every id of an earlier exchange: a fill with the id of another one would be no fill.
        let first_id = u64::try_from(at.nanos() / 1_000).unwrap_or_default();
        (self.desk.orders, self.desk.fills) = (first_id, first_id);
        for position in &books.positions {
            let reason = "its average price has no form";
            let market = self.market(position.instrument)?;
            let average = average_price(market, position);
            let price = average.ok_or(SimulatorError::Books { instrument: position.instrument.0, reason })?;
            market.position = position.qty;
            market.entry_value = i128::from(price.get()) * i128::from(position.qty.get().unsigned_abs());
            market.last = price;
            market.next_funding = next_boundary(at);
        }
        for order in &books.orders {
            let id = order.request.order.instrument;
            if order.filled >= order.request.qty {
                let reason = "an order that has filled does not work";
                return Err(SimulatorError::Books { instrument: id.0, reason });
            }
            let (number, limit_fill) = (self.desk.orders + 1, self.desk.limit_fill);
            self.desk.orders = number;
            let market = self.market(id)?;
            let spot_sale = market.terms.is_spot && order.request.side == Side::Sell;
            let mut working = Working {
                request: order.request,
                number,
                filled: order.filled,
                stage: Stage::Waiting,
                triggered: order.triggered,
                reduces: order.request.reduce_only || spot_sale,
                watch: None,
                round: market.round,
            };
            working.enter(stage(&order.request.kind, order.triggered), limit_fill);
            market.orders.push(working);
        }
        let Core { markets, desk } = self;
        for market in markets {
            market.refresh(desk);
        }
        Ok(())
    }

    fn market(&mut self, id: InstrumentId) -> Result<&mut Market, SimulatorError> {
        let reason = "there is no such instrument";
        self.markets.get_mut(id.index()).ok_or(SimulatorError::Books { instrument: id.0, reason })
    }
}

/// What an order of this kind does next.
fn stage(kind: &OrderKind, triggered: bool) -> Stage {
    match kind {
        OrderKind::Market => Stage::Waiting,
        OrderKind::Limit { .. } => Stage::Resting,
        OrderKind::StopMarket { .. } | OrderKind::TakeProfitMarket { .. } if triggered => Stage::Waiting,
        OrderKind::StopLimit { .. } | OrderKind::TakeProfitLimit { .. } if triggered => Stage::Resting,
        OrderKind::StopMarket { .. }
        | OrderKind::TakeProfitMarket { .. }
        | OrderKind::StopLimit { .. }
        | OrderKind::TakeProfitLimit { .. } => Stage::Armed,
    }
}

fn average_price(market: &Market, position: &BooksPosition) -> Option<PriceUnits> {
    let qty = market.instrument.qty(position.qty.abs()).get();
    let each = qty.checked_mul(market.instrument.spec().contract_size.get())?;
    let price = position.cost.get().abs().checked_div(each)?;
    let unit = Decimal::new(1, 0).checked_div(market.instrument.price(PriceUnits::new(1)).get())?;
    price.checked_mul(unit)?.round().to_i64().filter(|price| *price > 0).map(PriceUnits::new)
}
