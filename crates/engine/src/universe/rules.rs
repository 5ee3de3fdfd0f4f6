//! Rules that change while a run goes on: what an instrument takes, its steps, minima and margin.
//!
//! Invariants: what rests at the venue keeps its price and size, and what is placed from now on is on the new
//! grid; an instrument that takes no new positions is looked after like any other; where the venue says that
//! it takes no orders at all, a stop is tried all the same, and if that is refused the position is named as
//! one that nothing can be done about; rules that do not fit the scales of the run leave the old grid where
//! that is part of the new one, else nothing is entered.

use seawall_model::{
    AlertKind, Gate, Instrument, InstrumentId, ModelError, Qty, Rules, Severity, StateSink, Trading, Ts,
};

use super::hooks::end_entries;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::gateway::alert;
use crate::phase::Phase;
use crate::protection;
use crate::reconcile;
use crate::targets;

/// What an instrument takes, and how often its rules have changed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) trading: Trading,
    changes: u32,
}

impl Terms {
    pub(crate) fn digest(self, instrument: &Instrument, sink: &mut dyn StateSink) {
        if self.changes == 0 {
            return;
        }
        sink.number(u64::from(self.changes));
        sink.bytes(self.trading.name().as_bytes());
        sink.signed(instrument.tick().get());
        sink.signed(instrument.lot().get());
        sink.signed(instrument.min_qty().get());
        let spec = instrument.spec();
        sink.decimal(spec.min_notional.get());
        sink.decimal(spec.leverage_max.get());
        spec.leverages.iter().for_each(|leverage| sink.decimal(leverage.get()));
        for tier in &spec.margin_tiers {
            sink.decimal(tier.maintenance_pct.get());
            sink.decimal(tier.notional_below.unwrap_or_default().get());
        }
    }
}

/// What the gate [`Gate::Trading`] measures.
pub(crate) fn code(trading: Trading) -> f64 {
    f64::from(trading as u8)
}

impl Engine {
    /// Which orders an instrument takes, as far as the engine was told.
    #[must_use]
    pub fn trading(&self, id: InstrumentId) -> Option<Trading> {
        self.desks.get(id.index()).map(|desk| desk.market.terms.trading)
    }

    /// Other rules hold for an instrument.
    pub(crate) fn on_rules(&mut self, at: Ts, rules: &Rules, effects: &mut Effects) {
        let id = rules.instrument;
        let Engine { desks, shared, .. } = self;
        let Some(desk) = desks.get_mut(id.index()) else { return };
        desk.market.terms.changes = desk.market.terms.changes.saturating_add(1);
        let trading = if take_over(desk, at, rules, effects) {
            rules.trading
        } else {
            // Orders on a grid that the venue does not have would be refused.
            rules.trading.max(Trading::LookedAfter)
        };
        shared.guard.watch.wake(at);
        let before = core::mem::replace(&mut desk.market.terms.trading, trading);
        if before != trading {
            let severity = if trading == Trading::Open { Severity::Info } else { Severity::Warning };
            let detail = format!("{} → {}", before.name(), trading.name());
            alert(effects, at, severity, AlertKind::TradingChanged, Some(id), detail);
        }
        if !trading.takes_entries() {
            end_entries(desk, shared, at, effects);
        }
        if trading.takes_orders() && !before.takes_orders() {
            protection::reopened(desk, at);
        }
        if shared.phase != Phase::Starting {
            protection::protect(desk, shared, at, effects);
            targets::keep(desk, shared, at, effects);
        }
        if shared.phase == Phase::Reconciling {
            reconcile::finish(desks, shared, at, effects);
        }
        self.replan(id);
        self.plan_wakeup();
    }
}

/// Puts the instrument under new steps and margin, as far as they can be represented; `false` where not even
/// the old grid fits the new one.
fn take_over(desk: &mut Desk, at: Ts, rules: &Rules, effects: &mut Effects) -> bool {
    let id = Some(desk.instrument.id());
    let old = desk.instrument.rules(rules.trading);
    if old == *rules {
        return true;
    }
    let (new, severity, more) = match adopted(&desk.instrument, rules) {
        Ok((new, None)) => (new, Severity::Info, String::new()),
        Ok((new, Some(problem))) => (new, Severity::Warning, format!("; the old steps go on: {problem}")),
        Err(error) => {
            alert(effects, at, Severity::Critical, AlertKind::RulesChanged, id, error.to_string());
            return false;
        }
    };
    let change =
        |what: &str, before: String, now: String| (before != now).then(|| format!("{what} {before} → {now}"));
    let changes: Vec<String> = [
        change("tick", old.tick.to_string(), rules.tick.to_string()),
        change("lot", old.lot.to_string(), rules.lot.to_string()),
        change("minimum", old.min_qty.to_string(), rules.min_qty.to_string()),
        change("smallest value", old.min_notional.to_string(), rules.min_notional.to_string()),
        change("leverage up to", old.leverage_max.to_string(), rules.leverage_max.to_string()),
        (old.margin_tiers != rules.margin_tiers).then(|| "other margin tiers".to_owned()),
        (old.leverages != rules.leverages).then(|| "other leverages".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !changes.is_empty() {
        let detail = format!("{}{more}", changes.join(", "));
        alert(effects, at, severity, AlertKind::RulesChanged, id, detail);
    }
    desk.instrument = new;
    desk.market.relever(&desk.instrument);
    true
}

/// The instrument under the new rules; with what is left of the old ones, and why, where the new ones are
/// finer than the scales of the run.
fn adopted(instrument: &Instrument, rules: &Rules) -> Result<(Instrument, Option<ModelError>), ModelError> {
    let problem = match instrument.with_rules(rules) {
        Ok(new) => return Ok((new, None)),
        Err(problem) => problem,
    };
    let old = instrument.rules(rules.trading);
    let part_of = |old: rust_decimal::Decimal, new: rust_decimal::Decimal| {
        old.checked_rem(new).is_some_and(|rest| rest.is_zero())
    };
    let tick = if part_of(old.tick.get(), rules.tick.get()) { old.tick } else { rules.tick };
    let lot = if part_of(old.lot.get(), rules.lot.get()) { old.lot } else { rules.lot };
    let steps =
        rules.min_qty.get().checked_div(lot.get()).and_then(|lots| lots.ceil().checked_mul(lot.get()));
    let min_qty = steps.map_or(rules.min_qty, Qty::new);
    instrument.with_rules(&Rules { tick, lot, min_qty, ..rules.clone() }).map(|new| (new, Some(problem)))
}

/// Asks whether the instrument takes new positions, where it may not.
pub(crate) fn takes_entries(desk: &Desk, decision: &mut seawall_model::Decision) -> bool {
    let trading = desk.market.terms.trading;
    trading.takes_entries() || decision.ask(Gate::Trading, false, code(trading), 0.0)
}
