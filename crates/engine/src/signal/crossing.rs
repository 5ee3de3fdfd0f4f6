//! Prices of a plan on the instrument that it is carried out on.
//!
//! Both last prices are taken for the same coin at the same moment, so a price `p` of the signal instrument
//! stands for `p × last of the traded / last of the signal`. All prices of a plan are multiplied by the one
//! ratio, which keeps each distance in percent from the planned entry; distances themselves are computed on
//! the signal's prices, before anything is rounded. An instrument that reads itself crosses nothing over.

use rust_decimal::Decimal;
use seawall_model::{Instrument, PlannedPrices, PositionSide, PriceRounding, PriceUnits};

use crate::desk::Desk;

/// The way from the instrument that a plan's prices are of to the one that is traded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossing<'a> {
    /// The instrument that prices of a plan are of.
    pub(crate) source: &'a Instrument,
    /// Its last price.
    pub(crate) source_last: PriceUnits,
    traded: &'a Instrument,
    traded_last: PriceUnits,
    apart: bool,
}

impl<'a> Crossing<'a> {
    pub(crate) fn of(desk: &'a Desk) -> Self {
        let (traded, traded_last) = (&desk.instrument, desk.last);
        match &desk.signal {
            Some(signal) => Crossing {
                source: &signal.instrument,
                source_last: signal.last,
                traded,
                traded_last,
                apart: true,
            },
            None => Crossing::to_itself(traded, traded_last),
        }
    }

    /// Of an instrument that reads itself.
    pub(crate) fn to_itself(traded: &'a Instrument, last: PriceUnits) -> Self {
        Crossing { source: traded, source_last: last, traded, traded_last: last, apart: false }
    }

    /// Whether plan and orders are on different instruments.
    pub(crate) fn is_apart(self) -> bool {
        self.apart
    }

    /// `price` of a plan as a price of the traded instrument on its tick; `None` where a last price is
    /// missing. An instrument that reads itself keeps the price as it is.
    pub(crate) fn price(self, price: PriceUnits, rounding: PriceRounding) -> Option<PriceUnits> {
        if !self.apart {
            return Some(price);
        }
        let (from, to) =
            (self.source.price(self.source_last).get(), self.traded.price(self.traded_last).get());
        if from <= Decimal::ZERO || to <= Decimal::ZERO {
            return None;
        }
        // Multiplied first: a quotient is rounded at the 28th digit, a product of two prices is exact.
        let crossed = self.source.price(price).get().checked_mul(to)?.checked_div(from)?;
        self.traded.round_price(crossed, rounding)
    }

    /// A distance of the signal's prices as one of the traded instrument's.
    pub(crate) fn distance(self, distance: f64) -> Option<f64> {
        if !self.apart {
            return Some(distance);
        }
        let (from, to) = (self.source.price_f64(self.source_last), self.traded.price_f64(self.traded_last));
        (from > 0.0 && to > 0.0).then(|| distance * to / from)
    }

    /// What was planned, in prices of the traded instrument.
    pub(crate) fn planned(self, planned: PlannedPrices) -> Option<PlannedPrices> {
        Some(PlannedPrices {
            side: planned.side,
            entry: self.price(planned.entry, no_worse(planned.side))?,
            stop: self.price(planned.stop, PriceRounding::Nearest)?,
            target: self.price(planned.target, PriceRounding::Nearest)?,
        })
    }
}

/// The rounding that makes an entry no worse than planned.
fn no_worse(side: PositionSide) -> PriceRounding {
    match side {
        PositionSide::Long => PriceRounding::Down,
        PositionSide::Short => PriceRounding::Up,
        PositionSide::Flat => PriceRounding::Nearest,
    }
}
