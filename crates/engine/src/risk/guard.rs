//! What risk remembers between steps, all of it part of the engine's digest, and when it wants to look at the
//! account again.
//!
//! Prices of one instant come one after the other, and what equity is between two of them means nothing. So
//! the account is judged on the state at the end of an instant: at the first step of a later one, and a
//! wake-up right after the instant is asked for where a limit could be touched. Whether it could is told by a
//! running sum of how far prices have moved held positions: while that is less than [`Watch::room`], nothing
//! needs to be computed.

use seawall_model::{InstrumentName, Money, Span, StateSink, Ts};

use super::kill::Kill;
use super::settings::RiskSettings;
use super::shock::ShockRule;
use super::states::Limits;
use super::streaks::Streaks;
use super::windows::Windows;
use crate::doubt::Doubt;

/// The end of an instant: one nanosecond later.
const AFTER: Span = Span::from_nanos(1);

/// When the account is looked at next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Watch {
    /// The first step at or after this looks.
    pub(crate) next_at: Ts,
    /// A wake-up is wanted then.
    pub(crate) wake_at: Ts,
    /// How far equity may move before a limit is touched.
    room: f64,
    /// How far it may rise before there is a new high-water mark.
    headroom: f64,
    /// Sum of what prices have moved held positions by since the last look.
    moved: f64,
}

impl Watch {
    fn new() -> Self {
        Watch {
            next_at: Ts::FAR_FUTURE,
            wake_at: Ts::FAR_FUTURE,
            room: f64::INFINITY,
            headroom: f64::INFINITY,
            moved: 0.0,
        }
    }

    /// A price moved a position by `value`, at most.
    #[inline]
    pub(crate) fn moved(&mut self, now: Ts, value: f64) {
        // What a float may have lost on the way.
        self.moved += value * 1.000_001;
        if self.moved > self.headroom {
            self.next_at = self.next_at.min(now.plus(AFTER));
        }
        if self.moved >= self.room {
            self.wake(now);
        }
    }

    /// Something else changed the account: it is looked at as soon as the instant is over.
    pub(crate) fn wake(&mut self, now: Ts) {
        self.next_at = self.next_at.min(now.plus(AFTER));
        self.wake_at = self.next_at;
    }

    /// The account is looked at no later than `at`.
    pub(crate) fn wake_by(&mut self, at: Ts) {
        self.next_at = self.next_at.min(at);
        self.wake_at = self.wake_at.min(at);
    }

    /// The account was looked at.
    pub(crate) fn looked(&mut self, next_at: Ts, room: f64, headroom: f64) {
        *self = Watch { next_at, wake_at: Ts::FAR_FUTURE, room, headroom, moved: 0.0 };
    }

    fn digest(self, sink: &mut dyn StateSink) {
        sink.signed(self.next_at.nanos());
        sink.signed(self.wake_at.nanos());
        for number in [self.room, self.headroom, self.moved] {
            sink.float(number);
        }
    }
}

/// What risk remembers of the account.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) windows: Windows,
    pub(crate) limits: Limits,
    pub(crate) streaks: Streaks,
    pub(crate) kill: Kill,
    pub(crate) watch: Watch,
    /// Equity when it was last looked at.
    pub(crate) equity: Money,
    pub(crate) shock: Option<ShockRule>,
    /// An instrument is in shock since the last look.
    pub(crate) shock_seen: bool,
    /// The end of the pause of all entries after a shock of the market.
    pub(crate) shock_until: Ts,
    /// What is in doubt about the high-water mark.
    pub(crate) doubt: Doubt,
    /// Since when a limit has asked for everything to be closed.
    pub(crate) flatten_asked: Option<Ts>,
    /// Number of the cluster of each instrument.
    pub(crate) clusters: Vec<Option<usize>>,
    /// Bookings contained in `equity`.
    pub(crate) postings: u64,
    /// Whether anything depends on equity.
    watches: bool,
}

impl Guard {
    /// For instruments of these names, in order of their ids; `pairs`: some read another one.
    pub(crate) fn new<'a>(
        settings: &RiskSettings,
        instruments: impl Iterator<Item = &'a InstrumentName>,
        pairs: bool,
    ) -> Self {
        let cluster = |name: &InstrumentName| {
            let own = name.canonical();
            let has = |name: &InstrumentName| name.canonical() == own;
            settings.clusters.iter().position(|cluster| cluster.instruments.iter().any(has))
        };
        let limits = Limits::new(settings);
        let streak = &settings.loss_streak;
        let streaks = [streak.tight_smc_losses, streak.wide_structure_losses, streak.other_losses];
        Guard {
            watches: limits.any() || streaks.iter().any(Option::is_some),
            windows: Windows::new(),
            limits,
            streaks: Streaks::new(),
            kill: Kill::default(),
            watch: Watch::new(),
            equity: Money::ZERO,
            shock: ShockRule::new(&settings.shock, pairs),
            shock_seen: false,
            shock_until: Ts::from_nanos(i64::MIN),
            doubt: Doubt::default(),
            flatten_asked: None,
            clusters: instruments.map(cluster).collect(),
            postings: 0,
        }
    }

    /// Something other than a price has changed the account, if `postings` were not looked at yet.
    #[inline]
    pub(crate) fn changed(&mut self, now: Ts, postings: u64) {
        if self.watches && postings != self.postings {
            self.watch.wake(now);
        }
    }

    /// Whether the limits of a loss window have ended entries.
    pub(crate) fn entries_ended(&self) -> bool {
        self.windows.day.spent || self.windows.week.spent
    }

    /// Money came in (positive) or went out.
    pub(crate) fn flow(&mut self, amount: Money) {
        if self.windows.is_open() {
            self.windows.flow(amount);
            self.equity = self.equity.plus(amount).unwrap_or(self.equity);
        }
    }

    /// The balance differs from the books by `amount`, and nobody can explain it: no profit, but a loss until
    /// it comes back.
    pub(crate) fn unexplained(&mut self, amount: Money) {
        if self.windows.is_open() {
            self.windows.unexplained(amount);
            self.doubt.came_back(amount.max(Money::ZERO));
            self.equity = self.equity.plus(amount.max(Money::ZERO)).unwrap_or(self.equity);
        }
    }

    /// What was booked as a difference of unknown origin has a reason: it is no longer missing, and stays the
    /// profit or loss that it is.
    pub(crate) fn explained(&mut self, amount: Money) {
        if self.windows.is_open() {
            let lost = amount.min(Money::ZERO).negated();
            self.windows.unexplained(lost);
            self.doubt.came_back(lost);
        }
    }

    /// What was booked as a difference of unknown origin came in or went out: no profit and no loss.
    pub(crate) fn explained_flow(&mut self, amount: Money) {
        if self.windows.is_open() && amount < Money::ZERO {
            self.explained(amount);
            self.windows.flow(amount);
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        self.windows.digest(sink);
        self.limits.digest(sink);
        self.streaks.digest(sink);
        self.kill.digest(sink);
        self.watch.digest(sink);
        sink.decimal(self.equity.get());
        sink.number(u64::from(self.shock_seen));
        sink.number(self.postings);
        sink.signed(self.shock_until.nanos());
        sink.signed(self.flatten_asked.map_or(i64::MIN, Ts::nanos));
        self.doubt.digest(sink);
    }
}
