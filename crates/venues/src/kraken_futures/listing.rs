//! What Kraken Futures lists: linear perpetuals with steps, minima and margin tables.
//!
//! Rules: only `PF_` linear perpetuals (coin-margined `PI_`, dated `FF_`/`FI_`, options and index rows are
//! left out and never become an alias of anything, I-71); the quantity step is
//! `10^-contractValueTradePrecision`, which may be a multiple of a thousand, and never comes from the price
//! step; bitcoin is BTC whatever the row says.

use rust_decimal::Decimal;
use seawall_model::{
    Bps, ContractKind, Currency, InstrumentName, InstrumentSpec, MarginTier, Money, Percent, Price, Qty,
    Ratio,
};

use super::tables::BASE_FEES_CENTI_BPS;
use super::wire::{InstrumentRow, MarginLevel};
use crate::error::VenueError;
use crate::json::Exact;
use crate::market::{Excluded, ListedInstrument, Remains};
use crate::profile::KRAKEN_FUTURES;

/// Leverage is cut to so many decimals: one over an initial margin of 30 % has no end.
const LEVERAGE_DECIMALS: u32 = 4;

/// A row as an instrument, or why it is left out.
pub(super) fn instrument(row: &InstrumentRow<'_>) -> Result<ListedInstrument, Excluded> {
    let out = |reason: String| Excluded { symbol: row.symbol.chars().take(40).collect(), reason };
    if row.kind != "flexible_futures" || !row.symbol.starts_with("PF_") {
        return Err(out(format!("{} is not a linear perpetual", row.kind)));
    }
    if row.is_expired {
        return Err(out("expired".to_owned()));
    }
    let spec = spec(row).map_err(|error| out(error.to_string()))?;
    let decimals = |value: Decimal| value.normalize().scale();
    let tick = spec.tick.map_or(0, |tick| decimals(tick.get()));
    Ok(ListedInstrument {
        symbol: row.symbol.to_string(),
        stream_symbol: row.symbol.to_string(),
        aliases: Vec::new(),
        price_decimals: tick,
        qty_decimals: decimals(spec.lot.get()),
        spec,
        tradeable: row.tradeable,
        post_only: row.post_only,
    })
}

/// A linear perpetual that is not listed any more: its name as its spelling has it, on a grid that represents
/// what is held. It takes no orders as far as anybody knows.
#[must_use]
pub fn unlisted(symbol: &str, remains: Remains) -> Option<ListedInstrument> {
    let symbol = symbol.to_uppercase();
    let (base, quote) = symbol.strip_prefix("PF_")?.split_at_checked(symbol.len().checked_sub(6)?)?;
    let name = format!("{}:{base}/{quote}:{quote}", KRAKEN_FUTURES.venue).parse::<InstrumentName>().ok()?;
    let (tick, lot) = (remains.tick(), remains.lot());
    let mut spec = InstrumentSpec::new(name);
    (spec.tick, spec.lot, spec.min_qty) = (Some(tick), lot, Some(lot));
    Some(ListedInstrument {
        stream_symbol: symbol.clone(),
        symbol,
        aliases: Vec::new(),
        spec,
        tradeable: false,
        post_only: false,
        price_decimals: tick.get().scale(),
        qty_decimals: lot.get().scale(),
    })
}

/// Base and quote of a row: its own fields, else its pair, else its symbol; upper case, BTC for XBT.
fn names(row: &InstrumentRow<'_>) -> Result<(Currency, Currency), VenueError> {
    let pair = row.pair.as_deref().and_then(|pair| pair.split_once(':'));
    let bare = row.symbol.strip_prefix("PF_").unwrap_or(&row.symbol);
    let by_symbol = bare.len().checked_sub(3).and_then(|at| bare.split_at_checked(at));
    let (pair_base, pair_quote) = pair.or(by_symbol).unwrap_or((bare, "USD"));
    let base = row.base.as_deref().unwrap_or(pair_base).to_uppercase();
    let quote = row.quote.as_deref().unwrap_or(pair_quote).to_uppercase();
    let currency =
        |code: &str| code.parse::<Currency>().map_err(|error| VenueError::payload("currency", error));
    Ok((currency(&base)?, currency(&quote)?))
}

fn spec(row: &InstrumentRow<'_>) -> Result<InstrumentSpec, VenueError> {
    let (base, quote) = names(row)?;
    let name: InstrumentName = format!("{}:{base}/{quote}:{quote}", KRAKEN_FUTURES.venue)
        .parse()
        .map_err(|error| VenueError::payload("name", error))?;
    let precision = row
        .contract_value_trade_precision
        .ok_or_else(|| VenueError::payload("contractValueTradePrecision", "absent"))?;
    let lot = quantity_step(precision)?;
    let tiers = margin_tiers(row)?;
    let mut spec = InstrumentSpec::new(name);
    spec.kind = ContractKind::LinearPerpetual;
    spec.tick = Some(Price::new(positive("tickSize", row.tick_size)?));
    spec.lot = Qty::new(lot);
    // The venue states no smallest size: it is one step.
    spec.min_qty = Some(Qty::new(lot));
    spec.contract_size = Ratio::new(positive("contractSize", row.contract_size)?);
    spec.leverage_max = tiers.first().map_or(Ratio::new(Decimal::ONE), |tier| tier.leverage_max);
    spec.margin_tiers = tiers;
    let (maker, taker) = BASE_FEES_CENTI_BPS;
    spec.maker_fee_bps = Some(Bps::new(Decimal::new(maker, 2).normalize()));
    spec.taker_fee_bps = Some(Bps::new(Decimal::new(taker, 2).normalize()));
    Ok(spec)
}

fn positive(what: &'static str, value: Exact) -> Result<Decimal, VenueError> {
    let value = value.need(what)?;
    if value <= Decimal::ZERO {
        return Err(VenueError::payload(what, value));
    }
    Ok(value)
}

/// `10^-precision`: 4 is 0.0001, -3 is 1000.
fn quantity_step(precision: i32) -> Result<Decimal, VenueError> {
    let bad = || VenueError::payload("contractValueTradePrecision", precision);
    match u32::try_from(precision) {
        Ok(decimals) if decimals <= 14 => Ok(Decimal::new(1, decimals)),
        Ok(_) => Err(bad()),
        Err(_) => {
            let zeros = precision.unsigned_abs();
            10_i64.checked_pow(zeros).filter(|_| zeros <= 15).map(Decimal::from).ok_or_else(bad)
        }
    }
}

/// Levels apply from their threshold upwards; tiers end where the next one begins.
fn margin_tiers(row: &InstrumentRow<'_>) -> Result<Vec<MarginTier>, VenueError> {
    let levels = if row.margin_levels.is_empty() { &row.retail_margin_levels } else { &row.margin_levels };
    let mut sorted: Vec<(Decimal, MarginLevel)> = levels
        .iter()
        .map(|level| Ok((level.num_non_contract_units.0.unwrap_or_default(), *level)))
        .collect::<Result<_, VenueError>>()?;
    sorted.sort_by_key(|(threshold, _)| *threshold);
    sorted.dedup_by_key(|(threshold, _)| *threshold);
    let ends = sorted.iter().skip(1).map(|(threshold, _)| Some(Money::new(*threshold))).chain([None]);
    let ends: Vec<Option<Money>> = ends.collect();
    let tier = |((_, level), notional_below): (&(Decimal, MarginLevel), Option<Money>)| {
        let initial = positive("initialMargin", level.initial_margin)?;
        let maintenance = positive("maintenanceMargin", level.maintenance_margin)?;
        let bad = || VenueError::payload("initialMargin", initial);
        let leverage = Decimal::ONE.checked_div(initial).ok_or_else(bad)?.trunc_with_scale(LEVERAGE_DECIMALS);
        let percent = maintenance.checked_mul(Decimal::ONE_HUNDRED).ok_or_else(bad)?;
        Ok(MarginTier {
            notional_below,
            maintenance_pct: Percent::new(percent.normalize()),
            leverage_max: Ratio::new(leverage.normalize()),
        })
    };
    sorted.iter().zip(ends).map(tier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perpetual_that_is_gone_has_the_name_that_its_spelling_says() {
        let gone = unlisted("pf_xbtusd", Remains::default()).unwrap();
        assert_eq!((gone.spec.name.as_str(), gone.tradeable), ("kraken-futures:BTC/USD:USD", false));
        assert_eq!(
            unlisted("PF_GONEUSD", Remains::default()).unwrap().spec.name.as_str(),
            "kraken-futures:GONE/USD:USD"
        );
        for other in ["PI_XBTUSD", "FF_XBTUSD_260327", "PF_USD", "PF_", ""] {
            assert!(unlisted(other, Remains::default()).is_none(), "{other}");
        }
    }
}
