//! O5, the day: once the account has lost more than a day may lose, nothing is entered until the day is over,
//! whatever happens to the process meanwhile.
//!
//! What the account is worth is read from the venue, twice a minute. The engine judges by prices that are a
//! message old and by books that may lag: the loss has to exceed the limit by a slack, and to last, before
//! it is held against it. Money that comes in or goes out is not judged: the day counts no more then.

use rust_decimal::Decimal;
use seawall_model::{Percent, Span, Timeframe, Ts};

use super::{Finding, Oracle, Step, ensure};
use crate::truth::Truth;
use crate::venue::Venue;

const LOOK_EVERY: Span = Span::from_secs(30);
/// A loss beyond the limit for so long has been seen.
const SEEN_AFTER: Span = Span::from_secs(120);
/// Beyond the limit, as a share of what the day began with.
const SLACK: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// The loss window of a day.
#[derive(Debug)]
pub(crate) struct Day {
    limit: Option<Percent>,
    /// Where it began, and what the account was worth then; nothing for a day that does not count.
    base: Option<Decimal>,
    began: Ts,
    looked: Ts,
    /// Since when the loss is beyond the limit.
    lost_since: Option<Ts>,
    spent: bool,
}

impl Day {
    pub(crate) fn new(limit: Option<Percent>) -> Self {
        let never = Ts::from_nanos(i64::MIN);
        Day { limit, base: None, began: never, looked: never, lost_since: None, spent: false }
    }

    /// Reads the account, when it is time.
    pub(crate) fn look(&mut self, at: Ts, venue: &Venue, truth: &Truth, alive: bool) {
        let Some(limit) = self.limit else { return };
        if at.since(self.looked) < LOOK_EVERY {
            return;
        }
        self.looked = at;
        let equity = venue.exchange.account().equity.get();
        let began = Timeframe::D1.floor(at);
        if began != self.began {
            (self.began, self.base) = (began, Some(equity));
            (self.lost_since, self.spent) = (None, false);
        }
        if truth.transferred_at.is_some_and(|then| then >= self.began) {
            self.base = None;
        }
        let Some(base) = self.base else { return };
        let beyond = base - equity > base * (limit.fraction() + SLACK);
        if !beyond || !alive {
            self.lost_since = None;
            return;
        }
        let since = *self.lost_since.get_or_insert(at);
        self.spent |= at.since(since) >= SEEN_AFTER;
    }

    pub(crate) fn check(&self, step: &Step<'_>) -> Finding {
        let same_day = Timeframe::D1.floor(step.at) == self.began;
        let spent = self.spent && self.base.is_some() && same_day;
        let entry = step.entries().next().filter(|_| spent);
        ensure(Oracle::Caps, entry.is_none(), || {
            format!("{entry:?} after the day that began with {:?} was spent", self.base)
        })
    }
}
