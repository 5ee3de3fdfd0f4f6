//! The toggles: each is the defaults with one thing changed.
//!
//! The drawdown states are off in all but the first: an account that stops for good in the middle shows when
//! it stopped, not what the toggle does.

use seawall_backtest::RunSettings;
use seawall_engine::{
    EntryOrder, FinalTarget, MarketSettings, ProtectionSettings, RiskSettings, TradeSettings,
};
use seawall_model::{GuardMode, Timeframe};
use seawall_simulator::SimulatorSettings;
use seawall_strategy::smc::HigherTimeframeMode;
use seawall_strategy::{StrategyKind, StrategySettings};

/// The defaults of the configuration with `smc`.
pub(crate) fn defaults() -> RunSettings {
    RunSettings {
        strategy: StrategySettings { name: StrategyKind::Smc, ..StrategySettings::default() },
        risk: RiskSettings::default(),
        protection: ProtectionSettings::default(),
        trade: TradeSettings::default(),
        decisions: seawall_engine::DecisionSettings::default(),
        market: MarketSettings::default(),
        simulator: SimulatorSettings::default(),
        initial_equity: "10000".parse().unwrap(),
        equity_interval: Timeframe::D1,
        seed: 1,
    }
}

/// The defaults without the halts of a drawdown: what the toggles start from.
pub(crate) fn base() -> RunSettings {
    let mut settings = defaults();
    let states = &mut settings.risk.states;
    for halt in [
        &mut states.drawdown_cautious_pct,
        &mut states.drawdown_reduce_only_pct,
        &mut states.drawdown_protect_only_pct,
    ] {
        *halt = None;
    }
    settings
}

type Change = fn(&mut RunSettings);

/// Name and settings of every run; the defaults come first.
pub(crate) fn all() -> Vec<(&'static str, RunSettings)> {
    let changes: [(&'static str, Change); 28] = [
        ("defaults", |run| *run = defaults()),
        ("no drawdown halts", |_| {}),
        ("weekly zone off", |run| run.strategy.smc.higher_tf_mode = HigherTimeframeMode::Off),
        ("weekly zone hard", |run| run.strategy.smc.higher_tf_mode = HigherTimeframeMode::Hard),
        ("order blocks only", |run| only(run, 0)),
        ("fair value gaps only", |run| only(run, 1)),
        ("breaks of structure only", |run| only(run, 2)),
        ("trend only", |run| only(run, 3)),
        ("no premium/discount gate", |run| run.strategy.smc.premium_discount_gate = false),
        ("no Fibonacci gate", |run| run.strategy.smc.fibonacci_gate = false),
        ("ADX from 15", |run| run.strategy.smc.adx_threshold = "15".parse().unwrap()),
        ("every score", |run| every_score(run)),
        ("entry limit_ioc", |run| run.trade.execution.entry_order = EntryOrder::LimitIoc),
        ("entry market", |run| run.trade.execution.entry_order = EntryOrder::Market),
        ("one target", |run| run.trade.multi_tp.enabled = false),
        ("final target closes", |run| run.trade.multi_tp.final_target = FinalTarget::CloseFull),
        ("no break-even", |run| run.trade.management.break_even = false),
        ("no trailing", |run| run.trade.management.trailing = false),
        ("no time exit", |run| run.trade.management.time_exit_bars = 0),
        ("no premise exit", |run| run.trade.management.premise_exit = false),
        ("no abandon ship", |run| run.trade.management.abandon_ship = false),
        ("no fee edge guard", |run| run.risk.fee_edge.multiple = None),
        ("every 15 minutes", |run| run.strategy.smc.evaluate_timeframe = Timeframe::M15),
        ("no limits", |run| run.risk = RiskSettings::without_limits()),
        ("auction acts", |run| run.trade.auction.mode = GuardMode::On),
        ("auction, four places", |run| {
            run.trade.auction.mode = GuardMode::On;
            run.trade.auction.positions_max = 4;
        }),
        ("four places, first come", |run| run.risk.positions_max = 4),
        ("thesis on", |run| run.strategy.smc.thesis.mode = GuardMode::On),
    ];
    changes
        .into_iter()
        .map(|(name, change)| {
            let mut settings = base();
            change(&mut settings);
            (name, settings)
        })
        .collect()
}

/// Only one of order blocks, gaps, breaks and the trend.
fn only(run: &mut RunSettings, wanted: usize) {
    let smc = &mut run.strategy.smc;
    let rungs = [&mut smc.order_block, &mut smc.fair_value_gap, &mut smc.break_of_structure, &mut smc.trend];
    for (number, rung) in rungs.into_iter().enumerate() {
        *rung = number == wanted;
    }
}

fn every_score(run: &mut RunSettings) {
    let smc = &mut run.strategy.smc;
    for least in [
        &mut smc.min_score_tight_smc_aligned,
        &mut smc.min_score_tight_smc_neutral,
        &mut smc.min_score_wide_structure_aligned,
        &mut smc.min_score_wide_structure_neutral,
    ] {
        *least = "0".parse().unwrap();
    }
}
