//! Funding of perpetuals: at 00, 08 and 16 UTC on the position's value at the last price.
//!
//! A rate that is known for a boundary is signed (longs pay if it is positive). Where none is known, both
//! sides pay the configured rate: a pessimistic assumption. Funding given as data rows replaces the
//! boundaries of that instrument from the first row on.

use rust_decimal::Decimal;
use seawall_model::{Money, Timeframe, Ts, VenueEvent};

use super::desk::{Desk, charge};
use super::market::Market;

/// The first boundary after `at`.
pub(super) fn next_boundary(at: Ts) -> Ts {
    Timeframe::H8.floor(at).plus(Timeframe::H8.span())
}

impl Market {
    /// Remembers a rate for the first boundary after `at`.
    pub(super) fn set_funding_rate(&mut self, at: Ts, rate: Decimal) {
        self.funding_rate = Some((next_boundary(at), rate));
    }

    /// Pays for every boundary that has passed.
    #[inline]
    pub(super) fn settle_funding(&mut self, at: Ts, desk: &mut Desk) {
        if self.next_funding <= at {
            self.settle_boundaries(at, desk);
        }
    }

    #[cold]
    fn settle_boundaries(&mut self, at: Ts, desk: &mut Desk) {
        while self.next_funding <= at {
            let boundary = self.next_funding;
            self.next_funding = boundary.plus(Timeframe::H8.span());
            if self.funding_from_data {
                continue;
            }
            match self.funding_rate {
                Some((known_for, rate)) if known_for == boundary => self.pay(at, Rate::Signed(rate), desk),
                Some(_) | None => self.pay(at, Rate::Cost(desk.funding_cost), desk),
            }
        }
    }

    /// Pays funding now at a rate from data.
    pub(super) fn pay_funding(&mut self, at: Ts, rate: Decimal, desk: &mut Desk) {
        self.funding_from_data = true;
        self.pay(at, Rate::Signed(rate), desk);
    }

    fn pay(&mut self, at: Ts, rate: Rate, desk: &mut Desk) {
        if !desk.funding_on || self.terms.is_spot || self.position.is_zero() {
            return;
        }
        let Ok(value) = self.instrument.notional(self.last, self.position) else { return };
        let cost = match rate {
            Rate::Signed(rate) => charge(value, rate),
            Rate::Cost(rate) => charge(value.abs(), rate),
        };
        let Some(amount) = cost.map(Money::negated) else { return };
        if amount.is_zero() || desk.book_funding(amount).is_none() {
            return;
        }
        desk.emit(at, self.id(), VenueEvent::Funding { instrument: self.id(), amount });
    }
}

#[derive(Debug, Clone, Copy)]
enum Rate {
    Signed(Decimal),
    Cost(Decimal),
}
