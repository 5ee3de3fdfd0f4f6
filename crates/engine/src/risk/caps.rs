//! Caps on what an entry may be at its worst. An entry is made smaller until it fits under all of them, and
//! is refused by the tightest one only where less than the venue's minimum is left.
//!
//! Invariant: whatever leaves here fits under every cap together with all that is held, working, in flight or
//! unknown. A cap that shrank the order shows in the decision: it passed and measured more than it allows.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{Decision, Gate, Instrument, Percent, PriceUnits, QtyUnits};

use super::AccountView;
use super::settings::RiskSettings;
use super::windows::Loss;
use crate::universe::gate::Terms;

const CAPS_MAX: usize = 16;

/// The entry as it is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) entry: PriceUnits,
    pub(super) stop: Option<PriceUnits>,
    pub(super) qty: QtyUnits,
    pub(super) terms: Terms,
}

/// One cap: what the wanted quantity measures, what is allowed, and the most that fits.
#[derive(Debug, Clone, Copy)]
struct Cap {
    gate: Gate,
    measured: f64,
    threshold: f64,
    most: QtyUnits,
}

/// What one contract means.
struct Unit<'a> {
    instrument: &'a Instrument,
    /// Its value at the entry.
    value: Decimal,
    /// Its loss at the stop.
    loss: Option<Decimal>,
    wanted: f64,
    wanted_exactly: Decimal,
}

impl<'a> Unit<'a> {
    fn new(instrument: &'a Instrument, wanted: Wanted) -> Option<Self> {
        let size = instrument.spec().contract_size.get();
        let entry = instrument.price(wanted.entry).get();
        let loss = match wanted.stop {
            Some(stop) => Some(entry.checked_sub(instrument.price(stop).get())?.abs().checked_mul(size)?),
            None => None,
        };
        let value = entry.checked_mul(size)?;
        let qty = instrument.qty(wanted.qty);
        Some(Unit { instrument, value, loss, wanted: qty.to_f64(), wanted_exactly: qty.get() })
    }

    /// How many contracts of `each` fit into `room`; beyond what is wanted they are not counted.
    fn most(&self, room: Decimal, each: Decimal) -> QtyUnits {
        if room <= Decimal::ZERO {
            return QtyUnits::ZERO;
        }
        if each.checked_mul(self.wanted_exactly).is_some_and(|all| all <= room) {
            return QtyUnits::new(i64::MAX);
        }
        room.checked_div(each).map_or(QtyUnits::ZERO, |qty| self.instrument.floor_qty(qty))
    }

    fn notional(&self) -> f64 {
        money(self.value) * self.wanted
    }

    fn stop_loss(&self) -> f64 {
        self.loss.map_or(0.0, money) * self.wanted
    }
}

fn money(value: Decimal) -> f64 {
    seawall_model::Money::new(value).to_f64()
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::MAX }
}

/// The largest quantity up to the wanted one that fits under every cap; each cap is asked on `decision`.
/// `None` where a cap leaves less than the venue's minimum.
pub(super) fn shrink(
    settings: &RiskSettings,
    account: &AccountView,
    instrument: &Instrument,
    wanted: Wanted,
    decision: &mut Decision,
) -> Option<QtyUnits> {
    let Some(caps) = caps(settings, account, instrument, wanted) else {
        decision.ask(Gate::Size, false, instrument.qty(wanted.qty).to_f64(), f64::MAX);
        return None;
    };
    let most = caps.iter().map(|cap| cap.most).min().unwrap_or(wanted.qty);
    let qty = wanted.qty.min(most);
    let least = instrument.min_qty().max(QtyUnits::new(1));
    // A quantity that was too small from the start is not the fault of a cap.
    let too_small = qty < least && (wanted.qty >= least || most.is_zero());
    for cap in caps {
        let binding = too_small && cap.most == most;
        if !decision.ask(cap.gate, !binding, cap.measured, cap.threshold) {
            return None;
        }
    }
    Some(qty)
}

fn caps(
    settings: &RiskSettings,
    account: &AccountView,
    instrument: &Instrument,
    wanted: Wanted,
) -> Option<ArrayVec<Cap, CAPS_MAX>> {
    let unit = Unit::new(instrument, wanted)?;
    let mut caps = ArrayVec::new();
    losses(settings, account, &unit, &mut caps);
    trade_loss(settings, account, &unit, &mut caps);
    exposure(settings, account, &unit, wanted.terms, &mut caps)?;
    Some(caps)
}

/// The loss windows and the halt of the drawdown: what the order loses at its stop must fit into what may
/// still be lost, so an entry is refused before the halt that it could cause.
fn losses(
    settings: &RiskSettings,
    account: &AccountView,
    unit: &Unit<'_>,
    caps: &mut ArrayVec<Cap, CAPS_MAX>,
) {
    let Some(losses) = account.losses else { return };
    let mut cap = |gate: Gate, limit: Option<Percent>, loss: Loss, spent: bool| {
        let Some(limit) = limit else { return };
        let room = if spent { Decimal::ZERO } else { loss.room(limit) };
        let most = match unit.loss {
            Some(each) => unit.most(room, each),
            // Without a stop only what is lost already can be told.
            None if room > Decimal::ZERO => QtyUnits::new(i64::MAX),
            None => QtyUnits::ZERO,
        };
        let measured = loss.percent_with(unit.stop_loss());
        caps.push(Cap { gate, measured, threshold: limit.to_f64(), most });
    };
    cap(Gate::DailyLoss, settings.daily_loss_max_pct, losses.day, losses.day_spent);
    cap(Gate::WeeklyLoss, settings.weekly_loss_max_pct, losses.week, losses.week_spent);
    cap(Gate::Drawdown, settings.states.drawdown_reduce_only_pct, losses.drawdown, false);
}

fn trade_loss(
    settings: &RiskSettings,
    account: &AccountView,
    unit: &Unit<'_>,
    caps: &mut ArrayVec<Cap, CAPS_MAX>,
) {
    let Some(each) = unit.loss else { return };
    let by_equity =
        settings.trade_loss_max_pct.and_then(|limit| account.equity.get().checked_mul(limit.fraction()));
    let by_money = settings.trade_loss_max.map(|limit| limit.get());
    let Some(room) = [by_equity, by_money].into_iter().flatten().min() else { return };
    caps.push(Cap {
        gate: Gate::TradeLoss,
        measured: unit.stop_loss(),
        threshold: money(room),
        most: unit.most(room, each),
    });
}

fn exposure(
    settings: &RiskSettings,
    account: &AccountView,
    unit: &Unit<'_>,
    terms: Terms,
    caps: &mut ArrayVec<Cap, CAPS_MAX>,
) -> Option<()> {
    let worst = &account.worst;
    let equity = account.equity.get();
    let leverage = terms.leverage;
    let with = |before: seawall_model::Money| share(before.to_f64() + unit.notional(), money(equity));
    let mut multiple = |gate: Gate, limit: Decimal, before: seawall_model::Money| {
        let room = equity.checked_mul(limit)?.checked_sub(before.get())?;
        let most = unit.most(room, unit.value);
        caps.push(Cap { gate, measured: with(before), threshold: money(limit), most });
        Some(())
    };
    if let Some(limit) = settings.instrument_notional_max {
        multiple(Gate::InstrumentExposure, limit.get(), worst.instrument)?;
    }
    if let Some((limit, before)) = settings.cluster_notional_max.zip(worst.cluster) {
        multiple(Gate::ClusterExposure, limit.get(), before)?;
    }
    multiple(Gate::Leverage, settings.leverage_max.get(), worst.notional)?;
    if let Some(limit) = terms.notional_max {
        let room = limit.get().checked_sub(worst.instrument.get())?;
        let measured = worst.instrument.to_f64() + unit.notional();
        let most = unit.most(room, unit.value);
        caps.push(Cap { gate: Gate::TierNotional, measured, threshold: limit.to_f64(), most });
    }
    let mut margin = |gate: Gate, limit: Percent, before: Decimal| {
        let room = equity.checked_mul(limit.fraction())?.checked_sub(before)?.checked_mul(leverage.get())?;
        let with = money(before) + unit.notional() / leverage.to_f64();
        let most = unit.most(room, unit.value);
        let measured = share(with * 100.0, money(equity));
        caps.push(Cap { gate, measured, threshold: limit.to_f64(), most });
        Some(())
    };
    if let Some(limit) = settings.position_margin_max_pct {
        margin(Gate::PositionMargin, limit, worst.instrument.get().checked_div(leverage.get())?)?;
    }
    if let Some(limit) = settings.margin_use_max_pct {
        margin(Gate::MarginUse, limit, worst.margin.get())?;
    }
    Some(())
}
