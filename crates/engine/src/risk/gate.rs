//! The questions that an entry has to pass, in their order; the first refusal ends them.
//!
//! Order: state of the system, state of the instrument, pauses, portfolio guards, the plan itself, its costs,
//! then its size under the caps, then what the venue and the account's margin allow. A question whose limit
//! is off is not asked.

use arrayvec::ArrayVec;
use seawall_model::{
    ContractKind, Decision, Gate, Money, OrderKind, OrderRole, PriceUnits, QtyUnits, SystemMode, TimeInForce,
    Ts,
};
use seawall_strategy::{Direction, Entry, EntryPlan};

use super::caps::{Wanted, shrink};
use super::costs::round_trip_bps;
use super::guard::Guard;
use super::settings::RiskSettings;
use super::sizing::{Basis, wanted};
use super::streaks::minutes_until;
use super::{AccountView, Approved, Plan, entry_side, stop_price, target_price};
use crate::auction::boost::boosted;
use crate::desk::Desk;
use crate::doubt::FALL_BELIEVED_PCT;
use crate::limits::LIVE_ORDERS_FOR_ENTRY_MAX;
use crate::overlays;
use crate::phase::Phase;
use crate::trade_settings::TradeSettings;
use crate::universe::gate::terms;
use crate::universe::rules::takes_entries;

/// Where an entry stands in a reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is none.
    Plain,
    /// The opposite position is closed first: questions about it are left out.
    First,
    /// The opposite position is gone; the entry belongs to the same decision.
    Second,
}

/// An entry and all that is known about it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) settings: &'a RiskSettings,
    pub(crate) guard: &'a Guard,
    pub(crate) trade: &'a TradeSettings,
    pub(crate) account: &'a AccountView,
    pub(crate) desk: &'a Desk,
    pub(crate) plan: &'a EntryPlan,
    pub(crate) at: Ts,
    pub(crate) turn: Turn,
    /// Whether the entry may be enlarged.
    pub(crate) may_grow: bool,
}

/// Judges an entry. Each question is asked on `decision`; the first refusal ends it.
pub(crate) fn approve_entry(asked: Asked<'_>, decision: &mut Decision) -> Option<Approved<Plan>> {
    let Asked { desk, plan, account, at, .. } = asked;
    if !may_take_risk(asked, decision) || !is_rested(asked, decision) || !overlays::allow(asked, decision) {
        return None;
    }
    let instrument = &desk.instrument;
    let spot = f64::from(u8::from(instrument.spec().kind == ContractKind::Spot));
    let short = f64::from(u8::from(plan.direction == Direction::Short));
    if !decision.ask(Gate::ShortSelling, spot + short < 2.0, 1.0 - spot, short) {
        return None;
    }
    let entry = match plan.entry {
        Entry::Market => desk.last,
        Entry::Limit { price, .. } | Entry::Immediate { limit: price } => price,
    };
    let entry_decimal = instrument.price(entry).get();
    let stop = plan.stop.and_then(|level| stop_price(instrument, plan.direction, level, entry_decimal));
    if !stop_is_sound(asked, entry, stop, decision) || !is_worth_it(asked, entry, decision) {
        return None;
    }
    let terms = terms(asked.settings, &desk.market, instrument, decision)?;
    let basis = Basis {
        instrument,
        equity: account.equity.get(),
        entry,
        stop,
        leverage: terms.sizing_leverage,
        volatility: desk.volatility.as_ref(),
    };
    let qty = wanted(asked.settings, plan.sizing, &basis);
    let qty = if account.mode == SystemMode::Cautious {
        instrument.floor_lot(QtyUnits::new(qty.get() / 2))
    } else {
        qty
    };
    let qty = if asked.may_grow { boosted(asked, entry, qty) } else { qty };
    let qty = shrink(asked.settings, account, instrument, Wanted { entry, stop, qty, terms }, decision)?;
    if !fits(asked, Wanted { entry, stop, qty, terms }, decision) {
        return None;
    }
    let (kind, expires_at) = match plan.entry {
        Entry::Market => (OrderKind::Market, None),
        Entry::Immediate { limit } => {
            (OrderKind::Limit { price: limit, time_in_force: TimeInForce::ImmediateOrCancel }, None)
        }
        Entry::Limit { price, expires_after } => (
            OrderKind::Limit { price, time_in_force: TimeInForce::GoodTilCancelled },
            Some(at.plus(expires_after)),
        ),
    };
    let side = entry_side(plan.direction);
    Some(Approved { inner: Plan { role: OrderRole::Entry, side, qty, kind, reduce_only: false, expires_at } })
}

fn may_take_risk(asked: Asked<'_>, decision: &mut Decision) -> bool {
    let Asked { settings, account, desk, turn, .. } = asked;
    let ready = account.phase == Phase::Ready;
    let mode = f64::from(account.mode as u8);
    let mode_allows = account.mode <= SystemMode::Cautious && !account.shutting_down;
    let difference = desk.difference.map_or(account.barred, |difference| difference.code());
    let live = desk.orders.live_count();
    let turning = turn == Turn::First;
    decision.ask(Gate::Phase, ready, f64::from(account.phase as u8), f64::from(Phase::Ready as u8))
        && decision.ask(Gate::SystemMode, mode_allows, mode, f64::from(SystemMode::Cautious as u8))
        && decision.ask(Gate::KillSwitch, !account.killed, f64::from(u8::from(account.killed)), 0.0)
        && takes_entries(desk, decision)
        && account.doubted.is_none_or(|fall| decision.ask(Gate::StalePeak, false, fall, FALL_BELIEVED_PCT))
        && decision.ask(Gate::Difference, difference <= 0.0, difference, 0.0)
        && decision.ask(
            Gate::DataQuality,
            desk.clean_candles() >= settings.recover_candles_after_hole,
            f64::from(desk.clean_candles().min(1_000_000)),
            f64::from(settings.recover_candles_after_hole),
        )
        && account.market.may_enter(&desk.market, &desk.instrument, decision)
        && (turning
            || (decision.ask(
                Gate::PositionOpen,
                desk.position.is_flat(),
                desk.instrument.qty(desk.position.qty()).to_f64(),
                0.0,
            ) && decision.ask(Gate::EntryPending, live == 0 && desk.queued.is_none(), live as f64, 0.0)))
        && decision.ask(
            Gate::Capacity,
            live < LIVE_ORDERS_FOR_ENTRY_MAX,
            live as f64,
            LIVE_ORDERS_FOR_ENTRY_MAX as f64,
        )
        && decision.ask(
            Gate::MaxPositions,
            turning || account.worst.engaged < settings.positions_max,
            f64::from(account.worst.engaged),
            f64::from(settings.positions_max),
        )
}

/// No pause is running. The second half of a reversal does not wait for the trade that it ended.
fn is_rested(asked: Asked<'_>, decision: &mut Decision) -> bool {
    let Asked { settings, guard, account, desk, plan, at, turn, .. } = asked;
    let streak = &settings.loss_streak;
    let cooldown = &settings.cooldown;
    let streaks_on = [streak.tight_smc_losses, streak.wide_structure_losses, streak.other_losses];
    let after_trade = cooldown.after_win_minutes.max(cooldown.after_loss_minutes) > 0;
    let mut pauses = ArrayVec::<(Gate, Ts), 4>::new();
    if streaks_on.iter().any(Option::is_some) {
        pauses.push((Gate::LossStreak, guard.streaks.paused_until(plan.setup)));
    }
    if cooldown.symbol_losses.is_some() {
        pauses.push((Gate::SymbolCooldown, desk.cooldown.after_losses));
    }
    if after_trade && turn == Turn::Plain {
        pauses.push((Gate::CloseCooldown, desk.cooldown.after_trade));
    }
    if guard.shock.is_some() {
        pauses.push((Gate::Shock, account.shock_until.max(desk.shock_until)));
    }
    pauses.into_iter().all(|(gate, until)| {
        let left = minutes_until(until, at);
        decision.ask(gate, left <= 0.0, left, 0.0)
    })
}

fn stop_is_sound(
    asked: Asked<'_>,
    entry: PriceUnits,
    stop: Option<PriceUnits>,
    decision: &mut Decision,
) -> bool {
    let Asked { account, desk, plan, .. } = asked;
    let Some(stop) = stop else {
        return decision.ask(Gate::StopRequired, !account.require_stop, 0.0, 1.0);
    };
    // Also of the price of now: an entry that waited may find it beyond its stop, and would fill there.
    let last = if desk.last.is_zero() { entry } else { desk.last };
    // As it will rest: on the tick, which may be as far away as the stop.
    let rests = desk.instrument.to_tick(stop, plan.direction == Direction::Long);
    let on_losing_side = match plan.direction {
        Direction::Long => rests < entry.min(last),
        Direction::Short => rests > entry.max(last),
    };
    let distance = desk.instrument.price_f64(stop) / desk.instrument.price_f64(entry) - 1.0;
    decision.ask(Gate::StopRequired, true, 1.0, 1.0)
        && decision.ask(Gate::StopSide, on_losing_side && stop.get() > 0, distance * 100.0, 0.0)
}

/// The first target lies far enough away for what a round trip costs. A plan without one is not asked.
fn is_worth_it(asked: Asked<'_>, entry: PriceUnits, decision: &mut Decision) -> bool {
    let Asked { settings, desk, plan, .. } = asked;
    let Some(multiple) = settings.fee_edge.multiple else { return true };
    let instrument = &desk.instrument;
    let decimal = instrument.price(entry).get();
    let target = plan.targets.first();
    let target = target.and_then(|target| target_price(instrument, plan.direction, target.level, decimal));
    let Some(target) = target else { return true };
    let share = instrument.price_f64(target) / instrument.price_f64(entry) - 1.0;
    // A target on the wrong side earns nothing.
    let earned = match plan.direction {
        Direction::Long => share,
        Direction::Short => -share,
    };
    let least = multiple.to_f64() * round_trip_bps(&settings.fee_edge, instrument, plan.setup);
    decision.ask(Gate::FeeEdge, earned * 10_000.0 >= least, earned * 10_000.0, least)
}

/// What the venue takes, and what the account can carry as it is margined.
fn fits(asked: Asked<'_>, order: Wanted, decision: &mut Decision) -> bool {
    let Asked { account, desk, plan, .. } = asked;
    let instrument = &desk.instrument;
    let Wanted { entry, qty, .. } = order;
    let minimum = instrument.min_qty();
    let in_qty = |qty: QtyUnits| instrument.qty(qty).to_f64();
    if !decision.ask(Gate::Size, qty >= minimum && qty > QtyUnits::ZERO, in_qty(qty), in_qty(minimum)) {
        return false;
    }
    let Ok(notional) = instrument.notional(entry, qty) else {
        return decision.ask(Gate::Size, false, in_qty(qty), f64::MAX);
    };
    let least = instrument.spec().min_notional;
    // A price of zero makes an order of any size worth nothing [I-85].
    let is_enough = notional >= least && notional > Money::ZERO;
    if !decision.ask(Gate::MinNotional, is_enough, notional.to_f64(), least.to_f64()) {
        return false;
    }
    let margin = notional.to_f64() / order.terms.leverage.to_f64();
    let free = account.equity.to_f64() - account.worst.margin.to_f64() - margin;
    decision.ask(Gate::Margin, free >= 0.0, free, 0.0)
        && survives_its_stop(asked, order, notional, decision)
        && account.market.is_deep_enough(&desk.market, instrument, (plan.direction, qty), decision)
}

/// Whether the account as margined, with everything else that is held, is still above maintenance by the
/// buffer when the stop is hit: a stop beyond the liquidation protects nothing.
fn survives_its_stop(asked: Asked<'_>, order: Wanted, notional: Money, decision: &mut Decision) -> bool {
    let Asked { settings, account, desk, plan, .. } = asked;
    let instrument = &desk.instrument;
    let Some(stop) = order.stop else { return true };
    let notional = notional.to_f64();
    let move_to_stop = (instrument.price_f64(stop) / instrument.price_f64(order.entry) - 1.0).abs();
    let at_stop = match plan.direction {
        Direction::Long => notional * (1.0 - move_to_stop),
        Direction::Short => notional * (1.0 + move_to_stop),
    };
    let maintenance = at_stop * crate::margin::maintenance_rate(instrument, at_stop);
    let equity = account.equity.to_f64() - account.worst.maintenance;
    let left = (equity - notional * move_to_stop - maintenance) / notional * 100.0;
    let buffer = settings.liquidation_buffer_pct.to_f64();
    decision.ask(Gate::Liquidation, left >= buffer, left, buffer)
}
