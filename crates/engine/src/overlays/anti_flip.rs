//! The lock on the opposite side after a close.
//!
//! An entry against the side of the trade that just ended is a flip, and so is the entry of a reversal: its
//! exit is never refused, but the opposite side stays locked. Invariant: the lock concerns setups with a
//! regime alone; a strategy that reverses by design is not asked.

use seawall_model::{PositionSide, Ts};
use seawall_strategy::Direction;

use super::Rhythm;
use super::settings::AntiFlipSettings;
use crate::risk::Turn;

/// The end of the lock on entries in `direction`, asked at `at`; `None` where that side is free.
pub(super) fn locked_until(
    settings: &AntiFlipSettings,
    rhythm: &Rhythm,
    direction: Direction,
    turn: Turn,
    at: Ts,
) -> Option<Ts> {
    if turn == Turn::First {
        // The other side is being closed for this very entry.
        return Some(at.plus(settings.lock()));
    }
    let closed = rhythm.closed.as_ref()?;
    let flips = match direction {
        Direction::Long => closed.side == PositionSide::Short,
        Direction::Short => closed.side == PositionSide::Long,
    };
    Some(closed.at.plus(settings.lock())).filter(|until| flips && *until > at)
}
