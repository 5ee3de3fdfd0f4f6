//! What refused plans would have made, counted by the gate that refused them: which gate earns its keep.
//!
//! A gate whose refused plans would have lost on average kept money in; one whose refused plans would have
//! won cost some. The plans are followed one by one, without an account: they say nothing about how many
//! could have been held at once.

use seawall_model::{Decision, Gate, Outcome};
use serde::Serialize;
use serde::ser::SerializeStruct;

use crate::metrics::ratios::ratio;

/// The plans that one gate refused.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShadowTally {
    /// Refusals of a plan with prices, the same plan each time it was refused.
    pub refused: u64,
    /// Plans that were followed to their end; a plan refused again meanwhile is one.
    pub followed: u64,
    /// Those of them whose entry was never reached.
    pub never_entered: u64,
    /// Those that would have gained after costs.
    pub won: u64,
    /// Those that would not.
    pub lost: u64,
    /// Sum of what those that would have been entered would have made, in multiples of their risk.
    pub r_sum: f64,
}

impl ShadowTally {
    /// Counts a plan that was followed to its end; `r` is `None` where it was never entered.
    pub fn end(&mut self, r: Option<f64>) {
        self.followed += 1;
        match r {
            None => self.never_entered += 1,
            Some(r) => {
                self.r_sum += r;
                if r > 0.0 {
                    self.won += 1;
                } else {
                    self.lost += 1;
                }
            }
        }
    }

    /// What a plan that would have been entered would have made on average; `None` where there is none.
    #[must_use]
    pub fn r_mean(&self) -> Option<f64> {
        ratio(self.r_sum, (self.won + self.lost) as f64)
    }
}

impl Serialize for ShadowTally {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ShadowTally", 7)?;
        fields.serialize_field("refused", &self.refused)?;
        fields.serialize_field("followed", &self.followed)?;
        fields.serialize_field("never_entered", &self.never_entered)?;
        fields.serialize_field("won", &self.won)?;
        fields.serialize_field("lost", &self.lost)?;
        fields.serialize_field("r_mean", &self.r_mean())?;
        fields.serialize_field("r_sum", &self.r_sum)?;
        fields.end()
    }
}

/// The plans that were refused, by gate.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowCounts(Vec<ShadowTally>);

impl Default for ShadowCounts {
    fn default() -> Self {
        ShadowCounts(vec![ShadowTally::default(); Gate::ALL.len()])
    }
}

impl ShadowCounts {
    /// Counts a decision, if it refused a plan.
    #[inline]
    pub fn decision(&mut self, decision: &Decision) {
        if let (Outcome::Refused(gate), true) = (decision.outcome, decision.planned.is_some()) {
            self.refused(gate, 1);
        }
    }

    /// Counts refusals of plans.
    pub fn refused(&mut self, gate: Gate, count: u64) {
        if let Some(tally) = self.0.get_mut(gate as usize) {
            tally.refused += count;
        }
    }

    /// Counts a plan that was followed to its end.
    pub fn end(&mut self, gate: Gate, r: Option<f64>) {
        if let Some(tally) = self.0.get_mut(gate as usize) {
            tally.end(r);
        }
    }

    /// The gates that refused plans, in the order of the gates.
    pub fn by_gate(&self) -> impl Iterator<Item = (Gate, &ShadowTally)> {
        let seen = |(_, tally): &(Gate, &ShadowTally)| tally.refused > 0 || tally.followed > 0;
        Gate::ALL.iter().copied().zip(&self.0).filter(seen)
    }

    /// The tally of a gate.
    #[must_use]
    pub fn of(&self, gate: Gate) -> Option<&ShadowTally> {
        self.0.get(gate as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_counted_by_gate_and_those_never_entered_have_no_share_in_the_mean() {
        let mut counts = ShadowCounts::default();
        counts.refused(Gate::Adx, 5);
        for r in [Some(1.9), Some(-1.1), None, Some(0.0)] {
            counts.end(Gate::Adx, r);
        }
        counts.end(Gate::Score, None);
        let all: Vec<_> = counts.by_gate().map(|(gate, tally)| (gate, *tally)).collect();
        let (gate, adx) = all[0];
        assert_eq!((gate, adx.refused, adx.followed, adx.never_entered), (Gate::Adx, 5, 4, 1));
        assert_eq!((adx.won, adx.lost), (1, 2));
        assert!((adx.r_mean().unwrap() - 0.8 / 3.0).abs() < 1e-12);
        assert_eq!((all[1].0, all[1].1.r_mean(), all.len()), (Gate::Score, None, 2));
        let mut decision = Decision::empty();
        decision.outcome = Outcome::Refused(Gate::Score);
        counts.decision(&decision);
        assert_eq!(counts.of(Gate::Score).unwrap().refused, 0, "there was no plan");
    }
}
