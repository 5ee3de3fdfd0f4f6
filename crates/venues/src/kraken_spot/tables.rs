//! Kraken spot as data: paths, costs, words. Codec and simulated exchange read the same tables.
//!
//! Source: the venue's documentation of REST 0 and WebSocket v2 as of July 2026.

use seawall_model::RejectReason;

use crate::budget::{Meter, PoolKind, PoolRule};
use crate::outcome::{Class, Problem};

/// Paths as they stand in the request line.
pub mod path {
    /// The venue's clock.
    pub const TIME: &str = "/0/public/Time";
    /// What is listed.
    pub const ASSET_PAIRS: &str = "/0/public/AssetPairs";
    /// Prices.
    pub const TICKER: &str = "/0/public/Ticker";
    /// Candles.
    pub const OHLC: &str = "/0/public/OHLC";
    /// A book.
    pub const DEPTH: &str = "/0/public/Depth";
    /// Public trades.
    pub const PUBLIC_TRADES: &str = "/0/public/Trades";
    /// Whether the venue works.
    pub const SYSTEM_STATUS: &str = "/0/public/SystemStatus";
    /// Volume of 30 days and the fees that follow from it.
    pub const TRADE_VOLUME: &str = "/0/private/TradeVolume";
    /// Positions on margin.
    pub const OPEN_POSITIONS: &str = "/0/private/OpenPositions";
    /// Collateral and margin.
    pub const TRADE_BALANCE: &str = "/0/private/TradeBalance";
    /// Places an order.
    pub const ADD_ORDER: &str = "/0/private/AddOrder";
    /// Changes an order in place.
    pub const AMEND_ORDER: &str = "/0/private/AmendOrder";
    /// Cancels an order.
    pub const CANCEL_ORDER: &str = "/0/private/CancelOrder";
    /// Cancels all orders.
    pub const CANCEL_ALL: &str = "/0/private/CancelAll";
    /// The dead man's switch.
    pub const CANCEL_ALL_AFTER: &str = "/0/private/CancelAllOrdersAfter";
    /// Open orders.
    pub const OPEN_ORDERS: &str = "/0/private/OpenOrders";
    /// Orders that have ended.
    pub const CLOSED_ORDERS: &str = "/0/private/ClosedOrders";
    /// Balances with what orders hold.
    pub const BALANCE: &str = "/0/private/BalanceEx";
    /// Executions.
    pub const TRADES: &str = "/0/private/TradesHistory";
    /// A token for the stream of the account.
    pub const STREAM_TOKEN: &str = "/0/private/GetWebSocketsToken";
    /// What the key may do.
    pub const KEY_INFO: &str = "/0/private/GetApiKeyInfo";
}

/// Thousandths of a unit that a request to a path takes from the counter of private requests. Placing,
/// changing and cancelling are counted for each pair instead.
pub const COSTS: &[(&str, u32)] = &[
    (path::ADD_ORDER, 0),
    (path::AMEND_ORDER, 0),
    (path::CANCEL_ORDER, 0),
    (path::CANCEL_ALL, 1_000),
    (path::CANCEL_ALL_AFTER, 1_000),
    (path::OPEN_ORDERS, 1_000),
    (path::CLOSED_ORDERS, 2_000),
    (path::BALANCE, 1_000),
    (path::TRADES, 2_000),
    (path::STREAM_TOKEN, 1_000),
    (path::KEY_INFO, 1_000),
    (path::TRADE_VOLUME, 1_000),
    (path::OPEN_POSITIONS, 1_000),
    (path::TRADE_BALANCE, 1_000),
];

/// What placing takes from the counter of a pair.
pub const ADD_COST: u32 = 1;
/// What a change takes from the counter of a pair, with the surcharge of a young order.
pub const AMEND_COSTS: &[(i64, u32)] = &[(5, 4), (10, 3), (15, 2)];
/// What a change of an old order takes.
pub const AMEND_COST: u32 = 1;
/// What a cancellation takes from the counter of a pair, by the order's age in seconds.
pub const CANCEL_COSTS: &[(i64, u32)] = &[(5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1)];

/// Candles in one answer, whatever is asked for.
pub const CANDLES_MAX: usize = 720;
/// Executions in one answer.
pub const TRADES_PAGE: usize = 50;

/// What the venue allows an account of the middle tier.
pub const POOLS: &[PoolRule] = &[
    PoolRule { pool: PoolKind::Private, meter: Meter::Leaky { limit: 20, milli_per_s: 500 }, reserve: 3 },
    PoolRule { pool: PoolKind::Orders, meter: Meter::Leaky { limit: 125, milli_per_s: 2_340 }, reserve: 40 },
    PoolRule { pool: PoolKind::Public, meter: Meter::Leaky { limit: 15, milli_per_s: 1_000 }, reserve: 0 },
];

/// Errors by prefix, the longer one first where one is the beginning of another.
pub const ERRORS: &[(&str, Class)] = &[
    ("EAPI:Invalid key", Class::Fatal(Problem::WrongKey)),
    ("EAPI:Invalid signature", Class::Fatal(Problem::WrongSignature)),
    ("EAPI:Invalid nonce", Class::Again(Problem::Nonce)),
    ("EAPI:Rate limit exceeded", Class::Limit(5)),
    ("EAuth:Rate limit exceeded", Class::Limit(5)),
    ("EAuth:Too many requests", Class::Limit(5)),
    ("EAuth:", Class::Fatal(Problem::Account)),
    ("EAccount:Invalid permissions", Class::Fatal(Problem::MissingPermission)),
    ("EGeneral:Permission denied", Class::Fatal(Problem::MissingPermission)),
    ("EGeneral:Temporary lockout", Class::Limit(900)),
    ("EGeneral:Internal error", Class::Ambiguous),
    ("EGeneral:Invalid arguments", Class::BadRequest),
    ("EGeneral:Unknown method", Class::BadRequest),
    ("EQuery:Unknown asset pair", Class::Rejected(RejectReason::NotSupported)),
    ("EQuery:Unknown asset", Class::BadRequest),
    ("EService:Unavailable", Class::Ambiguous),
    ("EService:Busy", Class::Ambiguous),
    ("EService:Timeout", Class::Ambiguous),
    ("EService: Throttled", Class::Limit(15)),
    ("EService:Market in", Class::RejectedForNow(RejectReason::MarketClosed)),
    ("EService:Deadline elapsed", Class::Rejected(RejectReason::Other)),
    ("EOrder:Rate limit exceeded", Class::Limit(5)),
    ("EOrder:Domain rate limit exceeded", Class::Limit(5)),
    ("EOrder:Insufficient funds", Class::Rejected(RejectReason::InsufficientFunds)),
    ("EOrder:Insufficient margin", Class::Rejected(RejectReason::InsufficientFunds)),
    ("EOrder:Margin allowance exceeded", Class::Rejected(RejectReason::InsufficientFunds)),
    ("EOrder:Margin level too low", Class::Rejected(RejectReason::InsufficientFunds)),
    ("EOrder:Margin position size exceeded", Class::Rejected(RejectReason::InsufficientFunds)),
    ("EOrder:Cannot open position", Class::Rejected(RejectReason::Other)),
    ("EOrder:Cannot open opposing position", Class::Rejected(RejectReason::Other)),
    ("EOrder:Positions limit exceeded", Class::Rejected(RejectReason::RateLimited)),
    ("EOrder:Order minimum not met", Class::Rejected(RejectReason::InvalidQuantity)),
    ("EOrder:Cost minimum not met", Class::Rejected(RejectReason::InvalidQuantity)),
    ("EOrder:Tick size check failed", Class::Rejected(RejectReason::InvalidPrice)),
    ("EOrder:Invalid price", Class::Rejected(RejectReason::InvalidPrice)),
    ("EOrder:Orders limit exceeded", Class::Rejected(RejectReason::RateLimited)),
    ("EOrder:Scheduled orders limit exceeded", Class::Rejected(RejectReason::RateLimited)),
    ("EOrder:Post only order", Class::Rejected(RejectReason::WouldTakeLiquidity)),
    ("EOrder:Unknown order", Class::Rejected(RejectReason::OrderNotFound)),
    ("EOrder:Invalid order", Class::Rejected(RejectReason::OrderNotFound)),
    ("EOrder:Reduce only", Class::Rejected(RejectReason::NothingToReduce)),
];

/// What an order's `status` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It works, or waits.
    Alive,
    /// It has filled.
    Filled,
    /// It was cancelled.
    Cancelled,
    /// Its time was over.
    Expired,
}

/// Every status of an order, of REST and of the stream.
pub const LIVES: &[(&str, Life)] = &[
    ("pending", Life::Alive),
    ("open", Life::Alive),
    ("pending_new", Life::Alive),
    ("new", Life::Alive),
    ("partially_filled", Life::Alive),
    ("closed", Life::Filled),
    ("filled", Life::Filled),
    ("canceled", Life::Cancelled),
    ("expired", Life::Expired),
];

/// Reasons of a cancellation that mean a refusal of an order that had been taken.
pub const REFUSALS: &[(&str, RejectReason)] = &[("Post only order", RejectReason::WouldTakeLiquidity)];
/// Reasons of a cancellation that we asked for.
pub const REQUESTED: &[&str] = &["User requested", "User canceled"];

/// Rights of a key that trading needs, and the one that it must not have.
pub mod right {
    /// Balances.
    pub const QUERY_FUNDS: &str = "query-funds";
    /// Open orders and executions.
    pub const QUERY_OPEN: &str = "query-open-trades";
    /// Placing and changing.
    pub const MODIFY: &str = "modify-trades";
    /// Moving money away.
    pub const WITHDRAW: &str = "withdraw-funds";
}

/// What an error means; `None` for words that are not on the list.
#[must_use]
pub fn error_class(words: &str) -> Option<Class> {
    ERRORS.iter().find(|(prefix, _)| words.starts_with(prefix)).map(|(_, class)| *class)
}

/// What a status means; `None` for one that is not on the list.
#[must_use]
pub fn life(word: &str) -> Option<Life> {
    LIVES.iter().find(|(known, _)| *known == word).map(|(_, life)| *life)
}

/// Thousandths that a path takes from the counter of private requests.
#[must_use]
pub fn cost(path: &str) -> u32 {
    COSTS.iter().find(|(known, _)| *known == path).map_or(1_000, |(_, milli)| *milli)
}

/// What a change or a cancellation of an order of this age costs; the dearest where the age is not known.
#[must_use]
pub fn by_age(table: &[(i64, u32)], oldest: u32, age_s: Option<i64>) -> u32 {
    match age_s {
        Some(age) => table.iter().find(|(below, _)| age < *below).map_or(oldest, |(_, units)| *units),
        None => table.first().map_or(oldest, |(_, units)| *units),
    }
}

/// The name of a currency that the venue calls otherwise: `XXBT` and `XBT` are BTC, `ZUSD` is USD.
#[must_use]
pub fn currency(code: &str) -> &str {
    match code {
        "XXBT" | "XBT" => "BTC",
        "XXDG" | "XDG" => "DOGE",
        "XETH" => "ETH",
        "XXRP" => "XRP",
        "XLTC" => "LTC",
        "XXLM" => "XLM",
        "XXMR" => "XMR",
        "XZEC" => "ZEC",
        "XETC" => "ETC",
        "XREP" => "REP",
        "XMLN" => "MLN",
        "ZUSD" => "USD",
        "ZEUR" => "EUR",
        "ZGBP" => "GBP",
        "ZCAD" => "CAD",
        "ZJPY" => "JPY",
        "ZAUD" => "AUD",
        "ZCHF" => "CHF",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_known_by_its_beginning_and_the_longer_one_wins() {
        assert_eq!(error_class("EAPI:Invalid key"), Some(Class::Fatal(Problem::WrongKey)));
        assert_eq!(error_class("EAuth:Account unconfirmed"), Some(Class::Fatal(Problem::Account)));
        assert_eq!(error_class("EAuth:Rate limit exceeded"), Some(Class::Limit(5)));
        assert_eq!(error_class("EGeneral:Internal error:1234"), Some(Class::Ambiguous));
        assert_eq!(
            error_class("EOrder:Reduce only:Position is closed"),
            Some(Class::Rejected(RejectReason::NothingToReduce))
        );
        assert_eq!(error_class("EOrder:Something new"), None);
        for (position, (prefix, _)) in ERRORS.iter().enumerate() {
            let hidden = ERRORS[..position].iter().any(|(earlier, _)| prefix.starts_with(earlier));
            assert!(!hidden, "{prefix} is never reached");
        }
    }

    #[test]
    fn young_orders_are_dear_to_cancel() {
        assert_eq!(by_age(CANCEL_COSTS, 0, Some(3)), 8);
        assert_eq!(by_age(CANCEL_COSTS, 0, Some(60)), 2);
        assert_eq!(by_age(CANCEL_COSTS, 0, Some(301)), 0);
        assert_eq!(by_age(CANCEL_COSTS, 0, None), 8);
    }
}
