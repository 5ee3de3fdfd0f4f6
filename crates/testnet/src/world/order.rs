//! Orders as the venue knows them: what was asked, what became of it, and the tables to find them by.
//!
//! Invariants: a number names one order for good; a client's id names at most one open order, and of the
//! ended ones the last; an order that ended stays until [`ENDED_MAX`] others have ended after it.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use seawall_model::{InstrumentId, PriceUnits, QtyUnits, RejectReason, Side, TriggerSource, Ts};

/// Ended orders that are remembered.
pub(crate) const ENDED_MAX: usize = 10_000;

/// How long a limit order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Until filled or cancelled.
    Gtc,
    /// What fills at once fills, the rest ends.
    Ioc,
    /// All of it at once or nothing.
    Fok,
    /// Refused if it would take.
    PostOnly,
    /// Until then.
    Until(Ts),
}

/// How far a trailing stop follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trail {
    /// By this part of the price.
    Fraction(Decimal),
    /// By this much.
    Price(PriceUnits),
}

/// Why a condition is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Against the position.
    Stop,
    /// In its favour.
    TakeProfit,
    /// A stop that follows the price.
    Trailing(Trail),
}

/// A condition and what becomes of the order when it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// What for.
    pub purpose: Purpose,
    /// The price that is waited for; a trailing stop moves it.
    pub trigger: PriceUnits,
    /// Which price is watched.
    pub source: TriggerSource,
    /// Whether it is met at and above the trigger, not at and below.
    pub above: bool,
    /// The limit of the order that follows; absent: it takes what there is.
    pub limit: Option<PriceUnits>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes what there is, up to one percent away; the rest ends.
    Market,
    /// At this price or better.
    Limit {
        /// The worst acceptable price.
        price: PriceUnits,
        /// How long it stays.
        life: Life,
    },
    /// Waits.
    Conditional(Condition),
}

impl Kind {
    /// The limit price, if there is one.
    #[must_use]
    pub fn limit(&self) -> Option<PriceUnits> {
        match self {
            Kind::Market => None,
            Kind::Limit { price, .. } => Some(*price),
            Kind::Conditional(condition) => condition.limit,
        }
    }

    /// The condition, if there is one.
    #[must_use]
    pub fn condition(&self) -> Option<Condition> {
        match self {
            Kind::Market | Kind::Limit { .. } => None,
            Kind::Conditional(condition) => Some(*condition),
        }
    }
}

/// Why an order is over without having filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its client cancelled it.
    Requested,
    /// The venue cancelled it.
    Admin,
    /// Nobody renewed the dead man's switch.
    DeadMan,
    /// What did not fill at once.
    Immediate,
    /// There is nothing to reduce.
    NothingToReduce,
    /// Its position was liquidated.
    Liquidation,
    /// Its time is over.
    Expired,
    /// It woke and was refused.
    Refused(RejectReason),
}

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waits for its condition.
    Waiting,
    /// Works in the market.
    Open,
    /// Has filled.
    Filled,
    /// Over, not (completely) filled.
    Ended(End),
}

impl State {
    /// Whether it still works or waits.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            State::Waiting | State::Open => true,
            State::Filled | State::Ended(_) => false,
        }
    }
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Quantity.
    pub qty: QtyUnits,
    /// Kind and prices.
    pub kind: Kind,
    /// May only reduce.
    pub reduce_only: bool,
    /// The client's own id.
    pub client_id: Option<String>,
    /// What the protocol wants back and the market does not care about.
    pub extra: BTreeMap<String, String>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number, from 1.
    pub key: u32,
    /// The venue's id as clients see it.
    pub uid: String,
    /// What was asked, with later changes.
    pub asked: NewOrder,
    /// Filled so far.
    pub filled: QtyUnits,
    /// Sum of price times quantity of its fills.
    pub value: Decimal,
    /// Fees paid.
    pub fee: Decimal,
    /// Where it is.
    pub state: State,
    /// Whether its condition was met.
    pub triggered: bool,
    /// When it was taken.
    pub placed_at: Ts,
    /// When it last changed.
    pub updated_at: Ts,
}

impl Order {
    /// What is left to fill.
    #[must_use]
    pub fn remaining(&self) -> QtyUnits {
        self.asked.qty.minus(self.filled)
    }
}

/// All orders.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    rows: BTreeMap<u32, Order>,
    by_uid: BTreeMap<String, u32>,
    by_client: BTreeMap<String, u32>,
    open: BTreeMap<u32, InstrumentId>,
    ended: VecDeque<u32>,
}

impl Orders {
    /// The order of that number.
    #[must_use]
    pub fn get(&self, key: u32) -> Option<&Order> {
        self.rows.get(&key)
    }

    /// The order of that venue's id.
    #[must_use]
    pub fn by_uid(&self, uid: &str) -> Option<&Order> {
        self.by_uid.get(uid).and_then(|key| self.rows.get(key))
    }

    /// The order that last had that client's id.
    #[must_use]
    pub fn by_client(&self, client_id: &str) -> Option<&Order> {
        self.by_client.get(client_id).and_then(|key| self.rows.get(key))
    }

    /// Open orders, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.open.keys().filter_map(|key| self.rows.get(key))
    }

    /// How many are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// All orders that are remembered, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Order> {
        self.rows.values()
    }

    /// Open orders of one instrument, oldest first.
    pub(crate) fn open_keys(&self, instrument: InstrumentId) -> Vec<u32> {
        self.open.iter().filter(|(_, id)| **id == instrument).map(|(key, _)| *key).collect()
    }

    /// Those of one instrument that wait for their condition, oldest first.
    pub(crate) fn waiting_keys(&self, instrument: InstrumentId) -> Vec<u32> {
        let mut keys = self.open_keys(instrument);
        keys.retain(|key| self.get(*key).is_some_and(|order| order.state == State::Waiting));
        keys
    }

    pub(crate) fn insert(&mut self, order: Order) {
        self.by_uid.insert(order.uid.clone(), order.key);
        if let Some(client_id) = &order.asked.client_id {
            // An open order keeps its name, also when another one is refused for having it.
            if self.by_client(client_id).is_none_or(|known| !known.state.is_open()) {
                self.by_client.insert(client_id.clone(), order.key);
            }
        }
        if order.state.is_open() {
            self.open.insert(order.key, order.asked.instrument);
        }
        self.rows.insert(order.key, order);
    }

    /// Changes an order; the tables follow its state.
    pub(crate) fn change(&mut self, key: u32, change: impl FnOnce(&mut Order)) {
        let Some(order) = self.rows.get_mut(&key) else { return };
        let was_open = order.state.is_open();
        change(order);
        if was_open && !order.state.is_open() {
            self.open.remove(&key);
            self.ended.push_back(key);
            if self.ended.len() > ENDED_MAX {
                self.forget_oldest();
            }
        }
    }

    fn forget_oldest(&mut self) {
        let Some(order) = self.ended.pop_front().and_then(|key| self.rows.remove(&key)) else { return };
        self.by_uid.remove(&order.uid);
        if let Some(client_id) = &order.asked.client_id
            && self.by_client.get(client_id) == Some(&order.key)
        {
            self.by_client.remove(client_id);
        }
    }
}
