//! O3: after quiescence books and venue agree: positions, orders with their terms, cash; and nothing is
//! unknown.

use seawall_engine::{Engine, Phase};
use seawall_model::{InstrumentId, OrderUpdate, QtyUnits, VenueOrder};

use super::{Finding, Oracle, ensure};
use crate::truth::is_covered;
use crate::venue::Venue;

/// The first disagreement.
pub(crate) fn check(engine: &Engine, venue: &Venue) -> Finding {
    let rule = |holds, what: &dyn Fn() -> String| ensure(Oracle::Conservation, holds, what);
    let phase = engine.phase();
    ensure(Oracle::Liveness, phase == Phase::Ready, || {
        format!("the engine is {}: {}", phase.name(), engine.blocks_in_words().join("; "))
    })?;
    for id in (0..).map(InstrumentId).take(venue.instruments.len()) {
        let books = engine.position(id).map_or(QtyUnits::ZERO, |position| position.qty);
        let held = venue.exchange.held(id);
        rule(books == held, &|| format!("{id:?}: {books:?} by the books, {held:?} at the venue"))?;
        rule(is_covered(&venue.exchange, id), &|| format!("{id:?}: {held:?} without stops that cover it"))?;
        let ours: Vec<OrderUpdate> = engine.live_orders(id).collect();
        let theirs: Vec<VenueOrder> = venue.exchange.working(id).collect();
        for order in &ours {
            ensure(Oracle::Liveness, order.state.is_confirmed(), || {
                format!("{id:?}: {order:?} is not resolved")
            })?;
            let row = theirs.iter().find(|row| row.order == Some(order.order));
            let same = row
                .is_some_and(|row| (row.qty, row.filled, row.kind) == (order.qty, order.filled, order.kind));
            rule(same, &|| format!("{id:?}: {order:?} by the books, {row:?} at the venue"))?;
        }
        rule(ours.len() == theirs.len(), &|| {
            format!("{id:?}: {} orders by the books, {} at the venue: {theirs:?}", ours.len(), theirs.len())
        })?;
    }
    let (books, cash) = (engine.ledger().cash(), venue.exchange.account().cash);
    let drift = books.get().saturating_sub(cash.get()).abs();
    rule(drift <= venue.exchange.dust(), &|| format!("cash {books} by the books, {cash} at the venue"))
}
