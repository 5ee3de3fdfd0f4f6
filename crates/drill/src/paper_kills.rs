//! The drill of [`crate::kills`] on paper: the exchange's market, executions within the process.

use std::time::Duration;

use serde_json::json;

use crate::Common;
use crate::dice::Dice;
use crate::kills::KillsArgs;
use crate::oracle::Violation;
use crate::paper::{Account, covered};
use crate::report::{Report, Times};
use crate::session::{Mode, Session};
use crate::stage::{READY_MAX, Stage};
use crate::venue::VenueOptions;

/// How long it may take until everything is covered. Nothing of it is on a network.
const COVERED_MAX: Duration = Duration::from_secs(20);
/// Broken rules after which a drill gives up.
const FAILURES_MAX: usize = 5;
/// One in so many kills hits a run that is still starting.
const EARLY_ONE_IN: u64 = 5;

#[derive(Default)]
struct Figures {
    ready: Times,
    covered: Times,
    kills: u32,
    early: u32,
}

/// Runs the drill; whether it passed.
///
/// # Errors
/// The programs cannot be run.
pub(crate) fn run(args: &KillsArgs, common: &Common) -> anyhow::Result<bool> {
    let mut report = Report::begin("kills-on-paper", common)?;
    let folder = report.folder.clone();
    let options = VenueOptions::new(common.seed, args.speed, args.instruments);
    let mut stage = Stage::set(&common.binary()?, folder, &options)?;
    stage.options.mode = Mode::Paper;
    // Enough for all instruments at once, like the account at the exchange.
    stage.options.set.push("run.paper_equity=1000000".to_owned());
    let mut dice = Dice::new(common.seed);
    let mut figures = Figures::default();
    let mut account = Account::default();
    while figures.kills < args.times && report.broken() < FAILURES_MAX {
        round(&mut stage, &mut dice, (&mut figures, &mut account), &mut report)?;
    }
    report.figure("kills", json!(figures.kills));
    report.figure("of them before it was ready", json!(figures.early));
    report.figure("orders", json!(account.orders()));
    report.figure("executions", json!(account.fills));
    report.figure("start to ready", figures.ready.json());
    report.figure("ready to every position covered", figures.covered.json());
    report.end()
}

/// A start, some trading, the kill, and what the state is by then.
fn round(
    stage: &mut Stage,
    dice: &mut Dice,
    (figures, account): (&mut Figures, &mut Account),
    report: &mut Report,
) -> anyhow::Result<()> {
    let at = format!("kill {}", figures.kills + 1);
    let mut session = stage.run()?;
    if dice.below(EARLY_ONE_IN) == 0 {
        std::thread::sleep(Duration::from_millis(dice.below(1_000)));
        figures.early += 1;
    } else {
        let took = match session.ready(READY_MAX) {
            Ok(took) => took,
            Err(error) => {
                report.judge(&at, vec![Violation::new("not-ready", error.to_string())]);
                return session.process.kill();
            }
        };
        figures.ready.add(took);
        match covered(&stage.newest()?, COVERED_MAX)? {
            Ok(after) => figures.covered.add(after),
            Err(found) => report.judge(&at, found),
        }
        busy(&mut session, dice)?;
        let secs = took.as_secs_f64();
        let (orders, fills) = (account.orders(), account.fills);
        report.say(&format!("{at}: ready after {secs:.2} s; {orders} orders, {fills} executions before it"));
    }
    session.process.kill()?;
    figures.kills += 1;
    if let Ok(start) = stage.newest() {
        report.judge(&at, account.see(&start)?);
    }
    Ok(())
}

fn busy(session: &mut Session, dice: &mut Dice) -> anyhow::Result<()> {
    std::thread::sleep(Duration::from_millis(dice.below(6_000)));
    anyhow::ensure!(session.process.ended()?.is_none(), "the run ended by itself: see its log");
    Ok(())
}
