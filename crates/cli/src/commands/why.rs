//! `seawall why`.

use comfy_table::Table;
use seawall_model::explain::figure;
use seawall_model::{Binding, GateReading, InstrumentName, Outcome, PositionSide, ShadowEnd, Verdict};
use seawall_store::db::{DecisionRow, PlannedRow, ShadowRow};
use serde::Serialize;

use crate::args::WhyArgs;
use crate::exit::Failure;
use crate::output::table;
use crate::run_folder::RunFolder;

/// Runs the command.
pub(crate) fn run(args: &WhyArgs) -> Result<(), Failure> {
    let run = RunFolder::find(&args.choice)?;
    let name = run.instrument(&args.instrument)?;
    let reader = run.database()?;
    let decision = reader.last_decision(name.as_str(), args.at).map_err(Failure::work)?;
    let Some(decision) = decision else {
        let when = args.at.map(|at| format!(" at or before {at}")).unwrap_or_default();
        return Err(Failure::input(format!(
            "no decision on {name}{when} in {}; give a later time, or another run with --run",
            run.folder.display()
        )));
    };
    let shadow = reader.shadow_of(&decision).map_err(Failure::work)?;
    if args.json {
        let answer = Answer { explanation: Explanation::new(&decision, shadow), decision };
        say!("{}", serde_json::to_string_pretty(&answer).map_err(Failure::work)?);
    } else {
        print(&decision, shadow.as_ref(), run.signal(name));
    }
    Ok(())
}

/// The record with what it means.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    decision: DecisionRow,
    explanation: Explanation,
}

#[derive(Serialize)]
struct Explanation {
    /// What refused; null for an entry.
    binding: Option<Reason>,
    /// The caps that made an approved order smaller.
    made_smaller_by: Vec<Reason>,
    /// Guards that only watch and would have refused.
    watched: Vec<Reason>,
    /// What the refused plan would have made; null where it is not known.
    shadow: Option<ShadowRow>,
}

#[derive(Serialize)]
struct Reason {
    #[serde(flatten)]
    reading: GateReading,
    /// What would have had to differ; null for a cap that only made the order smaller.
    would_have_passed: Option<String>,
}

impl Reason {
    fn new(reading: &GateReading) -> Self {
        Reason { reading: *reading, would_have_passed: reading.remedy() }
    }
}

impl Explanation {
    fn new(decision: &DecisionRow, shadow: Option<ShadowRow>) -> Self {
        let binding = Binding::of(decision.outcome, &decision.gates);
        Explanation {
            binding: match binding {
                Binding::Refused(reading) => Some(Reason::new(reading)),
                Binding::Approved(_) => None,
            },
            made_smaller_by: binding.smaller().map(Reason::new).collect(),
            watched: watched(decision).map(Reason::new).collect(),
            shadow,
        }
    }
}

/// Guards that only watch and would have refused.
fn watched(decision: &DecisionRow) -> impl Iterator<Item = &GateReading> {
    decision.gates.iter().filter(|reading| reading.verdict == Verdict::Shadow)
}

fn print(decision: &DecisionRow, shadow: Option<&ShadowRow>, signal: Option<&InstrumentName>) {
    let answer = match decision.outcome {
        Outcome::Entered => "entered".to_owned(),
        Outcome::Refused(gate) => format!("not entered: refused by {}", gate.name()),
    };
    let price = match decision.price.get().is_zero() {
        true => "no price yet".to_owned(),
        false => format!("price {}", decision.price),
    };
    say!("{} at {} ({price}): {answer}", decision.instrument, decision.at);
    if let Some(signal) = signal {
        say!("the strategy reads {signal}: its readings are of that");
    }
    bound(decision);
    if let Some(setup) = &decision.setup {
        say!("setup: {setup}");
    }
    if let Some(regime) = &decision.regime {
        say!("regime: {regime}");
    }
    if let Some(exit) = &decision.exit {
        say!("an open position was closed by this candle: {exit}");
    }
    if let Some(plan) = &decision.planned {
        say!("planned: {}", planned(plan));
        if decision.outcome != Outcome::Entered {
            say!("shadow: {}", shadow.map_or_else(not_known, would_have));
        }
    }
    say!("{}", gates(decision));
    if !decision.score.is_empty() {
        say!("{}", score(decision));
    }
}

/// What decided, and what would have had to differ.
fn bound(decision: &DecisionRow) {
    let binding = Binding::of(decision.outcome, &decision.gates);
    match binding {
        Binding::Refused(reading) => {
            let remedy = reading.remedy().unwrap_or_default();
            say!("to pass: {remedy}; whatever comes after it was not asked");
        }
        Binding::Approved(_) => {
            for reading in binding.smaller() {
                let (measured, threshold) = (figure(reading.measured), figure(reading.threshold));
                say!("made smaller by {}: {measured} wanted, {threshold} allowed", reading.gate.name());
            }
        }
    }
    for reading in watched(decision) {
        say!("{} only watches: {}", reading.gate.name(), reading.remedy().unwrap_or_default());
    }
}

fn planned(plan: &PlannedRow) -> String {
    let PlannedRow { side, entry, stop, target } = plan;
    let (risk, reward) = (entry.get() - stop.get(), target.get() - entry.get());
    let multiple = reward.checked_div(risk).map(|multiple| format!(" ({} R)", multiple.round_dp(2)));
    let multiple = multiple.unwrap_or_default();
    format!("{} at {entry}, stop {stop}, first target {target}{multiple}", side.name())
}

fn not_known() -> String {
    "not known: the run ended before the plan did, or it was not followed".to_owned()
}

/// What the plan would have made, in words.
fn would_have(shadow: &ShadowRow) -> String {
    let toward = match shadow.planned.side {
        PositionSide::Long => "fell to",
        PositionSide::Short => "rose to",
        PositionSide::Flat => "reached",
    };
    let ShadowRow { ended_at, bars, refusals, .. } = shadow;
    let r = shadow.r.map_or_else(String::new, |r| format!("{r:+.2} R after costs"));
    let end = match shadow.outcome {
        ShadowEnd::NeverEntered => {
            format!("nothing: the price never {toward} the planned entry by {ended_at}")
        }
        ShadowEnd::Stop => format!("{r}: its stop was reached at {ended_at}, after {bars} candles"),
        ShadowEnd::Target => format!("{r}: its first target was reached at {ended_at}, after {bars} candles"),
        ShadowEnd::Time => format!("{r}: neither stop nor target by {ended_at}, after {bars} candles"),
    };
    let again =
        if *refusals > 1 { format!(" (this plan was refused {refusals} times)") } else { String::new() };
    format!("it would have made {end}{again}")
}

fn gates(decision: &DecisionRow) -> Table {
    let mut table = table(["gate", "verdict", "measured", "against", "what it asks"]);
    for reading in &decision.gates {
        let verdict = match (reading.verdict, reading.made_smaller()) {
            (Verdict::Pass, false) => "pass",
            (Verdict::Pass, true) => "pass, made smaller",
            (Verdict::Fail, _) => "FAIL",
            (Verdict::Shadow, _) => "would fail",
        };
        table.add_row([
            reading.gate.name().to_owned(),
            verdict.to_owned(),
            figure(reading.measured),
            figure(reading.threshold),
            reading.gate.help().to_owned(),
        ]);
    }
    table
}

fn score(decision: &DecisionRow) -> Table {
    let mut table = table(["score", "points", "of at most"]);
    let mut sum = 0.0;
    for part in &decision.score {
        sum += part.points;
        table.add_row([part.part.name().to_owned(), figure(part.points), figure(part.most)]);
    }
    table.add_row(["all".to_owned(), figure(sum), String::new()]);
    table
}
