//! Carried numbers on finer scales: a venue that makes its tick or lot finer changes what one unit means.
//!
//! Invariants: every price and quantity of a desk is multiplied, none twice; money, times and names stay as
//! they are; only ever to finer scales, so nothing is rounded.

use seawall_model::{OrderKind, PriceUnits, QtyUnits, Trigger};
use seawall_strategy::Level;

use super::desk::{DeskCarry, Scales};
use crate::desk::Difference;
use crate::orders::Order;

/// How many new units an old one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Factors {
    price: i64,
    qty: i64,
}

impl Factors {
    /// From `old` to `new` scales; `None` where a unit of `new` is larger, or means another thing.
    pub(super) fn between(old: Scales, new: Scales) -> Option<Self> {
        let factor = |old: u32, new: u32| 10_i64.checked_pow(new.checked_sub(old)?);
        let factors = Factors { price: factor(old.price, new.price)?, qty: factor(old.qty, new.qty)? };
        (old.contract == new.contract).then_some(factors)
    }

    pub(crate) fn price(self, price: &mut PriceUnits) {
        *price = PriceUnits::new(price.get().saturating_mul(self.price));
    }

    pub(crate) fn qty(self, qty: &mut QtyUnits) {
        *qty = QtyUnits::new(qty.get().saturating_mul(self.qty));
    }

    fn level(self, level: &mut Level) {
        match level {
            Level::Price(price) => self.price(price),
            Level::Percent(_) => {}
        }
    }

    fn kind(self, kind: &mut OrderKind) {
        let turn = |trigger: &mut Trigger| self.price(&mut trigger.price);
        match kind {
            OrderKind::Market => {}
            OrderKind::Limit { price, .. } => self.price(price),
            OrderKind::StopMarket { trigger } | OrderKind::TakeProfitMarket { trigger } => turn(trigger),
            OrderKind::StopLimit { trigger, limit } | OrderKind::TakeProfitLimit { trigger, limit } => {
                turn(trigger);
                self.price(limit);
            }
        }
    }

    fn order(self, order: &mut Order) {
        self.qty(&mut order.request.qty);
        self.kind(&mut order.request.kind);
        self.qty(&mut order.filled);
        self.qty(&mut order.reported);
        if let Some(amendment) = order.amendment.as_mut() {
            self.qty(&mut amendment.qty);
            self.kind(&mut amendment.kind);
        }
    }
}

impl DeskCarry {
    /// Multiplies every price and quantity. `own_prices`: the strategy reads the instrument itself, so the
    /// price that proves its setup wrong is one of it.
    pub(super) fn rescale(&mut self, by: Factors, own_prices: bool) {
        let trading = &mut self.trading;
        let mut held = trading.position.qty();
        by.qty(&mut held);
        trading.position = trading.position.counted_as(held);
        trading.live.iter_mut().chain(&mut self.ended).for_each(|order| by.order(order));
        trading.protection.rescale(by);
        if let Some(basis) = trading.basis.as_mut() {
            by.price(&mut basis.decision_price);
            basis.stop.iter_mut().for_each(|level| by.level(level));
            basis.targets.iter_mut().for_each(|target| by.level(&mut target.level));
            basis.invalidation.iter_mut().filter(|_| own_prices).for_each(|price| by.price(price));
        }
        if let Some(trade) = trading.trade.as_mut() {
            trade.targets.iter_mut().for_each(|target| by.level(&mut target.level));
            trade.slots.iter_mut().for_each(|slot| slot.rescale(by));
            trade.managed.rescale(by, own_prices);
            let record = &mut trade.record;
            by.qty(&mut record.entry_qty);
            by.price(&mut record.decision_price);
            record.initial_stop.iter_mut().for_each(|price| by.price(price));
            by.price(&mut record.worst_price);
            by.price(&mut record.best_price);
            for exit in &mut record.exits {
                by.price(&mut exit.price);
                by.qty(&mut exit.qty);
            }
        }
        if let Some(Difference::SizeMismatch { stated, .. }) = trading.difference.as_mut() {
            by.qty(stated);
        }
        self.recent_fills.fills.iter_mut().for_each(|said| said.rescale(by));
        for price in [&mut self.readings.last, &mut self.readings.worst, &mut self.readings.best] {
            by.price(price);
        }
    }
}
