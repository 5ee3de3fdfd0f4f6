//! A strategy sees a candle of the instrument that it reads, and its answer is acted on.
//!
//! Invariant: whatever instrument the candle is of, the record and all that comes of it are of the traded
//! one, in its own prices.

use seawall_model::{Candle, InstrumentId, Ts};
use seawall_strategy::{Evaluation, View};

use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::phase::Phase;
use crate::signal::crossing::Crossing;
use crate::trade_settings::EntryOrder;

/// Whether something may be done about a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// It has just closed.
    New,
    /// It is from before the start: strategies learn from it, and nothing is done about it.
    Past,
}

impl Engine {
    /// Asks the strategy of `id` about a closed candle.
    #[inline]
    pub(crate) fn ask_strategy(
        &mut self,
        at: Ts,
        id: InstrumentId,
        candle: &Candle,
        age: Age,
        effects: &mut Effects,
    ) {
        let Some(desk) = self.desks.get_mut(id.index()) else { return };
        let Desk { instrument, strategy, position, stop_outs, guards, signal, last, market, .. } = desk;
        let view = View {
            instrument: signal.as_ref().map_or(instrument, |signal| &signal.instrument),
            position: position.side(),
            cost_bps: self.shared.cost_bps,
            funding: self.shared.funding,
            entry_waits: self.shared.trade.execution.entry_order == EntryOrder::Limit,
            stop_outs: stop_outs.instants(),
        };
        let draft = effects.draft(id, at, *last);
        guards.share.note(&self.shared.trade.auction.rebalancer, draft);
        let answer = strategy.on_candle(&view, candle, draft);
        if answer != Evaluation::NotDue {
            market.quality.evaluated();
        }
        if answer != Evaluation::NotDue && !self.shared.trade.auction.chop.is_off() {
            guards.see(at, draft);
        }
        if desk.signal.is_some() {
            draft.planned = draft.planned.and_then(|planned| Crossing::of(desk).planned(planned));
        }
        let warming = age == Age::Past || self.shared.phase == Phase::Starting;
        match answer {
            Evaluation::NotDue => {}
            Evaluation::Exit(_) | Evaluation::Enter(_) if warming => effects.keep_draft(),
            Evaluation::Hold => effects.keep_draft(),
            Evaluation::Exit(reason) => self.on_exit_signal(at, id, reason, effects),
            Evaluation::Enter(plan) => self.on_entry_signal(at, id, plan, effects),
        }
    }
}
