//! What the `smc` strategy looks for on its decision timeframe, over a slice of closed bars (oldest first).
//!
//! These are window definitions: they look at the last bars as they stand, unlike the streaming detectors of
//! this crate. They are meant to run once per closed bar, on
//! [`BarWindow::bars`](crate::window::BarWindow::bars); none allocates. Every position in a result is a
//! position in the slice. Nothing reads beyond the slice, so a result on bars up to t is known at t.

use arrayvec::ArrayVec;

use crate::bar::{Bar, Direction, PivotKind};
use crate::window::WINDOW_BARS;
use crate::zones::MitigationDepth;

/// Which directions a scan accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Bullish only.
    Bullish,
    /// Bearish only.
    Bearish,
    /// Either; the most recent wins.
    Both,
}

impl Search {
    /// Whether the scan accepts `direction`.
    #[must_use]
    pub const fn accepts(self, direction: Direction) -> bool {
        match self {
            Search::Bullish => matches!(direction, Direction::Bullish),
            Search::Bearish => matches!(direction, Direction::Bearish),
            Search::Both => true,
        }
    }
}

impl From<Direction> for Search {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Bullish => Search::Bullish,
            Direction::Bearish => Search::Bearish,
        }
    }
}

/// A price zone found by a scan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetupZone {
    /// Which way price is expected to leave it.
    pub direction: Direction,
    /// Position of the bar that anchors it: the order block's bar, or the gap's first bar.
    pub index: usize,
    /// Position of the bar at whose close it was complete.
    pub known_index: usize,
    /// Upper edge.
    pub top: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl SetupZone {
    /// The middle of the zone.
    #[must_use]
    pub fn midpoint(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }

    /// Whether `price` lies inside, edges included.
    #[must_use]
    pub fn contains(&self, price: f64) -> bool {
        self.bottom <= price && price <= self.top
    }

    /// Whether a bar after the one that completed the zone closed beyond its far edge, in the bars that the
    /// zone was found in.
    #[must_use]
    pub fn is_broken(&self, bars: &[Bar]) -> bool {
        bars.iter().skip(self.known_index + 1).any(|bar| match self.direction {
            Direction::Bullish => bar.close < self.bottom,
            Direction::Bearish => bar.close > self.top,
        })
    }
}

/// Parameters of [`order_block`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderBlockRule {
    /// How many of the last bars give the typical range.
    pub typical_bars: usize,
    /// The next bar's range must be at least this many times the typical range.
    pub displacement_multiple: f64,
    /// At most this many candidate bars are looked at.
    pub lookback: usize,
}

impl Default for OrderBlockRule {
    fn default() -> Self {
        OrderBlockRule { typical_bars: 20, displacement_multiple: 1.5, lookback: 50 }
    }
}

/// The most recent order block, its zone being the whole bar.
///
/// Bullish: a bar that closes below its open, followed by one that closes above its high with a displacement
/// range (`>= displacement_multiple` times [`typical_range`]). Bearish mirrored. Candidates run from the last
/// bar but one backwards over at most `min(lookback, bars - 3)` bars.
#[must_use]
pub fn order_block(bars: &[Bar], search: Search, rule: &OrderBlockRule) -> Option<SetupZone> {
    let displacement = rule.displacement_multiple * typical_range(bars, rule.typical_bars)?;
    let candidates = rule.lookback.min(bars.len().saturating_sub(3));
    let pairs = bars.iter().zip(bars.iter().skip(1)).enumerate().rev();
    pairs.take(candidates).find_map(|(index, (bar, next))| {
        let direction = if bar.close < bar.open && next.close > bar.high {
            Direction::Bullish
        } else if bar.close > bar.open && next.close < bar.low {
            Direction::Bearish
        } else {
            return None;
        };
        (next.range() >= displacement && search.accepts(direction)).then_some(SetupZone {
            direction,
            index,
            known_index: index + 1,
            top: bar.high,
            bottom: bar.low,
        })
    })
}

/// Upper median (`sorted[n / 2]`) of the last `count` ranges; `None` if there are fewer bars, or for a count
/// of 0 or above [`WINDOW_BARS`].
#[must_use]
pub fn typical_range(bars: &[Bar], count: usize) -> Option<f64> {
    if count == 0 || count > WINDOW_BARS {
        return None;
    }
    let recent = bars.get(bars.len().checked_sub(count)?..)?;
    let mut ranges: ArrayVec<f64, WINDOW_BARS> = recent.iter().map(Bar::range).collect();
    ranges.sort_unstable_by(f64::total_cmp);
    ranges.get(count / 2).copied()
}

/// Parameters of [`fair_value_gap`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GapRule {
    /// Least size as a fraction of the middle bar's close.
    pub size_fraction_min: f64,
    /// How far back into the gap a later bar has to trade to end it.
    pub mitigation: MitigationDepth,
}

/// The newest fair value gap that no later bar has mitigated.
///
/// Bars i, i+1, i+2. Bullish: `low[i+2] > high[i]`, zone from `high[i]` to `low[i+2]`. Bearish: `high[i+2] <
/// low[i]`. The size is at least `size_fraction_min * |close[i+1]|`. Mitigated: a later low at or below the
/// top, the middle or the bottom of the zone (bearish: a later high at or above the bottom, the middle or the
/// top), as [`GapRule::mitigation`] asks.
#[must_use]
pub fn fair_value_gap(bars: &[Bar], search: Search, rule: &GapRule) -> Option<SetupZone> {
    // Extremes of the bars after the gap's third one, kept while going back.
    let mut later_low = f64::INFINITY;
    let mut later_high = f64::NEG_INFINITY;
    bars.windows(3).enumerate().rev().find_map(|(index, window)| {
        let [first, middle, third] = window else { return None };
        let gap = if third.low > first.high {
            Some((Direction::Bullish, third.low, first.high))
        } else if third.high < first.low {
            Some((Direction::Bearish, first.low, third.high))
        } else {
            None
        };
        let found = gap.and_then(|(direction, top, bottom)| {
            let depth = match (rule.mitigation, direction) {
                (MitigationDepth::Touch, Direction::Bullish)
                | (MitigationDepth::Full, Direction::Bearish) => top,
                (MitigationDepth::Half, _) => f64::midpoint(top, bottom),
                (MitigationDepth::Touch, Direction::Bearish)
                | (MitigationDepth::Full, Direction::Bullish) => bottom,
            };
            let mitigated = match direction {
                Direction::Bullish => later_low <= depth,
                Direction::Bearish => later_high >= depth,
            };
            let large = (top - bottom) / middle.close.abs() >= rule.size_fraction_min;
            (!mitigated && large && search.accepts(direction)).then_some(SetupZone {
                direction,
                index,
                known_index: index + 2,
                top,
                bottom,
            })
        });
        later_low = later_low.min(third.low);
        later_high = later_high.max(third.high);
        found
    })
}

/// How many recent bars [`break_of_structure`] takes as the breaking ones by default.
pub const BREAK_BARS: usize = 3;

/// How far back, in bars, the structure to be broken reaches.
const BREAK_WINDOW: usize = 10;

/// Whether the last `recent` bars exceed the ones before them: bullish when their highest high is above the
/// highest high of bars `[-10, -recent)`, bearish when their lowest low is below the lowest low of those.
///
/// False with fewer than `recent + 5` bars (8 for the default of [`BREAK_BARS`]).
#[must_use]
pub fn break_of_structure(bars: &[Bar], direction: Direction, recent: usize) -> bool {
    if recent == 0 || recent >= BREAK_WINDOW || bars.len() < recent + 5 {
        return false;
    }
    let (before, breaking) = bars.split_at(bars.len() - recent);
    let structure = before.iter().rev().take(BREAK_WINDOW - recent);
    match direction {
        Direction::Bullish => highest(breaking.iter()) > highest(structure),
        Direction::Bearish => lowest(breaking.iter()) < lowest(structure),
    }
}

fn highest<'a>(bars: impl Iterator<Item = &'a Bar>) -> f64 {
    bars.map(|bar| bar.high).fold(f64::NEG_INFINITY, f64::max)
}

fn lowest<'a>(bars: impl Iterator<Item = &'a Bar>) -> f64 {
    bars.map(|bar| bar.low).fold(f64::INFINITY, f64::min)
}

/// A strict three-bar extreme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SwingPoint {
    /// High or low.
    pub kind: PivotKind,
    /// Position of the bar in the slice that was searched.
    pub index: usize,
    /// The extreme price.
    pub price: f64,
}

/// The strict three-bar extremes (above, or below, both neighbours) among the last `lookback` bars, oldest
/// first; both neighbours lie in the lookback too. A bar that is both gives its high first. Reverse it to get
/// the newest first.
pub fn swing_points(bars: &[Bar], lookback: usize) -> impl DoubleEndedIterator<Item = SwingPoint> {
    let start = bars.len().saturating_sub(lookback);
    let recent = bars.get(start..).unwrap_or_default();
    recent.windows(3).enumerate().flat_map(move |(offset, window)| {
        let index = start + offset + 1;
        let [before, bar, after] = window else { return [None, None].into_iter().flatten() };
        let is_high = bar.high > before.high && bar.high > after.high;
        let is_low = bar.low < before.low && bar.low < after.low;
        let high = is_high.then_some(SwingPoint { kind: PivotKind::High, index, price: bar.high });
        let low = is_low.then_some(SwingPoint { kind: PivotKind::Low, index, price: bar.low });
        [high, low].into_iter().flatten()
    })
}

/// The highest high and the lowest low of some bars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// The highest high.
    pub high: f64,
    /// Where it was made first.
    pub high_index: usize,
    /// The lowest low.
    pub low: f64,
    /// Where it was made first.
    pub low_index: usize,
}

/// The extremes of the last `count` bars, or of all if there are fewer; `None` without bars.
#[must_use]
pub fn extremes(bars: &[Bar], count: usize) -> Option<Extremes> {
    let start = bars.len().saturating_sub(count);
    let mut recent = bars.iter().enumerate().skip(start);
    let (index, first) = recent.next()?;
    let mut found = Extremes { high: first.high, high_index: index, low: first.low, low_index: index };
    for (index, bar) in recent {
        if bar.high > found.high {
            (found.high, found.high_index) = (bar.high, index);
        }
        if bar.low < found.low {
            (found.low, found.low_index) = (bar.low, index);
        }
    }
    Some(found)
}
