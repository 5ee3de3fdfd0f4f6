//! Conditions: watched at every tick, followed by trailing stops, released into the market when they are
//! met. A condition that is met when it is placed fires at once.

use seawall_model::{InstrumentId, PriceUnits, RejectReason, Ts};

use super::order::{Condition, End, Kind, Life, Purpose, State, Trail};
use super::{Happening, Market, World};

impl World {
    /// Looks at every condition of an instrument after its price moved.
    pub(super) fn watch(&mut self, at: Ts, instrument: InstrumentId) {
        if self.orders.open_count() == 0 {
            return;
        }
        for key in self.orders.waiting_keys(instrument) {
            self.watch_one(at, key);
        }
    }

    /// Follows the price, and releases the order if its condition is met.
    pub(super) fn watch_one(&mut self, at: Ts, key: u32) {
        let Some(order) = self.orders.get(key) else { return };
        let Some(condition) = order.asked.kind.condition().filter(|_| order.state == State::Waiting) else {
            return;
        };
        let Some(market) = self.market(order.asked.instrument) else { return };
        let price = World::watched(market, condition.source);
        let moved = follow(condition, price, market);
        if moved != condition {
            self.orders.change(key, |order| order.asked.kind = Kind::Conditional(moved));
        }
        let is_met = if moved.above { price >= moved.trigger } else { price <= moved.trigger };
        if is_met {
            self.release(at, key, moved);
        }
    }

    fn release(&mut self, at: Ts, key: u32, condition: Condition) {
        self.orders.change(key, |order| {
            order.state = State::Open;
            order.triggered = true;
            order.updated_at = at;
        });
        self.happenings.push_back(Happening::Triggered(key));
        let kind = match condition.limit {
            Some(price) => Kind::Limit { price, life: Life::Gtc },
            None => Kind::Market,
        };
        if let Err(reason) = self.send(at, key, kind) {
            let end = match reason {
                RejectReason::NothingToReduce => End::NothingToReduce,
                RejectReason::InsufficientFunds
                | RejectReason::InvalidPrice
                | RejectReason::InvalidQuantity
                | RejectReason::WouldTriggerImmediately
                | RejectReason::WouldTakeLiquidity
                | RejectReason::NotSupported
                | RejectReason::OrderNotFound
                | RejectReason::MarketClosed
                | RejectReason::RateLimited
                | RejectReason::DuplicateId
                | RejectReason::Other => End::Refused(reason),
            };
            self.end(at, key, end);
        }
    }
}

/// The trigger of a trailing stop after the price moved: it goes with the price one way and never back.
fn follow(condition: Condition, price: PriceUnits, market: &Market) -> Condition {
    let Purpose::Trailing(trail) = condition.purpose else { return condition };
    let wanted = trail_from(trail, price, condition.above, market);
    let trigger = if condition.above { condition.trigger.min(wanted) } else { condition.trigger.max(wanted) };
    // A limit keeps its distance from the trigger.
    let limit = condition.limit.map(|limit| limit.plus(trigger.minus(condition.trigger)));
    Condition { trigger, limit, ..condition }
}

/// Where a trailing stop stands when the price is `price`.
pub(crate) fn trail_from(trail: Trail, price: PriceUnits, above: bool, market: &Market) -> PriceUnits {
    let distance = match trail {
        Trail::Price(distance) => distance,
        Trail::Fraction(fraction) => {
            let part = market.instrument.price(price).get() * fraction;
            market
                .instrument
                .round_price(part, seawall_model::PriceRounding::Up)
                .unwrap_or(market.instrument.tick())
        }
    };
    let trigger = if above { price.plus(distance) } else { price.minus(distance) };
    let tick = market.instrument.tick().get().max(1);
    PriceUnits::new((trigger.get() / tick * tick).max(tick))
}
