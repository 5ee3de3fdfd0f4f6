//! Which refusals were of something that could have been an entry.

use seawall_model::Gate;

use crate::collect::Outcome;

/// How far a candidate has come when a gate is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// There may be no setup yet: also gates that refuse candles with and without one.
    Search,
    /// There is a setup.
    Setup,
    /// There is a complete plan of the strategy.
    Plan,
}

/// Setups that were found and then refused.
pub(super) fn of_setups(outcome: &Outcome) -> u64 {
    of(outcome, |stage| stage >= Stage::Setup)
}

/// Complete plans that were refused by risk or the state of the system.
pub(super) fn of_plans(outcome: &Outcome) -> u64 {
    of(outcome, |stage| stage >= Stage::Plan)
}

fn of(outcome: &Outcome, wanted: fn(Stage) -> bool) -> u64 {
    outcome.decisions.by_gate().filter(|(gate, _)| wanted(stage(*gate))).map(|(_, count)| count).sum()
}

macro_rules! stages {
    ($($stage:ident: $($gate:ident)+;)+) => {
        fn stage(gate: Gate) -> Stage {
            match gate {
                $($(Gate::$gate)|+ => Stage::$stage,)+
            }
        }
    };
}

stages! {
    Search: StartUp Stale DataQuality WarmUp Signal Bias Structure Freshness ThesisExit Rebalance
        PositionOpen;
    Setup: Adx StructureChange ChangeDirection Reconfirmation ZoneDistance RsiDivergence WeeklyZone
        Thesis ThesisScore SignalCooldown Levels RewardRisk Fibonacci Premium Score EntryDistance Repeat;
    Plan: SystemMode Phase Difference EntryPending StopRequired StopSide Size MinNotional Leverage Margin
        MaxPositions Liquidation ShortSelling Capacity KillSwitch DailyLoss WeeklyLoss Drawdown
        LossStreak SymbolCooldown CloseCooldown Shock FeeEdge TradeLoss InstrumentExposure PositionMargin
        ClusterExposure SignalAge Basis MarginUse StalePeak Candidate EntriesEnabled ReversalsEnabled
        Churn AntiFlip Chop AuctionValue AuctionSymbol AuctionPace AuctionReduced AuctionPositions
        AuctionCluster AuctionMargin AuctionSwap Universe UniverseVolume UniverseSpread TierNotional
        LeverageSet DataState DataHealth QuoteAge QuoteSpread BookDepth Trading;
}
