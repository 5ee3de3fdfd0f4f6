//! Which detector of a chart is which.

use crate::event::Source;

/// A detector of a chart: its number and its name.
macro_rules! sources {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Source = Source($number);)*

        /// Every source of a chart but its sessions and opening prices, with its name.
        pub const ALL: &[(Source, &str)] = &[$(($name, $text)),*];
    };
}

sources! {
    /// Structure of small legs: its pivots and breaks.
    INTERNAL = 1, "internal structure";
    /// Structure of large legs: its pivots and breaks.
    SWING = 2, "swing structure";
    /// Pivots that stand out on both sides.
    FRACTALS = 3, "fractals";
    /// Pivots of small legs as higher or lower than the one before.
    INTERNAL_LABELS = 4, "internal labels";
    /// Pivots of large legs as higher or lower than the one before.
    SWING_LABELS = 5, "swing labels";
    /// The pivots that are compared for equal levels.
    EQUAL_PIVOTS = 6, "pivots for equal levels";
    /// Equal highs and lows.
    EQUAL_LEVELS = 7, "equal levels";
    /// Pools beyond the pivots of small legs.
    INTERNAL_POOLS = 8, "internal pools";
    /// Pools beyond the pivots of large legs, equal levels, and the levels of sessions, days, weeks and
    /// months.
    POOLS = 9, "pools";
    /// Bars that show one side in command.
    DISPLACEMENTS = 10, "displacements";
    /// Fair value gaps.
    GAPS = 11, "fair value gaps";
    /// Gaps that were closed through.
    INVERSE_GAPS = 12, "inverse fair value gaps";
    /// Overlaps of gaps of both directions.
    BALANCED_RANGES = 13, "balanced price ranges";
    /// Volume imbalances and opening gaps between bars.
    IMBALANCES = 14, "imbalances";
    /// Runs of displacements with gaps.
    VOIDS = 15, "liquidity voids";
    /// Order blocks of internal structure.
    INTERNAL_BLOCKS = 16, "internal order blocks";
    /// Order blocks of swing structure.
    SWING_BLOCKS = 17, "swing order blocks";
    /// Internal order blocks that failed: breakers and mitigation blocks.
    INTERNAL_FAILED = 18, "internal failed blocks";
    /// Swing order blocks that failed: breakers and mitigation blocks.
    SWING_FAILED = 19, "swing failed blocks";
    /// Wicks that swept a pool.
    REJECTIONS = 20, "rejection blocks";
    /// Displacements out of an internal order block.
    PROPULSIONS = 21, "propulsion blocks";
    /// Internal breakers that overlap a gap.
    UNICORNS = 22, "unicorns";
    /// Shifts of internal structure.
    INTERNAL_SHIFTS = 23, "internal shifts";
    /// Shifts of swing structure.
    SWING_SHIFTS = 24, "swing shifts";
    /// The dealing range between the pivots of large legs.
    RANGE = 25, "dealing range";
    /// Strong and weak levels of swing structure.
    STRENGTH = 26, "strong and weak levels";
    /// Optimal trade entry of internal structure.
    OPTIMAL_ENTRY = 27, "optimal trade entry";
    /// Internal pools taken in front of a zone.
    INDUCEMENTS = 28, "inducements";
    /// Levels of the day before.
    PREVIOUS_DAY = 29, "previous day";
    /// Levels of the week before.
    PREVIOUS_WEEK = 30, "previous week";
    /// Levels of the month before.
    PREVIOUS_MONTH = 31, "previous month";
    /// Opening gaps of days.
    DAY_GAPS = 32, "opening gaps of days";
    /// Opening gaps of weeks.
    WEEK_GAPS = 33, "opening gaps of weeks";
    /// Accumulation, manipulation, distribution.
    POWER_OF_THREE = 34, "power of three";
    /// Agreement with a higher timeframe, reported by [`Views`](crate::views::Views).
    CONFLUENCE = 35, "confluence";
}

/// How many sessions, and how many opening prices, a chart may have.
pub const CLOCKS_MAX: usize = 32;

const SESSION_FIRST: u8 = 128;
const OPEN_FIRST: u8 = 192;

/// The source of the session at `position` of the settings, below [`CLOCKS_MAX`].
#[must_use]
pub fn session(position: usize) -> Source {
    Source(SESSION_FIRST.saturating_add(u8::try_from(position).unwrap_or(u8::MAX)))
}

/// The source of the opening price at `position` of the settings, below [`CLOCKS_MAX`].
#[must_use]
pub fn open_price(position: usize) -> Source {
    Source(OPEN_FIRST.saturating_add(u8::try_from(position).unwrap_or(u8::MAX)))
}

/// The name of a source, for people.
#[must_use]
pub fn name(source: Source) -> &'static str {
    match ALL.iter().find(|(known, _)| *known == source) {
        Some((_, name)) => name,
        None if source >= Source(OPEN_FIRST) => "opening prices",
        None if source >= Source(SESSION_FIRST) => "sessions",
        None => "unknown",
    }
}
