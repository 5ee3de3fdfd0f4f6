//! `seawall doctor`: everything that a run needs, looked at before it starts.
//!
//! Invariants: it reads and changes nothing, neither here nor at the venue, except for a file that is written
//! and removed; only the [`probe`] places orders, and takes them away again. Each check has a stable name, a
//! verdict, what was measured, against what, and what to do. A check that could not be made is `skipped` and
//! says for want of what, or has failed: nothing counts as good because it could not be looked at. Every wait
//! has an end, and the switch ends all of them.
//!
//! A live run makes the same checks by the same functions as it starts ([`start`]).

mod books;
mod check;
pub(crate) mod judge;
mod line;
mod machine;
mod probe;
mod rest;
pub(crate) mod start;

use std::path::PathBuf;
use std::sync::Arc;

use seawall_config::Config;
use seawall_store::db::DatabaseUrl;
use seawall_venues::codec::Codec;
use seawall_venues::{Credentials, Markets};

use self::books::Books;
pub use self::check::{Check, Findings, Verdict};
use self::line::Line;
use self::rest::Rest;
use crate::demo::{StopSwitch, refuse_without_stop};
use crate::error::LiveError;
use crate::net::is_on_this_machine;
use crate::run::{FOLDER, Mode, Progress, start as begin};
use crate::wall_clock::WallClock;

/// What is looked at.
#[derive(Debug)]
pub struct DoctorOptions {
    /// The configuration, which is sound by itself: it could be loaded.
    pub config: Config,
    /// Where runs are kept.
    pub data_dir: PathBuf,
    /// Whether orders would be real; a run on paper needs no key.
    pub mode: Mode,
    /// The key, or why there is none.
    pub credentials: Result<Option<Credentials>, LiveError>,
    /// The PostgreSQL server that has the database; without it files in the runs' folders.
    pub database: Option<DatabaseUrl>,
    /// Whether orders are placed and cancelled.
    pub probe: bool,
}

impl DoctorOptions {
    /// The folder of the account.
    fn root(&self) -> PathBuf {
        self.data_dir.join(FOLDER).join(self.mode.name())
    }
}

/// Checks that need the venue's answers.
const BY_REST: [&str; 6] = ["clock", "keys", "permissions", "account", "instruments", "fills"];
/// Checks that need the table of instruments beside that.
const BY_MARKETS: [&str; 2] = ["quotes", "candles"];
/// Checks that need the table and a socket.
const BY_LINE: [&str; 1] = ["public_stream"];
/// Checks that need the account's answers beside that.
const BY_ACCOUNT: [&str; 5] = ["private_stream", "positions", "stops", "position_sync", "orders"];

/// Makes every check.
#[must_use]
pub fn examine(options: &DoctorOptions, switch: &StopSwitch, progress: Progress<'_>) -> Findings {
    let mut checks = vec![configuration(&options.config)];
    let root = options.root();
    progress("machine", "disk, lock, kill switch, database");
    checks.extend(machine::disk(&options.data_dir));
    // Held to the end: a run that began meanwhile would trade beside the probe.
    let (check, lock) = machine::lock(&root, crate::run::ACCOUNT, options.probe);
    checks.push(check);
    checks.push(machine::kill_switch(&options.data_dir));
    checks.push(machine::database(options.database.as_ref()));
    checks.push(machine::alert_channels());
    let clock = Arc::new(WallClock::new());
    let (check, books) = books::last(&root, clock.now(), options.database.as_ref());
    checks.push(check);
    let has_lock = lock.is_some();
    at_the_venue(options, (books.as_ref(), has_lock), (switch, clock), progress, &mut checks);
    drop(lock);
    if switch.is_on() {
        let remedy = "run it again";
        checks.push(Check::fail("interrupted", "it was ended before everything was looked at", remedy));
    }
    Findings::new(checks)
}

fn configuration(config: &Config) -> Check {
    match refuse_without_stop(config) {
        Ok(()) if config.run.instruments.is_empty() && !config.discovery.enabled => {
            let remedy = "name instruments, like kraken-futures:BTC/USD:USD";
            Check::fail("configuration", "run.instruments names none, and discovery.enabled is off", remedy)
        }
        Ok(()) => Check::ok("configuration", "every value is in its range and fits the others"),
        Err(error) => Check::fail("configuration", error.to_string(), "see `seawall config explain`"),
    }
}

/// What is spoken to, in words: whether orders could cost real money is worth knowing before there are any.
fn reached(config: &Config, venue: &str) -> String {
    let rest = config.venue.rest.as_deref();
    let whose = match rest.is_some_and(is_on_this_machine) {
        true => "an exchange in a box on this machine, without real money",
        false => "the real venue",
    };
    format!("{venue}: addresses and abilities fit the configuration; {whose} ({})", rest.unwrap_or_default())
}

fn skip(checks: &mut Vec<Check>, names: &[&'static str], why: &str) {
    checks.extend(names.iter().map(|name| Check::skipped(name, why)));
}

fn at_the_venue(
    options: &DoctorOptions,
    (books, has_lock): (Option<&Books>, bool),
    (switch, clock): (&StopSwitch, Arc<WallClock>),
    progress: Progress<'_>,
    checks: &mut Vec<Check>,
) {
    let further = [&BY_REST[..], &BY_MARKETS, &BY_LINE, &BY_ACCOUNT].concat();
    let config = &options.config;
    let way = begin::venue_of(config).and_then(|way| begin::refuse_lacks(config, way.0).map(|()| way));
    let way = match way {
        Ok(way) => way,
        Err(error) => {
            checks.push(Check::of_error("venue", &error, "correct the section `venue`, or the strategy"));
            skip(checks, &["rest"], "the venue cannot be spoken to as it is configured");
            skip(checks, &further, "the venue cannot be spoken to as it is configured");
            return skip_probe(options, checks, "the venue cannot be spoken to as it is configured");
        }
    };
    checks.push(Check::ok("venue", reached(config, way.0.profile().venue)));
    let runtime = match crate::run::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            checks.push(Check::of_error("rest", &error, "close other programs"));
            skip(checks, &further, "no thread for the network can be started");
            return skip_probe(options, checks, "no thread for the network can be started");
        }
    };
    let key =
        options.credentials.as_ref().ok().and_then(Option::as_ref).filter(|_| options.mode.sends_orders());
    let mut rest = match Rest::new(way.clone(), key.cloned(), clock.clone(), switch.clone()) {
        Ok(rest) => rest,
        Err(error) => {
            checks.push(Check::of_error("rest", &error, "correct the section `venue`"));
            skip(checks, &further, "nothing can be sent");
            return skip_probe(options, checks, "nothing can be sent");
        }
    };
    let seen = runtime.block_on(rest.examine(options, books.map(|books| &books.carry), progress));
    checks.extend(seen.checks);
    let Some((markets, followed)) = seen.table else {
        skip(checks, &[&BY_LINE[..], &BY_ACCOUNT].concat(), "the instruments are not known");
        return skip_probe(options, checks, "the instruments are not known");
    };
    let fit = key.filter(|_| seen.is_key_fit);
    let line = Line::open(&runtime, way, fit, (&markets, followed), (clock, seen.ahead), switch.clone());
    let line = match line {
        Ok(line) => line,
        Err(error) => {
            checks.push(Check::of_error("public_stream", &error, "correct the section `venue`"));
            skip(checks, &BY_ACCOUNT, "nothing can be sent");
            return skip_probe(options, checks, "nothing can be sent");
        }
    };
    on_the_line(options, line, (&markets, books, has_lock), seen.is_key_fit, progress, checks);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
}

fn on_the_line(
    options: &DoctorOptions,
    mut line: Line,
    (markets, books, has_lock): (&Markets, Option<&Books>, bool),
    is_key_fit: bool,
    progress: Progress<'_>,
    checks: &mut Vec<Check>,
) {
    progress("streams", "market data and the account");
    checks.extend(line.streams(options.config.run.feeds_timeout_s, is_key_fit));
    if !is_key_fit {
        let why =
            if options.mode == Mode::Paper { "a run on paper needs no key" } else { "there is no fit key" };
        skip(checks, &BY_ACCOUNT, why);
        return skip_probe(options, checks, why);
    }
    progress("account", "positions and open orders");
    checks.extend(line.exposure(markets, books));
    if !options.probe {
        return skip_probe(options, checks, "`--probe` asks for it");
    }
    let why_not = if !has_lock {
        Some("the account's lock is not ours: another run may trade there")
    } else if options.mode == Mode::Paper {
        Some("a run on paper places no orders")
    } else {
        None
    };
    match why_not {
        Some(why) => skip(checks, &probe::NAMES, why),
        None => checks.extend(probe::probe(&mut line, markets, progress)),
    }
}

fn skip_probe(options: &DoctorOptions, checks: &mut Vec<Check>, why: &str) {
    let why = if options.probe { why } else { "`--probe` asks for it" };
    skip(checks, &probe::NAMES, why);
}
