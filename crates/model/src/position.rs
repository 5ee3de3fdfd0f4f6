//! Positions: one net quantity per instrument, moved by fills through an exhaustive transition table.
//!
//! Invariants: the quantity is the sum of all signed fills; `cost` is the sum of their signed values, so the
//! profit of a position that is flat again is `-cost`, exactly, without any division.

use serde::{Deserialize, Serialize};

use crate::decimal::Money;
use crate::error::ModelError;
use crate::order::Side;
use crate::units::QtyUnits;

/// Which way a position points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionSide {
    /// No position.
    Flat,
    /// Owns.
    Long,
    /// Owes.
    Short,
}

impl PositionSide {
    /// The side of a signed quantity.
    #[must_use]
    pub const fn of(qty: QtyUnits) -> Self {
        match qty.get() {
            0 => PositionSide::Flat,
            1.. => PositionSide::Long,
            i64::MIN..=-1 => PositionSide::Short,
        }
    }

    /// `flat`, `long` or `short`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PositionSide::Flat => "flat",
            PositionSide::Long => "long",
            PositionSide::Short => "short",
        }
    }

    /// The side of an order that reduces such a position.
    #[must_use]
    pub const fn closing_side(self) -> Option<Side> {
        match self {
            PositionSide::Flat => None,
            PositionSide::Long => Some(Side::Sell),
            PositionSide::Short => Some(Side::Buy),
        }
    }
}

/// How the size of a fill compares with the position it meets from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Less,
    Exactly,
    Beyond,
}

/// What a fill did to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionChange {
    /// From flat to a position.
    Opened,
    /// More of the same side.
    Increased,
    /// Less, but not flat.
    Reduced,
    /// Flat.
    Closed,
    /// Through flat to the other side.
    Reversed,
}

/// A net position of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    qty: QtyUnits,
    cost: Money,
}

impl Position {
    /// No position.
    pub const FLAT: Position = Position { qty: QtyUnits::ZERO, cost: Money::ZERO };

    /// Signed quantity: positive long, negative short.
    #[must_use]
    pub const fn qty(&self) -> QtyUnits {
        self.qty
    }

    /// What was paid for it net of what was received (negative for a short).
    #[must_use]
    pub const fn cost(&self) -> Money {
        self.cost
    }

    /// Which way it points.
    #[must_use]
    pub const fn side(&self) -> PositionSide {
        PositionSide::of(self.qty)
    }

    /// The same position with its quantity on another scale.
    #[must_use]
    pub const fn counted_as(self, qty: QtyUnits) -> Self {
        Position { qty, cost: self.cost }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_flat(&self) -> bool {
        self.qty.is_zero()
    }

    /// What a fill of `qty` on `side` would do.
    #[must_use]
    pub fn change(&self, side: Side, qty: QtyUnits) -> PositionChange {
        let reach = match qty.get().cmp(&self.qty.get().abs()) {
            core::cmp::Ordering::Less => Reach::Less,
            core::cmp::Ordering::Equal => Reach::Exactly,
            core::cmp::Ordering::Greater => Reach::Beyond,
        };
        match (self.side(), side, reach) {
            (PositionSide::Flat, Side::Buy | Side::Sell, Reach::Less | Reach::Exactly | Reach::Beyond) => {
                PositionChange::Opened
            }
            (PositionSide::Long, Side::Buy, Reach::Less | Reach::Exactly | Reach::Beyond)
            | (PositionSide::Short, Side::Sell, Reach::Less | Reach::Exactly | Reach::Beyond) => {
                PositionChange::Increased
            }
            (PositionSide::Long, Side::Sell, Reach::Less) | (PositionSide::Short, Side::Buy, Reach::Less) => {
                PositionChange::Reduced
            }
            (PositionSide::Long, Side::Sell, Reach::Exactly)
            | (PositionSide::Short, Side::Buy, Reach::Exactly) => PositionChange::Closed,
            (PositionSide::Long, Side::Sell, Reach::Beyond)
            | (PositionSide::Short, Side::Buy, Reach::Beyond) => PositionChange::Reversed,
        }
    }

    /// Takes in a fill of `qty` (above zero) worth `value` (above zero) and says what it did. The caller
    /// books `-cost` as profit when the position is flat and then calls [`Self::settle`].
    ///
    /// # Errors
    /// [`ModelError::Overflow`]; the position is unchanged then.
    pub fn fill(&mut self, side: Side, qty: QtyUnits, value: Money) -> Result<PositionChange, ModelError> {
        let change = self.change(side, qty);
        self.cost = match side {
            Side::Buy => self.cost.plus(value)?,
            Side::Sell => self.cost.minus(value)?,
        };
        self.qty = self.qty.plus(side.signed(qty));
        Ok(change)
    }

    /// The profit of a flat position, leaving it empty; `None` while it is not flat.
    pub fn settle(&mut self) -> Option<Money> {
        if !self.is_flat() {
            return None;
        }
        let profit = self.cost.negated();
        self.cost = Money::ZERO;
        Some(profit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn side(buy: bool) -> Side {
        if buy { Side::Buy } else { Side::Sell }
    }

    proptest! {
        #[test]
        fn quantity_is_the_sum_of_fills_and_cost_the_sum_of_values(
            fills in prop::collection::vec((any::<bool>(), 1_i64..1_000_000, 1_i64..1_000_000), 0..60)
        ) {
            let mut position = Position::FLAT;
            let (mut qty, mut cost) = (0_i64, Decimal::ZERO);
            for (buy, size, price) in fills {
                let value = Money::new(Decimal::from(size) * Decimal::from(price));
                position.fill(side(buy), QtyUnits::new(size), value).unwrap();
                let sign = if buy { 1 } else { -1 };
                qty += sign * size;
                cost += Decimal::from(sign) * value.get();
                prop_assert_eq!(position.qty().get(), qty);
                prop_assert_eq!(position.cost().get(), cost);
            }
        }

        #[test]
        fn the_named_change_is_what_happens_to_the_side(
            start in -1_000_i64..1_000, buy in any::<bool>(), size in 1_i64..2_000
        ) {
            let mut position = Position { qty: QtyUnits::new(start), cost: Money::ZERO };
            let before = position.side();
            let change = position.fill(side(buy), QtyUnits::new(size), Money::ZERO).unwrap();
            let after = position.side();
            let grew = position.qty().get().abs() > start.abs();
            match change {
                PositionChange::Opened => prop_assert!(before == PositionSide::Flat && after != before),
                PositionChange::Increased => prop_assert!(before == after && grew),
                PositionChange::Reduced => prop_assert!(before == after && !grew),
                PositionChange::Closed => prop_assert_eq!(after, PositionSide::Flat),
                PositionChange::Reversed => {
                    prop_assert!(before != after && after != PositionSide::Flat);
                    prop_assert!(before != PositionSide::Flat);
                }
            }
        }
    }

    #[test]
    fn profit_of_a_round_trip_is_exact() {
        let mut position = Position::FLAT;
        let value = |text: &str| text.parse::<Money>().unwrap();
        position.fill(Side::Buy, QtyUnits::new(3), value("100.01")).unwrap();
        assert_eq!(position.settle(), None);
        position.fill(Side::Sell, QtyUnits::new(1), value("40.005")).unwrap();
        position.fill(Side::Sell, QtyUnits::new(2), value("70.0051")).unwrap();
        assert_eq!(position.settle(), Some(value("10.0001")));
    }
}
