//! A made-up order book around the real best prices, and what changed in it since it was last told.
//!
//! The market has best bid and ask alone; the depth behind them is a pure function of seed, instrument,
//! price and time, so that a book that is asked for and one that is followed are the same book. Levels stand
//! on a grid and keep their size for a while: most of them survive a tick.

use std::collections::BTreeMap;

use seawall_model::{PriceUnits, QtyUnits, Side, Ts};

use super::hash::{mix, share};

/// Levels of each side.
pub const DEPTH: usize = 30;

/// Levels of a moment: bids descending, asks ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Book {
    /// Price and quantity, best first.
    pub bids: Vec<(PriceUnits, QtyUnits)>,
    /// Price and quantity, best first.
    pub asks: Vec<(PriceUnits, QtyUnits)>,
}

/// What the depth is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depth {
    pub(crate) seed: u64,
    pub(crate) at: Ts,
    pub(crate) bid: PriceUnits,
    pub(crate) ask: PriceUnits,
    pub(crate) tick: i64,
    pub(crate) lot: i64,
    /// What a level usually holds, in quantity units.
    pub(crate) usual: i64,
}

impl Depth {
    pub(crate) fn book(self) -> Book {
        let ticks = (self.bid.get() / 25_000 / self.tick.max(1)).max(1);
        let step = ticks * self.tick.max(1);
        let places = 1..i64::try_from(DEPTH).unwrap_or(1);
        let below = self.bid.get() / step * step;
        let above = (self.ask.get() + step - 1) / step * step;
        let bids = places.clone().map(|place| below - place * step).filter(|price| *price > 0);
        let asks = places.map(|place| above + place * step);
        Book {
            bids: core::iter::once(self.bid.get()).chain(bids).map(|price| self.level(price)).collect(),
            asks: core::iter::once(self.ask.get()).chain(asks).map(|price| self.level(price)).collect(),
        }
    }

    fn level(self, price: i64) -> (PriceUnits, QtyUnits) {
        let place = mix(self.seed, price.unsigned_abs());
        // Each level changes its size every few seconds, not all at once.
        let age = self.at.millis().unsigned_abs().wrapping_add(place % 16_000) / 16_000;
        let thousandths = 200 + i64::try_from(mix(place, age) % 2_000).unwrap_or(0);
        let lots = (self.usual / self.lot.max(1)).saturating_mul(thousandths) / 1_000;
        (PriceUnits::new(price), QtyUnits::new(lots.max(1).saturating_mul(self.lot.max(1))))
    }
}

/// A level that changed; a quantity of zero removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which side of the book: buy for bids.
    pub side: Side,
    /// Price.
    pub price: PriceUnits,
    /// What stands there now.
    pub qty: QtyUnits,
}

/// The book as a follower of the stream has it.
#[derive(Debug, Clone, Default)]
pub struct Followed {
    sides: [BTreeMap<PriceUnits, QtyUnits>; 2],
}

impl Followed {
    /// Takes over `book` and says what changed, in an order in which whoever applies one change after the
    /// other never sees a crossed book: what is in the way of the new best prices goes first, what is new
    /// comes next, what else is gone goes last; within that in order of side and price.
    pub fn follow(&mut self, book: &Book) -> Vec<Change> {
        let mut changes = Vec::new();
        for ((side, levels), known) in
            [(Side::Buy, &book.bids), (Side::Sell, &book.asks)].into_iter().zip(&mut self.sides)
        {
            let now: BTreeMap<PriceUnits, QtyUnits> = levels.iter().copied().collect();
            let gone = known.keys().filter(|price| !now.contains_key(price));
            changes.extend(gone.map(|price| Change { side, price: *price, qty: QtyUnits::ZERO }));
            let new = now.iter().filter(|(price, qty)| known.get(price) != Some(qty));
            changes.extend(new.map(|(price, qty)| Change { side, price: *price, qty: *qty }));
            *known = now;
        }
        let (bid, ask) = (book.bids.first(), book.asks.first());
        changes.sort_by_key(|change| {
            let is_in_the_way = match change.side {
                Side::Buy => ask.is_some_and(|(ask, _)| change.price >= *ask),
                Side::Sell => bid.is_some_and(|(bid, _)| change.price <= *bid),
            };
            match (change.qty.is_zero(), is_in_the_way) {
                (true, true) => 0,
                (false, _) => 1,
                (true, false) => 2,
            }
        });
        changes
    }
}

/// A usual level: about a minute's share of the day's volume over all levels.
#[must_use]
pub(crate) fn usual_level(day_volume_units: f64, seed: u64) -> i64 {
    let units = day_volume_units / 1_440.0 / 8.0 * (0.7 + 0.6 * share(seed, 77));
    let text = format!("{:.0}", units.clamp(1.0, 1e15));
    text.parse().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(at: i64, bid: i64, ask: i64) -> Depth {
        let price = PriceUnits::new;
        Depth {
            seed: 3,
            at: Ts::from_millis(at),
            bid: price(bid),
            ask: price(ask),
            tick: 5,
            lot: 10,
            usual: 1_000,
        }
    }

    #[test]
    fn the_book_is_sorted_uncrossed_on_the_grid_and_repeats() {
        let book = depth(1_000, 600_000, 600_010).book();
        assert_eq!(book, depth(1_000, 600_000, 600_010).book());
        assert_eq!((book.bids[0].0.get(), book.asks[0].0.get()), (600_000, 600_010));
        assert!(book.bids.windows(2).all(|pair| pair[0].0 > pair[1].0));
        assert!(book.asks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let levels = book.bids.iter().chain(&book.asks);
        assert!(levels.clone().all(|(price, qty)| price.get() % 5 == 0 && qty.get() % 10 == 0));
        assert!(levels.clone().all(|(_, qty)| qty.get() > 0));
    }

    #[test]
    fn changes_applied_one_after_the_other_never_cross_the_book() {
        let mut followed = Followed::default();
        followed.follow(&depth(1_000, 600_000, 600_010).book());
        for (second, bid) in [(2, 600_050), (3, 599_900), (4, 610_000), (5, 600_000)] {
            let [mut bids, mut asks] = followed.sides.clone();
            for change in followed.follow(&depth(second * 1_000, bid, bid + 10).book()) {
                let levels = if change.side == Side::Buy { &mut bids } else { &mut asks };
                if change.qty.is_zero() {
                    levels.remove(&change.price);
                } else {
                    levels.insert(change.price, change.qty);
                }
                let (best_bid, best_ask) = (bids.keys().next_back(), asks.keys().next());
                assert!(best_bid.zip(best_ask).is_none_or(|(bid, ask)| bid < ask), "{change:?}");
            }
        }
    }

    #[test]
    fn a_snapshot_and_its_changes_are_the_later_book_and_most_levels_survive() {
        let mut followed = Followed::default();
        followed.follow(&depth(1_000, 600_000, 600_010).book());
        let later = depth(2_000, 600_050, 600_060).book();
        let changes = followed.follow(&later);
        assert!(!changes.is_empty() && changes.len() < 40, "{}", changes.len());
        let levels: BTreeMap<_, _> = later.bids.iter().copied().collect();
        assert_eq!(followed.sides[0], levels);
        assert!(followed.follow(&later).is_empty());
    }
}
