//! A strategy that trades busily by seed: entries of every kind, exits, reversals, changes of mind. What it
//! does at a candle depends on the seed and the candle alone, so that worlds that differ in one strike trade
//! alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Decision, ExitReason, Gate, Instrument, Percent, PriceUnits, Ratio, Setup, StateSink, Timeframe,
    Ts,
};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, Held, Level, Outlook, Premise, Sizing, Strategy, Target, View,
};

use crate::random::{Purpose, Stream};

/// Answers from a stream of draws and the candles alone.
pub(crate) struct Erratic {
    seed: u64,
    instrument: u32,
    seen: u64,
    last: PriceUnits,
    timeframe: Timeframe,
    /// Entries in percent of the candles while flat.
    eagerness: i64,
    /// Whether entries rest away from the price, and for long.
    patient: bool,
    /// Set when the world is healed: nothing new is begun then.
    quiet: Arc<AtomicBool>,
    /// Draws at the last candle.
    salt: u64,
}

pub(crate) fn percent(hundredths: i64) -> Percent {
    Percent::new(Decimal::new(hundredths, 2))
}

impl Erratic {
    pub(crate) fn new(
        (seed, instrument): (u64, u32),
        timeframe: Timeframe,
        (eagerness, patient): (i64, bool),
        quiet: Arc<AtomicBool>,
    ) -> Self {
        let last = PriceUnits::ZERO;
        Erratic { seed, instrument, seen: 0, last, timeframe, eagerness, patient, quiet, salt: 0 }
    }

    fn plan(&self, draws: &mut Stream, close: PriceUnits) -> EntryPlan {
        let long = draws.chance(500_000);
        let sign = if long { -1 } else { 1 };
        // Half of the stops lie where the next minutes reach them.
        let distance = if draws.chance(500_000) { draws.range(6, 30) } else { draws.range(30, 300) };
        let away = |hundredths: i64| {
            PriceUnits::new(close.get() + sign * (close.get().saturating_mul(hundredths) / 10_000))
        };
        let stop = if draws.chance(500_000) {
            Level::Percent(percent(distance))
        } else {
            Level::Price(away(distance))
        };
        let mut targets = ArrayVec::new();
        for number in 1..=draws.range(0, 3) {
            let level = Level::Percent(percent(distance * number));
            targets.push(Target { level, share: percent(3_300) });
        }
        let entry = if self.patient {
            Entry::Limit { price: away(draws.range(2, 25)), expires_after: draws.millis(120_000, 1_800_000) }
        } else if draws.chance(400_000) {
            Entry::Limit { price: away(draws.range(-10, 20)), expires_after: draws.millis(1_000, 180_000) }
        } else {
            Entry::Market
        };
        let setup = draws.pick([Setup::OrderBlock, Setup::Trend, Setup::EmaCross]).unwrap_or(Setup::Trend);
        EntryPlan {
            direction: if long { Direction::Long } else { Direction::Short },
            setup,
            score: Some(distance as f64 / 3.0),
            entry,
            stop: Some(stop),
            targets,
            swings: ArrayVec::new(),
            invalidation: None,
            reward_risk_min: Ratio::ZERO,
            sizing: Sizing::Risk,
        }
    }

    fn roll(&self) -> u64 {
        (self.seen.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.salt) >> 32
    }
}

impl Strategy for Erratic {
    fn on_candle(&mut self, _: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        self.seen += 1;
        self.last = candle.close;
        let mut draws = Stream::new(self.seed, Purpose::Strategy(self.instrument, candle.open_time));
        self.salt = draws.word();
        let roll = draws.range(0, 99);
        let plan = self.plan(&mut draws, candle.close);
        let answer = match roll {
            _ if self.quiet.load(Ordering::Relaxed) => Evaluation::Hold,
            roll if roll < self.eagerness => Evaluation::Enter(plan),
            roll if roll < self.eagerness + 4 => Evaluation::Exit(ExitReason::Signal),
            roll if roll < self.eagerness + 8 => Evaluation::NotDue,
            _ => Evaluation::Hold,
        };
        decision.ask(Gate::Signal, matches!(answer, Evaluation::Enter(_)), 0.0, 0.0);
        answer
    }

    fn plan_taken(&mut self, _: Ts) {}

    /// A range of half a percent; now and then the premise is gone or the bias has turned.
    fn outlook(&self, instrument: &Instrument, held: &Held) -> Outlook {
        let against = match held.direction {
            Direction::Long => Direction::Short,
            Direction::Short => Direction::Long,
        };
        let roll = self.roll();
        let premise = if roll.is_multiple_of(29) { Premise::Gone } else { Premise::Holds };
        let bias = roll.is_multiple_of(23).then_some(against);
        let atr = instrument.price_f64(self.last) / 200.0;
        Outlook { atr: (atr > 0.0).then_some(atr), bias, premise }
    }

    fn decides_every(&self) -> Timeframe {
        self.timeframe
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.seen);
    }
}
