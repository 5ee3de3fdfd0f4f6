//! Churn: an instrument that is closed and entered again too quickly, several times, pauses.
//!
//! An *event* is an entry that fills soon after a trade that was held for a short time only. The next quick
//! end with enough events behind it begins a pause; one that begins soon after the last is longer, in three
//! tiers. Invariants: a pause begins when the instrument is flat, so it is served in full; what is remembered
//! comes from fills alone, so it is the same whether the guard acts or only watches the same trades.

use arrayvec::ArrayVec;
use seawall_model::{Span, StateSink, Ts};
use serde::{Deserialize, Serialize};

use super::settings::ChurnSettings;

/// Events remembered of an instrument. Reached: the oldest is forgotten; `events_min` asks for at most so
/// many.
pub(super) const EVENTS_MAX: usize = 8;

const TIERS: u32 = 3;

/// Events and pauses of one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Churn {
    events: ArrayVec<Ts, EVENTS_MAX>,
    /// Tier of the last pause; zero before the first.
    tier: u32,
    paused_until: Ts,
}

impl Churn {
    pub(super) fn new() -> Self {
        Churn { events: ArrayVec::new(), tier: 0, paused_until: Ts::from_nanos(i64::MIN) }
    }

    /// An entry has filled, `since_close` after the end of a trade that was held for `held`.
    pub(super) fn reopened(&mut self, settings: &ChurnSettings, at: Ts, held: Span, since_close: Span) {
        if held > settings.hold_max() || since_close > settings.reopen_max() {
            return;
        }
        if self.events.is_full() {
            self.events.remove(0);
        }
        self.events.push(at);
    }

    /// A trade that was held for `held` has ended; the end of the pause that this begins.
    pub(super) fn closed(&mut self, settings: &ChurnSettings, at: Ts, held: Span) -> Option<Ts> {
        let oldest = at.minus(settings.window());
        self.events.retain(|event| *event > oldest);
        let enough = usize::try_from(settings.events_min).is_ok_and(|least| self.events.len() >= least);
        if held > settings.hold_max() || !enough {
            return None;
        }
        let again = self.tier > 0 && self.paused_until > oldest;
        self.tier = if again { (self.tier + 1).min(TIERS) } else { 1 };
        let minutes = match self.tier {
            1 => settings.tier_1_minutes,
            2 => settings.tier_2_minutes,
            _ => settings.tier_3_minutes,
        };
        self.paused_until = at.plus(Span::from_secs(i64::from(minutes) * 60));
        Some(self.paused_until)
    }

    pub(super) fn paused_until(&self) -> Ts {
        self.paused_until
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.events.len() as u64);
        for event in &self.events {
            sink.signed(event.nanos());
        }
        sink.number(u64::from(self.tier));
        sink.signed(self.paused_until.nanos());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Ts {
        Ts::from_millis(minute * 60_000)
    }

    fn span(minutes: i64) -> Span {
        Span::from_secs(minutes * 60)
    }

    /// Trades as minutes of their entry and end; the pauses that they begin, in minutes.
    fn pauses(settings: &ChurnSettings, trades: &[(i64, i64)]) -> Vec<Option<i64>> {
        let mut churn = Churn::new();
        let mut last: Option<(i64, i64)> = None;
        let mut pause = |&(from, to): &(i64, i64)| {
            if let Some((opened, closed)) = last {
                churn.reopened(settings, at(from), span(closed - opened), span(from - closed));
            }
            last = Some((from, to));
            let until = churn.closed(settings, at(to), span(to - from));
            until.map(|until| until.since(at(to)).millis() / 60_000)
        };
        trades.iter().map(&mut pause).collect()
    }

    #[test]
    fn two_quick_ends_entered_again_make_the_third_quick_end_a_pause() {
        let settings = ChurnSettings::default();
        assert_eq!(pauses(&settings, &[(0, 10), (20, 30), (40, 50)]), [None, None, Some(30)]);
        // Held for longer than an hour, entered again after more than two: neither counts.
        assert_eq!(pauses(&settings, &[(0, 61), (70, 80), (90, 100)]), [None; 3]);
        assert_eq!(pauses(&settings, &[(0, 10), (131, 140), (150, 160)]), [None; 3]);
        // The bounds themselves still count.
        assert_eq!(pauses(&settings, &[(0, 60), (180, 240), (300, 360)]), [None, None, Some(30)]);
        // The end that begins the pause must be quick too.
        assert_eq!(pauses(&settings, &[(0, 10), (20, 30), (40, 101)]), [None; 3]);
    }

    #[test]
    fn pauses_that_follow_each_other_are_longer_up_to_the_third_tier() {
        let settings = ChurnSettings::default();
        let trades = [(0, 10), (20, 30), (40, 50), (80, 90), (210, 220), (350, 360)];
        assert_eq!(pauses(&settings, &trades), [None, None, Some(30), Some(120), Some(360), Some(360)]);
    }

    #[test]
    fn events_and_tiers_are_forgotten_after_the_window() {
        let settings = ChurnSettings::default();
        // Entered again at 20 and at 400: six hours later the first does not count any more.
        assert_eq!(
            pauses(&settings, &[(0, 10), (20, 30), (130, 140), (379, 380)]),
            [None, None, Some(30), None]
        );
        let late = [(0, 10), (20, 30), (40, 50), (1_000, 1_010), (1_020, 1_030), (1_040, 1_050)];
        assert_eq!(pauses(&settings, &late), [None, None, Some(30), None, None, Some(30)]);
    }
}
