//! Everything that goes into the engine and the requests that come out of it.
//!
//! Inputs are what the journal stores: replaying them in order gives the same engine, bit for bit. Reports
//! carry their coverage, because an empty list and a failed request are different facts.

use serde::{Deserialize, Serialize};

use crate::account::{Booking, ForeignHolding};
use crate::candle::Candle;
use crate::decimal::Money;
use crate::instrument::InstrumentId;
use crate::listing::ListingRow;
use crate::order::{OrderKind, OrderRef, OrderRequest, OrderRole, OrderState, Side, VenueId};
use crate::rules::Rules;
use crate::time::{Timeframe, Ts};
use crate::units::{PriceUnits, QtyUnits};

/// Something the engine is told. Each comes with the instant at which it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The process starts (again): outstanding submissions become unknown and reconciliation begins.
    Started,
    /// A closed candle.
    Candle {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Its length.
        timeframe: Timeframe,
        /// The candle.
        candle: Candle,
    },
    /// Best bid and ask.
    Quote {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Best bid.
        bid: PriceUnits,
        /// Best ask.
        ask: PriceUnits,
    },
    /// The venue's mark price.
    Mark {
        /// Of which instrument.
        instrument: InstrumentId,
        /// The price.
        price: PriceUnits,
    },
    /// The venue says something.
    Venue(VenueEvent),
    /// The transport says what became of a submission.
    Submission {
        /// Which order.
        order: OrderRef,
        /// What the transport knows.
        outcome: SubmitOutcome,
    },
    /// The operator commands something.
    Operator(Command),
    /// A moment that the engine asked to be woken at has come.
    Wakeup,
    /// Best bid and ask with what stands there.
    Book {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Best bid.
        bid: PriceUnits,
        /// Contracts at the best bid.
        bid_qty: QtyUnits,
        /// Best ask.
        ask: PriceUnits,
        /// Contracts at the best ask.
        ask_qty: QtyUnits,
    },
    /// What the venue lists. Only a complete report is taken over.
    Listing(Report<ListingRow>),
    /// A closed candle of before the start: strategies learn from it, and nothing is done about it.
    Past {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Its length.
        timeframe: Timeframe,
        /// The candle.
        candle: Candle,
    },
    /// Another set of rules holds for an instrument from now on.
    Rules(Rules),
}

/// What the transport can say about a placement on its own evidence. An answer of the venue is a
/// [`VenueEvent`] instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubmitOutcome {
    /// Proven not to have left this process.
    NotSent,
    /// It may or may not have reached the venue.
    Unknown,
}

/// A report of the venue together with what it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report<T> {
    /// What the rows cover.
    pub coverage: Coverage,
    /// When the venue took the picture (its own clock where it gives one).
    pub taken_at: Ts,
    /// The rows.
    pub rows: Vec<T>,
}

/// What a report covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Everything there is: a missing row is an absent thing.
    Complete,
    /// Only what happened between the two instants.
    Window {
        /// Start.
        from: Ts,
        /// End.
        to: Ts,
    },
    /// The request failed: nothing can be concluded.
    Failed,
}

/// Maker or taker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liquidity {
    /// Rested in the book.
    Maker,
    /// Took from the book.
    Taker,
}

/// What caused a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillCause {
    /// An order.
    Order,
    /// The venue liquidated the position.
    Liquidation,
    /// The venue took the position to settle somebody else's (auto-deleveraging).
    Deleveraging,
}

/// An execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Our order, where the venue names one of ours.
    pub order: Option<OrderRef>,
    /// The venue's unique id of this execution.
    pub fill_id: VenueId,
    /// Buy or sell.
    pub side: Side,
    /// Contracts, above zero.
    pub qty: QtyUnits,
    /// At this price.
    pub price: PriceUnits,
    /// Fee in the settle currency, positive when paid.
    pub fee: Money,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// What caused it.
    pub cause: FillCause,
    /// When it happened at the venue.
    pub venue_time: Ts,
}

/// Why a venue refused an order or a change of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// Not enough margin or balance.
    InsufficientFunds,
    /// Price off the tick, or outside the venue's band.
    InvalidPrice,
    /// Quantity off the lot, or below the minimum.
    InvalidQuantity,
    /// A stop whose condition is already met.
    WouldTriggerImmediately,
    /// A post-only order that would take liquidity.
    WouldTakeLiquidity,
    /// A reduce-only order without a position to reduce.
    NothingToReduce,
    /// The order type or trigger is not available.
    NotSupported,
    /// No such order (any more).
    OrderNotFound,
    /// The instrument does not trade at the moment.
    MarketClosed,
    /// Too many requests or orders.
    RateLimited,
    /// The same client id is already known.
    DuplicateId,
    /// Something else that the venue said.
    Other,
}

impl RejectReason {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RejectReason::InsufficientFunds => "insufficient_funds",
            RejectReason::InvalidPrice => "invalid_price",
            RejectReason::InvalidQuantity => "invalid_quantity",
            RejectReason::WouldTriggerImmediately => "would_trigger_immediately",
            RejectReason::WouldTakeLiquidity => "would_take_liquidity",
            RejectReason::NothingToReduce => "nothing_to_reduce",
            RejectReason::NotSupported => "not_supported",
            RejectReason::OrderNotFound => "order_not_found",
            RejectReason::MarketClosed => "market_closed",
            RejectReason::RateLimited => "rate_limited",
            RejectReason::DuplicateId => "duplicate_id",
            RejectReason::Other => "other",
        }
    }
}

/// Why an order ended without filling completely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// We asked for it.
    Requested,
    /// The rest of an immediate-or-cancel order.
    ImmediateOrCancel,
    /// A reduce-only order whose position is gone.
    NothingToReduce,
    /// The venue ended it for its own reasons.
    Venue,
}

/// An order as the venue reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueOrder {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Our order, where it is one of ours.
    pub order: Option<OrderRef>,
    /// The venue's id.
    pub venue_order_id: VenueId,
    /// Buy or sell.
    pub side: Side,
    /// Total quantity.
    pub qty: QtyUnits,
    /// Filled so far.
    pub filled: QtyUnits,
    /// Kind and prices.
    pub kind: OrderKind,
    /// Whether it may only reduce.
    pub reduce_only: bool,
    /// Where the venue says it is in its life: `Open`, `Triggered` or an ended state.
    pub state: OrderState,
}

/// A position as the venue reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenuePosition {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Signed quantity.
    pub qty: QtyUnits,
    /// Average entry price as the venue computes it.
    pub entry_price: PriceUnits,
}

/// What a venue tells, in our words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VenueEvent {
    /// The order is in the venue's books.
    Accepted {
        /// Which order.
        order: OrderRef,
        /// The venue's id for it.
        venue_order_id: VenueId,
    },
    /// The order was refused.
    Rejected {
        /// Which order.
        order: OrderRef,
        /// Why.
        reason: RejectReason,
    },
    /// The condition of an order was met.
    Triggered {
        /// Which order.
        order: OrderRef,
    },
    /// An execution.
    Filled(Fill),
    /// The order ended without (completely) filling.
    Cancelled {
        /// Which order.
        order: OrderRef,
        /// Why.
        reason: CancelReason,
    },
    /// A cancellation was refused.
    CancelRejected {
        /// Which order.
        order: OrderRef,
        /// Why.
        reason: RejectReason,
    },
    /// An order was changed.
    Amended {
        /// Which order.
        order: OrderRef,
        /// Its total quantity now.
        qty: QtyUnits,
        /// Its kind and prices now.
        kind: OrderKind,
    },
    /// A change was refused; the order is as before.
    AmendRejected {
        /// Which order.
        order: OrderRef,
        /// Why.
        reason: RejectReason,
    },
    /// Funding was paid (negative) or received.
    Funding {
        /// On which instrument.
        instrument: InstrumentId,
        /// How much, in the settle currency.
        amount: Money,
    },
    /// Answer to [`VenueRequest::QueryOrder`]: at most one row.
    Order {
        /// Which order was asked for.
        order: OrderRef,
        /// The answer.
        report: Report<VenueOrder>,
    },
    /// All open orders of the account.
    OpenOrders(Report<VenueOrder>),
    /// All positions of the account.
    Positions(Report<VenuePosition>),
    /// Cash of the account in the settle currency, before open positions.
    Balance {
        /// Whether the request succeeded.
        coverage: Coverage,
        /// The balance.
        amount: Money,
    },
    /// The private stream of orders and executions was lost, or is complete again. What happened while it was
    /// lost may never be told: everything is compared anew.
    Stream {
        /// Whether nothing is missing from now on.
        live: bool,
    },
    /// The venue booked something on the account that is no execution.
    Booked(Booking),
    /// Positions on instruments that are not in the run's table. Told before the positions of the same
    /// picture (`taken_at`), and only where there are some: a later picture without it says that there are
    /// none.
    Elsewhere(Report<ForeignHolding>),
}

/// Something asked of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VenueRequest {
    /// Place an order. Never repeated: an unknown outcome is resolved by asking.
    Place(OrderRequest),
    /// Change quantity and prices of an open order.
    Amend {
        /// Which order.
        order: OrderRef,
        /// Total quantity from now on.
        qty: QtyUnits,
        /// Kind and prices from now on (the same kind as before).
        kind: OrderKind,
    },
    /// Cancel an order. May be repeated.
    Cancel {
        /// Which order.
        order: OrderRef,
    },
    /// Ask for one order.
    QueryOrder {
        /// Which order.
        order: OrderRef,
    },
    /// Ask for all open orders.
    QueryOpenOrders,
    /// Ask for all positions.
    QueryPositions,
    /// Ask for the balance.
    QueryBalance,
}

/// A change in an order's life, for the database, the reports and the fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdate {
    /// When the engine learned of it.
    pub at: Ts,
    /// Which order.
    pub order: OrderRef,
    /// Why it was placed.
    pub role: OrderRole,
    /// Buy or sell.
    pub side: Side,
    /// Total quantity.
    pub qty: QtyUnits,
    /// Filled so far.
    pub filled: QtyUnits,
    /// Kind and prices.
    pub kind: OrderKind,
    /// Whether it may only reduce.
    pub reduce_only: bool,
    /// Its state now.
    pub state: OrderState,
}

/// The modes of the system, from free to closed. Each allows less new risk; none refuses protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemMode {
    /// Everything is allowed.
    #[default]
    Normal,
    /// New risk is allowed at half size.
    Cautious,
    /// Positions may only become smaller.
    ReduceOnly,
    /// Only protective orders and emergency exits.
    ProtectOnly,
    /// Everything is being closed.
    Flatten,
}

impl SystemMode {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SystemMode::Normal => "normal",
            SystemMode::Cautious => "cautious",
            SystemMode::ReduceOnly => "reduce_only",
            SystemMode::ProtectOnly => "protect_only",
            SystemMode::Flatten => "flatten",
        }
    }
}

/// What the operator can command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Set the mode; the only way back to a freer one.
    SetMode(SystemMode),
    /// Close the position of one instrument.
    Close(InstrumentId),
    /// Money came in (positive) or went out.
    Transfer(Money),
    /// Stop taking new entries and cancel resting ones before the process ends; stops stay.
    Shutdown,
    /// Turn the kill switch on: entries end and resting ones are cancelled, protection stays. It stays on
    /// until [`Command::Release`].
    Kill {
        /// Why.
        reason: KillReason,
        /// Whether everything is to be closed as well.
        flatten: bool,
    },
    /// Acknowledge: turn the kill switch off, go back to the mode `normal`, and take the equity of now as the
    /// high-water mark.
    Release,
    /// Do something to one position. What cannot be done as things stand changes nothing.
    Position {
        /// Which.
        instrument: InstrumentId,
        /// What.
        action: PositionAction,
    },
    /// What somebody outside advises. It passes the gates that a strategy's plan passes, and leaves a record.
    Signal {
        /// The instrument.
        instrument: InstrumentId,
        /// What is advised.
        signal: Signal,
    },
}

/// What somebody outside advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Enter at market; an opposite position is closed first.
    Enter {
        /// Buy or sell.
        side: Side,
        /// Where the stop goes; nothing is entered without one.
        stop: PriceUnits,
        /// Where all of it takes its profit.
        target: Option<PriceUnits>,
        /// How much; else so much that the distance to the stop costs the configured share of equity.
        qty: Option<QtyUnits>,
    },
    /// Close the position.
    Exit,
}

/// What the operator can do to one position, beside closing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionAction {
    /// Move its stop; only ever in its favour.
    MoveStop(PriceUnits),
    /// Move its stop to where a stop that fills costs nothing but fees.
    BreakEven,
    /// Close so much of it at market; the stop follows.
    Reduce(QtyUnits),
    /// Protect and manage a position that was found, like one that policy adopts.
    Adopt,
    /// Leave a position that was found alone: nothing of ours protects it any more.
    Ignore,
    /// Move one of its take-profits, within the order of their ladder.
    MoveTarget {
        /// Which, from 1.
        number: u8,
        /// Where to.
        price: PriceUnits,
    },
}

/// Why the kill switch was turned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillReason {
    /// The operator.
    Manual,
    /// The venue's interface fails.
    ApiError,
    /// Margin, and nothing else, is critical.
    MarginCritical,
    /// Drawdown, exposure or the number of positions.
    LiquidationBreach,
    /// Market data fails.
    DataFailure,
    /// Books and venue cannot be brought together.
    ReconciliationFailure,
    /// An invariant is broken.
    InvariantViolation,
    /// The stored state of the switch cannot be read.
    CorruptState,
}

impl KillReason {
    /// Every reason.
    pub const ALL: [KillReason; 8] = [
        KillReason::Manual,
        KillReason::ApiError,
        KillReason::MarginCritical,
        KillReason::LiquidationBreach,
        KillReason::DataFailure,
        KillReason::ReconciliationFailure,
        KillReason::InvariantViolation,
        KillReason::CorruptState,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            KillReason::Manual => "manual",
            KillReason::ApiError => "api_error",
            KillReason::MarginCritical => "margin_critical",
            KillReason::LiquidationBreach => "liquidation_breach",
            KillReason::DataFailure => "data_failure",
            KillReason::ReconciliationFailure => "reconciliation_failure",
            KillReason::InvariantViolation => "invariant_violation",
            KillReason::CorruptState => "corrupt_state",
        }
    }
}
