//! Maintenance margin of an instrument: the tier that a notional falls into, or half the initial margin.

use seawall_model::Instrument;

/// The maintenance margin as a fraction of `notional` (a float: this guards, it does not book).
pub(crate) fn maintenance_rate(instrument: &Instrument, notional: f64) -> f64 {
    let spec = instrument.spec();
    let tier = spec
        .margin_tiers
        .iter()
        .find(|tier| tier.notional_below.is_none_or(|limit| notional < limit.to_f64()));
    match tier {
        Some(tier) => tier.maintenance_pct.to_f64() / 100.0,
        None => 0.5 / spec.leverage_max.to_f64(),
    }
}
