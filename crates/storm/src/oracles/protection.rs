//! O1: every non-zero position at the venue has working stops that cover it, within a bound that begins with
//! the position or with the last fault that may be why it has none. While no process runs no time is counted:
//! what it left behind stands, and nobody can do more.

use seawall_model::Span;

use super::{Finding, Oracle, ensure};
use crate::truth::Truth;

pub(crate) fn check(truth: &Truth, bound: Span) -> Finding {
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
