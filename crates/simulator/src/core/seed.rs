//! What the venue does to an account without an order: a position that is there from the start, money that
//! comes or goes, a liquidation by its own decision.
//!
//! Invariant: a seeded position takes its value at the entry price from the cash, so that cash plus quantity
//! times price stays the equity.

use seawall_model::{CancelReason, InstrumentId, Money, OrderRef, Ts, VenuePosition};

use super::Core;
use super::funding::next_boundary;
use super::market::Phase;
use crate::error::SimulatorError;

impl Core {
    pub(crate) fn seed_position(&mut self, at: Ts, seed: VenuePosition) -> Result<(), SimulatorError> {
        let VenuePosition { instrument, qty, entry_price } = seed;
        let unknown = SimulatorError::Seed { instrument: instrument.0, reason: "no such instrument" };
        let market = self.markets.get_mut(instrument.index()).ok_or(unknown)?;
        let refused = |reason| SimulatorError::Seed { instrument: instrument.0, reason };
        if qty.is_zero() || entry_price.get() <= 0 {
            return Err(refused("quantity and entry price must not be zero"));
        }
        if !market.position.is_zero() {
            return Err(refused("there is a position already"));
        }
        if market.terms.is_spot && qty.get() < 0 {
            return Err(refused("spot cannot be short"));
        }
        let too_large = |_| refused("its value does not fit into 28 digits");
        let value = market.instrument.notional(entry_price, qty).map_err(too_large)?;
        let cash = self.desk.cash.minus(value).map_err(too_large)?;
        self.desk.set_cash(cash);
        market.position = qty;
        market.entry_value = i128::from(entry_price.get()) * i128::from(qty.get().unsigned_abs());
        market.next_funding = next_boundary(at);
        if market.phase == Phase::Unpriced {
            market.last = entry_price;
        }
        market.refresh(&mut self.desk);
        Ok(())
    }

    pub(crate) fn transfer(&mut self, amount: Money) -> Option<()> {
        self.desk.set_cash(self.desk.cash.plus(amount).ok()?);
        Some(())
    }

    pub(crate) fn expire(&mut self, at: Ts, order: OrderRef) -> bool {
        let market = self.markets.get_mut(order.instrument.index());
        let Some((market, index)) = market.and_then(|market| market.place_of(order).map(|at| (market, at)))
        else {
            return false;
        };
        market.cancel(index, at, CancelReason::Venue, &mut self.desk);
        market.refresh(&mut self.desk);
        true
    }

    pub(crate) fn liquidate(&mut self, at: Ts, instrument: InstrumentId) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        if market.phase == Phase::Unpriced {
            return;
        }
        let price = market.last;
        market.liquidate(at, price, &mut self.desk);
        market.refresh(&mut self.desk);
    }
}
