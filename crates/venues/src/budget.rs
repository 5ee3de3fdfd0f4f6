//! Rate budgets: what a venue allows, with capacity that is kept for protection and cancellations.
//!
//! Invariants: no sequence of grants exceeds the venue's limit as the table states it; a lane may use only
//! what is left above the reserve of the lanes before it, so a stop or a cancellation never waits behind
//! entries, questions or data. Counting is in thousandths of the venue's units, so it is exact.

use std::collections::{BTreeMap, VecDeque};

use seawall_model::{Span, Ts};

use crate::http::{Cost, Lane, Pool};

/// How a venue counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meter {
    /// At most `limit` in any stretch of `span`.
    Window {
        /// Units.
        limit: u32,
        /// Length of the stretch.
        span: Span,
    },
    /// A counter that each request raises and time lowers, and that may not exceed `limit`.
    Leaky {
        /// Units.
        limit: u32,
        /// Thousandths of a unit that go per second.
        milli_per_s: u32,
    },
}

/// A pool's limit and what is kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolRule {
    /// Which pool; for [`Pool::Orders`] the rule holds for each instrument.
    pub pool: PoolKind,
    /// How the venue counts.
    pub meter: Meter,
    /// Units kept for protection and cancellations.
    pub reserve: u32,
}

/// What is used of a kind of pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolReading {
    /// Which.
    pub pool: PoolKind,
    /// Whole units used.
    pub used: u64,
    /// Units that the venue allows.
    pub limit: u32,
    /// Units kept for protection and cancellations.
    pub reserve: u32,
}

/// A kind of pool, for rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PoolKind {
    /// See [`Pool::Private`].
    Private,
    /// See [`Pool::History`].
    History,
    /// See [`Pool::Public`].
    Public,
    /// See [`Pool::Orders`].
    Orders,
}

impl PoolKind {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PoolKind::Private => "private",
            PoolKind::History => "history",
            PoolKind::Public => "public",
            PoolKind::Orders => "orders",
        }
    }
}

/// The kind of a pool.
#[must_use]
pub const fn kind(pool: Pool) -> PoolKind {
    match pool {
        Pool::Private => PoolKind::Private,
        Pool::History => PoolKind::History,
        Pool::Public => PoolKind::Public,
        Pool::Orders(_) => PoolKind::Orders,
    }
}

#[derive(Debug, Clone, Default)]
struct Account {
    /// Grants within the window.
    spent: VecDeque<(Ts, u64)>,
    /// Sum of the grants within the window, or the counter, in thousandths.
    used: u64,
    /// When `used` was last brought up to date.
    seen_at: Option<Ts>,
    /// The venue said that its limit is reached: nothing but protection before this.
    blocked_until: Option<Ts>,
}

/// What has been used of a venue's pools.
#[derive(Debug, Clone)]
pub struct Budget {
    rules: &'static [PoolRule],
    accounts: BTreeMap<Pool, Account>,
}

impl Budget {
    /// A budget of which nothing is used.
    #[must_use]
    pub fn new(rules: &'static [PoolRule]) -> Self {
        Budget { rules, accounts: BTreeMap::new() }
    }

    /// Takes the costs from all their pools, or from none.
    ///
    /// # Errors
    /// The earliest instant at which it is worth asking again.
    pub fn take(&mut self, at: Ts, lane: Lane, costs: &[Cost]) -> Result<(), Ts> {
        let mut wait = None;
        for cost in costs {
            let Some(rule) = self.rules.iter().find(|rule| rule.pool == kind(cost.pool)) else { continue };
            let account = self.accounts.entry(cost.pool).or_default();
            if let Err(until) = account.room(at, lane, rule, u64::from(cost.milli)) {
                wait = Some(wait.map_or(until, |earlier: Ts| earlier.max(until)));
            }
        }
        if let Some(until) = wait {
            return Err(until);
        }
        for cost in costs {
            let Some(rule) = self.rules.iter().find(|rule| rule.pool == kind(cost.pool)) else { continue };
            self.accounts.entry(cost.pool).or_default().spend(rule, u64::from(cost.milli));
        }
        Ok(())
    }

    /// The venue said that the limit of these pools is reached. Protection and cancellations may try again at
    /// once, everything else waits.
    pub fn refused(&mut self, at: Ts, costs: &[Cost], pause: Span) {
        for cost in costs {
            let account = self.accounts.entry(cost.pool).or_default();
            let until = at.plus(pause);
            account.blocked_until = Some(account.blocked_until.map_or(until, |known| known.max(until)));
        }
    }

    /// Each kind of pool with its limit, and what is used of the fullest pool of the kind at `at`.
    pub fn readings(&mut self, at: Ts) -> impl Iterator<Item = PoolReading> {
        for (pool, account) in &mut self.accounts {
            if let Some(rule) = self.rules.iter().find(|rule| rule.pool == kind(*pool)) {
                account.catch_up(at, rule);
            }
        }
        self.rules.iter().map(|rule| {
            let of_kind = self.accounts.iter().filter(|(pool, _)| kind(**pool) == rule.pool);
            let used = of_kind.map(|(_, account)| account.used / 1000).max().unwrap_or_default();
            let (Meter::Window { limit, .. } | Meter::Leaky { limit, .. }) = rule.meter;
            PoolReading { pool: rule.pool, used, limit, reserve: rule.reserve }
        })
    }

    /// Whole units used of a pool at `at`.
    #[must_use]
    pub fn used(&mut self, at: Ts, pool: Pool) -> u64 {
        let Some(rule) = self.rules.iter().find(|rule| rule.pool == kind(pool)) else { return 0 };
        let account = self.accounts.entry(pool).or_default();
        account.catch_up(at, rule);
        account.used / 1000
    }
}

impl Account {
    fn catch_up(&mut self, at: Ts, rule: &PoolRule) {
        let seen = self.seen_at.map_or(at, |seen| seen.max(at));
        match rule.meter {
            Meter::Window { span, .. } => {
                while let Some((when, milli)) = self.spent.front().copied() {
                    if seen < when.plus(span) {
                        break;
                    }
                    self.spent.pop_front();
                    self.used = self.used.saturating_sub(milli);
                }
            }
            Meter::Leaky { milli_per_s, .. } => {
                let idle_ms = seen.since(self.seen_at.unwrap_or(seen)).millis();
                let gone = u64::try_from(idle_ms).unwrap_or(0).saturating_mul(u64::from(milli_per_s)) / 1000;
                self.used = self.used.saturating_sub(gone);
            }
        }
        self.seen_at = Some(seen);
    }

    fn room(&mut self, at: Ts, lane: Lane, rule: &PoolRule, milli: u64) -> Result<(), Ts> {
        self.catch_up(at, rule);
        let urgent = lane <= Lane::Cancel;
        if let Some(until) = self.blocked_until.filter(|until| at < *until && !urgent) {
            return Err(until);
        }
        let (Meter::Window { limit, .. } | Meter::Leaky { limit, .. }) = rule.meter;
        let kept = if urgent { 0 } else { rule.reserve };
        let allowed = u64::from(limit.saturating_sub(kept)).saturating_mul(1000);
        if self.used.saturating_add(milli) <= allowed {
            return Ok(());
        }
        let excess = self.used.saturating_add(milli).saturating_sub(allowed);
        Err(self.when_free(at, rule, excess))
    }

    fn when_free(&self, at: Ts, rule: &PoolRule, excess: u64) -> Ts {
        match rule.meter {
            Meter::Window { span, .. } => {
                let mut freed = 0_u64;
                let enough = self.spent.iter().find(|(_, milli)| {
                    freed = freed.saturating_add(*milli);
                    freed >= excess
                });
                enough.map_or_else(|| at.plus(span), |(when, _)| when.plus(span))
            }
            Meter::Leaky { milli_per_s, .. } => {
                let wait_ms = excess.saturating_mul(1000).div_ceil(u64::from(milli_per_s.max(1)));
                at.plus(Span::from_millis(i64::try_from(wait_ms).unwrap_or(i64::MAX)))
            }
        }
    }

    fn spend(&mut self, rule: &PoolRule, milli: u64) {
        self.used = self.used.saturating_add(milli);
        // Not before the latest instant seen: a clock that steps back must not make a grant expire early.
        let when = self.seen_at.unwrap_or(Ts::EPOCH);
        match rule.meter {
            Meter::Window { .. } if milli > 0 => self.spent.push_back((when, milli)),
            Meter::Window { .. } | Meter::Leaky { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: &[PoolRule] = &[
        PoolRule {
            pool: PoolKind::Private,
            meter: Meter::Window { limit: 500, span: Span::from_secs(10) },
            reserve: 60,
        },
        PoolRule { pool: PoolKind::Orders, meter: Meter::Leaky { limit: 20, milli_per_s: 500 }, reserve: 5 },
    ];

    fn at(ms: i64) -> Ts {
        Ts::from_millis(ms)
    }

    fn private(units: u32) -> [Cost; 1] {
        [Cost::units(Pool::Private, units)]
    }

    #[test]
    fn stops_and_cancellations_have_room_when_everything_else_waits() {
        let mut budget = Budget::new(RULES);
        while budget.take(at(0), Lane::Data, &private(10)).is_ok() {}
        assert_eq!(budget.used(at(0), Pool::Private), 440);
        assert_eq!(budget.take(at(1), Lane::Entry, &private(10)), Err(at(10_000)));
        for _ in 0..6 {
            assert_eq!(budget.take(at(1), Lane::Protect, &private(10)), Ok(()));
        }
        assert_eq!(budget.take(at(2), Lane::Cancel, &private(10)), Err(at(10_000)), "the venue's own limit");
        assert_eq!(budget.take(at(10_000), Lane::Entry, &private(10)), Ok(()));
    }

    #[test]
    fn a_counter_sinks_with_time_and_tells_when_there_is_room() {
        let mut budget = Budget::new(RULES);
        let cost = [Cost { pool: Pool::Orders(seawall_model::InstrumentId(1)), milli: 1_500 }];
        for _ in 0..10 {
            assert_eq!(budget.take(at(0), Lane::Exit, &cost), Ok(()));
        }
        assert_eq!(budget.take(at(0), Lane::Exit, &cost), Err(at(3_000)));
        assert_eq!(budget.take(at(3_000), Lane::Exit, &cost), Ok(()));
        let other = [Cost::units(Pool::Orders(seawall_model::InstrumentId(2)), 15)];
        assert_eq!(budget.take(at(3_000), Lane::Exit, &other), Ok(()), "each instrument has its own");
    }

    #[test]
    fn a_refusal_of_the_venue_stops_all_but_protection() {
        let mut budget = Budget::new(RULES);
        budget.refused(at(0), &private(1), Span::from_secs(2));
        assert_eq!(budget.take(at(1_000), Lane::Exit, &private(1)), Err(at(2_000)));
        assert_eq!(budget.take(at(1_000), Lane::Protect, &private(1)), Ok(()));
        assert_eq!(budget.take(at(2_000), Lane::Exit, &private(1)), Ok(()));
    }

    proptest! {
        /// Whatever is asked for, and even if the clock steps back, no ten seconds hold more than the limit.
        #[test]
        fn no_window_ever_holds_more_than_the_limit(
            asks in proptest::collection::vec((-500_i64..3_000, 0_usize..6, 1_u32..60), 1..300),
        ) {
            let mut budget = Budget::new(RULES);
            let (mut now, mut seen, mut granted) = (100_000_i64, 100_000_i64, Vec::new());
            for (step, lane, units) in asks {
                now = (now + step).max(0);
                seen = seen.max(now);
                if budget.take(at(now), Lane::ALL[lane], &private(units)).is_ok() {
                    granted.push((seen, units));
                }
            }
            for (start, _) in &granted {
                let within = granted.iter().filter(|(when, _)| when >= start && *when < start + 10_000);
                prop_assert!(within.map(|(_, units)| units).sum::<u32>() <= 500);
            }
        }
    }
}
