//! The simulated exchange as its client sees it: the core behind latency in both directions.
//!
//! Invariants: a request acts `latency` after it was sent and no event of it arrives before another
//! `latency`; requests act and events arrive in the order of their times, at equal times first come first
//! served; nothing here reads a clock.

use std::collections::VecDeque;

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Capabilities, Instrument, InstrumentId, Money, OrderRef, QtyUnits, Rules, Span, StateSink,
    TriggerSource, Ts, VenueEvent, VenueOrder, VenuePosition, VenueRequest,
};

use crate::core::{AccountView, Books, Core, Tick, is_offered};
use crate::error::SimulatorError;
use crate::settings::SimulatorSettings;
use crate::stats::Stats;

/// How long after the last possible arrival of a placement its absence is proof.
const ACCEPTANCE_SLACK: Span = Span::from_secs(1);

/// A simulated exchange with one account.
///
/// From candles, per bar: [`Exchange::bar_open`] at its open time, [`Exchange::next_event`] until the middle
/// of the bar, [`Exchange::bar_range`] at the middle, `next_event` until its end. From live prices:
/// [`Exchange::tick`] and `next_event`. An instrument that [`Exchange::is_idle`] may take
/// [`Exchange::skip_to`] instead of both bar calls.
#[derive(Debug, Clone)]
pub struct Exchange {
    core: Core,
    arrivals: VecDeque<(Ts, VenueRequest)>,
    last_arrival: Ts,
    latency: Span,
}

impl Exchange {
    /// An exchange that trades `instruments`, with `initial_cash` in the account.
    ///
    /// # Errors
    /// A setting outside its range, instruments not numbered in order, more than one settlement currency, or
    /// no cash.
    pub fn new(
        settings: &SimulatorSettings,
        instruments: &[Instrument],
        initial_cash: Money,
    ) -> Result<Self, SimulatorError> {
        settings.check()?;
        check_instruments(instruments)?;
        if initial_cash <= Money::ZERO {
            return Err(SimulatorError::InitialCash { value: initial_cash.to_string() });
        }
        Ok(Exchange {
            core: Core::new(settings, instruments, initial_cash)?,
            arrivals: VecDeque::with_capacity(64),
            last_arrival: Ts::from_nanos(i64::MIN),
            latency: settings.latency(),
        })
    }

    /// An exchange that goes on with the books of an earlier one. The market has no price before the first
    /// one comes in; positions are valued at their average until then. Funding begins with the first boundary
    /// after `at`: what fell due while there was no exchange is not paid.
    ///
    /// # Errors
    /// A setting outside its range, instruments not numbered in order, more than one settlement currency,
    /// books of instruments that it does not have, or that make no sense.
    pub fn restore(
        at: Ts,
        settings: &SimulatorSettings,
        instruments: &[Instrument],
        books: &Books,
    ) -> Result<Self, SimulatorError> {
        // Cash may be negative by what open positions cost, which no account begins with.
        let mut exchange = Exchange::new(settings, instruments, Money::new(Decimal::ONE))?;
        exchange.core.restore(at, books)?;
        Ok(exchange)
    }

    /// What this exchange can do.
    #[must_use]
    pub fn capabilities(settings: &SimulatorSettings) -> Capabilities {
        let sources = [TriggerSource::Mark, TriggerSource::Last, TriggerSource::Index];
        let round_trip = Span::from_nanos(settings.latency().nanos().saturating_mul(2));
        Capabilities {
            amend: true,
            stop_triggers: sources
                .into_iter()
                .filter(|source| is_offered(*source))
                .collect::<ArrayVec<_, 3>>(),
            lossless_order_stream: true,
            reduce_only: true,
            cancels_orphaned_reduce_only: true,
            balance_is_wallet: false,
            acceptance_horizon: Span::from_nanos(round_trip.nanos() + ACCEPTANCE_SLACK.nanos()),
        }
    }

    /// Sends a request at `at`; it arrives one latency later, never before an earlier one.
    pub fn send(&mut self, at: Ts, request: VenueRequest) {
        self.last_arrival = self.last_arrival.max(at.plus(self.latency));
        if let Some(instrument) = instrument_of(&request) {
            self.core.travels(instrument);
        }
        self.arrivals.push_back((self.last_arrival, request));
    }

    /// When something happens next by itself: a request arrives or an event is delivered.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Option<Ts> {
        match (self.arrivals.front(), self.core.next_delivery()) {
            (None, None) => None,
            (Some((at, _)), None) => Some(*at),
            (None, Some(at)) => Some(at),
            (Some((arrival, _)), Some(delivery)) => Some(delivery.min(*arrival)),
        }
    }

    /// The next event that reaches the client by `until`, with the instant at which it does. Requests that
    /// arrive by then are carried out on the way.
    #[inline]
    pub fn next_event(&mut self, until: Ts) -> Option<(Ts, VenueEvent)> {
        loop {
            let next = self.next_at().filter(|next| *next <= until)?;
            if self.core.next_delivery() == Some(next) {
                return self.core.take_delivery().map(|delivery| (delivery.at, delivery.event));
            }
            self.arrive_next();
        }
    }

    /// Whether nothing works, travels or is held on `instrument`, so that a bar of it can be skipped.
    #[inline]
    #[must_use]
    pub fn is_idle(&self, instrument: InstrumentId) -> bool {
        self.core.is_idle(instrument)
    }

    /// A bar opens at `at`, its open time: funding that is due, then everything that its open price does.
    /// From here until [`Exchange::bar_range`] one can trade at the open.
    #[inline]
    pub fn bar_open(&mut self, at: Ts, instrument: InstrumentId, candle: &Candle) {
        self.arrive_until(at);
        self.core.bar_open(at, instrument, candle);
    }

    /// The rest of the bar, at `at`, its middle: everything that its extremes do. Then the bar is closed and
    /// what arrives waits for the next open.
    #[inline]
    pub fn bar_range(&mut self, at: Ts, instrument: InstrumentId, candle: &Candle) {
        self.arrive_until(at);
        self.core.bar_range(at, instrument, candle);
    }

    /// Whether the bar that opens at `at` changes nothing on `instrument` but its price: nothing travels, no
    /// order is reached, no funding is due, liquidation is far. It may then be skipped: call
    /// [`Exchange::skip_to`] when it is over.
    #[inline]
    #[must_use]
    pub fn can_pass(&self, at: Ts, instrument: InstrumentId, candle: &Candle) -> bool {
        self.core.can_pass(at, instrument, candle)
    }

    /// A whole bar that changes nothing but the price: of an idle instrument, or one that
    /// [`Exchange::can_pass`].
    #[inline]
    pub fn skip_to(&mut self, instrument: InstrumentId, candle: &Candle) {
        self.core.skip_to(instrument, candle);
    }

    /// Live prices at `at`.
    pub fn tick(&mut self, at: Ts, instrument: InstrumentId, tick: Tick) {
        self.arrive_until(at);
        self.core.tick(at, instrument, tick);
    }

    /// Other steps and minima hold for an instrument from now on, where they fit its scales; margin stays as
    /// it was.
    pub fn set_rules(&mut self, rules: &Rules) {
        self.core.set_rules(rules);
    }

    /// Makes `rate` (a signed fraction; longs pay if it is positive) known for the first funding boundary
    /// (00, 08, 16 UTC) after `at`.
    pub fn set_funding_rate(&mut self, at: Ts, instrument: InstrumentId, rate: Decimal) {
        self.core.set_funding_rate(at, instrument, rate);
    }

    /// Pays funding at `at` at a `rate` from data. From the first call on, this instrument pays at no
    /// boundary by itself: call it for every row, also while flat, and before [`Exchange::bar_open`] of the
    /// same instant.
    pub fn pay_funding(&mut self, at: Ts, instrument: InstrumentId, rate: Decimal) {
        self.arrive_until(at);
        self.core.pay_funding(at, instrument, rate);
    }

    /// Puts a position into the account as if it had been bought (negative: sold) at `entry_price` at `at`,
    /// without a fee, a fill or an event. Equity is what it was, if the market is at the entry price.
    ///
    /// # Errors
    /// An unknown instrument, a zero quantity, an entry price that is not positive, a position that is there
    /// already, a short spot position, or an amount beyond 28 digits.
    pub fn seed_position(&mut self, at: Ts, position: VenuePosition) -> Result<(), SimulatorError> {
        self.core.seed_position(at, position)
    }

    /// Puts `amount` into the account (negative: takes it out), without an event. `None`, and nothing
    /// done, if the sum does not fit into 28 digits.
    pub fn transfer(&mut self, amount: Money) -> Option<()> {
        self.core.transfer(amount)
    }

    /// The venue closes the whole position of `instrument` at `at` at the known price, as it does when margin
    /// runs out, and ends every order on it. Nothing happens without a position or a price.
    pub fn liquidate(&mut self, at: Ts, instrument: InstrumentId) {
        self.arrive_until(at);
        self.core.liquidate(at, instrument);
    }

    /// The venue ends a working order at `at` for reasons of its own; `false` where none works by that name.
    pub fn expire(&mut self, at: Ts, order: OrderRef) -> bool {
        self.arrive_until(at);
        self.core.expire(at, order)
    }

    /// The working orders of one instrument as the venue has them now, oldest first.
    pub fn working(&self, instrument: InstrumentId) -> impl Iterator<Item = VenueOrder> + '_ {
        self.core.working(instrument)
    }

    /// The signed quantity of one instrument that the account holds now.
    #[must_use]
    pub fn held(&self, instrument: InstrumentId) -> QtyUnits {
        self.core.held(instrument)
    }

    /// The account as the venue sees it now.
    #[must_use]
    pub fn account(&self) -> AccountView {
        self.core.account()
    }

    /// What was counted since the start.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        self.core.stats()
    }

    /// Writes the exchange's state: equal inputs give equal bytes.
    pub fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.arrivals.len() as u64);
        for (at, _) in &self.arrivals {
            sink.signed(at.nanos());
        }
        self.core.digest(sink);
    }

    #[inline]
    fn arrive_until(&mut self, at: Ts) {
        while self.arrivals.front().is_some_and(|(arrival, _)| *arrival <= at) {
            self.arrive_next();
        }
    }

    fn arrive_next(&mut self) {
        let Some((at, request)) = self.arrivals.pop_front() else { return };
        if let Some(instrument) = instrument_of(&request) {
            self.core.arrived(instrument);
        }
        self.core.arrive(at, request);
    }
}

fn instrument_of(request: &VenueRequest) -> Option<InstrumentId> {
    match request {
        VenueRequest::Place(request) => Some(request.order.instrument),
        VenueRequest::Amend { order, .. }
        | VenueRequest::Cancel { order }
        | VenueRequest::QueryOrder { order } => Some(order.instrument),
        VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => None,
    }
}

fn check_instruments(instruments: &[Instrument]) -> Result<(), SimulatorError> {
    for (place, instrument) in instruments.iter().enumerate() {
        if instrument.id().index() != place {
            return Err(SimulatorError::InstrumentOrder {
                instrument: instrument.name().to_string(),
                found: instrument.id().0,
                expected: place,
            });
        }
    }
    let Some(first) = instruments.first() else { return Ok(()) };
    match instruments.iter().find(|instrument| instrument.settle() != first.settle()) {
        None => Ok(()),
        Some(other) => Err(SimulatorError::Settlement {
            instrument: other.name().to_string(),
            settle: other.settle().to_string(),
            account: first.settle().to_string(),
        }),
    }
}
