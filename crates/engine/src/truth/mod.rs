//! What the engine knows about how far its books can be trusted: reports that came in or failed, the private
//! stream, differences found, bookings told, holdings that are not ours to trade.
//!
//! All of it is plain data in small structs, part of the digest, and can be written out and read back.

pub mod blocks;
mod events;
pub(crate) mod foreign;
pub mod queries;
pub mod settings;
mod verify;

use std::collections::BTreeMap;

use arrayvec::ArrayVec;
use seawall_model::{AlertKind, Booking, ForeignHolding, Money, Span, StateSink, Ts, VenueId};
use serde::{Deserialize, Serialize};

use crate::effects::Effects;
use crate::limits::{ADJUSTMENTS_REMEMBERED, BOOKINGS_REMEMBERED};
use queries::Queries;

/// A comparison that has not ended after this is told; then each time that twice as long has passed.
pub(crate) const NOT_READY_AFTER: Span = Span::from_secs(30);

/// Lines of the account log that were counted, and what was booked before its reason was told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Bookings {
    ids: Vec<VenueId>,
    next: usize,
    /// Differences of the balance that were accepted, and when: a booking told later may explain one.
    adjusted: ArrayVec<(Money, Ts), ADJUSTMENTS_REMEMBERED>,
}

impl Bookings {
    /// Remembers a booking; `false` if it was told before.
    fn is_new(&mut self, id: VenueId) -> bool {
        if self.ids.contains(&id) {
            return false;
        }
        if self.ids.len() < BOOKINGS_REMEMBERED {
            self.ids.push(id);
        } else if let Some(slot) = self.ids.get_mut(self.next) {
            *slot = id;
            self.next = (self.next + 1) % BOOKINGS_REMEMBERED;
        }
        true
    }

    /// A difference of the balance was accepted without a reason.
    pub(crate) fn adjusted(&mut self, at: Ts, amount: Money) {
        if self.adjusted.is_full() {
            self.adjusted.remove(0);
        }
        self.adjusted.push((amount, at));
    }

    /// Whether `booking` is the reason of a difference that was accepted earlier; each explains one.
    fn explains(&mut self, booking: &Booking) -> bool {
        let found = self
            .adjusted
            .iter()
            .position(|(amount, at)| *amount == booking.amount && booking.venue_time <= *at);
        found.map(|place| self.adjusted.remove(place)).is_some()
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.ids.len() as u64);
        sink.number(self.next as u64);
        for id in &self.ids {
            match id {
                VenueId::Number(number) => sink.number(*number),
                VenueId::Text(text) => sink.bytes(text.as_bytes()),
            }
        }
        for (amount, at) in &self.adjusted {
            sink.decimal(amount.get());
            sink.signed(at.nanos());
        }
    }
}

/// What the account holds on instruments that are not in the run's table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Elsewhere {
    pub(crate) rows: Vec<ForeignHolding>,
    /// When the picture was taken.
    pub(crate) taken_at: Option<Ts>,
}

impl Elsewhere {
    /// A complete picture of positions taken at `taken_at`: without holdings told for it, there are none.
    pub(crate) fn pictured(&mut self, taken_at: Ts) {
        if self.taken_at.is_some_and(|told| told < taken_at) {
            *self = Elsewhere::default();
        }
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.taken_at.map_or(i64::MIN, Ts::nanos));
        for row in &self.rows {
            sink.bytes(row.symbol.as_bytes());
            sink.decimal(row.qty);
            sink.decimal(row.value.map_or(rust_decimal::Decimal::NEGATIVE_ONE, Money::get));
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Truth {
    /// Since when the private stream is lost.
    pub(crate) lost_since: Option<Ts>,
    /// Since when a comparison lasts that has not ended in agreement.
    pub(crate) unreconciled_since: Option<Ts>,
    /// How often that was told.
    pub(crate) told_unready: u32,
    pub(crate) queries: Queries,
    pub(crate) bookings: Bookings,
    pub(crate) elsewhere: Elsewhere,
    /// How often each kind of alert was raised.
    pub(crate) told: BTreeMap<AlertKind, u64>,
}

impl Truth {
    /// The process was started again: the driver tells anew whether there is a stream.
    pub(crate) fn restarted(&mut self, at: Ts) {
        self.lost_since = None;
        self.unreconciled_since = Some(at);
        self.told_unready = 0;
    }

    /// Books and venue agree.
    pub(crate) fn agreed(&mut self) {
        self.unreconciled_since = None;
        self.told_unready = 0;
    }

    /// Counts what a step has told.
    #[inline]
    pub(crate) fn count(&mut self, effects: &Effects) {
        for alert in &effects.alerts {
            let told = self.told.entry(alert.kind).or_insert(0);
            *told = told.saturating_add(1);
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.lost_since.map_or(i64::MIN, Ts::nanos));
        sink.signed(self.unreconciled_since.map_or(i64::MIN, Ts::nanos));
        sink.number(u64::from(self.told_unready));
        self.queries.digest(sink);
        self.bookings.digest(sink);
        self.elsewhere.digest(sink);
    }
}
