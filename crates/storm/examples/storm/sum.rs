//! What all worlds came to.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_model::Span;
use seawall_storm::{Class, Counts, Fault, Level, Report};

/// What all worlds came to.
#[derive(Default)]
pub(crate) struct Sum {
    level: Level,
    pub(crate) worlds: u64,
    pub(crate) simulated_s: f64,
    pub(crate) account_hours: f64,
    pub(crate) counts: Counts,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) naked_ms: Vec<u32>,
    pub(crate) naked_max: Span,
    pub(crate) quiet: Option<Quiet>,
    /// The world that had it.
    pub(crate) naked_seed: u64,
    /// Time on cores.
    pub(crate) cpu: Duration,
    pub(crate) healed_max: Span,
    pub(crate) in_flight_max: usize,
}

/// The time without cover that came nearest to its bound, since the last fault that may be why.
pub(crate) struct Quiet {
    pub(crate) used: f64,
    pub(crate) longest: Span,
    pub(crate) bound: Span,
    pub(crate) parts: Vec<(&'static str, Span)>,
    pub(crate) seed: u64,
}

impl Sum {
    /// A world has lived, and has cost so much time on a core.
    pub(crate) fn add(&mut self, report: &Report, cpu: Duration) {
        self.cpu += cpu;
        self.worlds += 1;
        self.level = report.level;
        self.simulated_s += report.simulated.secs_f64();
        self.account_hours += report.simulated.secs_f64() / 3_600.0 * f64::from(report.instruments) / 5.0;
        let (sum, one) = (&mut self.counts, report.counts);
        sum.inputs += one.inputs;
        sum.orders += one.orders;
        sum.fills += one.fills;
        sum.trades += one.trades;
        sum.lives += one.lives;
        for (fault, count) in &report.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        self.naked_ms.extend(&report.naked_times_ms);
        if report.naked_max > self.naked_max {
            (self.naked_max, self.naked_seed) = (report.naked_max, report.seed);
        }
        self.healed_max = self.healed_max.max(report.healed_after.unwrap_or(Span::ZERO));
        self.in_flight_max = self.in_flight_max.max(report.in_flight_max);
        let used = report.naked_quiet_max.secs_f64() / report.naked_bound.secs_f64();
        if self.quiet.as_ref().is_none_or(|quiet| used > quiet.used) {
            self.quiet = Some(Quiet {
                used,
                longest: report.naked_quiet_max,
                bound: report.naked_bound,
                parts: report.naked_parts.clone(),
                seed: report.seed,
            });
        }
    }

    /// Faults of a class.
    pub(crate) fn of(&self, class: Class) -> u64 {
        self.faults.iter().filter(|(fault, _)| fault.class() == class).map(|(_, count)| count).sum()
    }

    /// Simulated hours of a 5-instrument account for each minute of one core.
    pub(crate) fn throughput(&self) -> f64 {
        self.account_hours / (self.cpu.as_secs_f64() / 60.0).max(f64::MIN_POSITIVE)
    }

    /// Of the times without cover, the one that so many percent do not exceed, in seconds.
    pub(crate) fn naked_at(&self, percent: usize) -> f64 {
        let mut naked = self.naked_ms.clone();
        naked.sort_unstable();
        let place = (naked.len() * percent / 100).min(naked.len().saturating_sub(1));
        f64::from(naked.get(place).copied().unwrap_or(0)) / 1_000.0
    }

    pub(crate) fn line(&self, elapsed: Duration, failures: usize) {
        let classes = Class::ALL.map(|class| format!("{} {}", class.name(), self.of(class)));
        println!(
            "{:4.0} s: {} worlds, {:.0} simulated hours, {} inputs, {} orders, {} deaths, worst naked {:.1} s, {:.0} h/core min, {failures} violations; faults: {}",
            elapsed.as_secs_f64(),
            self.worlds,
            self.simulated_s / 3_600.0,
            self.counts.inputs,
            self.counts.orders,
            self.counts.lives - self.worlds,
            self.naked_max.secs_f64(),
            self.throughput(),
            classes.join(", "),
        );
    }

    pub(crate) fn print(&self, elapsed: Duration, jobs: usize) {
        let Counts { inputs, orders, fills, trades, lives } = self.counts;
        println!(
            "worlds {} ({}), simulated hours {:.1}, lives of a process {lives}",
            self.worlds,
            self.level.name(),
            self.simulated_s / 3_600.0
        );
        println!(
            "inputs {inputs}, orders {orders}, fills {fills}, trades {trades}, most in flight {}",
            self.in_flight_max
        );
        for class in Class::ALL {
            let of = self.faults.iter().filter(|(fault, count)| fault.class() == class && **count > 0);
            let words: Vec<String> = of.map(|(fault, count)| format!("{} {count}", fault.name())).collect();
            println!("  {:10} {}", class.name(), words.join(", "));
        }
        println!(
            "naked: {} times, p50 {:.3} s, p99 {:.3} s, worst {:.1} s in world {} (faults counted in)",
            self.naked_ms.len(),
            self.naked_at(50),
            self.naked_at(99),
            self.naked_max.secs_f64(),
            self.naked_seed,
        );
        if let Some(Quiet { used, longest, bound, seed, .. }) = &self.quiet {
            println!(
                "  since the last fault that may be why: worst {:.1} s of a bound of {:.1} s ({:.0} %), seed {seed}",
                longest.secs_f64(),
                bound.secs_f64(),
                100.0 * used,
            );
        }
        println!("healed within {:.0} s at most", self.healed_max.secs_f64());
        println!(
            "{:.0} simulated hours of a 5-instrument account per core minute ({:.1} s on cores; {:.0} s on the wall, {jobs} jobs)",
            self.throughput(),
            self.cpu.as_secs_f64(),
            elapsed.as_secs_f64(),
        );
    }
}
