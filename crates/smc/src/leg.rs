//! The leg that leads to a break: from the extreme since the broken pivot on.
//!
//! A pivot may stay unbroken for any number of bars, so the extreme since the pivot is kept as it grows:
//! found among the last `leg_size` bars when the pivot is confirmed, then compared with each new bar. Memory
//! is fixed and a bar costs two comparisons.

use crate::bar::{Bar, Direction};
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::pivot::check_side;

/// A bar as it takes part in the choice of the extreme.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) index: u64,
    pub(crate) bar: Bar,
    /// Compared for legs up: the lowest wins.
    pub(crate) low_key: f64,
    /// Compared for legs down: the highest wins.
    pub(crate) high_key: f64,
}

impl Candidate {
    /// A bar that is compared by its true high and low.
    pub(crate) const fn of(index: u64, bar: &Bar) -> Self {
        Candidate { index, bar: *bar, low_key: bar.low, high_key: bar.high }
    }

    /// Whether it is further than `other` on the side where a leg of the direction starts.
    fn beats(&self, other: &Candidate, leg: Direction) -> bool {
        match leg {
            Direction::Bullish => self.low_key < other.low_key,
            Direction::Bearish => self.high_key > other.high_key,
        }
    }

    /// Whether it closes against a leg of the direction.
    fn closes_against(&self, leg: Direction) -> bool {
        match leg {
            Direction::Bullish => self.bar.close < self.bar.open,
            Direction::Bearish => self.bar.close > self.bar.open,
        }
    }
}

/// What a leg has started from, so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LegStart {
    /// The extreme bar since the pivot, the earliest of equals.
    pub(crate) extreme: Candidate,
    /// The last bar from the pivot to the extreme that closes against the leg: the down-close bar before an
    /// up leg.
    pub(crate) last_against: Option<Candidate>,
    /// The same from the pivot to the last bar.
    against_so_far: Option<Candidate>,
}

impl LegStart {
    fn first(candidate: Candidate, leg: Direction) -> Self {
        let against = candidate.closes_against(leg).then_some(candidate);
        LegStart { extreme: candidate, last_against: against, against_so_far: against }
    }

    #[inline]
    fn add(&mut self, candidate: &Candidate, leg: Direction) {
        if candidate.closes_against(leg) {
            self.against_so_far = Some(*candidate);
        }
        if candidate.beats(&self.extreme, leg) {
            self.extreme = *candidate;
            self.last_against = self.against_so_far;
        }
    }
}

/// The starts of the legs up and down since the latest pivots of a structure.
#[derive(Debug, Clone)]
pub(crate) struct LegStarts {
    /// The last `leg_size` bars; the next one goes to `oldest`.
    recent: Box<[Option<Candidate>]>,
    oldest: usize,
    starts: ByDirection<Option<LegStart>>,
}

impl LegStarts {
    /// For a structure of legs of `leg_size` bars.
    pub(crate) fn new(leg_size: usize) -> Result<Self, SmcError> {
        check_side("leg_size", leg_size)?;
        Ok(LegStarts {
            recent: vec![None; leg_size].into_boxed_slice(),
            oldest: 0,
            starts: ByDirection::new(None, None),
        })
    }

    /// A pivot `leg_size` bars back was confirmed, and the bar that confirms it was not yet added: a break of
    /// it would end a leg that goes in `direction`.
    pub(crate) fn pivot(&mut self, direction: Direction) {
        let older = self.recent.get(self.oldest..).unwrap_or_default();
        let newer = self.recent.get(..self.oldest).unwrap_or_default();
        let in_order = older.iter().chain(newer).flatten().copied();
        *self.starts.of_mut(direction) =
            in_order.fold(None, |start: Option<LegStart>, candidate| match start {
                Some(mut start) => {
                    start.add(&candidate, direction);
                    Some(start)
                }
                None => Some(LegStart::first(candidate, direction)),
            });
    }

    /// Takes in the next bar.
    #[inline]
    pub(crate) fn add(&mut self, candidate: Candidate) {
        for direction in [Direction::Bullish, Direction::Bearish] {
            if let Some(start) = self.starts.of_mut(direction) {
                start.add(&candidate, direction);
            }
        }
        if let Some(slot) = self.recent.get_mut(self.oldest) {
            *slot = Some(candidate);
        }
        self.oldest += 1;
        if self.oldest >= self.recent.len() {
            self.oldest = 0;
        }
    }

    /// Where the leg in `direction` started; `None` before the first pivot.
    pub(crate) const fn of(&self, direction: Direction) -> Option<&LegStart> {
        self.starts.of(direction).as_ref()
    }
}
