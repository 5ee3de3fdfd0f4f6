//! Order blocks: the bar from which the leg that broke structure started.
//!
//! Each break ([`Structure`](crate::structure::Structure)) at bar t leaves one. The extreme of the leg is the
//! bar with the lowest low (bullish) or the highest high (bearish) among the bars from the broken pivot to
//! t - 1, the earliest of equals. The block is that bar, or, in the strict reading of ICT material, the last
//! bar from the pivot to it that closes against the leg; if no bar does, there is none. The zone is the
//! block's low to high, or its body. From bar t+1 on: touched, midpoint (mean threshold), broken by a wick,
//! broken by a close, and, if a depth is set, mitigated.
//!
//! The leg runs from the extreme to the break. The rules may ask that it holds a displacement or a fair
//! value gap of its direction (by their middle bar), or a bar on which liquidity on the side where it started
//! was swept, all known by the break; a break whose leg does not leaves no block.

use crate::bar::{Bar, Direction};
use crate::by_direction::ByDirection;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::indicators::Atr;
use crate::leg::{Candidate, LegStarts};
use crate::series::{ClosedBar, Detector};
use crate::sources::Sources;
use crate::zones::{MitigationDepth, ZoneLimits, Zones};

/// How bars are compared when the extreme one is chosen ([`BlockCandle::Extreme`]; the other choice compares
/// true highs and lows). The zone has the chosen bar's true prices either way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WideBars {
    /// By their true highs and lows.
    Kept,
    /// A bar whose range is at least `multiple` times the average true range takes part with its high and low
    /// exchanged, so that spikes are rarely chosen. Before the average is defined, bars are as they are.
    Exchanged {
        /// Period of the average true range ([`Atr`]).
        atr_period: usize,
        /// How many averages make a bar wide.
        multiple: f64,
    },
}

impl WideBars {
    /// The usual filter: twice the average true range of 200 bars.
    pub const ATR_200: WideBars = WideBars::Exchanged { atr_period: 200, multiple: 2.0 };
}

/// Which bar of a leg is its order block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockCandle {
    /// The extreme bar of the leg (LuxAlgo's public description and the reference package).
    #[default]
    Extreme,
    /// The last bar from the broken pivot to the extreme that closes against the leg: the last down-close
    /// candle before the leg up (ICT material).
    LastAgainst,
}

/// Which prices of the bar make the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockPrices {
    /// From low to high.
    #[default]
    WickToWick,
    /// From open to close (an option of LuxAlgo's ICT Concepts).
    Body,
}

impl BlockPrices {
    /// Top and bottom of the zone that `bar` makes.
    pub(crate) const fn of(self, bar: &Bar) -> (f64, f64) {
        match self {
            BlockPrices::WickToWick => (bar.high, bar.low),
            BlockPrices::Body => (bar.open.max(bar.close), bar.open.min(bar.close)),
        }
    }
}

/// What a leg has to hold for its block to count; an empty set asks for nothing. Source: ICT material, as in
/// `spec/smc.md` §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegNeeds {
    /// A displacement of the leg's direction, reported by one of these.
    pub displacement: Sources,
    /// The middle bar of a fair value gap of the leg's direction, reported by one of these. A gap around the
    /// breaking bar itself is known a bar too late.
    pub gap: Sources,
    /// A bar on which one of these reported a sweep: of sell-side liquidity for a leg up, of buy-side
    /// liquidity for a leg down.
    pub sweep: Sources,
}

/// Which legs are looked at, how bars are compared and how many blocks are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderBlockSettings {
    /// Size of the legs of the structure, in bars.
    pub leg_size: usize,
    /// How wide bars are compared.
    pub wide_bars: WideBars,
    /// How many order blocks are followed and for how long.
    pub limits: ZoneLimits,
}

impl Default for OrderBlockSettings {
    fn default() -> Self {
        OrderBlockSettings { leg_size: 5, wide_bars: WideBars::ATR_200, limits: ZoneLimits::default() }
    }
}

/// Which bar is the block, what its leg has to hold and when it is mitigated. The default is the extreme bar
/// of any leg from wick to wick, and mitigation is not reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderBlockRules {
    /// Which bar of the leg is the block.
    pub candle: BlockCandle,
    /// Which prices of that bar make the zone.
    pub prices: BlockPrices,
    /// What the leg has to hold.
    pub needs: LegNeeds,
    /// How much has to be traded until a block counts as mitigated; `None` does not report it.
    pub mitigation: Option<MitigationDepth>,
}

/// The newest bars, by direction of the leg, on which what a leg may need happened. Since a leg ends at the
/// newest bar, it holds one if the newest is not before the leg.
#[derive(Debug, Clone, Copy, Default)]
struct Newest {
    displacement: ByDirection<Option<u64>>,
    gap: ByDirection<Option<u64>>,
    sweep: ByDirection<Option<u64>>,
}

impl Newest {
    #[inline]
    fn note(&mut self, event: &Event, needs: &LegNeeds) {
        let source = event.id.source();
        let gap = matches!(event.change, Change::Born | Change::Extended) && event.kind == Kind::FairValueGap;
        if event.kind == Kind::Displacement && needs.displacement.contains(source) {
            *self.displacement.of_mut(event.direction) = Some(event.anchor);
        } else if gap && needs.gap.contains(source) {
            *self.gap.of_mut(event.direction) = Some(event.anchor);
        } else if event.change == Change::Swept && needs.sweep.contains(source) {
            *self.sweep.of_mut(event.direction.opposite()) = Some(event.known_at);
        }
    }

    fn fulfil(&self, needs: &LegNeeds, direction: Direction, leg_start: u64) -> bool {
        let holds = |asked: &Sources, newest: &ByDirection<Option<u64>>| {
            asked.is_empty() || newest.of(direction).is_some_and(|at| at >= leg_start)
        };
        holds(&needs.displacement, &self.displacement)
            && holds(&needs.gap, &self.gap)
            && holds(&needs.sweep, &self.sweep)
    }
}

/// Finds order blocks and follows them. It reads the pivots and breaks of one structure, and what the rules
/// name, whose detectors are updated before it; the break is the block's first parent.
#[derive(Debug, Clone)]
pub struct OrderBlocks {
    structure: Source,
    rules: OrderBlockRules,
    average: Option<(Atr, f64)>,
    newest: Newest,
    legs: LegStarts,
    zones: Zones,
    ids: Ids,
}

impl OrderBlocks {
    /// A detector that has seen nothing and reads the structure `structure` of the same leg size.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(source: Source, structure: Source, settings: OrderBlockSettings) -> Result<Self, SmcError> {
        Self::with_rules(source, structure, settings, OrderBlockRules::default())
    }

    /// A detector that has seen nothing, reads the structure `structure` of the same leg size and keeps to
    /// `rules`. The detectors that the rules name are updated before it.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn with_rules(
        source: Source,
        structure: Source,
        settings: OrderBlockSettings,
        rules: OrderBlockRules,
    ) -> Result<Self, SmcError> {
        let OrderBlockSettings { leg_size, wide_bars, limits } = settings;
        let average = match wide_bars {
            WideBars::Kept => None,
            WideBars::Exchanged { atr_period, multiple } => {
                if !multiple.is_finite() || multiple <= 0.0 {
                    return Err(SmcError::Parameter {
                        name: "multiple",
                        rule: "must be a finite number above zero",
                    });
                }
                Some((Atr::new(atr_period)?, multiple))
            }
        };
        Ok(OrderBlocks {
            structure,
            rules,
            average,
            newest: Newest::default(),
            legs: LegStarts::new(leg_size)?,
            zones: Zones::with_mitigation(limits, rules.mitigation)?,
            ids: Ids::new(source),
        })
    }

    /// The live order blocks as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    #[inline]
    fn candidate(&mut self, bar: &Bar, index: u64) -> Candidate {
        let candidate = Candidate::of(index, bar);
        let wide = match (&mut self.average, self.rules.candle) {
            (Some((average, multiple)), BlockCandle::Extreme) => {
                average.update(bar).is_some_and(|average| bar.range() >= *multiple * average)
            }
            (Some(_), BlockCandle::LastAgainst) | (None, _) => false,
        };
        if wide { Candidate { low_key: bar.high, high_key: bar.low, ..candidate } } else { candidate }
    }

    fn bear(&mut self, broken: &Event, events: &mut Events) {
        // A pivot is at least one bar old when it breaks, so the leg has an extreme.
        let Some(start) = self.legs.of(broken.direction) else { return };
        let chosen = match self.rules.candle {
            BlockCandle::Extreme => Some(start.extreme),
            BlockCandle::LastAgainst => start.last_against,
        };
        if let Some(Candidate { index, bar, .. }) = chosen
            && self.newest.fulfil(&self.rules.needs, broken.direction, start.extreme.index)
        {
            let (top, bottom) = self.rules.prices.of(&bar);
            let zone = Event {
                id: self.ids.take(),
                kind: Kind::OrderBlock,
                change: Change::Born,
                direction: broken.direction,
                anchor: index,
                known_at: broken.known_at,
                top,
                bottom,
                parents: [Some(broken.id), None],
            };
            self.zones.push(zone, events);
        }
    }
}

impl Detector for OrderBlocks {
    /// First the bar acts on the live blocks, then each break of this bar leaves one.
    #[inline]
    fn update(&mut self, bar: &ClosedBar, events: &mut Events) {
        let upstream = events.len();
        self.zones.pass(bar, events);
        let candidate = self.candidate(bar.bar(), bar.index());
        if self.rules.needs != LegNeeds::default() {
            for event in (0..upstream).filter_map(|position| events.get(position)) {
                self.newest.note(&event, &self.rules.needs);
            }
        }
        for position in 0..upstream {
            let Some(event) = events.get(position).filter(|event| event.id.source() == self.structure) else {
                continue;
            };
            if event.kind.is_break() {
                self.bear(&event, events);
            } else if event.kind == Kind::LegPivot {
                self.legs.pivot(event.direction);
            }
        }
        self.legs.add(candidate);
    }
}
