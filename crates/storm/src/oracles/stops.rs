//! O1, judged by what leaves: no stop that a position needs is cancelled or made smaller before others cover
//! it, and the first stop of a position lies on the losing side of what its entry was decided and filled at.
//!
//! The engine cannot know what has just happened at the venue: instruments whose books lag behind the venue,
//! or that a fault has lately hit, are left to the clock of [`super::protection`].

use std::collections::BTreeMap;

use seawall_model::{
    ClientOrderId, InstrumentId, OrderRequest, OrderRole, PositionSide, PriceUnits, QtyUnits, Side, Span, Ts,
    VenueOrder, VenueRequest,
};

use super::{Finding, Oracle, Step, ensure};

/// What is remembered of entries until their first stop.
#[derive(Debug)]
pub(crate) struct Stops {
    /// A fault that is younger than this may be why a stop goes.
    learning: Span,
    /// What entries were decided at.
    decided: BTreeMap<ClientOrderId, PriceUnits>,
    /// For each instrument whose position has had no stop yet: the side of its entry and the price that is
    /// furthest on the winning side of what it was decided and filled at.
    opened: Vec<Option<(Side, PriceUnits)>>,
}

impl Stops {
    pub(crate) fn new(instruments: usize, learning: Span) -> Self {
        Stops { learning, decided: BTreeMap::new(), opened: vec![None; instruments] }
    }

    /// A new process: what the old one had decided is over.
    pub(crate) fn restarted(&mut self) {
        self.decided.clear();
        self.opened.fill(None);
    }

    pub(crate) fn check(&mut self, step: &Step<'_>) -> Finding {
        self.hear_fills(step);
        for request in &step.effects.requests {
            match request {
                VenueRequest::Place(order) => self.placed(step, order)?,
                VenueRequest::Amend { order, .. } | VenueRequest::Cancel { order } => {
                    self.leaves_cover(step, order.instrument)?;
                }
                VenueRequest::QueryOrder { .. }
                | VenueRequest::QueryOpenOrders
                | VenueRequest::QueryPositions
                | VenueRequest::QueryBalance => {}
            }
        }
        Ok(())
    }

    fn hear_fills(&mut self, step: &Step<'_>) {
        for fill in &step.effects.fills {
            let Some(opened) = self.opened.get_mut(fill.instrument.index()) else { continue };
            let books = books(step, fill.instrument);
            let begins = books.abs() == fill.qty && PositionSide::of(books).closing_side() != Some(fill.side);
            let decided = fill.order.and_then(|order| self.decided.get(&order.id)).copied();
            *opened = match (decided, *opened) {
                _ if books.is_zero() => None,
                (Some(decided), None) if begins => Some((fill.side, best(fill.side, decided, fill.price))),
                (Some(_), Some((side, price))) => Some((side, best(side, price, fill.price))),
                (Some(_) | None, None) | (None, Some(_)) => None,
            };
        }
    }

    fn placed(&mut self, step: &Step<'_>, order: &OrderRequest) -> Finding {
        let id = order.order.instrument;
        if order.role == OrderRole::Entry {
            self.decided.insert(order.order.id, step.engine.last_price(id));
            return Ok(());
        }
        let (OrderRole::Stop, Some(trigger)) = (order.role, order.kind.trigger()) else { return Ok(()) };
        let Some((entry, price)) = self.opened.get_mut(id.index()).and_then(Option::take) else {
            return Ok(());
        };
        let is_losing = match entry {
            Side::Buy => trigger.price < price,
            Side::Sell => trigger.price > price,
        };
        ensure(Oracle::Protection, is_losing, || {
            format!("the first stop of a {entry:?} at {price:?} is triggered at {:?}", trigger.price)
        })
    }

    /// What rests after this step still covers what the stops of before covered.
    fn leaves_cover(&self, step: &Step<'_>, id: InstrumentId) -> Finding {
        let held = step.venue.exchange.held(id);
        let Some(closing) = PositionSide::of(held).closing_side() else { return Ok(()) };
        let naked = step.truth.naked.get(id.index()).copied().unwrap_or_default();
        let is_new = naked.disturbed.is_some_and(|then: Ts| step.at.since(then) < self.learning);
        if books(step, id) != held || is_new {
            return Ok(());
        }
        let stops = || {
            step.venue.exchange.working(id).filter(move |row: &VenueOrder| {
                row.kind.is_stop() && row.reduce_only && row.side == closing && !is_cancelled(step, row)
            })
        };
        let open = |row: VenueOrder| row.qty.minus(row.filled).max(QtyUnits::ZERO);
        let before = stops().map(open).fold(QtyUnits::ZERO, QtyUnits::plus);
        let after = stops().map(|row| left(step, &row)).fold(QtyUnits::ZERO, QtyUnits::plus);
        ensure(Oracle::Protection, after >= held.abs() || after >= before, || {
            format!("{held:?} of {id:?} is covered by {before:?} and will be by {after:?}")
        })
    }
}

fn books(step: &Step<'_>, id: InstrumentId) -> QtyUnits {
    step.engine.position(id).map(|position| position.qty).unwrap_or_default()
}

/// The one of two prices that is further on the winning side of an entry.
fn best(side: Side, one: PriceUnits, other: PriceUnits) -> PriceUnits {
    match side {
        Side::Buy => one.max(other),
        Side::Sell => one.min(other),
    }
}

/// Whether its cancellation left in an earlier step.
fn is_cancelled(step: &Step<'_>, row: &VenueOrder) -> bool {
    let intent = row.order.and_then(|order| step.truth.intents.get(&order.id));
    intent.is_some_and(|intent| intent.cancelled)
}

/// What of a stop still covers when the requests of this step have come true.
fn left(step: &Step<'_>, row: &VenueOrder) -> QtyUnits {
    let open = row.qty.minus(row.filled).max(QtyUnits::ZERO);
    step.effects.requests.iter().fold(open, |open, request| match request {
        VenueRequest::Cancel { order } if Some(*order) == row.order => QtyUnits::ZERO,
        VenueRequest::Amend { order, qty, .. } if Some(*order) == row.order => {
            open.min(qty.minus(row.filled).max(QtyUnits::ZERO))
        }
        VenueRequest::Place(_)
        | VenueRequest::Amend { .. }
        | VenueRequest::Cancel { .. }
        | VenueRequest::QueryOrder { .. }
        | VenueRequest::QueryOpenOrders
        | VenueRequest::QueryPositions
        | VenueRequest::QueryBalance => open,
    })
}
