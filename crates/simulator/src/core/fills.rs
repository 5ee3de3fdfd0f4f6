//! Executions: cash, position, events, and the end of orders.
//!
//! Invariants: the position is the sum of the emitted fills; an order that may only reduce never increases
//! the position, and ends as soon as it has nothing to reduce.

use seawall_model::{
    CancelReason, Fill, FillCause, Liquidity, OrderState, PositionSide, PriceUnits, QtyUnits, Side, Ts,
    VenueEvent, VenueId,
};

use super::desk::{Desk, charge};
use super::funding::next_boundary;
use super::market::Market;

/// An execution about to be booked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Execution {
    pub(super) at: Ts,
    pub(super) price: PriceUnits,
    pub(super) liquidity: Liquidity,
}

impl Market {
    /// Fills as much of the order at `index` as position and volume allow; the order leaves the book when
    /// nothing remains of it.
    pub(super) fn execute(&mut self, index: usize, execution: Execution, desk: &mut Desk) {
        let Some(order) = self.orders.get(index).copied() else { return };
        let mut qty = order.remaining().min(self.budget);
        if order.reduces {
            qty = if self.is_closing(order.request.side) {
                qty.min(self.position.abs())
            } else {
                QtyUnits::ZERO
            };
        }
        if qty.get() <= 0 {
            return;
        }
        let fill = FillParts { side: order.request.side, qty, cause: FillCause::Order };
        let before = self.side();
        if self.book(fill, execution, Some(index), desk).is_none() {
            self.cancel(index, execution.at, CancelReason::Venue, desk);
            return;
        }
        if desk.volume_share.is_some() {
            self.budget = self.budget.minus(qty);
        }
        if let Some(order) = self.orders.get_mut(index) {
            order.filled = order.filled.plus(qty);
            if order.remaining().get() <= 0 {
                let ended = order.report(OrderState::Filled);
                self.orders.remove(index);
                desk.history.record(ended);
            }
        }
        if before != PositionSide::Flat && self.side() != before {
            self.drop_reducing(execution.at, desk);
        }
    }

    /// Books an execution that is known to be possible. `None`, and nothing booked, on overflow.
    pub(super) fn book(
        &mut self,
        fill: FillParts,
        execution: Execution,
        order: Option<usize>,
        desk: &mut Desk,
    ) -> Option<()> {
        let Execution { at, price, liquidity } = execution;
        let rate = match liquidity {
            Liquidity::Taker => self.terms.taker_fee,
            Liquidity::Maker => self.terms.maker_fee,
        };
        let value = self.instrument.notional(price, fill.qty).ok()?;
        let fee = charge(value, rate)?;
        desk.book_trade(fill.side, value, fee)?;
        self.move_position(at, fill.side.signed(fill.qty), price);
        desk.fills += 1;
        let event = Fill {
            instrument: self.id(),
            order: order.and_then(|index| self.orders.get(index)).map(|order| order.request.order),
            fill_id: VenueId::Number(desk.fills),
            side: fill.side,
            qty: fill.qty,
            price,
            fee,
            liquidity,
            cause: fill.cause,
            venue_time: at,
        };
        desk.emit(at, self.id(), VenueEvent::Filled(event));
        Some(())
    }

    fn move_position(&mut self, at: Ts, change: QtyUnits, price: PriceUnits) {
        let (before, after) = (self.position, self.position.plus(change));
        let added = i128::from(price.get()) * i128::from(change.get().unsigned_abs());
        let same_way = before.get().signum() == change.get().signum();
        let grew = if before.is_zero() {
            self.entry_value = added;
            self.next_funding = next_boundary(at);
            true
        } else if same_way {
            self.entry_value = self.entry_value.saturating_add(added);
            true
        } else if after.is_zero() {
            self.entry_value = 0;
            self.next_funding = Ts::FAR_FUTURE;
            false
        } else if after.get().signum() == before.get().signum() {
            let (left, of) = (i128::from(after.abs().get()), i128::from(before.abs().get()));
            let scaled = self.entry_value.checked_mul(left).map(|product| product / of);
            self.entry_value = scaled.unwrap_or_else(|| (self.entry_value / of).saturating_mul(left));
            false
        } else {
            self.entry_value = i128::from(price.get()) * i128::from(after.abs().get());
            true
        };
        self.position = after;
        if grew && self.in_range {
            self.grew_at = Some(price);
        }
    }

    /// Ends the order at `index` without (completely) filling it.
    pub(super) fn cancel(&mut self, index: usize, at: Ts, reason: CancelReason, desk: &mut Desk) {
        if index >= self.orders.len() {
            return;
        }
        let order = self.orders.remove(index);
        desk.history.record(order.report(OrderState::Cancelled));
        desk.emit(at, self.id(), VenueEvent::Cancelled { order: order.request.order, reason });
    }

    /// Ends every order that may only reduce and has nothing to reduce.
    pub(super) fn drop_reducing(&mut self, at: Ts, desk: &mut Desk) {
        while let Some(index) =
            self.orders.iter().position(|order| order.reduces && !self.is_closing(order.request.side))
        {
            self.cancel(index, at, CancelReason::NothingToReduce, desk);
        }
    }
}

/// Side, size and cause of an execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct FillParts {
    pub(super) side: Side,
    pub(super) qty: QtyUnits,
    pub(super) cause: FillCause,
}
