//! The sentences that refuse a series.

use core::fmt::Write as _;
use std::path::Path;

use seawall_model::Timeframe;

use crate::audit::{Audit, FaultKind};

/// Why a file with faults is refused: one line for one fault, a list for more.
pub(crate) fn faulty(path: &Path, audit: &Audit) -> String {
    let path = path.display();
    let counts = &audit.fault_counts;
    let total = audit.faults.count;
    if let (Some(first), true) = (audit.faults.samples.first(), total > 1) {
        if let FaultKind::TimeUnit { unit, .. } = &first.kind
            && counts.time_unit == audit.rows_total
        {
            return format!(
                "{path}: no ts_ms is in milliseconds, the first is {unit} ({} in all rows): {}; {first}",
                total,
                unit.fix()
            );
        }
        if counts.disorder + 1 == audit.rows_total {
            return format!(
                "{path}: the rows run from new to old: sort them by ts_ms, oldest first; {first}"
            );
        }
    }
    if let (1, Some(only)) = (total, audit.faults.samples.first()) {
        return format!("{path}: {only}");
    }
    let mut out = format!("{path}: {total} faults ({}), nothing was loaded", kinds(audit));
    for fault in &audit.faults.samples {
        let _ = write!(out, "\n  {fault}");
    }
    let shown = u64::try_from(audit.faults.samples.len()).unwrap_or(u64::MAX);
    if total > shown {
        let _ = write!(out, "\n  and {} more", total - shown);
    }
    out
}

/// Why a file with holes is refused, where the caller wanted none.
pub(crate) fn holes(path: &Path, audit: &Audit) -> String {
    let mut out = format!(
        "{}: {} bars are missing in {} holes, and holes are not allowed here: fetch the missing part or allow holes",
        path.display(),
        audit.bars_missing,
        audit.holes.count
    );
    for hole in &audit.holes.samples {
        let _ =
            write!(out, "\n  line {}: {} missing from {} to {}", hole.line, hole.missing, hole.from, hole.to);
    }
    out
}

/// What the distance between rows says about a file that was declared otherwise.
pub(crate) fn step(step_ms: i64) -> String {
    let fits = Timeframe::ALL.into_iter().find(|timeframe| timeframe.span().millis() == step_ms);
    match fits {
        Some(timeframe) => {
            format!(
                "its rows are {timeframe} apart: this seems to be {timeframe} data, declare it as {timeframe}"
            )
        }
        None => format!(
            "its rows are {step_ms} ms apart, which is no timeframe: allowed are {}",
            Timeframe::ALL.map(Timeframe::name).join(" ")
        ),
    }
}

fn kinds(audit: &Audit) -> String {
    let counts = &audit.fault_counts;
    [
        (counts.malformed, "malformed"),
        (counts.time_unit, "in another time unit"),
        (counts.off_grid, "off the grid"),
        (counts.duplicates_identical, "identical duplicates"),
        (counts.duplicates_conflicting, "conflicting duplicates"),
        (counts.disorder, "out of order"),
        (counts.impossible, "impossible"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| format!("{count} {name}"))
    .collect::<Vec<String>>()
    .join(", ")
}
