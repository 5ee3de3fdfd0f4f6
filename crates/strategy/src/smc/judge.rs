//! The decision: every gate in order, and the plan that is left when all have let it through.
//!
//! What there is to judge is found first: warm-up, fresh frames, bias, structure. Its prices are worked out
//! next and noted in the record, so that a setup that a later gate refuses can be followed all the same. Then
//! the gates are asked, see [`super::gates`].

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Decision, Gate, GuardMode, Percent, PlannedPrices, PositionSide, PriceUnits, Regime, Span, Ts,
};

use super::bias::{Bias, BiasReading};
use super::levels::{LevelRules, Risked};
use super::market::Market;
use super::repeat::Memory;
use super::score::Thresholds;
use super::structure::{Candidate, Structure};
use super::thesis::{Identity, Surroundings, Theses};
use super::{SmcSettings, is_tight};
use crate::{Direction, Entry, EntryPlan, Level, Sizing, Target, View};

/// The settings as the gates use them.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) adx_min: f64,
    pub(super) fib_tolerance_bps: f64,
    pub(super) fibonacci_gate: bool,
    pub(super) premium_gate: bool,
    pub(super) change: GuardMode,
    pub(super) change_required: bool,
    /// How many 15m bars have to take part in a change; `None` where they are not asked.
    pub(super) reconfirmation: Option<u32>,
    pub(super) divergence: GuardMode,
    pub(super) stop_distance_pct: (f64, f64),
    pub(super) levels: LevelRules,
    pub(super) thresholds: Thresholds,
    entry_rests: Span,
    pub(super) tolerance_pct: f64,
    pub(super) tolerance_atr: f64,
    pub(super) tolerance_max_pct: f64,
    pub(super) tolerance_penalty: f64,
}

/// What all gates look at.
pub(super) struct Case<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) market: &'a Market,
    pub(super) structure: &'a Structure,
    pub(super) candidate: Candidate,
    pub(super) bias: BiasReading,
    /// The newest price.
    pub(super) price: PriceUnits,
    pub(super) atr: f64,
    pub(super) adx: f64,
}

impl Case<'_> {
    /// The newest price in quote units.
    pub(super) fn price(&self) -> f64 {
        self.view.instrument.price_f64(self.price)
    }

    /// Where an entry planned at `entry` would fill now.
    pub(super) fn fill(&self, entry: PriceUnits) -> PriceUnits {
        match (self.view.entry_waits, self.candidate.direction) {
            (false, _) => self.price,
            (true, Direction::Long) => self.price.min(entry),
            (true, Direction::Short) => self.price.max(entry),
        }
    }
}

/// A plan's prices.
pub(super) struct Prices {
    pub(super) risked: Risked,
    /// `None` where it would not lie above zero.
    pub(super) target: Option<PriceUnits>,
    /// Whether the price has not gone beyond the stop already.
    pub(super) alive: bool,
}

/// What is remembered from one decision to the next.
pub(super) struct Minds<'a> {
    pub(super) memory: &'a mut Memory,
    pub(super) theses: &'a mut Theses,
}

impl Rules {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        Rules {
            adx_min: settings.adx_threshold.to_f64(),
            fib_tolerance_bps: settings.fib_proximity_bps.to_f64(),
            fibonacci_gate: settings.fibonacci_gate,
            premium_gate: settings.premium_discount_gate,
            change: settings.ms_change,
            change_required: settings.require_ms_change_confirmation,
            reconfirmation: (!settings.skip_reconfirmation_in_trends)
                .then_some(settings.ms_reconfirmation_candles),
            divergence: settings.rsi_divergence,
            stop_distance_pct: (
                settings.stop_distance_min_pct.to_f64(),
                settings.stop_distance_max_pct.to_f64(),
            ),
            levels: LevelRules::new(settings),
            thresholds: Thresholds::new(settings),
            entry_rests: Span::from_secs(i64::from(settings.entry_expires_hours) * 3_600),
            tolerance_pct: settings.entry_zone_tolerance_pct.to_f64(),
            tolerance_atr: settings.entry_zone_tolerance_atr.to_f64(),
            tolerance_max_pct: settings.entry_zone_tolerance_max_pct.to_f64(),
            tolerance_penalty: settings.entry_zone_tolerance_penalty.to_f64(),
        }
    }

    /// Asks every gate, in order. A plan only if all let it through; its setup rests once an order was made
    /// of it.
    pub(super) fn judge(
        &self,
        view: &View<'_>,
        market: &Market,
        minds: &mut Minds<'_>,
        candle: &Candle,
        decision: &mut Decision,
    ) -> Option<EntryPlan> {
        let now = candle.known_at;
        let seen =
            Surroundings { now, price: view.instrument.price_f64(candle.close), volume: market.volume() };
        if !minds.theses.age(&seen, view.position, decision) {
            return None;
        }
        let case = self.find(view, market, candle, decision)?;
        let prices = self.worked_out(&case, now);
        decision.planned = prices.as_ref().and_then(|prices| planned(&case.candidate, prices));
        if !self.change_allows(&case, decision) {
            return None;
        }
        if is_tight(case.candidate.setup) && !self.well_placed(&case, decision) {
            return None;
        }
        if !self.has_momentum(&case, decision) {
            return None;
        }
        let (risked, target) = self.pays(&case, prices.as_ref(), decision)?;
        let identity = Identity {
            zone: market.higher.zone(),
            bias: case.bias.bias,
            direction: case.candidate.direction,
        };
        let score = self.scores(&case, &risked, &identity, minds.theses, decision)?;
        if !self.near_enough(&case, &risked, decision) || !rested(&case, now, minds.memory, decision) {
            return None;
        }
        minds.theses.remember(identity, &seen);
        let rests = view.entry_waits.then_some(self.entry_rests);
        minds.memory.offer(&case.candidate, risked.entry, now, rests);
        Some(self.plan(&case, &risked, target, score))
    }

    /// Warm-up, freshness, bias and structure: what there is to judge.
    fn find<'a>(
        &self,
        view: &'a View<'a>,
        market: &'a Market,
        candle: &Candle,
        decision: &mut Decision,
    ) -> Option<Case<'a>> {
        decision.regime = Some(Regime::NoData);
        let warm = market.warm_up();
        let known = (market.bias.reading(), market.structure.as_ref(), market.atr(), market.adx());
        let (Some(bias), Some(structure), Some(atr), Some(adx)) = known else {
            decision.ask(Gate::WarmUp, false, warm.seen as f64, warm.needed as f64);
            return None;
        };
        decision.ask(Gate::WarmUp, true, warm.seen as f64, warm.needed as f64);
        let age = market.age(candle.known_at);
        if !decision.ask(Gate::Freshness, age.hours <= age.most, age.hours, age.most) {
            return None;
        }
        let quiet = adx < self.adx_min;
        decision.regime = Some(if quiet { Regime::Consolidation } else { Regime::NoStructure });
        decision.ask(Gate::Bias, true, bias.distance_bps, market.bias.neutral_zone_bps());
        let Some(candidate) = structure.candidate(bias.bias, market.rungs()) else {
            decision.ask(Gate::Structure, false, 0.0, 1.0);
            return None;
        };
        decision.ask(Gate::Structure, true, candidate.rung(), 1.0);
        decision.setup = Some(candidate.setup);
        let tight = is_tight(candidate.setup);
        decision.regime = Some(if tight { Regime::TightSmc } else { Regime::WideStructure });
        Some(Case { view, market, structure, candidate, bias, price: candle.close, atr, adx })
    }

    /// Entry, stop and target; `None` where there can be no stop.
    fn worked_out(&self, case: &Case<'_>, now: Ts) -> Option<Prices> {
        let instrument = case.view.instrument;
        let widened = self.levels.widened(case.view.stop_outs, now);
        let risked = self.levels.risked(instrument, &case.candidate, case.atr, widened)?;
        let alive = match case.candidate.direction {
            Direction::Long => case.price > risked.stop,
            Direction::Short => case.price < risked.stop,
        };
        let hours = case.market.bars_1h.bars();
        let target = self.levels.target(instrument, &case.candidate, &risked, hours);
        Some(Prices { risked, target, alive })
    }

    fn plan(&self, case: &Case<'_>, risked: &Risked, target: PriceUnits, score: f64) -> EntryPlan {
        let hours = case.market.bars_1h.bars();
        let mut targets = ArrayVec::new();
        targets.push(Target { level: Level::Price(target), share: Percent::new(Decimal::ONE_HUNDRED) });
        EntryPlan {
            direction: case.candidate.direction,
            setup: case.candidate.setup,
            score: Some(score),
            entry: Entry::Limit { price: risked.entry, expires_after: self.entry_rests },
            stop: Some(Level::Price(risked.stop)),
            targets,
            swings: LevelRules::swings(case.view.instrument, &case.candidate, risked, hours),
            invalidation: LevelRules::invalidation(case.view.instrument, &case.candidate),
            reward_risk_min: self.levels.least_reward(&case.candidate),
            sizing: Sizing::Risk,
        }
    }
}

/// Whether there is a bias: a setup never runs against it.
pub(super) fn is_aligned(bias: Bias) -> bool {
    match bias {
        Bias::Bullish | Bias::Bearish => true,
        Bias::Neutral => false,
    }
}

/// The prices as the record has them; none where the price has already gone beyond the stop.
fn planned(candidate: &Candidate, prices: &Prices) -> Option<PlannedPrices> {
    let side = match candidate.direction {
        Direction::Long => PositionSide::Long,
        Direction::Short => PositionSide::Short,
    };
    let Risked { entry, stop } = prices.risked;
    let target = prices.target.filter(|_| prices.alive)?;
    Some(PlannedPrices { side, entry, stop, target })
}

/// Whether instrument and setup have rested since something was made of them.
fn rested(case: &Case<'_>, now: Ts, memory: &Memory, decision: &mut Decision) -> bool {
    let signal = memory.signal_rest(now);
    if !decision.ask(Gate::SignalCooldown, signal.passes, signal.minutes, signal.pause_minutes) {
        return false;
    }
    let rest = memory.rest(&case.candidate, now);
    decision.ask(Gate::Repeat, rest.passes, rest.minutes, rest.pause_minutes)
}
