//! Changes of the 4h market structure: from lower highs and lows to higher ones, or the reverse.
//!
//! The two newest swing highs and lows of the last 20 bars say how the market is built: both higher is
//! bullish, both lower is bearish, anything else says nothing and changes nothing. When what they say turns,
//! a change stands, with the newest swing high (of a bullish one; low of a bearish one) as the price that has
//! to break. It is confirmed by bars in a row that hold that break within half a percent, and ends by a close
//! beyond the swing on its other side, by the opposite change, or by age. Invariant: a function of the closed
//! bars alone, so a restart that sees the same bars finds the same change, confirmed or not.

use seawall_model::StateSink;
use seawall_smc::setup::swing_points;
use seawall_smc::{Bar, PivotKind, Sma, SmcError};

use super::{SmcSettings, digest_debug};
use crate::Direction;

/// Bars whose swings are read.
const LOOKBACK: usize = 20;
/// Fewest bars that are read at all.
const BARS_MIN: usize = 25;
/// How far a bar may come back through the break and still hold it.
const HOLD_TOLERANCE: f64 = 0.005;
/// Values of the mean that the ATR is compared with.
const ATR_MEAN_BARS: usize = 20;
/// The most bars that can be asked to hold a break.
pub(super) const CONFIRMATION_MAX: u32 = 10;

/// A change of structure that stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    pub(super) direction: Direction,
    /// The swing that had to break.
    pub(super) break_price: f64,
    /// A close beyond it ends the change.
    invalidation: f64,
    /// Bars since it was seen.
    age: u32,
    /// Bars in a row that hold the break, and how many of them confirm it.
    pub(super) held: u32,
    pub(super) needed: u32,
    pub(super) confirmed: bool,
}

impl Change {
    fn holds(&self, bar: &Bar) -> bool {
        match self.direction {
            Direction::Long => bar.low >= self.break_price * (1.0 - HOLD_TOLERANCE),
            Direction::Short => bar.high <= self.break_price * (1.0 + HOLD_TOLERANCE),
        }
    }

    fn is_undone_by(&self, bar: &Bar) -> bool {
        match self.direction {
            Direction::Long => bar.close < self.invalidation,
            Direction::Short => bar.close > self.invalidation,
        }
    }

    /// Whether `bar` traded beyond the break.
    pub(super) fn reaches_beyond(&self, bar: &Bar) -> bool {
        match self.direction {
            Direction::Long => bar.high > self.break_price,
            Direction::Short => bar.low < self.break_price,
        }
    }
}

/// How many bars confirm a change.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Confirmation {
    usual: u32,
    /// Bars and ratio of the ATR to its mean, above and below which they are asked for.
    adaptive: Option<[(u32, f64); 2]>,
}

impl Confirmation {
    fn bars(&self, atr_ratio: Option<f64>) -> u32 {
        match (self.adaptive, atr_ratio) {
            (Some([(bars, from), _]), Some(ratio)) if ratio > from => bars,
            (Some([_, (bars, below)]), Some(ratio)) if ratio < below => bars,
            (Some(_) | None, _) => self.usual,
        }
    }
}

/// Watches the structure of the 4h bars.
#[derive(Debug, Clone)]
pub(super) struct StructureChanges {
    confirmation: Confirmation,
    expires_bars: u32,
    atr_mean: Sma,
    /// What the swings said when they last said something.
    trend: Option<Direction>,
    standing: Option<Change>,
}

impl StructureChanges {
    pub(super) fn new(settings: &SmcSettings) -> Result<Self, SmcError> {
        let adaptive = [
            (settings.ms_candles_high_volatility, settings.ms_volatility_high_ratio.to_f64()),
            (settings.ms_candles_low_volatility, settings.ms_volatility_low_ratio.to_f64()),
        ];
        Ok(StructureChanges {
            confirmation: Confirmation {
                usual: settings.ms_confirmation_candles,
                adaptive: settings.ms_confirmation_adaptive.then_some(adaptive),
            },
            expires_bars: settings.ms_change_expires_bars,
            atr_mean: Sma::new(ATR_MEAN_BARS)?,
            trend: None,
            standing: None,
        })
    }

    /// The change that stands, if one does.
    pub(super) fn standing(&self) -> Option<&Change> {
        self.standing.as_ref()
    }

    /// How many bars confirm a change where volatility is usual.
    pub(super) fn usual_confirmation(&self) -> u32 {
        self.confirmation.usual
    }

    /// Takes in the next closed bar, the last of `bars`, with the ATR after it.
    pub(super) fn push(&mut self, bars: &[Bar], atr: Option<f64>) {
        let mean = atr.and_then(|atr| self.atr_mean.update(atr)).filter(|mean| *mean > 0.0);
        let ratio = atr.zip(mean).map(|(atr, mean)| atr / mean);
        let Some(last) = bars.last() else { return };
        if let Some(change) = &mut self.standing {
            change.age += 1;
            if change.is_undone_by(last) || change.age > self.expires_bars {
                self.standing = None;
            }
        }
        if let Some(seen) = read(bars) {
            if self.trend.is_some_and(|trend| trend != seen.direction) {
                self.standing = Some(seen);
            }
            self.trend = Some(seen.direction);
        }
        if let Some(change) = self.standing.as_mut().filter(|change| !change.confirmed) {
            let most = usize::try_from(CONFIRMATION_MAX).unwrap_or(usize::MAX);
            let held = bars.iter().rev().take(most).take_while(|bar| change.holds(bar)).count();
            change.held = u32::try_from(held).unwrap_or(CONFIRMATION_MAX);
            change.needed = self.confirmation.bars(ratio);
            change.confirmed = change.held >= change.needed;
        }
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        digest_debug(&(&self.atr_mean, self.trend, self.standing), sink);
    }
}

/// What the newest swings say, as the change that it would be.
fn read(bars: &[Bar]) -> Option<Change> {
    if bars.len() < BARS_MIN {
        return None;
    }
    let newest = |kind: PivotKind| {
        let mut swings = swing_points(bars, LOOKBACK).rev().filter(move |swing| swing.kind == kind);
        Some((swings.next()?.price, swings.next()?.price))
    };
    let ((high, high_before), (low, low_before)) = (newest(PivotKind::High)?, newest(PivotKind::Low)?);
    let (direction, break_price, invalidation) = if high > high_before && low > low_before {
        (Direction::Long, high, low)
    } else if high < high_before && low < low_before {
        (Direction::Short, low, high)
    } else {
        return None;
    };
    Some(Change { direction, break_price, invalidation, age: 0, held: 0, needed: 0, confirmed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar around `price`.
    fn bar(price: f64) -> Bar {
        Bar { open: price, high: price + 0.1, low: price - 0.1, close: price }
    }

    /// A falling market of zigzags with its last swing high at 94 and low at 90, then a swing high at 96 and
    /// a swing low at 91, which the last bar makes one.
    const FALLING_THEN_RISING: [f64; 30] = [
        100.0, 101.0, 102.0, 103.0, 104.0, 103.0, 102.0, 101.0, 100.0, 101.0, 102.0, 101.0, 99.0, 97.0, 95.0,
        96.0, 98.0, 97.0, 95.0, 93.0, 92.0, 93.0, 94.0, 92.0, 90.0, 93.0, 96.0, 93.0, 91.0, 94.0,
    ];

    fn changes(change: impl Fn(&mut SmcSettings)) -> StructureChanges {
        let mut settings = SmcSettings::default();
        change(&mut settings);
        StructureChanges::new(&settings).unwrap()
    }

    /// Feeds `more` after the common beginning, with an ATR of one but for the last bar.
    fn after(changes: &mut StructureChanges, more: &[f64], last_atr: f64) -> Option<Change> {
        let bars: Vec<Bar> = FALLING_THEN_RISING.iter().chain(more).map(|price| bar(*price)).collect();
        for count in 1..=bars.len() {
            let atr = if count == bars.len() { last_atr } else { 1.0 };
            changes.push(&bars[..count], Some(atr));
        }
        changes.standing().copied()
    }

    #[test]
    fn higher_highs_and_lows_after_lower_ones_are_a_change_that_waits_for_its_break() {
        let seen = after(&mut changes(|_| ()), &[], 1.0).unwrap();
        assert_eq!((seen.direction, seen.confirmed), (Direction::Long, false));
        assert!((seen.break_price - 96.1).abs() < 1e-9 && (seen.invalidation - 90.9).abs() < 1e-9);
    }

    #[test]
    fn an_unconfirmed_change_is_not_forgotten_with_the_next_bar() {
        // [D-6]: the change was lost on the next tick, so it was never confirmed.
        let mut watched = changes(|_| ());
        let waits = after(&mut watched, &[95.0, 94.0, 95.0], 1.0).unwrap();
        assert!(!waits.confirmed && waits.age == 3);
        let holds = after(&mut changes(|_| ()), &[95.0, 94.0, 95.0, 97.5], 1.0).unwrap();
        assert!(holds.confirmed && holds.held == 1 && holds.needed == 1);
    }

    #[test]
    fn a_bar_that_comes_back_by_more_than_half_a_percent_does_not_hold_the_break() {
        // 96.1 less half a percent is 95.6195; the low lies 0.1 below the price.
        assert!(!after(&mut changes(|_| ()), &[95.71], 1.0).unwrap().confirmed);
        assert!(after(&mut changes(|_| ()), &[95.73], 1.0).unwrap().confirmed);
    }

    #[test]
    fn a_close_beyond_the_other_swing_or_age_ends_a_change() {
        assert!(after(&mut changes(|_| ()), &[90.91], 1.0).is_some());
        assert!(after(&mut changes(|_| ()), &[90.89], 1.0).is_none());
        let sideways = [95.0; 4];
        assert!(after(&mut changes(|all| all.ms_change_expires_bars = 4), &sideways, 1.0).is_some());
        assert!(after(&mut changes(|all| all.ms_change_expires_bars = 3), &sideways, 1.0).is_none());
    }

    #[test]
    fn the_opposite_change_takes_the_place_of_the_standing_one() {
        let falls = [95.0, 92.0, 90.95, 92.0];
        let seen = after(&mut changes(|_| ()), &falls, 1.0).unwrap();
        assert_eq!(seen.direction, Direction::Short);
        assert!((seen.break_price - 90.85).abs() < 1e-9, "{seen:?}");
    }

    #[test]
    fn unusual_volatility_asks_for_its_own_number_of_bars() {
        let needed = |atr: f64, change: fn(&mut SmcSettings)| {
            after(&mut changes(change), &[97.5], atr).unwrap().needed
        };
        // The mean of nineteen ones and the last value: 1.7 / 1.035 is above 1.5, 0.45 / 0.9725 below 0.5.
        assert_eq!([needed(1.7, |_| ()), needed(1.0, |_| ()), needed(0.45, |_| ())], [2, 1, 2]);
        assert_eq!(needed(1.7, |all| all.ms_confirmation_adaptive = false), 1);
        assert_eq!(needed(1.7, |all| all.ms_volatility_high_ratio = "1.7".parse().unwrap()), 1);
        assert_eq!(needed(0.45, |all| all.ms_volatility_low_ratio = "0.4".parse().unwrap()), 1);
        assert_eq!(needed(1.7, |all| all.ms_candles_high_volatility = 3), 3);
        assert_eq!(needed(0.45, |all| all.ms_candles_low_volatility = 4), 4);
        assert_eq!(needed(1.0, |all| all.ms_confirmation_candles = 5), 5);
    }

    #[test]
    fn nothing_is_read_from_fewer_than_twenty_five_bars_and_the_first_reading_is_no_change() {
        let bars: Vec<Bar> = FALLING_THEN_RISING.iter().map(|price| bar(*price)).collect();
        assert_eq!(read(&bars[..24]), None);
        let mut watched = changes(|_| ());
        watched.push(&bars, Some(1.0));
        assert_eq!(watched.standing(), None, "there was nothing before it to change from");
        assert_eq!(watched.trend, Some(Direction::Long));
    }
}
