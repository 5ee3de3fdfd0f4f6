//! Groups of equal highs and of equal lows in hindsight. [smc.md §2.5]
//!
//! Highs first, then lows, which are highs of the negated series. The sweeping bars come from a heap; the
//! members of a group from a tree of maxima over the swings that no group has used, so that each member
//! costs a logarithm.

use super::columns::Columns;
use super::error::ParityError;
use super::number::{cell, filled, rounded, set};
use super::swings::SwingColumns;
use super::waiting::{Reach, Waiting};
use crate::bar::PivotKind;

/// The package's table of liquidity, all of it in 32 bits: row numbers are exact below 2^24. Hindsight: not
/// for trading.
#[derive(Debug, Clone)]
pub struct LiquidityColumns {
    /// `Liquidity`: 1 for highs, -1 for lows, NaN none.
    pub liquidity: Vec<f32>,
    /// `Level`: the mean of the members.
    pub level: Vec<f32>,
    /// `End`: row of the last member.
    pub end: Vec<f32>,
    /// `Swept`: the first bar that reaches the end of the range; 0 if none does.
    pub swept: Vec<f32>,
}

/// The package's `liquidity`. **Hindsight: unusable for trading.** The width of the range comes from the
/// highest and the lowest price of the whole input, so every new bar may change every row.
///
/// For each swing that no group has used, highs first: its range is its level plus and minus
/// `range_percent` (0.01 is one percent) of that width, and it is swept by the first later bar that reaches
/// the end of the range. Later unused swings of the kind before that bar, with their level in the range,
/// are its members; with at least one the row is written.
///
/// # Errors
/// [`ParityError::Length`] if `swings` is not as long as the bars.
pub fn liquidity(
    columns: &Columns<'_>,
    swings: &SwingColumns,
    range_percent: f64,
) -> Result<LiquidityColumns, ParityError> {
    swings.check(columns)?;
    let rows = columns.len();
    let column = || filled(f32::NAN, rows);
    let mut table = LiquidityColumns { liquidity: column(), level: column(), end: column(), swept: column() };
    let highest = columns.high.iter().copied().fold(f64::NAN, f64::max);
    let lowest = columns.low.iter().copied().fold(f64::NAN, f64::min);
    let width = (highest - lowest) * range_percent;
    for kind in [PivotKind::High, PivotKind::Low] {
        let side = Side { columns, kind, width };
        side.write(swings, &mut table);
    }
    Ok(table)
}

/// Swings of one kind, seen as highs.
struct Side<'a, 'c> {
    columns: &'a Columns<'c>,
    kind: PivotKind,
    width: f64,
}

/// A swing of the side and the bar that sweeps it.
struct Member {
    row: usize,
    level: f64,
    swept: usize,
}

impl Side<'_, '_> {
    /// A price as it is, or negated for lows; its own inverse.
    fn turned(&self, price: f64) -> f64 {
        match self.kind {
            PivotKind::High => price,
            PivotKind::Low => -price,
        }
    }

    fn write(&self, swings: &SwingColumns, table: &mut LiquidityColumns) {
        let members = self.swept_members(swings);
        let mut unused = MaxTree::new(members.iter().map(|member| member.level));
        let sign = match self.kind {
            PivotKind::High => 1.0,
            PivotKind::Low => -1.0,
        };
        for (index, first) in members.iter().enumerate() {
            if unused.take(index).is_none() {
                continue;
            }
            let (least, most) = (first.level - self.width, first.level + self.width);
            let (mut sum, mut count, mut end) = (0.0 + self.turned(first.level), 1_u32, first.row);
            let mut from = index + 1;
            while let Some(next) = unused.first_at_least(from, least) {
                let Some(member) = members.get(next) else { break };
                if first.swept != 0 && member.row >= first.swept {
                    break;
                }
                if member.level >= least && member.level <= most {
                    unused.take(next);
                    (sum, count, end) = (sum + self.turned(member.level), count + 1, member.row);
                }
                from = next + 1;
            }
            if count > 1 {
                set(&mut table.liquidity, first.row, sign);
                set(&mut table.level, first.row, rounded(sum / f64::from(count)));
                set(&mut table.end, first.row, end as f32);
                set(&mut table.swept, first.row, first.swept as f32);
            }
        }
    }

    /// The swings of the kind, each with the first later bar at or beyond the end of its range, or 0.
    fn swept_members(&self, swings: &SwingColumns) -> Vec<Member> {
        let of_kind = swings.iter().filter(|swing| swing.1 == self.kind);
        let mut members: Vec<Member> =
            of_kind.map(|(row, _, level)| Member { row, level: self.turned(level), swept: 0 }).collect();
        let highs = match self.kind {
            PivotKind::High => self.columns.high,
            PivotKind::Low => self.columns.low,
        };
        let (mut waiting, mut next) = (Waiting::new(Reach::Touch), 0);
        for (bar, &high) in highs.iter().enumerate() {
            while let Some(index) = waiting.pop(self.turned(high)) {
                if let Some(member) = members.get_mut(index) {
                    member.swept = bar;
                }
            }
            if let Some(member) = members.get(next).filter(|member| member.row == bar) {
                waiting.push(member.level + self.width, next);
                next += 1;
            }
        }
        members
    }
}

/// The levels that are still unused, by position, with the maximum of every subtree. A used or missing
/// level is NaN, which no bound reaches.
struct MaxTree {
    /// Leaves are at `leaves..`, the children of node k at 2k and 2k + 1, the root at 1.
    nodes: Vec<f64>,
    leaves: usize,
}

impl MaxTree {
    fn new(levels: impl ExactSizeIterator<Item = f64>) -> Self {
        let leaves = levels.len().next_power_of_two();
        let mut nodes = filled(f64::NAN, leaves);
        nodes.extend(levels);
        nodes.resize(2 * leaves, f64::NAN);
        let mut tree = MaxTree { nodes, leaves };
        for node in (1..leaves).rev() {
            tree.update(node);
        }
        tree
    }

    /// Recomputes an inner node; whether it changed.
    fn update(&mut self, node: usize) -> bool {
        let maximum = cell(&self.nodes, 2 * node).max(cell(&self.nodes, 2 * node + 1));
        let changed = cell(&self.nodes, node).to_bits() != maximum.to_bits();
        set(&mut self.nodes, node, maximum);
        changed
    }

    /// Marks a level as used. None if it was already, or is not a number.
    fn take(&mut self, index: usize) -> Option<()> {
        let mut node = self.leaves + index;
        if cell(&self.nodes, node).is_nan() {
            return None;
        }
        set(&mut self.nodes, node, f64::NAN);
        while node > 1 {
            node /= 2;
            if !self.update(node) {
                break;
            }
        }
        Some(())
    }

    /// The first unused position from `from` on whose level is at least `bound`.
    fn first_at_least(&self, from: usize, bound: f64) -> Option<usize> {
        if from >= self.leaves {
            return None;
        }
        let mut node = self.leaves + from;
        // Up, to the right of all that is before `from`, until a subtree holds such a level.
        while cell(&self.nodes, node).partial_cmp(&bound).is_none_or(|order| order.is_lt()) {
            while node % 2 == 1 {
                node /= 2;
            }
            // A right edge goes up to the root: nothing is to the right of it.
            if node == 0 {
                return None;
            }
            node += 1;
        }
        // Down, to the first leaf of it.
        while node < self.leaves {
            node *= 2;
            if cell(&self.nodes, node).partial_cmp(&bound).is_none_or(|order| order.is_lt()) {
                node += 1;
            }
        }
        Some(node - self.leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_finds_the_first_unused_level_that_is_high_enough() {
        for length in 0..=9_u32 {
            let levels: Vec<f64> = (0..length).map(|index| f64::from((index * 7) % 5)).collect();
            for used in 0..=levels.len() {
                let mut tree = MaxTree::new(levels.iter().copied());
                tree.take(used);
                for (from, bound) in
                    (0..12).flat_map(|from| (0..6).map(move |bound| (from, f64::from(bound))))
                {
                    let mut expected = levels.iter().enumerate().skip(from);
                    let expected = expected.find(|&(index, &level)| index != used && level >= bound);
                    assert_eq!(tree.first_at_least(from, bound), expected.map(|(index, _)| index));
                }
            }
        }
    }
}
