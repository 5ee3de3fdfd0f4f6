//! O4: an order that the engine calls over neither works at the venue nor is on its way there, and it has
//! filled no more by the engine's count than at the venue.

use super::{Finding, Oracle, Step, ensure};

pub(crate) fn check(step: &Step<'_>) -> Finding {
    for update in &step.effects.orders {
        let id = update.order.id;
        let Some(intent) = step.truth.intents.get(&id) else { continue };
        ensure(Oracle::Invention, update.filled <= intent.filled, || {
            format!("{id} has filled {:?} by the books, {:?} at the venue", update.filled, intent.filled)
        })?;
        if update.state.is_live() {
            continue;
        }
        let working = step.venue.exchange.working(update.order.instrument);
        let found = working.into_iter().find(|row| row.order == Some(update.order));
        ensure(Oracle::Invention, found.is_none(), || {
            format!("{id} is {:?} by the books and works at the venue: {found:?}", update.state)
        })?;
        ensure(
            Oracle::Invention,
            !step.truth.undecided().any(|intent| intent.request.order.id == id),
            || format!("{id} is {:?} by the books and on its way to the venue", update.state),
        )?;
    }
    Ok(())
}
