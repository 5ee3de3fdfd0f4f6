//! Which candles are asked of a venue for what a run needs, and how long the past takes within its limits.
//!
//! One timeframe is followed for each instrument, the longest that every needed one is a whole multiple of;
//! the others are aggregated from it, which is exact for complete candles and costs the venue nothing. The
//! time of a back-fill is not estimated but played through the venue's own rate rules.

use seawall_model::{Span, Timeframe, Ts};

use crate::budget::{Budget, PoolRule};
use crate::http::{Cost, Lane, Pool};
use crate::profile::Profile;

/// A plan for the candles of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPlan {
    /// What is followed.
    pub base: Timeframe,
    /// What is made of it, each with the number of base candles in one.
    pub derived: Vec<(Timeframe, u32)>,
    /// Requests for the past of one instrument.
    pub pages: u32,
    /// How long the past of all instruments takes at the venue's limit.
    pub backfill: Span,
}

/// The longest timeframe of the venue that every needed one is a whole multiple of.
#[must_use]
pub fn base(offered: &[Timeframe], needed: &[Timeframe]) -> Option<Timeframe> {
    let divides = |one: &Timeframe| {
        !needed.is_empty() && needed.iter().all(|needed| needed.minutes() % one.minutes() == 0)
    };
    offered.iter().copied().filter(divides).max_by_key(|timeframe| timeframe.minutes())
}

impl FeedPlan {
    /// A plan for so many instruments that each need `bars` closed candles of every timeframe. `None` where
    /// the venue offers no candles that they could be made of.
    #[must_use]
    pub fn new(
        profile: &Profile,
        pools: &'static [PoolRule],
        instruments: u32,
        needed: &[Timeframe],
        bars: u32,
    ) -> Option<Self> {
        let base = base(profile.timeframes, needed)?;
        let ratio = |timeframe: Timeframe| u32::try_from(timeframe.minutes() / base.minutes()).unwrap_or(1);
        let mut derived: Vec<_> =
            needed.iter().filter(|one| **one != base).map(|one| (*one, ratio(*one))).collect();
        derived.sort_unstable_by_key(|(_, count)| *count);
        derived.dedup();
        let most = derived.last().map_or(1, |(_, count)| *count);
        // The newest candle is running, and the first of the longest timeframe begins inside an interval.
        let rows = bars.saturating_add(1).saturating_mul(most).saturating_add(1);
        let pages = rows.div_ceil(profile.candles_max.max(1));
        let backfill = duration(pools, u64::from(pages) * u64::from(instruments));
        Some(FeedPlan { base, derived, pages, backfill })
    }

    /// Whether one answer of the venue holds enough for every timeframe.
    #[must_use]
    pub fn fits_one_page(&self) -> bool {
        self.pages == 1
    }
}

/// How long so many public requests take.
fn duration(pools: &'static [PoolRule], requests: u64) -> Span {
    let mut budget = Budget::new(pools);
    let cost = [Cost::units(Pool::Public, 1)];
    let mut now = Ts::EPOCH;
    for _ in 0..requests {
        while let Err(until) = budget.take(now, Lane::Data, &cost) {
            now = until;
        }
    }
    now.since(Ts::EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{KRAKEN_FUTURES, KRAKEN_SPOT};
    use crate::{kraken_futures, kraken_spot};
    use Timeframe::{D1, H1, H2, H4, M5, M15};

    #[test]
    fn the_longest_common_timeframe_is_followed_and_the_rest_made_of_it() {
        let futures = KRAKEN_FUTURES.timeframes;
        assert_eq!(base(futures, &[M15, H1, H4, D1]), Some(M15));
        assert_eq!(base(futures, &[H2, H4]), Some(H1), "the venue has no candles of two hours");
        assert_eq!(base(futures, &[M5, M15]), Some(M5));
        assert_eq!(base(futures, &[]), None);
        assert_eq!(base(&[H1], &[M15]), None);
    }

    /// Issue 5, acceptance 5: 300 instruments × 4 timeframes within a minute at the venue's own limits.
    #[test]
    fn the_past_of_300_instruments_and_4_timeframes_takes_less_than_a_minute_on_kraken_futures() {
        let pools = kraken_futures::tables::POOLS;
        let plan = FeedPlan::new(&KRAKEN_FUTURES, pools, 300, &[M15, H1, H4, D1], 20).unwrap();
        assert_eq!((plan.base, plan.pages), (M15, 2));
        assert_eq!(plan.derived, [(H1, 4), (H4, 16), (D1, 96)]);
        assert!(plan.backfill < Span::from_secs(60), "{:?}", plan.backfill);
        let short = FeedPlan::new(&KRAKEN_FUTURES, pools, 300, &[M15, H1, H4], 120).unwrap();
        assert!(short.fits_one_page() && short.backfill < Span::from_secs(30), "{short:?}");
    }

    /// Spot takes about one request a second: the past of 300 instruments takes minutes there, which is why
    /// nothing but entries waits for it.
    #[test]
    fn the_past_of_300_spot_markets_takes_minutes_at_one_request_a_second() {
        let plan = FeedPlan::new(&KRAKEN_SPOT, kraken_spot::tables::POOLS, 300, &[M15, H1, H4], 40).unwrap();
        assert!(plan.fits_one_page());
        assert_eq!(plan.backfill.millis(), 285_000);
    }
}
