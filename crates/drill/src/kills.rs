//! `kill -9` at random moments of a busy run, again and again; the judge looks after each restart.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Common;
use crate::dice::Dice;
use crate::oracle::Violation;
use crate::report::{Report, Times};
use crate::session::{Mode, Session};
use crate::stage::{AGREE_MAX, READY_MAX, Stage, judge_replay};
use crate::venue::VenueOptions;

/// What the drill is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct KillsArgs {
    /// How often the run is killed.
    #[arg(long, default_value_t = 20)]
    pub(crate) times: u32,
    /// Instruments that are traded. Each that has an order on its way at the kill costs questions about
    /// history, of which the venue allows 100 in ten minutes.
    #[arg(long, default_value_t = 8)]
    pub(crate) instruments: u32,
    /// Where the run's orders go: `live` to the exchange, `paper` to one simulated in the process.
    #[arg(long, value_enum, default_value_t = Mode::Live)]
    pub(crate) mode: Mode,
    /// Seconds of the exchange's clock per second.
    #[arg(long, default_value_t = 20)]
    pub(crate) speed: u32,
}

/// Rounds without progress after which a drill gives up.
const FAILURES_MAX: usize = 5;
/// One in so many kills hits a run that is still starting.
const EARLY_ONE_IN: u64 = 5;

#[derive(Default)]
struct Figures {
    ready: Times,
    protected: Times,
    naked: Times,
    outages: Times,
    kills: u32,
    early: u32,
}

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &KillsArgs, common: &Common) -> anyhow::Result<bool> {
    if args.mode == Mode::Paper {
        return crate::paper_kills::run(args, common);
    }
    let mut report = Report::begin("kills", common)?;
    let folder = report.folder.clone();
    let options = VenueOptions::new(common.seed, args.speed, args.instruments);
    let mut stage = Stage::set(&common.binary()?, folder, &options)?;
    let mut dice = Dice::new(common.seed);
    let mut figures = Figures::default();
    let mut killed: Option<Instant> = None;
    while figures.kills < args.times && report.broken() < FAILURES_MAX {
        round(&mut stage, &mut dice, &mut figures, &mut killed, &mut report)?;
    }
    last(&mut stage, &mut figures, &mut report)?;
    let (written, reached) = stage.counts();
    report.figure("kills", json!(figures.kills));
    report.figure("of them before it was ready", json!(figures.early));
    report.figure("orders written", json!(written));
    report.figure("orders at the venue", json!(reached));
    report.figure("start to ready", figures.ready.json());
    report.figure("start to every position covered", figures.protected.json());
    report.figure("without cover while ready, venue's clock", figures.naked.json());
    report.figure("kill to the next start's readiness", figures.outages.json());
    report.end()
}

/// A start, the judgement, some trading, the kill.
fn round(
    stage: &mut Stage,
    dice: &mut Dice,
    figures: &mut Figures,
    killed: &mut Option<Instant>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let number = figures.kills + 1;
    let at = format!("kill {number}");
    let mut session = stage.run()?;
    if dice.below(EARLY_ONE_IN) == 0 {
        let until_ready =
            u64::try_from(Duration::from_secs_f64(figures.ready.quantile(0.5).max(1.0)).as_millis());
        std::thread::sleep(Duration::from_millis(dice.below(until_ready.unwrap_or(1_000))));
        figures.early += 1;
    } else if ready(stage, &session, &at, figures, killed, report)? {
        busy(stage, &mut session, dice)?;
    }
    kill(stage, &mut session, &at, report)?;
    killed.get_or_insert_with(Instant::now);
    figures.kills += 1;
    Ok(())
}

/// Waits for readiness and judges; whether it became ready.
fn ready(
    stage: &mut Stage,
    session: &Session,
    at: &str,
    figures: &mut Figures,
    killed: &mut Option<Instant>,
    report: &mut Report,
) -> anyhow::Result<bool> {
    let took = match session.ready(READY_MAX) {
        Ok(took) => took,
        Err(error) => {
            report.judge(at, vec![Violation::new("not-ready", error.to_string())]);
            return Ok(false);
        }
    };
    stage.is_ready();
    let protected = stage.watch.covered_after(session.process.started, READY_MAX);
    if let Some(protected) = protected {
        figures.protected.add(protected);
    }
    figures.ready.add(took);
    if let Some(killed) = killed.take() {
        figures.outages.add(killed.elapsed());
    }
    report.judge(at, stage.judge_orders()?);
    let mut words = "books differ".to_owned();
    match stage.agree(true, AGREE_MAX)? {
        Ok(books) => {
            let (times, found) = stage.judge_cover(books.naked_bound);
            times.iter().for_each(|secs| figures.naked.add_secs(*secs));
            report.judge(at, found);
            words = format!(
                "{} positions, {} orders, {:.2} USD, adjusted by {}",
                books.positions.len(),
                books.live.len(),
                books.wallet,
                books.adjustments
            );
        }
        Err(found) => report.judge(at, found),
    }
    let protected = protected.map_or(f64::INFINITY, |protected| protected.as_secs_f64());
    let (_, reached) = stage.counts();
    report.say(&format!(
        "{at}: covered after {protected:.2} s, ready after {:.2} s; {words}; {reached} orders so far",
        took.as_secs_f64()
    ));
    Ok(true)
}

/// Lets it trade: either some time, or until just after something has happened at the venue.
fn busy(stage: &Stage, session: &mut Session, dice: &mut Dice) -> anyhow::Result<()> {
    let began = Instant::now();
    let patience = Duration::from_millis(dice.below(9_000));
    if dice.below(2) == 0 {
        std::thread::sleep(patience);
    } else {
        let before = stage.venue.state()?;
        while began.elapsed() < patience + Duration::from_secs(6) && stage.venue.state()?.is_like(&before) {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(dice.below(400)));
    }
    anyhow::ensure!(session.process.ended()?.is_none(), "the run ended by itself: see its log");
    Ok(())
}

fn kill(stage: &mut Stage, session: &mut Session, at: &str, report: &mut Report) -> anyhow::Result<()> {
    // Only what began and ended while somebody was there to protect counts.
    if let Some(books) = stage.books().ok().flatten() {
        let (_, found) = stage.judge_cover(books.naked_bound);
        report.judge(at, found);
    }
    session.process.kill()?;
    report.judge(at, stage.judge_orders()?);
    if let Ok(start) = stage.newest() {
        report.judge(at, judge_replay(&start)?);
    }
    Ok(())
}

/// The last start ends by itself, with everything in order.
fn last(stage: &mut Stage, figures: &mut Figures, report: &mut Report) -> anyhow::Result<()> {
    let mut session = stage.run()?;
    let is_ready = ready(stage, &session, "the last start", figures, &mut None, report)?;
    let status = session.process.stop(Duration::from_secs(40))?;
    if is_ready && !status.success() {
        let said = session.process.lines().pop().unwrap_or_default();
        report.judge("the end", vec![Violation::new("exit", format!("{status}: {said}"))]);
    }
    report.judge("the end", stage.judge_orders()?);
    Ok(())
}
