//! One instrument at the venue: its price, our orders on it and our position in it.
//!
//! Invariants: `fences` say from which prices on any order can act, so a bar inside them needs no look at the
//! orders; `value_f64` and `maintenance_f64` are this instrument's part of the sums in [`Desk`].

use rust_decimal::Decimal;
use seawall_model::{
    Candle, Instrument, InstrumentId, OrderRef, PositionSide, PriceUnits, QtyUnits, Side, Ts, VenuePosition,
};

use super::book::{Direction, Stage, Working};
use super::desk::Desk;
use super::terms::Terms;

/// How many orders may work on one instrument; further ones are refused as `rate_limited`.
pub(crate) const ORDERS_MAX: usize = 200;

/// What is known of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing yet.
    Unpriced,
    /// The open of a bar, and one can trade at it.
    Open,
    /// A bar is over: one trades again at the next open.
    Closed,
    /// Bid and ask of this moment.
    Live,
}

/// Prices outside which some order can act.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fences {
    below: PriceUnits,
    above: PriceUnits,
}

const NO_FENCES: Fences = Fences { below: PriceUnits::new(i64::MIN), above: PriceUnits::new(i64::MAX) };

/// One instrument and everything of ours on it.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub(super) phase: Phase,
    pub(super) last: PriceUnits,
    pub(super) fences: Fences,
    /// Some order waits for a price to trade at.
    pub(super) is_awaited: bool,
    /// The price at which the range of the bar that is over last increased the position: a stop that comes
    /// now looks back at it.
    pub(super) grew_at: Option<PriceUnits>,
    pub(super) position: QtyUnits,
    pub(super) next_funding: Ts,
    pub(super) orders: Vec<Working>,
    pub(super) bid: PriceUnits,
    pub(super) ask: PriceUnits,
    pub(super) low: PriceUnits,
    pub(super) high: PriceUnits,
    /// Price units times quantity units of the open position, above zero.
    pub(super) entry_value: i128,
    pub(super) value_f64: f64,
    pub(super) maintenance_f64: f64,
    /// What our orders may still fill in this bar.
    pub(super) budget: QtyUnits,
    /// Counts rounds of matching.
    pub(super) round: u64,
    pub(super) in_range: bool,
    pub(super) is_ambiguous_counted: bool,
    /// A known funding rate and the boundary it belongs to.
    pub(super) funding_rate: Option<(Ts, Decimal)>,
    pub(super) funding_from_data: bool,
    pub(super) terms: Terms,
    pub(super) instrument: Instrument,
}

impl Market {
    pub(super) fn new(instrument: Instrument, terms: Terms) -> Self {
        Market {
            phase: Phase::Unpriced,
            last: PriceUnits::ZERO,
            fences: NO_FENCES,
            is_awaited: false,
            grew_at: None,
            position: QtyUnits::ZERO,
            next_funding: Ts::FAR_FUTURE,
            orders: Vec::with_capacity(8),
            bid: PriceUnits::ZERO,
            ask: PriceUnits::ZERO,
            low: PriceUnits::ZERO,
            high: PriceUnits::ZERO,
            entry_value: 0,
            value_f64: 0.0,
            maintenance_f64: 0.0,
            budget: QtyUnits::new(i64::MAX),
            round: 0,
            in_range: false,
            is_ambiguous_counted: false,
            funding_rate: None,
            funding_from_data: false,
            terms,
            instrument,
        }
    }

    pub(super) fn id(&self) -> InstrumentId {
        self.instrument.id()
    }

    /// Nothing works here and nothing is held.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.position.is_zero()
    }

    /// A bar has passed by that changed nothing here but the price.
    #[inline]
    pub(super) fn skip_to(&mut self, candle: &Candle) {
        self.last = candle.close;
        self.low = candle.low;
        self.high = candle.high;
        self.phase = Phase::Closed;
        self.grew_at = None;
    }

    pub(super) fn side(&self) -> PositionSide {
        PositionSide::of(self.position)
    }

    /// Whether an order of `side` brings the position closer to zero.
    pub(super) fn is_closing(&self, side: Side) -> bool {
        self.side().closing_side() == Some(side)
    }

    /// The price at which an order of `side` takes liquidity now, given the traded price `base`.
    pub(super) fn taker_price(&self, side: Side, base: PriceUnits) -> PriceUnits {
        match self.phase {
            Phase::Unpriced | Phase::Open | Phase::Closed => {
                self.terms.on_trades.apply(&self.instrument, side, base)
            }
            Phase::Live => {
                let quote = self.opposite_quote(side);
                self.terms.on_quotes.apply(&self.instrument, side, quote)
            }
        }
    }

    /// The known price that an order of `side` would trade against.
    pub(super) fn opposite_quote(&self, side: Side) -> PriceUnits {
        match (self.phase, side) {
            (Phase::Unpriced | Phase::Open | Phase::Closed, Side::Buy | Side::Sell) => self.last,
            (Phase::Live, Side::Buy) => self.ask,
            (Phase::Live, Side::Sell) => self.bid,
        }
    }

    /// Whether one can trade at this moment.
    pub(super) fn is_trading(&self) -> bool {
        match self.phase {
            Phase::Unpriced | Phase::Closed => false,
            Phase::Open | Phase::Live => true,
        }
    }

    /// Whether a market that traded from `low` to `high` can concern any order.
    #[inline]
    pub(super) fn is_touched(&self, low: PriceUnits, high: PriceUnits) -> bool {
        low <= self.fences.below || high >= self.fences.above
    }

    /// Whether the order can increase the position.
    pub(super) fn can_increase(&self, order: OrderRef) -> bool {
        let found = self.place_of(order).and_then(|index| self.orders.get(index));
        found.is_some_and(Working::can_increase)
    }

    pub(super) fn place_of(&self, order: OrderRef) -> Option<usize> {
        self.orders.iter().position(|working| working.request.order == order)
    }

    /// After any change of orders or position: fences and this market's part of the account's sums.
    pub(super) fn refresh(&mut self, desk: &mut Desk) {
        let mut fences = NO_FENCES;
        self.is_awaited = false;
        for order in &self.orders {
            match (order.stage, order.watch) {
                (Stage::Waiting, _) => self.is_awaited = true,
                (Stage::Armed | Stage::Resting, Some(watch)) => match watch.direction {
                    Direction::Falls => fences.below = fences.below.max(watch.price),
                    Direction::Rises => fences.above = fences.above.min(watch.price),
                },
                (Stage::Armed | Stage::Resting, None) => {}
            }
        }
        self.fences = fences;
        self.revalue(desk);
    }

    /// After a change of the last price of a held position.
    #[inline]
    pub(super) fn revalue(&mut self, desk: &mut Desk) {
        let value = self.terms.value_f64(self.last, self.position);
        let maintenance = self.terms.maintenance_f64(value);
        desk.value_f64 += value - self.value_f64;
        desk.maintenance_f64 += maintenance - self.maintenance_f64;
        self.value_f64 = value;
        self.maintenance_f64 = maintenance;
    }

    /// The volume of a bar or tick that our orders may fill.
    pub(super) fn set_budget(&mut self, volume: impl FnOnce(&Instrument) -> Option<Decimal>, desk: &Desk) {
        let Some(share) = desk.volume_share else { return };
        let contracts = volume(&self.instrument).and_then(|volume| volume.checked_mul(share));
        self.budget = contracts.map_or(QtyUnits::ZERO, |contracts| self.instrument.floor_qty(contracts));
    }

    /// The position as the venue reports it.
    pub(super) fn report_position(&self) -> VenuePosition {
        let size = i128::from(self.position.get().unsigned_abs()).max(1);
        let average = (self.entry_value + size / 2) / size;
        VenuePosition {
            instrument: self.id(),
            qty: self.position,
            entry_price: PriceUnits::new(i64::try_from(average).unwrap_or(i64::MAX)),
        }
    }
}

/// A bar's volume in contracts.
pub(super) fn contracts_of(candle: &Candle, instrument: &Instrument) -> Option<Decimal> {
    let base = <Decimal as rust_decimal::prelude::FromPrimitive>::from_f64(candle.volume)?;
    base.checked_div(instrument.spec().contract_size.get())
}
