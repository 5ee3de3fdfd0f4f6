//! What the 4h chart shows, and the ladder that picks a setup from it.
//!
//! The ladder takes the first rung that holds: order block, fair value gap, break of structure, trend. With
//! a bias only its own direction is searched; without one both are: the most recent zone wins, a break
//! counts if the other side is not broken too, and a trend has no direction to follow. Invariant:
//! everything is read from closed bars; an order block that a later close went through is gone; a zone whose
//! bars do not follow each other in time, because data is missing between them, is none.

use seawall_model::{Setup, Timeframe, Ts};
use seawall_smc::setup::{break_of_structure, extremes, fair_value_gap, order_block};
use seawall_smc::{Bar, BarWindow, FibLeg, GapRule, Measure, OrderBlockRule, Search, SetupZone};

use super::bias::Bias;
use super::{OrderBlockEntry, SmcSettings, period};
use crate::Direction;

/// Bars whose extreme invalidates a setup without a zone.
const EXTREME_BARS: usize = 20;
/// Bars of the leg that Fibonacci levels are measured on, and the oldest that a young history leaves out.
const LEG_BARS_MAX: usize = 100;
const LEG_BARS_LEFT_OUT: usize = 5;

/// Which rungs the ladder has, and what they are searched with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rungs {
    lookback: usize,
    gap: GapRule,
    break_bars: usize,
    measure: Measure,
    block_entry: OrderBlockEntry,
    /// Depth into an order block, as a share of its height.
    block_depth: f64,
    order_block: bool,
    fair_value_gap: bool,
    break_of_structure: bool,
    trend: bool,
    require_break: bool,
}

impl Rungs {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        Rungs {
            lookback: period(settings.orderblock_lookback),
            gap: GapRule {
                size_fraction_min: settings.fvg_min_size_pct.to_f64() / 100.0,
                mitigation: settings.fvg_mitigation_mode.depth(),
            },
            break_bars: period(settings.bos_confirmation_candles),
            measure: settings.fib_measure.measure(),
            block_entry: settings.ob_entry_mode,
            block_depth: settings.ob_entry_discount_pct.to_f64() / 100.0,
            order_block: settings.order_block,
            fair_value_gap: settings.fair_value_gap,
            break_of_structure: settings.break_of_structure,
            trend: settings.trend,
            require_break: settings.require_bos_confirmation,
        }
    }

    /// Where an entry into the order block `zone` made by `bar` is planned.
    fn block_entry(&self, zone: &SetupZone, bar: &Bar) -> f64 {
        let (near, inwards) = match zone.direction {
            seawall_smc::Direction::Bullish => (zone.top, -1.0),
            seawall_smc::Direction::Bearish => (zone.bottom, 1.0),
        };
        match self.block_entry {
            OrderBlockEntry::Edge => near,
            OrderBlockEntry::Mid => zone.midpoint(),
            OrderBlockEntry::Open => bar.open,
            OrderBlockEntry::Discount => near + inwards * self.block_depth * (zone.top - zone.bottom),
        }
    }
}

/// One thing for each direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sides<T> {
    pub(super) long: T,
    pub(super) short: T,
}

impl<T> Sides<T> {
    pub(super) fn get(&self, direction: Direction) -> &T {
        match direction {
            Direction::Long => &self.long,
            Direction::Short => &self.short,
        }
    }

    pub(super) fn of(find: impl Fn(Direction) -> T) -> Self {
        Sides { long: find(Direction::Long), short: find(Direction::Short) }
    }
}

/// The chart's word for a direction.
pub(super) fn chart(direction: Direction) -> seawall_smc::Direction {
    match direction {
        Direction::Long => seawall_smc::Direction::Bullish,
        Direction::Short => seawall_smc::Direction::Bearish,
    }
}

/// A price zone with the open time of the bar that anchors it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Zone {
    pub(super) bottom: f64,
    pub(super) top: f64,
    /// Where an entry is planned.
    pub(super) entry: f64,
    pub(super) at: Ts,
}

/// A setup that could be traded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) setup: Setup,
    pub(super) direction: Direction,
    /// Planned entry in quote units.
    pub(super) entry: f64,
    /// Price beyond which the setup is wrong.
    pub(super) invalidation: f64,
    /// Lower and upper edge of the zone, where there is one.
    pub(super) zone: Option<(f64, f64)>,
    /// Open time of the bar that made the structure.
    pub(super) at: Ts,
}

impl Candidate {
    /// The rung of the ladder, from 1.
    pub(super) fn rung(&self) -> f64 {
        match self.setup {
            Setup::OrderBlock => 1.0,
            Setup::FairValueGap => 2.0,
            Setup::BreakOfStructure => 3.0,
            Setup::Trend | Setup::EmaCross | Setup::Adopted | Setup::Signal => 4.0,
        }
    }
}

/// Everything read from one window of 4h bars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Structure {
    pub(super) order_block: Sides<Option<Zone>>,
    pub(super) fair_value_gap: Sides<Option<Zone>>,
    /// Open time of the bar with the new extreme.
    pub(super) break_of_structure: Sides<Option<Ts>>,
    /// `None` where the market has not moved at all.
    pub(super) leg: Option<FibLeg>,
    pub(super) close: f64,
    at: Ts,
    invalidation: Sides<f64>,
}

impl Structure {
    /// Reads the newest bars; `None` before there are as many as the order block search needs. Rungs that are
    /// off find nothing.
    pub(super) fn read(window: &BarWindow, rungs: &Rungs) -> Option<Structure> {
        let bars = window.bars();
        if bars.len() < rungs.lookback {
            return None;
        }
        let last = bars.last()?;
        let newest = extremes(bars, EXTREME_BARS)?;
        let leg_bars = bars.len().saturating_sub(LEG_BARS_LEFT_OUT).min(LEG_BARS_MAX);
        let rule = OrderBlockRule { lookback: rungs.lookback, ..OrderBlockRule::default() };
        let searched = bars.get(bars.len().saturating_sub(rungs.lookback)..)?;
        let searched_from = bars.len() - searched.len();
        let time = |index: usize| window.open_times().get(index).copied();
        let zone = |found: SetupZone, from: usize, entry: f64| {
            let (at, known) = (time(from + found.index)?, time(from + found.known_index)?);
            let bars = i64::try_from(found.known_index - found.index).ok()?;
            let whole = known.since(at).nanos() == bars * Timeframe::H4.span().nanos();
            whole.then_some(Zone { bottom: found.bottom, top: found.top, entry, at })
        };
        Some(Structure {
            order_block: Sides::of(|direction| {
                let search = Search::from(chart(direction));
                let found = order_block(bars, search, &rule).filter(|_| rungs.order_block)?;
                let entry = rungs.block_entry(&found, bars.get(found.index)?);
                zone(found, 0, entry).filter(|_| !found.is_broken(bars))
            }),
            fair_value_gap: Sides::of(|direction| {
                let search = Search::from(chart(direction));
                let found = fair_value_gap(searched, search, &rungs.gap).filter(|_| rungs.fair_value_gap)?;
                let near = match direction {
                    Direction::Long => found.top,
                    Direction::Short => found.bottom,
                };
                zone(found, searched_from, near)
            }),
            break_of_structure: Sides::of(|direction| {
                let broken = break_of_structure(bars, chart(direction), rungs.break_bars);
                let extreme =
                    extremes(bars, rungs.break_bars).filter(|_| broken && rungs.break_of_structure)?;
                match direction {
                    Direction::Long => time(extreme.high_index),
                    Direction::Short => time(extreme.low_index),
                }
            }),
            leg: FibLeg::of_bars(bars, leg_bars, rungs.measure),
            close: last.close,
            at: *window.open_times().last()?,
            invalidation: Sides { long: newest.low, short: newest.high },
        })
    }

    /// The first rung of the ladder that holds.
    pub(super) fn candidate(&self, bias: Bias, rungs: &Rungs) -> Option<Candidate> {
        let confirmed =
            |direction: Direction| !rungs.require_break || self.break_of_structure.get(direction).is_some();
        let zoned = |setup: Setup, zones: &Sides<Option<Zone>>| {
            let found = Sides::of(|direction| zones.get(direction).filter(|_| confirmed(direction)));
            let direction = match (bias, found.long, found.short) {
                (Bias::Bullish, _, _) => Direction::Long,
                (Bias::Bearish, _, _) | (Bias::Neutral, None, _) => Direction::Short,
                (Bias::Neutral, Some(long), Some(short)) if short.at > long.at => Direction::Short,
                (Bias::Neutral, Some(_), _) => Direction::Long,
            };
            let zone = (*found.get(direction))?;
            let invalidation = match direction {
                Direction::Long => zone.bottom,
                Direction::Short => zone.top,
            };
            let edges = Some((zone.bottom, zone.top));
            Some(Candidate { setup, direction, entry: zone.entry, invalidation, zone: edges, at: zone.at })
        };
        zoned(Setup::OrderBlock, &self.order_block)
            .or_else(|| zoned(Setup::FairValueGap, &self.fair_value_gap))
            .or_else(|| self.broken(bias))
            .or_else(|| self.trend(bias).filter(|found| rungs.trend && confirmed(found.direction)))
    }

    fn broken(&self, bias: Bias) -> Option<Candidate> {
        let Sides { long, short } = self.break_of_structure;
        let (direction, at) = match (bias, long, short) {
            (Bias::Bullish, Some(at), _) | (Bias::Neutral, Some(at), None) => (Direction::Long, at),
            (Bias::Bearish, _, Some(at)) | (Bias::Neutral, None, Some(at)) => (Direction::Short, at),
            (Bias::Bullish, None, _) | (Bias::Bearish, _, None) | (Bias::Neutral, _, _) => return None,
        };
        Some(self.without_zone(Setup::BreakOfStructure, direction, at))
    }

    fn trend(&self, bias: Bias) -> Option<Candidate> {
        let direction = match bias {
            Bias::Bullish => Direction::Long,
            Bias::Bearish => Direction::Short,
            Bias::Neutral => return None,
        };
        Some(self.without_zone(Setup::Trend, direction, self.at))
    }

    fn without_zone(&self, setup: Setup, direction: Direction, at: Ts) -> Candidate {
        let invalidation = *self.invalidation.get(direction);
        Candidate { setup, direction, entry: self.close, invalidation, zone: None, at }
    }
}

#[cfg(test)]
mod tests;
