//! What trading one instrument costs and how much margin it needs, worked out once.

use rust_decimal::Decimal;
use seawall_model::{ContractKind, Instrument, MarginTier, Money, PriceUnits, QtyUnits, Ratio};

use super::price::Worsening;
use crate::error::SimulatorError;
use crate::settings::SimulatorSettings;

/// One step of the margin table.
#[derive(Debug, Clone, Copy)]
struct Tier {
    below: Option<Decimal>,
    below_f64: f64,
    maintenance: Decimal,
    maintenance_f64: f64,
    initial: Decimal,
    initial_f64: f64,
}

/// Fees, price worsening and margin rates of one instrument.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) taker_fee: Decimal,
    pub(super) maker_fee: Decimal,
    /// Where only trades are known: half the spread and the slippage.
    pub(super) on_trades: Worsening,
    /// Where bid and ask are known: the slippage.
    pub(super) on_quotes: Worsening,
    pub(super) is_spot: bool,
    /// Quote currency per price unit and quantity unit, as the nearest float.
    pub(super) unit_f64: f64,
    tiers: Vec<Tier>,
}

impl Terms {
    pub(super) fn new(settings: &SimulatorSettings, instrument: &Instrument) -> Result<Self, SimulatorError> {
        let range =
            |what: &'static str| SimulatorError::Range { what, instrument: instrument.name().to_string() };
        let spec = instrument.spec();
        let half_spread = settings.spread_bps.fraction().checked_mul(Decimal::new(5, 1));
        let slippage = settings.slippage_bps.fraction();
        let worsening = half_spread.and_then(|half| half.checked_add(slippage));
        let scale = instrument.price_scale() + instrument.qty_scale();
        let divisor = 10_i128.checked_pow(scale).ok_or_else(|| range("the value of one unit"))?;
        let is_spot = match spec.kind {
            ContractKind::Spot => true,
            ContractKind::LinearPerpetual => false,
        };
        Ok(Terms {
            taker_fee: spec.taker_fee_bps.unwrap_or(settings.taker_fee_bps).fraction(),
            maker_fee: spec.maker_fee_bps.unwrap_or(settings.maker_fee_bps).fraction(),
            on_trades: Worsening::new(worsening.ok_or_else(|| range("spread and slippage"))?, instrument),
            on_quotes: Worsening::new(slippage, instrument),
            is_spot,
            unit_f64: spec.contract_size.to_f64() / divisor as f64,
            tiers: tiers(settings, instrument).ok_or_else(|| range("a margin rate"))?,
        })
    }

    /// The instrument has another tick: prices get worse by the same fractions, on its grid. Fees and margin
    /// stay.
    pub(super) fn regrid(&mut self, instrument: &Instrument) {
        self.on_trades = self.on_trades.on_grid_of(instrument);
        self.on_quotes = self.on_quotes.on_grid_of(instrument);
    }

    /// The value of `qty` at `price`, as the nearest float, signed like `qty`.
    #[inline]
    pub(super) fn value_f64(&self, price: PriceUnits, qty: QtyUnits) -> f64 {
        price.get() as f64 * qty.get() as f64 * self.unit_f64
    }

    /// Maintenance margin of a position worth `value`, as the nearest float.
    #[inline]
    pub(super) fn maintenance_f64(&self, value: f64) -> f64 {
        if self.is_spot {
            return 0.0;
        }
        let size = value.abs();
        let tier = self.tiers.iter().find(|tier| size < tier.below_f64).or(self.tiers.last());
        tier.map_or(0.0, |tier| size * tier.maintenance_f64)
    }

    /// Initial margin of a position worth `value`, as the nearest float.
    pub(super) fn initial_f64(&self, value: f64) -> f64 {
        let size = value.abs();
        let tier = self.tiers.iter().find(|tier| size < tier.below_f64).or(self.tiers.last());
        tier.map_or(size, |tier| size * tier.initial_f64)
    }

    /// Maintenance margin of a position worth `value`.
    pub(super) fn maintenance(&self, value: Decimal) -> Option<Decimal> {
        if self.is_spot {
            return Some(Decimal::ZERO);
        }
        let size = value.abs();
        self.tier(size).map_or(Some(Decimal::ZERO), |tier| size.checked_mul(tier.maintenance))
    }

    /// Initial margin of an exposure worth `value`.
    pub(super) fn initial(&self, value: Decimal) -> Option<Decimal> {
        let size = value.abs();
        self.tier(size).map_or(Some(size), |tier| size.checked_mul(tier.initial))
    }

    fn tier(&self, size: Decimal) -> Option<&Tier> {
        let fits = |tier: &&Tier| tier.below.is_none_or(|below| size < below);
        self.tiers.iter().find(fits).or(self.tiers.last())
    }
}

fn tiers(settings: &SimulatorSettings, instrument: &Instrument) -> Option<Vec<Tier>> {
    let spec = instrument.spec();
    let leverage = settings.leverage.map_or(spec.leverage_max, |asked| asked.min(spec.leverage_max));
    let initial = |tier: Ratio| Decimal::ONE.checked_div(leverage.min(tier).get());
    if spec.margin_tiers.is_empty() {
        let maintenance = Decimal::new(5, 1).checked_div(spec.leverage_max.get())?;
        return Some(vec![tier_of(None, maintenance, initial(spec.leverage_max)?)]);
    }
    let tier = |tier: &MarginTier| {
        let initial = initial(tier.leverage_max)?;
        Some(tier_of(tier.notional_below, tier.maintenance_pct.fraction(), initial))
    };
    spec.margin_tiers.iter().map(tier).collect()
}

fn tier_of(below: Option<Money>, maintenance: Decimal, initial: Decimal) -> Tier {
    Tier {
        below: below.map(Money::get),
        below_f64: below.map_or(f64::INFINITY, Money::to_f64),
        maintenance,
        maintenance_f64: Ratio::new(maintenance).to_f64(),
        initial,
        initial_f64: Ratio::new(initial).to_f64(),
    }
}
