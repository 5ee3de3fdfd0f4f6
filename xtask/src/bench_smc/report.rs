//! What both sides measured, as tables and as JSON.

use std::fmt::Write as _;

use anyhow::{Context, bail};

/// The ratios that we aim at: indicators on a whole file, and a new candle in live use.
const TOTAL_RATIO_TARGET: f64 = 500.0;
const LIVE_RATIO_TARGET: f64 = 20_000.0;
const LIVE_NANOS_TARGET: f64 = 2_000.0;

/// A line that a side printed: what was measured, and numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    what: String,
    numbers: Vec<f64>,
}

impl Measured {
    /// Reads a line with tabs between its parts.
    ///
    /// # Errors
    /// When a part that should be a number is none.
    pub(super) fn read(line: &str) -> anyhow::Result<Self> {
        let mut parts = line.split('\t');
        let what = parts.next().unwrap_or_default().to_owned();
        let numbers: Result<Vec<f64>, _> = parts.map(str::parse).collect();
        Ok(Measured { what, numbers: numbers.with_context(|| format!("no measurement: `{line}`"))? })
    }
}

/// An indicator, or all of them, on both sides.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: String,
    /// `None` where the package was not run: it would take too long.
    package_us: Option<f64>,
    ours_us: f64,
    /// Cells compared, and how many of them differ.
    cells: f64,
    differ: f64,
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.package_us.map(|package| package / self.ours_us)
    }
}

/// Everything measured.
#[derive(Debug)]
pub(super) struct Report {
    data: String,
    indicators: Vec<Row>,
    /// All indicators in turn, by the number of bars.
    totals: Vec<Row>,
    live_package_us: f64,
    live_nanos: f64,
    live_nanos_99: f64,
}

impl Report {
    /// Puts the two sides together. The package counts milliseconds, ours microseconds, live nanoseconds.
    ///
    /// # Errors
    /// When one side did not measure what the other did.
    pub(super) fn new(data: String, package: &[Measured], ours: &[Measured]) -> anyhow::Result<Self> {
        let package_us = |what: &str| {
            let line = package.iter().find(|line| line.what == what);
            line.and_then(|line| line.numbers.first()).map(|millis| millis * 1_000.0)
        };
        let (mut indicators, mut totals, mut live) = (Vec::new(), Vec::new(), None);
        for Measured { what, numbers } in ours {
            match (what.split_once(' '), numbers.as_slice()) {
                (Some(("indicator", name)), &[ours_us, cells, differ]) => {
                    let package_us = package_us(what);
                    if package_us.is_none() {
                        bail!("the package did not measure {name}");
                    }
                    indicators.push(Row { name: name.to_owned(), package_us, ours_us, cells, differ });
                }
                (Some(("total", bars)), &[ours_us]) => totals.push(Row {
                    name: bars.to_owned(),
                    package_us: package_us(what),
                    ours_us,
                    cells: 0.0,
                    differ: 0.0,
                }),
                (None, &[median, high]) if what == "live" => live = Some((median, high)),
                _ => bail!("unexpected measurement `{what}` with {} numbers", numbers.len()),
            }
        }
        let (live_nanos, live_nanos_99) = live.context("we measured no live use")?;
        let live_package_us = package_us("live").context("the package measured no live use")?;
        if indicators.is_empty() {
            bail!("no indicator was measured");
        }
        Ok(Report { data, indicators, totals, live_package_us, live_nanos, live_nanos_99 })
    }

    /// Whether every cell is the same on both sides.
    pub(super) fn agrees(&self) -> bool {
        self.indicators.iter().all(|row| row.differ < 0.5 && row.cells > 0.5)
    }

    /// All indicators together.
    fn total(&self) -> Row {
        let sum = |part: fn(&Row) -> f64| self.indicators.iter().map(part).sum();
        Row {
            name: "total".to_owned(),
            package_us: Some(sum(|row| row.package_us.unwrap_or_default())),
            ours_us: sum(|row| row.ours_us),
            cells: sum(|row| row.cells),
            differ: sum(|row| row.differ),
        }
    }

    fn live_ratio(&self) -> f64 {
        self.live_package_us * 1_000.0 / self.live_nanos
    }

    /// For people.
    pub(super) fn tables(&self) -> String {
        let mut text = format!("\nBars: {}. Medians of wall time, one thread.\n\n", self.data);
        let mut line = |words: std::fmt::Arguments<'_>| {
            let _ = writeln!(text, "{words}");
        };
        line(format_args!(
            "{:<20} {:>12} {:>12} {:>9} {:>10} {:>8}",
            "indicator", "package ms", "ours µs", "ratio", "cells", "differ"
        ));
        let total = self.total();
        for row in self.indicators.iter().chain([&total]) {
            let Row { name, ours_us, cells, differ, .. } = row;
            let (millis, ratio) = package_columns(row);
            line(format_args!("{name:<20} {millis:>12} {ours_us:>12.1} {ratio:>9} {cells:>10} {differ:>8}"));
        }
        line(format_args!(
            "\n{:<20} {:>12} {:>12} {:>9} {:>12}",
            "all, by bars", "package ms", "ours µs", "ratio", "ours ns/bar"
        ));
        for row in &self.totals {
            let (millis, ratio) = package_columns(row);
            let per_bar = row.name.parse::<f64>().map_or(f64::NAN, |bars| row.ours_us * 1_000.0 / bars);
            line(format_args!(
                "{:<20} {millis:>12} {:>12.1} {ratio:>9} {per_bar:>12.1}",
                row.name, row.ours_us
            ));
        }
        line(format_args!("\nLive use, a new candle"));
        line(format_args!(
            "  package, all eight again on the last {} candles: {:.1} ms",
            super::LIVE_WINDOW,
            self.live_package_us / 1_000.0
        ));
        line(format_args!(
            "  ours, one update of a chart with every detector: median {:.0} ns, 99 % {:.0} ns",
            self.live_nanos, self.live_nanos_99
        ));
        line(format_args!("  ratio: {:.0}×\n", self.live_ratio()));
        for (what, reached) in self.targets() {
            line(format_args!("{what:<44} {}", if reached { "reached" } else { "NOT reached" }));
        }
        if !self.agrees() {
            line(format_args!("\nFAILED: some cells differ from the package's"));
        }
        text
    }

    fn targets(&self) -> [(String, bool); 3] {
        let total = self.total().ratio().unwrap_or_default();
        [
            (format!("target: total ratio at least {TOTAL_RATIO_TARGET}"), total >= TOTAL_RATIO_TARGET),
            (
                format!("target: live ratio at least {LIVE_RATIO_TARGET}"),
                self.live_ratio() >= LIVE_RATIO_TARGET,
            ),
            (
                format!("target: median update at most {LIVE_NANOS_TARGET} ns"),
                self.live_nanos <= LIVE_NANOS_TARGET,
            ),
        ]
    }

    /// For programs.
    pub(super) fn json(&self) -> String {
        let rows = |rows: &[Row]| -> String {
            let row = |row: &Row| {
                let package = row.package_us.map_or("null".to_owned(), |micros| micros.to_string());
                let Row { name, ours_us, cells, differ, .. } = row;
                format!(
                    "{{\"name\":\"{name}\",\"package_us\":{package},\"ours_us\":{ours_us},\"cells\":{cells},\
                     \"differ\":{differ}}}"
                )
            };
            rows.iter().map(row).collect::<Vec<_>>().join(",")
        };
        let data = self.data.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "{{\"data\":\"{data}\",\"indicators\":[{}],\"by_bars\":[{}],\"live\":{{\"package_us\":{},\
             \"ours_ns_median\":{},\"ours_ns_99\":{}}}}}\n",
            rows(&self.indicators),
            rows(&self.totals),
            self.live_package_us,
            self.live_nanos,
            self.live_nanos_99
        )
    }
}

fn package_columns(row: &Row) -> (String, String) {
    let millis = row.package_us.map_or("-".to_owned(), |micros| format!("{:.1}", micros / 1_000.0));
    (millis, row.ratio().map_or("-".to_owned(), |ratio| format!("{ratio:.0}×")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(text: &str) -> Vec<Measured> {
        text.lines().map(|line| Measured::read(line).unwrap()).collect()
    }

    const PACKAGE: &str = "indicator fvg\t200\nindicator ob\t100\nlive\t50\ntotal 20000\t300";

    fn report(differ: u32) -> Report {
        let ours = format!(
            "indicator fvg\t100\t80\t0\nindicator ob\t200\t80\t{differ}\ntotal 20000\t300\n\
             total 1000000\t15000\nlive\t1000\t3000"
        );
        Report::new("a walk".to_owned(), &measured(PACKAGE), &measured(&ours)).unwrap()
    }

    #[test]
    fn ratios_and_targets_come_from_both_sides() {
        let text = report(0).tables();
        assert!(text.contains("2000×") && text.contains("500×") && text.contains("1000×"), "{text}");
        assert!(text.contains("ratio: 50000×"), "{text}");
        assert!(!text.contains("NOT reached") && !text.contains("FAILED"), "{text}");
        assert!(text.lines().any(|line| line.starts_with("1000000") && line.contains(" - ")), "{text}");
    }

    #[test]
    fn a_cell_that_differs_is_a_failure() {
        assert!(report(0).agrees() && !report(1).agrees());
        assert!(report(1).tables().contains("FAILED"));
    }

    #[test]
    fn what_only_one_side_measured_is_refused() {
        let ours = measured("indicator fvg\t1\t1\t0\nindicator new\t1\t1\t0\nlive\t1\t1");
        let refused = Report::new(String::new(), &measured(PACKAGE), &ours).unwrap_err();
        assert!(refused.to_string().contains("new"), "{refused}");
        assert!(Measured::read("live\tfast").is_err());
    }

    #[test]
    fn json_is_balanced_and_names_everything() {
        let text = report(0).json();
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        assert!(text.contains("\"name\":\"ob\"") && text.contains("\"package_us\":null"), "{text}");
    }
}
