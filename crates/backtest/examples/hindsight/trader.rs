//! Trades a list of signals that was made beforehand.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{Candle, Decision, Gate, Instrument, Percent, Ratio, Setup, StateSink, Timeframe, Ts};
use seawall_strategy::{
    Entry, EntryPlan, Evaluation, Held, Level, Outlook, Premise, Sizing, Strategy, TARGETS_MAX, Target, View,
};

use crate::signals::Signal;

/// Value of every trade at its signal, in quote currency: small beside the equity, so that no limit acts.
const VALUE: f64 = 1_000.0;
/// Distance of the stop in multiples of the signal's average true range, and of the target.
const STOP_RANGES: f64 = 2.0;
const TARGET_RANGES: f64 = 4.0;

/// Enters at market on each signal, with a stop and one target; an opposite signal reverses.
pub(crate) struct Trader {
    signals: Vec<Signal>,
    next: usize,
    timeframe: Timeframe,
}

impl Trader {
    pub(crate) fn new(signals: Vec<Signal>, timeframe: Timeframe) -> Self {
        Trader { signals, next: 0, timeframe }
    }
}

impl Strategy for Trader {
    fn on_candle(&mut self, view: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        let mut newest = None;
        while let Some(signal) = self.signals.get(self.next)
            && signal.at <= candle.known_at
        {
            newest = Some(*signal);
            self.next += 1;
        }
        let found = f64::from(u8::from(newest.is_some()));
        decision.ask(Gate::Signal, newest.is_some(), found, 1.0);
        let Some(signal) = newest else { return Evaluation::Hold };
        let price = view.instrument.price_f64(candle.close);
        let away = |ranges: f64| {
            let percent = ranges * signal.average_range / price * 100.0;
            Level::Percent(Percent::new(Decimal::try_from(percent).unwrap().round_dp(4)))
        };
        let mut targets: ArrayVec<Target, TARGETS_MAX> = ArrayVec::new();
        targets.push(Target { level: away(TARGET_RANGES), share: Percent::new(Decimal::ONE_HUNDRED) });
        Evaluation::Enter(EntryPlan {
            direction: signal.direction,
            setup: Setup::BreakOfStructure,
            score: None,
            entry: Entry::Market,
            stop: Some(away(STOP_RANGES)),
            targets,
            swings: ArrayVec::new(),
            invalidation: None,
            reward_risk_min: Ratio::new(Decimal::ZERO),
            sizing: Sizing::Fixed(format!("{:.6}", VALUE / price).parse().unwrap()),
        })
    }

    fn plan_taken(&mut self, _: Ts) {}

    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        Outlook { atr: None, bias: None, premise: Premise::Unknown }
    }

    fn decides_every(&self) -> Timeframe {
        self.timeframe
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.next as u64);
    }
}
