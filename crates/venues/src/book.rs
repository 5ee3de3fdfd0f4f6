//! A book of price levels, kept up from a stream.
//!
//! Invariants: prices are in order, one level a price, no level without quantity; a book that is not proven
//! (sequence or checksum) is not given out: its owner drops it. Bounded by the depth it was made for.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use seawall_model::Side;

/// Levels of a side that a book keeps where the venue names no depth.
pub const LEVELS_MAX: usize = 5_000;

/// Price levels of both sides, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
    depth: usize,
}

impl Book {
    /// An empty book of at most `depth` levels a side.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Book { bids: BTreeMap::new(), asks: BTreeMap::new(), depth: depth.clamp(1, LEVELS_MAX) }
    }

    /// Sets the quantity at a price; zero (or less) removes the level, also one that is not there.
    pub fn set(&mut self, side: Side, price: Decimal, qty: Decimal) {
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if qty <= Decimal::ZERO {
            levels.remove(&price);
        } else {
            levels.insert(price, qty);
        }
    }

    /// Drops what lies beyond the depth: venues that send a fixed depth send no removals for these.
    pub fn truncate(&mut self) {
        while self.bids.len() > self.depth {
            self.bids.pop_first();
        }
        while self.asks.len() > self.depth {
            self.asks.pop_last();
        }
    }

    /// Bids, best first.
    pub fn bids(&self) -> impl Iterator<Item = (Decimal, Decimal)> {
        self.bids.iter().rev().map(|(price, qty)| (*price, *qty))
    }

    /// Asks, best first.
    pub fn asks(&self) -> impl Iterator<Item = (Decimal, Decimal)> {
        self.asks.iter().map(|(price, qty)| (*price, *qty))
    }

    /// Best bid and ask where both are there and not crossed.
    #[must_use]
    pub fn top(&self) -> Option<(Decimal, Decimal)> {
        let (bid, ask) = (self.bids().next()?.0, self.asks().next()?.0);
        (bid < ask).then_some((bid, ask))
    }

    /// The text that Kraken spot's checksum is taken of: ten asks, then ten bids, best first, each price and
    /// quantity written with the market's decimals, without the point and without leading zeros.
    #[must_use]
    pub fn checksum_text(&self, price_decimals: u32, qty_decimals: u32) -> String {
        let mut text = String::with_capacity(400);
        for (price, qty) in self.asks().take(10).chain(self.bids().take(10)) {
            for (value, decimals) in [(price, price_decimals), (qty, qty_decimals)] {
                let mut padded = value;
                padded.rescale(decimals);
                let digits: String = padded.to_string().chars().filter(|c| *c != '.').collect();
                text.push_str(digits.trim_start_matches('0'));
            }
        }
        text
    }

    /// The checksum (CRC-32, IEEE) of [`Self::checksum_text`].
    #[must_use]
    pub fn checksum(&self, price_decimals: u32, qty_decimals: u32) -> u32 {
        crc32fast::hash(self.checksum_text(price_decimals, qty_decimals).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        seawall_model::parse_decimal(text).unwrap()
    }

    #[test]
    fn levels_are_set_removed_and_cut_to_the_depth() {
        let mut book = Book::new(2);
        for (price, qty) in [("10", "1"), ("9", "2"), ("8", "3")] {
            book.set(Side::Buy, d(price), d(qty));
        }
        book.set(Side::Sell, d("11"), d("1"));
        book.truncate();
        assert_eq!(book.bids().map(|(price, _)| price).collect::<Vec<_>>(), [d("10"), d("9")]);
        assert_eq!(book.top(), Some((d("10"), d("11"))));
        book.set(Side::Buy, d("10.0"), d("0"));
        book.set(Side::Buy, d("7"), d("0"));
        assert_eq!(book.top(), Some((d("9"), d("11"))), "10 and 10.0 are one price");
        book.set(Side::Buy, d("11"), d("1"));
        assert_eq!(book.top(), None, "a crossed book has no top");
    }
}
