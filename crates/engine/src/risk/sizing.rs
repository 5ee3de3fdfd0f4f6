//! How large an entry is to be.

use seawall_model::{Instrument, PriceUnits, QtyUnits};
use seawall_strategy::{EntryPlan, Sizing};

use super::AccountView;
use crate::settings::RiskSettings;

/// The quantity by the plan's sizing, rounded down to the lot; zero where it cannot be computed.
pub(super) fn sized(
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
