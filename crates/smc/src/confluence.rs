//! Confluence: the higher timeframe says which way and where, the lower one says when.
//!
//! From closed candles of the higher timeframe come its trend (the last break of one structure) and its live
//! zones. On the lower timeframe, in the direction of one side, five things are asked: does the higher trend
//! agree, did price trade in a higher zone of that direction, was a pool on the other side swept, did
//! structure shift, did a fair value gap open. The last three have to lie within
//! [`ConfluenceSettings::bars`] of each other and of the touch. Each true answer has a weight; when their sum
//! first reaches the least score, a [`Kind::Confluence`] is born at that bar. Source: the ICT entry model, as
//! weighted booleans.
//!
//! Invariants: the higher timeframe is known through closed candles that came in before the lower candle; a
//! candle of both timeframes that ends at the same instant counts from the next lower candle on. Memory is
//! fixed.

use arrayvec::ArrayVec;

use crate::bar::{Bar, Direction};
use crate::chart::sources;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::series::{ClosedBar, Detector};

/// How many live zones of the higher timeframe are watched; the oldest is dropped.
pub const HIGHER_ZONES_MAX: usize = 64;

/// The answers and what each is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// The higher trend has the direction.
    pub trend: f64,
    /// The bar traded in a higher zone of the direction.
    pub zone: f64,
    /// A pool on the other side was swept.
    pub sweep: f64,
    /// Structure shifted.
    pub shift: f64,
    /// A fair value gap opened.
    pub gap: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { trend: 1.0, zone: 1.0, sweep: 1.0, shift: 1.0, gap: 1.0 }
    }
}

/// Which detectors are read and how they are weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfluenceSettings {
    /// The structure of the higher timeframe whose breaks give the trend.
    pub higher_structure: Source,
    /// The pools of the lower timeframe.
    pub pools: Source,
    /// The shifts of the lower timeframe: [`Kind::Mss`], or breaks of a structure.
    pub shifts: Source,
    /// The fair value gaps of the lower timeframe.
    pub gaps: Source,
    /// How many bars of the lower timeframe an answer stays true.
    pub bars: u64,
    /// What the answers are worth.
    pub weights: Weights,
    /// The least sum.
    pub score_min: f64,
}

impl Default for ConfluenceSettings {
    /// For two charts: the higher swing structure; below it the pools, shifts of internal structure and gaps,
    /// at most ten bars apart. All five answers count the same and four are enough. (Bars and weights are
    /// ours.)
    fn default() -> Self {
        ConfluenceSettings {
            higher_structure: sources::SWING,
            pools: sources::POOLS,
            shifts: sources::INTERNAL_SHIFTS,
            gaps: sources::GAPS,
            bars: 10,
            weights: Weights::default(),
            score_min: 4.0,
        }
    }
}

/// What was true of one direction at a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answers {
    /// The higher trend has the direction.
    pub trend: bool,
    /// The bar, or one of the last ones, traded in a higher zone of the direction.
    pub zone: bool,
    /// A pool on the other side was swept.
    pub sweep: bool,
    /// Structure shifted.
    pub shift: bool,
    /// A fair value gap opened.
    pub gap: bool,
}

impl Answers {
    /// The sum of the weights of what is true.
    #[must_use]
    pub fn score(self, weights: &Weights) -> f64 {
        let worth = |is: bool, weight: f64| if is { weight } else { 0.0 };
        worth(self.trend, weights.trend)
            + worth(self.zone, weights.zone)
            + worth(self.sweep, weights.sweep)
            + worth(self.shift, weights.shift)
            + worth(self.gap, weights.gap)
    }
}

/// What one direction remembers: the newest of each, with its bar.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    zone: Option<u64>,
    sweep: Option<u64>,
    shift: Option<u64>,
    gap: Option<(u64, Event)>,
    /// Whether the score has been reached and not been lost since.
    reached: bool,
}

/// Weighs one pair of timeframes.
#[derive(Debug, Clone)]
pub struct Confluence {
    settings: ConfluenceSettings,
    trend: Option<Direction>,
    zones: ArrayVec<Event, HIGHER_ZONES_MAX>,
    bullish: Side,
    bearish: Side,
    ids: Ids,
}

impl Confluence {
    /// A judge that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a weight is negative or not finite, or the least score is not above zero or
    /// cannot be reached.
    pub fn new(source: Source, settings: ConfluenceSettings) -> Result<Self, SmcError> {
        let Weights { trend, zone, sweep, shift, gap } = settings.weights;
        let weights = [trend, zone, sweep, shift, gap];
        if weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) {
            return Err(SmcError::Parameter { name: "weights", rule: "must be finite and not below zero" });
        }
        let most: f64 = weights.iter().sum();
        if !(settings.score_min > 0.0 && settings.score_min <= most) {
            let rule = "must be above zero and at most the sum of the weights";
            return Err(SmcError::Parameter { name: "score_min", rule });
        }
        Ok(Confluence {
            settings,
            trend: None,
            zones: ArrayVec::new(),
            bullish: Side::default(),
            bearish: Side::default(),
            ids: Ids::new(source),
        })
    }

    /// Takes in what a closed candle of the higher timeframe brought.
    pub fn update_higher(&mut self, events: &[Event]) {
        for event in events {
            if event.kind.is_break() && event.id.source() == self.settings.higher_structure {
                self.trend = Some(event.direction);
            }
            if !is_zone(event.kind) {
                continue;
            }
            match event.change {
                Change::Born => {
                    if self.zones.is_full() {
                        self.zones.remove(0);
                    }
                    self.zones.push(*event);
                }
                Change::Filled
                | Change::Broken
                | Change::Inverted
                | Change::Invalidated
                | Change::Expired => {
                    self.zones.retain(|zone| zone.id != event.id);
                }
                Change::Extended
                | Change::Replaced
                | Change::Touched
                | Change::Retested
                | Change::Midpoint
                | Change::Mitigated
                | Change::WickBroken
                | Change::HighBroken
                | Change::LowBroken
                | Change::Swept
                | Change::Run
                | Change::Closed => {}
            }
        }
    }

    /// What is true of a direction at bar `index` of the lower timeframe.
    #[must_use]
    pub fn answers(&self, direction: Direction, index: u64) -> Answers {
        let side = self.side(direction);
        let fresh = |at: Option<u64>| at.is_some_and(|at| index.saturating_sub(at) <= self.settings.bars);
        Answers {
            trend: self.trend == Some(direction),
            zone: fresh(side.zone),
            sweep: fresh(side.sweep),
            shift: fresh(side.shift),
            gap: fresh(side.gap.map(|(at, _)| at)),
        }
    }

    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Bullish => &self.bullish,
            Direction::Bearish => &self.bearish,
        }
    }

    fn side_mut(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Bullish => &mut self.bullish,
            Direction::Bearish => &mut self.bearish,
        }
    }

    /// Remembers what a bar of the lower timeframe brought.
    fn remember(&mut self, event: &Event, index: u64) {
        let ConfluenceSettings { pools, shifts, gaps, .. } = self.settings;
        let source = event.id.source();
        if source == pools && event.kind == Kind::Pool && event.change == Change::Swept {
            // Taking liquidity below speaks for a rise.
            self.side_mut(event.direction.opposite()).sweep = Some(index);
        } else if source == shifts
            && event.change == Change::Born
            && (event.kind == Kind::Mss || event.kind.is_break())
        {
            self.side_mut(event.direction).shift = Some(index);
        } else if source == gaps && event.kind == Kind::FairValueGap && event.change == Change::Born {
            self.side_mut(event.direction).gap = Some((index, *event));
        }
    }

    fn judge(&mut self, direction: Direction, bar: &Bar, index: u64, events: &mut Events) {
        let inside =
            |zone: &Event| zone.direction == direction && bar.low <= zone.top && bar.high >= zone.bottom;
        if self.zones.iter().any(inside) {
            self.side_mut(direction).zone = Some(index);
        }
        let reached = self.answers(direction, index).score(&self.settings.weights) >= self.settings.score_min;
        let side = self.side_mut(direction);
        let newly = reached && !side.reached;
        side.reached = reached;
        if !newly {
            return;
        }
        let gap = side.gap.map(|(_, gap)| gap);
        let (top, bottom) = gap.map_or((bar.high, bar.low), |gap| (gap.top, gap.bottom));
        events.push(Event {
            id: self.ids.take(),
            kind: Kind::Confluence,
            change: Change::Born,
            direction,
            anchor: index,
            known_at: index,
            top,
            bottom,
            parents: [gap.map(|gap| gap.id), None],
        });
    }
}

/// Whether something of the higher timeframe is a place to trade from.
const fn is_zone(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::OrderBlock
            | Kind::BreakerBlock
            | Kind::MitigationBlock
            | Kind::FairValueGap
            | Kind::InverseFairValueGap
            | Kind::BalancedPriceRange
            | Kind::Unicorn
    )
}

impl Detector for Confluence {
    /// For the bars of the lower timeframe; those of the higher go to [`Confluence::update_higher`].
    ///
    /// The confluence's prices are those of the newest gap of its direction, which is its parent, or of the
    /// bar itself if there was none.
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        for position in 0..events.len() {
            if let Some(event) = events.get(position) {
                self.remember(&event, bar.index());
            }
        }
        for direction in [Direction::Bullish, Direction::Bearish] {
            self.judge(direction, bar.bar(), bar.index(), events);
        }
    }
}

#[cfg(test)]
mod tests {
    use seawall_model::Ts;

    use super::*;
    use crate::event::Id;
    use crate::series::BarSeries;

    const STRUCTURE: Source = Source(1);
    const BLOCKS: Source = Source(2);
    const POOLS: Source = Source(3);
    const GAPS: Source = Source(4);

    fn event(source: Source, kind: Kind, change: Change, direction: Direction) -> Event {
        let id = Id::new(source, 0);
        Event {
            id,
            kind,
            change,
            direction,
            anchor: 0,
            known_at: 0,
            top: 11.0,
            bottom: 9.0,
            parents: [None; 2],
        }
    }

    fn judge(score_min: f64, bars: u64) -> Confluence {
        let settings = ConfluenceSettings {
            higher_structure: STRUCTURE,
            pools: POOLS,
            shifts: STRUCTURE,
            gaps: GAPS,
            bars,
            weights: Weights::default(),
            score_min,
        };
        Confluence::new(Source(9), settings).unwrap()
    }

    /// Runs bars at 10 with the lower events of each and returns the bars that brought a confluence.
    fn born(confluence: &mut Confluence, lower: &[&[Event]]) -> Vec<(u64, Direction)> {
        let (mut series, mut found) = (BarSeries::new(), Vec::new());
        for (at, upstream) in (0..).zip(lower) {
            let bar = Bar { open: 10.0, high: 10.0, low: 10.0, close: 10.0 };
            let mut events = Events::new();
            upstream.iter().for_each(|event| events.push(*event));
            confluence.update(&series.close(Ts::from_millis(at), bar).unwrap(), &mut events);
            let new = events.iter().filter(|event| event.kind == Kind::Confluence);
            found.extend(new.map(|event| (event.known_at, event.direction)));
        }
        found
    }

    #[test]
    fn it_is_born_once_when_the_last_answer_comes_and_again_after_it_was_lost() {
        let mut confluence = judge(5.0, 3);
        confluence.update_higher(&[
            event(STRUCTURE, Kind::Bos, Change::Born, Direction::Bullish),
            event(BLOCKS, Kind::OrderBlock, Change::Born, Direction::Bullish),
        ]);
        let sweep = event(POOLS, Kind::Pool, Change::Swept, Direction::Bearish);
        let shift = event(STRUCTURE, Kind::Choch, Change::Born, Direction::Bullish);
        let gap = event(GAPS, Kind::FairValueGap, Change::Born, Direction::Bullish);
        let lower: [&[Event]; 10] =
            [&[], &[sweep], &[shift], &[gap], &[], &[], &[sweep, shift], &[gap], &[], &[]];
        // The first sweep is four bars old at bar 5; the gap of bar 3 still counts at bar 6.
        assert_eq!(born(&mut confluence, &lower), [(3, Direction::Bullish), (6, Direction::Bullish)]);
    }

    #[test]
    fn the_higher_zone_counts_until_it_is_broken() {
        for (end, expected) in [(Change::Touched, 1), (Change::Broken, 0)] {
            let mut confluence = judge(1.0, 0);
            confluence.update_higher(&[event(BLOCKS, Kind::OrderBlock, Change::Born, Direction::Bearish)]);
            confluence.update_higher(&[event(BLOCKS, Kind::OrderBlock, end, Direction::Bearish)]);
            assert_eq!(born(&mut confluence, &[&[]]).len(), expected, "{end:?}");
        }
    }

    #[test]
    fn a_score_that_cannot_be_reached_is_refused() {
        let settings = judge(5.0, 3).settings;
        let with = |score_min| Confluence::new(Source(9), ConfluenceSettings { score_min, ..settings });
        assert!(with(5.1).is_err() && with(0.0).is_err() && with(f64::NAN).is_err() && with(0.1).is_ok());
    }
}
