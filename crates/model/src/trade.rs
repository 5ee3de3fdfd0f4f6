//! Trades: a position from its first fill until it is flat, with what it cost and why it ended.

use serde::{Deserialize, Serialize};

use crate::decimal::Money;
use crate::instrument::InstrumentId;
use crate::position::PositionSide;
use crate::time::{Span, Ts};
use crate::units::{PriceUnits, QtyUnits};

/// What made the strategy enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setup {
    /// Fast average crossed the slow one.
    EmaCross,
    /// An order block on the decision timeframe.
    OrderBlock,
    /// A fair value gap on the decision timeframe.
    FairValueGap,
    /// A break of structure on the decision timeframe.
    BreakOfStructure,
    /// The trend alone.
    Trend,
    /// Found at the venue, not opened by us.
    Adopted,
    /// A signal from outside.
    Signal,
}

impl Setup {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Setup::EmaCross => "ema_cross",
            Setup::OrderBlock => "order_block",
            Setup::FairValueGap => "fair_value_gap",
            Setup::BreakOfStructure => "break_of_structure",
            Setup::Trend => "trend",
            Setup::Adopted => "adopted",
            Setup::Signal => "signal",
        }
    }

    /// The regime that the setup trades in: how far stops and targets lie.
    #[must_use]
    pub const fn regime(self) -> &'static str {
        match self {
            Setup::EmaCross => "cross",
            Setup::OrderBlock | Setup::FairValueGap => "tight_smc",
            Setup::BreakOfStructure | Setup::Trend => "wide_structure",
            Setup::Adopted => "adopted",
            Setup::Signal => "signal",
        }
    }
}

/// Why (part of) a position was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// The resting stop filled where it was first put.
    StopLoss,
    /// The resting stop filled after it was moved to the entry price.
    BreakEven,
    /// The resting stop filled after it had followed the price.
    TrailingStop,
    /// Resting take-profit number n filled.
    TakeProfit(u8),
    /// The strategy's exit signal.
    Signal,
    /// The strategy turned around.
    Reversal,
    /// What the entry was made for is gone: a close beyond the price that makes the setup wrong.
    Premise,
    /// The bias of the higher timeframe turned against the position.
    AbandonShip,
    /// Held for as long as allowed without reaching the first take-profit.
    TimeExit,
    /// The operator.
    Manual,
    /// The system was flattened.
    Flatten,
    /// The stop could not be placed, or did not fill after its trigger.
    Unprotected,
    /// Liquidated or deleveraged by the venue.
    Liquidation,
    /// Closed at the venue by somebody else.
    External,
    /// Reduced or closed in a price shock, too near its liquidation.
    Shock,
    /// Reduced because it had become too large a part of the account.
    Rebalance,
    /// Closed by the auction: for a better entry, or because it no longer fits under its limits.
    Auction,
}

impl ExitReason {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ExitReason::StopLoss => "stop_loss",
            ExitReason::BreakEven => "break_even",
            ExitReason::TrailingStop => "trailing_stop",
            ExitReason::TakeProfit(1) => "take_profit_1",
            ExitReason::TakeProfit(2) => "take_profit_2",
            ExitReason::TakeProfit(_) => "take_profit_3",
            ExitReason::Signal => "exit_signal",
            ExitReason::Reversal => "reversal",
            ExitReason::Premise => "premise_invalidation",
            ExitReason::AbandonShip => "abandon_ship",
            ExitReason::TimeExit => "time_based",
            ExitReason::Manual => "manual",
            ExitReason::Flatten => "flatten",
            ExitReason::Unprotected => "unprotected",
            ExitReason::Liquidation => "liquidation",
            ExitReason::External => "external",
            ExitReason::Shock => "shock",
            ExitReason::Rebalance => "rebalance",
            ExitReason::Auction => "auction",
        }
    }
}

/// One closing fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// When it filled at the venue.
    pub at: Ts,
    /// At what price.
    pub price: PriceUnits,
    /// How many contracts, above zero.
    pub qty: QtyUnits,
    /// Why.
    pub reason: ExitReason,
}

/// A position from first fill to flat; also an open one, marked, with `closed_at` absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trade {
    /// Counts trades of the run, from 1.
    pub id: u32,
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Long or short.
    pub side: PositionSide,
    /// What made the strategy enter.
    pub setup: Setup,
    /// Points of the setup, where the strategy gives any.
    pub score: Option<f64>,
    /// When the entry was decided.
    pub decided_at: Ts,
    /// First fill.
    pub entry_at: Ts,
    /// Value of all entry fills; divided by `entry_qty` it gives the average entry price.
    pub entry_value: Money,
    /// Contracts bought (long) or sold (short) in all, above zero.
    pub entry_qty: QtyUnits,
    /// Price at which the strategy decided.
    pub decision_price: PriceUnits,
    /// The first stop the venue confirmed, if the plan had one.
    pub initial_stop: Option<PriceUnits>,
    /// Closing fills in order.
    pub exits: Vec<Exit>,
    /// When the position was flat again.
    pub closed_at: Option<Ts>,
    /// Fees paid, positive.
    pub fees: Money,
    /// Funding received (negative: paid).
    pub funding: Money,
    /// Profit or loss with fees and funding; for an open trade at the mark.
    pub pnl: Money,
    /// Planned risk: entry to initial stop for the quantity entered; zero without a stop.
    pub risk: Money,
    /// Worst price seen while open.
    pub worst_price: PriceUnits,
    /// Best price seen while open.
    pub best_price: PriceUnits,
    /// Time during which less than the whole position was covered by confirmed stops.
    pub naked: Span,
}
