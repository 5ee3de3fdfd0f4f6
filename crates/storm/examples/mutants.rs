//! Looks for deliberate bugs: `cargo xtask storm --mutants [--only-mutant NAME,…] [--budget-worlds N]`.
//!
//! First the engine without a bug lives through worlds of its own and must break nothing. Then each bug lives
//! through worlds from the first seed on until a rule is broken. Seeds and budgets are fixed, so a commit has
//! one result. The process ends with 41 where a bug survived its budget, with 20 and the number of the oracle
//! where the engine without a bug broke one, and with 40 where it panicked.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks through the terminal")]

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seawall_engine::mutant::Mutant;
use seawall_storm::mutants::{WORLDS_MAX, expected, run_mutated, run_mutated_with_story};
use seawall_storm::{Options, Oracle, Report};

/// Exit code for a bug that survived.
const SURVIVED: u8 = 41;
/// Exit code for code that panicked without a bug.
const PANICKED: u8 = 40;
/// Exit code for a command line that was not understood.
const USAGE: u8 = 2;
/// Worlds of the engine without a bug.
const CONTROL_WORLDS: u64 = 48;
/// Lines of a story that are printed.
const LINES: usize = 300;
/// Where the result is left, beside what cargo builds.
const RESULT: &str = "target/storm/mutants.json";
/// The chapter that has the table.
const CHAPTER: &str = "docs/storm.md";
/// What the table stands between.
const MARKS: (&str, &str) = ("<!-- mutants: begin -->\n", "<!-- mutants: end -->");

const HELP: &str = "\
cargo xtask storm --mutants [--only-mutant NAME,…] [--budget-worlds N] [--json] [--write-docs]

  --only-mutant A,B   these only, without the worlds of the engine that has no bug
  --budget-worlds N   worlds within which each has to be found
  --first-seed N      the first world
  --trace             the last lines of the world that found it
  --jobs N            how many at a time; as many as the machine has cores
  --json              the result in JSON; it is written to target/storm/mutants.json in any case
  --write-docs        the table goes to docs/storm.md
  --list              what there is
";

struct Args {
    only: Vec<Mutant>,
    worlds: u64,
    first: u64,
    trace: bool,
    jobs: usize,
    json: bool,
    docs: bool,
    list: bool,
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut args = Args {
        only: Vec::new(),
        worlds: WORLDS_MAX,
        first: 0,
        trace: false,
        jobs,
        json: false,
        docs: false,
        list: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--mutants" => {}
            "--only-mutant" => args.only = value()?.split(',').map(named).collect::<Result<_, _>>()?,
            "--budget-worlds" => args.worlds = number(&value()?)?,
            "--first-seed" => args.first = number(&value()?)?,
            "--jobs" => args.jobs = number::<usize>(&value()?)?.max(1),
            "--trace" => args.trace = true,
            "--json" => args.json = true,
            "--write-docs" => args.docs = true,
            "--list" => args.list = true,
            other => return Err(format!("unknown word `{other}`")),
        }
    }
    Ok(args)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits"))
}

fn named(name: &str) -> Result<Mutant, String> {
    let found = Mutant::ALL.iter().copied().find(|mutant| mutant.name() == name);
    found.ok_or_else(|| format!("there is no mutant `{name}`"))
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match parse(words.into_iter()) {
        Ok(args) if args.list => {
            for mutant in Mutant::ALL {
                println!("{:28} {} ({})", mutant.name(), mutant.what(), mutant.stands_for());
            }
            ExitCode::SUCCESS
        }
        Ok(args) => hunt(&args),
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(USAGE)
        }
    }
}

/// How a world ended.
enum Ended {
    Lived(Box<Report>),
    Panicked(String),
}

fn live(seed: u64, mutant: Option<Mutant>) -> Ended {
    let options = Options::default();
    match catch_unwind(AssertUnwindSafe(|| run_mutated(seed, &options, mutant))) {
        Ok(Ok(report)) => Ended::Lived(Box::new(report)),
        Ok(Err(error)) => Ended::Panicked(format!("the world cannot be made: {error}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Ended::Panicked(text.unwrap_or_default())
        }
    }
}

/// What breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Broken {
    Oracle(Oracle),
    Panic,
}

impl Broken {
    fn name(self) -> &'static str {
        match self {
            Broken::Oracle(oracle) => oracle.name(),
            Broken::Panic => "panic",
        }
    }

    fn exit_code(self) -> u8 {
        match self {
            Broken::Oracle(oracle) => oracle.exit_code(),
            Broken::Panic => PANICKED,
        }
    }
}

/// One row of the result.
struct Row {
    /// None for the engine as it is.
    mutant: Option<Mutant>,
    worlds: u64,
    hours: f64,
    took: Duration,
    found: Option<(Broken, u64, String)>,
}

fn search(mutant: Option<Mutant>, first: u64, worlds: u64) -> Row {
    let started = Instant::now();
    let mut row = Row { mutant, worlds: 0, hours: 0.0, took: Duration::ZERO, found: None };
    for seed in first..first.saturating_add(worlds) {
        row.worlds += 1;
        match live(seed, mutant) {
            Ended::Lived(report) => {
                row.hours += report.simulated.secs_f64() / 3_600.0;
                if let Some(broken) = report.violation {
                    row.found = Some((Broken::Oracle(broken.oracle), seed, broken.what));
                }
            }
            Ended::Panicked(what) => row.found = Some((Broken::Panic, seed, what)),
        }
        if row.found.is_some() {
            break;
        }
    }
    row.took = started.elapsed();
    row
}

fn hunt(args: &Args) -> ExitCode {
    // A bug may make the engine panic: that is a find like any other, and its row says so.
    std::panic::set_hook(Box::new(|_| {}));
    let started = Instant::now();
    let all: &[Mutant] = if args.only.is_empty() { Mutant::ALL } else { &args.only };
    let mut jobs: Vec<(Option<Mutant>, u64, u64)> =
        all.iter().map(|mutant| (Some(*mutant), args.first, args.worlds)).collect();
    if args.only.is_empty() {
        jobs.extend((0..CONTROL_WORLDS).map(|place| (None, args.first + place, 1)));
    }
    let next = AtomicUsize::new(0);
    let (sender, rows) = mpsc::channel();
    let mut rows: Vec<Row> = std::thread::scope(|scope| {
        for _ in 0..args.jobs {
            let (sender, next, jobs) = (sender.clone(), &next, &jobs);
            scope.spawn(move || {
                while let Some((mutant, first, worlds)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send(search(*mutant, *first, *worlds)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        rows.into_iter().collect()
    });
    rows.sort_by_key(|row| row.mutant);
    let control = join(&mut rows);
    if args.trace {
        rows.iter().for_each(tell_story);
    }
    conclude(args, &rows, control.as_ref(), started.elapsed())
}

/// The worlds of the engine without a bug as one row: they come first.
fn join(rows: &mut Vec<Row>) -> Option<Row> {
    let mutants = rows.split_off(rows.partition_point(|row| row.mutant.is_none()));
    let controls = core::mem::replace(rows, mutants);
    controls.into_iter().reduce(|sum, row| Row {
        mutant: None,
        worlds: sum.worlds + row.worlds,
        hours: sum.hours + row.hours,
        took: sum.took + row.took,
        found: sum.found.or(row.found),
    })
}

fn tell_story(row: &Row) {
    let Some((_, seed, _)) = &row.found else { return };
    let Ok((_, story)) = run_mutated_with_story(*seed, &Options::default(), row.mutant) else { return };
    for line in story.iter().skip(story.len().saturating_sub(LINES)) {
        println!("{}", line.chars().take(400).collect::<String>());
    }
}

fn conclude(args: &Args, rows: &[Row], control: Option<&Row>, took: Duration) -> ExitCode {
    let json = json(rows, control, took);
    let folder = Path::new(RESULT).parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(RESULT, &json));
    if let Err(error) = written {
        eprintln!("warning: {RESULT}: {error}");
    }
    if args.json {
        println!("{json}");
    } else {
        tell(rows, control, took);
    }
    if args.docs
        && let Err(error) = write_docs(rows)
    {
        eprintln!("error: {CHAPTER}: {error}");
        return ExitCode::FAILURE;
    }
    if let Some((broken, seed, what)) = control.and_then(|row| row.found.as_ref()) {
        eprintln!("without a bug: seed {seed} breaks {}: {what}", broken.name());
        return ExitCode::from(broken.exit_code());
    }
    if rows.iter().any(|row| row.found.is_none()) { ExitCode::from(SURVIVED) } else { ExitCode::SUCCESS }
}

fn tell(rows: &[Row], control: Option<&Row>, took: Duration) {
    if let Some(row) = control {
        println!(
            "without a bug: {} worlds, {:.0} simulated hours, {:.1} s: {}",
            row.worlds,
            row.hours,
            row.took.as_secs_f64(),
            row.found.as_ref().map_or("nothing broken", |(broken, ..)| broken.name()),
        );
    }
    for row in rows {
        let name = row.mutant.map_or("", Mutant::name);
        let (worlds, hours, seconds) = (row.worlds, row.hours, row.took.as_secs_f64());
        match &row.found {
            Some((broken, seed, what)) => {
                let what: String = what.chars().take(90).collect();
                println!(
                    "{name:28} {:20} seed {seed:3}, {worlds:3} worlds, {hours:6.1} h, {seconds:5.1} s: {what}",
                    broken.name()
                );
            }
            None => {
                println!("{name:28} SURVIVED             {worlds:3} worlds, {hours:6.1} h, {seconds:5.1} s")
            }
        }
    }
    let survived = rows.iter().filter(|row| row.found.is_none()).count();
    println!("{} mutants, {survived} survived, {:.0} s", rows.len(), took.as_secs_f64());
}

fn json(rows: &[Row], control: Option<&Row>, took: Duration) -> String {
    let one = |row: &Row| {
        let (oracle, seed) = match &row.found {
            Some((broken, seed, _)) => (format!("\"{}\"", broken.name()), seed.to_string()),
            None => ("null".to_owned(), "null".to_owned()),
        };
        format!(
            "{{\"mutant\":\"{}\",\"oracle\":{oracle},\"seed\":{seed},\"worlds\":{},\"simulated_hours\":{:.2},\"seconds\":{:.2}}}",
            row.mutant.map_or("none", Mutant::name),
            row.worlds,
            row.hours,
            row.took.as_secs_f64()
        )
    };
    let control = control.map_or("null".to_owned(), one);
    let rows: Vec<String> = rows.iter().map(one).collect();
    let seconds = took.as_secs_f64();
    format!("{{\"control\":{control},\"mutants\":[\n{}\n],\"seconds\":{seconds:.2}}}", rows.join(",\n"))
}

/// Writes the table between its marks. What depends on the machine is not in it.
fn write_docs(rows: &[Row]) -> std::io::Result<()> {
    let mut table = String::from(
        "| mutant | what is wrong | stands for | expected | broken | worlds | simulated hours |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let Some(mutant) = row.mutant else { continue };
        let numbers: Vec<&str> = expected(mutant).iter().map(|oracle| number_of(oracle.name())).collect();
        let broken = row.found.as_ref().map_or("none", |(broken, ..)| number_of(broken.name()));
        // A string takes whatever is written to it.
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {broken} | {} | {:.1} |",
            mutant.name(),
            mutant.what(),
            mutant.stands_for(),
            numbers.join(", "),
            row.worlds,
            row.hours
        );
    }
    let text = std::fs::read_to_string(CHAPTER)?;
    let parts =
        text.split_once(MARKS.0).and_then(|(before, rest)| Some((before, rest.split_once(MARKS.1)?.1)));
    let Some((before, after)) = parts else {
        return Err(std::io::Error::other("the marks of the table are missing"));
    };
    std::fs::write(CHAPTER, format!("{before}{}{table}{}{after}", MARKS.0, MARKS.1))
}

/// `O1` of `O1 protection`.
fn number_of(name: &str) -> &str {
    name.split_once(' ').map_or(name, |(number, _)| number)
}
