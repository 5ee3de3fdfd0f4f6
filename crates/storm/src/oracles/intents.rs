//! O2: each client id leaves once and is taken once, fills no more than was asked of it, and no entry leaves
//! while an earlier one of the same instrument can still act at the venue or is on its way there. So with
//! exits and emergency closes; and with an emergency close the entries that could still fill are cancelled.

use seawall_model::{OrderRef, OrderRequest, OrderRole, VenueRequest};

use super::{Finding, Oracle, Step, ensure};

pub(crate) fn check(step: &Step<'_>) -> Finding {
    for request in &step.effects.requests {
        let VenueRequest::Place(order) = request else { continue };
        let known = step.truth.intents.get(&order.order.id);
        ensure(Oracle::Intents, known.is_none(), || {
            format!("{} is placed again: {known:?}", order.order.id)
        })?;
    }
    closings(step)?;
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

/// Exits at market and emergency closes: one of a kind at a time, and none beside an entry that fills on.
fn closings(step: &Step<'_>) -> Finding {
    for request in &step.effects.requests {
        let VenueRequest::Place(order) = request else { continue };
        if !matches!(order.role, OrderRole::Exit | OrderRole::Emergency) {
            continue;
        }
        let is_here = |other: &&OrderRequest| other.order.instrument == order.order.instrument;
        let travelling = || step.truth.undecided().map(|intent| &intent.request).filter(is_here);
        let other = travelling().find(|other| other.role == order.role);
        ensure(Oracle::Intents, other.is_none(), || {
            format!("{:?} {} while {other:?} is on its way", order.role, order.order.id)
        })?;
        if order.role != OrderRole::Emergency {
            continue;
        }
        let working = step.venue.exchange.working(order.order.instrument);
        let working = working.filter(|row| !row.reduce_only).filter_map(|row| row.order);
        let entries = travelling().filter(|other| !other.reduce_only).map(|other| other.order);
        let spared = working.chain(entries).find(|entry| !is_cancelled(step, *entry));
        ensure(Oracle::Intents, spared.is_none(), || {
            format!("emergency close {} and the entry {spared:?} is left to fill", order.order.id)
        })?;
    }
    Ok(())
}

/// Whether a cancellation of an order of ours leaves or has left; orders of others are theirs.
pub(super) fn is_cancelled(step: &Step<'_>, order: OrderRef) -> bool {
    let leaves = |request: &VenueRequest| *request == VenueRequest::Cancel { order };
    let Some(intent) = step.truth.intents.get(&order.id) else { return true };
    intent.cancelled || step.effects.requests.iter().any(leaves)
}
