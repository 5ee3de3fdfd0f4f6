//! Records: what a venue publishes beside prices and candles (books, trades, funding rates, fees, its own
//! state, announcements) and what it has booked for an account (ledger, holdings, margin).
//!
//! Invariants: a list with one row that cannot be read is a failure and never a shorter list; amounts are
//! exact; a row about a market that is in no table of ours keeps the venue's spelling and has no number.

use rust_decimal::Decimal;
use seawall_model::{Bps, InstrumentId, Money, PriceUnits, QtyUnits, Side, Ts};

/// A question for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// Price levels.
    Book {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Levels of each side; venues that know no such bound answer with all.
        depth: u16,
    },
    /// Public trades from an instant on, or the latest ones where the venue pages backwards.
    Trades {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Not before this.
        since: Ts,
    },
    /// Funding rates of the past.
    FundingRates {
        /// Of which instrument.
        instrument: InstrumentId,
    },
    /// What the venue charges, by volume.
    FeeSchedules,
    /// What the venue charges this account.
    OwnFees,
    /// The state of the venue as a whole.
    Status,
    /// Announcements.
    Announcements,
    /// Bookings of the account from an instant on.
    Ledger {
        /// Not before this.
        since: Ts,
    },
    /// What the account holds, by currency.
    Holdings,
    /// Positions on margin of a spot account.
    MarginPositions,
    /// Collateral and margin of a spot account.
    MarginAccount,
}

/// Records.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// Price levels, best first.
    Book(Depth),
    /// Trades, oldest first.
    Trades(Vec<PublicTrade>),
    /// Rates, oldest first.
    FundingRates(Vec<FundingRate>),
    /// Fees by schedule.
    FeeSchedules(Vec<FeeSchedule>),
    /// Fees of this account by market of the table.
    OwnFees(Vec<OwnFee>),
    /// The state of the venue.
    Status(VenueStatus),
    /// Announcements.
    Announcements(Vec<Announcement>),
    /// Bookings, oldest first.
    Ledger(Vec<LedgerEntry>),
    /// Holdings.
    Holdings(Vec<Holding>),
    /// Margin positions.
    MarginPositions(Vec<MarginPosition>),
    /// Collateral and margin.
    MarginAccount(crate::query::AccountState),
}

/// Price levels of a market, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// What is bid, the highest price first.
    pub bids: Vec<(PriceUnits, QtyUnits)>,
    /// What is asked, the lowest price first.
    pub asks: Vec<(PriceUnits, QtyUnits)>,
}

/// A trade of the public tape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicTrade {
    /// The venue's name for it.
    pub id: String,
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// What the taker did.
    pub taker: Side,
    /// At which price.
    pub price: PriceUnits,
    /// How much.
    pub qty: QtyUnits,
    /// When.
    pub at: Ts,
}

/// What holders of a position paid each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingRate {
    /// When it took effect.
    pub at: Ts,
    /// Fraction of the mark price for an hour, positive when longs pay.
    pub rate_1h: Decimal,
}

/// Fees by volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeSchedule {
    /// The venue's name for it: a schedule, or a pair.
    pub name: String,
    /// Tiers by rising volume.
    pub tiers: Vec<FeeTier>,
}

/// Fees from a volume on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeTier {
    /// Traded within 30 days, in US dollars.
    pub volume_from: Money,
    /// For making liquidity.
    pub maker: Bps,
    /// For taking liquidity.
    pub taker: Bps,
}

impl FeeSchedule {
    /// What an account that has traded `volume` within 30 days pays: the last tier that it has reached.
    #[must_use]
    pub fn at_volume(&self, volume: Money) -> Option<FeeTier> {
        self.tiers.iter().rev().find(|tier| tier.volume_from <= volume).copied()
    }
}

/// What this account pays on a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnFee {
    /// Which market.
    pub instrument: InstrumentId,
    /// For making liquidity.
    pub maker: Bps,
    /// For taking liquidity.
    pub taker: Bps,
}

/// What the venue as a whole takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VenueStatus {
    /// Everything.
    Online,
    /// Nothing.
    Maintenance,
    /// Cancellations alone.
    CancelOnly,
    /// Orders that rest, and cancellations.
    PostOnly,
}

/// Something that the venue announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The venue's text.
    pub text: String,
    /// When it takes effect, where the venue says.
    pub effective_at: Option<Ts>,
    /// Whether the venue will be out of order then.
    pub downtime: bool,
}

/// Why money was booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LedgerKind {
    /// An execution.
    Trade,
    /// Funding.
    Funding,
    /// A liquidation, or a position taken over from one or given up to one.
    Liquidation,
    /// Money that came into the account or left it.
    Transfer,
    /// One currency became another.
    Conversion,
    /// Interest on a negative balance.
    Interest,
    /// A word that is not on the list.
    Other,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The venue's number; rising.
    pub id: u64,
    /// When.
    pub at: Ts,
    /// Why.
    pub kind: LedgerKind,
    /// On which of our markets, where it was on one.
    pub instrument: Option<InstrumentId>,
    /// What was booked in: a currency, or a contract for the row that moves a position.
    pub asset: String,
    /// By how much the asset changed.
    pub change: Decimal,
    /// Profit, loss and funding less fees.
    pub money: Money,
}

/// What is held of a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its usual name.
    pub currency: String,
    /// Whether it is staked, lent or otherwise set apart, and cannot be traded.
    pub set_apart: bool,
    /// How much there is.
    pub amount: Decimal,
    /// How much of it open orders hold.
    pub held: Decimal,
}

/// A position of a spot account on margin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginPosition {
    /// The venue's spelling of the pair.
    pub symbol: String,
    /// Which market of ours it is.
    pub instrument: Option<InstrumentId>,
    /// Bought or sold.
    pub side: Side,
    /// How much is still open.
    pub qty: Decimal,
    /// What was paid for all of it.
    pub cost: Money,
    /// Margin that it binds.
    pub margin: Money,
    /// Profit or loss, where the venue was asked to work it out.
    pub net: Option<Money>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fee_of_a_volume_is_that_of_the_last_tier_it_has_reached() {
        let tier = |from: i64, taker: &str| FeeTier {
            volume_from: Money::new(Decimal::from(from)),
            maker: "0".parse().unwrap(),
            taker: taker.parse().unwrap(),
        };
        let schedule = FeeSchedule { name: "main".to_owned(), tiers: vec![tier(0, "5"), tier(100_000, "4")] };
        let taker = |volume: i64| {
            schedule.at_volume(Money::new(Decimal::from(volume))).map(|tier| tier.taker.to_string())
        };
        assert_eq!(taker(0).as_deref(), Some("5"));
        assert_eq!(taker(99_999).as_deref(), Some("5"));
        assert_eq!(taker(100_000).as_deref(), Some("4"));
        assert_eq!(taker(-1), None);
    }
}
