//! What a drill says: progress as it goes, figures at the end, and where a failure can be looked at.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use crate::Common;
use crate::oracle::Violation;

/// Times, to be told as a few numbers.
#[derive(Debug, Default, Clone)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// One more.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64());
    }

    /// One more, in seconds of another clock.
    pub(crate) fn add_secs(&mut self, secs: f64) {
        self.0.push(secs);
    }

    /// The smallest one that at least this part of all does not exceed; 0 without any.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let mut wanted = part * sorted.len() as f64;
        for time in &sorted {
            wanted -= 1.0;
            if wanted <= 1e-9 {
                return *time;
            }
        }
        sorted.last().copied().unwrap_or(0.0)
    }

    /// The largest; 0 without any.
    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// For a line.
    pub(crate) fn text(&self) -> String {
        let (p50, p99, max) = (self.quantile(0.5), self.quantile(0.99), self.max());
        format!("p50 {p50:.2} s, p99 {p99:.2} s, most {max:.2} s")
    }

    /// For the report.
    pub(crate) fn json(&self) -> Value {
        let round = |secs: f64| (secs * 1e3).round() / 1e3;
        json!({
            "count": self.0.len(),
            "p50_s": round(self.quantile(0.5)),
            "p99_s": round(self.quantile(0.99)),
            "max_s": round(self.max()),
        })
    }
}

/// A drill under way.
pub(crate) struct Report {
    name: String,
    seed: u64,
    quiet: bool,
    keep_all: bool,
    started: Instant,
    /// Where logs and journals are; gone at the end of a drill without violations.
    pub(crate) folder: PathBuf,
    violations: Vec<(String, Violation)>,
    figures: Vec<(String, Value)>,
}

impl Report {
    /// Begins a drill with a new folder where failures are kept.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn begin(name: &str, common: &Common) -> anyhow::Result<Self> {
        let Common { seed, ref keep, json: quiet, keep_all, .. } = *common;
        let folder = keep.join(format!("{name}-{seed}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let started = Instant::now();
        let name = name.to_owned();
        Ok(Report {
            name,
            seed,
            quiet,
            keep_all,
            started,
            folder,
            violations: Vec::new(),
            figures: Vec::new(),
        })
    }

    /// A folder of this drill's own for one of its parts.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn part(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// A line about what is going on.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            println!("{:8.1} s  {}: {text}", self.started.elapsed().as_secs_f64(), self.name);
        }
    }

    /// Broken rules, if any, with where.
    pub(crate) fn judge(&mut self, at: &str, found: Vec<Violation>) {
        for violation in found {
            if self.violations.len() < 100 {
                eprintln!("VIOLATED {} seed {} {at}: {violation}", self.name, self.seed);
            }
            self.violations.push((at.to_owned(), violation));
        }
    }

    /// How many rules were broken so far.
    pub(crate) fn broken(&self) -> usize {
        self.violations.len()
    }

    /// A figure for the report.
    pub(crate) fn figure(&mut self, name: &str, value: Value) {
        self.figures.push((name.to_owned(), value));
    }

    /// Ends the drill: says what was found, and keeps logs and journals only where something was. Whether it
    /// passed.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub(crate) fn end(self) -> anyhow::Result<bool> {
        let passed = self.violations.is_empty();
        if self.quiet {
            let violations: Vec<Value> = self
                .violations
                .iter()
                .map(|(at, found)| json!({ "at": at, "rule": found.rule, "detail": found.detail }))
                .collect();
            let figures: serde_json::Map<String, Value> = self.figures.iter().cloned().collect();
            let report = json!({
                "schema": "seawall.drill/1",
                "drill": self.name,
                "seed": self.seed,
                "passed": passed,
                "seconds": self.started.elapsed().as_secs(),
                "figures": figures,
                "violations": violations,
                "kept": (!passed).then(|| self.folder.display().to_string()),
            });
            println!("{report}");
        } else {
            for (name, value) in &self.figures {
                println!("            {name}: {value}");
            }
        }
        if passed {
            self.say("passed");
        }
        if passed && !self.keep_all {
            std::fs::remove_dir_all(&self.folder).context("the folder cannot be removed")?;
        } else if !passed {
            let (count, kept) = (self.violations.len(), self.folder.display());
            eprintln!("{} FAILED with seed {}: {count} rules broken; kept: {kept}", self.name, self.seed);
        }
        Ok(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_seen() {
        let mut times = Times::default();
        assert!(times.max().abs() < 1e-9);
        for secs in [3.0, 1.0, 2.0, 4.0] {
            times.add_secs(secs);
        }
        let all = [0.25, 0.5, 0.51, 0.99, 1.0].map(|part| times.quantile(part));
        assert_eq!(format!("{all:?}"), "[1.0, 2.0, 3.0, 4.0, 4.0]");
    }
}
