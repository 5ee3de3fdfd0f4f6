//! O8: the state that a restart begins with knows everything that has left: every id that was ever sent is
//! behind its counter, every order of ours that works at the venue or is on its way is among its live orders,
//! and what was durable when the process died is what the new one has.

use seawall_engine::{Carry, Engine};
use seawall_model::InstrumentId;

use super::{Finding, Oracle, ensure};
use crate::truth::Truth;
use crate::venue::Venue;

/// `engine`: resumed, before its first input. `durable`: what the dead one was when it last synced, where it
/// died right after that.
pub(crate) fn check(
    engine: &Engine,
    carry: &Carry,
    durable: Option<&Carry>,
    venue: &Venue,
    truth: &Truth,
) -> Finding {
    let same = engine.carry() == *carry;
    ensure(Oracle::Recovery, same, || "the resumed engine is not what was carried".to_owned())?;
    if let Some(durable) = durable {
        let same = carry.clone().without_readings() == durable.clone().without_readings();
        ensure(Oracle::Recovery, same, || "the state on disk is not the one that was synced".to_owned())?;
    }
    let newest = truth.intents.keys().next_back().map_or(0, |id| id.sequence);
    let next = carry.counters.next_sequence;
    ensure(Oracle::Recovery, newest < next, || {
        format!("order {newest} has left, the next one would be {next}")
    })?;
    for id in (0..).map(InstrumentId).take(venue.instruments.len()) {
        let working = venue.exchange.working(id).filter_map(|row| row.order);
        let ours = working.filter(|order| truth.intents.contains_key(&order.id));
        for order in ours {
            let known = engine.live_orders(id).any(|live| live.order == order);
            ensure(Oracle::Recovery, known, || {
                format!("{} works at the venue and is not among the live orders", order.id)
            })?;
        }
    }
    Ok(())
}

/// A process without a state comes back only where nothing has ever left.
pub(crate) fn check_blank(truth: &Truth) -> Finding {
    ensure(Oracle::Recovery, truth.intents.is_empty(), || "orders have left without a state".to_owned())
}
