//! One of a thing for each direction.

use crate::bar::Direction;

/// Something that is kept for each direction by itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ByDirection<T> {
    bullish: T,
    bearish: T,
}

impl<T> ByDirection<T> {
    pub(crate) const fn new(bullish: T, bearish: T) -> Self {
        ByDirection { bullish, bearish }
    }

    pub(crate) const fn of(&self, direction: Direction) -> &T {
        match direction {
            Direction::Bullish => &self.bullish,
            Direction::Bearish => &self.bearish,
        }
    }

    pub(crate) const fn of_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::Bullish => &mut self.bullish,
            Direction::Bearish => &mut self.bearish,
        }
    }
}
