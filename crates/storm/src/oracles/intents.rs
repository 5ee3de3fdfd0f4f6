//! O2: each client id leaves once and is taken once, fills no more than was asked of it, and no entry leaves
//! while an earlier one of the same instrument can still act at the venue or is on its way there.

use seawall_model::VenueRequest;

use super::{Finding, Oracle, Step, ensure};

pub(crate) fn check(step: &Step<'_>) -> Finding {
    for request in &step.effects.requests {
        let VenueRequest::Place(order) = request else { continue };
        let known = step.truth.intents.get(&order.order.id);
        ensure(Oracle::Intents, known.is_none(), || {
            format!("{} is placed again: {known:?}", order.order.id)
        })?;
    }
    for fill in &step.effects.fills {
        let Some(intent) = fill.order.and_then(|order| step.truth.intents.get(&order.id)) else { continue };
        ensure(Oracle::Intents, intent.accepted <= 1 && intent.filled <= intent.most, || {
            format!("an intent acted twice or beyond its size: {intent:?}")
        })?;
    }
    for entry in step.entries() {
        let instrument = entry.order.instrument;
        let working = step.venue.exchange.working(instrument).find(|row| {
            !row.reduce_only && row.order.is_some_and(|order| step.truth.intents.contains_key(&order.id))
        });
        ensure(Oracle::Intents, working.is_none(), || {
            format!("entry {} while {working:?} works", entry.order.id)
        })?;
        let travelling = step
            .truth
            .undecided()
            .map(|intent| &intent.request)
            .find(|other| other.order.instrument == instrument && !other.reduce_only);
        ensure(Oracle::Intents, travelling.is_none(), || {
            format!("entry {} while {travelling:?} is on its way", entry.order.id)
        })?;
    }
    Ok(())
}
