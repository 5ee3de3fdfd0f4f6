//! `seawall decisions`.

use std::collections::BTreeMap;

use seawall_backtest::shadows::{ShadowCounts, ShadowTally};
use seawall_model::explain::figure;
use seawall_model::{Binding, Gate, Outcome, Span, Ts};
use seawall_store::db::{DecisionCount, DecisionRow, Filter};
use serde::Serialize;

use crate::args::DecisionsArgs;
use crate::exit::Failure;
use crate::output::{aligned, share, table};
use crate::run_folder::RunFolder;

/// Gates that a line about an instrument names.
const GATES_NAMED: usize = 3;

/// Runs the command.
pub(crate) fn run(args: &DecisionsArgs) -> Result<(), Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from >= to
    {
        return Err(Failure::input(format!("--from {from} is not before --to {to}; swap or move them")));
    }
    let run = RunFolder::find(&args.choice)?;
    let instrument = args.instrument.as_deref().map(|text| run.instrument(text)).transpose()?;
    let filter = Filter {
        instrument: instrument.map(|name| name.as_str()),
        since: args.from,
        // Instants are whole nanoseconds, and the rows up to one are wanted.
        until: args.to.map(|to| to.minus(Span::from_nanos(1))),
        limit: if args.by_gate { u32::MAX } else { args.limit },
        ..Filter::default()
    };
    let reader = run.database()?;
    let counts = reader.decision_counts(&filter).map_err(Failure::work)?;
    if counts.is_empty() {
        return Err(Failure::input(format!(
            "no decisions in {} for what was asked; leave out --from, --to or --instrument",
            run.folder.display()
        )));
    }
    if args.by_gate {
        let mut shadows = ShadowCounts::default();
        for row in reader.shadows(&filter).map_err(Failure::work)? {
            shadows.end(row.refused_by, row.r);
        }
        return by_gate(args, &Counted::new(&counts, shadows));
    }
    let rows = reader.decisions(&filter).map_err(Failure::work)?;
    let total = counts.iter().map(|count| count.count).sum();
    list(args, &rows, total)
}

/// A line of the list.
#[derive(Serialize)]
struct Listed<'a> {
    schema: &'static str,
    total: u64,
    decisions: &'a [DecisionRow],
}

fn list(args: &DecisionsArgs, rows: &[DecisionRow], total: u64) -> Result<(), Failure> {
    if args.json {
        let listed = Listed { schema: "seawall.decisions/1", total, decisions: rows };
        say!("{}", serde_json::to_string_pretty(&listed).map_err(Failure::work)?);
        return Ok(());
    }
    let width = rows.iter().map(|row| row.instrument.chars().count()).max().unwrap_or(0);
    for row in rows {
        say!("{}  {:<width$}  {}", row.at, row.instrument, answer(row));
    }
    let shown = rows.len() as u64;
    if shown < total {
        say!("the newest {shown} of {total}; --limit shows more, --by-gate counts them all");
    }
    Ok(())
}

/// How a decision ended, in a few words.
fn answer(row: &DecisionRow) -> String {
    let setup = row.setup.as_deref().map(|setup| format!(" [{setup}]")).unwrap_or_default();
    let exit = row.exit.as_deref().map(|exit| format!(", closes: {exit}")).unwrap_or_default();
    let binding = Binding::of(row.outcome, &row.gates);
    let answer = match (binding, row.outcome) {
        (Binding::Refused(reading), _) => {
            let (measured, threshold) = (figure(reading.measured), figure(reading.threshold));
            format!("{} ({measured} against {threshold})", reading.gate.name())
        }
        (Binding::Approved(_), Outcome::Refused(gate)) => gate.name().to_owned(),
        (Binding::Approved(_), Outcome::Entered) => {
            let smaller: Vec<&str> = binding.smaller().map(|reading| reading.gate.name()).collect();
            let smaller = if smaller.is_empty() {
                String::new()
            } else {
                format!(", smaller by {}", smaller.join(", "))
            };
            format!("ENTERED{smaller}")
        }
    };
    format!("{answer}{setup}{exit}")
}

/// Decisions counted.
#[derive(Serialize)]
struct Counted {
    schema: &'static str,
    from: Ts,
    to: Ts,
    total: u64,
    entered: u64,
    /// In the order of the gates.
    gates: Vec<GateCount>,
    instruments: Vec<InstrumentCount>,
}

#[derive(Serialize)]
struct GateCount {
    gate: Gate,
    count: u64,
    share_pct: f64,
    shadow: ShadowTally,
}

#[derive(Serialize)]
struct InstrumentCount {
    instrument: String,
    total: u64,
    entered: u64,
    /// How often each gate was the first that refused.
    refused_first: BTreeMap<&'static str, u64>,
}

impl Counted {
    fn new(counts: &[DecisionCount], mut shadows: ShadowCounts) -> Self {
        let mut by_gate: BTreeMap<Gate, u64> = BTreeMap::new();
        let mut instruments: BTreeMap<&str, InstrumentCount> = BTreeMap::new();
        let (mut total, mut entered) = (0, 0);
        for DecisionCount { instrument, outcome, count, planned, .. } in counts {
            total += count;
            let of = instruments.entry(instrument).or_insert_with(|| InstrumentCount {
                instrument: instrument.clone(),
                total: 0,
                entered: 0,
                refused_first: BTreeMap::new(),
            });
            of.total += count;
            match outcome {
                Outcome::Entered => {
                    entered += count;
                    of.entered += count;
                }
                Outcome::Refused(gate) => {
                    *by_gate.entry(*gate).or_default() += count;
                    *of.refused_first.entry(gate.name()).or_default() += count;
                    shadows.refused(*gate, *planned);
                }
            }
        }
        let gate = |(gate, count): (Gate, u64)| GateCount {
            gate,
            count,
            share_pct: share(count, total),
            shadow: shadows.of(gate).copied().unwrap_or_default(),
        };
        Counted {
            schema: "seawall.decisions_by_gate/1",
            from: counts.iter().map(|count| count.first).min().unwrap_or(Ts::EPOCH),
            to: counts.iter().map(|count| count.last).max().unwrap_or(Ts::EPOCH),
            total,
            entered,
            gates: by_gate.into_iter().map(gate).collect(),
            instruments: instruments.into_values().collect(),
        }
    }
}

fn by_gate(args: &DecisionsArgs, counted: &Counted) -> Result<(), Failure> {
    if args.json {
        say!("{}", serde_json::to_string_pretty(counted).map_err(Failure::work)?);
        return Ok(());
    }
    let Counted { from, to, total, entered, gates, instruments, .. } = counted;
    say!("{total} decisions from {from} to {to}, {entered} entered ({:.2} %)", share(*entered, *total));
    let head = ["gate", "refused", "share %", "plans", "followed", "not entered", "won", "lost", "mean R"];
    let mut gate_table = table(head);
    for GateCount { gate, count, share_pct, shadow } in gates {
        let mean = shadow.r_mean().map_or_else(|| "–".to_owned(), |mean| format!("{mean:+.2}"));
        gate_table.add_row(aligned([
            gate.name().to_owned(),
            count.to_string(),
            format!("{share_pct:.2}"),
            shadow.refused.to_string(),
            shadow.followed.to_string(),
            shadow.never_entered.to_string(),
            shadow.won.to_string(),
            shadow.lost.to_string(),
            mean,
        ]));
    }
    say!("{gate_table}");
    say!("plans: refusals of a complete plan; the rest is what those plans would have made after costs");
    let mut table = table(["instrument", "decisions", "entered", "refused first by"]);
    for InstrumentCount { instrument, total, entered, refused_first } in instruments {
        let mut most: Vec<(&&str, &u64)> = refused_first.iter().collect();
        most.sort_by_key(|(_, count)| core::cmp::Reverse(**count));
        let words = most.iter().take(GATES_NAMED).map(|(gate, count)| format!("{gate} {count}"));
        let more = most.len().saturating_sub(GATES_NAMED);
        let more = if more > 0 { format!(", {more} more") } else { String::new() };
        let words = format!("{}{more}", words.collect::<Vec<_>>().join(", "));
        table.add_row([instrument.clone(), total.to_string(), entered.to_string(), words]);
    }
    say!("{table}");
    Ok(())
}
