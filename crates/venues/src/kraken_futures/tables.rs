//! Kraken Futures as data: paths, costs, words. Codec and simulated exchange read the same tables.
//!
//! Source: the venue's documentation of REST v3, charts v1, history v3 and WebSocket v1 as of July 2026.

use seawall_model::{RejectReason, Span};

use crate::budget::{Meter, PoolKind, PoolRule};
use crate::outcome::{Class, Problem};
use crate::records::LedgerKind;

/// Paths as they stand in the request line.
pub mod path {
    /// Places an order.
    pub const SEND_ORDER: &str = "/derivatives/api/v3/sendorder";
    /// Changes an order.
    pub const EDIT_ORDER: &str = "/derivatives/api/v3/editorder";
    /// Cancels an order.
    pub const CANCEL_ORDER: &str = "/derivatives/api/v3/cancelorder";
    /// Cancels all orders.
    pub const CANCEL_ALL: &str = "/derivatives/api/v3/cancelallorders";
    /// The dead man's switch.
    pub const CANCEL_ALL_AFTER: &str = "/derivatives/api/v3/cancelallordersafter";
    /// Sends, changes and cancels several orders.
    pub const BATCH_ORDER: &str = "/derivatives/api/v3/batchorder";
    /// Open orders, and those that ended within the last five seconds, by id.
    pub const ORDERS_STATUS: &str = "/derivatives/api/v3/orders/status";
    /// All open orders.
    pub const OPEN_ORDERS: &str = "/derivatives/api/v3/openorders";
    /// All open positions.
    pub const OPEN_POSITIONS: &str = "/derivatives/api/v3/openpositions";
    /// Balances and margin.
    pub const ACCOUNTS: &str = "/derivatives/api/v3/accounts";
    /// Executions.
    pub const FILLS: &str = "/derivatives/api/v3/fills";
    /// Caps of leverage.
    pub const LEVERAGE: &str = "/derivatives/api/v3/leveragepreferences";
    /// What is listed.
    pub const INSTRUMENTS: &str = "/derivatives/api/v3/instruments";
    /// Prices of everything; one symbol behind a slash.
    pub const TICKERS: &str = "/derivatives/api/v3/tickers";
    /// A book.
    pub const ORDER_BOOK: &str = "/derivatives/api/v3/orderbook";
    /// Candles; tick type, symbol and resolution follow.
    pub const CHARTS: &str = "/api/charts/v1";
    /// What happened to orders.
    pub const HISTORY_ORDERS: &str = "/api/history/v3/orders";
    /// What happened to conditional orders.
    pub const HISTORY_TRIGGERS: &str = "/api/history/v3/triggers";
    /// Public executions; symbol and `executions` follow.
    pub const PUBLIC_HISTORY: &str = "/api/history/v3/market";
    /// Funding rates of the past.
    pub const FUNDING_RATES: &str = "/derivatives/api/v3/historical-funding-rates";
    /// Fees by volume; deprecated since 22 June 2026, see [`super::BASE_FEES_BPS`].
    pub const FEE_SCHEDULES: &str = "/derivatives/api/v3/feeschedules";
    /// Announcements.
    pub const NOTIFICATIONS: &str = "/derivatives/api/v3/notifications";
    /// Bookings of the account.
    pub const ACCOUNT_LOG: &str = "/api/history/v3/account-log";
    /// What the key may do.
    pub const CHECK_KEY: &str = "/api/auth/v1/api-keys/v3/check";
}

/// Units that a request to a path takes from the pool of private requests (500 in 10 s).
pub const COSTS: &[(&str, u32)] = &[
    (path::SEND_ORDER, 10),
    (path::EDIT_ORDER, 10),
    (path::CANCEL_ORDER, 10),
    (path::BATCH_ORDER, 9),
    (path::CANCEL_ALL, 25),
    (path::CANCEL_ALL_AFTER, 25),
    (path::FILLS, 2),
    (path::ACCOUNTS, 2),
    (path::OPEN_POSITIONS, 2),
    (path::OPEN_ORDERS, 2),
    (path::ORDERS_STATUS, 1),
    (path::LEVERAGE, 10),
];

/// Bookings that are asked for at once.
pub const LEDGER_PAGE: u32 = 500;
/// What a page of [`LEDGER_PAGE`] bookings takes from the pool of history.
pub const LEDGER_COST: u32 = 3;
/// What an account without volume pays, maker and taker, in hundredths of a basis point. The venue's
/// schedules are no longer what it charges; its spot side tells the account's own fees.
pub const BASE_FEES_CENTI_BPS: (i64, i64) = (200, 500);

/// What a word of the account log says about a booking.
pub const LEDGER_KINDS: &[(&str, LedgerKind)] = &[
    ("futures trade", LedgerKind::Trade),
    ("funding rate change", LedgerKind::Funding),
    ("futures liquidation", LedgerKind::Liquidation),
    ("covered liquidation", LedgerKind::Liquidation),
    ("futures partial liquidation", LedgerKind::Liquidation),
    ("futures assignor", LedgerKind::Liquidation),
    ("futures assignee", LedgerKind::Liquidation),
    ("futures unwind bankrupt", LedgerKind::Liquidation),
    ("futures unwind counterparty", LedgerKind::Liquidation),
    ("transfer", LedgerKind::Transfer),
    ("cross-exchange transfer", LedgerKind::Transfer),
    ("admin transfer", LedgerKind::Transfer),
    ("conversion", LedgerKind::Conversion),
    ("interest payment", LedgerKind::Interest),
];

/// What [`path::FILLS`] costs when it pages back.
pub const FILLS_PAGED_COST: u32 = 25;
/// What each order of [`path::BATCH_ORDER`] costs beside [`COSTS`].
pub const BATCH_ITEM_COST: u32 = 1;
/// Executions in one answer of [`path::FILLS`].
pub const FILLS_PAGE: usize = 100;
/// Candles that are asked for at once.
pub const CANDLES_PAGE: i64 = 2_000;
/// Units of the private pool that are kept for stops and cancellations.
pub const RESERVE: u32 = 100;

/// What the venue allows.
pub const POOLS: &[PoolRule] = &[
    PoolRule {
        pool: PoolKind::Private,
        meter: Meter::Window { limit: 500, span: Span::from_secs(10) },
        reserve: RESERVE,
    },
    PoolRule {
        pool: PoolKind::History,
        meter: Meter::Window { limit: 100, span: Span::from_secs(600) },
        reserve: 0,
    },
    // The venue names no limit for market data; this one is ours, so that nobody else's patience is tried.
    PoolRule {
        pool: PoolKind::Public,
        meter: Meter::Window { limit: 100, span: Span::from_secs(10) },
        reserve: 0,
    },
];

/// Errors of the envelope (`error`), matched by the part before a colon.
pub const ERRORS: &[(&str, Class)] = &[
    ("authenticationError", Class::Fatal(Problem::Refused)),
    ("accountInactive", Class::Fatal(Problem::Account)),
    ("invalidAccount", Class::Fatal(Problem::Account)),
    ("apiLimitExceeded", Class::Limit(2)),
    ("nonceBelowThreshold", Class::Again(Problem::Nonce)),
    ("nonceDuplicate", Class::Again(Problem::Nonce)),
    ("requiredArgumentMissing", Class::BadRequest),
    ("invalidArgument", Class::BadRequest),
    ("invalidUnit", Class::BadRequest),
    ("invalidAmount", Class::Rejected(RejectReason::InvalidQuantity)),
    ("Json Parse Error", Class::BadRequest),
    ("Bad Request", Class::BadRequest),
    ("notFound", Class::Rejected(RejectReason::OrderNotFound)),
    ("contractNotFound", Class::Rejected(RejectReason::NotSupported)),
    ("insufficientFunds", Class::Rejected(RejectReason::InsufficientFunds)),
    ("INSUFFICIENT_MARGIN", Class::Rejected(RejectReason::InsufficientFunds)),
    ("invalid order type", Class::Rejected(RejectReason::NotSupported)),
    ("marketUnavailable", Class::RejectedForNow(RejectReason::MarketClosed)),
    ("Server Error", Class::Ambiguous),
    ("Unavailable", Class::Ambiguous),
    ("unavailable", Class::Ambiguous),
    ("unknownError", Class::Ambiguous),
];

/// What a status of `sendStatus`, `editStatus`, `cancelStatus` or `batchStatus` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The order is in the venue's books, or was and has filled.
    Accepted,
    /// The order was changed.
    Edited,
    /// The order was cancelled.
    Cancelled,
    /// The order had filled before it could be cancelled.
    AlreadyFilled,
    /// There was nothing to cancel.
    NothingThere,
    /// It was not done, and why.
    Not(Class),
}

/// Every status that the documentation lists. Another one means that nobody can say what happened.
pub const STATUSES: &[(&str, Status)] = &[
    ("placed", Status::Accepted),
    ("partiallyFilled", Status::Accepted),
    ("filled", Status::AlreadyFilled),
    ("attempted", Status::Accepted),
    ("edited", Status::Edited),
    ("cancelled", Status::Cancelled),
    ("noOrdersToCancel", Status::NothingThere),
    ("clientOrderIdAlreadyExist", Status::Not(Class::Rejected(RejectReason::DuplicateId))),
    ("clientOrderIdTooLong", Status::Not(Class::BadRequest)),
    ("clientOrderIdTooBig", Status::Not(Class::BadRequest)),
    ("clientOrderIdInvalid", Status::Not(Class::BadRequest)),
    ("invalidPrice", Status::Not(Class::Rejected(RejectReason::InvalidPrice))),
    ("invalidSize", Status::Not(Class::Rejected(RejectReason::InvalidQuantity))),
    ("invalidSide", Status::Not(Class::BadRequest)),
    ("invalidOrderType", Status::Not(Class::Rejected(RejectReason::NotSupported))),
    ("tooManySmallOrders", Status::Not(Class::Rejected(RejectReason::RateLimited))),
    ("tooManyOrders", Status::Not(Class::Rejected(RejectReason::RateLimited))),
    ("insufficientAvailableFunds", Status::Not(Class::Rejected(RejectReason::InsufficientFunds))),
    ("wouldCauseLiquidation", Status::Not(Class::Rejected(RejectReason::InsufficientFunds))),
    ("maxPositionViolation", Status::Not(Class::Rejected(RejectReason::InvalidQuantity))),
    ("fixedLeverageTooHigh", Status::Not(Class::Rejected(RejectReason::InsufficientFunds))),
    ("wouldNotReducePosition", Status::Not(Class::Rejected(RejectReason::NothingToReduce))),
    ("postWouldExecute", Status::Not(Class::Rejected(RejectReason::WouldTakeLiquidity))),
    ("iocWouldNotExecute", Status::Not(Class::Rejected(RejectReason::Other))),
    ("selfFill", Status::Not(Class::Rejected(RejectReason::Other))),
    ("outsidePriceCollar", Status::Not(Class::Rejected(RejectReason::InvalidPrice))),
    ("wouldIncreasePriceDislocation", Status::Not(Class::Rejected(RejectReason::InvalidPrice))),
    ("marketSuspended", Status::Not(Class::RejectedForNow(RejectReason::MarketClosed))),
    ("marketInactive", Status::Not(Class::RejectedForNow(RejectReason::MarketClosed))),
    ("marketIsPostOnly", Status::Not(Class::RejectedForNow(RejectReason::MarketClosed))),
    ("wouldProcessAfterSpecifiedTime", Status::Not(Class::Again(Problem::ClockSkew))),
    ("notFound", Status::Not(Class::Rejected(RejectReason::OrderNotFound))),
    ("orderForEditNotFound", Status::Not(Class::Rejected(RejectReason::OrderNotFound))),
    ("orderForEditNotAStop", Status::Not(Class::Rejected(RejectReason::NotSupported))),
    ("cannotEditTriggerPriceOfTrailingStop", Status::Not(Class::Rejected(RejectReason::NotSupported))),
    ("cannotEditLimitPriceOfTrailingStop", Status::Not(Class::Rejected(RejectReason::NotSupported))),
    ("requiredArgumentMissing", Status::Not(Class::BadRequest)),
];

/// What a status of [`path::ORDERS_STATUS`] or [`path::OPEN_ORDERS`] says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It works, or waits for its trigger.
    Alive,
    /// It has filled.
    Filled,
    /// It was cancelled.
    Cancelled,
    /// It was refused.
    Rejected,
    /// The venue could not carry it out when it woke.
    Failed,
}

/// Every spelling that was seen for a working order and for an ended one, compared without regard to case
/// (I-49: `entered_book` was not known as alive, and a protected position was taken for a naked one).
pub const LIVES: &[(&str, Life)] = &[
    ("entered_book", Life::Alive),
    ("trigger_placed", Life::Alive),
    ("untouched", Life::Alive),
    ("partiallyfilled", Life::Alive),
    ("partial", Life::Alive),
    ("open", Life::Alive),
    ("new", Life::Alive),
    ("placed", Life::Alive),
    ("fully_executed", Life::Filled),
    ("filled", Life::Filled),
    ("closed", Life::Filled),
    ("cancelled", Life::Cancelled),
    ("canceled", Life::Cancelled),
    ("expired", Life::Cancelled),
    ("rejected", Life::Rejected),
    ("trigger_activation_failure", Life::Failed),
];

/// What a `reason` of the stream says when it takes an order off the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// It filled: the executions tell.
    Filled,
    /// Its trigger was met; what comes of it has the same id.
    Triggered,
    /// We cancelled it.
    Requested,
    /// What did not fill at once is gone.
    ImmediateOrCancel,
    /// Its position is gone.
    NothingToReduce,
    /// It was refused after it had been taken.
    Rejected(RejectReason),
    /// The venue ended it.
    Venue,
    /// It is not gone: it was placed, changed or partly filled.
    Not,
}

/// Every `reason` that the documentation lists, and spellings that were seen.
pub const REASONS: &[(&str, Gone)] = &[
    ("new_placed_order_by_user", Gone::Not),
    ("edited_by_user", Gone::Not),
    ("partial_fill", Gone::Not),
    ("limit_order_from_stop", Gone::Not),
    ("order_for_edit_not_found", Gone::Not),
    ("full_fill", Gone::Filled),
    ("stop_order_triggered", Gone::Triggered),
    ("cancelled_by_user", Gone::Requested),
    ("cancelled_by_admin", Gone::Venue),
    ("dead_man_switch", Gone::Venue),
    ("liquidation", Gone::Venue),
    ("contract_expired", Gone::Venue),
    ("not_enough_margin", Gone::Venue),
    ("market_inactive", Gone::Venue),
    ("would_execute_self", Gone::Venue),
    ("would_not_reduce_position", Gone::NothingToReduce),
    ("ioc_order_failed_because_it_would_not_be_executed", Gone::ImmediateOrCancel),
    ("post_order_failed_because_it_would_filled", Gone::Rejected(RejectReason::WouldTakeLiquidity)),
    ("post_order_failed_because_it_would_be_filled", Gone::Rejected(RejectReason::WouldTakeLiquidity)),
];

/// What an error of the envelope means; `None` for words that are not on the list.
#[must_use]
pub fn error_class(words: &str) -> Option<Class> {
    let head = words.split(':').next().unwrap_or(words).trim();
    ERRORS.iter().find(|(code, _)| *code == head).map(|(_, class)| *class)
}

/// What a status means; `None` for one that is not on the list.
#[must_use]
pub fn status(word: &str) -> Option<Status> {
    STATUSES.iter().find(|(known, _)| *known == word).map(|(_, status)| *status)
}

/// What a word of the account log means; `None` for one that is not on the list.
#[must_use]
pub fn ledger_kind(word: &str) -> Option<LedgerKind> {
    LEDGER_KINDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

/// What the status of an order means; `None` for one that is not on the list.
#[must_use]
pub fn life(word: &str) -> Option<Life> {
    LIVES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, life)| *life)
}

/// What a reason of the stream means; `None` for one that is not on the list.
#[must_use]
pub fn gone(word: &str) -> Option<Gone> {
    REASONS.iter().find(|(known, _)| *known == word).map(|(_, gone)| *gone)
}

/// Units of the private pool that a path costs.
#[must_use]
pub fn cost(path: &str) -> u32 {
    COSTS.iter().find(|(known, _)| *known == path).map_or(0, |(_, units)| *units)
}
