//! Orders: what may be asked of a venue, and the life of an order as one exhaustive transition table.
//!
//! Invariants: an order's outcome is never inferred from silence (`Unknown` is a state of its own); fills are
//! counted in every state, also after a cancel, because the venue is the truth; the state after `Filled`,
//! `Cancelled`, `Rejected`, `Expired` or `NotSent` never becomes open again.

use core::fmt;

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::instrument::InstrumentId;
use crate::units::{PriceUnits, QtyUnits};

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Adds to the position.
    Buy,
    /// Takes from the position.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// `buy` or `sell`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }

    /// `qty` with the sign that a fill of this side gives a position.
    #[must_use]
    pub const fn signed(self, qty: QtyUnits) -> QtyUnits {
        match self {
            Side::Buy => qty,
            Side::Sell => qty.negated(),
        }
    }
}

/// Our name for an order: the run (fixed for one journal) and a counter. It derives from the intent alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClientOrderId {
    /// Identifies the journal; keeps ids of two runs on one account apart.
    pub run: u32,
    /// Counts intents within the run, from 1.
    pub sequence: u32,
}

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl ClientOrderId {
    /// The text sent to a venue: `sw`, 7 characters of run, 7 of sequence; 16 in all, lower-case letters and
    /// digits. The strictest venue (Kraken spot `cl_ord_id`) takes 18 free characters.
    #[must_use]
    pub fn wire(&self) -> ArrayString<16> {
        let mut text = ArrayString::new();
        text.push_str("sw");
        for number in [self.run, self.sequence] {
            for position in (0..7).rev() {
                let digit = (u64::from(number) >> (position * 5)) & 31;
                let byte = usize::try_from(digit).ok().and_then(|digit| BASE32.get(digit)).copied();
                text.push(char::from(byte.unwrap_or(b'0')));
            }
        }
        text
    }

    /// Reads [`Self::wire`] back; `None` for an id that is not ours.
    #[must_use]
    pub fn from_wire(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sw").filter(|digits| digits.len() == 14 && digits.is_ascii())?;
        let (run, sequence) = digits.split_at_checked(7)?;
        let number = |part: &str| {
            part.bytes().try_fold(0_u64, |sum, byte| {
                let digit = BASE32.iter().position(|symbol| *symbol == byte)?;
                Some(sum * 32 + u64::try_from(digit).ok()?)
            })
        };
        let narrow = |part: &str| number(part).and_then(|value| u32::try_from(value).ok());
        Some(ClientOrderId { run: narrow(run)?, sequence: narrow(sequence)? })
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.wire())
    }
}

/// A venue's name for an order, a fill or a trade: a number, or up to 40 characters of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VenueId {
    /// A numeric id.
    Number(u64),
    /// A textual id (UUIDs and the like).
    Text(ArrayString<40>),
}

impl fmt::Display for VenueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VenueId::Number(number) => write!(f, "{number}"),
            VenueId::Text(text) => f.write_str(text),
        }
    }
}

/// An order as both sides name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderRef {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Our id.
    pub id: ClientOrderId,
}

/// Which price wakes a conditional order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSource {
    /// The venue's mark price.
    Mark,
    /// The last traded price.
    Last,
    /// The venue's index price.
    Index,
}

impl TriggerSource {
    /// `mark`, `last` or `index`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TriggerSource::Mark => "mark",
            TriggerSource::Last => "last",
            TriggerSource::Index => "index",
        }
    }
}

/// The condition of a conditional order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trigger {
    /// The price at or beyond which the order wakes.
    pub price: PriceUnits,
    /// Which price is watched.
    pub source: TriggerSource,
}

/// How long a limit order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until filled or cancelled.
    GoodTilCancelled,
    /// What fills at once fills, the rest is cancelled.
    ImmediateOrCancel,
    /// Refused if it would take liquidity.
    PostOnly,
}

/// The kind of an order with the prices it needs, and no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// At whatever price there is.
    Market,
    /// At this price or better.
    Limit {
        /// The worst acceptable price.
        price: PriceUnits,
        /// How long it stays.
        time_in_force: TimeInForce,
    },
    /// Market order once the price moves against the position.
    StopMarket {
        /// When it wakes.
        trigger: Trigger,
    },
    /// Limit order once the price moves against the position.
    StopLimit {
        /// When it wakes.
        trigger: Trigger,
        /// The worst acceptable price.
        limit: PriceUnits,
    },
    /// Market order once the price moves in favour of the position.
    TakeProfitMarket {
        /// When it wakes.
        trigger: Trigger,
    },
    /// Limit order once the price moves in favour of the position.
    TakeProfitLimit {
        /// When it wakes.
        trigger: Trigger,
        /// The worst acceptable price.
        limit: PriceUnits,
    },
}

impl OrderKind {
    /// The standard name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            OrderKind::Market => "market",
            OrderKind::Limit { time_in_force: TimeInForce::GoodTilCancelled, .. } => "limit",
            OrderKind::Limit { time_in_force: TimeInForce::ImmediateOrCancel, .. } => "limit_ioc",
            OrderKind::Limit { time_in_force: TimeInForce::PostOnly, .. } => "post_only",
            OrderKind::StopMarket { .. } => "stop_market",
            OrderKind::StopLimit { .. } => "stop_limit",
            OrderKind::TakeProfitMarket { .. } => "take_profit_market",
            OrderKind::TakeProfitLimit { .. } => "take_profit_limit",
        }
    }

    /// The condition, for conditional orders.
    #[must_use]
    pub const fn trigger(&self) -> Option<Trigger> {
        match self {
            OrderKind::Market | OrderKind::Limit { .. } => None,
            OrderKind::StopMarket { trigger }
            | OrderKind::StopLimit { trigger, .. }
            | OrderKind::TakeProfitMarket { trigger }
            | OrderKind::TakeProfitLimit { trigger, .. } => Some(*trigger),
        }
    }

    /// The worst acceptable price, for limit orders.
    #[must_use]
    pub const fn limit(&self) -> Option<PriceUnits> {
        match self {
            OrderKind::Limit { price, .. } => Some(*price),
            OrderKind::StopLimit { limit, .. } | OrderKind::TakeProfitLimit { limit, .. } => Some(*limit),
            OrderKind::Market | OrderKind::StopMarket { .. } | OrderKind::TakeProfitMarket { .. } => None,
        }
    }

    /// Whether the order protects a position: a stop of either kind.
    #[must_use]
    pub const fn is_stop(&self) -> bool {
        match self {
            OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. } => true,
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::TakeProfitMarket { .. }
            | OrderKind::TakeProfitLimit { .. } => false,
        }
    }
}

/// Why the engine placed an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRole {
    /// Opens or adds to a position.
    Entry,
    /// The protective stop.
    Stop,
    /// Take-profit number n, from 1.
    Target(u8),
    /// Closes the position because the strategy or the operator says so.
    Exit,
    /// Closes the position because it could not be protected or its stop did not fill.
    Emergency,
}

impl OrderRole {
    /// A short name for tables.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            OrderRole::Entry => "entry",
            OrderRole::Stop => "stop",
            OrderRole::Target(_) => "target",
            OrderRole::Exit => "exit",
            OrderRole::Emergency => "emergency",
        }
    }
}

/// An order as asked of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Instrument and our id.
    pub order: OrderRef,
    /// Why it is placed.
    pub role: OrderRole,
    /// Buy or sell.
    pub side: Side,
    /// Contracts, above zero, a multiple of the lot.
    pub qty: QtyUnits,
    /// Kind and prices.
    pub kind: OrderKind,
    /// May only bring the position closer to zero.
    pub reduce_only: bool,
}

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Written down, not yet handed to the venue.
    Intended,
    /// On its way; nothing has come back yet.
    InFlight,
    /// The outcome of the submission is not known; counts at its worst case.
    Unknown,
    /// The venue has confirmed that it rests.
    Open,
    /// A conditional order has woken and is working in the market.
    Triggered,
    /// Completely filled.
    Filled,
    /// Cancelled, on the venue's evidence; may have been partly filled.
    Cancelled,
    /// Refused by the venue, on its evidence.
    Rejected,
    /// Ended by the venue.
    Expired,
    /// Proven never to have left this process.
    NotSent,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderEvent {
    /// Handed to the transport.
    Sent,
    /// The transport proves that nothing left.
    NotSent,
    /// The transport cannot say whether it arrived.
    OutcomeUnknown,
    /// The venue confirms the order.
    Accepted,
    /// The venue refuses the order.
    Rejected,
    /// The condition was met.
    Triggered,
    /// Some of it filled, not all.
    PartlyFilled,
    /// The last of it filled.
    Filled,
    /// The venue confirms the cancellation.
    Cancelled,
    /// The venue ended the order.
    Expired,
    /// Complete reports over the whole time in question prove that the venue never took it.
    ProvenAbsent,
}

impl OrderEvent {
    /// The event in words that follow "an order cannot be …".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OrderEvent::Sent => "sent",
            OrderEvent::NotSent => "reported as not sent",
            OrderEvent::OutcomeUnknown => "of unknown outcome",
            OrderEvent::Accepted => "accepted",
            OrderEvent::Rejected => "rejected",
            OrderEvent::Triggered => "triggered",
            OrderEvent::PartlyFilled => "partly filled",
            OrderEvent::Filled => "filled",
            OrderEvent::Cancelled => "cancelled",
            OrderEvent::Expired => "expired",
            OrderEvent::ProvenAbsent => "proven absent",
        }
    }
}

impl OrderState {
    /// Every state.
    pub const ALL: [OrderState; 10] = [
        OrderState::Intended,
        OrderState::InFlight,
        OrderState::Unknown,
        OrderState::Open,
        OrderState::Triggered,
        OrderState::Filled,
        OrderState::Cancelled,
        OrderState::Rejected,
        OrderState::Expired,
        OrderState::NotSent,
    ];

    /// The state's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Intended => "intended",
            OrderState::InFlight => "in_flight",
            OrderState::Unknown => "unknown",
            OrderState::Open => "open",
            OrderState::Triggered => "triggered",
            OrderState::Filled => "filled",
            OrderState::Cancelled => "cancelled",
            OrderState::Rejected => "rejected",
            OrderState::Expired => "expired",
            OrderState::NotSent => "not_sent",
        }
    }

    /// Whether the order can still act at the venue, as far as we can know.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            OrderState::Intended
            | OrderState::InFlight
            | OrderState::Unknown
            | OrderState::Open
            | OrderState::Triggered => true,
            OrderState::Filled
            | OrderState::Cancelled
            | OrderState::Rejected
            | OrderState::Expired
            | OrderState::NotSent => false,
        }
    }

    /// Whether the venue has confirmed that the order works there.
    #[must_use]
    pub const fn is_confirmed(self) -> bool {
        match self {
            OrderState::Open | OrderState::Triggered => true,
            OrderState::Intended
            | OrderState::InFlight
            | OrderState::Unknown
            | OrderState::Filled
            | OrderState::Cancelled
            | OrderState::Rejected
            | OrderState::Expired
            | OrderState::NotSent => false,
        }
    }

    /// The state after `event`. Late and repeated facts that the venue may report at any time leave an ended
    /// order as it is; a fill that proves an order alive brings an unknown one to its true state.
    ///
    /// # Errors
    /// [`ModelError::OrderTransition`] for a pair that no honest venue and no correct caller produces.
    pub const fn after(self, event: OrderEvent) -> Result<OrderState, ModelError> {
        use OrderEvent as E;
        use OrderState as S;
        let refused = ModelError::OrderTransition { state: self.name(), event: event.name() };
        match (self, event) {
            (S::Intended, E::Sent) => Ok(S::InFlight),
            (S::Intended | S::InFlight | S::Unknown, E::NotSent) => Ok(S::NotSent),
            (S::Intended | S::InFlight | S::Unknown, E::OutcomeUnknown) => Ok(S::Unknown),
            (S::InFlight | S::Unknown, E::ProvenAbsent) => Ok(S::Rejected),

            // The venue may speak before our own transport has reported the submission.
            (S::Intended | S::InFlight | S::Unknown | S::Open, E::Accepted | E::PartlyFilled) => Ok(S::Open),
            (S::Intended | S::InFlight | S::Unknown | S::Open | S::Triggered, E::Triggered) => {
                Ok(S::Triggered)
            }
            (S::Triggered, E::Accepted | E::PartlyFilled) => Ok(S::Triggered),
            (S::Intended | S::InFlight | S::Unknown | S::Open | S::Triggered, E::Filled) => Ok(S::Filled),
            (S::Intended | S::InFlight | S::Unknown | S::Open | S::Triggered, E::Cancelled) => {
                Ok(S::Cancelled)
            }
            (S::Intended | S::InFlight | S::Unknown | S::Open | S::Triggered, E::Expired) => Ok(S::Expired),
            // A triggered order can be refused when its child order is.
            (S::Intended | S::InFlight | S::Unknown | S::Open | S::Triggered, E::Rejected) => Ok(S::Rejected),

            // An outcome that comes after the venue has already spoken adds nothing.
            (S::Open | S::Triggered, E::OutcomeUnknown) => Ok(self),
            (
                S::Filled | S::Cancelled | S::Rejected | S::Expired,
                E::OutcomeUnknown | E::Accepted | E::Triggered | E::PartlyFilled | E::Cancelled | E::Expired,
            ) => Ok(self),
            (S::Filled | S::Cancelled | S::Rejected | S::Expired, E::Rejected | E::ProvenAbsent) => Ok(self),
            // A fill after the end: the order stays ended, the fill counts.
            (S::Filled | S::Cancelled | S::Rejected | S::Expired, E::Filled) => Ok(S::Filled),

            (
                S::InFlight
                | S::Unknown
                | S::Open
                | S::Triggered
                | S::Filled
                | S::Cancelled
                | S::Rejected
                | S::Expired
                | S::NotSent,
                E::Sent,
            )
            | (S::Open | S::Triggered | S::Filled | S::Cancelled | S::Rejected | S::Expired, E::NotSent)
            | (S::Intended | S::Open | S::Triggered, E::ProvenAbsent)
            | (
                S::NotSent,
                E::NotSent
                | E::OutcomeUnknown
                | E::Accepted
                | E::Rejected
                | E::Triggered
                | E::PartlyFilled
                | E::Filled
                | E::Cancelled
                | E::Expired
                | E::ProvenAbsent,
            ) => Err(refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [OrderEvent; 11] = [
        OrderEvent::Sent,
        OrderEvent::NotSent,
        OrderEvent::OutcomeUnknown,
        OrderEvent::Accepted,
        OrderEvent::Rejected,
        OrderEvent::Triggered,
        OrderEvent::PartlyFilled,
        OrderEvent::Filled,
        OrderEvent::Cancelled,
        OrderEvent::Expired,
        OrderEvent::ProvenAbsent,
    ];

    #[test]
    fn an_ended_order_never_lives_again() {
        for state in OrderState::ALL.into_iter().filter(|state| !state.is_live()) {
            for event in EVENTS {
                if let Ok(next) = state.after(event) {
                    assert!(!next.is_live(), "{state:?} + {event:?} = {next:?}");
                }
            }
        }
    }

    #[test]
    fn silence_never_ends_an_order() {
        for state in OrderState::ALL.into_iter().filter(|state| state.is_live()) {
            assert!(state.after(OrderEvent::OutcomeUnknown).unwrap().is_live());
        }
    }

    #[test]
    fn an_order_is_sent_once() {
        for state in OrderState::ALL {
            assert_eq!(state.after(OrderEvent::Sent).is_ok(), state == OrderState::Intended);
        }
    }

    #[test]
    fn repeating_a_fact_changes_nothing() {
        for state in OrderState::ALL {
            for event in EVENTS.into_iter().filter(|event| *event != OrderEvent::Sent) {
                if let Ok(once) = state.after(event)
                    && once != OrderState::NotSent
                    && event != OrderEvent::ProvenAbsent
                {
                    assert_eq!(once.after(event).unwrap(), once, "{state:?} + {event:?} twice");
                }
            }
        }
    }

    #[test]
    fn wire_ids_are_short_and_read_back() {
        for id in [
            ClientOrderId { run: 0, sequence: 1 },
            ClientOrderId { run: u32::MAX, sequence: u32::MAX },
            ClientOrderId { run: 77, sequence: 123_456 },
        ] {
            let wire = id.wire();
            assert_eq!(wire.len(), 16);
            assert_eq!(ClientOrderId::from_wire(&wire), Some(id));
        }
        for foreign in ["", "sw", "x-abc", "sw0000000000000u", "swzzzzzzzzzzzzzz"] {
            assert_eq!(ClientOrderId::from_wire(foreign), None, "{foreign}");
        }
    }
}
