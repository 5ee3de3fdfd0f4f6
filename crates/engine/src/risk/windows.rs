//! Losses by UTC day and ISO week, and the fall from the high-water mark: on equity with open positions,
//! adjusted for deposits and withdrawals.
//!
//! Invariants: a window changes only forwards, by the instants that the engine has seen, so a clock that
//! jumps back reopens none; a limit that was reached stays reached until its window ends, also when equity
//! recovers; money that comes in or goes out moves the bases and leaves the losses as they are.

use rust_decimal::Decimal;
use seawall_model::{Money, Percent, StateSink, Timeframe, Ts};
use serde::{Deserialize, Serialize};

/// A day or a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    timeframe: Timeframe,
    start_at: Ts,
    /// Equity at its start, moved by what came in and went out since.
    base: Money,
    /// Part of what is missing from the base that nobody can explain.
    missing: Money,
    /// Whether its limit has been reached.
    pub(crate) spent: bool,
}

/// A loss and what it is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) base: Money,
    /// Not below zero.
    pub(crate) lost: Money,
}

impl Loss {
    fn of(base: Money, equity: Money) -> Self {
        // A difference that does not fit is a loss of everything.
        let lost = base.minus(equity).unwrap_or(base).max(Money::ZERO);
        Loss { base, lost }
    }

    /// What may still be lost before `limit` is reached; below zero where it is passed.
    pub(crate) fn room(self, limit: Percent) -> Decimal {
        let most = self.base.get().checked_mul(limit.fraction()).unwrap_or_default();
        most.checked_sub(self.lost.get()).unwrap_or(Decimal::MIN)
    }

    /// The loss with `more` added, in percent of the base.
    pub(crate) fn percent_with(self, more: f64) -> f64 {
        let lost = self.lost.to_f64() + more;
        if lost <= 0.0 {
            return 0.0;
        }
        if self.base > Money::ZERO { lost / self.base.to_f64() * 100.0 } else { f64::MAX }
    }
}

impl Window {
    fn new(timeframe: Timeframe) -> Self {
        Window {
            timeframe,
            start_at: Ts::from_nanos(i64::MIN),
            base: Money::ZERO,
            missing: Money::ZERO,
            spent: false,
        }
    }

    fn begin(&mut self, at: Ts, equity: Money) {
        *self = Window { start_at: self.timeframe.floor(at), base: equity, ..Window::new(self.timeframe) };
    }

    pub(crate) fn ends_at(&self) -> Ts {
        self.start_at.plus(self.timeframe.span())
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.signed(self.start_at.nanos());
        sink.decimal(self.base.get());
        sink.decimal(self.missing.get());
        sink.number(u64::from(self.spent));
    }
}

/// Day, week and high-water mark of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Windows {
    opened: bool,
    pub(crate) day: Window,
    pub(crate) week: Window,
    peak: Money,
    /// As in [`Window`], of the high-water mark.
    peak_missing: Money,
}

impl Windows {
    pub(crate) fn new() -> Self {
        Windows {
            opened: false,
            day: Window::new(Timeframe::D1),
            week: Window::new(Timeframe::W1),
            peak: Money::ZERO,
            peak_missing: Money::ZERO,
        }
    }

    /// Whether there is an account to measure.
    pub(crate) fn is_open(&self) -> bool {
        self.opened
    }

    /// The first equity: nothing is lost yet.
    pub(crate) fn open(&mut self, at: Ts, equity: Money) {
        self.opened = true;
        self.day.begin(at, equity);
        self.week.begin(at, equity);
        self.accept(equity);
    }

    /// When the next window begins.
    pub(crate) fn rolls_at(&self) -> Ts {
        if self.opened { self.day.ends_at().min(self.week.ends_at()) } else { Ts::FAR_FUTURE }
    }

    /// Begins the windows that `at` lies in. Says which are new: day, week.
    pub(crate) fn roll(&mut self, at: Ts, equity: Money) -> (bool, bool) {
        let new = (at >= self.day.ends_at(), at >= self.week.ends_at());
        if new.0 {
            self.day.begin(at, equity);
        }
        if new.1 {
            self.week.begin(at, equity);
        }
        new
    }

    /// Money came in (positive) or went out.
    pub(crate) fn flow(&mut self, amount: Money) {
        for base in [&mut self.day.base, &mut self.week.base, &mut self.peak] {
            *base = base.plus(amount).unwrap_or(*base);
        }
    }

    /// Money is there, or is not, and nobody can explain it. It is no profit, so the bases rise with it; what
    /// is missing is a loss, and when it comes back the bases are where they were.
    pub(crate) fn unexplained(&mut self, amount: Money) {
        let (day, week) = (&mut self.day, &mut self.week);
        let bases = [
            (&mut day.base, &mut day.missing),
            (&mut week.base, &mut week.missing),
            (&mut self.peak, &mut self.peak_missing),
        ];
        for (base, missing) in bases {
            let after = missing.minus(amount).unwrap_or(*missing);
            *missing = after.max(Money::ZERO);
            let more = after.min(Money::ZERO).negated();
            *base = base.plus(more).unwrap_or(*base);
        }
    }

    /// What is missing from the high-water mark that nobody can explain.
    pub(crate) fn missing(&self) -> Money {
        self.peak_missing
    }

    /// What is missing is taken for a withdrawal.
    pub(crate) fn forgive(&mut self) {
        let (day, week) = (&mut self.day, &mut self.week);
        let bases = [
            (&mut day.base, &mut day.missing),
            (&mut week.base, &mut week.missing),
            (&mut self.peak, &mut self.peak_missing),
        ];
        for (base, missing) in bases {
            *base = base.minus(core::mem::replace(missing, Money::ZERO)).unwrap_or(*base);
        }
    }

    /// Takes in an equity; says whether it is the highest.
    pub(crate) fn see(&mut self, equity: Money) -> bool {
        let highest = equity > self.peak;
        if highest {
            self.accept(equity);
        }
        highest
    }

    /// The operator accepts the loss: what is left is the new high-water mark.
    pub(crate) fn accept(&mut self, equity: Money) {
        self.peak = equity;
        self.peak_missing = Money::ZERO;
    }

    /// What losses are measured from: day, week, high-water mark.
    pub(crate) fn bases(&self) -> [Money; 3] {
        [self.day.base, self.week.base, self.peak]
    }

    pub(crate) fn peak(&self) -> Money {
        self.peak
    }

    pub(crate) fn day_loss(&self, equity: Money) -> Loss {
        Loss::of(self.day.base, equity)
    }

    pub(crate) fn week_loss(&self, equity: Money) -> Loss {
        Loss::of(self.week.base, equity)
    }

    pub(crate) fn drawdown(&self, equity: Money) -> Loss {
        Loss::of(self.peak, equity)
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(u64::from(self.opened));
        self.day.digest(sink);
        self.week.digest(sink);
        sink.decimal(self.peak.get());
        sink.decimal(self.peak_missing.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use seawall_model::Span;

    fn money(whole: i64) -> Money {
        Money::new(Decimal::from(whole))
    }

    fn ts(text: &str) -> Ts {
        text.parse().unwrap()
    }

    fn open(at: &str) -> Windows {
        let mut windows = Windows::new();
        windows.open(ts(at), money(1_000));
        windows
    }

    #[test]
    fn a_day_ends_at_midnight_utc_also_on_leap_days_and_new_year() {
        for (from, last, next) in [
            ("2024-02-28T10:00:00Z", "2024-02-28T23:59:59.999999999Z", "2024-02-29T00:00:00Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T23:59:59Z", "2024-03-01T00:00:00Z"),
            ("2023-02-28T12:00:00Z", "2023-02-28T23:59:59Z", "2023-03-01T00:00:00Z"),
            ("2020-12-31T12:00:00Z", "2020-12-31T23:59:59Z", "2021-01-01T00:00:00Z"),
        ] {
            let mut windows = open(from);
            windows.day.spent = true;
            assert_eq!(windows.rolls_at(), ts(next), "{from}");
            assert!(!windows.roll(ts(last), money(900)).0 && windows.day.spent, "{last}");
            assert!(windows.roll(ts(next), money(900)).0 && !windows.day.spent, "{next}");
            assert_eq!(windows.day_loss(money(900)).lost, Money::ZERO);
        }
    }

    #[test]
    fn a_week_ends_on_monday_and_week_53_runs_into_the_new_year() {
        // 2020-12-28 was the Monday of ISO week 53 of 2020; the next week began on 2021-01-04.
        let mut windows = open("2020-12-31T12:00:00Z");
        windows.week.spent = true;
        for same in ["2021-01-01T00:00:00Z", "2021-01-03T23:59:59Z"] {
            assert!(!windows.roll(ts(same), money(900)).1 && windows.week.spent, "{same}");
        }
        assert!(windows.roll(ts("2021-01-04T00:00:00Z"), money(900)).1 && !windows.week.spent);
        assert_eq!(windows.week_loss(money(880)), Loss { base: money(900), lost: money(20) });
    }

    #[test]
    fn room_ends_at_exactly_the_percentage() {
        let windows = open("2024-01-01");
        let room = |equity: &str| windows.day_loss(equity.parse().unwrap()).room("5".parse().unwrap());
        assert_eq!(room("950.01"), Decimal::new(1, 2));
        assert_eq!(room("950"), Decimal::ZERO);
        assert_eq!(room("2000"), Decimal::from(50), "a profit is not room");
    }

    proptest! {
        #[test]
        fn money_that_moves_in_or_out_is_neither_a_loss_nor_a_gain(
            equity in 1_i64..1_000_000, lost in -500_000_i64..500_000, flow in -1_000_000_i64..1_000_000
        ) {
            let mut windows = Windows::new();
            windows.open(ts("2024-01-01"), money(equity));
            let now = money(equity - lost);
            windows.see(now);
            let before = [windows.day_loss(now), windows.week_loss(now), windows.drawdown(now)];
            windows.flow(money(flow));
            let then = money(equity - lost + flow);
            let after = [windows.day_loss(then), windows.week_loss(then), windows.drawdown(then)];
            for (before, after) in before.iter().zip(&after) {
                prop_assert_eq!(before.lost, after.lost);
                prop_assert_eq!(before.base.plus(money(flow)).unwrap(), after.base);
            }
        }

        #[test]
        fn a_window_holds_the_newest_instant_and_begins_with_it(
            steps in prop::collection::vec(0_i64..400_000, 1..60)
        ) {
            let mut windows = open("2023-12-30");
            let mut at = ts("2023-12-30");
            for step in steps {
                at = at.plus(Span::from_secs(step));
                windows.roll(at, money(1_000));
                for window in [windows.day, windows.week] {
                    prop_assert!(window.start_at <= at && at < window.ends_at());
                    prop_assert_eq!(window.start_at, window.timeframe.floor(at));
                }
            }
        }
    }
}
