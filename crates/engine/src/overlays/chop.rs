//! Chop: whether an instrument goes nowhere, by momentum and scores, or by its own quick reversals.
//!
//! ADX and scores are those that the strategy writes into its decision records (`Gate::Adx`, `Gate::Score`):
//! the guard knows no strategy. One that writes neither gives no verdict by momentum, and its instrument is
//! choppy by quick reversals alone. Invariant: what came in at the very instant that is asked about does not
//! count, so it does not matter in which order the inputs of an instant come in.

use arrayvec::ArrayVec;
use seawall_model::{Decision, Gate, Span, StateSink, Ts};
use serde::{Deserialize, Serialize};

use super::settings::ChopSettings;

/// Quick reversals remembered of an instrument. Reached: the oldest is forgotten; `reversals_min` asks for at
/// most so many.
pub(super) const REVERSALS_MAX: usize = 8;
/// Scores remembered of an instrument. Reached: the oldest is forgotten.
const SCORES_MAX: usize = 12;
/// Scores that a spread needs; fewer say nothing.
const SCORES_MIN: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Reading {
    at: Ts,
    #[serde(with = "crate::carry::exact::float")]
    value: f64,
}

/// What is known of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Chop {
    /// The newest ADX and the one before it.
    adx: ArrayVec<Reading, 2>,
    scores: ArrayVec<Reading, SCORES_MAX>,
    reversals: ArrayVec<Ts, REVERSALS_MAX>,
}

impl Chop {
    pub(super) fn new() -> Self {
        Chop { adx: ArrayVec::new(), scores: ArrayVec::new(), reversals: ArrayVec::new() }
    }

    /// Keeps the reversals alone.
    pub(super) fn forget_readings(&mut self) {
        self.adx.clear();
        self.scores.clear();
    }

    pub(super) fn has_reversals_of(&self, other: &Chop) -> bool {
        self.reversals == other.reversals
    }

    /// Takes in what a strategy's record has measured.
    pub(super) fn see(&mut self, at: Ts, decision: &Decision) {
        for reading in &decision.gates {
            let one = Reading { at, value: reading.measured };
            if reading.gate == Gate::Adx {
                remember(&mut self.adx, one);
            } else if reading.gate == Gate::Score {
                remember(&mut self.scores, one);
            }
        }
    }

    /// An entry against the side of the trade before has filled, `since_close` after the end of that trade,
    /// which was held for `held`.
    pub(super) fn reversed(&mut self, settings: &ChopSettings, at: Ts, held: Span, since_close: Span) {
        if held > settings.hold_max() || since_close > settings.reopen_max() {
            return;
        }
        remember(&mut self.reversals, at);
    }

    /// Whether the instrument was choppy before the instant `at`.
    pub(super) fn is_choppy(&self, settings: &ChopSettings, at: Ts) -> bool {
        let oldest = at.minus(settings.window());
        let counts = |time: Ts| time > oldest && time < at;
        let reversals = self.reversals.iter().filter(|time| counts(**time)).count();
        if usize::try_from(settings.reversals_min).is_ok_and(|least| reversals >= least) {
            return true;
        }
        let adx = self.adx.iter().rev().find(|reading| counts(reading.at));
        let idle = adx.is_some_and(|adx| adx.value < settings.adx_below.to_f64());
        idle && self.spread(counts).is_some_and(|spread| spread < settings.score_spread_below.to_f64())
    }

    /// Standard deviation of the scores that count; `None` for too few.
    fn spread(&self, counts: impl Fn(Ts) -> bool) -> Option<f64> {
        let scores = || self.scores.iter().filter(|score| counts(score.at)).map(|score| score.value);
        let count = scores().count();
        if count < SCORES_MIN {
            return None;
        }
        let mean = scores().sum::<f64>() / count as f64;
        Some((scores().map(|score| (score - mean).powi(2)).sum::<f64>() / count as f64).sqrt())
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        for readings in [self.adx.as_slice(), self.scores.as_slice()] {
            sink.number(readings.len() as u64);
            for reading in readings {
                sink.signed(reading.at.nanos());
                sink.float(reading.value);
            }
        }
        sink.number(self.reversals.len() as u64);
        for reversal in &self.reversals {
            sink.signed(reversal.nanos());
        }
    }
}

fn remember<T, const N: usize>(memory: &mut ArrayVec<T, N>, one: T) {
    if memory.is_full() {
        memory.remove(0);
    }
    memory.push(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Ts {
        Ts::from_millis(minute * 60_000)
    }

    fn seen(readings: &[(i64, f64, f64)]) -> Chop {
        let mut chop = Chop::new();
        for (minute, adx, score) in readings {
            let mut decision = Decision::empty();
            decision.ask(Gate::Adx, true, *adx, 25.0);
            decision.ask(Gate::Score, true, *score, 60.0);
            chop.see(at(*minute), &decision);
        }
        chop
    }

    #[test]
    fn a_low_adx_with_scores_that_hardly_move_is_choppy() {
        let settings = ChopSettings::default();
        let choppy = |readings: &[(i64, f64, f64)]| seen(readings).is_choppy(&settings, at(100));
        assert!(choppy(&[(10, 17.0, 60.0), (20, 17.0, 65.0), (30, 17.0, 70.0)]));
        assert!(!choppy(&[(10, 17.0, 60.0), (20, 17.0, 65.0), (30, 18.0, 70.0)]), "the newest ADX counts");
        assert!(!choppy(&[(10, 17.0, 50.0), (20, 17.0, 60.0), (30, 17.0, 70.0)]), "a spread of 8");
        assert!(!choppy(&[(10, 17.0, 60.0), (20, 17.0, 65.0)]), "two scores have no spread");
        assert!(!choppy(&[]), "no reading, no verdict");
    }

    #[test]
    fn readings_of_the_same_instant_and_old_ones_do_not_count() {
        let settings = ChopSettings::default();
        let chop = seen(&[(10, 30.0, 60.0), (20, 30.0, 65.0), (30, 17.0, 70.0)]);
        assert!(!chop.is_choppy(&settings, at(30)), "30 is what the ADX was before");
        assert!(chop.is_choppy(&settings, at(31)));
        assert!(!chop.is_choppy(&settings, at(12 * 60 + 10)), "two scores are left");
    }

    #[test]
    fn quick_reversals_are_choppy_whatever_the_adx() {
        let settings = ChopSettings::default();
        let span = |minutes: i64| Span::from_secs(minutes * 60);
        let mut chop = Chop::new();
        chop.reversed(&settings, at(100), span(60), span(120));
        assert!(!chop.is_choppy(&settings, at(101)), "one is none");
        chop.reversed(&settings, at(200), span(61), span(1));
        chop.reversed(&settings, at(200), span(1), span(121));
        assert!(!chop.is_choppy(&settings, at(201)), "held or waited for too long");
        chop.reversed(&settings, at(200), span(0), span(0));
        assert!(chop.is_choppy(&settings, at(201)));
        assert!(!chop.is_choppy(&settings, at(200)), "not yet in its own instant");
        assert!(!chop.is_choppy(&settings, at(100 + 12 * 60)), "the first is twelve hours old");
    }
}
