//! Double-entry books in the account's currency.
//!
//! Invariants: every transaction has two legs that cancel, so the sum over all accounts is zero after each
//! step; a position's account holds what was paid for it, so equity needs no division and is exact.

use seawall_model::{InstrumentId, ModelError, Money, StateSink};
use serde::{Deserialize, Serialize};

/// Where money can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Our money at the venue, net of what open positions cost.
    Cash,
    /// What was paid for the open position of an instrument.
    Position(InstrumentId),
    /// Profit and loss of closed positions (a loss is positive here: money that went there).
    Realised,
    /// Fees paid.
    Fees,
    /// Funding paid.
    Funding,
    /// Outside world: deposits and withdrawals.
    Transfers,
    /// Differences to the venue's statement that were accepted.
    Adjustments,
}

/// What stands in every account but those of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) cash: Money,
    realised: Money,
    fees: Money,
    funding: Money,
    transfers: Money,
    adjustments: Money,
    postings: u64,
}

/// The books of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    cash: Money,
    realised: Money,
    fees: Money,
    funding: Money,
    transfers: Money,
    adjustments: Money,
    positions: Vec<Money>,
    sum: Money,
    postings: u64,
}

impl Ledger {
    /// Empty books for `instruments` instruments.
    #[must_use]
    pub fn new(instruments: usize) -> Self {
        Ledger {
            cash: Money::ZERO,
            realised: Money::ZERO,
            fees: Money::ZERO,
            funding: Money::ZERO,
            transfers: Money::ZERO,
            adjustments: Money::ZERO,
            positions: vec![Money::ZERO; instruments],
            sum: Money::ZERO,
            postings: 0,
        }
    }

    pub(crate) fn totals(&self) -> Totals {
        let Ledger { cash, realised, fees, funding, transfers, adjustments, postings, .. } = *self;
        Totals { cash, realised, fees, funding, transfers, adjustments, postings }
    }

    /// Books that go on; they are balanced if their accounts sum to zero.
    pub(crate) fn restored(totals: Totals, positions: Vec<Money>) -> Result<Self, ModelError> {
        let Totals { cash, realised, fees, funding, transfers, adjustments, postings } = totals;
        let sum = Money::ZERO;
        let mut books =
            Ledger { cash, realised, fees, funding, transfers, adjustments, positions, sum, postings };
        books.sum = books.total()?;
        Ok(books)
    }

    /// Moves `amount` from one account to another.
    ///
    /// # Errors
    /// [`ModelError::Overflow`] if a balance would not fit; nothing is posted then.
    pub fn post(&mut self, from: Account, to: Account, amount: Money) -> Result<(), ModelError> {
        let from_after = self.balance(from).minus(amount)?;
        let sum_after = self.sum.minus(amount)?.plus(amount)?;
        if from == to {
            return Ok(());
        }
        let to_after = self.balance(to).plus(amount)?;
        self.set(from, from_after);
        self.set(to, to_after);
        self.sum = sum_after;
        self.postings += 1;
        Ok(())
    }

    /// What stands in an account.
    #[must_use]
    pub fn balance(&self, account: Account) -> Money {
        match account {
            Account::Cash => self.cash,
            Account::Position(id) => self.positions.get(id.index()).copied().unwrap_or(Money::ZERO),
            Account::Realised => self.realised,
            Account::Fees => self.fees,
            Account::Funding => self.funding,
            Account::Transfers => self.transfers,
            Account::Adjustments => self.adjustments,
        }
    }

    /// Our money at the venue, net of what open positions cost.
    #[must_use]
    pub fn cash(&self) -> Money {
        self.cash
    }

    /// Whether the running sum of all legs is zero.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.sum.is_zero()
    }

    /// Number of transactions so far.
    #[must_use]
    pub fn postings(&self) -> u64 {
        self.postings
    }

    /// The sum over all accounts, computed anew: zero in correct books.
    ///
    /// # Errors
    /// [`ModelError::Overflow`] if it does not fit.
    pub fn total(&self) -> Result<Money, ModelError> {
        let fixed = [self.cash, self.realised, self.fees, self.funding, self.transfers, self.adjustments];
        fixed.iter().chain(&self.positions).try_fold(Money::ZERO, |sum, amount| sum.plus(*amount))
    }

    fn set(&mut self, account: Account, amount: Money) {
        match account {
            Account::Cash => self.cash = amount,
            Account::Position(id) => {
                if let Some(slot) = self.positions.get_mut(id.index()) {
                    *slot = amount;
                }
            }
            Account::Realised => self.realised = amount,
            Account::Fees => self.fees = amount,
            Account::Funding => self.funding = amount,
            Account::Transfers => self.transfers = amount,
            Account::Adjustments => self.adjustments = amount,
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        let fixed = [self.cash, self.realised, self.fees, self.funding, self.transfers, self.adjustments];
        for amount in fixed.iter().chain(&self.positions) {
            sink.decimal(amount.get());
        }
        sink.number(self.postings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn account(index: u8) -> Account {
        match index % 8 {
            0 => Account::Cash,
            1 => Account::Position(InstrumentId(0)),
            2 => Account::Position(InstrumentId(1)),
            3 => Account::Realised,
            4 => Account::Fees,
            5 => Account::Funding,
            6 => Account::Transfers,
            _ => Account::Adjustments,
        }
    }

    proptest! {
        #[test]
        fn all_accounts_sum_to_zero_after_any_transactions(
            posts in prop::collection::vec(
                (any::<u8>(), any::<u8>(), -1_000_000_000_000_000_i64..1_000_000_000_000_000, 0_u32..8),
                0..100
            )
        ) {
            let mut ledger = Ledger::new(2);
            for (from, to, mantissa, scale) in posts {
                ledger.post(account(from), account(to), Money::new(Decimal::new(mantissa, scale))).unwrap();
                prop_assert!(ledger.is_balanced());
                prop_assert!(ledger.total().unwrap().is_zero());
            }
        }
    }

    #[test]
    fn an_overflow_posts_neither_leg() {
        let mut ledger = Ledger::new(0);
        ledger.post(Account::Transfers, Account::Cash, Money::new(Decimal::MAX)).unwrap();
        let before = ledger.clone();
        assert!(ledger.post(Account::Transfers, Account::Cash, Money::new(Decimal::MAX)).is_err());
        assert_eq!(ledger, before);
    }
}
