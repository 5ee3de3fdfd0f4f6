//! The matching core: one account at one venue, without latency of its own.
//!
//! Each instrument is a [`Market`]; what they share is the [`Desk`]. Every entry point takes the venue's time
//! and leaves its events on the desk.

mod arrivals;
mod book;
mod desk;
mod fills;
mod funding;
mod history;
mod margin;
mod market;
mod matching;
mod path;
mod price;
mod report;
mod restore;
mod rules;
mod seed;
mod terms;

use rust_decimal::Decimal;
use seawall_model::{
    Candle, Instrument, InstrumentId, Money, OrderRequest, PriceUnits, QtyUnits, RejectReason, Rules, Side,
    Ts, VenueEvent, VenueRequest,
};

use arrivals::Amendment;
pub(crate) use desk::Delivery;
use desk::{Desk, Others};
use market::{Market, Phase, contracts_of};
use path::Range;
pub use report::AccountView;
pub use restore::{Books, BooksOrder, BooksPosition};
pub(crate) use rules::is_offered;
use terms::Terms;

use crate::error::SimulatorError;
use crate::settings::SimulatorSettings;
use crate::stats::Stats;

/// Live prices of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// Best bid.
    pub bid: PriceUnits,
    /// Best ask.
    pub ask: PriceUnits,
    /// Last trade.
    pub last: PriceUnits,
    /// Contracts traded, where known: the volume that our orders can share.
    pub qty: Option<QtyUnits>,
}

/// The venue.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    markets: Vec<Market>,
    desk: Desk,
}

impl Core {
    pub(crate) fn new(
        settings: &SimulatorSettings,
        instruments: &[Instrument],
        cash: Money,
    ) -> Result<Self, SimulatorError> {
        let market =
            |instrument: &Instrument| Ok(Market::new(instrument.clone(), Terms::new(settings, instrument)?));
        let markets = instruments.iter().map(market).collect::<Result<Vec<_>, _>>()?;
        Ok(Core { markets, desk: Desk::new(settings, instruments.len(), cash) })
    }

    #[inline]
    pub(crate) fn is_idle(&self, instrument: InstrumentId) -> bool {
        let index = instrument.index();
        self.markets.get(index).is_none_or(Market::is_empty)
            && self.desk.in_flight.get(index).is_none_or(|count| *count == 0)
    }

    /// Whether the bar that opens at `at` changes nothing on the instrument: nothing travels or waits, no
    /// order is reached, no funding is due and liquidation is far.
    #[inline]
    pub(crate) fn can_pass(&self, at: Ts, instrument: InstrumentId, candle: &Candle) -> bool {
        let index = instrument.index();
        if self.desk.in_flight.get(index).is_some_and(|count| *count != 0) {
            return false;
        }
        let Some(market) = self.markets.get(index) else { return true };
        if market.is_empty() {
            return true;
        }
        let range = Range { at, low: candle.low, high: candle.high, close: candle.close };
        market.next_funding > at
            && !market.is_awaited
            && !market.is_touched(candle.low, candle.high)
            && !market.is_range_near_liquidation(&range, &self.desk)
    }

    #[inline]
    pub(crate) fn skip_to(&mut self, instrument: InstrumentId, candle: &Candle) {
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            market.skip_to(candle);
            if !market.position.is_zero() {
                market.revalue(&mut self.desk);
            }
        }
    }

    /// A bar opens.
    pub(crate) fn bar_open(&mut self, at: Ts, instrument: InstrumentId, candle: &Candle) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        market.settle_funding(at, &mut self.desk);
        market.phase = Phase::Open;
        market.last = candle.open;
        market.grew_at = None;
        market.is_ambiguous_counted = false;
        market.set_budget(|instrument| contracts_of(candle, instrument), &self.desk);
        if market.is_empty() {
            return;
        }
        self.match_now(at, instrument);
    }

    /// The rest of a bar happens, and the bar is over.
    pub(crate) fn bar_range(&mut self, at: Ts, instrument: InstrumentId, candle: &Candle) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        let range = Range { at, low: candle.low, high: candle.high, close: candle.close };
        let is_walked = !market.is_empty()
            && (market.is_touched(range.low, range.high)
                || market.is_range_near_liquidation(&range, &self.desk));
        if is_walked {
            self.walk(instrument, range);
        }
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        market.low = candle.low;
        market.high = candle.high;
        market.last = candle.close;
        market.phase = Phase::Closed;
        if is_walked {
            market.refresh(&mut self.desk);
        } else if !market.position.is_zero() {
            market.revalue(&mut self.desk);
        }
    }

    /// The market moves to live prices.
    pub(crate) fn tick(&mut self, at: Ts, instrument: InstrumentId, tick: Tick) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        market.settle_funding(at, &mut self.desk);
        market.phase = Phase::Live;
        (market.bid, market.ask, market.last) = (tick.bid, tick.ask, tick.last);
        market.grew_at = None;
        if let Some(qty) = tick.qty {
            market.set_budget(|instrument| Some(instrument.qty(qty).get()), &self.desk);
        } else {
            market.budget = QtyUnits::new(i64::MAX);
        }
        if !market.is_empty() {
            self.match_now(at, instrument);
        }
    }

    fn match_now(&mut self, at: Ts, instrument: InstrumentId) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        let is_near = market.is_near_liquidation(market.last, &self.desk);
        if !is_near && !market.is_touched_now() {
            market.revalue(&mut self.desk);
            return;
        }
        let others = self.others(instrument);
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            market.match_now(at, others, &mut self.desk);
        }
    }

    fn walk(&mut self, instrument: InstrumentId, range: Range) {
        let others = self.others(instrument);
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            market.walk(range, others, &mut self.desk);
        }
    }

    pub(crate) fn set_rules(&mut self, rules: &Rules) {
        let Some(market) = self.markets.get_mut(rules.instrument.index()) else { return };
        if let Ok(instrument) = market.instrument.with_rules(rules) {
            market.terms.regrid(&instrument);
            market.instrument = instrument;
        }
    }

    pub(crate) fn set_funding_rate(&mut self, at: Ts, instrument: InstrumentId, rate: Decimal) {
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            market.set_funding_rate(at, rate);
        }
    }

    pub(crate) fn pay_funding(&mut self, at: Ts, instrument: InstrumentId, rate: Decimal) {
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            market.pay_funding(at, rate, &mut self.desk);
        }
    }

    /// A request arrives.
    pub(crate) fn arrive(&mut self, at: Ts, request: VenueRequest) {
        match request {
            VenueRequest::Place(request) => self.place(at, request),
            VenueRequest::Amend { order, qty, kind } => self.amend(at, Amendment { order, qty, kind }),
            VenueRequest::Cancel { order } => match self.markets.get_mut(order.instrument.index()) {
                Some(market) => market.cancel_requested(at, order, &mut self.desk),
                None => {
                    let event = VenueEvent::CancelRejected { order, reason: RejectReason::OrderNotFound };
                    self.desk.emit(at, order.instrument, event);
                }
            },
            VenueRequest::QueryOrder { order } => self.answer_order(at, order),
            VenueRequest::QueryOpenOrders | VenueRequest::QueryPositions | VenueRequest::QueryBalance => {
                self.answer(at, &request);
            }
        }
    }

    fn place(&mut self, at: Ts, request: OrderRequest) {
        let id = request.order.id;
        let is_working =
            self.markets.iter().any(|market| market.orders.iter().any(|order| order.request.order.id == id));
        if is_working || self.desk.history.contains(id) {
            self.desk.reject(at, request.order, RejectReason::DuplicateId);
            return;
        }
        let free = if request.reduce_only { None } else { self.free_funds(request.order.instrument) };
        match self.markets.get_mut(request.order.instrument.index()) {
            Some(market) => market.place(at, request, free, &mut self.desk),
            None => self.desk.reject(at, request.order, RejectReason::Other),
        }
    }

    fn amend(&mut self, at: Ts, change: Amendment) {
        let Amendment { order, .. } = change;
        let index = order.instrument.index();
        let can_increase = self.markets.get(index).is_some_and(|market| market.can_increase(order));
        let free = if can_increase { self.free_funds(order.instrument) } else { None };
        match self.markets.get_mut(index) {
            Some(market) => market.amend(at, change, free, &mut self.desk),
            None => {
                let event = VenueEvent::AmendRejected { order, reason: RejectReason::OrderNotFound };
                self.desk.emit(at, order.instrument, event);
            }
        }
    }

    /// Equity less the initial margin of every other instrument.
    fn free_funds(&self, instrument: InstrumentId) -> Option<Decimal> {
        let mut free = self.desk.cash.get();
        for market in self.markets.iter().filter(|market| !market.is_empty()) {
            let value = market.instrument.notional(market.last, market.position).ok()?;
            free = free.checked_add(value.get())?;
            if market.id() != instrument {
                let exposure = market.exposure(Side::Buy, QtyUnits::ZERO).after;
                free = free.checked_sub(market.initial_margin(market.last, exposure)?)?;
            }
        }
        Some(free)
    }

    /// Value and maintenance margin of all positions but one.
    fn others(&self, instrument: InstrumentId) -> Option<Others> {
        let mut others = Others { value: Decimal::ZERO, maintenance: Decimal::ZERO };
        let held = self.markets.iter().filter(|market| !market.position.is_zero());
        for market in held.filter(|market| market.id() != instrument) {
            let value = market.instrument.notional(market.last, market.position).ok()?.get();
            others.value = others.value.checked_add(value)?;
            others.maintenance = others.maintenance.checked_add(market.terms.maintenance(value)?)?;
        }
        Some(others)
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.desk.stats
    }

    /// When the next event reaches the client.
    #[inline]
    pub(crate) fn next_delivery(&self) -> Option<Ts> {
        self.desk.deliveries.front().map(|delivery| delivery.at)
    }

    /// Hands over the next event.
    pub(crate) fn take_delivery(&mut self) -> Option<Delivery> {
        let delivery = self.desk.deliveries.pop_front()?;
        if let Some(instrument) = delivery.instrument {
            self.desk.arrived(instrument);
        }
        Some(delivery)
    }

    /// A request for `instrument` has been sent.
    pub(crate) fn travels(&mut self, instrument: InstrumentId) {
        self.desk.travels(instrument);
    }

    /// A request for `instrument` is about to be handed in.
    pub(crate) fn arrived(&mut self, instrument: InstrumentId) {
        self.desk.arrived(instrument);
    }
}
