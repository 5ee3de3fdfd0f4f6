//! Two starts at once: exactly one runs, the other one says why it does not; and after `kill -9` the next
//! start needs no clean-up.

use std::time::Duration;

use serde_json::json;

use crate::Common;
use crate::oracle::Violation;
use crate::report::{Report, Times};
use crate::session::{Session, starts};
use crate::stage::{AGREE_MAX, READY_MAX, Stage};
use crate::venue::VenueOptions;

/// What the drill is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct TwoStartsArgs {
    /// How often.
    #[arg(long, default_value_t = 10)]
    pub(crate) times: u32,
}

/// The code of a start that found another one.
const LOCKED: i32 = 3;

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &TwoStartsArgs, common: &Common) -> anyhow::Result<bool> {
    let mut report = Report::begin("two-starts", common)?;
    let options = VenueOptions::new(common.seed, 10, 3);
    let mut stage = Stage::set(&common.binary()?, report.folder.clone(), &options)?;
    let mut ready = Times::default();
    for number in 1..=args.times {
        let at = format!("pair {number}");
        let before = starts(&stage.options.account())?.len();
        let pair = [stage.run()?, stage.run()?];
        if let Some((mut winner, took)) = race(pair, &at, &mut report)? {
            ready.add(took);
            let made = starts(&stage.options.account())?.len() - before;
            if made != 1 {
                report.judge(&at, vec![Violation::new("two-runs", format!("{made} folders were made"))]);
            }
            report.judge(&at, stage.judge_orders()?);
            if let Err(found) = stage.agree(true, AGREE_MAX)? {
                report.judge(&at, found);
            }
            winner.process.kill()?;
            report.judge(&at, stage.judge_orders()?);
        }
        if report.broken() > 3 {
            break;
        }
    }
    report.say(&format!("{} pairs; ready: {}", args.times, ready.text()));
    report.figure("pairs", json!(args.times));
    report.figure("start to ready", ready.json());
    report.end()
}

/// Waits until one of the two is ready and the other one has ended; gives the one that runs.
fn race(pair: [Session; 2], at: &str, report: &mut Report) -> anyhow::Result<Option<(Session, Duration)>> {
    let mut running = Vec::new();
    for mut session in pair {
        match session.ready(READY_MAX) {
            Ok(took) => running.push((session, took)),
            Err(_) => {
                let status = session.process.wait(Duration::from_secs(5))?;
                if status.code() != Some(LOCKED) {
                    let said = session.process.lines().pop().unwrap_or_default();
                    report.judge(at, vec![Violation::new("exit", format!("{status}: {said}"))]);
                }
            }
        }
    }
    let count = running.len();
    if count != 1 {
        report.judge(at, vec![Violation::new("two-runs", format!("{count} of two starts run"))]);
    }
    Ok(running.pop())
}
