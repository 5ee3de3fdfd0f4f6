//! Signals from outside: somebody else's advice, taken like a strategy's answer to a candle.
//!
//! Invariants: a signal becomes a plan that passes the gates of every other plan, with its stop, and leaves
//! one decision record; the strategy of the instrument neither sees it nor is told that it was taken.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{ExitReason, InstrumentId, Percent, Ratio, Setup, Side, Signal, Ts};
use seawall_strategy::{Direction, Entry, EntryPlan, Level, Sizing, Target};

use crate::effects::Effects;
use crate::engine::Engine;

impl Engine {
    /// Somebody outside advises something for `id`.
    pub(crate) fn on_signal(&mut self, at: Ts, id: InstrumentId, signal: Signal, effects: &mut Effects) {
        let Some(desk) = self.desks.get(id.index()) else { return };
        let draft = effects.draft(id, at, desk.last);
        draft.setup = Some(Setup::Signal);
        let plan = match signal {
            Signal::Exit => {
                self.on_exit_signal(at, id, ExitReason::Signal, effects);
                self.replan(id);
                return;
            }
            Signal::Enter { side, stop, target, qty } => EntryPlan {
                direction: match side {
                    Side::Buy => Direction::Long,
                    Side::Sell => Direction::Short,
                },
                setup: Setup::Signal,
                score: None,
                entry: Entry::Market,
                stop: Some(Level::Price(stop)),
                targets: target
                    .map(|price| Target {
                        level: Level::Price(price),
                        share: Percent::new(Decimal::ONE_HUNDRED),
                    })
                    .into_iter()
                    .collect::<ArrayVec<_, _>>(),
                swings: ArrayVec::new(),
                invalidation: None,
                reward_risk_min: Ratio::ZERO,
                sizing: qty.map_or(Sizing::Risk, |qty| Sizing::Fixed(desk.instrument.qty(qty))),
            },
        };
        self.on_entry_signal(at, id, plan, effects);
        self.replan(id);
    }
}
