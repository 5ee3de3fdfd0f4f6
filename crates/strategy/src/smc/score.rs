//! The score of a setup: how much speaks for it, from 0 to about 100.
//!
//! Structure 25, Fibonacci 15, alignment with the daily bias 20, ADX 15, cost 20; the weekly zone and the
//! thesis on top, the tolerance off it. A setup never runs against the bias, so alignment earns 20 with a
//! bias and 10 without. Each part is noted in the record with the most that it can give.

use seawall_model::{ScorePart, ScorePoints, Setup};

use super::SmcSettings;
use super::higher_timeframe::WeeklyVerdict;

/// Points that alignment can earn; the weights of the weekly zone are shares of it.
pub(super) const ALIGNMENT_POINTS: f64 = 20.0;

const ORDER_BLOCK_POINTS: f64 = 10.0;
const FAIR_VALUE_GAP_POINTS: f64 = 8.0;
const BREAK_OF_STRUCTURE_POINTS: f64 = 7.0;
const STRUCTURE_POINTS: f64 = ORDER_BLOCK_POINTS + FAIR_VALUE_GAP_POINTS + BREAK_OF_STRUCTURE_POINTS;
const FIBONACCI_POINTS: f64 = 15.0;
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
    /// Estimated cost of the round trip, funding included.
    pub(super) cost_bps: f64,
    pub(super) weekly: WeeklyVerdict,
    /// The most points of the weekly zone.
    pub(super) weekly_most: f64,
    /// Points of an idea that is known already, where it counts.
    pub(super) thesis: Option<ScorePoints>,
    /// Points lost because the entry would be made outside of its zone.
    pub(super) tolerance_penalty: f64,
}

impl Confluence {
    /// The sum of all points, not below zero; each part goes into `parts`, those that are not asked for left
    /// out.
    pub(super) fn score(&self, parts: &mut Vec<ScorePoints>) -> f64 {
        let structure = points_if(self.order_block, ORDER_BLOCK_POINTS)
            + points_if(self.fair_value_gap, FAIR_VALUE_GAP_POINTS)
            + points_if(self.break_of_structure, BREAK_OF_STRUCTURE_POINTS);
        let alignment = if self.aligned { ALIGNMENT_POINTS } else { NEUTRAL_POINTS };
        let adx = first_points(&ADX_POINTS, |least| self.adx >= least);
        let cost = first_points(&COST_POINTS, |most| self.cost_bps <= most);
        let weekly = match self.weekly {
            WeeklyVerdict::Silent | WeeklyVerdict::Refused => None,
            WeeklyVerdict::Inside(points) => Some(points),
            WeeklyVerdict::Outside(points) => Some(-points),
        };
        let part = |part, points, most| Some(ScorePoints { part, points, most });
        let all = [
            part(ScorePart::Structure, structure, STRUCTURE_POINTS),
            part(ScorePart::Fibonacci, self.fibonacci_points, FIBONACCI_POINTS),
            part(ScorePart::Alignment, alignment, ALIGNMENT_POINTS),
            part(ScorePart::Adx, adx, 15.0),
            part(ScorePart::Cost, cost, 20.0),
            weekly.and_then(|points| part(ScorePart::Weekly, points, self.weekly_most)),
            self.thesis,
            part(ScorePart::Tolerance, -self.tolerance_penalty, 0.0).filter(|_| self.tolerance_penalty > 0.0),
        ];
        let from = parts.len();
        parts.extend(all.into_iter().flatten());
        let sum: f64 = parts.iter().skip(from).map(|one| one.points).sum();
        sum.max(0.0)
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
        weekly: WeeklyVerdict::Silent,
        weekly_most: 8.0,
        thesis: None,
        tolerance_penalty: 0.0,
    };

    fn is(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn everything_together_is_95_points() {
        assert!(is(FULL.score(&mut Vec::new()), 95.0));
    }

    #[test]
    fn each_component_has_its_points() {
        assert!(is(Confluence { order_block: false, ..FULL }.score(&mut Vec::new()), 85.0));
        assert!(is(Confluence { fair_value_gap: false, ..FULL }.score(&mut Vec::new()), 87.0));
        assert!(is(Confluence { break_of_structure: false, ..FULL }.score(&mut Vec::new()), 88.0));
        assert!(is(Confluence { fibonacci_points: 0.0, ..FULL }.score(&mut Vec::new()), 80.0));
        assert!(is(Confluence { aligned: false, ..FULL }.score(&mut Vec::new()), 85.0));
        assert!(is(Confluence { weekly: WeeklyVerdict::Outside(5.0), ..FULL }.score(&mut Vec::new()), 90.0));
        for (adx, lost) in [(40.0, 0.0), (39.9, 3.0), (30.0, 3.0), (25.0, 5.0), (20.0, 8.0), (19.9, 15.0)] {
            assert!(is(Confluence { adx, ..FULL }.score(&mut Vec::new()), 95.0 - lost), "adx {adx}");
        }
        for (cost_bps, lost) in [(10.0, 0.0), (10.1, 5.0), (30.0, 10.0), (50.0, 15.0), (50.1, 20.0)] {
            assert!(
                is(Confluence { cost_bps, ..FULL }.score(&mut Vec::new()), 95.0 - lost),
                "cost {cost_bps}"
            );
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
        // 10 + 10 + 20 + 10 + 15 - 5.
        let example = Confluence {
            fair_value_gap: false,
            break_of_structure: false,
            fibonacci_points: 10.0,
            adx: 27.0,
            cost_bps: 15.0,
            weekly: WeeklyVerdict::Outside(5.0),
            ..FULL
        };
        assert!(is(example.score(&mut Vec::new()), 60.0));
    }

    #[test]
    fn the_score_does_not_fall_below_zero() {
        let outside = Confluence { weekly: WeeklyVerdict::Outside(200.0), ..FULL };
        assert!(is(outside.score(&mut Vec::new()), 0.0));
    }

    #[test]
    fn the_parts_are_noted_and_add_up_to_the_score() {
        let mut parts = Vec::new();
        let score = FULL.score(&mut parts);
        let names: Vec<&str> = parts.iter().map(|one| one.part.name()).collect();
        assert_eq!(names, ["structure", "fibonacci", "alignment", "adx", "cost"]);
        assert!(is(parts.iter().map(|one| one.points).sum(), score));
        assert!(is(parts.iter().map(|one| one.most).sum(), 95.0), "all of it is reached");
        parts.clear();
        let more = Confluence {
            weekly: WeeklyVerdict::Inside(5.0),
            thesis: Some(ScorePoints { part: ScorePart::Thesis, points: -3.0, most: 8.0 }),
            tolerance_penalty: 5.0,
            ..FULL
        };
        assert!(is(more.score(&mut parts), 92.0));
        let added: Vec<(&str, f64, f64)> =
            parts.iter().skip(5).map(|one| (one.part.name(), one.points, one.most)).collect();
        assert_eq!(added, [("weekly", 5.0, 8.0), ("thesis", -3.0, 8.0), ("tolerance", -5.0, 0.0)]);
    }
}
