//! Worlds with a theme: a few faults that strike often, in a setting in which they matter, and no others.
//!
//! A swarm that draws everything evenly seldom has the two or three things together that a subtle defect
//! needs, and where it has them a dozen other faults may be why. A third of the worlds have a theme.

use rust_decimal::Decimal;
use seawall_engine::{EntryOrder, RiskSettings};
use seawall_model::{Percent, Ratio, Timeframe};

use crate::faults::Fault;
use crate::random::{Purpose, Stream};
use crate::strategy::percent;
use crate::strikes::Faults;
use crate::swarm::Plan;

/// What a world is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Entries rest for long, and the operator changes his mind.
    Resting,
    /// Placements whose outcome is unknown for long, on all instruments of an account at its limit.
    Doubt,
    /// Little to trade with: everything fills in pieces, and messages overtake each other.
    Pieces,
    /// The process dies and comes back all the time, on days that lose, in modes.
    Returns,
    /// Stops are refused and do not fill, and emergency closes are late.
    Ladder,
    /// Pictures are old and executions are missed.
    Behind,
}

impl Theme {
    /// Every theme.
    const ALL: [Theme; 6] =
        [Theme::Resting, Theme::Doubt, Theme::Pieces, Theme::Returns, Theme::Ladder, Theme::Behind];

    /// The faults that its worlds know, with the highest rates in parts per million.
    const fn faults(self) -> &'static [(Fault, u32)] {
        match self {
            Theme::Resting => &[
                (Fault::Kill, 60_000),
                (Fault::Mode, 80_000),
                (Fault::Restart, 10_000),
                (Fault::RequestLate, 20_000),
                (Fault::CancelRefused, 50_000),
            ],
            Theme::Doubt => {
                &[(Fault::ReplyLost, 400_000), (Fault::RequestLate, 200_000), (Fault::QueryFailed, 250_000)]
            }
            Theme::Pieces => &[
                (Fault::EventLate, 300_000),
                (Fault::EventDoubled, 200_000),
                (Fault::ManualClose, 10_000),
                (Fault::Close, 30_000),
            ],
            Theme::Returns => &[
                (Fault::Crash, 30_000),
                (Fault::Killed, 60_000),
                (Fault::Restart, 30_000),
                (Fault::Mode, 60_000),
                (Fault::Close, 20_000),
            ],
            Theme::Ladder => &[
                (Fault::StopRefused, 700_000),
                (Fault::TriggerRefused, 300_000),
                (Fault::RequestLate, 200_000),
                (Fault::PlacementRefused, 60_000),
                (Fault::ReplyLost, 60_000),
            ],
            Theme::Behind => &[
                (Fault::QueryStale, 400_000),
                (Fault::QueryTruncated, 300_000),
                (Fault::StreamGapCut, 80_000),
                (Fault::ManualTrade, 20_000),
                (Fault::EventLost, 30_000),
            ],
        }
    }
}

/// Gives a world its theme, if it has one.
pub(crate) fn apply(seed: u64, plan: &mut Plan) {
    let mut draws = Stream::new(seed, Purpose::Theme);
    if !draws.chance(350_000) {
        return;
    }
    let Some(theme) = draws.pick(Theme::ALL) else { return };
    plan.faults = Faults::none(seed);
    for (fault, highest) in theme.faults() {
        // One in five is left out, so that the others meet without it.
        if draws.chance(800_000) {
            let highest = i64::from(*highest);
            plan.faults.set(*fault, u32::try_from(draws.range(highest / 4, highest)).unwrap_or(0));
        }
    }
    match theme {
        Theme::Resting => {
            plan.patient = true;
            plan.settings.trade.execution.entry_order = EntryOrder::Limit;
        }
        Theme::Doubt => {
            plan.market.instruments = plan.market.instruments.max(3);
            plan.eagerness = draws.range(40, 80);
            plan.patient = true;
            plan.timeframe = Timeframe::M1;
            plan.stagger = draws.millis(4_000, 12_000);
            plan.settings.trade.execution.entry_order = EntryOrder::Limit;
            plan.settings.risk = RiskSettings::without_limits();
            plan.settings.risk.leverage_max = Ratio::new(Decimal::new(draws.range(10, 30), 1));
            plan.settings.risk.risk_per_trade_pct = percent(draws.range(50, 150));
        }
        Theme::Pieces | Theme::Ladder => {
            let share = percent(draws.range(300, 3_000));
            plan.simulator.volume_limit_pct =
                (theme == Theme::Pieces || draws.chance(500_000)).then_some(share);
            plan.settings.trade.execution.entry_order = EntryOrder::Limit;
        }
        Theme::Returns => {
            plan.eagerness = draws.range(30, 60);
            plan.settings.risk = RiskSettings::without_limits();
            plan.settings.risk.risk_per_trade_pct = percent(draws.range(60, 100));
            plan.settings.risk.daily_loss_max_pct = Some(Percent::new(Decimal::new(draws.range(20, 50), 1)));
        }
        Theme::Behind => {}
    }
}
