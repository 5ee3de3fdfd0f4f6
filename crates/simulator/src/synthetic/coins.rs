//! The coins of the synthetic market: made-up perpetuals with the sizes of real ones.

use rust_decimal::Decimal;
use seawall_model::{
    ContractKind, InstrumentSpec, MarginTier, ModelError, Money, Percent, Price, Qty, Ratio,
};

/// How many different coins there are; further instruments repeat them under numbered names.
pub const COINS: usize = 5;

/// One coin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coin {
    code: &'static str,
    /// First price in quote currency.
    pub(super) price: f64,
    /// Price increment as mantissa and decimals; the decimals are the price scale.
    tick: (i64, u32),
    lot: (i64, u32),
    leverage_max: i64,
    /// Standard deviation of one minute's return in quiet times.
    pub(super) sigma: f64,
    /// Share of the variance that the whole market has in common.
    pub(super) common: f64,
    /// Distance from bid to ask in quiet times, as a fraction of the price.
    pub(super) spread: f64,
    /// Mean volume of a minute, in quote currency.
    pub(super) turnover: f64,
}

const TABLE: [Coin; COINS] = [
    Coin {
        code: "BTC",
        price: 60_000.0,
        tick: (5, 1),
        lot: (1, 4),
        leverage_max: 50,
        sigma: 0.000_8,
        common: 0.75,
        spread: 0.000_02,
        turnover: 2_000_000.0,
    },
    Coin {
        code: "ETH",
        price: 3_000.0,
        tick: (5, 2),
        lot: (1, 3),
        leverage_max: 50,
        sigma: 0.001,
        common: 0.7,
        spread: 0.000_04,
        turnover: 1_000_000.0,
    },
    Coin {
        code: "SOL",
        price: 150.0,
        tick: (1, 2),
        lot: (1, 2),
        leverage_max: 25,
        sigma: 0.001_4,
        common: 0.55,
        spread: 0.000_1,
        turnover: 300_000.0,
    },
    Coin {
        code: "XRP",
        price: 0.6,
        tick: (1, 4),
        lot: (1, 0),
        leverage_max: 25,
        sigma: 0.001_3,
        common: 0.45,
        spread: 0.000_2,
        turnover: 150_000.0,
    },
    Coin {
        code: "ADA",
        price: 0.45,
        tick: (5, 5),
        lot: (1, 0),
        leverage_max: 25,
        sigma: 0.001_3,
        common: 0.5,
        spread: 0.000_2,
        turnover: 80_000.0,
    },
];

impl Coin {
    /// The coin behind instrument number `index`.
    pub(super) fn of(index: usize) -> Coin {
        let [first, ..] = TABLE;
        TABLE.get(index % COINS).copied().unwrap_or(first)
    }

    /// Price units per quote unit.
    pub(super) fn price_units(&self) -> f64 {
        libm::pow(10.0, f64::from(self.tick.1))
    }

    /// Price units per tick.
    pub(super) fn tick_units(&self) -> i64 {
        self.tick.0
    }

    /// Quantity units per contract.
    pub(super) fn qty_units(&self) -> f64 {
        libm::pow(10.0, f64::from(self.lot.1))
    }

    /// The trading rules of instrument number `index`.
    pub(super) fn spec(&self, index: usize) -> Result<InstrumentSpec, ModelError> {
        let number = if index < COINS { String::new() } else { (index / COINS + 1).to_string() };
        let name = format!("sim:{}{number}/USD:USD", self.code);
        let mut spec = InstrumentSpec::new(name.parse()?);
        spec.kind = ContractKind::LinearPerpetual;
        spec.tick = Some(Price::new(Decimal::new(self.tick.0, self.tick.1)));
        spec.lot = Qty::new(Decimal::new(self.lot.0, self.lot.1));
        spec.min_qty = Some(spec.lot);
        spec.min_notional = Money::new(Decimal::from(5));
        spec.leverage_max = Ratio::new(Decimal::from(self.leverage_max));
        spec.margin_tiers = self.tiers();
        Ok(spec)
    }

    /// Half of the initial margin is maintenance; large positions need more of both.
    fn tiers(&self) -> Vec<MarginTier> {
        let tier = |below: Option<i64>, divisor: i64| {
            let leverage = Decimal::from(self.leverage_max / divisor);
            MarginTier {
                notional_below: below.map(|below| Money::new(Decimal::from(below))),
                maintenance_pct: Percent::new(Decimal::from(50 * divisor) / Decimal::from(self.leverage_max)),
                leverage_max: Ratio::new(leverage),
            }
        };
        vec![tier(Some(500_000), 1), tier(Some(2_000_000), 2), tier(None, 5)]
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::{Instrument, InstrumentId};

    use super::*;

    #[test]
    fn every_coin_is_a_valid_instrument_with_the_scales_that_its_prices_use() {
        for index in 0..12_u32 {
            let place = index as usize;
            let coin = Coin::of(place);
            let instrument = Instrument::new(InstrumentId(index), coin.spec(place).unwrap(), 0).unwrap();
            assert_eq!(instrument.price_divisor().to_bits(), coin.price_units().to_bits());
            assert_eq!(instrument.tick().get(), coin.tick_units());
            let qty_units = 10_u32.pow(instrument.qty_scale());
            assert_eq!(f64::from(qty_units).to_bits(), coin.qty_units().to_bits());
            assert_eq!(instrument.lot().get(), 1);
        }
    }
}
