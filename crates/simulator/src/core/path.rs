//! Matching inside a bar, of which only the extremes are known.
//!
//! The assumed path is the worse one: from the open first to the extreme against the position, then to the
//! other, then to the close. Along it orders act at their own prices, in the order in which the price reaches
//! them; at one price stops come first. An order that woke in this bar rests for the remainder of it.

use seawall_model::{PositionSide, PriceUnits, Ts};

use super::book::{Direction, Stage, Watch, Working};
use super::desk::{Desk, Others};
use super::market::Market;
use super::matching::Wake;

/// The part of a bar that matters after its open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) at: Ts,
    pub(super) low: PriceUnits,
    pub(super) high: PriceUnits,
    pub(super) close: PriceUnits,
}

/// One straight way along the path.
#[derive(Debug, Clone, Copy)]
struct Leg {
    direction: Direction,
    from: PriceUnits,
    to: PriceUnits,
}

impl Market {
    /// Whether a bar's extreme against the position may liquidate it.
    #[inline]
    pub(super) fn is_range_near_liquidation(&self, range: &Range, desk: &Desk) -> bool {
        match self.side() {
            PositionSide::Flat => false,
            PositionSide::Long => self.is_near_liquidation(range.low, desk),
            PositionSide::Short => self.is_near_liquidation(range.high, desk),
        }
    }

    /// Walks the assumed path through the bar.
    pub(super) fn walk(&mut self, range: Range, others: Option<Others>, desk: &mut Desk) {
        self.round += 1;
        self.in_range = true;
        if self.is_ambiguous(&range) {
            self.count_ambiguous(desk);
        }
        let falling = |from| Leg { direction: Direction::Falls, from, to: range.low };
        let rising = |from| Leg { direction: Direction::Rises, from, to: range.high };
        let legs = match self.side() {
            PositionSide::Flat | PositionSide::Long => [falling(self.last), rising(range.low)],
            PositionSide::Short => [rising(self.last), falling(range.high)],
        };
        for leg in legs {
            self.walk_leg(leg, &range, others, desk);
        }
        self.in_range = false;
    }

    fn walk_leg(&mut self, leg: Leg, range: &Range, others: Option<Others>, desk: &mut Desk) {
        let mut from = leg.from;
        loop {
            let next = self.next_on(leg);
            let liquidation = match (self.side(), leg.direction, others) {
                (PositionSide::Long, Direction::Falls, Some(others))
                | (PositionSide::Short, Direction::Rises, Some(others)) => {
                    self.liquidation_price(from, leg.to, others, desk)
                }
                (PositionSide::Flat | PositionSide::Long | PositionSide::Short, _, _) => None,
            };
            match (next, liquidation) {
                (Some((_, watch)), Some(price)) if comes_before(leg.direction, price, watch.price) => {
                    self.liquidate(range.at, price, desk);
                    from = price;
                }
                (Some((index, watch)), _) => {
                    self.act(index, range, desk);
                    from = watch.price;
                }
                (None, Some(price)) => {
                    self.liquidate(range.at, price, desk);
                    from = price;
                }
                (None, None) => return,
            }
        }
    }

    /// The order that the price reaches next on this leg.
    fn next_on(&self, leg: Leg) -> Option<(usize, Watch)> {
        let mut best: Option<(usize, Watch, bool)> = None;
        for (index, order) in self.orders.iter().enumerate() {
            let Some(watch) = order.watch.filter(|watch| watch.direction == leg.direction) else { continue };
            if order.round == self.round || !watch.is_reached(leg.to) {
                continue;
            }
            let is_stop = order.stage == Stage::Armed && order.request.kind.is_stop();
            let is_sooner = best.is_none_or(|(_, found, found_is_stop)| {
                comes_before(leg.direction, watch.price, found.price)
                    || watch.price == found.price && is_stop && !found_is_stop
            });
            if is_sooner {
                best = Some((index, watch, is_stop));
            }
        }
        best.map(|(index, watch, _)| (index, watch))
    }

    fn act(&mut self, index: usize, range: &Range, desk: &mut Desk) {
        let round = self.round;
        let Some(order) = self.orders.get_mut(index) else { return };
        order.round = round;
        match (order.stage, order.request.kind.trigger()) {
            (Stage::Armed, Some(trigger)) => {
                let wake = Wake { at: range.at, price: trigger.price, close: Some(range.close) };
                self.wake(index, wake, desk);
            }
            (Stage::Resting, _) => self.fill_resting(index, range.at, desk),
            (Stage::Armed, None) | (Stage::Waiting, _) => {}
        }
    }

    /// Whether the bar reaches both a stop and a target of the position.
    fn is_ambiguous(&self, range: &Range) -> bool {
        let is_hit = |order: &&Working| {
            self.is_closing(order.request.side)
                && order.watch.is_some_and(|watch| match watch.direction {
                    Direction::Falls => watch.is_reached(range.low),
                    Direction::Rises => watch.is_reached(range.high),
                })
        };
        let is_stop = |order: &Working| order.stage == Stage::Armed && order.request.kind.is_stop();
        let mut hits = self.orders.iter().filter(is_hit).map(is_stop);
        match hits.next() {
            None => false,
            Some(first) => hits.any(|next| next != first),
        }
    }

    /// Counts the current bar as ambiguous, once.
    pub(super) fn count_ambiguous(&mut self, desk: &mut Desk) {
        if self.is_ambiguous_counted {
            return;
        }
        self.is_ambiguous_counted = true;
        if let Some(count) = desk.stats.ambiguous_bars.get_mut(self.id().index()) {
            *count += 1;
        }
    }
}

/// Whether a price that moves in `direction` passes `one` strictly before `other`.
fn comes_before(direction: Direction, one: PriceUnits, other: PriceUnits) -> bool {
    match direction {
        Direction::Falls => one > other,
        Direction::Rises => one < other,
    }
}
