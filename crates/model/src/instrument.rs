//! Instruments: names, trading rules, and the one place where prices and quantities are rounded.
//!
//! [`InstrumentSpec`] is what a venue or the operator says; [`Instrument`] is the checked form with its
//! integer scales. Conversions between decimals and integer units are exact or an error.

use core::fmt;
use core::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decimal::{Bps, Money, Percent, Price, Qty, Ratio};
use crate::error::ModelError;
use crate::money::Currency;
use crate::order::Side;
use crate::rules::{Rules, Trading};
use crate::units::{PriceUnits, QtyUnits};

const SCALE_MAX: u32 = 14;

/// Position of an instrument in the run's table, in configuration order; never leaves the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// As an index into per-instrument tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The canonical name: `[venue:]BASE/QUOTE[:SETTLE]`, e.g. `kraken-futures:BTC/USD:USD` or `BTC/USDT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentName {
    text: String,
    base: Currency,
    quote: Currency,
    settle: Currency,
}

impl InstrumentName {
    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is bought and sold.
    #[must_use]
    pub fn base(&self) -> Currency {
        self.base
    }

    /// What the price is in.
    #[must_use]
    pub fn quote(&self) -> Currency {
        self.quote
    }

    /// What profit and loss are paid in.
    #[must_use]
    pub fn settle(&self) -> Currency {
        self.settle
    }
}

impl FromStr for InstrumentName {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let bad = || ModelError::InstrumentName { text: text.chars().take(64).collect() };
        let (left, right) = text.split_once('/').ok_or_else(bad)?;
        let (venue, base) = match left.split_once(':') {
            Some((venue, base)) => (Some(venue), base),
            None => (None, left),
        };
        let (quote, settle) = right.split_once(':').unwrap_or((right, right));
        let venue_ok = |venue: &str| {
            !venue.is_empty()
                && venue.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !venue.is_none_or(venue_ok) {
            return Err(bad());
        }
        let currency = |code: &str| code.parse::<Currency>().map_err(|_| bad());
        let (base, quote, settle_code) = (currency(base)?, currency(quote)?, currency(settle)?);
        let prefix = venue.map(|venue| format!("{venue}:")).unwrap_or_default();
        let suffix = if right.contains(':') { format!(":{settle_code}") } else { String::new() };
        Ok(InstrumentName {
            text: format!("{prefix}{base}/{quote}{suffix}"),
            base,
            quote,
            settle: settle_code,
        })
    }
}

impl fmt::Display for InstrumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for InstrumentName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for InstrumentName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for InstrumentName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "InstrumentName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^([a-z0-9-]+:)?[A-Z0-9]{1,12}/[A-Z0-9]{1,12}(:[A-Z0-9]{1,12})?$"
        })
    }
}

/// What kind of contract an instrument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContractKind {
    /// The coin itself: no leverage, no funding, no short positions.
    Spot,
    /// A perpetual future whose profit and loss are linear in the price and paid in the quote currency.
    LinearPerpetual,
}

/// One step of a maintenance-margin table: applies while the position's notional is below `notional_below`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarginTier {
    /// Upper end of the tier (settle currency); absent in the last tier.
    pub notional_below: Option<Money>,
    /// Maintenance margin, percent of notional.
    pub maintenance_pct: Percent,
    /// Highest leverage in this tier.
    pub leverage_max: Ratio,
}

/// An instrument's rules as the venue or the operator states them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstrumentSpec {
    /// Canonical name.
    pub name: InstrumentName,
    /// Kind of contract.
    #[serde(default = "default_kind")]
    pub kind: ContractKind,
    /// Price increment; absent: taken from the decimals of the candle data.
    #[serde(default)]
    pub tick: Option<Price>,
    /// Quantity increment, in contracts.
    #[serde(default = "default_lot")]
    pub lot: Qty,
    /// Smallest order, in contracts; absent: one lot.
    #[serde(default)]
    pub min_qty: Option<Qty>,
    /// Smallest order value in quote currency.
    #[serde(default)]
    pub min_notional: Money,
    /// Base units per contract.
    #[serde(default = "default_one")]
    pub contract_size: Ratio,
    /// Highest leverage the venue allows.
    #[serde(default = "default_leverage")]
    pub leverage_max: Ratio,
    /// The only leverages that the venue lets one set, rising; absent: any up to `leverage_max`.
    #[serde(default)]
    pub leverages: Vec<Ratio>,
    /// Maintenance-margin tiers by rising notional; absent: one tier of half the initial margin.
    #[serde(default)]
    pub margin_tiers: Vec<MarginTier>,
    /// Fee for taking liquidity; absent: the simulator's setting or the account's schedule.
    #[serde(default)]
    pub taker_fee_bps: Option<Bps>,
    /// Fee for making liquidity; absent: the simulator's setting or the account's schedule.
    #[serde(default)]
    pub maker_fee_bps: Option<Bps>,
    /// The instrument of the same coin whose candles the strategy reads in place of this one's own, for
    /// example spot. One that is not listed itself is only read; absent: the instrument's own candles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<InstrumentName>,
}

fn default_kind() -> ContractKind {
    ContractKind::LinearPerpetual
}

fn default_lot() -> Qty {
    Qty::new(Decimal::new(1, 8))
}

fn default_one() -> Ratio {
    Ratio::new(Decimal::ONE)
}

fn default_leverage() -> Ratio {
    Ratio::new(Decimal::TEN)
}

impl InstrumentSpec {
    /// A linear perpetual with the default rules: lot 0.00000001, contract size 1, leverage up to 10.
    #[must_use]
    pub fn new(name: InstrumentName) -> Self {
        InstrumentSpec {
            name,
            kind: default_kind(),
            tick: None,
            lot: default_lot(),
            min_qty: None,
            min_notional: Money::ZERO,
            contract_size: default_one(),
            leverage_max: default_leverage(),
            leverages: Vec::new(),
            margin_tiers: Vec::new(),
            taker_fee_bps: None,
            maker_fee_bps: None,
            signal: None,
        }
    }

    /// The coin itself with the default rules: no leverage.
    #[must_use]
    pub fn spot(name: InstrumentName) -> Self {
        InstrumentSpec { kind: ContractKind::Spot, leverage_max: default_one(), ..InstrumentSpec::new(name) }
    }
}

/// How a price is brought onto the tick grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceRounding {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// To the nearest tick, halves up.
    Nearest,
}

/// An instrument with checked rules and integer scales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    id: InstrumentId,
    spec: InstrumentSpec,
    price_scale: u32,
    qty_scale: u32,
    price_divisor: i64,
    tick: PriceUnits,
    lot: QtyUnits,
    min_qty: QtyUnits,
}

impl Instrument {
    /// Checks `spec` and fixes the integer scales. `data_decimals` is the largest number of decimals in the
    /// candle data, so that every candle price can be represented even where it is finer than the tick.
    ///
    /// # Errors
    /// [`ModelError::Instrument`] names the contradicting rule.
    pub fn new(id: InstrumentId, spec: InstrumentSpec, data_decimals: u32) -> Result<Self, ModelError> {
        Instrument::with_decimals(id, spec, data_decimals, 0)
    }

    /// [`Self::new`] with room for more decimals of quantities than lot and minimum have: for a run whose
    /// rules may become finer, or whose books are on finer scales already.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_decimals(
        id: InstrumentId,
        spec: InstrumentSpec,
        data_decimals: u32,
        qty_decimals: u32,
    ) -> Result<Self, ModelError> {
        let bad = |rule: String| ModelError::Instrument { instrument: spec.name.to_string(), rule };
        let tick = spec.tick.unwrap_or(Price::new(Decimal::new(1, data_decimals.min(SCALE_MAX))));
        let positive = [
            ("tick", tick.get()),
            ("lot", spec.lot.get()),
            ("contract_size", spec.contract_size.get()),
            ("leverage_max", spec.leverage_max.get()),
        ];
        for (what, value) in positive {
            if value <= Decimal::ZERO {
                return Err(bad(format!("{what} is {value}; it must be above zero")));
            }
        }
        if spec.kind == ContractKind::Spot && spec.leverage_max.get() != Decimal::ONE {
            return Err(bad(format!("leverage_max is {}; spot has none, write 1", spec.leverage_max)));
        }
        if spec.name.settle() != spec.name.quote() {
            return Err(bad(format!(
                "settles in {} but is quoted in {}: only linear contracts are supported, use the contract \
                 that settles in {}",
                spec.name.settle(),
                spec.name.quote(),
                spec.name.quote()
            )));
        }
        check_leverages(&spec).map_err(bad)?;
        check_tiers(&spec.margin_tiers).map_err(bad)?;
        let price_scale = tick.get().normalize().scale().max(data_decimals);
        let min_qty = spec.min_qty.unwrap_or(spec.lot);
        let qty_scale = spec.lot.get().normalize().scale().max(min_qty.get().normalize().scale());
        let qty_scale = qty_scale.max(qty_decimals);
        if price_scale > SCALE_MAX || qty_scale > SCALE_MAX {
            return Err(bad(format!("more than {SCALE_MAX} decimals in a price or quantity step")));
        }
        let price_divisor = 10_i64.pow(price_scale);
        let units = |value: Decimal, scale: u32, what: &str| {
            to_units(value, scale).ok_or_else(|| bad(format!("{what} {value} is out of range")))
        };
        let tick = PriceUnits::new(units(tick.get(), price_scale, "tick")?);
        let lot = QtyUnits::new(units(spec.lot.get(), qty_scale, "lot")?);
        let min_qty = QtyUnits::new(units(min_qty.get(), qty_scale, "min_qty")?);
        Ok(Instrument { id, spec, price_scale, qty_scale, price_divisor, tick, lot, min_qty })
    }

    /// The same instrument under other rules, on the same scales.
    ///
    /// # Errors
    /// [`ModelError::Instrument`] names the contradicting rule, or the step that is finer than the scales.
    pub fn with_rules(&self, rules: &Rules) -> Result<Self, ModelError> {
        let spec = InstrumentSpec {
            tick: Some(rules.tick),
            lot: rules.lot,
            min_qty: Some(rules.min_qty),
            min_notional: rules.min_notional,
            leverage_max: rules.leverage_max,
            leverages: rules.leverages.clone(),
            margin_tiers: rules.margin_tiers.clone(),
            ..self.spec.clone()
        };
        let new = Instrument::with_decimals(self.id, spec, self.price_scale, self.qty_scale)?;
        if (new.price_scale, new.qty_scale) == (self.price_scale, self.qty_scale) {
            return Ok(new);
        }
        let rule = format!(
            "a tick of {}, a lot of {} or a minimum of {} is finer than {} and {} decimals",
            rules.tick, rules.lot, rules.min_qty, self.price_scale, self.qty_scale
        );
        Err(ModelError::Instrument { instrument: self.spec.name.to_string(), rule })
    }

    /// The rules as they are now.
    #[must_use]
    pub fn rules(&self, trading: Trading) -> Rules {
        Rules {
            instrument: self.id,
            trading,
            tick: self.price(self.tick),
            lot: self.qty(self.lot),
            min_qty: self.qty(self.min_qty),
            min_notional: self.spec.min_notional,
            leverage_max: self.spec.leverage_max,
            leverages: self.spec.leverages.clone(),
            margin_tiers: self.spec.margin_tiers.clone(),
        }
    }

    /// Position in the run's table.
    #[must_use]
    pub fn id(&self) -> InstrumentId {
        self.id
    }

    /// The rules as stated.
    #[must_use]
    pub fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// Canonical name.
    #[must_use]
    pub fn name(&self) -> &InstrumentName {
        &self.spec.name
    }

    /// Currency of profit, loss, fees and margin.
    #[must_use]
    pub fn settle(&self) -> Currency {
        self.spec.name.settle()
    }

    /// The highest leverage that can be set without exceeding `limit`; `None` where even the lowest one
    /// would. Rounding is always down: an order never gets more leverage than was asked for.
    #[must_use]
    pub fn leverage_at_most(&self, limit: Ratio) -> Option<Ratio> {
        let most = limit.min(self.spec.leverage_max);
        if self.spec.leverages.is_empty() {
            return Some(most);
        }
        self.spec.leverages.iter().rev().find(|allowed| **allowed <= most).copied()
    }

    /// Price increment in units.
    #[must_use]
    pub fn tick(&self) -> PriceUnits {
        self.tick
    }

    /// Quantity increment in units.
    #[must_use]
    pub fn lot(&self) -> QtyUnits {
        self.lot
    }

    /// Smallest order in units.
    #[must_use]
    pub fn min_qty(&self) -> QtyUnits {
        self.min_qty
    }

    /// `10^price_scale`: dividing units by it gives the price.
    #[must_use]
    pub fn price_divisor(&self) -> f64 {
        self.price_divisor as f64
    }

    /// Decimals that one price unit stands for.
    #[must_use]
    pub fn price_scale(&self) -> u32 {
        self.price_scale
    }

    /// Decimals that one quantity unit stands for.
    #[must_use]
    pub fn qty_scale(&self) -> u32 {
        self.qty_scale
    }

    /// The exact price of `units`.
    #[must_use]
    pub fn price(&self, units: PriceUnits) -> Price {
        Price::new(Decimal::new(units.get(), self.price_scale))
    }

    /// The exact quantity of `units`.
    #[must_use]
    pub fn qty(&self, units: QtyUnits) -> Qty {
        Qty::new(Decimal::new(units.get(), self.qty_scale))
    }

    /// The price as the nearest float, for indicators.
    #[must_use]
    pub fn price_f64(&self, units: PriceUnits) -> f64 {
        units.get() as f64 / self.price_divisor as f64
    }

    /// The units of `price`, exactly.
    ///
    /// # Errors
    /// [`ModelError::Step`] where the price has more decimals than the instrument represents.
    pub fn price_units(&self, price: Price) -> Result<PriceUnits, ModelError> {
        to_units(price.get(), self.price_scale).map(PriceUnits::new).ok_or_else(|| ModelError::Step {
            what: "price",
            value: price.to_string(),
            instrument: self.spec.name.to_string(),
            step: Decimal::new(1, self.price_scale).to_string(),
        })
    }

    /// The units of `qty`, exactly.
    ///
    /// # Errors
    /// [`ModelError::Step`] where the quantity has more decimals than the instrument represents.
    pub fn qty_units(&self, qty: Qty) -> Result<QtyUnits, ModelError> {
        to_units(qty.get(), self.qty_scale).map(QtyUnits::new).ok_or_else(|| ModelError::Step {
            what: "quantity",
            value: qty.to_string(),
            instrument: self.spec.name.to_string(),
            step: Decimal::new(1, self.qty_scale).to_string(),
        })
    }

    /// `decimal` brought onto the tick grid by `rounding`; `None` if it is out of range.
    #[must_use]
    pub fn round_price(&self, decimal: Decimal, rounding: PriceRounding) -> Option<PriceUnits> {
        let tick = Decimal::new(self.tick.get(), self.price_scale);
        let steps = decimal.checked_div(tick)?;
        let whole = match rounding {
            PriceRounding::Down => steps.floor(),
            PriceRounding::Up => steps.ceil(),
            PriceRounding::Nearest => steps.checked_add(Decimal::new(5, 1))?.floor(),
        };
        i64::try_from(whole.mantissa()).ok()?.checked_mul(self.tick.get()).map(PriceUnits::new)
    }

    /// The largest multiple of the lot that is not above `decimal` (entries round down); zero if negative.
    #[must_use]
    pub fn floor_qty(&self, decimal: Decimal) -> QtyUnits {
        if decimal <= Decimal::ZERO {
            return QtyUnits::ZERO;
        }
        let lot = Decimal::new(self.lot.get(), self.qty_scale);
        let lots = decimal.checked_div(lot).map(|lots| lots.floor());
        lots.and_then(|lots| i64::try_from(lots.mantissa()).ok())
            .and_then(|lots| lots.checked_mul(self.lot.get()))
            .map_or(QtyUnits::ZERO, QtyUnits::new)
    }

    /// The largest multiple of the lot that is not above `qty`.
    #[must_use]
    pub fn floor_lot(&self, qty: QtyUnits) -> QtyUnits {
        QtyUnits::new(qty.get() - qty.get() % self.lot.get())
    }

    /// The smallest multiple of the lot that is not below `qty` (above zero).
    #[must_use]
    pub fn ceil_lot(&self, qty: QtyUnits) -> QtyUnits {
        let floor = self.floor_lot(qty);
        if floor == qty { qty } else { floor.plus(self.lot) }
    }

    /// `price` on the tick grid: the nearest tick above it, or below.
    #[must_use]
    pub fn to_tick(&self, price: PriceUnits, up: bool) -> PriceUnits {
        let below = PriceUnits::new(price.get() - price.get() % self.tick.get());
        if below == price || !up { below } else { below.plus(self.tick) }
    }

    /// Whether `price` lies on the tick grid.
    #[must_use]
    pub fn is_on_tick(&self, price: PriceUnits) -> bool {
        price.get() % self.tick.get() == 0
    }

    /// The exact value of `qty` contracts at `price`, in quote currency, signed like `qty`.
    ///
    /// # Errors
    /// [`ModelError::Overflow`] if the value needs more than 28 digits.
    pub fn notional(&self, price: PriceUnits, qty: QtyUnits) -> Result<Money, ModelError> {
        let product = i128::from(price.get()) * i128::from(qty.get());
        let value = Decimal::try_from_i128_with_scale(product, self.price_scale + self.qty_scale)
            .map_err(|_| ModelError::Overflow { what: "notional" })?;
        let size = self.spec.contract_size.get();
        if size == Decimal::ONE {
            return Ok(Money::new(value));
        }
        Money::new(value).times(size)
    }

    /// `price` moved by `fraction` of itself in the direction that is worse for an order of `side`, onto the
    /// tick grid, away from the trader.
    #[must_use]
    pub fn worse_price(&self, side: Side, price: PriceUnits, fraction: Decimal) -> Option<PriceUnits> {
        if fraction.is_zero() {
            return Some(price);
        }
        let base = Decimal::new(price.get(), self.price_scale);
        let shift = base.checked_mul(fraction)?;
        match side {
            Side::Buy => self.round_price(base.checked_add(shift)?, PriceRounding::Up),
            Side::Sell => self.round_price(base.checked_sub(shift)?, PriceRounding::Down),
        }
    }
}

fn to_units(value: Decimal, scale: u32) -> Option<i64> {
    let value = value.normalize();
    let shift = scale.checked_sub(value.scale())?;
    let factor = 10_i128.checked_pow(shift)?;
    i64::try_from(value.mantissa().checked_mul(factor)?).ok()
}

fn check_leverages(spec: &InstrumentSpec) -> Result<(), String> {
    let mut last = Ratio::ZERO;
    for leverage in &spec.leverages {
        if *leverage <= last {
            return Err(format!("leverages must rise from above zero: {leverage} does not exceed {last}"));
        }
        last = *leverage;
    }
    if last > spec.leverage_max {
        return Err(format!("leverages go up to {last}, but leverage_max is {}", spec.leverage_max));
    }
    Ok(())
}

fn check_tiers(tiers: &[MarginTier]) -> Result<(), String> {
    let mut last = Money::ZERO;
    for (position, tier) in tiers.iter().enumerate() {
        let is_last = position + 1 == tiers.len();
        match tier.notional_below {
            None if !is_last => {
                return Err("only the last margin tier may leave out notional_below".to_owned());
            }
            Some(_) if is_last => {
                return Err(
                    "the last margin tier must leave out notional_below: it has no upper end".to_owned()
                );
            }
            Some(limit) if limit <= last => {
                return Err(format!("margin tiers must rise: {limit} does not exceed {last}"));
            }
            Some(limit) => last = limit,
            None => {}
        }
        let maintenance = tier.maintenance_pct.fraction();
        let allowed = maintenance > Decimal::ZERO
            && tier.leverage_max.get() > Decimal::ZERO
            && maintenance.checked_mul(tier.leverage_max.get()).is_some_and(|used| used < Decimal::ONE);
        if !allowed {
            return Err(format!(
                "margin tier {}: maintenance {} % must be above zero and below the initial margin of 1/{}",
                position + 1,
                tier.maintenance_pct,
                tier.leverage_max
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instrument(tick: &str, decimals: u32) -> Instrument {
        let mut spec = InstrumentSpec::new("BTC/USDT".parse().unwrap());
        spec.tick = Some(tick.parse().unwrap());
        spec.lot = "0.001".parse().unwrap();
        Instrument::new(InstrumentId(0), spec, decimals).unwrap()
    }

    /// [I-18], [I-26], [I-45]: one instrument under two spellings was two of them.
    #[test]
    fn names_have_one_spelling() {
        let name: InstrumentName = "kraken-futures:XBT/USD:USD".parse().unwrap();
        assert_eq!(name.as_str(), "kraken-futures:BTC/USD:USD");
        for bad in ["BTCUSD", "BTC/", "/USD", "Kraken:BTC/USD", "a:b:BTC/USD", "BTC/USD:", "BTC/USD/EUR"] {
            assert!(bad.parse::<InstrumentName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn prices_finer_than_the_tick_are_represented_but_orders_are_on_the_tick() {
        let btc = instrument("0.5", 2);
        let price = btc.price_units("23296.36".parse().unwrap()).unwrap();
        assert_eq!(price.get(), 2_329_636);
        assert!(!btc.is_on_tick(price));
        let up = btc.round_price("23296.36".parse::<Price>().unwrap().get(), PriceRounding::Up).unwrap();
        assert_eq!(btc.price(up).to_string(), "23296.5");
        assert!(btc.price_units("0.001".parse().unwrap()).is_err());
    }

    #[test]
    fn notional_is_exact_and_signed() {
        let btc = instrument("0.01", 2);
        let price = btc.price_units("23296.36".parse().unwrap()).unwrap();
        let qty = btc.qty_units("-0.003".parse().unwrap()).unwrap();
        assert_eq!(btc.notional(price, qty).unwrap().to_string(), "-69.88908");
        assert!(btc.notional(PriceUnits::new(i64::MAX), QtyUnits::new(i64::MAX)).is_err());
    }

    #[test]
    fn a_coin_margined_contract_is_refused_with_the_fix() {
        let spec = InstrumentSpec::new("BTC/USD:BTC".parse().unwrap());
        let text = Instrument::new(InstrumentId(0), spec, 2).unwrap_err().to_string();
        assert!(text.contains("use the contract that settles in USD"), "{text}");
    }

    /// D-39: with fixed leverages the next one above was taken where the exact one was missing.
    #[test]
    fn leverage_is_never_rounded_up() {
        let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        spec.leverages = ["2", "5", "10"].map(|one| one.parse().unwrap()).to_vec();
        let fixed = Instrument::new(InstrumentId(0), spec.clone(), 2).unwrap();
        let set = |limit: &str| fixed.leverage_at_most(limit.parse().unwrap()).map(|one| one.to_string());
        assert_eq!(set("7").as_deref(), Some("5"));
        assert_eq!(set("5").as_deref(), Some("5"));
        assert_eq!(set("50").as_deref(), Some("10"));
        assert_eq!(set("1.9"), None, "nothing is allowed below");
        spec.leverages.clear();
        let any = Instrument::new(InstrumentId(0), spec, 2).unwrap();
        assert_eq!(any.leverage_at_most("7".parse().unwrap()), Some("7".parse().unwrap()));
        assert_eq!(any.leverage_at_most("70".parse().unwrap()), Some("10".parse().unwrap()));
    }

    /// D-40: two tables of leverages contradicted each other; the message has both numbers.
    #[test]
    fn leverages_that_contradict_each_other_are_refused_with_both_numbers() {
        let refused = |change: fn(&mut InstrumentSpec)| {
            let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
            change(&mut spec);
            Instrument::new(InstrumentId(0), spec, 2).unwrap_err().to_string()
        };
        let list = |values: [&str; 2]| values.map(|one| one.parse().unwrap()).to_vec();
        let text = refused(|spec| spec.leverages = vec!["20".parse().unwrap()]);
        assert!(text.contains("leverages go up to 20, but leverage_max is 10"), "{text}");
        for wrong in [["5", "5"], ["0", "5"], ["5", "2"]] {
            let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
            spec.leverages = list(wrong);
            assert!(Instrument::new(InstrumentId(0), spec, 2).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn new_rules_keep_the_scales_and_finer_ones_are_refused() {
        let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        (spec.tick, spec.lot) = (Some("0.5".parse().unwrap()), "0.001".parse().unwrap());
        let old = Instrument::with_decimals(InstrumentId(3), spec, 2, 4).unwrap();
        assert_eq!((old.price_scale(), old.qty_scale()), (2, 4));
        let same = old.rules(Trading::Open);
        assert_eq!(old.with_rules(&same).unwrap().rules(Trading::Open), same);
        let tick = |tick: &str| old.with_rules(&Rules { tick: tick.parse().unwrap(), ..same.clone() });
        let finer = tick("0.01").unwrap();
        assert_eq!((finer.tick(), finer.lot()), (PriceUnits::new(1), old.lot()));
        assert!(tick("0.001").unwrap_err().to_string().contains("finer than 2 and 4 decimals"));
        let lot = old.with_rules(&Rules { lot: "0.002".parse().unwrap(), ..same }).unwrap();
        let sizes = [30, 40].map(|qty| lot.ceil_lot(QtyUnits::new(qty)).get());
        assert_eq!(sizes, [40, 40]);
        let price = PriceUnits::new(6_030);
        assert_eq!((old.to_tick(price, true).get(), old.to_tick(price, false).get()), (6_050, 6_000));
        assert_eq!(old.to_tick(PriceUnits::new(6_050), true).get(), 6_050);
    }

    #[test]
    fn entries_round_down_to_the_lot() {
        let btc = instrument("0.01", 2);
        let qty = btc.floor_qty("0.0129".parse::<Qty>().unwrap().get());
        assert_eq!(btc.qty(qty).to_string(), "0.012");
        assert_eq!(btc.floor_qty(Decimal::NEGATIVE_ONE), QtyUnits::ZERO);
    }
}
