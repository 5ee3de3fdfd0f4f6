//! What a round trip is taken to cost, for the question whether a target is worth it.
//!
//! Costs in basis points of the notional: `(2 × taker fee + slippage + funding) × buffer`, where funding is
//! that of the hours that such a trade is held, at least a floor.

use seawall_model::{Instrument, Setup};
use seawall_strategy::FundingEstimate;

use super::settings::FeeEdgeSettings;
use super::streaks::Regime;

/// The costs of a round trip in basis points.
pub(crate) fn round_trip_bps(settings: &FeeEdgeSettings, instrument: &Instrument, setup: Setup) -> f64 {
    let hold_hours = match Regime::of(setup) {
        Regime::Tight => settings.tight_smc_hold_hours,
        Regime::Wide => settings.wide_structure_hold_hours,
        Regime::Other => settings.other_hold_hours,
    };
    let fee = instrument.spec().taker_fee_bps.unwrap_or(settings.taker_fee_bps).to_f64().max(0.0);
    let funding = funding_bps(settings, hold_hours);
    (2.0 * fee + settings.slippage_bps.to_f64() + funding) * settings.buffer.to_f64()
}

/// Funding of a trade that is held for so long, at least the floor, in basis points.
fn funding_bps(settings: &FeeEdgeSettings, hold_hours: u32) -> f64 {
    let funding = settings.funding_daily_bps.to_f64() * f64::from(hold_hours) / 24.0;
    funding.max(settings.funding_floor_bps.to_f64())
}

/// The funding that strategies are told to expect.
pub(crate) fn funding(settings: &FeeEdgeSettings) -> FundingEstimate {
    FundingEstimate {
        tight_smc_bps: funding_bps(settings, settings.tight_smc_hold_hours),
        wide_structure_bps: funding_bps(settings, settings.wide_structure_hold_hours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{InstrumentId, InstrumentSpec};

    #[test]
    fn the_stated_defaults_ask_for_99_and_174_basis_points() {
        // Spec 4.1, 14: k = 5 gives 99 bps for tight and 174 bps for wide setups.
        let settings = FeeEdgeSettings::default();
        let spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        let instrument = Instrument::new(InstrumentId(0), spec, 2).unwrap();
        let multiple = settings.multiple.unwrap().to_f64();
        for (setup, bps) in [(Setup::OrderBlock, 99.0), (Setup::Trend, 174.0)] {
            let least = multiple * round_trip_bps(&settings, &instrument, setup);
            assert!((least - bps).abs() < 1e-9, "{setup:?}: {least}");
        }
    }

    #[test]
    fn strategies_are_told_the_funding_of_each_regime() {
        let told = funding(&FeeEdgeSettings::default());
        // 10 basis points a day for 6 and for 36 hours.
        assert!((told.tight_smc_bps - 2.5).abs() < 1e-9 && (told.wide_structure_bps - 15.0).abs() < 1e-9);
        let none = FeeEdgeSettings { funding_daily_bps: "0".parse().unwrap(), ..FeeEdgeSettings::default() };
        assert!((funding(&none).tight_smc_bps - 2.0).abs() < 1e-9, "the floor");
    }

    #[test]
    fn a_fee_that_the_instrument_states_beats_the_configured_one_and_funding_has_a_floor() {
        let settings =
            FeeEdgeSettings { funding_daily_bps: "0".parse().unwrap(), ..FeeEdgeSettings::default() };
        let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        spec.taker_fee_bps = Some("10".parse().unwrap());
        let instrument = Instrument::new(InstrumentId(0), spec, 2).unwrap();
        let costs = round_trip_bps(&settings, &instrument, Setup::EmaCross);
        assert!((costs - (20.0 + 4.0 + 2.0) * 1.2).abs() < 1e-9, "{costs}");
    }
}
