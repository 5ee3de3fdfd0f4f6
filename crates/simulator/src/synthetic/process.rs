//! How synthetic prices move: a weather that all coins share, and each coin's own course through it.
//!
//! Each is in a regime (up, down, sideways, volatile) that lasts for hours; returns are normal with the
//! regime's drift and size, part of them common to all coins. On top come jumps and, once, a crash with a
//! partial recovery. Nothing here imitates a real market's statistics; it visits what a strategy must
//! survive.

use super::coins::Coin;
use super::random::Dice;

/// Chances per minute.
const REGIME_CHANGE: f64 = 1.0 / 480.0;
const JUMP: f64 = 1.0 / 720.0;
const GAP: f64 = 1.0 / 4_320.0;

/// Mean length of a gap in minutes, and the longest.
const GAP_MINUTES_MEAN: f64 = 12.0;
const GAP_MINUTES_MAX: f64 = 90.0;
/// Size of a jump and of the price step over a gap, in minute deviations.
const JUMP_SIZE: f64 = 7.0;
const GAP_SIZE: f64 = 12.0;

/// Drift of a trend per minute, in minute deviations.
const TREND: f64 = 0.05;
/// Pull per minute towards the anchor of a sideways market, and towards the first price at all times.
const ANCHOR_PULL: f64 = 0.01;
const HOME_PULL: f64 = 0.000_002;

/// The crash: first and last day it can start on, its length and the recovery's in minutes.
const CRASH_DAY_FIRST: f64 = 2.0;
const CRASH_DAYS: f64 = 7.0;
const CRASH_MINUTES: i64 = 90;
const RECOVERY_MINUTES: i64 = 360;
const CRASH_DRIFT: f64 = -0.002;
const RECOVERY_DRIFT: f64 = 0.000_2;
const MINUTES_PER_DAY: f64 = 1_440.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Regime {
    Up,
    Down,
    Sideways,
    Volatile,
}

impl Regime {
    fn draw(dice: &mut Dice) -> Self {
        let draw = dice.uniform();
        if draw < 0.3 {
            Regime::Up
        } else if draw < 0.55 {
            Regime::Down
        } else if draw < 0.85 {
            Regime::Sideways
        } else {
            Regime::Volatile
        }
    }

    fn drift(self) -> f64 {
        match self {
            Regime::Up => TREND,
            Regime::Down => -TREND,
            Regime::Sideways | Regime::Volatile => 0.0,
        }
    }

    fn size(self) -> f64 {
        match self {
            Regime::Up | Regime::Down => 1.0,
            Regime::Sideways => 0.7,
            Regime::Volatile => 2.2,
        }
    }
}

/// What all coins share.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    dice: Dice,
    regime: Regime,
    minute: i64,
    crash_start: i64,
    /// Common drift per minute as a fraction of the price, without the regime's.
    drift: f64,
    size: f64,
}

impl Weather {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let day = CRASH_DAY_FIRST + dice.uniform() * CRASH_DAYS;
        let regime = Regime::draw(&mut dice);
        let crash_start = super::random::whole(day * MINUTES_PER_DAY);
        Weather { dice, regime, minute: -1, crash_start, drift: 0.0, size: 1.0 }
    }

    /// The minute, counted from the start, in which the crash begins.
    pub(super) fn crash_start(&self) -> i64 {
        self.crash_start
    }

    /// A new minute begins.
    #[inline]
    pub(super) fn next_minute(&mut self) {
        self.minute += 1;
        if self.dice.uniform() < REGIME_CHANGE {
            self.regime = Regime::draw(&mut self.dice);
        }
        let since = self.minute - self.crash_start;
        (self.drift, self.size) = if !(0..CRASH_MINUTES + RECOVERY_MINUTES).contains(&since) {
            (0.0, self.regime.size())
        } else if since < CRASH_MINUTES {
            (CRASH_DRIFT, 5.0)
        } else {
            (RECOVERY_DRIFT, 2.5)
        };
    }

    /// The common part of the next step.
    #[inline]
    pub(super) fn step(&mut self) -> f64 {
        self.dice.normal()
    }
}

/// What a minute brings besides its returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surprise {
    Nothing,
    /// No trading for so many minutes.
    Gap(i64),
}

/// The length of one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepLength {
    pub(super) minutes: f64,
    pub(super) root: f64,
}

impl StepLength {
    pub(super) fn of_minutes(minutes: f64) -> Self {
        StepLength { minutes, root: libm::sqrt(minutes) }
    }
}

/// One coin's course.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) coin: Coin,
    pub(super) dice: Dice,
    pub(super) price: f64,
    regime: Regime,
    anchor: f64,
    /// Deviation of a minute's return in this minute.
    pub(super) sigma: f64,
    common: f64,
    own: f64,
    drift: f64,
}

impl Course {
    pub(super) fn new(seed: u64, index: usize) -> Self {
        let coin = Coin::of(index);
        let mut dice = Dice::new(seed, index as u64 + 1);
        let regime = Regime::draw(&mut dice);
        Course {
            coin,
            dice,
            price: coin.price,
            regime,
            anchor: coin.price,
            sigma: coin.sigma,
            common: libm::sqrt(coin.common),
            own: libm::sqrt(1.0 - coin.common),
            drift: 0.0,
        }
    }

    /// A new minute begins: at most one of a change of regime, a jump and a gap.
    #[inline]
    pub(super) fn next_minute(&mut self, weather: &Weather) -> Surprise {
        let draw = self.dice.uniform();
        let mut surprise = Surprise::Nothing;
        if draw < REGIME_CHANGE + JUMP + GAP {
            surprise = self.surprise(draw);
        }
        self.sigma = self.coin.sigma * 0.5 * (self.regime.size() + weather.size);
        let trend = (self.regime.drift() + weather.regime.drift()) * self.coin.sigma;
        let pull = match self.regime {
            Regime::Sideways => ANCHOR_PULL * (self.anchor / self.price - 1.0),
            Regime::Up | Regime::Down | Regime::Volatile => 0.0,
        };
        self.drift = trend + weather.drift + pull + HOME_PULL * (self.coin.price / self.price - 1.0);
        surprise
    }

    #[cold]
    fn surprise(&mut self, draw: f64) -> Surprise {
        if draw < REGIME_CHANGE {
            self.regime = Regime::draw(&mut self.dice);
            self.anchor = self.price;
            return Surprise::Nothing;
        }
        let deviation = self.sigma * self.dice.normal();
        if draw < REGIME_CHANGE + JUMP {
            self.shift(deviation * JUMP_SIZE);
            return Surprise::Nothing;
        }
        self.shift(deviation * GAP_SIZE);
        let minutes = (self.dice.exponential() * GAP_MINUTES_MEAN).min(GAP_MINUTES_MAX);
        Surprise::Gap(super::random::whole(minutes).max(1))
    }

    /// The price after a step whose common part is `common`.
    #[inline]
    pub(super) fn step(&mut self, common: f64, length: StepLength) -> f64 {
        let noise = self.common * common + self.own * self.dice.normal();
        self.shift(self.drift * length.minutes + self.sigma * length.root * noise);
        self.price
    }

    #[inline]
    fn shift(&mut self, change: f64) {
        self.price *= 1.0 + change.clamp(-0.2, 0.2);
    }

    /// What funding would be, as a fraction per 8 hours: dear while a trend carries the market up.
    pub(super) fn funding(&mut self) -> f64 {
        let trend = self.drift / self.coin.sigma / TREND;
        (0.000_1 + 0.000_15 * trend.clamp(-10.0, 10.0) + 0.000_1 * self.dice.normal())
            .clamp(-0.007_5, 0.007_5)
    }
}
