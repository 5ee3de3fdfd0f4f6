//! What belongs to no instrument: books, mode, switch, loss windows, streaks, counters.

use seawall_model::{Money, SystemMode, Ts};
use serde::{Deserialize, Serialize};

use crate::doubt::Doubt;
use crate::error::EngineError;
use crate::ledger::{Ledger, Totals};
use crate::mutant::Mutant;
use crate::risk::kill::Kill;
use crate::risk::states::Marks;
use crate::risk::streaks::Streaks;
use crate::risk::windows::Windows;
use crate::shared::Shared;

/// The run and what counts up in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Identifies the account's journal; part of every client order id, the same for its lifetime.
    pub run: u32,
    /// Number of the next client order id.
    pub next_sequence: u32,
    /// Number of the next trade.
    pub next_trade: u32,
}

impl Counters {
    pub(crate) fn of(shared: &Shared) -> Self {
        let Shared { run, next_sequence, next_trade, .. } = *shared;
        Counters { run, next_sequence, next_trade }
    }

    pub(super) fn install(self, shared: &mut Shared) {
        shared.next_sequence = self.next_sequence;
        shared.next_trade = self.next_trade;
    }
}

/// The account of an engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountCarry {
    /// Currency of the books.
    pub(crate) settle: String,
    ledger: Totals,
    mode: SystemMode,
    opened: bool,
    naked_max_nanos: i64,
    kill: Kill,
    windows: Windows,
    marks: Marks,
    streaks: Streaks,
    /// Equity when it was last looked at, and the bookings in it.
    equity: Money,
    postings: u64,
    shock_until: Ts,
    doubt: Doubt,
    flatten_asked: Option<Ts>,
}

impl AccountCarry {
    pub(crate) fn of(shared: &Shared, settle: String) -> Self {
        let guard = &shared.guard;
        AccountCarry {
            settle,
            ledger: shared.ledger.totals(),
            mode: if Mutant::ModeLostAtRestart.is_on() { SystemMode::Normal } else { shared.mode },
            opened: shared.opened,
            naked_max_nanos: shared.naked_max_nanos,
            kill: guard.kill,
            windows: if Mutant::DayWindowLostAtRestart.is_on() {
                Windows::new()
            } else {
                guard.windows.clone()
            },
            marks: guard.limits.marks(),
            streaks: guard.streaks.clone(),
            equity: guard.equity,
            postings: guard.postings,
            shock_until: guard.shock_until,
            doubt: guard.doubt,
            flatten_asked: guard.flatten_asked,
        }
    }

    /// Whether it is what [`Self::of`] would make, without making it.
    pub(super) fn is_of(&self, shared: &Shared) -> bool {
        let guard = &shared.guard;
        self.has_limits_of(shared)
            && self.ledger == shared.ledger.totals()
            && self.opened == shared.opened
            && self.naked_max_nanos == shared.naked_max_nanos
            && self.kill == guard.kill
            && self.streaks == guard.streaks
            && (self.equity, self.postings) == (guard.equity, guard.postings)
            && self.shock_until == guard.shock_until
    }

    /// Whether nothing has changed that a limit depends on; cheaper than [`Self::of`].
    pub(super) fn has_limits_of(&self, shared: &Shared) -> bool {
        self.windows == shared.guard.windows
            && self.mode == shared.mode
            && self.doubt == shared.guard.doubt
            && self.flatten_asked == shared.guard.flatten_asked
            && self.marks.are_of(&shared.guard.limits)
    }

    /// Equity at the last look is a matter of prices.
    pub(super) fn forget_readings(&mut self) {
        (self.equity, self.postings) = (Money::ZERO, 0);
    }

    /// The mode that the account was left in.
    #[must_use]
    pub fn mode(&self) -> SystemMode {
        self.mode
    }

    /// Whether the kill switch was on.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.kill.is_on()
    }

    /// What losses are measured from: equity at the beginning of the day and of the week, the high-water
    /// mark.
    #[must_use]
    pub fn marks_of_losses(&self) -> [Money; 3] {
        self.windows.bases()
    }

    /// Our money at the venue, net of what open positions cost, by the books.
    #[must_use]
    pub fn cash(&self) -> Money {
        self.ledger.cash
    }

    pub(super) fn install(&self, shared: &mut Shared, positions: Vec<Money>) -> Result<(), EngineError> {
        let broken = |what: &str| EngineError::Carry { what: what.to_owned() };
        shared.ledger = Ledger::restored(self.ledger, positions)
            .map_err(|_| broken("its books do not fit into 28 digits"))?;
        if !shared.ledger.is_balanced() {
            return Err(broken("its books do not sum to zero: what was paid for a position is missing"));
        }
        shared.mode = self.mode;
        shared.opened = self.opened;
        shared.naked_max_nanos = self.naked_max_nanos;
        let guard = &mut shared.guard;
        guard.kill = self.kill;
        guard.windows = self.windows.clone();
        guard.limits.remember(&self.marks);
        guard.streaks = self.streaks.clone();
        guard.equity = self.equity;
        guard.postings = self.postings;
        guard.shock_until = self.shock_until;
        guard.doubt = self.doubt;
        guard.flatten_asked = self.flatten_asked;
        Ok(())
    }
}
