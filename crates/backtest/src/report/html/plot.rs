//! Drawing: a plot is an SVG that is stretched to whatever room there is, with labels as text beside it, so
//! that lines keep their width and text its size on a phone as on a wide screen.

use seawall_model::{Span, Ts};
use serde::Serialize;

use crate::metrics::daily::{date, stamp};

/// Width of every plot in its own units.
pub(super) const WIDTH: f64 = 10_000.0;

/// Height of every plot in its own units.
pub(super) const HEIGHT: f64 = 1_000.0;

/// Labels that a plot of the full width has room for.
pub(super) const TICKS_WIDE: usize = 9;

/// Labels that a plot of half the width has room for.
pub(super) const TICKS_NARROW: usize = 5;

/// A label at a share of the axis, in percent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Label {
    pub(super) at: f64,
    pub(super) text: String,
}

/// A mark with a text, over the plot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Mark {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) text: &'static str,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// One plot: what the template needs to show it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) note: String,
    /// Height on the page in pixels.
    pub(super) pixels: u32,
    /// The inside of the SVG, escaped.
    pub(super) svg: String,
    pub(super) x: Vec<Label>,
    pub(super) y: Vec<Label>,
    pub(super) marks: Vec<Mark>,
}

/// Maps values onto one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// A scale that shows all of the values, and some room around them.
    pub(super) fn around(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return Scale { low: 0.0, high: 1.0 };
        }
        let room = ((high - low) * 0.05).max(high.abs() * 1e-6).max(1e-12);
        Scale { low: low - room, high: high + room }
    }

    pub(super) fn new(low: f64, high: f64) -> Self {
        Scale { low, high: if high > low { high } else { low + 1.0 } }
    }

    /// Where the value lies, from 0 to 1.
    pub(super) fn share(self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The horizontal coordinate.
    pub(super) fn x(self, value: f64) -> f64 {
        self.share(value) * WIDTH
    }

    /// The vertical coordinate; larger values lie higher.
    pub(super) fn y(self, value: f64) -> f64 {
        (1.0 - self.share(value)) * HEIGHT
    }

    /// Round values on the axis with about the number of steps wanted, as labels from the top.
    pub(super) fn labels(self, steps: f64, suffix: &str) -> Vec<Label> {
        let raw = (self.high - self.low) / steps;
        let power = libm::pow(10.0, libm::floor(libm::log10(raw)));
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|step| *step >= raw);
        let step = step.unwrap_or(power * 10.0);
        let decimals = decimals_of(step);
        let mut labels = Vec::new();
        let mut value = libm::ceil(self.low / step) * step;
        while value <= self.high && labels.len() < 20 {
            // Zero has no sign.
            let shown = if value.abs() < step * 1e-6 { 0.0 } else { value };
            let text = format!("{shown:.decimals$}{suffix}");
            labels.push(Label { at: (1.0 - self.share(value)) * 100.0, text });
            value += step;
        }
        labels
    }
}

/// Decimals that a step needs to be told from the next.
fn decimals_of(step: f64) -> usize {
    (0..12).find(|decimals| step * libm::pow(10.0, f64::from(*decimals)) >= 0.999).map_or(12, usize_of)
}

fn usize_of(small: i32) -> usize {
    usize::try_from(small).unwrap_or(0)
}

/// An instant as a float, for axes.
pub(super) fn seconds(at: Ts) -> f64 {
    at.nanos() as f64 / 1e9
}

/// At most `most` labels of a time axis: hours, days, or months where there are many days.
pub(super) fn time_labels(from: Ts, to: Ts, most: usize) -> Vec<Label> {
    let scale = Scale::new(seconds(from), seconds(to));
    let hour = 3_600;
    let steps = [300, 900, hour, 2 * hour, 6 * hour, 12 * hour, 24 * hour, 48 * hour, 96 * hour, 168 * hour];
    let length = to.since(from);
    let step = steps.into_iter().map(Span::from_secs).find(|step| fits(length, *step, most));
    let Some(step) = step else { return apart(month_labels(from, to, scale, most)) };
    let mut at = Ts::from_nanos(from.nanos() - from.nanos().rem_euclid(step.nanos())).plus(step);
    let mut labels = Vec::new();
    while at < to {
        let text = stamp(at);
        let text = if step >= Span::from_secs(24 * hour) { text.get(..10) } else { text.get(5..16) };
        labels
            .push(Label { at: scale.share(seconds(at)) * 100.0, text: text.unwrap_or_default().to_owned() });
        at = at.plus(step);
    }
    apart(labels)
}

/// Without labels that would stick out to the left; one at the very start is set flush.
fn apart(mut labels: Vec<Label>) -> Vec<Label> {
    labels.retain(|label| !(2.0..5.0).contains(&label.at));
    labels
}

fn fits(length: Span, step: Span, most: usize) -> bool {
    usize::try_from(length.nanos() / step.nanos()).is_ok_and(|count| count <= most)
}

fn month_labels(from: Ts, to: Ts, scale: Scale, most: usize) -> Vec<Label> {
    let day = Span::from_secs(86_400);
    let mut firsts = Vec::new();
    let mut at = Ts::from_nanos(from.nanos() - from.nanos().rem_euclid(day.nanos()));
    while at < to {
        let text = date(at);
        if text.ends_with("-01") && at >= from {
            let month = text.get(..7).unwrap_or_default().to_owned();
            firsts.push(Label { at: scale.share(seconds(at)) * 100.0, text: month });
        }
        at = at.plus(day);
    }
    let every = firsts.len().div_ceil(most).max(1);
    firsts.into_iter().step_by(every).collect()
}

/// Text as it may stand inside of an SVG.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(labels: &[Label]) -> Vec<&str> {
        labels.iter().map(|label| label.text.as_str()).collect()
    }

    #[test]
    fn labels_are_round_and_have_the_decimals_they_need() {
        assert_eq!(texts(&Scale::new(0.0, 10.0).labels(5.0, "")), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(&Scale::new(-0.012, 0.013).labels(3.0, "%")), ["-0.01%", "0.00%", "0.01%"]);
        assert_eq!(
            texts(&Scale::new(19_850.0, 20_210.0).labels(4.0, "")),
            ["19900", "20000", "20100", "20200"]
        );
    }

    #[test]
    fn a_scale_of_one_value_or_none_is_still_a_scale() {
        let flat = Scale::around([5.0, 5.0].into_iter());
        assert!((flat.share(5.0) - 0.5).abs() < 1e-9);
        assert!(Scale::around(std::iter::empty()).share(0.5).is_finite());
    }

    #[test]
    fn time_labels_are_days_then_months() {
        let at = |text: &str| text.parse::<Ts>().unwrap();
        let days = time_labels(at("2023-01-01"), at("2023-01-08"), TICKS_WIDE);
        assert_eq!(texts(&days).first(), Some(&"2023-01-02"));
        let months = time_labels(at("2022-08-01"), at("2023-09-27"), TICKS_WIDE);
        assert_eq!(
            texts(&months),
            ["2022-08", "2022-10", "2022-12", "2023-02", "2023-04", "2023-06", "2023-08"]
        );
        let hours = time_labels(at("2023-01-01"), at("2023-01-01T06:00:00Z"), TICKS_WIDE);
        assert_eq!(texts(&hours).first(), Some(&"01-01 01:00"));
    }

    #[test]
    fn what_could_be_markup_is_escaped() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
