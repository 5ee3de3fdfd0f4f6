//! The figures of a run, for the book and for programs.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;

use seawall_storm::Class;

use crate::args::Args;
use crate::sum::{Quiet, Sum};
use crate::words::commit;

/// Writes a page at `path` and the same as JSON beside it.
pub(crate) fn write(
    path: &Path,
    sum: &Sum,
    args: &Args,
    elapsed: Duration,
    violations: &[String],
) -> io::Result<()> {
    std::fs::write(path, page(sum, args, elapsed, violations))?;
    std::fs::write(path.with_extension("json"), json(sum, args, elapsed, violations))
}

/// What was asked for, as on the command line.
fn asked() -> String {
    std::env::args().skip(1).collect::<Vec<_>>().join(" ")
}

fn level() -> String {
    let words: Vec<String> = std::env::args().collect();
    let named = words.windows(2).find(|pair| pair.first().is_some_and(|word| word == "--level"));
    named.and_then(|pair| pair.last()).map_or_else(|| "typed".to_owned(), Clone::clone)
}

fn page(sum: &Sum, args: &Args, elapsed: Duration, violations: &[String]) -> String {
    let mut page = String::from("# Storm: figures of a run\n\n");
    let _ = writeln!(page, "Written by `cargo xtask storm {}`; nothing here is typed by hand.\n", asked());
    let rows = [
        ("commit", commit()),
        ("level", level()),
        ("first world", args.seeds.start.to_string()),
        ("worlds", sum.worlds.to_string()),
        ("simulated hours", format!("{:.0}", sum.simulated_s / 3_600.0)),
        ("of a 5-instrument account", format!("{:.0}", sum.account_hours)),
        ("inputs of engines", sum.counts.inputs.to_string()),
        ("orders", sum.counts.orders.to_string()),
        ("executions", sum.counts.fills.to_string()),
        ("trades", sum.counts.trades.to_string()),
        ("lives of a process", sum.counts.lives.to_string()),
        ("faults", sum.faults.values().sum::<u64>().to_string()),
        ("violations", violations.len().to_string()),
        ("most messages on their way", sum.in_flight_max.to_string()),
        ("healed within, at most", format!("{:.0} s", sum.healed_max.secs_f64())),
        ("5-instrument hours per core minute", format!("{:.0}", sum.throughput())),
        ("time on cores", format!("{:.0} s", sum.cpu.as_secs_f64())),
        ("time on the wall", format!("{:.0} s, {} worlds at a time", elapsed.as_secs_f64(), args.jobs)),
    ];
    page.push_str("| what | figure |\n|---|---|\n");
    for (what, figure) in rows {
        let _ = writeln!(page, "| {what} | {figure} |");
    }
    for violation in violations {
        let _ = writeln!(page, "\n- {violation}");
    }
    naked(&mut page, sum);
    page.push_str("\n## Faults that were injected\n\n| class | all | each |\n|---|---|---|\n");
    for class in Class::ALL {
        let of = sum.faults.iter().filter(|(fault, count)| fault.class() == class && **count > 0);
        let each: Vec<String> = of.map(|(fault, count)| format!("{} {count}", fault.name())).collect();
        let _ = writeln!(page, "| {} | {} | {} |", class.name(), sum.of(class), each.join(", "));
    }
    page
}

fn naked(page: &mut String, sum: &Sum) {
    page.push_str("\n## Time without a covering stop\n\n");
    let _ = writeln!(
        page,
        "{} times, from the first execution or the loss of a stop until all is covered again, faults counted in: \
         p50 {:.3} s, p99 {:.3} s, worst {:.1} s (world {}).",
        sum.naked_ms.len(),
        sum.naked_at(50),
        sum.naked_at(99),
        sum.naked_max.secs_f64(),
        sum.naked_seed,
    );
    let Some(Quiet { used, longest, bound, parts, seed }) = &sum.quiet else { return };
    let _ = writeln!(
        page,
        "\nSince the last fault that may be why, which is what the bound is about, the nearest to it was \
         {:.1} s of {:.1} s ({:.0} %), in world {seed}. Its bound is the sum of:\n",
        longest.secs_f64(),
        bound.secs_f64(),
        100.0 * used,
    );
    for (what, part) in parts {
        let _ = writeln!(page, "- {what}: {:.1} s", part.secs_f64());
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn json(sum: &Sum, args: &Args, elapsed: Duration, violations: &[String]) -> String {
    let faults: Vec<String> =
        sum.faults.iter().map(|(fault, count)| format!("{}:{count}", quoted(fault.name()))).collect();
    let classes = Class::ALL.map(|class| format!("{}:{}", quoted(class.name()), sum.of(class)));
    let violations: Vec<String> = violations.iter().map(|text| quoted(text)).collect();
    let (longest, bound, seed) = sum
        .quiet
        .as_ref()
        .map_or((0.0, 0.0, 0), |quiet| (quiet.longest.secs_f64(), quiet.bound.secs_f64(), quiet.seed));
    format!(
        "{{\"schema\":\"seawall.storm/1\",\"commit\":{},\"level\":{},\"first\":{},\"worlds\":{},\
         \"simulated_hours\":{:.3},\"account_hours\":{:.3},\"inputs\":{},\"orders\":{},\"fills\":{},\
         \"trades\":{},\"lives\":{},\"faults\":{{{}}},\"classes\":{{{}}},\"violations\":[{}],\
         \"naked\":{{\"times\":{},\"p50_s\":{},\"p99_s\":{},\"worst_s\":{},\"worst_world\":{},\
         \"quiet_s\":{longest},\"quiet_bound_s\":{bound},\"quiet_world\":{seed}}},\
         \"account_hours_per_core_minute\":{:.1},\"core_seconds\":{:.3},\"wall_seconds\":{:.3}}}\n",
        quoted(&commit()),
        quoted(&level()),
        args.seeds.start,
        sum.worlds,
        sum.simulated_s / 3_600.0,
        sum.account_hours,
        sum.counts.inputs,
        sum.counts.orders,
        sum.counts.fills,
        sum.counts.trades,
        sum.counts.lives,
        faults.join(","),
        classes.join(","),
        violations.join(","),
        sum.naked_ms.len(),
        sum.naked_at(50),
        sum.naked_at(99),
        sum.naked_max.secs_f64(),
        sum.naked_seed,
        sum.throughput(),
        sum.cpu.as_secs_f64(),
        elapsed.as_secs_f64(),
    )
}
