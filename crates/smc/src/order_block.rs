//! Order blocks: the extreme bar of the leg that broke structure.
//!
//! Each break ([`Structure`]) at bar t leaves one: among the bars from the broken pivot to t - 1 the one with
//! the lowest low (bullish) or the highest high (bearish), the earliest of equals. The zone is that bar's low
//! to high. From bar t+1 on: touched, broken by a wick, broken by a close.
//!
//! A pivot may stay unbroken for any number of bars, so the extreme since the pivot is kept as it grows:
//! found among the last `leg_size` bars when the pivot is confirmed, then compared with each new bar. Memory
//! is fixed.

use crate::bar::{Bar, Direction, PivotKind};
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Ids, Kind, Source};
use crate::indicators::Atr;
use crate::pivot::check_side;
use crate::series::{ClosedBar, Detector};
use crate::zones::{ZoneLimits, Zones};

/// How bars are compared when the extreme one is chosen. The zone is the chosen bar's true low to high either
/// way.
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

/// A bar as it takes part in the choice.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    index: u64,
    /// Compared for bullish blocks: the lowest wins.
    low_key: f64,
    /// Compared for bearish blocks: the highest wins.
    high_key: f64,
    top: f64,
    bottom: f64,
}

/// Finds order blocks and follows them. It reads the pivots and breaks of one structure, whose detector is
/// updated before it; the break is the block's first parent.
#[derive(Debug, Clone)]
pub struct OrderBlocks {
    structure: Source,
    average: Option<(Atr, f64)>,
    /// The last `leg_size` bars; the next one goes to `oldest`.
    recent: Box<[Option<Candidate>]>,
    oldest: usize,
    /// Lowest bar since the latest high pivot.
    lowest: Option<Candidate>,
    /// Highest bar since the latest low pivot.
    highest: Option<Candidate>,
    zones: Zones,
    ids: Ids,
}

impl OrderBlocks {
    /// A detector that has seen nothing and reads the structure `structure` of the same leg size.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if a setting is out of range.
    pub fn new(source: Source, structure: Source, settings: OrderBlockSettings) -> Result<Self, SmcError> {
        let OrderBlockSettings { leg_size, wide_bars, limits } = settings;
        check_side("leg_size", leg_size)?;
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
            average,
            recent: vec![None; leg_size].into_boxed_slice(),
            oldest: 0,
            lowest: None,
            highest: None,
            zones: Zones::new(limits)?,
            ids: Ids::new(source),
        })
    }

    /// The live order blocks as they were born, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Event> {
        self.zones.iter()
    }

    #[inline]
    fn candidate(&mut self, bar: &Bar, index: u64) -> Candidate {
        let wide = match &mut self.average {
            Some((average, multiple)) => {
                average.update(bar).is_some_and(|average| bar.range() >= *multiple * average)
            }
            None => false,
        };
        let (low_key, high_key) = if wide { (bar.high, bar.low) } else { (bar.low, bar.high) };
        Candidate { index, low_key, high_key, top: bar.high, bottom: bar.low }
    }

    /// The extreme from the pivot, `leg_size` bars back, to the bar before this one; the earliest of equals.
    fn extreme_of_recent(&self, beats: fn(&Candidate, &Candidate) -> bool) -> Option<Candidate> {
        let older = self.recent.get(self.oldest..).unwrap_or_default();
        let newer = self.recent.get(..self.oldest).unwrap_or_default();
        let in_order = older.iter().chain(newer).flatten().copied();
        in_order.reduce(|best, candidate| if beats(&candidate, &best) { candidate } else { best })
    }

    fn bear(&mut self, broken: &Event, events: &mut Events) {
        let chosen = match broken.direction {
            Direction::Bullish => self.lowest,
            Direction::Bearish => self.highest,
        };
        // A pivot is at least one bar old when it breaks, so there is always one to choose.
        if let Some(Candidate { index, top, bottom, .. }) = chosen {
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

    #[inline]
    fn remember(&mut self, candidate: Candidate) {
        if self.lowest.is_some_and(|lowest| lower(&candidate, &lowest)) {
            self.lowest = Some(candidate);
        }
        if self.highest.is_some_and(|highest| higher(&candidate, &highest)) {
            self.highest = Some(candidate);
        }
        if let Some(slot) = self.recent.get_mut(self.oldest) {
            *slot = Some(candidate);
        }
        self.oldest += 1;
        if self.oldest >= self.recent.len() {
            self.oldest = 0;
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
        for position in 0..upstream {
            let Some(event) = events.get(position).filter(|event| event.id.source() == self.structure) else {
                continue;
            };
            if event.kind.is_break() {
                self.bear(&event, events);
            } else if event.kind == Kind::LegPivot {
                match event.pivot_kind() {
                    PivotKind::High => self.lowest = self.extreme_of_recent(lower),
                    PivotKind::Low => self.highest = self.extreme_of_recent(higher),
                }
            }
        }
        self.remember(candidate);
    }
}

fn lower(candidate: &Candidate, best: &Candidate) -> bool {
    candidate.low_key < best.low_key
}

fn higher(candidate: &Candidate, best: &Candidate) -> bool {
    candidate.high_key > best.high_key
}
