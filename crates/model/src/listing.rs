//! What a venue lists: which contracts there are and how they trade, as far as the driver knows.
//!
//! A row is a statement of the venue about one contract. Open interest and funding are not part of it: what
//! venues report there proved unreliable, so nothing may be decided by it. What is not known is `None`, which
//! is another fact than zero.

use serde::{Deserialize, Serialize};

use crate::decimal::Price;
use crate::instrument::{ContractKind, InstrumentName};

/// What kind of contract a venue lists. More than [`ContractKind`]: what cannot be traded here is listed too,
/// and must be told apart from what can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListedKind {
    /// The coin itself.
    Spot,
    /// A linear perpetual future.
    LinearPerpetual,
    /// A future that is margined and paid in the coin.
    Inverse,
    /// A future that ends on a day.
    FixedMaturity,
}

impl From<ContractKind> for ListedKind {
    fn from(kind: ContractKind) -> Self {
        match kind {
            ContractKind::Spot => ListedKind::Spot,
            ContractKind::LinearPerpetual => ListedKind::LinearPerpetual,
        }
    }
}

/// One contract of a venue's listing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListingRow {
    /// Its canonical name.
    pub name: InstrumentName,
    /// What kind of contract it is.
    pub kind: ListedKind,
    /// Traded within the last 24 hours, in quote currency: a measurement, hence a float. `None`: not known.
    pub volume_24h: Option<f64>,
    /// Best bid. `None` beside an ask: nobody bids; `None` for both: not known.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
}
