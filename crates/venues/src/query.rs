//! Questions to a venue that are not the engine's: time, instruments, tickers, candles, fills, the account,
//! the key's rights, the dead man's switch; and their answers.

use rust_decimal::Decimal;
use seawall_model::{
    Candle, Fill, InstrumentId, Money, PriceUnits, QtyUnits, Ratio, Report, Span, Timeframe, Ts,
};

use crate::market::{Excluded, ListedInstrument};
use crate::outcome::Notice;
use crate::records::{Recorded, Records};
use crate::secret::Secret;

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// The venue's clock.
    ServerTime,
    /// What is listed.
    Instruments,
    /// Prices of everything.
    Tickers,
    /// Candles from an instant on.
    Candles {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Their length.
        timeframe: Timeframe,
        /// Open time of the first one wanted.
        from: Ts,
    },
    /// Executions from an instant on.
    Fills {
        /// Not before this.
        since: Ts,
        /// Before this, to page back from the newest.
        before: Option<Ts>,
    },
    /// Equity and margin.
    Account,
    /// What the key may do.
    Permissions,
    /// A token for the stream of the account.
    StreamToken,
    /// Arm the dead man's switch, or disarm it with 0: all orders are cancelled if it is not renewed in time.
    /// It cancels stops too, so it is for a flat account only.
    DeadMan {
        /// Seconds until it acts.
        timeout_s: u32,
    },
    /// Cancel every order of an instrument, or of the account.
    CancelAll {
        /// Which instrument; none means all.
        instrument: Option<InstrumentId>,
    },
    /// Cap an instrument's leverage, which makes it isolated, or none for cross margin.
    Leverage {
        /// Which instrument.
        instrument: InstrumentId,
        /// The cap.
        max: Option<Ratio>,
    },
    /// Books, trades, fees, bookings and the like.
    Records(Records),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The venue's clock when it answered.
    ServerTime(Ts),
    /// What is listed, and what was left out.
    Instruments {
        /// What can be traded here.
        listed: Vec<ListedInstrument>,
        /// What cannot, and why.
        excluded: Vec<Excluded>,
    },
    /// Prices, of the markets in the table.
    Tickers(Vec<Ticker>),
    /// Candles.
    Candles(CandlePage),
    /// Executions, oldest first.
    Fills {
        /// The rows and what they cover.
        report: Report<Fill>,
        /// What could not be used.
        notices: Vec<Notice>,
    },
    /// Equity and margin.
    Account(AccountState),
    /// What the key may do.
    Permissions(Permissions),
    /// A token.
    StreamToken {
        /// The token.
        token: Secret,
        /// Seconds within which it must be used.
        valid_s: u32,
    },
    /// When the dead man's switch will act; none when it is off.
    DeadMan(Option<Ts>),
    /// How many orders were cancelled, where the venue says.
    CancelledAll(Option<u32>),
    /// Books, trades, fees, bookings and the like.
    Records(Recorded),
    /// Done.
    Done,
}

/// What a market quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticker {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Best bid, where there is one.
    pub bid: Option<PriceUnits>,
    /// Best ask, where there is one.
    pub ask: Option<PriceUnits>,
    /// Last trade.
    pub last: Option<PriceUnits>,
    /// The venue's mark price, on the nearest tick.
    pub mark: Option<PriceUnits>,
    /// The index.
    pub index: Option<PriceUnits>,
    /// Traded in 24 hours, in base units.
    pub volume_24h: Option<Decimal>,
    /// Funding for one hour as a fraction of the mark price, positive when longs pay.
    pub funding_rate_1h: Option<Decimal>,
    /// Whether the market is halted.
    pub suspended: bool,
    /// Whether only resting orders are taken.
    pub post_only: bool,
}

/// Closed candles, the one that is forming, and how far back the venue can go.
#[derive(Debug, Clone, PartialEq)]
pub struct CandlePage {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Their length.
    pub timeframe: Timeframe,
    /// Closed candles, oldest first. The last row of an answer is never here unless its interval has ended
    /// by the time of the answer.
    pub closed: Vec<Candle>,
    /// The unfinished one.
    pub forming: Option<Candle>,
    /// Whether the venue may have more candles after these.
    pub more: bool,
    /// Whether the page starts where it was asked to; false where the venue does not go back that far.
    pub reaches_start: bool,
}

/// An account as a whole, in the settle currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountState {
    /// Cash and collateral before open positions.
    pub balance: Money,
    /// With unrealised profit and loss.
    pub equity: Money,
    /// What new orders may use.
    pub available: Money,
    /// Bound by positions.
    pub initial_margin: Money,
    /// Below this the venue liquidates.
    pub maintenance_margin: Money,
}

/// A position with everything that decides how far it is from trouble. Venues leave most of it out of their
/// lists of positions; it is completed from tickers and margin tables (I-61).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionDetail {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Signed quantity.
    pub qty: QtyUnits,
    /// Average entry price, on the nearest tick.
    pub entry_price: PriceUnits,
    /// The venue's mark price.
    pub mark: Option<PriceUnits>,
    /// Profit or loss at the mark price.
    pub unrealized_pnl: Option<Money>,
    /// Where the venue would liquidate, where it says.
    pub liquidation_price: Option<PriceUnits>,
    /// Margin needed to hold it.
    pub maintenance_margin: Option<Money>,
    /// Notional over margin equity, where the venue says.
    pub leverage: Option<Ratio>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// Read orders and balances.
    pub read: bool,
    /// Place and cancel orders.
    pub trade: bool,
    /// Move money away: a key that may do this is refused.
    pub withdraw: bool,
}

/// Why a key is not fit for trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// It cannot read.
    #[error("the API key may not read orders and balances: allow it at the venue")]
    CannotRead,
    /// It cannot trade.
    #[error("the API key may not create and cancel orders: allow it at the venue")]
    CannotTrade,
    /// It could empty the account.
    #[error(
        "the API key may withdraw or transfer money: make a key without that right; this one is not used"
    )]
    CanWithdraw,
}

impl Permissions {
    /// Whether the key is fit for trading: it reads and trades and cannot withdraw.
    ///
    /// # Errors
    /// The first problem, the dangerous one first.
    pub fn check(self) -> Result<(), KeyProblem> {
        if self.withdraw {
            return Err(KeyProblem::CanWithdraw);
        }
        if !self.read {
            return Err(KeyProblem::CannotRead);
        }
        if !self.trade {
            return Err(KeyProblem::CannotTrade);
        }
        Ok(())
    }
}

/// How far the venue's clock is ahead of ours (negative: behind), and by how much that may be wrong: half of
/// the time that question and answer took.
#[must_use]
pub fn clock_skew(sent_at: Ts, received_at: Ts, venue: Ts) -> (Span, Span) {
    let doubt = Span::from_nanos(received_at.since(sent_at).nanos().max(0) / 2);
    (venue.since(sent_at.plus(doubt)), doubt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_can_withdraw_is_refused_before_anything_else() {
        let key = Permissions { read: true, trade: true, withdraw: false };
        assert_eq!(key.check(), Ok(()));
        assert_eq!(Permissions { withdraw: true, trade: false, ..key }.check(), Err(KeyProblem::CanWithdraw));
        assert_eq!(Permissions { trade: false, ..key }.check(), Err(KeyProblem::CannotTrade));
        assert_eq!(Permissions { read: false, trade: false, ..key }.check(), Err(KeyProblem::CannotRead));
    }

    #[test]
    fn skew_is_measured_against_the_middle_of_question_and_answer() {
        let at = Ts::from_millis;
        let (skew, doubt) = clock_skew(at(1_000), at(1_200), at(3_100));
        assert_eq!((skew.millis(), doubt.millis()), (2_000, 100));
        assert!(clock_skew(at(1_000), at(1_000), at(400)).0.is_negative());
    }
}
