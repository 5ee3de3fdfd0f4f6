//! The decision: every gate in order, and the plan that is left when all have let it through.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{Candle, Decision, Gate, Percent, PriceUnits, Span};

use super::bias::{Bias, BiasReading};
use super::fibonacci::place;
use super::higher_timeframe::WeeklyVerdict;
use super::levels::{LevelRules, Risked};
use super::market::Market;
use super::repeat::Memory;
use super::score::{Confluence, Thresholds};
use super::structure::{Candidate, Structure};
use super::{SmcSettings, is_tight};
use crate::{Direction, Entry, EntryPlan, Level, Sizing, Target, View};

/// The settings as the gates use them.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    adx_min: f64,
    fib_tolerance_bps: f64,
    fibonacci_gate: bool,
    premium_gate: bool,
    stop_distance_pct: (f64, f64),
    levels: LevelRules,
    thresholds: Thresholds,
    entry_rests: Span,
    tolerance_pct: f64,
    tolerance_atr: f64,
    tolerance_max_pct: f64,
}

/// What all gates look at.
struct Case<'a> {
    view: &'a View<'a>,
    market: &'a Market,
    structure: &'a Structure,
    candidate: Candidate,
    bias: BiasReading,
    /// The newest price.
    price: PriceUnits,
    atr: f64,
    adx: f64,
}

/// A plan's prices.
struct Prices {
    risked: Risked,
    target: PriceUnits,
}

impl Rules {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        Rules {
            adx_min: settings.adx_threshold.to_f64(),
            fib_tolerance_bps: settings.fib_proximity_bps.to_f64(),
            fibonacci_gate: settings.fibonacci_gate,
            premium_gate: settings.premium_discount_gate,
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
        }
    }

    /// Asks every gate, in order: warm-up, bias, structure, premium, Fibonacci, ADX, levels, reward to risk,
    /// score, distance, repeat. A plan only if all let it through; its setup rests once an order
    /// was made of it.
    pub(super) fn judge(
        &self,
        view: &View<'_>,
        market: &Market,
        memory: &mut Memory,
        candle: &Candle,
        decision: &mut Decision,
    ) -> Option<EntryPlan> {
        let case = find(view, market, candle.close, decision)?;
        decision.setup = Some(case.candidate.setup);
        if is_tight(case.candidate.setup) && !self.well_placed(&case, decision) {
            return None;
        }
        if !decision.ask(Gate::Adx, case.adx >= self.adx_min, case.adx, self.adx_min) {
            return None;
        }
        let prices = self.prices(&case, decision)?;
        let score = self.score(&case, decision)?;
        if !self.near_enough(&case, &prices.risked, decision) {
            return None;
        }
        let now = candle.known_at;
        let rest = memory.rest(&case.candidate, now);
        if !decision.ask(Gate::Repeat, rest.passes, rest.minutes, rest.pause_minutes) {
            return None;
        }
        let rests = view.entry_waits.then_some(self.entry_rests);
        memory.offer(&case.candidate, prices.risked.entry, now, rests);
        Some(self.plan(&case, &prices, score))
    }

    /// Premium and Fibonacci: a zone is worth coming back to only where the leg is cheap (dear, for a short)
    /// and others look too.
    fn well_placed(&self, case: &Case<'_>, decision: &mut Decision) -> bool {
        let entry = case.candidate.entry;
        let leg = case.structure.leg.as_ref();
        if self.premium_gate {
            let position = leg.map_or(0.5, |leg| leg.position(entry));
            let fair = match case.candidate.direction {
                Direction::Long => position <= 0.5,
                Direction::Short => position >= 0.5,
            };
            if !decision.ask(Gate::Premium, fair, position, 0.5) {
                return false;
            }
        }
        if self.fibonacci_gate {
            let tolerance = self.fib_tolerance_bps;
            let distance = leg.map_or(f64::MAX, |leg| place(leg, entry, tolerance).distance_bps);
            return decision.ask(Gate::Fibonacci, distance <= tolerance, distance, tolerance);
        }
        true
    }

    /// Levels and reward to risk, the latter at the price where the entry would fill now.
    fn prices(&self, case: &Case<'_>, decision: &mut Decision) -> Option<Prices> {
        let (least, most) = self.stop_distance_pct;
        let instrument = case.view.instrument;
        let Some(risked) = self.levels.risked(instrument, &case.candidate, case.atr) else {
            decision.ask(Gate::Levels, false, 0.0, least);
            return None;
        };
        let direction = case.candidate.direction;
        let price = case.price;
        // A price beyond the stop has already proved the setup wrong.
        let alive = match direction {
            Direction::Long => price > risked.stop,
            Direction::Short => price < risked.stop,
        };
        let distance = if alive { risked.distance_pct() } else { 0.0 };
        let threshold = if distance > most { most } else { least };
        if !decision.ask(Gate::Levels, distance >= least && distance <= most, distance, threshold) {
            return None;
        }
        let fill = match (case.view.entry_waits, direction) {
            (false, _) => price,
            (true, Direction::Long) => price.min(risked.entry),
            (true, Direction::Short) => price.max(risked.entry),
        };
        let hours = case.market.bars_1h.bars();
        let target = self.levels.target(instrument, &case.candidate, &risked, hours);
        let reward = target.map_or(0.0, |target| risked.reward_risk(direction, fill, target));
        let min_rr = self.levels.min_rr(&case.candidate);
        decision
            .ask(Gate::RewardRisk, reward >= min_rr, reward, min_rr)
            .then_some(target)
            .flatten()
            .map(|target| Prices { risked, target })
    }

    fn score(&self, case: &Case<'_>, decision: &mut Decision) -> Option<f64> {
        let Candidate { setup, direction, entry, .. } = case.candidate;
        let structure = case.structure;
        let aligned = match case.bias.bias {
            Bias::Bullish | Bias::Bearish => true,
            Bias::Neutral => false,
        };
        let leg = structure.leg.as_ref();
        let confluence = Confluence {
            order_block: structure.order_block.get(direction).is_some(),
            fair_value_gap: structure.fair_value_gap.get(direction).is_some(),
            break_of_structure: structure.break_of_structure.get(direction).is_some(),
            fibonacci_points: leg.map_or(0.0, |leg| place(leg, entry, self.fib_tolerance_bps).points),
            aligned,
            adx: case.adx,
            cost_bps: case.view.cost_bps,
            weekly: case.market.higher.verdict(direction, structure.close),
        };
        let (score, least) = (confluence.score(), self.thresholds.least(setup, aligned));
        let refused = confluence.weekly == WeeklyVerdict::Refused;
        decision.ask(Gate::Score, !refused && score >= least, score, least).then_some(score)
    }

    /// Whether the price is near the planned entry: the tolerance grows with volatility up to a limit.
    fn near_enough(&self, case: &Case<'_>, risked: &Risked, decision: &mut Decision) -> bool {
        let instrument = case.view.instrument;
        let (entry, price) = (instrument.price_f64(risked.entry), instrument.price_f64(case.price));
        let distance = (price - entry).abs() / entry * 100.0;
        let atr_pct = case.atr / price * 100.0;
        let tolerance = (self.tolerance_pct + self.tolerance_atr * atr_pct).min(self.tolerance_max_pct);
        decision.ask(Gate::EntryDistance, distance <= tolerance, distance, tolerance)
    }

    fn plan(&self, case: &Case<'_>, prices: &Prices, score: f64) -> EntryPlan {
        let hours = case.market.bars_1h.bars();
        let mut targets = ArrayVec::new();
        targets
            .push(Target { level: Level::Price(prices.target), share: Percent::new(Decimal::ONE_HUNDRED) });
        EntryPlan {
            direction: case.candidate.direction,
            setup: case.candidate.setup,
            score: Some(score),
            entry: Entry::Limit { price: prices.risked.entry, expires_after: self.entry_rests },
            stop: Some(Level::Price(prices.risked.stop)),
            targets,
            swings: LevelRules::swings(case.view.instrument, &case.candidate, &prices.risked, hours),
            invalidation: LevelRules::invalidation(case.view.instrument, &case.candidate),
            reward_risk_min: self.levels.least_reward(&case.candidate),
            sizing: Sizing::Risk,
        }
    }
}

/// Warm-up, bias and structure: what there is to judge.
fn find<'a>(
    view: &'a View<'a>,
    market: &'a Market,
    price: PriceUnits,
    decision: &mut Decision,
) -> Option<Case<'a>> {
    let warm = market.warm_up();
    let known = (market.bias.reading(), market.structure.as_ref(), market.atr(), market.adx());
    let (Some(bias), Some(structure), Some(atr), Some(adx)) = known else {
        decision.ask(Gate::WarmUp, false, warm.seen as f64, warm.needed as f64);
        return None;
    };
    decision.ask(Gate::WarmUp, true, warm.seen as f64, warm.needed as f64);
    decision.ask(Gate::Bias, true, bias.distance_bps, market.bias.neutral_zone_bps());
    let Some(candidate) = structure.candidate(bias.bias, market.rungs()) else {
        decision.ask(Gate::Structure, false, 0.0, 1.0);
        return None;
    };
    decision.ask(Gate::Structure, true, candidate.rung(), 1.0);
    Some(Case { view, market, structure, candidate, bias, price, atr, adx })
}
