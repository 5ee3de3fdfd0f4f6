//! A strategy that does what a scenario says, minute by minute.

use arrayvec::ArrayVec;
use seawall_model::{
    Candle, Decision, ExitReason, Gate, Instrument, PriceUnits, Ratio, Setup, Span, StateSink, Timeframe, Ts,
};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Premise, Sizing, Strategy, Target, View,
};

use super::{Scenario, Wish};
use crate::strategy::percent;

/// Does what the scenario says.
pub(crate) struct Scripted {
    scenario: &'static Scenario,
    instrument: u32,
    start: Ts,
    last: PriceUnits,
}

impl Scripted {
    pub(crate) fn new(scenario: &'static Scenario, instrument: u32, start: Ts) -> Self {
        Scripted { scenario, instrument, start, last: PriceUnits::ZERO }
    }

    fn wish(&self, candle: &Candle) -> Option<Wish> {
        let minute = candle.open_time.since(self.start).millis() / 60_000;
        let due = |row: &&(i64, u32, Wish)| row.0 == minute && row.1 == self.instrument;
        self.scenario.wishes.iter().find(due).map(|(_, _, wish)| *wish)
    }
}

fn plan(wish: Wish, close: PriceUnits) -> Option<EntryPlan> {
    let direction = match wish {
        Wish::Long | Wish::LongBelow(_) | Wish::LongWithTargets => Direction::Long,
        Wish::Short => Direction::Short,
        Wish::Exit => return None,
    };
    let below = |hundredths: i64| PriceUnits::new(close.get() - close.get() / 10_000 * hundredths);
    let entry = match wish {
        Wish::LongBelow(hundredths) => {
            Entry::Limit { price: below(hundredths), expires_after: Span::from_secs(600) }
        }
        Wish::Long | Wish::Short | Wish::LongWithTargets | Wish::Exit => Entry::Market,
    };
    let numbers = if wish == Wish::LongWithTargets { 1..4 } else { 1..1 };
    let target = |number: i64| Target { level: Level::Percent(percent(100 * number)), share: percent(3_300) };
    Some(EntryPlan {
        direction,
        setup: Setup::Trend,
        score: Some(90.0),
        entry,
        stop: Some(Level::Percent(percent(300))),
        targets: numbers.map(target).collect(),
        swings: ArrayVec::new(),
        invalidation: None,
        reward_risk_min: Ratio::ZERO,
        sizing: Sizing::Risk,
    })
}

impl Strategy for Scripted {
    fn on_candle(&mut self, _: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        self.last = candle.close;
        let answer = match self.wish(candle) {
            None => Evaluation::Hold,
            Some(wish) => {
                plan(wish, candle.close).map_or(Evaluation::Exit(ExitReason::Signal), Evaluation::Enter)
            }
        };
        decision.ask(Gate::Signal, matches!(answer, Evaluation::Enter(_)), 0.0, 0.0);
        answer
    }

    fn plan_taken(&mut self, _: Ts) {}

    /// No range: stops stay where they are.
    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        Outlook { atr: None, bias: None, premise: Premise::Holds }
    }

    fn decides_every(&self) -> Timeframe {
        Timeframe::M1
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.last.get());
    }
}
