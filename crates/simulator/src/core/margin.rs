//! Margin: what an exposure needs, what a position must keep, and liquidation.
//!
//! A float guard with a safety margin decides that a position is far from liquidation; near it, exact
//! decimals decide. The liquidation price is the first price on the way to the bar's extreme at which the
//! account (cross) or the position's own margin (isolated) no longer covers the maintenance margin.

use rust_decimal::Decimal;
use seawall_model::{
    CancelReason, FillCause, Liquidity, Money, OrderKind, OrderRequest, PriceUnits, QtyUnits, RejectReason,
    Side, Ts,
};

use super::desk::{Desk, Others, charge};
use super::fills::{Execution, FillParts};
use super::market::Market;
use crate::settings::MarginMode;

/// Relative and absolute slack of the float guard; rounding errors stay far below it.
const GUARD_OF_MAINTENANCE: f64 = 1e-3;
const GUARD_OF_SIZES: f64 = 1e-9;

impl Market {
    /// Whether the position might be liquidated at `price`. Errs on the side of yes.
    #[inline]
    pub(super) fn is_near_liquidation(&self, price: PriceUnits, desk: &Desk) -> bool {
        if self.position.is_zero() || self.terms.is_spot {
            return false;
        }
        let value = self.terms.value_f64(price, self.position);
        let own = self.terms.maintenance_f64(value);
        let (backing, needed) = match desk.margin_mode {
            MarginMode::Cross => {
                let others = desk.value_f64 - self.value_f64;
                (desk.cash_f64 + others + value, own + desk.maintenance_f64 - self.maintenance_f64)
            }
            MarginMode::Isolated => {
                let entry = self.entry_value_f64();
                (value - entry + self.terms.initial_f64(entry), own)
            }
        };
        let sizes = desk.cash_f64.abs() + desk.value_f64.abs() + value.abs();
        backing < needed * (1.0 + GUARD_OF_MAINTENANCE) + sizes * GUARD_OF_SIZES
    }

    /// Whether the position is liquidated at `price`, exactly.
    pub(super) fn is_breached(&self, price: PriceUnits, others: Others, desk: &Desk) -> bool {
        self.surplus(price, others, desk).is_some_and(|surplus| surplus < Decimal::ZERO)
    }

    fn surplus(&self, price: PriceUnits, others: Others, desk: &Desk) -> Option<Decimal> {
        let value = self.instrument.notional(price, self.position).ok()?.get();
        let own = self.terms.maintenance(value)?;
        let (backing, needed) = match desk.margin_mode {
            MarginMode::Cross => {
                let backing = desk.cash.get().checked_add(others.value)?.checked_add(value)?;
                (backing, own.checked_add(others.maintenance)?)
            }
            MarginMode::Isolated => {
                let entry = self.entry_value()?;
                (value.checked_sub(entry)?.checked_add(self.terms.initial(entry)?)?, own)
            }
        };
        backing.checked_sub(needed)
    }

    /// The first price from `from` towards `to` at which the position is liquidated; `None` if not even at
    /// `to`.
    pub(super) fn liquidation_price(
        &self,
        from: PriceUnits,
        to: PriceUnits,
        others: Others,
        desk: &Desk,
    ) -> Option<PriceUnits> {
        if !self.is_near_liquidation(to, desk) || !self.is_breached(to, others, desk) {
            return None;
        }
        let (mut safe, mut breached) = (from.get(), to.get());
        if self.is_breached(from, others, desk) {
            return Some(from);
        }
        while (safe - breached).abs() > 1 {
            let middle = safe + (breached - safe) / 2;
            if self.is_breached(PriceUnits::new(middle), others, desk) {
                breached = middle;
            } else {
                safe = middle;
            }
        }
        Some(PriceUnits::new(breached))
    }

    /// Closes the position at `price`, worsened, and ends every order: the venue takes over.
    pub(super) fn liquidate(&mut self, at: Ts, price: PriceUnits, desk: &mut Desk) {
        let Some(side) = self.side().closing_side() else { return };
        let price = self.taker_price(side, price);
        let fill = FillParts { side, qty: self.position.abs(), cause: FillCause::Liquidation };
        let execution = Execution { at, price, liquidity: Liquidity::Taker };
        if self.book(fill, execution, None, desk).is_none() {
            return;
        }
        desk.stats.liquidations += 1;
        self.drop_reducing(at, desk);
        while !self.orders.is_empty() {
            self.cancel(0, at, CancelReason::Venue, desk);
        }
    }

    /// Signed value at which the open position was entered.
    pub(super) fn entry_value(&self) -> Option<Decimal> {
        let scale = self.instrument.price_scale() + self.instrument.qty_scale();
        let signed = self.entry_value * i128::from(self.position.get().signum());
        let value = Decimal::try_from_i128_with_scale(signed, scale).ok()?;
        value.checked_mul(self.instrument.spec().contract_size.get())
    }

    fn entry_value_f64(&self) -> f64 {
        let sign = self.position.get().signum() as f64;
        self.entry_value as f64 * sign * self.terms.unit_f64
    }

    /// The largest position that fills of the open orders could lead to, either way, should `buys` and
    /// `sells` come on top.
    pub(super) fn exposure(&self, side: Side, extra: QtyUnits) -> Exposure {
        let (mut long, mut short) = (self.position, self.position.negated());
        for order in self.orders.iter().filter(|order| order.can_increase()) {
            match order.request.side {
                Side::Buy => long = long.plus(order.remaining()),
                Side::Sell => short = short.plus(order.remaining()),
            }
        }
        let before = long.max(short);
        match side {
            Side::Buy => long = long.plus(extra),
            Side::Sell => short = short.plus(extra),
        }
        Exposure { before: before.max(QtyUnits::ZERO), after: long.max(short).max(QtyUnits::ZERO) }
    }

    /// Initial margin of this instrument's exposure at `price`.
    pub(super) fn initial_margin(&self, price: PriceUnits, exposure: QtyUnits) -> Option<Decimal> {
        self.terms.initial(self.instrument.notional(price, exposure).ok()?.get())
    }

    /// Whether the account can carry `extra` more of `request`'s side. `free` is equity less the initial
    /// margin of all other instruments.
    pub(super) fn check_funds(
        &self,
        request: &OrderRequest,
        extra: QtyUnits,
        free: Option<Decimal>,
    ) -> Result<(), RejectReason> {
        let exposure = self.exposure(request.side, extra);
        if exposure.after <= exposure.before {
            return Ok(());
        }
        let price = reference_price(&request.kind).map_or(self.last, |price| price.max(self.last));
        let needed = || {
            let fee = charge(self.instrument.notional(price, extra).ok()?, self.terms.taker_fee)?;
            self.initial_margin(price, exposure.after)?.checked_add(Money::get(fee))
        };
        match (needed(), free) {
            (Some(needed), Some(free)) if needed <= free => Ok(()),
            (Some(_), Some(_)) => Err(RejectReason::InsufficientFunds),
            (None, _) | (_, None) => Err(RejectReason::InvalidQuantity),
        }
    }
}

/// The size that margin must cover.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exposure {
    pub(super) before: QtyUnits,
    pub(super) after: QtyUnits,
}

fn reference_price(kind: &OrderKind) -> Option<PriceUnits> {
    match (kind.limit(), kind.trigger()) {
        (Some(limit), Some(trigger)) => Some(limit.max(trigger.price)),
        (Some(limit), None) => Some(limit),
        (None, Some(trigger)) => Some(trigger.price),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use seawall_model::{Instrument, InstrumentId, InstrumentSpec};

    use super::super::terms::Terms;
    use super::*;
    use crate::settings::SimulatorSettings;

    proptest! {
        #[test]
        fn the_guard_never_misses_a_liquidation(
            isolated: bool, qty in -1_000_000_i64..1_000_000, entry in 1_i64..10_000_000,
            moved in -3_000_i64..3_000, cash in -1_000_000_i64..1_000_000, leverage in 1_i64..50,
            others in -100_000_i64..100_000,
        ) {
            let mut spec = InstrumentSpec::new("BTC/USD:USD".parse().unwrap());
            spec.leverage_max = leverage.to_string().parse().unwrap();
            spec.lot = "0.001".parse().unwrap();
            let margin_mode = if isolated { MarginMode::Isolated } else { MarginMode::Cross };
            let settings = SimulatorSettings { margin_mode, ..SimulatorSettings::default() };
            let instrument = Instrument::new(InstrumentId(0), spec, 2).unwrap();
            let mut market = Market::new(instrument.clone(), Terms::new(&settings, &instrument).unwrap());
            let mut desk = Desk::new(&settings, 1, Money::new(cash.into()));
            desk.value_f64 = others as f64;
            desk.maintenance_f64 = 7.0;
            market.position = QtyUnits::new(qty);
            market.entry_value = i128::from(entry) * i128::from(qty.abs());
            market.last = PriceUnits::new(entry);
            market.revalue(&mut desk);
            let others = Others { value: others.into(), maintenance: 7.into() };
            // Around the exact border, where the two could differ, and anywhere.
            let away = PriceUnits::new((entry + entry / 10_000 * moved).max(1));
            let border = market.liquidation_price(market.last, away, others, &desk).unwrap_or(away);
            for step in [away.get() - border.get(), -1, 0, 1] {
                let price = PriceUnits::new(border.get() + step);
                let is_near = market.is_near_liquidation(price, &desk);
                prop_assert!(is_near || qty == 0 || !market.is_breached(price, others, &desk), "{price:?}");
            }
        }
    }
}
