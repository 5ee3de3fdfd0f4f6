//! Which feeds are live.

use std::collections::BTreeSet;

use seawall_model::InstrumentId;
use seawall_venues::News;
use seawall_venues::session::Feed;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing that matters here.
    Nothing,
    /// The stream of the account is live again after a gap: the books are compared with the venue.
    AccountCameBack,
}

/// The feeds of a run.
#[derive(Debug)]
pub(super) struct Feeds {
    instruments: BTreeSet<InstrumentId>,
    quoted: BTreeSet<InstrumentId>,
    needs_orders: bool,
    orders: bool,
    orders_before: bool,
}

impl Feeds {
    pub(super) fn new(instruments: BTreeSet<InstrumentId>, needs_orders: bool) -> Self {
        let quoted = BTreeSet::new();
        Feeds { instruments, quoted, needs_orders, orders: false, orders_before: false }
    }

    /// Takes in what a session says.
    pub(super) fn see(&mut self, news: &News) -> Change {
        let News::Feed { feed, instrument, live } = news else { return Change::Nothing };
        match feed {
            Feed::Quotes => {
                let some = instrument.map(|id| BTreeSet::from([id]));
                let which = some.unwrap_or_else(|| self.instruments.clone());
                if *live {
                    self.quoted.extend(which);
                } else {
                    self.quoted.retain(|id| !which.contains(id));
                }
            }
            Feed::Orders => {
                let came_back = *live && !self.orders && self.orders_before;
                self.orders = *live;
                self.orders_before |= *live;
                if came_back {
                    return Change::AccountCameBack;
                }
            }
            Feed::Book | Feed::Candles(_) | Feed::Account => {}
        }
        Change::Nothing
    }

    /// Whether nothing is missing.
    pub(super) fn are_live(&self) -> bool {
        self.orders_are_live() && self.quoted.len() == self.instruments.len()
    }

    /// Whether nothing of the account can be missed.
    pub(super) fn orders_are_live(&self) -> bool {
        self.orders || !self.needs_orders
    }

    /// Whether there is any market data at all.
    pub(super) fn any_quotes(&self) -> bool {
        !self.quoted.is_empty()
    }

    /// What is missing, in words.
    pub(super) fn missing(&self) -> String {
        let quotes = self.instruments.len() - self.quoted.len();
        let orders = if self.orders_are_live() { "" } else { "the stream of the account; " };
        format!("{orders}quotes of {quotes} of {} instruments", self.instruments.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(feed: Feed, instrument: Option<u32>, live: bool) -> News {
        News::Feed { feed, instrument: instrument.map(InstrumentId), live }
    }

    #[test]
    fn a_gap_of_the_account_is_told_when_it_ends_and_not_at_the_start() {
        let mut feeds = Feeds::new([InstrumentId(0), InstrumentId(1)].into(), true);
        assert!(!feeds.are_live() && feeds.missing().contains("account"));
        assert_eq!(feeds.see(&feed(Feed::Orders, None, true)), Change::Nothing);
        for id in 0..2 {
            feeds.see(&feed(Feed::Quotes, Some(id), true));
        }
        assert!(feeds.are_live());
        feeds.see(&feed(Feed::Quotes, None, false));
        assert!(!feeds.any_quotes() && feeds.missing() == "quotes of 2 of 2 instruments");
        assert_eq!(feeds.see(&feed(Feed::Orders, None, false)), Change::Nothing);
        assert!(!feeds.orders_are_live());
        assert_eq!(feeds.see(&feed(Feed::Orders, None, true)), Change::AccountCameBack);
    }
}
