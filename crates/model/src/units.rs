//! Fixed-point integers for hot loops.
//!
//! Each instrument fixes two decimal scales once. A [`PriceUnits`] counts `10^-price_scale` quote units per
//! base unit, a [`QtyUnits`] counts `10^-qty_scale` contracts. The tick and the lot are whole multiples of
//! these units, so conversion from and to decimals is exact in both directions.

use serde::{Deserialize, Serialize};

macro_rules! integer_unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Zero.
            pub const ZERO: $name = $name(0);

            /// From a raw count of units.
            #[must_use]
            pub const fn new(units: i64) -> Self {
                $name(units)
            }

            /// The raw count of units.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }

            /// Whether the count is zero.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The sum; saturates, which the bounds of [`crate::instrument::Instrument`] keep out of reach.
            #[must_use]
            pub const fn plus(self, other: Self) -> Self {
                $name(self.0.saturating_add(other.0))
            }

            /// The difference; saturates, see [`Self::plus`].
            #[must_use]
            pub const fn minus(self, other: Self) -> Self {
                $name(self.0.saturating_sub(other.0))
            }

            /// Without its sign.
            #[must_use]
            pub const fn abs(self) -> Self {
                $name(self.0.saturating_abs())
            }

            /// With the opposite sign.
            #[must_use]
            pub const fn negated(self) -> Self {
                $name(self.0.saturating_neg())
            }

            /// The smaller of the two.
            #[must_use]
            pub fn min(self, other: Self) -> Self {
                $name(self.0.min(other.0))
            }

            /// The larger of the two.
            #[must_use]
            pub fn max(self, other: Self) -> Self {
                $name(self.0.max(other.0))
            }
        }
    };
}

integer_unit! {
    /// A price as a whole number of the instrument's price units.
    PriceUnits
}

integer_unit! {
    /// A quantity of contracts as a whole number of the instrument's quantity units; signed where it is a
    /// position (positive long, negative short).
    QtyUnits
}
