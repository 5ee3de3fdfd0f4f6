//! When a channel may be tried: its token bucket, its pauses after failures, and what an answer means.
//!
//! Invariants: nothing is given up; a message that a channel refuses does not hold up the others; a channel
//! that is down is asked with growing pauses, never faster than its bucket allows. What is critical waits for
//! no bucket and for no long pause of ours, but for the one that the channel itself asks for.

use seawall_model::{Span, Ts};

use crate::settings::{ChannelKind, ChannelSettings};

/// First pause after a failure.
const PAUSE_FIRST: Span = Span::from_secs(1);
/// Longest pause after failures.
pub const PAUSE_MAX: Span = Span::from_secs(300);
/// Longest pause after failures before something critical is tried.
const URGENT_PAUSE_MAX: Span = Span::from_secs(15);
/// Time between two critical messages at least.
const URGENT_INTERVAL: Span = Span::from_secs(1);
/// Longest pause of a message that its channel refuses.
pub const REFUSED_PAUSE_MAX: Span = Span::from_secs(3_600);
/// Longest pause that a channel may ask for: its word is taken up to this.
const ASKED_MAX: Span = Span::from_secs(3_600);

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel has it.
    Delivered,
    /// The channel asks for a pause.
    Limited(Span),
    /// The channel cannot be used now: no connection, no answer, an error of the server, a wrong key. The
    /// message may have arrived.
    Down(String),
    /// The channel does not take this message.
    Refused(String),
}

/// One channel's pace.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Time for one message.
    interval: Span,
    /// Messages that may leave at once after a while without any.
    burst: i64,
    /// When the bucket is full again.
    full_at: Ts,
    failures: u32,
    /// After a failure.
    paused_until: Ts,
    /// The same for what is critical.
    urgent_until: Ts,
    /// Asked for by the channel.
    limited_until: Ts,
    tried_at: Ts,
}

impl Lane {
    /// As configured. Telegram allows one message a second in a chat, so nothing bursts there.
    #[must_use]
    pub fn new(settings: &ChannelSettings) -> Self {
        let burst = match settings.kind {
            ChannelKind::Telegram | ChannelKind::Slack => 1,
            ChannelKind::Discord | ChannelKind::Email | ChannelKind::Webhook => 3,
        };
        Lane {
            interval: Span::from_nanos(60_000_000_000 / i64::from(settings.per_minute_max.max(1))),
            burst,
            full_at: Ts::EPOCH,
            failures: 0,
            paused_until: Ts::EPOCH,
            urgent_until: Ts::EPOCH,
            limited_until: Ts::EPOCH,
            tried_at: Ts::EPOCH,
        }
    }

    /// When the next attempt may be made.
    #[must_use]
    pub fn ready_at(&self) -> Ts {
        let spare = Span::from_nanos(self.interval.nanos().saturating_mul(self.burst - 1));
        self.full_at.minus(spare).max(self.paused_until).max(self.limited_until)
    }

    /// When the next attempt on something critical may be made.
    #[must_use]
    pub fn urgent_at(&self) -> Ts {
        let after = self.tried_at.plus(URGENT_INTERVAL).max(self.urgent_until).max(self.limited_until);
        after.min(self.ready_at())
    }

    /// An attempt is made.
    pub fn attempt(&mut self, now: Ts) {
        self.tried_at = now;
        self.full_at = self.full_at.max(now).plus(self.interval);
    }

    /// What became of it.
    pub fn answered(&mut self, now: Ts, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered | Outcome::Refused(_) => self.failures = 0,
            Outcome::Limited(pause) => {
                self.limited_until = now.plus((*pause).min(ASKED_MAX).max(PAUSE_FIRST));
            }
            Outcome::Down(_) => {
                self.paused_until = now.plus(pause(self.failures, PAUSE_MAX));
                self.urgent_until = now.plus(pause(self.failures, URGENT_PAUSE_MAX));
                self.failures = self.failures.saturating_add(1);
            }
        }
    }
}

/// The pause after so many failures before: each twice the one before, up to `most`.
#[must_use]
pub fn pause(failures: u32, most: Span) -> Span {
    let factor = 1_i64.checked_shl(failures.min(30)).unwrap_or(i64::MAX);
    Span::from_nanos(PAUSE_FIRST.nanos().saturating_mul(factor)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Ts {
        Ts::from_millis(1_767_225_600_000 + millis)
    }

    fn lane(kind: ChannelKind, per_minute_max: u32) -> Lane {
        Lane::new(&ChannelSettings { per_minute_max, ..ChannelSettings::new("a", kind) })
    }

    fn attempts(lane: &mut Lane, within_ms: i64) -> usize {
        let (mut now, mut count) = (at(0), 0);
        loop {
            now = now.max(lane.ready_at());
            if now >= at(within_ms) {
                return count;
            }
            lane.attempt(now);
            lane.answered(now, &Outcome::Delivered);
            count += 1;
        }
    }

    /// Effect of `notify.channels[].per_minute_max`.
    #[test]
    fn no_more_leave_in_a_minute_than_the_bucket_holds() {
        // per_minute_max, and for Telegram one a second.
        assert_eq!(attempts(&mut lane(ChannelKind::Telegram, 60), 60_000), 60);
        assert_eq!(attempts(&mut lane(ChannelKind::Telegram, 60), 1_000), 1);
        assert_eq!(attempts(&mut lane(ChannelKind::Telegram, 6), 60_000), 6);
        assert_eq!(attempts(&mut lane(ChannelKind::Discord, 60), 1_000), 3);
        assert_eq!(attempts(&mut lane(ChannelKind::Discord, 60), 60_000), 62);
    }

    #[test]
    fn what_is_critical_waits_for_no_bucket_and_no_long_pause_but_for_the_channel_itself() {
        let mut lane = lane(ChannelKind::Telegram, 1);
        lane.attempt(at(0));
        lane.answered(at(0), &Outcome::Delivered);
        assert_eq!((lane.ready_at(), lane.urgent_at()), (at(60_000), at(1_000)));
        for _ in 0..12 {
            lane.answered(at(0), &Outcome::Down("no connection".to_owned()));
        }
        assert_eq!((lane.ready_at(), lane.urgent_at()), (at(300_000), at(15_000)));
        lane.answered(at(0), &Outcome::Limited(Span::from_secs(40)));
        assert_eq!(lane.urgent_at(), at(40_000));
    }

    #[test]
    fn pauses_grow_to_their_bound_and_end_with_the_first_success() {
        let mut lane = lane(ChannelKind::Webhook, 600);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            lane.answered(at(0), &Outcome::Down("no connection".to_owned()));
            pauses.push(lane.ready_at().since(at(0)).millis() / 1_000);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        lane.answered(at(0), &Outcome::Delivered);
        lane.answered(at(0), &Outcome::Down(String::new()));
        assert_eq!(lane.ready_at(), at(1_000));
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_and_a_refused_message_makes_none() {
        let mut lane = lane(ChannelKind::Telegram, 60);
        lane.answered(at(0), &Outcome::Limited(Span::from_secs(17)));
        assert_eq!(lane.ready_at(), at(17_000));
        lane.answered(at(0), &Outcome::Refused("too long".to_owned()));
        assert_eq!(lane.ready_at(), at(17_000));
        lane.answered(at(0), &Outcome::Limited(Span::from_secs(900_000)));
        assert_eq!(lane.ready_at(), at(3_600_000));
    }
}
