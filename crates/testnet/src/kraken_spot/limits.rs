//! Counters that leak: a call adds, time takes away, a full counter refuses. The rates are those of the
//! client's own table.

use std::collections::BTreeMap;

use seawall_model::{InstrumentId, Ts};
use seawall_venues::budget::{Meter, PoolKind};
use seawall_venues::kraken_spot::tables::POOLS;

/// One counter, in thousandths of a unit.
#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    level: i64,
    at: Ts,
}

/// All counters of one key.
#[derive(Debug, Default)]
pub(super) struct Limits {
    public: Counter,
    private: Counter,
    pairs: BTreeMap<InstrumentId, Counter>,
}

/// Thousandths that a pool holds and loses each second.
fn rule(wanted: PoolKind) -> (i64, i64) {
    let rule = POOLS.iter().find(|rule| rule.pool == wanted).map(|rule| rule.meter);
    match rule {
        Some(Meter::Leaky { limit, milli_per_s }) => (i64::from(limit) * 1_000, i64::from(milli_per_s)),
        Some(_) | None => (i64::MAX, i64::MAX),
    }
}

impl Counter {
    fn leak(&mut self, at: Ts, milli_per_s: i64) {
        let passed = at.since(self.at).millis().max(0);
        self.level = (self.level - passed.saturating_mul(milli_per_s) / 1_000).max(0);
        self.at = self.at.max(at);
    }

    fn take(&mut self, at: Ts, milli: i64, (limit, milli_per_s): (i64, i64)) -> bool {
        self.leak(at, milli_per_s);
        if self.level.saturating_add(milli) > limit {
            return false;
        }
        self.level += milli;
        true
    }
}

impl Limits {
    /// A public call.
    pub(super) fn public(&mut self, at: Ts) -> bool {
        self.public.take(at, 1_000, rule(PoolKind::Public))
    }

    /// A private call that costs so many thousandths.
    pub(super) fn private(&mut self, at: Ts, milli: u32) -> bool {
        self.private.take(at, i64::from(milli), rule(PoolKind::Private))
    }

    /// Placing or changing on a pair.
    pub(super) fn order(&mut self, at: Ts, pair: InstrumentId, units: u32) -> bool {
        self.pairs.entry(pair).or_default().take(at, i64::from(units) * 1_000, rule(PoolKind::Orders))
    }

    /// Cancelling on a pair: it counts, and is never refused.
    pub(super) fn cancel(&mut self, at: Ts, pair: InstrumentId, units: u32) {
        let (_, milli_per_s) = rule(PoolKind::Orders);
        let counter = self.pairs.entry(pair).or_default();
        counter.leak(at, milli_per_s);
        counter.level = counter.level.saturating_add(i64::from(units) * 1_000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_counter_refuses_until_it_has_leaked() {
        let mut limits = Limits::default();
        let at = |seconds: i64| Ts::from_millis(1_000_000 + seconds * 1_000);
        let taken = (0..30).filter(|_| limits.private(at(0), 1_000)).count();
        assert_eq!(taken, 20);
        assert!(!limits.private(at(1), 1_000));
        assert!(limits.private(at(2), 1_000));
    }

    #[test]
    fn cancelling_counts_and_is_never_refused() {
        let mut limits = Limits::default();
        let (at, pair) = (Ts::from_millis(1_000), InstrumentId(0));
        for _ in 0..20 {
            limits.cancel(at, pair, 8);
        }
        assert_eq!(limits.pairs[&pair].level, 160_000);
        assert!(!limits.order(at, pair, 1));
        assert!(limits.order(at.plus(seawall_model::Span::from_secs(60)), pair, 1));
    }
}
