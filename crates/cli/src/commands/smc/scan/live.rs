//! The state after the last bar: trends, live zones, untaken pools, place in the dealing range.
//!
//! Everything comes from the events that were selected, so it holds for any detector that reports zones or
//! pools; only the trends are asked of the chart.

use seawall_smc::{Direction, Kind};

use super::record::{Frame, Scan};
use super::things::{Thing, Things};

/// Where a thing lies as seen from the last close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Above,
    Inside,
    Below,
}

impl Side {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Side::Above => "above",
            Side::Inside => "inside",
            Side::Below => "below",
        }
    }
}

/// A live zone or pool.
#[derive(Debug, Clone)]
pub(crate) struct Near {
    pub(crate) thing: Thing,
    pub(crate) side: Side,
    /// From the last close to its nearer edge, in percent of the close; 0 inside.
    pub(crate) distance_pct: f64,
}

/// The state of a timeframe.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) last_close: f64,
    pub(crate) internal_trend: Option<Direction>,
    pub(crate) swing_trend: Option<Direction>,
    /// Nearest first.
    pub(crate) zones: Vec<Near>,
    /// Nearest first.
    pub(crate) pools: Vec<Near>,
    /// The newest one that is in force, and where in it the last close lies: 0 at its low, 1 at its high.
    pub(crate) dealing_range: Option<(Thing, f64)>,
}

impl Live {
    /// The state of a timeframe that has a bar.
    pub(crate) fn of(scan: &Scan, frame: &Frame) -> Option<Self> {
        let last_close = scan.price(frame.bars.last()?.candle.close);
        let things = Things::of(scan.events(frame));
        let near = |wanted: fn(&Thing) -> bool| {
            let mut list: Vec<Near> =
                things.iter().filter(|thing| wanted(thing)).map(|thing| place(thing, last_close)).collect();
            list.sort_by(|one, other| one.distance_pct.total_cmp(&other.distance_pct));
            list
        };
        let range = things
            .iter()
            .rev()
            .find(|thing| thing.born.kind == Kind::DealingRange && thing.end().is_none())
            .map(|thing| {
                let newest = thing.newest();
                (thing.clone(), (last_close - newest.bottom) / (newest.top - newest.bottom))
            });
        Some(Live {
            last_close,
            internal_trend: frame.internal_trend,
            swing_trend: frame.swing_trend,
            zones: near(Thing::is_live_zone),
            pools: near(Thing::is_untaken_pool),
            dealing_range: range,
        })
    }
}

fn place(thing: &Thing, close: f64) -> Near {
    let newest = thing.newest();
    let (side, distance) = if newest.bottom > close {
        (Side::Above, newest.bottom - close)
    } else if newest.top < close {
        (Side::Below, close - newest.top)
    } else {
        (Side::Inside, 0.0)
    };
    Near { thing: thing.clone(), side, distance_pct: distance / close.abs() * 100.0 }
}
