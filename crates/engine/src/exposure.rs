//! The account at its worst: what is held plus everything that could still be added to it.
//!
//! Invariants: an order that is open, in flight or unknown counts in full until it has ended; what is decided
//! about one instrument does not depend on whether the prices that others have at the same instant came in
//! before or after its own.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use seawall_model::{ContractKind, InstrumentId, Money, PriceRounding, PriceUnits, QtyUnits, Side, Ts};

use crate::desk::{Desk, Difference};
use crate::effects::Effects;
use crate::engine::Engine;
use crate::margin::maintenance_rate;
use crate::risk::states::{Base, Reading};
use crate::risk::{AccountView, Losses, Worst};
use crate::shared::invariant;
use crate::truth::blocks::{Block, bar_of};

const MONEY_MAX: Money = Money::new(Decimal::MAX);

impl Engine {
    /// The account as an entry on `id` finds it. Other instruments have the prices of before this instant.
    /// What `leaving` holds is left out: it is being closed before the entry.
    pub(crate) fn account_view(
        &mut self,
        at: Ts,
        id: InstrumentId,
        leaving: Option<InstrumentId>,
        effects: &mut Effects,
    ) -> AccountView {
        let guard = &self.shared.guard;
        let cluster = guard.clusters.get(id.index()).copied().flatten();
        let mut worst = Worst { cluster: cluster.map(|_| Money::ZERO), ..Worst::default() };
        let mut equity = Some(self.shared.ledger.cash());
        for desk in self.desks.iter().filter(|desk| desk.is_engaged()) {
            let own = desk.instrument.id() == id;
            let price = if own { desk.last } else { desk.price_before(at) };
            equity = equity.and_then(|sum| sum.plus(desk.value_at(price)).ok());
            let left = leaving == Some(desk.instrument.id());
            worst.engaged += u32::from(!desk.is_dust() && (own || !left));
            if left {
                continue;
            }
            let notional = worst_case(desk, price);
            let leverage = desk.leverage().get();
            let margin = notional.get().checked_div(leverage).map_or(notional, Money::new);
            // What does not fit counts as too much.
            worst.notional = worst.notional.plus(notional).unwrap_or(MONEY_MAX);
            worst.margin = worst.margin.plus(margin).unwrap_or(MONEY_MAX);
            worst.maintenance += notional.to_f64() * maintenance_rate(&desk.instrument, notional.to_f64());
            if own {
                worst.instrument = notional;
            }
            let same = guard.clusters.get(desk.instrument.id().index()).copied().flatten() == cluster;
            worst.cluster =
                worst.cluster.map(|sum| if same { sum.plus(notional).unwrap_or(MONEY_MAX) } else { sum });
        }
        invariant!(self.shared, at, effects, equity.is_some(), "equity fits into 28 digits");
        let equity = equity.unwrap_or(Money::ZERO);
        let elsewhere = self.elsewhere();
        worst.notional = worst.notional.plus(elsewhere).unwrap_or(MONEY_MAX);
        worst.margin = worst.margin.plus(elsewhere).unwrap_or(MONEY_MAX);
        let barred = self.desks.get(id.index()).and_then(|desk| bar_of(desk, &self.shared));
        let market = self.market_view(at, id);
        let guard = &self.shared.guard;
        AccountView {
            phase: self.shared.phase,
            mode: self.shared.mode,
            shutting_down: self.shared.shutting_down,
            killed: guard.kill.is_on(),
            barred: barred.map_or(0.0, Block::code),
            equity,
            worst,
            losses: guard.windows.is_open().then(|| Losses {
                day: guard.windows.day_loss(equity),
                day_spent: guard.windows.day.spent,
                week: guard.windows.week_loss(equity),
                week_spent: guard.windows.week.spent,
                drawdown: guard.windows.drawdown(equity),
            }),
            doubted: guard.doubt.holds_entries(),
            shock_until: guard.shock_until,
            market,
            require_stop: self.shared.require_stop,
            choppy_pct: self.choppy_pct(at),
        }
    }

    /// Value of what the account holds on instruments that the run does not know.
    fn elsewhere(&self) -> Money {
        let values = self.shared.truth.elsewhere.rows.iter().filter_map(|row| row.value);
        values.fold(Money::ZERO, |sum, value| sum.plus(value).unwrap_or(MONEY_MAX))
    }

    /// The one equity function: cash plus open positions at the last price. `None` if it does not fit.
    #[must_use]
    pub fn equity(&self) -> Option<Money> {
        self.desks
            .iter()
            .filter(|desk| !desk.position.is_flat())
            .try_fold(self.shared.ledger.cash(), |sum, desk| sum.plus(desk.marked_value()).ok())
    }

    /// The price of an instrument at which the account would be down to its maintenance margin while
    /// everything else stays as it is: an estimate, by the margin tiers that are known, for an account whose
    /// positions share its money. `None` where nothing is held or no price above zero does that.
    #[must_use]
    pub fn liquidation_price(&self, id: InstrumentId) -> Option<PriceUnits> {
        let equity = self.equity()?.to_f64();
        let (mut others, mut own) = (0.0, None);
        for desk in self.desks.iter().filter(|desk| !desk.position.is_flat()) {
            let value = desk.marked_value().to_f64();
            let rate = maintenance_rate(&desk.instrument, value.abs());
            if desk.instrument.id() == id {
                own = Some((desk, value, rate));
            } else {
                others += value.abs() * rate;
            }
        }
        let (desk, value, rate) =
            own.filter(|(desk, ..)| desk.instrument.spec().kind != ContractKind::Spot)?;
        let last = desk.instrument.price_f64(desk.last);
        // Equity and the maintenance margin of this position are lines in its price: where they meet.
        let units = value / last;
        let price = (others - equity + value) / (units - units.abs() * rate);
        let beyond = if value > 0.0 { price < last } else { price > last };
        let price = Decimal::from_f64(price).filter(|_| beyond && price > 0.0)?;
        let price = desk.instrument.round_price(price, PriceRounding::Nearest)?;
        (price > PriceUnits::ZERO).then_some(price)
    }

    /// The account measured against the limits that act by themselves.
    pub(crate) fn reading(&self, equity: Money) -> Reading {
        let windows = &self.shared.guard.windows;
        let base = |loss: crate::risk::windows::Loss| Base(loss.base.to_f64());
        let (mut margin, mut engaged) = (self.elsewhere().to_f64(), 0);
        for desk in self.desks.iter().filter(|desk| desk.is_engaged()) {
            let leverage = desk.leverage().to_f64();
            margin += worst_case(desk, desk.last).to_f64() / leverage;
            engaged += u32::from(!desk.is_dust());
        }
        Reading {
            equity: equity.to_f64(),
            day: base(windows.day_loss(equity)),
            week: base(windows.week_loss(equity)),
            peak: base(windows.drawdown(equity)),
            margin,
            engaged,
        }
    }

    /// Maintenance margin of everything that is held.
    pub(crate) fn maintenance(&self) -> f64 {
        let held = self.desks.iter().filter(|desk| !desk.position.is_flat());
        held.map(|desk| {
            let notional = desk.marked_value().to_f64().abs();
            notional * maintenance_rate(&desk.instrument, notional)
        })
        .sum()
    }
}

/// Notional of an instrument at its worst: what is held, with what has filled and not come in, or what the
/// venue states instead, plus everything that could still increase it.
pub(crate) fn worst_case(desk: &Desk, price: PriceUnits) -> Money {
    let held = desk.position.qty();
    let stated = match desk.difference {
        Some(Difference::SizeMismatch { stated, .. }) => stated,
        Some(Difference::MissingFills | Difference::UnknownOrder) | None => held,
    };
    let side = |held: QtyUnits, stated: QtyUnits, side: Side| {
        let held = held.max(QtyUnits::ZERO).plus(desk.orders.missing(side));
        held.max(stated).plus(desk.orders.increasing(side))
    };
    let long = side(held, stated, Side::Buy);
    let short = side(held.negated(), stated.negated(), Side::Sell);
    desk.instrument.notional(price, long.max(short)).unwrap_or(MONEY_MAX)
}
