//! Displacement: a bar whose body shows one side in command.
//!
//! The body, `|close - open|`, has to be large and the wicks small; how large and how small is what the
//! sources differ on ([`DisplacementBody`]). A bar without a body is none. Beyond that the bar may have to
//! close beyond a pivot or to leave a fair value gap around it ([`DisplacementProof`]).
//!
//! A bar that proves itself by its close is known at its own close. One that needs the gap is known a bar
//! later, when the gap is: it is then anchored one bar before the bar at which it is known. Averages include
//! the bar itself; while they are not defined there is no displacement.

use crate::bar::{Bar, Direction};
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::fvg::{AtrSize, Gap, check_fraction};
use crate::indicators::{Atr, Sma};
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;

/// What the body has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DisplacementBody {
    /// ICT material, as collected in `spec/smc.md` §6: the body is at least one of two sizes, and at least a
    /// fraction of the bar's range.
    Ict {
        /// At least this many means of the bodies; `None` leaves the size out.
        mean: Option<MeanSize>,
        /// At least this many average true ranges; `None` leaves the size out.
        atr: Option<AtrSize>,
        /// Smallest body as a fraction of the range, 0 to 1; sources have 0.6 to 0.75.
        body_fraction_min: f64,
    },
    /// The public description of LuxAlgo's ICT Concepts: the body is above the mean of the bodies and each
    /// wick below a fraction of the body.
    LuxAlgo {
        /// Period of the mean, in bars.
        period: usize,
        /// Each wick is below this fraction of the body; 0.36 there.
        wick_fraction: f64,
    },
}

/// A size in means of the bodies, `|close - open|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanSize {
    /// Period of the mean ([`Sma`]), in bars.
    pub period: usize,
    /// How many means, above 0.
    pub multiple: f64,
}

impl DisplacementBody {
    /// Twice the mean of 20 bodies or one average true range of 14 bars, and 60 % of the bar's range
    /// (`spec/smc.md` §6; of the ranges given there, the stricter mean and the looser body).
    pub const ICT: DisplacementBody = DisplacementBody::Ict {
        mean: Some(MeanSize { period: 20, multiple: 2.0 }),
        atr: Some(AtrSize { period: 14, multiple: 1.0 }),
        body_fraction_min: 0.6,
    };

    /// A body above the mean of 20, wicks below 36 % of it (`spec/smc.md` §4; the period is ours).
    pub const LUX_ALGO: DisplacementBody = DisplacementBody::LuxAlgo { period: 20, wick_fraction: 0.36 };
}

/// What else shows that the bar displaced (`spec/smc.md` §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DisplacementProof {
    /// It closes beyond the latest pivot of its side that one of these reported, the first bar to do so.
    pub beyond_pivot: Sources,
    /// It leaves a fair value gap of its direction: it is the middle bar of one by the plain definition.
    pub leaves_gap: bool,
}

/// What a displacement is. If several proofs are asked for, one of them is enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisplacementSettings {
    /// What the body has to be.
    pub body: DisplacementBody,
    /// What else is asked for; by default nothing.
    pub proof: DisplacementProof,
}

impl Default for DisplacementSettings {
    fn default() -> Self {
        DisplacementSettings { body: DisplacementBody::ICT, proof: DisplacementProof::default() }
    }
}

/// The test of the body with its averages.
#[derive(Debug, Clone)]
enum BodyTest {
    Ict { mean: Option<(Sma, f64)>, atr: Option<(Atr, f64)>, body_fraction_min: f64 },
    LuxAlgo { mean: Sma, wick_fraction: f64 },
}

impl BodyTest {
    fn new(body: DisplacementBody) -> Result<Self, SmcError> {
        match body {
            DisplacementBody::Ict { mean, atr, body_fraction_min } => {
                check_fraction("body_fraction_min", body_fraction_min)?;
                if body_fraction_min > 1.0 {
                    return Err(SmcError::Parameter { name: "body_fraction_min", rule: "must not exceed 1" });
                }
                if mean.is_none() && atr.is_none() {
                    return Err(SmcError::Parameter { name: "body", rule: "must have a size" });
                }
                let mean = match mean {
                    Some(MeanSize { period, multiple }) => {
                        AtrSize { period, multiple }.checked()?;
                        Some((Sma::new(period)?, multiple))
                    }
                    None => None,
                };
                Ok(BodyTest::Ict { mean, atr: atr.map(AtrSize::checked).transpose()?, body_fraction_min })
            }
            DisplacementBody::LuxAlgo { period, wick_fraction } => {
                check_fraction("wick_fraction", wick_fraction)?;
                Ok(BodyTest::LuxAlgo { mean: Sma::new(period)?, wick_fraction })
            }
        }
    }

    /// Takes in the bar and says whether its body is large enough.
    #[inline]
    fn update(&mut self, bar: &Bar) -> bool {
        let body = (bar.close - bar.open).abs();
        match self {
            BodyTest::Ict { mean, atr, body_fraction_min } => {
                // Both averages take in every bar.
                let by_mean = mean.as_mut().is_some_and(|(mean, multiple)| {
                    mean.update(body).is_some_and(|mean| body >= *multiple * mean)
                });
                let by_atr = atr.as_mut().is_some_and(|(atr, multiple)| {
                    atr.update(bar).is_some_and(|atr| body >= *multiple * atr)
                });
                (by_mean || by_atr) && body >= *body_fraction_min * bar.range()
            }
            BodyTest::LuxAlgo { mean, wick_fraction } => {
                let (upper, lower) = (bar.high - bar.open.max(bar.close), bar.open.min(bar.close) - bar.low);
                let wick_max = *wick_fraction * body;
                mean.update(body).is_some_and(|mean| body > mean) && upper < wick_max && lower < wick_max
            }
        }
    }
}

/// A pivot that no bar has closed beyond yet.
type Unbroken = Option<(Id, f64)>;

/// Finds displacements. The bar's high and low are the prices of the event, the pivot that it closes beyond
/// is its first parent.
#[derive(Debug, Clone)]
pub struct Displacements {
    body: BodyTest,
    proof: DisplacementProof,
    pivots: ByDirection<Unbroken>,
    /// The two bars before, older first.
    before: Option<(Option<Bar>, Bar)>,
    /// The bar before had the body but no proof yet.
    unproven: Option<Direction>,
    ids: Ids,
}

impl Displacements {
    /// A detector that has seen nothing. The pivots that the settings name are updated before it.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a threshold or period is out of range, or if there is no size.
    pub fn new(source: Source, settings: DisplacementSettings) -> Result<Self, SmcError> {
        Ok(Displacements {
            body: BodyTest::new(settings.body)?,
            proof: settings.proof,
            pivots: ByDirection::new(None, None),
            before: None,
            unproven: None,
            ids: Ids::new(source),
        })
    }

    fn note_pivots(&mut self, events: &Events) {
        for event in events {
            if matches!(event.kind, Kind::FractalPivot | Kind::LegPivot)
                && event.change == Change::Born
                && self.proof.beyond_pivot.contains(event.id.source())
            {
                *self.pivots.of_mut(event.direction) = Some((event.id, event.level()));
            }
        }
    }

    /// The pivot that the bar is the first to close beyond, for each side.
    fn broken(&mut self, close: f64) -> ByDirection<Option<Id>> {
        let high = self.pivots.of_mut(Direction::Bullish).take_if(|(_, level)| close > *level);
        let low = self.pivots.of_mut(Direction::Bearish).take_if(|(_, level)| close < *level);
        ByDirection::new(high.map(|(id, _)| id), low.map(|(id, _)| id))
    }

    fn event(&mut self, direction: Direction, place: (u64, &Bar), known_at: u64, pivot: Option<Id>) -> Event {
        let (anchor, bar) = place;
        Event {
            id: self.ids.take(),
            kind: Kind::Displacement,
            change: Change::Born,
            direction,
            anchor,
            known_at,
            top: bar.high,
            bottom: bar.low,
            parents: [pivot, None],
        }
    }
}

impl Detector for Displacements {
    /// First the bar before, if this bar completes its gap, then this bar.
    #[inline]
    fn update(&mut self, closed: &ClosedBar, events: &mut Events) {
        if !self.proof.beyond_pivot.is_empty() {
            self.note_pivots(events);
        }
        let (bar, index) = (closed.bar(), closed.index());
        if let Some(direction) = self.unproven.take()
            && let Some((Some(first), middle)) = self.before
            && Gap::between(&first, &middle, bar).is_some_and(|gap| gap.direction == direction)
        {
            let late = self.event(direction, (index.saturating_sub(1), &middle), index, None);
            events.push(late);
        }
        let is_large = self.body.update(bar);
        let broken = self.broken(bar.close);
        let direction = if bar.close > bar.open {
            Some(Direction::Bullish)
        } else if bar.close < bar.open {
            Some(Direction::Bearish)
        } else {
            None
        };
        if let Some(direction) = direction.filter(|_| is_large) {
            let pivot = *broken.of(direction);
            let asks_nothing = self.proof == DisplacementProof::default();
            if asks_nothing || pivot.is_some() {
                let now = self.event(direction, (index, bar), index, pivot);
                events.push(now);
            } else if self.proof.leaves_gap {
                self.unproven = Some(direction);
            }
        }
        self.before = Some((self.before.map(|(_, middle)| middle), *bar));
    }
}
