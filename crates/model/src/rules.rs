//! What a venue says about an instrument while a run goes on: whether it takes orders, and its steps, minima
//! and margin.
//!
//! A run fixes the integer scales of its instruments at the start. [`Rules`] therefore speak in decimals, and
//! [`crate::Instrument::with_rules`] says whether they fit the scales.

use serde::{Deserialize, Serialize};

use crate::decimal::{Money, Price, Qty, Ratio};
use crate::instrument::{InstrumentId, MarginTier};

/// Which orders an instrument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trading {
    /// Every order.
    #[default]
    Open,
    /// What is held is looked after, nothing is entered: the run no longer chooses the instrument.
    LookedAfter,
    /// The venue takes resting orders only.
    PostOnly,
    /// The venue takes no orders at the moment.
    Suspended,
    /// The venue lists it no more.
    Delisted,
}

impl Trading {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Trading::Open => "open",
            Trading::LookedAfter => "looked_after",
            Trading::PostOnly => "post_only",
            Trading::Suspended => "suspended",
            Trading::Delisted => "delisted",
        }
    }

    /// Whether a position may be opened or enlarged.
    #[must_use]
    pub const fn takes_entries(self) -> bool {
        match self {
            Trading::Open => true,
            Trading::LookedAfter | Trading::PostOnly | Trading::Suspended | Trading::Delisted => false,
        }
    }

    /// Whether the venue takes orders that protect or close a position.
    #[must_use]
    pub const fn takes_orders(self) -> bool {
        match self {
            Trading::Open | Trading::LookedAfter | Trading::PostOnly => true,
            Trading::Suspended | Trading::Delisted => false,
        }
    }
}

/// The rules of an instrument as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Which orders it takes.
    pub trading: Trading,
    /// Price increment.
    pub tick: Price,
    /// Quantity increment, in contracts.
    pub lot: Qty,
    /// Smallest order, in contracts.
    pub min_qty: Qty,
    /// Smallest order value in quote currency.
    pub min_notional: Money,
    /// Highest leverage.
    pub leverage_max: Ratio,
    /// The only leverages that can be set, rising; empty: any up to `leverage_max`.
    pub leverages: Vec<Ratio>,
    /// Maintenance-margin tiers by rising notional; empty: one tier of half the initial margin.
    pub margin_tiers: Vec<MarginTier>,
}
