//! Matching at one price: the open of a bar, or a tick.
//!
//! Order of events at a price: what waited for it, in order of arrival; stops; take-profits that wake; limits
//! that rested before; liquidation.

use seawall_model::{CancelReason, Liquidity, OrderKind, PriceUnits, Side, TimeInForce, Ts, VenueEvent};

use super::book::{Stage, Working, is_within, no_worse};
use super::desk::{Desk, Others};
use super::fills::Execution;
use super::market::Market;

/// Where a conditional order wakes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wake {
    pub(super) at: Ts,
    /// The price it wakes at.
    pub(super) price: PriceUnits,
    /// Inside a bar: its close, which decides whether a limit fills at once. Otherwise the known price does.
    pub(super) close: Option<PriceUnits>,
}

impl Market {
    /// Whether anything can happen at the price of this moment.
    #[inline]
    pub(super) fn is_touched_now(&self) -> bool {
        let (low, high) = (self.last.min(self.opposite_quote(Side::Buy)), self.opposite_quote(Side::Sell));
        self.is_awaited || self.is_touched(low, high.max(self.last))
    }

    /// Matches everything against the price of this moment.
    pub(super) fn match_now(&mut self, at: Ts, others: Option<Others>, desk: &mut Desk) {
        self.round += 1;
        while let Some(index) = self.next_in_round(|order| order.stage == Stage::Waiting) {
            self.take_waiting(index, at, desk);
        }
        let last = self.last;
        let is_awake = |order: &Working| {
            order.stage == Stage::Armed && order.watch.is_some_and(|watch| watch.is_reached(last))
        };
        while let Some(index) = self.next_in_round(|order| is_awake(order) && order.request.kind.is_stop()) {
            self.wake(index, Wake { at, price: last, close: None }, desk);
        }
        while let Some(index) = self.next_in_round(is_awake) {
            self.wake(index, Wake { at, price: last, close: None }, desk);
        }
        let (to_buy, to_sell) =
            (last.min(self.opposite_quote(Side::Buy)), last.max(self.opposite_quote(Side::Sell)));
        let is_hit = |order: &Working| {
            let price = match order.request.side {
                Side::Buy => to_buy,
                Side::Sell => to_sell,
            };
            order.stage == Stage::Resting && order.watch.is_some_and(|watch| watch.is_reached(price))
        };
        while let Some(index) = self.next_in_round(is_hit) {
            self.fill_resting(index, at, desk);
        }
        if let Some(others) = others
            && self.is_near_liquidation(last, desk)
            && self.is_breached(last, others, desk)
        {
            self.liquidate(at, last, desk);
        }
        self.refresh(desk);
    }

    /// The first order that `filter` takes and that this round has not dealt with; marks it.
    pub(super) fn next_in_round(&mut self, filter: impl Fn(&Working) -> bool) -> Option<usize> {
        let round = self.round;
        let found =
            self.orders.iter_mut().enumerate().find(|(_, order)| order.round != round && filter(order));
        found.map(|(index, order)| {
            order.round = round;
            index
        })
    }

    /// An order that takes liquidity meets a price to trade at.
    pub(super) fn take_waiting(&mut self, index: usize, at: Ts, desk: &mut Desk) {
        let Some(order) = self.orders.get(index).copied() else { return };
        let side = order.request.side;
        let number = order.number;
        let price = self.taker_price(side, self.last);
        match order.request.kind {
            OrderKind::Limit { price: limit, time_in_force } => {
                if is_within(side, self.opposite_quote(side), limit) {
                    let price = no_worse(side, price, limit);
                    self.execute(index, Execution { at, price, liquidity: Liquidity::Taker }, desk);
                }
                self.rest_or_end(index, number, time_in_force, at, desk);
            }
            OrderKind::Market
            | OrderKind::StopMarket { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. } => {
                self.execute(index, Execution { at, price, liquidity: Liquidity::Taker }, desk);
            }
        }
    }

    /// What becomes of a limit order after it had its chance to take liquidity.
    fn rest_or_end(&mut self, index: usize, number: u64, tif: TimeInForce, at: Ts, desk: &mut Desk) {
        let Some(order) = self.orders.get_mut(index).filter(|order| order.number == number) else { return };
        match tif {
            TimeInForce::ImmediateOrCancel => {
                self.cancel(index, at, CancelReason::ImmediateOrCancel, desk);
            }
            TimeInForce::GoodTilCancelled | TimeInForce::PostOnly => {
                order.enter(Stage::Resting, desk.limit_fill);
            }
        }
    }

    /// A resting limit fills at its own price.
    pub(super) fn fill_resting(&mut self, index: usize, at: Ts, desk: &mut Desk) {
        let limit = self.orders.get(index).and_then(|order| order.request.kind.limit());
        if let Some(price) = limit {
            self.execute(index, Execution { at, price, liquidity: Liquidity::Maker }, desk);
        }
    }

    /// A conditional order wakes.
    pub(super) fn wake(&mut self, index: usize, wake: Wake, desk: &mut Desk) {
        let limit_fill = desk.limit_fill;
        let Some(order) = self.orders.get_mut(index) else { return };
        order.triggered = true;
        let request = order.request;
        match request.kind.limit() {
            None => order.enter(Stage::Waiting, limit_fill),
            Some(_) => order.enter(Stage::Resting, limit_fill),
        }
        desk.emit(wake.at, self.id(), VenueEvent::Triggered { order: request.order });
        let taken = self.taker_price(request.side, wake.price);
        let traded = wake.close.unwrap_or_else(|| self.opposite_quote(request.side));
        let price = match (request.kind.limit(), wake.close) {
            (None, _) => taken,
            (Some(limit), _) if !is_within(request.side, traded, limit) => return,
            // The bar may have gone beyond the limit and come back: it fills at the worst it allows.
            (Some(limit), Some(_)) => limit,
            (Some(limit), None) => no_worse(request.side, taken, limit),
        };
        self.execute(index, Execution { at: wake.at, price, liquidity: Liquidity::Taker }, desk);
    }
}
