//! The rebalancer: a position that has become too large a part of the account is made smaller.
//!
//! Positions are looked at once a cycle, on the state at the end of the instant before. Invariants: what it
//! sends is reduce-only and smaller than the position, so it never adds exposure and never turns a position;
//! what is left is not below the venue's smallest order; a position that is being entered, closed, trimmed or
//! brought under its stop is left alone; nothing is sent before the books agree with the venue, under the
//! kill switch, at shutdown, or in a mode that leaves everything to stops.

use rust_decimal::Decimal;
use seawall_model::{
    AlertKind, Decision, ExitReason, Gate, GuardMode, Money, OrderRole, QtyUnits, Severity, Span, StateSink,
    SystemMode, Ts,
};
use serde::{Deserialize, Serialize};

use super::settings::RebalancerSettings;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::exits;
use crate::gateway::alert;
use crate::phase::Phase;

/// What the rebalancer remembers of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Notional in percent of equity at the last cycle.
    #[serde(with = "crate::carry::exact::optional")]
    percent: Option<f64>,
    /// Left alone before this.
    rests_until: Ts,
}

impl Share {
    pub(super) fn new() -> Self {
        Share { percent: None, rests_until: Ts::from_nanos(i64::MIN) }
    }

    /// The position is gone; the rest of the instrument goes on.
    pub(super) fn forget(&mut self) {
        self.percent = None;
    }

    pub(super) fn rests_as(&self, other: &Share) -> bool {
        self.rests_until == other.rests_until
    }

    /// Notes on a decision about a held instrument what the last cycle found. A position that is being made
    /// smaller passes with more than its threshold.
    pub(crate) fn note(&self, settings: &RebalancerSettings, decision: &mut Decision) {
        if let Some(percent) = self.percent {
            let most = settings.trigger_pct.to_f64();
            let passes = percent <= most || settings.mode == GuardMode::On;
            decision.ask_guard(settings.mode, Gate::Rebalance, passes, percent, most);
        }
    }

    pub(super) fn digest(self, sink: &mut dyn StateSink) {
        sink.float(self.percent.unwrap_or(-1.0));
        sink.signed(self.rests_until.nanos());
    }
}

/// A position that is too large.
#[derive(Debug, Clone, Copy)]
struct Oversized {
    index: usize,
    percent: f64,
}

impl RebalancerSettings {
    /// The first cycle; never where positions are not looked at.
    pub(crate) fn first_cycle(&self) -> Ts {
        if self.mode == GuardMode::Off { Ts::FAR_FUTURE } else { Ts::from_nanos(i64::MIN) }
    }
}

/// The start of the cycle that `at` lies in; cycles are counted from the epoch.
fn cycle_start(at: Ts, cycle: Span) -> Ts {
    Ts::from_nanos(at.nanos().div_euclid(cycle.nanos()).saturating_mul(cycle.nanos()))
}

impl Engine {
    /// The first step of a cycle: positions are looked at.
    #[inline(never)]
    pub(crate) fn rebalance(&mut self, at: Ts, effects: &mut Effects) {
        let settings = self.shared.trade.auction.rebalancer.clone();
        let cycle = settings.cycle();
        let start = cycle_start(at, cycle);
        self.shared.rebalance_at = start.plus(cycle);
        let Some(equity) = self.equity().filter(|equity| *equity > Money::ZERO) else { return };
        let mut oversized = Vec::new();
        let most = settings.trigger_pct.to_f64();
        for (index, desk) in self.desks.iter_mut().enumerate().filter(|(_, desk)| !desk.position.is_flat()) {
            let percent = desk.marked_value().to_f64().abs() / equity.to_f64() * 100.0;
            desk.guards.share.percent = Some(percent);
            if percent > most && is_settled(desk) && start >= desk.guards.share.rests_until {
                oversized.push(Oversized { index, percent });
            }
        }
        if settings.mode == GuardMode::On && self.may_rebalance() {
            oversized.sort_by(|a, b| b.percent.total_cmp(&a.percent).then(a.index.cmp(&b.index)));
            self.reduce(at, &settings, equity, &oversized, effects);
        }
    }

    fn may_rebalance(&self) -> bool {
        let shared = &self.shared;
        shared.phase == Phase::Ready
            && shared.mode < SystemMode::ProtectOnly
            && shared.trade.execution.partials_enabled
            && !shared.shutting_down
            && !shared.guard.kill.is_on()
    }

    /// Makes the largest ones smaller, as many and as much as one cycle may.
    fn reduce(
        &mut self,
        at: Ts,
        settings: &RebalancerSettings,
        equity: Money,
        oversized: &[Oversized],
        effects: &mut Effects,
    ) {
        let cycle = settings.cycle();
        let rest = cycle.nanos().saturating_mul(i64::from(settings.cooldown_cycles).saturating_add(1));
        let rests_until = cycle_start(at, cycle).plus(Span::from_nanos(rest));
        let share = |percent: seawall_model::Percent| equity.get().checked_mul(percent.fraction());
        let Some((clear, budget)) = share(settings.clear_pct).zip(share(settings.margin_per_cycle_max_pct))
        else {
            return;
        };
        let (mut budget, mut left) = (budget, settings.reductions_per_cycle);
        let Engine { desks, shared, .. } = self;
        for one in oversized {
            let Some(desk) = desks.get_mut(one.index).filter(|_| left > 0) else { return };
            let Some((qty, margin)) = cut(desk, clear, budget) else { continue };
            if !exits::reduce(desk, shared, at, qty, ExitReason::Rebalance, effects) {
                continue;
            }
            desk.guards.share.rests_until = rests_until;
            budget = budget.saturating_sub(margin);
            left -= 1;
            let id = desk.instrument.id();
            let detail = format!(
                "auction.rebalancer.trigger_pct {}: {:.2}; {} less",
                settings.trigger_pct,
                one.percent,
                desk.instrument.qty(qty)
            );
            alert(effects, at, Severity::Info, AlertKind::LimitReached, Some(id), detail);
            desk.wake_at = crate::engine::wake_of(desk, shared).max(at);
        }
        self.plan_wakeup();
    }
}

/// Whether nothing else is going on with the position.
fn is_settled(desk: &Desk) -> bool {
    let busy = desk.orders.live().any(|order| match order.request.role {
        OrderRole::Entry | OrderRole::Exit | OrderRole::Emergency => true,
        OrderRole::Stop | OrderRole::Target(_) => false,
    });
    let ending = desk.closing.is_some() || desk.trimming.is_some();
    !busy && !ending && desk.difference.is_none() && !desk.protection.is_escalating()
}

/// How much to take off a position so that it is worth `clear` at most, within `budget` of margin, and the
/// margin that gives back; `None` where the venue takes no order of that size.
fn cut(desk: &Desk, clear: Decimal, budget: Decimal) -> Option<(QtyUnits, Decimal)> {
    let instrument = &desk.instrument;
    let spec = instrument.spec();
    let each = instrument.price(desk.last).get().checked_mul(spec.contract_size.get())?;
    let held = desk.position.qty().abs();
    let least = instrument.min_qty().max(instrument.lot());
    let kept = instrument.floor_qty(clear.checked_div(each)?).max(least);
    let affordable = instrument.floor_qty(budget.checked_mul(desk.leverage().get())?.checked_div(each)?);
    let qty = instrument.floor_lot(held.minus(kept).min(affordable));
    let notional = instrument.notional(desk.last, qty).ok()?;
    if qty < least || qty >= held || notional < spec.min_notional {
        return None;
    }
    Some((qty, notional.get().checked_div(desk.leverage().get())?))
}
