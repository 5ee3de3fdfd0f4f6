//! The questions that a setup has to answer, in the order of [`super::judge`]: changes of structure, place,
//! momentum, levels and reward, score and thesis, distance.
//!
//! Invariant: each asks on the record what it measures against what, and the first that refuses is the last
//! that was asked.

use seawall_model::{Decision, Gate, GuardMode, PriceUnits};

use super::change::Change;
use super::fibonacci::place;
use super::higher_timeframe::WeeklyVerdict;
use super::is_tight;
use super::judge::{Case, Prices, Rules, is_aligned};
use super::levels::Risked;
use super::score::Confluence;
use super::structure::Candidate;
use super::thesis::{Identity, Theses};
use crate::Direction;

impl Rules {
    /// A change of structure that is not confirmed lets nothing through, a confirmed one what goes its way.
    pub(super) fn change_allows(&self, case: &Case<'_>, decision: &mut Decision) -> bool {
        let mode = self.change;
        let Some(change) = case.market.changes.standing() else {
            let needed =
                if self.change_required { f64::from(case.market.changes.usual_confirmation()) } else { 0.0 };
            return decision.ask_guard(mode, Gate::StructureChange, !self.change_required, 0.0, needed);
        };
        let (held, needed) = (f64::from(change.held), f64::from(change.needed));
        if !decision.ask_guard(mode, Gate::StructureChange, change.confirmed, held, needed) {
            return false;
        }
        if !change.confirmed {
            // Only watched: it says nothing more.
            return true;
        }
        let agrees = change.direction == case.candidate.direction;
        let way = if agrees { 1.0 } else { -1.0 };
        decision.ask_guard(mode, Gate::ChangeDirection, agrees, way, 1.0)
            && (!agrees || self.reconfirmed(case, change, decision))
    }

    /// Whether the newest 15m bars took part in the change, and the price is where the setup is.
    fn reconfirmed(&self, case: &Case<'_>, change: &Change, decision: &mut Decision) -> bool {
        let Some(least) = self.reconfirmation else { return true };
        let bars = case.market.recent_15m.iter().filter(|bar| change.reaches_beyond(bar)).count();
        let (bars, least) = (bars as f64, f64::from(least));
        if !decision.ask_guard(self.change, Gate::Reconfirmation, bars >= least, bars, least) {
            return false;
        }
        let (price, tolerance) = (case.price(), self.tolerance_pct(case));
        let (bottom, top) = case.candidate.zone.unwrap_or((change.break_price, change.break_price));
        let distance = (bottom - price).max(price - top).max(0.0) / price * 100.0;
        decision.ask_guard(self.change, Gate::ZoneDistance, distance <= tolerance, distance, tolerance)
    }

    /// Premium and Fibonacci: a zone is worth coming back to only where the leg is cheap (dear, for a short)
    /// and others look too.
    pub(super) fn well_placed(&self, case: &Case<'_>, decision: &mut Decision) -> bool {
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

    /// ADX, and an RSI that does not speak against the setup.
    pub(super) fn has_momentum(&self, case: &Case<'_>, decision: &mut Decision) -> bool {
        if !decision.ask(Gate::Adx, case.adx >= self.adx_min, case.adx, self.adx_min) {
            return false;
        }
        let reading = case.market.divergence.reading(case.candidate.direction);
        decision.ask_guard(self.divergence, Gate::RsiDivergence, reading >= 0.0, reading, 0.0)
    }

    /// Levels and reward to risk, the latter at the price where the entry would fill now.
    pub(super) fn pays(
        &self,
        case: &Case<'_>,
        prices: Option<&Prices>,
        decision: &mut Decision,
    ) -> Option<(Risked, PriceUnits)> {
        let (least, most) = self.stop_distance_pct;
        let Some(prices) = prices else {
            decision.ask(Gate::Levels, false, 0.0, least);
            return None;
        };
        let risked = prices.risked;
        // A price beyond the stop has already proved the setup wrong.
        let distance = if prices.alive { risked.distance_pct() } else { 0.0 };
        let threshold = if distance > most { most } else { least };
        if !decision.ask(Gate::Levels, distance >= least && distance <= most, distance, threshold) {
            return None;
        }
        let (direction, fill) = (case.candidate.direction, case.fill(risked.entry));
        let reward = prices.target.map_or(0.0, |target| risked.reward_risk(direction, fill, target));
        let min_rr = self.levels.min_rr(&case.candidate);
        let pays = decision.ask(Gate::RewardRisk, reward >= min_rr, reward, min_rr);
        prices.target.filter(|_| pays).map(|target| (risked, target))
    }

    /// The weekly zone, the score, and what an idea that is known already says to it.
    pub(super) fn scores(
        &self,
        case: &Case<'_>,
        risked: &Risked,
        identity: &Identity,
        theses: &Theses,
        decision: &mut Decision,
    ) -> Option<f64> {
        let Candidate { setup, direction, entry, .. } = case.candidate;
        let (structure, higher) = (case.structure, &case.market.higher);
        let weekly = higher.verdict(direction, structure.close);
        match weekly {
            WeeklyVerdict::Refused => {
                decision.ask(Gate::WeeklyZone, false, 0.0, 1.0);
                return None;
            }
            WeeklyVerdict::Inside(_) if higher.refuses() => {
                decision.ask(Gate::WeeklyZone, true, 1.0, 1.0);
            }
            WeeklyVerdict::Silent | WeeklyVerdict::Inside(_) | WeeklyVerdict::Outside(_) => {}
        }
        let known = theses.known(identity);
        let leg = structure.leg.as_ref();
        let aligned = is_aligned(case.bias.bias);
        let funding = case.view.funding;
        let funding_bps = if is_tight(setup) { funding.tight_smc_bps } else { funding.wide_structure_bps };
        let confluence = Confluence {
            order_block: structure.order_block.get(direction).is_some(),
            fair_value_gap: structure.fair_value_gap.get(direction).is_some(),
            break_of_structure: structure.break_of_structure.get(direction).is_some(),
            fibonacci_points: leg.map_or(0.0, |leg| place(leg, entry, self.fib_tolerance_bps).points),
            aligned,
            adx: case.adx,
            cost_bps: case.view.cost_bps + funding_bps,
            weekly,
            weekly_most: higher.most_points(),
            thesis: theses.points(known),
            tolerance_penalty: if self.only_near(case, risked) { self.tolerance_penalty } else { 0.0 },
        };
        let (score, least) = (confluence.score(&mut decision.score), self.thresholds.least(setup, aligned));
        let passes = decision.ask(Gate::Score, score >= least, score, least);
        (passes && theses.allows(known, score, least, decision)).then_some(score)
    }

    /// Whether the price that counts lies outside of the setup's zone: the newest one where it is asked to be
    /// there, else the one at which the entry would fill now.
    fn only_near(&self, case: &Case<'_>, risked: &Risked) -> bool {
        let asked = self.reconfirmation.is_some() && case.market.changes.standing().is_some();
        let asked = asked && self.change != GuardMode::Off;
        let price = if asked { case.price } else { case.fill(risked.entry) };
        let price = case.view.instrument.price_f64(price);
        case.candidate.zone.is_some_and(|(bottom, top)| price < bottom || price > top)
    }

    /// Whether the price is near the planned entry.
    pub(super) fn near_enough(&self, case: &Case<'_>, risked: &Risked, decision: &mut Decision) -> bool {
        let (entry, price) = (case.view.instrument.price_f64(risked.entry), case.price());
        let distance = (price - entry).abs() / entry * 100.0;
        let tolerance = self.tolerance_pct(case);
        decision.ask(Gate::EntryDistance, distance <= tolerance, distance, tolerance)
    }

    /// How far the price may be from where it should be: grows with volatility up to a limit.
    fn tolerance_pct(&self, case: &Case<'_>) -> f64 {
        let atr_pct = case.atr / case.price() * 100.0;
        (self.tolerance_pct + self.tolerance_atr * atr_pct).min(self.tolerance_max_pct)
    }
}
