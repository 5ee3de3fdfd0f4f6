//! What a taking order pays beyond the known price, in integers.
//!
//! Invariant: the result equals [`Instrument::worse_price`], except that it never falls below one tick.

use rust_decimal::Decimal;
use seawall_model::{Instrument, PriceUnits, Side};

/// A fraction by which prices get worse, prepared as integer factors.
#[derive(Debug, Clone)]
pub(super) struct Worsening {
    fraction: Decimal,
    factors: Option<Factors>,
}

#[derive(Debug, Clone, Copy)]
struct Factors {
    buy: i64,
    sell: i64,
    divisor: i64,
}

impl Worsening {
    /// By `fraction` (not negative, below one) on the tick grid of `instrument`.
    pub(super) fn new(fraction: Decimal, instrument: &Instrument) -> Self {
        let fraction = fraction.normalize();
        Worsening { fraction, factors: factors(fraction, instrument.tick()) }
    }

    /// The same fraction on the grid that `instrument` has now.
    pub(super) fn on_grid_of(&self, instrument: &Instrument) -> Self {
        Worsening::new(self.fraction, instrument)
    }

    /// `price` moved against an order of `side`, onto the tick grid; exactly `price` for a zero fraction.
    pub(super) fn apply(&self, instrument: &Instrument, side: Side, price: PriceUnits) -> PriceUnits {
        if self.fraction.is_zero() {
            return price;
        }
        let fast = self.factors.and_then(|factors| factors.apply(side, price, instrument.tick()));
        fast.or_else(|| instrument.worse_price(side, price, self.fraction))
            .unwrap_or(price)
            .max(instrument.tick())
    }
}

fn factors(fraction: Decimal, tick: PriceUnits) -> Option<Factors> {
    let scale = 10_i64.checked_pow(fraction.scale())?;
    let shift = i64::try_from(fraction.mantissa()).ok()?;
    Some(Factors {
        buy: scale.checked_add(shift)?,
        sell: scale.checked_sub(shift)?,
        divisor: scale.checked_mul(tick.get())?,
    })
}

impl Factors {
    fn apply(self, side: Side, price: PriceUnits, tick: PriceUnits) -> Option<PriceUnits> {
        let steps = match side {
            Side::Buy => {
                let product = price.get().checked_mul(self.buy)?;
                product / self.divisor + i64::from(product % self.divisor != 0)
            }
            Side::Sell => price.get().checked_mul(self.sell)? / self.divisor,
        };
        steps.checked_mul(tick.get()).map(PriceUnits::new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use seawall_model::{InstrumentId, InstrumentSpec};

    use super::*;

    proptest! {
        #[test]
        fn the_integer_way_equals_the_decimal_way(
            price in 1_i64..2_000_000_000_000_000, bps in 0_i64..20_000, scale in 0_u32..4, half_tick: bool,
        ) {
            let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
            spec.tick = Some(if half_tick { "0.5" } else { "0.01" }.parse().unwrap());
            let instrument = Instrument::new(InstrumentId(0), spec, 3).unwrap();
            let fraction = Decimal::new(bps, 5 + scale);
            for side in [Side::Buy, Side::Sell] {
                let price = PriceUnits::new(price);
                let want = instrument.worse_price(side, price, fraction).unwrap();
                let want = if bps == 0 { want } else { want.max(instrument.tick()) };
                prop_assert_eq!(Worsening::new(fraction, &instrument).apply(&instrument, side, price), want);
            }
        }
    }
}
