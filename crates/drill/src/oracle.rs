//! The judge: what the venue knows against what the run believes and has ever sent. Pure; it asks nobody.
//!
//! Rules, by the name that a violation bears:
//!
//! | rule | meaning |
//! |---|---|
//! | `order-twice` | the venue has two orders of one client id |
//! | `sent-twice` | the journals let one placement go twice |
//! | `order-unwritten` | the venue has an order of ours that no journal has let go |
//! | `order-lost` | an order of ours is open at the venue, and the books do not have it |
//! | `order-ghost` | the books have a working order that is not open at the venue |
//! | `position` | books and venue differ in a position |
//! | `money` | books and venue differ in the account's money |
//! | `unprotected` | the stops of a position at the venue are not of its size |

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use crate::books::Books;
use crate::venue::{OrderRow, State, is_ours};

/// Difference in money that rounding explains: the venue pays in whole cents of a cent.
const MONEY_TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Violation {
    /// Its name.
    pub(crate) rule: &'static str,
    /// What was seen.
    pub(crate) detail: String,
}

impl Violation {
    pub(crate) fn new(rule: &'static str, detail: String) -> Self {
        Violation { rule, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

/// Every order of a drill, at the venue and in the journals.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Number of the venue's last order that was seen.
    pub(crate) last: u32,
    at_venue: BTreeMap<String, u32>,
    written: BTreeMap<String, String>,
}

impl History {
    /// Takes in orders of the venue.
    pub(crate) fn see_venue(&mut self, rows: &[OrderRow]) -> Vec<Violation> {
        let mut found = Vec::new();
        for row in rows {
            self.last = self.last.max(row.number);
            let Some(client_id) = row.client_id.as_ref().filter(|id| is_ours(id)) else { continue };
            if let Some(earlier) = self.at_venue.insert(client_id.clone(), row.number) {
                let detail = format!(
                    "{client_id} on {} is number {earlier} and {} ({})",
                    row.symbol, row.number, row.state
                );
                found.push(Violation::new("order-twice", detail));
            }
        }
        found
    }

    /// Takes in the placements of the journal of `start`; those that were seen of it before do not count.
    pub(crate) fn see_journal(&mut self, start: &str, placed: &[String]) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        for client_id in placed {
            let times = seen.entry(client_id).or_insert(0);
            *times += 1;
            let earlier = self.written.insert(client_id.clone(), start.to_owned());
            if *times > 1 || earlier.as_ref().is_some_and(|earlier| earlier != start) {
                let earlier = earlier.unwrap_or_default();
                found.push(Violation::new("sent-twice", format!("{client_id} in {earlier} and in {start}")));
            }
        }
        found
    }

    /// Orders of ours at the venue that no journal has let go. The journals must have been read after the
    /// venue.
    pub(crate) fn unwritten(&self) -> Vec<Violation> {
        let unwritten = self.at_venue.iter().filter(|(id, _)| !self.written.contains_key(*id));
        unwritten
            .map(|(id, number)| {
                Violation::new("order-unwritten", format!("{id}, the venue's number {number}"))
            })
            .collect()
    }

    /// Orders that were written, and orders of ours that reached the venue.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.written.len(), self.at_venue.len())
    }
}

/// What of the venue's account the books do not have, or have otherwise.
pub(crate) fn compare(state: &State, books: &Books) -> Vec<Violation> {
    let mut found = Vec::new();
    let held = |symbol: &str| state.positions.iter().find(|position| position.symbol == symbol);
    for position in &state.positions {
        let ours = books.positions.get(&position.symbol).copied().unwrap_or_default();
        if ours != position.qty && !position.delisted {
            let detail = format!("{}: the venue has {}, the books {ours}", position.symbol, position.qty);
            found.push(Violation::new("position", detail));
        }
    }
    for (symbol, qty) in &books.positions {
        if held(symbol).is_none() {
            found.push(Violation::new(
                "position",
                format!("{symbol}: the books have {qty}, the venue nothing"),
            ));
        }
    }
    let open = || state.open_orders.iter().filter_map(|order| Some((order, order.client_id.as_deref()?)));
    for (order, id) in open() {
        if is_ours(id) && !books.live.contains(id) {
            found.push(Violation::new("order-lost", format!("{id} is open on {}", order.symbol)));
        }
    }
    for id in &books.live {
        if !open().any(|(_, at_venue)| at_venue == id) {
            found.push(Violation::new("order-ghost", id.clone()));
        }
    }
    let difference = (books.wallet - state.balance).abs();
    if difference > MONEY_TOLERANCE {
        let detail = format!(
            "the venue has {}, the books {} (accepted before: {})",
            state.balance, books.wallet, books.adjustments
        );
        found.push(Violation::new("money", detail));
    }
    found
}

/// Positions whose live stops at the venue are not of their size; with `exactly`, larger ones count as well.
pub(crate) fn unprotected(state: &State, exactly: bool) -> Vec<Violation> {
    let mut found = Vec::new();
    for position in state.positions.iter().filter(|position| !position.delisted) {
        let uncovered = state.uncovered(position);
        if uncovered > Decimal::ZERO || (exactly && !uncovered.is_zero()) {
            let detail = format!("{} of {} is not covered ({uncovered})", position.symbol, position.qty);
            found.push(Violation::new("unprotected", detail));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const STOP: &str = "sw0000001000000a";

    fn state() -> State {
        serde_json::from_str(&format!(
            r#"{{"time":"2026-07-01T00:00:00Z","balance":"990.5",
            "positions":[{{"symbol":"PF_XBTUSD","qty":"2","delisted":false}}],
            "open_orders":[{{"client_id":"{STOP}","symbol":"PF_XBTUSD","side":"sell","qty":"2","filled":"0",
            "stop_price":"90","reduce_only":true}},
            {{"client_id":"by-hand","symbol":"PF_XBTUSD","side":"buy","qty":"1","filled":"0",
            "stop_price":null,"reduce_only":false}}]}}"#
        ))
        .unwrap()
    }

    fn books() -> Books {
        Books {
            positions: [("PF_XBTUSD".to_owned(), Decimal::TWO)].into(),
            live: [STOP.to_owned()].into(),
            wallet: "990.5".parse().unwrap(),
            ..Books::default()
        }
    }

    fn rules(found: &[Violation]) -> Vec<&'static str> {
        found.iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn equal_books_pass_and_orders_of_others_do_not_count() {
        assert_eq!(compare(&state(), &books()), []);
        assert_eq!(unprotected(&state(), true), []);
    }

    #[test]
    fn each_difference_is_found_by_its_name() {
        let mut other = books();
        other.positions.insert("PF_XBTUSD".to_owned(), Decimal::ONE);
        other.positions.insert("PF_ETHUSD".to_owned(), Decimal::ONE);
        other.live = ["sw0000001000000b".to_owned()].into();
        other.wallet += Decimal::ONE;
        assert_eq!(
            rules(&compare(&state(), &other)),
            ["position", "position", "order-lost", "order-ghost", "money"]
        );
    }

    #[test]
    fn a_stop_protects_on_its_side_in_its_size_and_only_if_it_cannot_open() {
        for (field, value) in [("side", "buy"), ("qty", "1"), ("symbol", "PF_ETHUSD"), ("stop_price", "")] {
            let mut state = state();
            let stop = state.open_orders.first_mut().unwrap();
            match field {
                "side" => stop.side = seawall_model::Side::Buy,
                "qty" => stop.qty = value.parse().unwrap(),
                "symbol" => value.clone_into(&mut stop.symbol),
                _ => stop.stop_price = None,
            }
            assert_eq!(rules(&unprotected(&state, false)), ["unprotected"], "{field}");
        }
        let mut opening = state();
        opening.open_orders.first_mut().unwrap().reduce_only = false;
        assert_eq!(rules(&unprotected(&opening, false)), ["unprotected"]);
        let mut state = state();
        state.open_orders.first_mut().unwrap().qty = Decimal::TEN;
        assert!(unprotected(&state, false).is_empty());
        assert_eq!(rules(&unprotected(&state, true)), ["unprotected"]);
    }

    #[test]
    fn orders_that_come_twice_or_from_nowhere_are_found() {
        let row = |number: u32| OrderRow {
            number,
            client_id: Some(STOP.to_owned()),
            symbol: "PF_XBTUSD".to_owned(),
            state: "ended".to_owned(),
        };
        let mut history = History::default();
        assert_eq!(history.see_venue(&[row(1)]), []);
        assert_eq!(rules(&history.unwritten()), ["order-unwritten"]);
        assert_eq!(history.see_journal("start-000001", &[STOP.to_owned()]), []);
        assert_eq!(history.unwritten(), []);
        // The same journal is read again as it grows.
        assert_eq!(history.see_journal("start-000001", &[STOP.to_owned()]), []);
        assert_eq!(rules(&history.see_journal("start-000002", &[STOP.to_owned()])), ["sent-twice"]);
        let twice = [STOP.to_owned(), STOP.to_owned()];
        assert_eq!(rules(&history.see_journal("start-000002", &twice)), ["sent-twice"]);
        assert_eq!(rules(&history.see_venue(&[row(2)])), ["order-twice"]);
        assert_eq!((history.last, history.counts()), (2, (1, 1)));
    }
}
