//! Entries are enlarged while little of the account is used (spec 4.1, 6): with sizing by leverage and an
//! auction that acts. The caps come after it and make the entry smaller again where they must.

use rust_decimal::Decimal;
use seawall_model::{GuardMode, PriceUnits, QtyUnits, SystemMode};
use seawall_strategy::Sizing;

use crate::risk::Asked;
use crate::risk::settings::SizingMethod;

/// The quantity with which margin use comes to the target, at most `boost_factor_max` times the one wanted.
pub(crate) fn boosted(asked: Asked<'_>, entry: PriceUnits, qty: QtyUnits) -> QtyUnits {
    let Asked { settings: risk, trade, account, desk, plan, .. } = asked;
    let (settings, instrument) = (&trade.auction, &desk.instrument);
    let by_leverage = plan.sizing == Sizing::Risk && risk.sizing == SizingMethod::Leverage;
    let applies = settings.mode == GuardMode::On && by_leverage && account.mode == SystemMode::Normal;
    let Some(target) = settings.margin_use_target_pct.filter(|_| applies) else { return qty };
    let factor = || {
        let leverage = desk.leverage().get();
        let margin = instrument.notional(entry, qty).ok()?.get().checked_div(leverage)?;
        let room = account.equity.get().checked_mul(target.fraction())?;
        let factor = room.checked_sub(account.worst.margin.get())?.checked_div(margin)?;
        Some(factor.min(settings.boost_factor_max.get()))
    };
    let larger = factor().filter(|factor| *factor > Decimal::ONE);
    let enlarged = larger.and_then(|factor| instrument.qty(qty).get().checked_mul(factor));
    enlarged.map_or(qty, |enlarged| instrument.floor_qty(enlarged))
}
