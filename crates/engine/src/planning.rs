//! From a strategy's plan to the plan that is judged and sent: the order of the entry, levels in percent of
//! the planned price, and the ladder of take-profits.
//!
//! Invariants: only plans whose setup has a regime, or whose prices are of another instrument, are changed;
//! distances in percent are kept whatever price the entry fills at, so a worse fill moves stop and targets
//! along and changes neither reward to risk nor the share at risk; an entry whose reward no longer pays at
//! the price where it would fill is not sent.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{Decision, Gate, Instrument, Percent, PriceRounding, PriceUnits, Ratio, Setup, Ts};
use seawall_strategy::{Direction, Entry, EntryPlan, Level, TARGETS_MAX, Target};

use crate::desk::Desk;
use crate::signal::basis;
use crate::signal::crossing::Crossing;
use crate::trade_settings::{EntryOrder, ExecutionSettings, FinalTarget, MultiTpSettings, TradeSettings};

/// How far stops and targets of a managed setup lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Regime {
    Tight,
    Wide,
}

/// The regime of a managed setup; `None` for one that keeps what its plan says.
pub(crate) fn regime(setup: Setup) -> Option<Regime> {
    match setup {
        Setup::OrderBlock | Setup::FairValueGap => Some(Regime::Tight),
        Setup::BreakOfStructure | Setup::Trend => Some(Regime::Wide),
        Setup::EmaCross | Setup::Adopted | Setup::Signal => None,
    }
}

/// The plan as it is to be judged and sent now, in prices of the traded instrument; `None` where a signal's
/// prices are no good or its reward no longer pays, with the reading on `decision`.
pub(crate) fn prepared(
    settings: &TradeSettings,
    desk: &Desk,
    plan: &EntryPlan,
    at: Ts,
    decision: &mut Decision,
) -> Option<EntryPlan> {
    if plan.setup == Setup::Signal {
        // Its prices are of the traded instrument, whatever the strategy reads.
        return Some(plan.clone());
    }
    let crossing = Crossing::of(desk);
    let regime = regime(plan.setup);
    if regime.is_none() && !crossing.is_apart() {
        return Some(plan.clone());
    }
    if !basis::allows(&settings.execution, desk, at, decision) {
        return None;
    }
    let planned = match plan.entry {
        Entry::Limit { price, .. } | Entry::Immediate { limit: price } => price,
        Entry::Market => crossing.source_last,
    };
    let levels = Levels { crossing, planned, direction: plan.direction };
    let Some(entry) = levels.entry(plan.entry) else {
        decision.ask(Gate::Basis, false, f64::MAX, settings.execution.basis_max_pct.to_f64());
        return None;
    };
    let entry = if regime.is_some() { sent(&settings.execution, desk, plan.direction, entry) } else { entry };
    let mut prepared = EntryPlan { entry, ..plan.clone() };
    let stop = plan.stop.map(|stop| levels.in_percent(stop, plan.direction == Direction::Short));
    prepared.stop = stop;
    let risk = stop.and_then(distance).filter(|risk| *risk > Decimal::ZERO);
    if regime.is_some() && !levels.still_pay(desk, plan, prepared.entry, risk, decision) {
        return None;
    }
    let above = plan.direction == Direction::Long;
    match regime.zip(risk).filter(|_| settings.multi_tp.enabled) {
        Some((regime, risk)) => prepared.targets = levels.ladder(&settings.multi_tp, plan, regime, risk),
        None => {
            for target in &mut prepared.targets {
                target.level = levels.in_percent(target.level, above);
            }
        }
    }
    Some(prepared)
}

/// The entry as the settings want it sent. Plans that ask for the market get it.
fn sent(settings: &ExecutionSettings, desk: &Desk, direction: Direction, entry: Entry) -> Entry {
    match (entry, settings.entry_order) {
        (Entry::Market, _) | (Entry::Limit { .. }, EntryOrder::Market) => Entry::Market,
        (Entry::Immediate { limit }, _) => Entry::Immediate { limit },
        (Entry::Limit { .. }, EntryOrder::Limit) => entry,
        (Entry::Limit { .. }, EntryOrder::LimitIoc) => {
            let cap = settings.slippage_tolerance_pct;
            let cap = desk.market.seat.caps.map_or(cap, |tier| tier.slippage_max_pct.min(cap)).fraction();
            let limit = shifted(&desk.instrument, desk.last, cap, direction == Direction::Long);
            limit.map_or(entry, |limit| Entry::Immediate { limit })
        }
    }
}

/// `price` moved by `fraction` up or down, on the tick before it.
fn shifted(instrument: &Instrument, price: PriceUnits, fraction: Decimal, up: bool) -> Option<PriceUnits> {
    let price = instrument.price(price).get();
    let shift = price.checked_mul(fraction)?;
    if up {
        instrument.round_price(price.checked_add(shift)?, PriceRounding::Down)
    } else {
        instrument.round_price(price.checked_sub(shift)?, PriceRounding::Up)
    }
}

fn distance(level: Level) -> Option<Decimal> {
    match level {
        Level::Percent(percent) => Some(percent.get()),
        Level::Price(_) => None,
    }
}

/// The prices of a plan, which are of the instrument that the strategy reads.
#[derive(Clone, Copy)]
struct Levels<'a> {
    crossing: Crossing<'a>,
    /// The entry that the others are measured from.
    planned: PriceUnits,
    direction: Direction,
}

impl Levels<'_> {
    /// The entry at the same place of the traded instrument, no worse for rounding; `None` where that place
    /// is no price of it.
    fn entry(self, entry: Entry) -> Option<Entry> {
        let rounding = match self.direction {
            Direction::Long => PriceRounding::Down,
            Direction::Short => PriceRounding::Up,
        };
        let crossed = |price| self.crossing.price(price, rounding).filter(|price| *price > PriceUnits::ZERO);
        match entry {
            Entry::Market => Some(Entry::Market),
            Entry::Limit { price, expires_after } => {
                crossed(price).map(|price| Entry::Limit { price, expires_after })
            }
            Entry::Immediate { limit } => crossed(limit).map(|limit| Entry::Immediate { limit }),
        }
    }

    /// A level as a distance from the planned price. One on the wrong side stays a price, for the gate to
    /// refuse.
    fn in_percent(self, level: Level, above: bool) -> Level {
        let Level::Price(price) = level else { return level };
        let right = if above { price > self.planned } else { price < self.planned };
        let share = || {
            let planned = self.crossing.source.price(self.planned).get();
            let distance = self.crossing.source.price(price).get().checked_sub(planned)?.abs();
            distance.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(planned)
        };
        let there = || self.crossing.price(price, PriceRounding::Nearest).map_or(level, Level::Price);
        share().filter(|_| right).map_or_else(there, |share| Level::Percent(Percent::new(share)))
    }

    /// Whether the plan's target still pays at the price where an entry that does not wait would fill.
    fn still_pay(
        self,
        desk: &Desk,
        plan: &EntryPlan,
        entry: Entry,
        risk_pct: Option<Decimal>,
        decision: &mut Decision,
    ) -> bool {
        let fill = match entry {
            Entry::Limit { .. } => return true,
            Entry::Market => desk.last,
            Entry::Immediate { limit } => limit,
        };
        let target = plan.targets.first().map(|target| target.level);
        let (Some(Level::Price(target)), Some(risk_pct)) = (target, risk_pct) else { return true };
        if plan.reward_risk_min <= Ratio::new(Decimal::ZERO) {
            return true;
        }
        let target = self.crossing.distance(self.crossing.source.price_f64(target)).unwrap_or(0.0);
        let fill = desk.instrument.price_f64(fill);
        let reward = match plan.direction {
            Direction::Long => target - fill,
            Direction::Short => fill - target,
        };
        let multiple = reward / fill * 100.0 / Percent::new(risk_pct).to_f64();
        let least = plan.reward_risk_min.to_f64();
        decision.ask(Gate::RewardRisk, multiple >= least, multiple, least)
    }

    /// The take-profits: each at the nearest swing from its own multiple of the risk up to that of the next
    /// one, else at its multiple. `risk` is the distance to the stop in percent of the planned entry, and so
    /// are the levels.
    fn ladder(
        self,
        settings: &MultiTpSettings,
        plan: &EntryPlan,
        regime: Regime,
        risk: Decimal,
    ) -> ArrayVec<Target, TARGETS_MAX> {
        let (first, second) = match regime {
            Regime::Tight => (settings.tight_smc_tp1_close_pct, settings.tight_smc_tp2_close_pct),
            Regime::Wide => (settings.wide_structure_tp1_close_pct, settings.wide_structure_tp2_close_pct),
        };
        let at = |multiple: Ratio| multiple.get().checked_mul(risk).unwrap_or(risk);
        let above = self.direction == Direction::Long;
        let near = |least: Decimal, below: Decimal| {
            let swings = plan.swings.iter().filter_map(|swing| {
                // One on the wrong side of the planned entry is no candidate, wherever the traded price is.
                distance(self.in_percent(Level::Price(*swing), above))
            });
            swings.filter(|swing| *swing >= least && *swing < below).min().unwrap_or(least)
        };
        let (one, two, last) = (at(settings.tp1_r), at(settings.tp2_r), at(settings.final_r));
        let runner = Decimal::ONE_HUNDRED.saturating_sub(first.get()).saturating_sub(second.get());
        let at_last = match settings.final_target {
            FinalTarget::TightenTrail => Decimal::ZERO,
            FinalTarget::ClosePartial => {
                runner.checked_mul(settings.final_close_pct.fraction()).unwrap_or_default()
            }
            FinalTarget::CloseFull => runner,
        };
        // A slot keeps its number though its share is zero: the number is the name of the exit.
        [(near(one, two), first.get()), (near(two, last), second.get()), (last, at_last)]
            .into_iter()
            .map(|(distance, share)| Target {
                level: Level::Percent(Percent::new(distance)),
                share: Percent::new(share),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::{stop_price, target_price};
    use proptest::prelude::*;
    use seawall_model::{InstrumentId, InstrumentSpec};

    proptest! {
        /// Distances are quotients with 28 decimals; whatever the prices, a level in percent of the planned
        /// entry is the level itself again where the entry fills as planned.
        #[test]
        fn a_level_in_percent_comes_back_to_its_price(
            decimals in 0_u32..9,
            planned in 1_i64..10_000_000,
            away in 1_i64..10_000_000,
            long in any::<bool>(),
        ) {
            let spec = InstrumentSpec::new("BTC/USD".parse().unwrap());
            let instrument = Instrument::new(InstrumentId(0), spec, decimals).unwrap();
            let direction = if long { Direction::Long } else { Direction::Short };
            let entry = instrument.price(PriceUnits::new(planned)).get();
            let level = |above: bool| {
                let price = PriceUnits::new(if above { planned + away } else { planned - away });
                let crossing = Crossing::to_itself(&instrument, PriceUnits::new(planned));
                let levels = Levels { crossing, planned: PriceUnits::new(planned), direction };
                (price, levels.in_percent(Level::Price(price), above))
            };
            let (stop, in_pct) = level(!long);
            prop_assert!(matches!(in_pct, Level::Percent(_)));
            prop_assert_eq!(stop_price(&instrument, direction, in_pct, entry), Some(stop));
            let (target, in_pct) = level(long);
            prop_assert_eq!(target_price(&instrument, direction, in_pct, entry), Some(target));
        }
    }
}
