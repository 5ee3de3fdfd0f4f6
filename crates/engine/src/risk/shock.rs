//! Price shocks: a move beyond `risk.shock.move_pct` against the price of about `window_s` ago.
//!
//! Prices are compared by their age, not by their number: the older one must be at least three quarters of
//! the window old and at most three windows, and the one nearest to the window is taken. Candles longer than
//! that say nothing. A price that is missing or not above zero never gets here, and coins are counted by
//! their canonical base, so two instruments of one coin are one coin. Beyond `risk.shock.basis_pct` the
//! distance from the signal instrument is a shock as well, see [`crate::signal`].

use std::collections::VecDeque;

use seawall_model::{Percent, PriceUnits, Span, StateSink, Ts};

use super::settings::ShockSettings;

/// Prices kept for each window: enough for three windows.
const PRICES_PER_WINDOW: i64 = 6;
const WINDOWS_KEPT: i64 = 3;

/// The numbers of `risk.shock`, ready for use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShockRule {
    /// Infinite where moves are not watched.
    share: f64,
    /// Infinite where the basis is not watched.
    basis_pct: f64,
    window: Span,
    least_age: Span,
    most_age: Span,
    spacing: Span,
}

impl ShockRule {
    /// `None` where shocks are not watched. The basis is where an instrument reads another one (`pairs`).
    pub(crate) fn new(settings: &ShockSettings, pairs: bool) -> Option<Self> {
        let basis_pct = settings.basis_pct.filter(|_| pairs);
        if settings.move_pct.is_none() && basis_pct.is_none() {
            return None;
        }
        let number = |value: Option<Percent>| value.map_or(f64::INFINITY, Percent::to_f64);
        let window = Span::from_secs(i64::from(settings.window_s));
        Some(ShockRule {
            share: number(settings.move_pct) / 100.0,
            basis_pct: number(basis_pct),
            window,
            least_age: Span::from_nanos(window.nanos() / 4 * 3),
            most_age: Span::from_nanos(window.nanos() * WINDOWS_KEPT),
            spacing: Span::from_nanos(window.nanos() / PRICES_PER_WINDOW),
        })
    }

    pub(crate) fn window(&self) -> Span {
        self.window
    }

    /// Whether a basis of `basis_pct` is a shock.
    #[inline]
    pub(crate) fn is_wide(&self, basis_pct: f64) -> bool {
        basis_pct > self.basis_pct
    }

    #[inline]
    fn is_shock(&self, before: PriceUnits, now: PriceUnits) -> bool {
        let (before, now) = (before.get() as f64, now.get() as f64);
        before > 0.0 && (now - before).abs() > before * self.share
    }
}

/// Earlier prices of one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trail {
    prices: VecDeque<(Ts, PriceUnits)>,
}

impl Trail {
    /// Takes in a price; says whether it is a shock.
    #[inline]
    pub(crate) fn see(&mut self, rule: &ShockRule, at: Ts, price: PriceUnits) -> bool {
        let Some((newest, last)) = self.prices.back().copied() else {
            self.prices.push_back((at, price));
            return false;
        };
        let age = at.since(newest);
        if age > rule.most_age {
            self.prices.clear();
            self.prices.push_back((at, price));
            return false;
        }
        let shock = if age >= rule.window {
            // All others are older still.
            rule.is_shock(last, price)
        } else {
            self.nearest(rule, at).is_some_and(|before| rule.is_shock(before, price))
        };
        if age >= rule.spacing {
            while self.prices.front().is_some_and(|(seen, _)| at.since(*seen) > rule.most_age) {
                self.prices.pop_front();
            }
            self.prices.push_back((at, price));
        }
        shock
    }

    /// The price whose age is nearest to the window.
    fn nearest(&self, rule: &ShockRule, at: Ts) -> Option<PriceUnits> {
        self.prices
            .iter()
            .map(|(seen, price)| (at.since(*seen), *price))
            .filter(|(age, _)| (rule.least_age..=rule.most_age).contains(age))
            .min_by_key(|(age, _)| (age.nanos() - rule.window.nanos()).abs())
            .map(|(_, price)| price)
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.prices.len() as u64);
        for (at, price) in &self.prices {
            sink.signed(at.nanos());
            sink.signed(price.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> ShockRule {
        ShockRule::new(&ShockSettings::default(), false).unwrap()
    }

    fn at(seconds: i64) -> Ts {
        Ts::from_millis(seconds * 1_000)
    }

    fn shocks(prices: &[(i64, i64)]) -> Vec<i64> {
        let mut trail = Trail::default();
        let see = |(seconds, price): &(i64, i64)| {
            trail.see(&rule(), at(*seconds), PriceUnits::new(*price)).then_some(*seconds)
        };
        prices.iter().filter_map(see).collect()
    }

    #[test]
    fn prices_a_minute_apart_can_be_compared() {
        // D-12: prices were kept for one minute and had to be 45 seconds old, at ticks of 60 seconds.
        assert_eq!(shocks(&[(0, 1_000), (60, 1_049), (120, 1_102)]), [120]);
        assert_eq!(shocks(&[(0, 1_000), (60, 1_050)]), Vec::<i64>::new(), "exactly 5 % is none");
    }

    #[test]
    fn what_is_too_young_or_too_old_says_nothing() {
        assert_eq!(shocks(&[(0, 1_000), (40, 1_200)]), Vec::<i64>::new());
        assert_eq!(shocks(&[(0, 1_000), (181, 1_200)]), Vec::<i64>::new());
        assert_eq!(shocks(&[(0, 1_000), (10, 1_000), (46, 1_200)]), [46]);
    }

    #[test]
    fn among_many_prices_the_one_nearest_to_the_window_counts() {
        // A slow climb of 1 % every ten seconds is 6 % a minute.
        let climb: Vec<(i64, i64)> = (0..12).map(|step| (step * 10, 10_000 + step * 100)).collect();
        assert_eq!(shocks(&climb), [60, 70, 80, 90, 100, 110]);
        assert!(Trail::default().prices.is_empty());
    }

    #[test]
    fn the_trail_is_bounded_whatever_comes() {
        let mut trail = Trail::default();
        for step in 0..100_000 {
            trail.see(&rule(), Ts::from_millis(step * 37), PriceUnits::new(1_000));
        }
        assert!(trail.prices.len() <= 20, "{}", trail.prices.len());
    }
}
