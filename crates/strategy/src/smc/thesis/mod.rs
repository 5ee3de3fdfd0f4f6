//! The idea behind setups, and how it ages.
//!
//! An idea is that price, at this place of the weekly leg and with this daily bias, is worth a trade in one
//! direction. It begins with the first setup that passes every question of the strategy and keeps what the
//! market was like then. Its conviction begins at 100 and loses with time, where the price has left the
//! weekly zone that the first setup lay in, and where fewer contracts trade than then; it is never below 5.
//! Fallen to `exit_conviction` once, the idea is given up for good: positions that were decided before have
//! lost their reason.
//!
//! Invariants: later setups of the same idea change nothing of what it is measured against, neither its age
//! nor its first volume; bounded; a function of the candles and of the setups that passed, decided at closed
//! candles of the evaluated timeframe only.

mod settings;

use arrayvec::ArrayVec;
use seawall_model::{Decision, Gate, GuardMode, PositionSide, ScorePart, ScorePoints, StateSink, Ts};

pub use settings::ThesisSettings;

use super::bias::Bias;
use crate::{Direction, Held};

/// As many ideas as are remembered on one instrument; the oldest is forgotten first.
const IDEAS_MAX: usize = 8;
const FULL: f64 = 100.0;
const LEAST: f64 = 5.0;

/// What makes two setups one idea.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Identity {
    /// Lower and upper edge of the weekly zone; `None` before there is one.
    pub(super) zone: Option<(f64, f64)>,
    pub(super) bias: Bias,
    pub(super) direction: Direction,
}

/// What the market is like at a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Surroundings {
    pub(super) now: Ts,
    pub(super) price: f64,
    /// Mean volume of the newest 4h bars.
    pub(super) volume: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Thesis {
    identity: Identity,
    born_at: Ts,
    born_inside: bool,
    volume: Option<f64>,
    conviction: f64,
    /// When it was given up.
    faded_at: Option<Ts>,
}

/// The ideas of one instrument.
#[derive(Debug, Clone)]
pub(super) struct Theses {
    mode: GuardMode,
    remembered_hours: f64,
    time_decay: (f64, f64),
    zone_decay: f64,
    volume_decay: f64,
    score: (f64, f64, f64),
    exit: f64,
    reentry: f64,
    ideas: ArrayVec<Thesis, IDEAS_MAX>,
}

impl Theses {
    pub(super) fn new(settings: &ThesisSettings) -> Self {
        Theses {
            mode: settings.mode,
            remembered_hours: f64::from(settings.remembered_hours),
            time_decay: (settings.time_decay_points.to_f64(), f64::from(settings.time_decay_hours)),
            zone_decay: settings.zone_decay_points.to_f64(),
            volume_decay: settings.volume_decay_points.to_f64(),
            score: (
                settings.score_neutral.to_f64(),
                settings.score_bonus.to_f64(),
                settings.score_penalty.to_f64(),
            ),
            exit: settings.exit_conviction.to_f64(),
            reentry: settings.reentry_conviction.to_f64(),
            ideas: ArrayVec::new(),
        }
    }

    /// Lets every idea age. Says on `decision` where the idea behind the open position is being given up;
    /// returns whether the decision goes on.
    pub(super) fn age(
        &mut self,
        seen: &Surroundings,
        position: PositionSide,
        decision: &mut Decision,
    ) -> bool {
        let mut faded = None;
        let (exit, remembered) = (self.exit, self.remembered_hours);
        self.ideas.retain(|idea| hours(idea.born_at, seen.now) < remembered);
        for place in 0..self.ideas.len() {
            let conviction = self.ideas.get(place).map_or(FULL, |idea| self.conviction(idea, seen));
            let Some(idea) = self.ideas.get_mut(place) else { break };
            idea.conviction = conviction;
            if conviction <= exit && idea.faded_at.is_none() {
                idea.faded_at = Some(seen.now);
                let held = match idea.identity.direction {
                    Direction::Long => position == PositionSide::Long,
                    Direction::Short => position == PositionSide::Short,
                };
                faded = faded.or(held.then_some(conviction));
            }
        }
        faded
            .is_none_or(|conviction| decision.ask_guard(self.mode, Gate::ThesisExit, false, conviction, exit))
    }

    fn conviction(&self, idea: &Thesis, seen: &Surroundings) -> f64 {
        let (most, over) = self.time_decay;
        let time = (most * hours(idea.born_at, seen.now) / over).min(most);
        let left = idea.born_inside && !inside(idea.identity.zone, seen.price);
        let thinner = idea.volume.zip(seen.volume).is_some_and(|(first, now)| now < first);
        let lost =
            time + if left { self.zone_decay } else { 0.0 } + if thinner { self.volume_decay } else { 0.0 };
        (FULL - lost).max(LEAST)
    }

    /// The conviction of the idea that a setup would take up again.
    pub(super) fn known(&self, identity: &Identity) -> Option<f64> {
        if self.mode == GuardMode::Off {
            return None;
        }
        self.ideas.iter().find(|idea| idea.identity == *identity).map(|idea| idea.conviction)
    }

    /// The points that a known idea gives a setup, and the most there are; nothing where it only watches.
    pub(super) fn points(&self, known: Option<f64>) -> Option<ScorePoints> {
        let (_, most, _) = self.score;
        let points = known.map_or(0.0, |conviction| self.adjustment(conviction));
        (self.mode == GuardMode::On).then_some(ScorePoints { part: ScorePart::Thesis, points, most })
    }

    /// What a conviction is worth in points.
    fn adjustment(&self, conviction: f64) -> f64 {
        let (neutral, bonus, penalty) = self.score;
        if conviction >= neutral {
            bonus * (conviction - neutral) / (FULL - neutral)
        } else {
            -penalty * (neutral - conviction) / (neutral - LEAST)
        }
    }

    /// Asks about a known idea: what its age would have done to a score that was enough, and whether it is
    /// taken up again.
    pub(super) fn allows(&self, known: Option<f64>, score: f64, least: f64, decision: &mut Decision) -> bool {
        let Some(conviction) = known else { return true };
        if self.mode == GuardMode::Shadow {
            let adjusted = score + self.adjustment(conviction);
            decision.ask_guard(self.mode, Gate::ThesisScore, adjusted >= least, adjusted, least);
        }
        decision.ask_guard(self.mode, Gate::Thesis, conviction > self.reentry, conviction, self.reentry)
    }

    /// A setup passed every question: its idea begins, unless it is known already.
    pub(super) fn remember(&mut self, identity: Identity, seen: &Surroundings) {
        if self.mode == GuardMode::Off || self.ideas.iter().any(|idea| idea.identity == identity) {
            return;
        }
        if self.ideas.is_full() {
            self.ideas.remove(0);
        }
        self.ideas.push(Thesis {
            identity,
            born_at: seen.now,
            born_inside: inside(identity.zone, seen.price),
            volume: seen.volume,
            conviction: FULL,
            faded_at: None,
        });
    }

    /// Whether the idea that `held` was made of was given up after its entry was decided.
    pub(super) fn gave_up(&self, held: &Held) -> bool {
        let mut behind = self
            .ideas
            .iter()
            .rev()
            .filter(|idea| idea.identity.direction == held.direction && idea.born_at <= held.decided_at);
        let faded_at = behind.next().and_then(|idea| idea.faded_at);
        self.mode == GuardMode::On && faded_at.is_some_and(|at| at > held.decided_at)
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.ideas.len() as u64);
        for idea in &self.ideas {
            let Identity { zone, bias, direction } = idea.identity;
            let (low, high) = zone.unwrap_or((0.0, 0.0));
            for value in [low, high, idea.volume.unwrap_or(-1.0), idea.conviction] {
                sink.float(value);
            }
            let bias = match bias {
                Bias::Bullish => 1,
                Bias::Bearish => 2,
                Bias::Neutral => 3,
            };
            for flag in [bias, u64::from(direction == Direction::Long), u64::from(idea.born_inside)] {
                sink.number(flag);
            }
            sink.signed(idea.born_at.nanos());
            sink.signed(idea.faded_at.map_or(i64::MIN, Ts::nanos));
        }
    }
}

fn inside(zone: Option<(f64, f64)>, price: f64) -> bool {
    zone.is_some_and(|(low, high)| low <= price && price <= high)
}

fn hours(from: Ts, to: Ts) -> f64 {
    to.since(from).secs_f64() / 3_600.0
}

#[cfg(test)]
mod tests;
