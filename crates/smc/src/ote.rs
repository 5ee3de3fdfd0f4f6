//! Optimal trade entry: the part of the leg that broke structure where an entry is looked for.
//!
//! The zone lies between two retracements of the breaking leg, counted back from its end: by default 0.62 to
//! 0.79, whose middle 0.705 is the "sweet spot" (ICT's public material). The leg runs from its extreme since
//! the broken pivot to its furthest price since, so the zone moves with each new extreme.
//!
//! Invariants: at most one zone at a time; a bar is tested against the zone as it stood before the bar; the
//! bar that bears or moves a zone does not touch it there.

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::fibonacci::FibLeg;
use crate::impulse::Impulses;
use crate::series::{ClosedBar, Detector};

/// Which legs, and which part of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimalEntrySettings {
    /// Size of the legs of the structure, in bars.
    pub leg_size: usize,
    /// The retracement at which the zone begins, above 0; 0.62 by default.
    pub shallow: f64,
    /// The retracement at which it ends, above `shallow` and at most 1; 0.79 by default.
    pub deep: f64,
}

impl Default for OptimalEntrySettings {
    fn default() -> Self {
        OptimalEntrySettings { leg_size: 5, shallow: 0.62, deep: 0.79 }
    }
}

#[derive(Debug, Clone, Copy)]
struct Live {
    zone: Event,
    leg: FibLeg,
    touched: bool,
    halfway: bool,
}

/// Follows the entry zone of the latest break of one structure, whose detector is updated before it.
///
/// Born on the breaking bar, with that bar's direction; the anchor is the leg's first bar, the parent the
/// break. Then [`Change::Touched`] and [`Change::Midpoint`] (sweet spot) on the first bar that reaches them,
/// once for each place of the zone; [`Change::Extended`] when the leg makes a new extreme and the zone moves;
/// [`Change::Invalidated`] on a close beyond the leg's start; [`Change::Replaced`] on the next break.
#[derive(Debug, Clone)]
pub struct OptimalEntries {
    impulses: Impulses,
    shallow: f64,
    deep: f64,
    live: Option<Live>,
    ids: Ids,
}

impl OptimalEntries {
    /// A detector that has seen nothing and reads the structure `structure` of the same leg size.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the leg size is out of range, or unless `0 < shallow < deep <= 1`.
    pub fn new(source: Source, structure: Source, settings: OptimalEntrySettings) -> Result<Self, SmcError> {
        let OptimalEntrySettings { leg_size, shallow, deep } = settings;
        let ordered = shallow > 0.0 && shallow < deep && deep <= 1.0;
        if !ordered {
            let rule = "shallow and deep must be in order, above 0 and at most 1";
            return Err(SmcError::Parameter { name: "shallow", rule });
        }
        let impulses = Impulses::new(structure, leg_size)?;
        Ok(OptimalEntries { impulses, shallow, deep, live: None, ids: Ids::new(source) })
    }

    /// The zone where it is now.
    #[must_use]
    pub fn live(&self) -> Option<&Event> {
        self.live.as_ref().map(|live| &live.zone)
    }

    /// The leg that the zone is a part of.
    #[must_use]
    pub fn leg(&self) -> Option<&FibLeg> {
        self.live.as_ref().map(|live| &live.leg)
    }

    /// Top and bottom of the zone of a leg.
    fn prices(&self, leg: &FibLeg) -> (f64, f64) {
        let (shallow, deep) = (leg.retracement(self.shallow), leg.retracement(self.deep));
        (shallow.max(deep), shallow.min(deep))
    }

    /// Lets the bar act on the zone.
    fn pass(&mut self, bar: &Bar, known_at: u64, events: &mut Events) {
        let Some(mut live) = self.live.take() else { return };
        let Live { zone, leg, .. } = live;
        let (at_edge, at_middle, failed, further) = match zone.direction {
            Direction::Bullish => {
                (bar.low <= zone.top, bar.low <= zone.middle(), bar.close < leg.low, bar.high > leg.high)
            }
            Direction::Bearish => {
                (bar.high >= zone.bottom, bar.high >= zone.middle(), bar.close > leg.high, bar.low < leg.low)
            }
        };
        if at_edge && !live.touched {
            live.touched = true;
            events.push(zone.changed(Change::Touched, known_at));
        }
        if at_middle && !live.halfway {
            live.halfway = true;
            events.push(zone.changed(Change::Midpoint, known_at));
        }
        if failed {
            events.push(zone.changed(Change::Invalidated, known_at));
            return;
        }
        if further {
            let leg = match zone.direction {
                Direction::Bullish => FibLeg { high: bar.high, ..leg },
                Direction::Bearish => FibLeg { low: bar.low, ..leg },
            };
            let (top, bottom) = self.prices(&leg);
            let zone = Event { top, bottom, ..zone }.changed(Change::Extended, known_at);
            events.push(zone);
            live = Live { zone, leg, touched: false, halfway: false };
        }
        self.live = Some(live);
    }
}

impl Detector for OptimalEntries {
    /// First the bar acts on the zone, then each break of this bar takes its place.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.impulses.update(closed, events);
        self.pass(closed.bar(), closed.index(), events);
        for position in 0..upstream {
            let Some(broken) = events.get(position) else { continue };
            let Some(impulse) = self.impulses.of_break(&broken) else { continue };
            if let Some(live) = self.live.take() {
                events.push(live.zone.changed(Change::Replaced, closed.index()));
            }
            let (top, bottom) = self.prices(&impulse.leg);
            let zone = Event {
                id: self.ids.take(),
                kind: Kind::OptimalTradeEntry,
                change: Change::Born,
                direction: broken.direction,
                anchor: impulse.started_at,
                known_at: closed.index(),
                top,
                bottom,
                parents: [Some(broken.id), None],
            };
            events.push(zone);
            self.live = Some(Live { zone, leg: impulse.leg, touched: false, halfway: false });
        }
    }
}
