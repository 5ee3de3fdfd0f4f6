//! The venue's rules for what may be asked of it.

use seawall_model::{
    InstrumentSpec, OrderKind, OrderRequest, PriceUnits, QtyUnits, RejectReason, Side, TimeInForce,
    TriggerSource,
};

use super::book::{is_within, trigger_watch};
use super::market::{Market, Phase};

/// Whether a price that wakes stops is offered.
pub(crate) const fn is_offered(source: TriggerSource) -> bool {
    match source {
        TriggerSource::Mark | TriggerSource::Last => true,
        TriggerSource::Index => false,
    }
}

impl Market {
    /// Tick, lot, minimums, trigger source: what can be judged without a position or a price.
    pub(super) fn check_shape(&self, request: &OrderRequest) -> Result<(), RejectReason> {
        let spec: &InstrumentSpec = self.instrument.spec();
        let qty = request.qty;
        let trigger = request.kind.trigger();
        if trigger.is_some_and(|trigger| !is_offered(trigger.source)) {
            return Err(RejectReason::NotSupported);
        }
        let is_price = |price: PriceUnits| price.get() > 0 && self.instrument.is_on_tick(price);
        let prices = [request.kind.limit(), trigger.map(|trigger| trigger.price)];
        if !prices.into_iter().flatten().all(is_price) {
            return Err(RejectReason::InvalidPrice);
        }
        let is_whole = qty.get() > 0 && qty.get() % self.instrument.lot().get() == 0;
        if !is_whole || !request.reduce_only && qty < self.instrument.min_qty() {
            return Err(RejectReason::InvalidQuantity);
        }
        if !request.reduce_only && !spec.min_notional.is_zero() {
            let price = prices.into_iter().flatten().next().unwrap_or(self.last);
            let value = self.instrument.notional(price, qty).map_err(|_| RejectReason::InvalidQuantity)?;
            if value < spec.min_notional {
                return Err(RejectReason::InvalidQuantity);
            }
        }
        Ok(())
    }

    /// What the position allows: nothing to reduce, nothing to sell.
    pub(super) fn check_position(&self, request: &OrderRequest) -> Result<(), RejectReason> {
        if request.reduce_only {
            return if self.is_closing(request.side) { Ok(()) } else { Err(RejectReason::NothingToReduce) };
        }
        if self.terms.is_spot && request.side == Side::Sell && request.qty > self.position {
            return Err(RejectReason::InsufficientFunds);
        }
        Ok(())
    }

    /// What the known price allows: no condition that is met already, no post-only order that would take.
    pub(super) fn check_price(&self, request: &OrderRequest) -> Result<(), RejectReason> {
        if self.phase == Phase::Unpriced {
            return Err(RejectReason::MarketClosed);
        }
        if trigger_watch(request).is_some_and(|watch| watch.is_reached(self.last)) {
            return Err(RejectReason::WouldTriggerImmediately);
        }
        match request.kind {
            OrderKind::Limit { price, time_in_force: TimeInForce::PostOnly }
                if is_within(request.side, self.opposite_quote(request.side), price) =>
            {
                Err(RejectReason::WouldTakeLiquidity)
            }
            OrderKind::Limit { .. }
            | OrderKind::Market
            | OrderKind::StopMarket { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. } => Ok(()),
        }
    }

    /// Whether a stop that arrives now meets the range in which its position was entered: the candle cannot
    /// tell whether its extreme came before or after the entry, so the worse is assumed. A stop that was met
    /// at the entry already is none to look back for.
    pub(super) fn looks_back(&self, request: &OrderRequest) -> bool {
        let (Some(entry), true) = (self.grew_at, request.kind.is_stop()) else { return false };
        let extreme = match request.side {
            Side::Sell => self.low,
            Side::Buy => self.high,
        };
        self.phase == Phase::Closed
            && self.is_closing(request.side)
            && trigger_watch(request)
                .is_some_and(|watch| watch.is_reached(extreme) && !watch.is_reached(entry))
    }

    /// Whether `kind` is the kind of `before` with other prices, and `qty` does not undo fills.
    pub(super) fn is_same_kind(before: OrderKind, kind: OrderKind) -> bool {
        let tif = |kind: OrderKind| match kind {
            OrderKind::Limit { time_in_force, .. } => Some(time_in_force),
            OrderKind::Market
            | OrderKind::StopMarket { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. } => None,
        };
        core::mem::discriminant(&before) == core::mem::discriminant(&kind) && tif(before) == tif(kind)
    }
}

/// The part of `qty` that an amendment adds to what was left before.
pub(super) fn added(qty: QtyUnits, before: QtyUnits) -> QtyUnits {
    qty.minus(before).max(QtyUnits::ZERO)
}
