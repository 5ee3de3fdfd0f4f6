//! O5: when an entry leaves, all that is held, works, is on its way or leaves with it, at its worst and at
//! the venue's own prices, is within the leverage that the settings allow.
//!
//! The engine cannot know what others have done a moment ago, and judges by prices that a message is old:
//! what somebody else changed within the last minutes is left out, and there is a slack for prices.

use rust_decimal::Decimal;
use seawall_model::{InstrumentId, OrderRequest, QtyUnits, Ratio, Side, Span, VenueOrder};

use super::{Finding, Oracle, Step, ensure};

/// For how long what others did is not held against the engine.
const LEARNING: Span = Span::from_secs(300);
/// Prices may have moved by this share since the engine heard of them, and equity with them.
const SLACK: Decimal = Decimal::from_parts(115, 0, 0, false, 2);

pub(crate) fn check(step: &Step<'_>, leverage_max: Ratio) -> Finding {
    if step.entries().next().is_none() {
        return Ok(());
    }
    let recently = |meddled: &Option<_>| meddled.is_some_and(|then| step.at.since(then) < LEARNING);
    if step.truth.meddled.iter().any(recently) {
        return Ok(());
    }
    let account = step.venue.exchange.account();
    let count = step.venue.instruments.len();
    let worst: Decimal = (0..).map(InstrumentId).take(count).map(|id| notional(step, id)).sum();
    let room = account.equity.get().max(Decimal::ZERO) * leverage_max.get() * SLACK;
    ensure(Oracle::Caps, worst <= room, || {
        format!("worst case {worst} above {room}: {leverage_max} times an equity of {}", account.equity)
    })
}

/// The value of what an instrument can come to, either way.
fn notional(step: &Step<'_>, id: InstrumentId) -> Decimal {
    let held = step.venue.exchange.held(id);
    let (mut long, mut short) = (held.max(QtyUnits::ZERO), held.negated().max(QtyUnits::ZERO));
    let mut add = |side: Side, qty: QtyUnits| match side {
        Side::Buy => long = long.plus(qty),
        Side::Sell => short = short.plus(qty),
    };
    let open = |row: &VenueOrder| row.qty.minus(row.filled).max(QtyUnits::ZERO);
    for row in step.venue.exchange.working(id).filter(|row| !row.reduce_only) {
        add(row.side, open(&row));
    }
    let is_here = |order: &&OrderRequest| order.order.instrument == id && !order.reduce_only;
    for order in step.truth.undecided().map(|intent| &intent.request).filter(is_here) {
        add(order.side, order.qty);
    }
    for order in step.entries().filter(is_here) {
        add(order.side, order.qty);
    }
    let (Some(instrument), price) = (step.venue.instruments.get(id.index()), step.engine.last_price(id))
    else {
        return Decimal::ZERO;
    };
    instrument.notional(price, long.max(short)).map_or(Decimal::ZERO, |value| value.get())
}
