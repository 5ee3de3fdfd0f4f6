//! The questions that an entry has to pass, in their order; the first refusal ends them.

use seawall_model::{
    ContractKind, Decision, Gate, Instrument, Money, OrderKind, OrderRole, PriceUnits, QtyUnits, SystemMode,
    TimeInForce, Ts,
};
use seawall_strategy::{Direction, Entry, EntryPlan};

use super::sizing::sized;
use super::{AccountView, Approved, Plan, entry_side, stop_price};
use crate::desk::Desk;
use crate::limits::LIVE_ORDERS_FOR_ENTRY_MAX;
use crate::phase::Phase;
use crate::settings::RiskSettings;

/// Judges an entry. Each question is asked on `decision`; the first refusal ends it. `while_reversing` leaves
/// out the questions about the position that is being closed first.
pub(crate) fn approve_entry(
    settings: &RiskSettings,
    account: &AccountView,
    desk: &Desk,
    plan: &EntryPlan,
    at: Ts,
    while_reversing: bool,
    decision: &mut Decision,
) -> Option<Approved<Plan>> {
    if !may_take_risk(settings, account, desk, while_reversing, decision) {
        return None;
    }
    let instrument = &desk.instrument;
    let spot = instrument.spec().kind == ContractKind::Spot;
    let short = plan.direction == Direction::Short;
    if !decision.ask(
        Gate::ShortSelling,
        !(spot && short),
        f64::from(u8::from(!spot)),
        f64::from(u8::from(short)),
    ) {
        return None;
    }
    let entry = match plan.entry {
        Entry::Market => desk.last,
        Entry::Limit { price, .. } => price,
    };
    let entry_decimal = instrument.price(entry).get();
    let stop = plan.stop.and_then(|level| stop_price(instrument, plan.direction, level, entry_decimal));
    if !stop_is_sound(account, instrument, plan.direction, entry, stop, decision) {
        return None;
    }
    let qty = sized(settings, account, instrument, plan, entry, stop);
    let qty = if account.mode == SystemMode::Cautious {
        instrument.floor_lot(QtyUnits::new(qty.get() / 2))
    } else {
        qty
    };
    if !fits(settings, account, desk, plan.direction, entry, stop, qty, decision) {
        return None;
    }
    let (kind, expires_at) = match plan.entry {
        Entry::Market => (OrderKind::Market, None),
        Entry::Limit { price, expires_after } => (
            OrderKind::Limit { price, time_in_force: TimeInForce::GoodTilCancelled },
            Some(at.plus(expires_after)),
        ),
    };
    let side = entry_side(plan.direction);
    Some(Approved { inner: Plan { role: OrderRole::Entry, side, qty, kind, reduce_only: false, expires_at } })
}

fn may_take_risk(
    settings: &RiskSettings,
    account: &AccountView,
    desk: &Desk,
    while_reversing: bool,
    decision: &mut Decision,
) -> bool {
    let ready = account.phase == Phase::Ready;
    let mode = f64::from(account.mode as u8);
    let mode_allows = account.mode <= SystemMode::Cautious && !account.shutting_down;
    let difference = desk.difference.map_or(0.0, |difference| difference.code());
    let live = desk.orders.live_count();
    decision.ask(Gate::Phase, ready, f64::from(account.phase as u8), f64::from(Phase::Ready as u8))
        && decision.ask(Gate::SystemMode, mode_allows, mode, f64::from(SystemMode::Cautious as u8))
        && decision.ask(Gate::Difference, desk.difference.is_none(), difference, 0.0)
        && decision.ask(
            Gate::DataQuality,
            desk.clean_candles >= settings.recover_candles_after_hole,
            f64::from(desk.clean_candles.min(1_000_000)),
            f64::from(settings.recover_candles_after_hole),
        )
        && (while_reversing
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
            while_reversing || account.engaged < settings.positions_max,
            f64::from(account.engaged),
            f64::from(settings.positions_max),
        )
}

fn stop_is_sound(
    account: &AccountView,
    instrument: &Instrument,
    direction: Direction,
    entry: PriceUnits,
    stop: Option<PriceUnits>,
    decision: &mut Decision,
) -> bool {
    let Some(stop) = stop else {
        return decision.ask(Gate::StopRequired, !account.require_stop, 0.0, 1.0);
    };
    let on_losing_side = match direction {
        Direction::Long => stop < entry,
        Direction::Short => stop > entry,
    };
    let distance = instrument.price_f64(stop) / instrument.price_f64(entry) - 1.0;
    decision.ask(Gate::StopRequired, true, 1.0, 1.0)
        && decision.ask(Gate::StopSide, on_losing_side && stop.get() > 0, distance * 100.0, 0.0)
}

#[expect(clippy::too_many_arguments, reason = "the last questions need the whole picture")]
fn fits(
    settings: &RiskSettings,
    account: &AccountView,
    desk: &Desk,
    direction: Direction,
    entry: PriceUnits,
    stop: Option<PriceUnits>,
    qty: QtyUnits,
    decision: &mut Decision,
) -> bool {
    let instrument = &desk.instrument;
    let minimum = instrument.min_qty();
    let in_qty = |qty: QtyUnits| instrument.qty(qty).to_f64();
    if !decision.ask(Gate::Size, qty >= minimum && qty > QtyUnits::ZERO, in_qty(qty), in_qty(minimum)) {
        return false;
    }
    let Ok(notional) = instrument.notional(entry, qty) else {
        return decision.ask(Gate::Size, false, in_qty(qty), f64::MAX);
    };
    let least = instrument.spec().min_notional;
    if !decision.ask(Gate::MinNotional, notional >= least, notional.to_f64(), least.to_f64()) {
        return false;
    }
    let equity = account.equity.to_f64();
    let worst = account.notional.to_f64() + notional.to_f64();
    let leverage = if equity > 0.0 { worst / equity } else { f64::MAX };
    let room = account.equity.times(settings.leverage_max.get()).unwrap_or(Money::ZERO);
    let within = account.notional.plus(notional).is_ok_and(|worst| worst <= room);
    if !decision.ask(Gate::Leverage, within, leverage, settings.leverage_max.to_f64()) {
        return false;
    }
    let margin = notional.to_f64() / instrument.spec().leverage_max.to_f64();
    let free = equity - account.margin.to_f64() - margin;
    if !decision.ask(Gate::Margin, free >= 0.0, free, 0.0) {
        return false;
    }
    survives_its_stop(settings, instrument, direction, Prices { entry, stop }, notional, equity, decision)
}

#[derive(Clone, Copy)]
struct Prices {
    entry: PriceUnits,
    stop: Option<PriceUnits>,
}

/// Whether the account as margined is still above maintenance, with the buffer, when the stop is hit.
fn survives_its_stop(
    settings: &RiskSettings,
    instrument: &Instrument,
    direction: Direction,
    prices: Prices,
    notional: Money,
    equity: f64,
    decision: &mut Decision,
) -> bool {
    let Some(stop) = prices.stop else { return true };
    let notional = notional.to_f64();
    let move_to_stop = (instrument.price_f64(stop) / instrument.price_f64(prices.entry) - 1.0).abs();
    let at_stop = match direction {
        Direction::Long => notional * (1.0 - move_to_stop),
        Direction::Short => notional * (1.0 + move_to_stop),
    };
    let maintenance = crate::margin::maintenance_rate(instrument, at_stop);
    let left = (equity - notional * move_to_stop - at_stop * maintenance) / notional * 100.0;
    let buffer = settings.liquidation_buffer_pct.to_f64();
    decision.ask(Gate::Liquidation, left >= buffer, left, buffer)
}
