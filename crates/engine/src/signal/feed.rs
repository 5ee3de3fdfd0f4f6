//! What an instrument that others read brings to its readers, and what happens when an instant is over.
//!
//! A reader's strategy is asked once all prices of the instant are in, so it does not matter which of the two
//! instruments came first. Two candles of one signal at one instant are two instants to the strategy: the
//! first is answered when the second comes.

use seawall_model::{AlertKind, Candle, InstrumentId, PriceUnits, Severity, Span, StateSink, Timeframe, Ts};

use super::basis;
use crate::asking::Age;
use crate::effects::Effects;
use crate::engine::{Engine, begin_shock, unfit};
use crate::gateway::alert;

/// The end of an instant: one nanosecond later.
const AFTER: Span = Span::from_nanos(1);

/// Who reads what, and the readers on which something is to be done when the instant is over.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    /// Readers of each instrument, by id; empty where nobody reads anything.
    of: Vec<Vec<InstrumentId>>,
    /// Readers to be looked at, in order of their ids.
    due: Vec<InstrumentId>,
    /// When that is, right after their instant; far in the future while there are none.
    pub(crate) due_at: Ts,
}

impl Readers {
    /// For `count` instruments and checked pairs.
    pub(crate) fn new(count: usize, pairs: &[(InstrumentId, InstrumentId)]) -> Self {
        let mut of = vec![Vec::new(); if pairs.is_empty() { 0 } else { count }];
        for (reader, signal) in pairs {
            if let Some(readers) = of.get_mut(signal.index()) {
                readers.push(*reader);
                readers.sort_unstable();
            }
        }
        Readers { of, due: Vec::with_capacity(pairs.len()), due_at: Ts::FAR_FUTURE }
    }

    #[inline]
    pub(crate) fn any(&self) -> bool {
        !self.of.is_empty()
    }

    pub(crate) fn nth(&self, id: InstrumentId, number: usize) -> Option<InstrumentId> {
        self.of.get(id.index())?.get(number).copied()
    }

    /// Whether something is to be done on a reader when the instant is over.
    pub(crate) fn waits_for(&self, id: InstrumentId) -> bool {
        self.due.binary_search(&id).is_ok()
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        if self.any() {
            sink.signed(self.due_at.nanos());
            self.due.iter().for_each(|id| sink.number(u64::from(id.0)));
        }
    }

    fn mark(&mut self, at: Ts, id: InstrumentId) {
        if let Err(place) = self.due.binary_search(&id) {
            self.due.insert(place, id);
        }
        self.due_at = self.due_at.min(at.plus(AFTER));
    }
}

impl Engine {
    /// A candle of an instrument that others may read.
    pub(crate) fn read_candle(
        &mut self,
        at: Ts,
        id: InstrumentId,
        timeframe: Timeframe,
        candle: &Candle,
        effects: &mut Effects,
    ) {
        let mut number = 0;
        while let Some(reader) = self.readers.nth(id, number) {
            number += 1;
            let desk = self.desks.get(reader.index());
            let Some(signal) = desk.and_then(|desk| desk.signal.as_ref()) else { continue };
            if let Some(detail) = unfit(timeframe, candle, signal.base, signal.seen_until) {
                // One that is traded as well says so itself, and all readers see the same.
                if self.desks.get(id.index()).is_none() {
                    alert(effects, at, Severity::Warning, AlertKind::DataHole, Some(id), detail);
                }
                return;
            }
            if signal.unseen.is_some() {
                self.settle_reader(at, reader, effects);
            }
            let desk = self.desks.get_mut(reader.index());
            if let Some(signal) = desk.and_then(|desk| desk.signal.as_mut()) {
                signal.see_candle(at, candle);
            }
            self.look_again(at, reader);
        }
    }

    /// A price of an instrument that others may read.
    pub(crate) fn read_price(&mut self, at: Ts, id: InstrumentId, price: PriceUnits) {
        let mut number = 0;
        while let Some(reader) = self.readers.nth(id, number) {
            number += 1;
            let desk = self.desks.get_mut(reader.index());
            if let Some(signal) = desk.and_then(|desk| desk.signal.as_mut()) {
                signal.see_price(at, price);
            }
            self.watch_pair(at, reader);
        }
    }

    /// A candle of a reader's own: its prices are taken in, the strategy sees nothing of it.
    pub(crate) fn on_own_candle(&mut self, at: Ts, id: InstrumentId, engaged: bool, effects: &Effects) {
        if engaged {
            let desk = self.desks.get_mut(id.index());
            if let Some(signal) = desk.and_then(|desk| desk.signal.as_mut()) {
                signal.manages = true;
            }
            self.look_again(at, id);
        } else {
            self.watch_pair(at, id);
        }
        if engaged || !effects.requests.is_empty() {
            self.replan(id);
        }
    }

    /// Whether both prices together ask for something; known for certain when the instant is over.
    pub(crate) fn watch_pair(&mut self, at: Ts, id: InstrumentId) {
        let desk = self.desks.get(id.index());
        if desk.is_some_and(|desk| basis::is_wide(desk, &self.shared, at)) {
            self.look_again(at, id);
        }
    }

    /// A reader is looked at when the instant is over.
    pub(crate) fn look_again(&mut self, at: Ts, reader: InstrumentId) {
        self.readers.mark(at, reader);
        self.wake_at = self.wake_at.min(self.readers.due_at);
    }

    /// The instant is over: strategies see the candles of their signals, positions are managed, the basis is
    /// what it is. What comes of it is of that instant; entries are judged with those of all others.
    #[inline(never)]
    pub(crate) fn settle_readers(&mut self, effects: &mut Effects) {
        let mut due = core::mem::take(&mut self.readers.due);
        let instant = self.readers.due_at.minus(AFTER);
        self.readers.due_at = Ts::FAR_FUTURE;
        for id in &due {
            self.settle_reader(instant, *id, effects);
        }
        // Its memory is kept.
        due.clear();
        self.readers.due = due;
        self.plan_wakeup();
    }

    fn settle_reader(&mut self, at: Ts, id: InstrumentId, effects: &mut Effects) {
        let desk = self.desks.get_mut(id.index());
        let Some(desk) = desk else { return };
        let engaged = desk.is_engaged();
        let Some(signal) = desk.signal.as_mut() else { return };
        let (unseen, manages) = (signal.unseen.take(), core::mem::take(&mut signal.manages));
        if let Some(candle) = unseen {
            self.ask_strategy(at, id, &candle, Age::New, effects);
        }
        if manages && engaged {
            self.manage(at, id, effects);
        }
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        if basis::watch(desk, shared, at, effects) {
            begin_shock(desk, shared, at, "the basis is wide", effects);
        }
        self.replan(id);
    }
}
