//! Pieces of a carry, as they are written down one after the other.
//!
//! Invariant: a carry with all patches applied that a [`super::Tracker`] made is the engine's own, but for
//! readings of prices that came in since.

use seawall_model::{InstrumentName, Ts};
use serde::{Deserialize, Serialize};

use super::account::{AccountCarry, Counters};
use super::desk::{DeskCarry, DeskReadings, Scales};
use super::ring::RingPatch;
use super::trading::TradingPatch;
use super::{CARRY_VERSION, Carry};
use crate::desk::{Desk, RecentIds};
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

/// What has changed of one instrument: what is left out is as it was. The first patch of an instrument has
/// everything. Long memories are told by what is new in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeskPatch {
    instrument: InstrumentName,
    /// With everything; left out where they are as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scales: Option<Scales>,
    #[serde(default, skip_serializing_if = "TradingPatch::is_empty")]
    trading: TradingPatch,
    readings: DeskReadings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended: Vec<Order>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recent_fills: Option<RingPatch<Said>>,
    /// Along with them: when the newest one that is forgotten happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgotten_fills: Option<Ts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    foreign_orders: Option<RingPatch<seawall_model::VenueId>>,
}

impl DeskPatch {
    /// All of a desk.
    pub(super) fn whole(desk: &DeskCarry) -> Self {
        let DeskCarry { instrument, scales, trading, readings, ended, recent_fills, foreign_orders } = desk;
        DeskPatch {
            instrument: instrument.clone(),
            scales: Some(*scales),
            trading: TradingPatch::whole(trading),
            readings: *readings,
            ended: ended.clone(),
            recent_fills: Some(RingPatch::between(&[], &recent_fills.fills, recent_fills.next)),
            forgotten_fills: Some(recent_fills.forgotten),
            foreign_orders: Some(RingPatch::between(&[], &foreign_orders.ids, foreign_orders.next)),
        }
    }

    /// What of `desk` is not as `known` has it, if anything but readings; `known` has it from here on.
    pub(super) fn since(known: &mut Option<DeskCarry>, desk: &Desk) -> Option<Self> {
        // What a carry knows nothing of it does not have, and other scales make other numbers: both begin
        // anew.
        if let Some(known) = known.as_mut().filter(|known| known.scales_fit(desk) && !known.is_blank()) {
            return DeskPatch::changes(known, desk);
        }
        let now = DeskCarry::of(desk);
        let differs = known.as_mut().map_or(!now.is_blank(), |known| {
            known.readings = now.readings;
            *known != now
        });
        let patch = differs.then(|| DeskPatch::whole(&now));
        if differs {
            *known = Some(now);
        }
        patch
    }

    fn changes(known: &mut DeskCarry, desk: &Desk) -> Option<Self> {
        let recent_fills = known.newly_filled(desk);
        let patch = DeskPatch {
            instrument: known.instrument.clone(),
            scales: None,
            trading: known.trading.catch_up(desk),
            readings: DeskReadings::of(desk),
            ended: known.newly_ended(desk),
            forgotten_fills: recent_fills.as_ref().map(|_| desk.recent_fills.forgotten),
            recent_fills,
            foreign_orders: known.newly_foreign(desk),
        };
        let memories = patch.recent_fills.is_none() && patch.foreign_orders.is_none();
        let nothing = patch.trading.is_empty() && patch.ended.is_empty() && memories;
        (!nothing).then_some(patch)
    }

    /// What it makes of `before`; `None` where it builds on something that is not there.
    fn apply(&self, before: Option<DeskCarry>) -> Option<DeskCarry> {
        // On other scales the numbers of before mean something else.
        let before = before.filter(|desk| self.scales.is_none_or(|scales| desk.scales == scales));
        let scales = self.scales.or(before.as_ref().map(|desk| desk.scales))?;
        let (trading, mut ended, mut fills, mut foreign) = before.map_or_else(
            || (None, Vec::new(), RecentFills::default(), RecentIds::default()),
            |desk| (Some(desk.trading), desk.ended, desk.recent_fills, desk.foreign_orders),
        );
        for order in &self.ended {
            match ended.iter_mut().find(|known| known.id() == order.id()) {
                Some(known) => *known = order.clone(),
                None => ended.push(order.clone()),
            }
        }
        let surplus = ended.len().saturating_sub(ENDED_ORDERS_REMEMBERED);
        ended.drain(..surplus);
        if let Some(news) = &self.recent_fills {
            news.apply(&mut fills.fills, &mut fills.next);
        }
        fills.forgotten = self.forgotten_fills.unwrap_or(fills.forgotten);
        if let Some(news) = &self.foreign_orders {
            news.apply(&mut foreign.ids, &mut foreign.next);
        }
        Some(DeskCarry {
            instrument: self.instrument.clone(),
            scales,
            trading: self.trading.apply(trading)?,
            readings: self.readings,
            ended,
            recent_fills: fills,
            foreign_orders: foreign,
        })
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
    /// [`EngineError::Carry`] for one of a newer form, of another run, or that builds on a part that is
    /// missing; the carry is of no use then.
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
            let after = desk.apply(before).ok_or_else(|| EngineError::Carry {
                what: format!("a part of {} builds on one that is missing", desk.instrument),
            })?;
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
