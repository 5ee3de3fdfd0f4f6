//! What all worlds came to.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_model::Span;
use seawall_storm::{Class, Counts, Fault, Report};

/// What all worlds came to.
#[derive(Default)]
pub(crate) struct Sum {
    worlds: u64,
    simulated_s: f64,
    account_hours: f64,
    counts: Counts,
    faults: BTreeMap<Fault, u64>,
    naked_ms: Vec<u32>,
    naked_max: Span,
    quiet: Option<(f64, Span, Span, u64)>,
    healed_max: Span,
    in_flight_max: usize,
}

impl Sum {
    pub(crate) fn add(&mut self, report: &Report) {
        self.worlds += 1;
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
        self.naked_max = self.naked_max.max(report.naked_max);
        self.healed_max = self.healed_max.max(report.healed_after.unwrap_or(Span::ZERO));
        self.in_flight_max = self.in_flight_max.max(report.in_flight_max);
        let used = report.naked_quiet_max.secs_f64() / report.naked_bound.secs_f64();
        if self.quiet.is_none_or(|(most, ..)| used > most) {
            self.quiet = Some((used, report.naked_quiet_max, report.naked_bound, report.seed));
        }
    }

    pub(crate) fn line(&self, elapsed: Duration, failures: usize) {
        println!(
            "{:4.0} s: {} worlds, {:.0} simulated hours, {} inputs, {} orders, {} faults, {} deaths, worst naked {:.1} s, {failures} violations",
            elapsed.as_secs_f64(),
            self.worlds,
            self.simulated_s / 3_600.0,
            self.counts.inputs,
            self.counts.orders,
            self.faults.values().sum::<u64>(),
            self.counts.lives - self.worlds,
            self.naked_max.secs_f64(),
        );
    }

    pub(crate) fn print(&self, elapsed: Duration, jobs: usize) {
        let Counts { inputs, orders, fills, trades, lives } = self.counts;
        println!(
            "worlds {}, simulated hours {:.1}, lives of a process {lives}",
            self.worlds,
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
        let mut naked = self.naked_ms.clone();
        naked.sort_unstable();
        let at = |percent: usize| {
            let place = (naked.len() * percent / 100).min(naked.len().saturating_sub(1));
            f64::from(naked.get(place).copied().unwrap_or(0)) / 1_000.0
        };
        println!(
            "naked: {} times, p50 {:.3} s, p99 {:.3} s, worst {:.1} s (faults counted in)",
            naked.len(),
            at(50),
            at(99),
            self.naked_max.secs_f64(),
        );
        if let Some((used, quiet, bound, seed)) = self.quiet {
            println!(
                "  since the last fault that may be why: worst {:.1} s of a bound of {:.1} s ({:.0} %), seed {seed}",
                quiet.secs_f64(),
                bound.secs_f64(),
                100.0 * used,
            );
        }
        println!("healed within {:.0} s at most", self.healed_max.secs_f64());
        if elapsed > Duration::ZERO {
            let core_minutes = elapsed.as_secs_f64() / 60.0 * jobs as f64;
            println!(
                "{:.0} s on {jobs} cores: {:.0} simulated hours of a 5-instrument account per core minute",
                elapsed.as_secs_f64(),
                self.account_hours / core_minutes,
            );
        }
    }
}
