//! The things that a detector follows, and the prices that change them next.
//!
//! [`Living`] keeps them in order of age, with room for a fixed number. [`Triggers`] is a heap of prices:
//! what a bar does not reach costs one comparison, what it reaches costs a logarithm of the number of things.
//! Nothing allocates once the things have reached their largest number.

use core::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::error::SmcError;
use crate::event::Id;

/// How many live things of a kind a detector follows unless told otherwise.
pub const LIVE_DEFAULT: usize = 128;

/// The most live things that a detector can be told to follow.
pub const LIVE_MAX: usize = 16_777_216;

/// Room that is made at once; more grows as it is needed.
const RESERVED_MAX: usize = 1_024;

const NONE: u32 = u32::MAX;

/// Refuses a number of live things out of range.
pub(crate) fn check_live(name: &'static str, capacity: usize) -> Result<(), SmcError> {
    if (1..=LIVE_MAX).contains(&capacity) {
        return Ok(());
    }
    Err(SmcError::Parameter { name, rule: "must be from 1 to 16777216" })
}

#[derive(Debug, Clone)]
struct Slot<T> {
    /// The thing, while it lives.
    living: Option<(Id, T)>,
    older: u32,
    /// The next younger one, or the next free slot.
    younger: u32,
}

/// Live things in order of age. A place in it is a slot number, which is used again after a death; a place is
/// therefore always asked for together with the id.
#[derive(Debug, Clone)]
pub(crate) struct Living<T> {
    slots: Vec<Slot<T>>,
    free: u32,
    oldest: u32,
    newest: u32,
    len: usize,
    capacity: usize,
}

impl<T> Living<T> {
    /// Room for `capacity` things, which [`check_live`] accepted.
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, LIVE_MAX);
        let slots = Vec::with_capacity(capacity.min(RESERVED_MAX));
        Living { slots, free: NONE, oldest: NONE, newest: NONE, len: 0, capacity }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.len >= self.capacity
    }

    fn slot(&self, place: u32) -> Option<&Slot<T>> {
        self.slots.get(usize::try_from(place).ok()?)
    }

    fn slot_mut(&mut self, place: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut(usize::try_from(place).ok()?)
    }

    /// Whether the thing named `id` still lives at `place`.
    pub(crate) fn contains(&self, place: u32, id: Id) -> bool {
        self.slot(place).and_then(|slot| slot.living.as_ref()).is_some_and(|(living, _)| *living == id)
    }

    /// The thing at `place`, if it is still the one named `id`.
    pub(crate) fn get_mut(&mut self, place: u32, id: Id) -> Option<&mut T> {
        match self.slot_mut(place)?.living.as_mut()? {
            (living, thing) if *living == id => Some(thing),
            _ => None,
        }
    }

    /// Adds the newest thing. The caller makes room first; without room nothing is added.
    pub(crate) fn insert(&mut self, id: Id, thing: T) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        let newest = self.newest;
        let slot = Slot { living: Some((id, thing)), older: newest, younger: NONE };
        let place = if self.free == NONE {
            let place = u32::try_from(self.slots.len()).ok()?;
            self.slots.push(slot);
            place
        } else {
            let place = self.free;
            let free = self.slot_mut(place)?;
            let next_free = free.younger;
            *free = slot;
            self.free = next_free;
            place
        };
        match self.slot_mut(newest) {
            Some(newest) => newest.younger = place,
            None => self.oldest = place,
        }
        self.newest = place;
        self.len += 1;
        Some(place)
    }

    /// Takes out the thing at `place`, if it is still the one named `id`.
    pub(crate) fn remove(&mut self, place: u32, id: Id) -> Option<T> {
        let free = self.free;
        let slot = self.slot_mut(place)?;
        let (_, thing) = slot.living.take_if(|(living, _)| *living == id)?;
        let (older, younger) = (slot.older, slot.younger);
        slot.younger = free;
        self.free = place;
        match self.slot_mut(older) {
            Some(older) => older.younger = younger,
            None => self.oldest = younger,
        }
        match self.slot_mut(younger) {
            Some(younger) => younger.older = older,
            None => self.newest = older,
        }
        self.len -= 1;
        Some(thing)
    }

    /// The oldest thing, with its place.
    pub(crate) fn oldest(&self) -> Option<(u32, Id, &T)> {
        let (id, thing) = self.slot(self.oldest)?.living.as_ref()?;
        Some((self.oldest, *id, thing))
    }

    /// The things, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut place = self.oldest;
        core::iter::from_fn(move || {
            let slot = self.slot(place)?;
            place = slot.younger;
            slot.living.as_ref().map(|(_, thing)| thing)
        })
    }
}

#[derive(Debug, Clone, Copy)]
struct Trigger {
    price: f64,
    place: u32,
    id: Id,
}

impl Ord for Trigger {
    fn cmp(&self, other: &Self) -> Ordering {
        // The older thing first among equal prices.
        self.price.total_cmp(&other.price).then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Trigger {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Trigger {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Trigger {}

/// Prices that change something once a bar comes down to them, highest first. For what is reached from below,
/// negate both prices: negation is exact.
///
/// Entries of things that died meanwhile stay until they are reached, or until [`Triggers::tidy`].
#[derive(Debug, Clone)]
pub(crate) struct Triggers {
    heap: BinaryHeap<Trigger>,
    /// The highest price, apart from the heap so that it is at hand.
    highest: f64,
}

impl Triggers {
    pub(crate) fn new(capacity: usize) -> Self {
        let heap = BinaryHeap::with_capacity(2 * capacity.min(RESERVED_MAX));
        Triggers { heap, highest: f64::NEG_INFINITY }
    }

    /// The thing at `place` changes when `price` is reached.
    pub(crate) fn push(&mut self, price: f64, place: u32, id: Id) {
        self.heap.push(Trigger { price, place, id });
        self.highest = self.highest.max(price);
    }

    /// Whether a bar that comes down to `reach` gets to any price.
    #[inline]
    pub(crate) fn reaches(&self, reach: f64) -> bool {
        self.highest >= reach
    }

    /// Takes out the next thing whose price is at or above `reach`.
    #[inline]
    pub(crate) fn pop_reached(&mut self, reach: f64) -> Option<(u32, Id)> {
        if !self.reaches(reach) {
            return None;
        }
        let trigger = self.heap.pop()?;
        self.refresh();
        Some((trigger.place, trigger.id))
    }

    /// Drops the entries of the dead once they could outnumber the living, so that memory is bounded.
    pub(crate) fn tidy(&mut self, capacity: usize, lives: impl Fn(u32, Id) -> bool) {
        if self.heap.len() >= 2 * capacity {
            self.heap.retain(|trigger| lives(trigger.place, trigger.id));
            self.refresh();
        }
    }

    fn refresh(&mut self) {
        self.highest = self.heap.peek().map_or(f64::NEG_INFINITY, |trigger| trigger.price);
    }
}
