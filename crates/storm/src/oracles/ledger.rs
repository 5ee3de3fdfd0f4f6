//! O11: the ledger's double entries sum to zero after every step, and the venue's cash is the sum of what it
//! has told.

use rust_decimal::Decimal;
use seawall_model::Money;

use super::{Finding, Oracle, Step, ensure};
use crate::truth::Truth;
use crate::venue::Venue;

pub(crate) fn check(step: &Step<'_>) -> Finding {
    let ledger = step.engine.ledger();
    let is_sound = ledger.is_balanced() && ledger.total().is_ok_and(Money::is_zero);
    ensure(Oracle::Ledger, is_sound, || "the ledger does not sum to zero".to_owned())
}

/// The simulated exchange's own books, at the end of a world: the judge must be sound, too.
pub(crate) fn check_venue(venue: &Venue, truth: &Truth) -> Finding {
    let cash: Decimal = venue.exchange.account().cash.get();
    ensure(Oracle::Ledger, cash == truth.cash(), || {
        format!("the venue has {cash}, and has told of {}", truth.cash())
    })
}
