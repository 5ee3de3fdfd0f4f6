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
//! One file a question: `gate` asks them in their order, `sizing` says how large an entry is wanted, `caps`
//! make it smaller, `windows` count losses by day and week and the drawdown, `states` turn them into modes,
//! `streaks` pause after losses, `costs` compare a target with what a round trip costs, `shock` watches for
//! jumps, `kill` is the switch, `guard` holds what is remembered, [`settings`] and `check` what is allowed.
//!
//! Increases are judged at their worst case: what is held, open, in flight and unknown counts in full.
//! Reductions are checked only for being reductions; no limit and no mode refuses them.

pub(crate) mod kill;
pub mod settings;

mod caps;
mod check;
pub(crate) mod costs;
mod gate;
pub(crate) mod guard;
pub(crate) mod shock;
mod sizing;
pub(crate) mod states;
pub(crate) mod streaks;
pub(crate) mod volatility;
pub(crate) mod windows;

use rust_decimal::Decimal;
use seawall_model::{
    Instrument, Money, OrderKind, OrderRole, Position, PriceRounding, PriceUnits, QtyUnits, Side, SystemMode,
    Ts,
};
use seawall_strategy::{Direction, Level};

use crate::phase::Phase;
use crate::universe::gate::MarketView;

pub(crate) use gate::{Asked, Turn, approve_entry};
use windows::Loss;

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
    /// The kill switch is on.
    pub(crate) killed: bool,
    pub(crate) equity: Money,
    pub(crate) worst: Worst,
    /// Absent before the books are open.
    pub(crate) losses: Option<Losses>,
    /// What about the instrument or the account bars an entry beside a difference, as a code; 0 for nothing.
    pub(crate) barred: f64,
    /// The fall from a high-water mark in doubt, in percent.
    pub(crate) doubted: Option<f64>,
    /// The end of the pause of all entries after a shock.
    pub(crate) shock_until: Ts,
    /// What the entry is asked about its market.
    pub(crate) market: MarketView,
    pub(crate) require_stop: bool,
    /// Instruments that go nowhere, in percent of all.
    pub(crate) choppy_pct: f64,
}

/// What is at stake already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Worst {
    /// Notional of all instruments.
    pub(crate) notional: Money,
    /// Initial margin of all instruments.
    pub(crate) margin: Money,
    /// Maintenance margin of all instruments.
    pub(crate) maintenance: f64,
    /// Notional of the instrument that is asked about.
    pub(crate) instrument: Money,
    /// Notional of its cluster, if it is in one.
    pub(crate) cluster: Option<Money>,
    /// Instruments with a position or an entry on its way.
    pub(crate) engaged: u32,
}

/// What has been lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Losses {
    pub(crate) day: Loss,
    pub(crate) day_spent: bool,
    pub(crate) week: Loss,
    pub(crate) week_spent: bool,
    pub(crate) drawdown: Loss,
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
/// the nearest tick: rounding to one side would bend every trade's result the same way. One nearer than half
/// a tick goes to the next on the losing side: on the entry itself it would be no stop.
pub(crate) fn stop_price(
    instrument: &Instrument,
    side: Direction,
    level: Level,
    entry: Decimal,
) -> Option<PriceUnits> {
    let above = side == Direction::Short;
    let stop = level_price(instrument, above, level, entry)?;
    let Level::Percent(percent) = level else { return Some(stop) };
    let rests = instrument.price(stop).get();
    let is_apart = if above { rests > entry } else { rests < entry };
    if is_apart || percent.fraction() <= Decimal::ZERO {
        return Some(stop);
    }
    let away = if above { PriceRounding::Up } else { PriceRounding::Down };
    let shift = entry.checked_mul(percent.fraction())?;
    let price = if above { entry.checked_add(shift)? } else { entry.checked_sub(shift)? };
    instrument.round_price(price, away)
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
