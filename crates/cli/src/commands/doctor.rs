//! `seawall doctor`.

use std::io::IsTerminal;
use std::path::PathBuf;

use seawall_config::{Config, VenueName};
use seawall_live::doctor::{Check, DoctorOptions, Findings, Verdict, examine};
use seawall_live::run::secrets::credentials;
use seawall_live::run::start::venue_of;
use seawall_live::{LiveError, Mode, StopSwitch};
use seawall_venues::Credentials;

use crate::args::RunMode;
use crate::database_url::database_url;
use crate::doctor_args::{DoctorArgs, VenueChoice};
use crate::exit::Failure;
use crate::input::loader;
use crate::output::check_folder;
use crate::stop_signals;

/// Good checks of one name that are listed one by one; more are counted.
const LISTED_MAX: usize = 6;

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs) -> Result<(), Failure> {
    if args.probe && matches!(args.mode, RunMode::Paper) {
        return Err(Failure::input(
            "--probe places orders, and --mode paper places none: leave out one of both",
        ));
    }
    let findings = match loader(&args.source)?.load() {
        Ok(loaded) => {
            let config = loaded.config;
            if let Some(venue) = args.venue {
                check_venue(venue, config.venue.name)?;
            }
            let data_dir = args.data_dir.clone().unwrap_or_else(|| PathBuf::from(&config.data.dir));
            check_folder(if args.data_dir.is_some() { "--data-dir" } else { "data.dir" }, &data_dir)?;
            let mode = match args.mode {
                RunMode::Paper => Mode::Paper,
                RunMode::Live => Mode::Live,
            };
            let options = DoctorOptions {
                credentials: key(&config),
                database: database_url()?,
                probe: args.probe,
                config,
                data_dir,
                mode,
            };
            let switch = StopSwitch::new();
            let runtime = stop_signals::catch(switch.clone())?;
            let findings = examine(&options, &switch, &progress());
            runtime.shutdown_background();
            findings
        }
        Err(error) => Findings::without_configuration(&error.to_string()),
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&findings).map_err(Failure::work)?);
    } else {
        print(&findings);
    }
    if findings.failed.is_empty() {
        return Ok(());
    }
    Err(Failure::findings(format!("failed: {}", findings.failed.join(", "))))
}

/// What is on its way is for people; what an order is called is said before it is placed, whoever reads it.
fn progress() -> impl Fn(&'static str, &str) {
    let is_read = std::io::stderr().is_terminal();
    move |phase, what| {
        if is_read || phase == "probe" {
            eprintln!("{phase}: {what}");
        }
    }
}

/// One configuration has one venue: an option that names another one is a mistake, and no address is guessed.
fn check_venue(asked: VenueChoice, configured: VenueName) -> Result<(), Failure> {
    let (asked, its_name) = match asked {
        VenueChoice::KrakenFutures => ("kraken-futures", VenueName::KrakenFutures),
        VenueChoice::Kraken => ("kraken", VenueName::Kraken),
    };
    if its_name == configured {
        return Ok(());
    }
    Err(Failure::input(format!(
        "--venue {asked}: the configuration is for another venue (venue.name); name one for {asked} with --config"
    )))
}

fn key(config: &Config) -> Result<Option<Credentials>, LiveError> {
    let (venue, _, _) = venue_of(config)?;
    let variables = |name: &str| std::env::var(name).ok();
    credentials(venue, &config.venue.variables, &variables)
}

fn print(findings: &Findings) {
    let mut rest = findings.checks.as_slice();
    while let [first, ..] = rest {
        let alike =
            rest.iter().take_while(|check| check.name == first.name && check.verdict == first.verdict);
        let count = alike.count();
        let (these, others) = rest.split_at(count);
        if first.verdict == Verdict::Ok && count > LISTED_MAX {
            say!("{}", line(first.verdict, first.name, &format!("{count} are well")));
        } else {
            these.iter().for_each(|check| say!("{}", text(check)));
        }
        rest = others;
    }
    let count = |verdict| findings.checks.iter().filter(|check| check.verdict == verdict).count();
    let (ok, warn) = (count(Verdict::Ok), count(Verdict::Warn));
    let (fail, skipped) = (count(Verdict::Fail), count(Verdict::Skipped));
    say!("{ok} ok, {warn} warn, {fail} FAIL, {skipped} skipped");
}

fn line(verdict: Verdict, name: &str, words: &str) -> String {
    let verdict = match verdict {
        Verdict::Ok => "ok",
        Verdict::Skipped => "skipped",
        Verdict::Warn => "warn",
        Verdict::Fail => "FAIL",
    };
    format!("{verdict:<8}{name:<16}{words}")
}

fn text(check: &Check) -> String {
    let mut words = check.of.as_ref().map(|of| format!("{of}: ")).unwrap_or_default();
    words.push_str(&check.finding);
    match (&check.measured, &check.threshold) {
        (Some(measured), Some(threshold)) => words.push_str(&format!(" [{measured}; {threshold}]")),
        (Some(measured), None) => words.push_str(&format!(" [{measured}]")),
        (None, _) => {}
    }
    if let Some(remedy) = &check.remedy {
        words.push_str(&format!(" -> {remedy}"));
    }
    line(check.verdict, check.name, &words.replace('\n', " | "))
}
