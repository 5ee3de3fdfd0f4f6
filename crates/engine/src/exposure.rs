//! The account at its worst: what is held plus everything that could still be added to it.
//!
//! Invariant: an order that is open, in flight or unknown counts in full until it has ended.

use seawall_model::{Money, QtyUnits, Side, Ts};

use crate::desk::Desk;
use crate::effects::Effects;
use crate::engine::Engine;
use crate::risk::AccountView;
use crate::shared::invariant;

const MONEY_MAX: Money = Money::new(rust_decimal::Decimal::MAX);

impl Engine {
    /// The account at its worst case.
    pub(crate) fn account_view(&mut self, at: Ts, effects: &mut Effects) -> AccountView {
        let (mut notional, mut margin, mut engaged) = (Money::ZERO, Money::ZERO, 0);
        for desk in self.desks.iter().filter(|desk| desk.is_engaged()) {
            let worst = worst_case(desk);
            engaged += 1;
            let needed =
                worst.get().checked_div(desk.instrument.spec().leverage_max.get()).unwrap_or(worst.get());
            // What does not fit counts as too much.
            notional = notional.plus(worst).unwrap_or(MONEY_MAX);
            margin = margin.plus(Money::new(needed)).unwrap_or(MONEY_MAX);
        }
        let equity = self.equity();
        invariant!(self.shared, at, effects, equity.is_some(), "equity fits into 28 digits");
        AccountView {
            phase: self.shared.phase,
            mode: self.shared.mode,
            shutting_down: self.shared.shutting_down,
            equity: equity.unwrap_or(Money::ZERO),
            notional,
            margin,
            engaged,
            require_stop: self.shared.require_stop,
        }
    }

    /// The one equity function: cash plus open positions at the last price. `None` if it does not fit.
    #[must_use]
    pub fn equity(&self) -> Option<Money> {
        self.desks
            .iter()
            .filter(|desk| !desk.position.is_flat())
            .try_fold(self.shared.ledger.cash(), |sum, desk| sum.plus(desk.marked_value()).ok())
    }
}

/// Notional of an instrument at its worst: what is held plus everything that could still increase it.
pub(crate) fn worst_case(desk: &Desk) -> Money {
    let held = desk.position.qty();
    let long = held.max(QtyUnits::ZERO).plus(desk.orders.increasing(Side::Buy));
    let short = held.negated().max(QtyUnits::ZERO).plus(desk.orders.increasing(Side::Sell));
    desk.instrument.notional(desk.last, long.max(short)).unwrap_or(MONEY_MAX)
}
