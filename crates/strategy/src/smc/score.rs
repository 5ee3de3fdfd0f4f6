//! The score of a setup: how much speaks for it, from 0 to about 100.
//!
//! Structure 25, Fibonacci 15, alignment with the daily bias 20, ADX 15, cost 20, and the weekly zone on top.
//! A setup never runs against the bias, so alignment earns 20 with a bias and 10 without.

use seawall_model::Setup;

use super::SmcSettings;
use super::higher_timeframe::WeeklyVerdict;

/// Points that alignment can earn; the weights of the weekly zone are shares of it.
pub(super) const ALIGNMENT_POINTS: f64 = 20.0;

const ORDER_BLOCK_POINTS: f64 = 10.0;
const FAIR_VALUE_GAP_POINTS: f64 = 8.0;
const BREAK_OF_STRUCTURE_POINTS: f64 = 7.0;
const NEUTRAL_POINTS: f64 = 10.0;
const ADX_POINTS: [(f64, f64); 4] = [(40.0, 15.0), (30.0, 12.0), (25.0, 10.0), (20.0, 7.0)];
const COST_POINTS: [(f64, f64); 4] = [(10.0, 20.0), (20.0, 15.0), (30.0, 10.0), (50.0, 5.0)];

/// What speaks for a setup, all of it measured in the setup's direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Confluence {
    pub(super) order_block: bool,
    pub(super) fair_value_gap: bool,
    pub(super) break_of_structure: bool,
    /// Points of the entry's place among the Fibonacci levels.
    pub(super) fibonacci_points: f64,
    /// Whether there is a bias (the setup follows it) or none.
    pub(super) aligned: bool,
    pub(super) adx: f64,
    /// Estimated cost of the round trip.
    pub(super) cost_bps: f64,
    pub(super) weekly: WeeklyVerdict,
}

impl Confluence {
    /// The sum of all points, not below zero; nothing where the weekly zone refuses.
    pub(super) fn score(&self) -> f64 {
        let WeeklyVerdict::Points(weekly) = self.weekly else {
            return 0.0;
        };
        let structure = points_if(self.order_block, ORDER_BLOCK_POINTS)
            + points_if(self.fair_value_gap, FAIR_VALUE_GAP_POINTS)
            + points_if(self.break_of_structure, BREAK_OF_STRUCTURE_POINTS);
        let alignment = if self.aligned { ALIGNMENT_POINTS } else { NEUTRAL_POINTS };
        let adx = first_points(&ADX_POINTS, |least| self.adx >= least);
        let cost = first_points(&COST_POINTS, |most| self.cost_bps <= most);
        (structure + self.fibonacci_points + alignment + adx + cost + weekly).max(0.0)
    }
}

fn points_if(present: bool, points: f64) -> f64 {
    if present { points } else { 0.0 }
}

fn first_points(table: &[(f64, f64)], reached: impl Fn(f64) -> bool) -> f64 {
    table.iter().find(|(limit, _)| reached(*limit)).map_or(0.0, |(_, points)| *points)
}

/// The least score by regime and bias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Thresholds {
    tight_aligned: f64,
    tight_neutral: f64,
    wide_aligned: f64,
    wide_neutral: f64,
}

impl Thresholds {
    pub(super) fn new(settings: &SmcSettings) -> Self {
        Thresholds {
            tight_aligned: settings.min_score_tight_smc_aligned.to_f64(),
            tight_neutral: settings.min_score_tight_smc_neutral.to_f64(),
            wide_aligned: settings.min_score_wide_structure_aligned.to_f64(),
            wide_neutral: settings.min_score_wide_structure_neutral.to_f64(),
        }
    }

    /// The least score for `setup`.
    pub(super) fn least(&self, setup: Setup, aligned: bool) -> f64 {
        match (super::is_tight(setup), aligned) {
            (true, true) => self.tight_aligned,
            (true, false) => self.tight_neutral,
            (false, true) => self.wide_aligned,
            (false, false) => self.wide_neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Confluence = Confluence {
        order_block: true,
        fair_value_gap: true,
        break_of_structure: true,
        fibonacci_points: 15.0,
        aligned: true,
        adx: 41.0,
        cost_bps: 9.0,
        weekly: WeeklyVerdict::Points(0.0),
    };

    fn is(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn everything_together_is_95_points() {
        assert!(is(FULL.score(), 95.0));
    }

    #[test]
    fn each_component_has_its_points() {
        assert!(is(Confluence { order_block: false, ..FULL }.score(), 85.0));
        assert!(is(Confluence { fair_value_gap: false, ..FULL }.score(), 87.0));
        assert!(is(Confluence { break_of_structure: false, ..FULL }.score(), 88.0));
        assert!(is(Confluence { fibonacci_points: 0.0, ..FULL }.score(), 80.0));
        assert!(is(Confluence { aligned: false, ..FULL }.score(), 85.0));
        assert!(is(Confluence { weekly: WeeklyVerdict::Points(-18.0), ..FULL }.score(), 77.0));
        for (adx, lost) in [(40.0, 0.0), (39.9, 3.0), (30.0, 3.0), (25.0, 5.0), (20.0, 8.0), (19.9, 15.0)] {
            assert!(is(Confluence { adx, ..FULL }.score(), 95.0 - lost), "adx {adx}");
        }
        for (cost_bps, lost) in [(10.0, 0.0), (10.1, 5.0), (30.0, 10.0), (50.0, 15.0), (50.1, 20.0)] {
            assert!(is(Confluence { cost_bps, ..FULL }.score(), 95.0 - lost), "cost {cost_bps}");
        }
    }

    #[test]
    fn each_regime_and_bias_has_its_own_threshold() {
        let thresholds = Thresholds::new(&SmcSettings::default());
        assert!(is(thresholds.least(Setup::OrderBlock, true), 65.0));
        assert!(is(thresholds.least(Setup::FairValueGap, false), 75.0));
        assert!(is(thresholds.least(Setup::BreakOfStructure, true), 60.0));
        assert!(is(thresholds.least(Setup::Trend, false), 70.0));
    }

    #[test]
    fn a_documented_example_adds_up() {
        // Order block alone, at 0.618, with the bias, ADX 27, 15 bps, outside the weekly zone:
        // 10 + 10 + 20 + 10 + 15 - 18.
        let example = Confluence {
            fair_value_gap: false,
            break_of_structure: false,
            fibonacci_points: 10.0,
            adx: 27.0,
            cost_bps: 15.0,
            weekly: WeeklyVerdict::Points(-18.0),
            ..FULL
        };
        assert!(is(example.score(), 47.0));
    }

    #[test]
    fn the_score_does_not_fall_below_zero_and_a_refused_setup_has_none() {
        assert!(is(Confluence { weekly: WeeklyVerdict::Refused, ..FULL }.score(), 0.0));
        assert!(is(Confluence { weekly: WeeklyVerdict::Points(-200.0), ..FULL }.score(), 0.0));
    }
}
