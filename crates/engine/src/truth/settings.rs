//! Settings of start-up and reconciliation: the only table of their defaults.

use seawall_model::{InstrumentName, Span};
use serde::{Deserialize, Serialize};

use crate::error::EngineError;

/// What becomes of a position that no order of this run explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionPolicy {
    /// It is protected and managed like any other.
    #[default]
    Adopt,
    /// It is reported and counted, and nothing is ordered on its instrument.
    Ignore,
    /// It is protected, and closed at market once two complete reports have shown it.
    Flatten,
}

/// What becomes of an order of Seawall that the books don't know and that could open a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrphanPolicy {
    /// It is cancelled.
    #[default]
    Cancel,
    /// It is reported and left alone.
    Report,
}

/// What somebody else's resting order means for its instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForeignOrderPolicy {
    /// It is reported and left alone.
    #[default]
    Report,
    /// The instrument is also not entered while it rests.
    Block,
}

/// What a position on an instrument means that this run does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldingPolicy {
    /// Its value counts as exposure and, in full, as margin. Where the venue does not tell its value, nothing
    /// is entered.
    #[default]
    Count,
    /// Nothing is entered while it is there.
    Block,
}

/// Another policy for one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionOverride {
    /// The instrument.
    pub instrument: InstrumentName,
    /// What becomes of its position.
    pub positions: PositionPolicy,
}

/// The `reconcile` section: what becomes of what the venue has and the books don't, and when a lasting
/// disagreement ends all new risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReconcileSettings {
    /// What becomes of a position that no order of this run explains.
    pub positions: PositionPolicy,
    /// Instruments for which that is different.
    pub position_overrides: Vec<PositionOverride>,
    /// Whether somebody else's stop protects an adopted position. It has to rest on the right side of the
    /// price, only reduce, cover the whole position, and be in two complete lists. Otherwise a stop of our
    /// own is placed in any case.
    pub adopt_foreign_stops: bool,
    /// What becomes of an order of Seawall that the books don't know and that could open a position.
    pub orphan_orders: OrphanPolicy,
    /// What somebody else's resting order means for its instrument.
    pub foreign_orders: ForeignOrderPolicy,
    /// What a position on an instrument means that this run does not know.
    pub foreign_holdings: HoldingPolicy,
    /// Minutes of a comparison that does not end, after which the kill switch goes on. `off`: never.
    pub kill_after_unreconciled_minutes: Option<u32>,
    /// Failed reports and unknown outcomes within a minute at which the kill switch goes on. `off`: never.
    pub kill_after_api_errors: Option<u32>,
    /// Whether a broken invariant turns the kill switch on, beside the mode `protect_only`.
    pub kill_on_broken_invariant: bool,
}

impl Default for ReconcileSettings {
    fn default() -> Self {
        ReconcileSettings {
            positions: PositionPolicy::Adopt,
            position_overrides: Vec::new(),
            adopt_foreign_stops: true,
            orphan_orders: OrphanPolicy::Cancel,
            foreign_orders: ForeignOrderPolicy::Report,
            foreign_holdings: HoldingPolicy::Count,
            kill_after_unreconciled_minutes: Some(60),
            kill_after_api_errors: Some(120),
            kill_on_broken_invariant: true,
        }
    }
}

impl ReconcileSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first broken rule with its full key.
    pub fn check(&self) -> Result<(), EngineError> {
        let minutes = ("reconcile.kill_after_unreconciled_minutes", self.kill_after_unreconciled_minutes);
        let errors = ("reconcile.kill_after_api_errors", self.kill_after_api_errors);
        for ((key, value), least, most) in [(minutes, 1, 1_440), (errors, 10, 100_000)] {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                let rule = format!("allowed are {least} to {most}, or off");
                return Err(EngineError::Setting { key, value: value.to_string(), rule });
            }
        }
        let mut names: Vec<String> =
            self.position_overrides.iter().map(|one| one.instrument.canonical().to_string()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(EngineError::Setting {
                key: "reconcile.position_overrides",
                value: pair.first().cloned().unwrap_or_default(),
                rule: "an instrument has one policy".to_owned(),
            });
        }
        Ok(())
    }

    /// The policy for a position of `name`.
    pub(crate) fn policy(&self, name: &InstrumentName) -> PositionPolicy {
        let own = name.canonical();
        let found = self.position_overrides.iter().find(|one| one.instrument.canonical() == own);
        found.map_or(self.positions, |one| one.positions)
    }

    pub(crate) fn patience(&self) -> Option<Span> {
        self.kill_after_unreconciled_minutes.map(|minutes| Span::from_secs(i64::from(minutes) * 60))
    }
}
