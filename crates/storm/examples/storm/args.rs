//! The command line of the runner.

use std::ops::Range;
use std::path::PathBuf;

use seawall_model::Span;
use seawall_storm::{Fault, Level, Options};

/// Seeds of a run that names none.
const SEEDS: Range<u64> = 0..200;

/// What `--help` prints, and what follows a usage error.
pub(crate) const HELP: &str = "\
cargo xtask storm [--seeds A..B] [--minutes N] [--level typed|wire]
cargo xtask storm --corpus [--scenario NAME] [--seed N] [--json] [--trace]
cargo xtask storm --seed N [--trace] [--only FAULT,…] [--world-minutes N] [--instruments N]

  --seeds A..B        worlds to live through; 0..200 where nothing is said
  --minutes N         begin new worlds until so many minutes are over, from the first of --seeds on
  --level LEVEL       how the venue is joined: typed, by values; wire, by bytes of its protocol
  --seed N            one world
  --trace             the last lines of what happened in it
  --without A,B       faults that never strike
  --only A,B          the only faults that strike, or none
  --strikes A:N,…     exactly these strikes (fault:opportunity), instead of what is drawn
  --plan FILE         the same, from a file
  --naked-bound S     ask for a bound of protection of S seconds, instead of the one that is promised
  --world-minutes N   how long the world lives before it is healed
  --instruments N     how many instruments it has
  --corpus            the named scenarios: incidents and complaints, lived through on purpose
  --scenario NAME     one of them
  --json              a line of JSON for each
  --report FILE       the figures of the run as a page of the book, and as JSON beside it
  --jobs N            worlds at a time; as many as the machine has cores
  --keep-going        do not stop at the first violation
";

/// What was asked for.
pub(crate) struct Args {
    pub(crate) seeds: Range<u64>,
    pub(crate) minutes: Option<u64>,
    pub(crate) seed: Option<u64>,
    pub(crate) trace: bool,
    pub(crate) keep_going: bool,
    pub(crate) jobs: usize,
    pub(crate) options: Options,
    /// Where the figures go, beside the terminal.
    pub(crate) report: Option<PathBuf>,
    /// The named scenarios instead of drawn worlds.
    pub(crate) corpus: Option<Corpus>,
}

/// Which scenarios, and how they are told.
#[derive(Default)]
pub(crate) struct Corpus {
    pub(crate) scenario: Option<String>,
    pub(crate) json: bool,
}

/// Reads the words after the program's name; one sentence where they are not understood.
pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Args, String> {
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let mut args = Args {
        seeds: SEEDS,
        minutes: None,
        seed: None,
        trace: false,
        keep_going: false,
        jobs,
        options: Options::default(),
        report: None,
        corpus: None,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").ok_or("write --seeds A..B")?;
                args.seeds = number(from)?..number(to)?;
            }
            "--minutes" => args.minutes = Some(number(&value()?)?),
            "--seed" => args.seed = Some(number(&value()?)?),
            "--jobs" => args.jobs = number(&value()?)?,
            "--world-minutes" => args.options.minutes = Some(number(&value()?)?),
            "--instruments" => args.options.instruments = Some(number(&value()?)?),
            "--trace" => args.trace = true,
            "--report" => args.report = Some(PathBuf::from(value()?)),
            "--keep-going" => args.keep_going = true,
            "--level" => {
                args.options.level = match value()?.as_str() {
                    "typed" => Level::Typed,
                    "wire" => Level::Wire,
                    other => return Err(format!("there is no level `{other}`: typed, wire")),
                };
            }
            "--corpus" => {
                args.corpus.get_or_insert_default();
            }
            "--scenario" => args.corpus.get_or_insert_default().scenario = Some(value()?),
            "--json" => args.corpus.get_or_insert_default().json = true,
            "--strikes" => {
                let strikes = value()?;
                let strikes = strikes.split(',').filter(|strike| !strike.is_empty());
                args.options.strikes = Some(strikes.map(str::parse).collect::<Result<_, _>>()?);
            }
            "--plan" => {
                let path = value()?;
                let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
                args.options.strikes =
                    Some(text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?);
            }
            "--naked-bound" => args.options.naked_bound = Some(Span::from_secs(number(&value()?)?)),
            "--without" => args.options.without = faults(&value()?)?,
            "--only" => {
                let only = value()?;
                let only = if only == "none" { Vec::new() } else { faults(&only)? };
                let all = Fault::ALL.iter().copied();
                args.options.without = all.filter(|fault| !only.contains(fault)).collect();
            }
            other => return Err(format!("unknown word `{other}`")),
        }
    }
    Ok(args)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits"))
}

fn faults(text: &str) -> Result<Vec<Fault>, String> {
    let find = |name: &str| Fault::ALL.iter().copied().find(|fault| fault.name() == name);
    text.split(',').map(|name| find(name).ok_or_else(|| format!("there is no fault `{name}`"))).collect()
}
