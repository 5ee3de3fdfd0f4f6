//! Bad days: the exchange fails in every way that `testnet --faults` knows, and the network between it and
//! the run breaks, holds, loses, crawls and tears, all at once; sometimes the run is killed in the middle of
//! it. Then everything is well again, and the run must be: positions covered, books equal, ready, trading.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use seawall_model::Span;
use serde_json::json;

use crate::Common;
use crate::dice::Dice;
use crate::heartbeat::heartbeat;
use crate::oracle::Violation;
use crate::proxy::{Network, Proxy};
use crate::report::{Report, Times};
use crate::session::Session;
use crate::stage::{AGREE_MAX, READY_MAX, Stage, judge_replay};
use crate::venue::VenueOptions;
use crate::weather::Weather;

/// What the drill is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct LivenessArgs {
    /// Bad days, one after the other.
    #[arg(long, default_value_t = 10)]
    pub(crate) rounds: u32,
    /// How long each lasts, in seconds of the exchange's clock.
    #[arg(long, default_value_t = 300)]
    pub(crate) seconds: u32,
    /// Instruments that are traded.
    #[arg(long, default_value_t = 6)]
    pub(crate) instruments: u32,
    /// Seconds of the exchange's clock per second.
    #[arg(long, default_value_t = 10)]
    pub(crate) speed: u32,
}

/// From the moment at which all is well again, everything is covered within this time of the exchange's
/// clock: the engine's bound, the longest pause after questions that failed (32 s), and a new connection.
const COVERED_MAX: Span = Span::from_secs(120);
/// From then on, orders are sent again within this time.
const TRADES_MAX: Duration = Duration::from_secs(60);
/// Bad days with broken rules after which the drill gives up.
const FAILURES_MAX: usize = 3;

#[derive(Default)]
struct Figures {
    covered: Times,
    equal: Times,
    reconciled: Times,
    ready: Times,
    happened: BTreeMap<String, u64>,
    spells: BTreeMap<&'static str, u64>,
    kills: u32,
}

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &LivenessArgs, common: &Common) -> anyhow::Result<bool> {
    let mut report = Report::begin("liveness", common)?;
    let folder = report.folder.clone();
    let options = VenueOptions::new(common.seed, args.speed, args.instruments);
    let mut stage = Stage::set(&common.binary()?, folder, &options)?;
    let proxy = Proxy::start(stage.venue.address, common.seed)?;
    stage.through(proxy.address);
    let mut session = stage.run()?;
    session.ready(READY_MAX)?;
    stage.is_ready();
    let (mut dice, mut figures) = (Dice::new(common.seed), Figures::default());
    for number in 1..=args.rounds {
        if report.broken() >= FAILURES_MAX {
            break;
        }
        positions_open(&stage)?;
        let weather = Weather::draw(&mut dice, u64::from(args.seconds));
        let at = format!("day {number}");
        report.say(&format!("{at}: {}", weather.words()));
        live(&mut stage, &mut session, &proxy, &weather, &mut figures, &mut report)?;
        heal(&mut stage, &mut session, &proxy, (&at, args.speed), &mut figures, &mut report)?;
        if session.process.ended()?.is_some() {
            break;
        }
    }
    if session.process.ended()?.is_none() {
        session.process.stop(Duration::from_secs(40))?;
    }
    report.judge("the end", stage.judge_orders()?);
    report.judge("the end", judge_replay(&stage.newest()?)?);
    let (written, reached) = stage.counts();
    report.figure("orders written", json!(written));
    report.figure("orders at the venue", json!(reached));
    report.figure("faults of the exchange", json!(figures.happened));
    report.figure("spells of the network", json!(figures.spells));
    report.figure("kills", json!(figures.kills));
    report.figure("well again to every position covered, venue's clock", figures.covered.json());
    report.figure("well again to equal books, venue's clock", figures.equal.json());
    report.figure("well again to ready, venue's clock", figures.reconciled.json());
    report.figure("start in bad weather to ready", figures.ready.json());
    report.end()
}

/// Waits until there is something to lose: half of the instruments have a position. A bad day may begin
/// without.
fn positions_open(stage: &Stage) -> anyhow::Result<()> {
    let (began, wanted) = (Instant::now(), stage.options.instruments.len().div_ceil(2));
    while began.elapsed() < TRADES_MAX && stage.venue.state()?.positions.len() < wanted {
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A bad day.
fn live(
    stage: &mut Stage,
    session: &mut Session,
    proxy: &Proxy,
    weather: &Weather,
    figures: &mut Figures,
    report: &mut Report,
) -> anyhow::Result<()> {
    let speed = stage.options.speed.max(1);
    stage.venue.set_faults(&serde_json::to_string(&weather.rules)?)?;
    for (number, spell) in weather.spells.iter().enumerate() {
        proxy.set(spell.network);
        *figures.spells.entry(spell.network.name()).or_default() += 1;
        let length = Duration::from_secs(spell.seconds) / speed;
        if weather.killed_in == Some(number) {
            std::thread::sleep(length / 2);
            session.process.kill()?;
            figures.kills += 1;
            report.judge("kill -9", judge_replay(&stage.newest()?)?);
            *session = stage.run()?;
            std::thread::sleep(length / 2);
        } else {
            std::thread::sleep(length);
        }
    }
    Ok(())
}

/// All is well again: so must the run be.
fn heal(
    stage: &mut Stage,
    session: &mut Session,
    proxy: &Proxy,
    (at, speed): (&str, u32),
    figures: &mut Figures,
    report: &mut Report,
) -> anyhow::Result<()> {
    proxy.set(Network::Up);
    // Counted from the start of the exchange on.
    figures.happened = stage.venue.faults_by_name()?;
    stage.venue.set_faults("[]")?;
    let well = Instant::now();
    let venue_secs = |time: Duration| time.as_secs_f64() * f64::from(speed);
    match session.ready(READY_MAX) {
        Ok(took) => figures.ready.add(took),
        Err(error) => {
            let detail = match session.process.ended()? {
                Some(status) => format!("it ended, {status}: {error}"),
                None => error.to_string(),
            };
            report.judge(at, vec![Violation::new("not-ready", detail)]);
            return Ok(());
        }
    }
    let mut found = Vec::new();
    let covered = stage.watch.covered_after(well, READY_MAX);
    match covered.map(venue_secs) {
        Some(secs) if secs > COVERED_MAX.secs_f64() => {
            let detail = format!("{secs:.1} s of the venue's clock after all was well again");
            found.push(Violation::new("naked-too-long", detail));
        }
        None => found.push(Violation::new("unprotected", "never covered".to_owned())),
        Some(secs) => figures.covered.add_secs(secs),
    }
    let words = match stage.agree(true, AGREE_MAX)? {
        Ok(books) => {
            let secs = venue_secs(well.elapsed());
            figures.equal.add_secs(secs);
            format!("equal after {secs:.1} s, {} positions", books.positions.len())
        }
        Err(differences) => {
            found.extend(differences);
            "differ".to_owned()
        }
    };
    // What began before all was well does not count from here on.
    stage.watch.take();
    stage.is_ready();
    found.extend(stage.judge_orders()?);
    match ready_again(stage)? {
        Ok(()) => figures.reconciled.add_secs(venue_secs(well.elapsed())),
        Err(violation) => found.push(violation),
    }
    found.extend(trades_again(stage)?);
    let covered = covered.map_or(f64::INFINITY, venue_secs);
    report.say(&format!(
        "{at}: covered {covered:.1} s after all was well, books {words} (venue's clock); {} orders so far",
        stage.counts().1
    ));
    report.judge(at, found);
    Ok(())
}

/// Whether the run says that it is ready, in time.
fn ready_again(stage: &Stage) -> anyhow::Result<Result<(), Violation>> {
    let began = Instant::now();
    loop {
        let beat = heartbeat(&stage.options.account())?;
        if beat.phase == "ready" {
            return Ok(Ok(()));
        }
        if began.elapsed() >= AGREE_MAX {
            return Ok(Err(Violation::new("not-ready", format!("it is still {}", beat.phase))));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The strategy turns around every other minute: new orders come, unless something still blocks them.
fn trades_again(stage: &mut Stage) -> anyhow::Result<Vec<Violation>> {
    let (began, before) = (Instant::now(), stage.counts().1);
    let mut found = Vec::new();
    while began.elapsed() < TRADES_MAX {
        found.extend(stage.judge_orders()?);
        if stage.counts().1 > before {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    found.push(Violation::new("idle", format!("no order within {} s", TRADES_MAX.as_secs())));
    Ok(found)
}
