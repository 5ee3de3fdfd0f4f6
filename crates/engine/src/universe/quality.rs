//! The state of an instrument's data: healthy, degraded, suspended, and back.
//!
//! One observation counts at a time: a burst of late candles after a lost connection is one failure, not a
//! hundred. A suspended instrument is probed; passes in a row release it, and when the suspension is over
//! without that, it is degraded and judged by everything that comes again. What is not healthy for
//! `reset_hours` starts anew: nothing stays suspended for ever because nobody looked.
//!
//! Invariant: from any state, passes alone lead back to healthy.

use seawall_model::{Span, StateSink, Ts};
use serde::{Deserialize, Serialize};

use super::settings::DataQualitySettings;

/// The state of an instrument's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DataState {
    /// Nothing is known against it.
    Healthy,
    /// It failed several times in a row: entries are rationed.
    Degraded,
    /// It went on failing: no entries.
    Suspended,
}

impl DataState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DataState::Healthy => "healthy",
            DataState::Degraded => "degraded",
            DataState::Suspended => "suspended",
        }
    }
}

/// What can be wrong with the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Candles are missing.
    Hole,
    /// A candle that cannot be.
    Impossible,
    /// A candle came in late, or has been missing for too long.
    Stale,
    /// The newest quote has no sound bid and ask.
    Quote,
    /// The spread of the newest quote is that of no market.
    Spread,
}

impl Fault {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Fault::Hole => "candles are missing",
            Fault::Impossible => "impossible candle",
            Fault::Stale => "candles come late or not at all",
            Fault::Quote => "no sound bid and ask",
            Fault::Spread => "the spread is that of no market",
        }
    }
}

/// What is remembered of the data of one instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quality {
    state: DataState,
    /// In a row.
    failures: u32,
    /// In a row, while not healthy.
    passes: u32,
    /// When the state was entered.
    since: Ts,
    /// Since when it has not been healthy.
    unwell_since: Ts,
    /// The next observation counts from here on.
    next_at: Ts,
    /// Decisions of the strategy since it has been degraded.
    evaluations: u32,
}

const NEVER: Ts = Ts::from_nanos(i64::MIN);

impl Quality {
    pub(crate) const NEW: Quality = Quality {
        state: DataState::Healthy,
        failures: 0,
        passes: 0,
        since: NEVER,
        unwell_since: NEVER,
        next_at: NEVER,
        evaluations: 0,
    };

    /// Whether an observation that passes would change nothing.
    #[inline]
    pub(crate) fn is_well(&self) -> bool {
        self.state == DataState::Healthy && self.failures == 0
    }

    /// The strategy has decided something.
    #[inline]
    pub(crate) fn evaluated(&mut self) {
        if self.state != DataState::Healthy {
            self.evaluations = self.evaluations.wrapping_add(1);
        }
    }

    /// Whether this evaluation is one of those that may enter although the instrument is degraded.
    pub(crate) fn has_its_turn(&self, settings: &DataQualitySettings) -> bool {
        self.evaluations.is_multiple_of(settings.degraded_judge_every)
    }

    /// The state at `at`, where time alone may have ended a suspension.
    pub(crate) fn state_at(&self, settings: &DataQualitySettings, at: Ts) -> DataState {
        let mut later = *self;
        later.expire(settings, at);
        later.state
    }

    /// One observation. `spacing` is the least time between two that count while the instrument is not
    /// suspended. Says what the state was before, if it is another one now.
    pub(crate) fn observe(
        &mut self,
        settings: &DataQualitySettings,
        at: Ts,
        spacing: Span,
        passed: bool,
    ) -> Option<DataState> {
        let before = self.state;
        self.expire(settings, at);
        let counts = at >= self.next_at;
        match self.state {
            DataState::Healthy | DataState::Degraded if passed => {
                // A pass ends the row of failures, whenever it comes.
                self.failures = 0;
                if self.state == DataState::Degraded && counts {
                    self.pass(settings, at.plus(spacing));
                }
            }
            DataState::Healthy | DataState::Degraded if counts => {
                self.failures = self.failures.saturating_add(1);
                self.passes = 0;
                self.next_at = at.plus(spacing);
                if self.failures >= settings.suspend_after {
                    self.enter(DataState::Suspended, at);
                    self.next_at = at.plus(settings.probe());
                } else if self.failures >= settings.degrade_after && self.state == DataState::Healthy {
                    self.enter(DataState::Degraded, at);
                }
            }
            DataState::Suspended if counts && passed => self.pass(settings, at.plus(settings.probe())),
            DataState::Suspended if counts => {
                self.passes = 0;
                self.next_at = at.plus(settings.probe());
            }
            DataState::Healthy | DataState::Degraded | DataState::Suspended => {}
        }
        (self.state != before).then_some(before)
    }

    fn pass(&mut self, settings: &DataQualitySettings, next_at: Ts) {
        self.passes = self.passes.saturating_add(1);
        self.next_at = next_at;
        if self.passes >= settings.release_after {
            *self = Quality::NEW;
        }
    }

    fn enter(&mut self, state: DataState, at: Ts) {
        if self.state == DataState::Healthy {
            self.unwell_since = at;
            self.evaluations = 0;
        }
        self.state = state;
        self.since = at;
        self.passes = 0;
    }

    /// What time alone ends.
    fn expire(&mut self, settings: &DataQualitySettings, at: Ts) {
        if self.state == DataState::Healthy {
            return;
        }
        if at >= self.unwell_since.plus(settings.reset()) {
            *self = Quality::NEW;
        } else if self.state == DataState::Suspended && at >= self.since.plus(settings.suspension()) {
            self.enter(DataState::Degraded, at);
            self.failures = 0;
            self.next_at = at;
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(u64::from(self.state as u8));
        for count in [self.failures, self.passes, self.evaluations] {
            sink.number(u64::from(count));
        }
        for time in [self.since, self.unwell_since, self.next_at] {
            sink.signed(time.nanos());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Span = Span::from_secs(60);

    fn minute(number: i64) -> Ts {
        Ts::from_millis(1_700_000_000_000).plus(Span::from_secs(60 * number))
    }

    struct Course {
        settings: DataQualitySettings,
        quality: Quality,
    }

    impl Course {
        fn new() -> Self {
            Course { settings: DataQualitySettings::default(), quality: Quality::NEW }
        }

        fn see(&mut self, at: i64, passed: bool) -> DataState {
            self.quality.observe(&self.settings, minute(at), MINUTE, passed);
            self.quality.state
        }

        fn suspended() -> Self {
            let mut course = Course::new();
            let last = (0..6).map(|at| course.see(at, false)).last();
            assert_eq!(last, Some(DataState::Suspended));
            course
        }
    }

    #[test]
    fn failures_in_a_row_degrade_then_suspend_and_a_pass_between_them_does_not() {
        let mut course = Course::new();
        let states: Vec<_> = (0..6).map(|at| course.see(at, false)).collect();
        use DataState::{Degraded, Healthy, Suspended};
        assert_eq!(states, [Healthy, Healthy, Degraded, Degraded, Degraded, Suspended]);
        let mut course = Course::new();
        assert!((0..30).all(|at| course.see(at, at % 3 == 2) == Healthy));
    }

    #[test]
    fn a_burst_is_one_failure() {
        let mut course = Course::new();
        assert!((0..100).all(|_| course.see(0, false) == DataState::Healthy));
        assert_eq!(course.quality.failures, 1);
    }

    #[test]
    fn a_suspended_instrument_is_released_by_three_probes_in_a_row() {
        let mut course = Course::suspended();
        // Passes between the probes say nothing.
        let released = (6..).find(|at| course.see(*at, true) == DataState::Healthy);
        assert_eq!(released, Some(5 + 3 * 30));
        let mut course = Course::suspended();
        let fails = |at: i64| (60..70).contains(&at);
        let released = (6..).find(|at| course.see(*at, !fails(*at)) == DataState::Healthy);
        assert_eq!(released, Some(65 + 3 * 30), "the probe at minute 65 began anew");
    }

    #[test]
    fn a_suspension_without_release_ends_after_its_hours_and_the_whole_after_three_days() {
        // I-84: instruments stayed suspended for ever.
        let mut course = Course::suspended();
        let over = (6..).find(|at| course.see(*at, false) != DataState::Suspended);
        assert_eq!(over, Some(5 + 6 * 60));
        assert_eq!(course.quality.state, DataState::Degraded);
        let reset = (over.unwrap() + 1..).find(|at| course.see(*at, false) == DataState::Healthy);
        assert_eq!(reset, Some(2 + 72 * 60));
    }

    #[test]
    fn time_alone_ends_a_suspension() {
        let course = Course::suspended();
        let at = |number| course.quality.state_at(&course.settings, minute(number));
        assert_eq!(at(5 + 359), DataState::Suspended);
        assert_eq!(at(5 + 360), DataState::Degraded);
        assert_eq!(at(2 + 72 * 60), DataState::Healthy);
    }

    proptest! {
        #[test]
        fn whatever_came_before_passes_alone_lead_back(
            seen in prop::collection::vec((0_i64..600, any::<bool>()), 0..400),
        ) {
            let mut course = Course::new();
            let mut now = 0;
            for (wait, passed) in seen {
                now += wait;
                course.see(now, passed);
            }
            // Three probes, at most half an hour apart, and one that had just been.
            let last = now + 4 * 30 + 4;
            let healthy = (now + 1..=last).any(|at| course.see(at, true) == DataState::Healthy);
            prop_assert!(healthy, "{:?}", course.quality);
        }
    }
}
