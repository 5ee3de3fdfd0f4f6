//! What a venue says about the account that is about no order of ours: bookings, and holdings on instruments
//! that the run does not know.

use arrayvec::ArrayString;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::decimal::Money;
use crate::instrument::InstrumentId;
use crate::order::VenueId;
use crate::time::Ts;

/// What a booking is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingKind {
    /// Funding of a position: paid (negative) or received.
    Funding,
    /// Money that came in (positive) or went out.
    Transfer,
}

impl BookingKind {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BookingKind::Funding => "funding",
            BookingKind::Transfer => "transfer",
        }
    }
}

/// One line of the venue's account log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// The venue's unique id of the line: told twice, it counts once.
    pub id: VenueId,
    /// What it is for.
    pub kind: BookingKind,
    /// Which instrument, where it is one of the run.
    pub instrument: Option<InstrumentId>,
    /// By how much the cash changed, in the settle currency.
    pub amount: Money,
    /// When the venue booked it.
    pub venue_time: Ts,
}

/// A position on an instrument that is not in the run's table: delisted, excluded or not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignHolding {
    /// The venue's own spelling: there is no other name for it.
    pub symbol: ArrayString<40>,
    /// Signed quantity in the venue's own unit.
    pub qty: Decimal,
    /// Its value without sign in the settle currency, where the report allows to tell.
    pub value: Option<Money>,
}
