//! Where a setup enters, where it is wrong and where it pays.
//!
//! The stop lies beyond the invalidation by a multiple of the 4h ATR (the mean of the regime's range, widened
//! after several stop-outs), rounded to the tick towards the entry. The target is the nearest of the five
//! nearest 1h swings beyond the entry that pays the regime's least multiple of the risk, else exactly that
//! multiple, rounded away from the entry. Invariant: prices are on the tick, the stop is on the losing side,
//! and at the planned entry the reward is never below the least multiple.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use seawall_model::{Instrument, PriceRounding, PriceUnits, Ratio, Span, Ts};
use seawall_smc::setup::swing_points;
use seawall_smc::{Bar, PivotKind};

use super::structure::Candidate;
use super::{SmcSettings, is_tight};
use crate::{Direction, SWINGS_MAX};

/// 1h bars that are searched for swings.
const SWING_BARS: usize = 50;

/// How far stops and targets lie in a regime.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Regime {
    stop_atr: Decimal,
    min_rr: Ratio,
}

/// How much further away stops lie after several stop-outs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Widening {
    lookback: Span,
    stop_outs: usize,
    factor: Decimal,
    step: Decimal,
    most: Decimal,
}

impl Widening {
    /// The multiple of the usual distance at `now`.
    fn factor(&self, stop_outs: &[Ts], now: Ts) -> Decimal {
        let oldest = now.minus(self.lookback);
        let count = stop_outs.iter().filter(|at| **at > oldest).count();
        let Some(further) = count.checked_sub(self.stop_outs) else { return Decimal::ONE };
        let more = self.step.checked_mul(Decimal::from(further)).unwrap_or(self.most);
        self.factor.saturating_add(more).min(self.most)
    }
}

/// How far stops and targets lie in each regime.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LevelRules {
    tight: Regime,
    wide: Regime,
    widening: Option<Widening>,
}

/// Entry and stop of a setup.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Risked {
    pub(super) entry: PriceUnits,
    pub(super) stop: PriceUnits,
}

impl Risked {
    /// Distance from entry to stop in percent of the entry.
    pub(super) fn distance_pct(&self) -> f64 {
        self.entry.minus(self.stop).abs().get() as f64 / self.entry.get() as f64 * 100.0
    }

    /// Reward over risk to `target` for an entry filled at `at`.
    pub(super) fn reward_risk(&self, direction: Direction, at: PriceUnits, target: PriceUnits) -> f64 {
        let (reward, risk) = match direction {
            Direction::Long => (target.minus(at), at.minus(self.stop)),
            Direction::Short => (at.minus(target), self.stop.minus(at)),
        };
        reward.get() as f64 / risk.get() as f64
    }
}

impl LevelRules {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        let mean = |least: Decimal, most: Decimal| {
            least.checked_add(most).and_then(|sum| sum.checked_div(Decimal::TWO)).unwrap_or(most)
        };
        LevelRules {
            tight: Regime {
                stop_atr: mean(settings.tight_smc_atr_stop_min.get(), settings.tight_smc_atr_stop_max.get()),
                min_rr: settings.tight_smc_min_rr_multiple,
            },
            wide: Regime {
                stop_atr: mean(
                    settings.wide_structure_atr_stop_min.get(),
                    settings.wide_structure_atr_stop_max.get(),
                ),
                min_rr: settings.wide_structure_min_rr_multiple,
            },
            widening: settings.stop_widen.then(|| Widening {
                lookback: Span::from_secs(i64::from(settings.stop_widen_lookback_hours) * 3_600),
                stop_outs: usize::try_from(settings.stop_widen_stop_outs).unwrap_or(usize::MAX),
                factor: settings.stop_widen_factor.get(),
                step: settings.stop_widen_step.get(),
                most: settings.stop_widen_factor_max.get(),
            }),
        }
    }

    /// How much further away than usual stops lie at `now` after `stop_outs`.
    pub(super) fn widened(&self, stop_outs: &[Ts], now: Ts) -> Decimal {
        self.widening.map_or(Decimal::ONE, |widening| widening.factor(stop_outs, now))
    }

    fn regime(&self, candidate: &Candidate) -> &Regime {
        if is_tight(candidate.setup) { &self.tight } else { &self.wide }
    }

    /// The least reward of `candidate` in multiples of its risk, as the plan says it.
    pub(super) fn least_reward(&self, candidate: &Candidate) -> Ratio {
        self.regime(candidate).min_rr
    }

    /// The price beyond which a close proves `candidate` wrong, on the tick inside of it.
    pub(super) fn invalidation(instrument: &Instrument, candidate: &Candidate) -> Option<PriceUnits> {
        let rounding = match candidate.direction {
            Direction::Long => PriceRounding::Up,
            Direction::Short => PriceRounding::Down,
        };
        instrument.round_price(Decimal::from_f64(candidate.invalidation)?, rounding)
    }

    /// The nearest swings beyond the entry, on the tick in front of them, nearest first.
    pub(super) fn swings(
        instrument: &Instrument,
        candidate: &Candidate,
        risked: &Risked,
        hours: &[Bar],
    ) -> ArrayVec<PriceUnits, SWINGS_MAX> {
        let rounding = match candidate.direction {
            Direction::Long => PriceRounding::Down,
            Direction::Short => PriceRounding::Up,
        };
        swings_beyond(hours, candidate.direction, instrument.price_f64(risked.entry))
            .into_iter()
            .filter_map(|swing| instrument.round_price(Decimal::from_f64(swing)?, rounding))
            .collect()
    }

    /// The least reward of `candidate` in multiples of its risk.
    pub(super) fn min_rr(&self, candidate: &Candidate) -> f64 {
        self.regime(candidate).min_rr.to_f64()
    }

    /// Entry and stop of `candidate` with a 4h ATR of `atr` quote units and stops `widened` times as far away
    /// as usual; `None` where no stop can lie on the losing side.
    pub(super) fn risked(
        &self,
        instrument: &Instrument,
        candidate: &Candidate,
        atr: f64,
        widened: Decimal,
    ) -> Option<Risked> {
        let usual = Decimal::from_f64(atr)?.checked_mul(self.regime(candidate).stop_atr)?;
        let shift = usual.checked_mul(widened)?;
        let (entry, invalidation) =
            (Decimal::from_f64(candidate.entry)?, Decimal::from_f64(candidate.invalidation)?);
        let (entry, stop) = match candidate.direction {
            Direction::Long => (
                instrument.round_price(entry, PriceRounding::Down)?,
                instrument.round_price(invalidation.checked_sub(shift)?, PriceRounding::Up)?,
            ),
            Direction::Short => (
                instrument.round_price(entry, PriceRounding::Up)?,
                instrument.round_price(invalidation.checked_add(shift)?, PriceRounding::Down)?,
            ),
        };
        let loses = match candidate.direction {
            Direction::Long => stop < entry,
            Direction::Short => stop > entry,
        };
        (loses && stop > PriceUnits::ZERO && entry > PriceUnits::ZERO).then_some(Risked { entry, stop })
    }

    /// The take-profit; `None` where it would not lie above zero.
    pub(super) fn target(
        &self,
        instrument: &Instrument,
        candidate: &Candidate,
        risked: &Risked,
        hours: &[Bar],
    ) -> Option<PriceUnits> {
        let entry = instrument.price(risked.entry).get();
        let risk = instrument.price(risked.entry.minus(risked.stop).abs()).get();
        let least = risk.checked_mul(self.regime(candidate).min_rr.get())?;
        let (near, least_f64) = (instrument.price_f64(risked.entry), Ratio::new(least).to_f64());
        let swing = swings_beyond(hours, candidate.direction, near)
            .into_iter()
            // Becoming a decimal is what costs: not for a swing that is certainly too near.
            .filter(|swing| (swing - near).abs() >= least_f64 * (1.0 - 1e-9))
            .filter_map(Decimal::from_f64)
            .find(|swing| swing.checked_sub(entry).is_some_and(|distance| distance.abs() >= least));
        let (target, rounding) = match candidate.direction {
            Direction::Long => (entry.checked_add(least)?, PriceRounding::Up),
            Direction::Short => (entry.checked_sub(least)?, PriceRounding::Down),
        };
        instrument.round_price(swing.unwrap_or(target), rounding).filter(|target| *target > PriceUnits::ZERO)
    }
}

/// The nearest swing prices beyond `entry`, nearest first.
fn swings_beyond(hours: &[Bar], direction: Direction, entry: f64) -> ArrayVec<f64, SWINGS_MAX> {
    let mut nearest: ArrayVec<f64, SWINGS_MAX> = ArrayVec::new();
    for swing in swing_points(hours, SWING_BARS) {
        let distance = match (direction, swing.kind) {
            (Direction::Long, PivotKind::High) => swing.price - entry,
            (Direction::Short, PivotKind::Low) => entry - swing.price,
            (Direction::Long, PivotKind::Low) | (Direction::Short, PivotKind::High) => continue,
        };
        if distance <= 0.0 {
            continue;
        }
        let place = nearest.partition_point(|other| (other - entry).abs() < distance);
        if nearest.is_full() && place < SWINGS_MAX {
            nearest.pop();
        }
        if place < SWINGS_MAX {
            nearest.insert(place, swing.price);
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{InstrumentId, InstrumentSpec, Setup};

    fn instrument(tick: &str) -> Instrument {
        let mut spec = InstrumentSpec::new("BTC/USDT".parse().unwrap());
        spec.tick = Some(tick.parse().unwrap());
        Instrument::new(InstrumentId(0), spec, 2).unwrap()
    }

    fn candidate(setup: Setup, direction: Direction, entry: f64, invalidation: f64) -> Candidate {
        Candidate { setup, direction, entry, invalidation, zone: None, at: Ts::EPOCH }
    }

    fn rules(change: impl Fn(&mut SmcSettings)) -> LevelRules {
        let mut settings = SmcSettings::default();
        change(&mut settings);
        LevelRules::new(&settings)
    }

    fn units(price: &str, of: &Instrument) -> PriceUnits {
        of.price_units(price.parse().unwrap()).unwrap()
    }

    /// Bars with the given highs and lows far away, so that every middle one above its neighbours is a swing.
    fn highs(highs: &[f64]) -> Vec<Bar> {
        highs.iter().map(|high| Bar { open: *high, high: *high, low: 1.0, close: *high }).collect()
    }

    #[test]
    fn a_long_order_block_by_hand() {
        let btc = instrument("0.5");
        let block = candidate(Setup::OrderBlock, Direction::Long, 100.0, 96.0);
        let rules = rules(|_| ());
        // 96 - 2.0 * 0.225 = 95.55, rounded up to the tick of 0.5.
        let risked = rules.risked(&btc, &block, 2.0, Decimal::ONE).unwrap();
        assert_eq!(risked, Risked { entry: units("100", &btc), stop: units("96", &btc) });
        // Risk 4, reward 8.
        let target = rules.target(&btc, &block, &risked, &[]).unwrap();
        assert_eq!(target, units("108", &btc));
        assert!((risked.reward_risk(Direction::Long, risked.entry, target) - 2.0).abs() < 1e-12);
        assert!((risked.distance_pct() - 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_short_trend_by_hand() {
        let btc = instrument("0.1");
        let trend = candidate(Setup::Trend, Direction::Short, 100.0, 104.0);
        let rules = rules(|_| ());
        // 104 + 3.0 * 0.55 = 105.65, down to the tick: 105.6; risk 5.6, target 100 - 1.5 * 5.6 = 91.6.
        let risked = rules.risked(&btc, &trend, 3.0, Decimal::ONE).unwrap();
        assert_eq!(risked.stop, units("105.6", &btc));
        assert_eq!(rules.target(&btc, &trend, &risked, &[]).unwrap(), units("91.6", &btc));
    }

    #[test]
    fn the_range_of_each_regime_sets_its_stop() {
        let btc = instrument("0.01");
        let block = candidate(Setup::FairValueGap, Direction::Long, 100.0, 96.0);
        let trend = candidate(Setup::Trend, Direction::Long, 100.0, 96.0);
        let stop =
            |rules: &LevelRules, of: &Candidate| rules.risked(&btc, of, 2.0, Decimal::ONE).unwrap().stop;
        let one = "1".parse().unwrap();
        let tight = rules(|settings| settings.tight_smc_atr_stop_max = one);
        // The mean of 0.15 and 1 is 0.575: 96 - 1.15.
        assert_eq!(stop(&tight, &block), units("94.85", &btc));
        assert_eq!(stop(&tight, &trend), stop(&rules(|_| ()), &trend));
        let least = rules(|settings| settings.tight_smc_atr_stop_min = "0.3".parse().unwrap());
        assert_eq!(stop(&least, &block), units("95.4", &btc));
        let wide = rules(|settings| settings.wide_structure_atr_stop_max = one);
        assert_eq!(stop(&wide, &trend), units("94.5", &btc));
        let wide_least = rules(|settings| settings.wide_structure_atr_stop_min = "0.6".parse().unwrap());
        assert_eq!(stop(&wide_least, &trend), units("94.8", &btc));
    }

    #[test]
    fn the_nearest_swing_that_pays_enough_is_the_target() {
        let btc = instrument("0.01");
        let block = candidate(Setup::OrderBlock, Direction::Long, 100.0, 96.0);
        let risked = Risked { entry: units("100", &btc), stop: units("96", &btc) };
        let hours = highs(&[99.0, 120.0, 99.0, 105.0, 99.0, 109.5, 99.0, 112.0, 99.0]);
        let target = |multiple: &str| {
            let rules = rules(|settings| settings.tight_smc_min_rr_multiple = multiple.parse().unwrap());
            rules.target(&btc, &block, &risked, &hours).unwrap()
        };
        // 105 pays 1.25 times the risk of 4, 109.5 pays 2.375, 112 three times, 120 five times.
        assert_eq!(target("2"), units("109.5", &btc));
        assert_eq!(target("1.25"), units("105", &btc));
        assert_eq!(target("3"), units("112", &btc));
        assert_eq!(target("6"), units("124", &btc), "no swing pays: exactly the multiple");
    }

    #[test]
    fn only_the_five_nearest_swings_are_considered() {
        let btc = instrument("0.01");
        let block = candidate(Setup::OrderBlock, Direction::Long, 100.0, 96.0);
        let risked = Risked { entry: units("100", &btc), stop: units("96", &btc) };
        let hours =
            highs(&[99.0, 120.0, 99.0, 101.0, 99.0, 102.0, 99.0, 103.0, 99.0, 104.0, 99.0, 105.0, 99.0]);
        assert_eq!(rules(|_| ()).target(&btc, &block, &risked, &hours).unwrap(), units("108", &btc));
    }

    #[test]
    fn stop_outs_of_the_last_day_widen_the_next_stop() {
        let btc = instrument("0.01");
        let block = candidate(Setup::OrderBlock, Direction::Long, 100.0, 96.0);
        let hour = |number: i64| Ts::from_millis(number * 3_600_000);
        let usual = rules(|_| ());
        let factor = |rules: &LevelRules, stop_outs: &[i64]| {
            let stop_outs: Vec<Ts> = stop_outs.iter().map(|number| hour(*number)).collect();
            rules.widened(&stop_outs, hour(30)).normalize().to_string()
        };
        for (stop_outs, expected) in [
            (&[][..], "1"),
            (&[20], "1"),
            (&[20, 21], "1.5"),
            (&[20, 21, 22], "1.75"),
            (&[20, 21, 22, 23], "2"),
            (&[20, 21, 22, 23, 24], "2"),
            // The first one lies exactly a day back.
            (&[6, 20], "1"),
            (&[7, 20], "1.5"),
        ] {
            assert_eq!(factor(&usual, stop_outs), expected, "{stop_outs:?}");
        }
        // 96 - 1.5 * 0.225 * 2.
        let stop = usual.risked(&btc, &block, 2.0, "1.5".parse().unwrap()).unwrap().stop;
        assert_eq!(stop, units("95.33", &btc));
    }

    #[test]
    fn levels_that_cannot_be_are_none() {
        let btc = instrument("0.5");
        let rules = rules(|_| ());
        let thin = candidate(Setup::OrderBlock, Direction::Long, 100.4, 100.2);
        assert_eq!(
            rules.risked(&btc, &thin, 0.001, Decimal::ONE),
            None,
            "the tick leaves no room between entry and stop"
        );
        let below_zero = candidate(Setup::OrderBlock, Direction::Long, 1.0, 0.5);
        assert_eq!(rules.risked(&btc, &below_zero, 10.0, Decimal::ONE), None);
        let short = candidate(Setup::OrderBlock, Direction::Short, 1.0, 1.0);
        let risked = rules.risked(&btc, &short, 10.0, Decimal::ONE).unwrap();
        assert_eq!(rules.target(&btc, &short, &risked, &[]), None, "twice the risk lies below zero");
    }
}
