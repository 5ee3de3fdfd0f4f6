//! Management of an open position: what closes it in full and what moves its stop.
//!
//! In order of priority, once per closed candle: the premise is gone, the higher timeframe has turned
//! (abandon ship), the stop follows the price. Beside that, the time exit by its own deadline and break-even
//! by the fill of the first take-profit. Invariants: nothing in here closes a part of a position or loosens a
//! stop; a stop is moved through [`crate::protection`] alone; whatever stands in the way of new risk (mode,
//! phase, gates, holes in the data) stands not in the way of management.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use seawall_model::{
    ExitReason, OrderKind, OrderRole, PositionSide, PriceRounding, PriceUnits, QtyUnits, StateSink,
    TimeInForce, Ts,
};
use seawall_strategy::{Direction, Held, Premise};
use serde::{Deserialize, Serialize};

use crate::carry::rescale::Factors;
use crate::desk::{Desk, OpenTrade};
use crate::effects::Effects;
use crate::exits;
use crate::fills::average_entry;
use crate::gateway::cancel;
use crate::planning::regime;
use crate::protection::protect;
use crate::shared::Shared;
use crate::signal::crossing::Crossing;
use crate::trade_settings::{FinalTarget, ManagementSettings};

/// The least distance between the price and a stop that follows it, in ticks.
const TRAIL_TICKS_MIN: i64 = 2;

/// What management remembers of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Managed {
    /// The price beyond which a close proves the setup wrong, of the instrument that the strategy reads.
    pub(crate) invalidation: Option<PriceUnits>,
    /// Where break-even put the stop.
    break_even: Option<PriceUnits>,
    /// Where the stop first followed the price to.
    trailed_from: Option<PriceUnits>,
    /// The final target was reached: the stop follows closer.
    tightened: bool,
    /// When the position is closed for want of time.
    time_exit_at: Ts,
}

impl Managed {
    /// A position that nothing is known of but what its plan called its invalidation.
    pub(crate) fn new(invalidation: Option<PriceUnits>) -> Self {
        Managed {
            invalidation,
            break_even: None,
            trailed_from: None,
            tightened: false,
            time_exit_at: Ts::FAR_FUTURE,
        }
    }

    /// The time exit of a position opened at `at`.
    pub(crate) fn until(mut self, settings: &ManagementSettings, at: Ts) -> Self {
        if settings.time_exit_bars > 0 {
            let bar = settings.time_exit_timeframe.span().nanos();
            let nanos = bar.saturating_mul(i64::from(settings.time_exit_bars));
            self.time_exit_at = at.plus(seawall_model::Span::from_nanos(nanos));
        }
        self
    }

    /// Prices count in finer units from now on; `own`: also the one that proves the setup wrong.
    pub(crate) fn rescale(&mut self, by: Factors, own: bool) {
        self.invalidation.iter_mut().filter(|_| own).for_each(|price| by.price(price));
        self.break_even.iter_mut().chain(&mut self.trailed_from).for_each(|price| by.price(price));
    }

    pub(crate) fn wake_at(&self) -> Ts {
        self.time_exit_at
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        for price in [self.invalidation, self.break_even, self.trailed_from] {
            sink.signed(price.map_or(0, |price| price.get()));
        }
        sink.number(u64::from(self.tightened));
        sink.signed(self.time_exit_at.nanos());
    }
}

/// Why a stop that filled lay where it did.
pub(crate) fn stop_reason(trade: &OpenTrade, trigger: Option<PriceUnits>) -> ExitReason {
    let Some(price) = trigger else { return ExitReason::StopLoss };
    let reached = |level: Option<PriceUnits>| {
        level.is_some_and(|level| match trade.record.side {
            PositionSide::Long => price >= level,
            PositionSide::Short => price <= level,
            PositionSide::Flat => false,
        })
    };
    let Managed { break_even, trailed_from, .. } = trade.managed;
    if Some(price) == break_even {
        ExitReason::BreakEven
    } else if reached(trailed_from) {
        ExitReason::TrailingStop
    } else if reached(break_even) {
        ExitReason::BreakEven
    } else {
        ExitReason::StopLoss
    }
}

/// A candle has closed: says why the position is being closed from now on, if it is.
pub(crate) fn on_candle(
    desk: &mut Desk,
    shared: &mut Shared,
    at: Ts,
    effects: &mut Effects,
) -> Option<ExitReason> {
    let direction = direction(desk)?;
    let trade = desk.trade.as_ref().filter(|trade| regime(trade.record.setup).is_some())?;
    if desk.closing.is_some() {
        return None;
    }
    let held =
        Held { direction, decided_at: trade.record.decided_at, invalidation: trade.managed.invalidation };
    let outlook = desk.strategy.outlook(Crossing::of(desk).source, &held);
    let settings = &shared.trade.management;
    let turned = outlook.bias.is_some_and(|bias| bias != direction);
    let reason = if outlook.premise == Premise::Gone && settings.premise_exit {
        Some(ExitReason::Premise)
    } else if turned && settings.abandon_ship {
        Some(ExitReason::AbandonShip)
    } else {
        None
    };
    if let Some(reason) = reason {
        return exits::close(desk, shared, at, reason, effects).then_some(reason);
    }
    if let Some(atr) = outlook.atr.and_then(|atr| Crossing::of(desk).distance(atr)) {
        trail(desk, shared, direction, atr);
    }
    // Also where nothing moved: a stop that the price had passed may rest where it is wanted now.
    protect(desk, shared, at, effects);
    None
}

fn direction(desk: &Desk) -> Option<Direction> {
    match desk.position.side() {
        PositionSide::Flat => None,
        PositionSide::Long => Some(Direction::Long),
        PositionSide::Short => Some(Direction::Short),
    }
}

/// Moves the stop after the price.
fn trail(desk: &mut Desk, shared: &Shared, direction: Direction, atr: f64) {
    let settings = &shared.trade.management;
    let sign = match direction {
        Direction::Long => 1.0,
        Direction::Short => -1.0,
    };
    let (Some(entry), Some(want)) = (average_entry(desk), desk.protection.wanted()) else { return };
    let entry = seawall_model::Price::new(entry).to_f64();
    let price = desk.instrument.price_f64(desk.last);
    let gain = (price - entry) * sign;
    let Some(trade) = desk.trade.as_mut() else { return };
    let risk = trade.record.initial_stop.map(|stop| (entry - desk.instrument.price_f64(stop)).abs());
    let reward = risk.filter(|risk| *risk > 0.0).map_or(0.0, |risk| gain / risk);
    let multi_tp = &shared.trade.multi_tp;
    let tightens = multi_tp.enabled && multi_tp.final_target == FinalTarget::TightenTrail;
    trade.managed.tightened |= tightens && reward >= multi_tp.final_r.to_f64();
    if !settings.trailing || gain <= 0.0 || gain < settings.trailing_activation_atr.to_f64() * atr {
        return;
    }
    let step = settings.progressive().into_iter().find(|(from, _)| reward >= *from);
    let multiple = step.map_or(settings.trailing_atr.to_f64(), |(_, multiple)| multiple);
    let multiple =
        if trade.managed.tightened { multiple.min(multi_tp.final_trail_atr.to_f64()) } else { multiple };
    let stop = price - sign * multiple * atr;
    let better = (stop - desk.instrument.price_f64(want)) * sign;
    if better <= desk.instrument.price_f64(want) * settings.trailing_step_min_pct.to_f64() / 100.0 {
        return;
    }
    let (rounding, nearest) = match direction {
        Direction::Long => (PriceRounding::Down, -TRAIL_TICKS_MIN),
        Direction::Short => (PriceRounding::Up, TRAIL_TICKS_MIN),
    };
    let nearest =
        PriceUnits::new(desk.last.get().saturating_add(nearest.saturating_mul(desk.instrument.tick().get())));
    let stop = Decimal::from_f64(stop).and_then(|stop| desk.instrument.round_price(stop, rounding));
    let Some(stop) = stop.filter(|stop| *stop > PriceUnits::ZERO) else { return };
    let stop = match direction {
        Direction::Long => stop.min(nearest),
        Direction::Short => stop.max(nearest),
    };
    if desk.protection.improve(desk.position.side(), stop) {
        trade.managed.trailed_from.get_or_insert(stop);
    }
}

/// The first take-profit has filled, in part or in full: no time exit any more, and break-even once enough.
pub(crate) fn on_first_target(desk: &mut Desk, shared: &Shared, filled: QtyUnits, whole: bool) {
    let Some(trade) = desk.trade.as_mut() else { return };
    trade.managed.time_exit_at = Ts::FAR_FUTURE;
    let settings = &shared.trade.management;
    if !settings.break_even || regime(trade.record.setup).is_none() || trade.managed.break_even.is_some() {
        return;
    }
    let entered = desk.instrument.qty(trade.record.entry_qty).get();
    let least = entered.checked_mul(settings.break_even_filled_min_pct.fraction()).unwrap_or(entered);
    if !whole && desk.instrument.qty(filled).get() < least {
        return;
    }
    if let Some(stop) = break_even_price(desk, shared) {
        break_even(desk, stop);
    }
}

/// Where a stop ends a position without a loss, before fees: its average entry and the settings' offset.
pub(crate) fn break_even_price(desk: &Desk, shared: &Shared) -> Option<PriceUnits> {
    let ticks = shared.trade.management.break_even_offset_ticks;
    let offset = desk.instrument.tick().get().saturating_mul(i64::from(ticks));
    let (rounding, offset) = match desk.position.side() {
        PositionSide::Long => (PriceRounding::Up, offset),
        PositionSide::Short => (PriceRounding::Down, -offset),
        PositionSide::Flat => return None,
    };
    let entry = desk.instrument.round_price(average_entry(desk)?, rounding)?;
    Some(PriceUnits::new(entry.get().saturating_add(offset)))
}

/// Moves the stop to break-even, unless it is beyond that already.
pub(crate) fn break_even(desk: &mut Desk, stop: PriceUnits) {
    if desk.protection.improve(desk.position.side(), stop)
        && let Some(trade) = desk.trade.as_mut()
    {
        trade.managed.break_even = Some(stop);
    }
}

/// The time exit, when its moment has come.
pub(crate) fn on_time(desk: &mut Desk, shared: &mut Shared, at: Ts, effects: &mut Effects) {
    let Some(trade) = desk.trade.as_mut() else { return };
    if desk.position.is_flat() || at < trade.managed.time_exit_at {
        return;
    }
    // Once: an exit that is refused is tried again by itself.
    trade.managed.time_exit_at = Ts::FAR_FUTURE;
    if desk.closing.is_none() {
        exits::close(desk, shared, at, ExitReason::TimeExit, effects);
    }
}

/// Gives up a resting entry that the price has left behind.
pub(crate) fn watch_entry(desk: &mut Desk, shared: &Shared, at: Ts, effects: &mut Effects) {
    let fraction = shared.trade.execution.order_price_invalidation_pct.fraction();
    let last = desk.instrument.price(desk.last).get();
    let left_behind = desk.orders.live().find(|order| {
        let OrderKind::Limit { price, time_in_force: TimeInForce::GoodTilCancelled } = order.request.kind
        else {
            return false;
        };
        let price = desk.instrument.price(price).get();
        let allowed = price.checked_mul(fraction).unwrap_or(Decimal::MAX);
        order.request.role == OrderRole::Entry && last.saturating_sub(price).abs() > allowed
    });
    if let Some(id) = left_behind.map(crate::orders::Order::id) {
        cancel(desk, shared, at, id, effects);
    }
}
