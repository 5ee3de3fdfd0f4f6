//! The weekly zone: whether the price has come back far enough in the weekly leg to join it.
//!
//! The zone takes back 0.618 to 0.786 of the leg, measured from its end, and serves trades in the leg's own
//! direction: a rising leg gives longs a place to buy, a falling one gives shorts a place to sell. Invariant:
//! with fewer than 20 closed weeks there is no verdict.

use seawall_model::{StateSink, Ts};
use seawall_smc::setup::break_of_structure;
use seawall_smc::{Bar, BarWindow, FibLeg, Measure};

use super::score::ALIGNMENT_POINTS;
use super::structure::{Sides, chart};
use super::{HigherTimeframeMode, SmcSettings, digest_window, period};
use crate::Direction;

const WEEKS_MIN: usize = 20;
const WEEKS_MAX: usize = 100;
/// The swing leaves out the oldest weeks of a young history.
const WEEKS_LEFT_OUT: usize = 5;
const ZONE: (f64, f64) = (0.618, 0.786);

/// What the weekly zone says to a setup.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum WeeklyVerdict {
    /// Nothing: it is not looked at, or there is none yet.
    Silent,
    /// The price lies inside: add these points.
    Inside(f64),
    /// The price lies outside: take these points away.
    Outside(f64),
    /// Not in this place.
    Refused,
}

/// Weekly and daily bars and the rules for them.
#[derive(Debug, Clone)]
pub(super) struct HigherTimeframe {
    mode: HigherTimeframeMode,
    weekly_points: f64,
    daily_points: f64,
    penalty_points: f64,
    break_bars: usize,
    weeks: BarWindow,
    pub(super) days: BarWindow,
    leg: Option<FibLeg>,
    day_breaks: Sides<bool>,
}

impl HigherTimeframe {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        HigherTimeframe {
            mode: settings.higher_tf_mode,
            weekly_points: settings.higher_tf_weekly_weight.to_f64() * ALIGNMENT_POINTS,
            daily_points: settings.higher_tf_daily_weight.to_f64() * ALIGNMENT_POINTS,
            penalty_points: settings.higher_tf_penalty.to_f64(),
            break_bars: period(settings.bos_confirmation_candles),
            weeks: BarWindow::new(),
            days: BarWindow::new(),
            leg: None,
            day_breaks: Sides { long: false, short: false },
        }
    }

    /// Takes in the next closed day.
    pub(super) fn push_day(&mut self, open_time: Ts, day: &Bar) {
        self.days.push(open_time, day);
        let days = self.days.bars();
        let newest = self.break_bars;
        self.day_breaks = Sides::of(|direction| break_of_structure(days, chart(direction), newest));
    }

    /// Takes in the next closed week.
    pub(super) fn push_week(&mut self, open_time: Ts, week: &Bar) {
        self.weeks.push(open_time, week);
        let weeks = self.weeks.len();
        if weeks >= WEEKS_MIN {
            let newest = weeks.saturating_sub(WEEKS_LEFT_OUT).min(WEEKS_MAX);
            self.leg = FibLeg::of_bars(self.weeks.bars(), newest, Measure::AlongLeg);
        }
    }

    /// Whether the outside is refused.
    pub(super) fn refuses(&self) -> bool {
        self.mode == HigherTimeframeMode::Hard
    }

    /// The most points that it gives.
    pub(super) fn most_points(&self) -> f64 {
        self.weekly_points + self.daily_points
    }

    /// The lower and the upper edge of the zone.
    pub(super) fn zone(&self) -> Option<(f64, f64)> {
        let leg = self.leg.as_ref()?;
        let (one, other) = (leg.retracement(ZONE.0), leg.retracement(ZONE.1));
        Some((one.min(other), one.max(other)))
    }

    /// The verdict on a setup in `direction` with the price at `price`.
    pub(super) fn verdict(&self, direction: Direction, price: f64) -> WeeklyVerdict {
        let Some(leg) = &self.leg else {
            return WeeklyVerdict::Silent;
        };
        let follows = leg.direction == chart(direction);
        let inside = follows && leg.retraced_between(price, ZONE.0, ZONE.1);
        match (self.mode, inside) {
            (HigherTimeframeMode::Off, _) => WeeklyVerdict::Silent,
            (HigherTimeframeMode::Soft | HigherTimeframeMode::Hard, true) => {
                let one_sided = self.day_breaks.long != self.day_breaks.short;
                let daily = one_sided && *self.day_breaks.get(direction);
                WeeklyVerdict::Inside(self.weekly_points + if daily { self.daily_points } else { 0.0 })
            }
            (HigherTimeframeMode::Soft, false) => WeeklyVerdict::Outside(self.penalty_points),
            (HigherTimeframeMode::Hard, false) => WeeklyVerdict::Refused,
        }
    }

    pub(super) fn digest(&self, sink: &mut dyn StateSink) {
        digest_window(&self.weeks, sink);
        digest_window(&self.days, sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(open: f64, high: f64, low: f64, close: f64) -> Bar {
        Bar { open, high, low, close }
    }

    fn at(number: i64) -> Ts {
        Ts::from_nanos(number)
    }

    /// Weeks that rise from 100 to 200 and fall back.
    fn rising(mode: HigherTimeframeMode, weeks: i64) -> HigherTimeframe {
        let settings = SmcSettings { higher_tf_mode: mode, ..SmcSettings::default() };
        let mut higher = HigherTimeframe::new(&settings);
        for week in 0..weeks {
            let price = match week {
                10 => 100.0,
                15 => 200.0,
                _ => 150.0,
            };
            higher.push_week(at(week), &bar(price, price, price, price));
        }
        higher
    }

    #[test]
    fn there_is_no_verdict_before_twenty_weeks() {
        assert_eq!(
            rising(HigherTimeframeMode::Hard, 19).verdict(Direction::Long, 199.0),
            WeeklyVerdict::Silent
        );
        assert_eq!(
            rising(HigherTimeframeMode::Hard, 20).verdict(Direction::Long, 199.0),
            WeeklyVerdict::Refused
        );
    }

    #[test]
    fn each_mode_treats_the_outside_its_own_way() {
        for (mode, outside, inside) in [
            (HigherTimeframeMode::Off, WeeklyVerdict::Silent, WeeklyVerdict::Silent),
            (HigherTimeframeMode::Soft, WeeklyVerdict::Outside(5.0), WeeklyVerdict::Inside(5.0)),
            (HigherTimeframeMode::Hard, WeeklyVerdict::Refused, WeeklyVerdict::Inside(5.0)),
        ] {
            let higher = rising(mode, 30);
            assert_eq!(higher.verdict(Direction::Long, 199.0), outside, "{mode:?}");
            assert_eq!(higher.verdict(Direction::Long, 130.0), inside, "{mode:?}");
        }
    }

    #[test]
    fn by_default_being_outside_costs_what_being_inside_earns() {
        // [D-5]: 0.40 of a point for being inside stood against 18 for being outside.
        let higher = rising(HigherTimeframeMode::default(), 30);
        let WeeklyVerdict::Inside(earned) = higher.verdict(Direction::Long, 130.0) else { panic!() };
        let WeeklyVerdict::Outside(lost) = higher.verdict(Direction::Long, 199.0) else { panic!() };
        assert!((earned - lost).abs() < 1e-9 && (higher.most_points() - 8.0).abs() < 1e-9);
    }

    #[test]
    fn the_zone_has_its_edges_at_the_two_retracements() {
        let (low, high) = rising(HigherTimeframeMode::Off, 30).zone().unwrap();
        assert!((low - 121.4).abs() < 1e-9 && (high - 138.2).abs() < 1e-9);
        assert_eq!(rising(HigherTimeframeMode::Off, 19).zone(), None);
    }

    #[test]
    fn the_zone_serves_the_direction_of_the_leg() {
        let higher = rising(HigherTimeframeMode::Soft, 30);
        assert_eq!(higher.verdict(Direction::Short, 130.0), WeeklyVerdict::Outside(5.0));
    }

    #[test]
    fn a_daily_break_the_same_way_adds_to_the_bonus() {
        let mut higher = rising(HigherTimeframeMode::Soft, 30);
        for day in 0..9 {
            higher.push_day(at(day), &bar(130.0, 131.0, 129.0, 130.0));
        }
        assert_eq!(higher.verdict(Direction::Long, 130.0), WeeklyVerdict::Inside(5.0));
        higher.push_day(at(9), &bar(130.0, 140.0, 130.0, 139.0));
        assert_eq!(higher.verdict(Direction::Long, 130.0), WeeklyVerdict::Inside(8.0));
    }
}
