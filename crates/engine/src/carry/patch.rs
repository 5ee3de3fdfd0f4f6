//! Pieces of a carry, as they are written down one after the other.
//!
//! Invariant: a carry with all patches applied that a [`super::Tracker`] made is the engine's own, but for
//! readings of prices that came in since.

use seawall_model::InstrumentName;
use serde::{Deserialize, Serialize};

use super::account::{AccountCarry, Counters};
use super::desk::{DeskCarry, DeskReadings, DeskTrading, Scales};
use super::ring::RingPatch;
use super::{CARRY_VERSION, Carry};
use crate::desk::RecentIds;
use crate::error::EngineError;
use crate::limits::ENDED_ORDERS_REMEMBERED;
use crate::orders::Order;
use crate::quarantine::{RecentFills, Said};
use crate::truth::Bookings;

/// What has changed of an account since the patch before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// [`CARRY_VERSION`] of the program that wrote it.
    pub version: u32,
    /// Run and counters, always.
    pub counters: Counters,
    /// The account, if anything of it has changed.
    pub account: Option<AccountCarry>,
    /// Lines of the account log, if one was counted.
    pub(crate) bookings: Option<Bookings>,
    /// The instruments of which something has changed.
    pub desks: Vec<DeskPatch>,
}

/// What has changed of one instrument. Long memories are told by what is new in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskPatch {
    instrument: InstrumentName,
    scales: Scales,
    trading: DeskTrading,
    readings: DeskReadings,
    ended: Vec<Order>,
    recent_fills: RingPatch<Said>,
    foreign_orders: RingPatch<seawall_model::VenueId>,
}

impl DeskPatch {
    /// What makes `after` of `before`; all of it without a `before`.
    pub(super) fn between(before: Option<&DeskCarry>, after: &DeskCarry) -> Self {
        let ended = before.map_or(&[][..], |desk| desk.ended.as_slice());
        let known = |order: &&Order| ended.iter().any(|known| known == *order);
        let fills = before.map_or(&[][..], |desk| desk.recent_fills.fills.as_slice());
        let foreign = before.map_or(&[][..], |desk| desk.foreign_orders.ids.as_slice());
        DeskPatch {
            instrument: after.instrument.clone(),
            scales: after.scales,
            trading: after.trading.clone(),
            readings: after.readings,
            ended: after.ended.iter().filter(|order| !known(order)).cloned().collect(),
            recent_fills: RingPatch::between(fills, &after.recent_fills.fills, after.recent_fills.next),
            foreign_orders: RingPatch::between(foreign, &after.foreign_orders.ids, after.foreign_orders.next),
        }
    }

    fn apply(&self, before: Option<DeskCarry>) -> DeskCarry {
        // On other scales the numbers of before mean something else.
        let before = before.filter(|desk| desk.scales == self.scales);
        let (mut ended, mut fills, mut foreign) = before.map_or_else(
            || (Vec::new(), RecentFills::default(), RecentIds::default()),
            |desk| (desk.ended, desk.recent_fills, desk.foreign_orders),
        );
        for order in &self.ended {
            match ended.iter_mut().find(|known| known.id() == order.id()) {
                Some(known) => *known = order.clone(),
                None => ended.push(order.clone()),
            }
        }
        let surplus = ended.len().saturating_sub(ENDED_ORDERS_REMEMBERED);
        ended.drain(..surplus);
        self.recent_fills.apply(&mut fills.fills, &mut fills.next);
        self.foreign_orders.apply(&mut foreign.ids, &mut foreign.next);
        DeskCarry {
            instrument: self.instrument.clone(),
            scales: self.scales,
            trading: self.trading.clone(),
            readings: self.readings,
            ended,
            recent_fills: fills,
            foreign_orders: foreign,
        }
    }
}

impl Carry {
    /// The carry that begins with `first`, a patch that has an account: the first one of a whole state.
    ///
    /// # Errors
    /// [`EngineError::Carry`] where it has none, or is of a newer form.
    pub fn begin(first: &Patch) -> Result<Self, EngineError> {
        let Some(account) = first.account.clone() else {
            return Err(EngineError::Carry { what: "its first part has no account".to_owned() });
        };
        let counters = first.counters;
        let mut carry = Carry {
            version: CARRY_VERSION,
            counters,
            account,
            bookings: Bookings::default(),
            desks: std::collections::BTreeMap::new(),
        };
        carry.apply(first)?;
        Ok(carry)
    }

    /// Applies the next patch.
    ///
    /// # Errors
    /// [`EngineError::Carry`] for one of a newer form or of another run; nothing is changed then.
    pub fn apply(&mut self, patch: &Patch) -> Result<(), EngineError> {
        if patch.version > CARRY_VERSION {
            let version = patch.version;
            let what = format!(
                "a part has version {version}, this program knows {CARRY_VERSION}: run the newer one"
            );
            return Err(EngineError::Carry { what });
        }
        if patch.counters.run != self.counters.run {
            let (run, other) = (self.counters.run, patch.counters.run);
            return Err(EngineError::Carry { what: format!("parts of run {run} and of run {other} in one") });
        }
        self.counters = patch.counters;
        if let Some(account) = &patch.account {
            self.account = account.clone();
        }
        if let Some(bookings) = &patch.bookings {
            self.bookings = bookings.clone();
        }
        for desk in &patch.desks {
            let before = self.desks.remove(&desk.instrument);
            let after = desk.apply(before);
            // Nothing is known of it any more.
            if !after.is_blank() {
                self.desks.insert(desk.instrument.clone(), after);
            }
        }
        Ok(())
    }

    /// Forgets what prices alone have made of it, for comparisons.
    #[must_use]
    pub fn without_readings(mut self) -> Self {
        self.account.forget_readings();
        for desk in self.desks.values_mut() {
            desk.readings = DeskReadings::default();
        }
        self
    }
}
