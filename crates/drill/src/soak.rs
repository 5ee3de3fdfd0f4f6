//! A long busy run in accelerated time: every bounded queue stays below its bound, memory stays, books
//! stay equal.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Common;
use crate::heartbeat::heartbeat;
use crate::oracle::Violation;
use crate::report::{Report, Times};
use crate::session::Session;
use crate::stage::{AGREE_MAX, NEVER_STILL, READY_MAX, Stage, judge_replay};
use crate::venue::VenueOptions;

/// What the drill is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct SoakArgs {
    /// How long, in minutes of the exchange's clock.
    #[arg(long, default_value_t = 120)]
    pub(crate) minutes: u32,
    /// Seconds of the exchange's clock per second.
    #[arg(long, default_value_t = 20)]
    pub(crate) speed: u32,
    /// Instruments that are traded.
    #[arg(long, default_value_t = 20)]
    pub(crate) instruments: u32,
    /// Most memory of the run, in MiB.
    #[arg(long, default_value_t = 150)]
    pub(crate) memory: u64,
}

/// Pause between two judgements.
const JUDGE_EVERY: Duration = Duration::from_secs(20);

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &SoakArgs, common: &Common) -> anyhow::Result<bool> {
    let mut report = Report::begin("soak", common)?;
    let options = VenueOptions::new(common.seed, args.speed, args.instruments);
    let mut stage = Stage::set(&common.binary()?, report.folder.clone(), &options)?;
    let mut session = stage.run()?;
    session.ready(READY_MAX)?;
    stage.is_ready();
    let length = Duration::from_secs(u64::from(args.minutes) * 60) / args.speed.max(1);
    let (began, mut naked) = (Instant::now(), Times::default());
    let (mut early, mut compared) = (None, 0_u32);
    while began.elapsed() < length && report.broken() == 0 {
        std::thread::sleep(JUDGE_EVERY.min(length.saturating_sub(began.elapsed())));
        compared += u32::from(judge(&mut stage, &mut session, &mut naked, &mut report)?);
        early = early.or_else(|| session.process.memory_max_kib());
    }
    if compared == 0 {
        let detail = "the venue never stood still, so books were never compared".to_owned();
        report.judge("the end", vec![Violation::new(NEVER_STILL, detail)]);
    }
    report.figure("times that books were compared", json!(compared));
    ended(args, &mut stage, &mut session, &mut report)?;
    report.figure("memory after the first judgement, MiB", json!(early.map(|kib| kib / 1_024)));
    report.figure("without cover while ready, venue's clock", naked.json());
    report.figure(
        "memory of the exchange at most, MiB",
        json!(stage.venue.memory_max_kib().map(|kib| kib / 1_024)),
    );
    session.process.stop(Duration::from_secs(40))?;
    report.judge("the end", judge_replay(&stage.newest()?)?);
    report.end()
}

/// One look; whether books and venue could be compared and agreed.
fn judge(
    stage: &mut Stage,
    session: &mut Session,
    naked: &mut Times,
    report: &mut Report,
) -> anyhow::Result<bool> {
    if let Some(status) = session.process.ended()? {
        let said = session.process.lines().pop().unwrap_or_default();
        report.judge("the run", vec![Violation::new("exit", format!("{status}: {said}"))]);
        return Ok(false);
    }
    report.judge("the run", stage.judge_orders()?);
    let compared = stage.agree(true, AGREE_MAX)?;
    let is_compared = compared.is_ok();
    match compared {
        Ok(books) => {
            let (times, found) = stage.judge_cover(books.naked_bound);
            times.iter().for_each(|secs| naked.add_secs(*secs));
            report.judge("the run", found);
        }
        // With so many instruments something always happens: the next judgement may find a moment.
        Err(found) if found.iter().all(|one| one.rule == NEVER_STILL) => {
            report.say("no moment at which the venue stood still: books were not compared");
        }
        Err(found) => report.judge("the run", found),
    }
    let beat = heartbeat(&stage.options.account())?;
    let fullest = beat.queues.iter().max_by_key(|mark| mark.most * 1_000 / mark.bound.max(1));
    let fullest = fullest.map(|mark| format!("{} {} of {}", mark.queue, mark.most, mark.bound));
    let memory = session.process.memory_max_kib().unwrap_or_default() / 1_024;
    report.say(&format!(
        "{}, {} inputs, {} orders, {memory} MiB at most; fullest queue: {}",
        beat.phase,
        beat.inputs,
        stage.counts().1,
        fullest.unwrap_or_default()
    ));
    Ok(is_compared)
}

/// Bounds of queues and of memory.
fn ended(
    args: &SoakArgs,
    stage: &mut Stage,
    session: &mut Session,
    report: &mut Report,
) -> anyhow::Result<()> {
    let beat = heartbeat(&stage.options.account())?;
    for mark in &beat.queues {
        report.figure(&format!("queue: {}", mark.queue), json!([mark.most, mark.bound]));
        if mark.most >= mark.bound {
            let detail = format!("{}: {} waited, the bound is {}", mark.queue, mark.most, mark.bound);
            report.judge("the end", vec![Violation::new("queue", detail)]);
        }
    }
    let memory = session.process.memory_max_kib().unwrap_or_default() / 1_024;
    if memory > args.memory {
        report.judge("the end", vec![Violation::new("memory", format!("{memory} MiB"))]);
    }
    report.figure("memory at most, MiB", json!(memory));
    report.figure("inputs", json!(beat.inputs));
    report.figure("orders at the venue", json!(stage.counts().1));
    Ok(())
}
