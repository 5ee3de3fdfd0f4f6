//! O5: when an entry leaves, all that is held, works, is on its way or leaves with it, at its worst and at
//! the venue's own prices, is within the leverage that the settings allow.
//!
//! The engine cannot know what others have done a moment ago: what somebody else changed within the last
//! minutes is left out. It judges by the prices that it had been told before the instant, whatever order
//! those of one instant come in, so the venue's account is valued at these; there is a slack for costs.

use rust_decimal::Decimal;
use seawall_model::{
    Input, InstrumentId, OrderRequest, PriceUnits, QtyUnits, Ratio, Side, Span, Ts, VenueOrder,
};

use super::{Finding, Oracle, Step, ensure};

/// For how long what others did is not held against the engine.
const LEARNING: Span = Span::from_secs(300);
/// The worst case may be beyond the limit by this share: costs, and prices within a candle.
const SLACK: Decimal = Decimal::from_parts(115, 0, 0, false, 2);
/// Who enters is judged so soon after the instant.
const JUDGED_WITHIN: Span = Span::from_nanos(1);

/// What the engine was told of a price.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: Ts,
    price: PriceUnits,
    /// Of before that instant.
    before: PriceUnits,
}

/// The rule, and the prices that it takes.
#[derive(Debug)]
pub(crate) struct Caps {
    leverage_max: Ratio,
    told: Vec<Told>,
}

impl Caps {
    pub(crate) fn new(leverage_max: Ratio, instruments: usize) -> Self {
        let nothing =
            Told { at: Ts::from_nanos(i64::MIN), price: PriceUnits::ZERO, before: PriceUnits::ZERO };
        Caps { leverage_max, told: vec![nothing; instruments] }
    }

    /// A new process knows what it was told itself.
    pub(crate) fn restarted(&mut self) {
        *self = Caps::new(self.leverage_max, self.told.len());
    }

    /// What prices the engine has after a step.
    pub(crate) fn hear(&mut self, step: &Step<'_>) {
        let (Input::Quote { instrument, .. } | Input::Candle { instrument, .. }) = step.input else { return };
        let price = step.engine.last_price(*instrument);
        let Some(told) = self.told.get_mut(instrument.index()) else { return };
        if told.at < step.at {
            told.before = if told.price.is_zero() { price } else { told.price };
            told.at = step.at;
        }
        told.price = price;
    }

    pub(crate) fn check(&self, step: &Step<'_>) -> Finding {
        if step.entries().next().is_none() {
            return Ok(());
        }
        let recently = |meddled: &Option<_>| meddled.is_some_and(|then| step.at.since(then) < LEARNING);
        if step.truth.meddled.iter().any(recently) {
            return Ok(());
        }
        let (mut worst, mut equity) = (Decimal::ZERO, step.venue.exchange.account().equity.get());
        for (number, instrument) in (0..).zip(&step.venue.instruments) {
            let id = InstrumentId(number);
            let price = self.price(step, id);
            let value = |price: PriceUnits, qty: QtyUnits| {
                instrument.notional(price, qty).map_or(Decimal::ZERO, |value| value.get())
            };
            worst += value(price, largest(step, id));
            let held = step.venue.exchange.held(id);
            let mark = step.venue.marks.get(id.index()).copied().unwrap_or(price);
            equity += value(price, held) - value(mark, held);
        }
        let leverage_max = self.leverage_max;
        let room = equity.max(Decimal::ZERO) * leverage_max.get() * SLACK;
        ensure(Oracle::Caps, worst <= room, || {
            format!("worst case {worst} above {room}: {leverage_max} times an equity of {equity}")
        })
    }

    /// What the engine judges by; of what it enters, the price of now.
    fn price(&self, step: &Step<'_>, id: InstrumentId) -> PriceUnits {
        let last = step.engine.last_price(id);
        if step.entries().any(|order| order.order.instrument == id) {
            return last;
        }
        let told = self.told.get(id.index()).filter(|told| told.at >= step.at.minus(JUDGED_WITHIN));
        told.map_or(last, |told| told.before)
    }
}

/// What an instrument can come to, either way.
fn largest(step: &Step<'_>, id: InstrumentId) -> QtyUnits {
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
    long.max(short)
}
