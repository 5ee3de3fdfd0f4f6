//! Which feeds are live.

use std::collections::BTreeSet;

use seawall_model::InstrumentId;
use seawall_venues::News;
use seawall_venues::session::Feed;

/// The feeds of a run.
#[derive(Debug)]
pub(crate) struct Feeds {
    instruments: BTreeSet<InstrumentId>,
    quoted: BTreeSet<InstrumentId>,
    needs_orders: bool,
    orders: bool,
}

impl Feeds {
    pub(crate) fn new(instruments: BTreeSet<InstrumentId>, needs_orders: bool) -> Self {
        let quoted = BTreeSet::new();
        Feeds { instruments, quoted, needs_orders, orders: false }
    }

    /// Takes in what a session says; whether the stream of the account is live, where that has changed.
    pub(crate) fn see(&mut self, news: &News) -> Option<bool> {
        let News::Feed { feed, instrument, live } = news else { return None };
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
                let before = std::mem::replace(&mut self.orders, *live);
                return (before != *live).then_some(*live);
            }
            Feed::Book | Feed::Candles(_) | Feed::Account => {}
        }
        None
    }

    /// Whether nothing is missing.
    pub(crate) fn are_live(&self) -> bool {
        self.orders_are_live() && self.quoted.len() == self.instruments.len()
    }

    /// Whether nothing of the account can be missed.
    pub(crate) fn orders_are_live(&self) -> bool {
        self.orders || !self.needs_orders
    }

    /// Whether there is any market data at all.
    pub(crate) fn any_quotes(&self) -> bool {
        !self.quoted.is_empty()
    }

    /// What is missing, in words.
    pub(crate) fn missing(&self) -> String {
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
    fn what_is_missing_is_told_and_each_change_of_the_accounts_stream_once() {
        let mut feeds = Feeds::new([InstrumentId(0), InstrumentId(1)].into(), true);
        assert!(!feeds.are_live() && feeds.missing().contains("account"));
        assert_eq!(feeds.see(&feed(Feed::Orders, None, true)), Some(true));
        assert_eq!(feeds.see(&feed(Feed::Orders, None, true)), None);
        for id in 0..2 {
            feeds.see(&feed(Feed::Quotes, Some(id), true));
        }
        assert!(feeds.are_live());
        feeds.see(&feed(Feed::Quotes, None, false));
        assert!(!feeds.any_quotes() && feeds.missing() == "quotes of 2 of 2 instruments");
        assert_eq!(feeds.see(&feed(Feed::Orders, None, false)), Some(false));
        assert!(!feeds.orders_are_live());
        assert_eq!(feeds.see(&feed(Feed::Orders, None, true)), Some(true));
    }
}
