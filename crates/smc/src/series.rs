//! Bars in order: the one place where what comes in is checked.
//!
//! A [`ClosedBar`] can only come from a [`BarSeries`], so a detector that gets one knows that its prices are
//! finite and in order, that it follows the bar before and that bars are counted without a hole.

use seawall_model::Ts;

use crate::bar::Bar;
use crate::error::SmcError;
use crate::event::Events;

/// A closed bar of a series, with its place in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedBar {
    index: u64,
    open_time: Ts,
    bar: Bar,
}

impl ClosedBar {
    /// Its number, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// When it opened.
    #[must_use]
    pub const fn open_time(&self) -> Ts {
        self.open_time
    }

    /// Its prices.
    #[must_use]
    pub const fn bar(&self) -> &Bar {
        &self.bar
    }
}

/// Counts and checks the bars of one instrument and timeframe.
#[derive(Debug, Clone, Default)]
pub struct BarSeries {
    next_index: u64,
    newest: Option<Ts>,
}

impl BarSeries {
    /// A series that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        BarSeries { next_index: 0, newest: None }
    }

    /// How many bars came.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.next_index
    }

    /// Whether none came.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.next_index == 0
    }

    /// Takes in the next bar. Bars may be missing; they are not counted.
    ///
    /// # Errors
    /// [`SmcError::InvalidBar`], or [`SmcError::OutOfOrder`] if it does not open after the bar before.
    /// Nothing has changed then.
    #[inline]
    pub fn close(&mut self, open_time: Ts, bar: Bar) -> Result<ClosedBar, SmcError> {
        bar.check()?;
        if let Some(known_until) = self.newest
            && open_time <= known_until
        {
            return Err(SmcError::OutOfOrder { open_time, known_until });
        }
        let index = self.next_index;
        self.next_index += 1;
        self.newest = Some(open_time);
        Ok(ClosedBar { index, open_time, bar })
    }
}

/// Something that reads closed bars of one series, each once and in order, and reports events.
///
/// A detector that builds on others finds their events of this bar in `events`, so it has to be updated after
/// them. It adds its own and removes none.
pub trait Detector {
    /// Takes in the next closed bar.
    fn update(&mut self, bar: &ClosedBar, events: &mut Events);
}
