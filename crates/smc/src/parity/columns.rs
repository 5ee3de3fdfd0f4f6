//! The input table.

use seawall_model::Ts;

use super::error::ParityError;

/// Bars as columns of one length; the package's `open`, `high`, `low`, `close`, `volume` and its index.
///
/// Only the lengths are checked: order, finiteness and `high >= low` are not, as in the package.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    pub(super) open_time: &'a [Ts],
    pub(super) open: &'a [f64],
    pub(super) high: &'a [f64],
    pub(super) low: &'a [f64],
    pub(super) close: &'a [f64],
    pub(super) volume: &'a [f64],
}

impl<'a> Columns<'a> {
    /// A table of bars. `open_time` is the package's index: times without a zone, held as if they were UTC.
    /// Prices are in quote units, the volume in any unit.
    ///
    /// # Errors
    /// [`ParityError::Length`] if a column is not as long as `open_time`.
    pub fn new(
        open_time: &'a [Ts],
        open: &'a [f64],
        high: &'a [f64],
        low: &'a [f64],
        close: &'a [f64],
        volume: &'a [f64],
    ) -> Result<Self, ParityError> {
        let named = [("open", open), ("high", high), ("low", low), ("close", close), ("volume", volume)];
        for (column, cells) in named {
            check_length(column, cells, open_time.len())?;
        }
        Ok(Columns { open_time, open, high, low, close, volume })
    }

    /// The number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open_time.len()
    }

    /// Whether there is no bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open_time.is_empty()
    }
}

/// Refuses a column of another length.
pub(super) fn check_length(column: &'static str, cells: &[f64], expected: usize) -> Result<(), ParityError> {
    if cells.len() == expected {
        return Ok(());
    }
    Err(ParityError::Length { column, expected, found: cells.len() })
}
