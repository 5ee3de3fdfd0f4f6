//! O1: every non-zero position at the venue has working stops that cover it, within a bound that begins with
//! the position or with the last fault that may be why it has none. While no process runs no time is counted:
//! what it left behind stands, and nobody can do more. Stops follow the position down as well: they are not
//! larger than it, and none is left of one that is gone, within twice that bound.

use seawall_model::Span;

use super::{Finding, Oracle, ensure};
use crate::truth::Truth;

/// Stops that are larger than the position have twice as long: they do no harm by themselves.
const OVERSIZED_TIMES: i64 = 2;

pub(crate) fn check(truth: &Truth, bound: Span) -> Finding {
    let larger = Span::from_nanos(bound.nanos().saturating_mul(OVERSIZED_TIMES));
    ensure(Oracle::Protection, truth.oversized_quiet_max <= larger, || {
        format!(
            "stops larger than the position for {} s since the last fault ({:?}); the bound is {} s",
            truth.oversized_quiet_max.secs_f64(),
            truth.oversized,
            larger.secs_f64()
        )
    })?;
    ensure(Oracle::Protection, truth.naked_quiet_max <= bound, || {
        let naked: Vec<usize> = truth
            .naked
            .iter()
            .enumerate()
            .filter(|(_, naked)| naked.since.is_some())
            .map(|(number, _)| number)
            .collect();
        format!(
            "instrument {naked:?} without covering stops for {} s since the last fault, {} s in all; the bound is {} s",
            truth.naked_quiet_max.secs_f64(),
            truth.naked_max.secs_f64(),
            bound.secs_f64()
        )
    })
}
