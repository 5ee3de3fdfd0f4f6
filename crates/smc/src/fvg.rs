//! Fair value gaps: prices that three bars in a row left out.
//!
//! At the close of bar t with i = t - 1: bullish if bar i closes above its open and `low[t] > high[i-1]`, the
//! gap being from `high[i-1]` to `low[t]`; bearish if bar i closes below its open and `high[t] < low[i-1]`.
//! Equal wicks are no gap. From bar t+1 on: touched (near edge reached), midpoint, filled (far edge reached),
//! closed through (inverted).
//!
//! The rules can ask for more: the other published definition, a smallest size, a displacement in the
//! middle. Gaps of one direction on consecutive middle bars can be joined: the gap that lives on is extended
//! to the union of both, and its life starts anew (a gap that was closed through is not extended; the next
//! one is born by itself).

use crate::bar::{Bar, Direction};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::indicators::Atr;
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;
use crate::zones::{ZoneLimits, ZonePlace, Zones};

/// When three bars leave a gap.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FairValueGapDefinition {
    /// The body of the middle bar points the way of the gap (the reference package, `spec/smc.md` §2.1).
    #[default]
    MiddleBody,
    /// As in the public description of LuxAlgo's Smart Money Concepts (§4.5): the middle bar also closes
    /// beyond the wick of the first one, and its body is large enough.
    LuxAlgo(BodyThreshold),
}

/// What the body of the middle bar, `|close - open| / |open|`, has to exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BodyThreshold {
    /// This fraction; 0 asks for the direction alone.
    Fixed(f64),
    /// Twice the mean of the same fraction over all bars from the first to the middle one.
    TwiceMean,
}

/// A size in average true ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AtrSize {
    /// Period of the average true range ([`Atr`]).
    pub period: usize,
    /// How many averages, above 0.
    pub multiple: f64,
}

impl AtrSize {
    /// Refuses a size out of range; gives the average and the multiple.
    pub(crate) fn checked(self) -> Result<(Atr, f64), SmcError> {
        if !self.multiple.is_finite() || self.multiple <= 0.0 {
            return Err(SmcError::Parameter { name: "multiple", rule: "must be a finite number above zero" });
        }
        Ok((Atr::new(self.period)?, self.multiple))
    }
}

/// What counts as a gap and how many are followed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FairValueGapSettings {
    /// Smallest size as a fraction of the middle bar's close: `(top - bottom) / |close[i]|`. 0 takes all.
    pub size_fraction_min: f64,
    /// How many gaps are followed and for how long.
    pub limits: ZoneLimits,
}

/// What else may be asked of a gap. The default asks for nothing and joins nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FairValueGapRules {
    /// When three bars leave a gap.
    pub definition: FairValueGapDefinition,
    /// Smallest size in average true ranges, the last bar of the gap included; before the average is defined
    /// there is no gap then. `None` takes all.
    pub size_atr_min: Option<AtrSize>,
    /// If not empty, the middle bar has to be a displacement of the gap's direction, reported by one of these
    /// by the time the gap is known.
    pub displacement: Sources,
    /// Whether gaps of one direction on consecutive middle bars are one gap (the reference package's
    /// `join_consecutive`, without its hindsight).
    pub join_consecutive: bool,
}

/// Finds gaps and follows them.
///
/// A gap is anchored at its middle bar, a joined one at the last of them, and has no parents.
#[derive(Debug, Clone)]
pub struct FairValueGaps {
    size_fraction_min: f64,
    rules: FairValueGapRules,
    size_atr_min: Option<(Atr, f64)>,
    zones: Zones,
    /// The two bars before, older first.
    before: Option<(Option<Bar>, Bar)>,
    /// The last displacement at its own bar.
    displaced: Option<(u64, Direction)>,
    bodies: BodyMean,
    /// The latest gap, if it lived when it was last seen.
    latest: Option<(ZonePlace, Event)>,
    ids: Ids,
}

impl FairValueGaps {
    /// A detector that has seen nothing and asks for nothing beyond the definition above.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the smallest size is negative or not finite, or a limit is out of range.
    pub fn new(source: Source, settings: FairValueGapSettings) -> Result<Self, SmcError> {
        Self::with_rules(source, settings, FairValueGapRules::default())
    }

    /// A detector that has seen nothing. The displacements that the rules name are updated before it.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a threshold is negative or not finite, or a limit or period is out of
    /// range.
    pub fn with_rules(
        source: Source,
        settings: FairValueGapSettings,
        rules: FairValueGapRules,
    ) -> Result<Self, SmcError> {
        let FairValueGapSettings { size_fraction_min, limits } = settings;
        check_fraction("size_fraction_min", size_fraction_min)?;
        if let FairValueGapDefinition::LuxAlgo(BodyThreshold::Fixed(fraction)) = rules.definition {
            check_fraction("body_threshold", fraction)?;
        }
        Ok(FairValueGaps {
            size_fraction_min,
            rules,
            size_atr_min: rules.size_atr_min.map(AtrSize::checked).transpose()?,
            zones: Zones::new(limits)?,
            before: None,
            displaced: None,
            bodies: BodyMean::default(),
            latest: None,
            ids: Ids::new(source),
        })
    }

    /// The live gaps as they were born or last extended, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    /// The way in which the bar before this one displaced, by what is known now.
    fn middle_displaced(&mut self, index: u64, events: &Events, upstream: usize) -> Option<Direction> {
        if self.rules.displacement.is_empty() {
            return None;
        }
        let known_before = self.displaced.take_if(|(anchor, _)| *anchor + 1 == index);
        let mut middle = known_before.map(|(_, direction)| direction);
        for event in (0..upstream).filter_map(|position| events.get(position)) {
            if event.kind == Kind::Displacement && self.rules.displacement.contains(event.id.source()) {
                if event.anchor == index {
                    self.displaced = Some((index, event.direction));
                } else if event.anchor + 1 == index {
                    middle = Some(event.direction);
                }
            }
        }
        middle
    }

    fn is_taken(&self, gap: &Gap, middle: &Bar, average: Option<f64>, displaced: Option<Direction>) -> bool {
        let size = gap.top - gap.bottom;
        let body_is_enough = match self.rules.definition {
            FairValueGapDefinition::MiddleBody => true,
            FairValueGapDefinition::LuxAlgo(threshold) => {
                let body_min = match threshold {
                    BodyThreshold::Fixed(fraction) => fraction,
                    BodyThreshold::TwiceMean => 2.0 * self.bodies.mean(),
                };
                let closes_beyond = match gap.direction {
                    Direction::Bullish => middle.close > gap.bottom,
                    Direction::Bearish => middle.close < gap.top,
                };
                closes_beyond && body_fraction(middle) > body_min
            }
        };
        body_is_enough
            && size / middle.close.abs() >= self.size_fraction_min
            && match &self.size_atr_min {
                Some((_, multiple)) => average.is_some_and(|average| size >= *multiple * average),
                None => true,
            }
            && (self.rules.displacement.is_empty() || displaced == Some(gap.direction))
    }

    fn report(&mut self, gap: &Gap, known_at: u64, events: &mut Events) {
        let anchor = known_at.saturating_sub(1);
        let joined = self.latest.take().filter(|(_, latest)| {
            self.rules.join_consecutive && latest.direction == gap.direction && latest.anchor + 1 == anchor
        });
        if let Some((place, latest)) = joined {
            let (top, bottom) = (gap.top.max(latest.top), gap.bottom.min(latest.bottom));
            let union = Event { anchor, known_at, top, bottom, ..latest };
            if let Some(place) = self.zones.extend(place, union, events) {
                self.latest = Some((place, union));
                return;
            }
        }
        let zone = Event {
            id: self.ids.take(),
            kind: Kind::FairValueGap,
            change: Change::Born,
            direction: gap.direction,
            anchor,
            known_at,
            top: gap.top,
            bottom: gap.bottom,
            parents: [None; 2],
        };
        self.latest = self.zones.push(zone, events).map(|place| (place, zone));
    }
}

impl Detector for FairValueGaps {
    /// First the bar acts on the live gaps, then it may bear a new one or extend the latest.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(closed, events);
        let (bar, known_at) = (closed.bar(), closed.index());
        let displaced = self.middle_displaced(known_at, events, upstream);
        let average = self.size_atr_min.as_mut().and_then(|(average, _)| average.update(bar));
        if let Some((Some(first), middle)) = &self.before
            && let Some(gap) = Gap::between(first, middle, bar)
            && self.is_taken(&gap, middle, average, displaced)
        {
            self.report(&gap, known_at, events);
        }
        if self.rules.definition == FairValueGapDefinition::LuxAlgo(BodyThreshold::TwiceMean) {
            self.bodies.add(body_fraction(bar));
        }
        self.before = Some((self.before.map(|(_, middle)| middle), *bar));
    }
}

/// Refuses what is no finite fraction from 0 up.
pub(crate) fn check_fraction(name: &'static str, fraction: f64) -> Result<(), SmcError> {
    if fraction.is_finite() && fraction >= 0.0 {
        return Ok(());
    }
    Err(SmcError::Parameter { name, rule: "must be a finite number, not below zero" })
}

/// The body as a fraction of the open; 0 where the open is 0.
fn body_fraction(bar: &Bar) -> f64 {
    let open = bar.open.abs();
    if open > 0.0 { (bar.close - bar.open).abs() / open } else { 0.0 }
}

/// The mean of all that was added.
#[derive(Debug, Clone, Copy, Default)]
struct BodyMean {
    sum: f64,
    count: u64,
}

impl BodyMean {
    fn add(&mut self, fraction: f64) {
        self.sum += fraction;
        self.count += 1;
    }

    fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }
}

/// The prices that three bars leave out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    pub(crate) direction: Direction,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

impl Gap {
    /// The gap of the definition above, without further conditions.
    #[inline]
    pub(crate) fn between(first: &Bar, middle: &Bar, third: &Bar) -> Option<Self> {
        if middle.close > middle.open && third.low > first.high {
            Some(Gap { direction: Direction::Bullish, top: third.low, bottom: first.high })
        } else if middle.close < middle.open && third.high < first.low {
            Some(Gap { direction: Direction::Bearish, top: first.low, bottom: third.high })
        } else {
            None
        }
    }
}
