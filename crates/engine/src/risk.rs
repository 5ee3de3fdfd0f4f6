//! The risk gate: the only place where a plan becomes an order.
//!
//! [`Approved`] cannot be made outside this module, and the order gateway takes nothing else, so an order
//! without approval does not compile:
//!
//! ```compile_fail
//! use seawall_engine::risk::{Approved, Plan};
//! fn smuggle(plan: Plan) -> Approved<Plan> {
//!     Approved { inner: plan }
//! }
//! ```
//!
//! Increases are judged at their worst case: what is held, open, in flight and unknown counts in full.
//! Reductions are checked only for being reductions; no limit and no mode refuses them.

use rust_decimal::Decimal;
use seawall_model::{
    ContractKind, Decision, Gate, Instrument, Money, OrderKind, OrderRole, Position, PriceRounding,
    PriceUnits, QtyUnits, Side, SystemMode, TimeInForce, Ts,
};
use seawall_strategy::{Direction, Entry, EntryPlan, Level, Sizing};

use crate::desk::Desk;
use crate::limits::LIVE_ORDERS_FOR_ENTRY_MAX;
use crate::phase::Phase;
use crate::settings::RiskSettings;

/// An order in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Why.
    pub role: OrderRole,
    /// Buy or sell.
    pub side: Side,
    /// Contracts, above zero.
    pub qty: QtyUnits,
    /// Kind and prices.
    pub kind: OrderKind,
    /// May only reduce the position.
    pub reduce_only: bool,
    /// When a resting entry is given up.
    pub expires_at: Option<Ts>,
}

/// Something that the risk gate has let through.
#[derive(Debug)]
pub struct Approved<T> {
    inner: T,
}

impl<T> Approved<T> {
    /// What was approved.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// The account as the gate sees it, everything at its worst case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccountView {
    pub(crate) phase: Phase,
    pub(crate) mode: SystemMode,
    pub(crate) shutting_down: bool,
    pub(crate) equity: Money,
    /// Worst-case notional of all instruments.
    pub(crate) notional: Money,
    /// Worst-case initial margin of all instruments.
    pub(crate) margin: Money,
    /// Instruments with a position or an entry on its way.
    pub(crate) engaged: u32,
    pub(crate) require_stop: bool,
}

/// Approves an order that can only bring the position closer to zero. Nothing else is asked: no mode, no
/// limit and no state of the data refuses a reduction.
pub(crate) fn approve_reduction(position: &Position, plan: Plan) -> Option<Approved<Plan>> {
    let closes = position.side().closing_side() == Some(plan.side);
    if plan.reduce_only && closes && plan.qty > QtyUnits::ZERO {
        return Some(Approved { inner: plan });
    }
    None
}

/// The price of a stop for a position entered at `entry` (a decimal price). A level in percent is brought to
/// the nearest tick: rounding to one side would bend every trade's result the same way.
pub(crate) fn stop_price(
    instrument: &Instrument,
    side: Direction,
    level: Level,
    entry: Decimal,
) -> Option<PriceUnits> {
    level_price(instrument, side == Direction::Short, level, entry)
}

/// The price of a target, see [`stop_price`].
pub(crate) fn target_price(
    instrument: &Instrument,
    side: Direction,
    level: Level,
    entry: Decimal,
) -> Option<PriceUnits> {
    level_price(instrument, side == Direction::Long, level, entry)
}

fn level_price(instrument: &Instrument, above: bool, level: Level, entry: Decimal) -> Option<PriceUnits> {
    match level {
        Level::Price(price) => Some(price),
        Level::Percent(percent) => {
            let shift = entry.checked_mul(percent.fraction())?;
            let price = if above { entry.checked_add(shift)? } else { entry.checked_sub(shift)? };
            instrument.round_price(price, PriceRounding::Nearest)
        }
    }
}

pub(crate) fn entry_side(direction: Direction) -> Side {
    match direction {
        Direction::Long => Side::Buy,
        Direction::Short => Side::Sell,
    }
}

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

/// The quantity by the plan's sizing, rounded down to the lot; zero where it cannot be computed.
fn sized(
    settings: &RiskSettings,
    account: &AccountView,
    instrument: &Instrument,
    plan: &EntryPlan,
    entry: PriceUnits,
    stop: Option<PriceUnits>,
) -> QtyUnits {
    match plan.sizing {
        Sizing::Fixed(qty) => instrument.floor_qty(qty.get()),
        Sizing::Risk => {
            let by_risk = || {
                let stop = stop?;
                let distance = instrument.price(entry).get().checked_sub(instrument.price(stop).get())?.abs();
                let size = instrument.spec().contract_size.get();
                let budget = account.equity.get().checked_mul(settings.risk_per_trade_pct.fraction())?;
                let by_stop = budget.checked_div(distance.checked_mul(size)?)?;
                let room =
                    account.equity.times(settings.leverage_max.get()).ok()?.minus(account.notional).ok()?;
                let by_room = room.get().checked_div(instrument.price(entry).get().checked_mul(size)?)?;
                Some(instrument.floor_qty(by_stop.min(by_room)))
            };
            by_risk().unwrap_or(QtyUnits::ZERO)
        }
    }
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
