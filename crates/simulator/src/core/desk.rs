//! What all instruments of an account share: cash, the way out for events, counters, rules of the account.
//!
//! Invariants: events leave in the order in which they happened and none before `latency` has passed; cash
//! changes by exactly the emitted fills, fees and funding.

use std::collections::VecDeque;

use rust_decimal::{Decimal, RoundingStrategy};
use seawall_model::{InstrumentId, Money, OrderRef, RejectReason, Side, Span, Ts, VenueEvent};

use super::history::History;
use crate::settings::{LimitFill, MarginMode, SimulatorSettings};
use crate::stats::Stats;

/// Decimals in the venue's books: leaves room for amounts of 10^12 in exact sums.
const MONEY_DECIMALS_MAX: u32 = 16;

/// An event on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) at: Ts,
    pub(crate) instrument: Option<InstrumentId>,
    pub(crate) event: VenueEvent,
}

/// The account-wide part of the venue.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) cash: Money,
    /// Nearest float of `cash`, for guards.
    pub(super) cash_f64: f64,
    /// Value of all positions at last prices, as a guard.
    pub(super) value_f64: f64,
    /// Maintenance margin of all positions at last prices, as a guard.
    pub(super) maintenance_f64: f64,
    pub(super) deliveries: VecDeque<Delivery>,
    pub(super) in_flight: Vec<u32>,
    pub(super) stats: Stats,
    pub(super) history: History,
    pub(super) margin_mode: MarginMode,
    pub(super) limit_fill: LimitFill,
    pub(super) volume_share: Option<Decimal>,
    pub(super) funding_on: bool,
    /// Cost of holding either side over 8 hours where no rate is known.
    pub(super) funding_cost: Decimal,
    pub(super) orders: u64,
    pub(super) fills: u64,
    latency: Span,
    last_delivery: Ts,
}

/// What `rate` of `value` costs. More decimals than a venue's books have are rounded up, against the trader.
pub(super) fn charge(value: Money, rate: Decimal) -> Option<Money> {
    let cost = value.get().checked_mul(rate)?;
    if cost.scale() <= MONEY_DECIMALS_MAX {
        return Some(Money::new(cost));
    }
    Some(Money::new(cost.round_dp_with_strategy(MONEY_DECIMALS_MAX, RoundingStrategy::ToPositiveInfinity)))
}

/// The sums of all other positions of the account at last prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Others {
    pub(super) value: Decimal,
    pub(super) maintenance: Decimal,
}

impl Desk {
    pub(super) fn new(settings: &SimulatorSettings, instruments: usize, cash: Money) -> Self {
        Desk {
            cash,
            cash_f64: cash.to_f64(),
            value_f64: 0.0,
            maintenance_f64: 0.0,
            deliveries: VecDeque::with_capacity(64),
            in_flight: vec![0; instruments],
            stats: Stats { ambiguous_bars: vec![0; instruments], ..Stats::default() },
            history: History::new(),
            margin_mode: settings.margin_mode,
            limit_fill: settings.limit_fill,
            volume_share: settings.volume_limit_pct.map(|limit| limit.fraction()),
            funding_on: settings.funding.is_on(),
            funding_cost: settings.funding_rate_bps.fraction(),
            orders: 0,
            fills: 0,
            latency: settings.latency(),
            last_delivery: Ts::from_nanos(i64::MIN),
        }
    }

    /// Sends an event of one instrument that happened at `at`.
    pub(super) fn emit(&mut self, at: Ts, instrument: InstrumentId, event: VenueEvent) {
        self.travels(instrument);
        self.deliver(at, Some(instrument), event);
    }

    /// Sends an event of the account.
    pub(super) fn answer(&mut self, at: Ts, event: VenueEvent) {
        self.deliver(at, None, event);
    }

    /// Something of `instrument` is on its way.
    pub(super) fn travels(&mut self, instrument: InstrumentId) {
        if let Some(count) = self.in_flight.get_mut(instrument.index()) {
            *count += 1;
        }
    }

    /// Something of `instrument` has arrived.
    pub(super) fn arrived(&mut self, instrument: InstrumentId) {
        if let Some(count) = self.in_flight.get_mut(instrument.index()) {
            *count = count.saturating_sub(1);
        }
    }

    /// Refuses a placement.
    pub(super) fn reject(&mut self, at: Ts, order: OrderRef, reason: RejectReason) {
        *self.stats.rejected.entry(reason).or_insert(0) += 1;
        self.emit(at, order.instrument, VenueEvent::Rejected { order, reason });
    }

    /// Books a trade. `None`, and nothing booked, where an amount does not fit into 28 digits.
    pub(super) fn book_trade(&mut self, side: Side, value: Money, fee: Money) -> Option<()> {
        let cash = match side {
            Side::Buy => self.cash.minus(value),
            Side::Sell => self.cash.plus(value),
        };
        let cash = cash.and_then(|cash| cash.minus(fee)).ok()?;
        self.stats.fees = self.stats.fees.plus(fee).ok()?;
        self.stats.fills += 1;
        self.set_cash(cash);
        Some(())
    }

    /// Books funding received (negative: paid).
    pub(super) fn book_funding(&mut self, amount: Money) -> Option<()> {
        let cash = self.cash.plus(amount).ok()?;
        self.stats.funding = self.stats.funding.plus(amount).ok()?;
        self.set_cash(cash);
        Some(())
    }

    pub(super) fn set_cash(&mut self, cash: Money) {
        self.cash = cash;
        self.cash_f64 = cash.to_f64();
    }

    fn deliver(&mut self, at: Ts, instrument: Option<InstrumentId>, event: VenueEvent) {
        self.last_delivery = self.last_delivery.max(at.plus(self.latency));
        self.deliveries.push_back(Delivery { at: self.last_delivery, instrument, event });
    }
}
