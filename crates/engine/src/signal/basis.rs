//! The basis: how far the traded price lies from the signal's, in percent of the signal's.
//!
//! Before an entry is judged it must be within `execution.basis_max_pct`, also while the entry rests; after a
//! fill it is held against `execution.basis_max_post_pct` and told. Beyond `risk.shock.basis_pct` it is a
//! shock of the instrument.

use seawall_model::{AlertKind, Decision, Fill, Gate, OrderRole, Price, PriceUnits, Severity, Ts};

use super::Signal;
use crate::desk::Desk;
use crate::effects::Effects;
use crate::exits;
use crate::gateway::alert;
use crate::shared::Shared;
use crate::trade_settings::ExecutionSettings;

/// Age in seconds of the older of the two prices; infinite where one is missing.
fn age_s(desk: &Desk, signal: &Signal, at: Ts) -> f64 {
    if desk.last <= PriceUnits::ZERO || signal.last <= PriceUnits::ZERO {
        return f64::INFINITY;
    }
    age_of(desk.priced_at().min(signal.priced_at), at)
}

/// In whole milliseconds: an instant is judged a nanosecond after it, which is no age.
fn age_of(since: Ts, at: Ts) -> f64 {
    at.since(since).millis() as f64 / 1_000.0
}

fn of_prices(traded: f64, signal: f64) -> Option<f64> {
    (traded > 0.0 && signal > 0.0).then(|| (traded - signal).abs() * 100.0 / signal)
}

/// The basis now; `None` without a signal, or where a price is missing or too old to say something.
#[inline]
pub(crate) fn measured(settings: &ExecutionSettings, desk: &Desk, at: Ts) -> Option<f64> {
    let signal = desk.signal.as_ref()?;
    if age_s(desk, signal, at) > settings.signal_age_max_s() {
        return None;
    }
    of_prices(desk.instrument.price_f64(desk.last), signal.instrument.price_f64(signal.last))
}

/// Asks whether both prices are known and near each other. An instrument that reads itself is not asked.
pub(crate) fn allows(settings: &ExecutionSettings, desk: &Desk, at: Ts, decision: &mut Decision) -> bool {
    let Some(signal) = &desk.signal else { return true };
    let (age, most) = (age_s(desk, signal, at), settings.signal_age_max_s());
    let age = age.min(f64::from(u32::MAX));
    if !decision.ask(Gate::SignalAge, age <= most, age, most) {
        return false;
    }
    let basis = measured(settings, desk, at).unwrap_or(f64::INFINITY);
    let most = settings.basis_max_pct.to_f64();
    decision.ask(Gate::Basis, basis <= most, basis, most)
}

/// Whether the basis of this moment would be acted on if it were that of the instant.
#[inline]
pub(crate) fn is_wide(desk: &Desk, shared: &Shared, at: Ts) -> bool {
    measured(&shared.trade.execution, desk, at).is_some_and(|basis| {
        shared.guard.shock.is_some_and(|rule| rule.is_wide(basis))
            || basis > shared.trade.execution.basis_max_pct.to_f64() && desk.entry_is_live()
    })
}

/// The instant is over: an entry does not rest beyond the bound. Says whether the basis is a shock.
pub(crate) fn watch(desk: &mut Desk, shared: &Shared, at: Ts, effects: &mut Effects) -> bool {
    let Some(basis) = measured(&shared.trade.execution, desk, at) else { return false };
    let most = shared.trade.execution.basis_max_pct;
    let untold = desk.orders.live().any(|order| {
        order.request.role == OrderRole::Entry && order.state.is_live() && order.cancel_sent.is_none()
    });
    if basis > most.to_f64() && untold {
        let detail = format!("{basis:.2} %, more than execution.basis_max_pct ({most}): entry cancelled");
        let id = Some(desk.instrument.id());
        alert(effects, at, Severity::Warning, AlertKind::BasisWide, id, detail);
        exits::cancel_entries(desk, shared, at, effects);
    }
    shared.guard.shock.is_some_and(|rule| rule.is_wide(basis))
}

/// An entry has filled: the price paid against the signal's, told once for each trade.
pub(crate) fn after_fill(desk: &mut Desk, shared: &Shared, at: Ts, fill: &Fill, effects: &mut Effects) {
    let settings = &shared.trade.execution;
    let Some(signal) = &desk.signal else { return };
    if signal.last <= PriceUnits::ZERO || age_of(signal.priced_at, at) > settings.signal_age_max_s() {
        return;
    }
    let signal = signal.instrument.price_f64(signal.last);
    let paid = Price::new(desk.instrument.price(fill.price).get()).to_f64();
    let most = settings.basis_max_post_pct;
    let wide = of_prices(paid, signal).filter(|basis| *basis > most.to_f64());
    let Some(trade) = desk.trade.as_mut() else { return };
    if let Some(basis) = wide.filter(|_| !trade.told_basis) {
        trade.told_basis = true;
        let detail = format!(
            "{basis:.2} % at the fill of {}, more than execution.basis_max_post_pct ({most})",
            desk.instrument.price(fill.price)
        );
        let id = Some(desk.instrument.id());
        alert(effects, at, Severity::Warning, AlertKind::BasisWide, id, detail);
    }
}
