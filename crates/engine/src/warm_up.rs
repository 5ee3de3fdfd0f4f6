//! Candles of before the start.
//!
//! Invariants: strategies, volatility and the counts of clean candles learn from them as from new ones, and
//! nothing else comes of them: no order, no exit, no judgement of what is held by a price that is gone. They
//! may be told at any time after the start, so that protection need not wait for them, and of each instrument
//! before its first new candle.

use seawall_model::{AlertKind, Candle, InstrumentId, Severity, Timeframe};

use crate::asking::Age;
use crate::effects::Effects;
use crate::engine::{Engine, unfit};
use crate::gateway::alert;

impl Engine {
    /// Takes in a candle of before the start.
    pub(crate) fn on_past(
        &mut self,
        id: InstrumentId,
        timeframe: Timeframe,
        candle: &Candle,
        effects: &mut Effects,
    ) {
        let mut number = 0;
        while let Some(reader) = self.readers.nth(id, number) {
            number += 1;
            self.read_past(reader, timeframe, candle, effects);
        }
        let at = candle.known_at;
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        if let Some(detail) = unfit(timeframe, candle, desk.base, desk.seen_until) {
            alert(effects, self.shared.now, Severity::Warning, AlertKind::DataHole, Some(id), detail);
            return;
        }
        desk.learn(candle);
        desk.market.see_candle(&self.shared.market.data_quality, at);
        if desk.signal.is_none() {
            self.ask_strategy(at, id, candle, Age::Past, effects);
        }
    }

    /// A reader learns from what it reads.
    fn read_past(
        &mut self,
        reader: InstrumentId,
        timeframe: Timeframe,
        candle: &Candle,
        effects: &mut Effects,
    ) {
        let desk = self.desks.get_mut(reader.index());
        let Some(signal) = desk.and_then(|desk| desk.signal.as_mut()) else { return };
        // One that is traded as well says itself what is wrong with it.
        if unfit(timeframe, candle, signal.base, signal.seen_until).is_none() {
            signal.learn(candle);
            self.ask_strategy(candle.known_at, reader, candle, Age::Past, effects);
        }
    }
}
