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

fn stage(gate: Gate) -> Stage {
    match gate {
        Gate::StartUp
        | Gate::Stale
        | Gate::DataQuality
        | Gate::WarmUp
        | Gate::Signal
        | Gate::Bias
        | Gate::Structure
        | Gate::Freshness
        | Gate::ThesisExit
        | Gate::Rebalance
        | Gate::PositionOpen => Stage::Search,
        Gate::Adx
        | Gate::StructureChange
        | Gate::ChangeDirection
        | Gate::Reconfirmation
        | Gate::ZoneDistance
        | Gate::RsiDivergence
        | Gate::WeeklyZone
        | Gate::Thesis
        | Gate::ThesisScore
        | Gate::SignalCooldown
        | Gate::Levels
        | Gate::RewardRisk
        | Gate::Fibonacci
        | Gate::Premium
        | Gate::Score
        | Gate::EntryDistance
        | Gate::Repeat => Stage::Setup,
        Gate::SystemMode
        | Gate::Phase
        | Gate::Difference
        | Gate::EntryPending
        | Gate::StopRequired
        | Gate::StopSide
        | Gate::Size
        | Gate::MinNotional
        | Gate::Leverage
        | Gate::Margin
        | Gate::MaxPositions
        | Gate::Liquidation
        | Gate::ShortSelling
        | Gate::Capacity
        | Gate::KillSwitch
        | Gate::DailyLoss
        | Gate::WeeklyLoss
        | Gate::Drawdown
        | Gate::LossStreak
        | Gate::SymbolCooldown
        | Gate::CloseCooldown
        | Gate::Shock
        | Gate::FeeEdge
        | Gate::TradeLoss
        | Gate::InstrumentExposure
        | Gate::PositionMargin
        | Gate::ClusterExposure
        | Gate::SignalAge
        | Gate::Basis
        | Gate::MarginUse
        | Gate::StalePeak
        | Gate::Candidate
        | Gate::EntriesEnabled
        | Gate::ReversalsEnabled
        | Gate::Churn
        | Gate::AntiFlip
        | Gate::Chop
        | Gate::AuctionValue
        | Gate::AuctionSymbol
        | Gate::AuctionPace
        | Gate::AuctionReduced
        | Gate::AuctionPositions
        | Gate::AuctionCluster
        | Gate::AuctionMargin
        | Gate::AuctionSwap
        | Gate::Universe
        | Gate::UniverseVolume
        | Gate::UniverseSpread
        | Gate::TierNotional
        | Gate::LeverageSet
        | Gate::DataState
        | Gate::DataHealth
        | Gate::QuoteAge
        | Gate::QuoteSpread
        | Gate::BookDepth => Stage::Plan,
    }
}
