//! SMT divergence: two markets that move together disagree about a new extreme.
//!
//! Pivots of one kind, one from each market, are a pair if their bars opened within the tolerance of each
//! other; with inverse correlation a high of the first market pairs with a low of the second. A pivot that
//! becomes known takes, among the other market's pivots that are known, unpaired and younger than its last
//! paired one, the nearest in time (the older of two as near); each is in one pair at most.
//!
//! A pair diverges from the pair before it of the same kind, if nothing unpaired lies between them in either
//! market: one market made a higher high and the other a lower one, or one a lower low and the other a higher
//! one, all strictly. Highs give a bearish divergence, lows a bullish one (of the first market). It is known
//! when both pivots are known.
//!
//! Causality does not depend on the order in which the two markets' bars are taken in: what the second market
//! shows counts on a bar of the first that opens no earlier than the bar that showed it. Both series have to
//! be of one timeframe. Source: ICT material as in spec/smc.md §6; the pairing is ours.

use arrayvec::ArrayVec;
use seawall_model::{Span, Ts};

use crate::bar::Direction;
use crate::error::SmcError;
use crate::event::{Change, Event, Events, Id, Ids, Kind, Source};
use crate::pivot::check_side;
use crate::series::ClosedBar;

/// How many pivots of a kind and market are remembered; the oldest is forgotten.
pub const PIVOTS_REMEMBERED: usize = 16;

/// How the second market moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correlation {
    /// With the first.
    Direct,
    /// Against the first, as the dollar index moves against the euro.
    Inverse,
}

/// Which pivots are compared and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtSettings {
    /// The detector of pivots in the first market's events.
    pub first: Source,
    /// The one in the second market's events, set up like the first one.
    pub second: Source,
    /// The kind of pivots, [`Kind::FractalPivot`] or [`Kind::LegPivot`].
    pub pivots: Kind,
    /// How many bars after its own a pivot becomes known: its size or right side. One that takes longer is
    /// passed over.
    pub pivot_bars: usize,
    /// How far apart in time the bars of a pair open at most. A multiple of the bars' length, less than the
    /// pivots' size, is sensible.
    pub tolerance: Span,
    /// How the second market moves.
    pub correlation: Correlation,
}

/// A pivot, in the second market turned if it moves inversely: prices are those that the first would show.
#[derive(Debug, Clone, Copy)]
struct Pivot {
    id: Id,
    direction: Direction,
    anchor: u64,
    /// When its bar opened.
    open_time: Ts,
    /// When the bar opened at whose close it became known.
    known_from: Ts,
    level: f64,
    /// The other market's pivot that it is a pair with.
    partner: Option<Id>,
}

/// Pivots, oldest first.
type Pivots = ArrayVec<Pivot, PIVOTS_REMEMBERED>;

/// Adds the newest, and forgets the oldest if need be.
fn remember(pivots: &mut Pivots, pivot: Pivot) {
    if pivots.is_full() {
        pivots.remove(0);
    }
    pivots.push(pivot);
}

/// Where in `others` the pivot is that makes a pair with `pivot`.
fn partner_of(pivot: &Pivot, others: &Pivots, tolerance: Span) -> Option<usize> {
    let younger = others.iter().rposition(|other| other.partner.is_some()).map_or(0, |last| last + 1);
    let distance = |other: &Pivot| other.open_time.since(pivot.open_time).nanos().saturating_abs();
    let near = others.iter().enumerate().skip(younger);
    let near = near.map(|(place, other)| (distance(other), place));
    near.filter(|&(distance, _)| distance <= tolerance.nanos()).min().map(|(_, place)| place)
}

/// The pivots of one kind in both markets.
#[derive(Debug, Clone, Default)]
struct Sides {
    first: Pivots,
    second: Pivots,
}

/// Two pivots in a row of one market, the older first.
#[derive(Debug, Clone, Copy)]
struct Step(Pivot, Pivot);

impl Step {
    /// The step that ends at `place`.
    fn to(pivots: &Pivots, place: usize) -> Option<Self> {
        Some(Step(*pivots.get(place.checked_sub(1)?)?, *pivots.get(place)?))
    }
}

impl Sides {
    /// Takes in the newest pivot of a market, and returns both markets' steps to the pair that it completes,
    /// if they start at a pair too.
    fn add(&mut self, market: Market, pivot: Pivot, tolerance: Span) -> Option<(Step, Step)> {
        let (own, others) = match market {
            Market::First => (&mut self.first, &mut self.second),
            Market::Second => (&mut self.second, &mut self.first),
        };
        let found = partner_of(&pivot, others, tolerance);
        let partner = found.and_then(|place| others.get_mut(place));
        let partner = partner.map(|partner| {
            partner.partner = Some(pivot.id);
            partner.id
        });
        remember(own, Pivot { partner, ..pivot });
        let (own, others) = (Step::to(own, own.len().checked_sub(1)?)?, Step::to(others, found?)?);
        let (first, second) = match market {
            Market::First => (own, others),
            Market::Second => (others, own),
        };
        (first.0.partner == Some(second.0.id)).then_some((first, second))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Market {
    First,
    Second,
}

/// The open times of a market's last bars, so that a pivot's bar has one.
#[derive(Debug, Clone)]
struct OpenTimes {
    /// That of bar i is at i modulo the length.
    times: Vec<Ts>,
}

impl OpenTimes {
    fn new(bars: usize) -> Self {
        OpenTimes { times: vec![Ts::EPOCH; bars] }
    }

    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_rem(self.times.len() as u64)?).ok()
    }

    fn put(&mut self, bar: &ClosedBar) {
        if let Some(time) = self.place(bar.index()).and_then(|place| self.times.get_mut(place)) {
            *time = bar.open_time();
        }
    }

    /// When bar `index` opened, if it is among the last ones at bar `now`.
    fn of(&self, index: u64, now: u64) -> Option<Ts> {
        let kept = now.checked_sub(index)? < self.times.len() as u64;
        self.place(index).filter(|_| kept).and_then(|place| self.times.get(place).copied())
    }
}

/// Compares the pivots of two markets.
///
/// [`Kind::SmtDivergence`] is born on a bar of the first market: the anchor is its pivot's bar, top and
/// bottom are its last two pivots of that kind, the parents the pivots of the first and the second market,
/// each in its own market's numbering.
#[derive(Debug, Clone)]
pub struct SmtDivergences {
    settings: SmtSettings,
    first_times: OpenTimes,
    second_times: OpenTimes,
    /// Pivots of the second market that the first one's bars have not come to, oldest first.
    waiting: Pivots,
    highs: Sides,
    lows: Sides,
    ids: Ids,
}

impl SmtDivergences {
    /// A comparison that has seen nothing.
    ///
    /// # Errors
    /// [`SmcError::Parameter`] if the kind is not one of pivots, `pivot_bars` is not from 1 to
    /// [`PIVOT_BARS_MAX`](crate::pivot::PIVOT_BARS_MAX) or the tolerance is negative.
    pub fn new(source: Source, settings: SmtSettings) -> Result<Self, SmcError> {
        if settings.pivots != Kind::FractalPivot && settings.pivots != Kind::LegPivot {
            return Err(SmcError::Parameter { name: "pivots", rule: "must be a kind of pivots" });
        }
        check_side("pivot_bars", settings.pivot_bars)?;
        if settings.tolerance.is_negative() {
            return Err(SmcError::Parameter { name: "tolerance", rule: "must not be negative" });
        }
        let times = || OpenTimes::new(settings.pivot_bars + 1);
        Ok(SmtDivergences {
            settings,
            first_times: times(),
            second_times: times(),
            waiting: Pivots::new(),
            highs: Sides::default(),
            lows: Sides::default(),
            ids: Ids::new(source),
        })
    }

    /// Takes in a closed bar of the second market and what was reported on it. It may be ahead of the first
    /// by [`PIVOTS_REMEMBERED`] pivots; of more, the oldest are forgotten.
    pub fn update_second(&mut self, bar: &ClosedBar, events: &Events) {
        self.second_times.put(bar);
        for event in events {
            if let Some(pivot) = self.pivot(event, self.settings.second, bar, &self.second_times) {
                let turned = match self.settings.correlation {
                    Correlation::Direct => pivot,
                    Correlation::Inverse => {
                        Pivot { direction: pivot.direction.opposite(), level: -pivot.level, ..pivot }
                    }
                };
                remember(&mut self.waiting, turned);
            }
        }
    }

    /// Takes in a closed bar of the first market, with what was reported on it, and adds the divergences that
    /// it makes known. The second market's bar of the same time is to be taken in before.
    pub fn update_first(&mut self, bar: &ClosedBar, events: &mut Events) {
        self.first_times.put(bar);
        let reported = events.len();
        while let Some(pivot) =
            self.waiting.first().copied().filter(|next| next.known_from <= bar.open_time())
        {
            self.waiting.remove(0);
            self.add(Market::Second, pivot, bar.index(), events);
        }
        for position in 0..reported {
            let Some(event) = events.get(position) else { break };
            if let Some(pivot) = self.pivot(&event, self.settings.first, bar, &self.first_times) {
                self.add(Market::First, pivot, bar.index(), events);
            }
        }
    }

    fn pivot(&self, event: &Event, source: Source, bar: &ClosedBar, times: &OpenTimes) -> Option<Pivot> {
        let wanted =
            event.id.source() == source && event.kind == self.settings.pivots && event.change == Change::Born;
        let open_time = times.of(event.anchor, bar.index()).filter(|_| wanted)?;
        Some(Pivot {
            id: event.id,
            direction: event.direction,
            anchor: event.anchor,
            open_time,
            known_from: bar.open_time(),
            level: event.level(),
            partner: None,
        })
    }

    fn add(&mut self, market: Market, pivot: Pivot, known_at: u64, events: &mut Events) {
        let sides = match pivot.direction {
            Direction::Bullish => &mut self.highs,
            Direction::Bearish => &mut self.lows,
        };
        let Some((Step(first_before, first), Step(second_before, second))) =
            sides.add(market, pivot, self.settings.tolerance)
        else {
            return;
        };
        let (higher, lower) = (first.level > first_before.level, first.level < first_before.level);
        let other_higher = second.level > second_before.level;
        let other_lower = second.level < second_before.level;
        if (higher && other_lower) || (lower && other_higher) {
            events.push(Event {
                id: self.ids.take(),
                kind: Kind::SmtDivergence,
                change: Change::Born,
                direction: first.direction.opposite(),
                anchor: first.anchor,
                known_at,
                top: first.level.max(first_before.level),
                bottom: first.level.min(first_before.level),
                parents: [Some(first.id), Some(second.id)],
            });
        }
    }
}
