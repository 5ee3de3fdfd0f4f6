//! From a strategy's plan to the plan that is judged and sent: the order of the entry, levels in percent of
//! the planned price, and the ladder of take-profits.
//!
//! Invariants: only plans whose setup has a regime are changed; distances in percent are kept whatever price
//! the entry fills at, so a worse fill moves stop and targets along and changes neither reward to risk nor
//! the share at risk; an entry whose reward no longer pays at the price where it would fill is not sent.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{Decision, Gate, Instrument, Percent, PriceRounding, PriceUnits, Ratio, Setup};
use seawall_strategy::{Direction, Entry, EntryPlan, Level, TARGETS_MAX, Target};

use crate::desk::Desk;
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
        Setup::EmaCross | Setup::Adopted => None,
    }
}

/// The plan as it is to be judged and sent now; `None` where its reward no longer pays, with the reading on
/// `decision`.
pub(crate) fn prepared(
    settings: &TradeSettings,
    desk: &Desk,
    plan: &EntryPlan,
    decision: &mut Decision,
) -> Option<EntryPlan> {
    let Some(regime) = regime(plan.setup) else { return Some(plan.clone()) };
    let instrument = &desk.instrument;
    let planned = match plan.entry {
        Entry::Limit { price, .. } | Entry::Immediate { limit: price } => price,
        Entry::Market => desk.last,
    };
    let entry = entry(&settings.execution, instrument, plan, desk.last);
    let mut prepared = EntryPlan { entry, ..plan.clone() };
    let stop =
        plan.stop.map(|stop| in_percent(instrument, stop, planned, plan.direction == Direction::Short));
    prepared.stop = stop;
    let risk = stop.and_then(distance).filter(|risk| *risk > Decimal::ZERO);
    if !still_pays(instrument, plan, desk.last, prepared.entry, risk, decision) {
        return None;
    }
    match risk.filter(|_| settings.multi_tp.enabled) {
        Some(risk) => {
            prepared.targets = ladder(&settings.multi_tp, instrument, plan, regime, planned, risk);
        }
        None => {
            for target in &mut prepared.targets {
                let above = plan.direction == Direction::Long;
                target.level = in_percent(instrument, target.level, planned, above);
            }
        }
    }
    Some(prepared)
}

/// The entry as the settings want it sent. Plans that ask for the market get it.
fn entry(settings: &ExecutionSettings, instrument: &Instrument, plan: &EntryPlan, last: PriceUnits) -> Entry {
    match (plan.entry, settings.entry_order) {
        (Entry::Market, _) | (Entry::Limit { .. }, EntryOrder::Market) => Entry::Market,
        (Entry::Immediate { limit }, _) => Entry::Immediate { limit },
        (Entry::Limit { .. }, EntryOrder::Limit) => plan.entry,
        (Entry::Limit { .. }, EntryOrder::LimitIoc) => {
            let cap = settings.slippage_tolerance_pct.fraction();
            let limit = shifted(instrument, last, cap, plan.direction == Direction::Long);
            limit.map_or(plan.entry, |limit| Entry::Immediate { limit })
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

/// A level as a distance from the planned price. One on the wrong side stays as it is, for the gate to
/// refuse.
fn in_percent(instrument: &Instrument, level: Level, planned: PriceUnits, above: bool) -> Level {
    let Level::Price(price) = level else { return level };
    let right = if above { price > planned } else { price < planned };
    let share = || {
        let planned = instrument.price(planned).get();
        let distance = instrument.price(price).get().checked_sub(planned)?.abs();
        distance.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(planned)
    };
    share().filter(|_| right).map_or(level, |share| Level::Percent(Percent::new(share)))
}

fn distance(level: Level) -> Option<Decimal> {
    match level {
        Level::Percent(percent) => Some(percent.get()),
        Level::Price(_) => None,
    }
}

/// Whether the plan's target still pays at the price where an entry that does not wait would fill.
fn still_pays(
    instrument: &Instrument,
    plan: &EntryPlan,
    last: PriceUnits,
    entry: Entry,
    risk_pct: Option<Decimal>,
    decision: &mut Decision,
) -> bool {
    let fill = match entry {
        Entry::Limit { .. } => return true,
        Entry::Market => last,
        Entry::Immediate { limit } => limit,
    };
    let target = plan.targets.first().map(|target| target.level);
    let (Some(Level::Price(target)), Some(risk_pct)) = (target, risk_pct) else { return true };
    if plan.reward_risk_min <= Ratio::new(Decimal::ZERO) {
        return true;
    }
    let (target, fill) = (instrument.price_f64(target), instrument.price_f64(fill));
    let reward = match plan.direction {
        Direction::Long => target - fill,
        Direction::Short => fill - target,
    };
    let multiple = reward / fill * 100.0 / Percent::new(risk_pct).to_f64();
    let least = plan.reward_risk_min.to_f64();
    decision.ask(Gate::RewardRisk, multiple >= least, multiple, least)
}

/// The take-profits: each at the nearest swing from its own multiple of the risk up to that of the next one,
/// else at its multiple. `risk` is the distance to the stop in percent of `planned`, and so are the levels.
fn ladder(
    settings: &MultiTpSettings,
    instrument: &Instrument,
    plan: &EntryPlan,
    regime: Regime,
    planned: PriceUnits,
    risk: Decimal,
) -> ArrayVec<Target, TARGETS_MAX> {
    let (first, second) = match regime {
        Regime::Tight => (settings.tight_smc_tp1_close_pct, settings.tight_smc_tp2_close_pct),
        Regime::Wide => (settings.wide_structure_tp1_close_pct, settings.wide_structure_tp2_close_pct),
    };
    let at = |multiple: Ratio| multiple.get().checked_mul(risk).unwrap_or(risk);
    let near = |least: Decimal, below: Decimal| {
        let swings = plan.swings.iter().filter_map(|swing| {
            distance(in_percent(instrument, Level::Price(*swing), planned, plan.direction == Direction::Long))
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
                (price, in_percent(&instrument, Level::Price(price), PriceUnits::new(planned), above))
            };
            let (stop, in_pct) = level(!long);
            prop_assert!(matches!(in_pct, Level::Percent(_)));
            prop_assert_eq!(stop_price(&instrument, direction, in_pct, entry), Some(stop));
            let (target, in_pct) = level(long);
            prop_assert_eq!(target_price(&instrument, direction, in_pct, entry), Some(target));
        }
    }
}
