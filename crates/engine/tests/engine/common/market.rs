//! What happens at the scripted venue by itself: prices, what they trigger and fill, and other hands.

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, FillCause, InstrumentId, Money, OrderState, PriceUnits, QtyUnits, Side, Span, Ts,
    VenueEvent,
};

use super::truth::{Resting, limit_is_met, stop_is_met};
use super::venue::{Execution, Picture, ScriptedVenue};

impl ScriptedVenue {
    /// A new price: what it triggers, fills and what else can happen meanwhile.
    pub fn tick(&mut self, at: Ts, instrument: InstrumentId, price: PriceUnits) {
        self.truth.last[instrument.index()] = price;
        let orders: Vec<Resting> =
            self.truth.live().filter(|order| order.request.order.instrument == instrument).copied().collect();
        for resting in orders {
            let order = resting.request.order;
            if limit_is_met(resting.request.kind, resting.request.side, price) {
                self.execute(at, order.id, price, false);
                continue;
            }
            if !resting.request.kind.is_stop() {
                continue;
            }
            let met = stop_is_met(resting.request.kind, resting.request.side, price);
            if met && resting.state == OrderState::Open {
                if let Some(resting) = self.truth.orders.get_mut(&order.id) {
                    resting.state = OrderState::Triggered;
                }
                self.say(at, VenueEvent::Triggered { order });
            }
            let awake = met || resting.state == OrderState::Triggered;
            if awake && !self.will.chance(self.faults.trigger_sticks) {
                self.execute(at, order.id, price, true);
            } else if !awake && self.will.chance(self.faults.stop_vanishes) {
                let aloud = self.capabilities.lossless_order_stream || self.will.chance(500);
                self.end(at, order, CancelReason::Venue, aloud);
            }
        }
        self.others(at, instrument, price);
        if self.will.chance(5) {
            let amount = Decimal::new(self.will.range(-300, 300), 2);
            self.truth.cash += amount;
            self.say(at, VenueEvent::Funding { instrument, amount: Money::new(amount) });
        }
        if self.pictures.back().is_none_or(|last| at.since(last.at) >= Span::from_secs(1)) {
            let (orders, positions) = (self.truth.open_rows(), self.truth.position_rows());
            self.pictures.push_back(Picture { at, orders, positions });
            if self.pictures.len() > 3 {
                self.pictures.pop_front();
            }
        }
    }

    /// Other hands on the account, and the venue's own.
    fn others(&mut self, at: Ts, instrument: InstrumentId, price: PriceUnits) {
        if self.will.chance(self.faults.by_hand) {
            let side = if self.will.chance(500) { Side::Buy } else { Side::Sell };
            let held = self.truth.position(instrument).abs().get();
            let qty = if self.will.chance(500) { held.max(1) } else { self.will.range(1, 2_000) };
            let execution = Execution { instrument, side, qty: QtyUnits::new(qty), price };
            self.fill(at, None, FillCause::Order, execution);
        }
        let held = self.truth.position(instrument);
        if !held.is_zero() && self.will.chance(self.faults.liquidation) {
            let side = if held > QtyUnits::ZERO { Side::Sell } else { Side::Buy };
            let execution = Execution { instrument, side, qty: held.abs(), price };
            self.fill(at, None, FillCause::Liquidation, execution);
            self.end_reduce_only(at, instrument);
        }
    }
}
