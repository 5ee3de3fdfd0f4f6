//! The network between run and exchange is cut, held and made deaf; PostgreSQL is stopped under a
//! running run.

use std::time::{Duration, Instant};

use seawall_model::Span;
use serde_json::json;

use crate::Common;
use crate::oracle::Violation;
use crate::postgres::Postgres;
use crate::proxy::{Network, Proxy};
use crate::report::Report;
use crate::session::Session;
use crate::stage::{AGREE_MAX, READY_MAX, Stage};
use crate::venue::VenueOptions;

/// What the drill is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct CutsArgs {
    /// How long, in seconds of the exchange's clock; one cut of each kind for each.
    #[arg(long, value_delimiter = ',', default_value = "1,30,600")]
    pub(crate) seconds: Vec<u32>,
    /// How the network fails.
    #[arg(long, value_delimiter = ',', value_enum, default_value = "cut,held,deaf")]
    pub(crate) kinds: Vec<Network>,
    /// Seconds of the exchange's clock per second.
    #[arg(long, default_value_t = 10)]
    pub(crate) speed: u32,
    /// Instruments that are traded.
    #[arg(long, default_value_t = 10)]
    pub(crate) instruments: u32,
    /// How long PostgreSQL is stopped, in seconds; 0: not at all.
    #[arg(long, default_value_t = 20)]
    pub(crate) postgres: u32,
}

/// When the network is back, everything is covered within this time of the exchange's clock.
const COVERED_MAX: Span = Span::from_secs(60);

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &CutsArgs, common: &Common) -> anyhow::Result<bool> {
    let mut report = Report::begin("cuts", common)?;
    if !args.seconds.is_empty() && !args.kinds.is_empty() {
        network(args, common, &mut report)?;
    }
    if args.postgres > 0 {
        postgres(args, common, &mut report)?;
    }
    report.end()
}

fn network(args: &CutsArgs, common: &Common, report: &mut Report) -> anyhow::Result<()> {
    let folder = report.part("network")?;
    let options = VenueOptions::new(common.seed, args.speed, args.instruments);
    let mut stage = Stage::set(&common.binary()?, folder, &options)?;
    let proxy = Proxy::start(stage.venue.address, common.seed)?;
    stage.through(proxy.address);
    let mut session = stage.run()?;
    let ready = session.ready(READY_MAX)?;
    stage.is_ready();
    report.say(&format!("ready after {:.1} s", ready.as_secs_f64()));
    for seconds in &args.seconds {
        for kind in &args.kinds {
            cut(&mut stage, &proxy, (*kind, *seconds), args.speed, report)?;
            if let Some(status) = session.process.ended()? {
                let said = session.process.lines().pop().unwrap_or_default();
                report.judge("the network", vec![Violation::new("exit", format!("{status}: {said}"))]);
                return Ok(());
            }
        }
    }
    session.process.stop(Duration::from_secs(40))?;
    report.judge("the end", stage.judge_orders()?);
    Ok(())
}

/// One cut in the middle of trading.
fn cut(
    stage: &mut Stage,
    proxy: &Proxy,
    (kind, seconds): (Network, u32),
    speed: u32,
    report: &mut Report,
) -> anyhow::Result<()> {
    let at = format!("{} for {seconds} s", kind.name());
    something_happens(stage)?;
    proxy.set(kind);
    std::thread::sleep(Duration::from_secs(u64::from(seconds)) / speed.max(1));
    proxy.set(Network::Up);
    let back = Instant::now();
    let covered = stage.watch.covered_after(back, READY_MAX);
    let agreed = stage.agree(true, AGREE_MAX)?;
    let agreement = back.elapsed();
    // Nobody could protect while it was cut; what began before it was back does not count here.
    stage.watch.take();
    stage.is_ready();
    report.judge(&at, stage.judge_orders()?);
    let venue_secs = |time: Duration| time.as_secs_f64() * f64::from(speed);
    let mut found = Vec::new();
    match covered {
        Some(covered) if venue_secs(covered) > COVERED_MAX.secs_f64() => {
            let detail = format!("{:.1} s of the venue's clock after it was back", venue_secs(covered));
            found.push(Violation::new("naked-too-long", detail));
        }
        None => found.push(Violation::new("unprotected", "never covered".to_owned())),
        Some(_) => {}
    }
    let words = match agreed {
        Ok(books) => format!("{} positions, adjusted by {}", books.positions.len(), books.adjustments),
        Err(differences) => {
            found.extend(differences);
            "books differ".to_owned()
        }
    };
    report.judge(&at, found);
    let covered = covered.map_or(f64::INFINITY, venue_secs);
    report.say(&format!(
        "{at}: covered {covered:.1} s after it was back, books equal after {:.1} s (venue's clock); {words}",
        venue_secs(agreement)
    ));
    let round = |secs: f64| (secs * 10.0).round() / 10.0;
    let figures = json!({ "covered_s": round(covered), "books_equal_s": round(venue_secs(agreement)) });
    report.figure(&at, figures);
    Ok(())
}

/// Waits until orders or positions have just changed.
fn something_happens(stage: &Stage) -> anyhow::Result<()> {
    let (began, before) = (Instant::now(), stage.venue.state()?);
    while began.elapsed() < READY_MAX && stage.venue.state()?.is_like(&before) {
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn postgres(args: &CutsArgs, common: &Common, report: &mut Report) -> anyhow::Result<()> {
    let Some(mut server) = Postgres::start()? else {
        report.say("SKIPPED: PostgreSQL is not installed (Debian: apt-get install postgresql)");
        return Ok(());
    };
    let folder = report.part("postgres")?;
    let options = VenueOptions::new(common.seed, args.speed, args.instruments);
    let mut stage = Stage::set(&common.binary()?, folder, &options)?;
    stage.options.database = Some(server.url());
    let mut session = stage.run()?;
    session.ready(READY_MAX)?;
    stage.is_ready();
    something_happens(&stage)?;
    server.stop();
    let stopped = Instant::now();
    std::thread::sleep(Duration::from_secs(u64::from(args.postgres)));
    equal(&mut stage, "PostgreSQL stopped", report)?;
    report.say(&format!("PostgreSQL stopped for {:.0} s: books equal", stopped.elapsed().as_secs_f64()));
    // A start while it is away.
    session.process.kill()?;
    let mut session = stage.run()?;
    let took = session.ready(READY_MAX)?;
    stage.is_ready();
    equal(&mut stage, "a start without PostgreSQL", report)?;
    report.say(&format!("a start without PostgreSQL: ready after {:.1} s", took.as_secs_f64()));
    report.figure("a start without PostgreSQL: ready, s", json!((took.as_secs_f64() * 10.0).round() / 10.0));
    server.run()?;
    something_happens(&stage)?;
    equal(&mut stage, "PostgreSQL is back", report)?;
    rows(&mut stage, &server, &mut session, report)
}

fn equal(stage: &mut Stage, at: &str, report: &mut Report) -> anyhow::Result<()> {
    report.judge(at, stage.judge_orders()?);
    match stage.agree(true, AGREE_MAX)? {
        Ok(books) => {
            let (_, found) = stage.judge_cover(books.naked_bound);
            report.judge(at, found);
        }
        Err(found) => report.judge(at, found),
    }
    Ok(())
}

/// After the end of the run the server has every order that the newest journal has let go.
fn rows(
    stage: &mut Stage,
    server: &Postgres,
    session: &mut Session,
    report: &mut Report,
) -> anyhow::Result<()> {
    session.process.stop(Duration::from_secs(40))?;
    let placed = crate::books::placed(&stage.newest()?)?;
    let schema = server.sql(
        "SELECT table_schema FROM information_schema.tables WHERE table_name = 'orders' \
         AND table_schema LIKE 'seawall%' ORDER BY table_schema DESC LIMIT 1",
    )?;
    let known = server.sql(&format!("SELECT client_order_id FROM {schema}.orders"))?;
    let missing = placed.iter().filter(|id| !known.lines().any(|line| line == id.as_str())).count();
    if missing > 0 {
        let detail = format!("{missing} of {} orders are not in {schema}", placed.len());
        report.judge("PostgreSQL is back", vec![Violation::new("rows", detail)]);
    }
    report.say(&format!("PostgreSQL is back: {} orders of the start are in it", placed.len() - missing));
    Ok(())
}
