//! Strategies that follow a script: plans by seed, or the plans that a test has put down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Decision, ExitReason, Gate, Instrument, Percent, PriceUnits, Setup, StateSink, Timeframe, Ts,
};
use seawall_strategy::{
    Direction, Entry, EntryPlan, Evaluation, FundingEstimate, Held, Level, Outlook, Premise, Sizing,
    Strategy, Target, View,
};

use super::random::Random;

pub fn percent(hundredths: i64) -> Percent {
    Percent::new(Decimal::new(hundredths, 2))
}

/// A market entry of one contract with a stop 2 % away.
pub fn plan(direction: Direction) -> EntryPlan {
    EntryPlan {
        direction,
        setup: Setup::EmaCross,
        score: None,
        entry: Entry::Market,
        stop: Some(Level::Percent(percent(200))),
        targets: ArrayVec::new(),
        swings: ArrayVec::new(),
        invalidation: None,
        reward_risk_min: "0".parse().unwrap(),
        sizing: Sizing::Fixed("1".parse().unwrap()),
    }
}

/// `share` percent of the position is taken off `distance` hundredths of a percent from the entry.
pub fn target(distance: i64, share: i64) -> Target {
    Target { level: Level::Percent(percent(distance)), share: percent(share * 100) }
}

/// Answers candles with what the test has put into the queue, else holds.
#[derive(Clone)]
pub struct Scripted(
    Arc<Mutex<VecDeque<Evaluation>>>,
    Arc<Mutex<Outlook>>,
    Arc<Mutex<Told>>,
    Arc<Mutex<Option<(f64, f64)>>>,
);

/// What a strategy was told beside the candles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// When an order was made of one of its plans.
    pub taken: Vec<Ts>,
    /// The stop-outs that the newest candle came with.
    pub stop_outs: Vec<Ts>,
    /// The funding that it came with.
    pub funding: FundingEstimate,
}

impl Default for Scripted {
    fn default() -> Self {
        Scripted(Arc::default(), Arc::new(Mutex::new(KNOWS_NOTHING)), Arc::default(), Arc::default())
    }
}

/// What a strategy without any indicator says about a position.
pub const KNOWS_NOTHING: Outlook = Outlook { atr: None, bias: None, premise: Premise::Unknown };

impl Scripted {
    pub fn push(&self, answer: Evaluation) {
        self.0.lock().unwrap().push_back(answer);
    }

    /// What it was told so far.
    pub fn told(&self) -> Told {
        self.2.lock().unwrap().clone()
    }

    /// The ADX and the score that its records have from now on.
    pub fn measures(&self, adx: f64, score: f64) {
        *self.3.lock().unwrap() = Some((adx, score));
    }

    /// What it says about a position from now on.
    pub fn sees(&self, outlook: Outlook) {
        *self.1.lock().unwrap() = outlook;
    }
}

impl Strategy for Scripted {
    fn on_candle(&mut self, view: &View<'_>, _: &Candle, decision: &mut Decision) -> Evaluation {
        let mut told = self.2.lock().unwrap();
        told.stop_outs = view.stop_outs.to_vec();
        told.funding = view.funding;
        drop(told);
        let answer = self.0.lock().unwrap().pop_front().unwrap_or(Evaluation::Hold);
        if let Some((adx, score)) = *self.3.lock().unwrap() {
            decision.ask(Gate::Adx, true, adx, 0.0);
            decision.ask(Gate::Score, true, score, 0.0);
        }
        decision.ask(Gate::Signal, answer != Evaluation::Hold, 0.0, 0.0);
        answer
    }

    fn plan_taken(&mut self, at: Ts) {
        self.2.lock().unwrap().taken.push(at);
    }

    fn outlook(&self, _: &Instrument, _: &Held) -> Outlook {
        *self.1.lock().unwrap()
    }

    fn decides_every(&self) -> Timeframe {
        Timeframe::M1
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.0.lock().unwrap().len() as u64);
    }
}

/// Answers from a seed and the candles alone, so a replay gives the same answers.
pub struct Erratic {
    random: Random,
    seen: u64,
    quiet_after: u64,
    salt: u64,
}

impl Erratic {
    /// Trades wildly for the first `quiet_after` candles, then holds.
    pub fn new(seed: u64, quiet_after: u64) -> Self {
        Erratic { random: Random::stream(seed, 11), seen: 0, quiet_after, salt: seed << 32 }
    }

    fn entry(&mut self, close: PriceUnits) -> EntryPlan {
        let long = self.random.chance(500);
        let direction = if long { Direction::Long } else { Direction::Short };
        let distance = self.random.range(30, 300);
        let sign = if long { -1 } else { 1 };
        let beyond = PriceUnits::new(close.get() + sign * (close.get() * distance / 10_000).max(1));
        let stop =
            if self.random.chance(500) { Level::Percent(percent(distance)) } else { Level::Price(beyond) };
        let mut targets = ArrayVec::new();
        for number in 1..=self.random.range(0, 3) {
            targets.push(target(distance * number, 33));
        }
        let offset = self.random.range(-20, 20);
        let limit = PriceUnits::new(close.get() + sign * close.get() * offset / 10_000);
        let expires_after = self.random.span_ms(1_000, 180_000);
        let entry = if self.random.chance(400) {
            Entry::Limit { price: limit, expires_after }
        } else {
            Entry::Market
        };
        let sizing =
            if self.random.chance(500) { Sizing::Risk } else { Sizing::Fixed("1.5".parse().unwrap()) };
        let setup = self.random.pick(&[Setup::OrderBlock, Setup::Trend, Setup::EmaCross]);
        EntryPlan {
            direction,
            setup,
            score: Some(distance as f64),
            entry,
            stop: Some(stop),
            targets,
            swings: ArrayVec::new(),
            invalidation: None,
            reward_risk_min: "0".parse().unwrap(),
            sizing,
        }
    }
}

impl Strategy for Erratic {
    fn on_candle(&mut self, _: &View<'_>, candle: &Candle, decision: &mut Decision) -> Evaluation {
        self.seen += 1;
        let roll = self.random.range(0, 99);
        let plan = self.entry(candle.close);
        let answer = match roll {
            _ if self.seen > self.quiet_after => Evaluation::Hold,
            0..=44 => Evaluation::Enter(plan),
            45..=54 => Evaluation::Exit(ExitReason::Signal),
            55..=59 => Evaluation::NotDue,
            _ => Evaluation::Hold,
        };
        decision.ask(Gate::Signal, matches!(answer, Evaluation::Enter(_)), 0.0, 0.0);
        answer
    }

    fn plan_taken(&mut self, _: Ts) {}

    /// A range of half a percent; now and then the premise is gone or the bias has turned.
    fn outlook(&self, _: &Instrument, held: &Held) -> Outlook {
        let against = match held.direction {
            Direction::Long => Direction::Short,
            Direction::Short => Direction::Long,
        };
        let roll = (self.seen.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.salt) >> 32;
        Outlook {
            atr: Some(0.5),
            bias: Some(if roll.is_multiple_of(37) { against } else { held.direction }),
            premise: if roll.is_multiple_of(41) { Premise::Gone } else { Premise::Holds },
        }
    }

    fn decides_every(&self) -> Timeframe {
        Timeframe::M1
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.seen);
    }
}
