//! How large an entry is wanted. There is one authority: a strategy may fix the quantity, else the `risk`
//! section sizes; the caps come after both.

use rust_decimal::Decimal;
use seawall_model::{Instrument, PriceUnits, QtyUnits, Ratio};
use seawall_strategy::Sizing;

use super::settings::{RiskSettings, SizingMethod};
use super::volatility::Volatility;

/// What a size is computed from.
pub(super) struct Basis<'a> {
    pub(super) instrument: &'a Instrument,
    pub(super) equity: Decimal,
    pub(super) entry: PriceUnits,
    pub(super) stop: Option<PriceUnits>,
    /// What the sizing `leverage` counts with.
    pub(super) leverage: Ratio,
    pub(super) volatility: Option<&'a Volatility>,
}

/// The quantity wanted, rounded down to the lot; zero where it cannot be computed.
pub(super) fn wanted(settings: &RiskSettings, sizing: Sizing, basis: &Basis<'_>) -> QtyUnits {
    let qty = match sizing {
        Sizing::Fixed(qty) => Some(qty.get()),
        Sizing::Risk => match settings.sizing {
            SizingMethod::RiskPctOfEquity => by_stop(basis, settings.risk_per_trade_pct.fraction()),
            SizingMethod::Leverage => by_leverage(settings, basis),
            SizingMethod::Volatility => by_stop(basis, settings.risk_by_volatility(basis.volatility)),
            SizingMethod::Kelly => by_stop(basis, settings.risk_by_kelly()),
        },
    };
    qty.map_or(QtyUnits::ZERO, |qty| basis.instrument.floor_qty(qty))
}

/// So many contracts that the stop costs `share` of equity.
fn by_stop(basis: &Basis<'_>, share: Decimal) -> Option<Decimal> {
    let entry = basis.instrument.price(basis.entry).get();
    let distance = entry.checked_sub(basis.instrument.price(basis.stop?).get())?.abs();
    let size = basis.instrument.spec().contract_size.get();
    basis.equity.checked_mul(share)?.checked_div(distance.checked_mul(size)?)
}

/// Margin of `risk_per_trade_pct` of equity at `target_leverage`, at most what its tier and the instrument
/// allow.
fn by_leverage(settings: &RiskSettings, basis: &Basis<'_>) -> Option<Decimal> {
    let leverage = basis.leverage.get();
    let notional = basis.equity.checked_mul(settings.risk_per_trade_pct.fraction())?.checked_mul(leverage)?;
    let size = basis.instrument.spec().contract_size.get();
    notional.checked_div(basis.instrument.price(basis.entry).get().checked_mul(size)?)
}

impl RiskSettings {
    /// Kelly's fraction of the stated odds, `W - (1 - W) / R`, at most `kelly_fraction_max_pct`; below zero
    /// where there is no edge.
    pub(super) fn kelly_fraction(&self) -> Decimal {
        let win = self.kelly_win_pct.fraction();
        let lose = Decimal::ONE.checked_sub(win).and_then(|lose| lose.checked_div(self.kelly_payoff.get()));
        let fraction = lose.and_then(|lose| win.checked_sub(lose)).unwrap_or_default();
        fraction.min(self.kelly_fraction_max_pct.fraction())
    }

    fn risk_by_kelly(&self) -> Decimal {
        self.kelly_fraction().min(self.risk_per_trade_pct.fraction())
    }

    fn risk_by_volatility(&self, volatility: Option<&Volatility>) -> Decimal {
        let ratio = volatility.map_or(1.0, Volatility::ratio);
        let factor = if ratio > self.volatility_high_ratio.to_f64() {
            Decimal::ONE - self.volatility_high_cut_pct.fraction()
        } else if ratio < self.volatility_low_ratio.to_f64() {
            Decimal::ONE + self.volatility_low_boost_pct.fraction()
        } else {
            Decimal::ONE
        };
        self.risk_per_trade_pct.fraction() * factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Candle, InstrumentId, InstrumentSpec, Ohlc, Timeframe, Ts};

    fn qty(settings: &RiskSettings, volatility: Option<&Volatility>) -> String {
        let mut spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
        spec.lot = "0.001".parse().unwrap();
        let instrument = Instrument::new(InstrumentId(0), spec, 2).unwrap();
        let basis = Basis {
            instrument: &instrument,
            equity: Decimal::from(10_000),
            entry: PriceUnits::new(10_000),
            stop: Some(PriceUnits::new(9_800)),
            leverage: settings.target_leverage,
            volatility,
        };
        instrument.qty(wanted(settings, Sizing::Risk, &basis)).to_string()
    }

    fn with(change: impl FnOnce(&mut RiskSettings)) -> RiskSettings {
        let mut settings = RiskSettings::default();
        change(&mut settings);
        settings
    }

    /// `calm` candles with a range of 1 %, then 20 with `last` hundredths of a percent.
    fn moved(last: i64) -> Volatility {
        let mut volatility = Volatility::new();
        for number in 0..220 {
            let half = if number < 200 { 50 } else { last / 2 };
            let [low, high] = [10_000 - half, 10_000 + half].map(PriceUnits::new);
            let prices = Ohlc { open: PriceUnits::new(10_000), high, low, close: PriceUnits::new(10_000) };
            let at = Ts::from_millis(number * 60_000);
            volatility.see(&Candle::new(Timeframe::M1, at, prices, 1.0).unwrap());
        }
        volatility
    }

    #[test]
    fn a_stop_of_two_percent_at_one_percent_risk_is_half_of_equity() {
        // 1 % of 10 000 is 100, the stop lies 2 away: 50 contracts at 100 each.
        assert_eq!(qty(&RiskSettings::default(), None), "50");
    }

    #[test]
    fn leverage_sizes_by_margin_whatever_the_stop() {
        // Spec 4.1, 3: 3 % at 7 times leverage is 21 % of equity.
        let settings = with(|settings| {
            settings.sizing = SizingMethod::Leverage;
            settings.risk_per_trade_pct = "3".parse().unwrap();
            settings.target_leverage = "7".parse().unwrap();
        });
        assert_eq!(qty(&settings, None), "21");
    }

    #[test]
    fn kelly_is_capped_by_its_own_bound_and_by_the_risk_per_trade() {
        let kelly = |win: &str, most: &str, risk: &str| {
            with(|settings| {
                settings.sizing = SizingMethod::Kelly;
                settings.kelly_win_pct = win.parse().unwrap();
                settings.kelly_fraction_max_pct = most.parse().unwrap();
                settings.risk_per_trade_pct = risk.parse().unwrap();
            })
        };
        assert_eq!(kelly("55", "25", "1").kelly_fraction().to_string(), "0.25");
        // 34 % wins of twice the loss: 0.34 - 0.66 / 2 = 0.01.
        assert_eq!(kelly("34", "25", "5").kelly_fraction().normalize().to_string(), "0.01");
        assert_eq!(qty(&kelly("34", "25", "5"), None), "50");
        assert_eq!(qty(&kelly("55", "25", "2"), None), "100");
    }

    #[test]
    fn volatility_cuts_and_boosts_by_its_percentage_and_does_not_multiply_by_it() {
        // D-11: the factors 0.30 and 0.20 were used as multipliers.
        let settings = with(|settings| settings.sizing = SizingMethod::Volatility);
        assert_eq!(qty(&settings, Some(&moved(100))), "50");
        assert_eq!(qty(&settings, Some(&moved(400))), "35");
        assert_eq!(qty(&settings, Some(&moved(10))), "60");
        assert_eq!(qty(&settings, Some(&Volatility::new())), "50");
    }
}
