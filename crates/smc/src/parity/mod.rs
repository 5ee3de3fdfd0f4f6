//! Parity with the Python package `smartmoneyconcepts` 0.0.27: the same cells, its look-ahead, its rounding
//! to 32 bits and its defects included.
//!
//! **Never trade on anything in this module.** Each result is made in hindsight from the whole series: a
//! row holds what only later bars could tell, rows vanish when bars are added, and the last row of a swing
//! list is always invented. It is for charts, for moving over from the package, and for checks. What a
//! strategy may read are the causal detectors in the rest of this crate.
//!
//! The package takes a table and gives a table; here [`Columns`] go in and one `Vec` per column comes out, of
//! the element type the package has. Row i is bar i. Invariants that every function keeps:
//!
//! * Every output column is as long as the input; nothing but lengths is checked, as in the package. NaN may
//!   be in any price; comparisons with it are false.
//! * "Nothing" is what the package has: NaN for no event in this row, 0 for an event that nothing has yet
//!   mitigated or swept, a plain 0 in sessions, retracements and broken flags.
//! * Where the package rounds a level to `f32` and compares later prices with the rounded level, so do we. A
//!   few breaks exist through that alone.
//! * The time is linear in the bars, or n log n in the events, where the package needs the square.
//!
//! Deviations, all of them where the package raises an exception: a typed [`ParityError`] instead.

mod bos_choch;
mod calendar;
mod columns;
mod error;
mod fvg;
mod liquidity;
mod number;
mod order_block;
mod previous;
mod retracements;
mod sessions;
mod swings;
mod time_frame;
mod waiting;
mod zone;

pub use bos_choch::{StructureColumns, bos_choch};
pub use columns::Columns;
pub use error::ParityError;
pub use fvg::{FairValueGapColumns, fvg};
pub use liquidity::{LiquidityColumns, liquidity};
pub use order_block::{OrderBlockColumns, ob};
pub use previous::{PreviousColumns, previous_high_low};
pub use retracements::{RetracementColumns, retracements};
pub use sessions::{ClockTime, Session, SessionColumns, sessions};
pub use swings::{SwingColumns, swing_highs_lows};
pub use time_frame::{Edge, Month, TimeFrame, Weekday};
pub use zone::InputZone;
