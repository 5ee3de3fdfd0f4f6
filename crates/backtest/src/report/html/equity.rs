//! The equity curve, and under it how far it is below its peak, on one axis of time.

use std::fmt::Write;

use seawall_model::Ts;

use super::plot::{HEIGHT, Plot, Scale, TICKS_WIDE, WIDTH, seconds, time_labels};
use crate::collect::EquityPoint;

/// Points that are drawn at most; of the others in between the highest and the lowest stay.
const POINTS_MAX: usize = 1_200;

struct Point {
    at: f64,
    equity: f64,
    underwater_pct: f64,
}

/// Both plots.
pub(super) fn plots(equity: &[EquityPoint], span: (Ts, Ts), currency: &str) -> (Plot, Plot) {
    let points = thin(equity);
    let time = Scale::new(seconds(span.0), seconds(span.1));
    let labels = time_labels(span.0, span.1, TICKS_WIDE);
    let values = Scale::around(points.iter().map(|point| point.equity));
    let line = path(&points, |point| (time.x(point.at), values.y(point.equity)));
    let start = points.first().map_or(0.0, |point| values.y(point.equity));
    let top = Plot {
        title: format!("Equity, {currency}"),
        note: String::new(),
        pixels: 260,
        svg: format!(
            "<path class=\"start\" d=\"M0 {start:.0}H{WIDTH:.0}\"/><path class=\"line\" d=\"{line}\"/>"
        ),
        x: Vec::new(),
        y: values.labels(6.0, ""),
        marks: Vec::new(),
    };
    let deepest = points.iter().map(|point| point.underwater_pct).fold(0.0, f64::min);
    let depth = Scale::new((deepest * 1.08).min(-0.01), 0.0);
    let area = path(&points, |point| (time.x(point.at), depth.y(point.underwater_pct)));
    let bottom = Plot {
        title: "Below the peak, %".to_owned(),
        note: String::new(),
        pixels: 120,
        svg: format!("<path class=\"under\" d=\"M0 0L{}V0Z\"/>", area.trim_start_matches('M')),
        x: labels,
        y: depth.labels(4.0, "%"),
        marks: Vec::new(),
    };
    (top, bottom)
}

fn thin(equity: &[EquityPoint]) -> Vec<Point> {
    let mut peak = f64::NEG_INFINITY;
    let points: Vec<Point> = equity
        .iter()
        .map(|point| {
            let value = point.equity.to_f64();
            peak = peak.max(value);
            let underwater_pct = if peak > 0.0 { (value - peak) / peak * 100.0 } else { 0.0 };
            Point { at: seconds(point.at), equity: value, underwater_pct }
        })
        .collect();
    if points.len() <= POINTS_MAX {
        return points;
    }
    let size = points.len().div_ceil(POINTS_MAX / 2);
    let mut kept = Vec::with_capacity(POINTS_MAX + 2);
    let last = points.len() - 1;
    let mut chosen = Vec::new();
    for (start, part) in points.chunks(size).enumerate().map(|(number, part)| (number * size, part)) {
        let ends = part.iter().enumerate().fold(None, |ends: Option<(usize, usize)>, (index, point)| {
            let (low, high) = ends.unwrap_or((index, index));
            let below = part.get(low).is_some_and(|low| point.equity < low.equity);
            let above = part.get(high).is_some_and(|high| point.equity > high.equity);
            Some((if below { index } else { low }, if above { index } else { high }))
        });
        let Some((low, high)) = ends else { continue };
        chosen.push(start + low.min(high));
        chosen.push(start + low.max(high));
    }
    chosen.push(last);
    chosen.insert(0, 0);
    chosen.dedup();
    let mut wanted = chosen.into_iter().peekable();
    for (index, point) in points.into_iter().enumerate() {
        if wanted.next_if_eq(&index).is_some() {
            kept.push(point);
        }
    }
    kept
}

fn path(points: &[Point], place: impl Fn(&Point) -> (f64, f64)) -> String {
    let mut out = String::with_capacity(points.len() * 10);
    for (number, point) in points.iter().enumerate() {
        let (x, y) = place(point);
        let y = y.min(HEIGHT);
        // Writing to a string cannot fail.
        let _ = write!(out, "{}{x:.0} {y:.0}", if number == 0 { "M" } else { "L" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_ends_the_peak_and_the_low() {
        let equity: Vec<EquityPoint> = (0_i64..50_000)
            .map(|number| {
                let value = match number {
                    31_111 => 5_000,
                    41_234 => -300,
                    _ => 1_000 + number % 7,
                };
                EquityPoint {
                    at: Ts::from_millis(number * 1_000),
                    equity: seawall_model::Money::new(rust_decimal::Decimal::from(value)),
                }
            })
            .collect();
        let points = thin(&equity);
        assert!(points.len() <= POINTS_MAX + 2, "{}", points.len());
        let found = |value: f64| points.iter().any(|point| (point.equity - value).abs() < 1e-9);
        assert!(found(5_000.0) && found(-300.0));
        assert!(points.first().unwrap().at.abs() < 1e-9);
        assert!((points.last().unwrap().at - 49_999.0).abs() < 1e-9);
    }
}
