//! A failure, made small.

use seawall_storm::{Fault, Options};

use crate::many::{Ended, live};

/// Takes faults away one by one, and time, for as long as the same rule breaks; the command that shows what
/// is left.
pub(crate) fn shrink(seed: u64, options: &Options, code: u8) -> String {
    let breaks = |options: &Options| match live(seed, options) {
        Ended::Well(report) => {
            let broken = report.violation.filter(|violation| violation.oracle.exit_code() == code);
            broken.map(|_| report.simulated)
        }
        Ended::Panicked(..) => None,
    };
    let mut best = options.clone();
    for fault in Fault::ALL {
        let mut fewer = best.clone();
        fewer.without.push(*fault);
        if breaks(&fewer).is_some() {
            best = fewer;
        }
    }
    if let Some(simulated) = breaks(&best) {
        let mut minutes = simulated.millis() / 60_000 + 1;
        while minutes > 1 {
            let shorter = Options { minutes: Some(minutes * 3 / 4), ..best.clone() };
            if breaks(&shorter).is_none() {
                break;
            }
            minutes = minutes * 3 / 4;
            best = shorter;
        }
    }
    let left: Vec<&str> =
        Fault::ALL.iter().filter(|fault| !best.without.contains(fault)).map(|fault| fault.name()).collect();
    let minutes = best.minutes.map_or(String::new(), |minutes| format!(" --world-minutes {minutes}"));
    let left = if left.is_empty() { "none".to_owned() } else { left.join(",") };
    format!("needs: {left}\n  again: cargo xtask storm --seed {seed}{minutes} --only {left} --trace")
}
