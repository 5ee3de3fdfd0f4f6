//! Which detector of a chart is which.

use crate::event::Source;

/// A detector of a chart: its number and its name.
macro_rules! sources {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Source = Source($number);)*

        /// Every source of a chart, with its name.
        pub const ALL: &[(Source, &str)] = &[$(($name, $text)),*];
    };
}

sources! {
    /// Structure of small legs: its pivots and breaks.
    INTERNAL = 1, "internal";
    /// Structure of large legs: its pivots and breaks.
    SWING = 2, "swing";
    /// Pivots that stand out on both sides.
    FRACTAL = 3, "fractal";
    /// Order blocks of internal structure.
    INTERNAL_BLOCKS = 4, "internal order blocks";
    /// Order blocks of swing structure.
    SWING_BLOCKS = 5, "swing order blocks";
    /// Fair value gaps.
    GAPS = 6, "fair value gaps";
}

/// The name of a source, for people.
#[must_use]
pub fn name(source: Source) -> &'static str {
    ALL.iter().find(|(known, _)| *known == source).map_or("unknown", |(_, name)| name)
}
